//! Approval by a second person: pending until somebody on the list of signers has signed this very
//! request. Real `ssh-keygen`, keys made for each scenario.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use leakwarden::approval;
use leakwarden::exception::book::Book;
use leakwarden::exception::{Approval, Exception};

use crate::kit::{LEAKWARDEN, Outcome, Sandbox, in_repository, line, plant, skip, table};

const BOOK: &str = ".leakwarden/exceptions.toml";
const BOB: &str = "bob@leakwarden.invalid";
/// Who commits in the sandbox, and so who asks.
const ME: &str = "sandbox@leakwarden.invalid";

/// Makes a key in the sandbox's home and returns the public one.
fn key(s: &Sandbox, name: &str) -> Result<String> {
    let path = s.root().join("home").join(name);
    let mut command = s.command("ssh-keygen");
    s.run(command.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&path))?.ok()?;
    Ok(fs::read_to_string(path.with_extension("pub"))?.trim().to_owned())
}

/// A list of signers as TOML.
fn listed(signers: &[String]) -> String {
    let lines: Vec<String> = signers.iter().map(|line| format!("'{line}'")).collect();
    format!("signers = [{}]\n", lines.join(", "))
}

/// Commits a policy that asks for approvals, by these signers.
fn policy(s: &Sandbox, signers: &[String]) -> Result<()> {
    let asks = "[exceptions]\napproval_kinds = [\"accepted-risk\", \"revoked\"]\n";
    s.write(".leakwarden.toml", format!("{asks}{}", listed(signers)))?;
    s.commit_unchecked("policy")
}

/// A key `bob`, who is the only signer.
fn bob_signs(s: &Sandbox) -> Result<()> {
    let bob = key(s, "bob")?;
    policy(s, &[format!("{BOB} {bob}")])
}

/// Stages a secret in `path`, asks for an exception, and returns the exception's id.
fn ask(s: &Sandbox, path: &str, seed: &str) -> Result<String> {
    s.write(path, line(&plant::github(seed)))?;
    s.git("add -A")?;
    let report = s.staged()?;
    let finding = report.findings()?.iter().find(|own| own["path"] == path).context("a finding")?;
    let id = finding["id"].as_str().context("an id")?;
    let mut command = s.command(LEAKWARDEN);
    command.args(["allow", id, "--kind", "accepted-risk", "--reason", "the vendor has no other test system"]);
    let said = s.run(&mut command)?;
    let id = said.ok()?.stdout.strip_prefix("exception ").and_then(|rest| rest.get(..8)).context("an id")?;
    ensure!(said.stdout.contains(&format!("leakwarden approve {id}")), "{said:?}");
    Ok(id.to_owned())
}

/// `leakwarden approve` as Bob would call it.
fn approval(s: &Sandbox, id: &str, key: &str) -> Command {
    let mut command = s.command(LEAKWARDEN);
    command.args(["approve", id, "--key"]).arg(s.root().join("home").join(key));
    command.env("GIT_COMMITTER_NAME", "Bob").env("GIT_COMMITTER_EMAIL", BOB);
    command
}

fn approve(s: &Sandbox, id: &str, key: &str) -> Result<Outcome> {
    s.run(&mut approval(s, id, key))
}

fn book(s: &Sandbox) -> Result<Book> {
    Book::parse(&fs::read_to_string(s.path(BOOK))?)
}

/// Changes the file of exceptions by hand and stages it.
fn by_hand(s: &Sandbox, change: impl FnOnce(&mut Book)) -> Result<()> {
    let mut book = book(s)?;
    change(&mut book);
    s.write(BOOK, book.render())?;
    s.git("add -A")
}

/// The commit is blocked, and why the exception does not count is said.
fn does_not_count(s: &Sandbox, why: &str) -> Result<()> {
    let said = s.commit("")?;
    said.blocked()?;
    let text = said.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(text.contains("does not count") && text.contains(why), "should say `{why}`: {}", said.stderr);
    Ok(())
}

fn refused(said: &Outcome, why: &str) -> Result<()> {
    said.exits(2)?;
    ensure!(said.stderr.contains(why), "should say `{why}`: {said:?}");
    Ok(())
}

#[test]
fn pending_then_approved() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        let id = ask(s, "app.conf", "pending")?;
        does_not_count(s, &format!("it waits for a second person (`leakwarden approve {id}`)"))?;
        let shown = s.leakwarden(&format!("exceptions show {id}"))?;
        ensure!(shown.ok()?.stdout.contains("nobody yet"), "{shown:?}");
        ensure!(s.leakwarden("exceptions list")?.stdout.contains("[pending]"), "list shows what waits");
        let said = approve(s, &id[..5], "bob")?;
        for part in ["app.conf", "accepted-risk", "the vendor has no", ME, "approved by bob@"] {
            ensure!(said.ok()?.stdout.contains(part), "should show {part}: {said:?}");
        }
        let shown = s.leakwarden(&format!("exceptions show {id}"))?;
        let advisory = format!("{BOB} (advisory: the signers come from this repository)");
        ensure!(shown.stdout.contains(&advisory), "{shown:?}");
        ensure!(s.leakwarden("exceptions list --json")?.stdout.contains("\"approval\": \"advisory\""), "json");
        ensure!(approve(s, &id, "bob")?.ok()?.stdout.contains("approved already"), "twice");
        s.commit("")?.clean()
    })
}

#[test]
fn request_and_approval_travel_in_commits_of_their_own() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        let id = ask(s, "app.conf", "travel")?;
        s.git("rm -q --cached app.conf")?;
        s.commit("")?.clean()?;
        let said = approve(s, &id, "bob")?;
        ensure!(said.ok()?.stdout.contains("nobody checked path and rule"), "{said:?}");
        s.commit("")?.clean()?;
        s.git("add -A")?;
        s.commit("")?.clean()
    })
}

#[test]
fn approval_for_something_else() -> Result<()> {
    const ELSE: &str = "its approval is for something else";
    type Change = fn(&mut Book);
    let rows: [(&str, (Change, &str)); 5] = [
        ("kind", (|book| book.exceptions[0].kind = "revoked".to_owned(), ELSE)),
        ("end", (|book| book.exceptions[0].expires = book.exceptions[0].expires.tomorrow().expect("a day"), ELSE)),
        ("another finding", (|book| book.exceptions[1].approval = book.exceptions[0].approval.clone(), ELSE)),
        ("no signature", (|book| put(&mut book.exceptions[0], BOB, "= not base64 ="), "is no signature")),
        ("another name", (|book| rename(&mut book.exceptions[0], "eve@leakwarden.invalid"), "does not let eve@")),
    ];
    table(&rows, |s, (change, why)| {
        s.start()?;
        bob_signs(s)?;
        let ids = [ask(s, "a.conf", "one")?, ask(s, "b.conf", "two")?];
        let first = book(s)?.exceptions[0].id.clone();
        approve(s, &first, "bob")?.ok()?;
        let other = ids.iter().find(|id| **id != first).context("a second exception")?;
        does_not_count(s, &format!("approve {other}"))?;
        by_hand(s, *change)?;
        does_not_count(s, why)
    })
}

fn put(exception: &mut Exception, by: &str, signature: &str) {
    exception.approval = Some(Approval { by: by.to_owned(), signature: signature.to_owned() });
}

fn rename(exception: &mut Exception, by: &str) {
    let signature = exception.approval.as_ref().map_or_else(String::new, |own| own.signature.clone());
    put(exception, by, &signature);
}

#[test]
fn approval_for_another_repository() -> Result<()> {
    in_repository(|s| {
        let bob = format!("{BOB} {}", key(s, "bob")?);
        policy(s, std::slice::from_ref(&bob))?;
        let id = ask(s, "app.conf", "elsewhere")?;
        approve(s, &id, "bob")?.ok()?;
        let book = book(s)?;
        approval::check(&book.exceptions[0], &book.repo_id, std::slice::from_ref(&bob))?;
        let error = approval::check(&book.exceptions[0], "another0repository", &[bob]).expect_err("another repository");
        ensure!(format!("{error:#}").contains("something else"), "{error:#}");
        by_hand(s, |book| book.repo_id.push('x'))?;
        s.commit("")?.blocked().map(drop)
    })
}

#[test]
fn nobody_approves_their_own_request() -> Result<()> {
    in_repository(|s| {
        let (mine, bob) = (key(s, "mine")?, key(s, "bob")?);
        // Both keys are restricted in ways that must not hide whose they are.
        policy(s, &[format!("{ME} namespaces=\"git\" {mine}"), format!("{BOB},{ME} {bob}"), format!("carl@x {mine}")])?;
        let id = ask(s, "app.conf", "own")?;
        let mut me = approval(s, &id, "mine");
        me.env("GIT_COMMITTER_EMAIL", ME.to_uppercase());
        refused(&s.run(&mut me)?, "it takes a second person")?;
        // Under another name, with one's own key; and with a key that two people share.
        for key in ["mine", "bob"] {
            refused(&approve(s, &id, key)?, "it takes a second person")?;
        }
        // By hand: what the hook sees is judged by the hook.
        let request = book(s)?.exceptions[0].request(&book(s)?.repo_id);
        let signature = approval::sign(&approval::Key::File(s.root().join("home/mine")), &request)?;
        for (name, why) in [(ME, "it takes a second person"), ("carl@x", "the key that approved it is sandbox@")] {
            by_hand(s, |book| put(&mut book.exceptions[0], name, &signature))?;
            does_not_count(s, why)?;
        }
        Ok(())
    })
}

#[test]
fn keys_that_may_not_approve() -> Result<()> {
    in_repository(|s| {
        let (bob, old, git) = (key(s, "bob")?, key(s, "old")?, key(s, "git")?);
        key(s, "unknown")?;
        policy(
            s,
            &[
                format!("{BOB} {bob}"),
                format!("{BOB} valid-before=\"20200101\" {old}"),
                format!("{BOB} namespaces=\"git\" {git}"),
            ],
        )?;
        let id = ask(s, "app.conf", "keys")?;
        for key in ["unknown", "old", "git"] {
            refused(&approve(s, &id, key)?, "does not let bob@leakwarden.invalid approve")?;
            ensure!(book(s)?.exceptions[0].approval.is_none(), "{key} wrote something");
        }
        refused(&approve(s, &id, "absent")?, "did not sign")?;
        // A signature for another purpose: as git makes for commits.
        let exception = book(s)?.exceptions.remove(0);
        let mut sign = s.command("ssh-keygen");
        sign.args(["-Y", "sign", "-n", "git", "-f"]).arg(s.root().join("home/bob"));
        let armoured = s.run_with(&mut sign, &exception.request(&book(s)?.repo_id))?.ok()?.stdout.clone();
        let signature: String = armoured.lines().filter(|line| !line.starts_with("-----")).collect();
        by_hand(s, |book| put(&mut book.exceptions[0], BOB, &signature))?;
        does_not_count(s, "its approval is for something else")?;
        // Both forms of a signature tell the key.
        ensure!(approval::public_key(&armoured).is_some(), "a key");
        ensure!(approval::public_key(&armoured) == approval::public_key(&signature), "the same key");
        Ok(())
    })
}

#[test]
fn signer_of_the_same_commit() -> Result<()> {
    in_repository(|s| {
        let (bob, eve) = (key(s, "bob")?, key(s, "eve")?);
        policy(s, &[])?;
        let id = ask(s, "app.conf", "same-commit")?;
        let asks = fs::read_to_string(s.path(".leakwarden.toml"))?.replace("signers = []\n", "");
        s.write(".leakwarden.toml", format!("{asks}{}", listed(&[format!("eve@x {eve}")])))?;
        s.git("add -A")?;
        refused(&approve(s, &id, "eve")?, "policy names nobody who may approve")?;
        let request = book(s)?.exceptions[0].request(&book(s)?.repo_id);
        let signature = approval::sign(&approval::Key::File(s.root().join("home/eve")), &request)?;
        by_hand(s, |book| put(&mut book.exceptions[0], "eve@x", &signature))?;
        does_not_count(s, "policy names nobody who may do that")?;
        // Taking somebody off the list in the same commit changes nothing either; a broken old list
        // names nobody.
        s.write(".leakwarden.toml", format!("{asks}{}", listed(&[format!("{BOB} {bob}")])))?;
        s.git("add .leakwarden.toml")?;
        s.git("reset -q app.conf")?;
        s.commit("")?.clean()?;
        s.write(".leakwarden.toml", asks)?;
        s.git("add -A")?;
        approve(s, &id, "bob")?.ok()?;
        s.commit("")?.clean()
    })
}

#[test]
fn not_by_automation() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        let id = ask(s, "app.conf", "agent")?;
        for name in ["AI_AGENT", "CI"] {
            refused(&s.run(approval(s, &id, "bob").env(name, "1"))?, "automation may not")?;
        }
        // Where policy lets automation except things, an agent still gives nobody's word.
        let folder = s.root().join("home/.config/leakwarden");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("config.toml"), "[exceptions]\nautomation = true\n")?;
        refused(&s.run(approval(s, &id, "bob").env("AI_AGENT", "1"))?, "automation may not")?;
        s.run(approval(s, &id, "bob").env("CI", "1"))?.ok()?;
        // A user's own list of signers is an error, not a second list.
        fs::write(folder.join("config.toml"), "[exceptions]\nsigners = [\"a ssh-ed25519 A\"]\n")?;
        refused(&s.leakwarden("policy show")?, "`exceptions.signers` counts only in")
    })
}

#[test]
fn ended_renewed_or_not_asked_for() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        let id = ask(s, "app.conf", "ended")?;
        approve(s, &id, "bob")?.ok()?;
        let renewed = s.leakwarden(&format!("exceptions renew {id} --expires 30d"))?;
        ensure!(renewed.ok()?.stdout.contains("its approval is void"), "{renewed:?}");
        ensure!(!fs::read_to_string(s.path(BOOK))?.contains("approv"), "the approval is gone");
        does_not_count(s, "it waits for a second person")?;
        by_hand(s, |book| {
            let (day, end) = ("2025-01-01".parse(), "2025-02-01".parse());
            let own = &mut book.exceptions[0];
            (own.created, own.expires) = (day.expect("a date"), end.expect("a date"));
        })?;
        refused(&approve(s, &id, "bob")?, "it ended on 2025-02-01")?;
        by_hand(s, |book| book.exceptions[0].kind = "test-value".to_owned())?;
        s.leakwarden(&format!("exceptions renew {id}"))?.ok()?;
        refused(&approve(s, &id, "bob")?, "policy asks for no approval here")?;
        by_hand(s, |book| book.exceptions[0].kind = "accepted-risk".to_owned())?;
        by_hand(s, |book| book.exceptions[0].path = "tests/harmless.txt".to_owned())?;
        refused(&approve(s, &id, "bob")?, "`rule` and `path` are not those of its finding")?;
        refused(&approve(s, "zzzzzzzz", "bob")?, "no exception has the id")
    })
}

#[test]
fn without_ssh_keygen() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        let id = ask(s, "app.conf", "no-keygen")?;
        approve(s, &id, "bob")?.ok()?;
        let real = s.root().join("bin/ssh-keygen");
        fs::remove_file(&real)?;
        does_not_count(s, "approvals need `ssh-keygen`, which cannot be run (install OpenSSH 8.2 or newer)")?;
        s.script("bin/ssh-keygen", "echo 'unknown option -- Y' >&2; exit 1")?;
        does_not_count(s, "this `ssh-keygen` cannot check approvals (install OpenSSH 8.2 or newer)")?;
        // A commit that needs no approval does not ask for it.
        s.git("reset -q --hard")?;
        let ran = s.root().join("ran");
        s.script("bin/ssh-keygen", &format!("touch '{}'", ran.display()))?;
        s.write("clean.txt", "nothing\n")?;
        s.commit_all()?.clean()?;
        ensure!(!ran.exists(), "ssh-keygen was run for a commit without approvals");
        Ok(())
    })
}

#[test]
fn key_of_gits_configuration() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        let id = ask(s, "app.conf", "config")?;
        let bare = || {
            let mut command = s.command(LEAKWARDEN);
            command.args(["approve", &id]).env("GIT_COMMITTER_NAME", "Bob").env("GIT_COMMITTER_EMAIL", BOB);
            command
        };
        refused(&s.run(&mut bare())?, "name yours with `--key FILE`")?;
        s.git("config user.signingKey 0123456789ABCDEF")?;
        refused(&s.run(&mut bare())?, "name yours with `--key FILE`")?;
        s.git("config user.signingKey ~/bob")?;
        s.run(&mut bare())?.ok()?;
        s.leakwarden(&format!("exceptions renew {id}"))?.ok()?;
        // A key that only an agent holds.
        let public = fs::read_to_string(s.root().join("home/bob.pub"))?;
        s.run(s.git_command().args(["config", "user.signingKey", &format!("key::{}", public.trim())]))?.ok()?;
        refused(&s.run(&mut bare())?, "did not sign")?;
        let script = format!(
            "eval \"$(ssh-agent -s)\" >/dev/null; trap 'kill $SSH_AGENT_PID' EXIT; \
             ssh-add -q ~/bob && rm ~/bob && '{LEAKWARDEN}' approve {id}"
        );
        let mut agent = s.command("sh");
        agent.args(["-c", &script]).env("GIT_COMMITTER_NAME", "Bob").env("GIT_COMMITTER_EMAIL", BOB);
        s.run(&mut agent)?.ok()?;
        s.commit("")?.clean()
    })
}

#[test]
fn signers_of_the_fleet() -> Result<()> {
    in_repository(|s| {
        // A private view of the file system with another /etc.
        let (bob, eve) = (key(s, "bob")?, key(s, "eve")?);
        let etc = s.root().join("etc");
        fs::create_dir_all(etc.join("leakwarden"))?;
        fs::copy("/etc/passwd", etc.join("passwd"))?;
        let fleet =
            format!("[mandatory.exceptions]\napproval_severity = \"medium\"\n{}", listed(&[format!("{BOB} {bob}")]));
        fs::write(etc.join("leakwarden/policy.toml"), fleet)?;
        let inside = |script: &str| {
            let script = format!("mount --bind '{}' /etc && {script}", etc.display());
            let mut command = s.command("unshare");
            command.args(["-m", "sh", "-c", &script]).env("GIT_COMMITTER_NAME", "Bob");
            command
        };
        if s.run(&mut inside("grep -q mandatory /etc/leakwarden/policy.toml"))?.ok().is_err() {
            skip("signers of the fleet: no private mounts here");
            return Ok(());
        }
        // What the repository's own list says counts no more.
        policy(s, &[format!("eve@x {eve}")])?;
        let id = ask(s, "app.conf", "fleet")?;
        let approve = |key: &str, address: &str| {
            let script = format!("'{LEAKWARDEN}' approve {id} --key ~/{key}");
            s.run(inside(&script).env("GIT_COMMITTER_EMAIL", address))
        };
        refused(&approve("eve", "eve@x")?, "does not let eve@x approve")?;
        approve("bob", BOB)?.ok()?;
        let shown = s.run(&mut inside(&format!("'{LEAKWARDEN}' exceptions show {id}")))?;
        ensure!(shown.ok()?.stdout.contains(BOB) && !shown.stdout.contains("advisory"), "{shown:?}");
        s.run(&mut inside("git commit -q -m x"))?.clean()
    })
}

#[test]
fn verify_knows_who_brought_the_request() -> Result<()> {
    in_repository(|s| {
        bob_signs(s)?;
        // Asked for and approved in two people's commits: it holds.
        let id = ask(s, "app.conf", "brought")?;
        s.git("rm -q --cached app.conf")?;
        s.commit("")?.clean()?;
        approve(s, &id, "bob")?.ok()?;
        s.git("add -A")?;
        s.run(s.git_command().env("GIT_AUTHOR_EMAIL", BOB).args(["commit", "-q", "-m", "approved"]))?.clean()?;
        s.leakwarden("verify HEAD~2..HEAD")?.ok()?;
        // Bob asks in another's name and approves himself: the hook cannot know, the commit tells.
        let id = ask(s, "b.conf", "own-request")?;
        approve(s, &id, "bob")?.ok()?;
        s.run(s.git_command().env("GIT_AUTHOR_EMAIL", BOB).args(["commit", "-q", "-m", "both"]))?.clean()?;
        let said = s.leakwarden("verify HEAD~1..HEAD")?;
        ensure!(said.exits(1)?.stderr.contains("also wrote the request"), "{}", said.stderr);
        Ok(())
    })
}
