//! Hooks by configuration, for a user and for a machine; hooks by template, for new clones.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_sandbox, line, plant, skip};
use crate::picture;

fn blocks(s: &Sandbox, seed: &str) -> Result<()> {
    s.write("app.conf", line(&plant::github(seed)))?;
    s.git("add app.conf")?;
    s.commit("")?.blocked_at("app.conf:1:")?;
    s.git("rm -q -f app.conf")
}

fn passes(s: &Sandbox, seed: &str) -> Result<()> {
    s.write(format!("{seed}.conf"), line(&plant::github(seed)))?;
    s.git("add -A")?;
    s.commit("")?.ok().map(drop)
}

#[test]
fn every_repository_of_a_user() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        let home = s.root().join("home");
        let before = picture::of(&home)?;
        let said = s.leakwarden("install --user")?;
        if !s.git.has(2, 54, "hooks from configuration") {
            // On this machine another git may know them; the one under test does not.
            ensure!(said.code == Some(2) || said.stdout.contains("NOT covered"), "{}{}", said.stdout, said.stderr);
            return Ok(());
        }
        said.ok()?;
        let config = fs::read_to_string(home.join(".gitconfig"))?;
        ensure!(config.contains("leakwarden/git/hooks.gitconfig") && !config.contains("hooksPath"), "{config}");
        let dropin = fs::read_to_string(home.join(".local/share/leakwarden/git/hooks.gitconfig"))?;
        for hook in dropin.split("[hook ").skip(1) {
            // An event without a command would stop every commit.
            ensure!(hook.find("command").unwrap_or(usize::MAX) < hook.find("event").unwrap_or(0), "{hook}");
            ensure!(hook.starts_with("\"leakwarden-"), "{hook}");
        }
        blocks(s, "user")?;
        // A hook manager that takes the hooks folder over shadows nothing.
        s.git("config core.hooksPath .husky/_")?;
        blocks(s, "user-shadowed")?;
        s.git("config --unset core.hooksPath")?;
        let said = s.leakwarden("install --user")?;
        ensure!(said.ok()?.stdout.contains("already installed"), "{}", said.stdout);
        s.leakwarden("uninstall --user")?.ok()?;
        passes(s, "after")?;
        let mut after = picture::of(&home)?;
        after.retain(|name, _| !name.starts_with(".local/state") && name != ".local" && name != ".local/share");
        picture::same(&before, &after)
    })
}

#[test]
fn a_configuration_that_loses_its_folder_breaks_no_commit() -> Result<()> {
    in_sandbox(|s| {
        if !s.git.has(2, 54, "hooks from configuration") {
            return Ok(());
        }
        s.git("init -q")?;
        s.first_commit()?;
        s.leakwarden("install --user")?.ok()?;
        fs::remove_dir_all(s.root().join("home/.local/share/leakwarden"))?;
        s.write("b", "b\n")?;
        s.git("add -A")?;
        s.commit("")?.ok()?;
        let said = s.leakwarden("doctor --machine")?;
        ensure!(said.exits(1)?.stdout.contains("config.user"), "{}", said.stdout);
        s.leakwarden("doctor --machine --fix")?.ok()?;
        blocks(s, "mended")
    })
}

#[test]
fn every_repository_of_a_machine() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        // /etc and the place where a git built by hand has its system's configuration, both ours here.
        let (etc, local) = (s.root().join("etc"), s.root().join("local-etc"));
        fs::create_dir_all(&etc)?;
        fs::create_dir_all(&local)?;
        s.write("app.conf", line(&plant::github("system")))?;
        s.git("add app.conf")?;
        let mount = format!(
            "mount --bind {} /etc && {{ [ ! -d /usr/local/etc ] || mount --bind {} /usr/local/etc; }} && unset GIT_CONFIG_NOSYSTEM && echo mounted",
            etc.display(),
            local.display()
        );
        let within = |script: &str| -> Result<Option<crate::kit::Outcome>> {
            let said = s.run(s.command("unshare").args(["-m", "sh", "-c", &format!("{mount} && {script}")]))?;
            if said.stdout.starts_with("mounted") {
                return Ok(Some(said));
            }
            skip("hooks of a machine: no mount namespace here");
            Ok(None)
        };
        // Where every account can run it; and by an administrator who hides new files from others.
        fs::create_dir_all(etc.join("bin"))?;
        fs::copy(crate::kit::LEAKWARDEN, etc.join("bin/leakwarden"))?;
        let leakwarden = "umask 077; /etc/bin/leakwarden";
        let Some(said) = within(&format!("{leakwarden} install --system"))? else { return Ok(()) };
        said.ok()?;
        let text = fs::read_to_string(etc.join("gitconfig"))?;
        ensure!(text == "[include]\n\tpath = /etc/leakwarden/git/hooks.gitconfig\n", "{text}");
        for (name, mode) in [("gitconfig", 0o644), ("leakwarden", 0o755), ("leakwarden/git/hooks/pre-commit", 0o755)] {
            let found = etc.join(name).metadata()?.permissions().mode() & 0o777;
            ensure!(found == mode, "{name} has mode {found:o}");
        }
        let older = !s.git.has(2, 54, "hooks from configuration");
        let Some(said) = within("git commit -q -m x")? else { return Ok(()) };
        if older {
            said.ok()?;
        } else {
            said.blocked_at("app.conf:1:")?;
        }
        let Some(said) = within(&format!("{leakwarden} install --system --dry-run"))? else { return Ok(()) };
        ensure!(said.ok()?.stdout.contains("already installed"), "{}", said.stdout);
        if older {
            ensure!(said.stdout.contains("NOT covered by this"), "{}", said.stdout);
        }
        let Some(said) = within(&format!("{leakwarden} uninstall --system"))? else { return Ok(()) };
        said.ok()?;
        ensure!(!etc.join("gitconfig").exists() && !etc.join("leakwarden/git").exists(), "something is left in /etc");
        Ok(())
    })
}

#[test]
fn new_clones_by_template() -> Result<()> {
    in_sandbox(|s| {
        let home = s.root().join("home");
        let before = picture::of(&home)?;
        s.leakwarden("install --template")?.ok()?;
        s.git("init -q")?;
        s.first_commit()?;
        blocks(s, "template")?;
        s.git("clone -q . ../clone")?;
        ensure!(s.root().join("clone/.git/hooks/pre-commit").exists());
        ensure!(s.leakwarden("install --template")?.ok()?.stdout.contains("already installed"));
        ensure!(s.leakwarden("install")?.ok()?.stdout.contains("already protected"));
        s.leakwarden("uninstall --template")?.ok()?;
        s.git("init -q ../later")?;
        ensure!(!s.root().join("later/.git/hooks/pre-commit").exists());
        // What was cloned meanwhile keeps its hooks: each repository is asked for itself.
        blocks(s, "kept")?;
        let mut after = picture::of(&home)?;
        after.retain(|name, _| !name.starts_with(".local"));
        picture::same(&before, &after)
    })
}

#[test]
fn a_template_that_somebody_has_is_kept_and_gets_the_hooks() -> Result<()> {
    in_sandbox(|s| {
        s.script("home/own/hooks/pre-commit", "echo own >>ran")?;
        s.git("config --global init.templateDir ~/own")?;
        let own = s.root().join("home/own");
        let before = picture::of(&own)?;
        s.leakwarden("install --template")?.ok()?;
        s.git("init -q")?;
        s.first_commit()?;
        blocks(s, "own-template")?;
        s.write("b", "b\n")?;
        s.git("add b")?;
        s.commit("")?.ok()?;
        ensure!(s.path("ran").exists(), "the template's own hook ran after ours");
        s.leakwarden("uninstall --template")?.ok()?;
        picture::same(&before, &picture::of(&own)?)
    })
}
