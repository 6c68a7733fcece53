//! Policy: what layers make together, what a repository cannot loosen, and what mistakes are told.

use std::fs;

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Outcome, Sandbox, in_repository, line, plant, skip};

/// Runs a shell line with a folder as the fleet's policy: `/etc` is replaced in a private mount
/// namespace. `None` where that is not possible here.
fn with_fleet(s: &Sandbox, policy: &str, prepare: &str, shell: &str) -> Result<Option<Outcome>> {
    let etc = s.root().join("etc");
    fs::create_dir_all(etc.join("leakwarden"))?;
    for name in ["passwd", "group", "ld.so.cache"] {
        let _ = fs::copy(format!("/etc/{name}"), etc.join(name));
    }
    fs::write(etc.join("leakwarden/policy.toml"), policy)?;
    let mount = format!("mount --bind {} /etc && echo mounted && {prepare} && {shell}", etc.display());
    let outcome = s.run(s.command("unshare").args(["-m", "sh", "-c", &mount]))?;
    if outcome.stdout.starts_with("mounted") {
        return Ok(Some(outcome));
    }
    skip("the fleet's policy: no private mounts here");
    Ok(None)
}

/// A finding of medium severity and above, staged.
fn staged(s: &Sandbox) -> Result<String> {
    s.write("a.py", line(&plant::github("policy")))?;
    s.git("add a.py")?;
    s.only_id()
}

/// Replaces the repository's policy, committed.
fn repository(s: &Sandbox, text: &str) -> Result<()> {
    s.write(".leakwarden.toml", text)?;
    s.git("add .leakwarden.toml")?;
    s.run(s.git_command().args(["commit", "-q", "--no-verify", "-m", "policy", "--", ".leakwarden.toml"]))?
        .ok()
        .map(drop)
}

#[test]
fn a_repository_tightens() -> Result<()> {
    in_repository(|s| {
        let id = staged(s)?;
        s.allow(&id, &[])?.ok()?;
        for (text, expected) in [
            ("[exceptions]\nallowed = false\n", "no exceptions"),
            ("[exceptions]\nnever_severity = \"critical\"\n", "critical severity"),
            ("[exceptions]\nnever_rules = [\"github-personal-token\"]\n", "github-personal-token"),
            ("[exceptions]\nleast_reason = 500\n", "at least 500"),
            ("[exceptions]\nticket = \"SEC-[0-9]+\"\n", "SEC-[0-9]+"),
            ("[exceptions]\napproval_kinds = [\"test-value\"]\n", "second person"),
            ("[exceptions.kinds.test-value]\noff = true\n", "no such kind"),
        ] {
            repository(s, text)?;
            let outcome = s.commit("")?;
            ensure!(outcome.blocked()?.stderr.contains(expected), "{text}: {}", outcome.stderr);
        }
        repository(s, "[exceptions.kinds.test-value]\nlongest_days = 400\n")?;
        s.commit("")?.clean()
    })
}

#[test]
fn a_repository_does_not_loosen() -> Result<()> {
    in_repository(|s| {
        staged(s)?;
        for text in
            ["[block]\nseverity = \"critical\"\nconfidence = \"certain\"\n", "[exceptions]\nforeign_markers = true\n"]
        {
            repository(s, text)?;
            s.commit("")?.blocked_at("a.py:1:")?;
        }
        for (text, expected) in [
            ("[scan]\nsize_cap_mib = 0\n", "scan.size_cap_mib"),
            ("[env_files]\nallowed = [\".env\"]\n", "env_files.allowed"),
            ("[rules.github-personal-token]\nmode = \"warn\"\n", "rules.github-personal-token.mode"),
            ("[exceptions.kinds.revoked]\nname = \"x\"\n", "exceptions.kinds.revoked.name"),
            ("[ledger]\npath = \"/tmp\"\n", "ledger.path"),
            ("[blok]\n", "line 1"),
            ("[block]\nseverity = \"hgh\"\n", "line 2, `severity`"),
            (
                "[[exception]]\nrules = [\"*\"]\nkind=\"revoked\"\nreason=\"all of them are revoked\"\nby=\"A <a@b>\"\n",
                "one by one",
            ),
            (
                "[[exception]]\npaths = [\"**\"]\nkind=\"revoked\"\nreason=\"all of them are revoked\"\nby=\"A <a@b>\"\n",
                "every path",
            ),
        ] {
            repository(s, text)?;
            let outcome = s.hook("pre-commit")?;
            ensure!(outcome.exits(2)?.stderr.contains(expected), "{text}: {}", outcome.stderr);
            let check = s.leakwarden("policy check .leakwarden.toml")?;
            ensure!(check.exits(2)?.stderr.contains(expected), "{text}: {}", check.stderr);
        }
        Ok(())
    })
}

#[test]
fn a_threshold_can_be_lowered() -> Result<()> {
    in_repository(|s| {
        // Encrypted keys are of low severity.
        let armour = |edge: &str| format!("-----{edge} ENCRYPTED PRIVATE KEY-----\n");
        let key = plant::private_key("threshold");
        let body: String = key.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect();
        s.write("key.txt", format!("{}{body}{}", armour("BEGIN"), armour("END")))?;
        s.git("add key.txt")?;
        s.hook("pre-commit")?.exits(0)?;
        repository(s, "[block]\nseverity = \"low\"\nconfidence = \"possible\"\n")?;
        s.hook("pre-commit")?.exits(1).map(drop)
    })
}

#[test]
fn own_rules_are_found_and_their_mistakes_told() -> Result<()> {
    in_repository(|s| {
        let rule = "[[rule]]\nid = \"acme-key\"\nprovider = \"Acme\"\nname = \"key\"\nseverity = \"high\"\n\
                    keywords = [\"acme_dk_\"]\npattern = \"acme_dk_[0-9a-f]{12}\"\n";
        repository(s, rule)?;
        s.write("a.txt", format!("key: acme_dk_{}\n", "9f3c7a1e5d2b"))?;
        s.git("add a.txt")?;
        let outcome = s.commit("")?;
        ensure!(outcome.blocked_at("a.txt:1:")?.stderr.contains("Acme key"), "{}", outcome.stderr);
        // A pattern that does not compile: nothing that holds its keyword passes for scanned.
        repository(s, &rule.replace("{12}", "{12"))?;
        s.commit("")?.could_not_scan()?;
        let check = s.leakwarden("policy check .leakwarden.toml")?;
        ensure!(check.exits(2)?.stderr.contains("acme-key"), "{}", check.stderr);
        for (from, to, expected) in [
            ("acme-key", "acme", "`id`"),
            ("keywords = [\"acme_dk_\"]", "keywords = [\"ac\"]", "3 to 200"),
            ("keywords = [\"acme_dk_\"]\n", "", "keywords"),
            ("pattern = ", "patern = ", "patern"),
        ] {
            repository(s, &rule.replace(from, to))?;
            let outcome = s.hook("pre-commit")?;
            ensure!(outcome.exits(2)?.stderr.contains(expected), "{expected}: {}", outcome.stderr);
        }
        Ok(())
    })
}

#[test]
fn a_rule_can_be_let_pass_with_a_reason_and_an_end() -> Result<()> {
    in_repository(|s| {
        staged(s)?;
        let wide = |end: &str| {
            format!(
                "[[exception]]\nrules = [\"github-personal-token\"]\npaths = [\"*.py\"]\nkind = \"test-value\"\n\
                 reason = \"all tokens here are made up\"\nby = \"Ann <ann@example.org>\"\nexpires = \"{end}\"\n"
            )
        };
        let day = |days: &str| -> Result<String> {
            let outcome = s.run(s.command("date").args(["-u", "-d", days, "+%Y-%m-%d"]))?;
            Ok(outcome.ok()?.stdout.trim().to_owned())
        };
        repository(s, &wide(&day("+30 days")?))?;
        s.hook("pre-commit")?.exits(0)?;
        ensure!(s.staged()?.receipt("excepted") == 1, "it is counted");
        for end in [day("-1 day")?, day("+900 days")?] {
            repository(s, &wide(&end))?;
            s.commit("")?.blocked_at("a.py:1:")?;
        }
        repository(s, &wide(&day("+30 days")?).replace("*.py", "docs/*.py"))?;
        s.commit("")?.blocked_at("a.py:1:")?;
        repository(s, &format!("{}[exceptions]\nwide = false\n", wide(&day("+30 days")?)))?;
        s.commit("")?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn the_fleets_orders_stand_above_all() -> Result<()> {
    in_repository(|s| {
        let id = staged(s)?;
        s.allow(&id, &[])?.ok()?;
        s.write("../home/.config/leakwarden/config.toml", "[exceptions]\nallowed = true\n")?;
        repository(s, "[exceptions]\nallowed = true\n")?;
        let fleet =
            "[mandatory.exceptions]\nallowed = false\n[mandatory.organisation]\ncontact = \"sec@example.org\"\n";
        let commit = "git commit -q -m x";
        let Some(outcome) = with_fleet(s, fleet, "true", commit)? else { return Ok(()) };
        ensure!(outcome.blocked()?.stderr.contains("sec@example.org"), "{}", outcome.stderr);
        let show = format!("'{LEAKWARDEN}' policy show --origin");
        let Some(shown) = with_fleet(s, fleet, "true", &show)? else { return Ok(()) };
        let line = shown.stdout.lines().find(|line| line.starts_with("exceptions.allowed")).unwrap_or_default();
        ensure!(line.contains("false") && line.contains("[mandatory]"), "{}", shown.stdout);
        // What is only recommended, the user may change.
        let recommended = "[recommended.exceptions]\nallowed = false\n";
        let Some(outcome) = with_fleet(s, recommended, "true", commit)? else { return Ok(()) };
        outcome.exits(0).map(drop)
    })
}

#[test]
fn a_fleets_file_that_others_can_write_is_refused() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "x\n")?;
        s.git("add a.txt")?;
        let run = format!("'{LEAKWARDEN}' hook pre-commit");
        for (prepare, expected) in [
            ("chmod 666 /etc/leakwarden/policy.toml", "written by others"),
            ("chown 12345 /etc/leakwarden/policy.toml", "belongs to user 12345"),
            ("chmod 777 /etc/leakwarden", "written by others"),
            ("ln -sf /tmp/x /etc/leakwarden/policy.toml", "not a regular file"),
            ("echo 'blok = 1' > /etc/leakwarden/policy.toml", "line 1"),
        ] {
            let Some(outcome) = with_fleet(s, "[mandatory.block]\n", prepare, &run)? else { return Ok(()) };
            ensure!(outcome.exits(2)?.stderr.contains(expected), "{prepare}: {}", outcome.stderr);
            fs::remove_dir_all(s.root().join("etc"))?;
        }
        let Some(outcome) = with_fleet(s, "[mandatory.block]\nseverity = \"low\"\n", "true", &run)? else {
            return Ok(());
        };
        outcome.exits(0).map(drop)
    })
}

#[test]
fn init_writes_what_check_accepts() -> Result<()> {
    in_repository(|s| {
        s.leakwarden("policy init")?.ok()?;
        s.leakwarden("policy check .leakwarden.toml")?.ok()?;
        // With every example uncommented it is right as well.
        let text = fs::read_to_string(s.path(".leakwarden.toml"))?;
        let is_example = |line: &str| line.starts_with("# [") || (line.starts_with("# ") && line.contains(" = "));
        let open: String =
            text.lines().map(|line| format!("{}\n", if is_example(line) { &line[2..] } else { line })).collect();
        s.write(".leakwarden.toml", open.replace('…', "AAAA"))?;
        s.leakwarden("policy check .leakwarden.toml")?.ok()?;
        s.leakwarden("policy init")?.exits(2).map(drop)
    })
}
