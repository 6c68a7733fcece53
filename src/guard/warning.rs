//! A warning: something to be dealt with before it is committed. Holds no secret.

use serde::{Deserialize, Serialize};

use crate::level::Severity;

/// What a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A secret in the uncommitted content of a tracked file.
    Secret,
    /// An env file with a secret where it does not belong.
    EnvFile,
    /// A key file or keystore that is neither tracked nor ignored.
    KeyFile,
    /// A hook that was removed, disabled or shadowed.
    Hook,
    /// A policy that changed.
    Policy,
    /// A ledger that was edited.
    Ledger,
    /// An env file that group or others may read.
    EnvMode,
    /// The same value in two places.
    Reuse,
    /// A secret that is older than policy allows.
    Age,
}

impl Kind {
    /// The name in files and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::EnvFile => "env-file",
            Kind::KeyFile => "key-file",
            Kind::Hook => "hook",
            Kind::Policy => "policy",
            Kind::Ledger => "ledger",
            Kind::EnvMode => "env-mode",
            Kind::Reuse => "reuse",
            Kind::Age => "age",
        }
    }
}

/// One warning. All texts are escaped and redacted: they may be printed, logged and stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Warning {
    /// The name by which people speak of it: a finding's id ([`crate::fingerprint::id`]), or 8 characters
    /// made from kind and place where there is no finding.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The rule that found it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The file, from the top of the worktree; empty where it is about no file of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The line, from 1; 0 where it is about no line.
    #[serde(default)]
    pub line: u32,
    /// What it is, in one phrase without a full stop: `GitHub personal access token ghp_********abcd`.
    pub what: String,
    /// Why it is warned of, in one phrase: `a tracked file holds it and it is not committed yet`.
    pub why: String,
    /// What to do, one step each.
    pub steps: Vec<String>,
    /// Where the credential is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<String>,
    /// The credential's pseudonym ([`crate::fingerprint::pseudonym`]), where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}
