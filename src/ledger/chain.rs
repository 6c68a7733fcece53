//! The file: appending under a lock, and the chain.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::record::Entry;
use super::sink::Sinks;

/// A ledger in a folder: `ledger.jsonl`, those that were rotated away beside it, the machine's key.
#[derive(Debug, Clone)]
pub struct Ledger {
    folder: PathBuf,
    sinks: Sinks,
}

/// The last record: what an anchor names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The ledger's id.
    pub ledger: String,
    /// The record's number.
    pub seq: u64,
    /// SHA-256 of its line, in hex.
    pub hash: String,
}

impl Ledger {
    /// The ledger in a folder, which need not be there yet.
    pub fn at(folder: PathBuf, sinks: Sinks) -> Self {
        Ledger { folder, sinks }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends a record, synced to disk where its event [is promised](super::Event::is_promised).
    ///
    /// # Errors
    /// Where it cannot be written as a whole; then it is not promised.
    pub fn append(&self, _entry: Entry) -> Result<Head> {
        let _ = &self.sinks;
        bail!("not yet")
    }

    /// The key of this machine's pseudonyms; it is made where there is none.
    ///
    /// # Errors
    /// Where it can neither be read nor written.
    pub fn key(&self) -> Result<[u8; 32]> {
        bail!("not yet")
    }
}
