//! Texts of strangers on a terminal and in the log of a CI job: nothing but printable text arrives.

use anyhow::{Result, ensure};

use crate::kit::except::FILE;
use crate::kit::sandbox::raw_path;
use crate::kit::{LEAKWARDEN, Sandbox, in_repository, line, plant};
use crate::sound;

/// Clears the screen, names a window, reorders, begins lines, commands a CI service.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{9b}31m\r\n::error::owned ##[add-path]/tmp ##vso[task.x]y";

/// Everything that prints about what is staged or committed.
fn all_ways(s: &Sandbox, range: &str) -> Result<()> {
    for words in [
        "scan --staged",
        "scan --staged --format json",
        "scan --staged --format sarif",
        "scan .",
        "scan . --format json",
        "exceptions list",
        "exceptions list --json",
        "exceptions prune --dry-run",
        "policy show --origin",
        "policy show --json",
        "policy check .leakwarden.toml",
        "rules check .leakwarden.toml",
        "verify --tree",
        "verify --tree --format github",
        "verify --tree --format json",
    ] {
        sound(&s.leakwarden(words)?)?;
    }
    for format in ["human", "json", "sarif", "github"] {
        sound(&s.leakwarden(&format!("verify {range} --format {format}"))?)?;
    }
    for ask in ["hook pre-commit", "scan --staged"] {
        let mut command = s.command(LEAKWARDEN);
        sound(&s.run(command.env("COLUMNS", "20").args(ask.split(' ')))?)?;
    }
    Ok(())
}

#[test]
fn paths() -> Result<()> {
    in_repository(|s| {
        s.git("tag start")?;
        let names = [
            "::error::owned",
            "  ::stop-commands::x",
            "##[add-path]x",
            "a##vso[task.setvariable variable=x]y",
            "\u{1b}[2J.py",
            "a\nleakwarden: nothing found\n::warning::x.py",
            "a\r::error::x",
            "\u{202e}yp.x",
            "%0A::error::x",
            "x,line=1::owned",
            "\u{9b}2J",
        ];
        for (n, name) in names.iter().enumerate() {
            s.write(raw_path(name.as_bytes()), line(&plant::github(&format!("path{n}"))))?;
        }
        s.git("add -A")?;
        let outcome = s.commit("")?;
        outcome.blocked()?;
        sound(&outcome)?;
        all_ways(s, "start..HEAD")?;
        s.commit_unchecked("all of it")?;
        all_ways(s, "start..HEAD")
    })
}

#[test]
fn exceptions() -> Result<()> {
    in_repository(|s| {
        s.git("tag start")?;
        s.write("a.py", line(&plant::github("evil")))?;
        s.git("add a.py")?;
        let id = s.only_id()?;
        let mut allow = s.command(LEAKWARDEN);
        let reason = format!("a reason with {EVIL} in it");
        let refused = s.run(allow.args(["allow", &id, "--kind", "test-value", "--reason", &reason]))?;
        sound(refused.exits(2)?)?;
        sound(&s.run(s.command(LEAKWARDEN).args(["allow", EVIL, "--kind", EVIL, "--reason", EVIL]))?)?;
        sound(&s.run(s.git_command().env("LEAKWARDEN_ALLOW", EVIL).args(["commit", "-qm", "x"]))?)?;
        // An identity that git takes.
        s.run(s.git_command().args(["config", "user.name", "\u{1b}[2J\u{202e}Me ##[x]"]))?.ok()?;
        let allowed = s.allow(&id, &[])?;
        sound(allowed.ok()?)?;
        let good = s.exceptions()?;
        let toml: String = EVIL.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
        for name in ["reason", "by", "path", "rule", "kind", "expires", "created", "id", "fingerprint", "repo_id"] {
            let own = good.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap_or_default();
            let value = own.split('"').nth(1).unwrap_or_default();
            s.write(FILE, good.replace(own, &format!("{name} = \"{value}{toml}\"")))?;
            s.git("add -A")?;
            sound(&s.hook("pre-commit")?)?;
            all_ways(s, "start..HEAD")?;
        }
        let line = good.lines().find(|line| line.starts_with("path = ")).unwrap_or_default();
        s.write(FILE, good.replace(line, &format!("{line}\n\"{toml}\" = 1")))?;
        s.git("add -A")?;
        sound(&s.hook("pre-commit")?)?;
        s.commit_unchecked("with a wrong file")?;
        all_ways(s, "start..HEAD")
    })
}

#[test]
fn policy_and_rules() -> Result<()> {
    in_repository(|s| {
        s.git("tag start")?;
        s.write("a.py", line(&plant::github("texts")))?;
        s.write("b.txt", "corp_0123456789abcdef\n")?;
        let toml: String = EVIL.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
        let rule = |change: &str| {
            let mut text = "[[rule]]\nid = \"corp-key\"\nprovider = \"Corp\"\nname = \"key\"\nseverity = \"high\"\n\
                            keywords = [\"corp_\"]\npattern = \"corp_[0-9a-f]{16}\"\nrotate = \"https://example.org\"\n"
                .to_owned();
            let (key, _) = change.split_once(" = ").unwrap_or_default();
            if let Some(own) = text.lines().find(|line| line.starts_with(&format!("{key} = "))).map(str::to_owned) {
                text = text.replace(&own, change);
            }
            text
        };
        for text in [
            format!("[organisation]\ncontact = \"{toml}\"\nmessage = \"{toml}\"\n"),
            format!("[exceptions]\nticket = \"{toml}\"\n"),
            format!("[exceptions]\nnever_rules = [\"{toml}\"]\n"),
            format!("\"{toml}\" = 1\n"),
            format!("[\"{toml}\"]\nx = 1\n"),
            format!("[rules.\"{toml}\"]\nseverity = \"high\"\n"),
            format!("[block]\nseverity = \"{toml}\"\n"),
            rule(&format!("name = \"{toml}\"")),
            rule(&format!("provider = \"{toml}\"")),
            rule(&format!("rotate = \"https://example.org/{toml}\"")),
            rule(&format!("id = \"corp-{toml}\"")),
            rule(&format!("pattern = \"corp_{toml}(\"")),
            rule(&format!("keywords = [\"corp_{toml}\"]")),
            format!(
                "[[exception]]\npaths = [\"{toml}\"]\nkind = \"{toml}\"\nreason = \"{toml}\"\nby = \"{toml}\"\n\
                 expires = \"{toml}\"\n"
            ),
        ] {
            s.write(".leakwarden.toml", &text)?;
            s.git("add -A")?;
            let outcome = s.commit("")?;
            sound(&outcome)?;
            ensure!(outcome.code == Some(1), "{text}: {}", outcome.stderr);
            all_ways(s, "start..HEAD")?;
        }
        Ok(())
    })
}

#[test]
fn names_of_branches_and_commits() -> Result<()> {
    in_repository(|s| {
        for name in [EVIL, "::error::owned", "--pre-receive=\u{1b}[2J", "a..\u{1b}[2J", "-x\u{1b}[2J"] {
            for words in
                [vec!["verify", name], vec!["verify", "HEAD", "--policy-from", name], vec!["verify", "--tree", name]]
            {
                let outcome = s.run(s.command(LEAKWARDEN).args(&words))?;
                ensure!(matches!(outcome.code, Some(2 | 3)), "{words:?}: {outcome:?}");
                sound(&outcome)?;
            }
        }
        sound(&s.run_with(s.command(LEAKWARDEN).args(["verify", "--pre-receive"]), EVIL)?)
    })
}
