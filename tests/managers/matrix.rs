//! Each other program x before or after leakwarden x each git: in every cell a planted secret is blocked,
//! or [`SHADOWED`] says that it is not, and then `install::way` says so too.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context as _, Result, ensure};
use leakwarden::install::place::{Git, Place};
use leakwarden::install::way::{Way, covers};

use crate::kit::{Sandbox, line, plant, table};
use crate::tools::{Other, runs};

/// When something is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// leakwarden was installed, with the other there already.
    InstalledSecond,
    /// The other was installed, with leakwarden there already.
    InstalledFirst,
    /// And leakwarden again after it.
    Again,
    /// The other was uninstalled, with leakwarden in front of it.
    OtherGone,
    /// And leakwarden was installed again.
    AgainAlone,
}

/// What is not covered: who, when, on gits below which version (0 and 0: none), and why.
const SHADOWED: &[(Other, When, (u32, u32), &str)] = &[
    (
        Other::Husky,
        When::InstalledSecond,
        (2, 54),
        "core.hooksPath; an older git knows no other way than husky's files",
    ),
    (Other::Husky, When::InstalledFirst, (99, 0), "core.hooksPath, set after leakwarden's hooks were written"),
    (Other::Husky, When::Again, (2, 54), "as when leakwarden is installed second"),
    (
        Other::Husky,
        When::OtherGone,
        (2, 54),
        "git's own folder is heeded again, and nothing is there until the next install",
    ),
    (Other::Lefthook, When::InstalledFirst, (99, 0), "renames ours to .old and does not run it"),
    (Other::SimpleGitHooks, When::InstalledFirst, (99, 0), "writes over ours and deletes the others"),
    (Other::SimpleGitHooks, When::OtherGone, (99, 0), "deletes every file at the places it knows"),
    (Other::HandWritten, When::InstalledFirst, (99, 0), "the file was written over"),
    (Other::Link, When::InstalledFirst, (99, 0), "the file was replaced"),
];

fn shadowed(s: &Sandbox, other: Other, when: When) -> Option<&'static str> {
    let mut numbers = s.git.version.split('.').map(|part| part.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let row = SHADOWED.iter().find(|row| row.0 == other && row.1 == when && version < row.2);
    row.map(|row| row.3)
}

/// A planted secret is blocked, or the table knows why not; and the tool itself says the same.
fn guarded(s: &Sandbox, other: Other, when: When) -> Result<()> {
    let git = Git::of(&s.path("")).by(&s.git.path);
    let way = covers(&Place::of(&git)?, &git)?;
    let reason = shadowed(s, other, when);
    let context = || format!("{when:?}, {way:?}");
    s.write("app.conf", line(&plant::github(&format!("{other:?}-{when:?}"))))?;
    s.git("add app.conf")?;
    let done = s.commit("")?;
    if let Some(reason) = reason {
        ensure!(matches!(way, Way::None { .. }), "{reason}, yet it says {way:?}");
        done.ok().with_context(context)?;
        // Past the hooks: what got in is taken out again.
        s.git("reset -q --hard HEAD~")?;
        return s.forget();
    }
    ensure!(!matches!(way, Way::None { .. }), "{when:?}: it says that nothing runs: {way:?}");
    done.blocked_at("app.conf:1:").with_context(context)?;
    s.git("rm -q -f app.conf")
}

/// What can be said of a file.
type Picture = BTreeMap<String, (u32, Vec<u8>)>;

/// The hooks folder, and what else of the worktree is the other's.
fn picture(s: &Sandbox) -> Result<Picture> {
    let mut seen = Picture::new();
    for folder in [".git/hooks", ".husky"] {
        let mut folders = vec![s.path(folder)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry?.path();
                let data = path.symlink_metadata()?;
                let bytes = match data.is_dir() {
                    true => Vec::new(),
                    false if data.is_symlink() => std::fs::read_link(&path)?.as_os_str().as_encoded_bytes().to_vec(),
                    false => std::fs::read(&path)?,
                };
                if data.is_dir() {
                    folders.push(path.clone());
                }
                seen.insert(path.to_string_lossy().into_owned(), (data.mode(), bytes));
            }
        }
    }
    Ok(seen)
}

fn same(what: &str, before: &Picture, after: &Picture) -> Result<()> {
    let names: Vec<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&&String> = names.iter().filter(|name| before.get(**name) != after.get(**name)).collect();
    ensure!(changed.is_empty(), "{what}: {changed:?} is not as it was");
    Ok(())
}

/// `leakwarden install`; with husky and an older git on the machine it says that something is missing.
fn install(s: &Sandbox, other: Other) -> Result<()> {
    let done = s.leakwarden("install")?;
    if other == Other::Husky && done.code == Some(2) {
        ensure!(done.stdout.contains("NOT covered") && done.stdout.contains("install --write"), "{done:?}");
        return Ok(());
    }
    done.ok().map(drop)
}

fn start(s: &Sandbox, other: Other) -> Result<()> {
    s.git("init -q")?;
    s.first_commit()?;
    other.prepare(s)
}

/// How often its own command runs in a commit: once, wherever it stands.
fn other_works(s: &Sandbox, what: &str) -> Result<()> {
    runs(s, 1).with_context(|| what.to_owned())
}

fn other_first(s: &Sandbox, other: Other) -> Result<()> {
    start(s, other)?;
    other.install(s)?;
    other_works(s, "alone")?;
    let alone = picture(s)?;
    install(s, other)?;
    let both = picture(s)?;
    install(s, other)?;
    same("installed twice", &both, &picture(s)?)?;
    guarded(s, other, When::InstalledSecond)?;
    other_works(s, "behind leakwarden")?;
    s.leakwarden("uninstall")?.ok()?;
    same("uninstalled", &alone, &picture(s)?)?;
    other_works(s, "alone again")?;
    install(s, other)?;
    other.uninstall(s)?;
    guarded(s, other, When::OtherGone)
}

fn leakwarden_first(s: &Sandbox, other: Other) -> Result<()> {
    start(s, other)?;
    // How it is where leakwarden never was.
    let before = picture(s)?;
    other.install(s)?;
    let alone = picture(s)?;
    other.uninstall(s)?;
    if other != Other::Husky {
        same("the other's own uninstaller", &before, &picture(s)?)?;
    }
    other.restore(s)?;
    s.install()?;
    other.install(s)?;
    guarded(s, other, When::InstalledFirst)?;
    other_works(s, "after leakwarden")?;
    install(s, other)?;
    guarded(s, other, When::Again)?;
    other_works(s, "leakwarden again")?;
    // And the other again, over leakwarden in front of it.
    other.install(s)?;
    other_works(s, "the other again")?;
    s.leakwarden("uninstall")?.ok()?;
    same("uninstalled where the other had taken over", &alone, &picture(s)?)?;
    other_works(s, "alone")?;
    install(s, other)?;
    other_works(s, "leakwarden a third time")?;
    other.uninstall(s)?;
    guarded(s, other, When::OtherGone)?;
    s.install()?;
    guarded(s, other, When::AgainAlone)?;
    s.leakwarden("uninstall")?.ok().map(drop)
}

/// A hook written by hand, then leakwarden, then a manager that puts aside what it finds.
fn third(s: &Sandbox, other: Other) -> Result<()> {
    start(s, other)?;
    Other::HandWritten.install(s)?;
    other.install(s)?;
    let alone = picture(s)?;
    other.uninstall(s)?;
    other.restore(s)?;
    s.install()?;
    other.install(s)?;
    guarded(s, other, When::InstalledFirst)?;
    s.install()?;
    guarded(s, other, When::Again)?;
    s.leakwarden("uninstall")?.ok()?;
    same("uninstalled at once", &alone, &picture(s)?)?;
    other.uninstall(s)?;
    s.install()?;
    other.install(s)?;
    s.leakwarden("uninstall")?.ok()?;
    same("uninstalled where the other had taken over", &alone, &picture(s)?)
}

#[test]
fn a_third_hook_goes_where_the_other_would_have_put_it() -> Result<()> {
    let all = [Other::Lefthook, Other::PreCommit, Other::Prek];
    let here = all.into_iter().filter(|other| other.is_here());
    let rows: Vec<_> = here.map(|other| (format!("{other:?}"), other)).collect();
    let rows: Vec<_> = rows.iter().map(|(name, other)| (name.as_str(), *other)).collect();
    table(&rows, |s, other| third(s, *other))
}

fn both(other: Other) -> Result<()> {
    if !other.is_here() {
        return Ok(());
    }
    let rows = [("the other first", true), ("leakwarden first", false)];
    table(&rows, |s, first| if *first { other_first(s, other) } else { leakwarden_first(s, other) })
}

#[test]
fn husky() -> Result<()> {
    both(Other::Husky)
}

#[test]
fn lefthook() -> Result<()> {
    both(Other::Lefthook)
}

#[test]
fn pre_commit() -> Result<()> {
    both(Other::PreCommit)
}

#[test]
fn prek() -> Result<()> {
    both(Other::Prek)
}

#[test]
fn simple_git_hooks() -> Result<()> {
    both(Other::SimpleGitHooks)
}

#[test]
fn hand_written() -> Result<()> {
    both(Other::HandWritten)
}

#[test]
fn link() -> Result<()> {
    both(Other::Link)
}

#[test]
fn git_lfs() -> Result<()> {
    both(Other::GitLfs)
}
