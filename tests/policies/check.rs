//! `policy check` in a pipeline that delivers policy.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::kit::{Sandbox, in_repository};

/// Checks the folder `fleet` with these files.
fn checked(s: &Sandbox, files: &[(&str, &str)]) -> Result<(Option<i32>, Value)> {
    let _ = std::fs::remove_dir_all(s.path("fleet"));
    for (name, text) in files {
        s.write(format!("fleet/{name}"), text)?;
    }
    let outcome = s.leakwarden("policy check --json fleet")?;
    let said: Value = serde_json::from_str(&outcome.stdout).with_context(|| outcome.stderr.clone())?;
    ensure!(said["version"] == 1, "{said}");
    Ok((outcome.code, said))
}

const CONTACT: &str = "[mandatory.organisation]\ncontact = \"sec@example.org\"\n";

#[test]
fn files_are_checked_together() -> Result<()> {
    in_repository(|s| {
        let rule = |more: &str| {
            format!(
                "[[mandatory.rule]]\nid = \"acme-key\"\nprovider = \"Acme\"\nname = \"key{more}\"\nseverity = \"high\"\n\
                 keywords = [\"acme_dk_\"]\npattern = \"acme_dk_[0-9a-f]{{12}}\"\n\
                 examples = [\"key = acme_dk_{{hex:12}}\"]\nnegative_examples = [\"acme_dk_example\"]\n"
            )
        };
        // What each of these says alone is right.
        let (one, two) = (rule(""), rule("2"));
        for (first, second, field, line) in [
            (one.as_str(), two.as_str(), "mandatory.rule.0.id", 2),
            (
                "[mandatory.ledger]\nsyslog = \"/dev/log\"\n",
                "\n[mandatory.ledger]\n syslog = \"/run/x\"\n",
                "mandatory.ledger.syslog",
                3,
            ),
            (
                "[recommended.block]\nseverity = \"low\"\n",
                "[recommended.block]\nseverity = \"high\"\n",
                "recommended.block.severity",
                2,
            ),
            (
                "[mandatory.rules.github-personal-token]\nmode = \"block\"\n",
                "[mandatory.rules.github-personal-token]\nmode = \"warn\"\n",
                "mandatory.rules.github-personal-token.mode",
                2,
            ),
            (
                "[mandatory.exceptions.kinds.revoked]\nlongest_days = 3\n",
                "[mandatory.exceptions.kinds.revoked]\nlongest_days = 30\n",
                "mandatory.exceptions.kinds.revoked.longest_days",
                2,
            ),
        ] {
            let (code, said) =
                checked(s, &[("policy.toml", CONTACT), ("policy.d/1.toml", first), ("policy.d/2.toml", second)])?;
            let fault = &said["faults"][0];
            ensure!(code == Some(2) && fault["file"] == "fleet/policy.d/2.toml", "{field}: {said}");
            ensure!(fault["field"] == field && fault["line"] == line && fault["column"].is_u64(), "{field}: {said}");
            ensure!(fault["message"].as_str().is_some_and(|text| text.contains("policy.d/1.toml")), "{said}");
            let (code, said) = checked(s, &[("policy.toml", CONTACT), ("policy.d/1.toml", first)])?;
            ensure!(code == Some(0) && said["faults"] == serde_json::json!([]), "{field}: {said}");
        }
        // A rule of one file may be named in another, and one of none may not.
        let never = "[mandatory.exceptions]\nnever_rules = [\"acme-key\"]\n";
        let (code, said) =
            checked(s, &[("policy.toml", CONTACT), ("policy.d/1.toml", never), ("policy.d/2.toml", &one)])?;
        ensure!(code == Some(0), "{said}");
        let (code, said) = checked(s, &[("policy.toml", CONTACT), ("policy.d/1.toml", never)])?;
        ensure!(code == Some(2), "{said}");
        Ok(())
    })
}

#[test]
fn a_mistake_has_file_line_column_and_field() -> Result<()> {
    in_repository(|s| {
        for (text, line, column, field) in [
            ("[mandatory.block]\n  severty = \"low\"\n", Some(2), Some(3), Some("severty")),
            ("[mandatory.exceptions]\nticket = \"(\"\n", Some(2), Some(1), Some("exceptions.ticket")),
            ("version = 2\n", None, None, None),
            ("[mandatory.block\n", Some(1), None, None),
        ] {
            let (code, said) = checked(s, &[("policy.toml", text), ("policy.d/x.toml", CONTACT)])?;
            let fault = &said["faults"][0];
            ensure!(code == Some(2) && fault["file"] == "fleet/policy.toml", "{said}");
            ensure!(line.is_none_or(|line| fault["line"] == line), "{text}: {said}");
            ensure!(column.is_none_or(|column| fault["column"] == column), "{text}: {said}");
            ensure!(field.is_none_or(|field| fault["field"] == field), "{text}: {said}");
        }
        let shown = s.leakwarden("policy check fleet fleet/policy.d/x.toml")?;
        ensure!(shown.exits(2)?.stderr.contains("leakwarden: fleet/policy.toml: line 1"), "{}", shown.stderr);
        s.leakwarden("policy check fleet/policy.d/x.toml fleet/policy.d/x.toml")?.ok()?;
        s.leakwarden("policy check no-such-file")?.exits(2)?;
        s.leakwarden("policy check")?.exits(2)?;
        s.write("empty/x", "")?;
        s.leakwarden("policy check empty")?.exits(2).map(drop)
    })
}

#[test]
fn what_only_surprises_is_a_warning() -> Result<()> {
    in_repository(|s| {
        for (files, expected) in [
            (vec![("policy.toml", "[mandatory.block]\nseverity = \"low\"\n")], "organisation.contact"),
            (
                vec![
                    ("policy.toml", CONTACT),
                    ("policy.d/1.toml", "[mandatory.exceptions]\nonce = false\n"),
                    ("policy.d/2.toml", "[mandatory.exceptions]\nonce = true\n"),
                ],
                "strictest",
            ),
            (vec![("policy.toml", CONTACT), ("policy.d/1.toml.bak", "x")], "not read"),
            (vec![("policy.toml", CONTACT), ("policy.d/1.toml", "# nothing\n")], "says nothing"),
            (
                vec![
                    ("policy.toml", CONTACT),
                    ("policy.d/1.toml", "[mandatory.rules.generic-jwt]\nmode = \"warn until 2020-01-01\"\n"),
                ],
                "that day is over",
            ),
            (
                vec![
                    ("policy.toml", CONTACT),
                    ("policy.d/1.toml", "[mandatory.exceptions]\napproval_severity = \"high\"\n"),
                ],
                "signers",
            ),
            (
                vec![
                    ("policy.toml", CONTACT),
                    (
                        "policy.d/1.toml",
                        "[mandatory.block]\nseverity = \"low\"\n[recommended.block]\nseverity = \"high\"\n",
                    ),
                ],
                "no effect",
            ),
        ] {
            let (code, said) = checked(s, &files)?;
            let warnings = said["warnings"].as_array().context("a list")?;
            ensure!(code == Some(0), "{expected}: {said}");
            let found = warnings.iter().any(|own| own["message"].as_str().is_some_and(|text| text.contains(expected)));
            ensure!(found, "{expected}: {said}");
        }
        Ok(())
    })
}
