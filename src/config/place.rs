//! The places of policy files, and who may write there.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::shown;

/// The largest policy file, in bytes.
const LARGEST: u64 = 1 << 20;

/// The file of a fleet's policy, below its folder.
pub(super) const MAIN: &str = "policy.toml";

/// The folder of more such files.
pub(super) const MORE: &str = "policy.d";

/// `policy.toml` and the files of `policy.d`, in order of their names.
///
/// # Errors
/// Where a folder cannot be read or others than root can write it.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let main = folder.join(MAIN);
    if exists(&main)? {
        files.push(main);
    }
    let more = folder.join(MORE);
    if exists(&more)? {
        administrators_own(&more)?;
        files.append(&mut listed(&more)?);
    }
    if !files.is_empty() {
        administrators_own(folder)?;
    }
    Ok(files)
}

/// The policy files of `policy.d`, by name.
pub(super) fn listed(more: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(more).with_context(|| format!("cannot read {}", shown(more)))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", shown(more)))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn exists(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", shown(path))),
    }
}

/// The text of a policy file; `None` where there is none.
pub(super) fn read(path: &Path, administrators: bool) -> Result<Option<String>> {
    if administrators {
        let kind = fs::symlink_metadata(path).with_context(|| format!("cannot look at {}", shown(path)))?;
        ensure!(kind.is_file(), "it is not a regular file");
    }
    // A pipe would be waited for.
    if fs::metadata(path).is_ok_and(|data| !data.is_file()) {
        anyhow::bail!("{} is not a file", shown(path));
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // Where the home of somebody else cannot be entered, nothing of it is this user's policy.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied && fs::symlink_metadata(path).is_err() => {
            return Ok(None);
        }
        // A file where the folder should be is no file of ours.
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", shown(path))),
    };
    let metadata = file.metadata().with_context(|| format!("cannot read {}", shown(path)))?;
    ensure!(metadata.is_file(), "{} is not a file", shown(path));
    if administrators {
        // What was opened is what is asked, so that nobody can put another file in its place.
        owned(&metadata, path)?;
    }
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).with_context(|| format!("cannot read {}", shown(path)))?;
    ensure!(text.len() as u64 <= LARGEST, "{} has more than {} MiB", shown(path), LARGEST >> 20);
    String::from_utf8(text).ok().with_context(|| format!("{} is no UTF-8 text", shown(path))).map(Some)
}

pub(super) fn administrators_own(folder: &Path) -> Result<()> {
    let metadata = fs::symlink_metadata(folder).with_context(|| format!("cannot look at {}", shown(folder)))?;
    ensure!(metadata.is_dir(), "{} is not a folder", shown(folder));
    owned(&metadata, folder)
}

/// Only an administrator may be able to write it.
#[cfg(unix)]
fn owned(metadata: &fs::Metadata, path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let remedy = "an administrator mends it with: chown root: FILE && chmod go-w FILE (in a container with user \
                  namespaces root's files show another owner; mount the folder with its ids mapped)";
    if metadata.uid() != 0 {
        bail!("{} belongs to user {}, not to root; {remedy}", shown(path), metadata.uid());
    }
    if metadata.mode() & 0o022 != 0 {
        bail!("{} can be written by others than root; {remedy}", shown(path));
    }
    Ok(())
}

/// On Windows the folder below Program Files is protected by the system; it was never run there.
#[cfg(not(unix))]
fn owned(_metadata: &fs::Metadata, _path: &Path) -> Result<()> {
    Ok(())
}

/// When something about a file last changed, in Unix seconds: its bytes, owner, mode or name. Where the
/// system does not tell, when its bytes did.
pub(super) fn changed(path: &Path) -> Option<i64> {
    let metadata = fs::symlink_metadata(path).ok()?;
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::ctime(&metadata));
    #[cfg(not(unix))]
    {
        let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    }
}
