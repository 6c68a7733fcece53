//! What got past: a credential that stands in history is an *exposure*, open until somebody says how
//! it was dealt with. `docs/exposures.md` describes it for users.
//!
//! - [`store`]: one file an exposure, in the user's state folder;
//! - [`steps`]: what to do, in the right order;
//! - [`note`]: everything about one as a note for a ticket.
//!
//! Where a value is *now* is stored nowhere: git is asked each time ([`crate::git::holders`]). The
//! value itself is stored nowhere either, only its pseudonym ([`crate::fingerprint::pseudonym`]).

pub mod note;
pub mod steps;
pub mod store;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::escape;
use crate::fingerprint::{ALPHABET, ID_LENGTH, SHORTEST, base32};
use crate::level::Severity;

/// Version of the file.
pub const VERSION: u32 = 1;

/// Sites that one exposure lists.
pub const MOST_SITES: usize = 50;

/// Events that one exposure lists; beyond, the oldest after the first go. The ledger has all.
const MOST_EVENTS: usize = 50;

/// A credential that got past. Text fields hold what people and repositories said, so they are
/// escaped when they are printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Version of the file, [`VERSION`].
    pub version: u32,
    /// Its name, 8 characters of base 32: the same value in the same clone has the same.
    pub id: String,
    /// The clone ([`crate::git::Repo::clone_id`]).
    pub clone: String,
    /// Where that clone is: the top of its worktree or its git directory.
    pub repository: String,
    /// The rule that found it.
    pub rule: String,
    /// Who issues the credential.
    pub provider: String,
    /// What it is, without the provider.
    pub name: String,
    /// What it opens.
    pub severity: Severity,
    /// What may be shown of it.
    pub redacted: String,
    /// Where the owner replaces it.
    pub rotate: Option<String>,
    /// The value's pseudonym.
    pub pseudonym: String,
    /// How it got past.
    pub cause: Cause,
    /// When it was opened for the first time: RFC 3339, UTC.
    pub opened: String,
    /// Who made the commit that holds it: `Name <address>`.
    pub author: String,
    /// Who is to deal with it, if it was given to somebody.
    pub assigned: Option<String>,
    /// Where it was found; at most [`MOST_SITES`].
    pub sites: Vec<Site>,
    /// Whether there were more sites than are listed.
    pub more_sites: bool,
    /// Whether somebody has dealt with it.
    pub status: Status,
    /// How it was dealt with.
    pub closed: Option<Closed>,
    /// Whether it was ever seen on a remote; once seen, that stays.
    #[serde(default)]
    pub pushed: bool,
    /// How often its value appeared again after it was closed.
    pub reopened: u32,
    /// What happened to it, oldest first.
    pub events: Vec<Happened>,
}

/// A file that another version of leakwarden wrote.
#[derive(Debug)]
struct OtherVersion(u32);

impl OtherVersion {
    /// That this text is of a later version, if it is.
    fn later(text: &str) -> Option<Self> {
        let file: serde_json::Value = serde_json::from_str(text).ok()?;
        let version = u32::try_from(file["version"].as_u64()?).ok()?;
        (version > VERSION).then_some(OtherVersion(version))
    }
}

impl std::fmt::Display for OtherVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let own = self.0;
        if own > VERSION {
            crate::document::newer(own, VERSION).fmt(f)
        } else {
            write!(f, "version {own} is not known")
        }
    }
}

impl std::error::Error for OtherVersion {}

/// How a credential got past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A commit was made without a scan.
    Skipped,
    /// It was found in a commit that a remote had already.
    Pushed,
    /// The exception that let it pass has ended.
    Expired,
    /// It was found in history.
    History,
}

impl Cause {
    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Skipped => "skipped",
            Cause::Pushed => "pushed",
            Cause::Expired => "expired",
            Cause::History => "history",
        }
    }

    /// In words.
    pub fn told(self) -> &'static str {
        match self {
            Cause::Skipped => "a commit was made without a scan",
            Cause::Pushed => "it was in a commit that a remote had already",
            Cause::Expired => "the exception that let it pass has ended",
            Cause::History => "it was found in history",
        }
    }
}

/// Where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The commit that adds it, in hex.
    pub commit: String,
    /// The path, bytes that are not UTF-8 as `\xNN`, a credential in it masked.
    pub path: String,
    /// The first line, from 1.
    pub line: u32,
    /// [`crate::finding::Part::name`].
    pub part: String,
}

/// Whether somebody has dealt with it; it is also the end of the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody has.
    Open,
    /// Somebody has.
    Closed,
}

impl Status {
    /// The name in the file, and the end of the file's name.
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Closed => "closed",
        }
    }
}

/// How it was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The credential no longer works.
    Revoked,
    /// It never was one.
    NotASecret,
    /// It was never pushed, and nothing holds it any more.
    Removed,
    /// An exception lets it pass; when that ends, the exposure is open again.
    Excepted,
}

impl How {
    /// The name in the file, in the ledger and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            How::Revoked => "revoked",
            How::NotASecret => "not-a-secret",
            How::Removed => "removed",
            How::Excepted => "excepted",
        }
    }
}

/// That it was dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// How.
    pub how: How,
    /// What shows it, in the words of a person.
    pub evidence: String,
    /// Who says so: `Name <address>`.
    pub by: String,
    /// When, RFC 3339, UTC.
    pub when: String,
}

/// Something that happened to an exposure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When, RFC 3339, UTC.
    pub when: String,
    /// `opened`, `reopened`, `assigned` or `closed`.
    pub what: String,
    /// Who: the commit's author, or whoever ran the command.
    pub by: String,
    /// The commit, the new owner, or how it was closed and the evidence.
    pub text: String,
}

impl Exposure {
    /// Who is to deal with it: whom it was given to, else its author.
    pub fn owner(&self) -> &str {
        self.assigned.as_deref().unwrap_or(&self.author)
    }

    /// Provider and kind in one phrase, as of a finding.
    pub fn what(&self) -> String {
        crate::finding::phrase(&self.provider, &self.name)
    }

    /// Adds a site that is not there yet, as far as there is room.
    pub(crate) fn add_site(&mut self, site: Site) -> bool {
        let (known, room) = (self.sites.contains(&site), self.sites.len() < MOST_SITES);
        let cut = !known && !room && !self.more_sites;
        self.more_sites |= cut;
        if !known && room {
            self.sites.push(site);
        }
        !known && room || cut
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, when: &str, what: &str, by: &str, text: &str) {
        if self.events.len() >= MOST_EVENTS {
            self.events.remove(1);
        }
        let own = |text: &str| text.to_owned();
        self.events.push(Happened { when: own(when), what: own(what), by: own(by), text: own(text) });
    }

    /// Says how it was dealt with.
    pub fn close(&mut self, closed: Closed) {
        let text = format!("{}: {}", closed.how.name(), closed.evidence);
        self.note(&closed.when, "closed", &closed.by, &text);
        self.status = Status::Closed;
        self.closed = Some(closed);
    }

    /// Gives it to somebody.
    pub fn assign(&mut self, to: &str, by: &str, when: &str) {
        self.note(when, "assigned", by, to);
        self.assigned = Some(to.to_owned());
    }
}

/// The id of the exposure of a value in a clone.
pub fn id(clone: &str, pseudonym: &str) -> String {
    let mut digest = Sha256::new();
    for field in ["leakwarden exposure v1", clone, pseudonym] {
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field.as_bytes());
    }
    base32(&digest.finalize(), ID_LENGTH)
}

/// Whether a text has the form of an [`id`].
fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|b| ALPHABET.contains(&b))
}

/// The one exposure whose id begins so.
///
/// # Errors
/// Where there is none or more than one; names those.
pub fn named<'a>(all: &'a [Exposure], id: &str) -> Result<&'a Exposure> {
    let id = id.to_ascii_lowercase();
    ensure!(id.len() >= SHORTEST, "an id takes at least {SHORTEST} characters");
    let matching: Vec<&Exposure> = all.iter().filter(|own| own.id.starts_with(&id)).collect();
    let first = matching.first().with_context(|| {
        format!("no exposure has the id `{}` (`leakwarden exposures list --all`)", escape(id.as_bytes()))
    })?;
    if matching.len() > 1 {
        let ids: Vec<&str> = matching.iter().map(|own| own.id.as_str()).collect();
        bail!("the id is short for more than one exposure: {}", ids.join(", "));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_one_value_in_one_clone() {
        let one = id("aaaaaaaaaaaa", "p1");
        assert!(is_id(&one));
        assert_eq!(one, id("aaaaaaaaaaaa", "p1"));
        assert_ne!(one, id("aaaaaaaaaaab", "p1"));
        assert_ne!(one, id("aaaaaaaaaaaa", "p2"));
        assert!(!is_id("../../etc") && !is_id("short"));
    }

    #[test]
    fn an_abbreviated_id_names_one() {
        let own = |id: &str| -> Exposure {
            let text = format!(
                r#"{{"version": 1, "id": "{id}", "clone": "c", "repository": "/r", "rule": "r", "provider": "P",
                "name": "key", "severity": "high", "redacted": "-", "rotate": null, "pseudonym": "p",
                "cause": "history", "opened": "t", "author": "A", "assigned": null, "sites": [],
                "more_sites": false, "status": "open", "closed": null, "reopened": 0, "events": []}}"#
            );
            serde_json::from_str(&text).expect("it has all fields")
        };
        let all = [own("k3f9a2b7"), own("k3f9a2zz")];
        assert_eq!(named(&all, "K3F9A2B").map(|own| own.id.as_str()).ok(), Some("k3f9a2b7"));
        let fault = |id: &str| named(&all, id).map(|_| ()).expect_err("not one").to_string();
        assert!(fault("k3f9").contains("k3f9a2b7, k3f9a2zz"));
        assert!(fault("k3f").contains("at least 4") && fault("0000").contains("no exposure"));
    }
}
