//! Scripts that an earlier leakwarden put into a repository: they run today's program.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox, in_sandbox, line, plant};

/// Scripts by the hooks that they were written for.
type Shims = &'static [(&'static str, &'static str)];

const V1: Shims = &[("pre-commit", "shim-v1.sh"), ("pre-merge-commit", "shim-v1.sh"), ("commit-msg", "shim-v1.sh")];

const V2: Shims = &[
    ("pre-commit", "shim-v2-before.sh"),
    ("pre-merge-commit", "shim-v2-before.sh"),
    ("commit-msg", "shim-v2-before.sh"),
    ("post-commit", "shim-v2-after.sh"),
    ("post-merge", "shim-v2-after.sh"),
    ("post-rewrite", "shim-v2-input.sh"),
    ("pre-push", "shim-v2-input.sh"),
];

/// A repository into which the scripts are put by hand.
fn with(s: &Sandbox, shims: Shims, missing: &str, binary: &str) -> Result<()> {
    s.git("init -q")?;
    s.first_commit()?;
    for (hook, script) in shims {
        let text = crate::fixture(script);
        let text = text.replace("@HOOK@", hook).replace("@MISSING@", missing).replace("@BINARY@", binary);
        let path = s.path(format!(".git/hooks/{hook}"));
        fs::create_dir_all(s.path(".git/hooks"))?;
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[test]
fn they_block_and_let_pass() -> Result<()> {
    for shims in [V1, V2] {
        in_sandbox(|s| {
            with(s, shims, "warn", LEAKWARDEN)?;
            s.write("a.txt", "clean\n")?;
            s.git("add -A")?;
            s.commit("")?.clean()?;
            s.write("a.py", line(&plant::github("shim")))?;
            s.git("add -A")?;
            s.commit("")?.blocked_at("a.py:1:")?;
            s.git("rm -q --cached a.py")?;
            s.write("b.txt", "clean\n")?;
            s.git("add b.txt")?;
            // A secret in the message.
            let message = format!("a change\n\n{}", line(&plant::github("shim-message")));
            let outcome = s.run(s.git_command().args(["commit", "-q", "-m", &message]))?;
            ensure!(outcome.code == Some(1), "{}", outcome.stderr);
            s.commit("")?.clean()?;
            // Hooks that were there before run after ours.
            s.script("repo/.git/hooks/pre-commit.leakwarden-orig", "touch ../ran")?;
            s.write("c.txt", "clean\n")?;
            s.git("add c.txt")?;
            s.commit("")?.ok()?;
            ensure!(s.root().join("ran").exists(), "the hook before was not run");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn the_second_version_looks_after_a_commit_and_before_a_push() -> Result<()> {
    in_sandbox(|s| {
        with(s, V2, "warn", LEAKWARDEN)?;
        s.git("clone -q --bare . ../shared.git")?;
        s.git("remote add origin ../shared.git")?;
        s.git("fetch -q")?;
        s.write("a.txt", "clean\n")?;
        s.git("add -A")?;
        s.commit("")?.clean()?;
        s.write("a.py", line(&plant::github("shim-two")))?;
        s.git("add -A")?;
        let outcome = s.commit("--no-verify")?;
        ensure!(outcome.ok()?.stderr.contains("leakwarden"), "post-commit said nothing");
        let push = s.try_git("push -q origin main")?;
        ensure!(push.code != Some(0) && push.stderr.contains("push blocked"), "{}", push.stderr);
        Ok(())
    })
}

#[test]
fn without_the_program_they_do_as_they_were_told() -> Result<()> {
    for shims in [V1, V2] {
        for (missing, passes) in [("warn", true), ("block", false)] {
            in_sandbox(|s| {
                with(s, shims, missing, "/nowhere/leakwarden")?;
                s.write("a.txt", "clean\n")?;
                s.git("add -A")?;
                let outcome = s.commit("")?;
                ensure!((outcome.code == Some(0)) == passes, "{missing}: {}", outcome.stderr);
                ensure!(outcome.stderr.contains("NOT scanned"), "{missing}: {}", outcome.stderr);
                Ok(())
            })?;
        }
    }
    Ok(())
}
