//! Values that say where the secret is instead of being it: variables, slots of templates, names in
//! secret stores; and those that hide it: ciphertext and hashes.

use super::Dropped;
use super::characters::contains;

/// Beginnings of references to where a secret really is.
const REFERENCES: [&str; 37] = [
    "ref+",
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
    "env:",
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

pub(super) fn reference(value: &[u8]) -> Option<Dropped> {
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
        let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'/' | b'#' | b'$');
        let braced = rest.starts_with(b"{") || rest.starts_with(b"(");
        // Perl's `$ENV{PWD}/lib`, and folders below a variable's.
        let capitals = rest.iter().take_while(|b| b.is_ascii_uppercase() || **b == b'_').count();
        let braced = braced || capitals >= 3 && matches!(rest.get(capitals), Some(b'/' | b'{'));
        return (braced || rest.iter().all(name)).then_some("a reference to a variable");
    }
    let tag =
        ["!vault", "!secret", "!env", "!sub", "!ref", "!getatt", "!join", "!importvalue", "!findinmap", "!reference"];
    if tag.iter().any(|tag| {
        lower.strip_prefix(tag.as_bytes()).is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    }) {
        return Some("a reference to a secret store or variable");
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

/// Beginnings of public keys in base64: SubjectPublicKeyInfo (RFC 5280) of the usual algorithms and
/// sizes, where a private key has its version first, and the blobs of SSH (RFC 4253).
const PUBLIC_KEYS: [&str; 12] = [
    "MFkwEwYH",
    "MHYwEAYH",
    "MIGbMBAG",
    "MCowBQYD",
    "MIGfMA0G",
    "MIIBIjAN",
    "MIIBojAN",
    "MIICIjAN",
    "AAAAB3NzaC1",
    "AAAAC3NzaC1",
    "AAAAE2VjZHNh",
    "SHA256:",
];

pub(super) fn ciphertext(value: &[u8]) -> Option<Dropped> {
    let starts = [
        "ENC[",
        "ENC(",
        "{cipher}",
        "![",
        "DES(",
        "OBF:",
        "$ANSIBLE_VAULT",
        "AQICAH",
        "wcFMA",
        "hQEMA",
        "hQIMA",
        "hF4D",
        "jA0E",
        "vault:v1:",
        "pbkdf2",
        "{SSHA",
        "sha256:",
        "sha512-",
        "sha384-",
        "sha256-",
        "sha1-",
        "sha512:",
        "sha384:",
        "sha1:",
        "age1",
    ];
    // What kubeseal makes: a length of 512 first, then the wrapped key.
    let sealed = value.len() >= 300 && value.starts_with(b"Ag") && matches!(value[2], b'A'..=b'D');
    if sealed {
        return Some("encrypted, or a hash");
    }
    if PUBLIC_KEYS.iter().any(|start| value.starts_with(start.as_bytes())) {
        return Some("a public key");
    }
    starts.iter().any(|start| value.starts_with(start.as_bytes())).then_some("encrypted, or a hash")
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
