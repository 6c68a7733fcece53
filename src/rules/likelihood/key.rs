//! Names of keys whose values are about a secret and not one.

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

/// Whether the value of this key is about a secret and not one.
pub(super) fn harmless_key(key: &[u8]) -> bool {
    let last = last_word(key);
    HARMLESS_KEYS.iter().any(|word| last.eq_ignore_ascii_case(word.as_bytes()))
}

/// The last part of `snake_case`, `kebab-case`, `dotted.name` or `camelCase`.
fn last_word(key: &[u8]) -> &[u8] {
    let part = key.rsplit(|b| !b.is_ascii_alphanumeric()).find(|part| !part.is_empty()).unwrap_or(key);
    let upper = part.windows(2).rposition(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    upper.map_or(part, |at| &part[at + 1..])
}
