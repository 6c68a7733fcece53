//! Somebody with an editor: whatever is changed is found.

use std::fs;
use std::path::Path;

use leakwarden::ledger::chain::Head;
use leakwarden::ledger::line::sha256;

use crate::kit::{Dice, fill, holds, ledger, verdict};

const RECORDS: usize = 40;

#[test]
fn two_hundred_random_changes_are_found() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let anchor = fill(&ledger(folder), RECORDS);
    let file = folder.join("ledger.jsonl");
    let whole = fs::read(&file).expect("a file");
    let head = fs::read(folder.join("head")).expect("a file");
    let mut dice = Dice::new(7);
    for round in 0..200 {
        let (what, changed, anchored) = change(&mut dice, &whole, folder);
        fs::write(&file, &changed).expect("a file");
        let anchors = if anchored { vec![short(&anchor)] } else { Vec::new() };
        let verdict = verdict(folder, &anchors);
        assert!(!verdict.holds(), "round {round}: {what} was not found");
        let named = verdict.broken.listed.iter().all(|broken| !broken.what.is_empty());
        assert!(named, "round {round}: {what}: {:?}", verdict.broken);
        fs::write(folder.join("head"), &head).expect("a file");
    }
    fs::write(&file, &whole).expect("a file");
    holds(folder);
}

fn short(head: &Head) -> Head {
    Head::parse(&head.short()).expect("an anchor")
}

/// A change, in words and in bytes, and whether it takes an anchor to find it.
fn change(dice: &mut Dice, whole: &[u8], folder: &Path) -> (String, Vec<u8>, bool) {
    let mut lines: Vec<Vec<u8>> = whole.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let (one, other) = (dice.below(RECORDS), dice.below(RECORDS - 1));
    let other = if other >= one { other + 1 } else { other };
    match dice.below(8) {
        0 => {
            let (at, bit) = (dice.below(whole.len()), dice.below(8));
            let mut changed = whole.to_vec();
            changed[at] ^= 1 << bit;
            (format!("bit {bit} of byte {at}"), changed, false)
        }
        1 => {
            lines.remove(one);
            (format!("dropping line {one}"), lines.concat(), false)
        }
        2 => {
            lines.swap(one, other);
            (format!("swapping {one} and {other}"), lines.concat(), false)
        }
        3 => {
            lines.insert(other, lines[one].clone());
            (format!("repeating {one} at {other}"), lines.concat(), false)
        }
        4 => {
            let forged = String::from_utf8_lossy(&lines[one]).replace("number", "no number");
            lines.insert(one, forged.into_bytes());
            (format!("inserting at {one}"), lines.concat(), false)
        }
        5 => {
            let at = dice.below(whole.len() - 1);
            (format!("cutting off at byte {at}"), whole[..at].to_vec(), false)
        }
        6 => {
            // With a head that fits, as somebody who knows the format would do it.
            lines.truncate(one.max(1));
            rebuild(&lines, folder);
            (format!("cutting off at line {one}, with a new head"), lines.concat(), true)
        }
        _ => {
            let mut prev = None;
            for (n, line) in lines.iter_mut().enumerate().skip(one) {
                let mut value: serde_json::Value = serde_json::from_slice(line).expect("a record");
                if n == one {
                    value["text"] = "rewritten".into();
                } else {
                    value["prev"] = prev.take().into();
                }
                let text = value.to_string();
                prev = Some(sha256(text.as_bytes()));
                *line = format!("{text}\n").into_bytes();
            }
            rebuild(&lines, folder);
            (format!("rewriting everything from line {one}"), lines.concat(), true)
        }
    }
}

fn rebuild(lines: &[Vec<u8>], folder: &Path) {
    let last = lines.last().expect("a line").strip_suffix(b"\n").expect("a line feed");
    let value: serde_json::Value = serde_json::from_slice(last).expect("a record");
    let (id, seq) = (value["ledger"].as_str().expect("an id"), &value["seq"]);
    fs::write(folder.join("head"), format!("{id}:{seq}:{}\n", sha256(last))).expect("a file");
}

#[test]
fn what_was_changed_is_still_named_after_more_was_written() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let ledger = ledger(folder);
    let anchor = fill(&ledger, 10);
    let file = folder.join("ledger.jsonl");
    let whole = fs::read_to_string(&file).expect("a file");
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let without_last = lines[..9].concat();
    let last_changed = without_last.clone() + &lines[9].replace("number", "no number");
    let spoilt = without_last.clone() + "spoilt\n";
    for (changed, told) in [
        (without_last.as_str(), "record 10 is missing before it"),
        (last_changed.as_str(), "was changed, or the record after it"),
        (spoilt.as_str(), "record 10 is missing before it"),
        ("", ""),
    ] {
        fs::write(&file, changed).expect("a file");
        fs::write(folder.join("head"), format!("{anchor}\n")).expect("a file");
        let next = fill(&ledger, 3);
        assert_eq!(next.seq, anchor.seq + 3, "numbers go on after what is known to have been there");
        let verdict = verdict(folder, &[short(&anchor)]);
        let found: String = verdict.broken.listed.iter().map(|broken| broken.what.clone() + "\n").collect();
        assert!(found.contains(told), "{told}: {found}");
        // An emptied file looks as if it had been rotated away, and its last record is still named.
        assert_eq!(verdict.holds(), changed.is_empty(), "{found}");
    }
}

#[test]
fn a_link_or_a_pipe_in_the_place_of_a_file_is_not_written_through() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    fs::create_dir(&folder).expect("a folder");
    let victim = scratch.path().join("victim");
    fs::write(&victim, "").expect("a file");
    #[cfg(unix)]
    for name in ["ledger.jsonl", "lock", "key", "head.new"] {
        std::os::unix::fs::symlink(&victim, folder.join(name)).expect("a link");
        let ledger = ledger(&folder);
        let failed = if name == "key" {
            ledger.key().is_err()
        } else {
            ledger.append(crate::kit::entry(Default::default(), 0, 0)).is_err()
        };
        assert!(failed, "{name} is a link");
        assert_eq!(fs::read(&victim).expect("a file"), b"", "{name}");
        fs::remove_file(folder.join(name)).expect("a link");
    }
}
