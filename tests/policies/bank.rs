//! What the bank's policy allows and refuses.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::fleet::Fleet;
use crate::kit::{LEAKWARDEN, Outcome, Sandbox, in_repository, line, plant};

const POLICY: &str = include_str!("../../install/policies/bank.toml");
const REASON: &str = "the vendor has no other test system";

/// A machine of the bank with one signer, Bob, whose key is in the home; hooks installed there.
fn bank<'a>(s: &'a Sandbox) -> Result<Option<Fleet<'a>>> {
    let Some(fleet) = Fleet::new(s)? else { return Ok(None) };
    let key = s.root().join("home/bob");
    s.run(s.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key))?.ok()?;
    let public = fs::read_to_string(key.with_extension("pub"))?;
    let signer = format!("bob@bank.example {}", public.trim());
    let policy = POLICY.replace("security@bank.example ssh-ed25519 PUT-A-PUBLIC-KEY-HERE", &signer);
    ensure!(policy.contains(&signer), "the example has a place for a signer");
    fleet.write("policy.toml", &policy)?;
    fleet.leakwarden("install")?.ok()?;
    Ok(Some(fleet))
}

/// Stages `text` as `path` and asks for an exception for what is found.
fn ask(s: &Sandbox, fleet: &Fleet<'_>, path: &str, text: &str, words: &str) -> Result<Outcome> {
    s.write(path, text)?;
    s.git("add -A")?;
    let report = fleet.leakwarden("scan --staged --format json")?.report()?;
    let finding = report.findings()?.iter().find(|own| own["path"] == path).context("a finding")?;
    let id = finding["id"].as_str().context("an id")?;
    fleet.leakwarden(&format!("allow {id} --reason '{REASON}' {words}"))
}

/// A value of high severity.
fn high(seed: &str) -> String {
    format!("password = \"{}\"\n", plant::password(seed))
}

fn refused(outcome: &Outcome, why: &str) -> Result<()> {
    ensure!(outcome.code == Some(2) && outcome.stderr.contains(why), "`{why}`: {}", outcome.stderr);
    Ok(())
}

#[test]
fn it_is_a_good_policy() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        let checked = fleet.leakwarden("policy check /etc/leakwarden")?;
        ensure!(checked.ok()?.stderr.is_empty(), "{}", checked.stderr);
        fleet.keep("kept")
    })
}

#[test]
fn it_lets_ordinary_work_pass() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        s.write("a.py", "password = os.environ[\"PASSWORD\"]\n")?;
        s.git("add -A")?;
        fleet.commit()?.clean()
    })
}

#[test]
fn it_refuses_a_secret_of_any_severity_and_says_whom_to_ask() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        s.write("a.py", high("bank"))?;
        s.git("add -A")?;
        let outcome = fleet.commit()?;
        ensure!(outcome.blocked_at("a.py:1:")?.stderr.contains("security@bank.example"), "{}", outcome.stderr);
        s.git("rm -q --cached a.py")?;
        let armour = |edge: &str| format!("-----{edge} ENCRYPTED PRIVATE KEY-----\n");
        let key = plant::private_key("bank");
        let body: String = key.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect();
        s.write("key.txt", format!("{}{body}{}", armour("BEGIN"), armour("END")))?;
        s.git("add key.txt")?;
        fleet.commit()?.blocked_at("key.txt:1:").map(drop)
    })
}

#[test]
fn it_allows_what_a_second_person_signed_and_nothing_before() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        let asked = ask(s, &fleet, "a.py", &high("signed"), "--kind test-value --ticket SEC-7")?;
        let id =
            asked.ok()?.stdout.strip_prefix("exception ").and_then(|rest| rest.get(..8)).context("an id")?.to_owned();
        let waiting = fleet.commit()?;
        ensure!(waiting.blocked()?.stderr.contains("second person"), "{}", waiting.stderr);
        // Whoever asks cannot sign.
        ensure!(fleet.leakwarden(&format!("approve {id} --key ~/bob"))?.code == Some(2), "the requester signed");
        let bob = "GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@bank.example";
        fleet.shell(&format!("{bob} '{LEAKWARDEN}' approve {id} --key ~/bob"))?.ok()?;
        s.git("add -A")?;
        fleet.commit()?.clean()
    })
}

#[test]
fn it_refuses_exceptions_without_a_ticket_too_long_or_for_what_is_critical() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        let value = high("no");
        refused(&ask(s, &fleet, "a.py", &value, "--kind test-value")?, "--ticket")?;
        refused(&ask(s, &fleet, "a.py", &value, "--kind test-value --ticket later")?, "ticket does not match")?;
        refused(&ask(s, &fleet, "a.py", &value, "--kind test-value --ticket SEC-7 --expires 31d")?, "30 days")?;
        refused(&ask(s, &fleet, "a.py", &value, "--kind fix-later --ticket SEC-7 --expires 8d")?, "7 days")?;
        refused(
            &ask(s, &fleet, "b.py", &line(&plant::github("no")), "--kind revoked --ticket SEC-7")?,
            "critical severity",
        )?;
        let url = format!("db = \"postgres://app:{}@db.bank.example/x\"\n", plant::url_password("no"));
        let outcome = ask(s, &fleet, "c.py", &url, "--kind test-value --ticket SEC-7")?;
        ensure!(matches!(outcome.code, Some(0 | 2)), "{}", outcome.stderr);
        fleet.commit()?.blocked().map(drop)
    })
}

#[test]
fn it_refuses_every_shorter_way() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        // A remark in the source.
        let value = plant::password("ways");
        s.write("a.py", format!("password = \"{value}\"  # leakwarden:allow test-value made up for a test of this\n"))?;
        s.git("add -A")?;
        fleet.commit()?.blocked_at("a.py:1:")?;
        // An exception for one commit.
        let report = fleet.leakwarden("scan --staged --format json")?.report()?;
        let id = report.findings()?[0]["id"].as_str().context("an id")?.to_owned();
        let once = format!("git -c leakwarden.allow='{id} test-value: made up for a test of this' commit -q -m x");
        fleet.shell(&once)?.blocked()?;
        // No hook at all.
        let skipped = fleet.shell("git commit -q --no-verify -m x")?;
        ensure!(skipped.code != Some(0) && skipped.stderr.contains("refuse_unscanned"), "{}", skipped.stderr);
        // A coding agent.
        let agent = fleet.shell(&format!(
            "AI_AGENT=1 '{LEAKWARDEN}' allow {id} --kind test-value --ticket SEC-7 --reason '{REASON}'"
        ))?;
        ensure!(agent.code == Some(2), "{}", agent.stderr);
        // A repository's policy, and the user's.
        s.write(".leakwarden.toml", "[exceptions]\nonce = true\ninline = true\nautomation = true\nleast_reason = 0\n")?;
        s.write(
            "../home/.config/leakwarden/config.toml",
            "[exceptions]\nonce = true\ninline = true\n[block]\nseverity = \"critical\"\n",
        )?;
        s.git("add -A")?;
        fleet.shell(&once)?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn its_records_reach_the_central_log() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        let socket = s.root().join("log.sock");
        let log = UnixDatagram::bind(&socket)?;
        log.set_read_timeout(Some(Duration::from_secs(5)))?;
        s.write("a.py", high("log"))?;
        s.git("add -A")?;
        // /dev with a log, in that namespace alone.
        let dev = s.root().join("dev");
        fs::create_dir(&dev)?;
        let prepare = format!(
            "mount --rbind /dev '{0}' && mount -t tmpfs none /dev && for f in null zero urandom tty; do : > /dev/$f && \
             mount --bind '{0}'/$f /dev/$f; done && : > /dev/log && mount --bind '{1}' /dev/log",
            dev.display(),
            socket.display()
        );
        fleet.shell(&format!("{prepare} && git commit -q -m x"))?.blocked()?;
        let mut text = vec![0; 65_536];
        let length = log.recv(&mut text).context("nothing came")?;
        let text = String::from_utf8_lossy(&text[..length]).into_owned();
        plant::check("the log", text.as_bytes())?;
        ensure!(text.contains("\"event\":\"blocked\"") && text.contains("a.py"), "{text}");
        Ok(())
    })
}

#[test]
fn it_has_the_guard_warn_of_modes_reuse_and_age() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = bank(s)? else { return Ok(()) };
        // Nobody below lowers that.
        s.write(".leakwarden.toml", "[guard]\nage = \"off\"\nledger = \"low\"\noldest_days = 400\n")?;
        s.git("add -A")?;
        let shown = fleet.leakwarden("policy show --origin")?;
        for (key, value) in
            [("env_mode", "high"), ("reuse", "high"), ("age", "medium"), ("ledger", "critical"), ("oldest_days", "90")]
        {
            let line = shown.stdout.lines().find(|line| line.starts_with(&format!("guard.{key} = {value} ")));
            ensure!(line.is_some_and(|line| line.contains("[mandatory]")), "{key}: {}", shown.stdout);
        }
        Ok(())
    })
}
