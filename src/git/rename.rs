//! Renames, followed only to explain a hit: a line that stood in the renamed file is not new.

use std::collections::HashMap;

use anyhow::Result;
use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};

use super::Repo;
use super::added::AddedLines;
use super::walk::{Entry, Gone};
use crate::finding::Finding;
use crate::fragment::{View, text_of};

/// How many files that are gone are looked at for one file; git's own limit for renames is 1,000
/// (`diff.renameLimit`).
const CANDIDATES: usize = 1000;

/// The new side of a file.
#[derive(Debug, Clone, Copy)]
pub struct NewSide<'a> {
    /// Its object.
    pub id: ObjectId,
    /// How it is read.
    pub view: View,
    /// Its text in that view.
    pub text: &'a [u8],
}

/// What a file that is new against one parent was made from.
#[derive(Debug, Default)]
pub struct Origin {
    /// The very same content stood under another name: no line is new.
    same: bool,
    /// Files that are gone and share at least half of their bytes with it (git's default, `-M50%`):
    /// a line is new only where it is new against each of them.
    similar: Vec<AddedLines>,
    /// Why a file that is gone could not be compared; it explains nothing then.
    pub unreadable: Option<String>,
}

impl Origin {
    /// Whether the finding's lines stood in the file that was renamed.
    pub fn explains(&self, finding: &Finding) -> bool {
        let stood = |added: &AddedLines| !added.any(finding.location.line, finding.location.end_line);
        self.same || self.similar.iter().any(stood)
    }
}

/// Looks among the files that are gone against a parent for those that a new file was made from.
pub fn origin(repo: &Repo, gone: &[Gone], parent: usize, new: NewSide<'_>) -> Origin {
    let mut origin = Origin::default();
    let mut candidates = Vec::new();
    for entry in gone.iter().filter(|g| g.parent == parent) {
        if let Err(error) = collect(repo, entry, &mut candidates) {
            origin.unreadable = Some(format!("{error:#}"));
        }
        if candidates.len() >= CANDIDATES {
            break;
        }
    }
    if candidates.contains(&new.id) {
        return Origin { same: true, ..Origin::default() };
    }
    let mut buffer = Vec::new();
    for id in candidates.into_iter().take(CANDIDATES) {
        match repo.old_blob(&id, &mut buffer) {
            Ok(Some(old)) => {
                let (old, _) = text_of(new.view, old);
                if share_half(&old, new.text) {
                    origin.similar.push(AddedLines::between(&old, new.text));
                }
            }
            Ok(None) => {}
            Err(error) => origin.unreadable = Some(format!("{error:#}")),
        }
    }
    origin
}

/// The files at or below a path that is gone.
fn collect(repo: &Repo, gone: &Gone, out: &mut Vec<ObjectId>) -> Result<()> {
    let mut folders = Vec::new();
    match gone.entry {
        Entry::File => out.push(gone.id),
        Entry::Folder => folders.push(gone.id),
        Entry::Link | Entry::Submodule => {}
    }
    while let Some(id) = folders.pop() {
        let mut buffer = Vec::new();
        let Some((Kind::Tree, data)) = repo.object(&id, &mut buffer)? else { continue };
        for entry in TreeRefIter::from_bytes(data, id.kind()).filter_map(Result::ok) {
            match entry.mode.kind() {
                gix::objs::tree::EntryKind::Tree => folders.push(entry.oid.to_owned()),
                gix::objs::tree::EntryKind::Blob | gix::objs::tree::EntryKind::BlobExecutable => {
                    out.push(entry.oid.to_owned());
                }
                _ => {}
            }
        }
        if out.len() >= CANDIDATES {
            break;
        }
    }
    Ok(())
}

/// Whether at least half of the larger text's bytes are lines that both have.
fn share_half(old: &[u8], new: &[u8]) -> bool {
    let (small, large) = (old.len().min(new.len()), old.len().max(new.len()));
    if small * 2 < large {
        return false;
    }
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in old.split_inclusive(|&b| b == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut common = 0;
    for line in new.split_inclusive(|&b| b == b'\n') {
        if let Some(count) = lines.get_mut(line).filter(|count| **count > 0) {
            *count -= 1;
            common += line.len();
        }
    }
    common * 2 >= large
}
