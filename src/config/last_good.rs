//! The last good copy of a fleet's policy: made by whoever delivers the policy, used where the policy
//! itself is broken, so that one wrong line does not stop every laptop at once.
//!
//! It stands beside the policy, where only root writes, and counts for [`DAYS`] days from when the policy
//! was last touched: then it broke, or later.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};

use super::place::{self, MAIN, MORE};
use super::{FLEET, Machine, layers, shown};
use crate::policy::layers::Layers;

/// The folder of the copy, below the fleet's.
pub const LAST_GOOD: &str = "last-good";

/// How many days it counts from when the policy broke.
pub const DAYS: i64 = 7;

/// Where the copy is written before it takes its place.
const BESIDE: &str = ".last-good.new";

const A_DAY: i64 = 24 * 60 * 60;

/// That a fleet's files are broken, and the copy counts instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyInUse {
    /// What is wrong with the files: file, line, field, and whom to ask.
    pub fault: String,
    /// Until when the copy counts, in Unix seconds.
    pub until: i64,
    /// The copy's folder.
    pub folder: PathBuf,
    /// Whom to ask, as the copy says.
    pub contact: Option<String>,
}

impl CopyInUse {
    /// Until when it counts, such as `2026-11-29 09:12 UTC`.
    pub fn end(&self) -> String {
        moment(self.until)
    }

    /// The one line that a person is told.
    pub fn warning(&self) -> String {
        let ask = self.contact.as_ref().map_or_else(String::new, |who| format!(" (contact: {who})"));
        let (fault, end, copy) = (&self.fault, self.end(), shown(&self.folder));
        format!("{fault}{ask}; until {end} the last good copy in {copy} counts, then every commit stops")
    }
}

/// The copy's layers in place of a policy with a fault.
///
/// # Errors
/// The fault, and why no copy counts.
pub(super) fn instead_of(folder: &Path, fault: &anyhow::Error) -> Result<Machine> {
    let copy = folder.join(LAST_GOOD);
    if !place::exists(&copy).unwrap_or(true) {
        return Err(anyhow!("{fault:#}; there is no last good copy of it (`leakwarden policy keep` makes one)"));
    }
    let layers =
        sound(folder, &copy).map_err(|why| anyhow!("{fault:#}; the last good copy is no good either: {why:#}"))?;
    let until = end(folder, now()).map_err(|why| anyhow!("{fault:#}; the last good copy no longer counts: {why}"))?;
    let all = layers.mandatory.iter().chain(layers.recommended.iter().rev());
    let contact = all.filter_map(|(_, keys)| keys.organisation.contact.clone()).next();
    let copy = CopyInUse { fault: format!("{fault:#}"), until, folder: copy, contact };
    Ok(Machine { layers, copy: Some(copy) })
}

/// The layers of a copy that only root could have written.
fn sound(folder: &Path, copy: &Path) -> Result<Layers> {
    // Who can write the folder around it can put an older copy in its place.
    place::administrators_own(folder)?;
    place::administrators_own(copy)?;
    let files = place::files(copy)?;
    ensure!(!files.is_empty(), "{} holds no policy", shown(copy));
    layers(&files)
}

/// Until when a copy counts: from when anything about the fleet's files last changed, which is when they
/// broke or later.
fn end(folder: &Path, now: i64) -> Result<i64> {
    let more = folder.join(MORE);
    let mut places = vec![folder.to_path_buf(), folder.join(MAIN)];
    places.extend(place::listed(&more).unwrap_or_default());
    places.push(more);
    let since = places.iter().filter_map(|path| place::changed(path)).max();
    let since = since.context("nobody can tell since when the policy is broken")?;
    ensure!(
        since <= now + A_DAY,
        "the policy's files were changed on {}, which is yet to come; is the clock wrong?",
        moment(since)
    );
    let until = since + DAYS * A_DAY;
    ensure!(now <= until, "it counts for {DAYS} days, and the policy was last touched on {}", moment(since));
    Ok(until)
}

/// What [`keep`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The copy was written.
    Written,
    /// It was there already.
    Unchanged,
}

/// Makes these files of the fleet (path and text, as [`super::fleet_texts`] gives them and somebody has
/// checked them) the last good copy. The old copy stays until the new one is whole and on the disk.
///
/// # Errors
/// Where it cannot be written.
pub fn keep(files: &[(PathBuf, String)]) -> Result<Kept> {
    let folder = Path::new(FLEET);
    place::administrators_own(folder)?;
    // Two deliveries at once take turns.
    #[cfg(unix)]
    let _turn = {
        let file = File::open(folder).with_context(|| format!("cannot open {}", shown(folder)))?;
        file.lock().with_context(|| format!("cannot lock {}", shown(folder)))?;
        file
    };
    let (copy, beside) = (folder.join(LAST_GOOD), folder.join(BESIDE));
    if is_same(folder, &copy, files) {
        return Ok(Kept::Unchanged);
    }
    let write = || -> Result<()> {
        remove(&beside)?;
        make(&beside)?;
        for (path, text) in files {
            let below = path.strip_prefix(folder).context("a policy file stands in the fleet's folder")?;
            let to = beside.join(below);
            if let Some(parent) = to.parent().filter(|parent| *parent != beside && !parent.exists()) {
                make(parent)?;
            }
            let mut file = File::create_new(&to)?;
            readable(&to, 0o644)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        for made in [beside.join(MORE), beside.clone()] {
            if made.exists() {
                sync(&made)?;
            }
        }
        replace(&beside, &copy)?;
        sync(folder)?;
        remove(&beside)
    };
    write().with_context(|| format!("cannot write the copy in {} (run this as root)", shown(folder)))?;
    Ok(Kept::Written)
}

fn is_same(folder: &Path, copy: &Path, files: &[(PathBuf, String)]) -> bool {
    let Ok(there) = place::files(copy) else { return false };
    let is = |(own, (path, text)): (&PathBuf, &(PathBuf, String))| {
        own.strip_prefix(copy).ok() == path.strip_prefix(folder).ok()
            && place::read(own, true).ok().flatten().as_ref() == Some(text)
    };
    there.len() == files.len() && place::administrators_own(copy).is_ok() && there.iter().zip(files).all(is)
}

/// Takes a folder away, if it is there; a link is taken away as a link.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => Ok(other?),
    }
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir(folder)?;
    readable(folder, 0o755)
}

/// The mode that everybody's hook can read, whatever root's umask is.
fn readable(path: &Path, mode: u32) -> Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

fn sync(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Puts `new` in the place of `old`; afterwards `new` is what `old` was, or gone.
fn replace(new: &Path, old: &Path) -> Result<()> {
    if !place::exists(old)? {
        return Ok(fs::rename(new, old)?);
    }
    // In one step, where the system can do that.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    // Between the two there is no copy; the policy itself has just been found good.
    remove(old)?;
    Ok(fs::rename(new, old)?)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn moment(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds);
    time.map_or_else(|_| format!("second {seconds}"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
