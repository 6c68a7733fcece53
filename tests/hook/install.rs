//! `leakwarden install` and `uninstall`: what was there comes back as it was, and nothing outside
//! of the git directory is touched.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};

use crate::kit::outcome::HOOKS;
use crate::kit::{LEAKWARDEN, Sandbox, in_sandbox, line, plant, table};

/// What can be said of a file: mode, link target or content, time of change.
type Picture = BTreeMap<String, (u32, Vec<u8>, Option<i64>)>;

/// A picture of everything below `folder`; `times` asks for the times of files as well.
fn picture(folder: &Path, times: bool) -> Result<Picture> {
    let mut seen = Picture::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder_now) = folders.pop() {
        for entry in std::fs::read_dir(&folder_now)? {
            let path = entry?.path();
            let data = path.symlink_metadata()?;
            let bytes = if data.is_symlink() {
                std::os::unix::ffi::OsStringExt::into_vec(std::fs::read_link(&path)?.into_os_string())
            } else if data.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                std::fs::read(&path)?
            };
            let time = (times && !data.is_dir()).then(|| data.mtime());
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            seen.insert(name, (data.mode(), bytes, time));
        }
    }
    Ok(seen)
}

fn same(before: &Picture, after: &Picture) -> Result<()> {
    for name in before.keys().chain(after.keys()) {
        ensure!(before.get(name) == after.get(name), "{name} changed: {:?} -> {:?}", before.get(name), after.get(name));
    }
    Ok(())
}

/// A repository with a commit and no leakwarden.
fn plain(s: &Sandbox) -> Result<()> {
    s.git("init -q")?;
    s.first_commit()
}

/// A hook that notes its arguments, and whose time of change lies in the past.
fn note_hook(s: &Sandbox, name: &str, exit: u8) -> Result<()> {
    let notes = s.root().join("notes");
    let body = format!("echo {name} \"$#\" \"$@\" >>'{}'\nexit {exit}", notes.display());
    let path = s.script(&format!("repo/.git/hooks/{name}"), &body)?;
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    Ok(std::fs::File::options().write(true).open(path)?.set_modified(past)?)
}

fn notes(s: &Sandbox) -> String {
    std::fs::read_to_string(s.root().join("notes")).unwrap_or_default()
}

fn blocks(s: &Sandbox, seed: &str) -> Result<()> {
    s.write("app.conf", line(&plant::github(seed)))?;
    s.git("add app.conf")?;
    s.commit("")?.blocked_at("app.conf:1:")?;
    s.git("rm -q -f app.conf")
}

#[test]
fn install_and_uninstall_of_a_fresh_repository() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        let before = picture(s.root(), true)?;
        s.install()?;
        for name in HOOKS {
            let mode = s.path(".git/hooks").join(name).metadata()?.mode();
            ensure!(mode & 0o777 == 0o755, "{name} has mode {mode:o}");
            let shim = std::fs::read_to_string(s.path(".git/hooks").join(name))?;
            ensure!(shim.starts_with("#!/bin/sh\n") && shim.contains(LEAKWARDEN) && !shim.contains('\r'), "{shim}");
        }
        blocks(s, "fresh")?;
        s.git("reset -q --hard")?;
        s.leakwarden("uninstall")?.ok()?;
        for name in HOOKS {
            ensure!(!s.path(".git/hooks").join(name).exists(), "{name} is left");
        }
        s.write("app.conf", line(&plant::github("after-uninstall")))?;
        s.git("add app.conf")?;
        s.commit("")?.ok()?;
        // Nothing of ours is left: the git directory but for what git itself wrote.
        let after = picture(&s.path(".git/hooks"), false)?;
        let before: Picture = before
            .into_iter()
            .filter_map(|(name, (mode, bytes, _))| {
                Some((name.strip_prefix("repo/.git/hooks/")?.to_owned(), (mode, bytes, None)))
            })
            .collect();
        same(&before, &after)
    })
}

#[test]
fn install_then_uninstall_leaves_everything_as_it_was() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        for name in HOOKS {
            note_hook(s, name, 0)?;
        }
        let own = s.root().join("own-hook");
        std::fs::rename(s.path(".git/hooks/commit-msg"), &own)?;
        symlink("../../../own-hook", s.path(".git/hooks/commit-msg"))?;
        std::fs::set_permissions(s.path(".git/hooks/pre-commit"), std::fs::Permissions::from_mode(0o700))?;
        // Not executable: git skips it.
        std::fs::set_permissions(s.path(".git/hooks/pre-merge-commit"), std::fs::Permissions::from_mode(0o640))?;
        let before = picture(&s.path(".git"), true)?;
        let outside = picture(&s.root().join("home"), true)?;
        s.install()?;
        s.leakwarden("uninstall")?.ok()?;
        same(&before, &picture(&s.path(".git"), true)?)?;
        s.install()?;
        s.install()?;
        s.leakwarden("uninstall")?.ok()?;
        same(&before, &picture(&s.path(".git"), true)?)?;
        // The ledger remembers: it is the user's, not the repository's.
        let mut now = picture(&s.root().join("home"), true)?;
        now.retain(|name, _| !name.starts_with(".local"));
        same(&outside, &now)?;
        s.leakwarden("uninstall")?.ok()?;
        same(&before, &picture(&s.path(".git"), true)?)
    })
}

#[test]
fn chained_hooks_run_with_their_arguments() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        note_hook(s, "pre-commit", 0)?;
        note_hook(s, "commit-msg", 0)?;
        note_hook(s, "pre-merge-commit", 0)?;
        s.install()?;
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.clean()?;
        ensure!(notes(s) == "pre-commit 0\ncommit-msg 1 .git/COMMIT_EDITMSG\n", "{}", notes(s));
        s.git("checkout -q -b side HEAD~")?;
        s.write("side.txt", "side\n")?;
        s.commit_unchecked("side")?;
        s.try_git("merge -q --no-ff -m merge main")?.clean()?;
        ensure!(notes(s).ends_with("pre-merge-commit 0\ncommit-msg 1 .git/MERGE_MSG\n"), "{}", notes(s));
        blocks(s, "chained")
    })
}

#[test]
fn a_chained_hook_that_refuses_is_obeyed() -> Result<()> {
    table(&[("pre-commit", "pre-commit"), ("commit-msg", "commit-msg")], |s, name| {
        plain(s)?;
        note_hook(s, name, 1)?;
        s.install()?;
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.exits(1)?.not_at("leakwarden: commit blocked")?;
        ensure!(notes(s).contains(name), "it ran: {}", notes(s));
        Ok(())
    })
}

#[test]
fn a_hook_that_git_skips_is_not_run_when_chained() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        note_hook(s, "pre-commit", 1)?;
        let path = s.path(".git/hooks/pre-commit");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?;
        // A link that leads nowhere is skipped by git as well.
        symlink("/no/such/hook", s.path(".git/hooks/commit-msg"))?;
        s.install()?;
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.clean()?;
        ensure!(notes(s).is_empty(), "{}", notes(s));
        blocks(s, "not-executable")?;
        s.leakwarden("uninstall")?.ok()?;
        ensure!(std::fs::read_link(s.path(".git/hooks/commit-msg"))? == Path::new("/no/such/hook"), "the link is back");
        Ok(())
    })
}

#[test]
fn installing_twice_equals_once() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        note_hook(s, "pre-commit", 0)?;
        s.install()?;
        let once = picture(&s.path(".git"), false)?;
        s.install()?;
        same(&once, &picture(&s.path(".git"), false)?)?;
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.clean()?;
        ensure!(notes(s) == "pre-commit 0\n", "the chained hook runs once: {}", notes(s));
        Ok(())
    })
}

#[test]
fn dry_run_changes_nothing() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        note_hook(s, "pre-commit", 0)?;
        let ignored = |mut seen: Picture| {
            seen.retain(|name, _| !name.starts_with("traces/"));
            seen
        };
        let before = ignored(picture(s.root(), true)?);
        let said = s.leakwarden("install --dry-run")?;
        let plan = format!("{}{}", said.ok()?.stdout, said.stderr);
        for name in HOOKS {
            ensure!(plan.contains(name), "the plan names {name}: {plan}");
        }
        same(&before, &ignored(picture(s.root(), true)?))?;
        s.install()?;
        let before = ignored(picture(s.root(), true)?);
        s.leakwarden("uninstall --dry-run")?.ok()?;
        same(&before, &ignored(picture(s.root(), true)?))
    })
}

/// Where `core.hooksPath` may point; `ROOT` stands for the sandbox's folder.
const ELSEWHERE: &[(&str, &str)] =
    &[("in the worktree", ".githooks"), ("outside", "ROOT/fleet-hooks"), ("of another manager", ".husky/_")];

#[test]
fn hooks_path_elsewhere_is_not_written() -> Result<()> {
    table(ELSEWHERE, |s, place| {
        plain(s)?;
        let place = place.replace("ROOT", &s.root().to_string_lossy());
        s.run(s.git_command().args(["config", "core.hooksPath", &place]))?.ok()?;
        let folder = s.path(&place);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("pre-commit"), "#!/bin/sh\nexit 0\n")?;
        let ignored = |mut seen: Picture| {
            // Newer gits get their hooks from the repository's configuration, and the ledger says so.
            let ours = ["traces/", "repo/.git/", "home/.local"];
            seen.retain(|name, _| !ours.iter().any(|own| name.starts_with(own)));
            seen
        };
        let before = ignored(picture(s.root(), true)?);
        let said = s.leakwarden("install")?;
        let shown = format!("{}{}", said.stdout, said.stderr);
        // Nobody may believe that this repository is protected now.
        ensure!(said.code != Some(0), "{said:?}");
        ensure!(
            shown.contains("core.hooksPath")
                && (shown.contains(LEAKWARDEN) || shown.contains("leakwarden hook pre-commit"))
                && shown.contains("pre-commit"),
            "{shown}"
        );
        same(&before, &ignored(picture(s.root(), true)?))
    })
}

#[test]
fn hooks_path_inside_the_git_directory_is_used() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        s.git("config core.hooksPath .git/my-hooks")?;
        s.install()?;
        ensure!(s.path(".git/my-hooks/pre-commit").exists(), "the effective folder is used");
        blocks(s, "my-hooks")?;
        s.leakwarden("uninstall")?.ok()?;
        ensure!(!s.path(".git/my-hooks/pre-commit").exists(), "and cleaned");
        Ok(())
    })
}

#[test]
fn no_hooks_folder_yet() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q --template=")?;
        s.first_commit()?;
        ensure!(!s.path(".git/hooks").exists(), "no folder");
        s.install()?;
        blocks(s, "no-folder")?;
        s.leakwarden("uninstall")?.ok()?;
        ensure!(!s.path(".git/hooks").exists(), "the folder is gone again");
        Ok(())
    })
}

#[test]
fn install_from_a_subdirectory_and_a_linked_worktree() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        s.write("sub/file.txt", "text\n")?;
        s.commit_unchecked("a folder")?;
        s.run(s.command(LEAKWARDEN).arg("install").current_dir(s.path("sub")))?.ok()?;
        blocks(s, "from-sub")?;
        s.leakwarden("uninstall")?.ok()?;
        s.git("worktree add -q ../linked")?;
        s.run(s.command(LEAKWARDEN).arg("install").current_dir(s.root().join("linked")))?.ok()?;
        // All worktrees of a repository share their hooks.
        blocks(s, "from-linked")
    })
}

#[test]
fn install_outside_of_a_repository() -> Result<()> {
    in_sandbox(|s| {
        let said = s.leakwarden("install")?;
        ensure!(said.code == Some(2) || said.code == Some(3), "{said:?}");
        ensure!(said.stderr.contains("repository"), "{said:?}");
        Ok(())
    })
}

#[test]
fn a_missing_binary_warns_and_lets_pass() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        let copy = s.root().join("my leakwarden's copy");
        // By a process of its own: a file that this one wrote may still be open for writing in a child
        // that another test is just starting, and cannot be run then.
        s.run(s.command("cp").arg(LEAKWARDEN).arg(&copy))?.ok()?;
        s.run(s.command(&copy).arg("install"))?.ok()?;
        // A path with a space and a quote works ...
        s.write("app.conf", line(&plant::github("odd-binary")))?;
        s.git("add app.conf")?;
        s.commit("")?.blocked_at("app.conf:1:")?;
        // ... and a binary that vanished is the shim's own decision.
        std::fs::remove_file(&copy)?;
        let said = s.commit("")?;
        ensure!(said.ok()?.stderr.contains("leakwarden"), "it says so: {said:?}");
        Ok(())
    })
}

#[test]
fn a_shim_that_a_later_tool_replaced_is_left_alone() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        s.install()?;
        s.script("repo/.git/hooks/pre-commit", "exit 0")?;
        s.leakwarden("uninstall")?.ok()?;
        let left = std::fs::read_to_string(s.path(".git/hooks/pre-commit"))?;
        ensure!(left == "#!/bin/sh\nexit 0\n", "somebody else's hook stays: {left}");
        ensure!(!s.path(".git/hooks/commit-msg").exists(), "our own goes");
        Ok(())
    })
}

/// `core.hooksPath` may name another repository's hooks: they are not ours to remove.
#[test]
fn uninstall_stays_inside_the_repository() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        s.install()?;
        let other = s.root().join("other/hooks");
        std::fs::create_dir_all(&other)?;
        std::fs::copy(s.path(".git/hooks/pre-commit"), other.join("pre-commit"))?;
        s.run(s.git_command().args(["config", "core.hooksPath"]).arg(&other))?.ok()?;
        s.leakwarden("uninstall")?.ok()?;
        ensure!(other.join("pre-commit").exists(), "the other repository's shim stays");
        ensure!(!s.path(".git/hooks/pre-commit").exists(), "our own goes, though git does not look there now");
        Ok(())
    })
}

/// Where a shim cannot be written, the hook that was there comes back to its place.
#[test]
fn a_failed_install_brings_the_hook_back() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        note_hook(s, "pre-commit", 0)?;
        let before = std::fs::read(s.path(".git/hooks/pre-commit"))?;
        // A file size limit of nothing lets a file be made and not be filled, as a full disk does.
        let said =
            s.run(s.command("sh").args(["-c", &format!("ulimit -f 0; trap '' XFSZ; '{LEAKWARDEN}' install")]))?;
        ensure!(said.code == Some(2), "{said:?}");
        ensure!(std::fs::read(s.path(".git/hooks/pre-commit"))? == before, "the hook is where it was");
        let left: Vec<_> = std::fs::read_dir(s.path(".git/hooks"))?.flatten().map(|e| e.file_name()).collect();
        ensure!(left.iter().all(|name| !name.to_string_lossy().contains("leakwarden")), "{left:?}");
        Ok(())
    })
}

/// A hook that was there before and leads back to the shim is run once, not for ever.
#[test]
fn a_chained_hook_that_leads_back_to_the_shim_ends() -> Result<()> {
    /// Puts something at the place of a hook that was there before.
    type Before = fn(&Sandbox, &Path) -> Result<()>;
    let rows: &[(&str, Before)] = &[
        ("a link to the shim", |_, before| Ok(symlink("pre-commit", before)?)),
        ("a copy of the shim", |s, before| Ok(std::fs::copy(s.path(".git/hooks/pre-commit"), before).map(drop)?)),
        ("a hook that runs the shim", |s, _| {
            let notes = s.root().join("notes");
            let body = format!("echo once >>'{}'\n.git/hooks/pre-commit \"$@\" || exit 7\n", notes.display());
            s.script("repo/.git/hooks/pre-commit.leakwarden-orig", &body).map(drop)
        }),
        ("a hook that becomes the shim of another folder, which comes back", |s, _| {
            let shim = std::fs::read_to_string(s.path(".git/hooks/pre-commit"))?;
            let folder = s.path(".git/hooks").display().to_string();
            s.script("other/pre-commit", shim.strip_prefix("#!/bin/sh\n").unwrap_or(&shim))?;
            s.script("other/pre-commit.leakwarden-orig", &format!("exec '{folder}/pre-commit' \"$@\""))?;
            let other = s.root().join("other/pre-commit");
            let body = format!("echo once >>'{}'\nexec '{}'", s.root().join("notes").display(), other.display());
            s.script("repo/.git/hooks/pre-commit.leakwarden-orig", &body).map(drop)
        }),
    ];
    table(rows, |s, before| {
        plain(s)?;
        s.install()?;
        before(s, &s.path(".git/hooks/pre-commit.leakwarden-orig"))?;
        s.append("README.md", "clean\n")?;
        s.git("add README.md")?;
        // Without an end it would be stopped by `timeout`, whose exit code is 124.
        let said = s.run(s.command("timeout").args(["20", "git", "commit", "-q", "-m", "a change"]))?;
        said.exits(0)?;
        ensure!(["", "once\n"].contains(&notes(s).as_str()), "it ran once: {}", notes(s));
        blocks(s, "leads-back")
    })
}

/// Another repository's shim that a chained hook sets off still runs the hook that was there.
#[test]
fn a_chained_hook_may_commit_in_another_repository() -> Result<()> {
    in_sandbox(|s| {
        plain(s)?;
        s.run(s.git_command().args(["clone", "-q"]).arg(s.path("")).arg(s.root().join("second")))?.ok()?;
        for (folder, body) in [
            ("second", "echo second >>../notes".to_owned()),
            ("repo", "unset GIT_INDEX_FILE GIT_DIR; cd ../second && git commit -q --allow-empty -m inner".to_owned()),
        ] {
            s.script(&format!("{folder}/.git/hooks/pre-commit"), &body)?;
            s.run(s.command(LEAKWARDEN).arg("install").current_dir(s.root().join(folder)))?.ok()?;
        }
        s.append("README.md", "clean\n")?;
        // With CDPATH, `cd .git/hooks` would lead to the same place from both.
        std::fs::create_dir_all(s.root().join("elsewhere/.git/hooks"))?;
        let mut commit = s.git_command();
        s.run(commit.args(["commit", "-q", "-a", "-m", "outer"]).env("CDPATH", s.root().join("elsewhere")))?.clean()?;
        ensure!(notes(s) == "second\n", "{}", notes(s));
        Ok(())
    })
}
