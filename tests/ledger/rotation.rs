//! The real logrotate, with the configuration that is shipped and with `copytruncate`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use leakwarden::ledger::Event;

use crate::kit::{entry, fill, has, holds, ledger, skip, verdict};

/// Rotates now.
pub fn rotate(scratch: &Path, configuration: &str) {
    let (path, state) = (scratch.join("rotate.conf"), scratch.join("rotate.state"));
    fs::write(&path, configuration).expect("a file");
    let mut command = Command::new("logrotate");
    command.arg("-f").arg("-s").arg(state).arg(path).env("PATH", crate::kit::path());
    let output = command.output().expect("logrotate is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The configuration that is shipped, for a folder, without compression: what is compressed is not read.
pub fn shipped(folder: &Path) -> String {
    let text = include_str!("../../install/logrotate/leakwarden");
    let pattern = "/home/*/.local/state/leakwarden/ledger.jsonl /root/.local/state/leakwarden/ledger.jsonl";
    assert!(text.contains(pattern) && text.contains("\n    compress\n"));
    text.replace(pattern, &folder.join("ledger.jsonl").display().to_string()).replace("\n    compress\n", "\n")
}

#[test]
fn a_rotated_ledger_is_one_chain_while_somebody_writes() {
    if !has("logrotate") {
        return skip("no logrotate");
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    let ledger = ledger(&folder);
    fill(&ledger, 5);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !done.load(Ordering::Relaxed) {
                ledger.append(entry(Event::Blocked, written, 2)).expect("a record can be written");
                written += 1;
            }
            written
        });
        for n in 0..6 {
            // The shipped way keeps dates in the names, which on one day differ only by our extension.
            rotate(
                scratch.path(),
                &shipped(&folder).replace("dateext", &format!("dateext\n    dateformat -2026112{n}")),
            );
        }
        done.store(true, Ordering::Relaxed);
        let written = writer.join().expect("it wrote");
        let verdict = holds(&folder);
        assert_eq!((verdict.first, verdict.records), (Some(1), written as u64 + 5));
        assert!(verdict.notes.listed.is_empty(), "{:?}", verdict.notes);
    });
    let names = fs::read_dir(&folder).expect("a folder").count();
    assert!(names >= 6, "{names} files");
}

#[test]
fn copytruncate_between_records_keeps_the_chain() {
    if !has("logrotate") {
        return skip("no logrotate");
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    let ledger = ledger(&folder);
    let name = folder.join("ledger.jsonl").display().to_string();
    for _ in 0..4 {
        fill(&ledger, 5);
        rotate(scratch.path(), &format!("{name} {{\n    rotate 2\n    copytruncate\n    nocompress\n}}\n"));
    }
    // Emptied just now: all records are in older files.
    let verdict = holds(&folder);
    assert_eq!((verdict.first, verdict.records), (Some(11), 10));
    let head = fill(&ledger, 1);
    assert_eq!(head.seq, 21);
    holds(&folder);
}

#[test]
fn compressed_files_are_named_and_what_is_left_is_judged() {
    if !has("logrotate") {
        return skip("no logrotate");
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    let ledger = ledger(&folder);
    let first = fill(&ledger, 5);
    let name = folder.join("ledger.jsonl").display().to_string();
    rotate(scratch.path(), &format!("{name} {{\n    rotate 4\n    create\n    compress\n}}\n"));
    let files = leakwarden::ledger::read::files(&folder).expect("a folder");
    assert_eq!(files.compressed.len(), 1);
    assert!(holds(&folder).notes.listed[0].what.contains("only compressed files are left"));
    let last = fill(&ledger, 5);
    assert_eq!(holds(&folder).first, Some(6));
    // The last record before is named by the first that is here; the one before that is not.
    assert!(verdict(&folder, &[first.clone(), last]).holds());
    let older = leakwarden::ledger::chain::Head { seq: 4, ..first };
    assert!(!verdict(&folder, &[older]).holds());
}
