//! The hooks of every repository below a folder.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Request, asked, at, judgement, settled, strict};
use crate::cli::case::{Docket, Judgement};
use crate::cli::journal::Journal;
use crate::cli::{Exit, around, exposures, fail, guard, print};
use crate::finding::escape;
use crate::git::write;
use crate::install::below::{self, Found};
use crate::install::gits::{self, Installed};
use crate::install::place::{Git, Place};
use crate::install::plan::{self, Prepared};
use crate::install::shim::Shims;
use crate::install::{self, Plan, Strict, others};
use crate::ledger::{Entry, Event};
use crate::scan::many;

/// Repositories whose new files are synced to disk together.
const TOGETHER: usize = 128;

pub(super) fn run(request: &Request, root: &Path) -> Exit {
    match all(request, root) {
        Ok(exit) => exit,
        Err(error) => fail(Exit::Usage, &error),
    }
}

/// What becomes of a repository, in the order of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Became {
    Changed,
    AsItShould,
    Shared,
    Bare,
    NotCovered,
    Unread,
}

/// A repository that was looked at.
struct Looked {
    found: Found,
    /// What git says of it; nothing of a bare one.
    seen: Result<Option<Seen>>,
}

struct Seen {
    place: Place,
    /// What it is judged by; uninstalling does not need it.
    judgement: Result<Judgement>,
}

/// A repository, what became of it, and what is to be said.
struct Line {
    folder: PathBuf,
    became: Became,
    notes: Vec<String>,
    /// Whether policy lets the guard watch it.
    watch: bool,
}

fn all(request: &Request, root: &Path) -> Result<Exit> {
    let root = root.canonicalize().with_context(|| format!("cannot read {}", install::shown(root)))?;
    let mut heads = Vec::new();
    let (docket, shims) = if request.install {
        let docket = Docket::open().map_err(|failure| failure.error)?;
        let shims = settled(request, strict(&judgement(docket.clone(), None)?), &mut heads)?;
        (docket, shims)
    } else {
        // A broken policy keeps nobody from leaving, and nothing is written that would name the program.
        let nothing = Shims { binary: PathBuf::new(), missing: None, strict: Strict::default() };
        (Docket::open().unwrap_or_default(), nothing)
    };
    let gits = gits::find(&around::path(), around::home().as_deref());
    let bar = bar();
    bar.set_message("looking for repositories");
    let (found, unread) = below::find(&root);
    bar.set_length(found.len() as u64);
    bar.set_message("looking at them");
    let looked = many::each(
        &found,
        || (),
        |(), found| {
            let seen = look(found, &docket);
            bar.inc(1);
            Looked { found: found.clone(), seen }
        },
    );
    bar.set_position(0);
    bar.set_message(if request.install { "installing" } else { "uninstalling" });
    let mut lines = Vec::new();
    let mut entries = Vec::new();
    let mut owners = HashMap::new();
    let mut rest = looked.into_iter().peekable();
    while rest.peek().is_some() {
        let batch: Vec<Looked> = rest.by_ref().take(TOGETHER).collect();
        bar.inc(batch.len() as u64);
        do_batch(request, &docket, batch, (&gits, &shims), &mut owners, (&mut lines, &mut entries))?;
    }
    bar.finish_and_clear();
    lines.sort_by(|a, b| a.folder.cmp(&b.folder));
    if !request.dry_run {
        let covered = [Became::Changed, Became::AsItShould, Became::Shared];
        let tops = lines.iter().filter(|line| line.watch && covered.contains(&line.became));
        let tops: Vec<PathBuf> = tops.map(|line| line.folder.clone()).collect();
        heads.extend(if request.install { guard::register(&tops, &docket) } else { guard::unregister(&tops) });
    }
    if let Err(error) = written(&docket, entries) {
        heads.push(format!("this is not in the ledger: {}", escape(format!("{error:#}").as_bytes())));
    }
    print(&told(request, &root, &heads, &lines, &unread))?;
    let worst = lines.iter().map(|line| line.became).max();
    Ok(match worst {
        Some(Became::Unread) => Exit::CouldNotScan,
        _ if !unread.is_empty() => Exit::CouldNotScan,
        Some(Became::NotCovered) => Exit::Usage,
        _ => Exit::Clean,
    })
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Asks git about a repository, and policy what it wants there.
fn look(found: &Found, docket: &Docket) -> Result<Option<Seen>> {
    if found.bare {
        return Ok(None);
    }
    // git waits for a pipe for ever, and one repository must not keep all others waiting.
    let config = found.folder.join(".git").join("config");
    anyhow::ensure!(!config.exists() || config.is_file(), "{} is no file", install::shown(&config));
    let place = Place::of(&Git::of(&found.folder))?;
    // One that only git reads gets the hooks as well: they say then what they cannot scan.
    let repo = at(&found.folder, docket).ok().flatten();
    Ok(Some(Seen { place, judgement: judgement(docket.clone(), repo.as_ref()) }))
}

/// Plans, prepares, syncs and finishes a number of repositories.
fn do_batch(
    request: &Request,
    docket: &Docket,
    batch: Vec<Looked>,
    (gits, machine): (&[Installed], &Shims),
    owners: &mut HashMap<PathBuf, PathBuf>,
    (lines, entries): (&mut Vec<Line>, &mut Vec<Entry>),
) -> Result<()> {
    let mut alone = Vec::new();
    let mut prepared = Vec::new();
    let mut pending = Vec::new();
    for looked in batch {
        let folder = looked.found.folder;
        let watch = match &looked.seen {
            Ok(Some(Seen { judgement: Ok(judgement), .. })) => judgement.policy.guard.register,
            // Uninstalling asks no policy.
            Ok(Some(_)) => !request.install,
            _ => false,
        };
        let mut say = |became, notes: Vec<String>| lines.push(Line { folder: folder.clone(), became, notes, watch });
        let seen = match looked.seen {
            Ok(Some(seen)) => seen,
            Ok(None) => {
                say(
                    Became::Bare,
                    vec!["no commits without --work-tree; for those: `leakwarden install` in it".to_owned()],
                );
                continue;
            }
            Err(error) => {
                say(Became::Unread, vec![format!("{error:#}")]);
                continue;
            }
        };
        // Worktrees share the hooks; one that has a hooks folder of its own is looked at by itself.
        let common = seen.place.common.canonicalize().unwrap_or_else(|_| seen.place.common.clone());
        if seen.place.foreign.is_none()
            && let Some(owner) = owners.get(&common)
        {
            say(Became::Shared, vec![format!("shares the hooks of {}", install::shown(owner))]);
            continue;
        }
        let first = !owners.contains_key(&common);
        owners.entry(common.clone()).or_insert_with(|| folder.clone());
        // Held until the batch is done.
        if !request.dry_run && first {
            match plan::lock(&seen.place.common) {
                Ok(held) => alone.extend(held),
                Err(error) => {
                    say(Became::NotCovered, vec![format!("{error:#}")]);
                    continue;
                }
            }
        }
        // A policy with a mistake stops every commit there; the hooks come all the same, to say so.
        let strict = seen.judgement.as_ref().map(strict).unwrap_or_default();
        let shims = Shims { strict, ..machine.clone() };
        let planned = if request.install {
            install::install(&seen.place, gits, &shims).map(|mut plan| {
                // One that has no hook manager, or whose file cannot be written, gets its hooks all the same.
                if let Err(error) = others::install(&seen.place, &shims, asked(request), &mut plan) {
                    plan.notes.push(format!("{error:#}"));
                }
                plan
            })
        } else {
            install::uninstall(&seen.place).and_then(|mut plan| {
                others::uninstall(&seen.place, request.write, &mut plan)?;
                Ok(plan)
            })
        };
        let Plan { mut steps, notes, complete, why, .. } = match planned {
            Ok(plan) => plan,
            Err(error) => {
                say(Became::NotCovered, vec![format!("{error:#}")]);
                continue;
            }
        };
        // What worktrees share is done with the first of them.
        if !first {
            steps.retain(|step| !step.path().starts_with(&seen.place.common));
        }
        let became = match (complete, steps.is_empty()) {
            (false, _) => Became::NotCovered,
            (true, true) => Became::AsItShould,
            (true, false) => Became::Changed,
        };
        // What a person has to do there is told there; here it is one line of many.
        let notes = match why {
            Some(why) if !complete => vec![format!("{why}; `leakwarden install` in it tells what to do")],
            _ if complete => Vec::new(),
            _ => notes,
        };
        if steps.is_empty() || request.dry_run {
            say(became, notes);
            continue;
        }
        match Prepared::of(steps) {
            Ok(ready) => {
                prepared.push(ready);
                pending.push((Line { folder, became, notes, watch }, seen.judgement));
            }
            Err(error) => say(Became::NotCovered, vec![format!("{error:#}")]),
        }
    }
    if let Err(error) = plan::sync(&prepared) {
        // What is not on the disk must not come into its place.
        prepared.clear();
        for (line, _) in pending.drain(..) {
            lines.push(Line { became: Became::NotCovered, notes: vec![format!("{error:#}")], ..line });
        }
    }
    let event = if request.install { Event::Installed } else { Event::Uninstalled };
    for (ready, (mut line, judgement)) in prepared.into_iter().zip(pending) {
        match ready.finish() {
            Ok(_) => {
                if let Ok(judgement) = &judgement {
                    entries.extend(noted(&line.folder, docket, judgement, event));
                }
                if let (Err(error), true) = (judgement, request.install) {
                    line.notes.push(format!("its policy has a mistake: {error:#}"));
                }
            }
            Err(error) => (line.became, line.notes) = (Became::NotCovered, vec![format!("{error:#}")]),
        }
        lines.push(line);
    }
    Ok(())
}

/// What the ledger gets to know; begins to watch what is committed there, or forgets it.
fn noted(folder: &Path, docket: &Docket, judgement: &Judgement, event: Event) -> Option<Entry> {
    let repo = at(folder, docket).ok().flatten()?;
    if event == Event::Installed {
        repo.look_from_here();
    }
    let journal = Journal::open(judgement, Some(&repo), "command").ok()?;
    let entry = Entry { event, who: write::committer(), ..journal.entry() };
    if event == Event::Uninstalled {
        repo.forget(exposures::mention(&repo).is_none());
    }
    Some(entry)
}

fn written(docket: &Docket, entries: Vec<Entry>) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let judgement = judgement(docket.clone(), None)?;
    let journal = Journal::open(&judgement, None, "command")?;
    journal.ledger.append_all(entries).map(drop)
}

fn told(request: &Request, root: &Path, heads: &[String], lines: &[Line], unread: &[String]) -> String {
    let word = |became| match (became, request.install, request.dry_run) {
        (Became::Changed, true, false) => "installed",
        (Became::Changed, true, true) => "would install",
        (Became::Changed, false, false) => "uninstalled",
        (Became::Changed, false, true) => "would uninstall",
        (Became::AsItShould, true, _) => "current",
        (Became::AsItShould, false, _) => "none there",
        (Became::Shared, ..) => "shared",
        (Became::Bare, ..) => "bare",
        (Became::NotCovered, true, _) => "NOT COVERED",
        (Became::NotCovered, false, _) => "LEFT",
        (Became::Unread, ..) => "UNREADABLE",
    };
    let mut out: String = heads.iter().map(|line| format!("{line}\n")).collect();
    let mut counts: HashMap<Became, usize> = HashMap::new();
    for line in lines {
        *counts.entry(line.became).or_default() += 1;
        let _ = write!(out, "{:<15} {}", word(line.became), below::name(root, &line.folder));
        let mut notes = line.notes.iter().map(|note| escape(note.as_bytes()));
        match (line.became, notes.next()) {
            (_, None) => out.push('\n'),
            (Became::Shared | Became::Bare, Some(note)) => {
                let _ = writeln!(out, " ({note})");
            }
            (_, Some(note)) => {
                let _ = writeln!(out, "\n    {note}");
            }
        }
        for note in notes {
            let _ = writeln!(out, "    {note}");
        }
    }
    for note in unread {
        let _ = writeln!(out, "{:<15} {note}", "UNREADABLE");
    }
    let mut kinds: Vec<(Became, usize)> = counts.into_iter().collect();
    kinds.sort();
    let kinds: Vec<String> = kinds.iter().map(|(became, count)| format!("{count} {}", word(*became))).collect();
    let repositories = if lines.len() == 1 { "repository" } else { "repositories" };
    let colon = if kinds.is_empty() { "" } else { ": " };
    let _ = writeln!(out, "{} {repositories}{colon}{}", lines.len(), kinds.join(", "));
    out
}
