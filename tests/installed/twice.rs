//! Where a hook runs twice for one commit, each looks, and a person is told once.

use anyhow::{Result, ensure};

use crate::kit::{in_sandbox, line, plant};

#[test]
fn a_block_is_told_once_and_recorded_once() -> Result<()> {
    in_sandbox(|s| {
        if !s.git.has(2, 54, "hooks from configuration") {
            return Ok(());
        }
        s.start()?;
        s.leakwarden("install --user")?.ok()?;
        s.write("app.conf", line(&plant::github("twice")))?;
        s.git("add app.conf")?;
        let said = s.commit("")?;
        said.blocked_at("app.conf:1:")?;
        ensure!(said.stderr.matches("app.conf:1:").count() == 1, "told twice: {}", said.stderr);
        ensure!(said.stderr.contains("the same again"), "{}", said.stderr);
        ensure!(s.events()? == ["blocked"], "{:?}", s.events()?);
        // A second commit is another process of git: it is told again.
        let said = s.commit("")?;
        said.blocked_at("app.conf:1:")?;
        // A message, too.
        s.git("rm -q -f app.conf")?;
        s.write("b", "b\n")?;
        s.git("add b")?;
        let message = plant::github("twice-message");
        let said = s.run(s.git_command().args(["commit", "-q", "-m", &message]))?;
        ensure!(said.code != Some(0) && said.stderr.matches("1 secret").count() <= 1, "{}", said.stderr);
        // And what is clean, or excepted, passes as ever.
        s.commit("")?.ok().map(drop)
    })
}

#[test]
fn an_exception_for_one_commit_is_used_once() -> Result<()> {
    in_sandbox(|s| {
        if !s.git.has(2, 54, "hooks from configuration") {
            return Ok(());
        }
        s.start()?;
        s.leakwarden("install --user")?.ok()?;
        s.write("app.conf", line(&plant::github("twice-once")))?;
        s.git("add app.conf")?;
        let said = s.commit("")?;
        let id = said
            .stderr
            .split("leakwarden allow ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_default()
            .to_owned();
        s.run(s.command(crate::kit::LEAKWARDEN).args([
            "allow",
            &id,
            "--kind",
            "test-value",
            "--once",
            "--reason",
            "a value of the sandbox",
        ]))?
        .ok()?;
        s.commit("")?.ok()?;
        let message = s.ask_git("log -1 --format=%B")?;
        ensure!(message.matches("Leakwarden-Allow:").count() == 1, "{message}");
        ensure!(s.events()? == ["blocked", "excepted"], "{:?}", s.events()?);
        Ok(())
    })
}
