//! Where the hook runs: without an identity, a git, a home, an owner, a place to write.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::kit::{Sandbox, in_repository, line, plant, skip};

/// Stages a file with a secret, runs the hook as `change` makes it, and then the same when clean.
fn works(s: &Sandbox, seed: &str, change: impl Fn(&mut Command)) -> Result<()> {
    let hook = || {
        let mut command = s.hook_command("pre-commit");
        change(&mut command);
        s.run(&mut command)
    };
    s.write("app.conf", line(&plant::github(seed)))?;
    s.git("add app.conf")?;
    hook()?.exits(1)?.blocked_at("app.conf:1:")?;
    s.write("app.conf", "clean\n")?;
    s.git("add app.conf")?;
    let said = hook()?;
    said.exits(0)?;
    ensure!(said.stderr.is_empty() && said.stdout.is_empty(), "a clean run is silent: {said:?}");
    Ok(())
}

#[test]
fn no_identity() -> Result<()> {
    in_repository(|s| {
        s.git("config user.useConfigOnly true")?;
        s.git("config --global --unset user.name")?;
        s.git("config --global --unset user.email")?;
        works(s, "identity", |c| {
            c.env_remove("GIT_AUTHOR_NAME").env_remove("GIT_AUTHOR_EMAIL").env_remove("GIT_AUTHOR_DATE");
        })
    })
}

#[test]
fn git_is_not_on_path() -> Result<()> {
    in_repository(|s| {
        let empty = s.root().join("empty");
        std::fs::create_dir(&empty)?;
        works(s, "path", |c| {
            c.env("PATH", &empty).env_remove("GIT_EXEC_PATH");
        })?;
        works(s, "no-path", |c| {
            c.env_remove("PATH").env_remove("GIT_EXEC_PATH");
        })
    })
}

#[test]
fn home_that_cannot_be_written() -> Result<()> {
    in_repository(|s| {
        let home = s.root().join("sealed");
        std::fs::create_dir(&home)?;
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o555))?;
        // The permissions do not stop root; /proc does.
        for home in [home.as_path(), "/proc".as_ref(), s.path("README.md").as_path(), "/no/such/home".as_ref()] {
            let state = home.join("state");
            works(s, &format!("home-{}", home.display()), |c| {
                c.env("HOME", home).env("XDG_STATE_HOME", &state).env("XDG_CONFIG_HOME", &state);
            })?;
            s.write("app.conf", line(&plant::github("home-commit")))?;
            s.git("add app.conf")?;
            s.run(s.git_command().env("HOME", home).args(["commit", "-q", "-m", "x"]))?.blocked_at("app.conf:1:")?;
        }
        Ok(())
    })
}

#[test]
fn no_home() -> Result<()> {
    in_repository(|s| {
        works(s, "no-home", |c| {
            c.env_remove("HOME").env_remove("GIT_CONFIG_GLOBAL");
        })?;
        s.git("config user.name x")?;
        s.git("config user.email x@leakwarden.invalid")?;
        let commit = || {
            let mut command = s.git_command();
            command.env_remove("HOME").env_remove("GIT_CONFIG_GLOBAL");
            s.run(command.args(["commit", "-q", "-m", "x"]))
        };
        commit()?.clean()?;
        s.write("app.conf", line(&plant::github("no-home-commit")))?;
        s.git("add .")?;
        commit()?.blocked_at("app.conf:1:").map(drop)
    })
}

#[test]
fn empty_environment() -> Result<()> {
    in_repository(|s| {
        works(s, "empty-environment", |c| {
            c.env_clear();
        })
    })
}

#[test]
fn repository_of_somebody_else() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", line(&plant::github("owner")))?;
        s.git("add app.conf")?;
        let chown = s.run(s.command("chown").args(["-R", "65534:65534"]).arg(s.path("")))?;
        if chown.code != Some(0) {
            skip("a repository of somebody else: only root may give one away");
            return Ok(());
        }
        ensure!(s.try_git("status")?.exits(128)?.stderr.contains("dubious ownership"), "git refuses");
        // Nobody said that this repository may be trusted: read it or refuse it, but never pass it.
        let said = s.hook("pre-commit")?;
        ensure!(said.code == Some(1) || said.code == Some(3), "{said:?}");
        for trusted in ["*".to_owned(), s.path("").canonicalize()?.to_string_lossy().trim_end_matches('/').to_owned()] {
            s.run(s.git_command().args(["config", "--global", "safe.directory", &trusted]))?.ok()?;
            s.hook("pre-commit")?.exits(1)?.blocked_at("app.conf:1:")?;
            s.commit("")?.blocked_at("app.conf:1:")?;
        }
        s.git("rm -q -f app.conf")?;
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.clean()
    })
}

fn full() -> Result<Option<File>> {
    match File::options().write(true).open("/dev/full") {
        Ok(file) => Ok(Some(file)),
        Err(_) => {
            skip("a full disk: this system has no /dev/full");
            Ok(None)
        }
    }
}

#[test]
fn full_disk() -> Result<()> {
    in_repository(|s| {
        let exit = |line: &str, out: Option<File>, err: Option<File>| -> Result<Option<i32>> {
            let (Some(out), Some(err)) = (out, err) else { return Ok(None) };
            let status = s.hook_command(line).stdin(Stdio::null()).stdout(out).stderr(err).status()?;
            Ok(Some(status.code().context("no signal ends it")?))
        };
        let null = || -> Result<Option<File>> { Ok(Some(File::options().write(true).open("/dev/null")?)) };
        if full()?.is_none() {
            return Ok(());
        }
        s.write("app.conf", line(&plant::github("full")))?;
        s.git("add app.conf")?;
        ensure!(exit("pre-commit", null()?, full()?)? == Some(1), "a block stays a block without its message");
        ensure!(exit("pre-commit --format json", full()?, null()?)? != Some(0), "a report that is lost is no success");
        s.write("app.conf", "clean\n")?;
        s.git("add app.conf")?;
        ensure!(exit("pre-commit", full()?, full()?)? == Some(0), "a clean run writes nothing");
        ensure!(exit("pre-commit --format json", full()?, null()?)? == Some(3), "a report that is lost is an error");
        Ok(())
    })
}

#[test]
fn closed_streams() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", line(&plant::github("closed")))?;
        s.git("add app.conf")?;
        for closed in ["2>&-", "1>&-", "0<&-", "0<&- 1>&- 2>&-", ">/dev/null 2>&1"] {
            let script = format!("exec '{}' hook pre-commit {closed}", crate::kit::LEAKWARDEN);
            let mut command = s.command("sh");
            s.run(command.args(["-c", &script]).env("GIT_INDEX_FILE", ".git/index"))?.exits(1)?;
        }
        // A reader that goes away early.
        let script = format!("{{ '{}' hook pre-commit --format json; echo $? >&2; }} | true", crate::kit::LEAKWARDEN);
        let said = s.run(s.command("sh").args(["-c", &script]))?;
        ensure!(!said.stderr.lines().any(|line| line == "0"), "{said:?}");
        Ok(())
    })
}

#[test]
fn repository_that_cannot_be_written() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", line(&plant::github("read-only")))?;
        s.git("add app.conf")?;
        // A private view of the file system in which the repository is mounted read-only.
        let script = format!(
            "mount --bind '{0}' '{0}' && mount -o remount,bind,ro '{0}' && cd '{0}' && exec '{1}' hook pre-commit",
            s.path("").display(),
            crate::kit::LEAKWARDEN
        );
        let said = s.run(s.command("unshare").args(["-m", "sh", "-c", &script]));
        match said {
            Ok(said) if said.stderr.contains("leakwarden") || said.code == Some(0) => {
                said.exits(1)?.blocked_at("app.conf:1:").map(drop)
            }
            _ => {
                skip("a repository that cannot be written: no private mounts here");
                Ok(())
            }
        }
    })
}

#[test]
fn called_with_nonsense() -> Result<()> {
    in_repository(|s| {
        for line in [
            "hook",
            "hook no-such-hook",
            "hook pre-commit --no-such-flag",
            "no-such-command",
            "--no-such-flag",
            "hook pre-commit --format nonsense",
        ] {
            let said = s.leakwarden(line)?;
            said.exits(2)?;
            ensure!(!said.stderr.is_empty(), "{said:?}");
        }
        s.leakwarden("--version")?.ok()?;
        s.leakwarden("--help")?.ok()?;
        Ok(())
    })
}
