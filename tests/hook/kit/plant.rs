//! Secrets made at run time, so that none stands in the repository, and the watch over them: each
//! planted value is remembered, and [`check`] refuses every output that shows a part of one.

use std::sync::Mutex;

use anyhow::{Result, bail};
use leakwarden::rules::syntax::Checksum;
use leakwarden::rules::template::expand;

/// Parts of planted values that no output may contain.
static HIDDEN: Mutex<Vec<Needle>> = Mutex::new(Vec::new());

struct Needle {
    seed: String,
    bytes: Vec<u8>,
}

/// A GitHub personal access token with a right checksum.
pub fn github(seed: &str) -> String {
    let token = expand("ghp_{base62:30}{checksum}", seed, Some(Checksum::Crc32Base62)).expect("a valid template");
    // The prefix and the last 4 characters may be shown, nothing between them.
    remember(seed, &token[4..token.len() - 4]);
    token
}

/// A random password that fits into a quoted string.
pub fn password(seed: &str) -> String {
    planted("{password:22}", seed)
}

/// A random password of letters and digits, fit for a URL.
pub fn url_password(seed: &str) -> String {
    planted("{base62:24}", seed)
}

/// An unencrypted private key in PEM armour, with a final line feed.
pub fn private_key(seed: &str) -> String {
    let body = expand("{pem:1190}", seed, None).expect("a valid template");
    // Every key of that length begins with the same bytes.
    body.lines().skip(1).for_each(|line| remember(seed, line));
    let armour = |edge: &str| format!("-----{edge} RSA PRIVATE KEY-----\n");
    format!("{}{body}\n{}", armour("BEGIN"), armour("END"))
}

fn planted(template: &str, seed: &str) -> String {
    let value = expand(template, seed, None).expect("a valid template");
    remember(seed, &value);
    value
}

/// Remembers `value`, in pieces: a message that shows half of a secret shows too much.
fn remember(seed: &str, value: &str) {
    const PIECE: usize = 10;
    let mut hidden = HIDDEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if hidden.iter().any(|needle| needle.seed == seed && value.as_bytes().starts_with(&needle.bytes)) {
        return;
    }
    hidden.extend(
        value.as_bytes().chunks_exact(PIECE).map(|bytes| Needle { seed: seed.to_owned(), bytes: bytes.to_vec() }),
    );
}

/// Fails when `output` shows a part of any planted value. `shown` names the command.
pub fn check(shown: &str, output: &[u8]) -> Result<()> {
    let hidden = HIDDEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // UTF-16 hides nothing from a reader, so it must not hide anything from this check.
    let narrow: Vec<u8> = output.iter().copied().filter(|&byte| byte != 0).collect();
    for needle in hidden.iter() {
        if narrow.windows(needle.bytes.len()).any(|window| window == needle.bytes) {
            bail!("LEAK: `{shown}` printed a part of the secret planted as `{}`", needle.seed);
        }
    }
    Ok(())
}
