//! The repositories below a folder.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};

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
    walk(root, |_| true)
}

/// The tops of the worktrees below a folder, for whoever asks often: it is not looked for more in a worktree
/// that has no submodules, nor in what says of itself that it is a cache (CACHEDIR.TAG of bford.info/cachedir),
/// as build trees do. What cannot be read is left out.
pub fn worktrees(root: &Path) -> Vec<PathBuf> {
    // The walk wants it for good.
    let top = root.to_path_buf();
    let worth = move |folder: &Path| {
        let above = folder.parent().unwrap_or(folder);
        let inside = folder != top && above.join(".git").symlink_metadata().is_ok();
        (!inside || above.join(".git/modules").is_dir()) && !folder.join("CACHEDIR.TAG").is_file()
    };
    let found = walk(root, worth).0;
    let linked: Vec<PathBuf> = found.iter().flat_map(|found| linked(&found.folder, found.bare)).collect();
    let tops = found.into_iter().filter(|found| !found.bare).map(|found| found.folder);
    let mut all: Vec<PathBuf> = tops.chain(linked.into_iter().filter(|top| top.starts_with(root))).collect();
    all.sort();
    all.dedup();
    all
}

/// The linked worktrees of a repository, by what git keeps of them (gitrepository-layout(5)); they may stand in
/// its own worktree, where nobody else looks.
pub fn linked(top: &Path, bare: bool) -> Vec<PathBuf> {
    let git = if bare { top.to_path_buf() } else { top.join(".git") };
    let Ok(entries) = std::fs::read_dir(git.join("worktrees")) else { return Vec::new() };
    let top = |entry: std::fs::DirEntry| {
        let file = entry.path().join("gitdir");
        file.symlink_metadata().ok().filter(|found| found.is_file() && found.len() < 64 << 10)?;
        let named = PathBuf::from(std::fs::read_to_string(&file).ok()?.trim_end_matches(['\r', '\n']));
        let top = if named.is_absolute() { named } else { entry.path().join(named) };
        top.parent().and_then(|top| top.canonicalize().ok())
    };
    entries.flatten().filter_map(top).collect()
}

fn walk(root: &Path, worth: impl Fn(&Path) -> bool + Send + Sync + 'static) -> (Vec<Found>, Vec<String>) {
    let found = Mutex::new((Vec::new(), Vec::new()));
    let hold = || found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let enter = move |entry: &DirEntry| {
        // Worktrees may be kept inside a bare repository; what git keeps there itself holds none.
        let gits_own = |folder: &Path| folder.parent().is_some_and(is_bare);
        entry.file_type().is_some_and(|kind| kind.is_dir())
            && match entry.file_name().to_str() {
                Some(".git" | "node_modules") => false,
                Some("objects" | "refs" | "logs" | "worktrees" | "modules") => !gits_own(entry.path()),
                _ => true,
            }
            && worth(entry.path())
    };
    let walk = WalkBuilder::new(root).standard_filters(false).filter_entry(enter).build_parallel();
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
