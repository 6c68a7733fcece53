//! The key that stands before a value, for rules that know the value by its shape.

use std::ops::Range;

use super::way::SCHEMES;
use super::{KEY, back, is_blank, is_key_byte};

/// The key that stands before a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBefore {
    /// Where the key's name stands.
    pub key: Range<usize>,
    /// Whether the value stands in quotes.
    pub quoted: bool,
    /// Whether it is surely a key: the name of a called function may be anything.
    pub sure: bool,
}

/// The key to which the value that begins at `start` is assigned, and whether the value is quoted.
pub fn key_before(text: &[u8], start: usize) -> Option<KeyBefore> {
    let floor = start.saturating_sub(KEY * 2);
    let line = memchr::memrchr(b'\n', &text[floor..start]).map_or(floor, |i| floor + i + 1);
    let mut at = back(text, line, start, |b| matches!(b, b'"' | b'\'' | b'`' | b'\\'));
    let quoted = at < start;
    // C#'s verbatim strings: `@"…"`.
    at -= usize::from(quoted && at > line && text[at - 1] == b'@');
    at = back(text, line, at, |b| matches!(b, b' ' | b'\t'));
    for scheme in SCHEMES {
        let begin = at.saturating_sub(scheme.len());
        let word = begin > line && !is_key_byte(text[begin - 1]);
        if word && at < start && text[begin..at].eq_ignore_ascii_case(scheme) {
            at = back(text, line, begin, |b| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\'));
        }
    }
    let after_separator = at;
    at = back(text, line, at, |b| matches!(b, b'=' | b':' | b'>' | b'(' | b',' | b'<' | b'[' | b'-' | b'~' | b'?'));
    if at == after_separator && (after_separator == start || !blank_option(text, line, at)) {
        return None;
    }
    let weak = !text[at..after_separator].iter().any(|b| matches!(b, b'=' | b':' | b'>')) && at < after_separator;
    let call = text[at..after_separator].starts_with(b"(");
    let before_quote = at;
    at = back(text, line, at, |b| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']' | b')'));
    let mut begin = back(text, line, at, is_key_byte);
    // `name Type = value` (Go): the key stands before the type.
    if matches!(&text[begin..at], b"string" | b"String") && begin > line && is_blank(text[begin - 1]) {
        let name_end = back(text, line, begin, is_blank);
        let name = back(text, line, name_end, is_key_byte);
        if name < name_end {
            return Some(KeyBefore { key: name..name_end, quoted, sure: true });
        }
    }
    // `name: Type = value`: the key stands before the type.
    if let Some(colon) = type_colon(text, line, begin, text.get(after_separator - 1) == Some(&b'=')) {
        at = back(text, line, colon, |b| matches!(b, b' ' | b'\t' | b'?' | b'"' | b'\''));
        begin = back(text, line, at, is_key_byte);
    }
    // After a comma and the like stands a key only where it is quoted (an argument), before a bracket
    // a function; anything else may be a value itself.
    let key_quoted = text[at..before_quote].iter().any(|b| matches!(b, b'"' | b'\''));
    if weak && !key_quoted && !call {
        return None;
    }
    let sure = !weak || key_quoted || names_secret(&text[begin..at]);
    (begin < at && at - begin <= KEY).then_some(KeyBefore { key: begin..at, quoted, sure })
}

/// Words of keys that name a secret.
const SECRET_WORDS: [&str; 13] =
    ["key", "token", "secret", "pass", "pwd", "auth", "cred", "pat", "sid", "bearer", "sign", "dsn", "webhook"];

/// Whether a key's name says that its value is a secret.
pub fn names_secret(key: &[u8]) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.windows(word.len()).any(|w| w == word.as_bytes()))
}

/// `--password VALUE`: an option of a command line needs no separator but a space.
fn blank_option(text: &[u8], line: usize, at: usize) -> bool {
    let begin = back(text, line, at, is_key_byte);
    text[begin..at].starts_with(b"-") || text[..begin].ends_with(b"-")
}

fn type_colon(text: &[u8], line: usize, begin: usize, equals: bool) -> Option<usize> {
    if !equals {
        return None;
    }
    let kind = |b: u8| b.is_ascii_alphanumeric() || b" \t_&<>[]|'.".contains(&b);
    let at = back(text, line.max(begin.saturating_sub(48)), begin, kind);
    // Of `auth: expired for user_id=…` what touches the sign is a name, and what stands before it prose.
    let touches = text[begin..].iter().find(|b| !(b.is_ascii_alphanumeric() || **b == b'_')) == Some(&b'=');
    if touches && text[at..begin].trim_ascii().iter().any(|&b| is_blank(b)) {
        return None;
    }
    (at > line + 1 && text[at - 1] == b':' && text[at - 2] != b':').then(|| at - 1)
}
