//! How likely a value is to be random or chosen as a password, rather than a placeholder, a
//! reference to where the secret really is, prose, or code.

mod chance;
mod characters;
mod code;
mod doubt;
mod form;
mod key;
mod namesake;
mod place;
mod placeholder;
mod reference;
mod role;
mod strength;
mod weak;

pub use chance::random_bits;
pub use characters::entropy;
pub use place::{AROUND, Place};
pub use placeholder::placeholder;

use characters::Classes;
use code::{camel_case, constant, looks_like_code};
use doubt::{made_up, words_in_base64};
pub use key::{harmless_key, words};
use placeholder::{dummy_password, stands_for_password, stepping};
use reference::{ciphertext, reference};
pub use role::{Role, role};
use strength::{application_password, drawn_short, sentence, strong};
use weak::Weak;

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
    if found.key.is_some_and(namesake::no_pass) {
        return Err("the key speaks of no password");
    }
    if !(6..=512).contains(&value.len()) {
        return Err("too short or too long for a password");
    }
    if let Some(why) = reference(value).or_else(|| ciphertext(value)) {
        return Err(why);
    }
    let logs_in = found.place.is_login_file() && found.key.is_none_or(key::chosen);
    if logs_in && !reads_as_code(found) && !value.contains(&b' ') {
        return in_use(value, verdict);
    }
    // Such a number counts something, or is a year, or somebody's birthday: too little to tell.
    if value.len() < 8 && value.iter().all(u8::is_ascii_digit) {
        return Err("a short number");
    }
    if let Some(why) = form::none(found) {
        return Err(why);
    }
    dummy_password(value, found.key, verdict)?;
    if stepping(value) {
        return Err("a placeholder: made of runs of characters");
    }
    if reads_as_code(found) && random_bits(value) < LIKELY_RANDOM {
        return Err("code or prose");
    }
    if let Some(why) = made_up(found) {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push(why.to_owned());
    }
    let classes = Classes::of(value);
    if classes.other {
        return Err("not printable text");
    }
    if value.starts_with(b",") {
        return Err("code or prose");
    }
    let short = || drawn_short(value) && !uuid(value) && !reads_as_code(found) && !may_be_passed(found);
    let drawn = application_password(value) && found.quoted || short();
    if drawn && found.key.is_none_or(|key| key::chosen(key) || found.quoted && key::secret(key)) {
        return Ok(());
    }
    if looks_like_code(value, found.quoted, &classes) {
        let why = weak::used(found).filter(|_| weak::word(value)).ok_or("code or prose")?;
        return weak::keep(why, verdict);
    }
    // Passwords are words with a few digits; what programs issue is not.
    if let Some(why) = found.key.filter(|key| key::issued(key)).and_then(|key| doubt(key, value)) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push(why.to_owned());
        return Ok(());
    }
    // `errors.New("password: maximum72bytes")` is a text of a program.
    let said = !found.quoted && found.place.is_code() && found.place.is_quoting() && random_bits(value) < 8;
    let said = said && !(found.place.before.ends_with(b"=") && found.place.has_company(value, false).user);
    let said = said && !weak::remarked(found);
    if sentence(value) || said {
        return weak::keep(weak::used(found).unwrap_or(Weak::Doubtful("made of words")), verdict);
    }
    if found.key.is_some_and(key::ends_in_key) && parts_of_name(value) {
        return weak::keep(Weak::Doubtful("such keys often name a thing"), verdict);
    }
    // Roles and objects are named by them: `keyVaultSecretsUser = '…'`.
    let held = |key| key::opens(key) || key::chosen(key) && !key::switch(key);
    if uuid(value) && !found.key.is_some_and(held) {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("a UUID, which is often no secret".to_owned());
        return Ok(());
    }
    if strong(value, found.quoted) {
        return Ok(());
    }
    weak::keep(weak::used(found).unwrap_or(Weak::Doubtful("weak for a password")), verdict)
}

/// What a file of logins holds as a password, however weak, unless it stands for one.
fn in_use(value: &[u8], verdict: &mut Verdict) -> Result<(), Dropped> {
    // `%(password)s`, `@PASSWORD@`, `{PASSWORD}` and `__PASSWORD__` are filled in later.
    let slot = ["%(", "@", "{", "__"].iter().any(|own| value.starts_with(own.as_bytes()));
    if stands_for_password(value) || slot && random_bits(value) < LIKELY_RANDOM {
        return Err("a placeholder");
    }
    verdict.reasons.push("in a file of logins".to_owned());
    Ok(())
}

/// Whether a key says only that something is passed, `renderPass`, or is in packed code, and nobody's name stands
/// near: a few drawn letters are no evidence there.
fn may_be_passed(found: &Match<'_>) -> bool {
    let doubtful =
        found.place.is_packed() || found.key.is_some_and(key::passes) && found.place.kind() != place::Kind::Settings;
    doubtful && !found.place.has_company(found.secret, true).user
}

/// Whether a value without quotes is an expression of the program around it. Terraform's files hold scripts too,
/// in which a word is a value; what they refer to has a dot or a bracket.
fn reads_as_code(found: &Match<'_>) -> bool {
    let name = || found.place.is_terraform() && !found.secret.iter().any(|b| b".([".contains(b));
    !found.quoted && found.place.is_code() && !found.place.is_quoting() && !name()
}

/// Why a value is hardly what the key of a credential that programs issue would hold.
fn doubt(key: &[u8], value: &[u8]) -> Option<&'static str> {
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    match role(key) {
        Role::Handle | Role::Public | Role::Unsaid => Some("such keys often name a thing"),
        Role::Secret | Role::Key if names_a_thing(None, value) => Some("as key ids are written"),
        Role::Secret | Role::Key if value.iter().all(name) && random_bits(value) < 8 => Some("made of words"),
        Role::Secret | Role::Key => None,
    }
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
    let words = value.iter().all(u8::is_ascii_alphabetic) && random_bits(value) < 10;
    let host =
        found.place.after.split(|b| !b.is_ascii_alphanumeric() && !b"@.-".contains(b)).next().unwrap_or_default();
    let named = !host.contains(&b'.') && !host.is_empty();
    let weak = !strong(value, true) || random_bits(value) < LIKELY_RANDOM;
    if value.len() < 6
        || weak && (found.place.made_up() || named)
        || words
        || stepping(value)
        || value.iter().any(|b| matches!(b, b'{' | b'}' | b'(' | b')' | b'<' | b'>' | b'`'))
    {
        verdict.confidence = Confidence::Possible;
    }
    if classes.other || value.len() < 3 {
        return Err("too short, or not printable");
    }
    Ok(())
}

/// A password on a command line: whatever stands there is one, unless it stands for one.
///
/// # Errors
/// Why the value is no finding.
pub fn command_password(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    if found.place.is_login_file() && reference(found.secret).is_none() {
        return in_use(found.secret, verdict);
    }
    if let Some(why) = reference(found.secret).or_else(|| form::none(found)) {
        return Err(why);
    }
    dummy_password(found.secret, None, verdict)?;
    if found.secret.iter().any(|b| matches!(b, b'|' | b'(' | b')')) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("holds what ends a command".to_owned());
    }
    if Classes::of(found.secret).other {
        return Err("not printable text");
    }
    if found.place.made_up() && !strong(found.secret, found.quoted) {
        verdict.confidence = verdict.confidence.min(Confidence::Possible);
        verdict.reasons.push("weak, in a test or an example".to_owned());
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

/// A value that nothing but the name of its key explains, and that should be random characters: a token
/// or key without a form of its own.
///
/// # Errors
/// Why it is none.
pub fn issued(found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    let value = found.secret;
    if found.key.is_some_and(harmless_key) && surely_random(value) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("such keys often speak about a secret".to_owned());
        return Ok(());
    }
    let letters_only = value.iter().all(u8::is_ascii_alphabetic) && random_bits(value) >= SURELY_RANDOM;
    if !letters_only {
        random(found, verdict)?;
    }
    if let Some(why) = reference(value).or_else(|| ciphertext(value)) {
        return Err(why);
    }
    let role = found.key.map_or(Role::Secret, role);
    if role == Role::Public {
        return Err("a public key");
    }
    if value.len() == 42 && value.starts_with(b"0x") && value[2..].iter().all(u8::is_ascii_hexdigit) {
        return Err("an address of a blockchain");
    }
    // EOSIO's public keys are no longer than that, and begin so.
    if value.len() == 53 && value.starts_with(b"EOS") {
        return Err("a public key");
    }
    if let Some(why) = form::none(found) {
        return Err(why);
    }
    if path(value) {
        return Err("a path");
    }
    if reads_as_code(found) && value.iter().any(|b| b":.!".contains(b)) {
        return Err("code or prose");
    }
    let bits = random_bits(value);
    if let Some(why) = made_up(found) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push(why.to_owned());
    } else if stepping(value) && matches!(role, Role::Secret | Role::Key) {
        // People choose such values, for services of their own too.
        verdict.reasons.push("made of short runs, but long enough to be in use".to_owned());
    } else if uuid(value) && !found.key.is_some_and(key::opens) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("a UUID, which is often no secret".to_owned());
    } else if (role == Role::Key || openpgp(value)) && names_a_thing(found.key, value) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("hex, as names of keys and of what they find are".to_owned());
    } else if bits < LIKELY_RANDOM + i32::try_from(value.len().min(64)).unwrap_or(64) / 4 {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("may be made of words".to_owned());
    } else if words_in_base64(value) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("words in base64".to_owned());
    } else if matches!(role, Role::Handle | Role::Unsaid) || value.len() < 16 && !short_token(found, role, bits) {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("such keys often name a thing".to_owned());
    }
    Ok(())
}

/// Whether fewer than 16 characters are enough for a token: drawn beyond doubt, in one piece, under a key that
/// says that it opens something.
fn short_token(found: &Match<'_>, role: Role, bits: i32) -> bool {
    let joined = found.secret.iter().any(|b| matches!(b, b'-' | b'.' | b':'));
    role == Role::Secret && !joined && bits > SURELY_SHORT
}

/// Evidence for chance, in bits, that a token of fewer than 16 characters needs.
const SURELY_SHORT: i32 = 28;

/// Whether a value looks drawn at random even where nothing but a word before it speaks for it: no
/// placeholder, digits among letters, and evidence of 28 bits and a quarter more for each character.
pub fn surely_random(value: &[u8]) -> bool {
    let least = 28 + i32::try_from(value.len().min(64)).unwrap_or(64) / 4;
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    mixed && random_bits(value) >= least && placeholder(value).is_none()
}

/// Whether hex under a key is rather what the key is called by: anything under `key` alone, and the capitals
/// of OpenPGP's key ids and fingerprints (RFC 9580).
fn names_a_thing(key: Option<&[u8]>, value: &[u8]) -> bool {
    let hex = value.strip_prefix(b"0x").unwrap_or(value).iter().all(u8::is_ascii_hexdigit);
    hex && (openpgp(value) || key.is_some_and(key::bare))
}

/// Whether hex has the length and the capitals of OpenPGP's key ids and fingerprints.
fn openpgp(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"0x").unwrap_or(value);
    [16, 40].contains(&value.len())
        && value.iter().all(u8::is_ascii_hexdigit)
        && !value.iter().any(u8::is_ascii_lowercase)
}

/// Whether a value is a path to a file: slashes, and an ending of a file.
fn path(value: &[u8]) -> bool {
    let name = value.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let ending = name.iter().rposition(|&b| b == b'.').map_or(&b""[..], |dot| &name[dot + 1..]);
    name.len() < value.len() && (2..=5).contains(&ending.len()) && ending.iter().all(u8::is_ascii_lowercase)
}

/// Whether a value is small words and numbers in three parts or more, `pwreset.attempts.60min`.
fn parts_of_name(value: &[u8]) -> bool {
    let small = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    let parts = value.split(|b| matches!(b, b'.' | b'_' | b'-')).filter(|part| part.len() >= 4);
    let words = parts.filter(|part| part.iter().all(u8::is_ascii_lowercase)).count();
    value.iter().all(small) && words >= 2 && random_bits(value) < LIKELY_RANDOM
}

/// Whether a value has the form of a UUID (RFC 9562), which names things more often than it opens them.
fn uuid(value: &[u8]) -> bool {
    let parts =
        value.split(|&b| b == b'-').map(|part| part.len() * usize::from(part.iter().all(u8::is_ascii_hexdigit)));
    parts.eq([8, 4, 4, 4, 12])
}

/// Evidence for chance, in bits, from which on a value is taken for a drawn one, with a quarter more for
/// each character: what drawn values and names have is told in docs/decisions.md and held by a test of
/// src/rules/likelihood/chance.rs.
const LIKELY_RANDOM: i32 = 18;

/// The same for values of letters only.
const SURELY_RANDOM: i32 = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Severity;

    fn verdict(key: &str, value: &str, quoted: bool) -> Result<Confidence, Dropped> {
        let mut verdict = Verdict { confidence: Confidence::Likely, severity: Severity::High, reasons: Vec::new() };
        let found = Match {
            secret: value.as_bytes(),
            whole: value.as_bytes(),
            key: Some(key.as_bytes()),
            quoted,
            free: true,
            place: Place::default(),
        };
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
    fn a_few_drawn_letters_are_told_from_words() {
        for parts in [["xkqz", "wbfp"], ["hq7", "2vx"], ["zvkr", "5821"], ["Wqzb", "xkrt"]] {
            let value = parts.concat();
            assert_eq!(verdict("db_password", &value, true), Ok(Confidence::Likely), "{value}");
        }
        for word in ["traefik", "zookeeper", "moonlight", "GSSAPI", "booleanType", "johndoe", "kerberos5"] {
            assert_ne!(verdict("password", word, true), Ok(Confidence::Likely), "{word}");
        }
        let chosen = ["Garnet_", "harbour34"].concat();
        assert_eq!(verdict("password", &chosen, true), Ok(Confidence::Likely), "{chosen}");
        assert!(verdict("title", &chosen, true).is_err());
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
