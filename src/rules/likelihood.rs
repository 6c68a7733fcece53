//! How likely a value is to be random or chosen as a password, rather than a placeholder, a
//! reference to where the secret really is, prose, or code.

use super::filters::{Dropped, Match, Verdict};
use crate::level::Confidence;

/// Shannon entropy in bits per character.
pub fn entropy(bytes: &[u8]) -> f32 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "values are far shorter than 2^23 bytes where it matters")]
    let total = bytes.len() as f32;
    counts.iter().filter(|&&n| n > 0).fold(0.0, |sum, &n| {
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let share = n as f32 / total;
        sum - share * share.log2()
    })
}

/// Words that stand in dummies and in no random value: seven letters or more, so that chance does
/// not make them (once in 10^9 values of 40 base-62 characters).
const DUMMY_WORDS: [&str; 22] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "yourtoken",
    "your_",
    "your-",
    "yourkey",
    "yoursecret",
    "redacted",
    "notreal",
    "not_real",
    "not-real",
    "dummykey",
    "fakekey",
    "invalid",
    "xxxxxx",
    "deadbeef",
    "abcdefgh",
    "12345678",
    "replaceme",
];

/// Says why a value that should be random is a placeholder.
///
/// Repetition, alternation and runs along the alphabet or the digits over half of the value, and
/// words of dummies.
pub fn placeholder(body: &[u8]) -> Option<Dropped> {
    if body.len() < 4 {
        return None;
    }
    let mut seen = [false; 256];
    body.iter().for_each(|&b| seen[usize::from(b)] = true);
    let distinct = seen.iter().filter(|&&s| s).count();
    if distinct <= 2 || (body.len() >= 16 && distinct <= 4) {
        return Some("a placeholder: the same characters over and over");
    }
    let steps = |step: i16| body.windows(2).filter(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step).count();
    if [0, 1, -1].into_iter().any(|step| steps(step) * 2 > body.len()) {
        return Some("a placeholder: a run of characters");
    }
    let bracketed = body.starts_with(b"<") && body.ends_with(b">");
    if bracketed || body.ends_with(b"...") || body.ends_with(b"***") {
        return Some("a placeholder: cut short or in brackets");
    }
    let lower = body.to_ascii_lowercase();
    let run = |word: &str| ["xxxxxx", "deadbeef", "abcdefgh", "12345678"].contains(&word);
    let dummy = |word: &&str| contains(&lower, word.as_bytes()) && (run(word) || !random_beside(body, &lower, word));
    DUMMY_WORDS.iter().any(dummy).then_some("a placeholder: holds a word that dummies hold")
}

/// Whether what remains of a value without a dummy's word is random by itself: `changeme` before 16
/// random characters hides nothing.
fn random_beside(value: &[u8], lower: &[u8], word: &str) -> bool {
    let Some(at) = lower.windows(word.len()).position(|w| w == word.as_bytes()) else { return false };
    [&value[..at], &value[at + word.len()..]].into_iter().any(|rest| {
        let classes = Classes::of(rest);
        rest.len() >= 12 && classes.digit && classes.count() >= 3 && entropy(rest) >= 3.0
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|w| w == part)
}

/// Ends of key names that say that the value is about a secret and not one.
const HARMLESS_KEYS: [&str; 58] = [
    "name",
    "names",
    "id",
    "ids",
    "url",
    "uri",
    "path",
    "file",
    "filename",
    "type",
    "types",
    "length",
    "len",
    "field",
    "label",
    "hint",
    "policy",
    "regex",
    "pattern",
    "count",
    "limit",
    "expiry",
    "expires",
    "ttl",
    "header",
    "arn",
    "ref",
    "hash",
    "digest",
    "checksum",
    "prefix",
    "suffix",
    "format",
    "class",
    "endpoint",
    "version",
    "algorithm",
    "alg",
    "reset",
    "error",
    "message",
    "msg",
    "title",
    "text",
    "description",
    "placeholder",
    "required",
    "enabled",
    "min",
    "max",
    "size",
    "index",
    "store",
    "provider",
    "env",
    "var",
    "strength",
    "public",
];

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
    if let Some(why) = reference(value).or_else(|| ciphertext(value)).or_else(|| dummy_password(value, found.key)) {
        return Err(why);
    }
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
    if let Some(why) = reference(value).or_else(|| dummy_password(value, None)) {
        return Err(why);
    }
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

fn harmless_key(key: &[u8]) -> bool {
    let last = last_word(key);
    HARMLESS_KEYS.iter().any(|word| last.eq_ignore_ascii_case(word.as_bytes()))
}

/// The last part of `snake_case`, `kebab-case`, `dotted.name` or `camelCase`.
fn last_word(key: &[u8]) -> &[u8] {
    let part = key.rsplit(|b| !b.is_ascii_alphanumeric()).find(|part| !part.is_empty()).unwrap_or(key);
    let upper = part.windows(2).rposition(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    upper.map_or(part, |at| &part[at + 1..])
}

/// Beginnings of references to where a secret really is.
const REFERENCES: [&str; 35] = [
    "$",
    "%",
    "{{",
    "{%",
    "<",
    "&lt;",
    "#{",
    "@{",
    "((",
    "process.env",
    "os.environ",
    "os.getenv",
    "getenv",
    "env.",
    "env(",
    "import.meta",
    "deno.env",
    "system.getenv",
    "secrets.",
    "vault:",
    "vault/",
    "ref+",
    "op://",
    "arn:",
    "projects/",
    "ssm:",
    "gcp-sm:",
    "sm://",
    "akv:",
    "doppler:",
    "keyring:",
    "file:",
    "secret/",
    "bws:",
    "!",
];

fn reference(value: &[u8]) -> Option<Dropped> {
    let lower = value[..value.len().min(24)].to_ascii_lowercase();
    let password_hash = value.starts_with(b"$2") || value.starts_with(b"$argon2") || value.starts_with(b"$6$");
    if password_hash {
        return Some("a password hash");
    }
    if value.first() == Some(&b'%') && value.last() != Some(&b'%') {
        return None;
    }
    // A `$` begins a reference only where a name or a brace follows; `$Tr0ng!pass` is a password.
    if let Some(rest) = value.strip_prefix(b"$") {
        let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'/' | b'#');
        let braced = rest.starts_with(b"{") || rest.starts_with(b"(");
        return (braced || rest.iter().all(name)).then_some("a reference to a variable");
    }
    if value.starts_with(b"!") && !value.contains(&b' ') && !value.starts_with(b"!Ref") && !value.starts_with(b"!Sub") {
        return None;
    }
    let closed = |open: &[u8], close: &[u8]| !value.starts_with(open) || contains(value, close);
    if !closed(b"{{", b"}}") || !closed(b"<", b">") {
        return None;
    }
    let begins = REFERENCES.iter().any(|start| lower.starts_with(start.as_bytes()));
    let inside = [b"${".as_slice(), b"{{", b"$(", b"/run/secrets", b".vault.azure.net", b"secretsmanager"];
    let refers = begins || inside.iter().any(|part| contains(value, part)) || has_slot(value);
    refers.then_some("a reference to a secret store or variable")
}

/// A slot of a template or format string: a name in braces, `{name}`, `{name:…}`, `{0}`.
fn has_slot(value: &[u8]) -> bool {
    let mut rest = value;
    while let Some(open) = rest.iter().position(|&b| b == b'{') {
        rest = &rest[open + 1..];
        let Some(close) = rest.iter().position(|&b| b == b'}') else { return false };
        let name = rest[..close].split(|&b| b == b':').next().unwrap_or_default();
        if name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) && name.len() <= 32 {
            return true;
        }
    }
    false
}

fn ciphertext(value: &[u8]) -> Option<Dropped> {
    let starts = [
        "ENC[",
        "ENC(",
        "{cipher}",
        "$ANSIBLE_VAULT",
        "AQICAH",
        "vault:v1:",
        "pbkdf2",
        "{SSHA",
        "sha256:",
        "sha512-",
        "age1",
    ];
    starts.iter().any(|start| value.starts_with(start.as_bytes())).then_some("encrypted, or a hash")
}

/// Values that people write where a password will stand later.
const DUMMY_PASSWORDS: [&str; 40] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "changeit",
    "changeme",
    "change_me",
    "change-me",
    "example",
    "sample",
    "dummy",
    "fake",
    "foobar",
    "placeholder",
    "your",
    "todo",
    "fixme",
    "redacted",
    "removed",
    "hidden",
    "masked",
    "insert",
    "replace",
    "none",
    "null",
    "undefined",
    "optional",
    "required",
    "string",
    "default",
    "unknown",
    "xxx",
    "***",
    "...",
    "test",
    "mock",
    "lorem",
];

fn dummy_password(value: &[u8], key: Option<&[u8]>) -> Option<Dropped> {
    if let Some(why) = placeholder(value) {
        return Some(why);
    }
    let lower = value.to_ascii_lowercase();
    if key.is_some_and(|key| key.eq_ignore_ascii_case(value)) {
        return Some("the value repeats the key");
    }
    let random_part = Classes::of(value).count() >= 3 && entropy(value) >= 3.6 && value.len() >= 20;
    let dummy = |word: &&str| contains(&lower, word.as_bytes()) && !random_beside(value, &lower, word);
    if !random_part && DUMMY_PASSWORDS.iter().any(dummy) {
        return Some("a placeholder: holds a word that dummies hold");
    }
    let hidden = value.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?' | b'0'));
    hidden.then_some("a placeholder")
}

#[derive(Debug, Clone, Copy)]
struct Classes {
    lower: bool,
    upper: bool,
    digit: bool,
    symbol: bool,
    other: bool,
}

impl Classes {
    fn of(value: &[u8]) -> Self {
        let any = |test: fn(&u8) -> bool| value.iter().any(test);
        Classes {
            lower: any(u8::is_ascii_lowercase),
            upper: any(u8::is_ascii_uppercase),
            digit: any(u8::is_ascii_digit),
            symbol: any(u8::is_ascii_punctuation),
            other: any(u8::is_ascii_control),
        }
    }

    fn count(self) -> usize {
        [self.lower, self.upper, self.digit, self.symbol].into_iter().filter(|&c| c).count()
    }
}

fn looks_like_code(value: &[u8], quoted: bool, classes: &Classes) -> bool {
    let spaces = value.iter().filter(|&&b| b == b' ').count();
    // Prose: words with spaces between them. A pass phrase in quotes is given up here.
    if spaces > 0 && (spaces >= 2 || !classes.digit) {
        return true;
    }
    let identifier = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b':');
    let words = value.iter().all(identifier);
    if words && !classes.digit {
        return true;
    }
    if contains(value, b"[A-Za-z") || contains(value, b"[0-9") || contains(value, b"(?") {
        return true;
    }
    // A path, a URL, a file name, a dotted or dashed name made of words.
    if value.starts_with(b"/") || value.starts_with(b"./") || value.starts_with(b"../") || contains(value, b"://") {
        return true;
    }
    let named = wordy(value) || numeric(value) || constant(value) || !quoted && camel_case(value);
    if words && named || contains(value, b"::") && !quoted {
        return true;
    }
    // Unquoted brackets are calls, indexing or types in a programming language.
    !quoted && value.iter().any(|b| matches!(b, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b';' | b'<' | b'>'))
}

/// A constant's name: `ECC_NIST_P521`, `__X32_SYSCALL_BIT`.
fn constant(value: &[u8]) -> bool {
    let upper = value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let word = value.split(|&b| b == b'_').any(|part| part.len() >= 3 && part.iter().all(u8::is_ascii_uppercase));
    upper && word && value.contains(&b'_')
}

/// A name in camel case, with few digits: `Ec2InstanceMetadata`, `policy/AmazonRoute53FullAccess`.
/// Words have three letters or more (one may be shorter) and a vowel each; random letters do not.
fn camel_case(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let mut words: Vec<Vec<u8>> = vec![Vec::new()];
    let mut before = b' ';
    for &byte in value {
        if !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            words.push(Vec::new());
        }
        if let Some(word) = words.last_mut().filter(|_| byte.is_ascii_alphabetic()) {
            word.push(byte.to_ascii_lowercase());
        }
        before = byte;
    }
    words.retain(|word| !word.is_empty());
    let short = words.iter().filter(|word| word.len() < 3).count();
    let vowels = words.iter().all(|word| word.iter().any(|b| b"aeiouy".contains(b)));
    let letters: usize = words.iter().map(Vec::len).sum();
    let cased = value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    cased && digits <= 3 && words.len() >= 2 && short <= 1 && vowels && letters >= words.len() * 4
}

/// A number as programming languages write it: `0xC000_0380u32`, `-2147024891i32`, `1_000L`.
fn numeric(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let hex = value.strip_prefix(b"0x").filter(|digits| digits.len() <= 24);
    let digits = hex.unwrap_or(value);
    let length = digits
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'_' || hex.is_some() && b.is_ascii_hexdigit())
        .count();
    let suffix = &digits[length..];
    let known: [&[u8]; 13] =
        [b"", b"u", b"U", b"l", b"L", b"ul", b"UL", b"u32", b"i32", b"u64", b"i64", b"usize", b"isize"];
    length > 0 && known.contains(&suffix)
}

/// Names such as `user_password2`, `oauth2-client`, `v1.token`: every part is a lower or upper case
/// word with at most two digits at its end.
fn wordy(value: &[u8]) -> bool {
    let mut parts = value.split(|b| !b.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.all(|part| {
        let letters = part.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let digits = part.len() - letters;
        let one_case = part[..letters].iter().skip(1).all(u8::is_ascii_lowercase)
            || part[..letters].iter().all(u8::is_ascii_uppercase);
        let camel =
            part[..letters].windows(2).filter(|p| p[0].is_ascii_lowercase() && p[1].is_ascii_uppercase()).count();
        letters >= 3
            && digits <= 2
            && part[letters..].iter().all(u8::is_ascii_digit)
            && (one_case || camel <= 2)
            && value.len() > part.len()
            || part.iter().all(u8::is_ascii_digit) && part.len() <= 4
            || letters >= 3 && digits == 0 && one_case
    })
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

    #[test]
    fn placeholders_are_told_from_random_values() {
        assert!(placeholder(b"xxxxxxxxxxxxxxxxxxxx").is_some());
        assert!(placeholder(b"abcdefghijklmnopqrstuvwxyz").is_some());
        assert!(placeholder(b"0123456789012345678901234567890123456789").is_some());
        assert!(placeholder(b"k3J9xQ2mZ8pL5vN7").is_none());
    }
}
