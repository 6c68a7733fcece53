//! `guard warnings`: what is open, and what becomes of it.

use std::fmt::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};

use super::process::{PATIENCE, call};
use super::setup::line;
use super::{Done, folder};
use crate::cli::case::Failure;
use crate::cli::{Exit, print, tell};
use crate::finding::{escape, escape_json};
use crate::guard::file::shown;
use crate::guard::open::{self, OfRepository};
use crate::guard::protocol::{Do, Said};
use crate::guard::{Kind, Warning};

pub(super) fn run(follow: bool, json: bool) -> Done {
    let folder = folder().map_err(Failure::usage)?;
    let asked = ask(&folder).map_err(Failure::usage)?;
    let running = asked.is_some();
    let (open, last) = match asked {
        Some(answer) => answer,
        None => (open::read(&folder).map_err(Failure::usage)?, 0),
    };
    let exit = match open.is_empty() {
        false => Exit::Findings,
        true if running => Exit::Clean,
        // What came meanwhile is not known.
        true => Exit::CouldNotScan,
    };
    if !running && !json {
        tell("leakwarden: the guard does not run (`leakwarden guard start`); this is what was open when it last did\n");
    }
    let text = if follow && json {
        String::new()
    } else if json {
        let value = serde_json::json!({"version": 1, "running": running, "repositories": open});
        escape_json(&format!("{value:#}")) + "\n"
    } else {
        told(&open)
    };
    if !follow {
        return Ok((text, exit));
    }
    if !running {
        return Ok((text, Exit::CouldNotScan));
    }
    print(&text).map_err(Failure::usage)?;
    follow_on(&folder, last, json).map_err(Failure::usage)?;
    Ok((String::new(), Exit::Clean))
}

/// The open warnings and the number of the newest event, of a guard that runs.
fn ask(folder: &Path) -> Result<Option<(Vec<OfRepository>, u64)>> {
    let Some(mut client) = call(folder)? else { return Ok(None) };
    match client.ask(Do::Warnings, PATIENCE)? {
        Said::Warnings(open) => Ok(Some((open.repositories, open.last))),
        _ => bail!("the guard answers something else than it was asked"),
    }
}

/// Shows what becomes of warnings, until somebody ends it; waits for a guard that starts anew.
fn follow_on(folder: &Path, mut last: u64, json: bool) -> Result<()> {
    const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let mut away = false;
    loop {
        if let Some(mut client) = call(folder)? {
            away = false;
            client.ask(Do::Follow { after: Some(last) }, PATIENCE)?;
            while let Ok(Some(said)) = client.answer(FOR_EVER) {
                let Said::Event(event) = said else { continue };
                last = event.number;
                let text = if json { escape_json(&serde_json::to_string(&event)?) + "\n" } else { line(&event) };
                print(&text)?;
            }
        }
        if !away {
            away = true;
            tell("leakwarden: the guard does not run any more; this waits for it\n");
        }
        sleep(Duration::from_secs(1));
    }
}

fn told(open: &[OfRepository]) -> String {
    let mut out = String::new();
    for own in open {
        for warning in own.warnings.iter().map(|open| &open.warning) {
            let (severity, place) = (warning.severity.name(), place(&own.folder, warning));
            let _ = writeln!(out, "{severity:<8} {place}: {} [{}]", warning.what, warning.id);
            let _ = writeln!(out, "         why: {}", warning.why);
            for step in &warning.steps {
                let _ = writeln!(out, "         do:  {step}");
            }
            if let Some(rotate) = &warning.rotate {
                let _ = writeln!(out, "         replace it at {rotate}");
            }
        }
    }
    if out.is_empty() {
        return "no open warnings\n".to_owned();
    }
    out.lines().map(|line| escape(line.as_bytes()) + "\n").collect()
}

/// Where a warning is, for people.
pub(super) fn place(folder: &Path, warning: &Warning) -> String {
    let mut place = match (folder.as_os_str().is_empty(), warning.path.is_empty()) {
        (true, true) if warning.kind == Kind::Ledger => "the ledger".to_owned(),
        (true, true) => "this machine".to_owned(),
        (true, false) => warning.path.clone(),
        (false, true) => shown(folder),
        (false, false) => format!("{}/{}", shown(folder).trim_end_matches('/'), warning.path),
    };
    if warning.line > 0 {
        let _ = write!(place, ":{}", warning.line);
    }
    place
}
