//! Every way in which `git commit` is called without a merge: what will be committed is scanned,
//! and nothing else.

use anyhow::{Result, ensure};

use crate::kit::outcome::HOOKS;
use crate::kit::{Sandbox, in_repository, in_sandbox, line, plant};

#[test]
fn first_commit_of_a_repository() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.install()?;
        s.write("app.conf", line(&plant::github("first")))?;
        s.git("add .")?;
        let report = s.staged()?;
        ensure!(
            report.receipt("bases").as_array().is_some_and(Vec::is_empty),
            "an unborn branch has no base: {}",
            report.0
        );
        s.commit("")?.blocked_at("app.conf:1:")?;
        s.write("app.conf", "token = \"$TOKEN\"\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn plain_commit() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", format!("a = 1\n{}", line(&plant::github("plain"))))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:2:")?;
        s.staged()?.only("github-", "app.conf", 2, "content")?;
        s.hook("pre-commit")?.exits(1)?;
        s.write("app.conf", "a = 1\n")?;
        s.git("add app.conf")?;
        s.hook("pre-commit")?.exits(0)?;
        s.commit("")?.clean()
    })
}

#[test]
fn git_calls_the_hook_with_exact_exit_codes() -> Result<()> {
    in_repository(|s| {
        s.probe()?;
        s.write("app.conf", line(&plant::github("probe")))?;
        s.commit_all()?.exits(1)?;
        let said = s.probed("pre-commit")?;
        said.exits(1)?.report()?.only("github-", "app.conf", 1, "content")?;
        s.write("app.conf", "a = 1\nb = 2\n")?;
        s.commit_all()?.ok()?;
        let said = s.probed("pre-commit")?.exits(0)?.report()?;
        ensure!(said.findings()?.is_empty(), "{}", said.0);
        ensure!(said.receipt("files") == 1 && said.receipt("added_lines") == 2, "{}", said.0);
        ensure!(said.receipt("bytes") == 12 && said.0["version"] == 1, "{}", said.0);
        ensure!(said.receipt("bases") == &serde_json::json!([s.ask_git("rev-parse HEAD~^{tree}")?]), "{}", said.0);
        s.probed("commit-msg")?.exits(0).map(drop)
    })
}

#[test]
fn commit_all() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", line(&plant::github("all")))?;
        s.commit("-a")?.blocked_at("README.md:21:")?;
        s.write("untracked.conf", line(&plant::github("all-untracked")))?;
        s.write("README.md", "another text\n")?;
        s.commit("-a")?.clean()
    })
}

#[test]
fn commit_patch_takes_the_chosen_hunk_only() -> Result<()> {
    in_repository(|s| {
        let token = line(&plant::github("patch"));
        let text = std::fs::read_to_string(s.path("README.md"))?;
        s.write("README.md", format!("{token}{text}a last line\n"))?;
        // Git shows the hunks on stdout; what the hook says goes to stderr.
        let patch =
            |answers| s.run_with(s.command("sh").args(["-c", "git commit -q -p -m 'a part' >/dev/null"]), answers);
        patch("y\nn\n")?.blocked_at("README.md:1:")?;
        s.git("reset -q")?;
        patch("n\ny\n")?.clean()?;
        s.commit("-a")?.blocked_at("README.md:1:").map(drop)
    })
}

#[test]
fn commit_include() -> Result<()> {
    in_repository(|s| {
        s.write("staged.txt", "staged\n")?;
        s.git("add staged.txt")?;
        s.append("README.md", line(&plant::github("include")))?;
        s.commit("--include README.md")?.blocked_at("README.md:21:")?;
        s.git("reset -q")?;
        s.write("staged.conf", line(&plant::github("include-staged")))?;
        s.git("add staged.conf")?;
        s.write("README.md", "clean\n")?;
        s.commit("--include README.md")?.blocked_at("staged.conf:1:")?.not_at("README.md:").map(drop)
    })
}

#[test]
fn commit_of_a_path_with_other_things_staged() -> Result<()> {
    in_repository(|s| {
        s.write("leak.conf", line(&plant::github("only")))?;
        s.git("add leak.conf")?;
        s.write("README.md", "clean\n")?;
        // What stays staged is not part of this commit.
        s.commit("README.md")?.clean()?;
        s.append("README.md", "more\n")?;
        s.commit("-- README.md leak.conf")?.blocked_at("leak.conf:1:")?;
        s.write("other.txt", "clean\n")?;
        s.git("rm -q --cached leak.conf")?;
        s.git("add other.txt")?;
        s.append("README.md", line(&plant::github("only-path")))?;
        s.commit("README.md")?.blocked_at("README.md:3:").map(drop)
    })
}

#[test]
fn amend() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", "a = 1\n")?;
        s.commit_all()?.clean()?;
        s.append("app.conf", line(&plant::github("amend")))?;
        s.git("add app.conf")?;
        s.commit("--amend")?.blocked_at("app.conf:2:")?;
        s.run(s.git_command().args(["commit", "-q", "-a", "--amend", "--no-edit"]))?.blocked_at("app.conf:2:")?;
        s.write("app.conf", "a = 2\n")?;
        s.commit("-a --amend")?.clean()
    })
}

#[test]
fn amend_of_the_first_commit() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", line(&plant::github("amend-first")))?;
        s.commit("-a --amend")?.blocked_at("README.md:21:")?;
        s.write("README.md", "clean\n")?;
        s.commit("-a --amend")?.clean()
    })
}

#[test]
fn amend_of_a_commit_that_has_an_old_secret() -> Result<()> {
    in_repository(|s| {
        s.write("old.conf", format!("a = 1\n{}", line(&plant::github("amend-old"))))?;
        s.commit_unchecked("an old secret")?;
        // Against the commit that is replaced, nothing of it is new.
        s.append("old.conf", "b = 2\n")?;
        let amended = s.commit("-a --amend")?;
        // post-rewrite compares with its real parents.
        ensure!(amended.ok()?.stderr.contains("leakwarden: this commit holds a secret"), "{}", amended.stderr);
        s.append("old.conf", line(&plant::github("amend-old-new")))?;
        s.commit("-a --amend")?.blocked_at("old.conf:4:")?.not_at("old.conf:2:").map(drop)
    })
}

#[test]
fn commit_from_a_subdirectory() -> Result<()> {
    in_repository(|s| {
        s.write("sub/dir/app.conf", line(&plant::github("subdirectory")))?;
        let commit = |arguments: &[&str]| {
            s.run(s.git_command().current_dir(s.path("sub/dir")).args(["commit", "-q", "-m", "x"]).args(arguments))
        };
        s.git("add .")?;
        commit(&[])?.blocked_at("sub/dir/app.conf:1:")?;
        commit(&["app.conf"])?.blocked_at("sub/dir/app.conf:1:")?;
        s.write("sub/dir/app.conf", "clean\n")?;
        commit(&["-a"])?.clean()
    })
}

#[test]
fn linked_worktree() -> Result<()> {
    in_repository(|s| {
        s.git("worktree add -q ../linked")?;
        let there = s.root().join("linked");
        let git = |line: &str| s.run(s.git_command().current_dir(&there).args(line.split(' ')));
        std::fs::write(there.join("app.conf"), line(&plant::github("linked")))?;
        git("add app.conf")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        git("commit -q -m x app.conf")?.blocked_at("app.conf:1:")?;
        // The main worktree has an index of its own.
        s.write("clean.txt", "clean\n")?;
        s.commit_all()?.clean()?;
        std::fs::write(there.join("app.conf"), "clean\n")?;
        git("commit -q -a -m x")?.clean()
    })
}

#[test]
fn worktree_of_a_bare_repository() -> Result<()> {
    in_repository(|s| {
        s.git("clone -q --bare . ../bare.git")?;
        s.git("--git-dir=../bare.git worktree add -q ../linked main")?;
        let there = s.root().join("linked");
        s.run(s.command(crate::kit::LEAKWARDEN).arg("install").current_dir(&there))?.ok()?;
        let git = |line: &str| s.run(s.git_command().current_dir(&there).args(line.split(' ')));
        std::fs::write(there.join("app.conf"), line(&plant::github("bare")))?;
        git("add app.conf")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        std::fs::write(there.join("app.conf"), "clean\n")?;
        git("commit -q -a -m x")?.clean()
    })
}

#[test]
fn inside_a_submodule() -> Result<()> {
    in_repository(|s| {
        s.git("clone -q . ../other")?;
        s.git("submodule --quiet add ../other part")?;
        s.commit_all()?.clean()?;
        let there = s.path("part");
        s.run(s.command(crate::kit::LEAKWARDEN).arg("install").current_dir(&there))?.ok()?;
        let git = |line: &str| s.run(s.git_command().current_dir(&there).args(line.split(' ')));
        s.write("part/app.conf", line(&plant::github("submodule")))?;
        git("add app.conf")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        s.write("part/app.conf", "clean\n")?;
        git("commit -q -a -m x")?.clean()?;
        // And the entry in the outer repository.
        s.commit("-a")?.clean()
    })
}

#[test]
fn separate_git_dir() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q --separate-git-dir=../apart.git")?;
        s.first_commit()?;
        s.install()?;
        s.write("app.conf", line(&plant::github("separate")))?;
        s.commit_all()?.blocked_at("app.conf:1:")?;
        s.write("app.conf", "clean\n")?;
        s.commit_all()?.clean()
    })
}

/// The repository's folder moved away from its worktree; both are named explicitly.
fn moved_apart(s: &Sandbox) -> Result<()> {
    std::fs::rename(s.path(".git"), s.root().join("elsewhere.git"))?;
    // A hook of another repository must not be the one that is run.
    for name in HOOKS {
        ensure!(s.root().join("elsewhere.git/hooks").join(name).exists(), "no {name}");
    }
    Ok(())
}

#[test]
fn explicit_git_dir_and_work_tree() -> Result<()> {
    in_repository(|s| {
        moved_apart(s)?;
        let git = |words: &str| {
            let mut command = s.git_command();
            command.current_dir(s.root()).args(["--git-dir=elsewhere.git", "--work-tree=repo"]);
            s.run(command.args(words.split(' ')))
        };
        s.write("app.conf", line(&plant::github("explicit")))?;
        git("add .")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        git("commit -q -a -m x")?.blocked_at("app.conf:1:")?;
        s.write("app.conf", "clean\n")?;
        git("commit -q -a -m x")?.clean()
    })
}

#[test]
fn git_dir_and_work_tree_in_the_environment() -> Result<()> {
    in_repository(|s| {
        moved_apart(s)?;
        let git = |words: &str| {
            let mut command = s.git_command();
            command.current_dir(s.path("")).env("GIT_DIR", "../elsewhere.git").env("GIT_WORK_TREE", ".");
            s.run(command.args(words.split(' ')))
        };
        s.write("app.conf", line(&plant::github("environment")))?;
        git("add .")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        s.write("app.conf", "clean\n")?;
        git("commit -q -a -m x")?.clean()
    })
}

#[test]
fn another_index() -> Result<()> {
    in_repository(|s| {
        let git = |index: &str, words: &str| s.run(s.git_command().env("GIT_INDEX_FILE", index).args(words.split(' ')));
        for (name, index) in
            [("relative", "second.index".to_owned()), ("absolute", s.path("third.index").display().to_string())]
        {
            git(&index, "read-tree HEAD")?.ok()?;
            s.write("app.conf", line(&plant::github(&format!("index-{name}"))))?;
            git(&index, "add app.conf")?.ok()?;
            git(&index, "commit -q -m x")?.blocked_at("app.conf:1:")?;
            // The usual index does not hold it ...
            s.commit("--allow-empty")?.clean()?;
            // ... and what only the usual index holds is not in a commit from another.
            s.git("add app.conf")?;
            git(&index, "read-tree HEAD")?.ok()?;
            git(&index, "commit -q --allow-empty -m x")?.clean()?;
            s.git("rm -q --cached app.conf")?;
        }
        Ok(())
    })
}

#[test]
fn objects_elsewhere() -> Result<()> {
    in_repository(|s| {
        let objects = s.root().join("objects");
        std::fs::create_dir(&objects)?;
        let git = |words: &str| {
            let mut command = s.git_command();
            command.env("GIT_OBJECT_DIRECTORY", &objects);
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", s.path(".git/objects"));
            s.run(command.args(words.split(' ')))
        };
        s.write("app.conf", line(&plant::github("objects")))?;
        git("add app.conf")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        s.write("app.conf", "clean\n")?;
        git("commit -q -a -m x")?.clean()
    })
}

#[test]
fn git_directory_behind_a_link_and_configured_worktree() -> Result<()> {
    in_repository(|s| {
        std::fs::rename(s.path(".git"), s.root().join("moved.git"))?;
        std::os::unix::fs::symlink("../moved.git", s.path(".git"))?;
        s.write("app.conf", line(&plant::github("git-link")))?;
        s.commit_all()?.blocked_at("app.conf:1:")?;
        std::fs::remove_file(s.path(".git"))?;
        let git = |words: &str| s.run(s.git_command().current_dir(s.root().join("moved.git")).args(words.split(' ')));
        git("config core.worktree ../repo")?.ok()?;
        git("commit -q -m x")?.blocked_at("app.conf:1:")?;
        s.write("app.conf", "clean\n")?;
        git("--git-dir=. commit -q -a -m x")?.clean()
    })
}

#[test]
fn dry_run_and_nothing_to_commit() -> Result<()> {
    in_repository(|s| {
        let nothing = s.commit("")?;
        nothing.exits(1)?.not_at("leakwarden")?;
        s.write("app.conf", line(&plant::github("no-verify")))?;
        s.git("add app.conf")?;
        s.commit("--dry-run")?.ok()?.not_at("leakwarden")?;
        // A person's own decision stays possible; `noticed` has what is said of it.
        s.commit("--no-verify")?.ok()?.not_at("blocked").map(drop)
    })
}

#[test]
fn several_findings_are_all_shown() -> Result<()> {
    in_repository(|s| {
        s.write("b/two.conf", format!("x\n{}", line(&plant::github("several-1"))))?;
        s.write("a.conf", format!("{}\n{}", line(&plant::github("several-2")), line(&plant::github("several-3"))))?;
        let key = plant::private_key("several-4");
        s.write("key.txt", &key)?;
        let password = plant::password("several-5");
        s.write("settings.ini", format!("[db]\nuser = app\npassword = \"{password}\"\n"))?;
        s.git("add .")?;
        let said = s.commit("")?;
        for place in ["b/two.conf:2:", "a.conf:1:", "a.conf:3:", "key.txt:1:", "settings.ini:3:"] {
            said.blocked_at(place)?;
        }
        let places: Vec<String> = s
            .staged()?
            .findings()?
            .iter()
            .map(|f| format!("{}:{}", f["path"].as_str().unwrap_or_default(), f["line"]))
            .collect();
        ensure!(places == ["a.conf:1", "a.conf:3", "b/two.conf:2", "key.txt:1", "settings.ini:3"], "{places:?}");
        Ok(())
    })
}
