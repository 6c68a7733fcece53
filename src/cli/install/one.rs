//! The hooks of the repository in which one stands.

use std::fs::File;
use std::path::Path;

use anyhow::Result;

use super::{Request, asked, at, here, judgement, settled, shims, strict};
use crate::cli::case::{Docket, Judgement};
use crate::cli::journal::Journal;
use crate::cli::{around, exposures, guard};
use crate::finding::escape;
use crate::git::{Repo, write};
use crate::install::gits::Installed;
use crate::install::place::{Git, Place};
use crate::install::{self, Outcome, gits, others, plan};
use crate::ledger::{Entry, Event};

pub(super) fn run(request: &Request) -> Result<Outcome> {
    if request.install { installed(request) } else { uninstalled(request) }
}

fn installed(request: &Request) -> Result<Outcome> {
    let docket = Docket::open().map_err(|failure| failure.error)?;
    let repo = here(&docket)?;
    let judgement = judgement(docket.clone(), repo.as_ref())?;
    let mut lines = Vec::new();
    let place = Place::of(&Git::here())?;
    let shims = settled(request, strict(&judgement), &mut lines)?;
    // Only where hooks are taken from elsewhere does it matter which gits there are.
    let gits =
        if place.foreign.is_some() { gits::find(&around::path(), around::home().as_deref()) } else { Vec::new() };
    let _alone = alone(&place, request.dry_run)?;
    let mut plan = install::install(&place, &gits, &shims)?;
    others::install(&place, &shims, asked(request), &mut plan)?;
    let mut outcome = plan.carry_out(request.dry_run)?;
    outcome.lines.splice(0..0, lines);
    if request.dry_run {
        return Ok(outcome);
    }
    let top = repo.as_ref().and_then(Repo::worktree).map(Path::to_path_buf);
    if let Some(repo) = repo.filter(|_| outcome.changed) {
        note(&judgement, &repo, Event::Installed, &mut outcome);
    }
    if let Some(top) = top.filter(|_| outcome.complete && judgement.policy.guard.register) {
        outcome.lines.extend(guard::register(&[top], &docket));
    }
    Ok(outcome)
}

fn uninstalled(request: &Request) -> Result<Outcome> {
    let place = Place::of(&Git::here())?;
    let _alone = alone(&place, request.dry_run)?;
    let mut plan = install::uninstall(&place)?;
    others::uninstall(&place, request.write, &mut plan)?;
    let mut outcome = plan.carry_out(request.dry_run)?;
    if outcome.changed && !request.dry_run {
        // A broken policy keeps nobody from leaving.
        let docket = Docket::open().map_err(|failure| failure.error);
        let here = docket.and_then(|docket| Ok((here(&docket)?, docket)));
        if let Ok((Some(repo), docket)) = here {
            if let Ok(judgement) = judgement(docket, Some(&repo)) {
                note(&judgement, &repo, Event::Uninstalled, &mut outcome);
            }
            repo.forget(exposures::mention(&repo).is_none());
            let top = repo.worktree().map(Path::to_path_buf);
            outcome.lines.extend(guard::unregister(&top.into_iter().collect::<Vec<_>>()));
        }
    }
    Ok(outcome)
}

pub(super) fn again(folder: &Path, gits: &[Installed]) -> Result<()> {
    let docket = Docket::open().map_err(|failure| failure.error)?;
    let repo = at(folder, &docket)?;
    let judgement = judgement(docket, repo.as_ref())?;
    let (shims, binary) = shims(None, strict(&judgement))?;
    binary.settle(false)?;
    let place = Place::of(&Git::of(folder))?;
    let _alone = alone(&place, false)?;
    let mut outcome = install::install(&place, gits, &shims)?.carry_out(false)?;
    if let Some(repo) = repo.filter(|_| outcome.changed) {
        note(&judgement, &repo, Event::Installed, &mut outcome);
    }
    Ok(())
}

/// Nobody else plans or installs in this repository meanwhile.
fn alone(place: &Place, dry_run: bool) -> Result<Option<File>> {
    if dry_run { Ok(None) } else { plan::lock(&place.common) }
}

/// Writes that hooks came or went, and begins to watch what is committed here.
fn note(judgement: &Judgement, repo: &Repo, event: Event, outcome: &mut Outcome) {
    repo.look_from_here();
    let written = Journal::open(judgement, Some(repo), "command").and_then(|journal| {
        let who = write::committer();
        journal.write(Entry { event, who, ..journal.entry() })
    });
    if let Err(error) = written {
        outcome.lines.push(format!("this is not in the ledger: {}", escape(format!("{error:#}").as_bytes())));
    }
}
