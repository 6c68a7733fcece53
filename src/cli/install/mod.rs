//! `leakwarden install` and `uninstall`: in this repository, in all below a folder, for a user, for
//! a machine, for new clones.

mod all;
mod machine;
mod one;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::case::{Docket, Failure, Judgement};
use super::{Exit, args, around, fail, print};
use crate::git::history::Commit;
use crate::git::{Moment, Repo};
use crate::install::gits::Installed;
use crate::install::lasting::{self, Binary, Folders};
use crate::install::machine::Reach;
use crate::install::shim::{Shims, runs};
use crate::install::{Missing, Outcome, Strict, others};

/// What is asked for.
#[derive(Debug)]
pub(super) struct Request {
    /// Whether hooks are to come, or to go.
    pub install: bool,
    /// Where.
    pub reach: args::Reach,
    /// What the hooks do where the program is gone; `None`: as those that are there.
    pub missing: Option<Missing>,
    /// Whether other hook managers' own files may be changed.
    pub write: bool,
    /// Whether it is only told.
    pub dry_run: bool,
}

pub(super) fn run(request: &Request) -> Exit {
    let reach = &request.reach;
    if let Some(root) = &reach.all {
        return all::run(request, root);
    }
    let result = if reach.user || reach.system || reach.template { machine::run(request) } else { one::run(request) };
    match result {
        Ok(outcome) => {
            let text: String = outcome.lines.iter().map(|line| format!("{line}\n")).collect();
            match print(&text) {
                Ok(()) if outcome.complete => Exit::Clean,
                Ok(()) => Exit::Usage,
                Err(error) => fail(Exit::Usage, &error),
            }
        }
        Err(error) => fail(Exit::Usage, &error),
    }
}

/// Where this user's data is kept.
///
/// # Errors
/// Where there is no home.
fn data_folder() -> Result<PathBuf> {
    around::data_folder().context("there is no home directory")
}

/// What the shims say; the program has to be [settled](Binary::settle) at its lasting path first.
///
/// # Errors
/// Where there is no lasting path.
pub(super) fn shims(missing: Option<Missing>, strict: Strict) -> Result<(Shims, Binary)> {
    let running = std::env::current_exe().context("where leakwarden itself is, is not known")?;
    let folders = Folders {
        path: around::path(),
        data: around::data_folder(),
        home: around::home(),
        temporary: std::env::temp_dir(),
    };
    let binary = lasting::binary(&running, &folders)?;
    Ok((Shims { binary: binary.path.clone(), missing, strict }, binary))
}

/// The same for what is asked for; the program is put in its place.
fn settled(request: &Request, strict: Strict, lines: &mut Vec<String>) -> Result<Shims> {
    let (shims, binary) = shims(request.missing, strict)?;
    lines.extend(binary.settle(request.dry_run)?);
    Ok(shims)
}

/// Installs anew in the repository that holds a folder.
///
/// # Errors
/// As `leakwarden install` in it.
pub(super) fn again(folder: &Path, gits: &[Installed]) -> Result<()> {
    one::again(folder, gits)
}

/// Installs anew for a user or a machine.
///
/// # Errors
/// As `leakwarden install --user`.
pub(super) fn reach_again(reach: &Reach, gits: &[Installed]) -> Result<()> {
    machine::again(reach, gits)
}

/// What policy asks for besides the hooks that everybody gets.
pub(super) fn strict(judgement: &Judgement) -> Strict {
    Strict { commits: judgement.policy.refuse_unscanned, branches: judgement.policy.guard_branches }
}

/// What a repository is judged by: the machine's layers, and the policy of its last commit.
///
/// # Errors
/// Where a policy has a mistake.
pub(super) fn judgement(mut docket: Docket, repo: Option<&Repo>) -> Result<Judgement> {
    let plain = |failure: Failure| failure.error;
    if let Some(repo) = repo {
        let head = Commit::head(repo);
        docket.repository(|path| head.as_ref().map_or(Ok(None), |head| head.file(repo, path))).map_err(plain)?;
    }
    docket.policy().map_err(plain)
}

/// The repository in which the process stands; `None` where it is one that only git reads.
fn here(docket: &Docket) -> Result<Option<Repo>> {
    let around = around::surroundings(docket.size_cap().map_err(|failure| failure.error)?, Moment::Commit);
    Ok(Repo::open(&around).ok())
}

/// The repository that holds a folder; `None` where there is none that leakwarden can read.
///
/// # Errors
/// Where there is one that leakwarden cannot read, or a policy of the machine has a mistake.
pub(super) fn at(folder: &Path, docket: &Docket) -> Result<Option<Repo>> {
    Repo::holding(folder, docket.size_cap().map_err(|failure| failure.error)?)
}

/// What is asked for of other hook managers' files.
fn asked(request: &Request) -> others::Asked {
    others::Asked { write: request.write, on_path: on_path() }
}

/// Whether PATH has a leakwarden, which lines in others' files call.
pub(super) fn on_path() -> bool {
    has_program(&around::path())
}

/// Whether one of these folders has a leakwarden that can be run.
pub(super) fn has_program(folders: &[PathBuf]) -> bool {
    let program = format!("leakwarden{}", std::env::consts::EXE_SUFFIX);
    folders.iter().any(|folder| runs(&folder.join(&program)))
}

/// Several outcomes as one.
fn joined(outcomes: Vec<Outcome>) -> Outcome {
    let mut all = Outcome { complete: true, ..Outcome::default() };
    for outcome in outcomes {
        all.lines.extend(outcome.lines);
        all.complete &= outcome.complete;
        all.changed |= outcome.changed;
    }
    all
}
