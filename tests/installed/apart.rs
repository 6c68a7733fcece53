//! Installations that are interrupted, and installations at the same time.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox, in_sandbox, line, plant};
use crate::picture;

fn with_hooks(s: &Sandbox) -> Result<()> {
    s.git("init -q")?;
    s.first_commit()?;
    for name in ["pre-commit", "commit-msg", "pre-push"] {
        s.script(&format!("repo/.git/hooks/{name}"), &format!("echo {name} >>ran"))?;
    }
    Ok(())
}

fn start(s: &Sandbox, word: &str) -> Result<std::process::Child> {
    Ok(s.command(LEAKWARDEN).arg(word).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

#[test]
fn many_at_once_lose_no_hook() -> Result<()> {
    in_sandbox(|s| {
        with_hooks(s)?;
        let before = picture::of(&s.path(".git/hooks"))?;
        let mut running = (0..12).map(|_| start(s, "install")).collect::<Result<Vec<_>>>()?;
        for child in &mut running {
            ensure!(child.wait()?.success(), "an installation failed");
        }
        s.write("app.conf", line(&plant::github("at-once")))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:1:")?;
        s.leakwarden("uninstall")?.ok()?;
        picture::same(&before, &picture::of(&s.path(".git/hooks"))?)
    })
}

#[test]
fn one_that_is_killed_is_finished_by_the_next() -> Result<()> {
    in_sandbox(|s| {
        with_hooks(s)?;
        let before = picture::of(&s.path(".git/hooks"))?;
        for round in 0..40_u64 {
            let word = if round % 2 == 0 { "install" } else { "uninstall" };
            let mut child = start(s, word)?;
            std::thread::sleep(Duration::from_micros(round * 300));
            child.kill()?;
            child.wait()?;
        }
        s.install()?;
        s.write("app.conf", line(&plant::github("killed")))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:1:")?;
        s.leakwarden("uninstall")?.ok()?;
        picture::same(&before, &picture::of(&s.path(".git/hooks"))?)
    })
}

#[test]
fn a_hooks_folder_that_is_a_link_is_somebody_elses() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        std::fs::remove_dir_all(s.path(".git/hooks"))?;
        s.script("repo/githooks/pre-commit", "exit 0")?;
        std::os::unix::fs::symlink("../githooks", s.path(".git/hooks"))?;
        let before = picture::of(&s.path("githooks"))?;
        let said = s.leakwarden("install")?;
        picture::same(&before, &picture::of(&s.path("githooks"))?)?;
        if s.git.has(2, 54, "hooks from configuration") {
            s.write("app.conf", line(&plant::github("linked-folder")))?;
            s.git("add app.conf")?;
            s.commit("")?.blocked_at("app.conf:1:")?;
        }
        // Older gits of this machine are not covered, and that is said.
        said.exits(2)?;
        ensure!(said.stdout.contains("githooks") || said.stdout.contains(".git/hooks"), "{}", said.stdout);
        s.leakwarden("uninstall")?.ok()?;
        picture::same(&before, &picture::of(&s.path("githooks"))?)
    })
}

#[test]
fn a_link_at_the_place_of_a_new_file_is_not_followed() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        let victim = s.root().join("victim");
        std::fs::write(&victim, "mine")?;
        // Whatever number the next process has.
        let next: u32 = std::process::id();
        for number in next..next + 3000 {
            std::os::unix::fs::symlink(&victim, s.path(format!(".git/hooks/.leakwarden-new-{number}-0")))?;
        }
        s.install()?;
        ensure!(std::fs::read(&victim)? == b"mine");
        ensure!(
            !std::fs::read_dir(s.path(".git/hooks"))?
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().starts_with(".leakwarden-new"))
        );
        Ok(())
    })
}

#[test]
fn what_hooks_do_without_the_program_stays_as_it_was_asked_for() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        s.leakwarden("install --if-missing block")?.ok()?;
        let hook = s.path(".git/hooks/pre-commit");
        let strict = std::fs::read(&hook)?;
        s.install()?;
        ensure!(std::fs::read(&hook)? == strict, "a plain install loosened it");
        std::fs::remove_file(s.path(".git/hooks/commit-msg"))?;
        s.leakwarden("doctor --repo --fix")?.ok()?;
        ensure!(std::fs::read(&hook)? == strict, "--fix loosened it");
        s.leakwarden("install --if-missing warn")?.ok()?;
        ensure!(std::fs::read(&hook)? != strict);
        Ok(())
    })
}

#[test]
fn a_shim_that_somebody_changed_is_not_written_over() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let hook = s.path(".git/hooks/pre-commit");
        let text = std::fs::read_to_string(&hook)? + "echo mine\n";
        std::fs::write(&hook, &text)?;
        let said = s.leakwarden("install")?;
        ensure!(said.exits(2)?.stderr.contains("was changed since leakwarden wrote it"), "{}", said.stderr);
        s.leakwarden("doctor --repo --fix")?.exits(1)?;
        ensure!(std::fs::read_to_string(&hook)? == text);
        Ok(())
    })
}
