//! What `scan --explain` tells: for each value on which a rule was tried, what was asked and what
//! became of it.

use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;

use super::Report;
use super::human::Look;
use crate::files::ExplainedFile;
use crate::finding::{Confidence, Part, Severity, escape, escape_json, lossy};
use crate::policy::Judged;
use crate::receipt::NotScanned;
use crate::scan::explain::{Candidate, Outcome};

/// The version of the JSON document.
const VERSION: u32 = 1;

/// Columns before the words of a step.
const STEP: usize = 13;

/// For people: a block for each candidate, then how many words had nothing to judge, and totals.
pub fn human(report: &Report, files: &[ExplainedFile], look: Look) -> String {
    let mut out = String::new();
    let judgements = Judgements::of(report);
    for file in files {
        for own in &file.explained.candidates {
            out.push_str(&block(own, &file.path, &judgements, look));
            out.push('\n');
        }
    }
    for file in files {
        out.push_str(&rest(file));
    }
    for skipped in &report.receipt.not_scanned {
        out.push_str(&format!("not scanned: {}: {}\n", skipped.path, skipped.reason));
    }
    let totals = Totals::of(files);
    let noun = if totals.candidates == 1 { "candidate" } else { "candidates" };
    out.push_str(&format!(
        "{} {noun}: {} reported, {} covered by these, {} dropped\n",
        totals.candidates, totals.reported, totals.covered, totals.dropped
    ));
    out
}

fn block(own: &Candidate, path: &[u8], judgements: &Judgements<'_>, look: Look) -> String {
    let place = match own.part {
        Part::Content => format!("{}:{}:{}", escape(path), own.line, own.column),
        part => format!("{} ({})", escape(path), part.name()),
    };
    let mut out = format!("{}  {}  {}\n", look.bold(&place), own.rule, escape(own.redacted.as_bytes()));
    let mut row = |name: &str, text: &str| out.push_str(&format!("  {name:<STEP$}{text}\n"));
    row("what", &own.what);
    if let Some(key) = &own.key {
        row("key", &format!("`{key}`"));
    }
    for step in &own.steps {
        row(step.filter, &format!("{}: {}", if step.kept { "kept" } else { "dropped" }, step.said));
    }
    match &own.outcome {
        Outcome::Reported { severity, confidence, reasons } => {
            let judged = judgements.on(own, path);
            let severity = judged.map_or(*severity, |judged| judged.finding.severity);
            let reasons: Vec<String> = reasons.iter().map(|reason| escape(reason.as_bytes())).collect();
            row("why", &reasons.join("; "));
            let blocks = judged.map_or_else(String::new, says);
            row("outcome", &format!("{}, {}{blocks}", severity.name(), confidence.name()));
        }
        Outcome::Covered(rule) if *rule == own.rule => row("outcome", "covered by another match of the same rule"),
        Outcome::Covered(rule) => row("outcome", &format!("covered by the more specific {rule}")),
        Outcome::Dropped => row("outcome", "no finding"),
    }
    out
}

/// What policy says of a finding.
fn says(judged: &Judged) -> String {
    match &judged.excepted {
        _ if judged.blocking => format!("; blocks (id {})", judged.id),
        Some(own) => {
            format!("; let pass by {} ({}, {})", own.how.name(), escape(own.id.as_bytes()), escape(own.kind.as_bytes()))
        }
        None => "; does not block".to_owned(),
    }
}

/// The judgements of a report, by what they speak of: path, part, line and column, rule, span.
struct Judgements<'r>(HashMap<Place<'r>, &'r Judged>);

type Place<'r> = (&'r [u8], Part, (u32, u32), &'r str, &'r Range<usize>);

impl<'r> Judgements<'r> {
    fn of(report: &'r Report) -> Self {
        let mut all = HashMap::with_capacity(report.findings.len());
        for judged in &report.findings {
            let (finding, at) = (&judged.finding, &judged.finding.location);
            let key = (at.path.as_slice(), at.part, (at.line, at.column), finding.rule.as_str(), &finding.span);
            all.entry(key).or_insert(judged);
        }
        Judgements(all)
    }

    /// The judgement on a candidate that is a finding.
    fn on(&self, own: &Candidate, path: &[u8]) -> Option<&'r Judged> {
        self.0.get(&(path, own.part, (own.line, own.column), own.rule.as_str(), &own.span)).copied()
    }
}

/// How many words of rules had nothing to judge in a file.
fn rest(file: &ExplainedFile) -> String {
    let unlike = &file.explained.unlike;
    if unlike.is_empty() {
        return String::new();
    }
    let count: usize = unlike.iter().map(|(_, _, count)| count).sum();
    let places = if count == 1 { "a word of a rule stands" } else { "words of rules stand" };
    let mut out = format!("{}: {places} where nothing is to judge ({count}):\n", escape(&file.path));
    for (rule, why, count) in unlike {
        out.push_str(&format!("  {count:>6} × {rule}: {why}\n"));
    }
    out.push('\n');
    out
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: Vec<OfFile<'a>>,
    not_scanned: &'a [NotScanned],
    totals: Totals,
}

#[derive(Serialize)]
struct OfFile<'a> {
    path: String,
    candidates: Vec<OfCandidate<'a>>,
    unlike: Vec<OfUnlike<'a>>,
}

#[derive(Serialize)]
struct OfCandidate<'a> {
    rule: &'a str,
    what: &'a str,
    part: &'static str,
    line: u32,
    column: u32,
    redacted: &'a str,
    key: Option<&'a str>,
    steps: Vec<OfStep<'a>>,
    outcome: &'static str,
    covered_by: Option<&'a str>,
    finding: Option<OfFinding<'a>>,
}

#[derive(Serialize)]
struct OfStep<'a> {
    filter: &'static str,
    kept: bool,
    said: &'a str,
}

#[derive(Serialize)]
struct OfFinding<'a> {
    id: Option<&'a str>,
    severity: &'static str,
    confidence: &'static str,
    blocking: bool,
    excepted_by: Option<&'static str>,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct OfUnlike<'a> {
    rule: &'a str,
    reason: &'static str,
    count: usize,
}

#[derive(Serialize, Default)]
struct Totals {
    candidates: usize,
    reported: usize,
    covered: usize,
    dropped: usize,
}

impl Totals {
    fn of(files: &[ExplainedFile]) -> Self {
        let mut totals = Totals::default();
        for own in files.iter().flat_map(|file| &file.explained.candidates) {
            totals.candidates += 1;
            match own.outcome {
                Outcome::Reported { .. } => totals.reported += 1,
                Outcome::Covered(_) => totals.covered += 1,
                Outcome::Dropped => totals.dropped += 1,
            }
        }
        totals
    }
}

/// For programs: one JSON document with a line feed at its end (`docs/json.md`).
pub fn json(report: &Report, files: &[ExplainedFile]) -> String {
    let judgements = Judgements::of(report);
    let document = Document {
        version: VERSION,
        files: files.iter().map(|file| of_file(file, &judgements)).collect(),
        not_scanned: &report.receipt.not_scanned,
        totals: Totals::of(files),
    };
    let mut text = escape_json(&serde_json::to_string_pretty(&document).expect("plain data with string keys"));
    text.push('\n');
    text
}

fn of_file<'a>(file: &'a ExplainedFile, judgements: &Judgements<'a>) -> OfFile<'a> {
    let unlike = file.explained.unlike.iter().map(|(rule, reason, count)| OfUnlike { rule, reason, count: *count });
    OfFile {
        path: lossy(&file.path),
        candidates: file.explained.candidates.iter().map(|own| of_candidate(own, &file.path, judgements)).collect(),
        unlike: unlike.collect(),
    }
}

fn of_candidate<'a>(own: &'a Candidate, path: &[u8], judgements: &Judgements<'a>) -> OfCandidate<'a> {
    let (outcome, covered_by, finding) = match &own.outcome {
        Outcome::Reported { severity, confidence, reasons } => {
            ("reported", None, Some(of_finding(judgements.on(own, path), *severity, *confidence, reasons)))
        }
        Outcome::Covered(rule) => ("covered", Some(rule.as_str()), None),
        Outcome::Dropped => ("dropped", None, None),
    };
    let steps = own.steps.iter().map(|step| OfStep { filter: step.filter, kept: step.kept, said: &step.said });
    OfCandidate {
        rule: &own.rule,
        what: &own.what,
        part: own.part.name(),
        line: own.line,
        column: own.column,
        redacted: &own.redacted,
        key: own.key.as_deref(),
        steps: steps.collect(),
        outcome,
        covered_by,
        finding,
    }
}

fn of_finding<'a>(
    judged: Option<&'a Judged>,
    severity: Severity,
    confidence: Confidence,
    reasons: &'a [String],
) -> OfFinding<'a> {
    OfFinding {
        id: judged.map(|own| own.id.as_str()),
        severity: judged.map_or(severity, |own| own.finding.severity).name(),
        confidence: confidence.name(),
        blocking: judged.is_some_and(|own| own.blocking),
        excepted_by: judged.and_then(|own| own.excepted.as_ref()).map(|excepted| excepted.how.name()),
        reasons,
    }
}
