//! `install --write`: the lines in another manager's own file, through that manager, with leakwarden on
//! PATH and without.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use leakwarden::install::place::{Git, Place};
use leakwarden::install::way::{Way, ways};

use crate::kit::{Sandbox, line, plant, table};
use crate::tools::{Other, runs};

/// Who is written to, and what has to be run before it heeds its file.
const ROWS: [(&str, (Other, bool)); 4] = [
    ("husky", (Other::Husky, false)),
    ("lefthook", (Other::Lefthook, true)),
    ("simple-git-hooks", (Other::SimpleGitHooks, true)),
    ("pre-commit", (Other::PreCommit, true)),
];

/// The files that may be written to, as they are.
fn files(s: &Sandbox) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in ["", ".husky"] {
        let Ok(entries) = std::fs::read_dir(s.path(folder)) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_file() && !path.ends_with("README.md") {
                files.insert(path.to_string_lossy().into_owned(), std::fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

#[test]
fn lines_in_a_managers_own_file() -> Result<()> {
    let here: Vec<_> = ROWS.into_iter().filter(|(_, (other, _))| other.is_here()).collect();
    table(&here, |s, (other, run)| {
        s.git("init -q")?;
        s.first_commit()?;
        other.prepare(s)?;
        other.install(s)?;
        let before = files(s)?;
        s.leakwarden("install --write --dry-run")?.ok()?;
        ensure!(files(s)? == before, "a dry run wrote");
        s.leakwarden("install --write")?.ok()?;
        let written = files(s)?;
        s.leakwarden("install --write")?.ok()?;
        ensure!(files(s)? == written, "twice is not once");
        s.commit_unchecked("the lines")?;
        // Only the lines are left: leakwarden's own hooks go, the other is installed again.
        let removed = s.leakwarden("uninstall")?;
        ensure!(removed.ok()?.stdout.contains("uninstall --write"), "{removed:?}");
        if *run {
            other.install(s)?;
        }
        if *other == Other::PreCommit {
            let stages = ["-t", "pre-commit", "-t", "commit-msg", "-t", "pre-push"];
            s.run(s.command(s.root().join("bin/pre-commit")).arg("install").args(stages))?.ok()?;
        }
        let git = Git::of(&s.path("")).by(&s.git.path);
        let place = Place::of(&git)?;
        let way = ways(&place, &git, "pre-commit")?;
        ensure!(way.iter().any(|way| matches!(way, Way::Lines { .. })), "{way:?}");
        s.write("app.conf", line(&plant::github(&format!("written-{other:?}"))))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:1:").context("through the lines")?;
        s.git("rm -q -f app.conf")?;
        runs(s, 1)?;
        message(s)?;
        pushes(s, *other)?;
        // A colleague without leakwarden is told, and not stopped.
        std::fs::remove_file(s.root().join("bin/leakwarden"))?;
        s.append("README.md", "a colleague's\n")?;
        let done = s.commit("-a")?;
        let said = format!("{}{}", done.ok()?.stdout, done.stderr);
        ensure!(said.contains("not on PATH, so pre-commit scanned NOTHING"), "{done:?}");
        s.leakwarden("uninstall --write")?.ok()?;
        ensure!(files(s)? == before, "something is left");
        Ok(())
    })
}

fn message(s: &Sandbox) -> Result<()> {
    s.append("README.md", "more\n")?;
    let text = format!("a change\n\n{}", line(&plant::github("written-message")));
    let done = s.run(s.git_command().args(["commit", "-q", "-a", "-m", &text]))?;
    ensure!(done.code == Some(1) && done.stderr.contains("leakwarden"), "{done:?}");
    s.git("checkout -q HEAD -- README.md")
}

/// What no hook saw is found by pre-push, which needs standard input or the framework's variables.
fn pushes(s: &Sandbox, other: Other) -> Result<()> {
    let remote = s.root().join("remote.git");
    s.git(&format!("init -q --bare {}", remote.display()))?;
    s.git(&format!("remote add origin {}", remote.display()))?;
    s.try_git("push -q origin main")?.ok().context("a clean push")?;
    s.write("late.conf", line(&plant::github(&format!("pushed-{other:?}"))))?;
    s.commit_unchecked("past the hooks")?;
    let done = s.try_git("push -q origin main")?;
    let said = format!("{}{}", done.stdout, done.stderr);
    ensure!(done.code != Some(0) && said.contains("late.conf:1:"), "{done:?}");
    s.git("reset -q --hard HEAD~")?;
    s.forget()
}
