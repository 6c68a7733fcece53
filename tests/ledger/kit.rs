//! Ledgers in scratch folders, what is to be found in them, and dice.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use leakwarden::ledger::chain::Head;
use leakwarden::ledger::line::sha256;
use leakwarden::ledger::read::{Lines, files};
use leakwarden::ledger::record::Noted;
use leakwarden::ledger::sink::Sinks;
use leakwarden::ledger::verify::{Stated, Verdict, verify};
use leakwarden::ledger::{Entry, Event, Ledger};
use leakwarden::level::{Confidence, Severity};

/// The variable that tells a test of this binary, run as a process of its own, where its ledger is.
pub const FOLDER: &str = "LEAKWARDEN_TEST_LEDGER";

/// Says that a part of a test was not run, and why.
pub fn skip(what: &str) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// A ledger without sinks.
pub fn ledger(folder: &Path) -> Ledger {
    Ledger::at(folder.to_owned(), Sinks::default())
}

/// An entry that tells `n`; `findings` make it longer.
pub fn entry(event: Event, n: usize, findings: usize) -> Entry {
    let noted = |line: usize| Noted {
        rule: "a-rule".to_owned(),
        severity: Severity::High,
        confidence: Confidence::Likely,
        path: format!("src/a folder/fïle \"{n}\".py"),
        line: line as u32 + 1,
        secret: "k3f9".repeat(4),
        exception: None,
    };
    let text = Some(format!("number {n}"));
    Entry { event, at: "test".to_owned(), text, findings: (0..findings).map(noted).collect(), ..Entry::default() }
}

/// Appends so many records, of which every fourth is promised, and gives the last.
pub fn fill(ledger: &Ledger, records: usize) -> Head {
    let mut head = None;
    for n in 0..records {
        let event = if n % 4 == 0 { Event::Excepted } else { Event::Blocked };
        head = Some(ledger.append(entry(event, n, n % 3)).expect("a record can be written"));
    }
    head.expect("at least one record")
}

/// What the verifier says of a folder.
pub fn verdict(folder: &Path, anchors: &[Head]) -> Verdict {
    let stated = match ledger(folder).head() {
        Ok(Some(head)) => Stated::Head(head),
        Ok(None) => Stated::Missing,
        Err(error) => Stated::Spoilt(format!("{error:#}")),
    };
    let files = files(folder).expect("the folder can be read");
    let unread = !files.compressed.is_empty();
    let lines = Lines::of(&files.readable).expect("the files can be read");
    verify(lines, &stated, anchors, unread).expect("the files can be read")
}

/// The verdict, which must be that nothing was changed.
pub fn holds(folder: &Path) -> Verdict {
    let verdict = verdict(folder, &[]);
    assert!(verdict.holds(), "{:#?}", verdict.broken);
    verdict
}

/// Every line of the ledger as `seq hash`.
pub fn hashes(folder: &Path) -> Vec<(u64, String)> {
    let files = files(folder).expect("the folder can be read");
    let lines =
        Lines::of(&files.readable).expect("the files can be read").map(|line| line.expect("the files can be read"));
    lines.filter_map(|line| Some((seq(&line.bytes)?, sha256(&line.bytes)))).collect()
}

/// The number of a record.
pub fn seq(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(line).ok()?["seq"].as_u64()
}

/// A test of this binary as a process: `name` with its module, and its ledger's folder.
pub fn myself(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(FOLDER, folder).stdin(Stdio::null());
    command
}

/// The folder for this process, where it is one of [`myself`].
pub fn told() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Where programs are, those of administrators included.
pub fn path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    std::env::split_paths(&path()).any(|folder| folder.join(program).is_file())
}

/// Waits until something is so, at most 20 seconds.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Dice that fall the same way for the same seed (xorshift64*).
pub struct Dice(u64);

impl Dice {
    /// Dice for a seed other than 0.
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}
