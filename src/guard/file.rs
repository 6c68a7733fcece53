//! The guard's own files: private, written as a whole, in one folder.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::finding::escape;

/// The lock's name in the guard's folder. Who holds it is the guard of this user; in it stands where it
/// listens.
pub const LOCK: &str = "lock";

/// How long a change waits for another one to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A path for people.
pub fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

/// Makes a folder that only its owner may enter, and checks that one that is there is such a folder.
///
/// # Errors
/// Where it cannot be made, is a link, or belongs to somebody else.
pub fn private_folder(folder: &Path) -> Result<()> {
    ensure!(!folder.is_symlink(), "{} is a link, which is not followed; remove it", shown(folder));
    let mut folders = DirBuilder::new();
    folders.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
    folders.create(folder).with_context(|| format!("cannot make {}", shown(folder)))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let about = || format!("cannot read {}", shown(folder));
        let found = fs::metadata(folder).with_context(about)?;
        let me = rustix::process::geteuid().as_raw();
        ensure!(found.uid() == me, "{} belongs to another user", shown(folder));
        if found.permissions().mode() & 0o077 != 0 {
            let closed = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
            closed.with_context(|| format!("others may read {}, and it cannot be closed to them", shown(folder)))?;
        }
    }
    Ok(())
}

/// How the guard's files are opened for writing: private, and a link in their place is not followed.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0));
    }
    options
}

/// Writes a file as a whole: beside its place, synced, renamed.
///
/// # Errors
/// Where it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().context("no file name")?.to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        // One of that name is left of a process that was stopped and had the same number.
        if temporary.symlink_metadata().is_ok() {
            fs::remove_file(&temporary)?;
        }
        let mut file = private().write(true).create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary))).with_context(|| format!("cannot write {}", shown(path)))
}

/// Puts a file that cannot be used aside, under a name that tells when; gives that name.
pub fn aside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    let other = path.with_file_name(format!("{name}.aside-{}", jiff::Timestamp::now().as_second()));
    fs::rename(path, &other).ok().map(|()| other)
}

/// A file's text; `None` where it is not there.
///
/// # Errors
/// Where it cannot be read, is no plain file, is larger than `most` bytes, or no UTF-8 text.
pub fn text(path: &Path, most: u64) -> Result<Option<String>> {
    let about = || format!("cannot read {}", shown(path));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(about),
        Ok(found) => ensure!(found.is_file(), "{} is no plain file; remove it", shown(path)),
    }
    let mut text = String::new();
    let length = File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text)).with_context(about)?;
    ensure!(length as u64 <= most, "{} has more than {} KiB; remove it", shown(path), most >> 10);
    Ok(Some(text))
}

/// Waits until nobody else changes what `path` stands for. The lock ends with the file.
///
/// # Errors
/// Where it cannot be had within some seconds.
pub fn lock(path: &Path) -> Result<File> {
    let begun = Instant::now();
    loop {
        if let Some(file) = try_lock(path)? {
            return Ok(file);
        }
        if begun.elapsed() > PATIENCE {
            bail!("another process has held {} for {} seconds; try again", shown(path), PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(20));
    }
}

/// The lock, or `None` where somebody else has it.
///
/// # Errors
/// Where the file cannot be opened or locked.
pub fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = private().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.with_context(|| format!("cannot open {}", shown(path)))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", shown(path))),
    }
}

/// The guard's folder in the folder of this user's state.
pub fn folder(state: &Path) -> PathBuf {
    state.join("guard")
}
