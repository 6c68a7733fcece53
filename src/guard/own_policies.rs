//! The policies that repositories bring themselves: one that changed is told, for a policy that comes with a
//! `git pull` may except what the last one did not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Kind, Warning, file};
use crate::fingerprint::{ID_LENGTH, base32};
use crate::ledger::line::sha256;
use crate::level::Severity;

/// The file's name in the guard's folder.
pub const NAME: &str = "policies.json";

/// The version of the file.
const VERSION: u32 = 1;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// How long a notice stays open where nobody dismisses it, in seconds: seven days.
const OPEN: i64 = 7 * 24 * 60 * 60;

/// How long a dismissed warning about hooks stays silent, in seconds: 90 days.
const SILENT: i64 = 90 * 24 * 60 * 60;

/// What is known of the policies of repositories.
#[derive(Debug)]
pub struct OwnPolicies {
    path: PathBuf,
    known: BTreeMap<PathBuf, Known>,
    /// Warnings that somebody dismissed, and until when, in Unix seconds.
    dismissed: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// SHA-256 of the policy that is known; empty where there was none.
    digest: String,
    /// What it changed to, and when that was seen, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<(String, i64)>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    repositories: BTreeMap<PathBuf, Known>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dismissed: BTreeMap<String, i64>,
}

impl OwnPolicies {
    /// Reads what is known in the guard's folder.
    ///
    /// # Errors
    /// Where the file is damaged or of a later version.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let Some(text) = file::text(&path, LARGEST)? else { return Ok(OwnPolicies::none(folder)) };
        let Ok(document) = serde_json::from_str::<Document>(&text) else {
            anyhow::bail!("{} is damaged; remove it", file::shown(&path))
        };
        ensure!(document.version == VERSION, "{} was written by a newer leakwarden; upgrade", file::shown(&path));
        Ok(OwnPolicies { path, known: document.repositories, dismissed: document.dismissed })
    }

    /// Nothing is known yet.
    pub fn none(folder: &Path) -> Self {
        OwnPolicies { path: folder.join(NAME), known: BTreeMap::new(), dismissed: BTreeMap::new() }
    }

    /// Takes the digest of a repository's policy as it is now, at a moment in Unix seconds, and gives the
    /// notice that it changed, if it did lately.
    ///
    /// # Errors
    /// Where it cannot be kept; then it may be told again after a restart.
    pub fn look(
        &mut self,
        folder: &Path,
        digest: &str,
        severity: Option<Severity>,
        now: i64,
    ) -> Result<Option<Warning>> {
        let before = self.known.get(folder).cloned();
        let new = || Known { digest: digest.to_owned(), changed: None };
        let known = self.known.entry(folder.to_path_buf()).or_insert_with(new);
        let fresh = known.changed.as_ref().is_none_or(|(to, since)| to != digest || now < since.saturating_add(OPEN));
        if known.digest == digest || severity.is_none() || !fresh {
            *known = new();
        } else if known.changed.as_ref().is_none_or(|(to, _)| to != digest) {
            known.changed = Some((digest.to_owned(), now));
        }
        let warning = known.changed.as_ref().zip(severity).map(|_| notice(folder, digest, severity));
        if self.known.get(folder) != before.as_ref() {
            self.keep()?;
        }
        Ok(warning)
    }

    /// Takes the policy as it is for known, if a notice of this id is open there.
    ///
    /// # Errors
    /// Where that cannot be kept; then the notice stays.
    pub fn dismiss(&mut self, folder: &Path, id: &str) -> Result<bool> {
        let Some(known) = self.known.get_mut(folder) else { return Ok(false) };
        let Some((to, _)) = known.changed.clone() else { return Ok(false) };
        if notice(folder, &to, None).id != id {
            return Ok(false);
        }
        let before = std::mem::replace(known, Known { digest: to, changed: None });
        if let Err(error) = self.keep() {
            self.known.insert(folder.to_path_buf(), before);
            return Err(error);
        }
        Ok(true)
    }

    /// Says nothing more of a warning for a while.
    ///
    /// # Errors
    /// Where that cannot be kept.
    pub fn silence(&mut self, id: &str, now: i64) -> Result<()> {
        self.dismissed.retain(|_, until| *until > now);
        self.dismissed.insert(id.to_owned(), now.saturating_add(SILENT));
        self.keep()
    }

    /// Whether somebody dismissed a warning.
    pub fn is_silent(&self, id: &str, now: i64) -> bool {
        self.dismissed.get(id).is_some_and(|until| *until > now)
    }

    /// Forgets a repository that is watched no more.
    ///
    /// # Errors
    /// Where that cannot be kept.
    pub fn forget(&mut self, folder: &Path) -> Result<()> {
        if self.known.remove(folder).is_some() { self.keep() } else { Ok(()) }
    }

    fn keep(&self) -> Result<()> {
        let document =
            Document { version: VERSION, repositories: self.known.clone(), dismissed: self.dismissed.clone() };
        let text = serde_json::to_vec(&document).map_err(|_| anyhow::anyhow!("a folder's name is no UTF-8 text"))?;
        file::replace(&self.path, &text)
    }
}

fn notice(folder: &Path, digest: &str, severity: Option<Severity>) -> Warning {
    let name = format!("own policy {} {digest}", file::shown(folder));
    let hash = sha256(name.as_bytes());
    let id = base32(hash.as_bytes(), ID_LENGTH);
    let dismiss = format!("then dismiss this: leakwarden guard dismiss {id} --reason '…'");
    Warning {
        id,
        kind: Kind::Policy,
        severity: severity.unwrap_or(Severity::Low),
        rule: None,
        path: crate::policy::PATH.to_owned(),
        line: 0,
        what: "the repository's own policy changed".to_owned(),
        why: "it says what blocks here, and what is excepted".to_owned(),
        steps: vec![format!("look at what it says: git log -p -- {}", crate::policy::PATH), dismiss],
        rotate: None,
        secret: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_until_dismissed_taken_back_or_a_week_old() -> Result<()> {
        let place = tempfile::tempdir()?;
        let folder = Path::new("/a");
        let (mut own, low) = (OwnPolicies::open(place.path())?, Some(Severity::Low));
        assert!(own.look(folder, "", low, 0)?.is_none(), "the first look");
        let first = own.look(folder, "x", low, 1)?.map(|own| own.id);
        assert!(first.is_some());
        let mut own = OwnPolicies::open(place.path())?;
        assert_eq!(own.look(folder, "x", low, 2)?.map(|own| own.id), first, "after a restart");
        assert!(own.look(folder, "", low, 3)?.is_none(), "taken back");
        let again = own.look(folder, "x", low, 4)?.map(|own| own.id).unwrap_or_default();
        assert!(!own.dismiss(folder, "0000")? && own.dismiss(folder, &again)?);
        assert!(own.look(folder, "x", low, 5)?.is_none());
        assert!(own.look(folder, "y", low, 6)?.is_some());
        assert!(own.look(folder, "y", low, 6 + OPEN)?.is_none(), "a week later");
        assert!(own.look(folder, "z", None, 9)?.is_none() && own.look(folder, "z", low, 10)?.is_none(), "off");
        Ok(())
    }
}
