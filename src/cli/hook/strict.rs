//! prepare-commit-msg, where policy asks for it: a plain commit that pre-commit did not look at is
//! refused. Git runs this hook for `--no-verify`, too.
//!
//! Only a plain commit: stopped here, a pick, a revert, a merge or a rebase would be left in a state
//! out of which git itself does not find back.

use anyhow::Result;

use super::super::case::{Docket, Failure};
use super::super::journal::Journal;
use super::super::{Exit, around, fail, tell};
use crate::git::receipts::Step;
use crate::git::staged::Staging;
use crate::git::{Moment, Repo, write};
use crate::ledger::{Entry, Event};

pub(super) fn run() -> Exit {
    match prepare() {
        Ok(exit) => exit,
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

fn prepare() -> Result<Exit, Failure> {
    let mut docket = Docket::open()?;
    let around = around::surroundings(docket.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around)?;
    // First of all, whatever is wrong elsewhere. Git names the author of a plain commit to its hooks, and
    // of no other; a merge's leftovers may be old.
    let underway = repo.underway();
    let leftovers = underway.auto_merge && around::author().is_none();
    if underway.rebase || underway.mail || underway.other || leftovers {
        return Ok(Exit::Clean);
    }
    let staging = Staging::read(&repo, Moment::Commit, &around)?;
    docket.repository(|path| staging.file(path))?;
    let judgement = docket.policy()?;
    if !judgement.policy.refuse_unscanned {
        return Ok(Exit::Clean);
    }
    let process = around::git_process();
    let tree = staging.tree();
    let head = staging.head().map(|head| &head.id);
    let looked = repo.passed().is_some_and(|passed| match (&process, &tree) {
        (Some(process), Some(tree)) => passed.process == *process && !passed.saw_another(tree),
        (Some(process), None) => passed.process == *process,
        (None, Some(tree)) => passed.made(head, tree),
        (None, None) => false,
    });
    if looked {
        return Ok(Exit::Clean);
    }
    if let Some(tree) = tree {
        let (rules, policy) = (judgement.rules.digest(), judgement.digest.as_str());
        let step = Step { tree: &tree, bases: &staging.bases(), rules, policy, commit: None };
        if repo.receipts().cover_now(step) {
            return Ok(Exit::Clean);
        }
    }
    tell(
        "leakwarden: commit refused: pre-commit did not look at it, and policy asks for that \
         (commits.refuse_unscanned)\nleakwarden: commit without --no-verify; what is no secret can be let pass \
         with `leakwarden allow`\n",
    );
    let written = Journal::open(&judgement, Some(&repo), "prepare-commit-msg").and_then(|journal| {
        let (who, how) = (write::committer(), Some("no-verify".to_owned()));
        journal.write(Entry { event: Event::Blocked, who, how, tree: staging.tree(), ..journal.entry() })
    });
    if let Err(error) = written {
        fail(Exit::Findings, &error.context("this is not in the ledger"));
    }
    Ok(Exit::Findings)
}
