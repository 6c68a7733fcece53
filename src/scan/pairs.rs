//! An id and its secret near each other: one finding, at the secret's place.
//!
//! A secret takes the nearest id of a rule that its own rule names in `pair`. Of two ids the farther
//! one stays a finding of its own; two secrets beside one id both take the pair's severity, since the
//! id may belong to either. The id is left out only where its secret is told: when that stands on a
//! line that is not new, or is excused by a remark beside it, the id is told by itself.

use std::collections::HashSet;

use super::Hit;
use crate::finding::{Confidence, Finding};

/// How many lines an id may stand from its secret. A Kubernetes manifest takes two lines for each
/// variable (`name`, `value`), a profile has a region or an endpoint between the two.
const LINES: u32 = 5;

/// How many bytes, for texts without line ends; so a text full of ids costs no more than it is long.
const BYTES: usize = 1000;

/// Finds the pairs among hits that stand in the order of the text.
pub(super) fn join(hits: &mut [Hit<'_>], text: &[u8]) {
    let mut places = super::locate::Places::new(text);
    // For each id the distance of the secret that takes it in.
    let mut taken = vec![usize::MAX; hits.len()];
    for secret in 0..hits.len() {
        let Some((id, distance)) = nearest(hits, secret, text) else { continue };
        // From the secret's line, so that the text is read once: secrets stand in its order, ids do not.
        let (from, to) = (hits[secret].span.start, hits[id].span.start);
        let (line, _) = places.of(from);
        let line = match from < to {
            true => line.saturating_add(lines(text, from, to)),
            false => line.saturating_sub(lines(text, to, from)),
        };
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
    let before = (0..secret)
        .rev()
        .take_while(|&id| hits[id].span.end + BYTES > hit.span.start)
        .find(names)
        .map(|id| (id, hit.span.start.saturating_sub(hits[id].span.end)))
        .filter(|&(id, _)| lines(text, hits[id].span.end, hit.span.start) <= LINES);
    let after = (secret + 1..hits.len())
        .take_while(|&id| hits[id].span.start < hit.span.end + BYTES)
        .find(names)
        .map(|id| (id, hits[id].span.start.saturating_sub(hit.span.end)))
        .filter(|&(id, _)| lines(text, hit.span.end, hits[id].span.start) <= LINES);
    // In a list of pairs the id stands before its secret, unless another secret has it.
    let own = before.filter(|&(id, _)| hits[id + 1..secret].iter().all(|between| between.rule.id() != hit.rule.id()));
    own.or_else(|| before.into_iter().chain(after).min_by_key(|&(_, distance)| distance))
}

/// The line ends between two places; none where the hits overlap, as those of own rules may.
fn lines(text: &[u8], from: usize, to: usize) -> u32 {
    let ends = text.get(from..to).map_or(0, |between| memchr::memchr_iter(b'\n', between).count());
    u32::try_from(ends).unwrap_or(u32::MAX)
}

/// Leaves out each id whose secret is told.
pub(super) fn absorb(findings: &mut Vec<Finding>) {
    if findings.iter().all(|finding| finding.pair.is_none()) {
        return;
    }
    let told: HashSet<_> = findings.iter().filter(|f| f.marker.is_none()).map(|f| f.span.clone()).collect();
    findings.retain(|finding| finding.pair.as_ref().is_none_or(|secret| !told.contains(secret)));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use crate::finding::{Finding, Severity};
    use crate::fragment::{Fragment, View};
    use crate::rules::RuleSet;
    use crate::rules::template::expand;

    fn found(template: &str) -> Vec<Finding> {
        let text = expand(template, "pairs", None).expect("a valid template");
        super::super::scan(&Fragment::content(b"f", text.as_bytes(), View::Plain), &RuleSet::builtin()).findings
    }

    fn rules(findings: &[Finding]) -> Vec<(&str, u32)> {
        findings.iter().map(|finding| (finding.rule.as_str(), finding.location.line)).collect()
    }

    const ID: &str = "aws_access_key_id = AKIA{base32:15}Q{nl}";
    const SECRET: &str = "aws_secret_access_key = {base64:40}{nl}";

    #[test]
    fn an_id_beside_its_secret_is_part_of_one_finding() {
        for template in [format!("[default]{{nl}}{ID}{SECRET}"), format!("[default]{{nl}}{SECRET}{ID}")] {
            let findings = found(&template);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].rule, "aws-secret-access-key");
            assert_eq!(findings[0].severity, Severity::Critical);
            let line = 5 - findings[0].location.line;
            let said = format!("with its access key id on line {line}");
            assert!(findings[0].reasons.contains(&said), "{:?}", findings[0].reasons);
        }
    }

    #[test]
    fn an_id_raises_what_its_secret_opens() {
        let hmac = "gcs_secret: {base64:40}{nl}";
        let id = "gcs_access_key: GOOG1E{BASE36:55}{nl}";
        let alone = found(&format!("# storage.googleapis.com{{nl}}{hmac}"));
        assert_eq!(alone.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::High], "{alone:?}");
        let both = found(&format!("{id}{hmac}"));
        assert_eq!(both.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Critical], "{both:?}");
    }

    #[test]
    fn an_id_alone_or_far_away_stays_a_finding() {
        assert_eq!(rules(&found(ID)), [("aws-access-key-id", 1)]);
        let near = found(&format!("{ID}{{repeat:# more\n:4}}{SECRET}"));
        assert_eq!(rules(&near), [("aws-secret-access-key", 6)]);
        let far = found(&format!("{ID}{{repeat:# more\n:5}}{SECRET}"));
        assert_eq!(rules(&far), [("aws-access-key-id", 1), ("aws-secret-access-key", 7)]);
        let wide = found(&format!("{ID}# {{repeat:and more :200}}{{nl}}{SECRET}"));
        assert_eq!(wide.len(), 2, "{wide:?}");
    }

    #[test]
    fn of_two_ids_the_farther_one_stays() {
        let findings = found(&format!("{ID}# and{{nl}}{ID}{SECRET}"));
        assert_eq!(rules(&findings), [("aws-access-key-id", 1), ("aws-secret-access-key", 4)]);
    }

    #[test]
    fn two_secrets_share_one_id() {
        let findings = found(&format!("{SECRET}{ID}{SECRET}"));
        assert_eq!(rules(&findings), [("aws-secret-access-key", 1), ("aws-secret-access-key", 3)]);
        for finding in &findings {
            assert!(finding.reasons.iter().any(|reason| reason.ends_with("on line 2")), "{:?}", finding.reasons);
        }
    }

    /// A secret that is not told (its line is not new, or a remark excuses it) hides no id.
    #[test]
    fn an_id_whose_secret_is_not_told_is_told_by_itself() {
        let text = expand(&format!("{SECRET}{ID}"), "pairs", None).expect("a valid template");
        let second = |_: View, _: &Fragment<'_>, found: &mut Vec<Finding>| {
            found.retain(|finding| finding.location.line == 2);
            Ok::<(), Infallible>(())
        };
        let Ok(scanned) = super::super::scan_content(b"f", text.as_bytes(), &RuleSet::builtin(), second);
        assert_eq!(rules(&scanned.findings), [("aws-access-key-id", 2)]);
        let marked = found(
            "aws_secret_access_key = {base64:40} # leakwarden:allow rotated{nl}aws_access_key_id = AKIA{base32:15}Q{nl}",
        );
        assert_eq!(marked.len(), 2, "{marked:?}");
    }

    #[test]
    fn own_rules_stand_for_themselves() {
        let own = "[[rule]]\nid = \"own-secret\"\nprovider = \"Own\"\nname = \"secret\"\nseverity = \"low\"\n\
            keywords = [\"ownsecret\"]\npattern = 'ownsecret[0-9a-f]{16}'\npair = [\"aws-access-key-id\"]\n";
        let file: crate::rules::syntax::RuleFile = toml::from_str(own).expect("a valid rule");
        let set = RuleSet::with(file.rules).expect("a set of rules");
        let text = expand(&format!("{ID}x = ownsecret{{hex:16}}{{nl}}"), "pairs", None).expect("a valid template");
        let findings = super::super::scan(&Fragment::content(b"f", text.as_bytes(), View::Plain), &set).findings;
        assert_eq!(rules(&findings), [("aws-access-key-id", 1), ("own-secret", 2)]);
        assert_eq!(findings[1].severity, Severity::High, "raised to that of the id");
    }
}
