//! Scanning the cases and counting what was found.

use std::convert::Infallible;
use std::ops::Range;

use leakwarden::finding::{Confidence, Finding, Severity};
use leakwarden::rules::RuleSet;
use leakwarden::scan::scan_content;

use crate::case::{Case, Part};
use crate::value::{alternatives, make};

/// Expansions of a case whose parts have no alternatives: other draws of the same kinds.
const DRAWS: usize = 3;

/// A case with its parts filled in.
struct Expanded {
    text: String,
    /// Where each credential stands, piece by piece.
    secrets: Vec<Vec<Range<usize>>>,
}

/// How one case fared, as shares of its expansions between 0 and 1; at `likely` and above, and at
/// `possible` and above.
pub struct Outcome {
    /// Of the credentials, those found: a finding covers them.
    pub found: [f64; 2],
    /// Of the credentials, those of which a finding has the exact bounds.
    pub exact: f64,
    /// Of the expansions, those with a finding where there is no credential.
    pub falsehood: [f64; 2],
    /// The rules that said something false, or found a credential, sorted.
    pub rules: Vec<String>,
    /// The kinds of alternative values that are missed at `possible`, or told falsely at `likely`.
    pub odd: Vec<String>,
}

/// Scans each expansion of a case.
pub fn judge(case: &Case, rules: &RuleSet) -> Outcome {
    let turns = turns(case);
    let mut outcome =
        Outcome { found: [0.0; 2], exact: 0.0, falsehood: [0.0; 2], rules: Vec::new(), odd: Vec::new() };
    for turn in 0..turns {
        let expanded = expand(case, turn);
        let findings = scan(case, &expanded, rules);
        for (at, least) in [Confidence::Likely, Confidence::Possible].into_iter().enumerate() {
            let told: Vec<&Finding> = findings.iter().filter(|finding| finding.confidence >= least).collect();
            let share = 1.0 / (turns * expanded.secrets.len().max(1)) as f64;
            for secret in &expanded.secrets {
                if told.iter().any(|finding| covers(finding, secret)) {
                    outcome.found[at] += share;
                } else if at == 1 {
                    outcome.odd.extend(kinds(case, turn));
                }
                let whole = secret[0].start..secret[secret.len() - 1].end;
                if at == 1 && told.iter().any(|finding| finding.span == whole || secret.contains(&finding.span)) {
                    outcome.exact += share;
                }
            }
            let stray = |finding: &&Finding| !expanded.secrets.iter().any(|secret| touches(finding, secret));
            if told.iter().copied().any(|finding| stray(&finding)) {
                outcome.falsehood[at] += 1.0 / turns as f64;
                if at == 0 {
                    outcome.odd.extend(kinds(case, turn));
                }
            }
        }
        outcome.rules.extend(findings.into_iter().map(|finding| finding.rule));
    }
    for list in [&mut outcome.rules, &mut outcome.odd] {
        list.sort();
        list.dedup();
    }
    outcome
}

fn scan(case: &Case, expanded: &Expanded, rules: &RuleSet) -> Vec<Finding> {
    let keep = |_, _: &_, _: &mut _| Ok::<(), Infallible>(());
    let Ok(scanned) = scan_content(case.path.as_bytes(), expanded.text.as_bytes(), rules, keep);
    // Hashes of passwords and ids are told at low severity, as what they are: neither found nor false.
    scanned.findings.into_iter().filter(|finding| finding.severity > Severity::Low).collect()
}

/// Whether a finding holds a credential, or one piece of it where it is written in several.
fn covers(finding: &Finding, secret: &[Range<usize>]) -> bool {
    secret.iter().any(|piece| finding.span.start <= piece.start && finding.span.end >= piece.end)
}

fn touches(finding: &Finding, secret: &[Range<usize>]) -> bool {
    finding.span.start < secret[secret.len() - 1].end && finding.span.end > secret[0].start
}

/// How often a case is expanded: once for each alternative of its parts.
fn turns(case: &Case) -> usize {
    let own = |part: &Part| match part {
        Part::Text(_) => 1,
        Part::Other(kind) | Part::Secret(kind) | Part::More(kind) => {
            let inner = kind.rsplit('|').next().unwrap_or(kind);
            alternatives(inner).len().max(DRAWS)
        }
    };
    case.parts.iter().map(own).max().unwrap_or(1)
}

/// The alternatives that this expansion has taken, as far as they are named in this directory.
fn kinds(case: &Case, turn: usize) -> Vec<String> {
    let named = |part: &Part| {
        let (Part::Other(kind) | Part::Secret(kind) | Part::More(kind)) = part else { return None };
        let all = alternatives(kind.rsplit('|').next().unwrap_or(kind));
        Some(all.get(turn.checked_rem(all.len())?)?.to_string())
    };
    case.parts.iter().filter_map(named).collect()
}

fn expand(case: &Case, turn: usize) -> Expanded {
    let mut expanded = Expanded { text: String::new(), secrets: Vec::new() };
    for (place, part) in case.parts.iter().enumerate() {
        let start = expanded.text.len();
        let (Part::Other(kind) | Part::Secret(kind) | Part::More(kind)) = part else {
            let Part::Text(text) = part else { continue };
            expanded.text.push_str(text);
            continue;
        };
        let seed = format!("{} {} {} {place} {turn}", case.carrier, case.path, case.what);
        expanded.text.push_str(&make(kind, turn, &seed));
        let span = start..expanded.text.len();
        match part {
            Part::Secret(_) => expanded.secrets.push(vec![span]),
            Part::More(_) => expanded.secrets.last_mut().expect("a piece goes on with one before it").push(span),
            Part::Text(_) | Part::Other(_) => {}
        }
    }
    expanded.text.push('\n');
    expanded
}
