//! What is watched: `registry.toml` in the guard's folder, written by whoever installs or adds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file;
use crate::document;

/// The file's name in the guard's folder.
pub const NAME: &str = "registry.toml";

/// The version of the file that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// The largest file that is read, in bytes: thousands of the longest paths.
const LARGEST: u64 = 16 << 20;

/// What is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The version of the file.
    #[serde(default)]
    version: u32,
    /// Until when nothing is looked at, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// The tops of worktrees.
    #[serde(default)]
    pub repository: Vec<PathBuf>,
    /// Folders below which clones are found.
    #[serde(default)]
    pub root: Vec<PathBuf>,
    /// Tops of worktrees below a root that are not watched all the same.
    #[serde(default)]
    pub without: Vec<PathBuf>,
}

impl Registry {
    /// Reads it from the guard's folder; an empty one where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged, or a newer leakwarden wrote it.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let Some(text) = file::text(&path, LARGEST)? else { return Ok(Registry::default()) };
        let about =
            || format!("{} is damaged; mend it, or remove it and add the repositories again", file::shown(&path));
        let read: Registry = document::versioned(&text, VERSION).with_context(about)?;
        if read.version > VERSION {
            return Err(document::newer(read.version, VERSION).context(file::shown(&path)));
        }
        // An empty file too: whoever writes it is not done.
        ensure!(read.version > 0, "{}: it has no `version`", about());
        let all = [&read.repository, &read.root, &read.without].into_iter().flatten();
        for own in all {
            ensure!(own.is_absolute(), "{}: `{}` is no absolute path", about(), file::shown(own));
        }
        Ok(read)
    }

    /// Changes it; it is written only where something is different afterwards. Tells whether it was.
    ///
    /// # Errors
    /// As [`read`](Self::read), where it cannot be written, and those of `edit`.
    pub fn change(folder: &Path, edit: impl FnOnce(&mut Self) -> Result<()>) -> Result<bool> {
        file::private_folder(folder)?;
        let _alone = file::lock(&folder.join(".registry.lock"))?;
        let before = Registry::read(folder)?;
        let mut after = before.clone();
        edit(&mut after)?;
        for list in [&mut after.repository, &mut after.root, &mut after.without] {
            list.sort();
            list.dedup();
        }
        if after == before {
            return Ok(false);
        }
        after.version = VERSION;
        let text = toml::to_string(&after).context("a path that is no UTF-8 text cannot be registered")?;
        let head = "# What the guard of leakwarden watches; `leakwarden guard add` and `remove` write it.\n";
        file::replace(&folder.join(NAME), format!("{head}{text}").as_bytes())?;
        Ok(true)
    }

    /// Adds the top of a worktree.
    pub fn add(&mut self, top: &Path) {
        self.without.retain(|own| own != top);
        self.repository.push(top.to_path_buf());
    }

    /// Takes out a top or a root. Of what a root would bring back, remembers that it is not wanted. Gives
    /// whether anything was there.
    pub fn remove(&mut self, folder: &Path) -> bool {
        let before = self.repository.len() + self.root.len();
        self.repository.retain(|own| own != folder);
        self.root.retain(|own| own != folder);
        let was = before != self.repository.len() + self.root.len();
        let below =
            self.root.iter().any(|root| folder.starts_with(root)) && !self.without.iter().any(|own| own == folder);
        if below {
            self.without.push(folder.to_path_buf());
        }
        was || below
    }

    /// Whether nothing is to be looked at now.
    pub fn paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_once_read_again_and_refused_where_damaged() -> Result<()> {
        let place = tempfile::tempdir()?;
        let folder = place.path().join("guard");
        assert_eq!(Registry::read(&folder)?, Registry::default());
        let add = |own: &mut Registry| {
            own.add(Path::new("/b"));
            own.add(Path::new("/a"));
            Ok(())
        };
        assert!(Registry::change(&folder, add)?);
        let written = std::fs::metadata(folder.join(NAME))?.modified()?;
        assert!(!Registry::change(&folder, add)?);
        assert_eq!(std::fs::metadata(folder.join(NAME))?.modified()?, written);
        assert_eq!(Registry::read(&folder)?.repository, [Path::new("/a"), Path::new("/b")]);
        for (text, word) in [
            ("version = 2\nnew = 1\n", "newer"),
            ("version = 9\n", "newer"),
            ("version = 1\nrepo", "damaged"),
            ("", "damaged"),
        ] {
            std::fs::write(folder.join(NAME), text)?;
            let error = format!("{:#}", Registry::read(&folder).expect_err("it is wrong"));
            assert!(error.contains(word), "{error}");
            assert!(Registry::change(&folder, add).is_err(), "what cannot be read is not overwritten");
        }
        Ok(())
    }

    #[test]
    fn what_a_root_would_bring_back_stays_away() {
        let mut own = Registry { root: vec!["/r".into()], ..Registry::default() };
        assert!(own.remove(Path::new("/r/a")));
        assert_eq!(own.without, [Path::new("/r/a")]);
        assert!(!own.remove(Path::new("/r/a")));
        own.add(Path::new("/r/a"));
        assert!(own.without.is_empty());
        assert!(!own.remove(Path::new("/elsewhere")));
    }
}
