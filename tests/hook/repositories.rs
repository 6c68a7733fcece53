//! Repositories of every format and layout that git can read: all of them are scanned.

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_repository, in_sandbox, line, plant};

/// A commit with a secret on line 2 is blocked, one without passes; new files and edited ones.
fn works(s: &Sandbox, seed: &str) -> Result<()> {
    s.write("dir/app.conf", format!("a = 1\n{}", line(&plant::github(seed))))?;
    s.git("add dir/app.conf")?;
    s.hook("pre-commit")?.exits(1)?.blocked_at("dir/app.conf:2:")?;
    s.commit("")?.blocked_at("dir/app.conf:2:")?;
    s.commit("dir/app.conf")?.blocked_at("dir/app.conf:2:")?;
    s.write("dir/app.conf", "a = 1\n")?;
    s.git("add dir/app.conf")?;
    s.commit("")?.clean()?;
    s.append("dir/app.conf", line(&plant::github(&format!("{seed}-edit"))))?;
    s.commit("-a")?.blocked_at("dir/app.conf:2:")?;
    s.write("dir/app.conf", "a = 2\n")?;
    s.commit("-a")?.clean()
}

#[test]
fn sha256_objects() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q --object-format=sha256")?;
        s.first_commit()?;
        s.install()?;
        works(s, "sha256")?;
        s.git("checkout -q --orphan other")?;
        s.append("README.md", line(&plant::github("sha256-orphan")))?;
        s.commit("-a")?.blocked_at("README.md:21:").map(drop)
    })
}

#[test]
fn reftable() -> Result<()> {
    in_sandbox(|s| {
        if !s.git.has(2, 45, "reftable") {
            return Ok(());
        }
        for (name, format) in [("sha1", "sha1"), ("sha256", "sha256")] {
            s.git(&format!("init -q --ref-format=reftable --object-format={format}"))?;
            s.install()?;
            // An unborn branch first.
            s.write("README.md", line(&plant::github(&format!("reftable-first-{name}"))))?;
            s.git("add .")?;
            s.commit("")?.blocked_at("README.md:1:")?;
            s.first_commit()?;
            works(s, &format!("reftable-{name}"))?;
            merge_passes(s, &format!("reftable-merge-{name}"))?;
            s.git("checkout -q --detach")?;
            works(s, &format!("reftable-detached-{name}"))?;
            std::fs::remove_dir_all(s.path(""))?;
            std::fs::create_dir(s.path(""))?;
        }
        Ok(())
    })
}

/// A clean merge that brings an old secret.
fn merge_passes(s: &Sandbox, seed: &str) -> Result<()> {
    s.git("checkout -q -b side")?;
    s.write("side.conf", line(&plant::github(seed)))?;
    s.commit_unchecked("an old secret")?;
    s.git("checkout -q main")?;
    s.try_git("merge -q --no-ff -m merge side")?.clean()
}

#[test]
fn reftable_in_a_linked_worktree() -> Result<()> {
    in_sandbox(|s| {
        if !s.git.has(2, 45, "reftable in a linked worktree") {
            return Ok(());
        }
        s.git("init -q --ref-format=reftable")?;
        s.first_commit()?;
        s.install()?;
        s.git("worktree add -q ../linked")?;
        let there = s.root().join("linked");
        std::fs::write(there.join("app.conf"), line(&plant::github("reftable-linked")))?;
        s.run(s.git_command().current_dir(&there).args(["add", "."]))?.ok()?;
        s.run(s.git_command().current_dir(&there).args(["commit", "-m", "x"]))?.blocked_at("app.conf:1:").map(drop)
    })
}

#[test]
fn index_of_each_version() -> Result<()> {
    in_repository(|s| {
        for version in [4, 2] {
            s.git(&format!("update-index --index-version {version}"))?;
            works(s, &format!("index-{version}"))?;
        }
        // Version 3 is what extended flags need.
        s.git("update-index --skip-worktree README.md")?;
        works(s, "index-3")?;
        let header = std::fs::read(s.path(".git/index"))?;
        ensure!(header[..8] == *b"DIRC\0\0\0\x03", "an index of version 3: {:?}", &header[..8]);
        Ok(())
    })
}

#[test]
fn many_files_in_an_index_of_version_4() -> Result<()> {
    in_repository(|s| {
        s.git("config index.version 4")?;
        s.git("config index.threads 2")?;
        for n in 0..600 {
            s.write(format!("folder-{}/a-rather-long-name-{n}.txt", n / 100), format!("text {n}\n"))?;
        }
        s.git("update-index --index-version 4")?;
        s.commit_all()?.clean()?;
        s.append("folder-3/a-rather-long-name-333.txt", line(&plant::github("many")))?;
        s.commit("-a")?.blocked_at("folder-3/a-rather-long-name-333.txt:2:").map(drop)
    })
}

#[test]
fn split_index() -> Result<()> {
    in_repository(|s| {
        s.git("config core.splitIndex true")?;
        s.git("config splitIndex.maxPercentChange 100")?;
        s.git("update-index --split-index")?;
        let shared = || -> Result<bool> {
            Ok(std::fs::read_dir(s.path(".git"))?
                .filter_map(Result::ok)
                .any(|e| e.file_name().to_string_lossy().starts_with("sharedindex.")))
        };
        ensure!(shared()?, "a split index");
        works(s, "split")?;
        s.git("rm -q README.md")?;
        works(s, "split-removed")?;
        s.git("update-index --split-index --index-version 4")?;
        works(s, "split-4")
    })
}

#[test]
fn sparse_index() -> Result<()> {
    in_repository(|s| {
        for folder in ["in/deep", "out/deep", "far"] {
            s.write(format!("{folder}/file.txt"), "text\n")?;
        }
        s.commit_unchecked("folders")?;
        s.git("sparse-checkout set --cone --sparse-index in dir")?;
        ensure!(s.ask_git("ls-files --sparse")?.contains("far/\n"), "a sparse index");
        works(s, "sparse")?;
        s.append("in/deep/file.txt", line(&plant::github("sparse-in")))?;
        s.commit("-a")?.blocked_at("in/deep/file.txt:2:")?;
        s.git("checkout -q in")?;
        // A path outside of the cone, added on purpose.
        s.write("out/deep/new.conf", line(&plant::github("sparse-out")))?;
        s.git("add --sparse out/deep/new.conf")?;
        s.commit("")?.blocked_at("out/deep/new.conf:1:").map(drop)
    })
}

#[test]
fn a_secret_inside_a_folder_that_the_sparse_index_keeps_as_a_tree() -> Result<()> {
    in_repository(|s| {
        s.write("in/file.txt", "text\n")?;
        s.write("out/file.txt", "text\n")?;
        s.commit_unchecked("folders")?;
        s.git("checkout -q -b side")?;
        s.write("out/side.conf", line(&plant::github("sparse-tree")))?;
        s.commit_unchecked("an old secret")?;
        s.git("checkout -q main")?;
        s.git("sparse-checkout set --cone --sparse-index in")?;
        // The whole tree of another branch, as one entry of the index.
        s.git("read-tree -m side")?;
        s.commit("")?.blocked_at("out/side.conf:1:").map(drop)
    })
}

/// Puts a clone without blobs in the place of the repository; what it lacks cannot be fetched.
fn become_partial_clone(s: &Sandbox) -> Result<()> {
    s.git("config uploadpack.allowFilter true")?;
    let url = format!("file://{}", s.path("").display());
    let there = s.root().join("partial");
    s.run(
        s.git_command().args(["clone", "-q", "--no-local", "--filter=blob:none", "--no-checkout", &url]).arg(&there),
    )?
    .ok()?;
    std::fs::rename(s.path(""), s.root().join("gone"))?;
    std::fs::rename(&there, s.path(""))?;
    s.git("config remote.origin.url file:///no/such/place")?;
    s.install()
}

#[test]
fn partial_clone_fetches_nothing() -> Result<()> {
    in_repository(|s| {
        s.write("old.conf", format!("a = 1\n{}", line(&plant::github("partial-old"))))?;
        s.write("dir/other.txt", "text\n")?;
        s.commit_unchecked("an old secret")?;
        become_partial_clone(s)?;
        let packs = || -> Result<usize> { Ok(std::fs::read_dir(s.path(".git/objects/pack"))?.count()) };
        let before = packs()?;
        // Git itself wants all staged blobs here, so each of them is new; all old ones are missing.
        s.git("read-tree --empty")?;
        let stage = |name: &str, text: &str| -> Result<()> {
            s.write("../blob", text)?;
            let oid = s.ask_git("hash-object -w ../blob")?;
            s.git(&format!("update-index --add --cacheinfo 100644,{oid},{name}"))
        };
        for name in ["README.md", "dir/other.txt", "old.conf"] {
            stage(name, "a = 2\n")?;
        }
        s.hook("pre-commit")?.exits(0)?;
        stage("README.md", &line(&plant::github("partial-new")))?;
        stage("new.conf", &line(&plant::github("partial-added")))?;
        let said = s.commit("")?;
        said.blocked_at("README.md:1:")?.blocked_at("new.conf:1:")?.not_at("old.conf")?;
        stage("README.md", "clean\n")?;
        stage("new.conf", "clean\n")?;
        s.commit("")?.clean()?;
        ensure!(packs()? == before, "something was fetched");
        Ok(())
    })
}

/// Where the old side is missing all of the new one counts as new, rather than fetching it.
#[test]
fn partial_clone_counts_a_missing_old_side_as_empty() -> Result<()> {
    in_repository(|s| {
        let token_line = line(&plant::github("partial-untouched"));
        s.write("README.md", &token_line)?;
        s.commit_unchecked("an old secret")?;
        become_partial_clone(s)?;
        s.write("README.md", format!("{token_line}more\n"))?;
        s.git("read-tree --empty")?;
        s.git("add README.md")?;
        s.commit("")?.blocked_at("README.md:1:").map(drop)
    })
}

#[test]
fn shallow_clone_and_alternates() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", "more\n")?;
        s.commit_all()?.clean()?;
        let url = format!("file://{}", s.path("").display());
        let origin = s.root().join("origin");
        for options in [["--depth=1", "--no-tags"], ["--shared", "--no-tags"]] {
            let there = s.root().join("there");
            s.run(s.git_command().args(["clone", "-q"]).args(options).arg(&url).arg(&there))?.ok()?;
            std::fs::rename(s.path(""), &origin)?;
            std::fs::rename(&there, s.path(""))?;
            // Alternates name the place they came from.
            let alternates = s.path(".git/objects/info/alternates");
            if alternates.exists() {
                std::fs::write(&alternates, format!("{}\n", origin.join(".git/objects").display()))?;
            }
            s.install()?;
            works(s, &format!("clone{}", options[0]))?;
            std::fs::remove_dir_all(s.path(""))?;
            std::fs::rename(&origin, s.path(""))?;
        }
        Ok(())
    })
}

#[test]
fn packed_objects_and_refs() -> Result<()> {
    in_repository(|s| {
        for n in 0..5 {
            s.append("README.md", format!("line {n}\n"))?;
            s.commit_unchecked("more")?;
        }
        s.git("gc -q")?;
        s.git("pack-refs --all")?;
        works(s, "packed")?;
        // The staged blob itself in a pack, as a delta.
        s.append("README.md", line(&plant::github("packed-staged")))?;
        s.git("add README.md")?;
        s.git("gc -q")?;
        s.commit("")?.blocked_at("README.md:26:").map(drop)
    })
}

#[test]
fn detached_head_and_orphan_branch() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q --detach")?;
        works(s, "detached")?;
        s.git("checkout -q --orphan fresh")?;
        s.commit("")?.clean()?;
        works(s, "orphan")
    })
}

#[test]
fn per_worktree_configuration() -> Result<()> {
    in_repository(|s| {
        s.git("config extensions.worktreeConfig true")?;
        s.git("config core.repositoryformatversion 1")?;
        s.git("config --worktree core.logAllRefUpdates true")?;
        works(s, "worktree-config")
    })
}

#[test]
fn replaced_and_grafted_history() -> Result<()> {
    in_repository(|s| {
        // A replacement of the staged blob must not stand in for what will be committed.
        s.write("app.conf", line(&plant::github("replaced")))?;
        s.git("add app.conf")?;
        let bad = s.ask_git("rev-parse :app.conf")?;
        s.write("../blob", "harmless = 1\n")?;
        let good = s.ask_git("hash-object -w ../blob")?;
        s.git(&format!("replace {bad} {good}"))?;
        s.commit("")?.blocked_at("app.conf:1:").map(drop)
    })
}

#[test]
fn a_replaced_head_does_not_make_a_secret_old() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b elsewhere")?;
        s.write("app.conf", line(&plant::github("replaced-head")))?;
        s.commit_unchecked("an old secret elsewhere")?;
        s.git("checkout -q main")?;
        s.git("replace main elsewhere")?;
        // With the replacement the branch seems to hold it; the real parent does not.
        s.write("app.conf", line(&plant::github("replaced-head")))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:1:").map(drop)
    })
}
