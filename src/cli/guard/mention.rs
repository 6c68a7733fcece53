//! One line for the next commit: what the guard warns of here.

use crate::cli::around;
use crate::fingerprint;
use crate::git::Repo;
use crate::guard::{file, open};
use crate::policy::Judged;

/// How many warnings are open in this worktree, without those that the hook itself tells. Mostly there is no
/// file, and all it costs is looking for it.
pub(in crate::cli) fn mention(repo: &Repo, told: &[Judged]) -> Option<String> {
    let folder = file::folder(&around::state_folder()?);
    if folder.join(open::NAME).symlink_metadata().is_err() {
        return None;
    }
    // What was open when a guard last ran may be over.
    if std::fs::File::open(folder.join(file::LOCK)).is_ok_and(|lock| lock.try_lock_shared().is_ok()) {
        return None;
    }
    let top = repo.worktree()?.canonicalize().ok()?;
    // It is a reminder: where it cannot be given, the commit goes on.
    let all = open::read(&folder).ok()?;
    let here = all.into_iter().find(|own| own.folder == top)?;
    let ids: Vec<String> = told.iter().map(|own| fingerprint::id(&own.finding)).collect();
    match here.warnings.iter().filter(|open| !ids.contains(&open.warning.id)).count() {
        0 => None,
        1 => Some("the guard has 1 open warning here: `leakwarden guard warnings`".to_owned()),
        more => Some(format!("the guard has {more} open warnings here: `leakwarden guard warnings`")),
    }
}
