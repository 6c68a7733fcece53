//! The [`Receipt`]: what a run looked at, and what it could not look at.

use serde::Serialize;

/// What was and was not scanned. Written into every JSON output; the hook stops on
/// [`not_scanned`](Receipt::not_scanned).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Commits that were looked at, where a range of them was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commits: Option<u64>,
    /// Changed files (or files on disk) whose content was scanned.
    pub files: u64,
    /// Lines that are new in them; counted only where the output shows it.
    pub added_lines: Option<u64>,
    /// Bytes of content that were scanned.
    pub bytes: u64,
    /// Submodule entries: they name a commit elsewhere and have no content here.
    pub submodules: u64,
    /// Findings that an exception lets pass.
    pub excepted: u64,
    /// What could not be scanned, and why.
    pub not_scanned: Vec<NotScanned>,
    /// Things a reader should know that are no failure.
    pub notes: Vec<String>,
    /// Where the new content was read from.
    pub source: Source,
    /// The tree that will be committed, in hex, where one is known.
    pub tree: Option<String>,
    /// The trees against which it was compared, in hex; none for a first commit.
    pub bases: Vec<String>,
    /// SHA-256 of the rule set.
    pub rules: String,
    /// Digest of the policy; `default` where there is none.
    pub policy: String,
    /// Until when, in UTC, a copy of the fleet's policy counts, where the policy itself is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_copy_until: Option<String>,
}

/// Where the new content of a run comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Files on disk.
    #[default]
    Files,
    /// The tree that git has already written for the index (its TREE extension is valid).
    Tree,
    /// The entries of the index.
    Entries,
    /// A commit message.
    Message,
}

/// Something that could not be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotScanned {
    /// Its path, control characters escaped.
    pub path: String,
    /// Why, and where it helps, what to do.
    pub reason: String,
}

impl Receipt {
    /// Adds something that could not be scanned.
    pub fn skip(&mut self, path: &[u8], reason: impl Into<String>) {
        let reason = crate::finding::escape(reason.into().as_bytes());
        self.not_scanned.push(NotScanned { path: crate::finding::escape(path), reason });
    }

    /// Adds a thing worth knowing about a path.
    pub fn note(&mut self, path: &[u8], what: impl AsRef<[u8]>) {
        self.notes.push(format!("{}: {}", crate::finding::escape(path), crate::finding::escape(what.as_ref())));
    }
}
