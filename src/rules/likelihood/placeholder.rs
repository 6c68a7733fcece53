//! Values that stand where a secret will be put later: runs, repetition, and the words of dummies.

use super::chance::random_bits;
use super::characters::{Classes, contains, entropy, held, may_hold, places};
use super::code::wordy;
use super::{Dropped, Verdict};
use crate::level::Confidence;

/// Words that stand in dummies and in no random value: seven letters or more, so that chance does
/// not make them (once in 10^9 values of 40 base-62 characters).
const DUMMY_WORDS: [&str; 22] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "yourtoken",
    "your_",
    "your-",
    "yourkey",
    "yoursecret",
    "redacted",
    "notreal",
    "not_real",
    "not-real",
    "dummykey",
    "fakekey",
    "invalid",
    "xxxxxx",
    "deadbeef",
    "abcdefgh",
    "12345678",
    "replaceme",
];

/// Says why a value that should be random is a placeholder.
///
/// Repetition, alternation and runs along the alphabet or the digits over half of the value, and
/// words of dummies.
pub fn placeholder(body: &[u8]) -> Option<Dropped> {
    if body.len() < 4 {
        return None;
    }
    let mut seen = [false; 256];
    body.iter().for_each(|&b| seen[usize::from(b)] = true);
    let distinct = seen.iter().filter(|&&s| s).count();
    if distinct <= 2 || (body.len() >= 16 && distinct <= 4) {
        return Some("a placeholder: the same characters over and over");
    }
    // Short runs, `abcd1234efgh5678`, are left to what else is known of the value.
    if longest_run(body) >= 8 && stepping(body) {
        return Some("a placeholder: a run of characters");
    }
    let bracketed = body.starts_with(b"<") && body.ends_with(b">") || body.starts_with(b"[") && body.ends_with(b"]");
    if bracketed || body.ends_with(b"...") || body.ends_with(b"***") {
        return Some("a placeholder: cut short or in brackets");
    }
    let lower = body.to_ascii_lowercase();
    // AWS marks the values of its documentation so. Chance makes seven given letters once in 10^10 values of 300.
    // A key in PEM and an address may hold the name of a company.
    if contains(body, b"EXAMPLE") && !body.starts_with(b"http") && !contains(body, b"-----") {
        return Some("a placeholder: it holds `EXAMPLE`");
    }
    let held = held(&lower);
    let has = |word: &str| may_hold(held, word) && contains(&lower, word.as_bytes());
    let run = |word: &str| ["xxxxxx", "deadbeef", "abcdefgh", "12345678"].contains(&word);
    let real =
        |word: &str| if run(word) { drawn_beside_run(body, &lower, word) } else { random_beside(body, &lower, word) };
    let dummy = |word: &&str| has(word) && !real(word);
    DUMMY_WORDS.iter().any(dummy).then_some("a placeholder: holds a word that dummies hold")
}

/// Whether over half of a value are steps of the same kind: to the same character, the next, or the one
/// before.
pub fn stepping(body: &[u8]) -> bool {
    let steps = |step: i16| body.windows(2).filter(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step).count();
    [0, 1, -1].into_iter().any(|step| steps(step) * 2 > body.len())
}

/// The most characters in a row that step alike.
fn longest_run(body: &[u8]) -> usize {
    let mut longest = 0;
    for step in [0, 1, -1] {
        let mut run = 1;
        for pair in body.windows(2) {
            run = if i16::from(pair[1]) - i16::from(pair[0]) == step { run + 1 } else { 1 };
            longest = longest.max(run);
        }
    }
    longest
}

/// Whether a value says that a password is to be put there: `your_password_here`, `<password>`, `****`.
pub(super) fn stands_for_password(value: &[u8]) -> bool {
    let words = [
        "your",
        "change",
        "placeholder",
        "replace",
        "insert",
        "todo",
        "fixme",
        "redacted",
        "removed",
        "masked",
        "_here",
        "-here",
        "xxx",
        "***",
        "...",
    ];
    let lower = value.to_ascii_lowercase();
    let hidden = value.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?' | b'0'));
    let nothing = ["none", "null", "undefined", "prompt", "keyring", "keychain"];
    hidden
        || value.starts_with(b"<")
        || value.starts_with(b"[") && value.ends_with(b"]")
        || nothing.iter().any(|word| lower == word.as_bytes())
        || words.iter().any(|word| contains(&lower, word.as_bytes()))
}

/// Values that people write where a password will stand later.
const DUMMY_PASSWORDS: [&str; 63] = [
    "passphrase",
    "open sesame",
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "changeit",
    "changeme",
    "change_me",
    "change-me",
    "example",
    "sample",
    "dummy",
    "fake",
    "foobar",
    "placeholder",
    "your",
    "todo",
    "fixme",
    "redacted",
    "removed",
    "hidden",
    "masked",
    "insert",
    "replace",
    "none",
    "null",
    "undefined",
    "optional",
    "required",
    "string",
    "default",
    "unknown",
    "xxx",
    "***",
    "...",
    "test",
    "mock",
    "lorem",
    "passwort",
    "kennwort",
    "contrase",
    "senha",
    "motdepasse",
    "changepw",
    "hunter2",
    "johndoe",
    "asdfasdf",
    "whatever",
    "digest-md5",
    "cram-md5",
    "unsecure",
    "wachtwoord",
    "lozinka",
    "salasana",
    "adgangskode",
    "geheim",
    "mypass",
    "\u{43f}\u{430}\u{440}\u{43e}\u{43b}",
    "\u{5bc6}\u{7801}",
];

/// Drops what stands where a password will be put; lowers the confidence where a word of dummies is
/// only a part of something that people do choose (`k9!secretQ4z`).
///
/// # Errors
/// Why the value is none.
pub(super) fn dummy_password(value: &[u8], key: Option<&[u8]>, verdict: &mut Verdict) -> Result<(), Dropped> {
    if let Some(why) = placeholder(value) {
        return Err(why);
    }
    let lower = value.to_ascii_lowercase();
    // How a password is to be had. As a part of another word these say nothing: `keyrings`.
    if ["prompt", "interactive", "keyring", "keychain"].iter().any(|word| lower == word.as_bytes()) {
        return Err("says where the password comes from");
    }
    if key.is_some_and(|key| key.eq_ignore_ascii_case(value)) {
        return Err("the value repeats the key");
    }
    let hidden = value.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?' | b'0'));
    if hidden {
        return Err("a placeholder");
    }
    let random_part = Classes::of(value).count() >= 3 && entropy(value) >= 3.6 && value.len() >= 20;
    let held = held(&lower);
    let has = |word: &str| may_hold(held, word) && contains(&lower, word.as_bytes());
    let dummy = |word: &&str| has(word) && !random_beside(value, &lower, word);
    if random_part {
        return Ok(());
    }
    if !DUMMY_PASSWORDS.iter().any(dummy) {
        let word = spelled_out(&lower);
        let word = ["my", "the", "top"].iter().find_map(|own| word.strip_prefix(own)).unwrap_or(&word);
        if ["password", "secret", "passwd", "admin"].contains(&word) {
            verdict.confidence = verdict.confidence.min(Confidence::Possible);
            verdict.reasons.push("a word of dummies in other letters".to_owned());
        }
        return Ok(());
    }
    if !chosen(&without_dummy_words(value, &lower)) {
        return Err("a placeholder: holds a word that dummies hold");
    }
    verdict.confidence = verdict.confidence.min(Confidence::Possible);
    verdict.reasons.push("holds a word that dummies hold".to_owned());
    Ok(())
}

/// The letters of `p@$$w0rd1!`, without what stands behind them.
fn spelled_out(lower: &[u8]) -> String {
    let letter = |b: &u8| match b {
        b'@' | b'4' => 'a',
        b'$' | b'5' => 's',
        b'0' => 'o',
        b'3' => 'e',
        b'1' | b'!' => 'i',
        b => char::from(*b),
    };
    let end = lower.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |last| last + 1);
    lower[..end].iter().map(letter).collect()
}

/// Whether what is left of a value without the words of dummies is more than a number, a year or
/// another word behind them, and no name such as `AGE-KEY-PQ-1`.
fn chosen(rest: &[u8]) -> bool {
    let classes = Classes::of(rest);
    let joined = |b: &u8| matches!(b, b'-' | b'_' | b'.') || !b.is_ascii_punctuation();
    let mixed = classes.digit && classes.symbol && classes.count() >= if rest.iter().all(joined) { 4 } else { 3 };
    rest.len() >= 6 && mixed && !wordy(rest)
}

fn without_dummy_words(value: &[u8], lower: &[u8]) -> Vec<u8> {
    let mut kept = vec![true; value.len()];
    let held = held(lower);
    for word in DUMMY_PASSWORDS.into_iter().filter(|word| may_hold(held, word)) {
        for at in places(lower, word.as_bytes()) {
            kept[at..at + word.len()].fill(false);
        }
    }
    value.iter().zip(kept).filter_map(|(&byte, kept)| kept.then_some(byte)).collect()
}

/// Whether what remains of a value without a dummy's word is random by itself: `changeme` before 16
/// random characters hides nothing.
fn random_beside(value: &[u8], lower: &[u8], word: &str) -> bool {
    let Some(at) = places(lower, word.as_bytes()).next() else { return false };
    [&value[..at], &value[at + word.len()..]].into_iter().any(|rest| {
        let classes = Classes::of(rest);
        rest.len() >= 12 && classes.digit && classes.count() >= 3 && entropy(rest) >= 3.0
    })
}

/// Whether what stands before and after a run, `4Kq…ABCDEFGHIJKL…9zT`, is longer than the run and drawn.
fn drawn_beside_run(value: &[u8], lower: &[u8], word: &str) -> bool {
    let Some(at) = places(lower, word.as_bytes()).next() else { return false };
    let steps =
        lower[at..].windows(2).take_while(|pair| (0..=1).contains(&(i16::from(pair[1]) - i16::from(pair[0])))).count();
    let (before, after) = (&value[..at], &value[at + steps + 1..]);
    let drawn = |part: &[u8]| part.len() >= 12 && random_bits(part) >= 16;
    before.len() + after.len() > 2 * steps
        && random_bits(before) + random_bits(after) >= 32
        && (drawn(before) || drawn(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_inside_a_drawn_value_is_chance_or_care() {
        let value = [b"00Q7jBz4MkVcWPXM".as_slice(), b"-ABCDEFGHIJKL-", b"0HmjFx-vbGua"].concat();
        assert!(placeholder(&value).is_none());
        assert!(placeholder(b"0HmjABCDEFGHIJKLMNOPQRSTUVWXYZ").is_some());
        assert!(placeholder(b"test_abcdefghijklmnopqr_live").is_some());
    }

    #[test]
    fn placeholders_are_told_from_random_values() {
        assert!(placeholder(b"xxxxxxxxxxxxxxxxxxxx").is_some());
        assert!(placeholder(b"abcdefghijklmnopqrstuvwxyz").is_some());
        assert!(placeholder(b"0123456789012345678901234567890123456789").is_some());
        assert!(placeholder(b"k3J9xQ2mZ8pL5vN7").is_none());
    }
}
