//! The folders of a worktree in which people work, and the files in them whose names speak of secrets.
//!
//! Ignored folders and build trees are left out, as nobody's work is in them: what git tracks there is
//! looked at all the same. Ignored *files* are seen, for env files are mostly ignored.

use std::fs;
use std::path::{Path, PathBuf};

use globset::GlobSet;

use crate::git::uncommitted::Uncommitted;
use crate::rules::RuleSet;
use crate::scan::scan_path;

/// Folders of tools, left out wherever nothing in them is tracked.
const OF_TOOLS: [&str; 16] = [
    "node_modules",
    "bower_components",
    "target",
    ".venv",
    "venv",
    "__pycache__",
    ".tox",
    ".nox",
    ".gradle",
    ".terraform",
    ".next",
    ".nuxt",
    ".svn",
    ".hg",
    ".jj",
    ".direnv",
];

/// Files that build tools leave at the top of their trees. (`CACHEDIR.TAG` is the Cache Directory Tagging
/// Specification's.)
const OF_BUILDS: [&str; 3] = ["CACHEDIR.TAG", "CMakeCache.txt", "build.ninja"];

/// Folders below one worktree after which the walk ends: more than anybody works in.
pub const MOST_FOLDERS: usize = 200_000;

/// Endings of files that may hold a private key; their content tells.
const MAY_BE_KEYS: [&str; 5] = [".pem", ".key", ".p8", ".asc", ".openssh"];

/// Names that speak of secrets.
#[derive(Debug)]
pub struct Names<'a> {
    /// The rules: some of them know names of files.
    pub rules: &'a RuleSet,
    /// Names of env files that policy adds.
    pub env: Option<GlobSet>,
}

/// What a name speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// An env file.
    Env,
    /// A key file or keystore: the name says so.
    Key,
    /// Perhaps a key file: the content says so.
    MayBeKey,
}

impl Names<'_> {
    /// What the name at the end of a path speaks of, if of anything.
    pub fn of(&self, path: &[u8]) -> Option<Speaks> {
        let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
        let lower = name.to_ascii_lowercase();
        let env = lower == b".env" || lower == b".envrc" || lower.starts_with(b".env.") || lower.ends_with(b".env");
        let named = || self.env.as_ref().is_some_and(|globs| globs.is_match(&*String::from_utf8_lossy(name)));
        if env || named() {
            return Some(Speaks::Env);
        }
        if MAY_BE_KEYS.iter().any(|end| lower.ends_with(end.as_bytes())) {
            return Some(Speaks::MayBeKey);
        }
        (!scan_path(name, self.rules).0.is_empty()).then_some(Speaks::Key)
    }
}

/// What was met on a walk.
#[derive(Debug, Default)]
pub struct Met {
    /// The folders, absolute.
    pub folders: Vec<PathBuf>,
    /// Files whose names speak of secrets, from the top of the worktree.
    pub files: Vec<(Vec<u8>, Speaks)>,
    /// What could not be read, and why.
    pub unread: Vec<(Vec<u8>, String)>,
}

/// Walks what stands at a path of the worktree; the empty path is its top. Without `names` folders alone are
/// met.
pub fn walk(at: &[u8], top: &Path, content: &mut Uncommitted<'_>, names: Option<&Names<'_>>, met: &mut Met) {
    // Where a link stands on the way, it is elsewhere.
    let Some(on_disk) = (if at.is_empty() { Some(top.to_path_buf()) } else { content.on_disk(at) }) else { return };
    let Ok(kind) = fs::symlink_metadata(&on_disk) else { return };
    if !kind.is_dir() {
        if kind.is_file() {
            file(at.to_vec(), content, names, met);
        }
        return;
    }
    let mut folders = vec![(at.to_vec(), on_disk)];
    while let Some((path, on_disk)) = folders.pop() {
        if !path.is_empty() && is_left_out(&path, &on_disk, content) {
            continue;
        }
        if met.folders.len() >= MOST_FOLDERS {
            met.unread.push((path, format!("there are more than {MOST_FOLDERS} folders")));
            return;
        }
        let entries = match fs::read_dir(&on_disk) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                met.unread.push((path, error.to_string()));
                continue;
            }
        };
        met.folders.push(on_disk.clone());
        for entry in entries.flatten() {
            let name = entry.file_name();
            let bytes = name.as_encoded_bytes();
            let path = if path.is_empty() { bytes.to_vec() } else { [&path, b"/".as_slice(), bytes].concat() };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push((path, on_disk.join(&name))),
                Ok(kind) if kind.is_file() => file(path, content, names, met),
                _ => {}
            }
        }
    }
}

fn file(path: Vec<u8>, content: &Uncommitted<'_>, names: Option<&Names<'_>>, met: &mut Met) {
    let Some(names) = names else { return };
    // Most files of a worktree are tracked, and of those only env files are looked at here.
    match names.of(&path) {
        Some(Speaks::Env) => met.files.push((path, Speaks::Env)),
        Some(speaks) if !content.is_tracked(&path) => met.files.push((path, speaks)),
        _ => {}
    }
}

/// Whether nobody's work is in a folder, or it is another repository.
fn is_left_out(path: &[u8], on_disk: &Path, content: &mut Uncommitted<'_>) -> bool {
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
    if name == b".git" {
        return true;
    }
    if content.has_tracked_below(path) {
        return false;
    }
    if on_disk.join(".git").symlink_metadata().is_ok() {
        return true;
    }
    OF_TOOLS.iter().any(|own| own.as_bytes() == name)
        // Where the rules cannot be read, it is looked at.
        || content.is_ignored(path, true).unwrap_or(false)
        || OF_BUILDS.iter().any(|own| on_disk.join(own).is_file())
}
