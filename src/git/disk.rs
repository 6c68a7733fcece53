//! What stands at a path of a worktree, read without following a link, waiting for a pipe, or leaving
//! the worktree.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use gix::index::entry::Stat;
use gix::index::fs::Metadata;

/// What stands at a path.
#[derive(Debug)]
pub enum Held {
    /// A regular file.
    File {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Whether it changed while it was read.
        unsettled: bool,
    },
    /// A symbolic link, and what it names.
    Link(Vec<u8>),
    /// A file of more bytes than are read.
    TooLarge(u64),
    /// Nothing, a folder, or something that git does not track.
    Nothing,
}

/// The state of what stands at a path: git's own measure of whether a file is the one it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// As the index keeps it.
    pub stat: Stat,
    /// Whether it is a link.
    pub link: bool,
}

impl std::hash::Hash for State {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Stat { mtime, ctime, dev, ino, uid, gid, size } = &self.stat;
        (mtime.secs, mtime.nsecs, ctime.secs, ctime.nsecs, dev, ino, uid, gid, size, self.link).hash(state);
    }
}

impl State {
    /// The state of a file or link; `None` for anything else.
    pub fn of(path: &Path) -> Option<State> {
        let data = Metadata::from_path_no_follow(path).ok()?;
        let link = data.is_symlink();
        (link || data.is_file()).then_some(())?;
        Some(State { stat: Stat::from_fs(&data).ok()?, link })
    }

    /// Whether it was written within the last two seconds, which is as fine as some disks keep dates.
    pub fn is_fresh(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        // The index keeps the low 32 bits of seconds.
        let now = u32::try_from(now & u64::from(u32::MAX)).unwrap_or(0);
        now.wrapping_sub(self.stat.mtime.secs) < 3 || now.wrapping_sub(self.stat.ctime.secs) < 3
    }
}

/// Reads what stands at a path whose folders were checked to be no links.
///
/// # Errors
/// Where it is there and cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Held> {
    let Ok(kind) = fs::symlink_metadata(path) else { return Ok(Held::Nothing) };
    if kind.is_symlink() {
        let target = fs::read_link(path).context("the link cannot be read")?;
        return Ok(Held::Link(gix::path::into_bstr(target).map_err(super::plain)?.into_owned().into()));
    }
    if !kind.is_file() {
        return Ok(Held::Nothing);
    }
    let mut file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Held::Nothing),
        Err(error) => return Err(error).context("it cannot be read"),
    };
    let before = file.metadata().context("it cannot be read")?;
    if !before.is_file() {
        return Ok(Held::Nothing);
    }
    if before.len() > most {
        return Ok(Held::TooLarge(before.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
    let length = (&mut file).take(most + 1).read_to_end(&mut bytes).context("it cannot be read")? as u64;
    if length > most {
        return Ok(Held::TooLarge(length));
    }
    let after = file.metadata().context("it cannot be read")?;
    let same = after.len() == length && after.modified().ok() == before.modified().ok();
    // Another file may have been put in its place meanwhile.
    let own = Metadata::from_file(&file).ok().and_then(|own| Stat::from_fs(&own).ok());
    let there = State::of(path).is_some_and(|now| Some(now.stat) == own);
    Ok(Held::File { bytes, unsettled: !same || !there })
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    options.open(path)
}
