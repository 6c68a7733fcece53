//! TOML that people write: read into a type, or an error that names line and field.
//!
//! The library's own error text shows the line that is wrong; a person may have pasted a secret
//! there, so no value is repeated here.

use std::fmt;

use anyhow::{Result, anyhow};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The character in the line, from 1.
    pub column: Option<usize>,
    /// The key that is assigned there.
    pub field: Option<String>,
    /// The mistake.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, &self.field) {
            (Some(line), Some(field)) => write!(f, "line {line}, `{field}`: {}", self.message),
            (Some(line), None) => write!(f, "line {line}: {}", self.message),
            (None, _) => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// Reads a document.
///
/// # Errors
/// A [`Fault`]: names the line, the mistake, and the field where the mistake has one.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place_of(text, span.start));
        anyhow!(Fault {
            line: place.map(|(line, _, _)| line),
            column: place.map(|(_, column, _)| column),
            field: place.and_then(|(_, _, field)| field).map(str::to_owned),
            message: without_values(error.message()),
        })
    })
}

/// Reads a document of which this program knows the versions up to `known`.
///
/// # Errors
/// As [`parse`]; where its `version` is a later one, that is what is said, since nothing else in it may be
/// what this program thinks.
pub fn versioned<T: DeserializeOwned>(text: &str, known: u32) -> Result<T> {
    #[derive(serde::Deserialize)]
    struct Peek {
        version: Option<i64>,
    }
    parse(text).map_err(|error| match toml::from_str(text) {
        Ok(Peek { version: Some(version) }) if version > i64::from(known) => newer(version, known),
        _ => error,
    })
}

/// The error about a file of a later version than this program knows.
pub fn newer(version: impl fmt::Display, known: u32) -> anyhow::Error {
    let own = env!("CARGO_PKG_VERSION");
    anyhow!(
        "version {version} was written for a newer leakwarden; this one ({own}) knows version {known}: upgrade leakwarden"
    )
}

/// A key of a document and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key with the tables it stands in, with dots; in the third table of a list: `rule.2.id`.
    pub key: String,
    /// What tells its value from another; not for showing.
    pub value: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// The keys of a document that have a value and not a table; none where it is no TOML.
pub fn entries(text: &str) -> Vec<Entry> {
    let mut all = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        walk(text, "", table.get_ref(), &mut all);
    }
    all
}

fn walk(text: &str, above: &str, table: &DeTable<'_>, all: &mut Vec<Entry>) {
    for (name, value) in table {
        let key = format!("{above}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => walk(text, &format!("{key}."), inner, all),
            DeValue::Array(list) if list.iter().any(|own| matches!(own.get_ref(), DeValue::Table(_))) => {
                for (number, own) in list.iter().enumerate() {
                    if let DeValue::Table(inner) = own.get_ref() {
                        walk(text, &format!("{key}.{number}."), inner, all);
                    }
                }
            }
            other => {
                let (line, column, _) = place_of(text, name.span().start);
                let value = match other {
                    // Without the places of its parts.
                    DeValue::Array(list) => format!("{:?}", list.iter().map(|own| own.get_ref()).collect::<Vec<_>>()),
                    other => format!("{other:?}"),
                };
                all.push(Entry { key, value, line, column });
            }
        }
    }
}

/// The line of a byte, counted from 1, the character in it, and the key that is assigned on it.
fn place_of(text: &str, at: usize) -> (usize, usize, Option<&str>) {
    let at = (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
    let line = text[start..].lines().next().unwrap_or("");
    let plain = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) && is_name(key);
    let key = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.is_empty() && plain(key));
    (text[..start].matches('\n').count() + 1, text[start..at].chars().count() + 1, key)
}

/// Whether a word may be the name of a field, and not a credential that was put in its place.
fn is_name(word: &str) -> bool {
    word.len() <= 20 && word.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-' | b'.'))
}

/// A message with everything between double quotes cut: that is where values stand.
fn without_values(message: &str) -> String {
    // "unknown variant `VALUE`, expected …": there the value stands between the first backticks.
    if let Some((value, rest)) = message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')) {
        return without_values(&format!("a word of {} characters that is not known{rest}", value.chars().count()));
    }
    if let Some((field, rest)) = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'))
        && !is_name(field)
    {
        return without_values(&format!("unknown field of {} characters{rest}", field.chars().count()));
    }
    let mut out = String::new();
    for (number, part) in message.split('"').enumerate() {
        out.push_str(if number % 2 == 0 { part } else { "…" });
    }
    out.trim_end().replace('\n', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only reading it matters")]
        number: Option<u32>,
    }

    #[test]
    fn an_error_names_line_and_field_and_no_value() {
        let error = |text: &str| parse::<Sample>(text).expect_err("it is wrong").to_string();
        let wrong = error("# ü\nnumber = \"the value\"\n");
        assert!(wrong.starts_with("line 2, `number`: ") && !wrong.contains("the value"), "{wrong}");
        assert!(error("nmber = 1").contains("nmber"));
        let variant = without_values("unknown variant `the value`, expected `a` or `b`");
        assert!(!variant.contains("the value") && variant.ends_with("expected `a` or `b`"), "{variant}");
        assert!(error("number = = 1").starts_with("line 1"));
        let pasted = ["q7Kxm2Zr", "9LpT4vWn"].concat();
        assert!(!error(&format!("{pasted} = 1")).contains(&pasted));
    }

    #[test]
    fn keys_have_their_places() {
        let found = entries("a = 1\n[b.c]\n  d = [\"x\"]\n[[e]]\n[[e]]\nf = true\n");
        let found: Vec<_> = found.iter().map(|own| (own.key.as_str(), own.line, own.column)).collect();
        assert_eq!(found, [("a", 1, 1), ("b.c.d", 3, 3), ("e.1.f", 6, 1)]);
    }
}
