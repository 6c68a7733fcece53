//! Names of keys whose values are about a secret and not one.

use super::namesake;

/// Ends of key names that say that the value is about a secret and not one.
const HARMLESS_KEYS: [&str; 134] = [
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
    "attachment",
    "pair",
    "group",
    "status",
    "info",
    "state",
    "usage",
    "json",
    "desc",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "etag",
    "commit",
    "revision",
    "fingerprint",
    "js",
    "ts",
    "mjs",
    "cjs",
    "css",
    "html",
    "bin",
    "pem",
    "tgz",
    "gz",
    "txt",
    "py",
    "rs",
    "go",
    "png",
    "svg",
    "map",
    "lock",
    "address",
    "balance",
    "contract",
    "thumbprint",
    "at",
    "used",
    "date",
    "time",
    "accessor",
    "args",
    "opts",
    "options",
    "option",
    "control",
    "scope",
    "rotation",
    "days",
    "age",
    "backend",
    "engine",
    "manager",
    "helper",
    "service",
    "encoder",
    "strategy",
    "validator",
    "visible",
    "changed",
    "agreement",
    "mechanism",
    "method",
    "mode",
    "kind",
    "position",
    "lookup",
    "hashers",
    "scanning",
    "validators",
    "rspauth",
    "urlauth",
];

/// Whether the value of this key is about a secret and not one.
pub fn harmless_key(key: &[u8]) -> bool {
    let last = last_word(key);
    let is = |last: &[u8], words: &[&str]| words.iter().any(|word| last.eq_ignore_ascii_case(word.as_bytes()));
    // `key_hash_value` is a hash, but `secret_id_value` is what an id finds.
    let form = is(last, &["value", "hex", "base64", "b64"]) && last.len() < key.len();
    let before = last_word(&key[..key.len() - last.len()]);
    let hash = || is(before, &["hash", "digest", "checksum", "fingerprint"]) || is(before, &["id"]) && last.len() != 5;
    is(last, &HARMLESS_KEYS) || form && hash()
}

/// The last part of `snake_case`, `kebab-case`, `dotted.name` or `camelCase`.
pub(super) fn last_word(key: &[u8]) -> &[u8] {
    let part = key.rsplit(|b| !b.is_ascii_alphanumeric()).find(|part| !part.is_empty()).unwrap_or(key);
    let upper = part.windows(2).rposition(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    upper.map_or(part, |at| &part[at + 1..])
}

/// What the name of a key says of a random value that is assigned to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It opens something: `api_key`, `access_token`, `clientSecret`.
    Secret,
    /// Some key, which most often opens something: `acmeKey`.
    Key,
    /// It is found by it, or it holds for a moment only: `cache_key`, `next_page_token`.
    Handle,
    /// Everybody may know it.
    Public,
    /// No word of it speaks of a key.
    Unsaid,
}

/// Words directly before `key` with which values are looked up, ordered or checked.
const HANDLES: [&str; 103] = [
    "cache",
    "primary",
    "foreign",
    "sort",
    "partition",
    "hash",
    "object",
    "s3",
    "map",
    "dict",
    "row",
    "index",
    "lookup",
    "group",
    "translation",
    "message",
    "dedupe",
    "idempotency",
    "routing",
    "item",
    "node",
    "locale",
    "field",
    "column",
    "unique",
    "composite",
    "join",
    "shard",
    "file",
    "path",
    "bucket",
    "metric",
    "label",
    "tag",
    "meta",
    "data",
    "image",
    "asset",
    "blob",
    "video",
    "document",
    "event",
    "trace",
    "record",
    "query",
    "state",
    "lock",
    "issue",
    "feature",
    "flag",
    "fingerprint",
    "etag",
    "checksum",
    "commit",
    "tree",
    "build",
    "git",
    "sha",
    "sha1",
    "sha256",
    "md5",
    "content",
    "version",
    "entity",
    "resource",
    "react",
    "dataset",
    "expected",
    "actual",
    "block",
    "component",
    "style",
    "variable",
    "theme",
    "color",
    "design",
    "story",
    "thread",
    "chunk",
    "dedup",
    "i18n",
    "anchor",
    "share",
    "update",
    "snapshot",
    "preview",
    "bookmark",
    "customer",
    "price",
    "storage",
    "trusted",
    "ignored",
    "restore",
    "surrogate",
    "correlation",
    "websocket",
    "socket",
    "tenant",
    "cached",
    "combo",
    "project",
    "team",
    "vapid",
];

/// Words directly before `token` with which something is continued, or done once.
const MOMENTS: [&str; 28] = [
    "next",
    "page",
    "continuation",
    "sync",
    "cancel",
    "cancellation",
    "device",
    "push",
    "csrf",
    "xsrf",
    "verification",
    "request",
    "change",
    "action",
    "lifecycle",
    "creation",
    "import",
    "starting",
    "resume",
    "idempotency",
    "client",
    "cache",
    "delta",
    "cursor",
    "authenticity",
    "share",
    "checkout",
    "update",
];

/// Words directly before `key` that say that everybody may know the value.
const PUBLIC: [&str; 7] = ["public", "publishable", "pub", "site", "verify", "verifying", "recv"];

/// What a key's name says of a random value.
pub fn role(key: &[u8]) -> Role {
    let words = words(key);
    let is = |word: &str, list: &[&str]| list.contains(&word);
    let Some((last, before)) = words.split_last() else { return Role::Key };
    let plain = |word: &String| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let nearest = before.last().map_or("", String::as_str);
    let one = last.strip_suffix('s').unwrap_or(last);
    let known = is(&plain(last), &["pubkey", "publickey"])
        || is(nearest, &["pubkey", "publickey"])
        || words.windows(2).any(|pair| is(&pair[0], &["public", "pub"]) && pair[1].starts_with("key"))
        || words.iter().any(|word| word == "sitekey")
        || one.ends_with("key") && nearest.ends_with("public");
    if known || one == "key" && is(nearest, &PUBLIC) {
        return Role::Public;
    }
    let ends = |word: &str| {
        if is(word, &["monkey", "turkey", "donkey", "hockey", "jockey", "whiskey"]) {
            return false;
        }
        let one = word.strip_suffix('s').unwrap_or(word);
        ["key", "token", "secret", "auth", "authorization", "password", "passwd", "pwd", "pass", "credential"]
            .iter()
            .any(|end| one.ends_with(end))
            || is(word, &["pat", "bearer", "api"])
    };
    // `keyspace` and `tokenizer` are none, nor is what is found by a key.
    let handle = one == "key" && is(nearest, &HANDLES) || one == "token" && is(nearest, &MOMENTS);
    let hidden = ["cached", "encrypted", "wrapped", "hashed", "sealed", "checksum", "ciphertext"];
    if handle || words.iter().any(|word| is(word, &hidden)) {
        return Role::Handle;
    }
    if !words.iter().any(|word| ends(word)) {
        return Role::Unsaid;
    }
    let kinds =
        ["api", "access", "secret", "private", "auth", "app", "account", "master", "signing", "encryption", "service"];
    let compound = ["apikey", "secretkey", "accesskey", "authkey", "appkey"];
    let named = ends(last) && !last.ends_with("key") || is(last, &compound);
    let kept = last == "key" && before.last().is_some_and(|word| is(word, &kinds));
    if named || kept { Role::Secret } else { Role::Key }
}

/// Whether a key is `key` and nothing more.
pub(super) fn bare(key: &[u8]) -> bool {
    key.eq_ignore_ascii_case(b"key")
}

/// Whether a key's name says that even a UUID under it opens something.
pub(super) fn opens(key: &[u8]) -> bool {
    let known = ["api", "access", "auth", "bearer", "refresh", "secret", "apikey", "accesskey"];
    words(key).iter().any(|word| known.contains(&word.as_str()))
}

/// Whether the value of this key is one that programs issue, and that nobody chooses.
pub(super) fn issued(key: &[u8]) -> bool {
    let lower = key.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| super::characters::contains(&lower, word.as_bytes()));
    says(&["key", "token"]) && !says(&["pass", "pwd", "secret", "cred"])
}

/// Whether the value of this key is a password that people choose: `db_password`, `ftpPass`, `PGPASSWORD`.
pub(super) fn chosen(key: &[u8]) -> bool {
    let last = last_word(key).to_ascii_lowercase();
    let last = last.trim_ascii_end();
    let stem = &last[..last.len() - last.iter().rev().take_while(|b| b.is_ascii_digit()).count()];
    let several = [b"passwords".as_slice(), b"passwds", b"pwds"].iter().any(|own| stem.ends_with(own));
    let stem = &stem[..stem.len() - usize::from(several)];
    let ends = ["pass", "password", "passwd", "pwd", "passphrase", "phrase", "passwort", "kennwort", "senha", "passe"];
    let known = ["pw", "psw", "pswd", "mdp", "haslo", "clave", "contrasena", "parola", "wachtwoord", "heslo"];
    // Capitals of other scripts stand here too: only ASCII is folded.
    let other = [
        "\u{41f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}",
        "contrase\u{f1}a",
        "has\u{142}o",
        "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}",
        "密码",
        "密碼",
        "口令",
        "パスワード",
        "비밀번호",
        "암호",
    ];
    let lower = key.to_ascii_lowercase();
    (ends.iter().any(|word| stem.ends_with(word.as_bytes())) && !namesake::no_pass(stem))
        || known.iter().any(|word| stem == word.as_bytes())
        || other.iter().any(|word| lower.ends_with(word.as_bytes()))
}

/// Whether a key ends in `secret` or `token`: what stands there is drawn or chosen, and names nothing.
pub(super) fn secret(key: &[u8]) -> bool {
    let last = last_word(key).to_ascii_lowercase();
    role(key) == Role::Secret && (last.ends_with(b"secret") || last.ends_with(b"token"))
}

/// Whether a key says what is to be done with a password: `update_password: on_create`.
pub(super) fn switch(key: &[u8]) -> bool {
    let known = [
        "update", "change", "reset", "forgot", "confirm", "require", "use", "allow", "enable", "disable", "show",
        "hide", "has", "is", "no", "need", "save", "remember", "ask", "check", "store", "generate", "rotate",
    ];
    words(key).first().is_some_and(|word| known.contains(&word.as_str()))
}

/// Whether a key says that its value is made up or wrong: `test_secret`, `badPassword`.
pub(super) fn made_up(key: &[u8]) -> bool {
    let known = ["test", "mock", "fake", "dummy", "example", "bad", "wrong", "invalid", "expected", "sample", "bogus"];
    words(key).iter().any(|word| known.contains(&word.as_str()))
}

/// Whether a function of this name asks for a secret or looks at one, so that what is passed to it says which.
pub(super) fn asks(key: &[u8]) -> bool {
    let known = [
        "get", "fetch", "load", "read", "find", "lookup", "has", "is", "delete", "remove", "check", "validate",
        "verify", "require", "ask", "prompt", "input", "generate", "hash", "make", "create", "resolve", "query",
        "parse", "format",
    ];
    words(key).iter().take(2).any(|word| known.contains(&word.as_str()))
}

/// The words of `snake_case`, `kebab-case`, `dotted.name` or `camelCase`, in small letters.
pub fn words(key: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = b' ';
    for &byte in key {
        let begins = !byte.is_ascii_alphanumeric() || byte.is_ascii_uppercase() && before.is_ascii_lowercase();
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| byte.is_ascii_alphanumeric()) {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        before = byte;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_its_value_is() {
        let cases = [
            ("ACME_API_KEY", Role::Secret),
            ("acmeToken", Role::Secret),
            ("clientSecret", Role::Secret),
            ("oauth.accesstoken", Role::Secret),
            ("acmeKey", Role::Key),
            ("Key", Role::Key),
            ("cache_key", Role::Handle),
            ("next page token", Role::Handle),
            ("AwsKeyspace", Role::Unsaid),
            ("tokenizer", Role::Unsaid),
            ("API_KEY_PROD", Role::Key),
            ("NODE_AUTH_TOKEN", Role::Secret),
            ("NEXT_PUBLIC_ACME_TOKEN", Role::Secret),
            ("SITE_ADMIN_TOKEN", Role::Secret),
            ("DATA_ENCRYPTION_KEY", Role::Secret),
            ("pubkey256", Role::Public),
            ("nextPageToken", Role::Handle),
            ("publicKey", Role::Public),
            ("RECAPTCHA_SITE_KEY", Role::Public),
        ];
        for (key, wanted) in cases {
            assert_eq!(role(key.as_bytes()), wanted, "{key}");
        }
    }
}
