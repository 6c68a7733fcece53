//! What it warns of, once, and when that is over.

use std::fs;

use anyhow::{Result, ensure};

use crate::daemon::{Daemon, events, open};
use crate::in_repository;
use crate::kit::{line, plant};

#[test]
fn a_secret_in_a_tracked_file_is_told_once_and_withdrawn() -> Result<()> {
    in_repository(|s| {
        let daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        s.append("README.md", line(&plant::github("saved")))?;
        ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
        // Saved again, staged, and the guard killed: it is one warning.
        s.append("README.md", "more\n")?;
        ensure!(open(s)? == ["secret README.md"]);
        s.git("add -A")?;
        ensure!(open(s)? == ["secret README.md"]);
        daemon.kill()?;
        let daemon = Daemon::run(s)?;
        ensure!(open(s)? == ["secret README.md"]);
        ensure!(events(s)? == "opened 1, withdrawn 0, returned 0", "{}", events(s)?);
        let said = daemon.said()?;
        ensure!(said.matches("opened").count() == 1 && said.contains("README.md:21"), "{said}");
        s.leakwarden("guard warnings")?.exits(1)?;
        s.git("reset -q --hard")?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        ensure!(events(s)? == "opened 1, withdrawn 1, returned 0", "{}", events(s)?);
        s.leakwarden("guard warnings")?.ok().map(drop)
    })
}

#[test]
fn a_file_in_folders_that_are_new_is_seen() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        s.write("new/y/z/.env", line(&plant::github("nested")))?;
        ensure!(open(s)? == ["env-file new/y/z/.env"], "{:?}", open(s)?);
        fs::rename(s.path("new"), s.path("other"))?;
        ensure!(open(s)? == ["env-file other/y/z/.env"], "{:?}", open(s)?);
        s.write("other/y/z/.env", "")?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn the_next_commit_mentions_what_is_open() -> Result<()> {
    in_repository(|s| {
        s.write("other.txt", "x\n")?;
        s.commit_unchecked("another file")?;
        let _daemon = Daemon::run(s)?;
        s.append("README.md", line(&plant::github("left")))?;
        ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
        s.append("other.txt", "y\n")?;
        let outcome = s.run(s.git_command().args(["commit", "-q", "-m", "a change", "other.txt"]))?;
        ensure!(outcome.ok()?.stderr.contains("the guard has 1 open warning here"), "{}", outcome.stderr);
        // What the hook itself blocks is not told twice.
        let outcome = s.commit_all()?;
        outcome.blocked()?;
        ensure!(!outcome.stderr.contains("the guard has"), "{}", outcome.stderr);
        Ok(())
    })
}
