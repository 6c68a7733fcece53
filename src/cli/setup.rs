//! `leakwarden install` and `uninstall`.

use anyhow::Context;

use super::{Exit, fail};
use crate::install;

pub(super) fn install(dry_run: bool) -> Exit {
    let binary = std::env::current_exe().context("where leakwarden itself is, is not known");
    finish(binary.and_then(|binary| install::install(&binary, dry_run)))
}

pub(super) fn uninstall(dry_run: bool) -> Exit {
    finish(install::uninstall(dry_run))
}

fn finish(result: anyhow::Result<install::Outcome>) -> Exit {
    match result {
        Ok(outcome) => {
            for line in &outcome.lines {
                println!("{line}");
            }
            if outcome.complete { Exit::Clean } else { Exit::Usage }
        }
        Err(error) => fail(Exit::Usage, &error),
    }
}
