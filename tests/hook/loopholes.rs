//! Ways around that were found by looking for them: each stays closed.

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox, in_repository, line, plant};

fn staged(s: &Sandbox, seed: &str) -> Result<()> {
    s.write("a.py", line(&plant::github(seed)))?;
    s.git("add -A")
}

#[test]
fn an_own_rule_hides_nothing_that_another_rule_finds() -> Result<()> {
    in_repository(|s| {
        let prefix = ["gh", "p_"].concat();
        let rule = format!(
            "[[rule]]\nid = \"acme-anything\"\nprovider = \"Acme\"\nname = \"thing\"\nseverity = \"low\"\n\
             confidence = \"certain\"\nkeywords = [\"{prefix}\"]\nlookback = 10\npattern = '[a-z =\"]*{prefix}[A-Za-z0-9]{{36}}'\n"
        );
        s.write(".leakwarden.toml", rule)?;
        staged(s, "hidden")?;
        s.commit("")?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn a_change_does_not_take_back_what_its_target_asks_for() -> Result<()> {
    in_repository(|s| {
        s.write(".leakwarden.toml", "[exceptions]\nnever_severity = \"critical\"\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q -b topic")?;
        s.git("rm -q .leakwarden.toml")?;
        staged(s, "target")?;
        let id = s.only_id()?;
        s.allow(&id, &[])?.ok()?;
        s.commit("")?.clean()?;
        let said = s.verify("main..HEAD")?;
        ensure!(said.exits(1)?.stderr.contains("critical severity"), "{}", said.stderr);
        Ok(())
    })
}

#[test]
fn without_a_target_a_commit_is_not_its_own_judge() -> Result<()> {
    in_repository(|s| {
        let day = s.run(s.command("date").args(["-u", "-d", "+30 days", "+%Y-%m-%d"]))?.stdout;
        let wide = format!(
            "[[exception]]\npaths = [\"a.py\"]\nkind = \"test-value\"\nreason = \"everything here is made up\"\n\
             by = \"Me <me@example.org>\"\nexpires = \"{}\"\n",
            day.trim()
        );
        s.write(".leakwarden.toml", wide)?;
        staged(s, "judge")?;
        s.commit("")?.clean()?;
        for words in ["HEAD~1..HEAD", "HEAD ^HEAD~1", "HEAD"] {
            s.verify(words)?.exits(1)?;
        }
        s.verify("HEAD --policy-from HEAD")?.ok().map(drop)
    })
}

#[test]
fn a_range_without_an_end_is_no_clean_range() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "x\n")?;
        s.commit_all()?.clean()?;
        for words in ["..HEAD", "HEAD..", "HEAD:a.txt", "^", ".."] {
            let said = s.verify(words)?;
            ensure!(matches!(said.code, Some(2 | 3)), "`{words}` is no range: {said:?}");
        }
        Ok(())
    })
}

#[test]
fn an_id_that_is_short_for_two_findings_names_none() -> Result<()> {
    in_repository(|s| {
        // Among enough findings two ids begin alike in the four characters that are the least.
        let mut text = String::new();
        for number in 0..2500 {
            text.push_str(&line(&plant::github(&format!("short-{number}"))));
        }
        s.write("a.py", text)?;
        s.git("add a.py")?;
        let ids = s.ids()?;
        let mut short: Vec<&str> = ids.iter().map(|id| &id[..4]).collect();
        short.sort_unstable();
        let Some(pair) = short.windows(2).find(|pair| pair[0] == pair[1]) else { return Ok(()) };
        let said = s.commit_allowing(&format!("{} test-value: made for this scenario", pair[0]))?;
        ensure!(said.code == Some(1) && said.stderr.contains("more than one finding"), "{}", said.stderr);
        Ok(())
    })
}

#[test]
fn automation_excepts_nothing_by_writing_it_itself() -> Result<()> {
    in_repository(|s| {
        let secret = plant::github("agent");
        s.write("a.py", format!("token = \"{secret}\"  # leakwarden:allow test-value made up for the tests\n"))?;
        s.git("add a.py")?;
        let agent = |message: &str| s.run(s.git_command().env("AI_AGENT", "x").args(["commit", "-q", "-m", message]));
        agent("a change")?.blocked_at("a.py:1:")?;
        s.commit("")?.clean()?;
        // CI judges what people have written.
        s.run(s.command(LEAKWARDEN).env("CI", "1").args(["verify", "HEAD^..HEAD"]))?.ok()?;
        let message = format!("about {}", plant::github("agent-message"));
        let blocked = s.run(s.git_command().args(["commit", "-q", "--allow-empty", "-m", &message]))?;
        let id = blocked.stderr.split("leakwarden allow ").nth(1).and_then(|rest| rest.get(..8)).unwrap_or_default();
        let message = format!("{message}\n\nLeakwarden-Allow: {id} test-value: made for this scenario");
        let said =
            s.run(s.git_command().env("AI_AGENT", "x").args(["commit", "-q", "--allow-empty", "-m", &message]))?;
        said.blocked().map(drop)
    })
}

#[test]
fn keys_that_are_not_shown_are_still_told_apart() -> Result<()> {
    in_repository(|s| {
        let line = |number: usize| {
            format!("svc{}_password: \"{}\"\n", 100 + number, plant::password(&format!("key-{number}")))
        };
        s.write("a.yml", (0..400).map(line).collect::<String>())?;
        s.git("add a.yml")?;
        let mut ids = s.ids()?;
        let all = ids.len();
        ids.sort();
        ids.dedup();
        // 16 bits of the value alone would let one pair in two runs of this size meet.
        ensure!(ids.len() == all && all > 300, "{} of {all}", ids.len());
        Ok(())
    })
}

#[test]
fn a_remark_carries_no_other_secret_into_a_report() -> Result<()> {
    in_repository(|s| {
        let (one, two) = (plant::password("remark-one"), plant::password("remark-two"));
        s.write(
            "a.js",
            format!("db_password = \"{one}\"; // leakwarden:allow test-value it was api_password = \"{two}\"\n"),
        )?;
        s.git("add a.js")?;
        // The kit looks for planted values in everything that is printed.
        for format in ["json", "sarif", "human"] {
            s.leakwarden(&format!("scan --staged --format {format}"))?;
        }
        Ok(())
    })
}

#[test]
fn a_value_pasted_into_a_policy_is_not_repeated() -> Result<()> {
    in_repository(|s| {
        s.write(".leakwarden.toml", format!("[block]\nconfidence = \"{}\"\n", plant::github("pasted")))?;
        s.git("add .leakwarden.toml")?;
        s.hook("pre-commit")?.exits(2)?;
        s.leakwarden("policy check .leakwarden.toml")?.exits(2).map(drop)
    })
}

#[test]
fn an_untouched_message_still_ends_the_commit() -> Result<()> {
    in_repository(|s| {
        staged(s, "aborted")?;
        let setting = format!("leakwarden.allow={} test-value: made for this scenario", s.only_id()?);
        let head = s.ask_git("rev-parse HEAD")?;
        let mut command = s.git_command();
        s.run(command.env("GIT_EDITOR", "true").args(["-c", &setting, "commit", "-q"]))?.exits(1)?;
        ensure!(s.ask_git("rev-parse HEAD")? == head, "no commit was made");
        Ok(())
    })
}

#[test]
fn a_second_try_of_the_same_commit_may_use_what_was_left() -> Result<()> {
    in_repository(|s| {
        staged(s, "second-try")?;
        // A hook of somebody's, after ours, does not like the message.
        s.leakwarden("uninstall")?.ok()?;
        s.script("repo/.git/hooks/commit-msg", "grep -q ticket \"$1\"")?;
        s.install()?;
        s.allow(&s.only_id()?, &["--once"])?.ok()?;
        s.commit("")?.exits(1)?;
        s.run(s.git_command().args(["commit", "-q", "-m", "a change with a ticket"]))?.clean()?;
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn what_another_hook_stages_after_the_scan_is_scanned_or_kept() -> Result<()> {
    in_repository(|s| {
        staged(s, "formatter")?;
        let id = s.only_id()?;
        s.leakwarden("uninstall")?.ok()?;
        s.script("repo/.git/hooks/pre-commit", "echo x >> formatted.txt && git add formatted.txt")?;
        s.install()?;
        s.commit_allowing(&format!("{id} test-value: made for this scenario"))?.clean()?;
        ensure!(s.message("HEAD")?.contains(&format!("Leakwarden-Allow: {id}")), "{}", s.message("HEAD")?);
        s.verify("HEAD^..HEAD")?.ok().map(drop)
    })
}

#[test]
fn globs_that_together_match_everything_are_refused() -> Result<()> {
    in_repository(|s| {
        let wide = "[[exception]]\npaths = [\"[!k]*/**\", \"k*/**\", \"[!x]*\", \"x*\"]\nkind = \"test-value\"\n\
                    reason = \"everything here is made up\"\nby = \"Me <me@example.org>\"\nexpires = \"2027-01-01\"\n";
        s.write(".leakwarden.toml", wide)?;
        s.git("add .leakwarden.toml")?;
        let said = s.hook("pre-commit")?;
        ensure!(said.exits(2)?.stderr.contains("every path"), "{}", said.stderr);
        Ok(())
    })
}

#[test]
fn a_broken_policy_of_the_target_can_be_mended() -> Result<()> {
    in_repository(|s| {
        s.write(".leakwarden.toml", "bogus = 1\n")?;
        s.commit_unchecked("a broken policy")?;
        s.write(".leakwarden.toml", "version = 1\n")?;
        s.commit_all()?.ok()?;
        let said = s.verify("HEAD^..HEAD")?;
        ensure!(said.ok()?.stderr.contains("does not count"), "{}", said.stderr);
        Ok(())
    })
}

#[test]
fn a_pushed_tag_is_read_and_a_pushed_blob_is_refused() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    in_repository(|s| {
        s.git("init -q --bare ../server.git")?;
        let hook = s.root().join("server.git/hooks/pre-receive");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/install/ci/pre-receive"), &hook)?;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))?;
        std::os::unix::fs::symlink(LEAKWARDEN, s.root().join("bin/leakwarden"))?;
        s.git("push -q ../server.git main")?;
        let message = format!("about {}", plant::github("tag"));
        s.run(s.git_command().args(["tag", "-a", "-m", &message, "v1"]))?.ok()?;
        let said = s.try_git("push --no-verify ../server.git v1")?;
        ensure!(said.code == Some(1) && said.stderr.contains("commit message"), "{}", said.stderr);
        s.write("secret.txt", plant::github("blob"))?;
        let blob = s.ask_git("hash-object -w secret.txt")?;
        s.try_git(&format!("push --no-verify ../server.git {blob}:refs/tags/blob"))?.exits(1)?;
        s.git("tag -a -m fine v2")?;
        s.git("push -q ../server.git v2")
    })
}

#[test]
fn names_that_nothing_has_are_mistakes() -> Result<()> {
    in_repository(|s| {
        for text in [
            "[exceptions]\nnever_rules = [\"githb-token\"]\n",
            "[exceptions]\napproval_kinds = [\"accepted_risk\"]\n",
            "[rules.nothing-here]\nseverity = \"high\"\n",
            "[exceptions.kinds.\"sand box\"]\noff = true\n",
        ] {
            s.write(".leakwarden.toml", text)?;
            s.leakwarden("policy check .leakwarden.toml")?.exits(2)?;
        }
        Ok(())
    })
}
