//! Hits as findings: where they stand, what may be shown of them, and why they are believed.

use super::{Hit, Hits, locate, marker};
use crate::finding::{Finding, Location, Secret, Show, redact};
use crate::fragment::Fragment;
use crate::rules::{Kind, Rule, filters};

impl Hits<'_> {
    /// Says to which key a value is assigned. A key that is itself part of something found is not
    /// named: in a list, the value before may look like one.
    pub(super) fn explain(&mut self) {
        let spans = locate::Spans::of(self.all.iter().map(|hit| hit.span.clone()).collect());
        for hit in &mut self.all {
            let Some(key) = &hit.key else { continue };
            let name = filters::shown_key(self.text, key.clone(), hit.span.start);
            if let Some(name) = name.filter(|_| !spans.meet(key)) {
                hit.reasons.push(format!("assigned to `{name}`"));
            }
        }
        for hit in self.all.iter_mut().filter(|hit| hit.reasons.is_empty()) {
            hit.reasons.push(format!("has the shape of a {} {}", hit.rule.source.provider, hit.rule.source.name));
        }
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
