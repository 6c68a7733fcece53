//! What may be typed: the command line as clap sees it. Doc comments are the help.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Keeps credentials out of git.
#[derive(Debug, Parser)]
#[command(name = "leakwarden", version, propagate_version = true, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 clean, 1 findings, 2 usage or configuration error, 3 could not scan.")]
pub struct Args {
    /// When to use colours; NO_COLOR and a TERM of `dumb` switch them off.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to do something that depends on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    Human,
    /// JSON on standard output (docs/json.md).
    Json,
    /// SARIF 2.1.0 on standard output.
    Sarif,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Protect this repository: install the hooks, keeping those that are there.
    Install {
        /// Print what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove the hooks of this repository and bring back those that were there.
    Uninstall {
        /// Print what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Look for secrets in files and folders, or in what is staged.
    Scan {
        /// Scan what the next commit would add.
        #[arg(long, conflicts_with = "paths")]
        staged: bool,
        /// Files and folders; folders are walked with git's ignore rules.
        #[arg(required_unless_present = "staged", value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
    /// Look at the rules.
    #[command(subcommand)]
    Rules(Rules),
    /// What the hooks run.
    #[command(subcommand)]
    Hook(Hook),
}

/// Commands about rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List the rules: id, severity, what.
    List,
    /// Show a rule as it is written.
    Show {
        /// The rule's id.
        id: String,
    },
    /// Run every rule's examples through the whole pipeline.
    Check {
        /// Rule files to check instead of the built-in rules.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// The hooks, by git's names.
#[derive(Debug, Subcommand)]
pub enum Hook {
    /// Scan what is about to be committed.
    PreCommit {
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
    /// Scan what a merge is about to commit.
    PreMergeCommit {
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
    /// Scan a commit message.
    CommitMsg {
        /// The file that holds the message.
        file: PathBuf,
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
}
