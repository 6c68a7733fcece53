//! Starting, stopping, killing; repositories that come, go, move and come back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use crate::daemon::{Daemon, folder, states, status, sync, until};
use crate::{in_repository, in_sandbox};

#[test]
fn started_asked_and_stopped() -> Result<()> {
    in_repository(|s| {
        s.leakwarden("guard status")?.exits(3)?;
        s.leakwarden("guard warnings")?.exits(3)?;
        let started = s.leakwarden("guard start")?;
        ensure!(started.ok()?.stdout.starts_with("the guard runs as process "), "{}", started.stdout);
        let again = s.leakwarden("guard start")?;
        ensure!(again.ok()?.stdout.starts_with("the guard runs already"), "{}", again.stdout);
        sync(s)?;
        ensure!(states(s)? == ["repo watched"], "{:?}", states(s)?);
        s.leakwarden("guard status")?.ok()?;
        let mode = |path| Ok::<_, anyhow::Error>(fs::metadata(path)?.permissions().mode() & 0o777);
        ensure!(mode(folder(s))? == 0o700 && mode(folder(s).join("guard.sock"))? == 0o600);
        ensure!(mode(folder(s).join("registry.toml"))? == 0o600 && mode(folder(s).join("lock"))? == 0o600);
        s.leakwarden("guard stop")?.ok()?;
        s.leakwarden("guard status")?.exits(3)?;
        ensure!(s.leakwarden("guard stop")?.ok()?.stdout.contains("does not run"));
        Ok(())
    })
}

#[test]
fn one_instance_a_user() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        let second = s.leakwarden("guard run")?;
        ensure!(second.exits(2)?.stderr.contains("runs already as process"), "{}", second.stderr);
        sync(s)
    })
}

#[test]
fn killed_and_started_anew() -> Result<()> {
    in_repository(|s| {
        Daemon::run(s)?.kill()?;
        s.leakwarden("guard status")?.exits(3)?;
        let daemon = Daemon::run(s)?;
        sync(s)?;
        ensure!(states(s)? == ["repo watched"]);
        s.leakwarden("guard stop")?.ok()?;
        daemon.ends()
    })
}

#[test]
fn installing_registers_and_uninstalling_takes_out() -> Result<()> {
    in_repository(|s| {
        let list = |s: &crate::kit::Sandbox| Ok::<_, anyhow::Error>(s.leakwarden("guard list")?.ok()?.stdout.clone());
        let top = s.path("").canonicalize()?;
        ensure!(list(s)?.contains(&format!("repository {}", top.display())), "{}", list(s)?);
        let written = fs::metadata(folder(s).join("registry.toml"))?.modified()?;
        s.install()?;
        ensure!(fs::metadata(folder(s).join("registry.toml"))?.modified()? == written, "it was written again");
        let _daemon = Daemon::run(s)?;
        s.leakwarden("uninstall")?.ok()?;
        sync(s)?;
        ensure!(states(s)?.is_empty(), "{:?}", states(s)?);
        s.leakwarden("install")?.ok()?;
        sync(s)?;
        ensure!(states(s)? == ["repo watched"], "{:?}", states(s)?);
        s.leakwarden("guard remove .")?.ok()?;
        s.leakwarden("guard remove .")?.exits(2)?;
        ensure!(list(s)?.contains("nothing is watched"));
        sync(s)?;
        ensure!(states(s)?.is_empty());
        Ok(())
    })
}

#[test]
fn an_installation_that_cannot_register_is_one_all_the_same() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        fs::create_dir_all(folder(s))?;
        fs::write(folder(s).join("registry.toml"), "version = 1\nrepository = 7\n")?;
        let outcome = s.leakwarden("install")?;
        ensure!(outcome.ok()?.stdout.contains("the guard does not know of this"), "{}", outcome.stdout);
        Ok(())
    })
}

#[test]
fn a_damaged_registry_is_said_and_the_last_one_counts() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        sync(s)?;
        let path = folder(s).join("registry.toml");
        let good = fs::read(&path)?;
        for (text, word) in [("version = 9\n", "newer"), ("version = 1\nrepo", "damaged")] {
            fs::write(&path, text)?;
            sync(s)?;
            let outcome = s.leakwarden("guard status")?;
            ensure!(outcome.exits(1)?.stdout.contains(word), "{}", outcome.stdout);
            ensure!(states(s)? == ["repo watched"]);
            let refused = s.leakwarden("guard add .")?;
            ensure!(refused.exits(2)?.stderr.contains(word), "{}", refused.stderr);
        }
        fs::write(&path, good)?;
        sync(s)?;
        s.leakwarden("guard status")?.ok().map(drop)
    })
}

#[test]
fn paused_and_resumed() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        sync(s)?;
        s.leakwarden("guard pause --for 30m")?.ok()?;
        until("it is paused", || Ok(status(s)?["paused_until"].is_string()))?;
        s.leakwarden("guard status")?.exits(1)?;
        s.leakwarden("guard sync")?.exits(2)?;
        s.leakwarden("guard resume")?.ok()?;
        until("it is resumed", || Ok(status(s)?["paused_until"].is_null()))?;
        sync(s)?;
        s.leakwarden("guard pause --until-tomorrow")?.ok()?;
        s.leakwarden("guard pause --for 30x")?.exits(2)?;
        Ok(())
    })
}

#[test]
fn a_repository_that_is_moved_away_is_missing_and_watched_when_it_is_back() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        sync(s)?;
        let (here, there) = (s.root().join("repo"), s.root().join("elsewhere"));
        fs::rename(&here, &there)?;
        fs::create_dir(&here)?;
        until("it is missing", || Ok(states(s)? == ["repo missing"]))?;
        s.leakwarden("guard status")?.exits(1)?;
        fs::remove_dir(&here)?;
        fs::rename(&there, &here)?;
        until("it is watched", || Ok(states(s)? == ["repo watched"]))
    })
}

#[test]
fn a_repository_that_is_deleted_and_cloned_again_is_watched() -> Result<()> {
    in_repository(|s| {
        s.run(s.git_command().args(["clone", "-q", ".", "../copy"]))?.ok()?;
        let _daemon = Daemon::run(s)?;
        s.leakwarden("guard add ../copy")?.ok()?;
        sync(s)?;
        ensure!(states(s)? == ["copy watched", "repo watched"], "{:?}", states(s)?);
        fs::remove_dir_all(s.root().join("copy"))?;
        s.run(s.git_command().args(["clone", "-q", ".", "../copy"]))?.ok()?;
        s.run(s.git_command().args(["-C", "../copy", "status"]))?.ok()?;
        until("it is watched again", || Ok(states(s)? == ["copy watched", "repo watched"]))?;
        // Its folders are those of the new clone.
        sync(s)?;
        let before = status(s)?["watches"].as_u64();
        fs::create_dir_all(s.root().join("copy/.git/info"))?;
        sync(s)?;
        ensure!(status(s)?["watches"].as_u64() >= before);
        Ok(())
    })
}

#[test]
fn clones_below_a_root_are_found() -> Result<()> {
    in_repository(|s| {
        fs::create_dir_all(s.root().join("src/org/node_modules"))?;
        s.leakwarden("guard add --root ../src")?.ok()?;
        let _daemon = Daemon::run(s)?;
        sync(s)?;
        ensure!(states(s)? == ["repo watched"]);
        for path in ["../src/one", "../src/org/two", "../src/org/node_modules/three"] {
            s.run(s.git_command().args(["clone", "-q", ".", path]))?.ok()?;
        }
        until("both are watched", || Ok(states(s)? == ["repo watched", "one watched", "two watched"]))?;
        s.leakwarden("guard remove ../src/one")?.ok()?;
        sync(s)?;
        ensure!(states(s)? == ["repo watched", "two watched"], "{:?}", states(s)?);
        s.leakwarden("guard remove ../src")?.ok()?;
        sync(s)?;
        ensure!(states(s)? == ["repo watched"], "{:?}", states(s)?);
        Ok(())
    })
}

#[test]
fn a_policy_with_a_mistake_is_said_and_read_again_when_mended() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        sync(s)?;
        let path = s.root().join("home/.config/leakwarden/config.toml");
        fs::create_dir_all(path.parent().expect("a folder"))?;
        sync(s)?;
        fs::write(&path, "version = 1\nno = 1\n")?;
        sync(s)?;
        let outcome = s.leakwarden("guard status")?;
        ensure!(outcome.exits(1)?.stdout.contains("config.toml"), "{}", outcome.stdout);
        fs::write(&path, "version = 1\n")?;
        sync(s)?;
        s.leakwarden("guard status")?.ok().map(drop)
    })
}

#[test]
fn nothing_is_written_into_a_repository() -> Result<()> {
    in_repository(|s| {
        let picture = || -> Result<Vec<(std::path::PathBuf, Vec<u8>)>> {
            let mut all = Vec::new();
            let mut folders = vec![s.path("")];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder)? {
                    let path = entry?.path();
                    if path.is_dir() { folders.push(path) } else { all.push((path.clone(), fs::read(path)?)) }
                }
            }
            all.sort();
            Ok(all)
        };
        let before = picture()?;
        let _daemon = Daemon::run(s)?;
        sync(s)?;
        ensure!(picture()? == before, "something was changed");
        Ok(())
    })
}
