//! What leakwarden keeps for itself: the ledger, exposures, receipts, what pre-commit leaves.

use std::fs;

use anyhow::{Result, ensure};
use leakwarden::guard::duty::House;
use leakwarden::ledger::Ledger;
use leakwarden::ledger::sink::Sinks;
use leakwarden::policy::guard::Guard;
use sha2::{Digest, Sha256};

use crate::kit::{Outcome, Sandbox, in_repository, line, plant};
use crate::{filled, fixture};

/// Puts a ledger into the home.
fn ledger(s: &Sandbox, text: &str, head: &str) -> Result<()> {
    let folder = s.root().join("home/.local/state/leakwarden");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ledger.jsonl"), text)?;
    fs::write(folder.join("head"), head)?;
    Ok(())
}

#[test]
fn an_old_ledger_is_read_and_goes_on() -> Result<()> {
    in_repository(|s| {
        ledger(s, &fixture("ledger-v1.jsonl"), &fixture("ledger-head-v1"))?;
        let shown = s.leakwarden("ledger show")?;
        for words in ["installed", "blocked", "excepted", "app.py:3"] {
            ensure!(shown.ok()?.stdout.contains(words), "{words}: {}", shown.stdout);
        }
        ensure!(shown.stderr.is_empty(), "{}", shown.stderr);
        ensure!(s.leakwarden("ledger verify")?.ok()?.stdout.contains(" holds: 3 records"), "it holds");
        s.write("a.py", line(&plant::github("ledger")))?;
        s.git("add a.py")?;
        s.commit("")?.blocked()?;
        ensure!(s.leakwarden("ledger verify")?.ok()?.stdout.contains(" holds: 4 records"), "it goes on");
        Ok(())
    })
}

/// The fixture with records of a later version after it, properly chained.
fn later() -> String {
    let mut text = fixture("ledger-v1.jsonl");
    for (seq, more) in [
        (4, "\"v\":2,\"event\":\"moon-full\",\"many\":[1,{\"a\":2}]"),
        (5, "\"v\":2,\"event\":\"blocked\",\"new\":true"),
        (6, "\"v\":1,\"event\":\"tide-high\""),
    ] {
        let last = text.lines().last().unwrap_or_default();
        let prev: String = Sha256::digest(last.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!(
            "{{\"ledger\":\"k3f9a2b7\",\"seq\":{seq},\"time\":\"2026-12-01T06:00:0{seq}.000Z\",\"prev\":\"{prev}\",{more}}}\n"
        ));
    }
    text
}

/// What `head` says of a ledger.
fn head(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    let hash: String = Sha256::digest(last.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("k3f9a2b7:{}:{hash}\n", text.lines().count())
}

#[test]
fn later_records_are_said_and_their_chain_is_checked() -> Result<()> {
    in_repository(|s| {
        let text = later();
        ledger(s, &text, &head(&text))?;
        for words in ["ledger show", "ledger show --json"] {
            let shown = s.leakwarden(words)?;
            for expected in ["moon-full", "tide-high", "not one that this version knows", "newer leakwarden"] {
                ensure!(shown.ok()?.stderr.contains(expected), "{words}: {expected}: {}", shown.stderr);
            }
            ensure!(shown.stdout.lines().filter(|line| line.contains("blocked")).count() == 2, "{}", shown.stdout);
        }
        let verified = s.leakwarden("ledger verify")?;
        ensure!(verified.code == Some(0) && verified.stdout.contains(" 6 records"), "{}", verified.stdout);
        ensure!(verified.stdout.contains("newer version"), "{}", verified.stdout);
        // A later record is a link all the same.
        ledger(s, &text.replace("\"many\":[1,", "\"many\":[2,"), &head(&text))?;
        ensure!(s.leakwarden("ledger verify")?.exits(1)?.stdout.contains("BROKEN"), "a changed record");
        let without: String = text.split_inclusive('\n').filter(|line| !line.contains("moon-full")).collect();
        ledger(s, &without, &head(&text))?;
        s.leakwarden("ledger verify")?.exits(1)?;
        // And what this version writes follows it.
        ledger(s, &text, &head(&text))?;
        s.write("a.py", line(&plant::github("later")))?;
        s.git("add a.py")?;
        s.commit("")?.blocked()?;
        ensure!(s.leakwarden("ledger verify")?.ok()?.stdout.contains(" 7 records"), "it goes on");
        Ok(())
    })
}

#[test]
fn exposures() -> Result<()> {
    in_repository(|s| {
        let folder = s.root().join("home/.local/state/leakwarden/exposures");
        fs::create_dir_all(&folder)?;
        let text = fixture("exposure-v1.json");
        let file = folder.join("0123456789abcdef.0t1ytg7a.open");
        let listed = |text: &str, words: &str| -> Result<Outcome> {
            fs::write(&file, text)?;
            s.leakwarden(words)
        };
        let shown = listed(&text, "exposures --json")?;
        ensure!(shown.ok()?.stdout.contains("0t1ytg7a") && shown.stdout.contains("app.py"), "{}", shown.stdout);
        for newer in [
            text.replace("\"version\": 1", "\"version\": 2"),
            text.replace("\"version\": 1", "\"version\": 2, \"more\": {}"),
            text.replace("\"version\": 1", "\"version\": 2").replace("\"skipped\"", "\"guessed\""),
        ] {
            for words in ["exposures --json", "exposures", "exposures assign 0t1ytg7a Bob"] {
                let shown = listed(&newer, words)?;
                let said = format!("{}{}", shown.stdout, shown.stderr);
                ensure!(said.contains("newer leakwarden") && said.contains("upgrade"), "{words}: {said}");
                ensure!(!words.contains("assign") || shown.code != Some(0), "{words}: {said}");
                ensure!(fs::read_to_string(&file)? == newer, "{words} changed the file");
            }
        }
        let strange = text.replace("\"version\": 1", "\"version\": 1, \"more\": {}");
        listed(&strange, "exposures assign 0t1ytg7a Bob")?;
        ensure!(fs::read_to_string(&file)? == strange, "what is not known was lost");
        Ok(())
    })
}

#[test]
fn receipts() -> Result<()> {
    in_repository(|s| {
        s.git("clone -q --bare . ../shared.git")?;
        s.git("remote add origin ../shared.git")?;
        s.git("fetch -q")?;
        s.write("a.py", line(&plant::github("receipts")))?;
        s.commit_unchecked("a change")?;
        let (tree, base) = (s.ask_git("rev-parse HEAD^{tree}")?, s.ask_git("rev-parse HEAD~1^{tree}")?);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis().to_string();
        let values = [
            ("TIME", now.as_str()),
            ("RULES", "0123456789abcdef"),
            ("POLICY", "default"),
            ("TREE", &tree),
            ("BASE", &base),
        ];
        let receipt = filled("receipts-v1", &values);
        let pushed = |text: &str| -> Result<Outcome> {
            fs::create_dir_all(s.path(".git/leakwarden"))?;
            fs::write(s.path(".git/leakwarden/receipts"), text)?;
            s.try_git("push -q --dry-run origin main")
        };
        // From the future: it covers nothing, and the commit is scanned again.
        let line = receipt.trim_end();
        for newer in [
            format!("v2 {line}"),
            line.replace(" s ", " scanned "),
            format!("{line} more"),
            line.replace(" s ", " s2 "),
        ] {
            let outcome = pushed(&format!("{newer}\n"))?;
            ensure!(outcome.code != Some(0) && outcome.stderr.contains("push blocked"), "{newer}: {}", outcome.stderr);
        }
        let outcome = pushed(&receipt)?;
        ensure!(outcome.code == Some(0), "an old receipt counts: {}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn what_pre_commit_leaves() -> Result<()> {
    in_repository(|s| {
        s.write("../home/.config/leakwarden/config.toml", "[commits]\nrefuse_unscanned = true\n")?;
        s.write("a.txt", "clean\n")?;
        s.git("add a.txt")?;
        let (head, tree) = (s.ask_git("rev-parse HEAD")?, s.ask_git("write-tree")?);
        let left = filled("passed-v1", &[("PROCESS", "4242"), ("HEAD", &head), ("TREE", &tree)]);
        let asked = |text: &str| -> Result<Outcome> {
            fs::create_dir_all(s.path(".git/leakwarden"))?;
            fs::write(s.path(".git/leakwarden/passed"), text)?;
            s.run(s.hook_command("prepare-commit-msg .git/COMMIT_EDITMSG message").env("LEAKWARDEN_GIT", "4242"))
        };
        for newer in [format!("v2 {left}"), format!("2\n{left}"), left.replace("4242", "4242.2"), String::new()] {
            asked(&newer)?.exits(1)?;
        }
        asked(&left)?.exits(0)?;
        asked(&format!("?{left}"))?.exits(0).map(drop)
    })
}

#[test]
fn what_the_guard_knew_of_policy_and_ledger_is_read_and_counts() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (folder, file) = (scratch.path().join("state"), scratch.path().join("house"));
    fs::create_dir(&folder)?;
    let text = fixture("ledger-v1.jsonl");
    fs::write(folder.join("ledger.jsonl"), &text)?;
    fs::write(folder.join("head"), fixture("ledger-head-v1"))?;
    let head = fixture("ledger-head-v1");
    let own = filled("guard-house-v1.json", &[("FOLDER", &folder.to_string_lossy()), ("HEAD", head.trim_end())]);
    let look = |own: &str| -> Result<Vec<String>> {
        fs::write(&file, own)?;
        let mut house = House::new(&file, Vec::new(), Ledger::at(folder.clone(), Sinks::default()));
        let (warnings, kept) = house.look(&Guard::default(), 1_800_000_000);
        kept?;
        Ok(warnings.into_iter().map(|warning| warning.what).collect())
    };
    let told = look(&own)?;
    ensure!(told.len() == 1 && told[0].contains("/nowhere/leakwarden/policy.toml was removed"), "{told:?}");
    // The ledger is rebuilt from its first record on, head and all: the anchor tells.
    let first = text.lines().next().unwrap_or_default().to_owned() + "\n";
    fs::write(folder.join("ledger.jsonl"), &first)?;
    fs::write(folder.join("head"), self::head(&first))?;
    let told = look(&own)?;
    ensure!(told.len() == 2 && told[1].contains("records 2 to 3 are missing"), "{told:?}");
    // A newer one is left as it is, and what is now is taken for known.
    let newer = own.replace("\"version\": 1", "\"version\": 2");
    ensure!(look(&newer)?.is_empty() && fs::read_to_string(&file)? == newer, "a newer one");
    Ok(())
}

/// The guard's own files: read as they were written first, refused where a newer leakwarden wrote them.
#[test]
fn what_the_guard_keeps_is_read_and_a_newer_one_refused() -> Result<()> {
    use leakwarden::guard::{
        open, own_policies, own_policies::OwnPolicies, registry, registry::Registry, values, values::Values,
    };
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path();
    let fixtures = [
        (registry::NAME, "guard-registry-v1.toml", "version = 1", "version = 9"),
        (open::NAME, "guard-open-v1.json", "\"version\":1", "\"version\":9"),
        (values::NAME, "guard-values-v1.json", "\"version\":1", "\"version\":9"),
        (own_policies::NAME, "guard-policies-v1.json", "\"version\":1", "\"version\":9"),
    ];
    let write = |newer: bool| -> Result<()> {
        for (name, fixture, is, later) in fixtures {
            let text = filled(fixture, &[("FOLDER", &folder.to_string_lossy())]);
            fs::write(folder.join(name), if newer { text.replace(is, later) } else { text })?;
        }
        Ok(())
    };
    write(false)?;
    ensure!(Registry::read(folder)?.repository == [folder.join("repo")], "the registry");
    ensure!(open::read(folder)?[0].warnings[0].warning.path == "app.py", "what is open");
    Values::open(folder)?;
    let low = Some(leakwarden::level::Severity::Low);
    let notice = OwnPolicies::open(folder)?.look(&folder.join("repo"), "00", low, 1_800_000_001)?;
    ensure!(notice.is_some(), "the notice is still open");
    write(true)?;
    let refused = [
        Registry::read(folder).map(drop),
        open::read(folder).map(drop),
        Values::open(folder).map(drop),
        OwnPolicies::open(folder).map(drop),
    ];
    for (own, (name, ..)) in refused.into_iter().zip(fixtures) {
        let told = own.err().map(|error| format!("{error:#}")).unwrap_or_default();
        ensure!(told.contains(name) && told.contains("newer leakwarden"), "{name}: {told}");
    }
    Ok(())
}
