//! Values that are code or prose: words, names as programming languages write them, numbers, paths.

use super::chance::random_bits;
use super::characters::{Classes, contains};

/// Whether a value is code or prose and no password.
pub(super) fn looks_like_code(value: &[u8], quoted: bool, classes: &Classes) -> bool {
    let spaces = value.iter().filter(|&&b| b == b' ').count();
    // Prose: words with spaces between them. A pass phrase in quotes is given up here.
    if spaces > 0 && (spaces >= 2 || !classes.digit || random_bits(value) < 18) {
        return true;
    }
    let identifier = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b':');
    let words = value.iter().all(identifier);
    if words && !classes.digit && random_bits(value) < 32 {
        return true;
    }
    if contains(value, b"[A-Za-z") || contains(value, b"[0-9") || contains(value, b"(?") {
        return true;
    }
    // Patterns of what asks for a password, `(P|p)assword.*`.
    if contains(value, b".*") && contains(value, b"assw") {
        return true;
    }
    // A path, a URL, a file name, a dotted or dashed name made of words.
    if value.starts_with(b"/") || value.starts_with(b"./") || value.starts_with(b"../") || contains(value, b"://") {
        return true;
    }
    let named = wordy(value) || numeric(value) || constant(value) || label(value) || !quoted && camel_case(value);
    if words && named || contains(value, b"::") && !quoted {
        return true;
    }
    // Unquoted brackets are calls, indexing or types in a programming language.
    !quoted && value.iter().any(|b| matches!(b, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b';' | b'<' | b'>'))
}

/// A constant's name: `ECC_NIST_P521`, `__X32_SYSCALL_BIT`.
pub(super) fn constant(value: &[u8]) -> bool {
    let upper = value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let word = value.split(|&b| b == b'_').any(|part| part.len() >= 3 && part.iter().all(u8::is_ascii_uppercase));
    upper && word && value.contains(&b'_')
}

/// A name in capitals with hyphens, `SCRAM-SHA-256`. People choose such passwords too: `WINTER-2024`.
fn label(value: &[u8]) -> bool {
    let capitals = value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-');
    let mut parts = value.split(|&b| b == b'-');
    let word =
        parts.clone().count() >= 2 && parts.any(|part| part.len() >= 4 && part.iter().all(u8::is_ascii_uppercase));
    capitals && word && random_bits(value) < 8
}

/// A name in camel case, with few digits: `Ec2InstanceMetadata`, `policy/AmazonRoute53FullAccess`.
/// Words have three letters or more (one may be shorter) and a vowel each; random letters do not.
pub(super) fn camel_case(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let mut words: Vec<Vec<u8>> = vec![Vec::new()];
    let mut before = b' ';
    for &byte in value {
        if !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            words.push(Vec::new());
        }
        if let Some(word) = words.last_mut().filter(|_| byte.is_ascii_alphabetic()) {
            word.push(byte.to_ascii_lowercase());
        }
        before = byte;
    }
    words.retain(|word| !word.is_empty());
    let short = words.iter().filter(|word| word.len() < 3).count();
    let vowels = words.iter().all(|word| word.iter().any(|b| b"aeiouy".contains(b)));
    let letters: usize = words.iter().map(Vec::len).sum();
    let cased = value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    cased && digits <= 3 && words.len() >= 2 && short <= 1 && vowels && letters >= words.len() * 4
}

/// A number as programming languages write it: `0xC000_0380u32`, `-2147024891i32`, `1_000L`.
pub(super) fn numeric(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let hex = value.strip_prefix(b"0x").filter(|digits| digits.len() <= 24);
    let digits = hex.unwrap_or(value);
    let length = digits
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'_' || hex.is_some() && b.is_ascii_hexdigit())
        .count();
    let suffix = &digits[length..];
    let known: [&[u8]; 13] =
        [b"", b"u", b"U", b"l", b"L", b"ul", b"UL", b"u32", b"i32", b"u64", b"i64", b"usize", b"isize"];
    length > 0 && known.contains(&suffix)
}

/// Names such as `user_password2`, `oauth2-client`, `v1.token`: every part is a lower or upper case
/// word with at most two digits at its end.
pub(super) fn wordy(value: &[u8]) -> bool {
    let mut parts = value.split(|b| !b.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.all(|part| {
        let letters = part.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let digits = part.len() - letters;
        let one_case = part[..letters].iter().skip(1).all(u8::is_ascii_lowercase)
            || part[..letters].iter().all(u8::is_ascii_uppercase);
        let camel =
            part[..letters].windows(2).filter(|p| p[0].is_ascii_lowercase() && p[1].is_ascii_uppercase()).count();
        letters >= 3
            && digits <= 2
            && part[letters..].iter().all(u8::is_ascii_digit)
            && (one_case || camel <= 2)
            && value.len() > part.len()
            || part.iter().all(u8::is_ascii_digit) && part.len() <= 4
            || letters >= 3 && digits == 0 && one_case
    })
}
