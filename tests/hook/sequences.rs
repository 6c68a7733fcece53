//! Cherry-pick, revert and rebase, at the steps where git runs a hook that can stop the commit.

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Sandbox, in_repository, line, plant};

fn with_editor(s: &Sandbox, editor: &str, arguments: &str) -> Result<Outcome> {
    s.run(s.git_command().env("GIT_EDITOR", editor).args(arguments.split(' ')))
}

/// Replaces line five of `README.md` and commits past the hooks.
fn change_line_five(s: &Sandbox, new: &str) -> Result<()> {
    let text = std::fs::read_to_string(s.path("README.md"))?;
    let lines = text.lines().enumerate().map(|(n, line)| if n == 4 { new.to_owned() } else { format!("{line}\n") });
    s.write("README.md", lines.collect::<String>())?;
    s.commit_unchecked("change line five")
}

/// A `side` branch whose last commit conflicts with `main` when it is picked.
fn with_a_conflicting_pick(s: &Sandbox, side: &str) -> Result<()> {
    s.git("checkout -q -b side")?;
    change_line_five(s, side)?;
    s.git("checkout -q main")?;
    change_line_five(s, "main\n")?;
    s.try_git("cherry-pick side")?.exits(1).map(drop)
}

fn resolve(s: &Sandbox, five: &str) -> Result<()> {
    let base = crate::kit::sandbox::README;
    s.write("README.md", base.replace("five\n", five))?;
    s.git("add README.md")
}

#[test]
fn conflicted_cherry_pick_resolved_with_a_new_secret() -> Result<()> {
    in_repository(|s| {
        with_a_conflicting_pick(s, "side\n")?;
        resolve(s, &line(&plant::github("pick")))?;
        with_editor(s, "true", "cherry-pick --continue")?.blocked_at("README.md:5:")?;
        s.commit("")?.blocked_at("README.md:5:")?;
        resolve(s, "both\n")?;
        with_editor(s, "true", "cherry-pick --continue")?.clean()
    })
}

#[test]
fn conflicted_cherry_pick_that_brings_an_old_secret() -> Result<()> {
    in_repository(|s| {
        let token_line = line(&plant::github("pick-old"));
        with_a_conflicting_pick(s, &token_line)?;
        // It is new on this branch, wherever it stood before.
        resolve(s, &token_line)?;
        with_editor(s, "true", "cherry-pick --continue")?.blocked_at("README.md:5:").map(drop)
    })
}

#[test]
fn cherry_pick_without_commit() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        change_line_five(s, &line(&plant::github("pick-no-commit")))?;
        s.git("checkout -q main")?;
        s.git("cherry-pick --no-commit side")?;
        s.commit("")?.blocked_at("README.md:5:").map(drop)
    })
}

#[test]
fn conflicted_revert_resolved_with_a_new_secret() -> Result<()> {
    in_repository(|s| {
        change_line_five(s, "second\n")?;
        change_line_five(s, "third\n")?;
        s.try_git("revert --no-edit HEAD~1")?.exits(1)?;
        resolve(s, &line(&plant::github("revert")))?;
        with_editor(s, "true", "revert --continue")?.blocked_at("README.md:5:")?;
        resolve(s, "both\n")?;
        with_editor(s, "true", "revert --continue")?.clean()
    })
}

#[test]
fn revert_that_brings_a_removed_secret_back() -> Result<()> {
    in_repository(|s| {
        change_line_five(s, &line(&plant::github("revert-old")))?;
        change_line_five(s, "taken out\n")?;
        s.git("revert --no-commit HEAD")?;
        s.commit("")?.blocked_at("README.md:5:").map(drop)
    })
}

/// A rebase of two commits that stops, or rewords, at the first.
fn rebase(s: &Sandbox, action: &str, editor: &str) -> Result<Outcome> {
    s.write("a.txt", "a\n")?;
    s.commit_unchecked("first of two")?;
    s.write("b.txt", "b\n")?;
    s.commit_unchecked("second of two")?;
    let todo = format!("sed -i 1s/^pick/{action}/");
    let mut command = s.git_command();
    s.run(command.env("GIT_SEQUENCE_EDITOR", todo).env("GIT_EDITOR", editor).args(["rebase", "-q", "-i", "HEAD~2"]))
}

#[test]
fn rebase_reword() -> Result<()> {
    in_repository(|s| {
        let said = rebase(s, "reword", "sed -i 1s/.*/reworded/")?;
        said.ok()?.not_at("leakwarden")?;
        ensure!(said.hooks.iter().any(|h| h == "pre-commit"), "{said:?}");
        ensure!(s.ask_git("log -1 --format=%s HEAD~1")? == "reworded", "the message was changed");
        Ok(())
    })
}

#[test]
fn rebase_reword_with_a_token_in_the_message() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("reword");
        let said = rebase(s, "reword", &format!("sed -i 1s/.*/{token}/"))?;
        ensure!(said.code != Some(0) && said.stderr.contains("leakwarden: commit blocked"), "{said:?}");
        Ok(())
    })
}

#[test]
fn rebase_edit_then_commit() -> Result<()> {
    in_repository(|s| {
        rebase(s, "edit", "true")?.ok()?;
        s.write("added.conf", line(&plant::github("edit")))?;
        s.git("add added.conf")?;
        s.commit("")?.blocked_at("added.conf:1:")?;
        s.commit("--amend")?.blocked_at("added.conf:1:")?;
        s.write("added.conf", "clean\n")?;
        s.git("add added.conf")?;
        s.commit("")?.clean()?;
        with_editor(s, "true", "rebase --continue")?.ok()?.not_at("leakwarden").map(drop)
    })
}

#[test]
fn rebase_continue_commits_of_a_conflict() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        change_line_five(s, "side\n")?;
        s.git("checkout -q main")?;
        change_line_five(s, "main\n")?;
        s.git("checkout -q side")?;
        s.try_git("rebase -q main")?.exits(1)?;
        resolve(s, &line(&plant::github("rebase-conflict")))?;
        // `rebase --continue` itself runs no hook that could stop it; a commit by hand does.
        s.commit("")?.blocked_at("README.md:5:")?;
        resolve(s, "both\n")?;
        with_editor(s, "true", "rebase --continue")?.ok()?.not_at("leakwarden").map(drop)
    })
}

#[test]
fn a_stale_auto_merge_hides_nothing() -> Result<()> {
    in_repository(|s| {
        let token_line = line(&plant::github("auto-merge"));
        s.git("checkout -q -b side")?;
        change_line_five(s, &token_line)?;
        s.git("checkout -q main")?;
        s.git("cherry-pick --no-commit side")?;
        // AUTO_MERGE, made or left behind by anything, may already hold the secret.
        let tree = s.ask_git("write-tree")?;
        s.write(".git/AUTO_MERGE", format!("{tree}\n"))?;
        s.commit("")?.blocked_at("README.md:5:").map(drop)
    })
}

#[test]
fn the_commit_of_applied_patches() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        change_line_five(s, &line(&plant::github("apply")))?;
        s.git("format-patch -q -1 -o ../patches")?;
        s.git("checkout -q main")?;
        let patch = s.root().join("patches/0001-change-line-five.patch");
        s.run(s.git_command().args(["apply", "--index"]).arg(patch))?.ok()?;
        s.commit("")?.blocked_at("README.md:5:")?;
        s.git("reset -q --hard")?;
        s.git("checkout -q side")?;
        s.git("reset -q --soft main")?;
        s.commit("")?.blocked_at("README.md:5:")?;
        s.git("stash push -q")?;
        s.git("stash pop -q --index")?;
        s.commit("")?.blocked_at("README.md:5:").map(drop)
    })
}
