//! What is no content: hooks that somebody shadows, policies that change; and what silences a warning.

use std::fs;

use anyhow::{Result, ensure};

use crate::daemon::{Daemon, folder, open};
use crate::in_repository;
use crate::kit::{Sandbox, line, plant};

/// The events of the guard in the ledger, oldest first.
fn recorded(s: &Sandbox) -> Result<Vec<String>> {
    Ok(s.records()?
        .iter()
        .filter(|own| own["at"] == "guard")
        .filter_map(|own| own["event"].as_str().map(str::to_owned))
        .collect())
}

/// The id of the only open warning.
fn only_id(s: &Sandbox) -> Result<String> {
    let all: serde_json::Value = serde_json::from_str(&s.leakwarden("guard warnings --json")?.stdout)?;
    let id = &all["repositories"][0]["warnings"][0]["id"];
    Ok(id.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_hook_that_is_shadowed_from_afar_or_removed() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        // The user's own configuration is no file of the repository.
        s.git("config --global core.hooksPath /nowhere")?;
        ensure!(open(s)? == ["hook "], "{:?}", open(s)?);
        s.git("config --global --unset core.hooksPath")?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        fs::remove_file(s.path(".git/hooks/pre-commit"))?;
        ensure!(open(s)? == ["hook "], "{:?}", open(s)?);
        s.install()?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        let wanted = ["shadowed", "guard-withdrawn", "shadowed", "guard-withdrawn"];
        ensure!(recorded(s)? == wanted, "{:?}", recorded(s)?);
        Ok(())
    })
}

#[test]
fn a_repositorys_policy_that_changes_is_told_and_dismissed() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        s.write(".leakwarden.toml", "[block]\nseverity = \"low\"\n")?;
        s.git("add .leakwarden.toml")?;
        ensure!(open(s)? == ["policy .leakwarden.toml"], "{:?}", open(s)?);
        let id = only_id(s)?;
        let dismiss = |id: &str, reason: &str| {
            s.run(s.command(crate::kit::LEAKWARDEN).args(["guard", "dismiss", id, "--reason", reason]))
        };
        dismiss(&id, "short")?.exits(2)?;
        dismiss("00000000", "this is no such id")?.exits(2)?;
        ensure!(open(s)?.len() == 1, "nothing was dismissed");
        dismiss(&id, "we looked at it together")?.ok()?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        ensure!(recorded(s)?[..2] == ["policy-changed", "guard-silenced"], "{:?}", recorded(s)?);
        Ok(())
    })
}

#[test]
fn what_is_in_a_file_is_excepted_with_a_reason() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        s.write("demo.env", line(&plant::github("demo")))?;
        ensure!(open(s)? == ["env-file demo.env"], "{:?}", open(s)?);
        let id = only_id(s)?;
        s.run(s.command(crate::kit::LEAKWARDEN).args(["guard", "dismiss", &id, "--reason", "not a notice at all"]))?
            .exits(2)?;
        s.allow(&id, &[])?.ok()?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        ensure!(recorded(s)? == ["guard-warned", "guard-withdrawn"], "{:?}", recorded(s)?);
        Ok(())
    })
}

#[test]
fn nothing_that_is_kept_shows_a_secret() -> Result<()> {
    in_repository(|s| {
        let policy = s.root().join("home/.config/leakwarden/config.toml");
        fs::create_dir_all(policy.parent().expect("a folder"))?;
        fs::write(&policy, "[guard]\nenv_mode = \"low\"\nreuse = \"low\"\nage = \"low\"\n")?;
        let daemon = Daemon::run(s)?;
        let key = format!("password = \"{}\"\n{}", plant::password("kept"), line(&plant::github("kept")));
        for name in ["a.env", "b.env", "README.md"] {
            s.append(name, &key)?;
        }
        s.write("server.key", plant::private_key("kept"))?;
        let kinds = open(s)?;
        for kind in ["secret", "env-file", "key-file", "env-mode", "reuse"] {
            ensure!(kinds.iter().any(|own| own.starts_with(kind)), "{kind}: {kinds:?}");
        }
        s.leakwarden("guard warnings")?.exits(1)?;
        s.leakwarden("guard status")?;
        daemon.said()?;
        for entry in fs::read_dir(folder(s))? {
            let path = entry?.path();
            if path.is_file() {
                plant::check(&path.display().to_string(), &fs::read(&path)?)?;
            }
        }
        recorded(s)?;
        Ok(())
    })
}

#[test]
fn an_approved_exception_counts_inside_the_sandbox_too() -> Result<()> {
    use anyhow::Context as _;
    in_repository(|s| {
        let key = s.root().join("home/bob");
        s.run(s.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key))?.ok()?;
        let public = fs::read_to_string(key.with_extension("pub"))?;
        let signers = format!("signers = ['bob@leakwarden.invalid {}']", public.trim());
        s.write(".leakwarden.toml", format!("[exceptions]\napproval_kinds = [\"accepted-risk\"]\n{signers}\n"))?;
        s.commit_unchecked("policy")?;
        let _daemon = Daemon::run(s)?;
        s.append("README.md", line(&plant::github("approved")))?;
        ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
        s.git("add -A")?;
        let mut allow = s.command(crate::kit::LEAKWARDEN);
        allow.args([
            "allow",
            &only_id(s)?,
            "--kind",
            "accepted-risk",
            "--reason",
            "the vendor has no other test system",
        ]);
        let said = s.run(&mut allow)?;
        let id =
            said.ok()?.stdout.strip_prefix("exception ").and_then(|rest| rest.get(..8)).context("an id")?.to_owned();
        ensure!(open(s)? == ["secret README.md"], "it waits for a second person: {:?}", open(s)?);
        let mut approve = s.command(crate::kit::LEAKWARDEN);
        approve.args(["approve", &id, "--key"]).arg(&key);
        approve.env("GIT_COMMITTER_EMAIL", "bob@leakwarden.invalid").env("GIT_AUTHOR_EMAIL", "bob@leakwarden.invalid");
        s.run(approve.env("GIT_COMMITTER_NAME", "Bob").env("GIT_AUTHOR_NAME", "Bob"))?.ok()?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn a_hook_warning_is_dismissed_and_survives_a_restart_as_one() -> Result<()> {
    in_repository(|s| {
        let daemon = Daemon::run(s)?;
        fs::remove_file(s.path(".git/hooks/pre-commit"))?;
        ensure!(open(s)? == ["hook "], "{:?}", open(s)?);
        daemon.kill()?;
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)? == ["hook "], "{:?}", open(s)?);
        ensure!(recorded(s)? == ["shadowed"], "told once: {:?}", recorded(s)?);
        let id = only_id(s)?;
        let mut dismiss = s.command(crate::kit::LEAKWARDEN);
        s.run(dismiss.args(["guard", "dismiss", &id, "--reason", "this clone never commits"]))?.ok()?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn a_configuration_that_is_broken_stops_one_repository_and_shows_nothing() -> Result<()> {
    in_repository(|s| {
        s.git("init -q ../other")?;
        s.write("../other/x.txt", "x\n")?;
        let _daemon = Daemon::run(s)?;
        s.leakwarden("guard add ../other")?.ok()?;
        let config = s.path("../other/.git/config");
        let sound = fs::read_to_string(&config)?;
        let token = plant::github("config");
        for broken in [
            "[core]\n\texcludesFile = ~nosuchuser/x\n".to_owned(),
            "[include]\n\tpath = ~nosuchuser/x\n".to_owned(),
            format!("[remote \"o\" url = https://x:{token}@host/a\n"),
            format!("[core]\n\trepositoryformatversion = {token}\n"),
            format!("[core]\n\trepositoryformatversion = 1\n[extensions]\n\t{} = 1\n", token.replace('_', "-")),
        ] {
            fs::write(&config, format!("{sound}{broken}"))?;
            ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
            let status = s.leakwarden("guard status")?;
            ensure!(status.exits(1)?.stdout.contains("error"), "{broken}: {}", status.stdout);
            // Said once more to programs; nothing that is printed here shows a planted value.
            s.leakwarden("guard status --json")?;
        }
        fs::write(&config, sound)?;
        let head = s.path("../other/.git/HEAD");
        fs::remove_file(&head)?;
        s.run(s.command("mkfifo").arg(&head))?.ok()?;
        s.append("README.md", line(&plant::github("beside it")))?;
        ensure!(open(s)? == ["secret README.md"], "the other one is watched: {:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn worktrees_of_what_is_installed_are_watched_too() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        s.git("worktree add -q ../beside -b beside")?;
        crate::daemon::until("it is watched", || {
            Ok(crate::daemon::states(s)?.iter().any(|own| own == "beside watched"))
        })?;
        s.append("../beside/README.md", line(&plant::github("worktree")))?;
        ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
        Ok(())
    })
}
