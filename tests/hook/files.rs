//! `leakwarden scan PATH` in a repository: what git tracks is scanned, whatever its ignore rules say.

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_repository, line, plant};

/// The paths with findings of a scan, sorted.
fn found(s: &Sandbox, line: &str) -> Result<Vec<String>> {
    let report = s.leakwarden(&format!("scan --format json {line}"))?.report()?;
    let mut paths: Vec<String> =
        report.findings()?.iter().filter_map(|f| f["path"].as_str().map(str::to_owned)).collect();
    paths.sort();
    Ok(paths)
}

#[test]
fn tracked_files_are_scanned_though_a_rule_ignores_them() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "*.log\n/build/\n")?;
        for name in ["tracked.log", "sub/tracked.log", "build/tracked.txt", "gone.log"] {
            s.write(name, line(&plant::github(name)))?;
            s.git(&format!("add -f {name}"))?;
        }
        std::fs::remove_file(s.path("gone.log"))?;
        for name in ["untracked.log", "build/untracked.txt", "sub/plain.txt"] {
            s.write(name, line(&plant::github(name)))?;
        }
        let all = ["build/tracked.txt", "sub/plain.txt", "sub/tracked.log", "tracked.log"];
        ensure!(found(s, ".")? == all, "{:?}", found(s, ".")?);
        ensure!(found(s, "sub")? == ["sub/plain.txt", "sub/tracked.log"], "{:?}", found(s, "sub")?);
        // A folder that is named is scanned whether ignored or not, and each file once.
        ensure!(found(s, "build/")? == ["build/tracked.txt", "build/untracked.txt"], "{:?}", found(s, "build/")?);
        let whole = s.path("").display().to_string();
        ensure!(found(s, &whole)?.len() == all.len(), "{:?}", found(s, &whole)?);
        // Another repository in the environment does not stand in for the one that is scanned.
        s.run(s.git_command().args(["init", "-q"]).arg(s.root().join("other")))?.ok()?;
        let mut command = s.command(crate::kit::LEAKWARDEN);
        command.args(["scan", "--format", "json", "sub"]).env("GIT_DIR", s.root().join("other/.git"));
        ensure!(s.run(&mut command)?.report()?.findings()?.len() == 2, "GIT_DIR is of no concern");
        Ok(())
    })
}

#[test]
fn a_linked_worktree_has_an_index_of_its_own() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "*.log\n")?;
        s.write("tracked.log", line(&plant::github("worktree-scan")))?;
        s.git("add -f .")?;
        s.commit_unchecked("an ignored file")?;
        s.git("worktree add -q ../linked")?;
        let linked = s.root().join("linked").display().to_string();
        ensure!(found(s, &linked)?.len() == 1, "{:?}", found(s, &linked)?);
        Ok(())
    })
}

#[test]
fn a_path_in_conflict_is_scanned_once() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "*.log\n")?;
        for (branch, start) in [("side", "main"), ("other", "main")] {
            s.git(&format!("checkout -q -b {branch} {start}"))?;
            s.write("both.log", format!("{branch}\n{}", line(&plant::github("conflict-scan"))))?;
            s.git("add -f both.log")?;
            s.commit_unchecked("an ignored file")?;
        }
        ensure!(s.try_git("merge -q side")?.code != Some(0), "a conflict");
        let report = s.leakwarden("scan --format json .")?.report()?;
        ensure!(report.receipt("files") == 3, "README.md, .gitignore and both.log: {report:?}");
        Ok(())
    })
}

/// Where the index cannot be read nobody knows which ignored files are tracked: that is said.
#[test]
fn a_damaged_index_is_said() -> Result<()> {
    in_repository(|s| {
        std::fs::write(s.path(".git/index"), "no index")?;
        let said = s.leakwarden("scan .")?;
        ensure!(said.exits(3)?.stderr.contains("tracked") && said.stderr.contains("index"), "{said:?}");
        std::fs::remove_file(s.path(".git/index"))?;
        s.leakwarden("scan .")?.exits(0).map(drop)
    })
}
