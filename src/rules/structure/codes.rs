//! What proves a person or logs one in: seeds of one-time passwords, recovery codes, password hashes.

use super::certain;
use crate::level::Confidence;
use crate::rules::encoding::decode_base32;
use crate::rules::filters::{Dropped, Match, Verdict};
use crate::rules::likelihood;

/// The seed of one-time passwords: base 32 of at least 10 bytes (RFC 4226 asks for 16 and recommends
/// 20; authenticators take 10).
pub(super) fn totp_seed(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let joined = |b: &&u8| !matches!(**b, b' ' | b'-' | b'=');
    let text: Vec<u8> = found.secret.iter().filter(joined).map(u8::to_ascii_lowercase).collect();
    let bytes = decode_base32(&text).ok_or("not base 32")?;
    if bytes.len() < 10 {
        return Err("too short for a seed");
    }
    if let Some(why) = likelihood::placeholder(&text) {
        return Err(why);
    }
    if likelihood::entropy(&text) < 2.8 {
        return Err("not random enough");
    }
    let told = found.whole.windows(7).any(|part| part == b"otpauth");
    if !told && likelihood::random_bits(&text) < 20 {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("base 32, but made of words".to_owned());
        return Ok(());
    }
    // Seeds of 160 bits and more are what services issue; a test's own are shorter.
    if !told && text.len() < 32 {
        doubt_made_up(found, verdict);
    }
    // Of 16 characters of base 32 one in 28 lots has no digit.
    if !told {
        verdict.reasons.push(format!("base 32 of {} bytes", bytes.len()));
    } else if text.iter().any(u8::is_ascii_digit) {
        certain(verdict, format!("base 32 of {} bytes", bytes.len()));
    } else {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("base 32, but letters alone".to_owned());
    }
    Ok(())
}

/// Common words that stand in none of the lists of seed words (BIP-39's English list, PGP's, Keybase's).
const PROSE: [&str; 14] =
    ["the", "and", "your", "with", "for", "are", "from", "please", "these", "them", "was", "has", "our", "login"];

/// The words of a seed.
pub(super) fn seed_words(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let mut words = found.secret.split(|&b| b == b' ');
    if words.any(|word| PROSE.iter().any(|prose| word == prose.as_bytes())) {
        return Err("prose");
    }
    verdict.reasons.push("as many words as a seed has".to_owned());
    Ok(())
}

/// How many codes of one shape make a list: services hand out 5 to 16.
const LEAST_CODES: usize = 4;

/// A list of one-time codes: items of one shape, none of them a word, none twice.
pub(super) fn recovery_codes(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let codes = items(found.secret);
    let shape = |code: &Vec<u8>| code.iter().map(|b| if b.is_ascii_alphanumeric() { b'x' } else { *b }).collect();
    let shapes: Vec<Vec<u8>> = codes.iter().map(shape).collect();
    if codes.len() < LEAST_CODES || shapes.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err("no list of codes of one shape");
    }
    let mut different = codes.clone();
    different.sort();
    different.dedup();
    let digits = codes.iter().filter(|code| code.iter().any(u8::is_ascii_digit)).count();
    // A code of 8 letters and digits has no digit once in 13 times.
    if different.len() < codes.len() || digits * 2 < codes.len() {
        return Err("words, or the same over and over");
    }
    if codes.iter().any(|code| likelihood::placeholder(code).is_some()) {
        return Err("a placeholder");
    }
    verdict.reasons.push(format!("a list of {} codes of one shape", codes.len()));
    Ok(())
}

/// The codes of a list: what stands between line ends, commas, quotes, tabs and wide gaps, without the
/// numbers and bullets before it.
fn items(list: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(list).replace("\\n", "\n");
    let parts = text.split(['\n', '\r', ',', ';', '"', '\'', '\t', '[', ']', '|']).flat_map(|part| part.split("  "));
    let bare = parts.map(|part| {
        let part = part.trim();
        let numbered = part.split_once(['.', ')', ':']).filter(|(number, rest)| {
            number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with(' ')
        });
        let part = numbered.map_or(part, |(_, rest)| rest).trim();
        part.trim_start_matches(['-', '*', '•', '#', '>', '`']).trim_matches([' ', '`', '\\'])
    });
    bare.filter(|part| !part.is_empty()).map(|part| part.as_bytes().to_vec()).collect()
}

/// Words in the salts and digests of manuals.
const SAMPLE: [&[u8]; 6] = [b"example", b"saltsalt", b"saltstring", b"yoursalt", b"hashhash", b"somesalt"];

/// A password hash: its shape is right (the pattern says so); what manuals show is none.
pub(super) fn password_hash(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let lower = found.secret.to_ascii_lowercase();
    if SAMPLE.iter().any(|word| memchr::memmem::find(&lower, word).is_some()) {
        return Err("a published example value");
    }
    let digest = found.secret.rsplit(|b| matches!(b, b'$' | b'}' | b':' | b'*')).find(|part| part.len() >= 13);
    let digest = digest.ok_or("no hash")?;
    if likelihood::placeholder(digest).is_some() || likelihood::entropy(digest) < 2.5 {
        return Err("a placeholder");
    }
    verdict.reasons.push("a password hash: it can be guessed offline".to_owned());
    doubt_made_up(found, verdict);
    Ok(())
}

/// What stands in tests and manuals was made for them.
fn doubt_made_up(found: &Match<'_>, verdict: &mut Verdict) {
    if found.place.made_up() {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("in a test or an example".to_owned());
    }
}
