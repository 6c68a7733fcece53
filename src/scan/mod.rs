//! Fragments and rules in, findings out. Pure: reads nothing, prints nothing.

mod apart;
mod bounds;
mod carrier;
pub mod explain;
mod known;
mod locate;
mod loose;
pub mod many;
mod marker;
mod names;
mod pairs;
mod repeat;
mod table;
mod tell;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use crate::finding::{Confidence, Finding, Part, Secret, Severity};
use crate::fragment::{Fragment, Nature, View, views};
use crate::rules::filters::{self, AROUND, Match, Place, Steps};
use crate::rules::prefilter::Candidate;
use crate::rules::syntax::Structure;
use crate::rules::{Found, Kind, Rule, RuleSet};
use bounds::{escape_around, stands_free, window_end};
use explain::{Trace, Trial, Unlike};
use known::Known;
use repeat::Repeats;

/// What a scan of one fragment gives.
#[derive(Debug, Default)]
pub struct Scan {
    /// All findings in the order in which they stand; overlapping ones are reduced to the most
    /// specific.
    pub findings: Vec<Finding>,
    /// Why the scan was given up before the end, if it was: the text was made to be slow.
    pub given_up: Option<&'static str>,
}

/// Bytes that patterns may look at in one fragment before the scan is given up: this many, and
/// [`WORK_PER_BYTE`] for each byte of text. Ordinary source needs less than one per byte.
const WORK: usize = 64 << 20;

/// See [`WORK`].
const WORK_PER_BYTE: usize = 16;

/// What is charged for a key without a value, in bytes: its name and a little around it.
const NO_VALUE: usize = 192;

/// Matches in one fragment after which the scan is given up; each takes some hundred bytes.
const MOST_HITS: usize = 20_000;

/// Scans a fragment.
pub fn scan(fragment: &Fragment<'_>, rules: &RuleSet) -> Scan {
    let mut scanned = scan_traced(fragment, rules, None).0;
    pairs::absorb(&mut scanned.findings);
    scanned
}

/// Scans a fragment, and writes into a trace, where one is given, what was tried and why it was kept
/// or dropped. The ids of pairs still stand beside their secrets.
fn scan_traced<'a>(
    fragment: &'a Fragment<'a>,
    rules: &'a RuleSet,
    trace: Option<Trace<'a>>,
) -> (Scan, Option<Trace<'a>>) {
    let work = WORK.saturating_add(fragment.text.len().saturating_mul(WORK_PER_BYTE));
    let text = &*fragment.text;
    let mut hits = Hits {
        fragment,
        text,
        all: Vec::new(),
        work,
        broken: false,
        known: Known::default(),
        repeats: Repeats::default(),
        trace,
    };
    rules.search(&fragment.text, |candidate| {
        let before = hits.all.len();
        for &number in candidate.rules {
            if hits.given_up().is_none() {
                match rules.rule(number) {
                    Some(rule) => hits.consider(rule, number, candidate),
                    None => hits.broken = true,
                }
            }
        }
        hits.next(candidate, hits.all.len() > before)
    });
    let trace = hits.trace.take();
    (Scan { given_up: hits.given_up(), findings: hits.finish() }, trace)
}

/// Scans a file's content in every view it needs; `keep` may drop findings of one view (those on
/// lines that are not new). What one view has found is not told again for another.
///
/// # Errors
/// Those of `keep`.
pub fn scan_content<E>(
    path: &[u8],
    bytes: &[u8],
    rules: &RuleSet,
    mut keep: impl FnMut(View, &Fragment<'_>, &mut Vec<Finding>) -> Result<(), E>,
) -> Result<Scan, E> {
    let mut all = Scan::default();
    for &view in views(bytes) {
        let fragment = Fragment::content(path, bytes, view);
        let mut scanned = scan_traced(&fragment, rules, None).0;
        keep(view, &fragment, &mut scanned.findings)?;
        // After `keep`: an id that is new is told where its secret is not.
        pairs::absorb(&mut scanned.findings);
        if !all.findings.is_empty() {
            let told = Told::by(&all.findings);
            scanned.findings.retain(|finding| !told.tells(finding));
        }
        all.findings.append(&mut scanned.findings);
        all.given_up = all.given_up.or(scanned.given_up);
    }
    if views(bytes).len() > 1 {
        tell::hush(&mut all.findings);
    }
    Ok(all)
}

/// What the views before have found.
struct Told<'a>(HashSet<(&'a str, &'a Secret)>);

impl<'a> Told<'a> {
    fn by(findings: &'a [Finding]) -> Self {
        Told(findings.iter().map(|own| (own.rule.as_str(), &own.secret)).collect())
    }

    /// Whether a finding of another view was told by these.
    fn tells(&self, finding: &Finding) -> bool {
        self.0.contains(&(finding.rule.as_str(), &finding.secret))
    }
}

/// The findings in a path itself, and the path as it may be shown: with every credential in it
/// masked. Findings in that file's content carry the shown path.
pub fn scan_path<'a>(path: &'a [u8], rules: &RuleSet) -> (Vec<Finding>, Cow<'a, [u8]>) {
    let mut findings = scan(&Fragment::text(path, Part::Path, path), rules).findings;
    if findings.is_empty() {
        return (findings, Cow::Borrowed(path));
    }
    let mut shown = Vec::with_capacity(path.len());
    let mut done = 0;
    let masked = |finding: &&Finding| finding.redacted != crate::finding::escape(&path[finding.span.clone()]);
    for finding in findings.iter().filter(masked) {
        shown.extend_from_slice(&path[done..finding.span.start]);
        shown.extend_from_slice(finding.redacted.as_bytes());
        done = finding.span.end;
    }
    shown.extend_from_slice(&path[done..]);
    for finding in &mut findings {
        finding.location.path.clone_from(&shown);
    }
    (findings, Cow::Owned(shown))
}

struct Hits<'a> {
    fragment: &'a Fragment<'a>,
    text: &'a [u8],
    all: Vec<Hit<'a>>,
    /// Bytes that patterns may still look at.
    work: usize,
    /// Whether a rule could not be tried because its pattern does not compile.
    broken: bool,
    known: Known,
    repeats: Repeats,
    /// What was tried, where somebody wants to read it.
    trace: Option<Trace<'a>>,
}

struct Hit<'a> {
    rule: &'a Rule,
    span: Range<usize>,
    severity: Severity,
    confidence: Confidence,
    reasons: Vec<String>,
    key: Option<Range<usize>>,
    /// For an id: where the secret stands that belongs to it.
    pair: Option<Range<usize>>,
}

impl<'a> Hits<'a> {
    fn given_up(&self) -> Option<&'static str> {
        if self.broken {
            Some("the pattern of a rule of policy is wrong (`leakwarden policy check` tells more)")
        } else if self.work == 0 {
            Some("too many places that might begin a credential; it would take too long to look at all")
        } else if self.all.len() >= MOST_HITS {
            Some("too many findings in one file")
        } else {
            None
        }
    }

    /// Where the search goes on after a candidate, if what lies between is known or nobody wants to know.
    fn next(&mut self, candidate: &Candidate<'_>, found: bool) -> Option<usize> {
        if self.given_up().is_some() {
            return Some(self.text.len());
        }
        if self.trace.is_some() {
            return None;
        }
        if found {
            self.repeats.found(candidate.end);
        }
        self.repeats.next(self.text, candidate)
    }

    fn consider(&mut self, rule: &'a Rule, number: u16, candidate: &Candidate<'_>) {
        if candidate.start < self.known.rule(number).passed {
            return;
        }
        self.repeats.looks(rule);
        let content = self.fragment.part != Part::Path;
        let end = match rule.kind {
            Kind::Token => self.token(rule, number, candidate),
            Kind::FileName if !content => self.file_name(rule),
            Kind::Assigned if self.fragment.nature == Nature::Text => self.assigned(rule, number, candidate),
            Kind::Context if content && self.fragment.nature == Nature::Text => self.context(rule, number, candidate),
            _ => None,
        };
        if let Some(end) = end {
            self.repeats.found(end);
            self.known.rule(number).passed = end;
        }
    }

    /// The pattern at the literal. Gives the end of what matched, so that it is not tried again.
    fn token(&mut self, rule: &'a Rule, number: u16, candidate: &Candidate<'_>) -> Option<usize> {
        if !rule.worth_trying(self.known.word(self.text, candidate.start)) {
            return self.unlike(rule, Unlike::Short);
        }
        let from = candidate.start.saturating_sub(rule.source.lookback);
        let to = self.text.len().min(candidate.start + rule.window());
        self.work = self.work.saturating_sub(self.known.rule(number).charge(from, to));
        let mut at = from;
        // With a lookback, an earlier match may end before the literal: go on to the one around it.
        loop {
            let found = rule.find(&self.text[..to], at..=candidate.start);
            let Some(Found { whole, secret }) = found.filter(|found| found.whole.start <= candidate.start) else {
                return self.unlike(rule, Unlike::Pattern);
            };
            // Of `%3D5e…` the value does not begin with the `3D`, if it can begin after it.
            let after = escape_around(self.text, whole.start).filter(|&after| after <= candidate.start);
            let own = after.and_then(|after| rule.find(&self.text[..to], after..=candidate.start));
            let Found { whole, secret } = match own {
                Some(own) if own.whole.start <= candidate.start && own.whole.end > candidate.start => own,
                _ => Found { whole, secret },
            };
            if whole.end > candidate.start {
                let stands = filters::may_stand(rule, stands_free(self.text, &whole));
                let before = if stands { carrier::key_before(self.text, whole.start) } else { None };
                let key = before.filter(|before| before.sure).map(|before| before.key);
                // What follows a secret, or all of a match that was dropped, is tried again.
                return self.judge(rule, &whole, &secret, key, true).then_some(secret.end);
            }
            at = whole.end.max(at + 1);
        }
    }

    /// The pattern against the whole value of the assignment in whose key the literal stands.
    fn assigned(&mut self, rule: &'a Rule, number: u16, candidate: &Candidate<'_>) -> Option<usize> {
        // Of `<pass `, `pass"`, `pass[` and `pass as ` the letters of the name are the word.
        let mark = |b: &&u8| !b.is_ascii_alphanumeric() && b.is_ascii() && !matches!(**b, b'_' | b'-');
        let literal = &self.text[candidate.start..candidate.end];
        let typed = literal.len() > 4 && literal[literal.len() - 4..].eq_ignore_ascii_case(b" as ");
        let literal = if typed { &literal[..literal.len() - 4] } else { literal };
        let (before, after) = (literal.iter().take_while(mark).count(), literal.iter().rev().take_while(mark).count());
        let word = candidate.start + before..candidate.start + literal.len() - after;
        let found = self.known.assignment(self.text, &word);
        let read = found.as_ref().map_or(NO_VALUE, |found| found.value.len());
        self.work = self.work.saturating_sub(read);
        let value = |found: &carrier::Assignment| &self.text[found.value.clone()];
        let assigned = found.as_ref().filter(|found| rule.worth_trying(value(found))).cloned();
        let Some(found) = assigned.or_else(|| self.beside(rule, word.clone())).or(found) else {
            return self.below(rule, number, &word);
        };
        let mut last = self.value(rule, found.clone());
        for next in carrier::rest_of_list(self.text, &found) {
            self.work = self.work.saturating_sub(next.value.len());
            last = self.value(rule, next).or(last);
        }
        last
    }

    /// The values below a word that names the column of a table.
    fn below(&mut self, rule: &'a Rule, number: u16, word: &Range<usize>) -> Option<usize> {
        let general = matches!(rule.source.structure, Some(Structure::Issued | Structure::Password));
        if !general {
            return self.unlike(rule, Unlike::NoValue);
        }
        let found = table::column(self.text, word, &mut self.known.rule(number).table);
        self.work = self.work.saturating_sub(found.read);
        if found.values.is_empty() {
            return self.unlike(rule, Unlike::NoValue);
        }
        for value in found.values {
            self.work = self.work.saturating_sub(value.value.len() + NO_VALUE);
            self.value(rule, value);
        }
        None
    }

    /// The pattern against one whole value. Gives its end where it is a finding.
    fn value(&mut self, rule: &'a Rule, found: carrier::Assignment) -> Option<usize> {
        let value = &self.text[found.value.clone()];
        if !rule.worth_trying(value) {
            return self.unlike_value(rule, found, "too short, or without what such a value holds");
        }
        let matched = rule.find(value, 0..=0).filter(|own| own.whole == (0..value.len()));
        let Some(Found { secret, .. }) = matched else {
            return self.unlike_value(rule, found, "the value does not match");
        };
        let secret = secret.start + found.value.start..secret.end + found.value.start;
        self.judge(rule, &found.value, &secret, Some(found.key), found.quoted).then_some(found.value.end)
    }

    /// Where a key is not assigned to, a value that looks drawn may stand beside it.
    fn beside(&self, rule: &Rule, word: Range<usize>) -> Option<carrier::Assignment> {
        let drawn = rule.source.structure == Some(Structure::Issued) && !carrier::part_of_name(self.text, &word);
        let named = if drawn { loose::named(self.text, word) } else { None }?;
        Some(carrier::Assignment { key: named.key, value: named.value, quoted: named.quoted, listed: false })
    }

    /// The pattern in what follows a word; the value must be assigned to a key that names a secret
    /// or the word.
    fn context(&mut self, rule: &'a Rule, number: u16, candidate: &Candidate<'_>) -> Option<usize> {
        let to = window_end(self.text, candidate.end, rule.window());
        let mut last = None;
        let mut at = candidate.start.max(self.known.rule(number).barren);
        self.work = self.work.saturating_sub(to.saturating_sub(at));
        let mut matched = false;
        let cut = loop {
            let Found { whole, secret } = match rule.find_or_cut(&self.text[..to], at..=to) {
                Ok(found) => found,
                Err(cut) => break cut,
            };
            at = whole.end.max(at + 1);
            matched = true;
            let before = carrier::key_before(self.text, secret.start);
            let before = before.filter(|own| names_secret(&self.text[own.key.clone()], rule));
            if before.is_none() && !loose::leads_to(self.text, candidate.end, whole.start) {
                self.tried(|| Trial::keyless(rule, secret));
                continue;
            }
            let quoted = before.as_ref().is_some_and(|before| before.quoted);
            let key = before.filter(|before| before.sure).map(|before| before.key);
            if self.judge(rule, &whole, &secret, key, quoted) {
                last = Some(at);
            }
        };
        if !matched {
            self.known.rule(number).barren = cut;
            self.unlike(rule, Unlike::Pattern);
        }
        last
    }

    fn file_name(&mut self, rule: &'a Rule) -> Option<usize> {
        if let Some(span) = names::taken(rule, self.text) {
            self.tried(|| Trial::judged(rule, span.clone(), None, Steps::default()));
            self.all.push(Hit {
                rule,
                span,
                severity: rule.source.severity,
                confidence: rule.source.confidence,
                reasons: vec!["files of this name hold secrets".to_owned()],
                key: None,
                pair: None,
            });
        }
        Some(self.text.len())
    }

    fn judge(
        &mut self,
        rule: &'a Rule,
        whole: &Range<usize>,
        secret: &Range<usize>,
        key: Option<Range<usize>>,
        quoted: bool,
    ) -> bool {
        let found = Match {
            secret: &self.text[secret.clone()],
            whole: &self.text[whole.clone()],
            key: key.clone().map(|key| &self.text[key]),
            quoted,
            free: stands_free(self.text, whole),
            place: self.place(secret),
        };
        let mut steps = Steps::new(self.trace.is_some());
        let verdict = filters::judge(rule, &found, &mut steps);
        self.tried(|| Trial::judged(rule, secret.clone(), key.clone(), steps));
        let Ok(verdict) = verdict else { return false };
        // Names of files hold words of keys often, and what `wget` makes of a URL: `index.html?api_key=…`.
        if self.fragment.part == Part::Path && rule.kind == Kind::Assigned && !filters::surely_random(found.secret) {
            return false;
        }
        self.all.push(Hit {
            rule,
            span: secret.clone(),
            severity: verdict.severity,
            confidence: verdict.confidence,
            reasons: verdict.reasons,
            key,
            pair: None,
        });
        true
    }

    /// What file a value stands in, and what stands around it.
    fn place(&self, value: &Range<usize>) -> Place<'a> {
        Place {
            path: if self.fragment.part == Part::Content { self.fragment.path } else { b"" },
            before: &self.text[value.start.saturating_sub(AROUND)..value.start],
            after: &self.text[value.end..self.text.len().min(value.end + AROUND)],
        }
    }

    /// Writes into the trace, where there is one.
    fn tried(&mut self, trial: impl FnOnce() -> Trial<'a>) {
        if let Some(trace) = &mut self.trace {
            trace.trial(trial());
        }
    }

    /// A literal at which a rule has nothing to judge.
    fn unlike(&mut self, rule: &'a Rule, why: Unlike) -> Option<usize> {
        if let Some(trace) = &mut self.trace {
            trace.unlike(rule, why);
        }
        None
    }

    /// A value at which a rule has nothing to judge.
    fn unlike_value(&mut self, rule: &'a Rule, found: carrier::Assignment, why: &'static str) -> Option<usize> {
        self.tried(|| Trial::unlike(rule, found.value, found.key, why));
        None
    }

    /// Drops what a more telling hit covers, and says where the rest stands.
    fn finish(mut self) -> Vec<Finding> {
        if self.all.is_empty() {
            return Vec::new();
        }
        self.explain();
        let mut kept = apart::keep(self.all);
        kept.sort_by_key(|hit| hit.span.start);
        pairs::join(&mut kept, self.text);
        let mut places = locate::Places::new(self.text);
        let spans: Vec<Range<usize>> = kept.iter().map(|hit| hit.span.clone()).collect();
        let tell = |hit| tell::finding(hit, self.fragment, self.text, &mut places);
        let mut findings: Vec<Finding> = kept.into_iter().map(tell).collect();
        for marker in findings.iter_mut().filter_map(|finding| finding.marker.as_mut()) {
            // A remark that runs into another finding would carry it into reports.
            if spans.iter().any(|span| span.start < marker.span.end && span.end > marker.span.start) {
                marker.reason.clear();
            }
        }
        findings
    }
}

/// Whether a value's key names a secret or one of the rule's words.
fn names_secret(key: &[u8], rule: &Rule) -> bool {
    let lower = key.to_ascii_lowercase();
    let has = |word: &str| lower.windows(word.len()).any(|w| w == word.as_bytes());
    carrier::names_secret(key) || rule.source.literals().iter().any(|(word, _)| has(word))
}
