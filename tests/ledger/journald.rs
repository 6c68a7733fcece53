//! Local sockets: what is sent is what the protocols say, a real journald takes it, and a socket that
//! is broken stops nobody.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use leakwarden::ledger::sink::{LONGEST_MESSAGE, Sinks};
use leakwarden::ledger::{Event, Ledger};

use crate::kit::{FOLDER, entry, fill, hashes, ledger, skip, told, until};

fn with(folder: &Path, syslog: Option<PathBuf>, journald: Option<PathBuf>) -> Ledger {
    Ledger::at(folder.join("state"), Sinks { syslog, journald })
}

/// The fields of a message of journald's native protocol.
fn fields(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    while !bytes.is_empty() {
        let end = bytes.iter().position(|&byte| byte == b'\n').expect("a line feed");
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        if let Some(sign) = line.iter().position(|&byte| byte == b'=') {
            found.insert(text(&line[..sign]), text(&line[sign + 1..]));
            bytes = rest;
        } else {
            let length = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes")) as usize;
            found.insert(text(line), text(&rest[8..8 + length]));
            assert_eq!(rest[8 + length], b'\n');
            bytes = &rest[9 + length..];
        }
    }
    found
}

fn received(socket: &UnixDatagram) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 18];
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
    let length = socket.recv(&mut buffer).expect("a message");
    buffer.truncate(length);
    buffer
}

#[test]
fn journald_is_told_in_its_own_protocol() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("socket");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let ledger = with(scratch.path(), None, Some(path));
    for (event, n, priority) in [(Event::Skipped, 900, "4"), (Event::Excepted, 0, "5")] {
        let head = ledger.append(entry(event, 1, n)).expect("a record can be written");
        let fields = fields(&received(&socket));
        assert_eq!(fields["PRIORITY"], priority);
        assert_eq!(fields["SYSLOG_IDENTIFIER"], "leakwarden");
        assert_eq!(fields["LEAKWARDEN_EVENT"], event.name());
        assert_eq!((&fields["LEAKWARDEN_SEQ"], &fields["LEAKWARDEN_HASH"]), (&head.seq.to_string(), &head.hash));
        assert!(fields["MESSAGE"].starts_with(event.name()), "{}", fields["MESSAGE"]);
        let line = fields["LEAKWARDEN_RECORD"].as_bytes();
        assert_eq!(leakwarden::ledger::line::sha256(line), head.hash, "the line as it is stored");
    }
    let record = serde_json::from_str(r#"{"v":1,"ledger":"a","seq":1,"time":"","prev":"","event":"blocked"}"#);
    let head = leakwarden::ledger::chain::Head { ledger: "a".to_owned(), seq: 1, hash: String::new() };
    let bytes = leakwarden::ledger::sink::journald(&record.expect("a record"), "one\ntwo=2\n", &head);
    assert_eq!(fields(&bytes)["LEAKWARDEN_RECORD"], "one\ntwo=2\n", "line feeds in the form with a length");
}

#[test]
fn syslog_is_told_in_rfc_5424() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("socket");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let ledger = with(scratch.path(), Some(path), None);
    for (event, n) in [(Event::Blocked, 3), (Event::ExposureClosed, 900)] {
        let mut entry = entry(event, 1, n);
        entry.host = "a host\n".to_owned();
        let head = ledger.append(entry).expect("a record can be written");
        let message = String::from_utf8(received(&socket)).expect("text");
        assert!(message.len() <= LONGEST_MESSAGE && !message.contains('\n'), "{}", message.len());
        let priority = if event == Event::Blocked { 108 } else { 109 };
        let (begin, json) = message.split_at(message.find("] {").expect("structured data") + 2);
        let words: Vec<&str> = begin.split(' ').collect();
        assert_eq!(words[0], format!("<{priority}>1"));
        assert_eq!(words[2..4], ["ahost", "leakwarden"]);
        assert_eq!(words[4], std::process::id().to_string());
        assert_eq!(words[5], event.name());
        let data =
            format!("[leakwarden@32473 ledger=\"{}\" seq=\"{}\" hash=\"{}\"] ", head.ledger, head.seq, head.hash);
        assert!(begin.ends_with(&data), "{begin}");
        let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
        assert_eq!((value["seq"].as_u64(), value["time"].as_str()), (Some(head.seq), Some(words[1])));
        if n > 100 {
            assert_eq!((&value["shortened"], &value["more_findings"]), (&true.into(), &n.into()));
            assert!(value["findings"].is_null());
        } else {
            assert_eq!(leakwarden::ledger::line::sha256(json.as_bytes()), head.hash);
        }
    }
}

#[test]
fn a_socket_that_takes_nothing_stops_nobody() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("socket");
    let gone = with(scratch.path(), Some(path.clone()), Some(scratch.path().join("none")));
    fill(&gone, 2);
    assert_eq!(gone.sinks().faults().len(), 2);
    let socket = UnixDatagram::bind(&path).expect("a socket");
    assert_eq!(gone.sinks().faults().len(), 1);
    // Nobody reads: its queue is full soon, and each record waits for a bounded time.
    let begin = Instant::now();
    let queue = 11;
    fill(&gone, queue + 3);
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    assert_eq!(hashes(&scratch.path().join("state")).len(), queue + 5);
    drop(socket);
    let begin = Instant::now();
    fill(&gone, 5);
    assert!(begin.elapsed() < Duration::from_secs(2), "nobody listens: nothing is waited for");
}

/// As a process of its own, in a place with a journald: writes to it.
#[test]
fn teller() {
    let Some(folder) = told() else { return };
    let ledger = with(&folder, None, Some("/run/systemd/journal/socket".into()));
    until("journald listens", || ledger.sinks().faults().is_empty());
    ledger.append(entry(Event::Skipped, 1, 900)).expect("a record can be written");
    ledger.append(entry(Event::Excepted, 2, 1)).expect("a record can be written");
}

#[test]
fn a_real_journald_keeps_the_records() {
    let daemon = Path::new("/lib/systemd/systemd-journald");
    if !daemon.is_file() || !Path::new("/etc/machine-id").is_file() {
        return skip("no systemd-journald");
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let script = r#"mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log/journal || exit 77
        "$0" >/dev/null 2>&1 & daemon=$!
        "$1" --exact journald::teller --nocapture --test-threads=1 >/dev/null || exit 1
        journalctl --sync >/dev/null 2>&1; journalctl -a --directory=/run/log/journal -t leakwarden -o json
        kill $daemon; wait $daemon; true"#;
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]).arg(daemon).arg(std::env::current_exe().expect("the path of this binary"));
    let Ok(output) = command.env(FOLDER, scratch.path()).output() else { return skip("no unshare") };
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || errors.starts_with("unshare:") {
        return skip(&format!("no journald can be run here: {errors}"));
    }
    let text = String::from_utf8(output.stdout).expect("text");
    let _ = std::io::stdout().flush();
    let values: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    assert_eq!(values.len(), 2, "{text} {errors}");
    for (value, (seq, hash)) in values.iter().zip(hashes(ledger(&scratch.path().join("state")).folder())) {
        assert_eq!(
            (value["LEAKWARDEN_SEQ"].as_str(), value["LEAKWARDEN_HASH"].as_str()),
            (Some(&*seq.to_string()), Some(&*hash))
        );
        let record = value["LEAKWARDEN_RECORD"].as_str().expect("a text");
        assert_eq!(leakwarden::ledger::line::sha256(record.as_bytes()), hash);
    }
}
