//! What an open-source project's policy allows and refuses: with every contributor's own machine.

use anyhow::{Context as _, Result, ensure};

use crate::kit::{Outcome, Sandbox, in_repository, line, plant};

const POLICY: &str = include_str!("../../install/policies/open-source.toml");
const FILE: &str = ".leakwarden.toml";

/// The project's repository with its policy, a staged token, and the id of what is found.
fn project(s: &Sandbox) -> Result<String> {
    s.write(FILE, POLICY)?;
    s.commit_unchecked("policy")?;
    s.write("a.py", line(&plant::github("open")))?;
    s.git("add a.py")?;
    s.only_id()
}

fn allow(s: &Sandbox, id: &str, kind: &str, reason: &str, more: &[&str]) -> Result<Outcome> {
    let mut command = s.command(crate::kit::LEAKWARDEN);
    s.run(command.args(["allow", id, "--kind", kind, "--reason", reason]).args(more))
}

const GOOD: &str = "made up for the tests of the parser";

#[test]
fn it_is_a_good_policy() -> Result<()> {
    in_repository(|s| {
        project(s)?;
        s.leakwarden("policy check .leakwarden.toml")?.ok()?;
        // With its example uncommented, too.
        let is_example = |line: &str| line.starts_with("# [") || (line.starts_with("# ") && line.contains(" = "));
        let open: String =
            POLICY.lines().map(|line| format!("{}\n", if is_example(line) { &line[2..] } else { line })).collect();
        s.write(FILE, open)?;
        s.leakwarden("policy check .leakwarden.toml")?.ok().map(drop)
    })
}

#[test]
fn it_lets_a_contribution_pass() -> Result<()> {
    in_repository(|s| {
        s.write(FILE, POLICY)?;
        s.commit_all()?.clean()?;
        s.write("lib.py", "token = load(\"TOKEN\")\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn it_refuses_a_secret_and_asks_for_a_private_report() -> Result<()> {
    in_repository(|s| {
        project(s)?;
        let outcome = s.commit("")?;
        ensure!(outcome.blocked_at("a.py:1:")?.stderr.contains("SECURITY.md"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn it_allows_what_is_no_secret_where_reviewers_see_it() -> Result<()> {
    for kind in ["test-value", "false-positive", "revoked"] {
        in_repository(|s| {
            let id = project(s)?;
            allow(s, &id, kind, GOOD, &[])?.ok()?;
            s.commit("")?.clean()?;
            ensure!(
                s.ask_git("show --name-only --format= HEAD")?.contains(".leakwarden/exceptions.toml"),
                "it is in the commit"
            );
            s.leakwarden("verify HEAD~1..HEAD")?.ok().map(drop)
        })?;
    }
    Ok(())
}

#[test]
fn it_refuses_to_live_with_a_real_one() -> Result<()> {
    in_repository(|s| {
        let id = project(s)?;
        for kind in ["accepted-risk", "fix-later"] {
            let outcome = allow(s, &id, kind, GOOD, &[])?;
            ensure!(outcome.exits(2)?.stderr.contains("kind"), "{kind}: {}", outcome.stderr);
        }
        s.commit("")?.blocked().map(drop)
    })
}

#[test]
fn it_refuses_short_reasons_and_long_times() -> Result<()> {
    in_repository(|s| {
        let id = project(s)?;
        ensure!(allow(s, &id, "test-value", "just made up", &[])?.exits(2)?.stderr.contains("20"), "a short reason");
        ensure!(
            allow(s, &id, "test-value", GOOD, &["--expires", "181d"])?.exits(2)?.stderr.contains("180 days"),
            "a long time"
        );
        allow(s, &id, "test-value", GOOD, &["--expires", "180d"])?.ok().map(drop)
    })
}

#[test]
fn it_refuses_what_only_a_message_knows() -> Result<()> {
    in_repository(|s| {
        let id = project(s)?;
        s.commit_allowing(&format!("{id} test-value: {GOOD}"))?.blocked().map(drop)
    })
}

#[test]
fn it_refuses_every_exception_for_a_private_key() -> Result<()> {
    in_repository(|s| {
        project(s)?;
        s.git("rm -q --cached a.py")?;
        s.write("key.txt", plant::private_key("open"))?;
        s.git("add key.txt")?;
        let report = s.staged()?;
        let id = report.findings()?[0]["id"].as_str().context("an id")?.to_owned();
        let outcome = allow(s, &id, "test-value", GOOD, &[])?;
        ensure!(outcome.exits(2)?.stderr.contains("generic-private-key"), "{}", outcome.stderr);
        s.commit("")?.blocked().map(drop)
    })
}

#[test]
fn it_refuses_to_be_loosened_by_a_contribution() -> Result<()> {
    in_repository(|s| {
        let id = project(s)?;
        s.git("branch base")?;
        // The change takes the policy out and excepts what the policy refuses; CI holds it to its target.
        std::fs::remove_file(s.path(FILE))?;
        s.git("add -A")?;
        allow(s, &id, "fix-later", GOOD, &[])?.ok()?;
        s.commit("")?.ok()?;
        let outcome = s.leakwarden("verify base..HEAD --policy-from base")?;
        ensure!(outcome.code == Some(1), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn it_raises_what_the_guard_says_of_keys() -> Result<()> {
    in_repository(|s| {
        project(s)?;
        let shown = s.leakwarden("policy show --origin")?;
        let line = shown.stdout.lines().find(|line| line.starts_with("guard.key_files = high"));
        ensure!(line.is_some_and(|line| line.contains(FILE)), "{}", shown.stdout);
        Ok(())
    })
}
