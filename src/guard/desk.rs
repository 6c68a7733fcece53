//! Warnings on the desktop, where there is one.

use super::Warning;

/// The desktop of the user's session.
#[derive(Debug, Default)]
pub struct Desk {}

impl Desk {
    /// Shows new warnings of a repository (its folder's name) in one note, at most one in some seconds. Never
    /// waits; where there is no desktop, nothing happens.
    pub fn show(&mut self, repository: &str, warnings: &[&Warning]) {
        let _ = (repository, warnings);
    }

    /// What was held back to be shown together and is due now. Called by the loop at least every second while
    /// something is held back ([`waits`](Self::waits)).
    pub fn flush(&mut self) {}

    /// Whether something is held back.
    pub fn waits(&self) -> bool {
        false
    }
}
