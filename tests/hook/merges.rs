//! Merges: what a parent already has is not new; what the merge itself adds is.

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Report, Sandbox, in_repository, line, plant};

/// `main` and `side`, each with a commit of its own; `side` brings an old secret in `side.conf`.
fn with_a_side_branch(s: &Sandbox, seed: &str) -> Result<()> {
    branch(s, "side", seed)?;
    s.write("main.txt", "main\n")?;
    s.commit_unchecked("on main")
}

fn branch(s: &Sandbox, name: &str, seed: &str) -> Result<()> {
    s.git(&format!("checkout -q -b {name} main"))?;
    s.write(format!("{name}.conf"), format!("a = 1\n{}", line(&plant::github(seed))))?;
    s.commit_unchecked("an old secret")?;
    s.git("checkout -q main")
}

/// Both branches changed line 5 of `README.md`; `side` brings an old secret right below it.
fn with_a_conflict(s: &Sandbox, seed: &str) -> Result<()> {
    let text = std::fs::read_to_string(s.path("README.md"))?;
    s.git("checkout -q -b side")?;
    s.write("README.md", text.replace("five\n", &format!("side\n{}", line(&plant::github(seed)))))?;
    s.commit_unchecked("side, with an old secret")?;
    s.git("checkout -q main")?;
    s.write("README.md", text.replace("five\n", "main\n"))?;
    s.commit_unchecked("main")
}

/// The text of the file in conflict without the marks: both sides.
fn both_sides(s: &Sandbox) -> Result<String> {
    let text = std::fs::read_to_string(s.path("README.md"))?;
    ensure!(text.contains("<<<<<<<"), "there should be a conflict");
    let mark = |line: &&str| !["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark));
    Ok(text.lines().filter(mark).map(|line| format!("{line}\n")).collect())
}

fn continue_merge(s: &Sandbox) -> Result<Outcome> {
    s.run(s.git_command().env("GIT_EDITOR", "true").args(["merge", "--continue"]))
}

fn bases(report: &Report, s: &Sandbox, parents: &[&str]) -> Result<()> {
    let trees: Result<Vec<String>> = parents.iter().map(|p| s.ask_git(&format!("rev-parse {p}^{{tree}}"))).collect();
    ensure!(report.receipt("bases") == &serde_json::json!(trees?), "bases of {parents:?}: {}", report.0);
    Ok(())
}

#[test]
fn clean_merge_of_a_branch_with_an_old_secret() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "clean-merge")?;
        let said = s.try_git("merge -q --no-ff -m merge side")?;
        said.clean()?;
        ensure!(said.hooks.iter().any(|h| h == "pre-merge-commit"), "{said:?}");
        ensure!(s.ask_git("rev-list --parents -n 1 HEAD")?.split(' ').count() == 3, "a true merge");
        Ok(())
    })
}

#[test]
fn receipt_of_a_merge_names_both_parents() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "merge-receipt")?;
        s.probe()?;
        s.git("merge -q --no-ff -m merge side")?;
        let report = s.probed("pre-merge-commit")?.exits(0)?.report()?;
        bases(&report, s, &["HEAD^1", "HEAD^2"])?;
        ensure!(report.findings()?.is_empty(), "{}", report.0);
        Ok(())
    })
}

#[test]
fn pre_merge_commit_that_knows_no_other_parent() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "no-githead")?;
        s.git("merge -q --no-ff --no-commit side")?;
        std::fs::remove_file(s.path(".git/MERGE_HEAD"))?;
        // Only HEAD is left to compare with, so what side brings counts as new.
        s.hook("pre-merge-commit")?.exits(1)?.blocked_at("side.conf:2:")?;
        let report = s.hook("pre-merge-commit --format json")?.report()?;
        bases(&report, s, &["HEAD"])
    })
}

#[test]
fn octopus() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "octopus-1")?;
        branch(s, "other", "octopus-2")?;
        branch(s, "third", "octopus-3")?;
        s.append("main.txt", "ahead of all of them\n")?;
        s.commit_unchecked("on main again")?;
        s.try_git("merge -q -m octopus side other third")?.clean()?;
        ensure!(s.ask_git("rev-list --parents -n 1 HEAD")?.split(' ').count() == 5, "an octopus");
        Ok(())
    })
}

#[test]
fn octopus_with_something_added() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "octopus-4")?;
        branch(s, "other", "octopus-5")?;
        s.append("main.txt", "ahead of both\n")?;
        s.commit_unchecked("on main again")?;
        s.git("merge -q --no-commit side other")?;
        s.append("side.conf", line(&plant::github("octopus-added")))?;
        s.commit("-a")?.blocked_at("side.conf:3:")?.not_at("side.conf:2:")?.not_at("other.conf")?;
        bases(&s.staged()?, s, &["HEAD", "side", "other"])?;
        s.git("checkout -q side -- side.conf")?;
        s.commit("-a")?.clean()
    })
}

#[test]
fn no_commit_with_something_added() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "no-commit")?;
        s.git("merge -q --no-ff --no-commit side")?;
        s.write("extra.conf", line(&plant::github("no-commit-added")))?;
        s.git("add extra.conf")?;
        s.commit("")?.blocked_at("extra.conf:1:")?.not_at("side.conf")?;
        s.git("rm -q -f extra.conf")?;
        s.commit("")?.clean()
    })
}

#[test]
fn something_added_to_a_file_of_theirs() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "theirs-edited")?;
        s.git("merge -q --no-ff --no-commit side")?;
        s.append("side.conf", line(&plant::github("theirs-added")))?;
        s.commit("-a")?.blocked_at("side.conf:3:")?.not_at("side.conf:2:").map(drop)
    })
}

#[test]
fn conflict_resolved_with_a_new_secret() -> Result<()> {
    in_repository(|s| {
        with_a_conflict(s, "conflict")?;
        s.try_git("merge -q side")?.exits(1)?;
        let resolved = both_sides(s)?;
        s.write("README.md", resolved.replace("side\n", &line(&plant::github("resolution"))))?;
        s.git("add README.md")?;
        s.commit("")?.blocked_at("README.md:6:")?.not_at("README.md:7:")?;
        continue_merge(s)?.blocked_at("README.md:6:").map(drop)
    })
}

#[test]
fn conflict_resolved_with_what_theirs_has() -> Result<()> {
    in_repository(|s| {
        with_a_conflict(s, "conflict-theirs")?;
        s.try_git("merge -q side")?.exits(1)?;
        let resolved = both_sides(s)?;
        s.write("README.md", resolved)?;
        s.git("add README.md")?;
        continue_merge(s)?.clean()
    })
}

#[test]
fn unmerged_entries_stop_git_before_anything_else() -> Result<()> {
    in_repository(|s| {
        with_a_conflict(s, "unmerged")?;
        s.try_git("merge -q side")?.exits(1)?;
        ensure!(s.commit("")?.code != Some(0), "git refuses unmerged paths");
        // There is no tree that this index would make.
        let said = s.hook("pre-commit")?;
        ensure!(said.code == Some(3) || said.code == Some(1), "{said:?}");
        Ok(())
    })
}

#[test]
fn a_secret_of_a_parent_in_another_file_is_new_there() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("moved-in-merge");
        with_a_side_branch(s, "moved-in-merge")?;
        s.git("merge -q --no-ff --no-commit side")?;
        s.append("main.txt", line(&token))?;
        s.commit("-a")?.blocked_at("main.txt:2:").map(drop)
    })
}

#[test]
fn theirs_renamed_the_file_with_an_old_secret() -> Result<()> {
    in_repository(|s| {
        s.write("old.conf", format!("{}{}", line(&plant::github("merge-rename")), "setting = 1\n".repeat(20)))?;
        s.commit_unchecked("an old secret")?;
        s.git("checkout -q -b side")?;
        s.git("mv old.conf new.conf")?;
        s.commit_unchecked("rename")?;
        s.git("checkout -q main")?;
        s.append("old.conf", "ours = 1\n")?;
        s.commit_unchecked("ours")?;
        s.try_git("merge -q --no-ff -m merge side")?.clean()
    })
}

#[test]
fn squash_merge() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "squash")?;
        // One parent, so all that comes along is new.
        s.git("merge -q --squash side")?;
        s.commit("")?.blocked_at("side.conf:2:")?;
        s.write("side.conf", "a = 1\n")?;
        s.commit("-a")?.clean()
    })
}

#[test]
fn unrelated_histories() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q --orphan side")?;
        s.git("rm -q -rf .")?;
        s.write("side.conf", line(&plant::github("unrelated")))?;
        s.commit_unchecked("an old secret")?;
        s.git("checkout -q main")?;
        s.try_git("merge -q --allow-unrelated-histories -m merge side")?.clean()
    })
}

#[test]
fn strategy_ours_and_a_subtree() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "ours")?;
        s.try_git("merge -q -s ours -m merge side")?.clean()?;
        s.git("checkout -q -b part main")?;
        s.write("part.txt", "part\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q main")?;
        s.try_git("merge -q --no-ff -m merge part")?.clean()
    })
}

#[test]
fn pull_with_a_merge() -> Result<()> {
    in_repository(|s| {
        with_a_side_branch(s, "pull")?;
        s.git("clone -q --bare . ../server.git")?;
        s.git("remote add origin ../server.git")?;
        s.git("branch -q -D side")?;
        s.try_git("-c pull.rebase=false pull -q --no-ff --no-edit origin side")?.clean()
    })
}
