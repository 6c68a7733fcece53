//! Repositories that cannot be read: exit 3 with a reason, never 0.

use anyhow::{Result, ensure};

use crate::kit::gits::on_one;
use crate::kit::{Outcome, Sandbox, in_repository, line, plant, table};

/// It could not scan and says so, with the exit code of that.
fn refused(said: &Outcome) -> Result<()> {
    said.exits(3)?.could_not_scan()?;
    // What, why, and what to do: more than the first line.
    ensure!(said.stderr.trim().len() > "leakwarden: could not scan".len() + 10, "{said:?}");
    Ok(())
}

/// A change of the index file's bytes.
type Damage = fn(&mut Vec<u8>);

const INDEX: &[(&str, Damage)] = &[
    ("empty", |b| b.clear()),
    ("five bytes", |b| b.truncate(5)),
    ("the header alone", |b| b.truncate(12)),
    ("the first half", |b| b.truncate(b.len() / 2)),
    ("the first entry cut", |b| b.truncate(12 + 50)),
    ("no checksum", |b| b.truncate(b.len() - 20)),
    ("another signature", |b| b[3] = b'X'),
    ("an unknown version", |b| b[7] = 9),
    ("more entries than there are", |b| b[8..12].copy_from_slice(&1_000_u32.to_be_bytes())),
    ("four billion entries", |b| b[8..12].copy_from_slice(&u32::MAX.to_be_bytes())),
    ("an extension that reaches beyond the end", |b| {
        let at = b.windows(4).position(|w| w == b"TREE").expect("the index has a TREE extension");
        b[at + 4..at + 8].copy_from_slice(&u32::MAX.to_be_bytes());
    }),
    ("an unknown extension that may not be ignored", |b| {
        let at = b.windows(4).position(|w| w == b"TREE").expect("the index has a TREE extension");
        b[at..at + 4].copy_from_slice(b"leak");
    }),
    ("a text", |b| *b = b"this is no index, but a text of some length, long enough for a header".to_vec()),
    ("zeros", |b| b.fill(0)),
];

#[test]
fn damaged_index() -> Result<()> {
    table(INDEX, |s, damage| {
        s.start()?;
        s.write("app.conf", line(&plant::github("damaged")))?;
        s.git("add .")?;
        s.git("write-tree")?;
        let mut bytes = std::fs::read(s.path(".git/index"))?;
        damage(&mut bytes);
        std::fs::write(s.path(".git/index"), &bytes)?;
        if s.try_git("write-tree")?.code == Some(0) {
            // Git can live with it, so to find the secret is as good as to refuse.
            let said = s.hook("pre-commit")?;
            ensure!(said.code == Some(3) || said.code == Some(1), "{said:?}");
            return Ok(());
        }
        refused(&s.hook("pre-commit")?)?;
        s.leakwarden("scan --staged")?.exits(3)?;
        s.leakwarden("scan --staged --format json")?.exits(3)?;
        ensure!(s.commit("")?.code != Some(0), "no commit is made");
        Ok(())
    })
}

#[test]
fn index_that_is_a_folder_or_cannot_be_found() -> Result<()> {
    in_repository(|s| {
        std::fs::create_dir(s.path("folder"))?;
        refused(&s.run(s.hook_command("pre-commit").env("GIT_INDEX_FILE", "folder"))?)?;
        refused(&s.run(s.hook_command("pre-commit").env("GIT_INDEX_FILE", "README.md"))?)?;
        // A loop of links is neither there nor absent.
        std::os::unix::fs::symlink("loop", s.path("loop"))?;
        refused(&s.run(s.hook_command("pre-commit").env("GIT_INDEX_FILE", "loop"))?)
    })
}

fn remove_object(s: &Sandbox, oid: &str) -> Result<()> {
    let path = s.path(".git/objects").join(&oid[..2]).join(&oid[2..]);
    Ok(std::fs::remove_file(path)?)
}

#[test]
fn missing_blob_that_is_staged() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", line(&plant::github("missing-blob")))?;
        s.git("add app.conf")?;
        remove_object(s, &s.ask_git("rev-parse :app.conf")?)?;
        let said = s.hook("pre-commit")?;
        refused(&said)?;
        ensure!(said.stderr.contains("app.conf"), "{said:?}");
        Ok(())
    })
}

#[test]
fn missing_tree_of_head() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", line(&plant::github("missing-tree")))?;
        s.git("add app.conf")?;
        remove_object(s, &s.ask_git("rev-parse HEAD^{tree}")?)?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn missing_commit_of_head() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", "more\n")?;
        s.git("add README.md")?;
        remove_object(s, &s.ask_git("rev-parse HEAD")?)?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn missing_parent_of_a_merge() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        s.write("side.txt", "side\n")?;
        s.commit_unchecked("side")?;
        let side = s.ask_git("rev-parse side")?;
        s.git("checkout -q main")?;
        s.write("main.txt", "main\n")?;
        s.commit_unchecked("main")?;
        s.git("merge -q --no-commit side")?;
        s.write("extra.conf", line(&plant::github("missing-parent")))?;
        s.git("add extra.conf")?;
        remove_object(s, &side)?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn missing_old_side() -> Result<()> {
    in_repository(|s| {
        let old = s.ask_git("rev-parse HEAD:README.md")?;
        s.append("README.md", line(&plant::github("missing-old")))?;
        s.git("add README.md")?;
        remove_object(s, &old)?;
        lost_old_side(s, "README.md", 21)?;
        // A finding on an old line is told as well: nobody can say that it is old.
        s.write("README.md", line(&plant::github("missing-old-moved")))?;
        s.git("add README.md")?;
        lost_old_side(s, "README.md", 1)?;
        // Without a finding nothing is compared, and nothing is said.
        s.write("README.md", "clean\n")?;
        s.git("add README.md")?;
        let said = s.hook("pre-commit")?;
        ensure!(said.exits(0)?.stderr.is_empty(), "{said:?}");
        Ok(())
    })
}

/// The finding is reported, and that all lines count as new because the old ones cannot be read.
fn lost_old_side(s: &Sandbox, path: &str, at: u64) -> Result<()> {
    let said = s.hook("pre-commit")?;
    said.exits(1)?.blocked_at(&format!("{path}:{at}:"))?;
    let note = format!("leakwarden: {path}: its old version cannot be read");
    ensure!(said.stderr.contains(&note), "{note}: {said:?}");
    let report = s.staged()?;
    report.only("github-", path, at, "content")?;
    ensure!(report.receipt("not_scanned") == &serde_json::json!([]), "the new side was scanned: {report:?}");
    let notes = report.receipt("notes").to_string();
    ensure!(notes.contains(path) && notes.contains("its old version cannot be read"), "{notes}");
    Ok(())
}

#[test]
fn damaged_old_side() -> Result<()> {
    in_repository(|s| {
        let old = s.ask_git("rev-parse HEAD:README.md")?;
        s.append("README.md", line(&plant::github("damaged-old")))?;
        s.git("add README.md")?;
        let object = s.path(".git/objects").join(&old[..2]).join(&old[2..]);
        std::fs::remove_file(&object)?;
        std::fs::write(&object, "no object")?;
        lost_old_side(s, "README.md", 21)?;
        // The same file under another name: what it was renamed from cannot be compared.
        s.git("mv README.md renamed.md")?;
        lost_old_side(s, "renamed.md", 21)
    })
}

/// The old side of a merge's other parent: what is new against HEAD is reported.
#[test]
fn missing_old_side_of_a_merge() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", "a = 1\n")?;
        s.commit_unchecked("base")?;
        s.git("checkout -q -b side")?;
        s.write("app.conf", "a = 2\n")?;
        s.commit_unchecked("side")?;
        let old = s.ask_git("rev-parse side:app.conf")?;
        s.git("checkout -q main")?;
        s.write("app.conf", "a = 3\n")?;
        s.commit_unchecked("main")?;
        ensure!(s.try_git("merge -q --no-commit side")?.code != Some(0), "a conflict");
        s.write("app.conf", format!("a = 4\n{}", line(&plant::github("old-of-merge"))))?;
        s.git("add app.conf")?;
        remove_object(s, &old)?;
        lost_old_side(s, "app.conf", 2)
    })
}

#[test]
fn old_side_over_the_size_cap() -> Result<()> {
    on_one(|s| {
        std::fs::File::create(s.path("huge.bin"))?.set_len((256 << 20) + 1)?;
        s.commit_unchecked("a huge file")?;
        s.write("huge.bin", line(&plant::github("huge-old")))?;
        s.git("add huge.bin")?;
        lost_old_side(s, "huge.bin", 1)
    })
}

#[test]
fn damaged_objects() -> Result<()> {
    let rows: &[(&str, Damage)] = &[
        ("empty", |b| b.clear()),
        ("cut", |b| b.truncate(b.len() / 2)),
        ("not compressed", |b| b.fill(0)),
        ("a flipped byte", |b| {
            let middle = b.len() / 2;
            b[middle] ^= 0x55;
        }),
    ];
    table(rows, |s, damage| {
        s.start()?;
        let text: String = (0..2000).map(|n| format!("setting {n} = {}\n", n * 7919 % 1000)).collect();
        // Nothing in it can be found: what cannot be read must not count as read and clean.
        s.write("app.conf", text)?;
        s.git("add app.conf")?;
        let oid = s.ask_git("rev-parse :app.conf")?;
        let path = s.path(".git/objects").join(&oid[..2]).join(&oid[2..]);
        let mut bytes = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        damage(&mut bytes);
        std::fs::write(&path, bytes)?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn head_that_points_nowhere() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", line(&plant::github("nowhere")))?;
        s.git("add README.md")?;
        // A branch that does not exist yet: all is new.
        s.write(".git/HEAD", "ref: refs/heads/not-born\n")?;
        s.hook("pre-commit")?.exits(1)?.blocked_at("README.md:21:")?;
        s.commit("")?.blocked_at("README.md:21:")?;
        let oid = "1234567890".repeat(4);
        s.write(".git/HEAD", format!("{oid}\n"))?;
        refused(&s.hook("pre-commit")?)?;
        s.write(".git/HEAD", "ref: refs/heads/main\n")?;
        s.write(".git/refs/heads/main", format!("{oid}\n"))?;
        refused(&s.hook("pre-commit")?)?;
        s.write(".git/refs/heads/main", "no object id\n")?;
        refused(&s.hook("pre-commit")?)?;
        s.write(".git/refs/heads/main", "")?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn head_that_is_no_reference() -> Result<()> {
    let rows = [
        ("garbage", "garbage\n"),
        ("empty", ""),
        ("outside of refs", "ref: ../../etc/passwd\n"),
        ("itself", "ref: HEAD\n"),
    ];
    table(&rows, |s, head| {
        s.start()?;
        s.append("README.md", line(&plant::github("no-reference")))?;
        s.git("add README.md")?;
        s.write(".git/HEAD", head)?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn head_of_another_kind() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", line(&plant::github("head-kind")))?;
        s.git("add README.md")?;
        let blob = s.ask_git("rev-parse HEAD:README.md")?;
        s.write(".git/HEAD", format!("{blob}\n"))?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn unknown_repository_extension() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", line(&plant::github("extension")))?;
        s.git("add README.md")?;
        s.git("config core.repositoryformatversion 1")?;
        s.git("config extensions.leakwardenUnknown true")?;
        refused(&s.hook("pre-commit")?)?;
        s.leakwarden("scan --staged")?.exits(3).map(drop)
    })
}

#[test]
fn unknown_repository_version() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", "more\n")?;
        s.git("add README.md")?;
        s.git("config core.repositoryformatversion 7")?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn configuration_that_cannot_be_read() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", line(&plant::github("configuration-broken")))?;
        s.git("add README.md")?;
        s.write(".git/config", "[core\n\tbroken = \"\n")?;
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn no_repository() -> Result<()> {
    in_repository(|s| {
        for line in ["hook pre-commit", "hook pre-merge-commit", "scan --staged"] {
            let mut command = s.command(crate::kit::LEAKWARDEN);
            let said = s.run(command.args(line.split(' ')).current_dir(s.root().join("tmp")))?;
            said.exits(3)?.could_not_scan()?;
        }
        s.run(s.hook_command("pre-commit").env("GIT_DIR", "no-such-folder"))?.exits(3).map(drop)
    })
}

#[test]
fn merge_head_that_cannot_be_read() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", line(&plant::github("merge-head")))?;
        s.git("add app.conf")?;
        for text in ["garbage\n", "12345\n", "0000000000000000000000000000000000000000\n"] {
            s.write(".git/MERGE_HEAD", text)?;
            refused(&s.hook("pre-commit")?)?;
        }
        Ok(())
    })
}

#[test]
fn missing_shared_index() -> Result<()> {
    in_repository(|s| {
        s.git("update-index --split-index")?;
        s.write("app.conf", line(&plant::github("shared-index")))?;
        s.git("add app.conf")?;
        for entry in std::fs::read_dir(s.path(".git"))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sharedindex.")) {
                std::fs::remove_file(path)?;
            }
        }
        refused(&s.hook("pre-commit")?)
    })
}

#[test]
fn an_index_that_is_named_and_missing() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "a\n")?;
        s.git("add a.txt")?;
        let said = s.run(s.hook_command("pre-commit").env("GIT_INDEX_FILE", s.path("nowhere")))?;
        said.exits(3).map(drop)
    })
}
