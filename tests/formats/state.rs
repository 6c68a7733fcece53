//! What leakwarden keeps for itself: the ledger, exposures, receipts, what pre-commit leaves.

use std::fs;

use anyhow::{Result, ensure};
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
