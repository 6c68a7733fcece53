//! Which trees a commit is compared with: HEAD's, and in a merge those of the other parents.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use gix::ObjectId;

use super::command::git;
use super::{Moment, Repo, plain};

/// The trees of the commit's parents.
#[derive(Debug, Clone, Default)]
pub struct Bases {
    /// One for each parent, HEAD's first; none for a first commit.
    pub trees: Vec<ObjectId>,
    /// What a reader should know about how they were found.
    pub note: Option<String>,
    /// HEAD itself; `None` before the first commit, and where only git itself reads its refs.
    pub head: Option<Head>,
}

/// Finds the parents' trees of the commit that is about to be made.
///
/// # Errors
/// Where HEAD or another parent cannot be read.
pub fn bases(repo: &Repo, moment: Moment, others: &[String]) -> Result<Bases> {
    let Some((tree, head)) = head_tree(repo)? else {
        return Ok(Bases::default());
    };
    let mut trees = vec![tree];
    let mut note = None;
    let names = match moment {
        Moment::Commit => merge_heads(repo)?,
        Moment::Merge => {
            let merging = merge_heads(repo)?;
            if merging.is_empty() && others.is_empty() {
                note = Some("the other side of this merge is not known; compared with HEAD only".to_owned());
            }
            if merging.is_empty() { others.to_vec() } else { merging }
        }
    };
    for name in names {
        let id = ObjectId::from_hex(name.as_bytes())
            .map_err(plain)
            .context("the other side of the merge is no object id")?;
        trees.push(repo.tree_of(id)?);
    }
    Ok(Bases { trees, note, head })
}

/// The commits that `MERGE_HEAD` names: git keeps it as a file in every ref format.
fn merge_heads(repo: &Repo) -> Result<Vec<String>> {
    match fs::read_to_string(repo.git_dir().join("MERGE_HEAD")) {
        Ok(text) => Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).context("cannot read MERGE_HEAD"),
    }
}

/// Whether refs are files, which `gix` reads.
pub(super) fn in_files(repo: &Repo) -> bool {
    repo.gix.config_snapshot().string("extensions.refStorage").is_none_or(|name| name.as_slice() == b"files")
}

/// The commit that HEAD names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its id in hex.
    pub id: String,
    /// Its first parent, if it has one.
    pub parent: Option<String>,
}

/// HEAD's tree, and the commit where refs are files; `None` where there is no commit yet.
fn head_tree(repo: &Repo) -> Result<Option<(ObjectId, Option<Head>)>> {
    if !in_files(repo) {
        return Ok(ask_git(repo)?.map(|tree| (tree, None)));
    }
    let head = repo.gix.head().map_err(plain).context("HEAD cannot be read")?;
    if head.is_unborn() {
        return Ok(None);
    }
    let id = head.id().context("HEAD names no object")?.detach();
    let (tree, parent) = repo.tree_and_parent(id).context("HEAD")?;
    Ok(Some((tree, Some(Head { id: id.to_string(), parent: parent.map(|id| id.to_string()) }))))
}

/// The commit that HEAD names, in hex; `None` where there is none yet, or where it cannot be read.
pub(super) fn commit(repo: &Repo) -> Option<String> {
    if !in_files(repo) {
        return super::history::resolve("HEAD").ok();
    }
    Some(repo.gix.head().ok()?.id()?.to_string())
}

/// For ref formats that `gix` does not read: git's own answer.
fn ask_git(repo: &Repo) -> Result<Option<ObjectId>> {
    let run = |arguments: &[&str]| {
        let mut call = git(arguments);
        repo.ask_at_home(&mut call);
        call.stderr(Stdio::null())
            .output()
            .context("this repository keeps its refs in a format that only git itself reads, and `git` cannot be run")
    };
    let answer = run(&["rev-parse", "--verify", "--quiet", "HEAD^{tree}"])?;
    let text = String::from_utf8_lossy(&answer.stdout);
    if answer.status.success() {
        return Ok(Some(ObjectId::from_hex(text.trim().as_bytes()).map_err(plain).context("git gave no object id")?));
    }
    // Unborn: HEAD is a branch, and that branch does not exist.
    let unborn = run(&["symbolic-ref", "--quiet", "HEAD"])?.status.success()
        && !run(&["rev-parse", "--verify", "--quiet", "HEAD"])?.status.success();
    if unborn { Ok(None) } else { bail!("git cannot read HEAD's tree") }
}
