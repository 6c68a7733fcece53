//! leakwarden keeps credentials out of git. One commit, told from start to end:
//!
//! 1. `git commit` runs `hooks/pre-commit`, which runs `leakwarden hook pre-commit`;
//! 2. [`cli`] turns arguments and environment into a command;
//! 3. [`git`] compares the tree that will be committed with its parents' trees and makes a
//!    [`fragment`] of every changed blob, path and link target;
//! 4. [`scan`] looks for the literals of all [`rules`], tries the rules they belong to, and judges
//!    each match by the rule's filters: a [`finding`];
//! 5. findings on lines that are not new are dropped, [`policy`] decides what blocks;
//! 6. [`report`] says where, what, why and what to do, without the secret;
//! 7. the process exits: 0 clean, 1 findings, 2 usage or configuration, 3 could not scan.
//!
//! Modules, lowest first; each uses only those before it (`tests/architecture.rs` checks).

pub mod level;

pub mod finding;

pub mod fingerprint;

pub mod receipt;

pub mod document;

pub mod exception;

pub mod fragment;

pub mod rules;

pub mod scan;

pub mod policy;

pub mod approval;

pub mod import;

pub mod config;

pub mod judgement;

pub mod git;

pub mod files;

pub mod report;

pub mod ledger;

pub mod exposure;

pub mod install;

pub mod doctor;

pub mod guard;

pub mod cli;
