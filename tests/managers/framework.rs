//! `.pre-commit-hooks.yaml`, with real pre-commit and real prek from a local clone: the same result as
//! the native hook.

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, gits, line, plant, table};
use crate::tools::Other;

const FRAMEWORKS: [(&str, Other); 2] = [("pre-commit", Other::PreCommit), ("prek", Other::Prek)];

/// A repository whose only hooks are the framework's, with the ids of `language: system` or, for
/// `ending` "", those that are built.
fn start(s: &Sandbox, (name, other): (&str, Other), ending: &str) -> Result<()> {
    s.git("init -q")?;
    s.first_commit()?;
    other.prepare(s)?;
    let top = env!("CARGO_MANIFEST_DIR");
    let (source, rev) = if ending.is_empty() {
        (top.to_owned(), s.ask_git(&format!("-C {top} rev-parse HEAD"))?)
    } else {
        let source = s.root().join("hooks");
        std::fs::create_dir_all(&source)?;
        std::fs::copy(format!("{top}/.pre-commit-hooks.yaml"), source.join(".pre-commit-hooks.yaml"))?;
        let source = source.to_string_lossy().into_owned();
        for line in ["init -q", "add -A", "commit -q -m hooks"] {
            s.git(&format!("-C {source} {line}"))?;
        }
        let rev = s.ask_git(&format!("-C {source} rev-parse HEAD"))?;
        (source, rev)
    };
    let ids = ["leakwarden", "leakwarden-merge", "leakwarden-message", "leakwarden-after", "leakwarden-push"];
    let ids: String = ids.iter().map(|id| format!("  - id: {id}{ending}\n")).collect();
    s.write(
        ".pre-commit-config.yaml",
        format!(
            "default_install_hook_types: [pre-commit, pre-merge-commit, commit-msg, post-commit, pre-push]\n\
             repos:\n- repo: file://{source}\n  rev: {rev}\n  hooks:\n{ids}"
        ),
    )?;
    s.commit_unchecked("the framework")?;
    s.run(s.command(s.root().join("bin").join(name)).arg("install"))?.ok().map(drop)
}

fn each(scenario: impl Fn(&Sandbox, &str) -> Result<()>) -> Result<()> {
    let here: Vec<_> = FRAMEWORKS.into_iter().filter(|(_, other)| other.is_here()).collect();
    let rows: Vec<_> = here.iter().map(|row| (row.0, *row)).collect();
    table(&rows, |s, row| {
        start(s, *row, "-system")?;
        scenario(s, row.0)
    })
}

fn secret(seed: &str) -> String {
    line(&plant::github(seed))
}

#[test]
fn commits() -> Result<()> {
    each(|s, name| {
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.ok()?;
        s.write("app.conf", secret("framework-plain"))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:1:")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))?.blocked_at("app.conf:1:")?;
        s.git("rm -q -f app.conf")?;
        s.append("README.md", secret("framework-all"))?;
        s.commit("-a")?.blocked_at("README.md:22:")?;
        // Only what is staged is committed, and scanned: the framework stashes the rest meanwhile.
        s.git("add README.md")?;
        s.git("checkout -q HEAD -- README.md")?;
        s.append("README.md", secret("framework-unstaged"))?;
        s.write("other.txt", "clean\n")?;
        s.git("add other.txt")?;
        s.commit("")?.ok()?;
        s.git("checkout -q -- README.md")?;
        s.write("part.conf", secret("framework-staged"))?;
        s.git("add part.conf")?;
        s.write("part.conf", "nothing\n")?;
        s.commit("")?.blocked_at("part.conf:1:")?;
        s.git("rm -q -f part.conf")?;
        s.append("README.md", "more\n")?;
        let message = format!("a change\n\n{}", secret("framework-message"));
        let done = s.run(s.git_command().args(["commit", "-q", "-a", "-m", &message]))?;
        ensure!(done.code == Some(1) && done.stderr.contains("leakwarden"), "{name}: {done:?}");
        Ok(())
    })
}

#[test]
fn merges_and_pushes() -> Result<()> {
    each(|s, _| {
        s.git("checkout -q -b side")?;
        s.write("side.conf", secret("framework-merge"))?;
        s.commit_unchecked("side")?;
        s.git("checkout -q main")?;
        s.append("README.md", "main\n")?;
        s.commit_unchecked("main")?;
        let remote = s.root().join("remote.git");
        s.git(&format!("init -q --bare {}", remote.display()))?;
        s.git(&format!("remote add origin {}", remote.display()))?;
        s.try_git("push -q origin main")?.ok()?;
        // The framework tells of the commits of one branch, and they are looked at.
        let pushed = s.try_git("push -q origin side")?;
        // git does not turn what this hook prints into complaints.
        ensure!(pushed.code == Some(1) && pushed.stdout.contains("side.conf:1:"), "{pushed:?}");
        // As with the native hook: what the merged branch has already is not new, what is added is.
        s.try_git("merge -q --no-commit --no-ff side")?.ok()?;
        s.write("extra.conf", secret("framework-extra"))?;
        s.git("add extra.conf")?;
        s.commit("")?.blocked_at("extra.conf:1:")?.not_at("side.conf")?;
        s.git("rm -q -f extra.conf")?;
        s.git("merge --abort")?;
        s.try_git("merge -q --no-ff -m merge side")?.ok()?;
        ensure!(s.ask_git("rev-list --parents -n 1 HEAD")?.split(' ').count() == 3, "a true merge");
        Ok(())
    })
}

#[test]
fn what_is_skipped_is_noticed_after_the_commit() -> Result<()> {
    each(|s, name| {
        s.write("app.conf", secret("framework-skip"))?;
        s.git("add app.conf")?;
        let done = s.run(s.git_command().args(["commit", "-q", "-m", "a change"]).env("SKIP", "leakwarden-system"))?;
        done.ok()?;
        ensure!(s.events()?.iter().any(|event| event.starts_with("skipped")), "{name}: {:?}\n{done:?}", s.events()?);
        // Nothing is staged: there is nothing to look at.
        let program = s.root().join("bin").join(name);
        s.run(s.command(program).args(["run", "--all-files"]))?.ok().map(drop)
    })
}

/// Builds leakwarden with the framework: minutes, so only where it is asked for.
#[test]
fn built_from_source() -> Result<()> {
    if std::env::var_os("LEAKWARDEN_TEST_FRAMEWORK_BUILD").is_none() {
        crate::kit::skip("language: rust (set LEAKWARDEN_TEST_FRAMEWORK_BUILD; it takes minutes)");
        return Ok(());
    }
    let s = &Sandbox::new(&gits::all()[0])?;
    start(s, FRAMEWORKS[0], "")?;
    std::fs::remove_file(s.root().join("bin/leakwarden"))?;
    // The framework calls cargo, which asks for a compiler and for the registry's settings.
    let with_tools = |command: &mut std::process::Command| {
        let mut path = s.root().join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command.env("PATH", path);
        for name in ["CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(home) = std::env::var_os("HOME") {
            let home = std::path::PathBuf::from(home);
            let or = |name: &str, folder: &str| std::env::var_os(name).unwrap_or_else(|| home.join(folder).into());
            command.env("CARGO_HOME", or("CARGO_HOME", ".cargo"));
            command.env("RUSTUP_HOME", or("RUSTUP_HOME", ".rustup"));
        }
    };
    s.write("app.conf", secret("framework-built"))?;
    s.git("add app.conf")?;
    let mut commit = s.git_command();
    with_tools(commit.args(["commit", "-q", "-m", "a change"]));
    s.run(&mut commit)?.blocked_at("app.conf:1:").map(drop)
}
