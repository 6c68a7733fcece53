//! `leakwarden ledger`: what the ledger says, and whether it was changed.

mod export;
mod report;
mod show;
mod verify;

use clap::Subcommand;

use super::case::{Docket, Failure};
use super::{Exit, fail, finish, journal};
use crate::ledger;

/// Commands about the ledger.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Show what happened on this machine, oldest first.
    Show(show::Request),
    /// Find out whether records were changed, dropped, moved or cut off (docs/ledger.md).
    ///
    /// Exit code 0: it holds; 1: it was changed; 3: it cannot be read.
    Verify(verify::Request),
    /// Print records for other programs, one line of JSON each (docs/report.md).
    ///
    /// Exit code 3: something was left out; standard error says what.
    Export(export::Request),
    /// Show the numbers over some time: what was blocked, excepted and skipped, what is still open.
    Report(report::Request),
}

pub(super) use verify::holds;

pub(super) fn run(command: Ledger) -> Exit {
    match command {
        Ledger::Show(request) => show::run(&request),
        Ledger::Verify(request) => verify::run(&request),
        Ledger::Export(request) => export::run(&request),
        Ledger::Report(request) => report::run(&request),
    }
}

/// The ledger that policy names: the machine's and the user's, since a repository may not name one.
fn open() -> Result<ledger::Ledger, Failure> {
    let policy = Docket::open()?.layers.join().map_err(Failure::usage)?;
    journal::ledger(&policy.ledger).map_err(Failure::usage)
}

/// Prints what a command gives, or its error. Nothing is scanned here, so no error says so.
fn ended(result: Result<String, Failure>) -> Exit {
    match result {
        Err(Failure { exit: Exit::CouldNotScan, error }) => {
            fail(Exit::Usage, &error);
            Exit::CouldNotScan
        }
        other => finish(other),
    }
}
