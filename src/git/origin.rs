//! Where a hit comes from when a commit is being replayed: it may have stood in the original.
//!
//! This labels a finding and never hides it: the replayed content is new against HEAD.

use std::fs;

use gix::ObjectId;

use super::Repo;
use crate::finding::Finding;

/// The commits that git names while it replays one, and whether the original is their parent
/// (a revert brings back what stood before the reverted commit).
const REPLAYED: [(&str, bool, &str); 3] = [
    ("CHERRY_PICK_HEAD", false, "the commit that is being picked holds it too"),
    ("REBASE_HEAD", false, "the commit that is being rebased holds it too"),
    ("REVERT_HEAD", true, "the revert brings it back"),
];

/// Adds to each finding whether it stood in the commit that is being replayed.
pub fn label(repo: &Repo, findings: &mut [Finding]) {
    if findings.is_empty() {
        return;
    }
    for (name, parent, reason) in REPLAYED {
        let Some(tree) = replayed_tree(repo, name, parent) else { continue };
        for finding in findings.iter_mut() {
            if holds(repo, tree, finding) == Some(true) {
                finding.reasons.push(reason.to_owned());
            }
        }
    }
}

fn replayed_tree(repo: &Repo, name: &str, parent: bool) -> Option<ObjectId> {
    let text = fs::read_to_string(repo.git_dir().join(name)).ok()?;
    let id = ObjectId::from_hex(text.trim().as_bytes()).ok()?;
    let commit = repo.gix.find_commit(id).ok()?;
    let commit = if parent { repo.gix.find_commit(commit.parent_ids().next()?.detach()).ok()? } else { commit };
    commit.tree_id().ok().map(gix::Id::detach)
}

fn holds(repo: &Repo, tree: ObjectId, finding: &Finding) -> Option<bool> {
    let tree = repo.gix.find_tree(tree).ok()?;
    let parts = finding.location.path.split(|&b| b == b'/');
    let entry = tree.lookup_entry(parts).ok()??;
    let mut buffer = Vec::new();
    let text = repo.blob(&entry.object_id(), &mut buffer).ok()?;
    // The secret is looked up in the original's text.
    let secret = finding.secret.expose();
    Some(text.windows(secret.len().max(1)).any(|w| w == secret))
}
