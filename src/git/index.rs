//! The index: the tree that git has already computed for it, or its entries.
//!
//! Before it runs pre-commit, `git commit` writes the tree of the index and keeps its id in the
//! index's TREE extension (cache-tree). When that extension's root is valid, this id is what git
//! commits, whatever the entries say. It stands near the end of the file, so that an index of
//! 100,000 entries need not be read. The layout is git's `Documentation/gitformat-index.adoc`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};
use gix::ObjectId;

/// First piece read from the end of the file, in bytes; TREE of 60 files in 8 folders takes 400.
const TAIL: u64 = 64 << 10;

/// The root of the TREE extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// The tree that git commits, if the object exists.
    pub id: ObjectId,
    /// Whether its entry count is the index's. Git does not ask (`cache_tree_update` takes any root
    /// that is not marked invalid); where they differ, the entries are scanned as well. A split
    /// index differs honestly: it holds only some of the entries.
    pub agrees: bool,
}

/// Finds the root tree in the TREE extension of the index at `path`.
///
/// `None` where there is no index or no TREE in it; an empty list where its root is not valid: then
/// the entries decide. More than one where a forged index holds several places that could be TREE; none of them agrees then.
///
/// # Errors
/// Where the file cannot be read or is no index.
pub fn cached_roots(path: &Path, hash_len: usize) -> Result<Option<Vec<Root>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("the index cannot be read"),
    };
    let size = file.metadata().context("the index cannot be read")?.len();
    let mut header = [0; 12];
    file.read_exact(&mut header).context("the index is cut short (`git status` tells more)")?;
    if &header[..4] != b"DIRC" {
        bail!("the index is damaged: it does not begin as an index does (`git status` tells more)");
    }
    let version = number(&header[4..8]);
    if !(2..=4).contains(&version) {
        bail!("the index has version {version}; git knows 2 to 4");
    }
    let entries = number(&header[8..12]);
    let mut want = TAIL;
    loop {
        let length = want.min(size);
        let mut tail = vec![0; usize::try_from(length).context("the index is too large")?];
        file.seek(SeekFrom::Start(size - length)).context("the index cannot be read")?;
        file.read_exact(&mut tail).context("the index cannot be read")?;
        let found = roots_in_tail(&tail, entries, hash_len);
        if found.is_some() || length == size {
            return Ok(found);
        }
        want *= 16;
    }
}

/// `None`: TREE does not stand in this part of the file. An empty list: it does, and is not valid.
///
/// A candidate counts only if the extensions that begin with it end exactly at the trailer. In an
/// index that git wrote there is one such place.
fn roots_in_tail(tail: &[u8], entries: u32, hash_len: usize) -> Option<Vec<Root>> {
    let bytes = &tail[..tail.len().checked_sub(hash_len)?];
    let places = memchr::memmem::find_iter(bytes, b"TREE");
    let chains: Vec<&[u8]> = places.filter_map(|at| extension_chain(bytes, at)).collect();
    let alone = chains.len() == 1;
    let roots = chains.iter().filter_map(|data| root(data, entries, hash_len));
    let roots = roots.map(|root| Root { agrees: root.agrees && alone, ..root }).collect();
    (!chains.is_empty()).then_some(roots)
}

/// The data of the extension at `at`, if it and those after it fill the rest exactly.
fn extension_chain(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let next = |at: usize| -> Option<usize> {
        let head = bytes.get(at..at + 8)?;
        let plain = head[..4].iter().all(u8::is_ascii_alphabetic);
        plain.then_some(())?;
        (at + 8).checked_add(number(&head[4..8]) as usize).filter(|&end| end <= bytes.len())
    };
    let first = next(at)?;
    let mut here = first;
    while here < bytes.len() {
        here = next(here)?;
    }
    Some(&bytes[at + 8..first])
}

/// The root: an empty name, NUL, the entry count, a space, the subtree count, a line feed, the id.
/// A count of -1 marks a tree that is not valid; there is no id then. Git reads the count with
/// `strtol`, so everything else may be valid to it.
fn root(data: &[u8], entries: u32, hash_len: usize) -> Option<Root> {
    let name = data.iter().position(|&b| b == 0)?;
    let rest = &data[name + 1..];
    let space = rest.iter().position(|&b| b == b' ')?;
    let count = rest[..space].trim_ascii();
    if count == b"-1" {
        return None;
    }
    // Git ends the line at a line feed or at NUL.
    let line = rest.iter().position(|&b| b == b'\n' || b == 0)?;
    let id = rest.get(line + 1..line + 1 + hash_len)?;
    let subtrees = rest.get(space + 1..line).is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit));
    let agrees = name == 0 && rest[..space] == *entries.to_string().as_bytes() && subtrees && rest[line] == b'\n';
    Some(Root { id: ObjectId::from_bytes_or_panic(id), agrees })
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, &b| sum << 8 | u32::from(b))
}

/// Reads the whole index: entries and TREE, also of split and sparse ones.
///
/// # Errors
/// Where it cannot be read or is damaged.
pub fn read(path: &Path, kind: gix::hash::Kind) -> Result<Option<gix::index::File>> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
    // The checksum is not recomputed, as git does not either by default for speed of reading it;
    // damage shows in the structure.
    let file = gix::index::File::at(path, kind, true, options);
    file.map(Some)
        .map_err(super::plain)
        .context("the index is damaged or of an unknown format (`git status` tells more)")
}
