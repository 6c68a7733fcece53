//! Fingerprints: which secret, at which path, found by which rule; independent of the line.
//!
//! Two forms of the same identity:
//!
//! - the *id* ([`id`]), 8 characters that a person types and that a `Leakwarden-Allow:` trailer names;
//! - the *fingerprint* ([`fingerprint`]), 80 bits bound to one repository, for its exceptions file.
//!
//! Neither helps to guess a secret. A value that an issuer drew at random, with at least
//! [`RANDOM_BITS`] bits by a cautious measure, goes into the hash whole: its own randomness protects
//! it. Of every other value, which a person may have chosen, only a tag of 16 bits goes in: whoever
//! breaks the hash learns those 16 bits and no more. The tag does not depend on rule, path or
//! repository, so that a password at many places still gives away 16 bits altogether. Of the key's name a
//! tag goes in as well: what looks like a key may be another secret.
//! `docs/fingerprints.md` has the threat model and the numbers.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::finding::Finding;

/// Bits that an issuer's value must have, measured by [`random_bits`], to go into the hash whole. The
/// measure may be too high for values that are not uniform; 64 are needed, so 16 are kept in reserve.
pub const RANDOM_BITS: u32 = 80;

/// Crockford's base 32: no letter that is mistaken for a digit.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of an [`id`]: 40 bits.
pub const ID_LENGTH: usize = 8;

/// The least number of characters by which an id may be abbreviated, as in git.
pub const SHORTEST: usize = 4;

/// The name by which people speak of a finding: the same in every clone, and in every repository.
pub fn id(finding: &Finding) -> String {
    keyed(b"leakwarden id v1", finding, ID_LENGTH).1
}

/// The fingerprint of a finding in the repository that has this id: `s1:` (the value itself is in
/// the hash) or `w1:` (a tag of it is), and 16 characters of base 32.
pub fn fingerprint(finding: &Finding, repo_id: &str) -> String {
    let (scheme, text) = keyed(format!("leakwarden fingerprint v1 {repo_id}").as_bytes(), finding, 16);
    format!("{scheme}:{text}")
}

/// The name of a credential outside its repository, in the ledger and in reports: 80 bits keyed by
/// this machine's own key, so that nobody without the key can try values. The same value has the same
/// name in every file and repository of one rule.
pub fn pseudonym(finding: &Finding, key: &[u8; 32]) -> String {
    // The value is hashed under a secret key; it is not kept.
    pseudonym_of(&finding.rule, finding.secret.expose(), key)
}

/// The same for a value that may be one: tells whether a text repeats a credential of which only the
/// pseudonym is known.
pub fn pseudonym_of(rule: &str, value: &[u8], key: &[u8; 32]) -> String {
    let fields: [&[u8]; 3] = [b"leakwarden pseudonym v1", rule.as_bytes(), value];
    base32(&hash(key, &fields), 16)
}

fn keyed(key: &[u8], finding: &Finding, length: usize) -> (&'static str, String) {
    // The value is hashed, or the tag of it; it is not kept.
    let value = finding.secret.expose();
    let random = finding.issued.and_then(|fixed| value.get(fixed..)).map_or(0, random_bits);
    let tag = tag(value).to_be_bytes();
    let (scheme, proof): (_, &[u8]) = if random >= RANDOM_BITS { ("s1", value) } else { ("w1", &tag) };
    let at = &finding.location;
    let key_tag = finding.key_tag.filter(|_| scheme == "w1").map(u16::to_be_bytes);
    let key_tag: &[u8] = key_tag.as_ref().map_or(&[], |tag| tag);
    let fields: [&[u8]; 6] =
        [scheme.as_bytes(), finding.rule.as_bytes(), &at.path, at.part.name().as_bytes(), key_tag, proof];
    (scheme, base32(&hash(key, &fields), length))
}

/// 16 bits of a value, the same everywhere.
pub fn tag(value: &[u8]) -> u16 {
    let digest = hash(b"leakwarden tag v1", &[value]);
    u16::from_be_bytes([digest[0], digest[1]])
}

fn hash(key: &[u8], fields: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for field in fields {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    mac.finalize().into_bytes().into()
}

/// Bytes as base 32, `length` characters of it.
pub fn base32(bytes: &[u8], length: usize) -> String {
    let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| byte >> (7 - n % 8) & 1);
    let character = |n: usize| (0..5).fold(0, |value, k| value << 1 | usize::from(bit(n * 5 + k)));
    (0..length).map(|n| char::from(ALPHABET[character(n)])).collect()
}

/// A cautious measure of the bits in a random text: its length times the Shannon entropy of its own
/// characters, which repeated or few characters lower.
pub fn random_bits(text: &[u8]) -> u32 {
    let mut counts = [0_u32; 256];
    text.iter().for_each(|&b| counts[usize::from(b)] += 1);
    let total = text.len() as f64;
    let bits: f64 = counts.iter().filter(|&&n| n > 0).map(|&n| f64::from(n) * (total / f64::from(n)).log2()).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8 bits a byte")]
    let bits = bits as u32;
    bits
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::finding::{Location, Part, Secret};
    use crate::level::{Confidence, Severity};

    fn finding(value: &str, path: &str, issued: Option<usize>) -> Finding {
        Finding {
            rule: "a-rule".to_owned(),
            provider: "A".to_owned(),
            name: "key".to_owned(),
            severity: Severity::High,
            confidence: Confidence::Likely,
            location: Location {
                path: path.as_bytes().to_vec(),
                part: Part::Content,
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 2,
            },
            span: 0..value.len(),
            secret: Secret::new(value),
            redacted: String::new(),
            reasons: Vec::new(),
            rotate: None,
            key_tag: Some(7),
            issued,
            marker: None,
            pair: None,
        }
    }

    #[test]
    fn a_fingerprint_speaks_of_one_secret_one_path_and_one_repository() {
        let value = "k".to_owned() + &"a8Kq3Zx9Wv5Tn1Lm7Pd2".repeat(2);
        let all = [
            fingerprint(&finding(&value, "a", Some(0)), "one"),
            fingerprint(&finding(&value, "b", Some(0)), "one"),
            fingerprint(&finding(&value, "a", Some(0)), "two"),
            fingerprint(&finding(&(value.clone() + "x"), "a", Some(0)), "one"),
            fingerprint(&finding(&value, "a", None), "one"),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        let mut moved = finding(&value, "a", Some(0));
        moved.location.line = 77;
        assert_eq!(fingerprint(&moved, "one"), all[0]);
        assert!(all[0].starts_with("s1:") && all[0].len() == 19 && all[4].starts_with("w1:"));
    }

    #[test]
    fn of_a_value_that_a_person_may_have_chosen_sixteen_bits_are_kept() {
        // With 65,536 tags there are at most so many ids for all passwords at one place.
        let ids: HashSet<String> = (0..300_000).map(|n| id(&finding(&format!("hunter{n}"), "a", None))).collect();
        assert!(ids.len() <= 1 << 16 && ids.len() > 60_000, "{}", ids.len());
    }

    #[test]
    fn the_measure_of_randomness_is_cautious() {
        assert_eq!(random_bits(b""), 0);
        assert_eq!(random_bits(&[b'a'; 100]), 0);
        assert!(random_bits(b"correct-horse-battery") < RANDOM_BITS);
        assert!(random_bits(b"0123456789abcdef0123456789abcdef") >= RANDOM_BITS);
    }

    #[test]
    fn base32_is_crockfords() {
        assert_eq!(base32(&[0xff, 0x00, 0x00, 0x00, 0x01], 8), "zw000001");
    }
}
