//! Files that people write or review: exceptions, policies, rules, trailers; and the report.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::fleet::Fleet;
use crate::kit::{Sandbox, in_repository, line, plant};
use crate::{filled, fixture, not_committed, too_new};

const BOOK: &str = ".leakwarden/exceptions.toml";

/// A staged token in `app.py`, and the id of what is found.
fn staged(s: &Sandbox) -> Result<String> {
    s.write("app.py", line(&plant::github("formats")))?;
    s.git("add app.py")?;
    s.only_id()
}

#[test]
fn exceptions() -> Result<()> {
    in_repository(|s| {
        let id = staged(s)?;
        s.allow(&id, &[])?.ok()?;
        let written = s.exceptions()?;
        let value = |key: &str| {
            let line = written.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).unwrap_or_default();
            line.trim_matches('"').to_owned()
        };
        let (repo_id, print, end) = (value("repo_id"), value("fingerprint"), value("expires"));
        let text = filled("exceptions-v1.toml", &[("REPO_ID", &repo_id), ("FINGERPRINT", &print), ("EXPIRES", &end)]);
        let stage = |text: &str| -> Result<()> {
            s.write(BOOK, text)?;
            s.git("add -A")
        };
        // From the future: another version, with keys or without; and a key that no version has.
        for newer in [
            text.replace("version = 1", "version = 2"),
            text.replace("version = 1", "version = 2\nsigned = true"),
            text.replace("kind = ", "scope = \"folder\"\nkind = ").replace("version = 1", "version = 2"),
        ] {
            stage(&newer)?;
            too_new(&s.hook("pre-commit")?)?;
            not_committed(s)?;
        }
        for strange in [text.replace("kind = ", "scope = \"folder\"\nkind = "), text.replace("\"s1:", "\"s2:")] {
            stage(&strange)?;
            s.hook("pre-commit")?.exits(2)?;
            not_committed(s)?;
        }
        stage(&text)?;
        s.commit("")?.clean()
    })
}

#[test]
fn repository_policy() -> Result<()> {
    in_repository(|s| {
        let text = fixture("policy-v1.toml");
        s.write("a.txt", format!("key: acme_dk_{}\n", "9f3c7a1e5d2b"))?;
        for newer in [text.replace("version = 1", "version = 2"), text.replace("version = 1", "version = 2\nmore = 1")]
        {
            s.write(".leakwarden.toml", newer)?;
            s.git("add -A")?;
            too_new(&s.hook("pre-commit")?)?;
            not_committed(s)?;
        }
        s.write(".leakwarden.toml", text.replace("least_reason", "least_words"))?;
        s.git("add -A")?;
        ensure!(s.hook("pre-commit")?.exits(2)?.stderr.contains("least_words"), "the key is named");
        s.write(".leakwarden.toml", &text)?;
        s.git("add -A")?;
        let outcome = s.commit("")?;
        ensure!(outcome.blocked_at("a.txt:1:")?.stderr.contains("sec@example.org"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn fleet_policy() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = Fleet::new(s)? else { return Ok(()) };
        let id = staged(s)?;
        s.allow(&id, &[])?.ok()?;
        let text = fixture("fleet-v1.toml");
        for newer in [text.replace("version = 1", "version = 2"), text.replace("version = 1", "version = 2\nmore = 1")]
        {
            fleet.write("policy.toml", &newer)?;
            too_new(&fleet.leakwarden("hook pre-commit")?)?;
        }
        fleet.write("policy.toml", &text)?;
        let outcome = fleet.commit()?;
        ensure!(outcome.blocked_at("app.py:1:")?.stderr.contains("no exceptions"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn rules() -> Result<()> {
    in_repository(|s| {
        let text = fixture("rules-v1.toml");
        let checked = |text: &str| {
            s.write("rules.toml", text)?;
            s.leakwarden("rules check rules.toml")
        };
        checked(&text)?.ok()?;
        checked(&format!("version = 1\n{text}"))?.ok()?;
        too_new(&checked(&format!("version = 2\n{text}"))?)?;
        too_new(&checked(&format!("version = 2\nmore = 1\n{text}"))?)?;
        checked(&text.replace("name = ", "shape = "))?.exits(2).map(drop)
    })
}

#[test]
fn trailers() -> Result<()> {
    in_repository(|s| {
        let id = staged(s)?;
        let trailer = filled("trailer-v1", &[("ID", &id)]);
        s.commit_unchecked(&format!("a change\n\n{trailer}"))?;
        s.leakwarden("verify HEAD^!")?.ok()?;
        // What is written in another grammar excuses nothing.
        for newer in [
            trailer.replace(": ", ": v2 "),
            trailer.replace(" test-value:", " (test-value) "),
            trailer.replace("-Allow", "-Allow2"),
        ] {
            s.run(s.git_command().args([
                "-c",
                "core.hooksPath=/dev/null",
                "commit",
                "-q",
                "--amend",
                "-m",
                &format!("a change\n\n{newer}"),
            ]))?
            .ok()?;
            s.leakwarden("verify HEAD^!")?.exits(1)?;
        }
        Ok(())
    })
}

/// Every field of the fixture is in the report; new ones may come.
fn covers(report: &Value, fixture: &Value, at: &str) -> Result<()> {
    match (report, fixture) {
        (Value::Object(own), Value::Object(known)) => known.iter().try_for_each(|(key, value)| match own.get(key) {
            Some(own) => covers(own, value, &format!("{at}.{key}")),
            None => anyhow::bail!("{at}.{key} is gone"),
        }),
        (Value::Array(own), Value::Array(known)) => {
            own.iter().zip(known).try_for_each(|(own, known)| covers(own, known, at))
        }
        _ => Ok(()),
    }
}

#[test]
fn reports() -> Result<()> {
    in_repository(|s| {
        staged(s)?;
        let report = s.staged()?;
        ensure!(report.0["version"] == 1 && report.findings()?.len() == 1, "{}", report.0);
        covers(&report.0, &serde_json::from_str(&fixture("report-v1.json"))?, "")
    })
}
