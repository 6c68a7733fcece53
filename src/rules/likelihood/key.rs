//! Names of keys whose values are about a secret and not one.

use super::namesake;
use super::role::{Role, role};

/// Ends of key names that say that the value is about a secret and not one.
const HARMLESS_KEYS: [&str; 151] = [
    "cell",
    "magic",
    "sentinel",
    "marker",
    "chars",
    "mint",
    "program",
    "issuer",
    "audience",
    "alphabet",
    "charset",
    "factory",
    "prompt",
    "tag",
    "annotation",
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
    "attempts",
    "retries",
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
    let hashes =
        ["hash", "digest", "checksum", "fingerprint", "thumbprint", "sha", "sha1", "sha256", "sha512", "md5", "etag"];
    let hash = || is(before, &hashes) || is(before, &["commit"]) || is(before, &["id"]) && !is(last, &["value"]);
    is(last, &HARMLESS_KEYS) || form && hash()
}

/// The last part of `snake_case`, `kebab-case`, `dotted.name` or `camelCase`.
pub(super) fn last_word(key: &[u8]) -> &[u8] {
    let part = key.rsplit(|b| !b.is_ascii_alphanumeric()).find(|part| !part.is_empty()).unwrap_or(key);
    let upper = part.windows(2).rposition(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    upper.map_or(part, |at| &part[at + 1..])
}

/// Whether a key is `key` and nothing more.
pub(super) fn bare(key: &[u8]) -> bool {
    key.trim_ascii_start().strip_prefix(b"_").unwrap_or(key).eq_ignore_ascii_case(b"key")
}

/// Whether the last word of a longer name is `key`: `PASSWORD_RESET_KEY`.
pub(super) fn ends_in_key(key: &[u8]) -> bool {
    last_word(key).eq_ignore_ascii_case(b"key") && key.len() > 3
}

/// Whether a key's name says that even a UUID under it opens something.
pub(super) fn opens(key: &[u8]) -> bool {
    let known = ["api", "access", "auth", "bearer", "refresh", "secret", "security", "apikey", "accesskey"];
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
    let ends =
        ["pass", "password", "passwd", "pwd", "passphrase", "phrase", "passwort", "kennwort", "senha", "passe", "psk"];
    let misspelt = ["passw", "passwrd", "pswd", "psswd", "paswd", "pasword", "pssword", "passcode"];
    let ends = || ends.iter().chain(&misspelt);
    let known = ["pw", "psw", "mdp", "haslo", "clave", "contrasena", "parola", "wachtwoord", "heslo"];
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
        "passord",
        "l\u{f6}senord",
        "losenord",
        "adgangskode",
        "jelsz\u{f3}",
        "jelszo",
        "\u{15f}ifre",
        "sifre",
        "m\u{1ead}t kh\u{1ea9}u",
        "kata sandi",
        "salasana",
        "lozinka",
        "matkhau",
        "mat_khau",
        "kodeord",
        "parool",
        "geslo",
        "pass_word",
    ];
    let lower = key.to_ascii_lowercase();
    ((ends().any(|word| stem.ends_with(word.as_bytes())) || stem.ends_with(b"pw")) && !namesake::no_pass(stem))
        || known.iter().any(|word| stem == word.as_bytes())
        || other.iter().any(|word| lower.ends_with(word.as_bytes()))
}

/// Whether `pass` in a key may say that something goes by, `pass`, `renderPass`: no word before it says whose.
pub(super) fn passes(key: &[u8]) -> bool {
    let whose = ["db", "user", "admin", "root", "ftp", "smtp", "mail", "my", "login", "auth", "ssh", "sql", "mysql"];
    let words = words(key);
    let before = words.len().checked_sub(2).map(|at| words[at].as_str());
    words.last().is_some_and(|word| word == "pass") && !before.is_some_and(|word| whose.contains(&word))
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
    let known = [
        "test",
        "mock",
        "fake",
        "dummy",
        "example",
        "bad",
        "wrong",
        "invalid",
        "expected",
        "sample",
        "bogus",
        "weak",
        "worst",
        "blacklist",
        "denylist",
        "disallowed",
    ];
    // A list of such is none; one password may well be called `common_password`.
    let listed = ["common", "forbidden", "breached", "banned"];
    let words = words(key);
    let several = words.last().is_some_and(|word| word.ends_with('s'));
    let is = |word: &String| known.contains(&word.as_str()) || several && listed.contains(&word.as_str());
    words.iter().any(is)
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
