//! One case from its files to its judgement: the layers of policy, the rules they make, the
//! exceptions, and the report.

use std::sync::Once as OnlyOnce;
use std::time::Duration;

use anyhow::{Context, Result};

use super::around::{self, Automation};
use super::{Exit, tell};
use crate::approval;
use crate::config::{self, CopyInUse};
use crate::exception::Exception;
use crate::exception::book::Book;
use crate::exception::once::Once;
use crate::exception::{PATH, days_between};
use crate::finding::escape;
use crate::git::{Repo, state};
use crate::judgement;
pub(super) use crate::judgement::Judgement;
use crate::policy::Judged;
use crate::policy::layers::Layers;
use crate::policy::syntax::Unscanned;
use crate::receipt::Receipt;
use crate::report::{Advice, Report, Subject};

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
        judgement::repository(&mut self.layers, read).map_err(|own| match own {
            judgement::Fault::Unreadable(error) => error.into(),
            judgement::Fault::Mistake(error) => Failure::usage(error),
        })
    }

    /// Adds who may approve, as the repository's policy said before what is judged.
    pub fn last_signers(&mut self, read: impl FnOnce(&str) -> Result<Option<String>>) {
        judgement::last_signers(&mut self.layers, read);
    }

    /// Joins them.
    pub fn policy(self) -> Result<Judgement, Failure> {
        let judgement = Judgement::of(&self.layers, around::today()).map_err(Failure::usage)?;
        Ok(Judgement { copy: self.copy, ..judgement })
    }
}

impl Judgement {
    /// The repository's exceptions from their text.
    pub(in crate::cli) fn book(&self, text: Option<String>) -> Result<Option<Book>, Failure> {
        let book = text.map(|text| Book::parse(&text)).transpose();
        book.with_context(|| PATH).map_err(Failure::usage)
    }

    /// Whether whoever runs this may except anything.
    pub(in crate::cli) fn may_except(&self) -> bool {
        self.policy.exceptions.allowed && (around::automation().is_none() || self.policy.exceptions.automation)
    }

    /// Where automation commits, it may not except anything by a remark in the source either. (In CI,
    /// which judges commits of people, remarks count.)
    pub(in crate::cli) fn for_whoever_commits(&mut self) {
        if !self.may_except() {
            self.policy.exceptions.inline = false;
        }
    }

    /// Checks that what a person typed holds no secret itself: it will stand in the commit message.
    ///
    /// # Errors
    /// Where it does.
    pub(in crate::cli) fn check_once(&self, once: &[Once]) -> Result<()> {
        once.iter().try_for_each(|own| self.check_text("reason", &own.reason))
    }

    /// The report on a case.
    pub(in crate::cli) fn report(&self, subject: Subject, judged: Vec<Judged>, mut receipt: Receipt) -> Report {
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
    pub(in crate::cli) fn soon_to_end(
        &self,
        repo: &Repo,
        book: impl FnOnce() -> Result<Option<String>>,
    ) -> Option<Reminder> {
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
