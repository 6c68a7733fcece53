//! Rules and wide exceptions as lines of a policy file: put after what a person wrote, which stays
//! as it is.

use anyhow::{Context, Result};

use crate::policy::syntax::Wide;
use crate::rules::syntax::{RuleFile, RuleSource};

/// A rule's table.
///
/// # Errors
/// Where it cannot be written as TOML.
pub fn rule(source: &RuleSource, origin: &str) -> Result<String> {
    let file = RuleFile { version: None, rules: vec![source.clone()] };
    Ok(format!("# {origin}\n{}", toml::to_string(&file).context("writing the rule as TOML")?))
}

/// An exception's table.
pub fn wide(wide: &Wide) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |all: &[String]| format!("[{}]", all.iter().map(|own| text(own)).collect::<Vec<_>>().join(", "));
    let mut out = String::from("[[exception]]\n");
    if !wide.rules.is_empty() {
        out.push_str(&format!("rules = {}\n", list(&wide.rules)));
    }
    if !wide.paths.is_empty() {
        out.push_str(&format!("paths = {}\n", list(&wide.paths)));
    }
    for (name, value) in [("kind", &wide.kind), ("reason", &wide.reason), ("by", &wide.by)] {
        out.push_str(&format!("{name} = {}\n", text(value)));
    }
    if let Some(end) = &wide.expires {
        out.push_str(&format!("expires = {}\n", text(end)));
    }
    out
}

/// A policy's text with tables after it.
pub fn after(text: &str, tables: &[String]) -> String {
    let mut out = if text.trim().is_empty() { "version = 1\n".to_owned() } else { text.to_owned() };
    for table in tables {
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push('\n');
        out.push_str(table);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::check;
    use crate::policy::syntax::Keys;

    #[test]
    fn what_is_written_is_read_again_and_the_rest_stays() {
        let own = Wide {
            rules: Vec::new(),
            paths: vec!["a\\,b/**".to_owned(), "\"q\"*".to_owned()],
            kind: "false-positive".to_owned(),
            reason: "imported from x, line 3; review it".to_owned(),
            by: "A \"B\" <a@example.org>".to_owned(),
            expires: Some("2027-01-01".to_owned()),
        };
        let before = "# mine\n[block]\nseverity   = \"low\" # so";
        let text = after(before, &[wide(&own), wide(&own)]);
        assert!(text.starts_with(&format!("{before}\n\n[[exception]]\n")));
        let keys: Keys = crate::document::parse(&text).expect("valid");
        check::repository(&keys).expect("no mistakes");
        assert_eq!((keys.exception.len(), &keys.exception[1].paths, &keys.exception[0].by), (2, &own.paths, &own.by));
        assert!(after("", &[]).starts_with("version = 1\n"));
    }
}
