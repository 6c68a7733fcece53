//! `leakwarden guard`: one process of this user that watches repositories and warns before anyone commits.

mod list;
mod mention;
#[cfg(unix)]
mod process;
mod service;
#[cfg(unix)]
mod setup;
#[cfg(unix)]
mod status;
#[cfg(unix)]
mod warnings;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;

use super::case::Failure;
use super::{Exit, around, fail, print};
use crate::guard::file;

pub(super) use list::{register, unregister};
pub(super) use mention::mention;

/// Commands about the guard.
#[derive(Debug, Subcommand)]
pub enum Guard {
    /// Run it here, until Ctrl-C or `guard stop`; says what becomes of warnings.
    Run {
        /// Leave the terminal's session, as `guard start` asks for.
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Start it in the background.
    Start,
    /// Stop it.
    Stop,
    /// Say how it is. Exit codes: 0 it runs and all is well, 1 something is degraded, 3 it does not run.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Watch a repository, or all clones below a folder.
    Add {
        /// The repository. Default: the one in which you are.
        #[arg(value_name = "PATH", conflicts_with = "root")]
        path: Option<PathBuf>,
        /// A folder; what is cloned below it later is watched too.
        #[arg(long, value_name = "FOLDER")]
        root: Option<PathBuf>,
    },
    /// Watch a repository, or what is below a folder, no more.
    Remove {
        /// The repository or folder.
        path: PathBuf,
    },
    /// List what is watched.
    List,
    /// Look at nothing for a while.
    Pause {
        /// For how long: minutes (`30m`), hours (`2h`), days (`1d`).
        #[arg(long = "for", value_name = "TIME", default_value = "1h")]
        time: String,
        /// Until midnight.
        #[arg(long, conflicts_with = "time")]
        until_tomorrow: bool,
    },
    /// End a pause.
    Resume,
    /// Take a notice for known: of a policy that changed, or of an edited ledger. The ledger keeps the reason.
    Dismiss {
        /// Its id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Start it with your session: a systemd user service (Linux), a launchd agent, a scheduled task.
    InstallService {
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Undo that.
    UninstallService {
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Wait until everything that happened so far was looked at.
    #[command(hide = true)]
    Sync,
    /// Show the open warnings. Exit codes: 0 none, 1 some, 3 none are known since the guard does not run.
    Warnings {
        /// Go on, and show what becomes of warnings.
        #[arg(long)]
        follow: bool,
        /// As JSON (docs/guard-protocol.md).
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Guard) -> Exit {
    let done = match command {
        Guard::InstallService { dry_run } => return service::install(dry_run),
        Guard::UninstallService { dry_run } => return service::uninstall(dry_run),
        Guard::Add { path, root } => list::add(path.as_deref(), root.as_deref()),
        Guard::Remove { path } => list::remove(&path),
        Guard::List => list::list(),
        Guard::Pause { time, until_tomorrow } => list::pause(&time, until_tomorrow),
        Guard::Resume => list::resume(),
        others => running(&others),
    };
    match done.map(|(text, exit)| (print(&text), exit)) {
        Ok((Ok(()), exit)) => exit,
        Ok((Err(error), _)) => fail(Exit::Usage, &error),
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

/// Text for standard output, and how it ends.
type Done = Result<(String, Exit), Failure>;

#[cfg(unix)]
fn running(command: &Guard) -> Done {
    match command {
        Guard::Run { detached } => process::run(*detached),
        Guard::Start => process::start(),
        Guard::Stop => process::stop(),
        Guard::Sync => process::sync(),
        Guard::Dismiss { id, reason } => process::dismiss(id, reason),
        Guard::Status { json } => status::run(*json),
        Guard::Warnings { follow, json } => warnings::run(*follow, *json),
        _ => Ok((String::new(), Exit::Clean)),
    }
}

/// There are private sockets elsewhere too, but nobody has run it there.
#[cfg(not(unix))]
fn running(_: &Guard) -> Done {
    Err(Failure::usage(anyhow::anyhow!("the guard was never run on this system, and does not start on it")))
}

/// The guard's folder.
///
/// # Errors
/// Where there is no home directory.
fn folder() -> Result<PathBuf> {
    around::state_folder()
        .map(|state| file::folder(&state))
        .context("there is no home directory to keep the guard's state in")
}
