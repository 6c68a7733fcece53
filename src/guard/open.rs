//! The open warnings of all repositories: which are new, which are over, and who was told.
//!
//! They stand in `open.json` in the guard's folder, so that a restart tells nothing twice, and the next
//! commit can mention them. Where nothing is open there is no file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::file;
use super::{Kind, Warning};

/// The file's name in the guard's folder.
pub const NAME: &str = "open.json";

/// The version of the file.
pub const VERSION: u32 = 1;

/// The largest file that is read, in bytes: ten thousand long warnings.
const LARGEST: u64 = 64 << 20;

/// How long after a warning is over its return is no news: an editor that deletes a file and writes it anew,
/// a branch that is left and entered again.
const NO_NEWS: SignedDuration = SignedDuration::from_secs(60);

/// An open warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// When it was first seen, to the second.
    pub since: Timestamp,
    /// Whether people were told.
    pub told: bool,
    /// The warning.
    #[serde(flatten)]
    pub warning: Warning,
}

/// The open warnings of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfRepository {
    /// The top of its worktree; empty for what belongs to the machine and the user.
    pub folder: PathBuf,
    /// The warnings, by kind and id.
    pub warnings: Vec<Open>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    repositories: Vec<OfRepository>,
}

/// What became of warnings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New ones, of which people are to be told.
    pub opened: Vec<Warning>,
    /// Those that were over for so short a time that nobody needs to be told again.
    pub returned: Vec<Warning>,
    /// Those that are over.
    pub withdrawn: Vec<Warning>,
}

impl Change {
    /// Whether nothing became of any.
    pub fn is_empty(&self) -> bool {
        self.opened.is_empty() && self.returned.is_empty() && self.withdrawn.is_empty()
    }
}

type Key = (Kind, String);

/// All open warnings.
#[derive(Debug, Default)]
pub struct Book {
    all: BTreeMap<PathBuf, BTreeMap<Key, Open>>,
    /// Those that were over lately: when it began, and when it ended.
    over: BTreeMap<(PathBuf, Key), (Timestamp, Timestamp)>,
    /// Whether the file says something else.
    unsaved: bool,
}

impl Book {
    /// Reads what is open from the guard's folder.
    ///
    /// # Errors
    /// Where the file is damaged, or a newer leakwarden wrote it.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut book = Book::default();
        for own in read(folder)? {
            let warnings = own.warnings.into_iter().map(|open| (key(&open.warning), open)).collect();
            book.all.insert(own.folder, warnings);
        }
        Ok(book)
    }

    /// Takes what is to be warned of in a repository now; tells what that changes. Of several warnings with
    /// one kind and id the first counts.
    pub fn update(&mut self, folder: &Path, warnings: Vec<Warning>, now: Timestamp) -> Change {
        self.over.retain(|_, (_, ended)| now.duration_since(*ended) <= NO_NEWS);
        let mut change = Change::default();
        let mut before = self.all.remove(folder).unwrap_or_default();
        let mut after = BTreeMap::new();
        for warning in warnings {
            let key = key(&warning);
            if after.contains_key(&key) {
                continue;
            }
            let open = match before.remove(&key) {
                Some(open) => {
                    self.unsaved |= open.warning != warning;
                    Open { warning, ..open }
                }
                None => {
                    self.unsaved = true;
                    match self.over.remove(&(folder.to_path_buf(), key.clone())) {
                        Some((since, _)) => {
                            change.returned.push(warning.clone());
                            Open { since, told: true, warning }
                        }
                        None => {
                            change.opened.push(warning.clone());
                            Open { since: seconds(now), told: false, warning }
                        }
                    }
                }
            };
            after.insert(key, open);
        }
        for (key, open) in before {
            self.unsaved = true;
            // What nobody was told of is news when it returns.
            if open.told {
                self.over.insert((folder.to_path_buf(), key), (open.since, now));
            }
            change.withdrawn.push(open.warning);
        }
        if !after.is_empty() {
            self.all.insert(folder.to_path_buf(), after);
        }
        change
    }

    /// Those of a repository of which nobody was told yet.
    pub fn untold(&self, folder: &Path) -> Vec<Warning> {
        let all = self.all.get(folder).into_iter().flat_map(BTreeMap::values);
        all.filter(|open| !open.told).map(|open| open.warning.clone()).collect()
    }

    /// People were told of all of a repository's.
    pub fn told(&mut self, folder: &Path) {
        for open in self.all.get_mut(folder).into_iter().flat_map(BTreeMap::values_mut).filter(|open| !open.told) {
            open.told = true;
            self.unsaved = true;
        }
    }

    /// The repositories that have open warnings.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.all.keys().cloned().collect()
    }

    /// How many are open in a repository.
    pub fn count(&self, folder: &Path) -> usize {
        self.all.get(folder).map_or(0, BTreeMap::len)
    }

    /// All of them.
    pub fn list(&self) -> Vec<OfRepository> {
        let own = |(folder, warnings): (&PathBuf, &BTreeMap<Key, Open>)| OfRepository {
            folder: folder.clone(),
            warnings: warnings.values().cloned().collect(),
        };
        self.all.iter().map(own).collect()
    }

    /// Writes them, where the file says something else.
    ///
    /// # Errors
    /// Where it cannot be written; it is tried again next time.
    pub fn save(&mut self, folder: &Path) -> Result<()> {
        if !self.unsaved {
            return Ok(());
        }
        let path = folder.join(NAME);
        if self.all.is_empty() {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", file::shown(&path)));
                }
                _ => {}
            }
        } else {
            let document = Document { version: VERSION, repositories: self.list() };
            let text = serde_json::to_vec(&document).context("a path that is no UTF-8 text cannot be written")?;
            file::replace(&path, &text)?;
        }
        self.unsaved = false;
        Ok(())
    }
}

/// What the file says.
///
/// # Errors
/// Where it is damaged, or a newer leakwarden wrote it.
pub fn read(folder: &Path) -> Result<Vec<OfRepository>> {
    let path = folder.join(NAME);
    let Some(text) = file::text(&path, LARGEST)? else { return Ok(Vec::new()) };
    // The message of the error may repeat what stands there.
    let damaged = || format!("{} is damaged; remove it, and the guard makes a new one", file::shown(&path));
    #[derive(Deserialize)]
    struct Peek {
        version: u32,
    }
    let peek: Peek = serde_json::from_str(&text).ok().with_context(damaged)?;
    ensure!(peek.version <= VERSION, "{} was written by a newer leakwarden; use that one", file::shown(&path));
    let document: Document = serde_json::from_str(&text).ok().with_context(damaged)?;
    Ok(document.repositories)
}

fn key(warning: &Warning) -> Key {
    (warning.kind, warning.id.clone())
}

/// A moment to the second.
pub fn seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::level::Severity;

    pub(in crate::guard) fn warning(id: &str) -> Warning {
        Warning {
            id: id.to_owned(),
            kind: Kind::Secret,
            severity: Severity::High,
            rule: None,
            path: "a".to_owned(),
            line: 1,
            what: "something".to_owned(),
            why: "a reason".to_owned(),
            steps: Vec::new(),
            rotate: None,
            secret: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    fn ids(warnings: &[Warning]) -> String {
        warnings.iter().map(|own| own.id.as_str()).collect()
    }

    #[test]
    fn told_once_and_withdrawn() -> Result<()> {
        let place = tempfile::tempdir()?;
        let (folder, r) = (place.path(), Path::new("/r"));
        let mut book = Book::read(folder)?;
        let change = book.update(r, vec![warning("a"), warning("b"), warning("a")], at(0));
        assert_eq!(ids(&change.opened), "ab");
        assert_eq!(ids(&book.untold(r)), "ab");
        book.told(r);
        book.save(folder)?;
        let mut book = Book::read(folder)?;
        assert!(book.update(r, vec![warning("a"), warning("b")], at(5)).is_empty(), "a restart tells nothing twice");
        assert_eq!(book.list()[0].warnings[0].since, at(0));
        let change = book.update(r, vec![warning("b")], at(10));
        assert_eq!((ids(&change.opened), ids(&change.withdrawn)), (String::new(), "a".to_owned()));
        let change = book.update(r, vec![warning("a"), warning("b")], at(70));
        assert_eq!((ids(&change.opened), ids(&change.returned)), (String::new(), "a".to_owned()));
        assert_eq!(book.list()[0].warnings[0].since, at(0));
        book.update(r, Vec::new(), at(100));
        let change = book.update(r, vec![warning("a")], at(161));
        assert_eq!(ids(&change.opened), "a", "after more than a minute it is news");
        book.update(r, Vec::new(), at(170));
        book.save(folder)?;
        assert!(!folder.join(NAME).exists());
        Ok(())
    }

    #[test]
    fn what_nobody_was_told_of_is_news() {
        let (mut book, r) = (Book::default(), Path::new("/r"));
        book.update(r, vec![warning("a")], at(0));
        book.update(r, Vec::new(), at(1));
        assert_eq!(ids(&book.update(r, vec![warning("a")], at(2)).opened), "a");
    }

    #[test]
    fn damage_is_said() -> Result<()> {
        let place = tempfile::tempdir()?;
        for (text, word) in [("{", "damaged"), ("{\"version\":9}", "newer")] {
            std::fs::write(place.path().join(NAME), text)?;
            let error = format!("{:#}", Book::read(place.path()).expect_err("it is wrong"));
            assert!(error.contains(word), "{error}");
        }
        Ok(())
    }
}
