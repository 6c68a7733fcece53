//! Example templates: secret-shaped text made at run time, so that none stands in the repository.
//!
//! A template is text with parts in braces: `{base62:30}` is 30 characters of that alphabet, drawn
//! from a generator that is seeded by the caller (the same seed gives the same text everywhere).
//! The parts are listed in `docs/rule-syntax.md` and in [`expand`].

use anyhow::{Context, Result, bail};

use super::checksum;
use super::encoding::encode_base64;
use super::syntax::Checksum;

/// A small deterministic generator (SplitMix64, public domain reference by Sebastiano Vigna).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose sequence depends only on `seed`.
    pub fn new(seed: &str) -> Self {
        // FNV-1a, 64 bit: any spread-out start value will do.
        let hash =
            seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        Random(hash)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick(&mut self, alphabet: &[u8]) -> char {
        let index = self.draw() % alphabet.len() as u64;
        char::from(alphabet[usize::try_from(index).expect("below the alphabet's length")])
    }
}

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGIT: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const HEX_UPPER: &[u8] = b"0123456789ABCDEF";
const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE36_UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE32_LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PASSWORD: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789!%*+-.:?^_~";

/// Expands a template.
///
/// Parts: `{lower:N}`, `{upper:N}`, `{digit:N}`, `{hex:N}`, `{HEX:N}`, `{base36:N}`, `{BASE36:N}`,
/// `{base32:N}` (upper case), `{base32lower:N}`, `{base58:N}`, `{base62:N}`, `{base64:N}`,
/// `{base64url:N}`, `{password:N}` (no quote, space, `$`, `@`, `/`, `#`, `&` or comma), `{uuid}`,
/// `{repeat:TEXT:N}`, `{base64of:TEXT}` and `{base64urlof:TEXT}` (TEXT may hold no brace),
/// `{pem:N}` (lines of 64 base64 characters, `\n` between them, that begin as DER does, N bytes),
/// `{json64:A,B:N}` (base64 of a JSON object with members A and B of N random characters each),
/// `{base64pem:N}` (base64 of a private key of N bytes in armour), `{jwt}` (a signed token with subject), `{checksum}` (the rule's checksum over what stands before it in the same token), `{nl}` a line
/// feed, `{lb}` and `{rb}` braces.
///
/// # Errors
/// Names the part that is unknown or malformed.
pub fn expand(template: &str, seed: &str, sum: Option<Checksum>) -> Result<String> {
    let mut random = Random::new(seed);
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let close = rest[open..].find('}').context("a `{` without `}` in a template")? + open;
        expand_part(&rest[open + 1..close], &mut out, &mut random, sum)?;
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn expand_part(part: &str, out: &mut String, random: &mut Random, sum: Option<Checksum>) -> Result<()> {
    let (name, argument) = part.split_once(':').unwrap_or((part, ""));
    let alphabet = match name {
        "lower" => LOWER,
        "upper" => UPPER,
        "digit" => DIGIT,
        "hex" => HEX,
        "HEX" => HEX_UPPER,
        "base36" => BASE36,
        "BASE36" => BASE36_UPPER,
        "base32" => BASE32,
        "base32lower" => BASE32_LOWER,
        "base58" => BASE58,
        "base62" => BASE62,
        "base64" => BASE64,
        "base64url" => BASE64URL,
        "password" => PASSWORD,
        _ => return expand_special(name, argument, part, out, random, sum),
    };
    let count: usize = argument.parse().with_context(|| format!("`{{{part}}}` needs a number of characters"))?;
    out.extend((0..count).map(|_| random.pick(alphabet)));
    Ok(())
}

fn expand_special(
    name: &str,
    argument: &str,
    part: &str,
    out: &mut String,
    random: &mut Random,
    sum: Option<Checksum>,
) -> Result<()> {
    match name {
        "nl" => out.push('\n'),
        "lb" => out.push('{'),
        "rb" => out.push('}'),
        "uuid" => {
            for (i, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
                if i > 0 {
                    out.push('-');
                }
                // Version 4, variant 1 (RFC 9562).
                let fixed = ["", "", "4", "a", ""][i];
                out.push_str(fixed);
                out.extend((0..length - fixed.len()).map(|_| random.pick(HEX)));
            }
        }
        "repeat" => {
            let (text, count) = argument.rsplit_once(':').with_context(|| format!("`{{{part}}}` needs TEXT:N"))?;
            let count: usize = count.parse().with_context(|| format!("`{{{part}}}` needs a number"))?;
            out.push_str(&text.repeat(count));
        }
        "base64of" => out.push_str(&encode_base64(argument.as_bytes(), BASE64, true)),
        "base64urlof" => out.push_str(&encode_base64(argument.as_bytes(), BASE64URL, false)),
        "jwt" => {
            let subject = random.draw();
            for part in [r#"{"alg":"HS256","typ":"JWT"}"#, &format!(r#"{{"sub":"u{subject}","iat":1767225600}}"#)] {
                out.push_str(&encode_base64(part.as_bytes(), BASE64URL, false));
                out.push('.');
            }
            out.extend((0..43).map(|_| random.pick(BASE64URL)));
        }
        "pem" => {
            let count: usize = argument.parse().with_context(|| format!("`{{{part}}}` needs a number of bytes"))?;
            // DER: SEQUENCE with a two-byte length, as every key of more than 255 bytes begins.
            let [high, low] =
                u16::try_from(count.saturating_sub(4)).context("a PEM that long is no key")?.to_be_bytes();
            let mut bytes = vec![0x30, 0x82, high, low];
            bytes.extend((4..count).map(|_| random.draw().to_le_bytes()[0]));
            let text = encode_base64(&bytes, BASE64, true);
            for (i, character) in text.chars().enumerate() {
                if i > 0 && i % 64 == 0 {
                    out.push('\n');
                }
                out.push(character);
            }
        }
        "json64" => {
            let (names, count) = argument.rsplit_once(':').with_context(|| format!("`{{{part}}}` needs NAMES:N"))?;
            let count: usize = count.parse().with_context(|| format!("`{{{part}}}` needs a number"))?;
            let mut member = |name| {
                let value: String = (0..count).map(|_| random.pick(BASE62)).collect();
                format!("\"{name}\":\"{value}\"")
            };
            let members: Vec<String> = names.split(',').map(&mut member).collect();
            out.push_str(&encode_base64(format!("{{{}}}", members.join(",")).as_bytes(), BASE64, true));
        }
        "base64pem" => {
            let mut key = String::new();
            expand_special("pem", argument, part, &mut key, random, sum)?;
            let bounds = ["BEGIN", "END"].map(|word| format!("-----{word} PRIVATE KEY-----\n"));
            let file = format!("{}{key}\n{}", bounds[0], bounds[1]);
            out.push_str(&encode_base64(file.as_bytes(), BASE64, true));
        }
        "checksum" => {
            let sum = sum.context("`{checksum}` in a rule without `checksum`")?;
            let start = out.rfind(|c: char| c.is_whitespace() || "\"'=`<>(),;".contains(c)).map_or(0, |i| i + 1);
            let seal = checksum::seal(sum, &out[start..]);
            out.push_str(&seal);
        }
        _ => bail!("unknown template part `{{{part}}}`"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let once = expand("x{base62:8}-{hex:4}", "seed", None).expect("a valid template");
        assert_eq!(once, expand("x{base62:8}-{hex:4}", "seed", None).expect("a valid template"));
        assert_ne!(once, expand("x{base62:8}-{hex:4}", "other", None).expect("a valid template"));
        assert_eq!(once.len(), 14);
    }

    #[test]
    fn an_unknown_part_is_named() {
        let error = expand("{base99:3}", "s", None).expect_err("there is no base99").to_string();
        assert!(error.contains("{base99:3}"), "{error}");
    }
}
