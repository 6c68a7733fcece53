//! Pieces of records whose writers were stopped in the middle.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use leakwarden::ledger::Event;

use crate::kit::{entry, fill, holds, ledger, verdict};

/// Bytes at the end of the file, as a writer leaves them that is killed within `write`.
fn leave(folder: &Path, bytes: &[u8]) {
    let mut file = File::options().append(true).open(folder.join("ledger.jsonl")).expect("a file");
    file.write_all(bytes).expect("a file that can be written");
}

fn notes(folder: &Path) -> String {
    holds(folder).notes.listed.iter().map(|note| format!("{}: {}\n", note.line, note.what)).collect()
}

#[test]
fn the_next_record_owns_up_to_a_piece() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let ledger = ledger(folder);
    fill(&ledger, 3);
    leave(folder, br#"{"v":1,"ledger":"k3f"#);
    assert!(notes(folder).contains("4: a piece of a record whose writer was stopped; the next"));
    ledger.append(entry(Event::Excepted, 3, 0)).expect("a record can be written");
    assert!(notes(folder).contains("4: a piece of a record whose writer was stopped; nobody"));
    // A piece after a piece: the writer that owned up to the first was stopped too.
    leave(folder, br#"{"v":1,"le"#);
    leave(folder, b"\n{\"v\":1,\"ledger\":\"k3f9a2b7\",\"seq\":5");
    fill(&ledger, 2);
    let verdict = holds(folder);
    assert_eq!((verdict.records, verdict.notes.listed.len()), (6, 2), "{verdict:?}");

    let file = folder.join("ledger.jsonl");
    let text = fs::read_to_string(&file).expect("a file");
    for (from, to) in [("{\"v\":1,\"ledger\":\"k3f\n", "{\"v\":1,\"ledger\":\"k3g\n"), ("{\"v\":1,\"le\n", "")] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        fs::write(&file, changed).expect("a file");
        assert!(!crate::kit::verdict(folder, &[]).holds(), "a changed piece is a change");
    }
    fs::write(&file, &text).expect("a file");
    holds(folder);
}

#[test]
fn a_whole_record_without_its_line_feed_is_a_piece() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let ledger = ledger(folder);
    fill(&ledger, 3);
    let head = fs::read(folder.join("head")).expect("a file");
    fill(&ledger, 1);
    let file = folder.join("ledger.jsonl");
    let text = fs::read(&file).expect("a file");
    // As if the last writer had been stopped before the last byte.
    fs::write(&file, &text[..text.len() - 1]).expect("a file");
    fs::write(folder.join("head"), head).expect("a file");
    holds(folder);
    let again = fill(&ledger, 1);
    assert_eq!(again.seq, 4);
    holds(folder);
}

#[test]
fn a_piece_at_the_end_of_a_rotated_file_is_owned_up_to_in_the_next() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let ledger = ledger(folder);
    fill(&ledger, 3);
    leave(folder, br#"{"v":1,"ledger":"k3f"#);
    fs::rename(folder.join("ledger.jsonl"), folder.join("ledger.jsonl.1")).expect("a file");
    fill(&ledger, 2);
    assert!(notes(folder).contains("4: a piece"), "{}", notes(folder));
}

#[test]
fn a_writer_stopped_before_it_wrote_the_head_breaks_nothing() {
    for rotated in [false, true] {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = scratch.path();
        let ledger = ledger(folder);
        fill(&ledger, 3);
        let head = fs::read(folder.join("head")).expect("a file");
        fill(&ledger, 2);
        fs::write(folder.join("head"), head).expect("a file");
        if rotated {
            fs::rename(folder.join("ledger.jsonl"), folder.join("ledger.jsonl.1")).expect("a file");
        }
        assert!(notes(folder).contains("`head` stands at 3"));
        assert_eq!(fill(&ledger, 1).seq, 6, "rotated: {rotated}");
        assert_eq!(notes(folder), "", "rotated: {rotated}");
    }
    // The very first record.
    let scratch = tempfile::tempdir().expect("a folder");
    fill(&ledger(scratch.path()), 1);
    fs::remove_file(scratch.path().join("head")).expect("a file");
    assert!(verdict(scratch.path(), &[]).holds());
    assert_eq!(fill(&ledger(scratch.path()), 1).seq, 2);
    holds(scratch.path());
}
