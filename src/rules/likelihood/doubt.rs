//! Values that are hardly in use, as their key, their place or their form tells.

use super::chance::random_bits;
use super::characters::contains;
use super::key;
use super::placeholder::dummy_password;
use super::role::{Role, role};
use super::strength::strong;
use super::{LIKELY_RANDOM, Match, Verdict};
use crate::level::{Confidence, Severity};
use crate::rules::encoding::decode_base64;

/// Why a value is hardly in use, where its key or its place says so and the value does not look drawn.
pub(super) fn made_up(found: &Match<'_>) -> Option<&'static str> {
    let value = found.secret;
    if found.key.is_some_and(key::made_up) {
        return Some("its key says that it is made up");
    }
    if found.key.is_some_and(|key| key::last_word(key).eq_ignore_ascii_case(b"salt") && role(key) != Role::Secret) {
        return Some("the salt of a hash");
    }
    let cached = |key: &[u8]| {
        let line = found.place.line_before().to_ascii_lowercase();
        super::key::last_word(key).to_ascii_lowercase().starts_with(b"key") && contains(&line, b"cache ")
    };
    if found.key.is_some_and(cached) {
        return Some("a key of a cache");
    }
    // Algolia's, in what makes pages of documentation: everybody may search.
    if found.key.is_some_and(|key| key.eq_ignore_ascii_case(b"apikey")) && found.place.is_near(b"indexName") {
        return Some("a key with which a page searches");
    }
    let argument = found.place.before.trim_ascii_end();
    let argument =
        argument.strip_suffix(b"\"").or_else(|| argument.strip_suffix(b"'")).unwrap_or(argument).trim_ascii_end();
    // Jenkins finds them by a name: `DB_PASSWORD = credentials('…')`.
    if argument.ends_with(b"credentials(") {
        return Some("passed to what asks for a secret");
    }
    let passed = matches!(argument.last(), Some(b'(' | b','));
    if passed && found.key.is_some_and(key::asks) {
        return Some("passed to what asks for a secret");
    }
    let digest = [16, 32, 40, 56, 64, 96, 128].contains(&value.len()) && value.iter().all(u8::is_ascii_hexdigit);
    if basic_words(found) {
        return Some("a user and a password of words");
    }
    if found.place.made_up() && found.key.is_some_and(key::chosen) && (digest || base64_digest(value)) {
        return Some("a hash, as tests of passwords hold");
    }
    if value.starts_with(b"eyJ") && value.contains(&b'.') && found.place.made_up() {
        return Some("a token made for a test or an example");
    }
    if passed && digest && found.key.is_some_and(key::chosen) {
        return Some("a hash, where a password stands beside");
    }
    if found.place.is_vectors() {
        return Some("in a file of test vectors");
    }
    let hex = |length| value.len() == length && value.iter().all(u8::is_ascii_hexdigit);
    if hex(32) && found.place.is_scene() {
        return Some("as scenes name their parts");
    }
    if hex(40) && !found.quoted && tells_of_a_commit(found.place.line_before()) {
        return Some("as lists of changes name commits");
    }
    let after = found.place.after;
    let prose = after.first() == Some(&b' ') && after.get(1).is_some_and(u8::is_ascii_lowercase);
    if hex(40) && prose && !found.quoted {
        return Some("as the names of commits stand in prose");
    }
    // `.connect("… PWD=…")` is given all in one text.
    let assigned = found.place.before.ends_with(b"=");
    if found.key.is_none() && !assigned && random_bits(value) < LIKELY_RANDOM && connects(found) {
        return Some("passed to what opens a connection, and made of words");
    }
    let stored = [b"<Contents>".as_slice(), b"<LastModified>", b"<ETag>", b"<Deleted>"];
    if found.place.before.ends_with(b"<Key>") && stored.iter().any(|sign| found.place.is_near(sign)) {
        return Some("as objects in a store are named");
    }
    let common = [b"\"123456\",".as_slice(), b"'123456',", b"\"qwerty\",", b"'qwerty',"];
    if found.quoted && random_bits(value) < LIKELY_RANDOM && common.iter().any(|word| found.place.is_near(word)) {
        return Some("in a list of common passwords");
    }
    let drawn = LIKELY_RANDOM + i32::try_from(value.len().min(64)).unwrap_or(64) / 4;
    if random_bits(value) >= drawn {
        return None;
    }
    if found.place.is_packed() {
        return Some("made of words, in minified code");
    }
    found.place.made_up().then_some("made of words, in a test or an example")
}

/// Whether a line begins as an entry in a list of changes: `- fix password reset token: 17c8…`.
fn tells_of_a_commit(line: &[u8]) -> bool {
    let verbs = [
        "fix", "add", "remove", "update", "revert", "bump", "merge", "refactor", "feat", "chore", "docs", "improve",
        "change", "use", "handle", "rename", "move", "drop", "support", "make", "allow", "test", "perf", "style",
    ];
    let line = line.trim_ascii_start();
    let entry = line.strip_prefix(b"- ").or_else(|| line.strip_prefix(b"* "));
    let first = entry.and_then(|entry| entry.split(|b| !b.is_ascii_alphabetic()).next()).unwrap_or_default();
    let first = first.to_ascii_lowercase();
    let ends = ["", "s", "es", "ed", "d"];
    verbs
        .iter()
        .any(|verb| first.strip_prefix(verb.as_bytes()).is_some_and(|end| ends.iter().any(|own| own.as_bytes() == end)))
}

/// Whether a value is the second of what opens a connection is given: the third and later are a login's.
fn connects(found: &Match<'_>) -> bool {
    const CALL: &[u8] = b".connect(";
    let line = found.place.line_before();
    let call = line.windows(CALL.len()).rposition(|part| part == CALL);
    call.is_some_and(|at| line[at..].iter().filter(|&&b| b == b',').count() < 2)
}

/// Whether what stands in a Basic header decodes to a weak password: `login:pass`.
fn basic_words(found: &Match<'_>) -> bool {
    let basic = found.place.before.len() >= 6
        && found.place.before[found.place.before.len() - 6..].eq_ignore_ascii_case(b"basic ");
    let packed = found.key.is_some_and(|key| key.eq_ignore_ascii_case(b"auth") || key.ends_with(b"_auth"));
    let plain = if basic || packed { decode_base64(found.secret) } else { None };
    // What holds no colon and no text is no user with a password, but drawn.
    let drawn = |plain: &Vec<u8>| !plain.contains(&b':') && !plain.iter().all(|b| (b' '..=b'~').contains(b));
    let Some(plain) = plain.filter(|plain| !drawn(plain)) else { return false };
    let password = plain.iter().position(|&b| b == b':').map(|colon| &plain[colon + 1..]);
    password.is_some_and(|password| !strong(password, true) || dummy_words(password)) || basic && password.is_none()
}

/// Whether a value holds words of dummies alone.
fn dummy_words(value: &[u8]) -> bool {
    let mut verdict = Verdict { confidence: Confidence::Likely, severity: Severity::Low, reasons: Vec::new() };
    dummy_password(value, None, &mut verdict).is_err() || verdict.confidence == Confidence::Possible
}

/// Whether a value is text for people in base64, `YSBzZWNyZXQ=`; what was drawn and then put into base64 is none.
pub(super) fn words_in_base64(value: &[u8]) -> bool {
    let Some(plain) = decode_base64(value) else { return false };
    let text = plain.iter().all(|b| (b' '..=b'~').contains(b) || b.is_ascii_whitespace());
    text && random_bits(&plain) < LIKELY_RANDOM + i32::try_from(plain.len().min(64)).unwrap_or(64) / 4
}

/// Whether a value has the length and the padding of a digest in base64 (MD5, SHA-1, SHA-256, SHA-512).
fn base64_digest(value: &[u8]) -> bool {
    [(24, 2), (28, 1), (44, 1), (88, 2)].iter().any(|&(length, padding)| {
        value.len() == length && value[..length - padding].iter().all(|&b| b != b'=') && value.ends_with(b"=")
    })
}
