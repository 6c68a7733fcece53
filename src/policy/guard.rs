//! What the guard warns of: `[guard]` of all layers taken together.

use crate::level::Severity;

/// The guard's part of a policy. Of a check, `None` means that it is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Whether a repository is watched once leakwarden is installed in it.
    pub register: bool,
    /// Whether the desktop shows warnings.
    pub desktop: bool,
    /// Whether the uncommitted content of tracked files is watched; a warning has its finding's severity.
    pub secrets: bool,
    /// Env files with a secret where they do not belong.
    pub env_files: Option<Severity>,
    /// Key files and keystores that are neither tracked nor ignored.
    pub key_files: Option<Severity>,
    /// Hooks that were removed, disabled or shadowed.
    pub hooks: Option<Severity>,
    /// A policy that changed.
    pub policy: Option<Severity>,
    /// A ledger that was edited.
    pub ledger: Option<Severity>,
    /// Env files that group or others may read.
    pub env_mode: Option<Severity>,
    /// The same value in two env files.
    pub reuse: Option<Severity>,
    /// Secrets in env files that are older than [`oldest_days`](Guard::oldest_days).
    pub age: Option<Severity>,
    /// How old a secret may become, in days.
    pub oldest_days: u32,
    /// Globs of names of env files besides `.env`, `.env.*`, `*.env` and `.envrc`.
    pub env_names: Vec<String>,
    /// Globs of paths, from the top of a worktree, where env files may be; empty: everywhere.
    pub env_paths: Vec<String>,
    /// The largest file that the guard reads, in bytes.
    pub size_cap: u64,
}

impl Default for Guard {
    /// What the design asks for unasked; mode, reuse and age are off.
    fn default() -> Self {
        Guard {
            register: true,
            desktop: true,
            secrets: true,
            env_files: Some(Severity::High),
            key_files: Some(Severity::Medium),
            hooks: Some(Severity::Medium),
            policy: Some(Severity::Low),
            ledger: Some(Severity::High),
            env_mode: None,
            reuse: None,
            age: None,
            oldest_days: 365,
            env_names: Vec::new(),
            env_paths: Vec::new(),
            size_cap: 16 << 20,
        }
    }
}
