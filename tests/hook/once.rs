//! Exceptions for one commit: typed, carried by the message, and excusing nothing else.

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_repository, line, plant};

fn blocked(s: &Sandbox, seed: &str) -> Result<String> {
    s.write("a.py", line(&plant::github(seed)))?;
    s.git("add a.py")?;
    s.commit("")?.blocked_at("a.py:1:")?;
    s.only_id()
}

#[test]
fn a_typed_exception_becomes_a_trailer() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "typed")?;
        s.commit_allowing(&format!("{} test-value: made for this scenario", &id[..6]))?.clean()?;
        let message = s.message("HEAD")?;
        let trailer = format!("\n\nLeakwarden-Allow: {id} test-value: made for this scenario\nLeakwarden-Ledger: ");
        ensure!(message.contains(&trailer), "{message}");
        s.verify("HEAD^..HEAD")?.ok()?;
        s.verify("--tree")?.ok().map(drop)
    })
}

#[test]
fn the_variable_is_its_twin() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "variable")?;
        let commit =
            |text: &str| s.run(s.git_command().env("LEAKWARDEN_ALLOW", text).args(["commit", "-q", "-m", "a change"]));
        for wrong in
            ["1", "true", "*", "test-value: everything here may pass", "00000000 test-value: another id altogether"]
        {
            commit(wrong)?.code.filter(|&code| code == 1).ok_or_else(|| anyhow::anyhow!("{wrong} excused it"))?;
        }
        commit(&format!("{id} test-value: made for this scenario"))?.clean()
    })
}

#[test]
fn a_standing_setting_excuses_nothing() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "standing")?;
        let text = format!("{id} test-value: made for this scenario");
        s.run(s.git_command().args(["config", "leakwarden.allow", &text]))?.ok()?;
        s.commit("")?.blocked_at("a.py:1:")?;
        s.run(s.git_command().args(["config", "--global", "leakwarden.allow", &text]))?.ok()?;
        s.commit("")?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn it_covers_the_named_findings_alone() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "named")?;
        s.append("a.py", line(&plant::github("other")))?;
        s.git("add a.py")?;
        let text = format!("{id} test-value: made for this scenario");
        s.commit_allowing(&text)?.blocked_at("a.py:2:")?.not_at("a.py:1:")?;
        let ids = s.ids()?;
        s.commit_allowing(&format!("{} test-value: made for this scenario", ids.join(",")))?.clean()?;
        // The next commit with the same setting is not excused for anything new.
        s.append("a.py", line(&plant::github("third")))?;
        s.git("add a.py")?;
        s.commit_allowing(&text)?.blocked_at("a.py:3:").map(drop)
    })
}

#[test]
fn it_survives_amend_and_rebase_and_squash() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b topic")?;
        let id = blocked(s, "survives")?;
        s.commit_allowing(&format!("{id} test-value: made for this scenario"))?.clean()?;
        s.append("README.md", "more\n")?;
        s.git("add README.md")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))?.ok()?;
        ensure!(s.message("HEAD")?.contains("Leakwarden-Allow"), "amend keeps it");
        s.git("checkout -q main")?;
        s.write("main.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q topic")?;
        s.git("rebase -q main")?;
        s.verify("main..HEAD")?.ok()?;
        s.git("checkout -q main")?;
        s.git("merge -q --squash topic")?;
        // The squash message holds it, indented.
        s.run(s.git_command().env("GIT_EDITOR", "true").args(["commit", "-q"]))?.clean()?;
        s.verify("HEAD^..HEAD")?.ok()?;
        ensure!(!s.message("HEAD")?.is_empty(), "it has a message");
        Ok(())
    })
}

#[test]
fn an_amend_with_a_new_message_keeps_what_it_needs() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "amended")?;
        s.commit_allowing(&format!("{id} test-value: made for this scenario"))?.clean()?;
        s.commit("--amend -m anew")?.ok()?;
        ensure!(s.message("HEAD")?.contains(&format!("Leakwarden-Allow: {id}")), "{}", s.message("HEAD")?);
        s.verify("HEAD^..HEAD")?.ok()?;
        // What is taken out needs no exception.
        s.git("rm -q a.py")?;
        s.commit("--amend --allow-empty -m gone")?.ok()?;
        ensure!(!s.message("HEAD")?.contains("Leakwarden-Allow"), "{}", s.message("HEAD")?);
        Ok(())
    })
}

#[test]
fn settings_of_trailers_do_not_lose_it() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "settings")?;
        let text = format!("{id} test-value: made for this scenario");
        s.git("config trailer.leakwarden-allow.key Another")?;
        let refused = s.commit_allowing(&text)?;
        ensure!(refused.code == Some(1) && refused.stderr.contains("^trailer"), "{}", refused.stderr);
        s.git("config --unset trailer.leakwarden-allow.key")?;
        for setting in
            ["ifmissing doNothing", "ifexists doNothing", "where before", "leakwarden-allow.ifmissing doNothing"]
        {
            s.git(&format!("config trailer.{setting}"))?;
        }
        s.commit_allowing(&text)?.clean()?;
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn a_diff_below_the_message_is_not_the_message() -> Result<()> {
    in_repository(|s| {
        let seed = line(&plant::github("verbose"));
        s.write("a.py", &seed)?;
        s.git("add a.py")?;
        let id = s.only_id()?;
        let text = format!("{id} test-value: made for this scenario");
        // An unchanged line beside the change, which `commit -v` shows with a blank before it.
        s.git("rm -q --cached a.py")?;
        std::fs::remove_file(s.path("a.py"))?;
        s.write("notes.md", format!("Leakwarden-Allow: {text}\nend\n"))?;
        s.commit_all()?.clean()?;
        s.append("notes.md", "more\n")?;
        s.write("a.py", &seed)?;
        s.git("add -A")?;
        let setting = format!("leakwarden.allow={text}");
        let mut command = s.git_command();
        command.env("GIT_EDITOR", "sed -i 1s/^/subject/");
        s.run(command.args(["-c", &setting, "commit", "-q", "-v"]))?.clean()?;
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn a_squash_with_a_message_of_its_own_keeps_it() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b topic")?;
        let id = blocked(s, "squash-own")?;
        s.commit_allowing(&format!("{id} test-value: made for this scenario"))?.clean()?;
        s.git("checkout -q main")?;
        s.git("merge -q --squash topic")?;
        s.commit("")?.clean()?;
        ensure!(s.message("HEAD")?.contains(&format!("Leakwarden-Allow: {id}")), "{}", s.message("HEAD")?);
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn a_conflicted_pick_keeps_it() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b topic")?;
        s.write("c.txt", "topic\n")?;
        s.git("add c.txt")?;
        let id = blocked(s, "picked")?;
        s.commit_allowing(&format!("{id} test-value: made for this scenario"))?.clean()?;
        s.git("checkout -q main")?;
        s.write("c.txt", "main\n")?;
        s.commit_all()?.clean()?;
        s.try_git("cherry-pick topic")?.exits(1)?;
        s.write("c.txt", "both\n")?;
        s.git("add c.txt")?;
        s.run(s.git_command().env("GIT_EDITOR", "true").args(["cherry-pick", "--continue"]))?.clean()?;
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn left_for_the_next_commit() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "left")?;
        s.allow(&id, &["--once"])?.ok()?;
        s.commit("")?.clean()?;
        ensure!(s.message("HEAD")?.contains(&format!("Leakwarden-Allow: {id}")), "it travels with the commit");
        s.verify("HEAD^..HEAD")?.ok()?;
        // It is used up.
        s.git("rm -q a.py")?;
        s.commit("")?.clean()?;
        s.write("a.py", line(&plant::github("left")))?;
        s.commit_all()?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn a_secret_in_the_message_is_excepted_once() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "x\n")?;
        s.git("add a.txt")?;
        let message = format!("about {}", plant::github("message"));
        let commit = || s.run(s.git_command().args(["commit", "-q", "-m", &message]));
        let outcome = commit()?;
        outcome.blocked()?;
        let id = outcome
            .stderr
            .split("leakwarden allow ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_default()
            .to_owned();
        s.allow(&id, &["--once"])?.ok()?;
        commit()?.ok()?;
        s.run(s.command(crate::kit::LEAKWARDEN).args(["verify", "HEAD^..HEAD"]))?.ok().map(drop)
    })
}

#[test]
fn automation_may_not() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "automation")?;
        let text = format!("{id} test-value: made for this scenario");
        for variable in ["CI", "AI_AGENT", "GITHUB_ACTIONS", "CLAUDECODE", "CURSOR_AGENT"] {
            let setting = format!("leakwarden.allow={text}");
            let commit =
                s.run(s.git_command().env(variable, "1").args(["-c", &setting, "commit", "-q", "-m", "a change"]))?;
            ensure!(commit.code == Some(1) && commit.stderr.contains("automation"), "{variable}: {}", commit.stderr);
            let allow = s.run(s.command(crate::kit::LEAKWARDEN).env(variable, "1").args([
                "allow",
                &id,
                "--kind",
                "test-value",
                "--reason",
                "made for the scenario",
            ]))?;
            allow.exits(2)?;
        }
        let told = s.run(s.git_command().env("AI_AGENT", "x").args(["commit", "-q", "-m", "a change"]))?;
        ensure!(!told.blocked()?.stderr.contains("leakwarden allow"), "an agent is told how to fix: {}", told.stderr);
        Ok(())
    })
}
