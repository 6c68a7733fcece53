//! `leakwarden install` and `uninstall`.

use super::{Exit, fail};
use crate::install;

pub(super) fn install(dry_run: bool) -> Exit {
    finish(install::install(dry_run))
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
