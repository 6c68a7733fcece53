//! Secrets of env files over time and across repositories: the same value in two places, and values that
//! have been there too long. Both are off until policy asks.
//!
//! A private file keeps, for each value, a name keyed by this machine's own key, the day on which it was first
//! seen, and the places; never the value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::look::Look;
use super::{Kind, Warning, file};
use crate::exception::{days_between, plus_days};
use crate::finding::escape;

/// The file's name in the guard's folder.
pub const NAME: &str = "values.json";

/// The version of the file.
const VERSION: u32 = 1;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// How long a value that stands nowhere any more is remembered, in days.
const REMEMBERED: i64 = 30;

/// Values that are known.
#[derive(Debug)]
pub struct Values {
    path: PathBuf,
    known: BTreeMap<String, Known>,
    /// Grows with every change.
    round: u64,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// When it was first seen.
    first: Date,
    /// When it was last seen.
    last: Date,
    /// Where it stands.
    places: BTreeSet<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    /// The worktree.
    folder: PathBuf,
    /// The repository, by a name that its worktrees and clones share.
    repository: String,
    /// The file, from the top of the worktree.
    path: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    values: BTreeMap<String, Known>,
}

impl Values {
    /// Reads what is known in the guard's folder.
    ///
    /// # Errors
    /// Where the file is damaged or of a later version.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let Some(text) = file::text(&path, LARGEST)? else { return Ok(Values::none(folder)) };
        let read = serde_json::from_str::<Document>(&text);
        let Ok(document) = read else {
            anyhow::bail!("{} is damaged; remove it (the guard then counts from today)", file::shown(&path))
        };
        ensure!(document.version == VERSION, "{} was written by a newer leakwarden; upgrade", file::shown(&path));
        Ok(Values { path, known: document.values, round: 0 })
    }

    /// Nothing is known yet.
    pub fn none(folder: &Path) -> Self {
        Values { path: folder.join(NAME), known: BTreeMap::new(), round: 0 }
    }

    /// Takes what was seen in a worktree, and gives what is to be warned of there.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn update(&mut self, folder: &Path, look: &Look, today: Date) -> Result<Vec<Warning>> {
        if look.guard.reuse.is_none() && look.guard.age.is_none() && self.known.is_empty() {
            return Ok(Vec::new());
        }
        let before = self.known.clone();
        for known in self.known.values_mut() {
            known.places.retain(|place| place.folder != folder);
        }
        for value in &look.values {
            let first = value.since.map_or(today, |since| since.min(today));
            let fresh = || Known { first, last: today, places: BTreeSet::new() };
            let known = self.known.entry(value.secret.clone()).or_insert_with(fresh);
            known.first = known.first.min(first);
            known.last = today;
            known.places.insert(Place {
                folder: folder.to_path_buf(),
                repository: look.place.clone(),
                path: value.path.clone(),
            });
        }
        self.known.retain(|_, known| !known.places.is_empty() || today <= plus_days(known.last, REMEMBERED));
        if self.known != before {
            self.keep()?;
        }
        Ok(self.warnings(look, today))
    }

    /// Forgets where values stand in a worktree that is gone.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn forget(&mut self, folder: &Path) -> Result<()> {
        let stands = |known: &Known| known.places.iter().any(|place| place.folder == folder);
        if !self.known.values().any(stands) {
            return Ok(());
        }
        self.known.values_mut().for_each(|known| known.places.retain(|place| place.folder != folder));
        self.keep()
    }

    /// A number that is another one after every change.
    pub fn round(&self) -> u64 {
        self.round
    }

    fn keep(&mut self) -> Result<()> {
        self.round += 1;
        let document = Document { version: VERSION, values: self.known.clone() };
        let text = serde_json::to_vec(&document).map_err(|_| anyhow::anyhow!("a folder's name is no UTF-8 text"))?;
        file::replace(&self.path, &text)
    }

    fn warnings(&self, look: &Look, today: Date) -> Vec<Warning> {
        let mut all = Vec::new();
        for value in &look.values {
            let Some(known) = self.known.get(&value.secret) else { continue };
            let warning = |id: &str, kind, severity, why: String, steps| Warning {
                id: id.to_owned(),
                kind,
                severity,
                rule: Some(format!("guard-{}", if kind == Kind::Age { "age" } else { "reuse" })),
                path: value.path.clone(),
                line: value.line,
                what: escape(value.what.as_bytes()),
                why,
                steps,
                rotate: value.rotate.clone(),
                secret: Some(value.secret.clone()),
            };
            let silence =
                |id: &str| format!("if that is meant: leakwarden allow {id} --kind accepted-risk --reason '…'");
            // Worktrees and clones of one repository are one place.
            let others: BTreeSet<String> = known
                .places
                .iter()
                .filter(|own| own.path != value.path || own.repository != look.place)
                .map(|own| if own.repository == look.place { own.path.clone() } else { elsewhere(own) })
                .collect();
            if let (Some(severity), Some(id), false) = (look.guard.reuse, &value.reuse, others.is_empty()) {
                let named: Vec<&str> = others.iter().take(3).map(String::as_str).collect();
                let more = if others.len() > 3 { format!(" and {} more", others.len() - 3) } else { String::new() };
                let why = format!("the same value stands in {}{more}", named.join(", "));
                let steps = vec!["give each place a value of its own".to_owned(), silence(id)];
                all.push(warning(id, Kind::Reuse, severity, why, steps));
            }
            let days = days_between(known.first, today);
            let old = days > i64::from(look.guard.oldest_days);
            if let (Some(severity), Some(id), true) = (look.guard.age, &value.age, old) {
                let most = look.guard.oldest_days;
                let why = format!("it has been here for {days} days, since {}; policy allows {most}", known.first);
                let steps = vec!["replace it where it was issued".to_owned(), silence(id)];
                all.push(warning(id, Kind::Age, severity, why, steps));
            }
        }
        all
    }
}

/// A place in another repository, for people.
fn elsewhere(place: &Place) -> String {
    file::shown(&place.folder.join(&place.path))
}
