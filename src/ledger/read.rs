//! Reading: the files of a ledger, oldest first, their lines, and the records in them.
//!
//! `ledger.jsonl` is the file that grows; logrotate leaves older ones beside it. Whatever a line says,
//! the lines after it can be read.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use anyhow::{Context, Result};

use super::line::Link;
use super::record::{Record, VERSION};
use crate::finding::escape;

/// The file that grows.
pub const NAME: &str = "ledger.jsonl";

/// Ends of the names of compressed files.
const COMPRESSED: [&str; 4] = [".gz", ".xz", ".zst", ".bz2"];

/// The files of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Those that can be read, oldest first.
    pub readable: Vec<PathBuf>,
    /// Those that are compressed, by name: nothing here unpacks them.
    pub compressed: Vec<PathBuf>,
}

impl Files {
    /// What is to be said of those that are not read.
    pub fn notes(&self) -> Vec<String> {
        let note = |path: &PathBuf| format!("{} is compressed and was not read", shown(path));
        self.compressed.iter().map(note).collect()
    }
}

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub file: Arc<Path>,
    /// The line's number in it, from 1.
    pub number: u64,
    /// Its bytes, without the line feed.
    pub bytes: Vec<u8>,
    /// Whether a line feed ends it; only a file's last line may have none.
    pub ended: bool,
}

impl Line {
    /// File and line, as messages show them.
    pub fn place(&self) -> String {
        format!("{}:{}", shown(&self.file), self.number)
    }
}

/// The files of the ledger in a folder: none where the folder is not there.
///
/// Order is that of the first record in each; a file without one goes by its name, [`NAME`] last.
///
/// # Errors
/// Where the folder or a file cannot be read.
pub fn files(folder: &Path) -> Result<Files> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Files::default()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", shown(folder))),
    };
    let mut readable = Vec::new();
    let mut compressed = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", shown(folder)))?;
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(NAME)) else { continue };
        // Links are not followed.
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let packed = COMPRESSED.iter().find_map(|end| rest.strip_suffix(end));
        if !is_rotated(packed.unwrap_or(rest)) {
            continue;
        }
        match packed {
            Some(_) => compressed.push(entry.path()),
            None => readable.push((first_seq(&entry.path())?, rest.is_empty(), entry.path())),
        }
    }
    // `None` before all numbers: a file without records is in nobody's way there, unless it is the
    // one that grows.
    readable.sort_by(|a, b| (a.1 && a.0.is_none(), a.0, a.1, &a.2).cmp(&(b.1 && b.0.is_none(), b.0, b.1, &b.2)));
    compressed.sort();
    Ok(Files { readable: readable.into_iter().map(|(_, _, path)| path).collect(), compressed })
}

/// Whether what follows [`NAME`] is nothing, or what logrotate puts there: `.1`, `-20261122`,
/// `-20261122-1795327200` (logrotate(8), `dateext`, `dateformat`), or `-2026112207.backup` for a file that
/// stood where it wanted to make one.
fn is_rotated(rest: &str) -> bool {
    let rest = rest.strip_suffix(".backup").unwrap_or(rest);
    rest.is_empty()
        || rest.starts_with(['.', '-']) && rest.len() > 1 && rest[1..].bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn first_seq(path: &Path) -> Result<Option<u64>> {
    for line in Lines::of(&[path.to_owned()])? {
        if let Some(link) = Link::read(&line?.bytes) {
            return Ok(Some(link.seq));
        }
    }
    Ok(None)
}

/// The lines of files, one after the other, as they were when this was made: what is appended later
/// is not read, and a file that is renamed meanwhile is.
#[derive(Debug)]
pub struct Lines {
    files: vec::IntoIter<(Arc<Path>, BufReader<Take<File>>)>,
    open: Option<(Arc<Path>, BufReader<Take<File>>, u64)>,
}

impl Lines {
    /// The lines of these files, in this order.
    ///
    /// # Errors
    /// Where a file cannot be opened.
    pub fn of(files: &[PathBuf]) -> Result<Self> {
        let open = |path: &PathBuf| -> Result<_> {
            let file = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
            let (size, file) = file.with_context(|| format!("cannot read {}", shown(path)))?;
            Ok((path.as_path().into(), BufReader::new(file.take(size))))
        };
        let files: Vec<_> = files.iter().map(open).collect::<Result<_>>()?;
        Ok(Lines { files: files.into_iter(), open: None })
    }

    fn read(&mut self) -> Result<Option<Line>> {
        loop {
            if let Some((file, reader, number)) = &mut self.open {
                let mut bytes = Vec::new();
                reader.read_until(b'\n', &mut bytes).with_context(|| format!("cannot read {}", shown(file)))?;
                if !bytes.is_empty() {
                    *number += 1;
                    let ended = bytes.pop_if(|last| *last == b'\n').is_some();
                    return Ok(Some(Line { file: file.clone(), number: *number, bytes, ended }));
                }
            }
            let Some((path, reader)) = self.files.next() else { return Ok(None) };
            self.open = Some((path, reader, 0));
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.read();
        if line.is_err() {
            (self.files, self.open) = (Vec::new().into_iter(), None);
        }
        line.transpose()
    }
}

/// Every line of the ledger in a folder, oldest first.
///
/// # Errors
/// As [`files`].
pub fn lines(folder: &Path) -> Result<Lines> {
    Lines::of(&files(folder)?.readable)
}

/// The records in a folder, oldest first, with a note for all that is not read: compressed files,
/// events that only a newer version knows, and lines that are no records.
///
/// # Errors
/// As [`files`].
pub fn records(folder: &Path) -> Result<(Vec<Record>, Vec<String>)> {
    let files = files(folder)?;
    let mut notes = files.notes();
    let mut records = Vec::new();
    for line in Lines::of(&files.readable)? {
        let line = line?;
        match serde_json::from_slice(&line.bytes) {
            Ok(record) => {
                notes.extend(later(&line, &record));
                records.push(record);
            }
            Err(_) => notes.push(format!("{}: {}", line.place(), unread(&line.bytes))),
        }
    }
    Ok((records, notes))
}

/// That a later version wrote a record, which may say more than is read.
fn later(line: &Line, record: &Record) -> Option<String> {
    let what = || format!("{}: record {} is of a newer leakwarden (format {})", line.place(), record.seq, record.v);
    (record.v > VERSION).then(|| format!("{}; upgrade to read all of it", what()))
}

/// Why a line is not read.
fn unread(line: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    let event = value.as_ref().and_then(|value| value["event"].as_str());
    match (Link::read(line), event) {
        (Some(link), Some(event)) => {
            let event = escape(event.as_bytes());
            let hint = if link.v > VERSION { " (a newer leakwarden wrote it; upgrade to read it)" } else { "" };
            format!("record {} (`{event}`) is not one that this version knows{hint}", link.seq)
        }
        _ => "not a record; `leakwarden ledger verify` tells what it may be".to_owned(),
    }
}

/// A path for messages.
pub(super) fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, event: &str) -> String {
        let prev = super::super::line::NOTHING;
        format!(
            r#"{{"v":1,"ledger":"k3f9a2b7","seq":{seq},"time":"2026-11-22T06:00:00.000Z","prev":"{prev}","event":"{event}"}}"#
        ) + "\n"
    }

    #[test]
    fn files_stand_in_the_order_of_their_records() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        put("ledger.jsonl", &line(9, "blocked"));
        put("ledger.jsonl.1", &line(7, "blocked"));
        put("ledger.jsonl.2", &line(5, "blocked"));
        put("ledger.jsonl-20261122", &format!("no record\n{}", line(3, "blocked")));
        put("ledger.jsonl.3.gz", "packed");
        for other in
            ["ledger.jsonl.bak", "ledger.jsonl~", "ledger.jsonl.", "head", "my-ledger.jsonl", "ledger.jsonl.gz.x"]
        {
            put(other, &line(1, "blocked"));
        }
        let files = files(folder.path()).expect("they can be read");
        let names = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
        };
        let expected = ["ledger.jsonl-20261122", "ledger.jsonl.2", "ledger.jsonl.1", "ledger.jsonl"];
        assert_eq!(names(&files.readable), expected);
        assert_eq!(names(&files.compressed), ["ledger.jsonl.3.gz"]);
        put("ledger.jsonl", "");
        assert_eq!(names(&super::files(folder.path()).expect("they can be read").readable), expected);
    }

    #[test]
    fn what_cannot_be_read_is_noted_and_hides_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let text =
            line(1, "blocked") + &line(2, "something-new") + "\u{1b}[2J\n" + &line(3, "excepted") + "{\"v\":1,\"led";
        fs::write(folder.path().join(NAME), text).expect("a file");
        let (records, notes) = records(folder.path()).expect("it can be read");
        assert_eq!(records.iter().map(|record| record.seq).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(
            notes[0].contains(":2: record 2 (`something-new`)") && notes[2].contains(":5: not a record"),
            "{notes:?}"
        );
        assert!(!notes.concat().contains('\u{1b}'));
        let lines: Vec<Line> = lines(folder.path()).expect("lines").collect::<Result<_>>().expect("they can be read");
        assert_eq!(lines.iter().map(|line| line.ended).collect::<Vec<_>>(), [true, true, true, true, false]);
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(records(&folder.path().join("none")).expect("no error"), (Vec::new(), Vec::new()));
    }
}
