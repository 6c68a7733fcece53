//! `leakwarden install` and `uninstall`.

use anyhow::{Context, Result};

use super::case::{Docket, Failure, Judgement};
use super::journal::Journal;
use super::{Exit, around, exposures, fail, print};
use crate::finding::escape;
use crate::git::history::Commit;
use crate::git::{Moment, Repo, write};
use crate::install::place::{Git, Place};
use crate::install::shim::Shims;
use crate::install::{self, Missing, Outcome, Strict, gits};
use crate::ledger::{Entry, Event};

pub(super) fn install(dry_run: bool, write: bool) -> Exit {
    finish(installed(dry_run, write))
}

fn installed(dry_run: bool, write: bool) -> Result<Outcome> {
    let binary = std::env::current_exe().context("where leakwarden itself is, is not known")?;
    let judgement = here()?;
    let strict = judgement.as_ref().map(|(_, judgement)| Strict {
        commits: judgement.policy.refuse_unscanned,
        branches: judgement.policy.guard_branches,
    });
    let shims = Shims { binary, missing: Missing::Warn, strict: strict.unwrap_or_default() };
    let place = Place::of(&Git::here())?;
    // Only where hooks are taken from elsewhere does it matter which gits there are.
    let gits =
        if place.foreign.is_some() { gits::find(&around::path(), around::home().as_deref()) } else { Vec::new() };
    let mut plan = install::install(&place, &gits, &shims)?;
    let program = format!("leakwarden{}", std::env::consts::EXE_SUFFIX);
    let on_path = around::path().iter().any(|folder| folder.join(&program).is_file());
    let asked = install::others::Asked { write, on_path };
    install::others::install(&place, &Git::here(), &shims, asked, &mut plan)?;
    let mut outcome = plan.carry_out(dry_run)?;
    if outcome.complete && !dry_run && outcome.changed {
        note(&judgement, Event::Installed, &mut outcome);
    }
    Ok(outcome)
}

pub(super) fn uninstall(dry_run: bool, write: bool) -> Exit {
    let uninstalled = Place::of(&Git::here()).and_then(|place| {
        let mut plan = install::uninstall(&place)?;
        install::others::uninstall(&Git::here(), write, &mut plan)?;
        plan.carry_out(dry_run)
    });
    finish(uninstalled.map(|mut outcome| {
        if outcome.changed && !dry_run {
            let here = here().ok().flatten();
            note(&here, Event::Uninstalled, &mut outcome);
            if let Some((repo, _)) = here {
                repo.forget(exposures::mention(&repo).is_none());
            }
        }
        outcome
    }))
}

/// This repository and what it is judged by; `None` where the repository is one that only git reads.
///
/// # Errors
/// Where a policy has a mistake.
fn here() -> Result<Option<(Repo, Judgement)>> {
    let plain = |failure: Failure| failure.error;
    let mut docket = Docket::open().map_err(plain)?;
    let around = around::surroundings(docket.size_cap().map_err(plain)?, Moment::Commit);
    let Ok(repo) = Repo::open(&around) else { return Ok(None) };
    let head = Commit::head(&repo);
    docket.repository(|path| head.as_ref().map_or(Ok(None), |head| head.file(&repo, path))).map_err(plain)?;
    Ok(Some((repo, docket.policy().map_err(plain)?)))
}

/// Writes that hooks came or went, and begins to watch what is committed here.
fn note(here: &Option<(Repo, Judgement)>, event: Event, outcome: &mut Outcome) {
    let Some((repo, judgement)) = here else { return };
    repo.look_from_here();
    let written = Journal::open(judgement, Some(repo), "command").and_then(|journal| {
        let who = write::committer();
        journal.write(Entry { event, who, ..journal.entry() })
    });
    if let Err(error) = written {
        outcome.lines.push(format!("this is not in the ledger: {}", escape(format!("{error:#}").as_bytes())));
    }
}

fn finish(result: anyhow::Result<Outcome>) -> Exit {
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
