//! Hits as findings: where they stand, what may be shown of them, and why they are believed.

use std::collections::HashSet;

use super::{Hit, Hits, locate, marker};
use crate::finding::{Finding, Location, Secret, Show, redact};
use crate::fragment::Fragment;
use crate::rules::{Kind, Rule, filters};

impl Hits<'_> {
    /// Says to which key a value is assigned. A key that is itself part of something found is not
    /// named: in a list, the value before may look like one. Nor is one that repeats a part of a value.
    pub(super) fn explain(&mut self) {
        let spans = locate::Spans::of(self.all.iter().map(|hit| hit.span.clone()).collect());
        let values = Values::of(self.all.iter().map(|hit| &self.text[hit.span.clone()]));
        for hit in &mut self.all {
            let Some(key) = &hit.key else { continue };
            let name = filters::shown_key(self.text, key.clone(), hit.span.start);
            if let Some(name) = name.filter(|name| !spans.meet(key) && !values.told_by(name)) {
                hit.reasons.push(format!("assigned to `{name}`"));
            }
        }
        for hit in self.all.iter_mut().filter(|hit| hit.reasons.is_empty()) {
            hit.reasons.push(format!("has the shape of a {} {}", hit.rule.source.provider, hit.rule.source.name));
        }
    }
}

/// Bytes of a value in a row that no name may repeat.
const PIECE: usize = 8;

/// The shortest value that a name may not repeat, in bytes: shorter ones are parts of many words.
const SHORTEST: usize = 4;

/// What no name may repeat: pieces of values, and those values that are shorter than a piece.
pub(super) struct Values<'a>(HashSet<&'a [u8]>);

impl<'a> Values<'a> {
    /// Takes what was found.
    pub(super) fn of(found: impl Iterator<Item = &'a [u8]>) -> Self {
        let long = found.filter(|value| value.len() >= SHORTEST);
        Values(long.flat_map(|value| value.windows(PIECE.min(value.len()))).collect())
    }

    /// Whether a name repeats something of them.
    pub(super) fn told_by(&self, name: &str) -> bool {
        let repeats = |length| name.as_bytes().windows(length).any(|piece| self.0.contains(piece));
        (SHORTEST..=PIECE).any(repeats)
    }
}

/// Takes back the names of keys that repeat a part of what another view of the file has found: there a NUL
/// does not part what stands on its two sides.
pub(super) fn hush(findings: &mut [Finding]) {
    // Compared only.
    let values = Values::of(findings.iter().map(|own| own.secret.expose()));
    let names = |reason: &String| reason.starts_with("assigned to `") && values.told_by(reason);
    let left = |own: &Finding| own.reasons.iter().filter(|reason| !names(reason)).cloned().collect();
    let all: Vec<Vec<String>> = findings.iter().map(left).collect();
    for (own, left) in findings.iter_mut().zip(all) {
        own.reasons = if left.is_empty() { vec![format!("has the shape of a {}", own.what())] } else { left };
    }
}

pub(super) fn finding(hit: Hit<'_>, fragment: &Fragment<'_>, text: &[u8], places: &mut locate::Places<'_>) -> Finding {
    let bytes = &text[hit.span.clone()];
    let source = &hit.rule.source;
    let (line, column) = places.of(hit.span.start);
    let (end_line, end_column) = places.of(hit.span.end);
    let redacted = match hit.rule.kind {
        Kind::FileName => crate::finding::escape(bytes),
        _ => redact(bytes, show(hit.rule, bytes)),
    };
    Finding {
        rule: source.id.clone(),
        provider: source.provider.clone(),
        name: source.name.clone(),
        severity: hit.severity,
        confidence: hit.confidence,
        location: Location { path: fragment.path.to_vec(), part: fragment.part, line, column, end_line, end_column },
        secret: Secret::new(bytes),
        marker: marker::beside(text, &hit.span),
        issued: issued(hit.rule, bytes),
        span: hit.span,
        redacted,
        reasons: hit.reasons,
        rotate: source.rotate.clone(),
        pair: hit.pair,
        key_tag: hit.key.map(|key| crate::fingerprint::tag(&text[key])),
    }
}

/// What may be shown of a value of this rule.
pub(super) fn show(rule: &Rule, bytes: &[u8]) -> Show {
    match rule.kind {
        _ if rule.source.hide => Show::Nothing,
        Kind::Token => Show::Prefix(rule.fixed_prefix(bytes)),
        // Without a prefix the value may have been chosen by a person unless the pattern is strict.
        _ if rule.source.provider == "Generic" => Show::Nothing,
        _ => Show::Prefix(0),
    }
}

/// How many leading bytes are fixed, if a value of this rule is drawn at random by its issuer.
fn issued(rule: &Rule, bytes: &[u8]) -> Option<usize> {
    use crate::rules::syntax::Structure::{BasicAuth, Password, Pem, UrlPassword};
    let source = &rule.source;
    match source.structure {
        Some(Pem) => Some(0),
        Some(UrlPassword | Password | BasicAuth) => None,
        _ if rule.kind == Kind::FileName || source.hide || source.provider == "Generic" => None,
        _ => Some(rule.fixed_prefix(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::{Finding, Secret};
    use crate::fragment::{Fragment, View};
    use crate::rules::RuleSet;
    use crate::rules::template::expand;
    use crate::scan::explain::explain;

    #[test]
    fn a_key_that_repeats_a_part_of_a_value_is_not_named() {
        // Words, so that the names look like names.
        let value = expand("Garnet-willow-{digit:4}!kestrel", "tell", None).expect("a valid template");
        let rules = RuleSet::builtin();
        for key in ["willow_password", "Garnet-willow_password", "x_kestrel_password"] {
            let text = format!("db_user = app\ndb_password = \"{value}\"\n{key} = \"{value}\"\n");
            let (found, explained) = explain(&Fragment::content(b".env", text.as_bytes(), View::Plain), &rules);
            assert_eq!(found.findings.len(), 2, "{key}");
            let named = |key: &str| {
                let reasons = found.findings.iter().flat_map(|own| &own.reasons).any(|own| own.contains(key));
                let tried = explained.candidates.iter().any(|own| own.key.as_deref() == Some(key));
                assert_eq!(reasons, tried, "{key}");
                reasons
            };
            assert!(named("db_password"));
            let repeats = key.contains("-willow") || key.contains("!kestrel");
            assert_eq!(named(key), !repeats, "{key}");
        }
    }

    #[test]
    fn nor_one_that_repeats_what_another_view_holds() {
        let text = expand("willow_password = \"{password:16}\"\n", "views", None).expect("a valid template");
        let rules = RuleSet::builtin();
        let own = explain(&Fragment::content(b".env", text.as_bytes(), View::Plain), &rules).0.findings;
        let named = |own: &Finding| own.reasons.iter().any(|own| own.contains("willow_password"));
        let other = Finding { secret: Secret::new(*b"1-willow_password"), reasons: Vec::new(), ..own[0].clone() };
        let mut all = vec![own[0].clone(), other];
        assert!(named(&all[0]));
        super::hush(&mut all);
        assert!(!named(&all[0]) && !all[0].reasons.is_empty());
    }
}
