//! Lists and maps of secrets under one key.

use std::ops::Range;

use super::{back, is_blank, skip};
use crate::rules::filters::random_bits;

/// The first element of a list that begins there: `["…", "…"]`, or lines with `- …`.
pub(super) fn first_of_list(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 96)];
    if matches!(rest.first(), Some(b'[' | b'(' | b'{')) {
        let open = at + 1 + white(&rest[1..]);
        let quoted = is_quote(text, open);
        // In brackets, `svc:…` is an element of the flow lists of YAML.
        if let Some(after) = past_name(text, open).filter(|_| quoted || rest[0] != b'[') {
            return of_map(text, at, open, after);
        }
        let flow = rest[0] == b'['
            && text.get(open).is_some_and(u8::is_ascii_alphanumeric)
            && at > 0
            && is_blank(text[at - 1]);
        return (quoted || flow).then_some(open);
    }
    let line = white(rest);
    let dash = rest[..line].contains(&b'\n') && rest[line..].starts_with(b"- ");
    dash.then_some(at + line + 2)
}

/// The first secret of a map that begins at `bracket`, whose first name stands at `open` and its value at
/// `value`: of `PASSWORDS = {"anna": "…"}` the values are passwords; `{"access_token": {"claim": …}}` has none.
fn of_map(text: &[u8], bracket: usize, open: usize, value: usize) -> Option<usize> {
    if is_stage(text, open) {
        return first_literal(text, value);
    }
    let several = plural(text, bracket)?;
    // `{"…": "alice"}`: tokens are looked up by what they are.
    if is_drawn(text, open) {
        return Some(open);
    }
    let literal = first_literal(text, value)?;
    // Keyboards have keys too, and designs have tokens.
    let long = || {
        let value = &text[literal + 1..text.len().min(literal + 17)];
        value.len() == 16 && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+'))
    };
    (several == Several::Said || long()).then_some(literal)
}

/// The text that a name is given beside others: `user, password = "anna", "…"`, `[user, pass] = ["anna", "…"]`.
pub(super) fn of_several(text: &[u8], key: &Range<usize>) -> Option<Range<usize>> {
    let before = text[key.start.saturating_sub(96)..key.start].trim_ascii_end();
    if before.last() != Some(&b',') {
        return None;
    }
    let before = memchr::memrchr(b'\n', before).map_or(before, |feed| &before[feed + 1..]);
    let names = |part: &[u8]| part.iter().all(|b| b.is_ascii_alphanumeric() || b"_., $@[]()".contains(b));
    let number = before.iter().filter(|&&b| b == b',').count();
    let line = &text[key.end..text.len().min(key.end + 320)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let sign = memchr::memchr(b'=', line)?;
    let between = line[..sign].strip_suffix(b":").unwrap_or(&line[..sign]);
    if number > 4 || !names(before) || !names(between) || line.get(sign + 1) == Some(&b'=') {
        return None;
    }
    let mut at = sign + 1;
    for passed in 0..=number {
        at += line[at..].iter().take_while(|b| is_blank(**b) || passed == 0 && b"[(".contains(b)).count();
        let quote = *line.get(at).filter(|_| is_quote(line, at))?;
        let end = at + 1 + memchr::memchr(quote, &line[at + 1..])?;
        if passed == number {
            return Some(key.end + at + 1..key.end + end);
        }
        at = end + 1 + line[end + 1..].iter().take_while(|b| is_blank(**b)).count();
        at += usize::from(*line.get(at)? == b',');
    }
    None
}

/// The element after one that ends there, if a list goes on.
pub(super) fn next_of_list(text: &[u8], end: usize) -> Option<usize> {
    let rest = &text[end..text.len().min(end + 96)];
    let quote = usize::from(matches!(rest.first(), Some(b'"' | b'\'' | b'`')));
    // Where the names are the secrets, what they are given is stepped over.
    let value = if quote == 1 { past_value(rest) } else { quote };
    let gap = value + white(&rest[value..]);
    let next = match rest.get(gap)? {
        b',' => gap + 1 + white(&rest[gap + 1..]),
        b'-' if rest[quote..gap].contains(&b'\n') && rest.get(gap + 1) == Some(&b' ') => return Some(end + gap + 2),
        _ => return None,
    };
    let flow = quote == 0 && rest.get(next).is_some_and(u8::is_ascii_alphanumeric);
    let next = (flow || is_quote(rest, next)).then_some(end + next)?;
    if flow || is_drawn(text, next) {
        return Some(next);
    }
    past_name(text, next).map_or(Some(next), |after| is_quote(text, after).then_some(after))
}

/// Of `": "alice", …`, which begins with the quote that ends a name, the length until the comma.
fn past_value(rest: &[u8]) -> usize {
    let sign = 1 + rest[1..].iter().take_while(|b| is_blank(**b)).count();
    let Some(length) = given(&rest[sign..]) else { return 1 };
    let open = sign + length + rest[sign + length..].iter().take_while(|b| is_blank(**b)).count();
    let Some(quote) = rest.get(open).filter(|quote| matches!(quote, b'"' | b'\'' | b'`')) else { return 1 };
    rest[open + 1..].iter().position(|b| b == quote).map_or(1, |length| open + 1 + length + 1)
}

/// The first text in quotes that a map gives to a name, from the value at `at` on: others are none, `nil`.
fn first_literal(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    for _ in 0..LITERALS {
        if is_quote(text, at) {
            return Some(at);
        }
        let value = past_expression(text, at);
        let comma = text.get(value).is_some_and(|&b| b == b',').then_some(value + 1)?;
        at = past_name(text, skip(text, comma, |b| b.is_ascii_whitespace(), 64))?;
    }
    None
}

/// Where a value ends that is no text: `None`, `process.env.X`, `os.environ.get("X")`.
fn past_expression(text: &[u8], at: usize) -> usize {
    let end = skip(text, at, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'), 48);
    let close = match text.get(end) {
        Some(b'(') if end > at => b')',
        Some(b'[') if end > at => b']',
        _ => return end,
    };
    let within = &text[end..text.len().min(end + 64)];
    let within = &within[..memchr::memchr(b'\n', within).unwrap_or(within.len())];
    memchr::memchr(close, within).map_or(end, |length| end + length + 1)
}

/// How many names of a map are read to find one that has a text.
const LITERALS: usize = 8;

/// Where the value begins that a map gives to the name there: `"anna": "…"`, `'anna' => '…'`, `anna: '…'`.
fn past_name(text: &[u8], at: usize) -> Option<usize> {
    // Swift's `.staging: "…"`.
    let at = at + usize::from(text.get(at) == Some(&b'.') && text.get(at + 1).is_some_and(u8::is_ascii_alphabetic));
    let first = *text.get(at)?;
    let rest = &text[at + 1..text.len().min(at + 66)];
    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let end = if is_quote(text, at) {
        quoted_name(text, at)?.len()
    } else {
        rest.iter().position(|b| !name(b)).filter(|_| name(&first))?.checked_sub(1)?
    };
    let sign = skip(text, at + end + 2, is_blank, 8);
    let length = given(&text[sign..])?;
    // What describes a setting holds no secret.
    let describes = [b"shape".as_slice(), b"type", b"$ref", b"name", b"label", b"title", b"id"].contains(&&rest[..end]);
    Some(if describes { text.len() } else { skip(text, sign + length, is_blank, 8) })
}

/// The length of the sign with which a map gives a value to a name.
fn given(rest: &[u8]) -> Option<usize> {
    [b"=>".as_slice(), b":"].iter().find(|own| rest.starts_with(own)).map(|own| own.len())
}

/// The name in quotes that begins there.
fn quoted_name(text: &[u8], at: usize) -> Option<&[u8]> {
    let rest = &text[at + 1..text.len().min(at + 66)];
    let end = rest.iter().position(|&b| b == text[at] || b == b'\n').filter(|&end| rest[end] == text[at])?;
    Some(&rest[..end])
}

/// Whether the name in quotes there is itself a secret: no address, and drawn as far as its characters tell.
fn is_drawn(text: &[u8], at: usize) -> bool {
    let Some(name) = quoted_name(text, at) else { return false };
    let name_of_somebody = name.iter().any(|b| matches!(b, b'@' | b'.' | b'/' | b' '));
    let least = 18 + i32::try_from(name.len()).unwrap_or(64) / 4;
    // By digests and fingerprints files, commits and public keys are looked up.
    let digest = [16, 32, 40, 64].contains(&name.len()) && name.iter().all(u8::is_ascii_hexdigit);
    !name_of_somebody && !digest && name.iter().any(u8::is_ascii_digit) && random_bits(name) >= least
}

/// Whether the name in quotes there is that of a place where a program runs, each of which has a secret.
fn is_stage(text: &[u8], at: usize) -> bool {
    let stages =
        [b"dev".as_slice(), b"development", b"test", b"staging", b"prod", b"production", b"live", b"sandbox", b"local"];
    let rest = text.get(at + 1..).unwrap_or_default();
    let name = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    stages.contains(&&rest[..name])
}

/// How surely a name in the plural is that of several secrets.
#[derive(PartialEq, Eq)]
enum Several {
    /// `passwords`, `api_keys`.
    Said,
    /// `keys` alone, `tokens`, `secrets`.
    Perhaps,
}

/// Whether the key before a bracket is the name of several secrets: `passwords: {`.
fn plural(text: &[u8], bracket: usize) -> Option<Several> {
    let end = back(text, bracket.saturating_sub(8), bracket, |b| !b.is_ascii_alphanumeric());
    let begin = back(text, end.saturating_sub(24), end, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = text[begin..end].to_ascii_lowercase();
    if [b"passwords".as_slice(), b"passwds", b"pwds"].iter().any(|own| key.ends_with(own)) {
        return Some(Several::Said);
    }
    let own = [b"tokens".as_slice(), b"secrets", b"keys"].into_iter().find(|own| key.ends_with(own))?;
    Some(if key.len() == own.len() { Several::Perhaps } else { Several::Said })
}

fn is_quote(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b'"' | b'\'' | b'`'))
}

fn white(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
}
