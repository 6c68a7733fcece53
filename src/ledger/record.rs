//! What the ledger says of one event. `docs/ledger.md` describes the fields for readers.
//!
//! A record holds no secret and no text of a line: a credential is named by its pseudonym
//! ([`crate::fingerprint::pseudonym`]), which only this machine can tie to a value.

use serde::{Deserialize, Serialize};

use crate::level::{Confidence, Severity};

/// Version of the format.
pub const VERSION: u32 = 1;

/// Findings that one record lists; of more, the number is kept.
pub const MOST_FINDINGS: usize = 50;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the format, [`VERSION`].
    pub v: u32,
    /// The ledger's own id: which machine and user wrote it, without saying who that is.
    pub ledger: String,
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When it was written: RFC 3339, UTC, milliseconds. Clocks jump; `seq` tells the order.
    pub time: String,
    /// SHA-256 of the line before, without its line feed, in hex; of the first record 64 zeros.
    pub prev: String,
    /// A piece of a line that a process which was killed left before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torn: Option<Torn>,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A piece of a line that was never promised to anybody: its writer was stopped in the middle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Torn {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hex, so that nothing can be hidden in its place.
    pub sha256: String,
}

/// What happened. `None` and empty fields are not written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// The kind of event.
    pub event: Event,
    /// The moment: `pre-commit`, `commit-msg`, `post-commit`, `pre-push` …, or `command`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// The machine's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The account on the machine.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os_user: String,
    /// The person as git knows them: `Name <address>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Whether a machine did it: `ci` or `agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Place>,
    /// The commit, in hex, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The tree that was to be committed, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// In what way: of a skipped commit `no-verify`, `cherry-pick`, `revert`, `rebase`, `am`, `merge`,
    /// `amend`, `changed-later` or `no-hook`; of a closed exposure `revoked`, `not-a-secret`, `removed` or
    /// `excepted`; of what the guard tells the kind of warning: `secret`, `env-file`, `key-file`, `hook`,
    /// `policy`, `ledger`, `env-mode`, `reuse` or `age`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// The findings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Noted>,
    /// Findings beyond [`MOST_FINDINGS`].
    #[serde(skip_serializing_if = "is_zero")]
    pub more_findings: u64,
    /// The exposure that was opened, closed, reopened or assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure: Option<String>,
    /// When that exposure was opened, RFC 3339: tells how long it stood open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
    /// What a person said: evidence, whom an exposure is assigned to, or why a warning was silenced; of what
    /// the guard tells of hooks, policy and ledger, what it found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Commits made here since the last such record, of an `unscanned` record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commits: Option<Tally>,
    /// First 16 characters of the rule set's digest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rules: String,
    /// First 16 characters of the policy's digest, or `default`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A commit or push was stopped for findings.
    #[default]
    Blocked,
    /// A commit passed whose findings exceptions let pass.
    Excepted,
    /// A person signed another person's exception.
    Approved,
    /// A commit holds a finding and was made without a scan.
    Skipped,
    /// Commits were made without a scan, and nothing was found in them; summed.
    Unscanned,
    /// A credential got past: an exposure.
    ExposureOpened,
    /// An exposure whose value appeared again after it was closed.
    ExposureReopened,
    /// An exposure was dealt with.
    ExposureClosed,
    /// An exposure has an owner.
    ExposureAssigned,
    /// The hooks were installed in a repository.
    Installed,
    /// The hooks were removed from a repository.
    Uninstalled,
    /// The guard warned of something that is not committed yet.
    GuardWarned,
    /// What the guard warned of is gone.
    GuardWithdrawn,
    /// A person silenced a warning of the guard.
    GuardSilenced,
    /// A hook of leakwarden's is no longer in force: removed, disabled or shadowed.
    Shadowed,
    /// The policy of fleet, user or repository changed.
    PolicyChanged,
    /// The ledger was edited.
    LedgerEdited,
}

impl Event {
    /// All of them.
    pub const ALL: [Event; 17] = [
        Event::Blocked,
        Event::Excepted,
        Event::Approved,
        Event::Skipped,
        Event::Unscanned,
        Event::ExposureOpened,
        Event::ExposureReopened,
        Event::ExposureClosed,
        Event::ExposureAssigned,
        Event::Installed,
        Event::Uninstalled,
        Event::GuardWarned,
        Event::GuardWithdrawn,
        Event::GuardSilenced,
        Event::Shadowed,
        Event::PolicyChanged,
        Event::LedgerEdited,
    ];

    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Event::Blocked => "blocked",
            Event::Excepted => "excepted",
            Event::Approved => "approved",
            Event::Skipped => "skipped",
            Event::Unscanned => "unscanned",
            Event::ExposureOpened => "exposure-opened",
            Event::ExposureReopened => "exposure-reopened",
            Event::ExposureClosed => "exposure-closed",
            Event::ExposureAssigned => "exposure-assigned",
            Event::Installed => "installed",
            Event::Uninstalled => "uninstalled",
            Event::GuardWarned => "guard-warned",
            Event::GuardWithdrawn => "guard-withdrawn",
            Event::GuardSilenced => "guard-silenced",
            Event::Shadowed => "shadowed",
            Event::PolicyChanged => "policy-changed",
            Event::LedgerEdited => "ledger-edited",
        }
    }

    /// Whether somebody relies on it being there after a crash: then it is synced to disk.
    pub fn is_promised(self) -> bool {
        !matches!(self, Event::Blocked | Event::Unscanned | Event::GuardWarned | Event::GuardWithdrawn)
    }
}

/// A clone of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The top of its worktree, or its git directory; control characters escaped.
    pub path: String,
    /// The clone's id: random, made when the first event of the clone is recorded.
    pub clone: String,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The rule.
    pub rule: String,
    /// What it opens.
    pub severity: Severity,
    /// How sure this is.
    pub confidence: Confidence,
    /// Where: path as reports show it, or `COMMIT_EDITMSG` for a message.
    pub path: String,
    /// First line, from 1.
    pub line: u32,
    /// The credential's pseudonym.
    pub secret: String,
    /// What lets it pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<ByException>,
}

/// The exception that lets a finding pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByException {
    /// In what way: `file`, `once`, `inline` or `policy`.
    pub how: String,
    /// Its id, or where it stands.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its reason.
    pub reason: String,
    /// Its last day, `2027-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// Commits by what was known of them when they were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Scanned before they were made.
    pub scanned: u64,
    /// Made without a scan, and clean.
    pub unscanned: u64,
    /// Made without a scan, with a finding.
    pub skipped: u64,
}
