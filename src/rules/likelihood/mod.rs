//! How likely a value is to be random or chosen as a password, rather than a placeholder, a
//! reference to where the secret really is, prose, or code.

mod characters;
mod code;
mod key;
mod placeholder;
mod reference;

pub use characters::entropy;
pub use placeholder::placeholder;

use characters::Classes;
use code::{camel_case, constant, looks_like_code};
use key::harmless_key;
use placeholder::dummy_password;
use reference::{ciphertext, reference};

use super::filters::{Dropped, Match, Verdict};
use crate::level::Confidence;

/// The value of `keyword = value`: whether it looks like a password or token, or like code, prose,
/// a reference or a placeholder. Lowers the confidence where it is not sure.
///
/// # Errors
/// Why the value is no finding.
pub fn password(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let value = found.secret;
    if found.key.is_some_and(harmless_key) {
        return Err("the key speaks about a secret, its value is none");
    }
    if !(6..=512).contains(&value.len()) {
        return Err("too short or too long for a password");
    }
    if let Some(why) = reference(value).or_else(|| ciphertext(value)) {
        return Err(why);
    }
    dummy_password(value, found.key, verdict)?;
    let classes = Classes::of(value);
    if classes.other {
        return Err("not printable text");
    }
    if looks_like_code(value, found.quoted, &classes) {
        return Err("code or prose");
    }
    let mixed = classes.count();
    let strong = value.len() >= 8 && (mixed >= 3 || (mixed == 2 && classes.digit && entropy(value) >= 3.0));
    let random = value.len() >= 16 && classes.digit && entropy(value) >= 3.3;
    if !(strong || random) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("weak for a password".to_owned());
    }
    Ok(())
}

/// A password inside a URL: like [`password`], but short ones and weak ones count too, since the
/// place says what it is.
///
/// # Errors
/// Why the value is no finding.
pub fn url_value(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let value = found.secret;
    if let Some(why) = reference(value) {
        return Err(why);
    }
    dummy_password(value, None, verdict)?;
    let classes = Classes::of(value);
    let words = value.iter().all(u8::is_ascii_alphabetic);
    if value.len() < 6 || words || value.iter().any(|b| matches!(b, b'{' | b'}' | b'(' | b')' | b'<' | b'>' | b'`')) {
        verdict.confidence = Confidence::Possible;
    }
    if classes.other || value.len() < 3 {
        return Err("too short, or not printable");
    }
    Ok(())
}

/// A value that should be random characters (a hex or base-64 key without a prefix).
///
/// # Errors
/// Why it is none.
pub fn random(found: &Match<'_>, _verdict: &mut Verdict) -> Result<(), Dropped> {
    let value = found.secret;
    if found.key.is_some_and(harmless_key) {
        return Err("the key speaks about a secret, its value is none");
    }
    let classes = Classes::of(value);
    if classes.count() < 2 || !classes.digit {
        return Err("letters only, or digits only");
    }
    if camel_case(value) || constant(value) {
        return Err("a name, not random characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Severity;

    fn verdict(key: &str, value: &str, quoted: bool) -> Result<Confidence, Dropped> {
        let mut verdict = Verdict { confidence: Confidence::Likely, severity: Severity::High, reasons: Vec::new() };
        let found =
            Match { secret: value.as_bytes(), whole: value.as_bytes(), key: Some(key.as_bytes()), quoted, free: true };
        password(&found, &mut verdict).map(|()| verdict.confidence)
    }

    #[test]
    fn what_is_no_password_is_dropped() {
        let cases = [
            ("password", "${DB_PASSWORD}"),
            ("password", "$DB_PASSWORD"),
            ("password", "process.env.PW1"),
            ("password", "{{ vault_pw }}"),
            ("password", "changeme123"),
            ("password", "xxxxxxxx"),
            ("token", "<YOUR_TOKEN>"),
            ("password", "************"),
            ("token_url", "a8Fk3!kd93kd"),
            ("secretName", "db-secret-v2x9"),
            ("password", "ENC[AES256_GCM,data:abc1]"),
            ("password", "Enter your password"),
            ("password", "op://vault/item/field1"),
            ("STATUS_PASSWORD", "0xC000006Eu32"),
            ("credential", "-2147023544i32"),
            ("masterKey", "ECC_NIST_P521"),
            ("secret", "__X32_SYSCALL_BIT"),
            ("token", "parser.next_token"),
            ("password", "/run/secrets/db1"),
        ];
        for (key, value) in cases {
            assert!(verdict(key, value, true).is_err(), "{key} = {value}");
        }
        let around = ["Test@1234", "Password123!", "secret_2024", "MyTestPassword1!", "test-user#2024", "your.Token-4"];
        for value in around.into_iter().chain(["AGE-SECRET-KEY-PQ-1", "test_v2_pq_x86", "9f_TOKEN_b2_c7"]) {
            assert!(verdict("password", value, true).is_err(), "{value}");
        }
    }

    #[test]
    fn a_dummy_word_inside_a_password_makes_it_possible() {
        for parts in [
            ["Te", "st9!kQ2z#"],
            ["k9!sec", "retQ4z"],
            ["Zq7$", "mock_Lw3"],
            ["9x!To", "ken#Qz7w"],
            ["Qz7w-te", "st_Kp2m"],
        ] {
            let value = parts.concat();
            assert_eq!(verdict("db_password", &value, true), Ok(Confidence::Possible), "{value}");
        }
    }

    #[test]
    fn what_looks_like_a_password_is_kept() {
        // Made of parts, so that no scanner takes this file for a leak.
        let values = [["Tr0ub4", "dor&3x"].concat(), ["k9F!", "2mQz7_pL"].concat(), ["$Tr0", "ng!pass9Z"].concat()];
        for value in values {
            assert_eq!(verdict("db_password", &value, true), Ok(Confidence::Likely), "{value}");
        }
        assert_eq!(verdict("password", &["hunter", "42"].concat(), true), Ok(Confidence::Likely));
    }
}
