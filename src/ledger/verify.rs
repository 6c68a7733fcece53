//! Finding out what was changed afterwards: every edit, gap, swap, repetition and insertion, and with a
//! head or an anchor what was cut off the end.
//!
//! What it cannot see: whoever can write the file can also rebuild it from any record on, head
//! included. Anchors that went elsewhere (commit trailers, a collector's copy) are what that person
//! cannot rebuild.

use std::collections::BTreeMap;

use anyhow::Result;

use super::chain::Head;
use super::line::{Link, NOTHING, sha256};
use super::read::{Line, shown};
use super::record::{Torn, VERSION};
use crate::finding::escape;

/// The most faults that are listed, of each sort; of more, the number is kept.
pub const MOST: usize = 100;

/// What `head` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stated {
    /// The last record.
    Head(Head),
    /// There is no such file.
    Missing,
    /// There is one, and it says nothing that was ever written there.
    Spoilt(String),
}

/// Something to say about the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// The file, escaped; empty where it speaks of the ledger as a whole.
    pub file: String,
    /// The line in it, from 1; 0 where it speaks of no line.
    pub line: u64,
    /// The record's number, where there is one.
    pub seq: Option<u64>,
    /// What it is; no line feed, escaped.
    pub what: String,
}

/// Remarks, of which the first [`MOST`] are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Those that are listed.
    pub listed: Vec<Remark>,
    /// How many more there are.
    pub more: u64,
}

impl Remarks {
    fn push(&mut self, remark: Remark) {
        if self.listed.len() < MOST {
            self.listed.push(remark);
        } else {
            self.more += 1;
        }
    }
}

/// What is known of a ledger after all of it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many records there are.
    pub records: u64,
    /// The number of the first.
    pub first: Option<u64>,
    /// When the first was written, as it says.
    pub since: String,
    /// The last record, by its number.
    pub last: Option<Head>,
    /// When the last was written, as it says.
    pub until: String,
    /// What was changed.
    pub broken: Remarks,
    /// What is no proof of a change.
    pub notes: Remarks,
}

impl Verdict {
    /// Whether nothing was changed, as far as anybody can tell.
    pub fn holds(&self) -> bool {
        self.broken.listed.is_empty()
    }
}

/// Judges the lines of a ledger, oldest first. `unread` says that there are older files which nobody
/// could read, such as compressed ones.
///
/// # Errors
/// Where a line cannot be read.
pub fn verify(
    lines: impl Iterator<Item = Result<Line>>,
    stated: &Stated,
    anchors: &[Head],
    unread: bool,
) -> Result<Verdict> {
    let wanted = anchors.iter().chain(match stated {
        Stated::Head(head) => Some(head),
        _ => None,
    });
    let mut reading = Reading {
        verdict: Verdict::default(),
        before: None,
        first: None,
        loose: Vec::new(),
        wanted: wanted.map(|head| (head.seq, None)).collect(),
    };
    for line in lines {
        let line = line?;
        // A line without its line feed was never promised, even where all else of it is there.
        match Link::read(&line.bytes).filter(|_| line.ended) {
            Some(link) => reading.record(&line, link),
            None => reading.loose.push(line),
        }
    }
    reading.end();
    reading.head(stated, unread);
    anchors.iter().for_each(|anchor| reading.anchor(anchor));
    Ok(reading.verdict)
}

/// A record where it stands.
struct Seen {
    file: String,
    line: u64,
    link: Link,
    hash: String,
}

struct Reading {
    verdict: Verdict,
    /// The record that the next one must name.
    before: Option<Seen>,
    first: Option<Link>,
    /// Lines since then that are no records.
    loose: Vec<Line>,
    /// Hashes of the records of which a head or an anchor speaks.
    wanted: BTreeMap<u64, Option<String>>,
}

impl Reading {
    fn record(&mut self, line: &Line, link: Link) {
        let hash = sha256(&line.bytes);
        let seen = Seen { file: shown(&line.file), line: line.number, link, hash };
        self.torn(&seen);
        self.verdict.records += 1;
        if seen.link.v > VERSION {
            self.note(&seen, format!("written by a newer version (format {})", seen.link.v));
        }
        let Some(before) = self.before.take() else {
            self.beginning(&seen);
            self.first = Some(seen.link.clone());
            return self.step(seen);
        };
        let (seq, expected) = (seen.link.seq, before.link.seq.saturating_add(1));
        if seen.link.ledger != before.link.ledger {
            let other = escape(seen.link.ledger.as_bytes());
            self.broken(&seen, format!("belongs to another ledger (`{other}`)"));
            self.before = Some(before);
        } else if seq < expected {
            let what = match (seq + 1 == expected, seen.hash == before.hash) {
                (true, true) => "repeats the line before".to_owned(),
                (true, false) => "its number is that of the line before".to_owned(),
                _ => format!("stands out of order or a second time, after record {}", expected - 1),
            };
            self.broken(&seen, what);
            self.before = Some(before);
        } else {
            if seq > expected {
                let gone = numbers(expected, seq - 1);
                self.broken(&seen, format!("{gone} missing before it, after {}:{}", before.file, before.line));
            } else if seen.link.prev != before.hash {
                let here = format!("{}:{}", seen.file, seen.line);
                self.broken(&before, format!("was changed, or the record after it ({here}): it names another hash"));
            }
            if earlier(&seen.link.time, &before.link.time) {
                self.note(&seen, format!("the clock went back, from {}", escape(before.link.time.as_bytes())));
            }
            self.step(seen);
        }
    }

    fn step(&mut self, seen: Seen) {
        if let Some(wanted) = self.wanted.get_mut(&seen.link.seq) {
            *wanted = Some(seen.hash.clone());
        }
        self.before = Some(seen);
    }

    fn beginning(&mut self, seen: &Seen) {
        self.verdict.first = Some(seen.link.seq);
        self.verdict.since = escape(seen.link.time.as_bytes());
        match seen.link.seq {
            0 => self.broken(seen, "numbers begin with 1".to_owned()),
            1 if seen.link.prev != NOTHING => {
                self.broken(seen, "was changed: the first record names no line before".to_owned());
            }
            1 => {}
            seq => self.note(seen, format!("earlier records were rotated away: {}", numbers(1, seq - 1))),
        }
    }

    /// Compares the loose lines before a record with the piece that it owns up to.
    fn torn(&mut self, seen: &Seen) {
        let loose = std::mem::take(&mut self.loose);
        let bytes = loose.iter().map(|line| line.bytes.as_slice()).collect::<Vec<_>>().join(&b'\n');
        match &seen.link.torn {
            Some(Torn { bytes: length, sha256: hash }) if !loose.is_empty() => {
                if *length == bytes.len() as u64 && *hash == sha256(&bytes) {
                    let what = "a piece of a record whose writer was stopped; nobody was promised it".to_owned();
                    self.verdict.notes.push(remark(&loose[0], what));
                } else {
                    let what = format!("was changed: not the piece that record {} names", seen.link.seq);
                    self.verdict.broken.push(remark(&loose[0], what));
                }
            }
            // The piece ended a file that was rotated away.
            Some(_) if self.before.is_none() => {}
            Some(_) => self.broken(seen, "the piece of a record that it names is gone".to_owned()),
            None => self.strange(&loose),
        }
    }

    fn strange(&mut self, loose: &[Line]) {
        for line in loose {
            self.verdict.broken.push(remark(line, "was changed or put here: not a record".to_owned()));
        }
    }

    fn end(&mut self) {
        let loose = std::mem::take(&mut self.loose);
        // A piece begins as every record does, whoever was stopped; only the last may be a whole one
        // that lacks its line feed.
        if loose.iter().all(|line| is_piece(&line.bytes)) {
            if let Some(line) = loose.first() {
                let what = "a piece of a record whose writer was stopped; the next record will name it".to_owned();
                self.verdict.notes.push(remark(line, what));
            }
        } else {
            self.strange(&loose);
        }
        if let Some(last) = &self.before {
            let Link { ledger, seq, time, .. } = &last.link;
            self.verdict.until = escape(time.as_bytes());
            self.verdict.last = Some(Head { ledger: ledger.clone(), seq: *seq, hash: last.hash.clone() });
        }
    }

    fn head(&mut self, stated: &Stated, unread: bool) {
        let last = self.verdict.last.clone();
        let what = match (stated, last) {
            (Stated::Missing, None) => return,
            // Its writer was stopped before it wrote `head` for the first time.
            (Stated::Missing, Some(last)) if last.seq == 1 => return,
            (Stated::Missing, Some(_)) => "`head` is missing: without it nobody can tell what was cut off".to_owned(),
            (Stated::Spoilt(why), _) => why.clone(),
            (Stated::Head(head), None) if unread => {
                let what = format!("only compressed files are left; `head` stands at record {}", head.seq);
                return self.verdict.notes.push(Remark { what, ..Remark::default() });
            }
            (Stated::Head(head), None) => format!("{} missing: `head` knows of them", numbers(1, head.seq)),
            (Stated::Head(head), Some(last)) if head.ledger != last.ledger => {
                format!("`head` speaks of another ledger ({}), these records are of {}", head.ledger, last.ledger)
            }
            (Stated::Head(head), Some(last)) if head.seq > last.seq => {
                let gone = numbers(last.seq + 1, head.seq);
                format!("{gone} missing at the end (or the machine lost power before they were on disk)")
            }
            (Stated::Head(head), Some(last)) => match self.wanted.get(&head.seq).cloned().flatten() {
                Some(hash) if hash == head.hash => {
                    if last.seq > head.seq {
                        let what = format!("`head` stands at {}: a process was stopped before it wrote it", head.seq);
                        self.verdict.notes.push(Remark { what, ..Remark::default() });
                    }
                    return;
                }
                Some(_) if last.seq == head.seq => {
                    if let Some(seen) = self.before.take() {
                        self.broken(
                            &seen,
                            "was changed: `head` names another hash for this, the last record".to_owned(),
                        );
                    }
                    return;
                }
                _ => format!("record {} is not the one that `head` names", head.seq),
            },
        };
        self.verdict.broken.push(Remark { what, ..Remark::default() });
    }

    fn anchor(&mut self, anchor: &Head) {
        let last = self.verdict.last.as_ref();
        let before = self.first.as_ref().filter(|first| Some(first.seq) == anchor.seq.checked_add(1));
        let before = before.map(|first| &first.prev);
        let found = self.wanted.get(&anchor.seq).cloned().flatten();
        let what = match (last, found.as_ref().or(before)) {
            (Some(last), _) if last.ledger != anchor.ledger => {
                format!("anchor {}: these records are of another ledger, {}", anchor.short(), last.ledger)
            }
            (_, Some(hash)) if hash.starts_with(&anchor.hash) => return,
            (_, Some(_)) => format!("anchor {}: record {} is not the one it names", anchor.short(), anchor.seq),
            (Some(last), None) if last.seq < anchor.seq => {
                let gone = numbers(last.seq + 1, anchor.seq);
                format!("anchor {}: {gone} missing at the end", anchor.short())
            }
            _ => format!("anchor {}: record {} is not here any more", anchor.short(), anchor.seq),
        };
        self.verdict.broken.push(Remark { what, seq: Some(anchor.seq), ..Remark::default() });
    }

    fn broken(&mut self, seen: &Seen, what: String) {
        self.verdict.broken.push(place(seen, what));
    }

    fn note(&mut self, seen: &Seen, what: String) {
        self.verdict.notes.push(place(seen, what));
    }
}

fn place(seen: &Seen, what: String) -> Remark {
    Remark { file: seen.file.clone(), line: seen.line, seq: Some(seen.link.seq), what }
}

fn remark(line: &Line, what: String) -> Remark {
    Remark { file: shown(&line.file), line: line.number, seq: None, what }
}

/// Whether bytes are the beginning of a record, or a whole one.
fn is_piece(bytes: &[u8]) -> bool {
    let begin = br#"{"v":"#;
    let common = begin.len().min(bytes.len());
    !bytes.is_empty() && bytes[..common] == begin[..common]
}

fn numbers(from: u64, to: u64) -> String {
    if from == to { format!("record {from} is") } else { format!("records {from} to {to} are") }
}

/// Whether one time is before another; texts that are no times are never.
fn earlier(time: &str, than: &str) -> bool {
    let parse = |text: &str| text.parse::<jiff::Timestamp>().ok();
    parse(time).zip(parse(than)).is_some_and(|(time, than)| time < than)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a ledger with a record at each of these seconds.
    fn ledger(seconds: &[u32]) -> (Vec<String>, Head) {
        let mut lines: Vec<String> = Vec::new();
        for (n, second) in seconds.iter().enumerate() {
            let prev = lines.last().map_or_else(|| NOTHING.to_owned(), |line| sha256(line.as_bytes()));
            lines.push(format!(
                r#"{{"v":1,"ledger":"k3f9a2b7","seq":{},"time":"2026-11-22T06:00:{second:02}.000Z","prev":"{prev}","event":"blocked"}}"#,
                n + 1
            ));
        }
        let hash = sha256(lines.last().expect("a line").as_bytes());
        (lines, Head { ledger: "k3f9a2b7".to_owned(), seq: seconds.len() as u64, hash })
    }

    fn judge(text: &[String], stated: &Stated, anchors: &[Head]) -> Verdict {
        let line = |(n, text): (usize, &String)| {
            let file = std::path::Path::new("ledger.jsonl").into();
            Ok(Line { file, number: n as u64 + 1, bytes: text.clone().into_bytes(), ended: true })
        };
        verify(text.iter().enumerate().map(line), stated, anchors, false).expect("lines in memory")
    }

    fn whats(remarks: &Remarks) -> String {
        remarks.listed.iter().map(|own| format!("{}:{:?} {}\n", own.line, own.seq, own.what)).collect()
    }

    #[test]
    fn a_clock_that_jumps_is_noted_and_breaks_nothing() {
        let (lines, head) = ledger(&[1, 50, 3, 3, 59]);
        let verdict = judge(&lines, &Stated::Head(head), &[]);
        assert!(verdict.holds(), "{verdict:?}");
        assert_eq!(whats(&verdict.notes), "3:Some(3) the clock went back, from 2026-11-22T06:00:50.000Z\n");
    }

    #[test]
    fn each_change_is_named_where_it_is() {
        let (lines, head) = ledger(&[1, 2, 3, 4, 5]);
        let stated = Stated::Head(head.clone());
        assert!(judge(&lines, &stated, &[]).holds());
        let told = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            whats(&judge(&lines, &stated, &[]).broken)
        };
        let edited = told(&|lines| lines[1] = lines[1].replace("blocked", "excepted"));
        assert!(edited.starts_with("2:Some(2) was changed") && edited.lines().count() == 1, "{edited}");
        let dropped = told(&|lines| drop(lines.remove(2)));
        assert_eq!(dropped, "3:Some(4) record 3 is missing before it, after ledger.jsonl:2\n");
        let swapped = told(&|lines| lines.swap(1, 2));
        assert!(swapped.contains("3:Some(2) stands out of order"), "{swapped}");
        let repeated = told(&|lines| lines.insert(2, lines[1].clone()));
        assert_eq!(repeated, "3:Some(2) repeats the line before\n");
        let inserted = told(&|lines| lines.insert(2, "x".to_owned()));
        assert_eq!(inserted, "3:None was changed or put here: not a record\n");
        let last = told(&|lines| lines[4] = lines[4].replace("blocked", "excepted"));
        assert!(last.starts_with("5:Some(5) was changed: `head`"), "{last}");
        let cut = told(&|lines| lines.truncate(3));
        assert!(cut.starts_with("0:None records 4 to 5 are missing at the end"), "{cut}");
        let gone = told(&Vec::clear);
        assert!(gone.starts_with("0:None records 1 to 5 are missing"), "{gone}");
        let first = told(&|lines| lines[0] = lines[0].replace(NOTHING, &head.hash));
        assert!(first.starts_with("1:Some(1) was changed: the first"), "{first}");
    }

    #[test]
    fn anchors_speak_of_what_was_cut_at_either_end() {
        let (lines, head) = ledger(&[1, 2, 3, 4, 5]);
        let anchor = |n: usize| Head { seq: n as u64, hash: sha256(lines[n - 1].as_bytes()), ..head.clone() };
        let anchors: Vec<Head> = (1..=5).map(anchor).collect();
        assert!(judge(&lines, &Stated::Head(head.clone()), &anchors).holds());
        let short: Vec<Head> = anchors.iter().filter_map(|anchor| Head::parse(&anchor.short())).collect();
        assert_eq!(short.len(), 5);
        assert!(judge(&lines, &Stated::Head(head.clone()), &short).holds());
        // Whoever cuts the end writes a head that fits.
        let rebuilt = Stated::Head(anchor(3));
        assert!(judge(&lines[..3], &rebuilt, &[]).holds());
        let cut = judge(&lines[..3], &rebuilt, &short[3..4]);
        assert!(whats(&cut.broken).contains("record 4 is missing at the end"), "{cut:?}");
        // Rotated away: the record before the first is still named by it.
        let rotated = judge(&lines[2..], &Stated::Head(anchor(5)), &short[1..]);
        assert!(rotated.holds() && whats(&rotated.notes).contains("records 1 to 2 are"), "{rotated:?}");
        assert!(!judge(&lines[2..], &Stated::Head(anchor(5)), &short).holds());
        let other = Head { ledger: "00000000".to_owned(), ..anchor(2) };
        assert!(!judge(&lines, &Stated::Head(anchor(5)), &[other]).holds());
    }

    #[test]
    fn a_head_that_is_gone_or_spoilt_is_told() {
        let (lines, head) = ledger(&[1, 2, 3]);
        assert!(!judge(&lines, &Stated::Missing, &[]).holds());
        assert!(judge(&lines[..1], &Stated::Missing, &[]).holds());
        assert!(judge(&[], &Stated::Missing, &[]).holds());
        assert!(!judge(&lines, &Stated::Spoilt("it is spoilt".to_owned()), &[]).holds());
        let behind = Head { seq: 2, hash: sha256(lines[1].as_bytes()), ..head };
        let verdict = judge(&lines, &Stated::Head(behind), &[]);
        assert!(verdict.holds() && whats(&verdict.notes).contains("`head` stands at 2"), "{verdict:?}");
    }
}
