//! What may be written in a policy: the keys, as TOML. `docs/policy.md` describes them for authors.
//!
//! The same keys stand in every layer; a fleet's file has them twice, below `mandatory` and below
//! `recommended`. What a layer does not say stays `None`; what the layers make together is
//! [`Policy`](super::Policy).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::level::{Confidence, Severity};
use crate::rules::syntax::RuleSource;

/// A fleet's file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FleetFile {
    /// Version of the syntax: 1.
    pub version: Option<u32>,
    /// What nobody below may loosen.
    pub mandatory: Keys,
    /// Defaults that a user may change.
    pub recommended: Keys,
}

/// The keys of one layer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Version of the syntax: 1.
    pub version: Option<u32>,
    /// What stops a commit.
    pub block: Block,
    /// What is scanned.
    pub scan: Scan,
    /// Files such as `.env`.
    pub env_files: EnvFiles,
    /// Changes to single rules, by id.
    pub rules: BTreeMap<String, RuleKeys>,
    /// Own rules.
    pub rule: Vec<RuleSource>,
    /// Rules or paths that are let pass altogether: exceptions wider than one finding.
    pub exception: Vec<Wide>,
    /// What exceptions are worth.
    pub exceptions: Exceptions,
    /// Whom to ask.
    pub organisation: Organisation,
    /// The ledger.
    pub ledger: Ledger,
    /// Commits that were not scanned.
    pub commits: Commits,
    /// What the guard warns of.
    pub guard: Guard,
}

/// `[block]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Block {
    /// The least confidence that blocks.
    pub confidence: Option<Confidence>,
    /// The least severity that blocks.
    pub severity: Option<Severity>,
}

/// What happens with something that cannot be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unscanned {
    /// It is said, and the commit goes on.
    Warn,
    /// The commit is stopped with exit code 3.
    Block,
}

/// `[scan]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scan {
    /// The largest file that is scanned, in MiB. Not in a repository.
    pub size_cap_mib: Option<u64>,
    /// What happens with files that cannot be scanned.
    pub not_scanned: Option<Unscanned>,
}

/// `[env_files]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnvFiles {
    /// Globs of env files that may be tracked. Not in a repository: there it takes an `[[exception]]`.
    pub allowed: Vec<String>,
}

/// `[rules.ID]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleKeys {
    /// Another severity. A repository may only raise it.
    pub severity: Option<Severity>,
    /// `block`, `warn`, or `warn until 2027-02-01`. Not in a repository.
    pub mode: Option<String>,
}

/// `[[exception]]`: all findings of some rules, at some paths, or both.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wide {
    /// Rule ids; none: all rules, then `paths` is needed.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Globs of paths; none: everywhere, then `rules` is needed.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The kind.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day on which it counts. A fleet may leave it out.
    pub expires: Option<String>,
}

/// `[exceptions]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exceptions {
    /// Whether there are exceptions at all.
    pub allowed: Option<bool>,
    /// Kinds: changed, taken away, added.
    pub kinds: BTreeMap<String, KindKeys>,
    /// The longest time for any of them, in days.
    pub longest_days: Option<u32>,
    /// The least number of characters of a reason, blanks not counted.
    pub least_reason: Option<u32>,
    /// A regular expression that a ticket must match as a whole; with it a ticket is needed.
    pub ticket: Option<String>,
    /// Rules whose findings may not be excepted.
    pub never_rules: Vec<String>,
    /// Findings of this severity and above may not be excepted.
    pub never_severity: Option<Severity>,
    /// Kinds that need a second person's signature.
    pub approval_kinds: Vec<String>,
    /// Findings of this severity and above need a second person's signature.
    pub approval_severity: Option<Severity>,
    /// Who may approve: lines of git's allowed-signers format. In a repository, those of the policy
    /// that a change is merged into count, and in a hook those of the last commit. Not in a user's
    /// file.
    pub signers: Vec<String>,
    /// Whether exceptions for one commit count.
    pub once: Option<bool>,
    /// Whether remarks in the source count.
    pub inline: Option<bool>,
    /// Whether remarks of other tools count.
    pub foreign_markers: Option<bool>,
    /// Whether a repository's `[[exception]]`s count.
    pub wide: Option<bool>,
    /// Whether CI and coding agents may except anything.
    pub automation: Option<bool>,
    /// Whether a person at a terminal is asked.
    pub prompt: Option<bool>,
}

/// `[exceptions.kinds.NAME]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KindKeys {
    /// How long such an exception lasts when nobody says, in days.
    pub default_days: Option<u32>,
    /// How long it may last, in days.
    pub longest_days: Option<u32>,
    /// Whether there is no such kind.
    pub off: Option<bool>,
    /// Another name for it, by which alone it is known then. Not in a repository.
    pub name: Option<String>,
}

/// `[organisation]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// Whom to ask.
    pub contact: Option<String>,
    /// A line below every block.
    pub message: Option<String>,
}

/// `[ledger]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ledger {
    /// Another folder for the ledger. Not in a repository.
    pub path: Option<String>,
    /// Whether exceptions count only where they are recorded.
    pub required: Option<bool>,
    /// The local syslog socket, to which records go as well. Not in a repository.
    pub syslog: Option<String>,
    /// journald's native socket, to which records go as well. Not in a repository.
    pub journald: Option<String>,
}

/// `[commits]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Commits {
    /// Whether a plain commit that pre-commit did not scan is refused (`--no-verify`).
    pub refuse_unscanned: Option<bool>,
    /// Whether branches may not be moved to commits with findings, by whatever command.
    pub guard_branches: Option<bool>,
}

/// Whether the guard warns of something, and how severe that is; a later one is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Warns {
    /// It does not.
    Off,
    /// With low severity.
    Low,
    /// With medium severity.
    Medium,
    /// With high severity.
    High,
    /// With critical severity.
    Critical,
}

/// `[guard]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// Whether a repository is watched once leakwarden is installed in it. Not in a repository.
    pub register: Option<bool>,
    /// Whether the desktop shows warnings. Not in a repository.
    pub desktop: Option<bool>,
    /// Whether the uncommitted content of tracked files is watched.
    pub secrets: Option<bool>,
    /// Env files with a secret where they do not belong.
    pub env_files: Option<Warns>,
    /// Key files and keystores that are neither tracked nor ignored.
    pub key_files: Option<Warns>,
    /// Hooks that were removed, disabled or shadowed.
    pub hooks: Option<Warns>,
    /// A policy that changed.
    pub policy: Option<Warns>,
    /// A ledger that was edited.
    pub ledger: Option<Warns>,
    /// Env files that group or others may read.
    pub env_mode: Option<Warns>,
    /// The same value in two env files.
    pub reuse: Option<Warns>,
    /// Secrets that are older than `oldest_days`.
    pub age: Option<Warns>,
    /// How old a secret may become, in days.
    pub oldest_days: Option<u32>,
    /// Globs of names of env files besides the usual ones.
    pub env_names: Vec<String>,
    /// Globs of paths where env files may be; none: everywhere. Not in a repository.
    pub env_paths: Option<Vec<String>>,
    /// The largest file that the guard reads, in MiB. Not in a repository.
    pub size_cap_mib: Option<u64>,
}
