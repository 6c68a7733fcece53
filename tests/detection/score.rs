//! Scanning the cases and counting what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Range;

use leakwarden::finding::{Confidence, Finding, Severity};
use leakwarden::fragment::Fragment;
use leakwarden::rules::RuleSet;
use leakwarden::scan::scan_content;

use crate::case::{Case, Part};
use crate::value::{alternatives, make};

/// Expansions of a case whose parts have no alternatives: other draws of the same kinds.
const DRAWS: usize = 3;

/// The two ways to count: what blocks, and all that is told.
const LEAST: [Confidence; 2] = [Confidence::Likely, Confidence::Possible];

/// A credential in an expanded case.
struct Planted {
    /// Where it stands, piece by piece.
    pieces: Vec<Range<usize>>,
    /// Its kind, and which of the kind's alternatives.
    kind: &'static str,
}

/// How one case fared, as shares of its expansions between 0 and 1; at `likely` and above, and at
/// `possible` and above.
#[derive(Default)]
pub struct Outcome {
    /// Of the credentials, those found: a finding covers them.
    pub found: [f64; 2],
    /// Of the credentials, those of which a finding has the exact bounds.
    pub exact: f64,
    /// Of the expansions, those with a finding where there is no credential.
    pub falsehood: [f64; 2],
    /// What is not found, or told falsely, and in which line of the case; for each the kinds of values.
    pub remarks: BTreeMap<String, BTreeSet<String>>,
}

/// Scans each expansion of a case.
pub fn judge(case: &Case, rules: &RuleSet) -> Outcome {
    let turns = turns(case);
    let mut outcome = Outcome::default();
    for turn in 0..turns {
        let (text, secrets) = expand(case, turn);
        let findings = scan(case, &text, rules);
        let each = 1.0 / (turns * secrets.len().max(1)) as f64;
        for secret in &secrets {
            let best = findings.iter().filter(|own| covers(own, secret)).map(|own| own.confidence).max();
            for (found, least) in outcome.found.iter_mut().zip(LEAST) {
                *found += if best >= Some(least) { each } else { 0.0 };
            }
            if findings.iter().any(|own| exact(own, secret)) {
                outcome.exact += each;
            }
            if best < Some(LEAST[0]) {
                let only = if best.is_some() { "only possible" } else { "not found" };
                let line = line(case, &text, secret.pieces[0].start);
                outcome.remarks.entry(format!("{only}: {line}")).or_default().insert(secret.kind.to_owned());
            }
        }
        let strays: Vec<&Finding> =
            findings.iter().filter(|own| !secrets.iter().any(|secret| touches(own, secret))).collect();
        for (falsehood, least) in outcome.falsehood.iter_mut().zip(LEAST) {
            *falsehood += if strays.iter().any(|own| own.confidence >= least) { 1.0 / turns as f64 } else { 0.0 };
        }
        for stray in strays {
            let line = line(case, &text, stray.span.start);
            let remark = format!("told falsely, {} {}: {line}", stray.confidence.name(), stray.rule);
            outcome.remarks.entry(remark).or_default().extend(kinds(case, turn));
        }
    }
    outcome
}

fn scan(case: &Case, text: &str, rules: &RuleSet) -> Vec<Finding> {
    let keep = |_, _: &Fragment<'_>, _: &mut Vec<Finding>| Ok::<(), Infallible>(());
    let Ok(scanned) = scan_content(case.path.as_bytes(), text.as_bytes(), rules, keep);
    // Hashes of passwords and ids are told at low severity, as what they are: neither found nor false.
    // So is the id of a key, where its secret is missed.
    let counts = |finding: &Finding| finding.severity > Severity::Low && finding.rule != "aws-access-key-id";
    scanned.findings.into_iter().filter(counts).collect()
}

/// Whether a finding holds a credential, or one piece of it where it is written in several.
fn covers(finding: &Finding, planted: &Planted) -> bool {
    planted.pieces.iter().any(|piece| finding.span.start <= piece.start && finding.span.end >= piece.end)
}

fn exact(finding: &Finding, planted: &Planted) -> bool {
    finding.span == whole(planted) || planted.pieces.contains(&finding.span)
}

fn touches(finding: &Finding, planted: &Planted) -> bool {
    finding.span.start < whole(planted).end && finding.span.end > whole(planted).start
}

fn whole(planted: &Planted) -> Range<usize> {
    planted.pieces[0].start..planted.pieces[planted.pieces.len() - 1].end
}

/// How often a case is expanded: once for each alternative of its parts.
fn turns(case: &Case) -> usize {
    let own = |part: &Part| kind(part).map_or(1, |kind| alternatives(inner(kind)).len().max(DRAWS));
    case.parts.iter().map(own).max().unwrap_or(1)
}

fn kind(part: &Part) -> Option<&'static str> {
    match part {
        Part::Text(_) => None,
        Part::Other(kind) | Part::Secret(kind) | Part::More(kind) => Some(kind),
    }
}

/// A kind without the wrap around it.
fn inner(kind: &'static str) -> &'static str {
    kind.rsplit('|').next().unwrap_or(kind)
}

/// A kind, or the alternative of it that this expansion has.
fn taken(kind: &'static str, turn: usize) -> &'static str {
    let all = alternatives(inner(kind));
    turn.checked_rem(all.len()).map_or(kind, |place| all[place])
}

/// The texts that stand in a case for others in turn, as this expansion has them.
fn kinds(case: &Case, turn: usize) -> impl Iterator<Item = String> {
    let others = case.parts.iter().filter(|part| matches!(part, Part::Other(_))).filter_map(kind);
    others.filter(|kind| !alternatives(inner(kind)).is_empty()).map(move |kind| taken(kind, turn).to_owned())
}

fn expand(case: &Case, turn: usize) -> (String, Vec<Planted>) {
    let mut text = String::new();
    let mut secrets: Vec<Planted> = Vec::new();
    for (place, part) in case.parts.iter().enumerate() {
        let start = text.len();
        match part {
            Part::Text(own) => text.push_str(own),
            Part::Other(kind) | Part::Secret(kind) | Part::More(kind) => {
                let seed = format!("{} {} {} {place} {turn}", case.carrier, case.path, case.what);
                text.push_str(&make(kind, turn, &seed));
            }
        }
        let span = start..text.len();
        match part {
            Part::Secret(kind) => secrets.push(Planted { pieces: vec![span], kind: taken(kind, turn) }),
            Part::More(_) => secrets.last_mut().expect("a piece goes on with one before it").pieces.push(span),
            Part::Text(_) | Part::Other(_) => {}
        }
    }
    text.push('\n');
    (text, secrets)
}

/// The line of the case that has become the line at `at`: no value has more than one line.
fn line(case: &Case, text: &str, at: usize) -> String {
    let number = text[..at].matches('\n').count();
    let written = case.parts.iter().map(|part| match part {
        Part::Text(own) => (*own).to_owned(),
        Part::Other(kind) => format!("{{{{some:{kind}}}}}"),
        Part::Secret(kind) => format!("{{{{leak:{kind}}}}}"),
        Part::More(kind) => format!("{{{{more:{kind}}}}}"),
    });
    written.collect::<String>().lines().nth(number).unwrap_or_default().trim().to_owned()
}
