//! Passwords inside URLs.

use crate::level::{Confidence, Severity};
use crate::rules::filters::{Dropped, Match, Verdict};
use crate::rules::likelihood;

/// Hosts on which a password is a development default (RFC 6761, RFC 5737 and common names).
const LOCAL_HOSTS: [&str; 12] = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "0.0.0.0",
    "host.docker.internal",
    "db",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "rabbitmq",
    "database",
];

/// A password inside a URL: `scheme://user:PASSWORD@host`.
pub(super) fn url_password(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let mut inner = verdict.clone();
    let plain = Match { quoted: true, ..*found };
    likelihood::url_value(&plain, &mut inner)?;
    let at = found.whole.iter().position(|&b| b == b'@').ok_or("no host")?;
    let host = &found.whole[at + 1..];
    let name = host.split(|b| matches!(b, b':' | b'/' | b'?' | b'"' | b'\'' | b' ')).next().unwrap_or(host);
    let name = if host.starts_with(b"[::1]") { b"[::1]" } else { name };
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let reserved = ["example", "test", "invalid", "localhost", "example.com", "example.org", "example.net"];
    let within = |end: &str| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    *verdict = inner;
    if LOCAL_HOSTS.contains(&name.as_str()) {
        verdict.severity = Severity::Low;
        verdict.reasons.push("the host is a local one".to_owned());
    } else if reserved.iter().any(|end| within(end)) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("the host is reserved for examples".to_owned());
    } else {
        verdict.reasons.push("a password inside a URL".to_owned());
    }
    Ok(())
}
