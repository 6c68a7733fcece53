//! The ledger as commands use it: where it is, who writes, and what is noted of a finding.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::around::{self, Automation};
use super::case::Judgement;
use crate::finding::escape;
use crate::fingerprint::pseudonym;
use crate::git::Repo;
use crate::ledger::chain::Head;
use crate::ledger::record::{ByException, MOST_FINDINGS, Noted, Place};
use crate::ledger::sink::Sinks;
use crate::ledger::{Entry, Ledger};
use crate::policy;
use crate::policy::Judged;

/// The ledger, and what every record of this run says.
pub(super) struct Journal {
    /// The ledger itself.
    pub ledger: Ledger,
    /// What every record of this run says.
    context: Entry,
}

/// The ledger that a policy names; by default in the user's state directory.
///
/// # Errors
/// Where nobody can tell where that is.
pub(super) fn ledger(keys: &policy::Ledger) -> Result<Ledger> {
    let folder = match &keys.path {
        Some(path) => PathBuf::from(path),
        None => around::state_folder().context("there is no home directory to keep the ledger in")?,
    };
    let socket = |path: &Option<String>| path.as_ref().map(PathBuf::from);
    Ok(Ledger::at(folder, Sinks { syslog: socket(&keys.syslog), journald: socket(&keys.journald) }))
}

impl Journal {
    /// Opens the ledger for what happens `at` a moment in this repository.
    ///
    /// # Errors
    /// Where nobody can tell where the ledger is, or the clone cannot be named.
    pub fn open(judgement: &Judgement, repo: Option<&Repo>, at: &str) -> Result<Self> {
        let ledger = ledger(&judgement.policy.ledger)?;
        let repository = match repo {
            Some(repo) => Some(place(repo)?),
            None => None,
        };
        let short = |digest: &str| digest.chars().take(16).collect::<String>();
        let automation = around::automation().map(|who| match who {
            Automation::Ci => "ci".to_owned(),
            Automation::Agent => "agent".to_owned(),
        });
        let context = Entry {
            at: at.to_owned(),
            host: around::host(),
            os_user: around::os_user(),
            automation,
            repository,
            rules: short(judgement.rules.digest()),
            policy: short(&judgement.digest),
            ..Entry::default()
        };
        Ok(Journal { ledger, context })
    }

    /// An entry that says where, when and by which account; the rest is to be filled in.
    pub fn entry(&self) -> Entry {
        self.context.clone()
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub fn write(&self, entry: Entry) -> Result<Head> {
        self.ledger.append(entry).context("the ledger cannot be written")
    }

    /// Writes what happened to findings: `entry` with them.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_findings(&self, entry: Entry, judged: &[&Judged]) -> Result<Head> {
        let key = self.ledger.key()?;
        let findings = judged.iter().take(MOST_FINDINGS).map(|own| noted(own, &key)).collect();
        let more_findings = judged.len().saturating_sub(MOST_FINDINGS) as u64;
        self.write(Entry { findings, more_findings, ..entry })
    }
}

/// The clone that a repository is.
pub(super) fn place(repo: &Repo) -> Result<Place> {
    let path = repo.worktree().unwrap_or_else(|| repo.git_dir());
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(Place { path: escape(path.as_os_str().as_encoded_bytes()), clone: repo.clone_id()? })
}

fn noted(judged: &Judged, key: &[u8; 32]) -> Noted {
    let finding = &judged.finding;
    Noted {
        rule: finding.rule.clone(),
        severity: finding.severity,
        confidence: finding.confidence,
        path: escape(&finding.location.path),
        line: finding.location.line,
        secret: pseudonym(finding, key),
        exception: judged.excepted.as_ref().map(|own| ByException {
            how: own.how.name().to_owned(),
            id: own.id.clone(),
            kind: own.kind.clone(),
            reason: escape(own.reason.as_bytes()),
            expires: own.expires.map(|day| day.to_string()),
        }),
    }
}
