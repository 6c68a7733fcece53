//! What pre-commit leaves for those that come later: a receipt, and word for post-commit.

use super::super::around;
use super::super::case::Judgement;
use crate::git::Repo;
use crate::git::passed::Passed;
use crate::git::receipts::{Kind, Step};
use crate::git::staged::Staging;
use crate::policy::Judged;
use crate::receipt::Receipt;

/// Leaves a receipt for a commit in which nothing was found, and tells post-commit whether there is
/// anything left for it to do. Where nothing can be written, post-commit looks for itself.
pub(super) fn behind(
    repo: &Repo,
    staging: &Staging<'_>,
    judgement: &Judgement,
    judged: &[Judged],
    receipt: &Receipt,
    exposed: bool,
) {
    let tree = staging.tree();
    let bases = staging.bases();
    let clean = receipt.not_scanned.is_empty() && judged.iter().all(|own| !own.blocking && own.excepted.is_none());
    let mut kept = false;
    if let Some(tree) = tree.as_deref().filter(|_| clean) {
        let (rules, policy) = (judgement.rules.digest(), judgement.digest.as_str());
        kept = repo.leave_receipt(Kind::Scanned, Step { tree, bases: &bases, rules, policy, commit: None }).is_ok();
    }
    let process = around::git_process().unwrap_or_default();
    // Where something is open, post-commit sees whether this commit takes it out.
    let done = kept && !exposed && !process.is_empty() && predecessor_is_known(repo, staging, &bases);
    let head = staging.head().map(|head| head.id.clone());
    repo.set_passed(&Passed { process, done, head, tree, index: repo.index_stamp() });
}

/// Whether HEAD is the commit that was looked at last: then nothing was committed behind our back.
fn predecessor_is_known(repo: &Repo, staging: &Staging<'_>, bases: &[String]) -> bool {
    let Some(base) = bases.first() else { return true };
    let (Some(head), Some(last)) = (staging.head(), repo.passed()) else { return false };
    last.head == head.parent && last.tree.as_ref() == Some(base)
}
