//! Whether the ledger still is what it was: it holds the record that was last seen, and the chain from there.
//!
//! A ledger of some megabytes is not read as a whole whenever a record is added: where only its last file
//! has grown, what is new is judged by the record before it, and the whole within ten minutes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::file::shown;
use crate::finding::escape;
use crate::ledger::Ledger;
use crate::ledger::chain::Head;
use crate::ledger::line::{Link, sha256};
use crate::ledger::read::{Line, Lines, NAME, files};
use crate::ledger::verify::{Remark, Stated, Verdict, verify};

/// Seconds that the whole of a large ledger is not read again.
const PAUSE: i64 = 10 * 60;

/// Bytes up to which a ledger is read as a whole at every change: some milliseconds.
const SMALL: u64 = 1 << 20;

/// Bytes of new records that are held in memory; of more the whole is read, line by line.
const MOST_NEW: u64 = 8 << 20;

/// What is known of a ledger besides its files.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'a> {
    /// The last record when it was last looked at.
    pub anchor: Option<&'a Head>,
    /// A record up to which a person has dismissed what is wrong.
    pub accepted: Option<&'a Head>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing has changed since the last look.
    Same,
    /// It holds; with its last record, if there is one.
    Holds(Option<Head>),
    /// It does not: what was found, the first first.
    Edited(Vec<String>),
}

/// What is remembered between looks, in memory.
#[derive(Debug)]
pub(super) struct Reader {
    small: u64,
    /// The files as they were.
    seen: Option<Vec<Seen>>,
    /// The end of the file that grows.
    end: Option<End>,
    /// When all was last read, in Unix seconds.
    whole: Option<i64>,
    /// Whether something changed since.
    owed: bool,
}

/// A file as the system describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    name: String,
    size: u64,
    /// Device and inode; zeros where the system has none.
    file: (u64, u64),
    /// When its bytes, and when anything about it, last changed.
    times: (i128, i128),
}

/// The last record of the file that grows, which is its last line.
#[derive(Debug, Clone)]
struct End {
    start: u64,
    number: u64,
    head: Head,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { small: SMALL, seen: None, end: None, whole: None, owed: false }
    }
}

impl Reader {
    /// Looks at a ledger, at a moment in Unix seconds.
    ///
    /// # Errors
    /// Where it cannot be read; then nothing is known.
    pub fn look(&mut self, ledger: &Ledger, known: Known<'_>, now: i64) -> Result<Found> {
        // `head` before the files: one that is behind them is no fault, and the other way round it is.
        let held = ledger.hold();
        let stated = stated(ledger);
        let seen = seen(ledger.folder())?;
        let unchanged = self.seen.as_ref() == Some(&seen);
        if unchanged && !self.is_due(now) {
            return Ok(Found::Same);
        }
        let young = self.whole.is_some_and(|whole| (whole..whole.saturating_add(PAUSE)).contains(&now));
        if young && let Some(end) = self.grown(&seen) {
            let lines = lines_from(&ledger.folder().join(NAME), &end);
            drop(held);
            if let Some(end) = lines.ok().and_then(|lines| more(lines, &end, &stated)) {
                let last = end.head.clone();
                (self.seen, self.end, self.owed) = (Some(seen), Some(end), true);
                return Ok(Found::Holds(Some(last)));
            }
            return self.all(ledger, known, now);
        }
        drop(held);
        self.all(ledger, known, now)
    }

    /// When to look again though nothing changes, in Unix seconds.
    pub fn due(&self) -> Option<i64> {
        Some(self.whole?.saturating_add(PAUSE)).filter(|_| self.owed)
    }

    /// Forgets what was read, so that the next look reads all.
    pub fn forget(&mut self) {
        (self.seen, self.end, self.whole, self.owed) = (None, None, None, false);
    }

    fn is_due(&self, now: i64) -> bool {
        self.due().is_some_and(|due| now >= due)
    }

    /// The end from which to read on, where only the last file of a large ledger has grown.
    fn grown(&self, now: &[Seen]) -> Option<End> {
        let before = self.seen.as_ref()?;
        let large = now.iter().map(|file| file.size).sum::<u64>() > self.small;
        let same = before.len() == now.len()
            && before.iter().zip(now).all(|(a, b)| match a.name.as_str() {
                NAME => a.name == b.name && a.file == b.file && a.file != (0, 0) && a.size <= b.size,
                // It is rewritten with every record, and judged by what it says.
                "head" => b.name == "head",
                _ => a == b,
            });
        self.end.clone().filter(|_| large && same)
    }

    fn all(&mut self, ledger: &Ledger, known: Known<'_>, now: i64) -> Result<Found> {
        self.forget();
        let whole = Whole::read(ledger, known)?;
        let found = whole.judge(known);
        (self.seen, self.end, self.whole) = (Some(whole.seen), whole.end, Some(now));
        Ok(found)
    }
}

/// The record from which the next one goes on, whatever is wrong with the files: that of `head`, unless its
/// writer was stopped before it wrote `head`.
///
/// # Errors
/// Where they cannot be read.
pub(super) fn last(ledger: &Ledger) -> Result<Option<Head>> {
    let whole = Whole::read(ledger, Known::default())?;
    Ok(match (whole.stated, whole.verdict.last) {
        (Stated::Head(head), Some(last)) if head.ledger == last.ledger && head.seq < last.seq => Some(last),
        (Stated::Head(head), _) => Some(head),
        (_, last) => last,
    })
}

/// All of a ledger.
struct Whole {
    seen: Vec<Seen>,
    stated: Stated,
    /// Whether older files are compressed.
    unread: bool,
    verdict: Verdict,
    end: Option<End>,
}

impl Whole {
    fn read(ledger: &Ledger, known: Known<'_>) -> Result<Self> {
        let held = ledger.hold();
        let stated = stated(ledger);
        let seen = seen(ledger.folder())?;
        let files = files(ledger.folder())?;
        let unread = !files.compressed.is_empty();
        let lines = Lines::of(&files.readable)?;
        let again = known.accepted.map(|_| Lines::of(&files.readable)).transpose()?;
        drop(held);
        let mut end = Tracked::default();
        let lines = lines.inspect(|line| end.see(line));
        let anchors: Vec<Head> = known.anchor.into_iter().cloned().collect();
        let verdict = match (known.accepted, again) {
            (Some(accepted), Some(again)) => {
                let skip = dismissed(again, accepted)?;
                verify(lines.skip(skip), &stated, &anchors, unread)?
            }
            _ => verify(lines, &stated, &anchors, unread)?,
        };
        let end = end.end(&verdict);
        Ok(Whole { seen, stated, unread, verdict, end })
    }

    fn judge(&self, known: Known<'_>) -> Found {
        let verdict = &self.verdict;
        if let (None, Some(accepted), Stated::Head(head)) = (&verdict.last, known.accepted, &self.stated)
            && head == accepted
        {
            return Found::Holds(Some(head.clone()));
        }
        let rotated = known.anchor.is_some_and(|anchor| self.rotated(anchor));
        let counts = |remark: &&Remark| {
            let of_anchor = remark.file.is_empty() && remark.seq.is_some();
            !(rotated && of_anchor)
        };
        let mut what: Vec<String> = verdict.broken.listed.iter().filter(counts).map(told).collect();
        if what.is_empty() {
            return Found::Holds(verdict.last.clone().or_else(|| known.anchor.cloned()));
        }
        if verdict.broken.more > 0 {
            what.push(format!("and {} more", verdict.broken.more));
        }
        Found::Edited(what)
    }

    /// Whether the anchor's record was rotated away with what stood before what is here.
    fn rotated(&self, anchor: &Head) -> bool {
        match (&self.verdict.last, &self.stated) {
            (Some(last), _) => {
                let after = self.verdict.first.is_some_and(|first| first > anchor.seq.saturating_add(1));
                last.ledger == anchor.ledger && after
            }
            (None, Stated::Head(head)) => {
                let later = head.seq > anchor.seq && head.ledger == anchor.ledger;
                self.unread && (later || head == anchor)
            }
            (None, _) => false,
        }
    }
}

/// How many lines there are up to the record that was accepted; without it, up to the first later one.
fn dismissed(lines: Lines, accepted: &Head) -> Result<usize> {
    let (mut at, mut later) = (None, None);
    for (place, line) in lines.enumerate() {
        let line = line?;
        if sha256(&line.bytes) == accepted.hash {
            at = Some(place);
        }
        let link = Link::read(&line.bytes);
        let after = link.is_some_and(|link| link.seq > accepted.seq);
        // The first of those that come after all that is not later.
        later = if after { later.or(Some(place)) } else { None };
    }
    Ok(at.or(later).unwrap_or(usize::MAX))
}

fn told(remark: &Remark) -> String {
    let name = remark.file.rsplit('/').next().unwrap_or_default();
    let place = if name.is_empty() { String::new() } else { format!("{name}:{}: ", remark.line) };
    let seq = remark.seq.filter(|_| !place.is_empty()).map_or_else(String::new, |seq| format!("record {seq} "));
    format!("{place}{seq}{}", remark.what)
}

fn stated(ledger: &Ledger) -> Stated {
    match ledger.head() {
        Ok(Some(head)) => Stated::Head(head),
        Ok(None) => Stated::Missing,
        Err(error) => Stated::Spoilt(escape(format!("{error:#}").as_bytes())),
    }
}

/// `head` and the files of a ledger, by name.
fn seen(folder: &Path) -> Result<Vec<Seen>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", shown(folder)))?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", shown(folder)))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(NAME) && name != "head" {
            continue;
        }
        // One that is renamed just now stands under its new name at the next look.
        if let Ok(found) = entry.metadata() {
            all.push(describe(name, &found));
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

#[cfg(unix)]
fn describe(name: String, found: &fs::Metadata) -> Seen {
    use std::os::unix::fs::MetadataExt;
    let time = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let times = (time(found.mtime(), found.mtime_nsec()), time(found.ctime(), found.ctime_nsec()));
    Seen { name, size: found.len(), file: (found.dev(), found.ino()), times }
}

#[cfg(not(unix))]
fn describe(name: String, found: &fs::Metadata) -> Seen {
    let since = found.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let time = since.and_then(|since| i128::try_from(since.as_nanos()).ok()).unwrap_or_default();
    Seen { name, size: found.len(), file: (0, 0), times: (time, time) }
}

/// The last line of the file that grows, while all lines pass by.
#[derive(Default)]
struct Tracked {
    next: u64,
    start: u64,
    number: u64,
    bytes: Vec<u8>,
    ended: bool,
}

impl Tracked {
    fn see(&mut self, line: &Result<Line>) {
        let Ok(line) = line else { return };
        if line.file.ends_with(NAME) {
            (self.start, self.number, self.ended) = (self.next, line.number, line.ended);
            self.next += line.bytes.len() as u64 + u64::from(line.ended);
            self.bytes.clear();
            self.bytes.extend_from_slice(&line.bytes);
        }
    }

    fn end(self, verdict: &Verdict) -> Option<End> {
        let head = verdict.last.clone()?;
        let is_last = self.ended && sha256(&self.bytes) == head.hash;
        is_last.then_some(End { start: self.start, number: self.number, head })
    }
}

/// The lines from a record on.
fn lines_from(path: &Path, end: &End) -> Result<Vec<Line>> {
    let about = || format!("cannot read {}", shown(path));
    let mut file = File::open(path).with_context(about)?;
    let size = file.metadata().with_context(about)?.len();
    ensure!(size >= end.start, "{} was cut", shown(path));
    ensure!(size - end.start <= MOST_NEW, "{} has grown by much", shown(path));
    file.seek(SeekFrom::Start(end.start)).with_context(about)?;
    let mut reader = BufReader::new(file.take(size - end.start));
    let name: Arc<Path> = path.into();
    let mut lines = Vec::new();
    loop {
        let mut bytes = Vec::new();
        if reader.read_until(b'\n', &mut bytes).with_context(about)? == 0 {
            return Ok(lines);
        }
        let ended = bytes.pop_if(|last| *last == b'\n').is_some();
        lines.push(Line { file: name.clone(), number: end.number + lines.len() as u64, bytes, ended });
    }
}

/// Judges these lines by the record that they begin with; the new end where they hold.
fn more(lines: Vec<Line>, before: &End, stated: &Stated) -> Option<End> {
    let mut tracked = Tracked { next: before.start, ..Tracked::default() };
    let lines = lines.into_iter().map(Ok).inspect(|line| tracked.see(line));
    let verdict = verify(lines, stated, std::slice::from_ref(&before.head), false).ok()?;
    let begins = verdict.first == Some(before.head.seq);
    if verdict.holds() && begins { tracked.end(&verdict) } else { None }
}

#[cfg(test)]
mod tests;
