//! The repositories below a folder.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{WalkBuilder, WalkState};

use super::shown;

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The top of its worktree, or the repository itself where it is bare.
    pub folder: PathBuf,
    /// Whether nothing can be committed in it.
    pub bare: bool,
}

/// Finds the repositories below a folder, itself included: worktrees, submodules and repositories in
/// repositories too. Links are not followed, and `node_modules` is not entered: a package manager
/// fills it, and nobody commits there. The second list says which folders could not be read.
pub fn find(root: &Path) -> (Vec<Found>, Vec<String>) {
    let found = Mutex::new((Vec::new(), Vec::new()));
    let hold = || found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .filter_entry(|entry| {
            // Worktrees may be kept inside a bare repository; what git keeps there itself holds none.
            let gits_own = |folder: &Path| folder.parent().is_some_and(is_bare);
            entry.file_type().is_some_and(|kind| kind.is_dir())
                && match entry.file_name().to_str() {
                    Some(".git" | "node_modules") => false,
                    Some("objects" | "refs" | "logs" | "worktrees" | "modules") => !gits_own(entry.path()),
                    _ => true,
                }
        })
        .build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    hold().1.push(crate::finding::escape(error.to_string().as_bytes()));
                    return WalkState::Continue;
                }
            };
            let folder = entry.path();
            if folder.join(".git").symlink_metadata().is_ok() {
                hold().0.push(Found { folder: folder.to_path_buf(), bare: false });
            } else if is_bare(folder) {
                hold().0.push(Found { folder: folder.to_path_buf(), bare: true });
            }
            WalkState::Continue
        })
    });
    let (mut repositories, mut unread) = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    repositories.sort();
    unread.sort();
    (repositories, unread)
}

/// What git itself looks for before it calls a folder a repository.
fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// A repository's folder as a line names it: below the root where that is shorter.
pub fn name(root: &Path, folder: &Path) -> String {
    match folder.strip_prefix(root) {
        Ok(below) if !below.as_os_str().is_empty() => shown(below),
        _ => shown(folder),
    }
}
