//! What policy may ask for: no plain commit without a scan, and no branch that moves to a secret.

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Sandbox, in_sandbox, line, plant};

const USER: &str = "../home/.config/leakwarden/config.toml";

fn with_policy(policy: &str, scenario: impl Fn(&Sandbox) -> Result<()>) -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        s.write(USER, format!("[commits]\n{policy} = true\n"))?;
        s.install()?;
        scenario(s)
    })
}

fn refused(outcome: &Outcome) -> Result<()> {
    ensure!(
        outcome.code != Some(0) && outcome.stderr.contains("leakwarden: "),
        "should be refused: {}",
        outcome.stderr
    );
    Ok(())
}

#[test]
fn a_plain_commit_without_a_scan_is_refused() -> Result<()> {
    with_policy("refuse_unscanned", |s| {
        s.write("a", "clean\n")?;
        s.git("add a")?;
        refused(&s.commit("--no-verify")?)?;
        ensure!(s.events()? == ["blocked by no-verify"], "{:?}", s.events()?);
        s.commit("")?.clean()?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "-m", "with another message"]))?.ok()?;
        // A path alone, for which git writes no tree before the hook.
        s.write("a", "changed\n")?;
        s.write("b", "left\n")?;
        s.git("add b")?;
        s.run(s.git_command().args(["commit", "-q", "-m", "a path", "a"]))?.ok()?;
        // What is excepted passes.
        s.write("conf", line(&plant::github("strict")))?;
        s.git("add conf")?;
        s.allow(&s.only_id()?, &[])?.ok()?;
        s.commit("")?.ok()?;
        s.leakwarden("uninstall")?.ok()?;
        ensure!(!s.path(".git/hooks/prepare-commit-msg").exists(), "it goes with the others");
        Ok(())
    })
}

#[test]
fn picks_merges_and_rebases_are_not_left_half_done() -> Result<()> {
    with_policy("refuse_unscanned", |s| {
        s.git("checkout -q -b side")?;
        s.write("side", "side\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q main")?;
        s.write("main", "main\n")?;
        s.commit_all()?.clean()?;
        s.git("cherry-pick side")?;
        // What a pick leaves behind opens nothing.
        s.write("plain", "plain\n")?;
        s.git("add plain")?;
        refused(&s.commit("--no-verify")?)?;
        s.commit("")?.clean()?;
        s.git("cherry-pick --allow-empty --keep-redundant-commits side")?;
        s.git("revert --no-edit HEAD~2")?;
        s.git("merge -q --no-verify --no-edit side")?;
        s.git("checkout -q -b third side")?;
        s.write("third", "third\n")?;
        s.commit_all()?.clean()?;
        s.git("rebase -q main")?;
        s.git("rebase -q --force-rebase --apply main")
    })
}

#[test]
fn no_command_moves_a_branch_to_a_secret() -> Result<()> {
    with_policy("guard_branches", |s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        let before = s.ask_git("rev-parse HEAD")?;
        s.write("conf", line(&plant::github("guarded")))?;
        s.git("add conf")?;
        refused(&s.commit("--no-verify")?)?;
        let tree = s.ask_git("write-tree")?;
        let commit = s.ask_git(&format!("commit-tree -p HEAD -m x {tree}"))?;
        refused(&s.try_git(&format!("update-ref refs/heads/main {commit}"))?)?;
        refused(&s.try_git(&format!("branch other {commit}"))?)?;
        // A tag on it opens nothing.
        s.git(&format!("tag on-it {commit}"))?;
        refused(&s.try_git(&format!("branch other {commit}"))?)?;
        s.git("tag -d on-it")?;
        ensure!(s.ask_git("rev-parse HEAD")? == before, "it is where it was");
        // A clean history moves as ever.
        s.git("reset -q --hard")?;
        s.git("checkout -q -b side")?;
        s.write("b", "clean\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q main")?;
        s.git("merge -q --no-ff --no-edit side")?;
        s.git("branch -d side")?;
        s.git("pack-refs --all")?;
        // Asked for no more, it is gone.
        s.write(USER, "")?;
        s.install()?;
        ensure!(!s.path(".git/hooks/reference-transaction").exists(), "the hook goes");
        s.git(&format!("branch other {commit}"))
    })
}

#[test]
fn a_repository_may_ask_for_it_too() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        s.write(".leakwarden.toml", "[commits]\nrefuse_unscanned = true\n")?;
        s.commit_unchecked("policy")?;
        s.install()?;
        s.write("a", "clean\n")?;
        s.git("add a")?;
        refused(&s.commit("--no-verify")?)
    })
}
