//! `leakwarden import`: files of other scanners become rules and exceptions, what cannot be carried
//! over is said by its line, and no output holds a secret (every output of a sandbox is checked).

use anyhow::{Result, ensure};
use leakwarden::import::talisman::checksum;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::kit::{Outcome, Sandbox, in_repository, line, plant};

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is said of an entry: the line that begins so.
fn says(outcome: &Outcome, begins: &str, then: &str) -> Result<()> {
    let found = outcome.stdout.lines().any(|line| line.starts_with(begins) && line.contains(then));
    ensure!(found, "`{begins} … {then}` is not said: {outcome:?}");
    Ok(())
}

/// Importing once more changes nothing, and a file that is written stands as it is written.
fn twice(s: &Sandbox, code: i32) -> Result<()> {
    let staged = |s: &Sandbox| s.ask_git("ls-files -s");
    let before = staged(s)?;
    let again = s.leakwarden("import")?;
    ensure!(again.exits(code)?.stdout.contains("nothing new to write"), "{again:?}");
    ensure!(staged(s)? == before, "importing twice changed something");
    s.git("diff --quiet -- .leakwarden .leakwarden.toml")
}

const GITLEAKS: &str = "# ours\n[extend]\nuseDefault = true\n\n[[rules]]\nid = \"acme_key\"\ndescription = \"Acme's key\"\n\
    regex = '''\\b(acme_[a-z0-9]{24})\\b'''\nkeywords = [\"acme_\"]\n\n[[rules]]\nid = \"anything\"\n\
    regex = '''[a-f0-9]{40}'''\n\n[allowlist]\npaths = [\n  '''^vendor/''',\n  '''.*''',\n]\nregexes = ['''sample''']\n";

#[test]
fn a_gitleaks_configuration() -> Result<()> {
    in_repository(|s| {
        let before = "# the policy of this repository\nversion = 1\n[block]\nseverity   = \"low\"   # all\n";
        s.write(".leakwarden.toml", before)?;
        s.write(".gitleaks.toml", GITLEAKS)?;
        s.git("add -A")?;
        let dry = s.leakwarden("import --dry-run")?;
        ensure!(dry.exits(1)?.stdout.contains("would be written"), "{dry:?}");
        ensure!(std::fs::read_to_string(s.path(".leakwarden.toml"))? == before, "a dry run writes nothing");
        let said = s.leakwarden("import")?;
        says(said.exits(1)?, ".gitleaks.toml:3: extend.useDefault: nothing to carry over", "")?;
        says(&said, ".gitleaks.toml:5: rules.acme_key: rule `imported-acme-key`", "")?;
        says(&said, ".gitleaks.toml:11: rules.anything: not carried over", "no fixed text")?;
        says(&said, ".gitleaks.toml:17: allowlist.paths: exception for all rules", " until ")?;
        says(&said, ".gitleaks.toml:18: allowlist.paths: not carried over", "every path")?;
        says(&said, ".gitleaks.toml:20: allowlist.regexes: not carried over", "")?;
        let policy = std::fs::read_to_string(s.path(".leakwarden.toml"))?;
        ensure!(policy.starts_with(before) && policy.contains("paths = [\"vendor/**\"]"), "{policy}");
        ensure!(policy.contains("imported from .gitleaks.toml, line 17; review it"), "{policy}");
        s.leakwarden("policy check .leakwarden.toml")?.ok()?;
        twice(s, 1)?;
        s.commit("")?.clean()?;
        // The rule finds, and the exception lets pass what any rule finds there.
        let value = plant::lower("acme");
        s.write("app.conf", format!("key = acme_{value}\n"))?;
        s.write("vendor/app.conf", line(&plant::github("vendored")))?;
        s.git("add -A")?;
        s.commit("")?.blocked_at("app.conf:1:")?.not_at("vendor/app.conf").map(drop)
    })
}

#[test]
fn a_list_of_gitleaks_findings() -> Result<()> {
    in_repository(|s| {
        let (old, new, two) = (plant::github("old"), plant::github("new"), plant::github("two"));
        s.write("src/a.conf", line(&old))?;
        s.commit_unchecked("an old secret")?;
        let commit = s.ask_git("rev-parse HEAD")?;
        s.write("src/a.conf", format!("x\ny\n{}{}a = \"{new}\", \"{two}\"\n", line(&old), line(&new)))?;
        let listed = format!(
            "# reviewed\n{commit}:src/a.conf:github-pat:1\nsrc/a.conf:github-pat:5\nsrc/a.conf:github-pat:4\n\
             src/a.conf:github-pat:1\n{}:src/a.conf:github-pat:1\nwhat\n",
            "0".repeat(40)
        );
        s.write(".gitleaksignore", listed)?;
        s.git("add -A")?;
        let said = s.leakwarden("import --kind test-value")?;
        says(said.exits(1)?, ".gitleaksignore:2: exception ", " until ")?;
        says(&said, ".gitleaksignore:3: not carried over", "more than one")?;
        says(&said, ".gitleaksignore:4: exception ", " until ")?;
        says(&said, ".gitleaksignore:5: not carried over", "nothing to except")?;
        says(&said, ".gitleaksignore:6: not carried over", "that commit's version")?;
        says(&said, ".gitleaksignore:7: not carried over", "form")?;
        twice(s, 1)?;
        let listed = s.leakwarden("exceptions list")?;
        ensure!(listed.ok()?.stdout.matches(" test-value ").count() == 2, "{listed:?}");
        s.commit("")?.blocked_at("src/a.conf:5:")?.not_at("src/a.conf:3:")?.not_at("src/a.conf:4:").map(drop)
    })
}

#[test]
fn a_detect_secrets_baseline() -> Result<()> {
    in_repository(|s| {
        let (one, two, gone) = (plant::github("one"), plant::github("real"), plant::github("gone"));
        s.write("a.conf", format!("{}{}", line(&one), line(&two)))?;
        let entry = |value: &str, more: &str| {
            let digest = hex(Sha1::digest(value));
            format!(
                "{{\"type\": \"GitHub Token\", \"filename\": \"a.conf\", \"hashed_secret\": \"{digest}\", \"line_number\": 9{more}}}"
            )
        };
        let all = [entry(&one, ""), entry(&two, ", \"is_secret\": true"), entry(&gone, "")].join(",\n");
        s.write(
            ".secrets.baseline",
            format!("{{\n\"version\": \"1.5.0\",\n\"results\": {{\n\"a.conf\": [\n{all}\n]}}}}\n"),
        )?;
        s.git("add -A")?;
        let said = s.leakwarden("import")?;
        says(said.exits(1)?, ".secrets.baseline:5: results.hashed_secret: exception ", "")?;
        says(&said, ".secrets.baseline:6: results.hashed_secret: not carried over", "real secret")?;
        says(&said, ".secrets.baseline:7: results.hashed_secret: not carried over", "nothing to except")?;
        ensure!(!said.stdout.contains(&hex(Sha1::digest(&one))[..10]), "no hash is shown: {said:?}");
        twice(s, 1)?;
        s.git("rm -q --cached .secrets.baseline")?;
        s.commit("")?.blocked_at("a.conf:2:")?.not_at("a.conf:1:").map(drop)
    })
}

#[test]
fn a_talismanrc() -> Result<()> {
    in_repository(|s| {
        let held = line(&plant::github("held"));
        s.write("conf/a.conf", &held)?;
        s.write("conf/b.conf", line(&plant::github("changed")))?;
        s.write("docs/c.conf", line(&plant::github("docs")))?;
        let rc = format!(
            "version: \"1.0\"\nfileignoreconfig:\n- filename: conf/a.conf\n  checksum: {}\n- filename: conf/b.conf\n\
             \x20 checksum: {}\n- filename: docs/\n  ignore_detectors: [filecontent, filename]\n",
            hex(checksum("conf/a.conf", held.as_bytes())),
            hex(checksum("conf/b.conf", b"as it was")),
        );
        s.write(".talismanrc", rc)?;
        s.git("add -A")?;
        let said = s.leakwarden("import")?;
        says(said.exits(1)?, ".talismanrc:4: fileignoreconfig.checksum: exception ", "")?;
        says(&said, ".talismanrc:6: fileignoreconfig.checksum: not carried over", "checksum")?;
        says(&said, ".talismanrc:8: fileignoreconfig.ignore_detectors: exception for all rules", "")?;
        twice(s, 1)?;
        s.commit("")?.blocked_at("conf/b.conf:1:")?.not_at("conf/a.conf:")?.not_at("docs/c.conf:").map(drop)
    })
}

#[test]
fn lists_of_paths_and_values() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("allowed");
        s.write(".gitallowed", format!("{token}\n^vendor/.*:\n"))?;
        s.write(".secretsignore", format!("tests/data/\n{token}\n"))?;
        s.write(".betterleaksignore", format!("{}\n", hex(Sha256::digest(plant::github("digest")))))?;
        s.write("a.conf", line(&plant::github("digest")))?;
        s.write("tests/data/a.conf", line(&plant::github("data")))?;
        s.git("add a.conf tests")?;
        let said = s.leakwarden("import")?;
        says(said.exits(1)?, ".gitallowed:1: not carried over", "")?;
        says(&said, ".gitallowed:2: exception for all rules", "")?;
        says(&said, ".secretsignore:1: exception for all rules", "")?;
        says(&said, ".secretsignore:2: not carried over", "")?;
        says(&said, ".betterleaksignore:1: exception ", "")?;
        s.commit("")?.clean()
    })
}

#[test]
fn a_rule_that_holds_a_secret_is_left_out() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("in-a-rule");
        s.write("x/.gitleaks.toml", format!("[[rules]]\nid = \"{token}\"\nregex = '''{token}'''\n"))?;
        let said = s.leakwarden("import x/.gitleaks.toml")?;
        ensure!(said.exits(1)?.stdout.contains("holds a secret itself"), "{said:?}");
        ensure!(!s.path(".leakwarden.toml").exists(), "nothing is written");
        Ok(())
    })
}

#[test]
fn policy_decides_what_may_be_excepted() -> Result<()> {
    in_repository(|s| {
        s.write("a.conf", line(&plant::github("policy")))?;
        s.write(".betterleaksignore", format!("{}\n", hex(Sha256::digest(plant::github("policy")))))?;
        s.write(".gitallowed", "^docs/.*:\n")?;
        for (policy, wide, one) in [
            ("[exceptions]\nwide = false\n", "does not count", "exception "),
            ("[exceptions]\nallowed = false\n", "allows no exceptions", "not carried over: policy"),
            (
                "[exceptions]\nnever_rules = [\"github-pat-classic\"]\nticket = \"X-[0-9]+\"\n",
                "exception for all",
                "not carried over: policy",
            ),
        ] {
            s.write(".leakwarden.toml", policy)?;
            s.git("add a.conf .leakwarden.toml")?;
            let said = s.leakwarden("import --dry-run")?;
            says(said.exits(1)?, ".gitallowed:1:", wide)?;
            says(&said, ".betterleaksignore:1:", one)?;
        }
        s.write(".leakwarden.toml", "version = 1\n")?;
        s.git("add .leakwarden.toml")?;
        let mut automated = s.command(crate::kit::LEAKWARDEN);
        let said = s.run(automated.arg("import").env("CI", "true"))?;
        says(said.exits(1)?, ".gitallowed:1: not carried over: policy does not let automation", "")
    })
}

#[test]
fn mistakes_are_named_by_file_line_and_field() -> Result<()> {
    in_repository(|s| {
        let nothing = s.leakwarden("import")?;
        ensure!(nothing.exits(0)?.stdout.contains("nothing to import"), "{nothing:?}");
        let token = plant::github("mistake");
        for (name, text, expected) in [
            (".gitleaks.toml", format!("[[rules]]\nid = \"a\"\nregex = [\"{token}\"]\n"), "line 3, `rules.a.regex`"),
            (".gitleaks.toml", format!("[[rules]]\nid = \"{token}\n"), "line 2"),
            (".talismanrc", format!("a: 1\nfileignoreconfig: {token}\n"), "line 2, `fileignoreconfig`"),
            (".secrets.baseline", format!("{{\n\"{token}\"\n}}"), "line 3"),
        ] {
            s.write(name, text)?;
            let said = s.leakwarden(&format!("import {name}"))?;
            let named = said.exits(2)?.stderr.contains(&format!("{name}: {expected}"));
            ensure!(named, "{expected}: {said:?}");
            std::fs::remove_file(s.path(name))?;
        }
        s.leakwarden("import README.md")?.exits(2)?;
        s.leakwarden("import .gitleaksignore")?.exits(2)?;
        s.write(".gitallowed", "^docs/.*:\n")?;
        let kind = s.leakwarden("import --kind nonsense")?;
        ensure!(kind.exits(2)?.stderr.contains("no such kind"), "{kind:?}");
        s.write(".leakwarden.toml", "version = 1\n")?;
        let unstaged = s.leakwarden("import")?;
        ensure!(unstaged.exits(2)?.stderr.contains("not staged"), "{unstaged:?}");
        Ok(())
    })
}
