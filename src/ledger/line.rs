//! One line of the file: its bytes, its hash, and what the chain reads of it.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::record::{Entry, Noted, Record, Torn};

/// The longest line, in bytes, with its line feed. One `write` of it is one piece on every system, and
/// every collector takes it with its limit raised once.
pub const LONGEST: usize = 64 << 10;

/// What the first record names as the hash of the line before.
pub const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What makes a line a link of the chain. The rest of a line may be of a newer version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// Version of the format.
    pub v: u32,
    /// The ledger's id.
    pub ledger: String,
    /// The record's number.
    pub seq: u64,
    /// When it was written.
    pub time: String,
    /// SHA-256 of the line before, in hex.
    pub prev: String,
    /// The piece before it that it owns up to.
    pub torn: Option<Torn>,
}

impl Link {
    /// Reads a line without its line feed; `None` where it is no record of any version.
    pub fn read(line: &[u8]) -> Option<Link> {
        serde_json::from_slice(line).ok()
    }
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A record as a line without its line feed, of less than [`LONGEST`] bytes: texts are cut, then
/// findings are counted instead of listed.
pub fn line(mut record: Record) -> String {
    cut_texts(&mut record.entry);
    loop {
        let text = serde_json::to_string(&record).expect("plain data with string keys");
        let listed = record.entry.findings.len();
        // Without findings the texts of an entry are 9 KiB, six times that as escapes of JSON.
        if text.len() < LONGEST || listed == 0 {
            return text;
        }
        record.entry.findings.truncate(listed / 2);
        record.entry.more_findings += (listed - listed / 2) as u64;
    }
}

/// Cuts what has no length of its own. The limits are generous: the longest path of Linux, and more of
/// a reason than anybody reads.
fn cut_texts(entry: &mut Entry) {
    let Entry { at, host, os_user, who, automation, repository, commit, tree, how, .. } = entry;
    for (text, most) in [(at, 64), (host, 256), (os_user, 256)] {
        cut(text, most);
    }
    for (text, most) in [(who, 512), (automation, 32), (commit, 128), (tree, 128), (how, 64)] {
        if let Some(text) = text {
            cut(text, most);
        }
    }
    if let Some(place) = repository {
        cut(&mut place.path, 4096);
        cut(&mut place.clone, 64);
    }
    for (text, most) in [(&mut entry.exposure, 128), (&mut entry.opened, 64), (&mut entry.text, 2048)] {
        if let Some(text) = text {
            cut(text, most);
        }
    }
    cut(&mut entry.rules, 64);
    cut(&mut entry.policy, 64);
    for Noted { rule, path, secret, exception, .. } in &mut entry.findings {
        cut(rule, 256);
        cut(path, 4096);
        cut(secret, 64);
        if let Some(by) = exception {
            cut(&mut by.how, 64);
            cut(&mut by.id, 256);
            cut(&mut by.kind, 64);
            cut(&mut by.reason, 1024);
        }
    }
}

/// Cuts a text to `most` bytes; the mark tells that there was more.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let most = most - '…'.len_utf8();
        let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Event;
    use crate::ledger::record::{ByException, MOST_FINDINGS, VERSION};
    use crate::level::{Confidence, Severity};

    fn record(entry: Entry) -> Record {
        let time = "2026-11-22T06:00:00.000Z".to_owned();
        Record { v: VERSION, ledger: "k3f9a2b7".to_owned(), seq: 1, time, prev: NOTHING.to_owned(), torn: None, entry }
    }

    #[test]
    fn the_longest_texts_fit_into_a_line() {
        let long = || "\u{1}ü\n".repeat(50_000);
        let by = ByException { how: long(), id: long(), kind: long(), reason: long(), expires: None };
        let noted = Noted {
            rule: long(),
            severity: Severity::High,
            confidence: Confidence::Likely,
            path: long(),
            line: 1,
            secret: long(),
            exception: Some(by),
        };
        let texts =
            Entry { text: Some(long()), who: Some(long()), how: Some(long()), host: long(), ..Entry::default() };
        let entry = Entry { findings: vec![noted; MOST_FINDINGS], ..texts };
        let line = line(record(entry));
        assert!(line.len() < LONGEST && !line.contains('\n'), "{}", line.len());
        let read: Record = serde_json::from_str(&line).expect("it can be read");
        assert!(!read.entry.findings.is_empty(), "some findings are listed");
        assert_eq!(read.entry.findings.len() as u64 + read.entry.more_findings, MOST_FINDINGS as u64);
    }

    #[test]
    fn a_line_says_what_it_was_made_of() {
        let entry = Entry { event: Event::Skipped, text: Some("as it is".to_owned()), ..Entry::default() };
        let line = line(record(entry.clone()));
        assert_eq!(serde_json::from_str::<Record>(&line).expect("it can be read"), record(entry));
        let newer = line.replace("skipped", "something-new").replace("\"v\":1", "\"v\":2,\"more\":[1]");
        assert_eq!(Link::read(newer.as_bytes()).map(|link| (link.v, link.seq)), Some((2, 1)));
        assert_eq!(Link::read(&line.as_bytes()[1..]), None);
    }
}
