//! Settings that stand: in configuration of any scope, in the environment, in files of the git
//! directory. None excuses what was not named.

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, in_repository, line, plant};
use crate::{sound, staged, stopped};

#[test]
fn configuration_counts_from_the_command_line_alone() -> Result<()> {
    in_repository(|s| {
        staged(s, "scopes")?;
        let text = format!("{} test-value: made for this scenario", s.only_id()?);
        let included = s.root().join("included");
        std::fs::write(&included, format!("[leakwarden]\n\tallow = {text}\n"))?;
        s.git("config extensions.worktreeConfig true")?;
        for scope in ["--local", "--global", "--worktree"] {
            s.run(s.git_command().args(["config", scope, "leakwarden.allow", &text]))?.ok()?;
            stopped(s, scope)?;
        }
        s.run(s.git_command().args(["config", "include.path"]).arg(&included))?.ok()?;
        stopped(s, "an included file")?;
        let mut command = s.git_command();
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "leakwarden.allow")
            .env("GIT_CONFIG_VALUE_0", &text);
        s.run(command.args(["commit", "-q", "-m", "x"]))?.blocked_at("a.py:1:")?;
        let mut command = s.git_command();
        command.env_remove("GIT_CONFIG_NOSYSTEM").env("GIT_CONFIG_SYSTEM", &included);
        s.run(command.args(["commit", "-q", "-m", "x"]))?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn a_variable_of_another_day_excuses_nothing_new() -> Result<()> {
    in_repository(|s| {
        staged(s, "yesterday")?;
        let text = format!("{} test-value: made for this scenario", s.only_id()?);
        let commit = || s.run(s.git_command().env("LEAKWARDEN_ALLOW", &text).args(["commit", "-q", "-m", "x"]));
        commit()?.clean()?;
        s.write("a.py", line(&plant::github("today")))?;
        s.git("add a.py")?;
        commit()?.blocked_at("a.py:1:")?;
        s.write("b.py", line(&plant::github("yesterday")))?;
        s.git("add b.py")?;
        commit()?.blocked_at("b.py:1:").map(drop)
    })
}

#[test]
fn files_of_the_git_directory_are_not_believed() -> Result<()> {
    in_repository(|s| {
        staged(s, "state")?;
        let id = s.only_id()?;
        let tree = s.ask_git("write-tree")?;
        let trailer = format!("Leakwarden-Allow: {id} test-value: made for this scenario");
        // What pre-commit would leave, left by somebody else: pre-commit judges for itself.
        s.write(".git/leakwarden/trailers", format!("tree {tree}\n{trailer}\n"))?;
        stopped(s, "forged trailers")?;
        // Lines that are no trailers, or of another tree, do not reach the message.
        s.write("a.py", "clean\n")?;
        s.git("add a.py")?;
        s.script("repo/.git/hooks/commit-msg", &format!("printf 'tree {tree}\\n{trailer}\\nX: y\\n' >.git/leakwarden/trailers; exec '{LEAKWARDEN}' hook commit-msg \"$1\""))?;
        s.commit("")?.ok()?;
        ensure!(s.message("HEAD")? == "a change", "{}", s.message("HEAD")?);
        // A reason that is a secret itself is not written into a message.
        staged(s, "second")?;
        let id = s.only_id()?;
        let reason = format!("made up {}", plant::github("reason"));
        s.install()?;
        s.script("repo/.git/hooks/commit-msg", &format!("exec '{LEAKWARDEN}' hook commit-msg \"$1\""))?;
        s.write(".git/leakwarden/once", format!("Leakwarden-Allow: {id} test-value: {reason}\n"))?;
        stopped(s, "a secret in the reason")?;
        // Garbage of all kinds.
        for text in [&b"\xff\xfe\0"[..], &b"Leakwarden-Allow: * test-value: all of it\n".repeat(100_000)] {
            s.write(".git/leakwarden/once", text)?;
            stopped(s, "garbage")?;
        }
        Ok(())
    })
}

#[test]
fn links_in_the_git_directory_lead_nowhere() -> Result<()> {
    in_repository(|s| {
        staged(s, "link")?;
        let id = s.only_id()?;
        let elsewhere = s.root().join("elsewhere");
        std::fs::create_dir(&elsewhere)?;
        std::fs::write(elsewhere.join("precious"), "precious\n")?;
        let folder = s.path(".git/leakwarden");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::os::unix::fs::symlink(&elsewhere, &folder)?;
        s.allow(&id, &["--once"])?.exits(2)?;
        let outcome = s.commit_allowing(&format!("{id} test-value: made for this scenario"))?;
        sound(&outcome)?;
        ensure!(outcome.code == Some(1), "what cannot be told to commit-msg does not pass: {}", outcome.stderr);
        ensure!(std::fs::read_dir(&elsewhere)?.count() == 1, "nothing was written elsewhere");
        std::fs::remove_file(&folder)?;
        // A file that is a link is replaced, not written through.
        std::fs::create_dir(&folder)?;
        for name in ["once", "trailers", "told"] {
            std::os::unix::fs::symlink(elsewhere.join("precious"), folder.join(name))?;
        }
        s.allow(&id, &["--once"])?.ok()?;
        s.commit("")?.clean()?;
        ensure!(std::fs::read_to_string(elsewhere.join("precious"))? == "precious\n", "it was written through a link");
        Ok(())
    })
}
