//! Tokens whose text says what they are: JSON web tokens, macaroons, encoded headers, signed URLs.

use super::certain;
use crate::level::{Confidence, Severity};
use crate::rules::encoding::decode_base64;
use crate::rules::filters::{Dropped, Match, Verdict};
use crate::rules::likelihood;

/// A JSON Web Token (RFC 7519): the header is an object with `alg`, the payload is an object.
pub(super) fn jwt(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let start = memchr_start(found.secret);
    let mut parts = found.secret[start..].split(|&b| b == b'.');
    let mut object = || -> Option<serde_json::Value> { serde_json::from_slice(&decode_base64(parts.next()?)?).ok() };
    let header = object().ok_or("no JWT: the header does not decode")?;
    let algorithm = header.get("alg").and_then(|a| a.as_str()).ok_or("no JWT: the header names no algorithm")?;
    if header.get("enc").is_some() {
        return Err("an encrypted JWT");
    }
    let payload = object().ok_or("no JWT: the payload does not decode")?;
    let claim = |name: &str| payload.get(name).and_then(|v| v.as_str());
    if claim("iss") == Some("supabase-demo") || claim("name") == Some("John Doe") && claim("sub") == Some("1234567890")
    {
        return Err("a published example value");
    }
    if claim("role") == Some("anon") {
        verdict.severity = Severity::Low;
        verdict.reasons.push("a public key for the role `anon`".to_owned());
        return Ok(());
    }
    if algorithm.eq_ignore_ascii_case("none") {
        verdict.severity = Severity::Low;
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("it is not signed (`alg` is `none`)".to_owned());
        return Ok(());
    }
    let all = claim("role") == Some("service_role") || claim("iss") == Some("kubernetes/serviceaccount");
    if all {
        verdict.severity = Severity::Critical;
    }
    certain(verdict, "its header and payload decode");
    if found.place.made_up() && !all {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("made for a test or an example".to_owned());
    }
    Ok(())
}

/// Where the first `eyJ` (base64 of `{"`) begins: some tokens carry a prefix before the JWT.
fn memchr_start(secret: &[u8]) -> usize {
    secret.windows(3).position(|w| w == b"eyJ").unwrap_or(0)
}

/// An AWS access key id: 16 characters of base 32 hold the account in bits 1 to 40 of the first six
/// bytes (keys since about 2019; the arithmetic was published by T. Hayes in 2023).
pub(super) fn aws_key_id(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
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

/// A macaroon as libmacaroons writes it: in version 2 (PyPI's) a version byte 2, then a location field
/// (type 1); in version 1 packets of text, each headed by its length in four hex digits.
pub(super) fn macaroon(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let start = found.secret.iter().position(|&b| b == b'-').filter(|&dash| dash < 16).map_or(0, |dash| dash + 1);
    let text = &found.secret[start..];
    let cut = &text[..text.len() - usize::from(text.len() % 4 == 1)];
    match decode_base64(cut) {
        Some(bytes) if bytes.starts_with(&[2, 1]) || packets(&bytes) => certain(verdict, "it is a macaroon"),
        _ => {
            verdict.confidence = Confidence::Possible;
            verdict.reasons.push("it does not decode to a macaroon".to_owned());
        }
    }
    Ok(())
}

/// Whether bytes are the packets of a macaroon: location, identifier, caveats, and last a signature.
fn packets(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut names = Vec::new();
    while let Some((head, _)) = rest.split_first_chunk::<4>() {
        let length = std::str::from_utf8(head).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let Some((packet, after)) = length.filter(|&n| n > 4).and_then(|n| rest.split_at_checked(n)) else { break };
        names.push(packet[4..].split(|&b| b == b' ').next().unwrap_or_default());
        rest = after;
    }
    names.first() == Some(&b"location".as_slice()) && names.last() == Some(&b"signature".as_slice())
}

/// Base64 of `user:password` (RFC 7617).
pub(super) fn basic_auth(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let bytes = decode_base64(found.secret).ok_or("not base64")?;
    let colon = bytes.iter().position(|&b| b == b':').ok_or("no `user:password` inside")?;
    let text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.chars().any(char::is_control));
    if !text || colon == 0 || colon + 1 == bytes.len() {
        return Err("no `user:password` inside");
    }
    if let Some(why) = likelihood::placeholder(&bytes[colon + 1..]) {
        return Err(why);
    }
    let password = Match { secret: &bytes[colon + 1..], quoted: true, key: None, ..*found };
    let mut inner = verdict.clone();
    likelihood::command_password(&password, &mut inner)?;
    if inner.confidence == Confidence::Possible {
        *verdict = inner;
        return Ok(());
    }
    certain(verdict, "it decodes to a user and a password");
    Ok(())
}

/// Base64 of a JSON object, with or without a signature behind it.
pub(super) fn base64_json(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let text = percent_decoded(&found.secret[memchr_start(found.secret)..]);
    let object = |text: &[u8]| -> Option<serde_json::Value> {
        serde_json::from_slice(&decode_base64(text)?).ok().filter(serde_json::Value::is_object)
    };
    let signature = [b'.', b'_'].into_iter().filter_map(|mark| text.iter().position(|&b| b == mark));
    let mut ends = signature.chain([text.len()]);
    if ends.any(|end| object(&text[..end]).is_some()) {
        certain(verdict, "it decodes to a JSON object");
    } else {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("it does not decode to a JSON object".to_owned());
    }
    Ok(())
}

/// Text without its percent escapes (RFC 3986, 2.1).
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%');
        let digits = digits.and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                out.push(value);
                rest = &after[2..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// The day before which a signature that has expired counts as expired. A day of the past that is
/// fixed, not today: what a scan says of a text must not change with the clock.
const LONG_AGO: &[u8] = b"2026-01-01";

/// A shared access signature of Azure: base64 of an HMAC-SHA256; `se` says until when it is valid, as
/// a day (storage) or in seconds of Unix time (Service Bus, IoT hubs).
/// <https://learn.microsoft.com/rest/api/storageservices/create-account-sas>
pub(super) fn azure_sas(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let bytes = decode_base64(&percent_decoded(found.secret)).ok_or("no signature: not base64")?;
    if bytes.len() != 32 {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("its signature is not 32 bytes long".to_owned());
    }
    let mut fields = found.whole.split(|&b| matches!(b, b'&' | b'?' | b' ' | b';'));
    let until = fields.find_map(|field| field.strip_prefix(b"se="));
    // 1767225600 is LONG_AGO in seconds.
    let expired = until.is_some_and(|until| match std::str::from_utf8(until).map(str::parse::<u64>) {
        Ok(Ok(seconds)) => seconds < 1_767_225_600,
        _ => until.first() == Some(&b'2') && until.get(4) == Some(&b'-') && until < LONG_AGO,
    });
    if expired {
        verdict.severity = Severity::Low;
        verdict.reasons.push("it expired before 2026".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::encoding::encode_base64;
    use crate::rules::likelihood::Place;

    const URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    fn judged(
        inspect: fn(&Match<'_>, &mut Verdict) -> Result<(), Dropped>,
        secret: &str,
        whole: &str,
    ) -> Result<(Confidence, Severity), Dropped> {
        let mut verdict = Verdict { confidence: Confidence::Likely, severity: Severity::High, reasons: Vec::new() };
        let found = Match {
            secret: secret.as_bytes(),
            whole: whole.as_bytes(),
            key: None,
            quoted: false,
            free: true,
            place: Place::default(),
        };
        inspect(&found, &mut verdict).map(|()| (verdict.confidence, verdict.severity))
    }

    #[test]
    fn a_signature_that_expired_long_ago_is_low() {
        let bytes: Vec<u8> = (0..32).map(|n| n * 7 + 3).collect();
        let signature = encode_base64(&bytes, URL, true).replace('=', "%3D");
        let with = |rest: &str| judged(azure_sas, &signature, &format!("sv=2024-11-04&{rest}&sig={signature}"));
        assert_eq!(with("se=2031-01-01T00:00:00Z"), Ok((Confidence::Likely, Severity::High)));
        assert_eq!(with("se=2019-05-01"), Ok((Confidence::Likely, Severity::Low)));
        assert_eq!(with("se=1500000000"), Ok((Confidence::Likely, Severity::Low)));
        assert_eq!(with("sp=r"), Ok((Confidence::Likely, Severity::High)));
    }

    #[test]
    fn a_token_that_is_not_signed_is_possible() {
        let token = |alg: &str| format!("{}.{}.c2ln", part(&format!(r#"{{"alg":"{alg}"}}"#)), part(r#"{"sub":"a"}"#));
        let (signed, plain) = (token("HS256"), token("none"));
        assert_eq!(judged(jwt, &signed, &signed), Ok((Confidence::Certain, Severity::High)));
        assert_eq!(judged(jwt, &plain, &plain), Ok((Confidence::Possible, Severity::Low)));
    }

    #[test]
    fn a_json_object_stands_before_a_signature() {
        let json = part(r#"{"k":"abc","n":"corp","id":1}"#);
        for signature in ["", ".c2ln", "_c2_ln", ".c2_l.n"] {
            let token = format!("glc_{json}{signature}");
            assert_eq!(judged(base64_json, &token, &token), Ok((Confidence::Certain, Severity::High)), "{signature}");
        }
        let cut = &json[..json.len() - 6];
        assert_eq!(judged(base64_json, cut, cut), Ok((Confidence::Possible, Severity::High)));
    }

    #[test]
    fn macaroons_of_both_versions_are_taken_apart() {
        let packet = |text: &str| format!("{:04x}{text}\n", text.len() + 5);
        let first = packet("location corp") + &packet("identifier user=1");
        let whole = part(&(first.clone() + &packet("signature 0123456789abcdef0123456789abcde")));
        let cut = part(&first);
        assert_eq!(judged(macaroon, &whole, &whole), Ok((Confidence::Certain, Severity::High)));
        assert_eq!(judged(macaroon, &cut, &cut), Ok((Confidence::Possible, Severity::High)));
        let second = format!("pypi-{}", part("\u{2}\u{1}\u{8}pypi.org"));
        assert_eq!(judged(macaroon, &second, &second), Ok((Confidence::Certain, Severity::High)));
    }

    fn part(text: &str) -> String {
        encode_base64(text.as_bytes(), URL, false)
    }
}
