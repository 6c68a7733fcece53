//! What is done about findings: layers of policy in, one [`Policy`] out; findings, policy and
//! exceptions in, an outcome out. Pure.
//!
//! - [`syntax`]: what may be written;
//! - [`layers`]: how built-in values, fleet, user and repository make one policy;
//! - [`kinds`]: the kinds of exceptions that they make;
//! - [`check`]: mistakes in a layer, by field;
//! - [`guard`]: what the guard warns of;
//! - [`judge`]: what happens with each finding.

pub mod check;
pub mod guard;
pub mod judge;
mod kinds;
pub mod layers;
pub mod syntax;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::level::{Confidence, Severity};
use crate::rules::syntax::RuleSource;

pub use judge::{Case, How, Judged, judge};
use syntax::Unscanned;

/// Where a repository keeps its policy.
pub const PATH: &str = ".leakwarden.toml";

/// The rules of the house, all layers taken together.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The least confidence that blocks.
    pub confidence: Confidence,
    /// The least severity that blocks.
    pub severity: Severity,
    /// The largest blob or file that is scanned, in bytes.
    pub size_cap: u64,
    /// What happens with what cannot be scanned.
    pub not_scanned: Unscanned,
    /// Globs of env files that may be tracked.
    pub env_files: Vec<String>,
    /// Severities that differ from the rules' own.
    pub severities: BTreeMap<String, Severity>,
    /// Severities that a repository raises at least to this.
    pub raised: BTreeMap<String, Severity>,
    /// Rules that only warn; until a day, or for good.
    pub warn: BTreeMap<String, Option<Date>>,
    /// Rules besides the built-in ones.
    pub rules: Vec<RuleSource>,
    /// Rules and paths that are let pass.
    pub wide: Vec<WideException>,
    /// What exceptions are worth.
    pub exceptions: Exceptions,
    /// Whom to ask.
    pub contact: Option<String>,
    /// A line below every block.
    pub message: Option<String>,
    /// The ledger.
    pub ledger: Ledger,
    /// Whether a plain commit that pre-commit did not scan is refused.
    pub refuse_unscanned: bool,
    /// Whether branches may not be moved to commits with findings.
    pub guard_branches: bool,
    /// What the guard warns of.
    pub guard: guard::Guard,
    /// Every value with its origin, for `policy show`.
    pub settings: Vec<Setting>,
}

/// Where records go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Another folder than the user's state directory.
    pub path: Option<String>,
    /// Whether exceptions count only where they are recorded.
    pub required: bool,
    /// The local syslog socket.
    pub syslog: Option<String>,
    /// journald's native socket.
    pub journald: Option<String>,
}

/// One value of a policy and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// The key, with dots.
    pub key: String,
    /// Its value as TOML would write it.
    pub value: String,
    /// The layer or file that decided it.
    pub origin: String,
    /// How layers are joined: `strictest`, `union` or `replace`.
    pub merge: &'static str,
}

/// All findings of some rules or at some paths, let pass.
#[derive(Debug, Clone)]
pub struct WideException {
    /// Rule ids; empty: all.
    pub rules: Vec<String>,
    /// Paths; `None`: everywhere.
    pub paths: Option<globset::GlobSet>,
    /// The kind.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where it stands, for messages.
    pub origin: String,
    /// Who wrote it.
    pub by: Writer,
}

/// Who wrote a part of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The administrators of this machine.
    Fleet,
    /// The user.
    User,
    /// Whoever can push to the repository.
    Repository,
}

/// What exceptions are worth.
#[derive(Debug, Clone)]
pub struct Exceptions {
    /// Whether there are any.
    pub allowed: bool,
    /// The kinds by name.
    pub kinds: BTreeMap<String, Kind>,
    /// The least number of characters of a reason.
    pub least_reason: usize,
    /// Patterns that a ticket must match.
    pub ticket: Vec<String>,
    /// Rules whose findings may not be excepted.
    pub never_rules: BTreeSet<String>,
    /// Findings of this severity and above may not be excepted.
    pub never_severity: Option<Severity>,
    /// Kinds that need a signature.
    pub approval_kinds: BTreeSet<String>,
    /// Findings of this severity and above need one.
    pub approval_severity: Option<Severity>,
    /// Who may sign, in git's allowed-signers format.
    pub signers: Vec<String>,
    /// Who names them.
    pub signers_from: SignersFrom,
    /// Whether exceptions for one commit count.
    pub once: bool,
    /// Whether remarks in the source count.
    pub inline: bool,
    /// Whether remarks of other tools count.
    pub foreign_markers: bool,
    /// Whether CI and coding agents may except anything.
    pub automation: bool,
    /// Whether a person at a terminal is asked.
    pub prompt: bool,
}

/// Who names the people that may approve, which is what their approval is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignersFrom {
    /// The fleet.
    Fleet,
    /// The policy of the branch that a change is merged into.
    Target,
    /// This repository's last commit, which may be the requester's own: approvals are advisory.
    LastCommit,
}

/// A kind of exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// How long it lasts when nobody says, in days.
    pub default_days: u32,
    /// How long it may last, in days.
    pub longest_days: u32,
}

impl Default for Policy {
    /// The built-in policy: blocks `likely` and `certain` findings of `medium` severity and above;
    /// 256 MiB; exceptions of the five kinds, by people, with a reason of 10 characters.
    fn default() -> Self {
        layers::Layers::default().join().expect("the built-in policy has no mistake")
    }
}

impl Exceptions {
    /// Whether a finding of this rule and severity may be excepted at all; if not, why.
    pub fn refusal(&self, rule: &str, severity: Severity) -> Option<String> {
        if !self.allowed {
            return Some("policy allows no exceptions".to_owned());
        }
        if self.never_rules.contains(rule) {
            return Some(format!("policy allows no exception for the rule `{rule}`"));
        }
        let never = self.never_severity.filter(|&least| severity >= least)?;
        Some(format!("policy allows no exception for findings of {} severity and above", never.name()))
    }

    /// Whether a second person must sign.
    pub fn needs_approval(&self, kind: &str, severity: Severity) -> bool {
        self.approval_kinds.contains(kind) || self.approval_severity.is_some_and(|least| severity >= least)
    }

    /// What is wrong with a ticket, if anything.
    pub fn ticket_fault(&self, ticket: Option<&str>) -> Option<String> {
        let pattern = self.ticket.iter().find(|pattern| {
            !ticket.is_some_and(|text| check::ticket(pattern).is_ok_and(|regex| regex.is_match(text)))
        })?;
        Some(match ticket {
            Some(_) => format!("the ticket does not match `{pattern}`"),
            None => format!("policy asks for a ticket (`--ticket`) that matches `{pattern}`"),
        })
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// Where policy has none; names those there are.
    pub fn kind(&self, name: &str) -> anyhow::Result<Kind> {
        self.kinds.get(name).copied().ok_or_else(|| {
            let known: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
            anyhow::anyhow!("there is no such kind of exception; there are: {}", known.join(", "))
        })
    }
}
