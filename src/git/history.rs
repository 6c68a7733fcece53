//! Commits that exist: which are in a range, what each of them adds, and what its tree says.

use std::collections::HashMap;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use gix::ObjectId;
use gix::objs::{CommitRef, Kind};

use super::command::{git, output, output_with};
use super::staged::{Options, Staged, scan_walked};
use super::walk::{self, New};
use super::{Repo, plain, tree};
use crate::receipt::{Receipt, Source};
use crate::rules::RuleSet;

/// A commit.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its id in hex.
    pub id: String,
    /// The message.
    pub message: Vec<u8>,
    /// Who wrote it: `Name <address>`.
    pub author: String,
    /// Who committed it.
    pub committer: String,
    /// Its signature, in armour, if it has one.
    pub signature: Option<String>,
    /// Who wrote it and when, as the object says it: `Name <address> 1760000000 +0000`.
    pub authored: String,
    tree: ObjectId,
    parents: Vec<ObjectId>,
}

/// The commits that a range names, oldest first: `A..B`, or any words that `git rev-list` takes for
/// commits (`B`, `^A`, `--not`, `--all`).
///
/// # Errors
/// Where git does not know one of them.
pub fn range(words: &[String]) -> Result<Vec<String>> {
    const OPTIONS: [&str; 5] = ["--not", "--all", "--branches", "--tags", "--remotes"];
    let mut command = git(&["rev-list", "--reverse", "--topo-order", "--stdin"]);
    // Commits go in by standard input, for there may be more than a command line holds; older gits take
    // no option there.
    let (mut input, mut not) = (String::new(), "");
    for word in words {
        ensure!(!word.starts_with('-') || OPTIONS.contains(&word.as_str()), "`{word}` names no commits");
        ensure!(!word.contains('\n'), "a commit's name is one line");
        match word.as_str() {
            "--not" => not = "^",
            option if option.starts_with('-') => drop(command.arg(option)),
            name => input.push_str(&format!("{not}{name}\n")),
        }
        if word == "--not" {
            command.arg("--not");
        }
    }
    let answer = output_with(hushed(command), input.as_bytes())
        .context("git does not know these commits (in a shallow clone they may be missing: fetch the whole history)")?;
    Ok(String::from_utf8_lossy(&answer).lines().map(str::to_owned).collect())
}

/// The commits reachable from one whose messages hold a text, with the day of each in Unix seconds.
///
/// # Errors
/// Where git cannot list them.
pub fn mentioning(commit: &str, text: &str) -> Result<Vec<(String, i64)>> {
    let mut command = git(&["log", "--format=%H %ct", "--fixed-strings", "--regexp-ignore-case"]);
    command.arg(format!("--grep={text}")).arg(commit).arg("--");
    let answer = output(hushed(command)).context("git cannot list the history")?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let line = |line: &str| line.split_once(' ').and_then(|(id, time)| Some((id.to_owned(), time.parse().ok()?)));
    Ok(text.lines().filter_map(line).collect())
}

/// The messages, reachable from a commit, that hold a text and were committed by somebody.
///
/// # Errors
/// Where git cannot list them: no repository, no commit.
pub fn messages_with(commit: &str, text: &str, committer: &str) -> Result<Vec<String>> {
    let mut command = git(&["log", "--format=%B%x00", "--fixed-strings"]);
    command.arg(format!("--grep={text}")).arg(format!("--committer={committer}")).arg(commit).arg("--");
    let answer = output(hushed(command)).context("git cannot list the history")?;
    Ok(String::from_utf8_lossy(&answer).split('\0').map(str::to_owned).collect())
}

/// The texts of the annotated tags on the way from an object to its commit; a tag may name a tag.
///
/// # Errors
/// Where git cannot read one.
pub fn tag_texts(id: &str) -> Result<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    let mut id = id.to_owned();
    for _ in 0..16 {
        let kind = output(hushed(git(&["cat-file", "-t", &id]))).context("git cannot read what is pushed")?;
        if kind.trim_ascii() != b"tag" {
            return Ok(texts);
        }
        let text = output(hushed(git(&["cat-file", "tag", &id]))).context("git cannot read a tag")?;
        let head = text.split(|&b| b == b'\n').next().and_then(|line| line.strip_prefix(b"object "));
        id = String::from_utf8_lossy(head.context("a tag is damaged")?).into_owned();
        texts.push(text);
    }
    bail!("tags are nested too deeply")
}

/// The commits at HEAD and at the ends of all refs, HEAD's first; `None` where there are more than `most`,
/// or where one of them is no commit.
///
/// # Errors
/// Where git cannot list the refs, or an object is missing or damaged.
pub fn tips(repo: &Repo, most: usize) -> Result<Option<Vec<Commit>>> {
    let answer =
        output(hushed(git(&["for-each-ref", "--format=%(objectname)"]))).context("git cannot list the refs")?;
    let mut ids: Vec<String> = super::head::commit(repo).into_iter().collect();
    for line in String::from_utf8_lossy(&answer).lines() {
        match peel(repo, line)?.commit {
            Some(id) if !ids.contains(&id) => ids.push(id),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    if ids.len() > most {
        return Ok(None);
    }
    ids.iter().map(|id| Commit::read(repo, id)).collect::<Result<Vec<_>>>().map(Some)
}

/// What a pushed object leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peeled {
    /// The commit, in hex; `None` where it is a tree or a blob.
    pub commit: Option<String>,
    /// The texts of the annotated tags on the way.
    pub texts: Vec<Vec<u8>>,
}

/// Follows annotated tags to what they name.
///
/// # Errors
/// Where an object is missing or damaged.
pub fn peel(repo: &Repo, hex: &str) -> Result<Peeled> {
    let mut id = ObjectId::from_hex(hex.as_bytes()).map_err(plain).context("no object id")?;
    let mut texts = Vec::new();
    let mut buffer = Vec::new();
    for _ in 0..16 {
        match repo.object(&id, &mut buffer)? {
            Some((Kind::Commit, _)) => return Ok(Peeled { commit: Some(id.to_string()), texts }),
            Some((Kind::Tag, text)) => {
                texts.push(text.to_vec());
                let next = gix::objs::TagRefIter::from_bytes(text, id.kind()).target_id();
                id = next.map_err(plain).context("a tag is damaged")?;
            }
            Some(_) => return Ok(Peeled { commit: None, texts }),
            None => bail!("object {} is missing (`git fsck` tells more)", id.to_hex_with_len(12)),
        }
    }
    bail!("tags are nested too deeply")
}

/// The trees of a commit's parents, in hex, of which many are known already; `None` where one is not here.
pub fn bases_among(repo: &Repo, commit: &Commit, trees: &HashMap<String, String>) -> Option<Vec<String>> {
    let base = |id: &ObjectId| match trees.get(&id.to_string()) {
        Some(tree) => Some(tree.clone()),
        None => repo.tree_of(*id).ok().map(|tree| tree.to_string()),
    };
    commit.parents.iter().map(base).collect()
}

/// Whether HEAD, a branch or a tag of this repository reaches a commit.
///
/// # Errors
/// Where git cannot tell.
pub fn is_held(id: &str) -> Result<bool> {
    if output(hushed(git(&["merge-base", "--is-ancestor", id, "HEAD"]))).is_ok() {
        return Ok(true);
    }
    let mut command = git(&["for-each-ref", "--count=1", "--contains", id, "--format=%(refname)"]);
    command.args(["refs/heads", "refs/tags"]);
    Ok(!output(hushed(command)).context("git cannot tell which branches hold a commit")?.is_empty())
}

/// The id of the commit that a name stands for.
///
/// # Errors
/// Where there is none.
pub fn resolve(name: &str) -> Result<String> {
    ensure!(!name.starts_with('-'), "a commit's name does not begin with `-`");
    let answer = output(hushed(git(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])));
    let id = answer.ok().filter(|id| !id.is_empty());
    let id = id.with_context(|| format!("there is no commit `{}` here", crate::finding::escape(name.as_bytes())))?;
    Ok(String::from_utf8_lossy(&id).trim().to_owned())
}

fn hushed(mut command: Command) -> Command {
    // Git's advice on ambiguous names is not wanted in an error.
    command.env("LC_ALL", "C");
    command
}

impl Commit {
    /// The commit that HEAD names; `None` where there is none yet, or where it cannot be read.
    pub fn head(repo: &Repo) -> Option<Self> {
        Commit::read(repo, &super::head::commit(repo)?).ok()
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// Where it is missing or damaged.
    pub fn read(repo: &Repo, hex: &str) -> Result<Self> {
        let id = ObjectId::from_hex(hex.as_bytes()).map_err(plain).context("no object id")?;
        let mut buffer = Vec::new();
        let Some((Kind::Commit, data)) = repo.object(&id, &mut buffer)? else {
            bail!("commit {} is missing (`git fsck` tells more)", id.to_hex_with_len(12));
        };
        let damaged = || format!("commit {} is damaged", id.to_hex_with_len(12));
        let commit = CommitRef::from_bytes(data, id.kind()).map_err(plain).with_context(damaged)?;
        let person = |signature: &gix::bstr::BStr| {
            let text = String::from_utf8_lossy(signature);
            let end = text.rfind('>').map_or(text.len(), |at| at + 1);
            text[..end].to_owned()
        };
        Ok(Commit {
            id: hex.to_owned(),
            message: commit.message.to_vec(),
            author: person(commit.author),
            committer: person(commit.committer),
            signature: commit.extra_headers().pgp_signature().map(|text| text.to_string()),
            authored: String::from_utf8_lossy(commit.author).into_owned(),
            tree: commit.tree(),
            parents: commit.parents().collect(),
        })
    }

    /// Its parents, in hex.
    pub fn parents(&self) -> Vec<String> {
        self.parents.iter().map(ToString::to_string).collect()
    }

    /// Whether its parents are not here because the clone is shallow.
    pub fn is_at_the_edge(&self, repo: &Repo) -> bool {
        repo.gix.is_shallow().unwrap_or(false) && self.parents.iter().any(|id| !repo.has(id))
    }

    /// Its tree, in hex.
    pub fn tree(&self) -> String {
        self.tree.to_string()
    }

    /// The trees of its parents, in hex.
    ///
    /// # Errors
    /// Where a parent is missing or damaged.
    pub fn base_trees(&self, repo: &Repo) -> Result<Vec<String>> {
        Ok(self.bases(repo)?.iter().map(ToString::to_string).collect())
    }

    /// The trees of its parents.
    ///
    /// # Errors
    /// Where a parent is missing or damaged.
    pub(super) fn bases(&self, repo: &Repo) -> Result<Vec<ObjectId>> {
        let parent = |id: &ObjectId| {
            repo.tree_of(*id).context("a parent is not here (in a shallow clone: fetch the whole history)")
        };
        self.parents.iter().map(parent).collect()
    }

    /// The object of a file in its tree, in hex: the same id is the same content.
    ///
    /// # Errors
    /// Where the tree is missing or damaged, or a link stands there.
    pub fn file_id(&self, repo: &Repo, path: &str) -> Result<Option<String>> {
        Ok(tree::file_id(repo, self.tree, path)?.map(|id| id.to_string()))
    }

    /// The text of a file in its tree.
    ///
    /// # Errors
    /// As [`file_id`](Self::file_id), and where it is too large or no UTF-8.
    pub fn file(&self, repo: &Repo, path: &str) -> Result<Option<String>> {
        tree::file_id(repo, self.tree, path)?.map(|id| tree::text(repo, &id, path)).transpose()
    }

    /// Scans what it adds to its parents: as the hook did before it was made.
    ///
    /// # Errors
    /// Where a parent or a tree is missing or damaged.
    pub fn scan(&self, repo: &Repo, rules: &RuleSet, options: Options<'_>) -> Result<Staged> {
        self.scan_against(repo, rules, options, &self.bases(repo)?)
    }

    /// Scans everything that is in its tree.
    ///
    /// # Errors
    /// Where a tree is missing or damaged.
    pub fn scan_all(&self, repo: &Repo, rules: &RuleSet, options: Options<'_>) -> Result<Staged> {
        self.scan_against(repo, rules, options, &[])
    }

    /// Scans what is in its tree and not in another's.
    ///
    /// # Errors
    /// Where a tree is missing or damaged.
    pub fn scan_beside(&self, repo: &Repo, rules: &RuleSet, options: Options<'_>, other: &Commit) -> Result<Staged> {
        self.scan_against(repo, rules, options, &[other.tree])
    }

    fn scan_against(&self, repo: &Repo, rules: &RuleSet, options: Options<'_>, bases: &[ObjectId]) -> Result<Staged> {
        let walked = walk::walk(repo, &New::Tree(self.tree), bases)?;
        let receipt = Receipt { source: Source::Tree, tree: Some(self.tree.to_string()), ..Receipt::default() };
        Ok(scan_walked(repo, rules, &walked, bases, receipt, options))
    }
}
