//! Checksums that issuers build into their credentials, computed offline.
//!
//! [`verify`] says whether a matched text carries a right one, which proves that it is no
//! invention; [`seal`] makes the missing tail of an example token. Both go through the same
//! functions, so that they cannot drift apart.
//!
//! What a template must look like for [`seal`], by kind:
//! - `crc32-base62`: at least 30 characters before `{checksum}`.
//! - `gitlab-routable`: all up to and including the length field.
//! - `azure-hisv2`: 80 characters of base64, the signature last.
//! - `azure-marvin`: all up to and including the 4-character signature (`+ASt`, `AzFu`, ...).
//! - `azure-aad`: 37 characters.
//! - `azure-devops`: 44 characters of lower-case base32. Its checksum bytes stand amid the token,
//!   so the tail is chosen such that the CRC becomes what those bytes already say.
//! - `grafana`: prefix, 32 characters and the underscore.
//! - `confluent`: `cflt` and 54 characters.
//! - `nkey`: the first 54 characters of a seed.

mod azure;
mod crc32;
mod marvin;
mod nkey;

use super::encoding::encode_base64;
use super::syntax::Checksum;
use crc32::crc32;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Does `secret`, the whole token with its prefix, carry the right checksum?
pub fn verify(sum: Checksum, secret: &[u8]) -> bool {
    match sum {
        Checksum::Crc32Base62 => ends_with(secret, 6, crc32_base62),
        Checksum::GitlabRoutable => ends_with(secret, 7, |before| Some(gitlab_routable(before))),
        Checksum::AzureHisv2 => azure::verify_hisv2(secret),
        Checksum::AzureMarvin => azure::verify_marvin(secret),
        Checksum::AzureAad => secret.len() == 40 && ends_with(secret, 3, |before| Some(azure::aad(before))),
        Checksum::AzureDevops => azure::verify_devops(secret),
        Checksum::Grafana => ends_with(secret, 8, grafana),
        Checksum::Confluent => ends_with(secret, 6, confluent),
        Checksum::Nkey => nkey::verify(secret),
    }
}

/// The text that, put behind `token_before`, makes the token valid; empty where `token_before`
/// has not the form described at the top of this file.
pub fn seal(sum: Checksum, token_before: &str) -> String {
    let before = token_before.as_bytes();
    let tail = match sum {
        Checksum::Crc32Base62 => crc32_base62(before),
        Checksum::GitlabRoutable => Some(gitlab_routable(before)),
        Checksum::AzureHisv2 => azure::seal_hisv2(before),
        Checksum::AzureMarvin => azure::seal_marvin(token_before),
        Checksum::AzureAad => Some(azure::aad(before)),
        Checksum::AzureDevops => azure::seal_devops(before),
        Checksum::Grafana => grafana(before),
        Checksum::Confluent => confluent(before),
        Checksum::Nkey => nkey::seal(before),
    };
    tail.unwrap_or_default()
}

fn ends_with(secret: &[u8], length: usize, compute: impl Fn(&[u8]) -> Option<String>) -> bool {
    let Some((before, tail)) = secret.len().checked_sub(length).and_then(|at| secret.split_at_checked(at)) else {
        return false;
    };
    compute(before).is_some_and(|sum| sum.as_bytes() == tail)
}

fn crc32_base62(before: &[u8]) -> Option<String> {
    let covered = before.len().checked_sub(30).and_then(|at| before.get(at..))?;
    Some(digits(crc32(covered), BASE62, 6))
}

fn gitlab_routable(before: &[u8]) -> String {
    digits(crc32(before), BASE36, 7)
}

fn grafana(before: &[u8]) -> Option<String> {
    let covered = before.strip_suffix(b"_")?;
    Some(format!("{:08x}", crc32(covered).swap_bytes()))
}

fn confluent(before: &[u8]) -> Option<String> {
    let covered = before.strip_prefix(b"cflt")?;
    Some(encode_base64(&crc32(covered).to_le_bytes(), BASE64, false))
}

/// `number` in the base of `alphabet`, most significant digit first, at least `width` digits.
fn digits(mut number: u32, alphabet: &[u8], width: usize) -> String {
    let base = u32::try_from(alphabet.len()).unwrap_or(2).max(2);
    let mut reversed = Vec::with_capacity(width);
    while number > 0 || reversed.len() < width {
        let digit = alphabet.get((number % base) as usize).copied().unwrap_or(b'0');
        reversed.push(char::from(digit));
        number /= base;
    }
    reversed.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of a token that lacks its checksum, for each kind.
    fn unsealed() -> Vec<(Checksum, String)> {
        let text =
            |length: usize| BASE62.iter().rev().cycle().take(length).copied().map(char::from).collect::<String>();
        let mut all = vec![
            (Checksum::Crc32Base62, format!("ghp_{}", text(30))),
            (Checksum::GitlabRoutable, format!("glpat-{}.0r", text(27))),
            (Checksum::GitlabRoutable, format!("glpat-{}.01.0r", text(27))),
            (Checksum::AzureHisv2, format!("{}JQQJ99BC{}AAABACOG", text(52), text(12))),
            (Checksum::AzureAad, format!("{}8Q~{}", text(3), text(31))),
            (Checksum::AzureDevops, text(44).to_ascii_lowercase().replace(['0', '1', '8', '9'], "q")),
            (Checksum::Grafana, format!("glsa_{}_", text(32))),
            (Checksum::Confluent, format!("cflt{}", text(54))),
            (Checksum::Nkey, format!("SUAC{}", text(50)).to_ascii_uppercase().replace(['0', '1', '8', '9'], "Q")),
        ];
        for (length, signatures) in [
            (76, &["+ASt", "ACDb", "+ABa", "+AMC", "APIM"][..]),
            (33, &["+ASb", "+AEh", "+ARm", "AIoT", "AzCa", "AZEG"]),
            (44, &["AzFu"]),
            (42, &["AzSe", "+ACR"]),
        ] {
            all.extend(signatures.iter().map(|s| (Checksum::AzureMarvin, format!("{}{s}", text(length)))));
        }
        all
    }

    #[test]
    fn what_is_sealed_verifies_and_any_change_breaks_it() {
        for (sum, before) in unsealed() {
            let token = format!("{before}{}", seal(sum, &before));
            assert!(token.len() > before.len(), "{sum:?} seals {before}");
            assert!(verify(sum, token.as_bytes()), "{sum:?} verifies {token}");
            let mut changed = token.clone().into_bytes();
            let at = before.len() - 12;
            changed[at] = if changed[at] == b'E' { b'F' } else { b'E' };
            assert!(!verify(sum, &changed), "{sum:?} refuses a changed {token}");
        }
    }

    #[test]
    fn sealed_azure_keys_have_the_documented_lengths() {
        let lengths: Vec<usize> = unsealed()
            .iter()
            .filter(|(sum, _)| *sum == Checksum::AzureMarvin)
            .map(|(sum, before)| before.len() + seal(*sum, before).len())
            .collect();
        assert_eq!(lengths, [88, 88, 88, 88, 88, 44, 44, 44, 44, 44, 44, 56, 52, 52]);
    }

    #[test]
    fn nothing_panics_on_odd_input() {
        for (sum, before) in unsealed() {
            let token = format!("{before}{}", seal(sum, &before));
            for end in 0..=token.len() {
                let _ = (seal(sum, &token[..end]), verify(sum, &token.as_bytes()[..end]));
            }
            let _ = (seal(sum, "\u{e9}\u{1f600}"), verify(sum, &[0xff; 90]), verify(sum, b"========"));
        }
    }
}
