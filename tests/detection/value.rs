//! The values that are put into the cases, made at run time: no secret-shaped text stands in the
//! repository. A kind that is not listed here is a part of leakwarden's own templates
//! (`docs/rule-syntax.md`): `base62:32`, `hex:40`, `uuid`. `=TEXT` is the text itself.

use leakwarden::rules::template::{Random, expand};

/// Unprefixed tokens as issuers draw them: alphabets with their usual lengths.
const TOKEN: &[&str] =
    &["base62:32", "hex:32", "base64url:43", "base36:24", "hex:40", "base62:20", "base64:40", "base62:48", "hex:64"];

/// Passwords that people, or their generators, make with care.
const PASSWORD: &[&str] = &["strong", "leet", "password:16", "base62:14", "strong", "password:20"];

/// Sayings of a reference in the place of a value.
const REFERENCE: &[&str] = &[
    "${DB_PASSWORD}",
    "$SERVICE_TOKEN",
    "{{ vault_db_password }}",
    "${{ secrets.DEPLOY_TOKEN }}",
    "%DB_PASSWORD%",
    "$(DbPassword)",
    "((db-password))",
    "vault:secret/data/billing#password",
    "op://Infra/billing-db/password",
    "arn:aws:secretsmanager:eu-west-1:210987654321:secret:billing/db-AbCdEf",
    "ref+vault://secret/billing/db#/password",
    "@Microsoft.KeyVault(SecretUri=https://billing.vault.azure.net/secrets/db/)",
    "projects/billing-prod/secrets/db-password/versions/latest",
    "{{resolve:secretsmanager:billing/db:SecretString:password}}",
    "/run/secrets/db_password",
    "${DB_PASSWORD:?must be set}",
    "<%= ENV['DB_PASSWORD'] %>",
    "#{dbPassword}",
    "%env.DB_PASSWORD%",
    "ssm:/billing/prod/db_password",
    "keyring:billing/db",
    "file:/etc/billing/db-password",
    "{{ .Values.db.password }}",
];

/// What stands in the place of a value until somebody writes one.
const PLACEHOLDER: &[&str] = &[
    "changeme",
    "change-me-please",
    "your_password_here",
    "YOUR_API_KEY_HERE",
    "<your-token>",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "****************",
    "REPLACE_ME",
    "TODO",
    "[REDACTED]",
    "__API_TOKEN__",
    "@DB_PASSWORD@",
    "...",
    "not-a-real-token",
    "insert-your-key-here",
    "none",
    "null",
    "0000000000000000",
    "dummy-access-token",
    "my-secret-token-value",
    "example-password",
    "put_the_real_password_here",
    "abcdefghijklmnopqrstuvwxyz123456",
    "1234567890abcdef1234567890abcdef",
    "fake-api-key-for-tests",
    "secret",
    "password",
    "",
];

/// Ciphertext, of which the key is elsewhere.
const CIPHER: &[&str] = &[
    "ENC[AES256_GCM,data:{base64:24},iv:{base64:43}=,tag:{base64:22}==,type:str]",
    "ENC({base64:43}=)",
    "{lb}cipher{rb}{hex:96}",
    "vault:v1:{base64:63}=",
    "AQICAHh{base64:157}==",
    "ENC[PKCS7,MIIBe{base64:371}==]",
    "AgB{base64:337}==",
];

/// Ids and digests.
const DIGEST: &[&str] =
    &["hex:40", "hex:64", "sha256:{hex:64}", "sha512-{base64:86}==", "uuid", "hex:32", "h1:{base64:43}=", "hex:24"];

const WORDS: &[&str] = &[
    "kestrel", "mango", "tundra", "velvet", "harbor", "pixel", "walnut", "cobalt", "meadow", "falcon", "ginger",
    "marble", "orchid", "pepper", "quartz", "saddle", "timber", "violin", "wander", "zephyr", "bramble", "copper",
    "dragon", "ember", "frosty", "glacier", "hazel", "island", "jigsaw", "kitten", "lantern", "monkey",
];

/// What the alternatives of a kind are; a kind of its own has one.
pub fn alternatives(kind: &'static str) -> &'static [&'static str] {
    match kind {
        "token" => TOKEN,
        "password" => PASSWORD,
        "reference" => REFERENCE,
        "placeholder" => PLACEHOLDER,
        "cipher" => CIPHER,
        "digest" => DIGEST,
        _ => &[],
    }
}

/// The value of the `turn`th expansion of a kind. The same kind, turn and seed give the same value.
///
/// # Panics
/// Where there is no such kind.
pub fn make(kind: &'static str, turn: usize, seed: &str) -> String {
    if let Some(text) = kind.strip_prefix('=') {
        return text.to_owned();
    }
    if let Some((wrap, inner)) = kind.split_once('|') {
        return wrapped(wrap, &make(inner, turn, seed), seed);
    }
    let alternatives = alternatives(kind);
    if let Some(own) = turn.checked_rem(alternatives.len()).map(|place| alternatives[place]) {
        return match kind {
            "token" | "password" => one(own, seed),
            "digest" if !own.contains('{') => one(own, seed),
            "cipher" | "digest" => drawn(own, seed),
            _ => own.to_owned(),
        };
    }
    one(kind, seed)
}

/// A value by the name of its kind.
fn one(kind: &str, seed: &str) -> String {
    let mut random = Random::new(seed);
    let mut below = |count: usize| usize::try_from(random.draw() % count as u64).expect("below a small number");
    let mut word = || WORDS[below(WORDS.len())];
    match kind {
        // Two words, figures and a sign.
        "strong" => format!("{}!{}{}", capital(word()), drawn("{digit:3}", seed), word()),
        // Letters that look like figures.
        "leet" => format!("{}#{}", capital(word()).replace('a', "4").replace('e', "3"), drawn("{base62:5}", seed)),
        // A word, a year, a sign: what people are made to change every month.
        "weak" => format!("{}20{}!", capital(word()), drawn("{digit:2}", seed)),
        // A word and two figures: where the carrier alone tells that it is one.
        "poor" => format!("{}{}", word(), drawn("{digit:2}", seed)),
        "passphrase" => [word(), word(), word(), word()].join("-"),
        "spoken" => [word(), word(), word(), word()].join(" "),
        // Without the signs that end the password of a URL.
        "urlsafe" => format!("{}{}{}", capital(word()), drawn("{base62:6}", seed), word()),
        // `user:password`, as HTTP's Basic scheme joins them.
        "basic" => base64(&format!("{}:{}", word(), one("strong", seed))),
        _ => drawn(&format!("{{{kind}}}"), seed),
    }
}

/// A value in the escapes of its carrier.
fn wrapped(wrap: &str, value: &str, seed: &str) -> String {
    let tail = drawn("{base62:3}", seed);
    match wrap {
        "b64" => base64(value),
        "json" => format!("{value}\\u0026\\\"{tail}"),
        "xml" => format!("{value}&amp;&lt;{tail}"),
        "percent" => format!("{}%40{tail}", value.replace('%', "%25").replace(['!', '#', '?', ':', '^'], "%21")),
        "quote" => format!("{value}\\'{tail}"),
        _ => panic!("no wrap is called {wrap}"),
    }
}

fn base64(text: &str) -> String {
    drawn(&format!("{{base64of:{text}}}"), "")
}

fn drawn(template: &str, seed: &str) -> String {
    expand(template, seed, None).expect("a kind of the templates")
}

fn capital(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..]
}
