//! Exposures: credentials that got past, open until somebody has dealt with them.

/// provisional
pub enum Cause {
    /// provisional
    Skipped,
}
