//! Repositories of other shapes: linked worktrees, references in a table, SHA-256, a git directory elsewhere,
//! submodules. Of each, what is committed is no longer uncommitted.

use anyhow::{Result, ensure};

use crate::daemon::{Daemon, open, states, sync};
use crate::in_repository;
use crate::kit::{Sandbox, line, plant};

fn git(s: &Sandbox, folder: &str, line: &str) -> Result<()> {
    let past = ["-C", folder, "-c", "core.hooksPath=/dev/null"];
    s.run(s.git_command().args(past).args(line.split_whitespace()))?.ok().map(drop)
}

/// A secret is saved, staged, committed, and taken out again.
fn told_and_withdrawn(s: &Sandbox, folder: &str) -> Result<()> {
    let file = format!("{folder}/file.txt");
    s.write(&file, line(&plant::github(folder)))?;
    ensure!(open(s)? == ["secret file.txt"], "{folder}: {:?}", open(s)?);
    git(s, folder, "add -A")?;
    ensure!(open(s)? == ["secret file.txt"], "{folder}: {:?}", open(s)?);
    s.write(&file, "x\n")?;
    ensure!(open(s)? == ["secret file.txt"], "{folder}: it is staged still: {:?}", open(s)?);
    git(s, folder, "commit -q -m past")?;
    ensure!(open(s)?.is_empty(), "{folder}: {:?}", open(s)?);
    git(s, folder, "reset -q --soft HEAD~1")?;
    ensure!(open(s)? == ["secret file.txt"], "{folder}: {:?}", open(s)?);
    git(s, folder, "reset -q --hard")?;
    ensure!(open(s)?.is_empty(), "{folder}: {:?}", open(s)?);
    Ok(())
}

#[test]
fn repositories_of_other_shapes() -> Result<()> {
    in_repository(|s| {
        git(s, ".", "worktree add -q ../linked -b linked")?;
        git(s, ".", "worktree add -q inside -b inside")?;
        let mut kinds = vec!["../linked", "inside", "../apart", "../sha256"];
        git(s, ".", "init -q --separate-git-dir=../apart.git ../apart")?;
        git(s, ".", "init -q --object-format=sha256 ../sha256")?;
        if s.git.has(2, 45, "reftable") {
            git(s, ".", "init -q --ref-format=reftable ../reftable")?;
            kinds.push("../reftable");
        }
        for kind in &kinds {
            s.write(format!("{kind}/file.txt"), "x\n")?;
            git(s, kind, "add -A")?;
            git(s, kind, "commit -q -m first")?;
        }
        git(s, ".", "-c protocol.file.allow=always submodule add -q ../apart sub")?;
        git(s, ".", "commit -q -m submodule")?;
        kinds.push("sub");
        let _daemon = Daemon::run(s)?;
        for kind in &kinds {
            s.leakwarden(&format!("guard add {kind}"))?.ok()?;
        }
        sync(s)?;
        let states = states(s)?;
        ensure!(states.len() == kinds.len() + 1 && states.iter().all(|own| own.ends_with(" watched")), "{states:?}");
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        kinds.iter().try_for_each(|kind| told_and_withdrawn(s, kind))?;
        told_and_withdrawn_here(s)
    })
}

/// The repository that holds the others is not confused by them.
fn told_and_withdrawn_here(s: &Sandbox) -> Result<()> {
    s.append("README.md", line(&plant::github("outer")))?;
    ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
    git(s, ".", "checkout -q README.md")?;
    ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
    Ok(())
}
