//! Reports: findings and receipt as text for people, JSON for programs, SARIF for code hosts.
//!
//! Nothing here reads the disk or prints; each reporter gives text. None of them exposes a secret:
//! they show [`Finding::redacted`](crate::finding::Finding::redacted).

pub mod catalogue;
pub mod explain;
pub mod github;
pub mod human;
pub mod json;
pub mod sarif;
pub mod skipped;

use crate::policy::Judged;
use crate::receipt::Receipt;

/// What was scanned, as far as the words of a report depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A commit or merge that git is about to make.
    Commit,
    /// The message of such a commit.
    Message,
    /// What is staged, looked at outside a commit.
    Staged,
    /// Files on disk.
    Files,
    /// Commits that exist.
    Range,
    /// Everything in the tree of a commit.
    Tree,
    /// What a push would send.
    Push,
    /// What a branch would be moved to.
    Branch,
}

/// Everything a report is made from.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was scanned.
    pub subject: Subject,
    /// The findings, each with what policy says.
    pub findings: Vec<Judged>,
    /// What was and was not scanned.
    pub receipt: Receipt,
    /// Whether the repository has no commit yet (then `git restore --staged` has nothing to restore).
    pub first_commit: bool,
    /// Whether something that could not be scanned stops the commit.
    pub unscanned_blocks: bool,
    /// What else a person is told.
    pub advice: Advice,
    /// Whether a person has already read the findings.
    pub told: bool,
}

/// What policy adds to a report for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    /// Whether to tell how a finding is excepted.
    pub how_to_allow: bool,
    /// Whether a coding agent reads it, which may not except anything.
    pub agent: bool,
    /// Whom to ask.
    pub contact: Option<String>,
    /// A line of the organisation's own.
    pub message: Option<String>,
}

impl Report {
    /// A report on findings that were judged.
    pub fn new(subject: Subject, findings: Vec<Judged>, receipt: Receipt) -> Self {
        let advice = Advice::default();
        Report { subject, findings, receipt, first_commit: false, unscanned_blocks: true, advice, told: false }
    }

    /// Whether a hook has nothing to say to a person.
    pub fn is_silent(&self) -> bool {
        let hook = matches!(self.subject, Subject::Commit | Subject::Message | Subject::Push | Subject::Branch);
        let open = self.findings.iter().any(|judged| judged.excepted.is_none());
        self.told || hook && !open && self.receipt.not_scanned.is_empty() && self.receipt.notes.is_empty()
    }

    /// How many findings block.
    pub fn blocking(&self) -> usize {
        self.findings.iter().filter(|j| j.blocking).count()
    }
}
