//! `leakwarden doctor` tells the truth: what holds, what does not, and how to mend it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::kit::{Sandbox, in_sandbox};

fn report(s: &Sandbox, line: &str, code: i32) -> Result<Value> {
    let said = s.leakwarden(&format!("doctor --json {line}"))?;
    said.exits(code)?;
    serde_json::from_str(&said.stdout).context("the report is JSON")
}

/// The checks of the first repository with this id, as `status subject`.
fn checks(report: &Value, id: &str) -> Vec<String> {
    let all = report["repositories"][0]["checks"].as_array().cloned().unwrap_or_default();
    let with_id = all.into_iter().filter(|check| check["id"] == id);
    with_id
        .map(|check| format!("{} {}", check["status"].as_str().unwrap_or("?"), check["subject"].as_str().unwrap_or("")))
        .collect()
}

fn failing(report: &Value) -> Vec<String> {
    let all = report["repositories"][0]["checks"].as_array().cloned().unwrap_or_default();
    let bad = all.into_iter().filter(|check| check["status"] == "fails");
    bad.map(|check| format!("{} {}", check["id"].as_str().unwrap_or("?"), check["subject"].as_str().unwrap_or("")))
        .collect()
}

#[test]
fn an_installed_repository_is_covered_and_an_empty_one_is_not() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        let before = report(s, "--repo", 1)?;
        ensure!(before["covered"] == false && checks(&before, "covered").iter().all(|c| c.starts_with("fails git ")));
        s.install()?;
        let after = report(s, "--repo", 0)?;
        ensure!(after["covered"] == true && failing(&after).is_empty(), "{after}");
        ensure!(checks(&after, "hook").len() == 8, "{after}");
        let text = s.leakwarden("doctor")?;
        ensure!(text.ok()?.stdout.contains("covered: every check holds"), "{}", text.stdout);
        s.leakwarden("doctor --repo --machine")?.exits(2)?;
        let mut command = s.command(crate::kit::LEAKWARDEN);
        let outside = s.run(command.current_dir(s.root().join("tmp")).args(["doctor", "--repo"]))?;
        outside.exits(2).map(drop)
    })
}

#[test]
fn what_is_wrong_with_a_hook_is_said_and_mended() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let hook = s.path(".git/hooks/pre-commit");
        let good = fs::read_to_string(&hook)?;
        // Not executable.
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o644))?;
        ensure!(failing(&report(s, "--repo", 1)?).contains(&"hook pre-commit".to_owned()));
        // Only its owner may run it, as in a clone that was made with a umask of 077: git does run it.
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o700))?;
        report(s, "--repo", 0)?;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o644))?;
        report(s, "--repo --fix", 0)?;
        // An older one, as version 2 wrote it.
        let older = include_str!("../formats/fixtures/shim-v2-before.sh").replace("@HOOK@", "pre-commit");
        fs::write(&hook, older.replace("@BINARY@", crate::kit::LEAKWARDEN).replace("@MISSING@", "warn"))?;
        ensure!(failing(&report(s, "--repo", 1)?).contains(&"hook pre-commit".to_owned()));
        report(s, "--repo --fix", 0)?;
        ensure!(fs::read_to_string(&hook)? == good);
        // A newer one: this program must not touch it.
        let newer = good.replace("leakwarden-hook v3", "leakwarden-hook v9");
        fs::write(&hook, &newer)?;
        ensure!(failing(&report(s, "--repo", 1)?).contains(&"hook pre-commit".to_owned()));
        s.leakwarden("doctor --repo --fix")?;
        ensure!(s.leakwarden("install")?.exits(2)?.stderr.contains("newer leakwarden"));
        ensure!(fs::read_to_string(&hook)? == newer);
        // One that somebody changed.
        fs::write(&hook, good.replace("exit 3", "exit 0"))?;
        let changed = report(s, "--repo", 1)?;
        ensure!(changed.to_string().contains("was changed since leakwarden wrote it"), "{changed}");
        let said = s.leakwarden("uninstall")?;
        ensure!(said.exits(2)?.stdout.contains("left alone"), "{}", said.stdout);
        fs::remove_file(&hook)?;
        s.install()?;
        // A program that is gone.
        let moved = s.root().join("bin/leakwarden");
        fs::copy(crate::kit::LEAKWARDEN, &moved)?;
        let mut command = s.command(&moved);
        s.run(command.arg("install"))?.ok()?;
        fs::remove_file(&moved)?;
        let gone = report(s, "--repo", 1)?;
        ensure!(gone.to_string().contains("which is not there"), "{gone}");
        report(s, "--repo --fix", 0).map(drop)
    })
}

#[test]
fn a_hook_of_ours_at_another_hooks_place_covers_nothing() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        fs::copy(s.path(".git/hooks/post-commit"), s.path(".git/hooks/pre-commit"))?;
        let report = report(s, "--repo", 1)?;
        ensure!(checks(&report, "covered").iter().all(|check| check.starts_with("fails")), "{report}");
        // A right sum under another text: anybody can write one.
        let text = fs::read_to_string(s.path(".git/hooks/commit-msg"))?;
        fs::write(s.path(".git/hooks/commit-msg"), text.replace("hook commit-msg", "rules list"))?;
        ensure!(failing(&self::report(s, "--repo", 1)?).contains(&"hook commit-msg".to_owned()));
        Ok(())
    })
}

#[test]
fn a_program_that_a_hook_names_is_never_started() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let ran = s.root().join("ran");
        let other = s.script("other/leakwarden", &format!("echo leakwarden 0.1.0\ntouch '{}'", ran.display()))?;
        let hook = s.path(".git/hooks/pre-commit");
        let text = fs::read_to_string(&hook)?;
        fs::write(&hook, text.replace(crate::kit::LEAKWARDEN, &other.to_string_lossy()))?;
        let report = report(s, "--repo", 1)?;
        ensure!(!ran.exists(), "{report}");
        Ok(())
    })
}

#[test]
fn what_git_cannot_say_is_not_taken_for_no_repository() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        fs::write(s.path(".git/config"), "[")?;
        s.leakwarden("doctor")?.exits(3)?;
        s.leakwarden("doctor --all ../tmp")?.exits(3).map(drop)
    })
}

#[test]
fn an_environment_that_changes_what_git_reads_is_said() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let mut command = s.command(crate::kit::LEAKWARDEN);
        command.args(["doctor", "--repo"]).env("GIT_CONFIG_COUNT", "1");
        command.env("GIT_CONFIG_KEY_0", "core.hooksPath").env("GIT_CONFIG_VALUE_0", "/dev/null");
        ensure!(s.run(&mut command)?.exits(3)?.stdout.contains("GIT_CONFIG_COUNT"));
        Ok(())
    })
}

#[test]
fn what_a_repository_holds_keeps_doctor_neither_waiting_nor_busy() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        s.leakwarden("uninstall")?.ok()?;
        let script = "mkfifo .git/hooks/pre-commit lefthook.yml package.json && chmod +x .git/hooks/pre-commit";
        s.run(s.command("sh").args(["-c", script]))?.ok()?;
        for line in ["doctor --repo", "install --all . --dry-run", "doctor --all ."] {
            let mut command = s.command("timeout");
            let said = s.run(command.arg("20").arg(crate::kit::LEAKWARDEN).args(line.split(' ')))?;
            ensure!(said.code != Some(124), "{line} waited for a pipe");
        }
        Ok(())
    })
}

#[test]
fn who_shadows_the_hooks_and_where_that_is_set() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        s.git("config --global core.hooksPath ~/elsewhere")?;
        let shadowed = report(s, "--repo", 1)?;
        let text = shadowed.to_string();
        ensure!(text.contains("core.hooksPath") && text.contains("global") && text.contains(".gitconfig"), "{text}");
        ensure!(checks(&shadowed, "covered").iter().all(|check| check.starts_with("fails")), "{shadowed}");
        s.git("config --global --unset core.hooksPath")?;
        report(s, "--repo", 0)?;
        // A hook that took the place of ours.
        s.script("repo/.git/hooks/pre-commit", "exit 0")?;
        ensure!(failing(&report(s, "--repo", 1)?).contains(&"hook pre-commit".to_owned()));
        // One that was kept, and whose shim is gone.
        s.script("repo/.git/hooks/commit-msg.leakwarden-orig", "exit 0")?;
        fs::remove_file(s.path(".git/hooks/commit-msg"))?;
        ensure!(failing(&report(s, "--repo", 1)?).contains(&"chain commit-msg".to_owned()));
        Ok(())
    })
}

#[test]
fn a_configured_hook_that_a_repository_turns_off() -> Result<()> {
    in_sandbox(|s| {
        if !s.git.has(2, 54, "hooks from configuration") {
            return Ok(());
        }
        s.git("init -q")?;
        s.first_commit()?;
        s.leakwarden("install --user")?.ok()?;
        let mine = |report: &Value| {
            let path = s.root().join("bin/git");
            let all = report["repositories"][0]["checks"].as_array().cloned().unwrap_or_default();
            let own = |check: &&Value| {
                check["id"] == "covered"
                    && check["subject"].as_str().is_some_and(|own| own.contains(&*path.to_string_lossy()))
            };
            all.iter().find(own).map(|check| check["status"].as_str().unwrap_or("?").to_owned())
        };
        // Older gits of this machine are not covered by it: that is said as well.
        let said = s.leakwarden("doctor --json --repo")?;
        ensure!(mine(&serde_json::from_str(&said.stdout)?).as_deref() == Some("ok"), "{}", said.stdout);
        for (key, value) in [("enabled", "false"), ("command", "true"), ("event", "")] {
            s.run(s.git_command().args(["config", &format!("hook.leakwarden-pre-commit.{key}"), value]))?.ok()?;
            let report = report(s, "--repo", 1)?;
            ensure!(mine(&report).as_deref() == Some("fails"), "{key}: {report}");
            ensure!(failing(&report).contains(&"config-hook pre-commit".to_owned()), "{key}: {report}");
            s.git(&format!("config --unset hook.leakwarden-pre-commit.{key}"))?;
        }
        Ok(())
    })
}

#[test]
fn the_canary_is_stopped_where_the_hook_runs_and_passes_where_it_does_not() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let before = fs::read(s.root().join("home/.local/state/leakwarden/ledger.jsonl"))?;
        let good = report(s, "--repo --canary", 0)?;
        ensure!(checks(&good, "canary").iter().all(|check| check.starts_with("ok ")), "{good}");
        ensure!(
            fs::read(s.root().join("home/.local/state/leakwarden/ledger.jsonl"))? == before,
            "a canary is no event"
        );
        ensure!(fs::read_dir(s.root().join("tmp"))?.next().is_none(), "the scratch repository is gone");
        // A hook that looks like ours and does nothing: only the canary tells.
        let hook = s.path(".git/hooks/pre-commit");
        let text = fs::read_to_string(&hook)?;
        fs::write(&hook, text.replace("#!/bin/sh\n", "#!/bin/true\n"))?;
        let bad = report(s, "--repo --canary", 1)?;
        ensure!(checks(&bad, "canary").iter().all(|check| check.starts_with("fails ")), "{bad}");
        // A hook of somebody else's in front of it, which stops everything.
        fs::write(&hook, "#!/bin/sh\necho no commits today >&2\nexit 1\n")?;
        let other = s.leakwarden("doctor --json --repo --canary")?;
        ensure!(other.stdout.contains("not by leakwarden"), "{}", other.stdout);
        Ok(())
    })
}

#[test]
fn the_ledger_the_policy_and_the_exceptions() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let ledger = s.root().join("home/.local/state/leakwarden/ledger.jsonl");
        let text = fs::read_to_string(&ledger)?;
        fs::write(&ledger, text.replace("\"installed\"", "\"uninstalled\""))?;
        let report = s.leakwarden("doctor --machine")?;
        ensure!(report.exits(1)?.stdout.contains("ledger.chain"), "{}", report.stdout);
        fs::write(&ledger, text)?;
        s.leakwarden("doctor --machine")?.ok()?;
        s.write(".leakwarden.toml", "[block]\nseverity = \"loud\"\n")?;
        s.git("add -A")?;
        s.commit_unchecked("a policy that nobody understands")?;
        let said = s.leakwarden("doctor --repo")?;
        ensure!(said.exits(1)?.stdout.contains("policy.repository"), "{}", said.stdout);
        Ok(())
    })
}

#[test]
fn the_share_of_commits_that_were_seen() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        s.install()?;
        for name in ["b", "c"] {
            s.write(name, "text\n")?;
            s.commit_all()?.ok()?;
        }
        // One that no hook saw.
        s.write("d", "text\n")?;
        s.git("add -A")?;
        s.git("-c core.hooksPath=/dev/null commit -q -m unseen")?;
        let text = s.leakwarden("doctor --repo")?.stdout;
        ensure!(text.contains("2 of 4 commits made here in the last 30 days were seen (50 %)"), "{text}");
        Ok(())
    })
}

#[test]
fn many_repositories_are_told_in_a_line_each() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        s.git("init -q ../repo/inner")?;
        let said = s.leakwarden("doctor --all .")?;
        let text = &said.exits(1)?.stdout;
        ensure!(text.contains("2 repositories: 1 covered, 1 not, 0 that cannot be told"), "{text}");
        s.leakwarden("doctor --all . --fix")?.ok().map(drop)
    })
}

/// The report against its schema, with Python's `jsonschema` (`LEAKWARDEN_TEST_PYTHON`).
#[test]
fn the_report_keeps_to_its_schema() -> Result<()> {
    let python = std::env::var_os("LEAKWARDEN_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    in_sandbox(|s| {
        s.start()?;
        s.script("repo/.git/hooks/pre-push.leakwarden-orig", "exit 0")?;
        s.git("config hook.leakwarden-pre-commit.enabled false")?;
        let report = s.leakwarden("doctor --json --canary --all .")?;
        fs::write(s.root().join("report.json"), &report.stdout)?;
        let check = "import json, sys\ntry:\n    import jsonschema\nexcept ImportError:\n    print('absent')\n    sys.exit()\n\
                     jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))\nprint('valid')\n";
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.schema.json");
        let mut command = std::process::Command::new(&python);
        let said = command.args(["-c", check, schema]).arg(s.root().join("report.json")).output()?;
        match String::from_utf8_lossy(&said.stdout).trim() {
            "absent" => crate::kit::skip("doctor's schema: no Python package jsonschema"),
            told => ensure!(told == "valid", "{}", String::from_utf8_lossy(&said.stderr)),
        }
        Ok(())
    })
}

#[test]
fn the_guard_is_told_as_it_is_and_never_a_failure() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let told = || -> Result<String> {
            let all = report(s, "--machine", 0)?["machine"]["checks"].as_array().cloned().unwrap_or_default();
            let own = all.into_iter().find(|check| check["id"] == "guard").context("the check")?;
            ensure!(own["status"] == "note", "{own}");
            Ok(own["text"].as_str().unwrap_or_default().to_owned())
        };
        ensure!(told()?.starts_with("not installed"), "{}", told()?);
        let folder = s.root().join("home/.local/state/leakwarden/guard");
        fs::create_dir_all(&folder)?;
        let lock = fs::File::create(folder.join("lock"))?;
        ensure!(told()?.starts_with("not installed"), "nobody holds the lock: {}", told()?);
        lock.try_lock()?;
        ensure!(told()?.starts_with("running"), "{}", told()?);
        lock.unlock()?;
        let unit = s.root().join("home/.config/systemd/user/leakwarden-guard.service");
        fs::create_dir_all(unit.parent().context("a folder")?)?;
        fs::write(&unit, "[Service]\n")?;
        let said = told()?;
        ensure!(said.starts_with("not running") && said.contains("leakwarden-guard.service"), "{said}");
        lock.try_lock()?;
        ensure!(told()?.starts_with("running"), "{}", told()?);
        // A link or a pipe there is nobody's lock.
        fs::remove_file(folder.join("lock"))?;
        std::os::unix::fs::symlink("/dev/tty", folder.join("lock"))?;
        ensure!(told()?.starts_with("not running"), "{}", told()?);
        Ok(())
    })
}
