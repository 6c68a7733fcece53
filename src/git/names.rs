//! What leads to a commit: refs, detached HEADs, reflog entries.

use std::path::Path;

use anyhow::Result;

use super::command::{git, output};
use super::{Repo, versions};

/// Names of commits: refs, heads and reflog entries, with the commit.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Refs and detached HEADs.
    pub refs: Vec<(String, String)>,
    /// Reflog entries, `REF@{N}`.
    pub reflog: Vec<(String, String)>,
}

/// Whether a remote-tracking branch holds a commit.
///
/// # Errors
/// Where git cannot tell.
pub fn on_remote(commit: &str) -> Result<bool> {
    below(&[commit], &["refs/remotes"])
}

/// Whether a branch, tag, remote-tracking branch or the newest stash holds one of these commits as they
/// are: a quick answer, before anybody [looks](super::holders::Search::look) for others like them.
///
/// # Errors
/// Where git cannot tell.
pub fn still_held(repo: &Repo, commits: &[&str]) -> Result<bool> {
    let there: Vec<&str> = commits.iter().copied().filter(|id| versions::commit(repo, id).is_some()).collect();
    below(&there, &["refs/heads", "refs/tags", "refs/remotes", "refs/stash"])
}

/// Whether a remote-tracking branch reaches one of these commits, in hex.
///
/// # Errors
/// Where git cannot list the refs.
pub fn on_a_remote(repo: &Repo, commits: &[&str]) -> Result<bool> {
    let there: Vec<&str> = commits.iter().copied().filter(|id| versions::commit(repo, id).is_some()).collect();
    below(&there, &["refs/remotes"])
}

fn below(commits: &[&str], kinds: &[&str]) -> Result<bool> {
    if commits.is_empty() {
        return Ok(false);
    }
    let mut ask = git(&["for-each-ref", "--count=1"]);
    ask.args(commits.iter().map(|id| format!("--contains={id}"))).args(kinds);
    Ok(!output(ask)?.is_empty())
}

/// All names of commits.
///
/// # Errors
/// Where git cannot list the refs.
pub(super) fn names(repo: &Repo) -> Result<Names> {
    let mut all = Names::default();
    let answer = output(git(&["for-each-ref", "--format=%(refname) %(objectname) %(*objectname)"]))?;
    for line in String::from_utf8_lossy(&answer).lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(id)) = (words.next(), words.next()) else { continue };
        let id = words.next().filter(|peeled| !peeled.is_empty()).unwrap_or(id);
        // Stashes are told by their reflog, which has the older ones too; without one, here.
        all.refs.push((name.to_owned(), id.to_owned()));
    }
    let form = ["-c", "log.showSignature=false", "log", "--walk-reflogs", "--all", "--format=%gD %H"];
    // A repository without a commit has no reflog either.
    let answer = output(git(&form)).unwrap_or_default();
    for line in String::from_utf8_lossy(&answer).lines() {
        if let Some((name, id)) = line.rsplit_once(' ') {
            all.reflog.push((name.to_owned(), id.to_owned()));
        }
    }
    if all.reflog.iter().any(|(name, _)| name.starts_with("refs/stash@")) {
        all.refs.retain(|(name, _)| name != "refs/stash");
    }
    all.refs.extend(detached(repo));
    Ok(all)
}

/// HEADs of this repository's worktrees that are on no branch.
fn detached(repo: &Repo) -> Vec<(String, String)> {
    let answer = output(git(&["worktree", "list", "--porcelain"])).unwrap_or_default();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let mut all = Vec::new();
    let here = repo.worktree().and_then(|top| top.canonicalize().ok());
    for block in text.split("\n\n").filter(|block| block.lines().any(|line| line == "detached")) {
        let value = |key: &str| block.lines().find_map(|line| line.strip_prefix(key));
        let (Some(path), Some(id)) = (value("worktree "), value("HEAD ")) else { continue };
        let own = here.as_deref() == Some(Path::new(path));
        let name = if own { "HEAD (detached)".to_owned() } else { format!("HEAD of {path} (detached)") };
        all.push((name, id.to_owned()));
    }
    all
}
