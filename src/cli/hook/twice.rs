//! A hook that runs twice for one commit: from git's configuration and from the hooks folder, as where
//! a machine has hooks and a clone was made from a template. git (2.54) runs both, whatever the first
//! says. Both look; what a person is told, is asked, and the ledger gets, comes once.

use std::time::Duration;

use super::super::{around, tell};
use crate::git::passed::Passed;
use crate::git::{Repo, state};
use crate::policy::Judged;

/// What was said last, and in which process of git.
const SAID: &str = "said";

/// How old a word of another hook may be. One process of git is meant, whose number is used again later.
const A_MINUTE: Duration = Duration::from_secs(60);

/// Whether a hook of this very process of git has said this already; from now on it has.
pub(super) fn said(repo: &Repo, at: &str, judged: &[Judged]) -> bool {
    let Some(process) = around::git_process() else { return false };
    let ids: Vec<&str> = judged.iter().filter(|own| own.blocking).map(|own| own.id.as_str()).collect();
    let word = format!("{process} {at} {}", ids.join(" "));
    if repo.state(SAID, A_MINUTE).is_some_and(|last| last.trim_end() == word) {
        tell("leakwarden: the same again: this hook is installed twice (`leakwarden doctor` says where)\n");
        return true;
    }
    // Where it cannot be written, a person is told twice.
    let _ = repo.set_state(SAID, &word);
    false
}

/// Whether a hook of this very process of git has let pass just what is staged now.
pub(super) fn passed(repo: &Repo, head: Option<&String>, tree: Option<&str>) -> bool {
    let (Some(process), Some(tree)) = (around::git_process(), tree) else { return false };
    let young = || repo.state("passed", A_MINUTE).is_some();
    // A program that commits without git's own process is one process for many commits: where commit-msg has
    // taken the exceptions' lines for an earlier try, they have to be left once more.
    let waits = |passed: &Passed| passed.done || repo.state(state::TRAILERS, A_MINUTE).is_some();
    let same =
        |passed: &Passed| passed.process == process && passed.made(head, tree) && passed.index == repo.index_stamp();
    repo.passed().is_some_and(|passed| same(&passed) && waits(&passed)) && young()
}
