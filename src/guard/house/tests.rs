use super::*;
use crate::ledger::sink::Sinks;
use crate::ledger::{Entry, Event};

struct Scratch {
    folder: tempfile::TempDir,
    keys: Guard,
    now: i64,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("policy.d")).expect("a folder");
        Scratch { folder, keys: Guard::default(), now: 1_700_000_000 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it can be written");
    }

    fn ledger(&self) -> Ledger {
        Ledger::at(self.path("state"), Sinks::default())
    }

    fn write(&self, number: usize) {
        for _ in 0..number {
            let entry = Entry { event: Event::Blocked, text: Some("as it is".to_owned()), ..Entry::default() };
            self.ledger().append(entry).expect("a record");
        }
    }

    /// As a guard that is started now.
    fn house(&self) -> House {
        let policies = ["policy.toml", "policy.d", "user.toml"].map(|name| self.path(name)).to_vec();
        House::new(&self.path("state/guard/house"), policies, self.ledger())
    }

    fn look(&mut self, house: &mut House) -> Vec<Warning> {
        self.now += 1;
        let (warnings, kept) = house.look(&self.keys, self.now);
        kept.expect("it can be kept");
        warnings
    }
}

#[test]
fn a_changed_policy_is_told_by_name_until_dismissed() {
    let mut scratch = Scratch::new();
    scratch.put("policy.toml", "version = 1\n");
    let mut house = scratch.house();
    assert_eq!(scratch.look(&mut house), []);
    scratch.put("policy.d/10-more.toml", "version = 1\n");
    scratch.put("policy.d/read.me", "nothing\n");
    scratch.put("user.toml", "version = 1\n");
    fs::remove_file(scratch.path("policy.toml")).expect("it is there");
    let told = scratch.look(&mut house);
    assert_eq!((told.len(), told[0].kind, told[0].severity), (1, Kind::Policy, Severity::Low));
    for expected in ["10-more.toml is new", "policy.toml was removed", "user.toml is new"] {
        assert!(told[0].what.contains(expected), "{}", told[0].what);
    }
    assert!(!told[0].what.contains("read.me"), "{}", told[0].what);
    // The same warning at every look, and after a restart.
    assert_eq!(scratch.look(&mut house), told);
    let mut house = scratch.house();
    assert_eq!(scratch.look(&mut house), told);
    // Another change is another warning.
    scratch.put("user.toml", "version = 1\n[guard]\n");
    let more = scratch.look(&mut house);
    assert_ne!(more[0].id, told[0].id);
    assert!(!house.dismiss(&told[0].id).expect("no error"));
    assert!(house.dismiss(&more[0].id).expect("it is dismissed"));
    assert_eq!(scratch.look(&mut house), []);
    assert_eq!(scratch.look(&mut scratch.house()), []);
}

#[test]
fn a_change_that_is_taken_back_or_seven_days_old_is_told_no_more() {
    let mut scratch = Scratch::new();
    let mut house = scratch.house();
    scratch.look(&mut house);
    scratch.put("user.toml", "version = 1\n");
    assert_eq!(scratch.look(&mut house).len(), 1);
    fs::remove_file(scratch.path("user.toml")).expect("it is there");
    assert_eq!(scratch.look(&mut house), []);
    scratch.put("user.toml", "version = 1\n");
    assert_eq!(scratch.look(&mut house).len(), 1);
    assert_eq!(house.due(), Some(scratch.now + OPEN));
    scratch.now += OPEN;
    assert_eq!(scratch.look(&mut house), []);
    assert_eq!((scratch.look(&mut scratch.house()), house.due()), (Vec::new(), None));
}

#[test]
fn what_is_off_is_not_told_and_not_told_later() {
    let mut scratch = Scratch::new();
    scratch.write(3);
    let mut house = scratch.house();
    scratch.look(&mut house);
    scratch.keys = Guard { policy: None, ledger: None, ..Guard::default() };
    scratch.put("user.toml", "version = 1\n");
    assert_eq!(scratch.look(&mut house), []);
    scratch.keys = Guard::default();
    assert_eq!(scratch.look(&mut house), []);
}

#[test]
fn an_edited_ledger_is_told_until_dismissed_and_watched_anew() {
    let mut scratch = Scratch::new();
    scratch.write(5);
    let mut house = scratch.house();
    assert_eq!(scratch.look(&mut house), []);
    // While no guard runs.
    let file = scratch.path("state/ledger.jsonl");
    let text = fs::read_to_string(&file).expect("a ledger");
    fs::write(&file, text.replacen("as it is", "as it was", 1)).expect("it can be written");
    let mut house = scratch.house();
    let told = scratch.look(&mut house);
    assert_eq!((told.len(), told[0].kind, told[0].severity), (1, Kind::Ledger, Severity::High));
    assert!(told[0].what.contains("ledger.jsonl:1: record 1 was changed"), "{}", told[0].what);
    scratch.write(1);
    assert_eq!(scratch.look(&mut house), told);
    assert_eq!(scratch.look(&mut scratch.house()), told);
    let mut house = scratch.house();
    assert!(house.dismiss(&told[0].id).expect("it is dismissed"));
    assert_eq!(scratch.look(&mut house), []);
    scratch.write(2);
    assert_eq!(scratch.look(&mut house), []);
    let mut house = scratch.house();
    assert_eq!(scratch.look(&mut house), []);
    // And again.
    let text = fs::read_to_string(&file).expect("a ledger");
    let lines: Vec<&str> = text.lines().take(6).collect();
    fs::write(&file, lines.join("\n") + "\n").expect("it can be written");
    let again = scratch.look(&mut house);
    assert!(again.len() == 1 && again[0].id != told[0].id, "{again:?}");
    assert!(house.dismiss(&again[0].id).expect("it is dismissed"));
    // `head` is still ahead of the file: as it was dismissed.
    assert_eq!(scratch.look(&mut house), []);
}

#[test]
fn a_removed_ledger_and_one_that_cannot_be_read_are_told() {
    let mut scratch = Scratch::new();
    scratch.write(2);
    let mut house = scratch.house();
    scratch.look(&mut house);
    for name in ["state/ledger.jsonl", "state/head"] {
        fs::remove_file(scratch.path(name)).expect("it is there");
    }
    let told = scratch.look(&mut house);
    assert!(told.len() == 1 && told[0].what.contains("not here any more"), "{told:?}");
    assert!(house.dismiss(&told[0].id).expect("it is dismissed"));
    assert_eq!(scratch.look(&mut house), []);
    scratch.write(1);
    assert_eq!(scratch.look(&mut house), []);
    // A file where the folder should be.
    let mut house =
        House::new(&scratch.path("other/house"), Vec::new(), Ledger::at(scratch.path("f"), Sinks::default()));
    scratch.put("f", "");
    let told = scratch.look(&mut house);
    assert!(told.len() == 1 && told[0].what.contains("cannot be read"), "{told:?}");
}

#[test]
fn another_ledger_begins_anew_and_a_newer_state_is_not_written_over() {
    let mut scratch = Scratch::new();
    scratch.write(2);
    let mut house = scratch.house();
    scratch.look(&mut house);
    let other = Ledger::at(scratch.path("elsewhere"), Sinks::default());
    other.append(Entry::default()).expect("a record");
    house.set_ledger(other);
    assert_eq!(scratch.look(&mut house), []);
    let file = scratch.path("state/guard/house");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    }
    let text = fs::read_to_string(&file).expect("a state").replace("\"version\": 1", "\"version\": 2");
    fs::write(&file, &text).expect("it can be written");
    scratch.look(&mut scratch.house());
    assert_eq!(fs::read_to_string(&file).expect("a state"), text);
    fs::write(&file, "{").expect("it can be written");
    assert_eq!(scratch.look(&mut scratch.house()), []);
}
