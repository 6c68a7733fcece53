//! `.talismanrc`: files that talisman leaves alone, as long as their checksum holds or for good.
//!
//! A name with a `/` at its end is a folder; one with a `/` elsewhere is a path, where `*` stays
//! within a folder; one without is the name of files in any folder.

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::tree::{Field, Node, yaml};
use super::{Entry, Sought, Wish, digest};
use crate::rules::RuleSet;
use crate::scan::scan_path;

/// Reads it. `rules` say which file names are findings here.
///
/// # Errors
/// Where it is no YAML of the plain sort, or a field does not hold what it should; names line and field.
pub fn read(text: &str, rules: &RuleSet) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let Some(root) = yaml(text)? else { return Ok(entries) };
    for field in root.fields("")? {
        match field.name.as_str() {
            "fileignoreconfig" => {
                for node in field.list()? {
                    file(node, &field.path, rules, &mut entries)?;
                }
            }
            "scopeconfig" if field.list()?.is_empty() => {}
            "scopeconfig" => {
                let why = "a scope is a list of files inside talisman; write an `[[exception]]` with `paths`";
                entries.push(Entry::not(field.line, &field.path, why));
            }
            "allowed_patterns" => all(&field, VALUES, &mut entries)?,
            "custom_patterns" => {
                let why = "a pattern without a name or a fixed text to look for; write a `[[rule]]`";
                all(&field, why, &mut entries)?;
            }
            "custom_severities" if field.list()?.is_empty() => {}
            "custom_severities" | "threshold" => {
                let why = "talisman's severities are not leakwarden's; `[block]` in .leakwarden.toml says what stops a commit";
                entries.push(Entry::not(field.line, &field.path, why));
            }
            "version" => {}
            _ => entries.push(Entry::not(field.line, &field.path, "leakwarden does not know this field")),
        }
    }
    Ok(entries)
}

const VALUES: &str = "leakwarden excepts findings, rules and paths, not values that match a pattern";

fn all(field: &Field<'_>, why: &str, entries: &mut Vec<Entry>) -> Result<()> {
    entries.extend(field.list()?.iter().map(|node| Entry::not(node.line, &field.path, why)));
    Ok(())
}

fn file(node: &Node, path: &str, rules: &RuleSet, entries: &mut Vec<Entry>) -> Result<()> {
    let fields = node.fields(path)?;
    let field = |name: &str| fields.iter().find(|own| own.name == name);
    let Some(name) = field("filename") else {
        entries.push(Entry::not(node.line, path, "it names no file"));
        return Ok(());
    };
    let pattern = name.text()?;
    if let Some(own) = field("checksum").filter(|own| own.node.text().is_some_and(|text| !text.is_empty())) {
        let wish = match digest(own.text()?) {
            _ if pattern.contains(['*', '?', '[']) || pattern.ends_with('/') => {
                Wish::Not("it is one checksum over all files that match the name".to_owned())
            }
            Some(digest) => Wish::Findings(Sought::Checksum { path: pattern.to_owned(), digest }),
            None => Wish::Not("it is no SHA-256".to_owned()),
        };
        entries.push(Entry { line: own.line, field: own.path.clone(), wish });
    }
    if let Some(own) = field("ignore_detectors") {
        let detectors: Vec<&str> = own.texts()?.into_iter().map(|(_, text)| text).collect();
        if !detectors.is_empty() {
            entries.push(Entry {
                line: own.line,
                field: own.path.clone(),
                wish: detectors_off(pattern, &detectors, rules),
            });
        }
    }
    if let Some(own) = field("allowed_patterns") {
        all(own, VALUES, entries)?;
    }
    let known = ["filename", "checksum", "ignore_detectors", "allowed_patterns"];
    for own in fields.iter().filter(|own| !known.contains(&own.name.as_str())) {
        entries.push(Entry::not(own.line, &own.path, "leakwarden does not know this field"));
    }
    Ok(())
}

/// Detectors that are off for some files: content, name, size.
fn detectors_off(pattern: &str, detectors: &[&str], rules: &RuleSet) -> Wish {
    let Some(glob) = glob(pattern) else {
        return Wish::Not("no glob matches the same files as its name".to_owned());
    };
    if detectors.iter().any(|own| !["filecontent", "filename", "filesize"].contains(own)) {
        return Wish::Not("leakwarden does not know one of these detectors".to_owned());
    }
    let literal = !pattern.contains('*') && !pattern.contains('?') && !pattern.ends_with('/');
    let names = || -> Vec<String> { scan_path(pattern.as_bytes(), rules).0.into_iter().map(|own| own.rule).collect() };
    match (detectors.contains(&"filecontent"), detectors.contains(&"filename")) {
        (true, true) => Wish::Wide { rules: Vec::new(), paths: vec![glob] },
        // An exception for a path is for its name too: that is the same only where the name is no finding.
        (true, false) if literal && names().is_empty() => Wish::Wide { rules: Vec::new(), paths: vec![glob] },
        (true, false) => {
            Wish::Not("it leaves out what the files hold but not their names; an exception takes both".to_owned())
        }
        (false, true) if !literal => Wish::Not("which rules for names it is about is not known".to_owned()),
        (false, true) => match names() {
            rules if rules.is_empty() => Wish::Nothing("leakwarden has nothing against that name".to_owned()),
            rules => Wish::Wide { rules, paths: vec![glob] },
        },
        (false, false) => Wish::Nothing("leakwarden has nothing against the size of files".to_owned()),
    }
}

fn glob(pattern: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || "_-. /@+*?".contains(c);
    if pattern.is_empty() || pattern.starts_with('/') || pattern.contains("**") || !pattern.chars().all(plain) {
        return None;
    }
    Some(match pattern.strip_suffix('/') {
        Some(folder) if !folder.contains(['*', '?']) => format!("{folder}/**"),
        Some(_) => return None,
        None if pattern.contains('/') => pattern.to_owned(),
        None => format!("**/{pattern}"),
    })
}

/// Talisman's checksum of one file: SHA-256, in hex, of three such digests after one another: of
/// nothing, of the content, and of the path.
pub fn checksum(path: &str, content: &[u8]) -> [u8; 32] {
    let hex = |bytes: &[u8]| -> String { Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect() };
    Sha256::digest(hex(b"") + &hex(content) + &hex(path.as_bytes())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(text: &str) -> Vec<(usize, Wish)> {
        read(text, &RuleSet::builtin()).expect("valid").into_iter().map(|e| (e.line, e.wish)).collect()
    }

    #[test]
    fn checksums_and_detectors_are_read() {
        let sum = "0a".repeat(32);
        let text = format!(
            "threshold: medium\nfileignoreconfig:\n- filename: a/b.py\n  checksum: {sum}\n  ignore_detectors: []\n\
             - filename: package-lock.json\n  ignore_detectors: [filecontent]\n- filename: conf/.env\n  ignore_detectors:\n\
             \x20 - filename\n- filename: conf/.env\n  ignore_detectors: [filecontent]\n- filename: docs/\n\
             \x20 ignore_detectors: [filecontent, filename]\n- filename: '*.x'\n  checksum: {sum}\n  allowed_patterns: [a]\n\
             scopeconfig:\n- scope: go\n"
        );
        let all = wishes(&text);
        assert_eq!(all.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 4, 7, 9, 12, 14, 16, 17, 18]);
        let wide = |n: usize| match &all[n].1 {
            Wish::Wide { rules, paths } => Some((rules.len(), paths.join(" "))),
            _ => None,
        };
        assert!(matches!(&all[1].1, Wish::Findings(Sought::Checksum { path, .. }) if path == "a/b.py"));
        assert_eq!(wide(2), Some((0, "**/package-lock.json".to_owned())));
        assert_eq!(wide(3), Some((1, "conf/.env".to_owned())));
        assert_eq!(wide(4), None, "the name of that file is a finding");
        assert_eq!(wide(5), Some((0, "docs/**".to_owned())));
        assert!([0, 4, 6, 7, 8].iter().all(|&n| matches!(all[n].1, Wish::Not(_))));
    }

    #[test]
    fn mistakes_name_the_line_and_no_value() {
        for text in
            ["fileignoreconfig:\n- filename: [hunter2]\n", "fileignoreconfig:\n  hunter2: 1\n", "a: [\nhunter2: "]
        {
            let error = format!("{:#}", read(text, &RuleSet::builtin()).expect_err(text));
            assert!(error.contains("line ") && !error.contains("hunter2"), "{error}");
        }
    }
}
