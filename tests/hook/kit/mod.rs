//! What every scenario needs: gits, a hermetic sandbox, planted secrets, and outcomes that can be
//! asked whether a commit was blocked, where, and by whom.

pub mod except;
pub mod gits;
pub mod outcome;
pub mod plant;
pub mod sandbox;

pub use gits::{in_repository, in_sandbox, skip, table};
pub use outcome::{Outcome, Report};
pub use sandbox::Sandbox;

/// The binary under test.
pub const LEAKWARDEN: &str = env!("CARGO_BIN_EXE_leakwarden");

/// A line that assigns `value`, with its line feed.
pub fn line(value: &str) -> String {
    format!("token = \"{value}\"\n")
}
