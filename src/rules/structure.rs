//! Structures that can be taken apart offline: what is inside a value proves, lowers or refutes it.

use super::encoding::decode_base64;
use super::filters::{Dropped, Match, Verdict};
use super::likelihood;
use super::syntax::Structure;
use crate::level::{Confidence, Severity};

/// Looks into a match.
///
/// # Errors
/// Why the match is no finding.
pub fn inspect(kind: Structure, found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    match kind {
        Structure::Pem => pem(found, verdict),
        Structure::Jwt => jwt(found, verdict),
        Structure::AwsKeyId => aws_key_id(found, verdict),
        Structure::Macaroon => macaroon(found, verdict),
        Structure::BasicAuth => basic_auth(found, verdict),
        Structure::Base64Json => base64_json(found, verdict),
        Structure::UrlPassword => url_password(found, verdict),
        Structure::Password => likelihood::password(found, verdict),
        Structure::Random => likelihood::random(found, verdict),
        Structure::Issued => likelihood::issued(found, verdict),
    }
}

fn certain(verdict: &mut Verdict, reason: impl Into<String>) {
    verdict.confidence = Confidence::Certain;
    verdict.reasons.push(reason.into());
}

/// A private key in armour (RFC 7468, RFC 1421 headers, OpenSSH's and PuTTY's own layouts).
fn pem(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let text = String::from_utf8_lossy(found.whole).replace("\\r", "").replace("\\n", "\n");
    let header_encrypted = text.contains("-----BEGIN ENCRYPTED ") || text.contains("Proc-Type: 4,ENCRYPTED");
    let body: Vec<u8> = text
        .lines()
        // Headers, and the checksum of OpenPGP's armour (RFC 9580), are no part of the key.
        .filter(|line| !line.contains("-----") && !line.contains(": ") && !line.starts_with('='))
        .flat_map(str::bytes)
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        .collect();
    if body.len() < 40 {
        return Err("a key header without a key");
    }
    if text.contains("...") || text.contains('…') {
        return Err("a placeholder: a key with its middle left out");
    }
    // A header in source code is followed by code, a key by nothing but base64.
    let foreign = text
        .lines()
        .filter(|line| !line.contains("-----") && !line.contains(": "))
        .flat_map(|line| line.trim().bytes())
        .filter(|b| !b.is_ascii_alphanumeric() && !b"+/=\\\"',".contains(b))
        .count();
    if foreign * 20 > body.len() {
        return Err("a key header without a key");
    }
    let body = &body[..body.len() - body.len() % 4];
    let Some(bytes) = decode_base64(body) else {
        verdict.reasons.push("a private key whose body is not plain base64".to_owned());
        return Ok(());
    };
    if likelihood::entropy(&bytes) < 3.0 {
        return Err("a placeholder: a key of the same bytes over and over");
    }
    if header_encrypted || openssh_encrypted(&bytes) {
        verdict.severity = Severity::Low;
        verdict.reasons.push("it is encrypted with a pass phrase".to_owned());
        return Ok(());
    }
    if text.contains("PGP") {
        // Whether a pass phrase protects it stands inside its packets, which are not taken apart.
        verdict.reasons.push("an OpenPGP private key".to_owned());
        return Ok(());
    }
    if bytes.starts_with(b"openssh-key-v1\0") || bytes.first() == Some(&0x30) {
        certain(verdict, "a complete private key, not encrypted");
    } else {
        verdict.reasons.push("a private key, not encrypted".to_owned());
    }
    Ok(())
}

/// `openssh-key-v1` (PROTOCOL.key of OpenSSH): after the magic stands the cipher's name.
fn openssh_encrypted(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"openssh-key-v1\0").is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none"))
}

/// A JSON Web Token (RFC 7519): the header is an object with `alg`, the payload is an object.
fn jwt(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let start = memchr_start(found.secret);
    let mut parts = found.secret[start..].split(|&b| b == b'.');
    let mut object = || -> Option<serde_json::Value> { serde_json::from_slice(&decode_base64(parts.next()?)?).ok() };
    let header = object().ok_or("no JWT: the header does not decode")?;
    if header.get("alg").and_then(|a| a.as_str()).is_none() {
        return Err("no JWT: the header names no algorithm");
    }
    if header.get("enc").is_some() {
        return Err("an encrypted JWT");
    }
    let payload = object().ok_or("no JWT: the payload does not decode")?;
    let claim = |name: &str| payload.get(name).and_then(|v| v.as_str());
    if claim("iss") == Some("supabase-demo") || claim("name") == Some("John Doe") {
        return Err("a published example value");
    }
    if claim("role") == Some("anon") {
        verdict.severity = Severity::Low;
        verdict.reasons.push("a public key for the role `anon`".to_owned());
        return Ok(());
    }
    certain(verdict, "its header and payload decode");
    Ok(())
}

/// Where the first `eyJ` (base64 of `{"`) begins: some tokens carry a prefix before the JWT.
fn memchr_start(secret: &[u8]) -> usize {
    secret.windows(3).position(|w| w == b"eyJ").unwrap_or(0)
}

/// An AWS access key id: 16 characters of base 32 hold the account in bits 1 to 40 of the first six
/// bytes (keys since about 2019; the arithmetic was published by T. Hayes in 2023).
fn aws_key_id(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let body = found.secret.get(4..20).ok_or("too short for a key id")?;
    if found.secret.ends_with(b"EXAMPLE") {
        return Err("a published example value");
    }
    let mut bits = 0_u128;
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => {
                verdict.confidence = verdict.confidence.min(Confidence::Possible);
                verdict.reasons.push("not base 32, as key ids are since 2019".to_owned());
                return Ok(());
            }
        };
        bits = bits << 5 | u128::from(value);
    }
    let account = (bits >> 32 & 0x7fff_ffff_ff80) >> 7;
    if account < 1_000_000_000_000 {
        verdict.reasons.push(format!("decodes to an account (…{:04})", account % 10_000));
    }
    Ok(())
}

/// A v2 macaroon as PyPI issues it: version byte 2, then a location field (type 1).
fn macaroon(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let start = found.secret.iter().position(|&b| b == b'-').map_or(0, |dash| dash + 1);
    let text = &found.secret[start..];
    let cut = &text[..text.len() - usize::from(text.len() % 4 == 1)];
    match decode_base64(cut) {
        Some(bytes) if bytes.starts_with(&[2, 1]) => certain(verdict, "it is a macaroon"),
        _ => {
            verdict.confidence = Confidence::Possible;
            verdict.reasons.push("it does not decode to a macaroon".to_owned());
        }
    }
    Ok(())
}

/// Base64 of `user:password` (RFC 7617).
fn basic_auth(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let bytes = decode_base64(found.secret).ok_or("not base64")?;
    let colon = bytes.iter().position(|&b| b == b':').ok_or("no `user:password` inside")?;
    if !bytes.iter().all(|b| b.is_ascii_graphic()) || colon == 0 || colon + 1 == bytes.len() {
        return Err("no `user:password` inside");
    }
    if let Some(why) = likelihood::placeholder(&bytes[colon + 1..]) {
        return Err(why);
    }
    certain(verdict, "it decodes to a user and a password");
    Ok(())
}

fn base64_json(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let start = memchr_start(found.secret);
    let bytes = decode_base64(&found.secret[start..]).ok_or("not base64")?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| "does not decode to JSON")?;
    if !value.is_object() {
        return Err("does not decode to a JSON object");
    }
    certain(verdict, "it decodes to a JSON object");
    Ok(())
}

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
fn url_password(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
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
