//! `leakwarden import`: what other tools' files say, as rules and exceptions of ours.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::Exit;
use super::allow::{Place, random_id, repo_id};
use super::case::{Docket, Failure};
use crate::exception::book::Book;
use crate::exception::{Exception, PATH as BOOK, plus_days, reason_fault};
use crate::finding::{Finding, escape, lossy};
use crate::fingerprint::fingerprint;
use crate::git::write;
use crate::import::lookup::{self, Sources};
use crate::import::{self, Entry, Format, KNOWN, Sought, Wish, render};
use crate::policy::syntax::{Keys, Wide};
use crate::policy::{PATH as POLICY, check};
use crate::rules::syntax::RuleSource;
use crate::scan::scan_content;

/// The largest file that is read, in bytes.
const LARGEST: usize = 32 << 20;

/// Days that an imported exception lasts, unless policy has a shorter time: long enough to review it.
const DAYS: i64 = 90;

/// Rules of its own that a repository may have; `policy::check` counts them.
const MOST_RULES: usize = 100;

/// What was typed.
pub(super) struct Request {
    pub files: Vec<PathBuf>,
    pub kind: String,
    pub dry_run: bool,
}

pub(super) fn run(request: &Request) -> Exit {
    match import(request) {
        Ok((text, exit)) => match super::print(&text) {
            Ok(()) => exit,
            Err(error) => super::fail(Exit::Usage, &error),
        },
        Err(failure) => super::fail(failure.exit, &failure.error),
    }
}

fn import(request: &Request) -> Result<(String, Exit), Failure> {
    let place = Place::open()?;
    let sources = files(request, &place).map_err(Failure::usage)?;
    if sources.is_empty() {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        return Ok((format!("nothing to import: none of {} is here\n", names.join(", ")), Exit::Clean));
    }
    let mut files = Vec::new();
    for source in sources {
        let entries = import::read(source.format, &source.text, &place.judgement.rules);
        files.push((source.shown.clone(), entries.with_context(|| source.shown).map_err(Failure::usage)?));
    }
    let seeks = |entry: &Entry| matches!(entry.wish, Wish::Findings(_));
    let wanted = files.iter().flat_map(|(_, entries)| entries).any(seeks);
    let mut plan = Plan::new(request, &place, wanted)?;
    for (file, entries) in &files {
        for entry in entries {
            plan.take(file, entry);
        }
    }
    plan.finish(request.dry_run)
}

/// A file to import.
struct Source {
    shown: String,
    format: Format,
    text: String,
}

fn files(request: &Request, place: &Place) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in &request.files {
        let shown = escape(path.as_os_str().as_encoded_bytes());
        let name = path.file_name().map(Path::new).and_then(Path::to_str).unwrap_or_default();
        let Some(format) = Format::of(name) else {
            let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
            bail!("{shown}: what a file holds is known by its name, which is one of {}", names.join(", "));
        };
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        sources.push(Source { text: text(bytes, &shown)?, shown, format });
    }
    if request.files.is_empty() {
        for (name, format) in KNOWN {
            if let Some(bytes) = write::read_worktree(&place.repo, name)? {
                sources.push(Source { text: text(bytes, name)?, shown: name.to_owned(), format });
            }
        }
    }
    Ok(sources)
}

fn text(bytes: Vec<u8>, shown: &str) -> Result<String> {
    ensure!(bytes.len() <= LARGEST, "{shown} has more than {} MiB", LARGEST >> 20);
    String::from_utf8(bytes).ok().with_context(|| format!("{shown} is no UTF-8 text"))
}

/// Whether policy counts wide exceptions of a repository; only the list of all settings says so.
fn wide_counts(policy: &str) -> Result<bool, Failure> {
    let mut docket = Docket::open()?;
    docket.layers.explain = true;
    docket.repository(|_| Ok(Some(policy.to_owned())))?;
    let settings = docket.policy()?.policy.settings;
    Ok(!settings.iter().any(|own| own.key == "exceptions.wide" && own.value == "false"))
}

/// What will be written, and what is said of each entry.
struct Plan<'p> {
    place: &'p Place,
    kind: String,
    by: String,
    /// The repository's policy as it is, and what is added to it.
    policy: String,
    keys: Keys,
    tables: Vec<String>,
    /// Whether exceptions of a repository that are for more than one finding count.
    wide_counts: bool,
    /// The exceptions for single findings.
    book: Book,
    added: usize,
    findings: Vec<Finding>,
    said: String,
    /// Entries that were carried over, and that could not be.
    carried: usize,
    lost: usize,
}

impl<'p> Plan<'p> {
    fn new(request: &Request, place: &'p Place, wanted: bool) -> Result<Self, Failure> {
        let policy = place.staging()?.file(POLICY)?.unwrap_or_default();
        let written = write::read_worktree(&place.repo, POLICY).map_err(Failure::usage)?;
        if written.is_some_and(|bytes| bytes != policy.as_bytes()) {
            let error = anyhow!("{POLICY} has changes that are not staged: `git add {POLICY}` first");
            return Err(Failure::usage(error));
        }
        place.judgement.policy.exceptions.kind(&request.kind).map_err(Failure::usage)?;
        let book = match place.book()? {
            Some(book) => book,
            None => Book { repo_id: repo_id(&place.repo).map_err(Failure::usage)?, exceptions: Vec::new() },
        };
        let findings = if wanted {
            place.scan(&place.staging()?.from_nothing())?.into_iter().map(|own| own.finding).collect()
        } else {
            Vec::new()
        };
        Ok(Plan {
            place,
            kind: request.kind.clone(),
            by: write::identity().map_err(Failure::usage)?,
            keys: crate::config::keys(&policy).with_context(|| POLICY).map_err(Failure::usage)?,
            wide_counts: wide_counts(&policy)?,
            policy,
            tables: Vec::new(),
            book,
            added: 0,
            findings,
            said: String::new(),
            carried: 0,
            lost: 0,
        })
    }

    /// Takes one entry over, or says why not.
    fn take(&mut self, file: &str, entry: &Entry) {
        let origin = format!("imported from {file}, line {}", entry.line);
        let outcome = match &entry.wish {
            Wish::Rule(source) => self.rule(source, &origin),
            Wish::Wide { rules, paths } => self.wide(rules, paths, &origin),
            Wish::Findings(sought) => self.findings(sought, &origin),
            Wish::Not(why) => Err(why.clone()),
            Wish::Nothing(why) => Ok(format!("nothing to carry over: {why}")),
        };
        let text = match outcome {
            Ok(what) => {
                self.carried += usize::from(!matches!(entry.wish, Wish::Nothing(_)));
                what
            }
            Err(why) => {
                self.lost += 1;
                format!("not carried over: {why}")
            }
        };
        let field = if entry.field.is_empty() { String::new() } else { format!(" {}:", entry.field) };
        let line = format!("{file}:{}:{field} {text}", entry.line);
        self.said.push_str(&escape(line.as_bytes()));
        self.said.push('\n');
    }

    fn rule(&mut self, source: &RuleSource, origin: &str) -> Result<String, String> {
        if let Some(own) = self.keys.rule.iter().find(|own| own.id == source.id) {
            let same =
                own.pattern == source.pattern && own.keywords == source.keywords && own.lookback == source.lookback;
            return if same {
                Ok(format!("rule `{}`, which is there already", source.id))
            } else {
                Err(format!("{POLICY} has another rule with the id `{}`", source.id))
            };
        }
        if self.keys.rule.len() >= MOST_RULES {
            return Err(format!("a repository may have {MOST_RULES} rules"));
        }
        let table = render::rule(source, origin).map_err(|error| format!("{error:#}"))?;
        self.harmless(&table)?;
        self.tables.push(table);
        self.keys.rule.push(source.clone());
        Ok(format!("rule `{}`", source.id))
    }

    /// What is written into the repository must not hold a secret itself.
    fn harmless(&self, text: &str) -> Result<(), String> {
        let found = self.place.judgement.check_text("entry", text);
        found.map_err(|_| "its text holds a secret itself".to_owned())
    }

    fn wide(&mut self, rules: &[String], paths: &[String], origin: &str) -> Result<String, String> {
        let what = match rules {
            [] => "exception for all rules at these paths".to_owned(),
            rules => format!("exception for `{}` at these paths", rules.join("`, `")),
        };
        let same = |own: &Wide| own.rules == rules && own.paths == paths;
        if self.keys.exception.iter().any(same) {
            return Ok(format!("{what}, which is there already"));
        }
        if !self.wide_counts {
            return Err("policy does not count a repository's exceptions for rules and paths".to_owned());
        }
        let reason = self.may_except(origin)?;
        let own = Wide {
            rules: rules.to_vec(),
            paths: paths.to_vec(),
            kind: self.kind.clone(),
            reason,
            by: self.by.clone(),
            expires: Some(self.end()?.to_string()),
        };
        // Its own words would repeat the pattern.
        check::wide(&own, POLICY)
            .map_err(|_| "it stands for every path, and an exception for all is none".to_owned())?;
        let rules = &self.place.judgement.policy.exceptions;
        if rules.approval_kinds.contains(&own.kind) {
            return Err("policy asks for a second person, who can sign only an exception for one finding".to_owned());
        }
        let table = render::wide(&own);
        self.harmless(&table)?;
        self.tables.push(table);
        let what = format!("{what} until {}", own.expires.as_deref().unwrap_or_default());
        self.keys.exception.push(own);
        Ok(what)
    }

    /// The reason of an exception, if there may be one.
    fn may_except(&self, origin: &str) -> Result<String, String> {
        let judgement = &self.place.judgement;
        if !judgement.policy.exceptions.allowed {
            return Err("policy allows no exceptions".to_owned());
        }
        if !judgement.may_except() {
            return Err("policy does not let automation except anything; ask a person to import it".to_owned());
        }
        let reason = format!("{origin}; review it");
        match reason_fault(&reason, judgement.policy.exceptions.least_reason) {
            Some(fault) => Err(fault),
            None => Ok(reason),
        }
    }

    fn end(&self) -> Result<jiff::civil::Date, String> {
        let judgement = &self.place.judgement;
        let kind = judgement.policy.exceptions.kind(&self.kind).map_err(|error| error.to_string())?;
        Ok(plus_days(judgement.today, DAYS.min(i64::from(kind.longest_days))))
    }

    fn findings(&mut self, sought: &Sought, origin: &str) -> Result<String, String> {
        let place = self.place;
        let staged = |path: &str| Some(place.staging().ok()?.file(path).ok()??.into_bytes());
        let then = |commit: &str, path: &str| {
            let bytes = write::version_of(commit, path)?;
            let rules = &place.judgement.rules;
            let scanned = scan_content(path.as_bytes(), &bytes, rules, |_, _, _| Ok::<(), anyhow::Error>(()));
            Some(scanned.ok()?.findings)
        };
        let found = lookup::named(sought, &self.findings, &Sources { staged: &staged, then: &then })?;
        let found: Vec<Finding> = found.into_iter().cloned().collect();
        let mut ids = Vec::new();
        let mut there = 0;
        for finding in &found {
            let print = fingerprint(finding, &self.book.repo_id);
            if self.book.exceptions.iter().any(|own| own.fingerprint == print) {
                there += 1;
                continue;
            }
            let exception = self.exception(finding, print, origin)?;
            ids.push(exception.id.clone());
            self.book.put(exception);
            self.added += 1;
        }
        Ok(match (ids.len(), there) {
            (0, _) => "exception, which is there already".to_owned(),
            (1, _) => format!("exception {} until {}", ids[0], self.end()?),
            _ => format!("exceptions {} until {}", ids.join(", "), self.end()?),
        })
    }

    fn exception(&self, finding: &Finding, print: String, origin: &str) -> Result<Exception, String> {
        let reason = self.may_except(origin)?;
        let rules = &self.place.judgement.policy.exceptions;
        if let Some(refusal) = rules.refusal(&finding.rule, finding.severity).or_else(|| rules.ticket_fault(None)) {
            return Err(refusal);
        }
        Ok(Exception {
            id: random_id().map_err(|error| format!("{error:#}"))?,
            fingerprint: print,
            rule: finding.rule.clone(),
            path: lossy(&finding.location.path),
            kind: self.kind.clone(),
            reason,
            by: self.by.clone(),
            created: self.place.judgement.today,
            expires: self.end()?,
            ticket: None,
            approval: None,
        })
    }

    /// Writes what there is to write.
    fn finish(mut self, dry_run: bool) -> Result<(String, Exit), Failure> {
        let text = render::after(&self.policy, &self.tables);
        let changed = [(POLICY, !self.tables.is_empty()), (BOOK, self.added > 0)];
        if !self.tables.is_empty() {
            self.checked(&text).with_context(|| format!("{POLICY} with what is imported")).map_err(Failure::usage)?;
        }
        if !dry_run {
            for (path, _) in changed.iter().filter(|(_, changed)| *changed) {
                let text = if *path == POLICY { text.clone() } else { self.book.render() };
                write::write_and_stage(&self.place.repo, path, &text).map_err(Failure::usage)?;
            }
        }
        let paths: Vec<&str> = changed.iter().filter(|(_, changed)| *changed).map(|(path, _)| *path).collect();
        let written = match (paths.as_slice(), dry_run) {
            ([], _) => "nothing new to write".to_owned(),
            (paths, true) => format!("{} would be written and staged", paths.join(" and ")),
            (paths, false) => format!("{} written and staged: review it before you commit", paths.join(" and ")),
        };
        self.said.push_str(&format!("{} carried over, {} not; {written}\n", self.carried, self.lost));
        Ok((self.said, if self.lost == 0 { Exit::Clean } else { Exit::Findings }))
    }

    /// The policy as it would be has no mistake.
    fn checked(&self, text: &str) -> Result<()> {
        let keys: Keys = crate::config::keys(text)?;
        check::repository(&keys)?;
        crate::rules::RuleSet::with(keys.rule).map(drop)
    }
}
