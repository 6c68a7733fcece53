//! What this clone remembers of commits that were scanned: which step from parents to a tree was
//! looked at and found clean, so that the same step is not looked at again.
//!
//! A line is `time kind commit rules policy tree base…`, `-` where something is not known. It covers a
//! commit only if its tree is that tree and its parents have those trees, so an amend or a hook that
//! changed what was staged is not covered. Nobody else trusts it: CI looks at everything again.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use super::Repo;
use super::state::{own_file, small_bytes};
use super::write::replace;

/// Lines older than this, in milliseconds, are dropped when the file is collected: 90 days.
const OLD: u64 = 90 * 24 * 60 * 60 * 1000;

/// From this size on the file is collected (a line has about 125 bytes).
const MUCH: u64 = 4 << 20;

/// The largest file that is read, in bytes; one that grew past it was not ours to grow.
const LARGEST: u64 = 64 << 20;

/// How a commit came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Scanned before it was made, and clean.
    Scanned,
    /// Looked at after it was made, and clean.
    Unscanned,
    /// Looked at on its way to a remote, and clean.
    Pushed,
    /// It has findings, which are recorded. It covers nothing.
    Skipped,
    /// It was not scanned, and its findings are let pass by exceptions, which is recorded. It covers
    /// nothing, for exceptions end.
    Excepted,
}

impl Kind {
    /// All of them; of one step, the later one counts.
    const ALL: [Kind; 5] = [Kind::Pushed, Kind::Unscanned, Kind::Excepted, Kind::Scanned, Kind::Skipped];

    fn letter(self) -> &'static str {
        match self {
            Kind::Scanned => "s",
            Kind::Unscanned => "u",
            Kind::Pushed => "p",
            Kind::Skipped => "k",
            Kind::Excepted => "e",
        }
    }

    fn of(letter: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// A step that was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The tree, in hex.
    pub tree: &'a str,
    /// The trees of the parents, in their order, in hex.
    pub bases: &'a [String],
    /// Digest of the rule set.
    pub rules: &'a str,
    /// Digest of the policy.
    pub policy: &'a str,
    /// The commit, in hex, where there is one yet.
    pub commit: Option<&'a str>,
}

/// All receipts of a clone.
#[derive(Debug, Default)]
pub struct Receipts {
    /// The digests under which a step was last looked at.
    steps: HashMap<String, String>,
    recorded: HashSet<String>,
    lines: Vec<(u64, Kind, String)>,
}

/// Steps by what was known of them, since a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Scanned before the commit was made.
    pub scanned: u64,
    /// Made without a scan, and clean.
    pub unscanned: u64,
    /// Made without a scan, with findings.
    pub skipped: u64,
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

fn key(tree: &str, bases: &[String]) -> String {
    format!("{tree} {}", bases.join(" "))
}

impl Repo {
    fn receipts_path(&self) -> PathBuf {
        self.gix.common_dir().join("leakwarden").join("receipts")
    }

    /// Remembers a step.
    ///
    /// # Errors
    /// Where it cannot be written; then the commit is looked at again later.
    pub fn leave_receipt(&self, kind: Kind, step: Step<'_>) -> Result<()> {
        let path = self.receipts_path();
        let line = format!(
            "{} {} {} {} {} {}\n",
            now(),
            kind.letter(),
            step.commit.unwrap_or("-"),
            short(step.rules),
            short(step.policy),
            key(step.tree, step.bases).trim_end(),
        );
        let open = || own_file(File::options().append(true), &path);
        let mut file = match open() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.state_folder()?;
                open()
            }
            other => other,
        }
        .context("cannot write receipts into the git directory")?;
        // One write a line, so that lines of several processes do not mix.
        file.write_all(line.as_bytes()).context("cannot write receipts into the git directory")
    }

    /// All receipts of this clone. A line that cannot be read covers nothing.
    pub fn receipts(&self) -> Receipts {
        let Some(bytes) = small_bytes(&self.receipts_path(), LARGEST) else { return Receipts::default() };
        let text = String::from_utf8_lossy(&bytes);
        let mut receipts = Receipts::default();
        for line in text.lines() {
            receipts.take(line);
        }
        receipts
    }

    /// Drops old receipts where there are many.
    ///
    /// # Errors
    /// Where the file cannot be written anew.
    pub fn collect_receipts(&self) -> Result<()> {
        let path = self.receipts_path();
        let Ok(size) = path.symlink_metadata().map(|data| data.len()) else { return Ok(()) };
        if size < MUCH {
            return Ok(());
        }
        ensure!(path.symlink_metadata()?.is_file(), "`leakwarden/receipts` in the git directory is no file");
        let bytes = fs::read(&path).context("cannot read receipts in the git directory")?;
        let text = String::from_utf8_lossy(&bytes);
        let oldest = now().saturating_sub(OLD);
        let young =
            |line: &&str| line.split(' ').next().and_then(|time| time.parse().ok()).is_some_and(|t: u64| t >= oldest);
        let mut kept: Vec<&str> = text.lines().filter(young).collect();
        // However many there are in that time, half of the size is kept.
        let mut bytes = 0;
        let fits = kept.iter().rev().take_while(|line| {
            bytes += line.len() as u64 + 1;
            bytes <= MUCH / 2
        });
        let first = kept.len() - fits.count();
        kept.drain(..first);
        replace(&path, format!("{}\n", kept.join("\n")).as_bytes())
    }
}

impl Receipts {
    fn take(&mut self, line: &str) -> Option<()> {
        let mut words = line.splitn(6, ' ');
        let time = words.next()?.parse().ok()?;
        let kind = Kind::of(words.next()?)?;
        let commit = words.next()?;
        let digests = format!("{} {}", words.next()?, words.next()?);
        // A first commit has no base; its key ends with the blank that `key` writes.
        let step = words.next()?;
        let step = if step.contains(' ') { step.to_owned() } else { format!("{step} ") };
        if matches!(kind, Kind::Skipped | Kind::Excepted) {
            self.recorded.insert(commit.to_owned());
        } else {
            self.steps.insert(step.clone(), digests);
        }
        self.lines.push((time, kind, step));
        Some(())
    }

    /// Whether this step was looked at, by whatever rules were known then.
    pub fn cover(&self, tree: &str, bases: &[String]) -> bool {
        self.steps.contains_key(&key(tree, bases))
    }

    /// Whether this step was looked at by these very rules and this policy.
    pub fn cover_now(&self, step: Step<'_>) -> bool {
        let digests = format!("{} {}", short(step.rules), short(step.policy));
        self.steps.get(&key(step.tree, step.bases)) == Some(&digests)
    }

    /// Whether this commit's findings are recorded.
    pub fn recorded(&self, commit: &str) -> bool {
        self.recorded.contains(commit)
    }

    /// When the first step was looked at, in milliseconds since 1970.
    pub fn first(&self) -> Option<u64> {
        self.lines.iter().map(|(time, ..)| *time).min()
    }

    /// The steps after a moment and up to another, in milliseconds since 1970, each once.
    pub fn between(&self, from: u64, to: u64) -> Count {
        let mut last: HashMap<&str, Kind> = HashMap::new();
        let rank = |kind: Kind| Kind::ALL.iter().position(|own| *own == kind);
        for (_, kind, step) in self.lines.iter().filter(|(time, ..)| (from + 1..=to).contains(time)) {
            let own = last.entry(step).or_insert(*kind);
            if rank(*kind) > rank(*own) {
                *own = *kind;
            }
        }
        let count = |wanted: Kind| last.values().filter(|&&kind| kind == wanted).count() as u64;
        let unscanned = count(Kind::Unscanned) + count(Kind::Excepted);
        Count { scanned: count(Kind::Scanned), unscanned, skipped: count(Kind::Skipped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts(lines: &str) -> Receipts {
        let mut all = Receipts::default();
        lines.lines().for_each(|line| {
            all.take(line);
        });
        all
    }

    fn step<'a>(tree: &'a str, bases: &'a [String], rules: &'a str) -> Step<'a> {
        Step { tree, bases, rules, policy: "default", commit: None }
    }

    #[test]
    fn a_receipt_covers_one_step_and_no_other() {
        let all = receipts("5 s - r default t1\n6 u c2 r default t2 t1\n7 k c3 r default t3 t2\n8 s torn");
        let (one, two) = (vec!["t1".to_owned()], vec!["t2".to_owned()]);
        assert!(all.cover("t1", &[]) && all.cover("t2", &one));
        assert!(!all.cover("t1", &one) && !all.cover("t2", &[]) && !all.cover("t3", &two));
        assert!(all.cover_now(step("t2", &one, "r")) && !all.cover_now(step("t2", &one, "other")));
        assert!(all.recorded("c3") && !all.recorded("c2"));
    }

    #[test]
    fn steps_are_counted_once() {
        let all = receipts("5 s - r default t1\n6 s - r default t1\n6 u c r default t2 t1\n7 k c r default t3 t2");
        assert_eq!(all.between(0, 9), Count { scanned: 1, unscanned: 1, skipped: 1 });
        assert_eq!(all.between(6, 9), Count { scanned: 0, unscanned: 0, skipped: 1 });
    }
}
