//! Where a value ends and its surroundings begin.

use std::ops::Range;

/// Whether no token character touches the match. Percent escapes (`%3D`) and escapes of strings
/// (`\n`) before it end in letters without being part of it.
pub(super) fn stands_free(text: &[u8], whole: &Range<usize>) -> bool {
    let token = |b: &u8| b.is_ascii_alphanumeric();
    let first = text.get(whole.start).is_some_and(token);
    let before = &text[whole.start.saturating_sub(6)..whole.start];
    let left = !(first && before.last().is_some_and(token)) || ends_in_escape(before);
    let last = whole.end.checked_sub(1).and_then(|i| text.get(i));
    let right = !text.get(whole.end).is_some_and(token) || last.is_none_or(|l| !token(l) && *l != b'-');
    left && right && !within_base64(text, whole)
}

/// Whether the match is the rest of a base64 text after one of its `+` or `/`, as `EAAAA..` of a signature
/// is. Two digits in 64 are such; folders of paths are shorter.
fn within_base64(text: &[u8], whole: &Range<usize>) -> bool {
    let joins = |b: &u8| matches!(b, b'+' | b'/');
    let digit = |b: &u8| b.is_ascii_alphanumeric() || joins(b);
    if !text[..whole.start].last().is_some_and(joins) || !text[whole.clone()].iter().all(digit) {
        return false;
    }
    let before = &text[whole.start.saturating_sub(256)..whole.start];
    let run = &before[before.iter().rposition(|b| !digit(b)).map_or(0, |at| at + 1)..];
    run.len() >= 32
        && run.len() >= 12 * run.iter().filter(|b| joins(b)).count()
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_digit)
}

/// The end of the percent escape or the `\u` or `\x` escape in whose digits a place lies: hex digits of a
/// value may seem to begin there.
pub(super) fn escape_around(text: &[u8], at: usize) -> Option<usize> {
    let escape = |start: usize| {
        let digits = match text.get(start..)? {
            [b'%', ..] => start + 1..start + 3,
            [b'\\', b'x', ..] => start + 2..start + 4,
            [b'\\', b'u', ..] => start + 2..start + 6,
            _ => return None,
        };
        let all = text.get(digits.clone())?.iter().all(u8::is_ascii_hexdigit);
        (all && digits.contains(&at)).then_some(digits.end)
    };
    (at.saturating_sub(5)..at).find_map(escape)
}

/// Whether a text ends in an escape whose last character is a letter or digit: `%3D`, `\n`, `\x22`,
/// `\u0022`, the end of a colour (`\033[1m`), or the `%s` of a format.
fn ends_in_escape(text: &[u8]) -> bool {
    let hex = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    match text {
        [.., b'%', a, b] if hex(&[*a, *b]) => true,
        [.., b'\\', b'x', a, b] => hex(&[*a, *b]),
        [.., b'\\', b'u', a, b, c, d] => hex(&[*a, *b, *c, *d]),
        [.., b'\\', b'n' | b't' | b'r' | b'f' | b'b' | b'a' | b'v' | b'e' | b'0']
        | [.., b'=', b'3', b'D']
        | [.., b'%', b's' | b'd' | b'v'] => true,
        [.., b'[', b'0'..=b'9', b'm'] | [.., b'[', b'0'..=b'9', _, b'm'] | [.., b';', b'0'..=b'9', _, b'm'] => true,
        _ => false,
    }
}

/// The end of the third line from here, or of the window.
pub(super) fn window_end(text: &[u8], from: usize, window: usize) -> usize {
    let limit = text.len().min(from + window);
    memchr::memchr_iter(b'\n', &text[from..limit]).nth(2).map_or(limit, |at| from + at)
}
