//! The filters: what is asked, offline, of a value that a pattern matched.
//!
//! Each answer is a reason that the message shows. A checksum or structure that proves a value
//! ends the questions; a published example, a placeholder, a reference or a value too regular to be
//! random is no finding.

use super::{Rule, checksum, is_published, likelihood, structure};
use crate::level::{Confidence, Severity};

/// What is known of a matched value besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// The secret part.
    pub secret: &'a [u8],
    /// All that the pattern matched.
    pub whole: &'a [u8],
    /// The name of the key to which it is assigned, where there is one.
    pub key: Option<&'a [u8]>,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// Whether no token character touches it.
    pub free: bool,
}

/// What the filters say of a match that they keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How sure.
    pub confidence: Confidence,
    /// What it opens, after the structure has been looked at.
    pub severity: Severity,
    /// Why, most telling first.
    pub reasons: Vec<String>,
}

/// Why a match is no finding; for tests, and for an explaining scan to come.
pub type Dropped = &'static str;

/// Runs all filters of a rule over a match.
///
/// # Errors
/// The reason for which the match is no finding.
pub fn judge(rule: &Rule, found: &Match<'_>) -> Result<Verdict, Dropped> {
    let mut verdict =
        Verdict { confidence: rule.source.confidence, severity: rule.source.severity, reasons: Vec::new() };
    if !prove(rule, found, &mut verdict)? {
        suspect(rule, found)?;
    }
    // Last, since it takes a SHA-256 of the value.
    if is_published(found.secret) || is_published(found.whole) {
        return Err("a published example value");
    }
    Ok(verdict)
}

/// Checksum and structure. `Ok(true)`: proven, nothing more is asked.
fn prove(rule: &Rule, found: &Match<'_>, verdict: &mut Verdict) -> Result<bool, Dropped> {
    if let Some(sum) = rule.source.checksum {
        if checksum::verify(sum, found.secret) {
            verdict.confidence = Confidence::Certain;
            verdict.reasons.push("its checksum is valid".to_owned());
            return Ok(true);
        }
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("its checksum is not valid".to_owned());
    }
    let Some(kind) = rule.source.structure else { return Ok(false) };
    let before = verdict.confidence;
    structure::inspect(kind, found, verdict)?;
    Ok(verdict.confidence == Confidence::Certain && before != Confidence::Certain)
}

/// Reasons to disbelieve a match that nothing proves.
fn suspect(rule: &Rule, found: &Match<'_>) -> Result<(), Dropped> {
    if !found.free && !rule.source.embedded {
        return Err("part of a longer word");
    }
    let body = &found.secret[rule.fixed_prefix(found.secret)..];
    if let Some(why) = likelihood::placeholder(body) {
        return Err(why);
    }
    if rule.source.entropy.is_some_and(|least| likelihood::entropy(body) < least) {
        return Err("not random enough");
    }
    Ok(())
}

/// Whether a value looks drawn at random even where nothing but a word before it speaks for it: no
/// placeholder, digits among letters, and evidence of 28 bits and a quarter more for each character.
pub fn surely_random(value: &[u8]) -> bool {
    let least = 28 + i32::try_from(value.len().min(64)).unwrap_or(64) / 4;
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    mixed && likelihood::random_bits(value) >= least && likelihood::placeholder(value).is_none()
}

/// A key's name as it may be shown: it stands in the file in the open, but whatever is not a plain
/// identifier, or is long or mixed enough to be a value itself, is not named.
pub fn shown_key(key: &[u8]) -> Option<String> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let name = key.len() <= 40 && key.iter().all(plain) && likelihood::entropy(key) < 4.0;
    (name && digits(key) <= 2).then(|| key.iter().map(|&b| char::from(b)).collect())
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| b.is_ascii_digit()).count()
}
