//! The walk: new content against the trees of all parents at once.
//!
//! A folder or file that is the same as in *any* parent brings nothing new and is passed over
//! without being read. What remains is every path at which the content differs from all parents.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Result, bail};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::index::extension::Tree as CacheTree;
use gix::objs::{Kind, TreeRefIter};

use super::Repo;

/// What kind of thing a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A submodule: a commit of another repository.
    Submodule,
    /// A folder.
    Folder,
}

/// A path at which the new content differs from every parent.
#[derive(Debug, Clone)]
pub struct Change {
    /// The path, `/` between parts.
    pub path: Vec<u8>,
    /// What is there now.
    pub entry: Entry,
    /// Its object.
    pub id: ObjectId,
    /// For each parent the object of the same kind at this path.
    pub olds: Vec<Option<ObjectId>>,
}

/// A path of a parent that is gone; folders are not looked into.
#[derive(Debug, Clone)]
pub struct Gone {
    /// Which parent.
    pub parent: usize,
    /// File, link, or folder.
    pub entry: Entry,
    /// Its object.
    pub id: ObjectId,
}

/// The outcome of a walk.
#[derive(Debug, Default)]
pub struct Walked {
    /// What is new or changed, in path order.
    pub changes: Vec<Change>,
    /// What is gone.
    pub gone: Vec<Gone>,
    /// Paths in conflict: they have no content yet that git could commit.
    pub unmerged: Vec<Vec<u8>>,
}

impl Walked {
    /// Adds what another walk over the same parents found and this one did not.
    pub fn join(&mut self, other: Walked) {
        if self.changes.is_empty() && self.gone.is_empty() && self.unmerged.is_empty() {
            *self = other;
            return;
        }
        let known: HashSet<(Vec<u8>, ObjectId)> = self.changes.iter().map(|own| (own.path.clone(), own.id)).collect();
        let more = other.changes.into_iter().filter(|change| !known.contains(&(change.path.clone(), change.id)));
        self.changes.extend(more);
        if self.gone.is_empty() {
            self.gone = other.gone;
        }
        self.unmerged.extend(other.unmerged);
    }
}

/// The new content.
pub enum New<'a> {
    /// A tree.
    Tree(ObjectId),
    /// The entries of an index, with the trees that are still valid in it.
    Index(&'a gix::index::File),
}

/// Compares the new content with the parents' trees.
///
/// # Errors
/// Where a tree is missing or damaged.
pub fn walk(repo: &Repo, new: &New<'_>, bases: &[ObjectId]) -> Result<Walked> {
    let olds: Vec<Option<ObjectId>> = bases.iter().copied().map(Some).collect();
    let mut walker = Walker { repo, out: Walked::default(), path: Vec::new() };
    match new {
        New::Tree(id) => walker.folder(&Side::Tree(*id), &olds)?,
        New::Index(index) => {
            let side = Side::Entries { index, range: 0..index.entries().len(), cached: index.tree() };
            walker.folder(&side, &olds)?;
        }
    }
    Ok(walker.out)
}

/// One folder of the new content.
enum Side<'a> {
    Tree(ObjectId),
    Entries { index: &'a gix::index::File, range: Range<usize>, cached: Option<&'a CacheTree> },
}

/// One name in a folder of the new content.
struct Child<'a> {
    name: Vec<u8>,
    entry: Entry,
    /// The object; for a folder that exists as index entries only, none.
    id: Option<ObjectId>,
    range: Range<usize>,
    cached: Option<&'a CacheTree>,
}

/// One name in a parent's folder.
struct Old {
    name: Vec<u8>,
    entry: Entry,
    id: ObjectId,
}

struct Walker<'a> {
    repo: &'a Repo,
    out: Walked,
    path: Vec<u8>,
}

/// Deeper than this no one keeps files; git itself stops at 2,048 (`core.maxTreeDepth`).
const DEPTH: usize = 4096;

impl Walker<'_> {
    fn folder(&mut self, new: &Side<'_>, olds: &[Option<ObjectId>]) -> Result<()> {
        if let Side::Tree(id) = new
            && olds.contains(&Some(*id))
        {
            return Ok(());
        }
        if self.path.iter().filter(|&&b| b == b'/').count() > DEPTH {
            bail!("folders are nested deeper than {DEPTH}");
        }
        let children = match new {
            Side::Tree(id) => self.tree(id, false)?.into_iter().map(Child::from).collect(),
            Side::Entries { index, range, cached } => self.entries(index, range.clone(), *cached),
        };
        let mut lists = Vec::with_capacity(olds.len());
        for old in olds {
            lists.push(match old {
                Some(id) => self.tree(id, true)?,
                None => Vec::new(),
            });
        }
        let mut at = vec![0; lists.len()];
        for child in &children {
            let mut beside = Vec::with_capacity(lists.len());
            for (parent, list) in lists.iter().enumerate() {
                self.pass_gone(parent, list, &mut at[parent], Some((&child.name, child.entry)));
                let same = list
                    .get(at[parent])
                    .filter(|old| old.name == child.name && is_folder(old.entry) == is_folder(child.entry));
                if same.is_some() {
                    at[parent] += 1;
                }
                beside.push(same);
            }
            self.child(child, &beside, new)?;
        }
        for (parent, list) in lists.iter().enumerate() {
            self.pass_gone(parent, list, &mut at[parent], None);
        }
        Ok(())
    }

    fn child(&mut self, child: &Child<'_>, beside: &[Option<&Old>], new: &Side<'_>) -> Result<()> {
        let same_kind = |old: &&&Old| old.entry == child.entry;
        let olds: Vec<Option<ObjectId>> =
            beside.iter().map(|old| old.as_ref().filter(same_kind).map(|o| o.id)).collect();
        if child.id.is_some() && olds.contains(&child.id) {
            return Ok(());
        }
        let length = self.path.len();
        self.path.extend_from_slice(&child.name);
        if child.entry == Entry::Folder {
            self.path.push(b'/');
            let side = match (child.id, new) {
                (Some(id), _) => Side::Tree(id),
                (None, Side::Entries { index, .. }) => {
                    Side::Entries { index, range: child.range.clone(), cached: child.cached }
                }
                (None, Side::Tree(_)) => bail!("a folder without a tree"),
            };
            self.folder(&side, &olds)?;
        } else if let Some(id) = child.id {
            self.out.changes.push(Change { path: self.path.clone(), entry: child.entry, id, olds });
        }
        self.path.truncate(length);
        Ok(())
    }

    /// Records what stands in a parent before the next name of the new content.
    fn pass_gone(&mut self, parent: usize, list: &[Old], at: &mut usize, next: Option<(&[u8], Entry)>) {
        while let Some(old) = list.get(*at) {
            if next.is_some_and(|(name, entry)| order(&old.name, old.entry, name, entry) != Ordering::Less) {
                break;
            }
            self.out.gone.push(Gone { parent, entry: old.entry, id: old.id });
            *at += 1;
        }
    }

    fn tree(&self, id: &ObjectId, old: bool) -> Result<Vec<Old>> {
        let mut buffer = Vec::new();
        let found = match self.repo.kept(id) {
            Some(kept) => {
                buffer = kept;
                Some((Kind::Tree, buffer.as_slice()))
            }
            None => self.repo.object(id, &mut buffer)?,
        };
        let data = match found {
            Some((Kind::Tree, data)) => data,
            Some(_) => bail!("object {} is no tree", id.to_hex_with_len(12)),
            None if id.is_empty_tree() => return Ok(Vec::new()),
            // In a partial clone a missing old side counts as empty: nothing is fetched.
            None if old && self.repo.partial => return Ok(Vec::new()),
            None => bail!("tree {} is missing (`git fsck` tells more)", id.to_hex_with_len(12)),
        };
        let mut all = Vec::new();
        for entry in TreeRefIter::from_bytes(data, id.kind()) {
            let entry = entry.map_err(|e| anyhow::anyhow!("tree {} is damaged: {e}", id.to_hex_with_len(12)))?;
            let kind = match entry.mode.kind() {
                gix::objs::tree::EntryKind::Tree => Entry::Folder,
                gix::objs::tree::EntryKind::Link => Entry::Link,
                gix::objs::tree::EntryKind::Commit => Entry::Submodule,
                _ => Entry::File,
            };
            all.push(Old { name: entry.filename.to_vec(), entry: kind, id: entry.oid.to_owned() });
        }
        Ok(all)
    }

    /// Groups the entries of a range by the first part of their path below the current folder.
    fn entries<'i>(
        &mut self,
        index: &'i gix::index::File,
        range: Range<usize>,
        cached: Option<&'i CacheTree>,
    ) -> Vec<Child<'i>> {
        use gix::index::entry::{Flags, Mode, Stage};
        let skip = self.path.len();
        let mut children = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let entry = index.entry(at);
            let path = entry.path(index);
            let rest = path.get(skip..).unwrap_or_default();
            // A sparse index keeps whole folders as entries whose path ends in a slash.
            let sparse = entry.mode == Mode::DIR;
            if let Some(slash) = rest.find_byte(b'/').filter(|_| !sparse) {
                let folder = &rest[..=slash];
                let end = at
                    + index.entries()[at..range.end]
                        .partition_point(|e| e.path(index).get(skip..).is_some_and(|r| r.starts_with(folder)));
                let name = &rest[..slash];
                let node =
                    cached.and_then(|c| c.children.iter().find(|child| child.name.as_slice() == name.as_bytes()));
                let valid = node.filter(|node| node.num_entries.is_some() && self.repo.has(&node.id));
                let mut child = |id| {
                    children.push(Child {
                        name: name.to_vec(),
                        entry: Entry::Folder,
                        id,
                        range: at..end,
                        cached: node,
                    });
                };
                if let Some(node) = valid {
                    child(Some(node.id));
                }
                // A valid tree is what git commits, whatever its count; where the count does not
                // fit, the entries are looked at as well.
                if valid.is_none_or(|node| node.num_entries.is_none_or(|n| n as usize != end - at)) {
                    child(None);
                }
                at = end;
                continue;
            }
            at += 1;
            if entry.stage() != Stage::Unconflicted {
                if self.out.unmerged.last().is_none_or(|last| last.as_slice() != path.as_bytes()) {
                    self.out.unmerged.push(path.to_vec());
                }
                continue;
            }
            if entry.flags.contains(Flags::INTENT_TO_ADD) {
                continue;
            }
            let kind = match entry.mode {
                Mode::DIR => Entry::Folder,
                Mode::SYMLINK => Entry::Link,
                Mode::COMMIT => Entry::Submodule,
                _ => Entry::File,
            };
            let name = rest.strip_suffix(b"/").unwrap_or(rest);
            children.push(Child { name: name.to_vec(), entry: kind, id: Some(entry.id), range: at..at, cached: None });
        }
        children
    }
}

impl From<Old> for Child<'_> {
    fn from(old: Old) -> Self {
        Child { name: old.name, entry: old.entry, id: Some(old.id), range: 0..0, cached: None }
    }
}

fn is_folder(entry: Entry) -> bool {
    entry == Entry::Folder
}

/// Git's order of names in a tree: as if the name of a folder ended in a slash.
fn order(a: &[u8], a_entry: Entry, b: &[u8], b_entry: Entry) -> Ordering {
    let end = |entry| is_folder(entry).then_some(&b'/');
    a.iter().chain(end(a_entry)).cmp(b.iter().chain(end(b_entry)))
}
