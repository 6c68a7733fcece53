//! The question at the terminal: asked where a person can answer, and nowhere else.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Sandbox, in_repository, line, plant, skip};

/// Runs a shell line in a terminal of its own, with what a person types.
fn at_a_terminal(s: &Sandbox, shell: &str, typed: &str) -> Result<Option<Outcome>> {
    if !std::path::Path::new("/usr/bin/script").exists() {
        skip("the question at the terminal: no `script` to make a terminal with");
        return Ok(None);
    }
    let mut command: Command = s.command("/usr/bin/script");
    command.args(["-qec", shell, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/sh");
    s.run_with(&mut command, typed).map(Some)
}

fn planted(s: &Sandbox) -> Result<String> {
    s.write("a.py", line(&plant::github("asked")))?;
    s.git("add a.py")?;
    s.only_id()
}

#[test]
fn an_answer_lets_the_commit_pass_and_is_recorded() -> Result<()> {
    in_repository(|s| {
        let id = planted(s)?;
        let answer = "test-value: made for this scenario\n";
        let Some(outcome) = at_a_terminal(s, "git commit -q -m x", answer)? else { return Ok(()) };
        ensure!(outcome.code == Some(0) && outcome.stdout.contains("Enter keeps"), "{outcome:?}");
        ensure!(
            s.message("HEAD")?.contains(&format!("Leakwarden-Allow: {id} test-value: made")),
            "{}",
            s.message("HEAD")?
        );
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn enter_and_nonsense_keep_it_blocked() -> Result<()> {
    in_repository(|s| {
        planted(s)?;
        for answer in [
            "\n",
            "yes\n",
            "y\n",
            "test-value: x\n",
            "whatever: made for this scenario\n",
            ": made for this\n",
            "\u{4}",
        ] {
            let Some(outcome) = at_a_terminal(s, "git commit -q -m x", answer)? else { return Ok(()) };
            ensure!(outcome.code == Some(1) && outcome.stdout.contains("Enter keeps"), "{answer:?}: {outcome:?}");
        }
        Ok(())
    })
}

#[test]
fn nobody_is_asked_who_cannot_answer() -> Result<()> {
    in_repository(|s| {
        planted(s)?;
        for shell in [
            "CI=1 git commit -q -m x",
            "AI_AGENT=x git commit -q -m x",
            "GIT_TERMINAL_PROMPT=0 git commit -q -m x",
            "git commit -q -m x 2>&1 | cat; exit 1",
            "setsid -w git commit -q -m x",
        ] {
            let Some(outcome) = at_a_terminal(s, shell, "test-value: made for this scenario\n")? else { return Ok(()) };
            ensure!(outcome.code == Some(1) && !outcome.stdout.contains("Enter keeps"), "{shell}: {outcome:?}");
        }
        // Without any terminal.
        let plain = s.commit("")?;
        ensure!(!plain.blocked()?.stderr.contains("Enter keeps"), "{}", plain.stderr);
        // In the background, where reading would stop the job: job control is on, so it is not in front.
        let shell = "set -m; git commit -q -m x & wait $!; exit $?";
        let Some(outcome) = at_a_terminal(s, shell, "test-value: made for this scenario\n")? else { return Ok(()) };
        ensure!(outcome.code == Some(1) && !outcome.stdout.contains("Enter keeps"), "{outcome:?}");
        Ok(())
    })
}

#[test]
fn policy_may_forbid_the_question() -> Result<()> {
    in_repository(|s| {
        s.write(".leakwarden.toml", "[exceptions]\nprompt = false\n")?;
        s.commit_all()?.clean()?;
        planted(s)?;
        let Some(outcome) = at_a_terminal(s, "git commit -q -m x", "test-value: made for this scenario\n")? else {
            return Ok(());
        };
        ensure!(outcome.code == Some(1) && !outcome.stdout.contains("Enter keeps"), "{outcome:?}");
        Ok(())
    })
}
