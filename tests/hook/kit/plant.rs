//! Secrets made at run time, so that none stands in the repository, and the watch over them: each
//! planted value is remembered, and [`check`] refuses every output that shows a part of one.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};
use leakwarden::rules::syntax::Checksum;
use leakwarden::rules::template::expand;

/// Bytes of a planted value that are remembered as one: a message that shows so much of a secret
/// shows too much.
const PIECE: usize = 10;

/// Pieces of planted values that no output may contain, with the seed that each comes from.
static HIDDEN: LazyLock<Mutex<HashMap<[u8; PIECE], String>>> = LazyLock::new(Mutex::default);

fn hidden() -> MutexGuard<'static, HashMap<[u8; PIECE], String>> {
    HIDDEN.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Random lower-case letters and digits, for rules of a scenario's own.
pub fn lower(seed: &str) -> String {
    planted("{base36:24}", seed)
}

fn planted(template: &str, seed: &str) -> String {
    let value = expand(template, seed, None).expect("a valid template");
    remember(seed, &value);
    value
}

/// Remembers `value`, piece by piece.
fn remember(seed: &str, value: &str) {
    let pieces = value.as_bytes().chunks_exact(PIECE).filter_map(|piece| <[u8; PIECE]>::try_from(piece).ok());
    hidden().extend(pieces.map(|piece| (piece, seed.to_owned())));
}

/// Fails when `output` shows a part of any planted value. `shown` names the command.
pub fn check(shown: &str, output: &[u8]) -> Result<()> {
    // UTF-16 hides nothing from a reader, so it must not hide anything from this check.
    let narrow: Vec<u8> = output.iter().copied().filter(|&byte| byte != 0).collect();
    let hidden = hidden();
    for window in narrow.windows(PIECE) {
        if let Some(seed) = hidden.get(window) {
            bail!("LEAK: `{shown}` printed a part of the secret planted as `{seed}`");
        }
    }
    Ok(())
}

#[test]
fn a_shown_secret_is_noticed() {
    let token = github("shown");
    let wide: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for output in [token.as_bytes(), format!("x {} y", &token[6..30]).as_bytes(), &wide] {
        check("a test", output).expect_err("it shows a token");
    }
    let redacted = format!("{}********{}", &token[..4], &token[36..]);
    check("a test", redacted.as_bytes()).expect("it shows nothing");
}
