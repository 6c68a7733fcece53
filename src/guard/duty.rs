//! What is no file of a worktree: hooks, policy, ledger.

use std::path::Path;

use super::Warning;

/// The hooks of one repository: a warning for each that was removed, disabled or shadowed since leakwarden
/// was installed there; none where it is not installed.
pub fn hooks(folder: &Path) -> Vec<Warning> {
    let _ = folder;
    Vec::new()
}

/// What belongs to the machine and the user, looked at again when one of [`files`](House::files) changed, and
/// at the start.
#[derive(Debug, Default)]
pub struct House {}

impl House {
    /// The files and folders whose changes matter: policy of fleet and user, the ledger.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        Vec::new()
    }

    /// All that is to be warned of now.
    pub fn look(&mut self) -> Vec<Warning> {
        Vec::new()
    }
}
