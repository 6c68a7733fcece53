//! What the name of a key says of a random value: that it opens something, that it is found by it, or that
//! everybody may know it.

use super::key::words;

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
const HANDLES: [&str; 104] = [
    "program",
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
const MOMENTS: [&str; 32] = [
    "public",
    "invite",
    "invitation",
    "req",
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

/// Words before `salt` with which a program has one for all, and keeps it: that of a user is stored beside a hash.
const SALTED: [&str; 14] = [
    "hashid", "hashids", "cookie", "session", "app", "security", "secret", "auth", "signing", "merchant", "jwt",
    "global", "static", "site",
];

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
            || is(word, &["pat", "bearer", "api", "tok", "pepper", "sk", "cred", "private"])
    };
    // `keyspace` and `tokenizer` are none, nor is what is found by a key.
    let handle = one == "key" && is(nearest, &HANDLES) || one == "token" && is(nearest, &MOMENTS);
    let hidden = [
        "dkim",
        "uuid",
        "guid",
        "clsid",
        "cached",
        "encrypted",
        "wrapped",
        "hashed",
        "sealed",
        "checksum",
        "ciphertext",
    ];
    if handle || words.iter().any(|word| is(word, &hidden)) {
        return Role::Handle;
    }
    if last == "salt" {
        return if before.iter().any(|word| is(word, &SALTED)) { Role::Secret } else { Role::Unsaid };
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
            ("SECURITY_PASSWORD_SALT", Role::Secret),
            ("password_salt", Role::Unsaid),
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
