//! Texts to scan, of what the fuzzer draws: credentials are planted in place of some control characters,
//! so that none has to be guessed and none stands in a corpus.

use std::sync::LazyLock;

use leakwarden::rules::check::example;
use leakwarden::rules::template::expand;

use crate::RULES;

/// The byte behind which two more name a rule, whose first example is planted.
pub const EXAMPLE: u8 = 0x08;

/// Templates of what is planted for the bytes from 1.
const TEMPLATES: [&str; 6] = [
    "{password:14}",
    "AKIA{base32:16}",
    "{base62:40}",
    "{hex:40}",
    "postgres://app:{password:12}@db1.corp/x",
    "moonlight7",
];

/// What is planted for each: the last is a user and a password in base64.
static VALUES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let value = |template: &str| expand(template, template, None).expect("a valid template");
    let basic = format!("{{base64of:app:{}}}", value("{password:20}"));
    TEMPLATES.into_iter().chain([basic.as_str()]).map(value).collect()
});

/// The first example of each rule.
static EXAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let first = |source: &leakwarden::rules::syntax::RuleSource| {
        example(source, &source.examples[0], 0).expect("a valid template")
    };
    RULES.sources().iter().map(first).collect()
});

/// A path, chosen by the first byte, and the text that the rest makes.
pub fn read<'p>(paths: &[&'p str], data: &[u8]) -> (&'p [u8], Vec<u8>) {
    let (&first, rest) = data.split_first().unwrap_or((&0, b""));
    (paths[usize::from(first) % paths.len()].as_bytes(), text(rest))
}

/// The text with credentials in place of their bytes.
pub fn text(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() * 2);
    let mut rest = data;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (EXAMPLE, &[high, low, ..]) => {
                let number = usize::from(high) << 8 | usize::from(low);
                out.extend_from_slice(EXAMPLES[number % EXAMPLES.len()].as_bytes());
                rest = &after[2..];
            }
            (1..=7, _) => out.extend_from_slice(VALUES[usize::from(byte) - 1].as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}
