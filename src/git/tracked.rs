//! Which files of a folder on disk git tracks: to those its ignore rules do not apply.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gix::index::entry::Mode;

use super::{Repo, index};

/// The files and links below a folder that the index of its repository names, relative to the
/// folder; whether they are on disk is not asked. None where the folder is in no worktree.
///
/// # Errors
/// Where there is a repository and it or its index cannot be read.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let Some(repo) = Repo::holding(folder, 0)? else { return Ok(Vec::new()) };
    let Some(top) = repo.worktree() else { return Ok(Vec::new()) };
    let real = |path: &Path| path.canonicalize().with_context(|| format!("cannot resolve {}", path.display()));
    let (folder, top) = (real(folder)?, real(top)?);
    let Ok(inside) = folder.strip_prefix(&top) else { return Ok(Vec::new()) };
    let Some(index) = index::read(&repo.index_path(), repo.gix.object_hash())? else { return Ok(Vec::new()) };
    let files = index.entries().iter().filter(|e| matches!(e.mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK));
    // A path that this system cannot express cannot be on its disk.
    let paths = files.filter_map(|entry| gix::path::from_bstr(entry.path(&index)).ok());
    let mut below: Vec<PathBuf> =
        paths.filter_map(|path| path.strip_prefix(inside).map(Path::to_path_buf).ok()).collect();
    // A path in conflict has up to three entries, one after the other.
    below.dedup();
    Ok(below)
}
