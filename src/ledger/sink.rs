//! Local sockets to which records go besides the file: syslog's and journald's.
//!
//! The file is what counts. A message is sent once; a socket that is not there, or that takes nothing
//! for a moment, stops nobody, and whoever collects sees by `seq` what is missing.

use std::path::PathBuf;

use super::chain::Head;
use super::record::{Event, Record};
use crate::finding::escape;

/// The longest syslog message in bytes: what rsyslog takes by default (`maxMessageSize` 8k).
pub const LONGEST_MESSAGE: usize = 8 << 10;

/// Where records go besides the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sinks {
    /// The local syslog socket; messages are RFC 5424.
    pub syslog: Option<PathBuf>,
    /// journald's native socket.
    pub journald: Option<PathBuf>,
}

impl Sinks {
    /// Sends a record to all of them. Nothing is said of what fails: the record is in the file.
    pub(super) fn send(&self, record: &Record, line: &str, head: &Head) {
        if let Some(path) = &self.syslog {
            let _ = socket::send(path, syslog(record, line, head).as_bytes());
        }
        if let Some(path) = &self.journald {
            let _ = socket::send(path, &journald(record, line, head));
        }
    }

    /// What is wrong with them, as lines for people: sockets that nobody listens at.
    pub fn faults(&self) -> Vec<String> {
        let named = [("ledger.syslog", &self.syslog), ("ledger.journald", &self.journald)];
        let fault = |(key, path): (&str, &Option<PathBuf>)| {
            let path = path.as_ref()?;
            let why = socket::fault(path)?;
            let path = escape(path.as_os_str().as_encoded_bytes());
            Some(format!("`{key}`: records do not go to {path}: {why}"))
        };
        named.into_iter().filter_map(fault).collect()
    }
}

#[cfg(unix)]
mod socket {
    use std::io::{self, ErrorKind};
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    /// How long a socket whose queue is full is waited for.
    const PATIENCE: Duration = Duration::from_millis(200);

    fn connected(path: &Path) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(path)?;
        Ok(socket)
    }

    pub fn send(path: &Path, message: &[u8]) -> io::Result<()> {
        let socket = connected(path)?;
        let begin = Instant::now();
        loop {
            match socket.send(message) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && begin.elapsed() < PATIENCE => {
                    sleep(Duration::from_millis(2));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other.map(drop),
            }
        }
    }

    pub fn fault(path: &Path) -> Option<String> {
        connected(path).err().map(|error| error.to_string())
    }
}

#[cfg(not(unix))]
mod socket {
    use std::io;
    use std::path::Path;

    pub fn send(_: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn fault(_: &Path) -> Option<String> {
        Some("this system has no such sockets; let a collector read the file".to_owned())
    }
}

/// Severities of syslog (RFC 5424, 6.2.1), which are journald's priorities too: warning, notice.
fn severity(event: Event) -> u8 {
    match event {
        Event::Blocked | Event::Skipped | Event::ExposureOpened | Event::ExposureReopened => 4,
        Event::Shadowed | Event::LedgerEdited => 4,
        _ => 5,
    }
}

/// A message of RFC 5424. Facility 13 is "log audit"; 32473 is the enterprise number that RFC 5612
/// keeps for examples, since leakwarden has none of its own.
pub fn syslog(record: &Record, line: &str, head: &Head) -> String {
    let event = record.entry.event;
    let priority = 13 * 8 + severity(event);
    // PRINTUSASCII, at most 255.
    let host: String = record.entry.host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-".to_owned() } else { host };
    let Head { ledger, seq, hash } = head;
    let header = format!(
        "<{priority}>1 {} {host} leakwarden {} {} [leakwarden@32473 ledger=\"{ledger}\" seq=\"{seq}\" hash=\"{hash}\"] ",
        record.time,
        std::process::id(),
        event.name()
    );
    let most = LONGEST_MESSAGE - header.len();
    if line.len() <= most { header + line } else { header + &shortened(record, most) }
}

/// A record in `most` bytes: without its findings and, where that is not enough, without more. The
/// field `shortened` says so; the hash beside it is that of the whole line in the file.
fn shortened(record: &Record, most: usize) -> String {
    let mut value = serde_json::to_value(record).expect("plain data with string keys");
    let fields = value.as_object_mut().expect("a record is an object");
    fields.insert("shortened".to_owned(), true.into());
    fields.remove("findings");
    fields.insert("more_findings".to_owned(), (record.entry.findings.len() as u64 + record.entry.more_findings).into());
    for name in ["repository", "text", "who"] {
        if serde_json::to_string(fields).is_ok_and(|text| text.len() <= most) {
            break;
        }
        fields.remove(name);
    }
    value.to_string()
}

/// A message of journald's native protocol (systemd.io, "Native Journal Protocol").
pub fn journald(record: &Record, line: &str, head: &Head) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = |name: &str, value: &str| {
        out.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            out.push(b'\n');
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            out.push(b'=');
        }
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    };
    let event = record.entry.event;
    field("MESSAGE", &message(record));
    field("PRIORITY", &severity(event).to_string());
    field("SYSLOG_IDENTIFIER", "leakwarden");
    field("LEAKWARDEN_EVENT", event.name());
    field("LEAKWARDEN_LEDGER", &head.ledger);
    field("LEAKWARDEN_SEQ", &head.seq.to_string());
    field("LEAKWARDEN_HASH", &head.hash);
    field("LEAKWARDEN_RECORD", line);
    out
}

/// A record in a few words: `blocked: github-token in src/a.py:3 (and 2 more) [/home/ann/shop]`.
pub fn message(record: &Record) -> String {
    let entry = &record.entry;
    let mut out = entry.event.name().to_owned();
    if let Some(how) = &entry.how {
        out.push_str(&format!(" ({how})"));
    }
    if let Some(first) = entry.findings.first() {
        out.push_str(&format!(": {} in {}:{}", first.rule, first.path, first.line));
        let more = entry.findings.len() as u64 - 1 + entry.more_findings;
        if more > 0 {
            out.push_str(&format!(" (and {more} more)"));
        }
    }
    if let Some(exposure) = &entry.exposure {
        out.push_str(&format!(" exposure {exposure}"));
    }
    if let Some(place) = &entry.repository {
        out.push_str(&format!(" [{}]", place.path));
    }
    escape(out.as_bytes())
}
