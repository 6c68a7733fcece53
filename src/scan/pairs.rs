//! An id and its secret near each other: one finding, at the secret's place.
//!
//! A secret takes the nearest id of a rule that its own rule names in `pair`. Of two ids the farther
//! one stays a finding of its own; two secrets beside one id both take the pair's severity, since the
//! id may belong to either. The id is left out only where its secret is told: when that stands on a
//! line that is not new, or is excused by a remark beside it, the id is told by itself.

use super::Hit;
use crate::finding::{Confidence, Finding};

/// How many lines an id may stand from its secret. A Kubernetes manifest takes two lines for each
/// variable (`name`, `value`), a profile has a region or an endpoint between the two.
const LINES: usize = 5;

/// How many bytes, for texts without line ends; so a text full of ids costs no more than it is long.
const BYTES: usize = 1000;

/// Finds the pairs among hits that stand in the order of the text.
pub(super) fn join(hits: &mut [Hit<'_>], text: &[u8]) {
    let mut places = super::locate::Places::new(text);
    // For each id the distance of the secret that takes it in.
    let mut taken = vec![usize::MAX; hits.len()];
    for secret in 0..hits.len() {
        let Some((id, distance)) = nearest(hits, secret, text) else { continue };
        let (line, _) = places.of(hits[id].span.start);
        let (severity, confidence) = (hits[id].severity, hits[id].confidence.min(Confidence::Likely));
        let reason = format!("with its {} on line {line}", hits[id].rule.source.name);
        let span = hits[secret].span.clone();
        // Rules of a person's own stand for themselves: none of them may hide what another rule finds.
        if !hits[secret].rule.own && !hits[id].rule.own && distance < taken[id] {
            taken[id] = distance;
            hits[id].pair = Some(span);
        }
        let hit = &mut hits[secret];
        hit.severity = hit.severity.max(severity).max(hit.rule.source.pair_severity.unwrap_or(severity));
        hit.confidence = hit.confidence.max(confidence);
        hit.reasons.push(reason);
    }
}

/// The nearest id of a secret, and how many bytes are between them.
fn nearest(hits: &[Hit<'_>], secret: usize, text: &[u8]) -> Option<(usize, usize)> {
    let hit = &hits[secret];
    let rule = &hit.rule.source;
    // A checksum that is wrong is not made right by an id.
    let refuted = rule.checksum.is_some() && hit.confidence < Confidence::Certain;
    if rule.pair.is_empty() || refuted {
        return None;
    }
    let names = |id: &usize| rule.pair.iter().any(|name| name == hits[*id].rule.id());
    let lines = |from: usize, to: usize| memchr::memchr_iter(b'\n', &text[from..to]).count();
    let before = (0..secret)
        .rev()
        .take_while(|&id| hits[id].span.end + BYTES > hit.span.start)
        .find(names)
        .map(|id| (id, hit.span.start.saturating_sub(hits[id].span.end)))
        .filter(|&(id, _)| lines(hits[id].span.end, hit.span.start) <= LINES);
    let after = (secret + 1..hits.len())
        .take_while(|&id| hits[id].span.start < hit.span.end + BYTES)
        .find(names)
        .map(|id| (id, hits[id].span.start.saturating_sub(hit.span.end)))
        .filter(|&(id, _)| lines(hit.span.end, hits[id].span.start) <= LINES);
    before.into_iter().chain(after).min_by_key(|&(_, distance)| distance)
}

/// Leaves out each id whose secret is told.
pub(super) fn absorb(findings: &mut Vec<Finding>) {
    if findings.iter().all(|finding| finding.pair.is_none()) {
        return;
    }
    let told: Vec<_> = findings.iter().filter(|f| f.marker.is_none()).map(|f| f.span.clone()).collect();
    findings.retain(|finding| finding.pair.as_ref().is_none_or(|secret| !told.contains(secret)));
}
