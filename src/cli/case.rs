//! One case from its files to its judgement: the layers of policy, the rules they make, the
//! exceptions, and the report.

use std::sync::Once as OnlyOnce;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;

use super::around::{self, Automation};
use super::{Exit, tell};
use crate::approval;
use crate::config::{self, CopyInUse};
use crate::exception::Exception;
use crate::exception::book::Book;
use crate::exception::once::Once;
use crate::exception::{PATH, days_between};
use crate::finding::{Finding, Part, escape};
use crate::fragment::Fragment;
use crate::git::{Repo, state};
use crate::policy::judge::{Approvals, awaiting};
use crate::policy::layers::Layers;
use crate::policy::syntax::Unscanned;
use crate::policy::{self, Case, Judged, Policy, judge};
use crate::receipt::Receipt;
use crate::report::{Advice, Report, Subject};
use crate::rules::RuleSet;
use crate::scan::scan;

/// An error and how the program ends for it.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong.
    pub error: anyhow::Error,
}

impl From<anyhow::Error> for Failure {
    /// What is not said to be a mistake of somebody's means that nothing was scanned.
    fn from(error: anyhow::Error) -> Self {
        Failure { exit: Exit::CouldNotScan, error }
    }
}

impl Failure {
    /// A mistake in usage or configuration.
    pub fn usage(error: anyhow::Error) -> Self {
        Failure { exit: Exit::Usage, error }
    }
}

/// The layers of policy while they are collected.
#[derive(Debug, Clone, Default)]
pub(super) struct Docket {
    /// What is there so far.
    pub layers: Layers,
    /// That the fleet's policy is broken, and a copy counts instead.
    copy: Option<CopyInUse>,
}

impl Docket {
    /// Begins with the layers of this machine. Where a copy stands in for the fleet's policy, that is
    /// told, once in a run.
    pub fn open() -> Result<Self, Failure> {
        static TOLD: OnlyOnce = OnlyOnce::new();
        let user = around::user_policy();
        let machine = config::machine(user.as_deref()).map_err(Failure::usage)?;
        if let Some(copy) = &machine.copy {
            TOLD.call_once(|| tell(&format!("leakwarden: warning: {}\n", escape(copy.warning().as_bytes()))));
        }
        Ok(Docket { layers: machine.layers, copy: machine.copy })
    }

    /// The size cap, which is known before the repository is read: only owners of the machine set it.
    pub fn size_cap(&self) -> Result<u64, Failure> {
        self.layers.size_cap().map_err(Failure::usage)
    }

    /// Adds the repository's policy, if there is one.
    pub fn repository(&mut self, read: impl FnOnce(&str) -> Result<Option<String>>) -> Result<(), Failure> {
        if let Some(text) = read(policy::PATH)? {
            let keys = config::keys(&text).with_context(|| policy::PATH).map_err(Failure::usage)?;
            self.layers.repository = Some((policy::PATH.to_owned(), keys));
        }
        Ok(())
    }

    /// Adds who may approve, as the repository's policy said before what is judged.
    pub fn last_signers(&mut self, read: impl FnOnce(&str) -> Result<Option<String>>) {
        if self.layers.repository.is_none() {
            return;
        }
        // A policy that cannot be read names nobody, so that a commit can mend it and nothing passes.
        let text = read(policy::PATH).ok().flatten().filter(|text| text.contains("signers"));
        let keys =
            text.and_then(|text| config::keys(&text).ok()).filter(|keys| policy::check::repository(keys).is_ok());
        let signers = keys.map(|keys| keys.exceptions.signers).unwrap_or_default();
        self.layers.last_signers = Some((format!("HEAD:{}", policy::PATH), signers));
    }

    /// Joins them.
    pub fn policy(self) -> Result<Judgement, Failure> {
        let digest = self.layers.digest();
        let policy = self.layers.join().map_err(Failure::usage)?;
        let rules = RuleSet::with(policy.rules.clone()).map_err(Failure::usage)?;
        Ok(Judgement { policy, rules, today: around::today(), digest, copy: self.copy })
    }
}

/// Policy, rules and the day: what findings are judged by.
#[derive(Debug)]
pub(super) struct Judgement {
    /// The policy.
    pub policy: Policy,
    /// The rules.
    pub rules: RuleSet,
    /// The day.
    pub today: Date,
    /// SHA-256 of the layers; `default` where there is none.
    pub digest: String,
    /// That a copy of the fleet's policy counts instead of the policy.
    pub copy: Option<CopyInUse>,
}

impl Judgement {
    /// The repository's exceptions from their text.
    pub fn book(&self, text: Option<String>) -> Result<Option<Book>, Failure> {
        let book = text.map(|text| Book::parse(&text)).transpose();
        book.with_context(|| PATH).map_err(Failure::usage)
    }

    /// Judges findings.
    pub fn judge(&self, findings: Vec<Finding>, book: Option<&Book>, once: &[Once]) -> Vec<Judged> {
        let approvals = book.map_or_else(Approvals::new, |book| self.approvals(&findings, book));
        judge(findings, &self.policy, &Case { today: self.today, book, once, approvals: &approvals })
    }

    /// Checks the approvals on which these findings depend; mostly there are none, and nothing is run.
    fn approvals(&self, findings: &[Finding], book: &Book) -> Approvals {
        let awaiting = awaiting(findings, &self.policy, book).into_iter();
        awaiting.map(|own| (own.id.clone(), self.approval(own, &book.repo_id))).collect()
    }

    /// Whether an exception's approval holds; if not, why.
    pub fn approval(&self, exception: &Exception, repo_id: &str) -> Result<(), String> {
        approval::check(exception, repo_id, &self.policy.exceptions.signers).map_err(|error| format!("{error:#}"))
    }

    /// Whether policy stops a commit for a finding that nothing excepts.
    pub fn weighs(&self, finding: &Finding) -> bool {
        finding.confidence >= self.policy.confidence && finding.severity >= self.policy.severity
    }

    /// Whether whoever runs this may except anything.
    pub fn may_except(&self) -> bool {
        self.policy.exceptions.allowed && (around::automation().is_none() || self.policy.exceptions.automation)
    }

    /// Where automation commits, it may not except anything by a remark in the source either. (In CI,
    /// which judges commits of people, remarks count.)
    pub fn for_whoever_commits(&mut self) {
        if !self.may_except() {
            self.policy.exceptions.inline = false;
        }
    }

    /// Checks that what a person typed holds no secret itself: it will stand in the commit message.
    ///
    /// # Errors
    /// Where it does.
    pub fn check_once(&self, once: &[Once]) -> Result<()> {
        once.iter().try_for_each(|own| self.check_text("reason", &own.reason))
    }

    /// Checks that a text of a person holds no secret.
    ///
    /// # Errors
    /// Where it does; says which kind.
    pub fn check_text(&self, field: &str, text: &str) -> Result<()> {
        let scanned = scan(&Fragment::text(b"", Part::Message, text.as_bytes()), &self.rules);
        if let Some(finding) = scanned.findings.first() {
            anyhow::bail!("the {field} itself holds a secret ({}); write it without", finding.what());
        }
        ensure!(scanned.given_up.is_none(), "the {field} cannot be scanned");
        Ok(())
    }

    /// The report on a case.
    pub fn report(&self, subject: Subject, judged: Vec<Judged>, mut receipt: Receipt) -> Report {
        receipt.policy.clone_from(&self.digest);
        receipt.policy_copy_until = self.copy.as_ref().map(CopyInUse::end);
        receipt.excepted = judged.iter().filter(|own| own.excepted.is_some()).count() as u64;
        let mut report = Report::new(subject, judged, receipt);
        report.unscanned_blocks = self.policy.not_scanned == Unscanned::Block;
        // Who runs this is asked of thirty variables; mostly there is nothing to tell anybody.
        if !report.is_silent() {
            report.advice = self.advice();
        }
        report
    }

    fn advice(&self) -> Advice {
        let (may, who) = (self.may_except(), around::automation());
        Advice {
            // In CI nobody can except anything, and whoever reads its log may, elsewhere.
            how_to_allow: may || self.policy.exceptions.allowed && who == Some(Automation::Ci),
            agent: who == Some(Automation::Agent) && !may,
            contact: self.policy.contact.clone(),
            message: self.policy.message.clone(),
        }
    }

    /// What the person who commits should know of their own exceptions that end soon; asked once a day.
    pub fn soon_to_end(&self, repo: &Repo, book: impl FnOnce() -> Result<Option<String>>) -> Option<Reminder> {
        const AHEAD: i64 = 14;
        if repo.state(state::TOLD, Duration::from_secs(20 * 60 * 60)).is_some() {
            return None;
        }
        // It is a reminder: where it cannot be given, the commit goes on. Most repositories have no
        // such file, and looking for it costs less than reading a tree.
        if !repo.worktree().is_some_and(|top| top.join(PATH).exists()) {
            return None;
        }
        let book = Book::parse(&book().ok()??).ok()?;
        let me = crate::git::write::identity().ok()?;
        repo.set_state(state::TOLD, "").ok()?;
        let mut lines = Vec::new();
        let mut ended = Vec::new();
        for own in book.exceptions.iter().filter(|own| approval::same_person(&own.by, &me)) {
            let left = days_between(self.today, own.expires);
            if left > AHEAD {
                continue;
            }
            let when = if left < 0 { "ended" } else { "ends" };
            let renew = format!("`leakwarden exceptions renew {}`, or take the secret out", own.id);
            lines.push(format!("your exception {} ({}) {when} on {}: {renew}", own.id, own.path, own.expires));
            ended.extend((left < 0).then(|| own.clone()));
        }
        lines.truncate(5);
        Some(Reminder { lines, ended, book })
    }
}

/// What a person is told of their exceptions.
#[derive(Debug)]
pub(super) struct Reminder {
    /// The lines.
    pub lines: Vec<String>,
    /// Those that have ended.
    pub ended: Vec<Exception>,
    /// The exceptions file.
    pub book: Book,
}
