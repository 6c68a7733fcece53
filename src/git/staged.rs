//! What a commit would add: the staged tree against its parents, as findings and a receipt.

use anyhow::{Result, bail};
use gix::ObjectId;

use super::changed::Scanned;
use super::head::{self, Bases, Head};
use super::history::Commit;
use super::index::{self, Root};
use super::walk::{self, New, Walked};
use super::{Moment, Repo, Surroundings, origin, tree};
use crate::finding::Finding;
use crate::receipt::{Receipt, Source};
use crate::rules::RuleSet;
use crate::scan::{many, scan_path};

/// The outcome of a scan of what is staged.
#[derive(Debug)]
pub struct Staged {
    /// Findings on new lines, by path and place.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub receipt: Receipt,
    /// Whether there is no commit yet.
    pub first_commit: bool,
}

/// How to look at what is staged.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What the repository was opened with; threads open it again.
    pub around: &'a Surroundings,
    /// Whether added lines are counted (it takes the old side of every file).
    pub count_lines: bool,
}

/// What is staged: the tree or the entries that git will commit, and the parents' trees.
pub struct Staging<'r> {
    repo: &'r Repo,
    bases: Bases,
    roots: Vec<Root>,
    index: Option<gix::index::File>,
}

impl<'r> Staging<'r> {
    /// Reads what is staged.
    ///
    /// # Errors
    /// Where the repository, its HEAD or its index cannot be read.
    pub fn read(repo: &'r Repo, moment: Moment, around: &Surroundings) -> Result<Self> {
        let bases = head::bases(repo, moment, &around.other_heads)?;
        let path = repo.index_path();
        // Git writes the index that it names before it runs a hook; only a new repository has none at all.
        if !path.exists() && repo.git_dir().join("index").exists() {
            bail!("the index that GIT_INDEX_FILE names is missing");
        }
        let cached = index::cached_roots(&path, repo.hash_len())?;
        let has_tree = cached.is_some();
        let mut roots = cached.unwrap_or_default();
        roots.retain(|root| repo.has(&root.id));
        let sure = roots.first().is_some_and(|root| root.agrees);
        let index = if sure { None } else { index::read(&path, repo.gix.object_hash())? };
        // Git may take subtrees from a TREE that the library does not read.
        if has_tree && index.as_ref().is_some_and(|index| index.tree().is_none()) {
            bail!("the index's TREE extension cannot be read (`git read-tree HEAD` writes it anew and unstages all)");
        }
        Ok(Staging { repo, bases, roots, index })
    }

    /// The text of a regular file in what is staged; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or where nobody can tell which of several trees git will commit and
    /// they differ in this file.
    pub fn file(&self, path: &str) -> Result<Option<String>> {
        let mut ids = Vec::with_capacity(1);
        for root in &self.roots {
            ids.push(tree::file_id(self.repo, root.id, path)?);
        }
        if let Some(index) = &self.index {
            ids.push(tree::file_id_in_index(self.repo, index, path)?);
        }
        let Some(first) = ids.first() else { return Ok(None) };
        if ids.iter().any(|id| id != first) {
            bail!("the index does not say clearly which {path} git will commit (`git read-tree HEAD` writes it anew)");
        }
        first.map(|id| tree::text(self.repo, &id, path)).transpose()
    }

    /// The text of a regular file as it stands in HEAD; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn file_before(&self, path: &str) -> Result<Option<String>> {
        let Some(&head) = self.bases.trees.first() else { return Ok(None) };
        let id = tree::file_id(self.repo, head, path)?;
        id.map(|id| tree::text(self.repo, &id, path)).transpose()
    }

    /// The tree that git will commit, in hex, where it is known.
    pub fn tree(&self) -> Option<String> {
        self.roots.first().map(|root| root.id.to_string())
    }

    /// The trees with which it is compared, in hex.
    pub fn bases(&self) -> Vec<String> {
        self.bases.trees.iter().map(ToString::to_string).collect()
    }

    /// The commit on which it will be made, where it is known.
    pub fn head(&self) -> Option<&Head> {
        self.bases.head.as_ref()
    }

    /// The same as if nothing had been committed before: everything in it is new.
    pub fn from_nothing(mut self) -> Self {
        self.bases.trees.clear();
        self
    }

    /// The same as if it replaced a commit: compared with that commit's parents.
    ///
    /// # Errors
    /// Where a parent is missing or damaged.
    pub fn in_place_of(mut self, commit: &Commit) -> Result<Self> {
        self.bases.trees = commit.bases(self.repo)?;
        Ok(self)
    }

    /// The trees with which it is compared.
    pub(super) fn trees(&self) -> &[ObjectId] {
        &self.bases.trees
    }

    /// What is new in it, by path.
    ///
    /// # Errors
    /// Where a tree is missing or damaged.
    pub(super) fn walked(&self) -> Result<Walked> {
        let trees = &self.bases.trees;
        let mut walked = Walked::default();
        for root in &self.roots {
            walked.join(walk::walk(self.repo, &New::Tree(root.id), trees)?);
        }
        if let Some(index) = &self.index {
            walked.join(walk::walk(self.repo, &New::Index(index), trees)?);
        }
        Ok(walked)
    }

    /// Scans what is new in it.
    ///
    /// # Errors
    /// Where a tree is missing or damaged. Single files that cannot be read are in the receipt.
    pub fn scan(&self, rules: &RuleSet, options: Options<'_>) -> Result<Staged> {
        let trees = &self.bases.trees;
        let walked = self.walked()?;
        let root = self.roots.first().map(|root| root.id);
        let receipt = Receipt {
            source: if root.is_some() { Source::Tree } else { Source::Entries },
            tree: root.map(|id| id.to_string()),
            notes: self.bases.note.iter().cloned().collect(),
            ..Receipt::default()
        };
        let mut staged = scan_walked(self.repo, rules, &walked, trees, receipt, options);
        origin::label(self.repo, &mut staged.findings);
        Ok(staged)
    }
}

/// Scans what a walk found to be new against these trees.
pub(super) fn scan_walked(
    repo: &Repo,
    rules: &RuleSet,
    walked: &Walked,
    trees: &[ObjectId],
    receipt: Receipt,
    options: Options<'_>,
) -> Staged {
    let mut receipt = Receipt {
        bases: trees.iter().map(ToString::to_string).collect(),
        rules: rules.digest().to_owned(),
        added_lines: options.count_lines.then_some(0),
        ..receipt
    };
    for path in &walked.unmerged {
        receipt.skip(&scan_path(path, rules).1, "in conflict: git cannot commit it before it is resolved and added");
    }
    let mut findings = Vec::new();
    for scanned in scan_changes(repo, rules, walked, options) {
        receipt.files += u64::from(scanned.content);
        receipt.submodules += u64::from(scanned.submodule);
        receipt.bytes += scanned.bytes;
        receipt.added_lines = receipt.added_lines.map(|n| n + scanned.added_lines);
        if let Some(reason) = scanned.skipped {
            receipt.skip(&scanned.shown, reason);
        }
        if let Some(reason) = scanned.no_old {
            receipt.note(&scanned.shown, format!("{NO_OLD} ({reason})"));
        }
        findings.extend(scanned.findings);
    }
    Staged { findings, receipt, first_commit: trees.is_empty() }
}

/// What is said of a file whose old side is lost: nothing is hidden for it, so the commit can be judged.
const NO_OLD: &str = "its old version cannot be read, so all of its lines count as new";

fn scan_changes(repo: &Repo, rules: &RuleSet, walked: &Walked, options: Options<'_>) -> Vec<Scanned> {
    let (changes, gone) = (&walked.changes, walked.gone.as_slice());
    if changes.len() < many::WORTH_A_THREAD {
        return changes.iter().map(|change| Scanned::of(repo, change, gone, rules, options.count_lines)).collect();
    }
    // Handles are not shared between threads; each opens its own.
    many::each(
        changes,
        || Repo::open(options.around),
        |own, change| match own {
            Ok(repo) => Scanned::of(repo, change, gone, rules, options.count_lines),
            Err(error) => {
                let skipped = Some(format!("the repository cannot be opened again: {error:#}"));
                Scanned { shown: scan_path(&change.path, rules).1.into_owned(), skipped, ..Scanned::default() }
            }
        },
    )
}
