//! What the guard says of hooks: as doctor does, one warning for one cause, and only where leakwarden was
//! installed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use leakwarden::doctor::hooks::{Answers, Question};
use leakwarden::guard::duty::{hook_files, hooks};
use leakwarden::guard::{Kind, Warning};
use leakwarden::install::gits;
use leakwarden::install::shim::{Strict, names};
use leakwarden::level::Severity;

use crate::kit::{LEAKWARDEN, Sandbox, in_sandbox};

/// Names the folder to a process of its own: git's surroundings are those of the process.
const FOLDER: &str = "LEAKWARDEN_TEST_DUTY";

/// What begins the line that such a process says.
const SAID: &str = "said ";

/// As a process of its own: looks, and says what it found.
#[test]
fn look() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let bin = folder.parent().expect("a sandbox").join("bin");
    let gits = gits::find(&[bin], None);
    let wanted = names(Strict::default());
    let question =
        Question { folder: &folder, gits: &gits[..1], on_path: false, on_short_path: false, wanted: &wanted };
    let mut answers = Answers::new(Some(PathBuf::from(LEAKWARDEN)));
    let warnings = hooks(question, Severity::Medium, &mut answers);
    let files = hook_files(&folder, &gits[..1]);
    println!("\n{SAID}{}", serde_json::to_string(&(warnings, files)).expect("plain data"));
}

fn said(s: &Sandbox) -> Result<(Vec<Warning>, Vec<PathBuf>)> {
    let mut command = s.command(std::env::current_exe()?);
    command.args(["--exact", "duty::look", "--nocapture"]).env(FOLDER, s.path("").components().as_path());
    let outcome = s.run(&mut command)?;
    let line = outcome.ok()?.stdout.lines().find_map(|line| line.strip_prefix(SAID)).map(str::to_owned);
    Ok(serde_json::from_str(&line.with_context(|| outcome.stdout.clone())?)?)
}

fn warnings(s: &Sandbox) -> Result<Vec<Warning>> {
    Ok(said(s)?.0)
}

/// The one warning there is, which says this.
fn only(s: &Sandbox, expected: &str) -> Result<Warning> {
    let all = warnings(s)?;
    let [warning] = all.as_slice() else { anyhow::bail!("`{expected}`: {all:?}") };
    ensure!(warning.what.contains(expected), "`{expected}`: {}", warning.what);
    ensure!(warning.kind == Kind::Hook && warning.severity == Severity::Medium && warning.id.len() == 8, "{warning:?}");
    ensure!(warning.steps.len() == 2 && !warning.why.is_empty(), "{warning:?}");
    Ok(warning.clone())
}

#[test]
fn only_what_was_installed_can_be_missing() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        ensure!(warnings(s)?.is_empty(), "never installed");
        s.install()?;
        ensure!(warnings(s)?.is_empty(), "{:?}", warnings(s)?);
        for entry in fs::read_dir(s.path(".git/hooks"))? {
            fs::remove_file(entry?.path())?;
        }
        // Eight hooks are gone, for one cause.
        let first = only(s, "there is no hook of leakwarden's that runs in")?;
        ensure!(only(s, "there is no hook")?.id == first.id, "the same warning");
        s.install()?;
        ensure!(warnings(s)?.is_empty(), "mended");
        s.leakwarden("uninstall")?.ok()?;
        ensure!(warnings(s)?.is_empty(), "uninstalled: {:?}", warnings(s)?);
        Ok(())
    })
}

#[test]
fn what_keeps_hooks_from_running_is_named_once() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        s.git("config core.hooksPath /nowhere")?;
        only(s, "hooks are taken from /nowhere (core.hooksPath, local,")?;
        s.git("config --unset core.hooksPath")?;
        let hook = s.path(".git/hooks/pre-commit");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o644))?;
        only(s, "there is no hook of leakwarden's that runs")?;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
        // Less than everything: what is missing is named.
        for name in ["commit-msg", "pre-push"] {
            fs::remove_file(s.path(".git/hooks").join(name))?;
        }
        only(s, "commit-msg, pre-push: leakwarden does not run on it")?;
        s.install()?;
        let good = fs::read_to_string(&hook)?;
        fs::write(&hook, good.replace("exit 3", "exit 0"))?;
        only(s, "was changed since leakwarden wrote it")?;
        fs::write(&hook, good)?;
        ensure!(warnings(s)?.is_empty(), "{:?}", warnings(s)?);
        Ok(())
    })
}

#[test]
fn what_to_watch_is_named() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let files = said(s)?.1;
        for expected in [s.path(".git/hooks"), s.path(".git/config"), s.root().join("home/.gitconfig")] {
            let is = |file: &PathBuf| file == &expected || file.canonicalize().ok() == expected.canonicalize().ok();
            ensure!(files.iter().any(is), "{}: {files:?}", expected.display());
        }
        s.git("config core.hooksPath ../elsewhere")?;
        s.git("config include.path more")?;
        let files = said(s)?.1;
        ensure!(files.iter().any(|file| file.ends_with("elsewhere")), "{files:?}");
        Ok(())
    })
}

#[test]
fn nothing_that_a_repository_names_is_started() -> Result<()> {
    in_sandbox(|s| {
        s.start()?;
        let ran = s.root().join("ran");
        let trap = s.script("trap", &format!("touch '{}'", ran.display()))?;
        let trap = trap.to_string_lossy();
        for key in ["core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external", "pager.config"] {
            s.git(&format!("config {key} '{trap}'"))?;
        }
        for key in ["alias.rev-parse", "alias.config", "alias.var", "filter.x.clean", "filter.x.process"] {
            s.git(&format!("config {key} '!{trap}'"))?;
        }
        let _ = fs::remove_file(&ran);
        s.write(".gitattributes", "* filter=x\n")?;
        fs::write(s.path(".git/hooks/pre-commit"), format!("#!/bin/sh\n{trap}\n"))?;
        only(s, "there is no hook of leakwarden's that runs")?;
        ensure!(!ran.exists(), "it was started");
        Ok(())
    })
}
