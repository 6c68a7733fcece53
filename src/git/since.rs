//! Since when a file in HEAD's history holds something.

use gix::ObjectId;

use super::Repo;
use super::command::{git, output};

/// Versions of a file that are looked at; an older beginning is as good as the oldest of them.
const MOST: usize = 200;

/// The time, in Unix seconds, of the oldest commit since which every version of the file holds it; `None`
/// where the newest does not, or git cannot tell. Git lists the commits; it is told nothing of what is looked
/// for.
pub(super) fn since(repo: &Repo, path: &[u8], holds: impl Fn(&[u8]) -> bool) -> Option<i64> {
    let mut list = git(&["--literal-pathspecs", "log", "--no-show-signature", "--format=%ct %H", "HEAD"]);
    list.arg(format!("--max-count={MOST}"))
        .arg("--")
        .arg(gix::path::from_bstr(gix::bstr::BStr::new(path)).ok()?.as_ref());
    repo.ask_at_home(&mut list);
    let answer = output(list).ok()?;
    let mut oldest = None;
    for line in String::from_utf8_lossy(&answer).lines() {
        let (time, commit) = line.split_once(' ')?;
        let commit = ObjectId::from_hex(commit.as_bytes()).ok()?;
        let tree = repo.gix.find_tree(repo.tree_of(commit).ok()?).ok()?;
        let entry = tree.lookup_entry(path.split(|&b| b == b'/')).ok().flatten();
        let mut buffer = Vec::new();
        let held = entry.is_some_and(|entry| repo.blob(&entry.object_id(), &mut buffer).is_ok_and(&holds));
        if !held {
            break;
        }
        oldest = time.parse().ok();
    }
    oldest
}
