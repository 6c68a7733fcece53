//! A real rsyslogd with the configuration that is shipped, forwarding to a second one that is away for
//! a while.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use leakwarden::ledger::sink::Sinks;
use leakwarden::ledger::{Event, Ledger};

use crate::kit::{entry, has, holds, path, seq, skip, until};
use crate::rotation::{rotate, shipped};

const FILES: &str = include_str!("../../install/rsyslog/leakwarden.conf");
const SOCKET: &str = include_str!("../../install/rsyslog/leakwarden-socket.conf");
const RECEIVER: &str = include_str!("../../install/rsyslog/receiver.conf");

/// Two of them and a ledger, in a scratch folder.
struct Collection {
    scratch: tempfile::TempDir,
    port: u16,
    running: Vec<(&'static str, Child)>,
}

impl Collection {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        for folder in ["sender-work", "receiver-work", "state"] {
            fs::create_dir(scratch.path().join(folder)).expect("a folder");
        }
        // Whoever else wants the port in this moment makes the test fail, not pass.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a free port").port();
        Collection { scratch, port, running: Vec::new() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts `name` with a configuration in which places of a real machine are put into the scratch
    /// folder; each of them must be there.
    fn start(&mut self, name: &'static str, configuration: &str, places: &[(&str, String)]) {
        let work = self.at(&format!("{name}-work"));
        let mut text = configuration.to_owned();
        for (from, to) in places {
            assert!(text.contains(from), "{name}: `{from}` is not in the configuration");
            text = text.replace(from, to);
        }
        let file = self.at(&format!("{name}.conf"));
        fs::write(&file, format!("global(workDirectory=\"{}\")\n{text}", work.display())).expect("a file");
        let log = fs::File::options().append(true).create(true).open(self.at(&format!("{name}.log"))).expect("a file");
        let mut command = Command::new("rsyslogd");
        command.arg("-n").arg("-f").arg(file).arg("-i").arg(self.at(&format!("{name}.pid"))).env("PATH", path());
        let log_too = log.try_clone().expect("a file");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(log_too).spawn().expect("rsyslogd is there");
        self.running.push((name, child));
    }

    fn start_receiver(&mut self) {
        let places = [
            ("Port=\"6514\"", format!("Port=\"{}\"", self.port)),
            ("/var/log/leakwarden/", format!("{}/", self.at("received").display())),
        ];
        self.start("receiver", RECEIVER, &places);
        until("the receiver listens", || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    fn start_sender(&mut self, more: &str, places: &[(&str, String)]) {
        let mut all = vec![
            ("Target=\"logs.example.org\"", "Target=\"127.0.0.1\"".to_owned()),
            ("Port=\"6514\"", format!("Port=\"{}\"", self.port)),
            ("/home/*/.local/state/leakwarden", self.at("state").display().to_string()),
            ("action.resumeInterval=\"10\"", "action.resumeInterval=\"1\"".to_owned()),
        ];
        all.extend_from_slice(places);
        self.start("sender", &format!("{FILES}{more}"), &all);
    }

    /// Ends one as systemd does.
    fn stop(&mut self, name: &str) {
        let place = self.running.iter().position(|(own, _)| *own == name).expect("it runs");
        let (_, mut child) = self.running.remove(place);
        let done = Command::new("kill").arg(child.id().to_string()).status().expect("kill is there");
        assert!(done.success());
        child.wait().expect("it is our child");
    }

    /// The numbers of the records that have arrived, in their order.
    fn received(&self) -> Vec<u64> {
        let Ok(folder) = fs::read_dir(self.at("received")) else { return Vec::new() };
        let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry.expect("an entry").path()).expect("a file");
        let text: Vec<u8> = folder.flat_map(read).collect();
        let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| seq(line).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(line)))).collect()
    }

    fn logs(&self) -> String {
        ["sender", "receiver"]
            .map(|name| fs::read_to_string(self.at(&format!("{name}.log"))).unwrap_or_default())
            .join("")
    }

    /// Waits until as many have arrived, a moment for more, and gives them sorted.
    fn all(&self, number: usize) -> Vec<u64> {
        until(&format!("{number} records"), || self.received().len() >= number);
        std::thread::sleep(std::time::Duration::from_millis(500));
        let mut received = self.received();
        received.sort_unstable();
        received
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            println!("{}\nreceived: {:?}", self.logs(), self.received().len());
        }
    }
}

fn append(ledger: &Ledger, records: usize) {
    for n in 0..records {
        ledger.append(entry(Event::Blocked, n, n % 5)).expect("a record can be written");
    }
}

fn copies_are_whole(collection: &Collection, folder: &Path) {
    let stored = fs::read_to_string(folder.join("ledger.jsonl")).expect("a file");
    let copy: String = fs::read_dir(collection.at("received"))
        .expect("a folder")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a file"))
        .collect();
    let lines: std::collections::HashSet<&str> = copy.lines().collect();
    stored.lines().for_each(|line| assert!(lines.contains(line), "not as it stands in the file: {line}"));
}

#[test]
fn a_file_arrives_exactly_once_through_rotation_and_a_receiver_that_is_away() {
    if !has("rsyslogd") || !has("logrotate") {
        return skip("no rsyslogd or no logrotate");
    }
    let mut collection = Collection::new();
    let folder = collection.at("state");
    let ledger = Ledger::at(folder.clone(), Sinks::default());
    collection.start_receiver();
    collection.start_sender("", &[]);
    append(&ledger, 20);
    assert_eq!(collection.all(20), (1..=20).collect::<Vec<u64>>());
    collection.stop("receiver");
    for day in 0..2 {
        append(&ledger, 200);
        rotate(
            collection.scratch.path(),
            &shipped(&folder).replace("dateext", &format!("dateext\n    dateformat -2026112{day}")),
        );
    }
    append(&ledger, 99);
    // The longest record there is.
    ledger.append(entry(Event::Blocked, 0, 900)).expect("a record can be written");
    collection.start_receiver();
    assert_eq!(collection.all(520), (1..=520).collect::<Vec<u64>>());
    copies_are_whole(&collection, &folder);
    holds(&folder);
}

#[test]
fn the_sender_may_stop_too() {
    if !has("rsyslogd") {
        return skip("no rsyslogd");
    }
    let mut collection = Collection::new();
    let ledger = Ledger::at(collection.at("state"), Sinks::default());
    append(&ledger, 50);
    collection.start_sender("", &[]);
    append(&ledger, 50);
    std::thread::sleep(std::time::Duration::from_millis(500));
    collection.stop("sender");
    append(&ledger, 50);
    collection.start_receiver();
    collection.start_sender("", &[]);
    append(&ledger, 50);
    assert_eq!(collection.all(200), (1..=200).collect::<Vec<u64>>());
}

#[test]
fn a_socket_arrives_exactly_once_with_a_receiver_that_is_away() {
    if !has("rsyslogd") {
        return skip("no rsyslogd");
    }
    let mut collection = Collection::new();
    let socket = collection.at("leakwarden.sock");
    let folder = collection.at("other-state");
    let ledger = Ledger::at(folder.clone(), Sinks { syslog: Some(socket.clone()), journald: None });
    collection.start_receiver();
    collection.start_sender(SOCKET, &[("/run/leakwarden.sock", socket.display().to_string())]);
    until("the socket is there", || ledger.sinks().faults().is_empty());
    append(&ledger, 20);
    assert_eq!(collection.all(20), (1..=20).collect::<Vec<u64>>());
    collection.stop("receiver");
    append(&ledger, 500);
    collection.start_receiver();
    assert_eq!(collection.all(520), (1..=520).collect::<Vec<u64>>());
    copies_are_whole(&collection, &folder);
}
