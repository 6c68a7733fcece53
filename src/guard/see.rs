//! What is seen at one place of a repository: findings, judged as the hook judges them, as warnings.

use std::convert::Infallible;

use globset::GlobSet;
use jiff::civil::Date;

use super::walk::Speaks;
use super::{Kind, Warning};
use crate::exception::book::Book;
use crate::exception::once::Once;
use crate::finding::{Finding, Location, Part, Secret, escape};
use crate::fingerprint::{pseudonym, pseudonym_of};
use crate::git::uncommitted::{Clean, How, Seen, Uncommitted};
use crate::judgement::Judgement;
use crate::level::{Confidence, Severity};
use crate::policy::Judged;
use crate::receipt::NotScanned;
use crate::report::human::shell_quote;
use crate::scan::scan_content;

/// The rule whose findings say that a path is an env file.
const ENV_FILE: &str = "generic-env-file";

/// The largest file that is read because of its ending, in bytes: keys are small.
const LARGEST_KEY: u64 = 64 << 10;

/// What is seen at one place.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// What is to be warned of.
    pub warnings: Vec<Warning>,
    /// What could not be scanned.
    pub not_scanned: Vec<NotScanned>,
    /// Secrets in an env file.
    pub values: Vec<Value>,
    /// Whether only a program could make what git would store.
    pub filtered: bool,
    /// Whether it changed while it was read.
    pub unsettled: bool,
    /// Whether a tracked file is not there.
    pub gone: bool,
}

/// A secret in an env file, by a name that only this machine can tie to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The file, from the top of the worktree, escaped.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The value's pseudonym, the same whatever rule finds it.
    pub secret: String,
    /// What it is.
    pub what: String,
    /// Where it is replaced.
    pub rotate: Option<String>,
    /// When it came into history, where git tracks the file.
    pub since: Option<Date>,
    /// The id of a warning of its reuse; `None` where an exception speaks of that.
    pub reuse: Option<String>,
    /// The id of a warning of its age; `None` where an exception speaks of that.
    pub age: Option<String>,
}

impl Sight {
    /// Something that could not be read.
    pub fn unread(path: &[u8], reason: &str) -> Self {
        let entry = NotScanned { path: escape(path), reason: escape(reason.as_bytes()) };
        Sight { not_scanned: vec![entry], ..Sight::default() }
    }

    /// Whether there is nothing to remember of it.
    pub fn is_empty(&self) -> bool {
        self.warnings.is_empty()
            && self.not_scanned.is_empty()
            && self.values.is_empty()
            && !self.filtered
            && !self.unsettled
    }

    /// Adds what was seen at the same place in another way.
    pub fn join(&mut self, other: Sight) {
        self.warnings.extend(other.warnings);
        self.not_scanned.extend(other.not_scanned);
        self.values.extend(other.values);
        self.filtered |= other.filtered;
        self.unsettled |= other.unsettled;
    }
}

/// By what things are judged, and what they are called.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    /// Policy and rules.
    pub judgement: &'a Judgement,
    /// The repository's exceptions.
    pub book: Option<&'a Book>,
    /// Those for the next commit.
    pub once: &'a [Once],
    /// The key of pseudonyms.
    pub key: &'a [u8; 32],
    /// Where env files may be; `None`: everywhere.
    pub env_paths: Option<&'a GlobSet>,
    /// Whether what is looked at was just changed.
    pub changed: bool,
}

/// All that was judged, where somebody wants to choose from it.
pub(super) type Kept = Option<Vec<Judged>>;

impl Judge<'_> {
    fn how(&self) -> How<'_> {
        let size_cap = self.judgement.policy.guard.size_cap;
        How { rules: &self.judgement.rules, size_cap, changed: self.changed }
    }

    /// What is staged.
    ///
    /// # Errors
    /// Where a tree is missing or damaged.
    pub fn staged(&self, content: &mut Uncommitted<'_>, clean: &mut Clean, kept: &mut Kept) -> anyhow::Result<Sight> {
        let mut sight = Sight::default();
        for seen in content.staged(&self.judgement.rules, clean)? {
            sight.join(self.secrets(seen, kept));
        }
        Ok(sight)
    }

    /// What the worktree holds of a tracked file.
    pub fn tracked(&self, path: &[u8], content: &mut Uncommitted<'_>, clean: &mut Clean, kept: &mut Kept) -> Sight {
        let seen = content.worktree(path, self.how(), clean);
        self.secrets(seen, kept)
    }

    fn secrets(&self, seen: Seen, kept: &mut Kept) -> Sight {
        let mut sight =
            Sight { filtered: seen.filtered, unsettled: seen.unsettled, gone: seen.gone, ..Sight::default() };
        if let Some(reason) = seen.skipped {
            sight.join(Sight::unread(&seen.shown, &reason));
        }
        if !self.judgement.policy.guard.secrets {
            return sight;
        }
        for judged in self.judgement.judge(seen.findings, self.book, self.once) {
            if judged.blocking {
                sight.warnings.push(self.secret(&judged));
            }
            kept.iter_mut().for_each(|all| all.push(judged.clone()));
        }
        sight
    }

    fn secret(&self, judged: &Judged) -> Warning {
        let finding = &judged.finding;
        let path = shell_quote(&finding.location.path);
        let first = match finding.location.part {
            Part::Path => "rename the file, or leave it out of the commit".to_owned(),
            _ => format!("read it from the environment or a secret store instead; if it is staged: git add -- {path}"),
        };
        let why = "a tracked file holds it, and it is not committed yet";
        self.warning(Kind::Secret, finding.severity, judged, why, vec![first])
    }

    /// A file whose name speaks of secrets.
    pub fn named(&self, path: &[u8], speaks: Speaks, content: &mut Uncommitted<'_>, kept: &mut Kept) -> Sight {
        match speaks {
            Speaks::Env => self.env_file(path, content, kept),
            Speaks::Key | Speaks::MayBeKey => self.key_file(path, speaks, content, kept),
        }
    }

    fn env_file(&self, path: &[u8], content: &mut Uncommitted<'_>, kept: &mut Kept) -> Sight {
        let guard = &self.judgement.policy.guard;
        let wanted = [guard.env_files, guard.env_mode, guard.reuse, guard.age];
        let tracked = content.is_tracked(path);
        if wanted.iter().all(Option::is_none) || tracked && content.is_by_program(path).unwrap_or(false) {
            return Sight::default();
        }
        let seen = content.whole(path, self.how());
        let mut sight = Sight { unsettled: seen.unsettled, ..Sight::default() };
        if let Some(reason) = seen.skipped {
            sight.join(Sight::unread(&seen.shown, &reason));
        }
        let shown = seen.shown;
        let judged = self.judgement.judge(seen.findings, self.book, self.once);
        let real: Vec<&Judged> = judged.iter().filter(|own| own.blocking).collect();
        let Some(worst) = real.iter().max_by_key(|own| own.finding.severity) else { return sight };
        let ignored = !tracked && content.is_ignored(path, false).unwrap_or(false);
        let outside = self.env_paths.is_some_and(|globs| !globs.is_match(&*String::from_utf8_lossy(path)));
        if let Some(severity) = guard.env_files
            && let Some((why, steps)) = misplaced(&shown, tracked, ignored, outside)
        {
            let more = match real.len() {
                1 => String::new(),
                many => format!(" and {} more", many - 1),
            };
            let what = format!("environment file with {} {}{more}", worst.finding.what(), worst.finding.redacted);
            self.tell(&mut sight, Kind::EnvFile, severity, ENV_FILE, (&shown, what), (why, steps), kept);
        }
        if let Some(severity) = guard.env_mode
            && let Some(mode) = content.mode(path).filter(|mode| mode & 0o044 != 0)
        {
            let what = format!("environment file with secrets that others may read (mode {:03o})", mode & 0o777);
            let why = "group or others may read it";
            let steps = vec![format!("chmod 600 -- {}", shell_quote(&shown))];
            self.tell(&mut sight, Kind::EnvMode, severity, "guard-env-mode", (&shown, what), (why, steps), kept);
        }
        if guard.reuse.is_some() || guard.age.is_some() {
            sight.values = real.iter().map(|own| self.value(&own.finding, content, kept)).collect();
        }
        sight
    }

    fn value(&self, finding: &Finding, content: &Uncommitted<'_>, kept: &mut Kept) -> Value {
        let at = &finding.location.path;
        let name = |finding: &Finding| pseudonym(finding, self.key);
        // Only its keyed hash is kept.
        let secret = pseudonym_of("guard value", finding.secret.expose(), self.key);
        let mut speaks = |wanted: Option<Severity>, rule: &str| {
            let about = Finding { rule: rule.to_owned(), severity: wanted?, marker: None, ..finding.clone() };
            let judged = self.judgement.judge(vec![about], self.book, self.once).pop()?;
            kept.iter_mut().for_each(|all| all.push(judged.clone()));
            judged.excepted.is_none().then_some(judged.id)
        };
        let guard = &self.judgement.policy.guard;
        let (reuse, age) = (speaks(guard.reuse, "guard-reuse"), speaks(guard.age, "guard-age"));
        let wanted = name(finding);
        let holds = |bytes: &[u8]| {
            let scanned = scan_content(at, bytes, &self.judgement.rules, |_, _, _| Ok::<(), Infallible>(()));
            scanned.is_ok_and(|scanned| scanned.findings.iter().any(|own| name(own) == wanted))
        };
        let tracked = guard.age.is_some() && content.is_tracked(at);
        let since = tracked.then(|| content.since(at, holds)).flatten();
        Value {
            path: escape(at),
            line: finding.location.line,
            secret,
            what: format!("{} {}", finding.what(), finding.redacted),
            rotate: finding.rotate.clone(),
            since: since.and_then(|seconds| {
                Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date())
            }),
            reuse,
            age,
        }
    }

    fn key_file(&self, path: &[u8], speaks: Speaks, content: &mut Uncommitted<'_>, kept: &mut Kept) -> Sight {
        let Some(severity) = self.judgement.policy.guard.key_files else { return Sight::default() };
        if content.is_tracked(path) || content.is_ignored(path, false).unwrap_or(false) {
            return Sight::default();
        }
        let (named, shown) = crate::scan::scan_path(path, &self.judgement.rules);
        let mut sight = Sight::default();
        let (rule, what) = match speaks {
            Speaks::MayBeKey => {
                let seen = content.whole(path, How { size_cap: LARGEST_KEY, ..self.how() });
                sight.unsettled = seen.unsettled;
                if let Some(reason) = &seen.skipped {
                    sight.join(Sight::unread(&seen.shown, reason));
                }
                let key = seen.findings.into_iter().find(|own| own.rule.contains("private-key"));
                let Some(key) = key.filter(|own| own.confidence >= Confidence::Likely) else { return sight };
                (key.rule.clone(), key.what())
            }
            _ => {
                let Some(finding) = named.into_iter().find(|own| own.rule != ENV_FILE) else { return sight };
                (finding.rule.clone(), finding.what())
            }
        };
        let at = shell_quote(&shown);
        let why = "it is in the worktree, and no ignore rule covers it: `git add` would take it along";
        let steps = vec![format!("move it out of the worktree, or ignore it: echo /{at} >> .gitignore")];
        self.tell(&mut sight, Kind::KeyFile, severity, &rule, (&shown, what), (why, steps), kept);
        sight
    }

    /// Warns of a file as a whole, unless an exception speaks of it.
    #[expect(clippy::too_many_arguments, reason = "the parts of a warning, each from another place")]
    fn tell(
        &self,
        sight: &mut Sight,
        kind: Kind,
        severity: Severity,
        rule: &str,
        (path, what): (&[u8], String),
        (why, steps): (&str, Vec<String>),
        kept: &mut Kept,
    ) {
        let finding = of_file(rule, path, severity, what);
        let judged = self.judgement.judge(vec![finding], self.book, self.once);
        for own in judged {
            if own.excepted.is_none() {
                sight.warnings.push(self.warning(kind, severity, &own, why, steps.clone()));
            }
            kept.iter_mut().for_each(|all| all.push(own.clone()));
        }
    }

    fn warning(&self, kind: Kind, severity: Severity, judged: &Judged, why: &str, mut steps: Vec<String>) -> Warning {
        let finding = &judged.finding;
        if let Some(name) = &judged.allowable {
            steps.push(format!(
                "if it is none: leakwarden allow {} --kind {} --reason '…'",
                judged.id,
                escape(name.as_bytes())
            ));
        }
        let whole = kind != Kind::Secret;
        let what = if whole { finding.name.clone() } else { format!("{} {}", finding.what(), finding.redacted) };
        Warning {
            id: judged.id.clone(),
            kind,
            severity,
            rule: Some(finding.rule.clone()),
            path: escape(&finding.location.path),
            line: if whole { 0 } else { finding.location.line },
            what: escape(what.as_bytes()),
            why: why.to_owned(),
            steps,
            rotate: finding.rotate.clone(),
            secret: (!whole).then(|| pseudonym(finding, self.key)),
        }
    }
}

/// Why an env file with a secret does not belong where it is, and what to do.
fn misplaced(path: &[u8], tracked: bool, ignored: bool, outside: bool) -> Option<(&'static str, Vec<String>)> {
    let at = shell_quote(path);
    if tracked {
        let steps = vec![
            format!("stop tracking it and ignore it: git rm --cached -- {at} && echo /{at} >> .gitignore"),
            "if it was ever pushed or shared, replace what is in it".to_owned(),
        ];
        return Some(("git tracks it", steps));
    }
    if !ignored {
        let steps = vec![format!("ignore it: echo /{at} >> .gitignore")];
        return Some(("no ignore rule covers it: `git add` would take it along", steps));
    }
    outside.then(|| ("policy allows env files elsewhere only (`guard.env_paths`)", vec!["move it there".to_owned()]))
}

/// A finding that speaks of a file as a whole: its name is what is found, as with rules for names of files.
fn of_file(rule: &str, path: &[u8], severity: Severity, what: String) -> Finding {
    let start = path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
    Finding {
        rule: rule.to_owned(),
        provider: "Generic".to_owned(),
        name: what,
        severity,
        confidence: Confidence::Likely,
        location: Location { path: path.to_vec(), part: Part::Path, line: 1, column: 1, end_line: 1, end_column: 1 },
        span: start..path.len(),
        secret: Secret::new(path[start..].to_vec()),
        redacted: escape(&path[start..]),
        reasons: Vec::new(),
        rotate: None,
        key_tag: None,
        issued: None,
        marker: None,
        pair: None,
    }
}
