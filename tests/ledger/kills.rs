//! Eight writers, and SIGKILL at random moments.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use leakwarden::ledger::Event;

use crate::kit::{Dice, entry, hashes, holds, ledger, myself, told};

const WRITERS: usize = 8;
const KILLS: usize = 1000;

/// As a process of its own: appends until it is killed, and says what it was promised.
#[test]
fn writer() {
    let Some(folder) = told() else { return };
    let ledger = ledger(&folder);
    let mut out = std::io::stdout();
    for n in 0.. {
        let event = if n % 2 == 0 { Event::Excepted } else { Event::Blocked };
        let head = ledger.append(entry(event, n, n % 40)).expect("a record can be written");
        if event.is_promised() {
            // One write; a kill leaves the line whole or not at all.
            out.write_all(format!("promised {} {}\n", head.seq, head.hash).as_bytes()).expect("a pipe or file");
            out.flush().expect("a pipe or file");
        }
    }
}

#[test]
fn nothing_promised_is_lost_and_the_chain_holds_through_a_thousand_kills() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    let said = |slot: usize| scratch.path().join(format!("said-{slot}"));
    let start = |slot: usize| -> Child {
        let file = File::options().append(true).create(true).open(said(slot)).expect("a file");
        myself("kills::writer", &folder).stdout(file).stderr(Stdio::null()).spawn().expect("a process")
    };
    let begin = Instant::now();
    let mut dice = Dice::new(20_261_122);
    let mut writers: Vec<Child> = (0..WRITERS).map(start).collect();
    for _ in 0..KILLS {
        sleep(Duration::from_micros(dice.below(20_000) as u64));
        let slot = dice.below(WRITERS);
        end(&mut writers[slot]);
        writers[slot] = start(slot);
    }
    writers.iter_mut().for_each(end);
    ledger(&folder).append(entry(Event::Blocked, 0, 0)).expect("nobody holds the lock");
    let verdict = holds(&folder);
    let there: HashSet<(u64, String)> = hashes(&folder).into_iter().collect();
    let promised: Vec<(u64, String)> = (0..WRITERS).flat_map(|slot| promises(&said(slot))).collect();
    for promise in &promised {
        assert!(there.contains(promise), "record {} was promised and is not there", promise.0);
    }
    assert!(promised.len() > KILLS / 4, "only {} records were promised", promised.len());
    let notes: Vec<&str> = verdict.notes.listed.iter().map(|note| note.what.as_str()).collect();
    println!(
        "{} kills, {} records, {} promised, {:?}, {notes:?}",
        KILLS,
        verdict.records,
        promised.len(),
        begin.elapsed()
    );
}

fn end(writer: &mut Child) {
    writer.kill().expect("it runs, or has ended");
    let status = writer.wait().expect("it is our child");
    // Its own end would be a failure of `append`.
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
}

fn promises(path: &Path) -> Vec<(u64, String)> {
    let text = fs::read_to_string(path).expect("a file");
    let promise = |line: &str| {
        let (seq, hash) = line.strip_prefix("promised ")?.split_once(' ')?;
        Some((seq.parse().ok()?, hash.to_owned()))
    };
    text.split_inclusive('\n').filter_map(|line| promise(line.strip_suffix('\n')?)).collect()
}

#[test]
fn two_processes_agree_on_the_key() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    let writers: Vec<Child> = (0..WRITERS)
        .map(|_| myself("kills::keeper", &folder).stdout(Stdio::piped()).spawn().expect("a process"))
        .collect();
    let key = |writer: Child| {
        let output = writer.wait_with_output().expect("it is our child");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find_map(|line| line.strip_prefix("key ")).map(str::to_owned).expect("it says its key")
    };
    let keys: HashSet<String> = writers.into_iter().map(key).collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "nothing but the key is left there");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(folder.join("key")).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    fs::write(folder.join("key"), "short\n").expect("a file");
    ledger(&folder).key().expect_err("it is no key");
}

/// As a process of its own: says its key.
#[test]
fn keeper() {
    let Some(folder) = told() else { return };
    let key = ledger(&folder).key().expect("there is a key, or it can be made");
    std::io::stdout().write_all(format!("\nkey {key:?}\n").as_bytes()).expect("a pipe");
}
