//! What stands in the fleet's folder, for whoever looks after machines.

use std::fs;
use std::path::{Path, PathBuf};

use super::place::{self, MAIN, MORE};
use super::{CopyInUse, FLEET, LAST_GOOD, fleets, last_good, shown};

/// The fleet's policy on this machine, as it is on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    /// Whether its folder ([`FLEET`]) is there.
    pub present: bool,
    /// Its policy files in the order in which they count; empty where there are none.
    pub files: Vec<FleetFile>,
    /// What is wrong with them, with file, line, field and whom to ask. Where it is set and
    /// `copy_in_use` is not, every commit on this machine stops with exit code 2.
    pub fault: Option<String>,
    /// Until when, in Unix seconds, the last good copy counts instead; `None` where the files themselves do.
    pub copy_in_use: Option<i64>,
    /// When the last good copy was made, in Unix seconds; `None` where there is none.
    pub copy_made: Option<i64>,
    /// SHA-256 in hex of the names and bytes of the files that count (those of the copy where it is in
    /// use): the same on all machines with the same policy. `None` where none count.
    pub digest: Option<String>,
}

/// One file of the fleet's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetFile {
    /// Where it is.
    pub path: PathBuf,
    /// The user id of its owner; 0 where the system has none.
    pub owner: u32,
    /// Its permission bits, such as `0o644`; 0 where the system has none.
    pub mode: u32,
    /// When its bytes last changed, in Unix seconds.
    pub modified: i64,
}

/// Looks at the fleet's policy, and at the copy of it.
pub fn fleet() -> Fleet {
    let folder = Path::new(FLEET);
    match place::exists(folder) {
        Ok(false) => return Fleet::default(),
        Err(error) => return Fleet { present: true, fault: Some(format!("{error:#}")), ..Fleet::default() },
        Ok(true) => {}
    }
    let mut paths = vec![folder.join(MAIN)];
    paths.extend(place::listed(&folder.join(MORE)).unwrap_or_default());
    let files: Vec<FleetFile> = paths.into_iter().filter_map(look).collect();
    let copy = folder.join(LAST_GOOD);
    let mut fleet = Fleet { present: true, files, copy_made: place::changed(&copy), ..Fleet::default() };
    match fleets(folder) {
        Ok(_) => fleet.digest = digest(folder),
        Err(fault) => match last_good::instead_of(folder, &fault).map(|machine| machine.copy) {
            Ok(in_use) => {
                fleet.copy_in_use = in_use.as_ref().map(|own: &CopyInUse| own.until);
                fleet.fault = in_use.map(|own| own.fault);
                fleet.digest = digest(&copy);
            }
            Err(error) => fleet.fault = Some(format!("{error:#}")),
        },
    }
    fleet
}

fn look(path: PathBuf) -> Option<FleetFile> {
    let metadata = fs::symlink_metadata(&path).ok()?;
    let since = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let modified = since.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default();
    #[cfg(unix)]
    let (owner, mode) = {
        use std::os::unix::fs::MetadataExt;
        (metadata.uid(), metadata.mode() & 0o7777)
    };
    #[cfg(not(unix))]
    let (owner, mode) = (0, 0);
    Some(FleetFile { path, owner, mode, modified })
}

/// The digest of a folder's policy files: for each its name, length and bytes.
fn digest(folder: &Path) -> Option<String> {
    use sha2::{Digest, Sha256};
    let files = place::files(folder).ok().filter(|files| !files.is_empty())?;
    let mut hash = Sha256::new();
    for path in files {
        let text = place::read(&path, true).ok()??;
        let name = shown(path.strip_prefix(folder).unwrap_or(&path));
        hash.update(format!("{name}\n{}\n", text.len()));
        hash.update(text);
    }
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
