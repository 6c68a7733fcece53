//! `leakwarden install` and `uninstall`.

use anyhow::Context;

use super::{Exit, fail, print};
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
            let text: String = outcome.lines.iter().map(|line| format!("{line}\n")).collect();
            match print(&text) {
                Ok(()) if outcome.complete => Exit::Clean,
                Ok(()) => Exit::Usage,
                Err(error) => fail(Exit::Usage, &error),
            }
        }
        Err(error) => fail(Exit::Usage, &error),
    }
}
