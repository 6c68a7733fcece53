//! What happened to HEAD in this worktree: which commits were made here, and by what.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use super::command::{git, output};
use super::{Repo, head};

/// Where the last look ended, in bytes of the log.
pub(super) const LOOKED: &str = "looked";

/// Entries that are looked at in one go; a log that grew by more is looked at from there on.
const MOST: usize = 500;

/// The longest entry that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// Bytes of the log that are read in one go.
const MOST_BYTES: u64 = 16 << 20;

/// How a commit was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `git commit`.
    Commit,
    /// `git commit --amend`.
    Amend,
    /// A merge that made a commit.
    Merge,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// A step of a rebase.
    Rebase,
    /// `git am`.
    Am,
}

impl Way {
    /// The way that an entry's text tells; `None` where no commit was made here (a checkout, a
    /// fast-forward, a reset).
    pub fn of(text: &str) -> Option<Self> {
        let (action, what) = text.split_once(':').unwrap_or((text, ""));
        let verb = action.split([' ', '(']).next().unwrap_or(action);
        match verb {
            "commit" if action.contains("(amend)") => Some(Way::Amend),
            "commit" => Some(Way::Commit),
            "merge" | "pull" if what.trim_start().starts_with("Fast-forward") => None,
            "merge" | "pull" if what.contains("Merge made by") => Some(Way::Merge),
            "pull" => rebased(action),
            "cherry-pick" => Some(Way::CherryPick),
            "revert" => Some(Way::Revert),
            "rebase" => rebased(action),
            "am" => Some(Way::Am),
            _ => None,
        }
    }
}

/// A rebase writes where it begins and ends, too.
fn rebased(action: &str) -> Option<Way> {
    let moved = ["(start)", "(finish)", "(abort)"].iter().any(|word| action.contains(word)) || !action.contains('(');
    (!moved).then_some(Way::Rebase)
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The commit before, in hex.
    pub old: String,
    /// The commit after.
    pub new: String,
    /// What git says of it.
    pub text: String,
}

fn parse(line: &str) -> Option<Entry> {
    let (head, text) = line.split_once('\t').unwrap_or((line, ""));
    let mut words = head.split(' ');
    Some(Entry { old: words.next()?.to_owned(), new: words.next()?.to_owned(), text: text.to_owned() })
}

impl Repo {
    fn log_path(&self) -> PathBuf {
        self.git_dir().join("logs").join("HEAD")
    }

    fn log_from(&self, start: u64) -> Option<String> {
        let mut file = File::open(self.log_path()).ok()?;
        file.seek(SeekFrom::Start(start)).ok()?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What git says of the last change of HEAD; `None` where it keeps no log.
    pub fn last_change(&self) -> Option<Entry> {
        if head::in_files(self) {
            let length = fs::metadata(self.log_path()).ok()?.len();
            let text = self.log_from(length.saturating_sub(LONGEST))?;
            return parse(text.lines().last()?);
        }
        let said = output(git(&["log", "-g", "-2", "--format=%H%x09%gs", "HEAD"])).ok()?;
        let said = String::from_utf8_lossy(&said);
        let mut lines = said.lines();
        let (new, text) = lines.next()?.split_once('\t')?;
        let old = lines.next().and_then(|line| line.split_once('\t')).map(|(old, _)| old.to_owned());
        Some(Entry { old: old.unwrap_or_default(), new: new.to_owned(), text: text.to_owned() })
    }

    /// The entries since the last look, oldest first. None at the first look, where the log was written
    /// anew since, and where git keeps it in another format.
    pub fn changes_since_last_look(&self) -> Vec<Entry> {
        let Ok(length) = fs::metadata(self.log_path()).map(|data| data.len()) else { return Vec::new() };
        let forever = Duration::from_secs(u64::MAX / 4);
        let last: Option<u64> = self.state(LOOKED, forever).and_then(|text| text.trim().parse().ok());
        // A worktree that was made after the hooks came is watched from its beginning.
        let new_one = self.git_dir() != self.gix.common_dir() && self.gix.common_dir().join("leakwarden").exists();
        let last = last.or(new_one.then_some(0));
        let Some(last) = last.filter(|&last| last < length) else { return Vec::new() };
        // With the byte before, which must end a line: otherwise the log is another one by now.
        let Some(text) = self.log_from(last.saturating_sub(1)) else { return Vec::new() };
        let text = if last == 0 { Some(text.as_str()) } else { text.strip_prefix('\n') };
        let Some(text) = text else { return Vec::new() };
        let entries: Vec<Entry> = text.lines().filter_map(parse).collect();
        let first = entries.len().saturating_sub(MOST);
        entries.into_iter().skip(first).collect()
    }

    /// Begins to watch from here: what happened before is nobody's matter.
    pub fn look_from_here(&self) {
        let length = fs::metadata(self.log_path()).map_or(0, |data| data.len());
        // Not synced: where it is lost, the same entries are looked at again.
        let _ = self.set_lasting(LOOKED, &format!("{length}\n"));
    }

    /// Whether the last look saw HEAD become this commit, and nothing came after it.
    pub fn looked_at(&self, id: &str) -> bool {
        let length = fs::metadata(self.log_path()).map_or(0, |data| data.len());
        let last = self.state(LOOKED, Duration::from_secs(u64::MAX / 4)).and_then(|text| text.trim().parse().ok());
        length > 0 && last == Some(length) && self.last_change().is_some_and(|entry| entry.new == id)
    }

    /// The commits that were made here since a moment, in Unix seconds, as far as HEAD's log tells: the last
    /// ones, at most 500, in hex, each once.
    pub fn made_here_since(&self, moment: i64) -> Vec<String> {
        let text = self.log_from(0).unwrap_or_default();
        let mut made: Vec<String> = Vec::new();
        for line in text.lines().rev() {
            let (head, _) = line.split_once('\t').unwrap_or((line, ""));
            let time = head.rsplit(' ').nth(1).and_then(|time| time.parse::<i64>().ok());
            let own = parse(line).filter(|entry| Way::of(&entry.text).is_some());
            if let (Some(entry), true) = (own, time.is_some_and(|time| time >= moment))
                && !made.contains(&entry.new)
            {
                made.push(entry.new);
            }
            if made.len() == MOST {
                break;
            }
        }
        made
    }

    /// Whether HEAD's log says that this commit was made here.
    pub fn made_here(&self, id: &str) -> bool {
        let text = self.log_from(0).unwrap_or_default();
        text.lines().filter_map(parse).any(|entry| entry.new == id && Way::of(&entry.text).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_tells_how_a_commit_was_made() {
        // Texts as git 2.39 to 2.55 write them.
        let table = [
            ("commit: a change", Some(Way::Commit)),
            ("commit (initial): first", Some(Way::Commit)),
            ("commit (amend): a change", Some(Way::Amend)),
            ("commit (merge): Merge branch 'x'", Some(Way::Commit)),
            ("merge side: Merge made by the 'ort' strategy.", Some(Way::Merge)),
            ("merge side: Fast-forward", None),
            ("pull: Fast-forward", None),
            ("pull --no-rebase origin main: Merge made by the 'ort' strategy.", Some(Way::Merge)),
            ("pull --rebase (pick): a change", Some(Way::Rebase)),
            ("pull (continue): a change", Some(Way::Rebase)),
            ("pull: checkout 0123", None),
            ("pull --rebase (start): checkout 0123", None),
            ("pull --rebase (finish): returning to refs/heads/main", None),
            ("cherry-pick: a change", Some(Way::CherryPick)),
            ("commit (cherry-pick): a change", Some(Way::Commit)),
            ("revert: Revert \"a change\"", Some(Way::Revert)),
            ("rebase (pick): a change", Some(Way::Rebase)),
            ("rebase (continue): a change", Some(Way::Rebase)),
            ("rebase (start): checkout main", None),
            ("rebase (finish): returning to refs/heads/side", None),
            ("rebase -i (reword): a change", Some(Way::Rebase)),
            ("am: a change", Some(Way::Am)),
            ("checkout: moving from main to side", None),
            ("reset: moving to HEAD~1", None),
            ("clone: from somewhere", None),
        ];
        for (text, way) in table {
            assert_eq!(Way::of(text), way, "{text}");
        }
    }
}
