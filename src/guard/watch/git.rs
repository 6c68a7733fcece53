//! Where git keeps what the guard wants to know of: the folders of a worktree's git directory, and the names
//! in them that matter (gitrepository-layout(5)).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::guard::file;

/// A folder of git's, by what may happen in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The git directory of a worktree: index, HEAD, what git is in the middle of.
    Dir,
    /// What all worktrees share: configuration, packed refs.
    Common,
    /// `logs`.
    Logs,
    /// `refs/heads`.
    Heads,
    /// `reftable`.
    Reftable,
    /// `info`.
    Info,
    /// What is kept of linked worktrees.
    Worktrees,
    /// The hooks.
    Hooks,
    /// What one of our hooks tells the next.
    Ours,
}

/// What a change in git's folders means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Everything is to be looked at.
    Content,
    /// The hooks are.
    Hooks,
    /// Both: the configuration.
    Both,
    /// Linked worktrees came or went.
    Worktrees,
    /// Nothing.
    Nothing,
}

impl Part {
    /// What a change of a name in such a folder means.
    pub fn meaning(self, name: &[u8]) -> Meaning {
        if name.ends_with(b".lock") {
            return Meaning::Nothing;
        }
        let content = match self {
            Part::Dir => {
                matches!(
                    name,
                    b"index" | b"HEAD" | b"MERGE_HEAD" | b"CHERRY_PICK_HEAD" | b"REVERT_HEAD" | b"AUTO_MERGE"
                )
            }
            Part::Common => name == b"packed-refs",
            Part::Logs => name == b"HEAD",
            Part::Heads | Part::Reftable => true,
            Part::Info => matches!(name, b"exclude" | b"attributes" | b"sparse-checkout"),
            Part::Ours => name == b"once",
            Part::Hooks => return Meaning::Hooks,
            Part::Worktrees => return Meaning::Worktrees,
        };
        match content {
            true => Meaning::Content,
            false if matches!(self, Part::Dir | Part::Common) && matches!(name, b"config" | b"config.worktree") => {
                Meaning::Both
            }
            false if self == Part::Common && name == b"hooks" => Meaning::Hooks,
            false if self == Part::Common && name == b"worktrees" => Meaning::Worktrees,
            false => Meaning::Nothing,
        }
    }
}

/// The git directory of a worktree, and what it shares with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The git directory.
    pub dir: PathBuf,
    /// What all worktrees share; the same where there is one worktree.
    pub common: PathBuf,
}

impl Places {
    /// Of the worktree with this top.
    ///
    /// # Errors
    /// Where there is no repository.
    pub fn of(top: &Path) -> Result<Self> {
        const LARGEST: u64 = 64 << 10;
        let git = top.join(".git");
        let dir = if git.is_dir() {
            git
        } else {
            let text = file::text(&git, LARGEST)?.with_context(|| format!("{} is no repository", file::shown(top)))?;
            let named = text
                .strip_prefix("gitdir: ")
                .with_context(|| format!("{} names no git directory", file::shown(&git)))?;
            top.join(named.trim_end_matches(['\r', '\n']))
        };
        ensure!(dir.is_dir(), "{} is not there", file::shown(&dir));
        let common = match file::text(&dir.join("commondir"), LARGEST)? {
            Some(named) => dir.join(named.trim_end_matches(['\r', '\n'])),
            None => dir.clone(),
        };
        let plain = |path: PathBuf| path.canonicalize().unwrap_or(path);
        Ok(Places { dir: plain(dir), common: plain(common) })
    }

    /// The folders to watch, those that are there.
    pub fn folders(&self) -> Vec<(PathBuf, Part)> {
        let all = [
            (self.dir.clone(), Part::Dir),
            (self.dir.join("logs"), Part::Logs),
            (self.dir.join("info"), Part::Info),
            (self.common.clone(), Part::Common),
            (self.common.join("refs/heads"), Part::Heads),
            (self.common.join("reftable"), Part::Reftable),
            (self.dir.join("reftable"), Part::Reftable),
            (self.common.join("info"), Part::Info),
            (self.common.join("hooks"), Part::Hooks),
            (self.common.join("worktrees"), Part::Worktrees),
            (self.dir.join("leakwarden"), Part::Ours),
        ];
        let mut folders: Vec<(PathBuf, Part)> = Vec::new();
        for (folder, part) in all {
            if folder.is_dir() && !folders.contains(&(folder.clone(), part)) {
                folders.push((folder, part));
            }
        }
        folders
    }

    /// How old the lock is by which git says that it is at work here; `None` where there is none.
    pub fn lock_age(&self) -> Option<Duration> {
        let lock = self.dir.join("index.lock").symlink_metadata().ok()?;
        // A date in the future is as good as now.
        Some(lock.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_matter() {
        use Meaning::*;
        let table: [(Part, &str, Meaning); 14] = [
            (Part::Dir, "index", Content),
            (Part::Dir, "index.lock", Nothing),
            (Part::Dir, "HEAD", Content),
            (Part::Dir, "COMMIT_EDITMSG", Nothing),
            (Part::Dir, "FETCH_HEAD", Nothing),
            (Part::Dir, "leakwarden", Nothing),
            (Part::Ours, "once", Content),
            (Part::Ours, "looked", Nothing),
            (Part::Common, "config", Both),
            (Part::Common, "config.lock", Nothing),
            (Part::Logs, "HEAD", Content),
            (Part::Heads, "main", Content),
            (Part::Info, "exclude", Content),
            (Part::Hooks, "pre-commit", Hooks),
        ];
        for (part, name, meaning) in table {
            assert_eq!(part.meaning(name.as_bytes()), meaning, "{part:?} {name}");
        }
    }

    #[test]
    fn a_linked_worktree_has_two_places() -> Result<()> {
        let place = tempfile::tempdir()?;
        let root = place.path().canonicalize()?;
        let (main, linked) = (root.join("main/.git"), root.join("main/.git/worktrees/w"));
        std::fs::create_dir_all(main.join("refs/heads"))?;
        std::fs::create_dir_all(linked.join("logs"))?;
        std::fs::create_dir_all(root.join("w"))?;
        std::fs::write(linked.join("commondir"), "../..\n")?;
        std::fs::write(root.join("w/.git"), format!("gitdir: {}\n", linked.display()))?;
        let own = Places::of(&root.join("w"))?;
        assert_eq!(own, Places { dir: linked.clone(), common: main.clone() });
        assert!(own.folders().contains(&(linked.join("logs"), Part::Logs)));
        assert!(own.folders().contains(&(main.join("refs/heads"), Part::Heads)));
        assert!(Places::of(&root).is_err());
        Ok(())
    }
}
