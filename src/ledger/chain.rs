//! The file: appending under a lock, and the chain.
//!
//! In the folder stand `ledger.jsonl`, `lock` (never rotated), `head` (the last record, as an anchor)
//! and `key`. Under the lock the file is opened afresh, since logrotate may have put another in its
//! place, and its end is compared with `head`:
//!
//! - the end is `head`'s record, or follows it: a process was stopped before it wrote `head`; the
//!   chain goes on from the end;
//! - the file is empty: it was rotated, and the chain goes on from `head`;
//! - they disagree: somebody changed the file. The record is written all the same, with `head`'s hash
//!   and a number after both, so that [`verify`](super::verify) names the place.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::line::{NOTHING, hex, line, sha256};
use super::read::{NAME, files, shown};
use super::record::{Entry, Record, Torn, VERSION};
use super::sink::Sinks;
use super::tail::Tail;
use crate::fingerprint::{ALPHABET, base32};

/// Characters of a ledger's id.
pub const ID: usize = 8;

/// How long the lock is waited for. A record takes milliseconds; a disk that syncs slowly, longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Times at which the lock is tried again.
const PAUSE: Duration = Duration::from_millis(4);

/// A ledger in a folder: `ledger.jsonl`, those that were rotated away beside it, the machine's key.
#[derive(Debug, Clone)]
pub struct Ledger {
    folder: PathBuf,
    sinks: Sinks,
}

/// The last record: what an anchor names. Shown as `ID:SEQ:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The ledger's id.
    pub ledger: String,
    /// The record's number.
    pub seq: u64,
    /// SHA-256 of its line, in hex.
    pub hash: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ledger, self.seq, self.hash)
    }
}

impl Head {
    /// With the first 16 characters of the hash: fit for a line that people read.
    pub fn short(&self) -> String {
        format!("{}:{}:{}", self.ledger, self.seq, self.hash.get(..16).unwrap_or(&self.hash))
    }

    /// Reads `ID:SEQ:HASH`, the hash in full or its first characters, at least 16.
    pub fn parse(text: &str) -> Option<Head> {
        let mut parts = text.trim().splitn(3, ':');
        let (ledger, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let plain = ledger.len() == ID && ledger.bytes().all(|byte| ALPHABET.contains(&byte));
        let hexes = (16..=64).contains(&hash.len()) && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let head = Head { ledger: ledger.to_owned(), seq: seq.parse().ok()?, hash: hash.to_owned() };
        (plain && hexes && head.seq > 0).then_some(head)
    }
}

impl Ledger {
    /// The ledger in a folder, which need not be there yet.
    pub fn at(folder: PathBuf, sinks: Sinks) -> Self {
        Ledger { folder, sinks }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where records go besides the file.
    pub fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Appends a record, synced to disk where its event [is promised](super::Event::is_promised).
    ///
    /// # Errors
    /// Where it cannot be written as a whole; then it is not promised.
    pub fn append(&self, entry: Entry) -> Result<Head> {
        self.append_all(vec![entry])?.context("nothing was to be written")
    }

    /// Appends records one after the other, and syncs once. `None` where there are none.
    ///
    /// # Errors
    /// Where one cannot be written as a whole; then neither it nor those after it are promised, those before
    /// it are.
    pub fn append_all(&self, entries: Vec<Entry>) -> Result<Option<Head>> {
        if entries.is_empty() {
            return Ok(None);
        }
        self.make_folder()?;
        let lock = self.lock()?;
        let promised = entries.iter().any(|entry| entry.event.is_promised());
        let path = self.folder.join(NAME);
        let mut file = opened(OpenOptions::new().read(true).append(true).create(true), &path)?;
        let mut place = self.place(&mut file, &path)?;
        if place.empty {
            // Whoever syncs a later record syncs the file, and its name must be on disk by then.
            sync_folder(&self.folder)?;
        }
        let mut written = Vec::new();
        let mut failed = None;
        for entry in entries {
            let record = Record {
                v: VERSION,
                ledger: place.ledger.clone(),
                seq: place.seq,
                time: format!("{:.3}", jiff::Timestamp::now()),
                prev: place.prev,
                torn: place.torn.take(),
                entry,
            };
            let text = line(record.clone());
            let close = if place.open { "\n" } else { "" };
            let wrote = write_once(&mut file, format!("{close}{text}\n").as_bytes());
            if let Err(error) = wrote.with_context(|| format!("cannot write to {}", shown(&path))) {
                failed = Some(error);
                break;
            }
            let head = Head { ledger: record.ledger.clone(), seq: record.seq, hash: sha256(text.as_bytes()) };
            (place.seq, place.prev, place.open) = (head.seq.saturating_add(1), head.hash.clone(), false);
            written.push((record, text, head));
        }
        if promised {
            file.sync_data().with_context(|| format!("{} cannot be synced to disk", shown(&path)))?;
        }
        let last = written.last().map(|(_, _, head)| head.clone());
        if let Some(head) = &last {
            self.set_head(head, promised)?;
        }
        drop(lock);
        for (record, text, head) in &written {
            self.sinks.send(record, text, head);
        }
        // Those before it stand, and are promised.
        failed.map_or(Ok(last), Err)
    }

    /// The key of this machine's pseudonyms; it is made where there is none.
    ///
    /// # Errors
    /// Where it can neither be read nor written.
    pub fn key(&self) -> Result<[u8; 32]> {
        let path = self.folder.join("key");
        if let Some(key) = read_key(&path)? {
            return Ok(key);
        }
        self.make_folder()?;
        let mut key = [0; 32];
        getrandom::fill(&mut key).context("the system gives no random numbers")?;
        let about = || format!("cannot write {}", shown(&path));
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).with_context(about)?;
        file.write_all(format!("{}\n", hex(&key)).as_bytes()).with_context(about)?;
        file.as_file().sync_all().with_context(about)?;
        // Of two processes one is the first; both go by what stands there then.
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error).with_context(about),
        }
        read_key(&path)?.with_context(|| format!("{} was just written and is gone", shown(&path)))
    }

    /// What `head` says; `None` where there is no such file.
    ///
    /// # Errors
    /// Where it cannot be read, or is no anchor.
    pub fn head(&self) -> Result<Option<Head>> {
        let path = self.folder.join("head");
        let Some(text) = read_small(&path)? else { return Ok(None) };
        match Head::parse(&text) {
            Some(head) if head.hash.len() == 64 => Ok(Some(head)),
            _ => bail!("{} is not what was written there", shown(&path)),
        }
    }

    /// Keeps others from appending while `head` is read and the files are opened. `None` where nobody has appended yet, or
    /// where this account may not lock: then what is read may be a moment older than `head`.
    pub fn hold(&self) -> Option<File> {
        let file = File::open(self.folder.join("lock")).ok()?;
        wait(|| file.try_lock_shared()).ok()?;
        Some(file)
    }

    /// Whether a record could be written now; leaves nothing behind.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub fn probe(&self) -> Result<()> {
        let there = self.folder.ancestors().find(|folder| folder.exists()).context("no such folder")?;
        tempfile::tempfile_in(there).with_context(|| format!("cannot write in {}", shown(there)))?;
        let path = self.folder.join(NAME);
        if path.exists() {
            opened(OpenOptions::new().append(true), &path)?;
        }
        Ok(())
    }

    fn make_folder(&self) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let missing: Vec<&Path> = self.folder.ancestors().take_while(|path| !path.exists()).collect();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).with_context(|| format!("cannot make the folder {}", shown(&self.folder)))?;
        for above in missing.iter().filter_map(|path| path.parent()) {
            // A folder that may be written to need not be one that may be read, and so synced.
            let _ = sync_folder(above);
        }
        Ok(())
    }

    fn lock(&self) -> Result<File> {
        let path = self.folder.join("lock");
        let file = opened(OpenOptions::new().write(true).create(true), &path)?;
        wait(|| file.try_lock()).with_context(|| format!("cannot lock {}", shown(&path)))?;
        Ok(file)
    }

    /// Where the next record stands.
    fn place(&self, file: &mut File, path: &Path) -> Result<Place> {
        // A head that nobody can read says nothing; whoever can spoil it could also take it away.
        let head = self.head().ok().flatten();
        let mut tail = Tail::of(file, path)?;
        let (open, empty) = (tail.open, tail.empty);
        if tail.last.is_none() {
            // A process may have been stopped after it wrote to a file that was being rotated.
            if let Some(older) = self.rotated(head.as_ref())? {
                let loose = tail.loose.or(older.loose);
                tail = Tail { loose, open, empty, last: older.last, lines: older.lines };
            }
        }
        let torn = tail.loose.clone();
        let place = |ledger: String, seq: u64, prev: String| Place { ledger, seq, prev, torn, open, empty };
        Ok(match (head, &tail.last) {
            (None, None) => {
                let mut random = [0; ID];
                getrandom::fill(&mut random).context("the system gives no random numbers")?;
                place(base32(&random, ID), 1, NOTHING.to_owned())
            }
            (None, Some(last)) => place(last.ledger.clone(), last.seq.saturating_add(1), last.hash.clone()),
            (Some(head), None) => place(head.ledger, head.seq.saturating_add(1), head.hash),
            (Some(head), Some(last)) if tail.continues(&head) => {
                place(head.ledger, last.seq.saturating_add(1), last.hash.clone())
            }
            (Some(head), Some(last)) => place(head.ledger, head.seq.max(last.seq).saturating_add(1), head.hash),
        })
    }

    /// The end of the rotated file from which the chain goes on.
    fn rotated(&self, head: Option<&Head>) -> Result<Option<Tail>> {
        let mut newest = None;
        for path in files(&self.folder)?.readable.iter().filter(|path| !path.ends_with(NAME)) {
            let tail = Tail::of(&mut opened(OpenOptions::new().read(true), path)?, path)?;
            if tail.last.is_some() && head.is_none_or(|head| tail.continues(head)) {
                newest = Some(tail);
            }
        }
        Ok(newest)
    }

    /// Replaces `head`. Only whoever holds the lock does, so one name for the new file is enough.
    fn set_head(&self, head: &Head, promised: bool) -> Result<()> {
        let path = self.folder.join("head");
        let new = self.folder.join("head.new");
        let write = || -> Result<()> {
            let mut file = opened(OpenOptions::new().write(true).create(true).truncate(true), &new)?;
            file.write_all(format!("{head}\n").as_bytes())?;
            if promised {
                file.sync_data()?;
            }
            fs::rename(&new, &path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", shown(&path)))
    }
}

/// Where a record stands in the chain, and how the file ends before it.
struct Place {
    ledger: String,
    seq: u64,
    prev: String,
    torn: Option<Torn>,
    open: bool,
    empty: bool,
}

/// Opens a file for this account alone; not through a link, and without waiting for a pipe's other end.
fn opened(options: &mut OpenOptions, path: &Path) -> Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).with_context(|| format!("cannot open {}", shown(path)))?;
    ensure!(file.metadata().is_ok_and(|found| found.is_file()), "{} is not a file; move it away", shown(path));
    Ok(file)
}

/// One `write`, so that no other process's bytes stand in the middle. The rest of a piece is not
/// written later: it is not promised, and the next record owns up to it.
fn write_once(file: &mut File, bytes: &[u8]) -> Result<()> {
    let written = loop {
        match file.write(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    ensure!(written == bytes.len(), "{written} of {} bytes were written; is the disk full?", bytes.len());
    Ok(())
}

fn sync_folder(folder: &Path) -> Result<()> {
    // Elsewhere a folder cannot be opened as a file, and its entries are durable with the file.
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|opened| opened.sync_all());
        synced.with_context(|| format!("{} cannot be synced to disk", shown(folder)))?;
    }
    Ok(())
}

fn wait(attempt: impl Fn() -> Result<(), TryLockError>) -> Result<()> {
    let begin = Instant::now();
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => bail!("another process has held it for {} s", PATIENCE.as_secs()),
        }
    }
}

/// A file of one line; `None` where there is none.
fn read_small(path: &Path) -> Result<Option<String>> {
    if let Err(error) = fs::symlink_metadata(path)
        && error.kind() == ErrorKind::NotFound
    {
        return Ok(None);
    }
    let file = opened(OpenOptions::new().read(true), path)?;
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text).with_context(|| format!("cannot read {}", shown(path)))?;
    Ok(Some(text))
}

fn read_key(path: &Path) -> Result<Option<[u8; 32]>> {
    let Some(text) = read_small(path)? else { return Ok(None) };
    let text = text.trim_end();
    let pair = |n: usize| u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(pair).collect();
    let key = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
    let about = || format!("{} is no key; take it away, and pseudonyms begin anew", shown(path));
    key.with_context(about).map(Some)
}
