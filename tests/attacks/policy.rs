//! Loosening policy: by the repository's file, a variable, a flag, a link, an owner; and rules that
//! cost too much or match too much.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox, in_repository, skip};
use crate::{sound, staged, stopped};

const POLICY: &str = ".leakwarden.toml";

/// An exception wider than one finding.
fn wide(what: &str, end: &str) -> String {
    format!(
        "[[exception]]\n{what}\nkind = \"test-value\"\nreason = \"only made up values stand here\"\n\
         by = \"Me <me@example.org>\"\n{end}\n"
    )
}

#[test]
fn a_repository_loosens_nothing() -> Result<()> {
    in_repository(|s| {
        staged(s, "loosen")?;
        let end = "expires = \"2999-01-01\"";
        let soon = format!("expires = \"{}\"", soon(s)?);
        for text in [
            "[block]\nseverity = \"critical\"\nconfidence = \"certain\"\n[rules.github-personal-token]\nseverity = \"low\"".to_owned(),
            "[rules.github-personal-token]\nmode = \"warn\"".to_owned(),
            "[scan]\nsize_cap_mib = 0".to_owned(),
            "[scan]\nnot_scanned = \"warn\"".to_owned(),
            "[exceptions.kinds.test-value]\nname = \"anything\"".to_owned(),
            "[exceptions]\nautomation = true\nforeign_markers = true\nleast_reason = 0".to_owned(),
            "[env_files]\nallowed = [\"**/.env\"]".to_owned(),
            "[ledger]\npath = \"/dev/null\"".to_owned(),
            "[mandatory.block]\nseverity = \"critical\"".to_owned(),
            "[[rule]]\nid = \"github-personal-token\"\nprovider = \"X\"\nname = \"x\"\nseverity = \"low\"\n\
             keywords = [\"never-seen\"]\npattern = \"never-seen\""
                .to_owned(),
            wide("rules = [\"github-personal-token\"]", ""),
            wide("rules = [\"github-personal-token\"]", end),
            wide("rules = [\"*\"]", &soon),
            wide("paths = [\"**\"]", &soon),
            wide("paths = [\"**/*\"]", &soon),
            wide("paths = [\"{**,x}\"]", &soon),
            wide("paths = [\"[!/]*\"]", &soon),
            wide("paths = [\"/**\"]", &soon),
            wide("rules = []\npaths = []", &soon),
            wide("paths = [\"a.py\"]\nunknown = true", &soon),
        ] {
            s.write(POLICY, format!("{text}\n"))?;
            s.git("add .leakwarden.toml")?;
            stopped(s, &text)?;
        }
        Ok(())
    })
}

/// A day that a kind may last to.
fn soon(s: &Sandbox) -> Result<String> {
    Ok(s.run(s.command("date").args(["-u", "-d", "+20 days", "+%Y-%m-%d"]))?.ok()?.stdout.trim().to_owned())
}

#[test]
fn what_loosens_is_the_targets() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b topic")?;
        s.write(POLICY, wide("paths = [\"a.py\"]", &format!("expires = \"{}\"", soon(s)?)))?;
        staged(s, "target")?;
        s.commit_all()?.ok()?;
        s.verify("main..HEAD")?.blocked_in_range()
    })
}

#[test]
fn the_file_is_a_file_of_the_commit() -> Result<()> {
    in_repository(|s| {
        let soon = format!("expires = \"{}\"", soon(s)?);
        let text = wide("paths = [\"a.py\"]", &soon);
        staged(s, "links")?;
        // In the worktree alone.
        s.write(POLICY, &text)?;
        stopped(s, "a policy that is not staged")?;
        // A link, a folder, something else than text, something large.
        std::fs::rename(s.path(POLICY), s.root().join("loose.toml"))?;
        std::os::unix::fs::symlink(s.root().join("loose.toml"), s.path(POLICY))?;
        s.git("add -A")?;
        stopped(s, "a link")?;
        std::fs::remove_file(s.path(POLICY))?;
        s.write(format!("{POLICY}/x"), &text)?;
        s.git("add -A")?;
        stopped(s, "a folder")?;
        std::fs::remove_dir_all(s.path(POLICY))?;
        for (what, bytes) in [
            ("no UTF-8", [text.as_bytes(), b"# \xff\n"].concat()),
            ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("a NUL", [text.as_bytes(), b"\0"].concat()),
            ("deep nesting", ["x = ".to_owned(), "[".repeat(1 << 20)].concat().into_bytes()),
            ("deep tables", ["[", &"a.".repeat(1 << 19), "a]\n"].concat().into_bytes()),
            ("100 MB", [text.as_bytes(), &b"# x\n".repeat(25 << 20)].concat()),
        ] {
            s.write(POLICY, &bytes)?;
            s.git("add -A")?;
            stopped(s, what)?;
            let verified = s.run(s.command(LEAKWARDEN).args(["policy", "check", POLICY]))?;
            sound(&verified)?;
            // A file that is only too large has no mistake in it.
            ensure!(verified.code == Some(2) || what == "100 MB", "{what}: {}", verified.stderr);
        }
        Ok(())
    })
}

#[test]
fn variables_and_flags_loosen_nothing() -> Result<()> {
    in_repository(|s| {
        staged(s, "variables")?;
        let loose = s.root().join("loose");
        std::fs::create_dir_all(loose.join("leakwarden"))?;
        std::fs::write(loose.join("leakwarden/policy.toml"), "[mandatory.block]\nseverity = \"critical\"\n")?;
        std::fs::write(loose.join("policy.toml"), "[mandatory.block]\nseverity = \"critical\"\n")?;
        for name in ["LEAKWARDEN_POLICY", "LEAKWARDEN_CONFIG", "LEAKWARDEN_FLEET", "XDG_CONFIG_DIRS", "LEAKWARDEN_SKIP"]
        {
            let outcome = s.run(s.git_command().env(name, &loose).args(["commit", "-q", "-m", "x"]))?;
            outcome.blocked_at("a.py:1:")?;
        }
        for flag in ["--policy", "--config", "--severity", "--no-verify", "--skip"] {
            s.leakwarden(&format!("hook pre-commit {flag} x"))?.exits(2)?;
        }
        Ok(())
    })
}

#[test]
fn a_users_file_stays_below_the_fleets_orders() -> Result<()> {
    in_repository(|s| {
        staged(s, "user")?;
        let id = s.only_id()?;
        let fleet = "[mandatory.block]\nseverity = \"medium\"\n[mandatory.exceptions]\n\
                     never_rules = [\"github-personal-token\"]\n[mandatory.exceptions.kinds.test-value]\noff = true\n";
        for (what, user) in [
            ("an exception of the user", wide("paths = [\"a.py\"]", "")),
            ("a threshold", "[block]\nseverity = \"critical\"\n".to_owned()),
            ("a new kind", "[exceptions]\nnever_rules = []\n[exceptions.kinds.mine]\nlongest_days = 300\n".to_owned()),
        ] {
            let Some(outcome) = with_fleet(s, fleet, &user, &format!("{id} mine: made for this scenario"))? else {
                return Ok(());
            };
            ensure!(outcome.code == Some(1) && outcome.stderr.contains("a.py:1:"), "{what}: {}", outcome.stderr);
        }
        // Without the order about the rule, the kinds are what is left to go around.
        let fleet = "[mandatory.exceptions.kinds.test-value]\noff = true\n";
        for user in ["[exceptions.kinds.mine]\n", "[exceptions.kinds.test-value]\nname = \"mine\"\n"] {
            let Some(outcome) = with_fleet(s, fleet, user, &format!("{id} mine: made for this scenario"))? else {
                return Ok(());
            };
            ensure!(outcome.stderr.contains("no such kind"), "{user}: {}", outcome.stderr);
        }
        Ok(())
    })
}

#[test]
fn a_fleets_file_that_others_can_write_is_refused() -> Result<()> {
    in_repository(|s| {
        staged(s, "owner")?;
        let good = "[mandatory.organisation]\ncontact = \"security@example.org\"\n";
        let rows = [
            ("chmod 666 FILE", "written by others"),
            ("chown 1234 FILE", "belongs to user 1234"),
            ("chmod 777 FOLDER", "written by others"),
            ("mv FILE FOLDER/x; ln -s x FILE", "not a regular file"),
            ("rm FILE; mkdir FILE", "not a regular file"),
            ("rm FILE; head -c 9000000 /dev/zero >FILE", "MiB"),
            ("echo 'unknown = 1' >>FILE", "unknown"),
        ];
        for (change, expected) in rows {
            let Some(outcome) = with_fleet_changed(s, good, "", "", change)? else { return Ok(()) };
            sound(&outcome)?;
            ensure!(outcome.code == Some(2) && outcome.stderr.contains(expected), "{change}: {outcome:?}");
        }
        let Some(outcome) = with_fleet(s, good, "", "")? else { return Ok(()) };
        ensure!(outcome.code == Some(1) && outcome.stderr.contains("security@example.org"), "{outcome:?}");
        Ok(())
    })
}

fn with_fleet(s: &Sandbox, fleet: &str, user: &str, allow: &str) -> Result<Option<crate::kit::Outcome>> {
    with_fleet_changed(s, fleet, user, allow, ":")
}

/// Runs pre-commit where `/etc` holds nothing but a fleet's policy; `None` where that cannot be done.
fn with_fleet_changed(
    s: &Sandbox,
    fleet: &str,
    user: &str,
    allow: &str,
    change: &str,
) -> Result<Option<crate::kit::Outcome>> {
    let etc = s.root().join("etc");
    if etc.exists() {
        std::fs::remove_dir_all(&etc)?;
    }
    std::fs::create_dir_all(etc.join("leakwarden"))?;
    std::fs::write(etc.join("leakwarden/policy.toml"), fleet)?;
    let config = s.root().join("home/.config/leakwarden");
    std::fs::create_dir_all(&config)?;
    std::fs::write(config.join("config.toml"), user)?;
    let change = change.replace("FILE", "/etc/leakwarden/policy.toml").replace("FOLDER", "/etc/leakwarden");
    let script = format!(
        "mount --bind '{}' /etc && echo mounted && {{ {change}; }} && exec '{LEAKWARDEN}' hook pre-commit",
        etc.display()
    );
    let mut command = s.command("unshare");
    if !allow.is_empty() {
        command.env("LEAKWARDEN_ALLOW", allow);
    }
    let outcome = s.run(command.args(["-m", "sh", "-c", &script]));
    match outcome {
        Ok(outcome) if outcome.stdout.contains("mounted") => Ok(Some(outcome)),
        _ => {
            skip("a fleet's policy: no private mounts here");
            Ok(None)
        }
    }
}

#[test]
fn costly_rules_are_refused_or_bounded() -> Result<()> {
    in_repository(|s| {
        staged(s, "costly")?;
        s.write("much.txt", "aaaaaaaaaaaaaaaa bbbb cccc ".repeat(40_000))?;
        let rule = |id: usize, keyword: &str, pattern: &str| {
            format!(
                "[[rule]]\nid = \"x-{id}\"\nprovider = \"X\"\nname = \"x\"\nseverity = \"high\"\n\
                 keywords = [\"{keyword}\"]\npattern = '''{pattern}'''\n"
            )
        };
        let mut many = String::new();
        for n in 0..10_000 {
            write!(many, "{}", rule(n, &format!("word{n}"), "word[0-9]+")).context("text")?;
        }
        for (what, text) in [
            ("10,000 rules", many),
            ("a huge pattern", rule(1, "aaa", &"a?".repeat(200_000))),
            ("a pattern that doubles", rule(1, "aaa", "((((a{1,99}){1,99}){1,99}){1,99}){1,99}")),
            ("nested stars", rule(1, "aaa", "(a*)*(a*)*(a*)*b{3}")),
            ("a keyword that is everywhere", rule(1, "aaa", "aaa[^z]*z")),
            ("no keyword to speak of", rule(1, "a", "a")),
            ("a pattern that is none", rule(1, "aaa", "aaa(")),
            ("an empty match", rule(1, "aaa", "(?P<secret>)")),
            ("a ticket of megabytes", "[exceptions]\nticket = '(a{1,1000}){1,1000}'\n".to_owned()),
        ] {
            s.write(".leakwarden.toml", text)?;
            s.git("add -A")?;
            stopped(s, what)?;
        }
        Ok(())
    })
}

impl crate::kit::Outcome {
    fn blocked_in_range(&self) -> Result<()> {
        ensure!(self.code == Some(1) && self.stderr.contains("a.py:1:"), "{}", self.stderr);
        Ok(())
    }
}
