//! What became of warnings, one line of JSON each: `events.jsonl` in the guard's folder, the newest thousand.
//!
//! Those who follow warnings name the last number they saw, so that they miss nothing while the guard starts
//! anew.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Warning, file};

/// The file's name in the guard's folder.
pub const NAME: &str = "events.jsonl";

/// Events that are kept.
const MOST: usize = 1000;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 32 << 20;

/// What became of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Became {
    /// It is new.
    Opened,
    /// It is back after so short a time that it is no news.
    Returned,
    /// Its cause is gone.
    Withdrawn,
}

impl Became {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Became::Opened => "opened",
            Became::Returned => "returned",
            Became::Withdrawn => "withdrawn",
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number; later ones have higher numbers.
    pub number: u64,
    /// When.
    pub time: Timestamp,
    /// What became of the warning.
    pub became: Became,
    /// The top of the worktree; empty for what belongs to the machine and the user.
    pub folder: PathBuf,
    /// The warning.
    pub warning: Warning,
}

/// The newest events, in memory and on disk.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    events: VecDeque<Event>,
    /// Lines in the file.
    lines: usize,
    next: u64,
    /// Whether the last line was cut short, by a guard that was stopped in the middle.
    torn: bool,
}

impl History {
    /// Reads what is in the guard's folder. It is a convenience: lines that cannot be read are left out.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(NAME);
        let text = file::text(&path, LARGEST).ok().flatten().unwrap_or_default();
        let mut events: VecDeque<Event> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let lines = text.lines().count();
        events.drain(..events.len().saturating_sub(MOST));
        let next = events.back().map_or(0, |event| event.number) + 1;
        let torn = !text.is_empty() && !text.ends_with('\n');
        History { path, events, lines, next, torn }
    }

    /// Adds events and gives them with their numbers, and whether the file has them: where it cannot be
    /// written, they are kept in memory.
    pub fn add(
        &mut self,
        folder: &Path,
        became: Became,
        warnings: &[Warning],
        time: Timestamp,
    ) -> (Vec<Event>, Result<()>) {
        let mut added = Vec::new();
        for warning in warnings {
            let (number, folder) = (self.next, folder.to_path_buf());
            added.push(Event { number, time, became, folder, warning: warning.clone() });
            self.next += 1;
        }
        self.events.extend(added.iter().cloned());
        self.events.drain(..self.events.len().saturating_sub(MOST));
        let kept = self.keep(&added);
        (added, kept)
    }

    fn keep(&mut self, added: &[Event]) -> Result<()> {
        let mut text = if std::mem::take(&mut self.torn) { b"\n".to_vec() } else { Vec::new() };
        for event in added {
            serde_json::to_writer(&mut text, event).context("a path that is no UTF-8 text cannot be written")?;
            text.push(b'\n');
            self.lines += 1;
        }
        if self.lines > 2 * MOST {
            let mut all = Vec::new();
            for event in &self.events {
                serde_json::to_writer(&mut all, event).context("an event cannot be written as JSON")?;
                all.push(b'\n');
            }
            file::replace(&self.path, &all)?;
            self.lines = self.events.len();
        } else {
            let file = file::private().append(true).create(true).open(&self.path);
            let written = file.and_then(|mut file| file.write_all(&text));
            written.with_context(|| format!("cannot write {}", file::shown(&self.path)))?;
        }
        Ok(())
    }

    /// The events after a number, as far as they are kept.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.number > number)
    }

    /// The number of the newest event; 0 where there was none.
    pub fn last(&self) -> u64 {
        self.next - 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::open::tests::warning;
    use super::*;

    #[test]
    fn bounded_numbered_and_kept() -> Result<()> {
        let place = tempfile::tempdir()?;
        let mut own = History::read(place.path());
        let all: Vec<Warning> = (0..700).map(|number| warning(&number.to_string())).collect();
        for _ in 0..4 {
            own.add(Path::new("/r"), Became::Opened, &all, Timestamp::UNIX_EPOCH).1?;
        }
        assert_eq!((own.last(), own.after(2790).count(), own.after(0).count()), (2800, 10, MOST));
        let lines = std::fs::read_to_string(place.path().join(NAME))?.lines().count();
        assert!(lines <= 2 * MOST, "{lines}");
        // A line that was cut short at the end.
        let mut file = file::private().append(true).open(place.path().join(NAME))?;
        file.write_all(b"{\"number\":")?;
        let mut own = History::read(place.path());
        assert_eq!(own.last(), 2800);
        let (added, kept) = own.add(Path::new("/r"), Became::Withdrawn, &all[..1], Timestamp::UNIX_EPOCH);
        kept?;
        assert_eq!(added[0].number, 2801);
        assert_eq!(History::read(place.path()).last(), 2801, "it stands on a line of its own");
        Ok(())
    }
}
