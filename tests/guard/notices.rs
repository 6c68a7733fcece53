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
