//! Where several rules found something at one place, the one that tells most is kept.

use super::Hit;
use crate::finding::{Confidence, Severity};
use crate::rules::Kind;
use crate::rules::syntax::Structure;

/// How much a hit tells, to be compared.
fn specific(hit: &Hit<'_>) -> impl Ord + use<> {
    let source = &hit.rule.source;
    let issued = source.provider != "Generic";
    let kind = match hit.rule.kind {
        Kind::Token => 3,
        Kind::Assigned => 2,
        Kind::Context => 1,
        Kind::FileName => 0,
    };
    // Of two forms of one value the one with more of its own text; of two general rules the one that asks
    // for more than a likelihood.
    let literal = source.keywords.iter().map(String::len).filter(|_| issued).max();
    let asks = !matches!(source.structure, Some(Structure::Password | Structure::Issued));
    (issued && kind == 3, hit.confidence, issued, kind, asks, hit.span.len(), literal)
}

/// Keeps each hit that overlaps none of the better ones before it. What a general rule makes of the same
/// value lends its confidence to the special one; but where a format has a checksum that failed, that
/// decides. Rules of a person's own stand for themselves: whoever writes one must not be able to hide
/// what another rule finds.
pub(super) fn keep(mut hits: Vec<Hit<'_>>) -> Vec<Hit<'_>> {
    // Best first; each later one is kept only where no better one overlaps it.
    hits.sort_by(|a, b| specific(b).cmp(&specific(a)).then_with(|| a.rule.id().cmp(b.rule.id())));
    type Taken = std::collections::BTreeMap<usize, (usize, usize)>;
    let mut by_owner: std::collections::BTreeMap<Option<String>, Taken> = std::collections::BTreeMap::new();
    let mut kept: Vec<Option<Hit<'_>>> = Vec::new();
    for hit in hits {
        let owner = hit.rule.own.then(|| hit.rule.id().to_owned());
        let taken = by_owner.entry(owner).or_default();
        // The kept ones that it overlaps, the last first.
        let met = taken.range(..hit.span.end).rev().take_while(|(_, (end, _))| *end > hit.span.start);
        let mut met = met.map(|(_, &(_, better))| better).peekable();
        if let Some(&last) = met.peek() {
            // Keys that everybody may know, inside of a longer secret, must not stand for it.
            if met.all(|inner| kept[inner].as_ref().is_some_and(|inner| lies_around(&hit, inner))) {
                let within: Vec<usize> = taken.range(hit.span.start..hit.span.end).map(|(start, _)| *start).collect();
                for (_, inner) in within.iter().filter_map(|start| taken.remove(start)) {
                    kept[inner] = None;
                }
                taken.insert(hit.span.start, (hit.span.end, last));
                kept[last] = Some(hit);
                continue;
            }
            let Some(better) = &mut kept[last] else { continue };
            let general = better.rule.source.provider == "Generic" && hit.rule.source.provider != "Generic";
            if general && better.span == hit.span && hit.confidence > Confidence::Possible {
                let was = std::mem::replace(better, hit);
                better.confidence = better.confidence.max(was.confidence);
                better.reasons.extend(was.reasons);
            } else if better.rule.source.checksum.is_none()
                && better.span == hit.span
                && hit.confidence > better.confidence
            {
                better.confidence = hit.confidence;
                better.reasons.extend(hit.reasons);
            }
            continue;
        }
        taken.insert(hit.span.start, (hit.span.end, kept.len()));
        kept.push(Some(hit));
    }
    kept.into_iter().flatten().collect()
}

/// Whether a hit stands for one inside of it that tells little.
fn lies_around(hit: &Hit<'_>, inner: &Hit<'_>) -> bool {
    let around = hit.span.start <= inner.span.start && hit.span.end >= inner.span.end && hit.span != inner.span;
    let weak = inner.confidence == Confidence::Possible || inner.severity == Severity::Low;
    weak && around && (hit.confidence, hit.severity) > (inner.confidence, inner.severity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rule;

    fn rule(id: &str, provider: &str, words: &str) -> Rule {
        let rest = "severity = 'high'\nrotate = 'https://x.example'\npattern = '(?P<secret>x+)'\nexamples = ['x']";
        let text = format!("id = '{id}'\nprovider = '{provider}'\nname = 'x'\n{words} = ['xxx']\n{rest}\n");
        Rule::new(crate::document::parse(&text).expect("a rule")).expect("a rule that compiles")
    }

    /// An outer value took the place of the last one inside of it only.
    #[test]
    fn what_is_kept_never_overlaps() {
        let (inner, outer) = (rule("any-inner", "Any", "keywords"), rule("generic-outer", "Generic", "keys"));
        let hit = |rule, span, confidence| Hit {
            rule,
            span,
            severity: Severity::High,
            confidence,
            reasons: Vec::new(),
            key: None,
            pair: None,
        };
        let spans = |first| {
            let hits = vec![
                hit(&inner, 4..8, first),
                hit(&inner, 10..14, Confidence::Possible),
                hit(&outer, 0..20, Confidence::Likely),
            ];
            let mut spans: Vec<_> = keep(hits).into_iter().map(|hit| (hit.span.start, hit.span.end)).collect();
            spans.sort_unstable();
            spans
        };
        assert_eq!(spans(Confidence::Possible), [(0, 20)], "one value around two weak ones");
        assert_eq!(spans(Confidence::Certain), [(4, 8), (10, 14)], "one of the two tells more");
    }
}
