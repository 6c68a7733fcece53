//! Small files of ours in the git directory: what one hook tells the next.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Repo;
use super::reflog::LOOKED;
use super::write::replace;
use crate::fingerprint::{ALPHABET, base32};

/// Characters of a clone's id.
const CLONE_ID: usize = 12;

/// The lines that pre-commit asks commit-msg to write into the message.
pub const TRAILERS: &str = "trailers";

/// The exceptions for the next commit, by `leakwarden allow --once`.
pub const ONCE: &str = "once";

/// When a person was last told of exceptions that end soon.
pub const TOLD: &str = "told";

/// The largest of these files, in bytes.
const LARGEST: u64 = 1 << 20;

/// Messages that git has prepared for the commit that is being made: of a conflicted pick or merge,
/// and of a squash.
const PREPARED: [&str; 3] = ["MERGE_MSG", "SQUASH_MSG", "rebase-merge/message"];

/// The text of a regular file of at most so many bytes; `None` for anything else. A pipe or a link in its
/// place is not waited for or followed.
pub(super) fn small_file(path: &Path, most: u64) -> Option<String> {
    String::from_utf8(small_bytes(path, most)?).ok()
}

/// The same, for what need not be text.
pub(super) fn small_bytes(path: &Path, most: u64) -> Option<Vec<u8>> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    let length = fs::File::open(path).ok()?.take(most + 1).read_to_end(&mut bytes).ok()?;
    (length as u64 <= most).then_some(bytes)
}

/// Opens a file of ours for writing, made where there is none; a link in its place is not followed, and
/// a pipe is not waited for.
pub(super) fn own_file(options: &mut fs::OpenOptions, path: &Path) -> std::io::Result<fs::File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).mode(0o600);
    }
    options.create(true).open(path)
}

/// Whether something in a git directory waits for commit-msg.
pub fn waits(git_dir: &Path) -> bool {
    [TRAILERS, ONCE].iter().any(|name| git_dir.join("leakwarden").join(name).symlink_metadata().is_ok())
}

/// What git is in the middle of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Underway {
    /// A rebase.
    pub rebase: bool,
    /// `git am`.
    pub mail: bool,
    /// A merge, a pick or a revert.
    pub other: bool,
    /// Something that was merged, which may be long over.
    pub auto_merge: bool,
    /// The commits that are being made anew, in hex.
    pub replayed: Vec<String>,
}

impl Repo {
    /// What stands in the messages that git has prepared for this commit.
    pub fn prepared_messages(&self) -> Vec<u8> {
        let read = |name: &&str| fs::read(self.git_dir().join(name)).ok();
        PREPARED.iter().filter_map(read).collect::<Vec<_>>().join(&b'\n')
    }

    /// What git is in the middle of, in this worktree.
    pub fn underway(&self) -> Underway {
        let read = |name: &str| {
            let text = fs::read_to_string(self.git_dir().join(name)).ok()?;
            text.lines().next().map(|line| line.trim().to_owned())
        };
        let there = |name: &str| self.git_dir().join(name).exists();
        let rebase = there("rebase-merge") || there("rebase-apply/rebasing");
        let names: &[&str] = match rebase {
            true => &["CHERRY_PICK_HEAD", "REBASE_HEAD", "rebase-apply/original-commit"],
            false => &["CHERRY_PICK_HEAD"],
        };
        let mut replayed: Vec<String> = names.iter().filter_map(|name| read(name)).collect();
        if rebase && replayed.is_empty() {
            // Of a squash git names the commit nowhere but in its list: `fixup ID …`, `fixup -C ID …`.
            let done = fs::read_to_string(self.git_dir().join("rebase-merge/done")).unwrap_or_default();
            let last = done.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            let named = last.split(' ').skip(1).find(|word| !word.starts_with('-'));
            replayed.extend(named.and_then(|word| super::history::resolve(word).ok()));
        }
        Underway {
            rebase,
            mail: there("rebase-apply/applying"),
            other: ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "sequencer"].iter().any(|name| there(name)),
            auto_merge: there("AUTO_MERGE"),
            replayed,
        }
    }

    /// The id of this clone: random, the same for all its worktrees, made when it is first asked for.
    ///
    /// # Errors
    /// Where it can be neither read nor written.
    pub fn clone_id(&self) -> Result<String> {
        if let Some(id) = self.known_clone_id() {
            return Ok(id);
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).context("the system gives no random numbers")?;
        let id = base32(&random, CLONE_ID);
        self.state_folder()?;
        let path = self.clone_path();
        let folder = path.parent().context("no folder")?;
        let write = || -> Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(format!("{id}\n").as_bytes())?;
            file.as_file().sync_all()?;
            // Two hooks may make one at once: the first one stays.
            let _ = file.persist_noclobber(&path);
            Ok(())
        };
        write().context("cannot write into the git directory")?;
        self.known_clone_id().context("`leakwarden/clone` in the git directory is no id of ours; remove it")
    }

    /// The id of this clone, if it was ever asked for.
    pub fn known_clone_id(&self) -> Option<String> {
        let text = small_file(&self.clone_path(), LARGEST)?;
        let id = text.trim();
        let plain = id.len() == CLONE_ID && id.bytes().all(|b| ALPHABET.contains(&b));
        plain.then(|| id.to_owned())
    }

    fn clone_path(&self) -> PathBuf {
        self.gix.common_dir().join("leakwarden").join("clone")
    }

    /// Makes our folders: in the git directory of this worktree, and in the one that all share.
    pub(super) fn state_folder(&self) -> Result<()> {
        for folder in [self.git_dir(), self.gix.common_dir()].map(|place| place.join("leakwarden")) {
            ensure!(!folder.is_symlink(), "`leakwarden` in the git directory is a link, which is not followed");
            fs::create_dir_all(&folder).context("cannot make a folder in the git directory")?;
        }
        Ok(())
    }

    fn state_path(&self, name: &str) -> PathBuf {
        self.git_dir().join("leakwarden").join(name)
    }

    /// The text of a state file that is not older than `age`; `None` where there is none.
    pub fn state(&self, name: &str, age: Duration) -> Option<String> {
        let path = self.state_path(name);
        let written = fs::symlink_metadata(&path).ok()?.modified().ok()?;
        // A date in the future is as good as now.
        let young = written.elapsed().is_ok_and(|elapsed| elapsed <= age) || written.elapsed().is_err();
        young.then(|| small_file(&path, LARGEST))?
    }

    /// Writes a state file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn set_state(&self, name: &str, text: &str) -> Result<()> {
        let path = self.state_path(name);
        self.state_folder()?;
        replace(&path, text.as_bytes()).context("cannot write into the git directory")
    }

    /// Writes a state file that nobody misses after a crash: neither synced nor renamed.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn set_lasting(&self, name: &str, text: &str) -> Result<()> {
        let path = self.state_path(name);
        self.state_folder()?;
        let mut file = own_file(fs::File::options().write(true), &path)?;
        // Over what was there; see `Passed` for why it is not cut short.
        Ok(file.write_all(format!("{text:<32}\n").as_bytes())?)
    }

    /// The text of a state file that all worktrees share; `None` where there is none.
    pub fn shared_state(&self, name: &str) -> Option<String> {
        small_file(&self.gix.common_dir().join("leakwarden").join(name), LARGEST)
    }

    /// Writes a state file that all worktrees share.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn set_shared_state(&self, name: &str, text: &str) -> Result<()> {
        self.state_folder()?;
        replace(&self.gix.common_dir().join("leakwarden").join(name), text.as_bytes())
            .context("cannot write into the git directory")
    }

    /// Whether hooks of leakwarden's were installed here or have run here, and were not uninstalled since:
    /// both leave what they have looked at behind, and uninstalling removes it.
    pub fn had_hooks(&self) -> bool {
        let places = [self.git_dir(), self.gix.common_dir()];
        let there = |place: &Path| place.join("leakwarden").join(LOOKED).symlink_metadata();
        places.into_iter().any(|place| there(place).is_ok_and(|found| found.is_file()))
    }

    /// Removes all of our state files in every worktree and in what they share; with `all` also the
    /// clone's id, by which its exposures are known.
    pub fn forget(&self, all: bool) {
        let own = [TRAILERS, ONCE, TOLD, "looked", "passed", "receipts", "recorded", "said", "summed"];
        let common = self.gix.common_dir();
        let linked = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten().map(|entry| entry.path());
        for place in linked.chain([self.git_dir().to_path_buf(), common.to_path_buf()]) {
            let folder = place.join("leakwarden");
            if folder.is_symlink() {
                continue;
            }
            // What cannot be removed is left; uninstalling says nothing of it, as it is in nobody's way.
            own.iter().for_each(|name| drop(fs::remove_file(folder.join(name))));
            if all {
                let _ = fs::remove_file(folder.join("clone"));
            }
            let _ = fs::remove_dir(folder);
        }
    }

    /// Removes a state file, if it is there.
    pub fn clear_state(&self, name: &str) {
        // Nothing depends on it: what it says is compared with what is committed.
        let _ = fs::remove_file(self.state_path(name));
    }
}
