//! Texts in quotes, and in what stands for quotes.

use std::ops::Range;

use super::way::skip_scheme;
use super::{KEY, VALUE, is_blank, skip};

/// The value in quotes that begins there: `Some(None)` where its end is not found.
pub(super) fn quoted_value(text: &[u8], at: usize) -> Option<(Option<Range<usize>>, bool)> {
    let escapes = skip(text, at, |b| b == b'\\', 3);
    let quote = *text.get(escapes)?;
    if matches!(quote, b'q' | b'%' | b'[')
        && let Some(value) = bracketed(text, at)
    {
        return Some((Some(value), true));
    }
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let three = escapes == at && text[at..].starts_with(&[quote; 3]);
    let start = escapes + if three { 3 } else { 1 };
    let end = if three { triple_end(text, start, quote) } else { quoted_end(text, start, quote, escapes - at) };
    let value = end.map(|end| {
        // A blank that was copied with it is no part of a credential, nor is the scheme before it.
        let white = |b: &&u8| is_blank(**b) || three && matches!(**b, b'\n' | b'\r');
        let start = start + text[start..end].iter().take_while(white).count();
        let start = skip_scheme(text, start).min(end);
        let (start, end) = within(text, start..end);
        let end = end - text[start..end].iter().rev().take_while(white).count();
        start..end
    });
    Some((value, true))
}

/// The text between brackets that are quotes: Perl's `q{…}` and `qq(…)`, Ruby's `%q(…)`, Lua's `[[…]]`.
fn bracketed(text: &[u8], at: usize) -> Option<Range<usize>> {
    const QUOTES: [(&[u8], &[u8]); 9] = [
        (b"q{", b"}"),
        (b"q(", b")"),
        (b"q[", b"]"),
        (b"qq{", b"}"),
        (b"qq(", b")"),
        (b"%q(", b")"),
        (b"%q{", b"}"),
        (b"%Q(", b")"),
        (b"[[", b"]]"),
    ];
    let rest = &text[at..text.len().min(at + 2 * KEY)];
    let (open, close) = QUOTES.into_iter().find(|(open, _)| rest.starts_with(open))?;
    let length = memchr::memmem::find(&rest[open.len()..], close)?;
    let value = &rest[open.len()..open.len() + length];
    let plain = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b',');
    value.iter().all(plain).then_some(at + open.len()..at + open.len() + length)
}

/// Whether the quote there ends a text that began before on its line: `expect "Password:"`.
pub(super) fn closes_text(text: &[u8], at: usize) -> bool {
    let quote = skip(text, at, |b| b == b'\\', 3);
    let Some(&sign) = text.get(quote).filter(|sign| matches!(sign, b'"' | b'\'')) else { return false };
    if text.get(quote + 1).is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    // What the sign closes began before it, so that the next one on the line opens a text.
    let rest = &text[quote + 1..text.len().min(quote + 1 + 2 * KEY)];
    let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let before = |next: usize| rest[..next].iter().rev().find(|b| **b != b'\\');
    let opens = |next: usize| before(next).is_some_and(|b| b" \t,;(+[={&?.".contains(b));
    if !memchr::memchr(sign, rest).is_none_or(opens) {
        return false;
    }
    let line = text[at.saturating_sub(2 * KEY)..at].rsplit(|&b| b == b'\n').next().unwrap_or_default();
    line.windows(1 + quote - at)
        .filter(|w| w.ends_with(&[sign]) && w[..w.len() - 1].iter().all(|&b| b == b'\\'))
        .count()
        % 2
        == 1
}

/// Where the text begins that is joined to the one that ends at `at`.
pub(super) fn next_text(text: &[u8], at: usize) -> Option<usize> {
    let end = skip(text, at, |b| b == b'\\', 3) + 1;
    let sign = skip(text, end, is_blank, 8);
    text.get(sign).filter(|sign| matches!(sign, b'&' | b'+' | b'.'))?;
    let next = skip(text, sign + 1, is_blank, 8);
    let joined = matches!(text.get(next), Some(b'"' | b'\''));
    joined.then_some(next)
}

/// Of `'LB-Key ' + '…'` and `"OAuth2 " + "…"` the place of the second text: a word and a blank before it are a
/// scheme.
pub(super) fn scheme_apart(text: &[u8], at: usize) -> usize {
    let word = text.get(at + 1..).unwrap_or_default().iter().take(24);
    let length = word.take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let blank = at + 1 + length;
    // A longer one with figures would be no scheme, but the credential.
    let figures = text[(at + 1).min(text.len())..blank.min(text.len())].iter().any(u8::is_ascii_digit);
    let apart = length > 0
        && (length <= 8 || !figures)
        && text.get(blank) == Some(&b' ')
        && text.get(blank + 1) == text.get(at);
    if apart { next_text(text, blank + 1).unwrap_or(at) } else { at }
}

/// What stands in the quotes of a text that is itself in quotes, as build files pass code: `'"…"'`.
fn within(text: &[u8], value: Range<usize>) -> (usize, usize) {
    let inner = &text[value.clone()];
    for quote in [b"\"".as_slice(), b"'", b"\\\""] {
        let plain = inner.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if plain.is_some_and(|plain| !plain.is_empty() && !plain.contains(&b'"')) {
            return (value.start + quote.len(), value.end - quote.len());
        }
    }
    (value.start, value.end)
}

/// The end of a text in quotes; `escapes` is how many `\\` stand before each quote.
fn quoted_end(text: &[u8], start: usize, quote: u8, escapes: usize) -> Option<usize> {
    let limit = text.len().min(start + VALUE);
    let mut at = start;
    while at < limit {
        match text[at] {
            b'\n' => return None,
            b'\\' if escapes > 0 && text.get(at + escapes) == Some(&quote) => return Some(at),
            b'\\' => at += 1,
            b if b == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of a text in three quotes, if it is one line.
fn triple_end(text: &[u8], start: usize, quote: u8) -> Option<usize> {
    let rest = &text[start..text.len().min(start + VALUE)];
    let end = rest.windows(3).position(|w| w == [quote; 3])?;
    (!rest[..end].trim_ascii().contains(&b'\n')).then_some(start + end)
}

/// The end of a section of CDATA (XML 1.0), or its begin where it has none.
pub(super) fn cdata_end(text: &[u8], at: usize) -> usize {
    let rest = &text[at..text.len().min(at + VALUE)];
    rest.windows(3).position(|w| w == b"]]>").map_or(at, |length| at + length)
}
