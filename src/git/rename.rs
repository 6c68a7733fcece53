//! Renames, followed only to explain a hit: a line that stood in the renamed file is not new.

use anyhow::Result;
use gix::ObjectId;
use gix::objs::{Kind, TreeRefIter};

use super::Repo;
use super::added::AddedLines;
use super::walk::{Entry, Gone};
use crate::finding::Finding;
use crate::fragment::decode;

/// How many files that are gone are looked at for one file; git's own limit for renames is 1,000
/// (`diff.renameLimit`).
const CANDIDATES: usize = 1000;

/// Whether the finding's lines stood in a file that is gone against this parent and that the new
/// file was made from: the same content, or at least half of it in common (git's default, `-M50%`).
///
/// # Errors
/// Where an object of the parent is damaged.
pub fn explains(
    repo: &Repo,
    gone: &[Gone],
    parent: usize,
    new: &[u8],
    new_id: &ObjectId,
    finding: &Finding,
) -> Result<bool> {
    let mut candidates = Vec::new();
    for entry in gone.iter().filter(|g| g.parent == parent) {
        collect(repo, entry, &mut candidates)?;
        if candidates.len() >= CANDIDATES {
            break;
        }
    }
    if candidates.contains(new_id) {
        return Ok(true);
    }
    let mut buffer = Vec::new();
    for id in candidates.into_iter().take(CANDIDATES) {
        let Some(old) = repo.old_blob(&id, &mut buffer)? else { continue };
        let (old, _) = decode(old);
        // The secret is looked up in the old text: only a file that held it can explain it.
        let secret = finding.secret.expose();
        let held = old.windows(secret.len().max(1)).any(|w| w == secret);
        if held
            && similar(&old, new)
            && !AddedLines::between(&old, new).any(finding.location.line, finding.location.end_line)
        {
            return Ok(true);
        }
    }
    Ok(false)
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
fn similar(old: &[u8], new: &[u8]) -> bool {
    let mut lines: std::collections::HashMap<&[u8], usize> = std::collections::HashMap::new();
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
    common * 2 >= old.len().max(new.len())
}
