//! Single files of a tree or index, by path: policy and exceptions of what is judged.

use anyhow::{Context, Result, bail};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::{Kind, TreeRefIter};

use super::{Repo, plain};

/// The largest policy or exceptions file, in bytes. (A file of 5,000 exceptions takes 2 MiB.)
const LARGEST: usize = 4 << 20;

/// The object of a regular file at a path of a tree; `None` where there is none.
///
/// # Errors
/// Where the tree is damaged, or a link stands at the path: what it points to is not in the tree.
pub(super) fn file_id(repo: &Repo, tree: ObjectId, path: &str) -> Result<Option<ObjectId>> {
    let mut tree = tree;
    let mut buffer = Vec::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let Some((Kind::Tree, data)) = repo.object(&tree, &mut buffer)? else {
            bail!("tree {} is missing (`git fsck` tells more)", tree.to_hex_with_len(12));
        };
        repo.keep(tree, data);
        let mut found = None;
        for entry in TreeRefIter::from_bytes(data, tree.kind()) {
            let entry = entry.map_err(plain).context("a tree is damaged")?;
            if entry.filename == part.as_bytes().as_bstr() {
                found = Some((entry.mode, entry.oid.to_owned()));
                break;
            }
        }
        let Some((mode, id)) = found else { return Ok(None) };
        match parts.peek() {
            None if mode.is_blob() => return Ok(Some(id)),
            Some(_) if mode.is_tree() => tree = id,
            _ => bail!("{path}: `{part}` is neither a file nor a folder; links do not count here"),
        }
    }
    Ok(None)
}

/// The same for the entries of an index.
///
/// # Errors
/// As [`file_id`]; also where the path is in conflict.
pub(super) fn file_id_in_index(repo: &Repo, index: &gix::index::File, path: &str) -> Result<Option<ObjectId>> {
    use gix::index::entry::{Mode, Stage};
    let at = path.as_bytes().as_bstr();
    if let Some(entry) = index.entry_by_path_and_stage(at, Stage::Unconflicted) {
        return match entry.mode {
            Mode::FILE | Mode::FILE_EXECUTABLE => Ok(Some(entry.id)),
            _ => bail!("{path} is not a file; links do not count here"),
        };
    }
    if index.entry_range(at).is_some() {
        bail!("{path} is in conflict");
    }
    // In a sparse index the folder may stand for what is in it.
    if let Some((folder, rest)) = path.split_once('/') {
        let folder = format!("{folder}/");
        if let Some(entry) = index.entry_by_path_and_stage(folder.as_bytes().as_bstr(), Stage::Unconflicted) {
            return file_id(repo, entry.id, rest);
        }
    }
    Ok(None)
}

/// The text of such a file.
///
/// # Errors
/// Where it cannot be read, is too large, or is no UTF-8.
pub(super) fn text(repo: &Repo, id: &ObjectId, path: &str) -> Result<String> {
    let mut buffer = Vec::new();
    let bytes = repo.blob(id, &mut buffer)?;
    if bytes.len() > LARGEST {
        bail!("{path} has more than {} MiB", LARGEST >> 20);
    }
    repo.check_loose(id, bytes)?;
    String::from_utf8(bytes.to_vec()).ok().with_context(|| format!("{path} is no UTF-8 text"))
}
