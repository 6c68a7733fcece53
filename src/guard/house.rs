//! What belongs to the machine and the user: their policy, and the ledger. Looked at when one of
//! [`House::files`] changed, at the start, and when [`House::due`] says so.
//!
//! What was known at the last look stands in a private file, so that a change is noticed that was made while
//! no guard ran. It is this account's own, as the ledger is: who can write one can write the other.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::duty::id;
use super::file::{self, shown};
use super::kept::{self, Found, Known, Reader};
use super::{Kind, Warning};
use crate::config::FLEET;
use crate::finding::escape;
use crate::ledger::Ledger;
use crate::ledger::chain::Head;
use crate::ledger::line::sha256;
use crate::ledger::read::NAME;
use crate::level::Severity;
use crate::policy::guard::Guard;

/// Version of the file.
const VERSION: u32 = 1;

/// Seconds that a change of policy is told, unless somebody dismisses it: seven days.
const OPEN: i64 = 7 * 24 * 60 * 60;

/// The largest policy file whose bytes are looked at, and the largest file of this state.
const LARGEST: u64 = 1 << 20;

/// Files that a warning names; the rest is counted.
const MOST_NAMES: usize = 5;

/// Policy of fleet and user, and the ledger.
#[derive(Debug)]
pub struct House {
    /// The private file.
    path: PathBuf,
    /// Policy files, and folders of such.
    policies: Vec<PathBuf>,
    ledger: Ledger,
    state: State,
    /// Set where a newer leakwarden wrote the file: it is not written over.
    newer: bool,
    reader: Reader,
}

/// What is kept from look to look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct State {
    version: u32,
    /// Digests of the policy files that are known, by path; `None` before the first look.
    policy: Option<BTreeMap<String, String>>,
    /// A change of them that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Changed>,
    /// The folder of the ledger of which the rest speaks.
    ledger: String,
    /// Its last record.
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<String>,
    /// The record up to which a person has dismissed what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<String>,
    /// What was dismissed last, where the files still say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    dismissed: Option<String>,
    /// That it was edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    edited: Option<Edited>,
}

/// A change of policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    /// The warning's id: of which files, and to what.
    id: String,
    /// Since when it is told, in Unix seconds.
    since: i64,
}

/// An edit of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Edited {
    id: String,
    what: String,
}

/// The places of a machine's policy: fleet's, and the user's file, if one is named.
pub fn policies(user: Option<&Path>) -> Vec<PathBuf> {
    let fleet = Path::new(FLEET);
    let fleets = [fleet.join("policy.toml"), fleet.join("policy.d")];
    fleets.into_iter().chain(user.map(Path::to_path_buf)).collect()
}

impl House {
    /// Takes the private file, which need not be there; the places of policy ([`policies`]); the ledger.
    pub fn new(path: &Path, policies: Vec<PathBuf>, ledger: Ledger) -> Self {
        let (state, newer) = read(path);
        House { path: path.to_path_buf(), policies, ledger, state, newer, reader: Reader::default() }
    }

    /// Takes another ledger: policy may name one.
    pub fn set_ledger(&mut self, ledger: Ledger) {
        if ledger.folder() != self.ledger.folder() {
            self.reader.forget();
        }
        self.ledger = ledger;
    }

    /// The files and folders whose changes matter; some need not be there.
    pub fn files(&self) -> Vec<PathBuf> {
        let ledger = [NAME, "head"].map(|name| self.ledger.folder().join(name));
        self.policies.iter().cloned().chain(ledger).collect()
    }

    /// When to look again though no file changes, in Unix seconds.
    pub fn due(&self) -> Option<i64> {
        let ends = self.state.changed.as_ref().map(|own| own.since.saturating_add(OPEN));
        ends.into_iter().chain(self.reader.due()).min()
    }

    /// All that is to be warned of, at a moment in Unix seconds. A check that policy switches off tells
    /// nothing, and what changes meanwhile is not told later.
    ///
    /// # Errors
    /// Where the private file cannot be written: then what was found may be told again after a restart.
    pub fn look(&mut self, keys: &Guard, now: i64) -> (Vec<Warning>, Result<()>) {
        let before = self.state.clone();
        let policy = self.policy(keys.policy, now);
        let ledger = self.ledger(keys.ledger, now);
        let kept = if self.state == before { Ok(()) } else { self.keep() };
        (policy.into_iter().chain(ledger).collect(), kept)
    }

    /// Takes what a warning of this id speaks of for known: the policy as it is now, or the ledger from its
    /// last record on. Gives whether there is such a warning.
    ///
    /// # Errors
    /// Where the ledger cannot be read, or the private file not be written; then the warning stays.
    pub fn dismiss(&mut self, id: &str) -> Result<bool> {
        let before = self.state.clone();
        if self.state.changed.as_ref().is_some_and(|own| own.id == id) {
            self.state.policy = Some(digests(&self.policies));
            self.state.changed = None;
        } else if self.state.edited.as_ref().is_some_and(|own| own.id == id) {
            let last = kept::last(&self.ledger)?.map(|head| head.to_string());
            (self.state.anchor, self.state.accepted) = (last.clone(), last);
            self.state.dismissed = self.state.edited.take().map(|own| own.id);
            self.reader.forget();
        } else {
            return Ok(false);
        }
        if let Err(error) = self.keep() {
            self.state = before;
            return Err(error);
        }
        Ok(true)
    }

    fn policy(&mut self, severity: Option<Severity>, now: i64) -> Option<Warning> {
        let is = digests(&self.policies);
        let changes = match &self.state.policy {
            Some(known) if severity.is_some() => changes(known, &is),
            _ => Vec::new(),
        };
        if changes.is_empty() {
            // Known from the first look on; and what was taken back is as it was.
            (self.state.policy, self.state.changed) = (Some(is), None);
            return None;
        }
        let digest = |path: &String| is.get(path).map_or("", String::as_str).as_bytes();
        let parts: Vec<&[u8]> = changes.iter().flat_map(|(path, _)| [path.as_bytes(), digest(path)]).collect();
        let id = id(Kind::Policy, &parts);
        let since = self.state.changed.as_ref().filter(|own| own.id == id).map_or(now, |own| own.since);
        // A clock that went back must not keep it open for years.
        if now >= since.saturating_add(OPEN) || since > now.saturating_add(OPEN) {
            (self.state.policy, self.state.changed) = (Some(is), None);
            return None;
        }
        self.state.changed = Some(Changed { id: id.clone(), since });
        let mut names: Vec<String> =
            changes.iter().take(MOST_NAMES).map(|(path, how)| format!("{path} {how}")).collect();
        if changes.len() > MOST_NAMES {
            names.push(format!("{} more", changes.len() - MOST_NAMES));
        }
        Some(Warning {
            kind: Kind::Policy,
            severity: severity?,
            what: format!("the policy of this machine changed: {}", names.join(", ")),
            why: "what is blocked, let pass and warned of may be other than it was".to_owned(),
            steps: vec![
                "`leakwarden policy show --origin` tells what counts now".to_owned(),
                format!("`leakwarden guard dismiss {id} --reason TEXT` once you know who changed it"),
            ],
            ..bare(id)
        })
    }

    fn ledger(&mut self, severity: Option<Severity>, now: i64) -> Option<Warning> {
        let severity = severity?;
        let folder = shown(self.ledger.folder());
        if self.state.ledger != folder {
            let (version, policy, changed) = (self.state.version, self.state.policy.take(), self.state.changed.take());
            self.state = State { version, policy, changed, ledger: folder.clone(), ..State::default() };
        }
        if let Some(Edited { id, what }) = self.state.edited.clone() {
            return Some(edited(id, what, severity));
        }
        let head = |text: &Option<String>| text.as_deref().and_then(Head::parse);
        let (anchor, accepted) = (head(&self.state.anchor), head(&self.state.accepted));
        let known = Known { anchor: anchor.as_ref(), accepted: accepted.as_ref() };
        match self.reader.look(&self.ledger, known, now) {
            Ok(Found::Same) => None,
            Ok(Found::Holds(last)) => {
                self.state.anchor = last.map(|head| head.to_string());
                self.state.dismissed = None;
                None
            }
            Ok(Found::Edited(all)) => {
                let parts: Vec<&[u8]> = all.iter().map(|what| what.as_bytes()).collect();
                let id = id(Kind::Ledger, &[&[folder.as_bytes()], parts.as_slice()].concat());
                if self.state.dismissed.as_ref() == Some(&id) {
                    return None;
                }
                let more = if all.len() > 1 { format!(" (and {} more places)", all.len() - 1) } else { String::new() };
                let what = format!("the ledger in {folder} was edited: {}{more}", all[0]);
                self.state.edited = Some(Edited { id: id.clone(), what: what.clone() });
                Some(edited(id, what, severity))
            }
            Err(error) => {
                // Looked at anew the next time, and told until it can be read.
                self.reader.forget();
                let why = escape(format!("{error:#}").as_bytes());
                Some(Warning {
                    kind: Kind::Ledger,
                    severity,
                    what: format!("the ledger in {folder} cannot be read: {why}"),
                    why: "nobody can tell whether it was edited".to_owned(),
                    steps: vec!["make it readable for this account; `leakwarden doctor` tells more".to_owned()],
                    ..bare(id(Kind::Ledger, &[folder.as_bytes(), b"unreadable"]))
                })
            }
        }
    }

    /// Writes the private file.
    fn keep(&mut self) -> Result<()> {
        if self.newer {
            return Ok(());
        }
        self.state.version = VERSION;
        let text = serde_json::to_string_pretty(&self.state).expect("plain data with string keys") + "\n";
        file::private_folder(self.path.parent().context("the guard's file has no folder")?)?;
        file::replace(&self.path, text.as_bytes())
    }
}

/// The state in a file, and whether a newer leakwarden wrote it. One that says nothing is as one that is not
/// there: what is now is then taken for known.
fn read(path: &Path) -> (State, bool) {
    let text = file::text(path, LARGEST).ok().flatten();
    let state: Option<State> = text.and_then(|text| serde_json::from_str(&text).ok());
    match state {
        Some(state) if state.version == VERSION => (state, false),
        Some(state) if state.version > VERSION => (State::default(), true),
        _ => (State::default(), false),
    }
}

/// At most [`LARGEST`] bytes of a file; a pipe in its place is not waited for.
fn small(path: &Path) -> std::io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The digests of policy files, by path as it is shown; of a folder those of its `*.toml`. What is there and
/// cannot be read has none, which is a change as well.
fn digests(policies: &[PathBuf]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in policies {
        let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let inside = entries.filter(|path| path.extension().is_some_and(|end| end == "toml"));
        for file in inside.chain(Some(path.clone()).filter(|path| !path.is_dir())) {
            match small(&file) {
                Ok(bytes) => drop(found.insert(shown(&file), sha256(&bytes))),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(_) => drop(found.insert(shown(&file), "unreadable".to_owned())),
            }
        }
    }
    found
}

/// The files that are not what they were, and how.
fn changes(known: &BTreeMap<String, String>, is: &BTreeMap<String, String>) -> Vec<(String, &'static str)> {
    let mut all: BTreeMap<&String, &'static str> = BTreeMap::new();
    for (path, digest) in is {
        match known.get(path) {
            None => drop(all.insert(path, "is new")),
            Some(before) if before != digest => drop(all.insert(path, "was changed")),
            Some(_) => {}
        }
    }
    all.extend(known.keys().filter(|path| !is.contains_key(*path)).map(|path| (path, "was removed")));
    all.into_iter().map(|(path, how)| (path.clone(), how)).collect()
}

fn edited(id: String, what: String, severity: Severity) -> Warning {
    Warning {
        kind: Kind::Ledger,
        severity,
        what,
        why: "it no longer tells what happened on this machine, or the machine lost power".to_owned(),
        steps: vec![
            "`leakwarden ledger verify` names each place".to_owned(),
            format!("`leakwarden guard dismiss {id} --reason TEXT` once you know why: it is watched anew from there"),
        ],
        ..bare(id)
    }
}

/// A warning about no file of a worktree and no credential.
fn bare(id: String) -> Warning {
    Warning {
        id,
        kind: Kind::Policy,
        severity: Severity::Low,
        rule: None,
        path: String::new(),
        line: 0,
        what: String::new(),
        why: String::new(),
        steps: Vec::new(),
        rotate: None,
        secret: None,
    }
}

#[cfg(test)]
mod tests;
