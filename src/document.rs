//! TOML that people write: read into a type, or an error that names line and field.
//!
//! The library's own error text shows the line that is wrong; a person may have pasted a secret
//! there, so no value is repeated here.

use anyhow::{Result, anyhow};
use serde::de::DeserializeOwned;

/// Reads a document.
///
/// # Errors
/// Names the line, the mistake, and the field where the mistake has one.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let place = line.map_or_else(String::new, |(number, field)| match field {
            Some(field) => format!("line {number}, `{field}`: "),
            None => format!("line {number}: "),
        });
        anyhow!("{place}{}", without_values(error.message()))
    })
}

/// The line of a byte, counted from 1, and the key that is assigned on it.
fn line_of(text: &str, at: usize) -> (usize, Option<&str>) {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
    let line = text[start..].lines().next().unwrap_or("");
    let plain = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) && key.len() <= 60;
    let key = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.is_empty() && plain(key));
    (text[..start].matches('\n').count() + 1, key)
}

/// A message with everything between double quotes cut: that is where values stand.
fn without_values(message: &str) -> String {
    // "unknown variant `VALUE`, expected …": there the value stands between the first backticks.
    if let Some((value, rest)) = message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')) {
        return without_values(&format!("a word of {} characters that is not known{rest}", value.chars().count()));
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
    }
}
