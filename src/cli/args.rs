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

/// The form of a report on commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    /// Text for people.
    Human,
    /// JSON on standard output (docs/json.md).
    Json,
    /// SARIF 2.1.0 on standard output.
    Sarif,
    /// Annotations of GitHub Actions on standard output, and text for people.
    Github,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Protect this repository: install the hooks, keeping those that are there.
    Install {
        /// Where else.
        #[command(flatten)]
        reach: Reach,
        /// What the hooks do where this program is gone. Default: what those do that are there, else warn.
        #[arg(long, value_name = "WHAT")]
        if_missing: Option<IfMissing>,
        /// Print what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// Write into the file of the hook manager that is configured here, too (docs/hook-managers.md).
        #[arg(long, conflicts_with_all = ["user", "system", "template"])]
        write: bool,
    },
    /// Remove the hooks of this repository and bring back those that were there.
    Uninstall {
        /// Where else.
        #[command(flatten)]
        reach: Reach,
        /// Print what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// Take out of hook managers' files what `install --write` put in, too.
        #[arg(long, conflicts_with_all = ["user", "system", "template"])]
        write: bool,
    },
    /// Look whether leakwarden runs where it should, and say how to mend what fails. Exit codes: 0
    /// covered, 1 not covered, 2 wrong usage, 3 nobody can tell.
    Doctor(Doctor),
    /// Look for secrets in files and folders, or in what is staged.
    Scan {
        /// Scan what the next commit would add.
        #[arg(long, conflicts_with = "paths")]
        staged: bool,
        /// Files and folders; folders are walked with git's ignore rules.
        #[arg(required_unless_present = "staged", value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Tell what was tried where, and which filter kept or dropped it and why.
        #[arg(long, conflicts_with = "staged")]
        explain: bool,
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
    /// Let a finding pass, with a kind, a reason and an end.
    Allow {
        /// Ids of findings as the block shows them; the first characters are enough.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Why it may pass: false-positive, test-value, revoked, accepted-risk or fix-later, unless
        /// policy has others.
        #[arg(long)]
        kind: String,
        /// Why it may pass, in your own words; such as: made up for the tests of the login page.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Its end: days (`90d`), weeks (`12w`) or a date. Default: what policy says for the kind.
        #[arg(long, value_name = "WHEN", conflicts_with = "once")]
        expires: Option<String>,
        /// A ticket, where policy asks for one.
        #[arg(long, conflicts_with = "once")]
        ticket: Option<String>,
        /// For the next commit only: it travels in the commit's message, not in a file.
        #[arg(long)]
        once: bool,
    },
    /// Judge commits that exist, as the hook would have: for CI and for servers.
    Verify {
        /// The commits: `A..B`; a commit and what it must not reach, `B ^A`; or one alone, `B^!`.
        #[arg(value_name = "RANGE", required_unless_present_any = ["tree", "pre_receive"])]
        range: Vec<String>,
        /// Everything in the tree of a commit instead, exceptions that have ended included.
        #[arg(long, value_name = "COMMIT", num_args = 0..=1, default_missing_value = "HEAD", conflicts_with = "range")]
        tree: Option<String>,
        /// What git gives a pre-receive hook on standard input.
        #[arg(long, conflicts_with_all = ["range", "tree"])]
        pre_receive: bool,
        /// The commit whose policy may loosen; default: where the range begins, or HEAD for a push.
        #[arg(long, value_name = "COMMIT", conflicts_with = "tree")]
        policy_from: Option<String>,
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: VerifyFormat,
    },
    /// Sign another person's exception, where policy asks for a second person (docs/approvals.md).
    Approve {
        /// The exception's id; the first characters are enough.
        id: String,
        /// An SSH key: the private one, or the public one of a key that an agent holds. Default:
        /// git's `user.signingKey`.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Look at this repository's exceptions and keep them up to date.
    #[command(subcommand)]
    Exceptions(Exceptions),
    /// What got past: credentials that stand in history, open until somebody has dealt with them
    /// (docs/exposures.md).
    #[command(args_conflicts_with_subcommands = true)]
    Exposures {
        /// What to do; without it, list them.
        #[command(subcommand)]
        command: Option<Exposures>,
        /// What to list.
        #[command(flatten)]
        list: ListExposures,
    },
    /// Take over rules and exceptions from the files of other scanners: gitleaks, betterleaks,
    /// detect-secrets, talisman, git-secrets, secretlint.
    ///
    /// Says for each entry what became of it, or why it could not be carried over; then the exit code
    /// is 1. What is written is staged, for review.
    Import {
        /// Files to import. Default: those with a known name at the top of the worktree.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The kind that imported exceptions get.
        #[arg(long, default_value = "false-positive")]
        kind: String,
        /// Print what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Make what packages carry beside the program: manual pages, completions.
    #[command(subcommand)]
    Generate(super::generate::Generate),
    /// Watch repositories, and warn before anyone commits.
    #[command(subcommand)]
    Guard(super::guard::Guard),
    /// Look at the ledger: what happened on this machine, and whether anybody changed it.
    #[command(subcommand)]
    Ledger(super::ledger::Ledger),
    /// Look at the policy.
    #[command(subcommand)]
    Policy(Policy),
    /// Look at the rules.
    #[command(subcommand)]
    Rules(super::rules::Rules),
    /// What the hooks run.
    #[command(subcommand)]
    Hook(Hook),
}

/// What to look at; without any, this machine and this repository.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Only this repository.
    #[arg(long, group = "what")]
    pub repo: bool,
    /// Only this machine.
    #[arg(long, group = "what")]
    pub machine: bool,
    /// This machine, and every repository below this folder.
    #[arg(long, value_name = "FOLDER", group = "what")]
    pub all: Option<PathBuf>,
    /// As JSON (docs/doctor.md).
    #[arg(long)]
    pub json: bool,
    /// Mend what is safe to mend: missing, old or disabled hooks of leakwarden's are written anew.
    #[arg(long)]
    pub fix: bool,
    /// Commit a generated secret in a scratch repository with this repository's hooks: it must be stopped.
    #[arg(long)]
    pub canary: bool,
}

/// Where hooks come or go; without any, in this repository.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(multiple = false)]
pub struct Reach {
    /// Every repository below this folder.
    #[arg(long, value_name = "FOLDER")]
    pub all: Option<PathBuf>,
    /// Every repository of this user, by git's configuration (git 2.54 and newer).
    #[arg(long)]
    pub user: bool,
    /// Every repository on this machine, by the system configuration of every git found on it (git 2.54
    /// and newer).
    #[arg(long)]
    pub system: bool,
    /// Every new clone of this user, by git's template.
    #[arg(long)]
    pub template: bool,
}

/// What hooks do where the program is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IfMissing {
    /// Say that nothing was scanned, and let it pass.
    Warn,
    /// Stop the commit, with exit code 3.
    Block,
}

impl From<IfMissing> for crate::install::Missing {
    fn from(what: IfMissing) -> Self {
        match what {
            IfMissing::Warn => crate::install::Missing::Warn,
            IfMissing::Block => crate::install::Missing::Block,
        }
    }
}

/// Commands about exceptions.
#[derive(Debug, Subcommand)]
pub enum Exceptions {
    /// List them: id, end, kind, path, rule, who.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one in full.
    Show {
        /// Its id.
        id: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give one a new end.
    Renew {
        /// Its id.
        id: String,
        /// The new end; default: what policy says for its kind, from today.
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// A new reason.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take one away: its finding blocks again.
    Remove {
        /// Its id.
        id: String,
    },
    /// Take those away whose finding is gone.
    Prune {
        /// Only print them.
        #[arg(long)]
        dry_run: bool,
    },
    /// Merge the exceptions file after a conflict, or put it in order.
    Fix,
}

/// Which exposures are listed, and in what form.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct ListExposures {
    /// Closed ones too.
    #[arg(long)]
    pub all: bool,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Commands about exposures.
#[derive(Debug, Subcommand)]
pub enum Exposures {
    /// List the open ones on this machine, those of this repository first.
    List(ListExposures),
    /// Show one in full: where it is now, and what to do in which order.
    Show {
        /// Its id; the first characters are enough.
        id: String,
        /// As a Markdown note for a ticket.
        #[arg(long, conflicts_with = "json")]
        note: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say how one was dealt with.
    Close {
        /// Its id.
        id: String,
        /// How it was dealt with.
        #[arg(long)]
        how: Closing,
        /// What shows that, in your own words.
        #[arg(long, value_name = "TEXT")]
        evidence: String,
    },
    /// Give one to somebody.
    Assign {
        /// Its id.
        id: String,
        /// To whom: a name, an address, a team.
        who: String,
    },
    /// Close those of this repository that were never pushed and that nothing holds any more.
    Settle,
    /// Judge commits as `verify` does, and open an exposure for each finding that blocks.
    Find {
        /// The commits: `A..B`; a commit and what it must not reach, `B ^A`; or one alone, `B^!`.
        #[arg(value_name = "RANGE", required = true)]
        range: Vec<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// How an exposure was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Closing {
    /// The credential no longer works.
    Revoked,
    /// It never was one.
    NotASecret,
    /// It was never pushed, and nothing holds it any more; git is asked whether that is so.
    Removed,
}

/// Commands about policy.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Show the policy that counts here, all layers taken together.
    Show {
        /// Show for each value where it comes from.
        #[arg(long)]
        origin: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look for mistakes in policy files: in each, and in those of a fleet together.
    Check {
        /// Files: a repository's, a user's, or a fleet's; or a folder with a fleet's `policy.toml` and
        /// `policy.d`.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check the fleet's policy on this machine and make it the last good copy, which counts for 7 days
    /// where the policy is broken. For whoever delivers policy, as root (docs/policy.md).
    Keep,
    /// Write a commented `.leakwarden.toml` to begin with.
    Init,
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
    /// Refuse a plain commit that pre-commit did not look at, where policy asks for that.
    PrepareCommitMsg {
        /// What git says: the message's file, where it comes from, a commit.
        #[arg(value_name = "WORD")]
        words: Vec<String>,
    },
    /// Look at a commit that was made without a scan.
    PostCommit,
    /// Look at a merge that was made without a scan.
    PostMerge {
        /// 1 where the merge only staged.
        #[arg(default_value = "0")]
        squash: String,
    },
    /// Look at a mailed patch that was committed.
    PostApplypatch,
    /// Look at commits that replace others; git names both on standard input.
    PostRewrite {
        /// `amend` or `rebase`.
        what: String,
    },
    /// Look at what a push would send; git names it on standard input.
    PrePush {
        /// The remote's name.
        #[arg(default_value = "")]
        remote: String,
        /// Where it is.
        #[arg(default_value = "")]
        url: String,
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
    /// Stop a branch from moving to commits with findings, where policy asks for that.
    ReferenceTransaction {
        /// The state of the transaction.
        state: String,
        /// Form of the report.
        #[arg(long, default_value = "human")]
        format: Format,
    },
}
