//! `leakwarden install --all`: repositories of every kind below one folder.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_sandbox, line, plant};
use crate::picture;

/// A folder with a plain repository, one with a hook, one whose hooks are elsewhere, a linked worktree,
/// a submodule, a bare repository, and a broken one.
fn folder(s: &Sandbox) -> Result<()> {
    let sh = |script: &str| s.run(s.command("sh").args(["-c", &format!("set -e\ncd ..\n{script}")]))?.ok().map(drop);
    sh(
        "mkdir many\ncd many\nfor name in plain hooked husky; do git init -q $name; (cd $name; echo a >a; git add a; git commit -q -m a); done",
    )?;
    s.script("many/hooked/.git/hooks/pre-commit", "echo ran >>../../ran")?;
    sh(
        "cd many/husky\nmkdir .husky .husky/_\necho '#!/bin/sh' >.husky/_/pre-commit\ngit config core.hooksPath .husky/_",
    )?;
    sh(
        "cd many/plain\ngit worktree add -q ../linked -b linked\ngit submodule --quiet add ../hooked sub\ngit commit -q -m sub",
    )?;
    sh("cd many\ngit clone -q --bare plain bare.git\nmkdir -p node_modules/package\ngit init -q node_modules/package")?;
    sh("cd many\ngit init -q broken\necho '[' >broken/.git/config")
}

fn leakwarden(s: &Sandbox, line: &str) -> Result<crate::kit::Outcome> {
    s.leakwarden(line)
}

fn blocks(s: &Sandbox, folder: &str) -> Result<()> {
    let secret = plant::github(folder);
    fs::write(s.root().join(folder).join("app.conf"), line(&secret))?;
    let mut command = s.command("sh");
    command.current_dir(s.root().join(folder));
    s.run(command.args(["-c", "git add app.conf && git commit -q -m x"]))?.blocked_at("app.conf:1:")?;
    let mut command = s.command("git");
    s.run(command.current_dir(s.root().join(folder)).args(["rm", "-q", "-f", "app.conf"]))?.ok().map(drop)
}

#[test]
fn every_kind_of_repository_is_found_and_named() -> Result<()> {
    in_sandbox(|s| {
        folder(s)?;
        let root = s.root().join("many");
        let before = picture::of(&root)?;
        let said = leakwarden(s, "install --all ../many --dry-run")?;
        picture::same(&before, &picture::of(&root)?)?;
        ensure!(said.stdout.contains("would install   hooked\n"), "{}", said.stdout);
        let said = leakwarden(s, "install --all ../many")?;
        let text = &said.stdout;
        // The linked worktree comes first, by name; hooks of both are one.
        for line in [
            "installed       hooked\n",
            "installed       linked\n",
            "installed       plain/sub\n",
            "bare            bare.git (",
        ] {
            ensure!(text.contains(line), "{line}: {text}");
        }
        ensure!(text.contains("shared          plain (shares the hooks of"), "{text}");
        ensure!(text.contains("UNREADABLE      broken\n"), "{text}");
        ensure!(text.contains("husky\n") && !text.contains("node_modules"), "{text}");
        ensure!(text.lines().last().is_some_and(|line| line.starts_with("7 repositories: ")), "{text}");
        // What cannot be read is said by the exit code as well.
        said.exits(3)?;
        for folder in ["many/plain", "many/hooked", "many/linked", "many/plain/sub"] {
            blocks(s, folder)?;
        }
        ensure!(s.root().join("many/hooked/.git/hooks/pre-commit.leakwarden-orig").exists());
        Ok(())
    })
}

#[test]
fn a_second_run_changes_nothing_and_uninstalling_everything() -> Result<()> {
    in_sandbox(|s| {
        folder(s)?;
        fs::remove_dir_all(s.root().join("many/broken"))?;
        let root = s.root().join("many");
        let before = picture::of(&root)?;
        leakwarden(s, "install --all ../many")?;
        let installed = picture::of(&root)?;
        ensure!(before != installed);
        let records = fs::read(s.root().join("home/.local/state/leakwarden/ledger.jsonl"))?;
        let said = leakwarden(s, "install --all ../many")?;
        ensure!(said.stdout.contains("current         hooked\n"), "{}", said.stdout);
        picture::same(&installed, &picture::of(&root)?)?;
        ensure!(fs::read(s.root().join("home/.local/state/leakwarden/ledger.jsonl"))? == records, "nothing happened");
        leakwarden(s, "ledger verify")?.ok()?;
        leakwarden(s, "uninstall --all ../many")?;
        picture::same(&before, &picture::of(&root)?)?;
        leakwarden(s, "ledger verify")?.ok()?;
        let events = String::from_utf8_lossy(&fs::read(s.root().join("home/.local/state/leakwarden/ledger.jsonl"))?)
            .into_owned();
        let count = |word: &str| events.matches(&format!("\"event\":\"{word}\"")).count();
        ensure!(count("installed") == count("uninstalled") && count("installed") >= 3, "{events}");
        Ok(())
    })
}

#[test]
fn one_folder_that_cannot_be_written_keeps_none_of_the_others_back() -> Result<()> {
    in_sandbox(|s| {
        folder(s)?;
        // Somebody's file stands where the hooks folder would be.
        let hooks = s.root().join("many/hooked/.git/hooks");
        fs::remove_dir_all(&hooks)?;
        fs::write(&hooks, "mine")?;
        let said = leakwarden(s, "install --all ../many")?;
        ensure!(said.stdout.contains("NOT COVERED     hooked\n"), "{}", said.stdout);
        ensure!(fs::read(&hooks)? == b"mine");
        blocks(s, "many/plain")
    })
}

#[test]
fn each_repositorys_own_policy_counts() -> Result<()> {
    in_sandbox(|s| {
        folder(s)?;
        let plain = s.root().join("many/plain");
        fs::write(plain.join(".leakwarden.toml"), "[commits]\nrefuse_unscanned = true\n")?;
        let mut command = s.command("sh");
        s.run(command.current_dir(&plain).args(["-c", "git add -A && git commit -q -m policy"]))?.ok()?;
        // In the linked worktree another branch is checked out, whose commit has no such policy.
        leakwarden(s, "install --all ../many/plain")?;
        let strict = |name: &str| Path::new(&plain).join(".git/hooks").join(name).exists();
        ensure!(strict("prepare-commit-msg") && !strict("reference-transaction"));
        Ok(())
    })
}

#[test]
fn a_folder_without_repositories_and_one_that_is_not_there() -> Result<()> {
    in_sandbox(|s| {
        let said = leakwarden(s, "install --all ../tmp")?;
        ensure!(said.ok()?.stdout == "0 repositories\n", "{}", said.stdout);
        leakwarden(s, "install --all ../nowhere")?.exits(2)?;
        leakwarden(s, "install --all ../tmp --user")?.exits(2).map(drop)
    })
}

#[test]
fn worktrees_inside_a_bare_repository() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        let script = "set -e\ncd ..\nmkdir many\ngit clone -q --bare repo many/project\ncd many/project\ngit worktree add -q main2 -b work";
        s.run(s.command("sh").args(["-c", script]))?.ok()?;
        let said = leakwarden(s, "install --all ../many")?;
        ensure!(said.ok()?.stdout.contains("installed       project/main2\n"), "{}", said.stdout);
        blocks(s, "many/project/main2")?;
        leakwarden(s, "doctor --all ../many")?.ok().map(drop)
    })
}

#[test]
fn worktrees_whose_hooks_are_elsewhere() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        let script = "set -e\ncd ..\nmkdir many\nmv repo many/a\nmkdir repo\ncd many/a\ngit config core.hooksPath .husky/_\n\
                      git worktree add -q ../b -b b\ngit worktree add -q ../c -b c";
        s.run(s.command("sh").args(["-c", script]))?.ok()?;
        let before = picture::of(&s.root().join("many"))?;
        // It must not wait for itself.
        let said = leakwarden(s, "install --all ../many")?;
        ensure!(
            !said.stdout.contains("another installation") && !said.stdout.contains("cannot write"),
            "{}",
            said.stdout
        );
        let config = fs::read_to_string(s.root().join("many/a/.git/config"))?;
        ensure!(config.matches("hooks.gitconfig").count() <= 1, "{config}");
        if s.git.has(2, 54, "hooks from configuration") {
            blocks(s, "many/a")?;
            blocks(s, "many/c")?;
            for folder in ["many/a", "many/c"] {
                fs::remove_file(s.root().join(folder).join("app.conf")).ok();
            }
        } else {
            leakwarden(s, "uninstall --all ../many")?;
            picture::same(&before, &picture::of(&s.root().join("many"))?)?;
        }
        Ok(())
    })
}

#[test]
fn a_broken_policy_keeps_nobody_from_leaving() -> Result<()> {
    in_sandbox(|s| {
        folder(s)?;
        fs::remove_dir_all(s.root().join("many/broken"))?;
        leakwarden(s, "install --all ../many")?;
        fs::create_dir_all(s.root().join("home/.config/leakwarden"))?;
        fs::write(s.root().join("home/.config/leakwarden/config.toml"), "[")?;
        leakwarden(s, "install --all ../many")?.exits(2)?;
        let said = leakwarden(s, "uninstall --all ../many")?;
        ensure!(said.ok()?.stdout.contains("uninstalled     hooked\n"), "{}", said.stdout);
        Ok(())
    })
}
