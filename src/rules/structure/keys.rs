//! Private keys and what holds them: armour, DER, JSON web keys.

use super::certain;
use crate::level::Severity;
use crate::rules::encoding::decode_base64;
use crate::rules::filters::{Dropped, Match, Verdict};
use crate::rules::likelihood;

/// A private key in armour (RFC 7468, RFC 1421 headers, OpenSSH's and PuTTY's own layouts).
pub(super) fn pem(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    armoured(found.whole, verdict)
}

fn armoured(armour: &[u8], verdict: &mut Verdict) -> Result<(), Dropped> {
    let text = String::from_utf8_lossy(armour).replace("\\r", "").replace("\\n", "\n");
    let header_encrypted = text.contains("-----BEGIN ENCRYPTED ") || text.contains("Proc-Type: 4,ENCRYPTED");
    let inner = between_bounds(&text);
    let lines: Vec<&str> = inner.lines().filter(|line| !line.contains("-----") && !line.contains(": ")).collect();
    let body: Vec<u8> = lines
        .iter()
        // The checksum of OpenPGP's armour (RFC 9580) is no part of the key.
        .filter(|line| !line.starts_with('='))
        .flat_map(|line| line.bytes())
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        .collect();
    if body.len() < 40 {
        return Err("a key header without a key");
    }
    if text.contains("...") || text.contains('…') {
        return Err("a placeholder: a key with its middle left out");
    }
    // A header in source code is followed by code, a key by nothing but base64.
    let foreign = lines
        .iter()
        .flat_map(|line| line.trim().bytes())
        .filter(|b| !b.is_ascii_alphanumeric() && !b"+/=\\\"',".contains(b))
        .count();
    // Lines joined by blanks have one blank in 64 characters.
    if foreign * 20 > body.len() {
        return Err("a key header without a key");
    }
    let body = &body[..body.len() - body.len() % 4];
    let Some(bytes) = decode_base64(body) else {
        verdict.reasons.push("a private key whose body is not plain base64".to_owned());
        return Ok(());
    };
    if likelihood::entropy(&bytes) < 3.0 {
        return Err("a placeholder: a key of the same bytes over and over");
    }
    if header_encrypted || openssh_encrypted(&bytes) {
        verdict.severity = Severity::Low;
        verdict.reasons.push("it is encrypted with a pass phrase".to_owned());
        return Ok(());
    }
    if text.contains("PGP") {
        return openpgp(&bytes, verdict);
    }
    if bytes.starts_with(b"openssh-key-v1\0") || sequence(&bytes).is_some_and(|inside| !inside.is_empty()) {
        certain(verdict, "a complete private key, not encrypted");
    } else {
        verdict.reasons.push("a private key, not encrypted; a part of it is missing".to_owned());
    }
    Ok(())
}

/// What stands between the begin and the end line; keys in one line (in environment files) hold both
/// in that line.
fn between_bounds(text: &str) -> &str {
    let begin = text.find("KEY-----").map(|at| at + "KEY-----".len());
    let begin = begin.or_else(|| text.find("BLOCK-----").map(|at| at + "BLOCK-----".len())).unwrap_or(0);
    let inner = &text[begin..];
    &inner[..inner.find("-----END").unwrap_or(inner.len())]
}

/// `openssh-key-v1` (PROTOCOL.key of OpenSSH): after the magic stands the cipher's name.
fn openssh_encrypted(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"openssh-key-v1\0").is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none"))
}

/// A secret-key packet of OpenPGP (RFC 9580, 4.2, 5.5.3): after the public part stands how the secret
/// part is encrypted, 0 where it is not. Where the public part ends is known for the usual algorithms.
fn openpgp(bytes: &[u8], verdict: &mut Verdict) -> Result<(), Dropped> {
    let usage = openpgp_body(bytes).and_then(openpgp_usage);
    match usage {
        Some(0) => certain(verdict, "a complete private key, not encrypted"),
        Some(253..=255) => {
            verdict.severity = Severity::Low;
            verdict.reasons.push("it is encrypted with a pass phrase".to_owned());
        }
        _ => verdict.reasons.push("an OpenPGP private key".to_owned()),
    }
    Ok(())
}

/// The body of the first packet, where it is a secret key (tag 5) or subkey (tag 7).
fn openpgp_body(bytes: &[u8]) -> Option<&[u8]> {
    let (&tag, rest) = bytes.split_first()?;
    let (kind, header) = match (tag & 0xc0, tag & 3, rest.first()?) {
        (0xc0, _, 0..=191) => (tag & 0x3f, 1),
        (0xc0, _, 192..=223) => (tag & 0x3f, 2),
        (0xc0, _, 255) => (tag & 0x3f, 5),
        (0x80, size @ 0..=2, _) => (tag >> 2 & 0xf, 1 << size),
        _ => return None,
    };
    matches!(kind, 5 | 7).then(|| rest.get(header..)).flatten()
}

/// The octet that says how the secret part of a version 4 key is encrypted.
fn openpgp_usage(body: &[u8]) -> Option<u8> {
    let algorithm = *body.get(5).filter(|_| body.first() == Some(&4))?;
    let mut rest = body.get(6..)?;
    let numbers = match algorithm {
        1..=3 => 2,
        16 => 3,
        17 => 4,
        // Elliptic curves: the curve's object identifier, a point, and for ECDH parameters.
        18 | 19 | 22 => {
            rest = rest.get(1 + usize::from(*rest.first()?)..)?;
            1
        }
        // Ed25519 and X25519 of RFC 9580: 32 bytes.
        25 | 27 => return rest.get(32).copied(),
        _ => return None,
    };
    for _ in 0..numbers {
        let (bits, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_be_bytes(*bits)).div_ceil(8)..)?;
    }
    if algorithm == 18 {
        rest = rest.get(1 + usize::from(*rest.first()?)..)?;
    }
    rest.first().copied()
}

/// The inside of a DER SEQUENCE (X.690, 8.1) that is as long as it says, but for what padding adds.
fn sequence(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, inside, rest) = element(bytes)?;
    (tag == 0x30 && rest.len() < 3).then_some(inside)
}

/// Tag and content of the first DER element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// A private key in DER without armour: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915). In
/// bytes only its beginning is matched, in base64 all of it.
pub(super) fn private_key_der(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    // The version is an INTEGER (tag 2), and stands after two to five bytes; base64 has no such byte.
    if found.whole.iter().take(6).any(|&byte| byte == 2) {
        certain(verdict, "begins as a private key in DER does, not encrypted");
        return Ok(());
    }
    let joined: Vec<u8> = found.whole.iter().copied().filter(|b| !b.is_ascii_whitespace() && *b != b'\\').collect();
    let bytes = decode_base64(&joined).ok_or("not base64")?;
    if bytes.starts_with(b"openssh-key-v1\0") {
        certain(verdict, "a private key of OpenSSH, not encrypted");
        return Ok(());
    }
    if likelihood::entropy(&bytes) < 3.5 {
        return Err("a placeholder: a key of the same bytes over and over");
    }
    let Some(inside) = sequence(&bytes) else {
        verdict.reasons.push("begins as a private key in DER does; a part of it is missing".to_owned());
        return Ok(());
    };
    match element(inside) {
        // A version, then a number, an algorithm or the key itself.
        Some((2, [0 | 1], rest)) if matches!(rest.first(), Some(2 | 4 | 0x30)) => {
            certain(verdict, "a complete private key in DER, not encrypted");
            Ok(())
        }
        _ => Err("no private key"),
    }
}

/// Base64 of a PEM file, as Kubernetes and CI variables hold it.
pub(super) fn base64_pem(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let joined: Vec<u8> = found.secret.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let whole = &joined[..joined.len() - usize::from(joined.len() % 4 == 1)];
    let bytes = decode_base64(whole).ok_or("not base64")?;
    let begin = memchr::memmem::find(&bytes, b"PRIVATE KEY").ok_or("no private key inside")?;
    let line = bytes[..begin].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    if !bytes[line..].starts_with(b"-----BEGIN ") {
        return Err("no private key inside");
    }
    armoured(&bytes[line..], verdict)
}

/// A JSON web key (RFC 7517, RFC 7518 6.2 to 6.4, RFC 8037) with its private member: `d`, or `k` of a
/// symmetric one.
pub(super) fn jwk(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let text = String::from_utf8_lossy(found.whole).replace("\\\"", "\"");
    let key: serde_json::Value = serde_json::from_str(&text).map_err(|_| "no JSON web key")?;
    let bytes = |name: &str| key.get(name).and_then(|v| v.as_str()).and_then(|v| decode_base64(v.as_bytes()));
    let length = |name: &str| bytes(name).map_or(0, |bytes| bytes.len());
    let right = match key.get("kty").and_then(|kind| kind.as_str()) {
        Some("RSA") => length("n") >= 64 && length("d") >= 64,
        Some("EC") => length("x") > 0 && matches!(length("d"), 32 | 48 | 66),
        Some("OKP") => length("x") > 0 && matches!(length("d"), 32 | 56 | 57),
        Some("oct") => length("k") >= 16,
        _ => return Err("no JSON web key"),
    };
    if !right {
        return Err("no JSON web key with a private member");
    }
    if likelihood::placeholder(found.secret).is_some() {
        return Err("a placeholder");
    }
    certain(verdict, "a JSON web key with its private part");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Confidence;
    use crate::rules::likelihood::Place;
    use crate::rules::template::Random;

    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fn random(length: usize) -> Vec<u8> {
        let mut random = Random::new("keys");
        (0..length).map(|_| random.draw().to_le_bytes()[0]).collect()
    }

    fn verdict() -> Verdict {
        Verdict { confidence: Confidence::Likely, severity: Severity::Critical, reasons: Vec::new() }
    }

    fn base64(bytes: &[u8]) -> String {
        crate::rules::encoding::encode_base64(bytes, ALPHABET, true)
    }

    /// An element of DER with a length of two bytes.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).expect("a short test value").to_be_bytes();
        [&[tag, 0x82, high, low], content].concat()
    }

    fn armour(kind: &str, headers: &str, bytes: &[u8], between: &str) -> String {
        let text = base64(bytes);
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let body = lines.join(between);
        format!("-----BEGIN {kind}-----{between}{headers}{body}{between}-----END {kind}-----")
    }

    fn judged(text: &str) -> Result<(Confidence, Severity), Dropped> {
        let mut verdict = verdict();
        armoured(text.as_bytes(), &mut verdict).map(|()| (verdict.confidence, verdict.severity))
    }

    #[test]
    fn a_key_is_proven_by_its_length_however_its_lines_are_joined() {
        let key = der(0x30, &random(600));
        for between in ["\n", "\r\n", "\\n", " ", "\n    "] {
            let text = armour("PRIVATE KEY", "", &key, between);
            assert_eq!(judged(&text), Ok((Confidence::Certain, Severity::Critical)), "joined by {between:?}");
        }
        let cut = armour("PRIVATE KEY", "", &key[..300], "\n");
        assert_eq!(judged(&cut), Ok((Confidence::Likely, Severity::Critical)), "a part of it");
    }

    #[test]
    fn encrypted_keys_are_told_from_plain_ones() {
        let low = Ok((Confidence::Likely, Severity::Low));
        let key = der(0x30, &random(600));
        assert_eq!(judged(&armour("ENCRYPTED PRIVATE KEY", "", &key, "\n")), low);
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n";
        assert_eq!(judged(&armour("RSA PRIVATE KEY", headers, &random(608), "\n")), low);
        let openssh = |cipher: &str| {
            let length = u8::try_from(cipher.len()).expect("a short name");
            [b"openssh-key-v1\0\0\0\0".as_slice(), &[length], cipher.as_bytes(), &random(300)].concat()
        };
        assert_eq!(judged(&armour("OPENSSH PRIVATE KEY", "", &openssh("aes256-ctr"), "\n")), low);
        let plain = judged(&armour("OPENSSH PRIVATE KEY", "", &openssh("none"), "\n"));
        assert_eq!(plain, Ok((Confidence::Certain, Severity::Critical)));
    }

    #[test]
    fn openpgp_keys_say_whether_they_are_encrypted() {
        let packet = |usage: u8| {
            // Version 4, a time, algorithm 22 (EdDSA), a curve of 9 bytes, a point of 263 bits.
            let head = [4, 0x60, 0, 0, 0, 22, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1, 1, 7, 0x40];
            let body = [head.as_slice(), &random(32), &[usage], &random(60)].concat();
            let length = u8::try_from(body.len()).expect("a short test value");
            let bytes = [&[0xc5, length], body.as_slice()].concat();
            judged(&armour("PGP PRIVATE KEY BLOCK", "", &bytes, "\n"))
        };
        assert_eq!(packet(0), Ok((Confidence::Certain, Severity::Critical)));
        assert_eq!(packet(254), Ok((Confidence::Likely, Severity::Low)));
    }

    #[test]
    fn keys_without_armour_need_a_version_and_a_key() {
        let judged = |bytes: &[u8]| {
            let (text, mut verdict) = (base64(bytes), verdict());
            let found = Match {
                secret: text.as_bytes(),
                whole: text.as_bytes(),
                key: None,
                quoted: false,
                free: true,
                place: Place::default(),
            };
            private_key_der(&found, &mut verdict).map(|()| verdict.confidence)
        };
        let key = der(0x30, &[&[2, 1, 0][..], &der(2, &random(256))].concat());
        assert_eq!(judged(&key), Ok(Confidence::Certain));
        assert_eq!(judged(&key[..200]), Ok(Confidence::Likely));
        assert_eq!(judged(&der(0x30, &der(2, &random(256)))), Err("no private key"), "a public key has no version");
    }
}
