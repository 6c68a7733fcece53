//! pre-push, the last local net, with real pushes to real repositories.

use std::fs;

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Sandbox, in_repository, line, plant};

/// A repository with a remote that has everything, and a receipt for nothing.
fn with_a_remote(s: &Sandbox) -> Result<()> {
    s.git("clone -q --bare . ../shared.git")?;
    s.git("remote add origin ../shared.git")?;
    s.git("fetch -q")
}

/// A commit past every hook, which nobody knows of.
fn behind(s: &Sandbox, path: &str, text: &str) -> Result<()> {
    s.write(path, text)?;
    s.commit_unchecked("a change")
}

fn push(s: &Sandbox, words: &str) -> Result<Outcome> {
    s.try_git(&format!("push -q {words}"))
}

/// leakwarden stopped the push.
fn stopped<'o>(outcome: &'o Outcome, place: &str) -> Result<&'o Outcome> {
    ensure!(outcome.code != Some(0), "should have been stopped: {}", outcome.stderr);
    ensure!(outcome.stderr.contains("push blocked"), "leakwarden should have said so: {}", outcome.stderr);
    ensure!(outcome.stderr.contains(place), "`{place}` should be named: {}", outcome.stderr);
    Ok(outcome)
}

fn silent(outcome: &Outcome) -> Result<()> {
    outcome.ok()?;
    ensure!(!outcome.stderr.contains("leakwarden"), "should be silent: {}", outcome.stderr);
    Ok(())
}

#[test]
fn skipped_pushed_stopped() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        s.write("conf", line(&plant::github("pushed")))?;
        s.git("add conf")?;
        s.commit("--no-verify")?.ok()?;
        stopped(&push(s, "origin main")?, "conf:1:")?;
        ensure!(s.ask_git("ls-remote origin main")?.starts_with(&s.ask_git("rev-parse HEAD~1")?), "nothing went out");
        let events = s.events()?;
        ensure!(events == ["skipped by no-verify", "exposure-opened", "blocked", "unscanned"], "{events:?}");
        // Taken out, it goes.
        s.write("conf", "clean\n")?;
        s.run(s.git_command().args(["commit", "-q", "-a", "--amend", "--no-edit"]))?.ok()?;
        silent(&push(s, "origin main")?)
    })
}

#[test]
fn what_was_scanned_goes_in_silence() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        for name in ["a", "b", "c"] {
            s.write(name, "clean\n")?;
            s.commit_all()?.clean()?;
        }
        silent(&push(s, "origin main")?)?;
        silent(&push(s, "origin main")?)?;
        silent(&push(s, "origin main:refs/heads/new")?)?;
        silent(&push(s, "origin --delete new")?)?;
        ensure!(s.events()?.is_empty(), "{:?}", s.events()?);
        Ok(())
    })
}

#[test]
fn an_excepted_commit_goes() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        s.write("conf", line(&plant::github("excepted-push")))?;
        s.git("add conf")?;
        let id = s.only_id()?;
        s.commit_allowing(&format!("{id} test-value: made for a scenario"))?.ok()?;
        silent(&push(s, "origin main")?)
    })
}

#[test]
fn every_kind_of_push() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        behind(s, "conf", &line(&plant::github("kinds")))?;
        for words in [
            "origin main",
            "origin HEAD:refs/heads/new",
            "origin main:refs/heads/elsewhere",
            "../shared.git main",
            "--force origin main",
            "--all origin",
            "--mirror origin",
            "--dry-run origin main",
        ] {
            stopped(&push(s, words)?, "conf:1:")?;
        }
        // A tag on it, of both kinds.
        s.git("tag light")?;
        s.git("tag -a -m heavy heavy")?;
        for words in ["origin light", "origin heavy", "--tags origin"] {
            stopped(&push(s, words)?, "conf:1:")?;
        }
        // Deep below clean commits, and off a detached HEAD.
        s.write("more", "clean\n")?;
        s.commit_all()?;
        stopped(&push(s, "origin main")?, "conf:1:")?;
        s.git("checkout -q --detach")?;
        stopped(&push(s, "origin HEAD:refs/heads/new")?, "conf:1:")?;
        // The remote has it by now, somehow: nothing is left to stop.
        s.git("checkout -q main")?;
        push(s, "--no-verify origin main")?.ok()?;
        s.write("yet-more", "clean\n")?;
        s.commit_all()?;
        push(s, "origin main")?.ok()?;
        Ok(())
    })
}

#[test]
fn a_fork_has_what_the_other_remote_has() -> Result<()> {
    in_repository(|s| {
        behind(s, "conf", &line(&plant::github("fork")))?;
        with_a_remote(s)?;
        s.git("init -q --bare ../fork.git")?;
        s.git("remote add fork ../fork.git")?;
        silent(&push(s, "fork main")?)
    })
}

#[test]
fn messages_tags_and_names() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        let token = plant::github("words");
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        // The tree is covered by its receipt; the message is not.
        s.run(s.git_command().args([
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "-q",
            "--amend",
            "-m",
            &line(&token),
        ]))?
        .ok()?;
        s.forget()?;
        stopped(&push(s, "origin main")?, "commit message, line 1")?;
        s.git("reset -q --hard HEAD~1")?;
        s.run(s.git_command().args(["tag", "-a", "noted", "-m", &line(&token)]))?.ok()?;
        stopped(&push(s, "origin noted")?, "tag message")?;
        s.run(s.git_command().args(["branch", &format!("fix-{token}")]))?.ok()?;
        let outcome = s.run(s.git_command().args(["push", "-q", "origin", &format!("main:refs/heads/fix-{token}")]))?;
        stopped(&outcome, "the name of the branch or tag")?;
        silent(&push(s, "origin main:refs/heads/clean")?)
    })
}

#[test]
fn what_is_no_commit_is_not_let_out_unseen() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        s.write("loose", line(&plant::github("blob")))?;
        let blob = s.ask_git("hash-object -w loose")?;
        s.git(&format!("tag blob {blob}"))?;
        let outcome = push(s, "origin blob")?;
        ensure!(outcome.code != Some(0) && outcome.stderr.contains("could not scan"), "{}", outcome.stderr);
        let name = format!("v-{}", plant::github("named"));
        s.git(&format!("tag {name} {blob}"))?;
        ensure!(push(s, &format!("origin {name}"))?.code != Some(0), "the name is a finding, and not shown");
        // More refs than a command line holds.
        s.write("../refs", (0..3000).map(|n| format!("create refs/tags/t{n} HEAD\n")).collect::<String>())?;
        s.run_with(s.git_command().args(["update-ref", "--stdin"]), &fs::read_to_string(s.root().join("refs"))?)?
            .ok()?;
        s.git("tag -d blob")?;
        s.git(&format!("update-ref -d refs/tags/{name}"))?;
        silent(&push(s, "origin --tags")?)
    })
}

#[test]
fn a_shallow_clone_pushes() -> Result<()> {
    in_repository(|s| {
        for name in ["a", "b"] {
            s.write(name, "clean\n")?;
            s.commit_all()?.clean()?;
        }
        s.git("clone -q --bare . ../shared.git")?;
        s.git("init -q --bare ../empty.git")?;
        let url = format!("file://{}", s.root().join("shared.git").display());
        s.git(&format!("clone -q --depth 1 {url} ../shallow"))?;
        let shallow = |words: &[&str]| s.run(s.git_command().current_dir(s.root().join("shallow")).args(words));
        s.run(s.command(crate::kit::LEAKWARDEN).current_dir(s.root().join("shallow")).arg("install"))?.ok()?;
        fs::write(s.root().join("shallow/new"), "clean\n")?;
        shallow(&["add", "new"])?.ok()?;
        shallow(&["commit", "-q", "-m", "new"])?.ok()?;
        silent(&shallow(&["push", "-q", "origin", "main"])?)?;
        // With no remote to know anything, the edge of the clone counts as a first commit.
        shallow(&["remote", "remove", "origin"])?.ok()?;
        shallow(&["push", "-q", "../empty.git", "main:refs/heads/x"])?;
        fs::write(s.root().join("shallow/conf"), line(&plant::github("shallow")))?;
        shallow(&["add", "conf"])?.ok()?;
        shallow(&["commit", "-q", "-n", "-m", "conf"])?.ok()?;
        stopped(&shallow(&["push", "-q", "../empty.git", "main:refs/heads/y"])?, "conf:1:").map(drop)
    })
}

#[test]
fn the_chained_hook_gets_what_git_says() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        s.script(
            "repo/.git/hooks/pre-push.leakwarden-orig",
            "echo \"$@\" >../args; cat >../said; exit \"$(cat ../code)\"",
        )?;
        fs::write(s.root().join("code"), "0")?;
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        push(s, "origin main")?.ok()?;
        let said = fs::read_to_string(s.root().join("said"))?;
        let head = s.ask_git("rev-parse HEAD")?;
        ensure!(
            said.starts_with(&format!("refs/heads/main {head} refs/heads/main ")) && said.ends_with('\n'),
            "{said}"
        );
        ensure!(fs::read_to_string(s.root().join("args"))?.starts_with("origin "), "its arguments");
        push(s, "origin main")?.ok()?;
        ensure!(fs::read_to_string(s.root().join("said"))?.is_empty(), "nothing new is said as nothing");
        fs::write(s.root().join("code"), "7")?;
        s.write("b", "clean\n")?;
        s.commit_all()?.clean()?;
        ensure!(push(s, "origin main")?.code != Some(0), "the chained hook is obeyed");
        Ok(())
    })
}

#[test]
fn commits_that_nobody_scanned_are_summed_with_a_push() -> Result<()> {
    in_repository(|s| {
        with_a_remote(s)?;
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        for name in ["b", "c"] {
            s.write(name, "clean\n")?;
            s.git(&format!("add {name}"))?;
            s.commit("--no-verify")?.ok()?;
        }
        ensure!(s.events()?.is_empty(), "nothing yet: {:?}", s.events()?);
        silent(&push(s, "origin main")?)?;
        let records = s.records()?;
        ensure!(records.len() == 1 && records[0]["event"] == "unscanned", "{records:?}");
        let commits = &records[0]["commits"];
        ensure!(commits["unscanned"] == 2 && commits["scanned"] == 1, "{commits}");
        Ok(())
    })
}
