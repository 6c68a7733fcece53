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
    let mut kept: Vec<Hit<'_>> = Vec::new();
    for hit in hits {
        let owner = hit.rule.own.then(|| hit.rule.id().to_owned());
        let taken = by_owner.entry(owner).or_default();
        let before = taken.range(..hit.span.end).next_back();
        if let Some((_, &(_, better))) = before.filter(|(_, (end, _))| *end > hit.span.start) {
            // A key that everybody may know, inside of a longer secret, must not stand for it.
            let (start, inner) = (kept[better].span.start, &kept[better]);
            let around = hit.span.start <= start && hit.span.end >= inner.span.end && hit.span != inner.span;
            let weak = inner.confidence == Confidence::Possible || inner.severity == Severity::Low;
            if weak && around && (hit.confidence, hit.severity) > (inner.confidence, inner.severity) {
                taken.remove(&start);
                taken.insert(hit.span.start, (hit.span.end, better));
                kept[better] = hit;
                continue;
            }
            let better = &mut kept[better];
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
        kept.push(hit);
    }
    kept
}
