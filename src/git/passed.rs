//! What pre-commit leaves for the hooks that follow it in the same commit: that it has looked, in
//! which process of git, and at what.
//!
//! The file's first line is the id of git's process alone where post-commit need do nothing more: a
//! shell can compare it with its own parent without starting a program. In every other case a `?`
//! stands before it. Another commit, and one that was given up, has another process.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::Repo;
use super::state::{own_file, small_file};

/// The file's name.
const PASSED: &str = "passed";

/// The largest file that is read, in bytes: four short lines.
const LARGEST: u64 = 4096;

/// Stands for the index where it is not any more what pre-commit saw.
const CHANGED: &str = "changed";

/// What pre-commit found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// The process of git, as the shim names it; empty where nobody knows it.
    pub process: String,
    /// Whether there is nothing left to do once the commit is made.
    pub done: bool,
    /// The commit on which it was made, in hex; `None` for a first one.
    pub head: Option<String>,
    /// The tree, where it was known.
    pub tree: Option<String>,
    /// The index file as it was: when it was written, its length, its number.
    pub index: String,
}

impl Passed {
    fn text(&self) -> String {
        let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
        let mark = if self.done { "" } else { "?" };
        format!("{mark}{}\n{}\n{}\n{}\n", self.process, word(&self.head), word(&self.tree), self.index)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let first = lines.next()?;
        let process = first.trim_start_matches('?');
        // What a later version writes begins otherwise, and says nothing here.
        if !process.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut word = || lines.next().filter(|word| *word != "-").map(str::to_owned);
        let (head, tree) = (word(), word());
        let index = word()?;
        Some(Passed { process: process.to_owned(), done: process == first, head, tree, index })
    }

    /// Not synced and not renamed: half a file is one that says nothing. And not cut short first, at which
    /// a file system may write to disk at once (ext4's `auto_da_alloc`): what stands behind the four lines
    /// is not read.
    fn write(&self, git_dir: &Path) -> std::io::Result<()> {
        let path = git_dir.join("leakwarden").join(PASSED);
        let mut file = own_file(File::options().write(true), &path)?;
        file.write_all(self.text().as_bytes())
    }

    /// What waits in a git directory.
    pub fn read(git_dir: &Path) -> Option<Self> {
        Passed::parse(&small_file(&git_dir.join("leakwarden").join(PASSED), LARGEST)?)
    }

    /// Says that what is staged changed since: the hooks that follow look for themselves.
    pub fn withdraw(self, git_dir: &Path) {
        // Where it cannot be written, the tree of the commit tells post-commit the same.
        let _ = Passed { done: false, index: CHANGED.to_owned(), ..self }.write(git_dir);
    }

    /// Says that there is something left to look at once the commit is made.
    pub fn leave_open(self, git_dir: &Path) {
        let _ = Passed { done: false, ..self }.write(git_dir);
    }

    /// Whether this tree on this commit is what pre-commit looked at.
    pub fn made(&self, parent: Option<&String>, tree: &str) -> bool {
        self.head.as_ref() == parent && self.tree.as_deref() == Some(tree)
    }

    /// Whether pre-commit, in this process of git, looked at something else than this tree.
    pub fn saw_another(&self, tree: &str) -> bool {
        // An index that was only refreshed makes the same tree.
        self.tree.as_ref().map_or(self.index == CHANGED, |own| own != tree)
    }
}

impl Repo {
    /// What pre-commit left.
    pub fn passed(&self) -> Option<Passed> {
        Passed::read(self.git_dir())
    }

    /// Leaves it. Where it cannot be written, the hooks that follow look for themselves.
    pub fn set_passed(&self, passed: &Passed) {
        if passed.write(self.git_dir()).is_err() && self.state_folder().is_ok() {
            let _ = passed.write(self.git_dir());
        }
    }

    /// The index as it stands: [`Passed::index`].
    pub fn index_stamp(&self) -> String {
        stamp(&self.index_path())
    }
}

/// When a file was written, its length and its number; empty where there is none.
pub fn stamp(path: &Path) -> String {
    let Ok(data) = fs::metadata(path) else { return String::new() };
    let time = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&data);
    #[cfg(not(unix))]
    let number = 0;
    format!("{} {} {number}", time.as_nanos(), data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was_left() {
        let mut passed = Passed {
            process: "123".to_owned(),
            done: true,
            head: None,
            tree: Some("ab".to_owned()),
            index: "1 2 3".to_owned(),
        };
        assert_eq!(Passed::parse(&passed.text()).as_ref(), Some(&passed));
        assert!(passed.text().starts_with("123\n"));
        passed.done = false;
        assert_eq!(Passed::parse(&passed.text()).as_ref(), Some(&passed));
        assert!(passed.text().starts_with("?123\n"));
        assert_eq!(Passed::parse(""), None);
        assert_eq!(Passed::parse("v2 123\n-\nab\n1 2 3\n"), None);
    }
}
