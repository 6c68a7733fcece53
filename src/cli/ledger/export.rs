//! `leakwarden ledger export`: the records as other programs read them, one line of JSON each.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::Exit;
use super::super::case::Failure;
use super::show::moment;
use crate::finding::{escape, escape_json};
use crate::ledger::Record;
use crate::ledger::export::{Form, line};
use crate::ledger::line::Link;
use crate::ledger::read::{Line, Lines, files};

/// What to export.
#[derive(Debug, Args)]
pub struct Request {
    /// Form of the lines.
    #[arg(long)]
    format: Format,
    /// Only what happened since then: days (`30d`), hours (`12h`), weeks (`4w`), a date or a time.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As the ledger holds them.
    Jsonl,
    /// Open Cybersecurity Schema Framework 1.5, class Data Security Finding (2006).
    Ocsf,
    /// Elastic Common Schema 8.11.
    Ecs,
}

pub(super) fn run(request: &Request) -> Exit {
    let since = request.since.as_deref().map(|text| moment(text, Timestamp::now())).transpose();
    match since.map_err(Failure::usage).and_then(|since| export(request.format, since)) {
        Ok(exit) => exit,
        Err(failure) => super::ended(Err(failure)),
    }
}

/// Writes line by line: a ledger may be larger than memory. What is left out is said on standard
/// error; where that is a record and not a torn piece, the exit code says so too.
fn export(format: Format, since: Option<Timestamp>) -> Result<Exit, Failure> {
    let note = |text: &str| drop(writeln!(io::stderr(), "note: {text}"));
    let files = files(super::open()?.folder())?;
    let packed = files.notes();
    let (mut exit, mut reaches_back) = (Exit::Clean, false);
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut out = io::BufWriter::new(stdout.lock());
    for stored in Lines::of(&files.readable)? {
        let stored = stored?;
        let Some(link) = Link::read(&stored.bytes) else {
            note(&format!("{}: not a record; left out", stored.place()));
            continue;
        };
        // What has no readable time is not hidden by one that was asked for.
        let old = link.time.parse::<Timestamp>().is_ok_and(|time| since.is_some_and(|since| time < since));
        if old {
            reaches_back = true;
            continue;
        }
        let text = match written(&stored, format, terminal) {
            Ok(text) => text,
            Err(error) => {
                note(&format!("{}: left out: {}", stored.place(), escape(format!("{error:#}").as_bytes())));
                exit = Exit::CouldNotScan;
                continue;
            }
        };
        match out.write_all(&text).and_then(|()| out.write_all(b"\n")) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Clean),
            other => other.context("writing to standard output").map_err(Failure::usage)?,
        }
    }
    // Compressed files are older than all that can be read: nothing is missing where that begins
    // before the time that was asked for.
    if !packed.is_empty() && !reaches_back {
        packed.iter().for_each(|text| note(text));
        exit = Exit::CouldNotScan;
    }
    match out.flush() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Clean),
        other => other.context("writing to standard output").map_err(Failure::usage).map(|()| exit),
    }
}

/// A line in the form that was asked for. Stored bytes stay as they are, since the next record's hash is
/// made of them; only a terminal gets them escaped.
fn written(stored: &Line, format: Format, terminal: bool) -> Result<Vec<u8>> {
    let form = match format {
        Format::Jsonl if terminal => return Ok(escape_json(&String::from_utf8_lossy(&stored.bytes)).into_bytes()),
        Format::Jsonl => return Ok(stored.bytes.clone()),
        Format::Ocsf => Form::Ocsf,
        Format::Ecs => Form::Ecs,
    };
    let record: Record = serde_json::from_slice(&stored.bytes).context("not a record that this version knows")?;
    line(&record, form).map(String::into_bytes)
}
