//! `verify`: commits that exist, for CI and for servers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox, in_repository, line, plant};

#[test]
fn every_commit_of_a_range_is_looked_at() -> Result<()> {
    in_repository(|s| {
        s.git("tag start")?;
        s.write("a.py", line(&plant::github("in-between")))?;
        s.commit_unchecked("adds it")?;
        s.write("a.py", "")?;
        s.commit_unchecked("takes it out again")?;
        s.write("b.txt", "x\n")?;
        s.commit_unchecked("something else")?;
        let outcome = s.verify("start..HEAD")?;
        ensure!(outcome.exits(1)?.stderr.contains("a.py:1:"), "{}", outcome.stderr);
        s.verify("HEAD~2..HEAD")?.ok()?;
        let report = s.verify("start..HEAD --format json")?.report()?;
        let commit = s.ask_git("rev-parse HEAD~2")?;
        ensure!(report.findings()?[0]["commit"] == commit.as_str() && report.receipt("commits") == 3, "{}", report.0);
        s.verify("--tree")?.ok()?;
        s.verify("--tree HEAD~2")?.exits(1)?;
        let sarif = s.verify("start..HEAD --format sarif")?;
        ensure!(sarif.exits(1)?.stdout.contains("2.1.0"), "{}", sarif.stdout);
        let github = s.verify("start..HEAD --format github")?;
        ensure!(github.exits(1)?.stdout.starts_with("::error file=a.py,line=1,"), "{}", github.stdout);
        Ok(())
    })
}

#[test]
fn what_only_a_merge_adds_is_found() -> Result<()> {
    in_repository(|s| {
        s.git("tag start")?;
        s.git("checkout -q -b side")?;
        s.write("side.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q main")?;
        s.write("main.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.git("merge -q --no-commit side")?;
        s.write("evil.py", line(&plant::github("evil")))?;
        s.commit_unchecked("merge")?;
        let outcome = s.verify("start..HEAD")?;
        ensure!(outcome.exits(1)?.stderr.contains("evil.py:1:"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn a_merge_of_what_the_target_has_brings_nothing() -> Result<()> {
    in_repository(|s| {
        s.git("branch side")?;
        s.write("old.py", line(&plant::github("old")))?;
        s.commit_unchecked("before leakwarden came")?;
        s.git("checkout -q side")?;
        s.write("side.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.git("merge -q --no-edit main")?;
        s.verify("main..HEAD")?.ok().map(drop)
    })
}

#[test]
fn a_message_is_looked_at() -> Result<()> {
    in_repository(|s| {
        s.commit_unchecked(&format!("about {}", plant::github("message")))?;
        let outcome = s.verify("HEAD^..HEAD")?;
        ensure!(outcome.exits(1)?.stderr.contains("commit message"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn exceptions_count_as_of_each_commit() -> Result<()> {
    in_repository(|s| {
        s.git("tag start")?;
        s.write("a.py", line(&plant::github("later")))?;
        s.commit_unchecked("without an exception")?;
        s.write("a.py", format!("\n{}", line(&plant::github("later"))))?;
        s.git("add a.py")?;
        let id = s.leakwarden("verify start..HEAD --format json")?.report()?.findings()?[0]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        s.allow(&id, &[])?.ok()?;
        s.commit("")?.clean()?;
        // An exception that comes later does not reach back.
        s.verify("start..HEAD")?.exits(1)?;
        s.verify("HEAD^..HEAD")?.ok()?;
        s.verify("--tree")?.ok().map(drop)
    })
}

#[test]
fn what_cannot_be_scanned_is_not_clean() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.verify("nothing..HEAD")?.exits(3)?;
        s.verify("--tree nothing")?.exits(2)?;
        s.verify("--output=x")?.exits(2)?;
        let url = format!("file://{}", s.path("").display());
        s.run(s.git_command().args(["clone", "-q", "--depth=1", &url, "../shallow"]))?.ok()?;
        let shallow = s.root().join("shallow");
        let verify = |words: &[&str]| s.run(s.command(LEAKWARDEN).current_dir(&shallow).arg("verify").args(words));
        let outcome = verify(&["HEAD"])?;
        ensure!(outcome.exits(3)?.stderr.contains("shallow"), "{}", outcome.stderr);
        verify(&["--tree"])?.ok()?;
        let id = s.ask_git("rev-parse HEAD:a.txt")?;
        let object = s.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
        fs::remove_file(&object)?;
        s.verify("HEAD^..HEAD")?.exits(3).map(drop)
    })
}

#[test]
fn a_server_refuses_a_push() -> Result<()> {
    in_repository(|s| {
        s.git("init -q --bare ../server.git")?;
        let hook = s.root().join("server.git/hooks/pre-receive");
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/install/ci/pre-receive"), &hook)?;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
        std::os::unix::fs::symlink(LEAKWARDEN, s.root().join("bin/leakwarden"))?;
        s.git("remote add server ../server.git")?;
        s.git("push -q server main")?;
        s.git("checkout -q -b topic")?;
        s.write("a.py", line(&plant::github("pushed")))?;
        s.commit_unchecked("past the hook")?;
        s.write("a.py", "")?;
        s.commit_unchecked("and out again")?;
        for command in ["push server topic", "push server topic:main", "push server HEAD:refs/tags/v1"] {
            let outcome = s.try_git(command)?;
            ensure!(outcome.code == Some(1) && outcome.stderr.contains("a.py:1:"), "{command}: {}", outcome.stderr);
        }
        s.git("reset -q --hard main")?;
        s.write("b.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.git("push -q server topic")?;
        // A policy that would let it pass is the pushed branch's own; the server's HEAD has none.
        let wide = "[[exception]]\nrules = [\"github-personal-token\"]\nkind = \"test-value\"\n\
                    reason = \"everything here is only for tests\"\nby = \"Me <me@example.org>\"\n";
        s.write(".leakwarden.toml", format!("{wide}expires = \"{}\"\n", later(s)?))?;
        s.write("a.py", line(&plant::github("pushed")))?;
        s.commit_all()?.clean()?;
        let outcome = s.try_git("push server topic")?;
        ensure!(outcome.code == Some(1) && outcome.stderr.contains("a.py:1:"), "{}", outcome.stderr);
        s.git("push -q server :topic").map(drop)
    })
}

/// A day half a year from now.
fn later(s: &Sandbox) -> Result<String> {
    let outcome = s.run(s.command("date").args(["-u", "-d", "+180 days", "+%Y-%m-%d"]))?;
    Ok(outcome.ok()?.stdout.trim().to_owned())
}
