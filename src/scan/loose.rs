//! Values beside the word that names them, without an assignment: `acme token 8f…`, `TOKEN - '8f…'`,
//! `secret-8f…`. Prose, logs and command lines are written so, and nothing but chance tells such a value
//! from the next word: it must look drawn.

use std::ops::Range;

use crate::rules::filters::surely_random;

/// A value and the word or words before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The words that name it.
    pub key: Range<usize>,
    /// Where the value stands, without quotes.
    pub value: Range<usize>,
    /// Whether it stands in quotes.
    pub quoted: bool,
}

/// How far the value may stand from its word, in bytes; room for `secret access key is: "`.
const GAP: usize = 48;

/// The longest name, in bytes.
const KEY: usize = 64;

/// The shortest value for which chance can be told, and the longest that is read, in bytes.
const VALUE: std::ops::RangeInclusive<usize> = 16..=512;

/// Words that may stand between the one at which the search began and the value.
const BETWEEN: [&[u8]; 8] = [b"key", b"token", b"secret", b"access", b"private", b"value", b"is", b"was"];

/// Endings of built files, whose names hold digests.
const FILES: [&[u8]; 12] =
    [b"js", b"css", b"map", b"mjs", b"png", b"svg", b"jpg", b"json", b"html", b"woff2", b"wasm", b"gz"];

/// The value that stands after the word at `word`, if it looks drawn at random.
pub fn named(text: &[u8], word: Range<usize>) -> Option<Named> {
    let gap = gap_after(text, word.end)?;
    let (key_end, start) = (gap.start, gap.end);
    let rest = &text[start..text.len().min(start + VALUE.end() + 1)];
    let length = rest.iter().take_while(|&&b| part_of_value(b)).count();
    let value = start..start + length - rest[..length].iter().rev().take_while(|&&b| b == b'.').count();
    if !VALUE.contains(&value.len()) || rest.get(length).is_some_and(|&b| matches!(b, b'(' | b'[' | b'{')) {
        return None;
    }
    let drawn = &text[value.clone()];
    // `token=*** id=…`: the value is hidden, and the next name has its own.
    let other = drawn.iter().position(|&b| b == b'=').is_some_and(|at| drawn[..at].iter().all(u8::is_ascii_alphabetic));
    if text[gap.clone()].windows(3).any(|marks| marks == b"***") || other {
        return None;
    }
    // Key ids, fingerprints and names of built files are hex beside such words.
    let glued = !text[gap.clone()].iter().any(|b| matches!(b, b' ' | b'\t' | b':' | b'=' | b'|'));
    let last_is_key = text[..key_end].len() >= 3 && text[key_end - 3..key_end].eq_ignore_ascii_case(b"key");
    let stem = drawn.split(|&b| b == b'.').next().unwrap_or(drawn);
    if stem.iter().all(u8::is_ascii_hexdigit) && (glued || last_is_key) {
        return None;
    }
    // `secret-grad-8f…` is the id of an element.
    let first = drawn.split(|&b| b == b'-').next().unwrap_or(drawn);
    if glued && first.len() < drawn.len() && first.len() >= 3 && first.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    // `token-input-8f….js` is a file.
    let ending =
        drawn.rsplit(|&b| b == b'.').next().filter(|ending| ending.len() < stem.len().max(1)).unwrap_or_default();
    if FILES.contains(&ending) {
        return None;
    }
    let quoted = text[gap].iter().any(|b| matches!(b, b'"' | b'\'' | b'`'));
    let begin = name_before(text, word.start);
    surely_random(drawn).then_some(Named { key: begin..key_end, value, quoted })
}

/// Where the name begins to which the word belongs: with it, and up to two words before it on its line.
fn name_before(text: &[u8], word: usize) -> usize {
    let floor = word.saturating_sub(KEY);
    let mut begin = word - text[floor..word].iter().rev().take_while(|&&b| name(b)).count();
    for _ in 0..2 {
        let blank = begin - text[floor..begin].iter().rev().take_while(|&&b| b == b' ').count();
        let before = blank - text[floor..blank].iter().rev().take_while(|&&b| name(b)).count();
        if blank == begin || before == blank {
            break;
        }
        begin = before;
    }
    begin
}

/// Whether between a word and what begins at `start` stand marks alone, and words such as `key`.
pub fn leads_to(text: &[u8], word_end: usize, start: usize) -> bool {
    let signs = |gap: Range<usize>| text[gap].iter().any(|b| matches!(b, b' ' | b'\t' | b':' | b'=' | b'\'' | b'"'));
    start <= word_end + GAP && gap_after(text, word_end).is_some_and(|gap| gap.end == start && signs(gap))
}

/// The marks after a word, or after the further words of a name; `None` where there are none.
fn gap_after(text: &[u8], word_end: usize) -> Option<Range<usize>> {
    if text.get(word_end).is_some_and(u8::is_ascii_lowercase) {
        return None;
    }
    let limit = text.len().min(word_end + GAP);
    let mut at = word_end;
    loop {
        let marks = text[at..limit].iter().take_while(|&&b| between(b)).count();
        let next = &text[at + marks..limit];
        let letters = next.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let known = BETWEEN.iter().any(|known| next[..letters].eq_ignore_ascii_case(known));
        if !known || next.get(letters).is_some_and(u8::is_ascii_digit) {
            return (marks > 0).then_some(at..at + marks);
        }
        at += marks + letters;
    }
}

fn between(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'-' | b'_' | b':' | b'=' | b'|' | b'>' | b'\'' | b'"' | b'`' | b',' | b'.' | b'*')
}

fn part_of_value(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'+' | b'/' | b'=' | b'~' | b'-')
}

fn name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::template::expand;

    fn found(template: &str, word: &str) -> Option<(String, String)> {
        let text = expand(template, template, None).expect("a template");
        let at = text.find(word).expect("the word stands there");
        let found = named(text.as_bytes(), at..at + word.len())?;
        Some((text[found.key].to_owned(), text[found.value].to_owned()))
    }

    #[test]
    fn drawn_values_beside_their_word() {
        for (template, word, key) in [
            ("acme token {base62:32}", "token", "acme token"),
            ("acme_token - '{base36:32}'", "token", "acme_token"),
            ("use the access token is: {base62:24}.", "token", "the access token is"),
            ("acme secret key \"{base64url:40}\"", "secret", "acme secret key"),
            ("acme-secret-{base62:32}", "secret", "acme-secret"),
        ] {
            let (name, value) = found(template, word).unwrap_or_else(|| panic!("{template}"));
            assert_eq!(name, key, "{template}");
            assert!(value.len() >= 24, "{template}: {value}");
        }
    }

    #[test]
    fn words_ids_and_file_names_are_none() {
        for (template, word) in [
            ("the token authentication-and-authorisation", "token"),
            ("gpg: using RSA key {HEX:40}", "key"),
            ("assets/token-{hex:20}.js", "token"),
            ("url(#secret-grad-{hex:16}g)", "secret"),
            ("tokens{base62:32}", "token"),
            ("token{base62:32}", "token"),
            ("token = do_something_with(x)", "token"),
        ] {
            assert_eq!(found(template, word), None, "{template}");
        }
    }
}
