//! The guard beside a ledger that is written and rotated: it warns of no rotation, and of every edit.

use std::fs;
use std::thread;
use std::time::Duration;

use leakwarden::guard::Kind;
use leakwarden::guard::duty::House;
use leakwarden::ledger::Event;
use leakwarden::policy::guard::Guard;

use crate::kit::{entry, fill, has, ledger, skip};
use crate::rotation::{rotate, shipped};

#[test]
fn the_guard_warns_of_no_rotation_while_somebody_writes_and_of_an_edit() {
    if !has("logrotate") {
        return skip("no logrotate");
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    let ledger = ledger(&folder);
    fill(&ledger, 5);
    let mut house = House::new(&scratch.path().join("guard/house"), Vec::new(), ledger.clone());
    let keys = Guard::default();
    // Times on which the whole is read, and such on which only what is new is.
    let mut now = 1_700_000_000;
    let mut looks = 0;
    let mut look = |house: &mut House| {
        (now, looks) = (now + if looks % 7 == 0 { 601 } else { 1 }, looks + 1);
        let (warnings, kept) = house.look(&keys, now);
        kept.expect("it can be kept");
        warnings
    };
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..400 {
                ledger.append(entry(Event::Blocked, n, 40)).expect("a record can be written");
                // Whoever appends without a pause leaves nobody the lock.
                thread::sleep(Duration::from_millis(5));
            }
        });
        for round in 0..4 {
            for _ in 0..10 {
                assert_eq!(look(&mut house), []);
            }
            // What nobody wrote to since the last time is not there, and is not rotated.
            while !folder.join("ledger.jsonl").exists() {
                assert_eq!(look(&mut house), []);
            }
            let name = format!("dateext\n    dateformat -2026112{round}");
            rotate(scratch.path(), &shipped(&folder).replace("dateext", &name));
        }
        while !writer.is_finished() {
            assert_eq!(look(&mut house), []);
        }
    });
    // A file that was rotated away belongs to it as well.
    let rotated = folder.join("ledger.jsonl-20261122");
    let text = fs::read_to_string(&rotated).expect("a rotated file");
    fs::write(&rotated, text.replacen("\"event\":\"blocked\"", "\"event\":\"skipped\"", 1)).expect("it can be written");
    let told = look(&mut house);
    assert!(told.len() == 1 && told[0].kind == Kind::Ledger, "{told:?}");
    assert!(house.dismiss(&told[0].id).expect("it is dismissed"));
    fill(&ledger, 3);
    assert_eq!(look(&mut house), []);
}
