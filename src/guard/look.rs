//! One repository as it is now, as warnings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Result;
use jiff::civil::Date;

use super::Warning;
use crate::judgement::Judgement;
use crate::policy::layers::Layers;
use crate::receipt::NotScanned;

/// What all repositories of a machine share: policy of fleet and user, the key of pseudonyms, the day.
#[derive(Debug)]
pub struct Machine {
    layers: Layers,
    key: [u8; 32],
    today: Date,
    /// Judgements that were made lately, so that rules are compiled once for all repositories.
    judgements: Vec<Rc<Judgement>>,
}

impl Machine {
    /// From the layers of this machine ([`crate::config::machine`]), the ledger's key, and the day.
    pub fn new(layers: Layers, key: [u8; 32], today: Date) -> Self {
        Machine { layers, key, today, judgements: Vec::new() }
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything: at the start, after an event of the git directory, after events were lost.
    All,
    /// These paths, from the top of the worktree, `/` between parts: files, or folders with all below. A
    /// path that is gone counts as both.
    Paths(BTreeSet<Vec<u8>>),
}

/// A repository that is watched. It remembers which content is known to be clean, and no secret.
#[derive(Debug)]
pub struct Watched {
    folder: PathBuf,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Look {
    /// All that is to be warned of in this repository now, whatever the scope was; sorted.
    pub warnings: Vec<Warning>,
    /// What could not be scanned, and why.
    pub not_scanned: Vec<NotScanned>,
    /// Tracked files whose clean form only a program could make: looked at once they are staged.
    pub filtered: u64,
    /// The folders to watch, absolute: of `All` every one of the worktree, of `Paths` those at and below
    /// these paths.
    pub folders: Vec<PathBuf>,
    /// Something changed while it was read: these paths are to be looked at again after a while.
    pub again: BTreeSet<Vec<u8>>,
}

impl Watched {
    /// The repository whose worktree this folder is the top of.
    pub fn new(folder: &Path) -> Self {
        Watched { folder: folder.to_path_buf() }
    }

    /// The top of its worktree.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks at it. Changes nothing in it and runs no program that it names.
    ///
    /// # Errors
    /// Where there is no repository (any more), or it or its policy cannot be read. Then nothing is known.
    pub fn look(&mut self, machine: &mut Machine, scope: &Scope) -> Result<Look> {
        let _ = (machine, scope);
        Ok(Look::default())
    }
}
