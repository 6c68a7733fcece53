//! Base64 and base32, as issuers and structures use them (RFC 4648).

const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Base64 of `bytes` in `alphabet`, which must hold 64 characters (another length gives nothing).
pub fn encode_base64(bytes: &[u8], alphabet: &[u8], pad: bool) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_usize, |group, i| group << 8 | usize::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..=chunk.len() {
            let digit = group >> (18 - 6 * i) & 63;
            out.extend(alphabet.get(digit).copied().map(char::from));
        }
        if pad {
            out.extend((chunk.len()..3).map(|_| '='));
        }
    }
    out
}

/// The bytes of base64 text in the standard or the URL alphabet, with or without padding; `None`
/// for any other character or a length that base64 never has.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let padded = body.len() != text.len();
    if body.len() % 4 == 1 || (padded && !text.len().is_multiple_of(4)) {
        return None;
    }
    decode_bits(body, 6, |byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    })
}

/// The bytes of lower-case base32 without padding; bits that fill no byte are dropped.
pub fn decode_base32(text: &[u8]) -> Option<Vec<u8>> {
    decode_bits(text, 5, |byte| match byte {
        b'a'..=b'z' => Some(byte - b'a'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    })
}

/// Lower-case base32 without padding.
pub fn encode_base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let group = (0..5).fold(0_u64, |group, i| group << 8 | u64::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..(chunk.len() * 8).div_ceil(5) {
            let digit = usize::try_from(group >> (35 - 5 * i) & 31).unwrap_or(0);
            out.extend(BASE32.get(digit).copied().map(char::from));
        }
    }
    out
}

/// Joins digits of `width` bits into bytes; bits that fill no byte are dropped.
fn decode_bits(text: &[u8], width: u32, digit: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut held, mut count) = (0_u32, 0);
    for &byte in text {
        held = held << width | u32::from(digit(byte)?);
        count += width;
        if count >= 8 {
            count -= 8;
            out.push((held >> count & 0xff).to_le_bytes()[0]);
            held &= (1 << count) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_follows_the_rfc() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode_base64(plain.as_bytes(), BASE64, true), encoded);
            assert_eq!(encode_base64(plain.as_bytes(), BASE64, false), encoded.trim_end_matches('='));
            assert_eq!(decode_base64(encoded.as_bytes()).as_deref(), Some(plain.as_bytes()));
            assert_eq!(decode_base64(encoded.trim_end_matches('=').as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
    }

    #[test]
    fn base64_takes_both_alphabets_and_nothing_else() {
        assert_eq!(decode_base64(b"+/+/"), decode_base64(b"-_-_"));
        for bad in ["A", "AAAAA", "AA A", "AA=A", "A===", "AAA==", "\u{e9}AA"] {
            assert_eq!(decode_base64(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(encode_base64(b"any", b"too short", true), "");
    }

    /// The test vectors of RFC 4648 in lower case, unpadded.
    #[test]
    fn base32_follows_the_rfc() {
        for (plain, encoded) in
            [("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(encode_base32(plain.as_bytes()), encoded);
            assert_eq!(decode_base32(encoded.as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
    }
}
