//! A disk that is full: a small file system of its own, in a private mount namespace.

use std::fs;
use std::process::Command;

use leakwarden::ledger::Event;

use crate::kit::{FOLDER, entry, hashes, holds, ledger, skip, told};

/// As a process of its own, with a disk of 64 KiB: fills it, makes room, and goes on.
#[test]
fn filler() {
    let Some(folder) = told() else { return };
    let ballast = folder.join("ballast");
    fs::write(&ballast, [0; 16 << 10]).expect("room for it");
    let ledger = ledger(&folder);
    let mut promised = Vec::new();
    let error = loop {
        match ledger.append(entry(Event::Excepted, promised.len(), 7)) {
            Ok(head) => promised.push((head.seq, head.hash)),
            Err(error) => break format!("{error:#}"),
        }
        assert!(promised.len() < 1000, "the disk is never full");
    };
    println!("{} records, then: {error}", promised.len());
    for _ in 0..5 {
        ledger.append(entry(Event::Excepted, 0, 7)).expect_err("there is no room");
    }
    assert!(error.contains("cannot write") && promised.len() > 10, "{error}");
    let kept = |promised: &[(u64, String)]| {
        let there = hashes(&folder);
        promised.iter().for_each(|record| assert!(there.contains(record), "record {} was promised", record.0));
    };
    holds(&folder);
    kept(&promised);
    fs::remove_file(&ballast).expect("it is there");
    let after = ledger.append(entry(Event::Excepted, 0, 0)).expect("there is room again");
    promised.push((after.seq, after.hash));
    let verdict = holds(&folder);
    kept(&promised);
    assert_eq!(verdict.records, after.seq, "no number is left out");
    assert!(verdict.notes.listed.iter().any(|note| note.what.starts_with("a piece")), "{:?}", verdict.notes);
    println!("filled and went on");
}

#[test]
fn a_full_disk_is_an_error_and_leaves_at_most_a_piece() {
    let scratch = tempfile::tempdir().expect("a folder");
    let myself = std::env::current_exe().expect("the path of this binary");
    let script = r#"mount -t tmpfs -o size=64k tmpfs "$0" || exit 77
        exec "$1" --exact disk::filler --nocapture --test-threads=1"#;
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]).arg(scratch.path()).arg(myself).env(FOLDER, scratch.path());
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return skip(&format!("unshare: {error}")),
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || text.starts_with("unshare:") {
        return skip(&format!("no file system can be mounted here: {text}"));
    }
    assert!(output.status.success() && text.contains("filled and went on"), "{text}");
}
