//! The scan that tells its way: what was tried, and which filter kept or dropped it.
//!
//! It is the ordinary scan with a [`Trace`] beside it, so that the two cannot disagree. Nothing that
//! leaves this file holds a value: what is no finding is shown with less than a finding would be.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::locate::{Places, Spans};
use super::tell::{Values, hush, show};
use super::{MOST_HITS, Scan, Told, pairs, scan_traced};
use crate::finding::{Confidence, Finding, Part, Severity, Show, phrase, redact};
use crate::fragment::{Fragment, views};
use crate::rules::filters::{self, Step, Steps};
use crate::rules::{Kind, Rule, RuleSet};

/// A value that a rule was tried on.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The rule's id.
    pub rule: String,
    /// What the rule looks for, in words.
    pub what: String,
    /// The part of the change that holds it.
    pub part: Part,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// The bytes it takes of the scanned text, as in [`Finding::span`].
    pub span: Range<usize>,
    /// What may be shown of it.
    pub redacted: String,
    /// The key it is assigned to, where that may be shown.
    pub key: Option<String>,
    /// What was asked, in order.
    pub steps: Vec<Step>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is a finding.
    Reported {
        /// What it opens.
        severity: Severity,
        /// How sure this is.
        confidence: Confidence,
        /// Why it is believed.
        reasons: Vec<String>,
    },
    /// A finding of this rule, which tells more, stands at the same place.
    Covered(String),
    /// The last step dropped it.
    Dropped,
}

/// What a scan tried.
#[derive(Debug, Clone, Default)]
pub struct Explained {
    /// Values on which a rule was tried, in the order in which they stand.
    pub candidates: Vec<Candidate>,
    /// How often a rule's word stood where there was nothing to judge: rule, why, how often.
    pub unlike: Vec<(String, &'static str, usize)>,
}

impl Explained {
    /// Adds what was tried in another part or view of the same file.
    pub fn add(&mut self, mut other: Explained) {
        self.candidates.append(&mut other.candidates);
        self.unlike.append(&mut other.unlike);
    }
}

/// Scans a fragment, and tells what was tried.
pub fn explain(fragment: &Fragment<'_>, rules: &RuleSet) -> (Scan, Explained) {
    let (mut scan, trace) = scan_traced(fragment, rules, Some(Trace::default()));
    let mut explained = trace.unwrap_or_default().told(fragment, &scan.findings);
    let ids: Vec<(Range<usize>, Range<usize>)> =
        scan.findings.iter().filter_map(|own| Some((own.span.clone(), own.pair.clone()?))).collect();
    pairs::absorb(&mut scan.findings);
    let mut left: HashMap<&Range<usize>, &str> = HashMap::new();
    for own in &scan.findings {
        left.entry(&own.span).or_insert(&own.rule);
    }
    let covered = ids.iter().filter(|(id, _)| !left.contains_key(id));
    let covered: HashMap<_, _> = covered.filter_map(|(id, secret)| Some((id, *left.get(secret)?))).collect();
    for candidate in explained.candidates.iter_mut().filter(|own| matches!(own.outcome, Outcome::Reported { .. })) {
        let Some(rule) = covered.get(&candidate.span) else { continue };
        candidate.outcome = Outcome::Covered((*rule).to_owned());
        candidate.redacted = redact(b"", Show::Nothing);
    }
    (scan, explained)
}

/// Scans a file's content in every view it needs, as [`super::scan_content`] does, and tells what was
/// tried.
pub fn explain_content(path: &[u8], bytes: &[u8], rules: &RuleSet) -> (Scan, Explained) {
    let mut all = (Scan::default(), Explained::default());
    for &view in views(bytes) {
        let fragment = Fragment::content(path, bytes, view);
        let (mut scan, mut explained) = explain(&fragment, rules);
        let told = Told::by(&all.0.findings);
        let (again, left): (Vec<_>, Vec<_>) = scan.findings.into_iter().partition(|own| told.tells(own));
        let again: HashSet<_> = again.iter().map(|own| (own.rule.as_str(), &own.span)).collect();
        explained.candidates.retain(|own| !again.contains(&(own.rule.as_str(), &own.span)));
        scan.findings = left;
        all.0.findings.append(&mut scan.findings);
        all.0.given_up = all.0.given_up.or(scan.given_up);
        all.1.add(explained);
    }
    if views(bytes).len() > 1 {
        hush(&mut all.0.findings);
        // Compared only.
        let values = Values::of(all.0.findings.iter().map(|own| own.secret.expose()));
        for own in &mut all.1.candidates {
            own.key = own.key.take().filter(|name| !values.told_by(name));
            if let Outcome::Reported { reasons, .. } = &mut own.outcome {
                reasons.retain(|reason| !values.told_by(reason));
            }
        }
    }
    all
}

/// What was tried in a path itself.
pub fn explain_path(path: &[u8], rules: &RuleSet) -> Explained {
    explain(&Fragment::text(path, Part::Path, path), rules).1
}

/// Why there is nothing to judge where a rule's word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unlike {
    Short,
    Pattern,
    NoValue,
    TooMany,
}

impl Unlike {
    fn name(self) -> &'static str {
        match self {
            Unlike::Short => "what stands there is too short, or without what every match holds",
            Unlike::Pattern => "the pattern does not match",
            Unlike::NoValue => "no value is assigned",
            Unlike::TooMany => "left out: too many to list",
        }
    }
}

/// What a scan tried, as it goes.
#[derive(Debug, Default)]
pub(super) struct Trace<'a> {
    trials: Vec<Trial<'a>>,
    unlike: BTreeMap<(&'a str, Unlike), usize>,
}

/// One rule at one value.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    rule: &'a Rule,
    span: Range<usize>,
    key: Option<Range<usize>>,
    steps: Vec<Step>,
}

impl<'a> Trial<'a> {
    /// What the filters judged.
    pub(super) fn judged(rule: &'a Rule, span: Range<usize>, key: Option<Range<usize>>, asked: Steps) -> Self {
        let said = match rule.kind {
            Kind::FileName => "files of this name hold secrets",
            Kind::Assigned => "the whole value matches",
            Kind::Token | Kind::Context => "matches",
        };
        let mut steps = vec![Step { filter: "pattern", kept: true, said: said.to_owned() }];
        steps.append(&mut asked.taken());
        Trial { rule, span, key, steps }
    }

    /// A match at no key that names a secret.
    pub(super) fn keyless(rule: &'a Rule, span: Range<usize>) -> Self {
        let mut steps = Steps::new(true);
        steps.drop("key", "not assigned to a key that names a secret, or one of the rule's words");
        Trial::judged(rule, span, None, steps)
    }

    /// A value that does not match.
    pub(super) fn unlike(rule: &'a Rule, span: Range<usize>, key: Range<usize>, why: &'static str) -> Self {
        let steps = vec![Step { filter: "pattern", kept: false, said: why.to_owned() }];
        Trial { rule, span, key: Some(key), steps }
    }

    fn kept(&self) -> bool {
        self.steps.iter().all(|step| step.kept)
    }
}

impl<'a> Trace<'a> {
    /// Adds a trial; of very many the rest is counted.
    pub(super) fn trial(&mut self, trial: Trial<'a>) {
        if self.trials.len() < MOST_HITS || trial.kept() {
            self.trials.push(trial);
        } else {
            self.unlike(trial.rule, Unlike::TooMany);
        }
    }

    /// Counts a literal at which there was nothing to judge.
    pub(super) fn unlike(&mut self, rule: &'a Rule, why: Unlike) {
        *self.unlike.entry((rule.id(), why)).or_default() += 1;
    }

    /// Says where each trial stands and what became of it.
    fn told(mut self, fragment: &Fragment<'_>, findings: &[Finding]) -> Explained {
        let mut seen = HashSet::new();
        self.trials.retain(|own| seen.insert((own.rule.id(), own.span.clone(), own.kept())));
        self.trials.sort_by_key(|own| own.span.start);
        let spans = Spans::of(self.trials.iter().map(|own| own.span.clone()).collect());
        let hidden = Spans::of(
            self.trials.iter().filter(|own| hides(own, &fragment.text)).map(|own| own.span.clone()).collect(),
        );
        let mut places = Places::new(&fragment.text);
        let values = Values::of(findings.iter().map(|own| &fragment.text[own.span.clone()]));
        let findings = &Findings::of(findings);
        let candidate = |own: Trial<'_>| {
            let outcome = outcome(&own, findings);
            let (line, column) = places.of(own.span.start);
            let key = own.key.filter(|key| !spans.meet(key));
            Candidate {
                rule: own.rule.id().to_owned(),
                what: phrase(&own.rule.source.provider, &own.rule.source.name),
                part: fragment.part,
                line,
                column,
                redacted: match &outcome {
                    Outcome::Reported { .. } => {
                        let finding = findings.at(own.rule, &own.span);
                        finding.map_or_else(|| redact(b"", Show::Nothing), |own| own.redacted.clone())
                    }
                    _ if hidden.meet(&own.span) => redact(b"", Show::Nothing),
                    _ => prefix(own.rule, &fragment.text[own.span.clone()]),
                },
                key: key
                    .and_then(|key| filters::shown_key(&fragment.text, key, own.span.start))
                    .filter(|name| !values.told_by(name)),
                span: own.span,
                steps: own.steps,
                outcome,
            }
        };
        let candidates = self.trials.into_iter().map(candidate).collect();
        let unlike = self.unlike.into_iter().map(|((rule, why), count)| (rule.to_owned(), why.name(), count)).collect();
        Explained { candidates, unlike }
    }
}

/// Whether nothing of a value is shown, nor of what overlaps it.
fn hides(trial: &Trial<'_>, text: &[u8]) -> bool {
    trial.rule.kind != Kind::FileName && show(trial.rule, &text[trial.span.clone()]) == Show::Nothing
}

/// What is no finding is shown by its fixed prefix at most: never its last characters.
fn prefix(rule: &Rule, value: &[u8]) -> String {
    match show(rule, value) {
        Show::Prefix(fixed) if rule.kind != Kind::FileName => {
            redact(&value[..fixed.min(value.len())], Show::Prefix(fixed))
        }
        _ => redact(b"", Show::Nothing),
    }
}

/// The findings of a scan, by their places.
struct Findings<'a> {
    /// In the order in which they stand.
    all: &'a [Finding],
    /// For each of them, the furthest end of it and those before.
    reach: Vec<usize>,
}

impl<'a> Findings<'a> {
    fn of(all: &'a [Finding]) -> Self {
        let mut furthest = 0;
        let reach = all.iter().map(|own| {
            furthest = own.span.end.max(furthest);
            furthest
        });
        Findings { all, reach: reach.collect() }
    }

    /// Those that overlap a place.
    fn meeting(&self, place: &Range<usize>) -> impl Iterator<Item = &'a Finding> + use<'a> {
        let (start, end) = (place.start, place.end);
        let first = self.reach.partition_point(|reach| *reach <= start);
        self.all[first..].iter().take_while(move |own| own.span.start < end).filter(move |own| own.span.end > start)
    }

    /// What a rule found at a place.
    fn at(&self, rule: &Rule, place: &Range<usize>) -> Option<&'a Finding> {
        self.meeting(place).find(|own| own.rule == rule.id() && own.span == *place)
    }
}

fn outcome(trial: &Trial<'_>, findings: &Findings<'_>) -> Outcome {
    if !trial.kept() {
        return Outcome::Dropped;
    }
    match (findings.at(trial.rule, &trial.span), findings.meeting(&trial.span).next()) {
        (Some(own), _) => {
            let (severity, confidence, reasons) = (own.severity, own.confidence, own.reasons.clone());
            Outcome::Reported { severity, confidence, reasons }
        }
        (None, Some(other)) => Outcome::Covered(other.rule.clone()),
        // What covers it stands in another view, or was itself left out.
        (None, None) => Outcome::Covered(trial.rule.id().to_owned()),
    }
}
