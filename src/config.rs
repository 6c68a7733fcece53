//! Policy files of this machine: where they are, and whether they may be believed.
//!
//! A fleet's files stand where only an administrator writes; their places are fixed, and no variable
//! or flag changes them. (Nothing was run on macOS or Windows.)

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::document;
use crate::finding::escape;
use crate::policy::layers::Layers;
use crate::policy::syntax::{FleetFile, Keys};

/// The folder of a fleet's policy.
#[cfg(target_os = "macos")]
pub const FLEET: &str = "/Library/Application Support/leakwarden";
/// The folder of a fleet's policy.
#[cfg(windows)]
pub const FLEET: &str = "C:\\Program Files\\leakwarden";
/// The folder of a fleet's policy.
#[cfg(not(any(target_os = "macos", windows)))]
pub const FLEET: &str = "/etc/leakwarden";

/// The largest policy file, in bytes.
const LARGEST: u64 = 1 << 20;

/// Reads the layers that this machine has: fleet, and the user's file, if one is named.
///
/// # Errors
/// Names the file and the mistake, and for a fleet's file what to do.
pub fn machine(user: Option<&Path>) -> Result<Layers> {
    let mut layers = Layers::default();
    for path in fleet_files()? {
        let name = shown(&path);
        let file = fleet_file(&path).with_context(|| {
            format!("the policy of this machine's administrators, {name}, is not valid; ask them to mend it")
        })?;
        let asked = file.mandatory.organisation.contact.as_ref().or(file.recommended.organisation.contact.as_ref());
        let check = |keys: &Keys| {
            let ask = asked.map_or_else(|| "ask your administrators".to_owned(), |who| format!("ask {who}"));
            crate::policy::check::owner(keys).with_context(|| format!("{name} ({ask} to mend it)"))
        };
        check(&file.mandatory)?;
        check(&file.recommended)?;
        layers.mandatory.push((format!("{name} [mandatory]"), file.mandatory));
        layers.recommended.push((format!("{name} [recommended]"), file.recommended));
    }
    if let Some(path) = user
        && let Some(text) = read(path, false)?
    {
        layers.user = Some((shown(path), keys(&text).with_context(|| shown(path))?));
    }
    Ok(layers)
}

/// A layer of user or repository from its text.
///
/// # Errors
/// Names line, field and mistake.
pub fn keys(text: &str) -> Result<Keys> {
    document::parse(text)
}

/// `policy.toml` and the files of `policy.d`, in order of their names.
fn fleet_files() -> Result<Vec<PathBuf>> {
    let folder = Path::new(FLEET);
    // Looking for a file that is not there is all that most machines pay.
    if !exists(folder)? {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    let main = folder.join("policy.toml");
    if exists(&main)? {
        files.push(main);
    }
    let more = folder.join("policy.d");
    if exists(&more)? {
        administrators_own(&more)?;
        let entries = fs::read_dir(&more).with_context(|| format!("cannot read {}", shown(&more)))?;
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", shown(&more)))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
        found.sort();
        files.append(&mut found);
    }
    if !files.is_empty() {
        administrators_own(folder)?;
    }
    Ok(files)
}

fn exists(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", shown(path))),
    }
}

fn fleet_file(path: &Path) -> Result<FleetFile> {
    let text = read(path, true)?.context("it is gone")?;
    document::parse(&text)
}

/// The text of a policy file; `None` where there is none.
fn read(path: &Path, administrators: bool) -> Result<Option<String>> {
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

fn administrators_own(folder: &Path) -> Result<()> {
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

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
