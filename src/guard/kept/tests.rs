use std::path::PathBuf;

use super::*;
use crate::ledger::sink::Sinks;
use crate::ledger::{Entry, Event};

struct Scratch {
    folder: tempfile::TempDir,
    ledger: Ledger,
    reader: Reader,
    anchor: Option<Head>,
    accepted: Option<Head>,
    now: i64,
}

impl Scratch {
    /// A ledger with some records; a `large` one is not read as a whole at every change.
    fn new(large: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::at(folder.path().to_owned(), Sinks::default());
        let reader = Reader { small: if large { 0 } else { SMALL }, ..Reader::default() };
        let mut scratch = Scratch { folder, ledger, reader, anchor: None, accepted: None, now: 1_000_000 };
        scratch.write(5);
        assert_eq!(scratch.holds().map(|head| head.seq), Some(5));
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, number: usize) {
        for n in 0..number {
            let entry = Entry { event: Event::Blocked, text: Some(format!("n{n}")), ..Entry::default() };
            self.ledger.append(entry).expect("a record");
        }
    }

    fn look(&mut self) -> Found {
        self.now += 1;
        let known = Known { anchor: self.anchor.as_ref(), accepted: self.accepted.as_ref() };
        self.reader.look(&self.ledger, known, self.now).expect("it can be read")
    }

    /// Looks; it must hold, and its last record is the anchor from then on.
    fn holds(&mut self) -> Option<Head> {
        match self.look() {
            Found::Holds(last) => {
                self.anchor.clone_from(&last);
                last
            }
            other => panic!("{other:?}"),
        }
    }

    fn edited(&mut self) -> String {
        match self.look() {
            Found::Edited(what) => what.join("\n"),
            other => panic!("{other:?}"),
        }
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) {
        let text = fs::read_to_string(self.path(name)).expect("a file");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.path(name), text).expect("it can be written");
    }
}

#[test]
fn what_is_appended_holds_and_nothing_is_read_twice() {
    for large in [false, true] {
        let mut scratch = Scratch::new(large);
        assert_eq!(scratch.look(), Found::Same);
        for n in 1..4 {
            scratch.write(2);
            assert_eq!(scratch.holds().map(|head| head.seq), Some(5 + 2 * n));
        }
        // Of a large one the whole is owed, once.
        assert_eq!(scratch.reader.due().is_some(), large);
        scratch.now += PAUSE;
        assert_eq!(scratch.look() == Found::Same, !large);
        assert_eq!(scratch.reader.due(), None);
        assert_eq!(scratch.look(), Found::Same);
    }
}

#[test]
fn every_edit_is_found_of_a_large_one_within_ten_minutes() {
    type Change = fn(&mut Vec<String>);
    let changes: [(Change, &str); 5] = [
        (|lines| lines[1] = lines[1].replace("n1", "n9"), "was changed"),
        (|lines| drop(lines.remove(2)), "missing"),
        (|lines| lines.swap(1, 2), "out of order"),
        (|lines| lines.truncate(3), "missing at the end"),
        (Vec::clear, "missing"),
    ];
    for (change, expected) in changes {
        for large in [false, true] {
            let mut scratch = Scratch::new(large);
            scratch.change(NAME, change);
            let what = match scratch.look() {
                Found::Edited(what) => what.join("\n"),
                other => {
                    assert!(large, "{expected}: {other:?}");
                    scratch.now += PAUSE;
                    scratch.edited()
                }
            };
            assert!(what.contains(expected), "{expected}: {what}");
        }
    }
}

#[test]
fn a_rebuilt_ledger_is_told_by_the_anchor() {
    let mut scratch = Scratch::new(false);
    // All of it is replaced by one that is sound in itself.
    let other = Scratch::new(false);
    for name in [NAME, "head"] {
        fs::copy(other.path(name), scratch.path(name)).expect("a copy");
    }
    assert!(scratch.edited().contains("another ledger"), "another ledger");
    // Its end is cut off, and `head` fits.
    let mut scratch = Scratch::new(false);
    let anchor = scratch.anchor.clone().expect("an anchor");
    scratch.change(NAME, |lines| lines.truncate(3));
    let last = fs::read_to_string(scratch.path(NAME)).expect("a file").lines().last().map(str::to_owned);
    let head = Head { seq: 3, hash: sha256(last.expect("a line").as_bytes()), ..anchor };
    fs::write(scratch.path("head"), format!("{head}\n")).expect("a head");
    assert!(scratch.edited().contains("records 4 to 5 are missing at the end"));
    // Everything is gone.
    let mut scratch = Scratch::new(false);
    fs::remove_file(scratch.path(NAME)).expect("it is there");
    fs::remove_file(scratch.path("head")).expect("it is there");
    assert!(scratch.edited().contains("not here any more"));
}

#[test]
fn rotation_is_no_edit() {
    for large in [false, true] {
        let mut scratch = Scratch::new(large);
        // As logrotate does: renamed; later compressed; then gone.
        fs::rename(scratch.path(NAME), scratch.path("ledger.jsonl.1")).expect("renamed");
        assert_eq!(scratch.holds().map(|head| head.seq), Some(5));
        scratch.write(2);
        assert_eq!(scratch.holds().map(|head| head.seq), Some(7));
        fs::rename(scratch.path("ledger.jsonl.1"), scratch.path("ledger.jsonl.2.gz")).expect("compressed");
        fs::rename(scratch.path(NAME), scratch.path("ledger.jsonl.1.gz")).expect("compressed");
        assert_eq!(scratch.holds().map(|head| head.seq), Some(7));
        scratch.write(4);
        assert_eq!(scratch.holds().map(|head| head.seq), Some(11));
        for name in ["ledger.jsonl.1.gz", "ledger.jsonl.2.gz"] {
            fs::remove_file(scratch.path(name)).expect("rotated away");
        }
        assert_eq!(scratch.holds().map(|head| head.seq), Some(11));
        // Nobody looked for a long time, and the anchor's record went with the rest.
        scratch.write(3);
        fs::remove_file(scratch.path(NAME)).expect("rotated away");
        scratch.write(1);
        assert_eq!(scratch.holds().map(|head| head.seq), Some(15));
    }
}

#[test]
fn what_was_accepted_is_not_told_again_and_what_comes_after_is() {
    let mut scratch = Scratch::new(false);
    scratch.change(NAME, |lines| lines[1] = lines[1].replace("n1", "n9"));
    scratch.edited();
    let last = last(&scratch.ledger).expect("it can be read");
    assert_eq!(last.as_ref().map(|head| head.seq), Some(5));
    (scratch.anchor, scratch.accepted) = (last.clone(), last);
    scratch.reader.forget();
    assert_eq!(scratch.holds().map(|head| head.seq), Some(5));
    scratch.write(2);
    assert_eq!(scratch.holds().map(|head| head.seq), Some(7));
    fs::rename(scratch.path(NAME), scratch.path("ledger.jsonl.1")).expect("renamed");
    scratch.write(2);
    assert_eq!(scratch.holds().map(|head| head.seq), Some(9));
    fs::remove_file(scratch.path("ledger.jsonl.1")).expect("rotated away");
    assert_eq!(scratch.holds().map(|head| head.seq), Some(9));
    scratch.change(NAME, |lines| lines[0] = lines[0].replace("n0", "n9"));
    assert!(scratch.edited().contains("was changed"));
}

#[test]
fn no_ledger_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::at(folder.path().join("none"), Sinks::default());
    let mut reader = Reader::default();
    assert_eq!(reader.look(&ledger, Known::default(), 1).expect("nothing to read"), Found::Holds(None));
    assert_eq!(reader.look(&ledger, Known::default(), 2).expect("nothing to read"), Found::Same);
}
