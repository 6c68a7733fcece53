//! All versions of some paths that this clone still has, by whatever leads to them: refs, stashes,
//! reflogs, or a commit that is named. Git's own plumbing lists them; nothing is fetched or filtered.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::{Context, Result};
use gix::ObjectId;

use super::command::{git, output, output_with};
use super::history::Commit;
use super::{Repo, plain};

/// Versions of paths that are looked at for one question; beyond, it is said that there are more.
pub const MOST: usize = 2_000;

/// What a commit makes of a path, against one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// The path, raw.
    pub path: Vec<u8>,
    /// What stood there before, and what stands there since.
    pub sides: [Side; 2],
}

/// What stands at a path.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Side {
    /// The mode, octal; all zeros where nothing stands there.
    pub mode: String,
    /// The object, in hex.
    pub id: String,
}

impl Side {
    /// Whether nothing that has content here stands there.
    pub fn is_nothing(&self) -> bool {
        self.mode.bytes().all(|b| b == b'0') || self.mode == "160000"
    }
}

/// A commit with what it changes of the paths: one list for each parent, one for a first commit.
pub(super) type Changes = BTreeMap<String, Vec<Version>>;

/// Commits that git still has: everything its refs and reflogs reach, and these.
pub(super) fn everything(more: &[String]) -> impl Iterator<Item = &str> {
    ["--all", "--reflog", "--ignore-missing"].into_iter().chain(more.iter().map(String::as_str))
}

/// The commits that change one of the paths, newest first, with what they make of them; and whether
/// there are more than [`MOST`].
///
/// # Errors
/// Where git cannot list them.
pub(super) fn of_paths(paths: &[Vec<u8>], more: &[String]) -> Result<(Vec<String>, Changes, bool)> {
    let mut list = git(&["rev-list", "--full-history", "--topo-order"]);
    list.arg(format!("--max-count={}", MOST + 1)).args(everything(more)).arg("--").args(specs(paths));
    let answer = output(list).context("git cannot list the history of a path")?;
    let mut commits: Vec<String> = String::from_utf8_lossy(&answer).lines().map(str::to_owned).collect();
    let cut = commits.len() > MOST;
    commits.truncate(MOST);
    let changes = changes(&commits, paths)?;
    Ok((commits, changes, cut))
}

/// What commits make of these paths; of all paths, where none is given.
///
/// # Errors
/// Where git cannot compare them.
pub(super) fn changes(commits: &[String], paths: &[Vec<u8>]) -> Result<Changes> {
    if commits.is_empty() {
        return Ok(Changes::new());
    }
    let how = ["diff-tree", "--stdin", "-r", "-m", "--root", "-z", "--raw", "--no-renames", "--no-abbrev", "--"];
    let mut compare = git(&how);
    compare.args(specs(paths));
    let answer = output_with(compare, (commits.join("\n") + "\n").as_bytes())
        .context("git cannot compare the versions of a path")?;
    Ok(parse(&answer))
}

/// Paths as git takes them from any folder, without wildcards.
fn specs(paths: &[Vec<u8>]) -> impl Iterator<Item = OsString> {
    paths.iter().map(|path| word([b":(top,literal)".as_slice(), path].concat()))
}

#[cfg(unix)]
fn word(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn word(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// `diff-tree -z`: a commit's id, then for each change `:mode mode id id status` and a path.
fn parse(answer: &[u8]) -> Changes {
    let mut all = Changes::new();
    let mut commit = String::new();
    let mut words = answer.split(|&b| b == 0).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let text = String::from_utf8_lossy(word);
        let Some(change) = text.strip_prefix(':') else {
            text.trim().clone_into(&mut commit);
            continue;
        };
        let Some(path) = words.next() else { break };
        let fields: Vec<&str> = change.split(' ').collect();
        if let [mode_before, mode, before, id, ..] = fields[..] {
            let side = |mode: &str, id: &str| Side { mode: mode.to_owned(), id: id.to_owned() };
            let sides = [side(mode_before, before), side(mode, id)];
            all.entry(commit.clone()).or_default().push(Version { path: path.to_vec(), sides });
        }
    }
    all
}

/// The commits of a `rev-list` with these arguments.
///
/// # Errors
/// Where git cannot list them.
pub(super) fn listed<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
    let mut list = git(&["rev-list"]);
    list.args(arguments).arg("--");
    let answer = output(list).context("git cannot list commits")?;
    Ok(String::from_utf8_lossy(&answer).lines().map(str::to_owned).collect())
}

/// What stands where in the tree of a commit.
///
/// # Errors
/// Where git cannot read it.
pub(super) fn in_tree(commit: &str) -> Result<Vec<(Vec<u8>, Side)>> {
    let answer = output(git(&["ls-tree", "-r", "-z", "--full-tree", commit])).context("git cannot read a tree")?;
    let entry = |line: &[u8]| {
        let tab = line.iter().position(|&b| b == b'\t')?;
        let head = String::from_utf8_lossy(&line[..tab]).into_owned();
        let mut words = head.split(' ');
        let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
        Some((line[tab + 1..].to_vec(), Side { mode: mode.to_owned(), id: id.to_owned() }))
    };
    Ok(answer.split(|&b| b == 0).filter_map(entry).collect())
}

/// A commit that may be gone.
pub(super) fn commit(repo: &Repo, id: &str) -> Option<Commit> {
    let known = ObjectId::from_hex(id.as_bytes()).map_err(plain).is_ok_and(|id| repo.has(&id));
    known.then(|| Commit::read(repo, id).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_diff_tree_is_read() {
        let (none, id) = ("0".repeat(40), "a".repeat(40));
        let text = format!(
            "c1\0:000000 100644 {none} {id} A\0b c\0:100644 000000 {id} {none} D\0:x\0c2\0:100644 120000 {id} {id} T\0l\0"
        );
        let all = parse(text.as_bytes());
        assert_eq!((all.len(), all["c1"].len(), all["c2"].len()), (2, 2, 1));
        assert_eq!((all["c1"][0].path.as_slice(), all["c1"][1].path.as_slice()), (&b"b c"[..], &b":x"[..]));
        assert!(all["c1"][0].sides[0].is_nothing() && !all["c1"][0].sides[1].is_nothing());
        assert_eq!(all["c2"][0].sides[1], Side { mode: "120000".to_owned(), id });
    }
}
