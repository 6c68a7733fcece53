//! What is watched, and when not: `guard add`, `remove`, `list`, `pause`, `resume`; and what installing means
//! for it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use jiff::{SignedDuration, Timestamp};

use super::{Done, folder};
use crate::cli::Exit;
use crate::cli::case::{Docket, Failure};
use crate::cli::install::at;
use crate::finding::escape;
use crate::git::Repo;
use crate::guard::file::shown;
use crate::guard::registry::Registry;

pub(super) fn add(path: Option<&Path>, root: Option<&Path>) -> Done {
    let text = match root {
        Some(root) => add_root(root),
        None => add_one(path.unwrap_or(Path::new("."))),
    };
    Ok((text.map_err(Failure::usage)?, Exit::Clean))
}

fn add_root(root: &Path) -> Result<String> {
    let root = root.canonicalize().with_context(|| format!("cannot read {}", shown(root)))?;
    ensure!(root.is_dir(), "{} is no folder", shown(&root));
    let changed = change(|own| own.root.push(root.clone()))?;
    Ok(format!("{} {}\n", word(changed, "clones are watched below", "clones are watched already below"), shown(&root)))
}

fn add_one(path: &Path) -> Result<String> {
    let (repo, top) = top(path)?;
    // The guard itself writes nothing into repositories, and the ledger names them by this.
    repo.clone_id()?;
    let changed = change(|own| own.add(&top))?;
    Ok(format!("{} {}\n", word(changed, "watched:", "watched already:"), shown(&top)))
}

/// The worktree that holds a folder.
fn top(path: &Path) -> Result<(Repo, PathBuf)> {
    let path = path.canonicalize().with_context(|| format!("cannot read {}", shown(path)))?;
    let docket = Docket::open().map_err(|failure| failure.error)?;
    let repo = at(&path, &docket)?;
    let repo = repo.with_context(|| format!("there is no git repository at {}", shown(&path)))?;
    let top = repo.worktree().with_context(|| format!("{} is bare: nothing is edited in it", shown(&path)))?;
    let top = top.canonicalize().with_context(|| format!("cannot read {}", shown(top)))?;
    Ok((repo, top))
}

pub(super) fn remove(path: &Path) -> Done {
    let text = (|| {
        // What is watched may be gone from the disk.
        let named = path.canonicalize().or_else(|_| std::path::absolute(path));
        let mut named = named.with_context(|| format!("cannot read {}", shown(path)))?;
        let known = Registry::read(&folder()?)?;
        if !known.repository.contains(&named)
            && !known.root.contains(&named)
            && let Ok((_, top)) = top(&named)
        {
            named = top;
        }
        let mut found = false;
        change(|own| found = own.remove(&named))?;
        ensure!(found, "{} is not watched (`leakwarden guard list`)", shown(&named));
        Ok(format!("watched no more: {}\n", shown(&named)))
    })();
    Ok((text.map_err(Failure::usage)?, Exit::Clean))
}

pub(super) fn list() -> Done {
    let own = folder().and_then(|folder| Registry::read(&folder)).map_err(Failure::usage)?;
    let mut text = String::new();
    for (word, folders) in [("repository", &own.repository), ("root", &own.root), ("not", &own.without)] {
        folders.iter().for_each(|folder| text.push_str(&format!("{word:<11}{}\n", shown(folder))));
    }
    if text.is_empty() {
        text.push_str("nothing is watched (`leakwarden guard add`)\n");
    }
    Ok((text, Exit::Clean))
}

pub(super) fn pause(time: &str, until_tomorrow: bool) -> Done {
    let text = (|| {
        let until = if until_tomorrow { midnight()? } else { Timestamp::now().checked_add(span(time)?)? };
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        change(|own| own.paused_until = Some(until))?;
        Ok(format!("nothing is looked at until {until} (`leakwarden guard resume`)\n"))
    })();
    Ok((text.map_err(Failure::usage)?, Exit::Clean))
}

/// The next midnight where this machine is.
fn midnight() -> Result<Timestamp> {
    let zone = jiff::tz::TimeZone::system();
    Ok(Timestamp::now().to_zoned(zone).tomorrow()?.start_of_day()?.timestamp())
}

fn span(time: &str) -> Result<SignedDuration> {
    let wrong = || anyhow!("`{}` is no time: `30m`, `2h` or `1d` are", escape(time.as_bytes()));
    let unit = match time.chars().last() {
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: i64 = time[..time.len() - 1].parse().map_err(|_| wrong())?;
    ensure!((1..=10_000).contains(&number), wrong());
    Ok(SignedDuration::from_secs(number * unit))
}

pub(super) fn resume() -> Done {
    let changed = change(|own| own.paused_until = None).map_err(Failure::usage)?;
    Ok((format!("{}\n", word(changed, "the pause is over", "there is no pause")), Exit::Clean))
}

fn word<'a>(changed: bool, new: &'a str, old: &'a str) -> &'a str {
    if changed { new } else { old }
}

/// Changes the registry; a guard that runs is told.
fn change(edit: impl FnOnce(&mut Registry)) -> Result<bool> {
    let folder = folder()?;
    let changed = Registry::change(&folder, |own| {
        edit(own);
        Ok(())
    })?;
    #[cfg(unix)]
    if changed {
        super::process::poke(&folder);
    }
    Ok(changed)
}

/// Watches worktrees in which leakwarden was just installed. Gives a line where that cannot be: nobody's
/// installation fails for it.
pub(in crate::cli) fn register(folders: &[PathBuf], docket: &Docket) -> Option<String> {
    let folder = folder().ok()?;
    if !cfg!(unix) || folders.is_empty() {
        return None;
    }
    let done = (|| {
        let known = Registry::read(&folder)?;
        let mut tops = Vec::new();
        for own in folders {
            let top = own.canonicalize().with_context(|| format!("cannot read {}", shown(own)))?;
            // Mostly it is known, and not even opened.
            if known.repository.contains(&top) {
                continue;
            }
            if let Some(repo) = at(&top, docket)? {
                repo.clone_id()?;
                tops.push(top);
            }
        }
        if tops.is_empty() { Ok(false) } else { change(|own| tops.iter().for_each(|top| own.add(top))) }
    })();
    told(done)
}

/// Watches no more what leakwarden was taken out of.
pub(in crate::cli) fn unregister(tops: &[PathBuf]) -> Option<String> {
    let folder = folder().ok()?;
    let done = (|| {
        let known = Registry::read(&folder)?;
        let tops: Vec<PathBuf> = tops.iter().map(|top| top.canonicalize().unwrap_or_else(|_| top.clone())).collect();
        if !tops.iter().any(|top| known.repository.contains(top)) {
            return Ok(false);
        }
        change(|own| own.repository.retain(|top| !tops.contains(top)))
    })();
    told(done)
}

fn told(done: Result<bool>) -> Option<String> {
    let error = done.err()?;
    Some(format!("the guard does not know of this: {}", escape(format!("{error:#}").as_bytes())))
}
