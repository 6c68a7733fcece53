//! `.secrets.baseline` of detect-secrets: findings by path and the SHA-1 of their value.

use anyhow::{Context, Result};

use super::tree::{Field, Node, yaml};
use super::{Entry, Sought, Wish, digest};

/// Reads a baseline.
///
/// # Errors
/// Where it is no JSON, or a field does not hold what it should; names line and field.
pub fn read(text: &str) -> Result<Vec<Entry>> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        anyhow::bail!("line {}: this is no valid JSON", error.line());
    }
    // JSON is YAML; the reader of YAML knows lines.
    let root = yaml(text)?.context("line 1: it is empty")?;
    let mut entries = Vec::new();
    for field in root.fields("")? {
        match field.name.as_str() {
            "results" => {
                // The names of these fields are paths.
                let pairs = field
                    .node
                    .map()
                    .with_context(|| format!("line {}, `results`: this should be a table", field.line))?;
                for (path, line, node) in pairs {
                    let own = Field { name: String::new(), path: "results".to_owned(), line: *line, node };
                    for finding in own.list()? {
                        entries.push(one(path, finding)?);
                    }
                }
            }
            "exclude" => {
                for own in field.node.fields("exclude")?.iter().filter(|own| own.node.text().is_some()) {
                    entries.push(Entry::not(
                        own.line,
                        &own.path,
                        "what detect-secrets leaves out is not what leakwarden scans",
                    ));
                }
            }
            "filters_used" => entries.extend(filters(&field)?),
            "custom_plugin_paths" if !field.list()?.is_empty() => {
                entries.push(Entry::not(field.line, &field.path, "plugins are programs; leakwarden's rules are data"));
            }
            "word_list" => {
                if field.node.fields("word_list")?.iter().any(|own| own.name == "file" && own.node.text().is_some()) {
                    entries.push(Entry::not(field.line, &field.path, "leakwarden has no list of words to let pass"));
                }
            }
            "version" | "generated_at" | "plugins_used" | "custom_plugin_paths" => {}
            _ => entries.push(Entry::not(field.line, &field.path, "leakwarden does not know this field")),
        }
    }
    Ok(entries)
}

fn one(path: &str, finding: &Node) -> Result<Entry> {
    let fields = finding.fields("results")?;
    let field = |name: &str| fields.iter().find(|own| own.name == name);
    let hash = field("hashed_secret")
        .with_context(|| format!("line {}, `results.hashed_secret`: it is missing", finding.line))?;
    let audited = field("is_secret").and_then(|own| own.node.text()) == Some("true");
    let wish = match digest(hash.text()?) {
        _ if audited => Wish::Not(
            "somebody found it to be a real secret: take it out, or except it with `leakwarden allow` and its true kind"
                .to_owned(),
        ),
        Some(digest) => Wish::Findings(Sought::Sha1 { path: path.replace('\\', "/"), digest }),
        None => Wish::Not("its hash is no SHA-1".to_owned()),
    };
    Ok(Entry { line: hash.line, field: hash.path.clone(), wish })
}

/// Filters that a person set; those that detect-secrets always has say nothing.
fn filters(field: &Field<'_>) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for node in field.list()? {
        for own in node.fields("filters_used")?.iter().filter(|own| own.name == "pattern") {
            for (line, _) in own.texts()? {
                let why =
                    "what detect-secrets leaves out by a pattern may be more than a path; write an `[[exception]]`";
                entries.push(Entry::not(line, &own.path, why));
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_read_with_their_lines() {
        let (a, b, c) = ("0a".repeat(20), "0b".repeat(20), "zz");
        let text = format!(
            "{{\n  \"version\": \"1.5.0\",\n  \"filters_used\": [\n    {{\"path\": \"x\", \"pattern\": [\n      \"^docs/\"\n    ]}}\n  ],\n\
             \x20 \"results\": {{\n    \"a/b.py\": [\n      {{\n        \"type\": \"x\",\n        \"hashed_secret\": \"{a}\",\n\
             \x20       \"line_number\": 3\n      }},\n      {{\"hashed_secret\": \"{b}\", \"is_secret\": true}},\n\
             \x20     {{\"hashed_secret\": \"{c}\", \"is_secret\": false}}\n    ]\n  }}\n}}\n"
        );
        let entries = read(&text).expect("valid");
        assert_eq!(entries.iter().map(|e| e.line).collect::<Vec<_>>(), [5, 12, 15, 16]);
        let sought = Sought::Sha1 { path: "a/b.py".to_owned(), digest: [0x0a; 20] };
        assert!(matches!(&entries[1].wish, Wish::Findings(own) if *own == sought));
        assert!([0, 2, 3].iter().all(|&n| matches!(entries[n].wish, Wish::Not(_))));
    }

    #[test]
    fn mistakes_name_the_line_and_no_value() {
        for (text, expected) in [
            ("{\n \"results\": {\"a\": [{\"type\": \"hunter2\"}]}\n}", "line 2"),
            ("{\n \"results\": hunter2\n}", "line 2"),
            ("{\n \"results\": [\"hunter2\"]\n}", "`results`"),
        ] {
            let error = format!("{:#}", read(text).expect_err(text));
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
