//! The ledger under what happens to files: writers that are killed, full disks, rotation, people with
//! an editor, and collectors that read along.
//!
//! Each module is one of these; `kit` is what they share. What needs a program that is not on every
//! machine says `skipped:` where it is absent.

mod kit;

mod changes;
mod cli;
#[cfg(unix)]
mod disk;
mod guard;
#[cfg(unix)]
mod journald;
#[cfg(unix)]
mod kills;
mod rotation;
#[cfg(unix)]
mod rsyslog;
mod torn;
