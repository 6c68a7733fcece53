//! `guard status`: how the guard is.

use std::fmt::Write as _;

use super::process::{ask_status, not_running};
use super::{Done, folder};
use crate::cli::Exit;
use crate::cli::case::Failure;
use crate::guard::file::shown;
use crate::guard::protocol::{Repository, State, Status};

/// What could not be scanned is listed for each repository up to this number.
const MOST_LISTED: usize = 5;

pub(super) fn run(json: bool) -> Done {
    let status = folder().and_then(|folder| ask_status(&folder)).map_err(Failure::usage)?;
    let Some(status) = status else {
        if json {
            return Ok(("{\"version\":1,\"running\":false}\n".to_owned(), Exit::CouldNotScan));
        }
        return Ok(not_running());
    };
    let well = status.troubles.is_empty()
        && status.paused_until.is_none()
        && status.repositories.iter().all(|own| own.state == State::Watched && own.not_scanned.is_empty());
    let text = if json {
        let value = serde_json::json!({"version": 1, "running": true, "status": status});
        crate::finding::escape_json(&format!("{value:#}")) + "\n"
    } else {
        told(&status)
    };
    Ok((text, if well { Exit::Clean } else { Exit::Findings }))
}

fn told(status: &Status) -> String {
    let mut out = format!("running since {}, as process {}, {}\n", status.since, status.pid, status.version);
    if let Some(until) = status.paused_until {
        let _ = writeln!(out, "paused until {until}: nothing is looked at (`leakwarden guard resume`)");
    }
    for trouble in &status.troubles {
        let _ = writeln!(out, "trouble     {trouble}");
    }
    status.repositories.iter().for_each(|own| out.push_str(&repository(own)));
    for root in &status.roots {
        let _ = writeln!(out, "{:<11} {}", "root", shown(root));
    }
    if status.repositories.is_empty() {
        out.push_str("no repository is watched (`leakwarden guard add`)\n");
    }
    let open = status.warnings + status.repositories.iter().map(|own| own.warnings).sum::<usize>();
    let _ = match open {
        0 => writeln!(out, "no open warnings"),
        1 => writeln!(out, "1 open warning: `leakwarden guard warnings`"),
        _ => writeln!(out, "{open} open warnings: `leakwarden guard warnings`"),
    };
    let memory = status.memory as f64 / f64::from(1 << 20);
    let _ = writeln!(out, "{} folders watched, {memory:.1} MiB of memory, {}", status.watches, status.sandbox);
    out
}

fn repository(own: &Repository) -> String {
    let mut out = format!("{:<11} {}", own.state.name(), shown(&own.folder));
    let mut facts = Vec::new();
    if own.state == State::Watched {
        facts.push(format!("{} folders", own.folders));
    }
    match own.warnings {
        0 => {}
        1 => facts.push("1 open warning".to_owned()),
        open => facts.push(format!("{open} open warnings")),
    }
    if own.filtered > 0 {
        facts.push(format!("{} files behind a filter are looked at once they are staged", own.filtered));
    }
    if !facts.is_empty() {
        let _ = write!(out, " ({})", facts.join(", "));
    }
    out.push('\n');
    if let Some(reason) = &own.reason {
        let _ = writeln!(out, "            {reason}");
    }
    for skipped in own.not_scanned.iter().take(MOST_LISTED) {
        let _ = writeln!(out, "            not scanned: {}: {}", skipped.path, skipped.reason);
    }
    if own.not_scanned.len() > MOST_LISTED {
        let _ = writeln!(
            out,
            "            not scanned: {} more (`--json` names them)",
            own.not_scanned.len() - MOST_LISTED
        );
    }
    out
}
