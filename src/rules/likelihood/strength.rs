//! How good a value is for a password: drawn, mixed of many kinds of characters, or made of words.

use super::chance::random_bits;
use super::characters::{Classes, entropy};
use super::{LIKELY_RANDOM, SURELY_RANDOM, code};

/// Whether a value is too good for a word: kinds of characters mixed, or letters that look drawn.
pub(super) fn strong(value: &[u8], quoted: bool) -> bool {
    let classes = Classes::of(value);
    // `API-Schlüssel` is a word for people, and `Content-Type` a name.
    let signs = value.iter().any(|b| b.is_ascii_punctuation() && !matches!(b, b'-' | b'_' | b'.'));
    let cased = classes.lower && classes.upper;
    let mixed = classes.count() >= 3 && (signs || classes.digit && (cased || random_bits(value) >= 10));
    let letters = value.iter().all(u8::is_ascii_alphabetic);
    let drawn = letters
        && random_bits(value) >= SURELY_RANDOM
        && (random_bits(&value.to_ascii_lowercase()) >= LIKELY_RANDOM || !value.iter().any(u8::is_ascii_uppercase));
    let numbered = classes.count() == 2 && classes.digit && entropy(value) >= 3.0;
    value.len() >= 8 && (mixed || numbered || quoted && inner_mark(value))
        || drawn
        || value.len() >= 16 && classes.digit && entropy(value) >= 3.3
}

/// Whether a value has the form of the passwords that mail providers issue for programs: 16 small letters.
pub(super) fn application_password(value: &[u8]) -> bool {
    value.len() == 16 && value.iter().all(u8::is_ascii_lowercase) && random_bits(value) >= 16
}

/// Whether a value of a few letters and figures was drawn: letters alone are told from a word or an
/// abbreviation by more evidence than letters with figures (docs/decisions.md has the distributions).
pub(super) fn drawn_short(value: &[u8]) -> bool {
    let classes = Classes::of(value);
    let alike = value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    // `GSSAPI` and `MSCHAPV2` are drawn as far as their letters tell.
    let capitals = !classes.lower || code::numeric(value);
    let least = if classes.digit { 14 } else { 20 };
    let small = || random_bits(&value.to_ascii_lowercase()) >= least;
    alike && !capitals && value.len() >= 6 && random_bits(value) >= least - 4 * i32::from(classes.upper) && small()
}

/// Whether a value is four words or more that are joined to a name: `ff_new_password_flow_2024q1`.
pub(super) fn sentence(value: &[u8]) -> bool {
    let word = |part: &&[u8]| {
        let letters = part.strip_suffix(b"!").unwrap_or(part);
        letters.len() >= 2 && letters.iter().all(u8::is_ascii_alphabetic)
    };
    // With figures and a mark at its end it was made for a password.
    if value.ends_with(b"!") && value.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let mut parts = value.split(|b| matches!(b, b'_' | b'-' | b'.' | b' '));
    let words = parts.clone().filter(word).count();
    words >= 3 && parts.by_ref().count() >= 4 && random_bits(value) < LIKELY_RANDOM
}

/// Whether a mark that names and prose do not hold stands between letters or digits: `super$ecret`.
fn inner_mark(value: &[u8]) -> bool {
    let sign = |b: u8| matches!(b, b'$' | b'!' | b'#' | b'^' | b'*' | b'@');
    let found = value.windows(3).any(|w| sign(w[1]) && w[0].is_ascii_alphanumeric() && w[2].is_ascii_alphanumeric());
    found && !value.contains(&b' ') && !value.contains(&b'.')
}
