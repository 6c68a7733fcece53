//! Exposures: what got past, where it is now as git tells it, what to do, and how it is closed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::kit::sandbox::raw_path;
use crate::kit::{LEAKWARDEN, Outcome, Sandbox, in_repository, line, plant};

/// `exposures find RANGE` must open one for `seed`; gives its id.
fn find(s: &Sandbox, range: &str) -> Result<String> {
    let outcome = s.leakwarden(&format!("exposures find {range} --json"))?;
    let all: Value = serde_json::from_str(&outcome.exits(1)?.stdout)?;
    let own = &all["exposures"].as_array().context("a list")?[..];
    ensure!(own.len() == 1, "one was expected: {all}");
    own[0]["id"].as_str().map(str::to_owned).context("an id")
}

/// Commits a planted token past the hooks at a path.
fn past_the_hooks(s: &Sandbox, path: &str, seed: &str) -> Result<()> {
    s.write(path, line(&plant::github(seed)))?;
    s.commit_unchecked("a change")
}

/// Amends the newest commit without the hooks, which would settle what is gone.
fn amend(s: &Sandbox, message: &str) -> Result<()> {
    let words = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--amend", "--allow-empty", "-m", message];
    s.run(s.git_command().args(words))?.ok().map(drop)
}

/// `exposures show ID --json`.
fn shown(s: &Sandbox, id: &str) -> Result<Value> {
    serde_json::from_str(&s.leakwarden(&format!("exposures show {id} --json"))?.ok()?.stdout).context("JSON")
}

/// All texts and commands of the steps.
fn steps(s: &Sandbox, id: &str) -> Result<String> {
    let all = shown(s, id)?;
    let lines = all["steps"].as_array().context("steps")?.iter().map(|step| step.to_string());
    Ok(lines.collect::<Vec<_>>().join("\n").replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn close(s: &Sandbox, id: &str, how: &str, evidence: &str) -> Result<Outcome> {
    s.run(s.command(LEAKWARDEN).args(["exposures", "close", id, "--how", how, "--evidence", evidence]))
}

const EVIDENCE: &str = "taken out of the only commit that had it";

fn has(all: &str, words: &[&str]) -> Result<()> {
    words.iter().try_for_each(|word| {
        ensure!(all.contains(word), "`{word}` is missing in: {all}");
        Ok(())
    })
}

#[test]
fn found_listed_amended_and_settled() -> Result<()> {
    in_repository(|s| {
        ensure!(s.leakwarden("exposures")?.ok()?.stdout.contains("no open exposures"), "nothing yet");
        s.leakwarden("exposures find HEAD^!")?.ok()?;
        let path = "my file's \"x\".py";
        past_the_hooks(s, path, "amended")?;
        let id = find(s, "HEAD^!")?;
        // The same again is the same.
        let again = s.leakwarden("exposures find HEAD^!")?;
        ensure!(again.exits(1)?.stdout.starts_with(&format!("known     {id}")), "{}", again.stdout);
        let list = s.leakwarden("exposures")?;
        has(
            &list.ok()?.stdout,
            &[&format!("* {id}"), path, "Sandbox <sandbox@leakwarden.invalid>", "in this repository"],
        )?;
        let all = shown(s, &id[..4])?;
        ensure!(all["where"]["branches"] == serde_json::json!(["main"]) && all["pushed"] == false, "{all}");
        ensure!(all["where"]["paths_in_head"] == serde_json::json!([path]), "{all}");
        has(
            &steps(s, &id)?,
            &["git add -- 'my file'\\''s \"x\".py'", "git reset --soft HEAD~1", "git commit --amend"],
        )?;
        let refused = close(s, &id, "removed", EVIDENCE)?;
        ensure!(refused.exits(2)?.stderr.contains("still there, in: main"), "{}", refused.stderr);
        // Taken out as told.
        s.write(path, "token = os.environ[\"TOKEN\"]\n")?;
        s.git("add -A")?;
        amend(s, "a change")?;
        let all = shown(s, &id)?;
        let reflog = all["where"]["reflog"].as_array().context("entries")?;
        ensure!(all["where"]["branches"] == serde_json::json!([]) && !reflog.is_empty(), "{all}");
        has(&steps(s, &id)?, &["reflog expire", "git gc --prune=now", "--how removed"])?;
        let settled = s.leakwarden("exposures settle")?;
        ensure!(settled.ok()?.stdout.contains(&format!("exposure {id} (GitHub")), "{}", settled.stdout);
        ensure!(s.leakwarden("exposures")?.stdout.contains("no open exposures"), "it is closed");
        has(&s.leakwarden("exposures list --all")?.ok()?.stdout, &[&id, "[removed]"])?;
        // The same value again: it is open again, under its old id.
        past_the_hooks(s, "other.py", "amended")?;
        let again = s.leakwarden("exposures find HEAD^!")?;
        ensure!(again.exits(1)?.stdout.starts_with(&format!("reopened  {id}")), "{}", again.stdout);
        ensure!(shown(s, &id)?["exposure"]["reopened"] == 1, "once");
        Ok(())
    })
}

#[test]
fn below_a_branch_a_tag_a_stash() -> Result<()> {
    in_repository(|s| {
        past_the_hooks(s, "a.py", "below")?;
        let bad = s.ask_git("rev-parse HEAD")?;
        s.write("b.txt", "x\n")?;
        s.commit_all()?.clean()?;
        let id = find(s, "HEAD~2..HEAD")?;
        has(
            &steps(s, &id)?,
            &[&format!("git commit --fixup={}", &bad[..12]), &format!("--autosquash {}~1", &bad[..12])],
        )?;
        s.run(s.git_command().args(["tag", "-a", "v 1".replace(' ', "-").as_str(), "-m", "x"]))?.ok()?;
        s.git("branch side")?;
        has(
            &steps(s, &id)?,
            &["git filter-repo --force --replace-text", "--invert-paths --path a.py", "git tag -d -- v-1"],
        )?;
        // A stash on top holds it, and stays when the branches are gone.
        s.append("b.txt", "more\n")?;
        s.git("stash -q")?;
        s.git("reset -q --hard HEAD~2")?;
        s.git("branch -q -D side")?;
        s.git("tag -d v-1")?;
        let all = shown(s, &id)?;
        ensure!(all["where"]["stashes"] == serde_json::json!(["stash@{0}"]), "{all}");
        ensure!(
            all["where"]["branches"] == serde_json::json!([]) && all["where"]["tags"] == serde_json::json!([]),
            "{all}"
        );
        has(&steps(s, &id)?, &["git stash drop 'stash@{0}'"])?;
        ensure!(close(s, &id, "removed", EVIDENCE)?.exits(2)?.stderr.contains("stash@{0}"), "the stash holds it");
        // A stash of a file with the value in it, on a clean commit.
        s.git("stash drop -q")?;
        close(s, &id, "removed", EVIDENCE)?.ok()?;
        // A branch that moved the file before anybody looked.
        s.git("checkout -q -b topic")?;
        past_the_hooks(s, "a.py", "moved")?;
        let id = find(s, "HEAD^!")?;
        s.git("mv a.py c.py")?;
        s.append("c.py", "# and another line\n")?;
        s.git("add -A")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-verify", "-m", "renamed"]))?.ok()?;
        let all = shown(s, &id)?;
        ensure!(all["where"]["branches"] == serde_json::json!(["topic"]), "{all}");
        ensure!(all["where"]["paths_in_head"] == serde_json::json!(["c.py"]), "{all}");
        ensure!(close(s, &id, "removed", EVIDENCE)?.exits(2)?.stderr.contains("topic"), "it is there");
        Ok(())
    })
}

#[test]
fn pushed_and_pushed_over() -> Result<()> {
    in_repository(|s| {
        s.write(".leakwarden.toml", "[organisation]\ncontact = \"security@example.org\"\n")?;
        s.commit_unchecked("policy")?;
        s.git("init -q --bare ../server.git")?;
        s.git("remote add origin ../server.git")?;
        past_the_hooks(s, "a.py", "pushed")?;
        s.git("push -q --no-verify origin main")?;
        let id = find(s, "HEAD^!")?;
        let all = shown(s, &id)?;
        ensure!(all["exposure"]["cause"] == "pushed" && all["pushed"] == true, "{all}");
        ensure!(all["where"]["remotes"] == serde_json::json!(["origin/main"]), "{all}");
        let told = steps(s, &id)?;
        let mut from = 0;
        for word in [
            "https://",
            "tell security@example.org",
            "git add -- a.py",
            "filter-repo",
            "--force-with-lease",
            "clones again",
            "--how revoked",
        ] {
            from += told[from..].find(word).with_context(|| format!("`{word}` is missing or too early: {told}"))?;
        }
        // A second one, found before it is pushed, then pushed, then pushed over.
        past_the_hooks(s, "b.py", "pushed-over")?;
        let over = find(s, "HEAD^!")?;
        ensure!(shown(s, &over)?["pushed"] == false, "not yet");
        s.git("push -q --no-verify origin main")?;
        s.git("reset -q --hard HEAD~2")?;
        s.git("push -q --no-verify --force origin main")?;
        let all = shown(s, &over)?;
        let (remotes, branches) = (&all["where"]["remotes"], &all["where"]["branches"]);
        ensure!(all["pushed"] == true && *remotes == serde_json::json!([]) && *branches == *remotes, "{all}");
        ensure!(close(s, &over, "removed", EVIDENCE)?.exits(2)?.stderr.contains("it was pushed"), "others may have it");
        ensure!(s.leakwarden("exposures settle")?.ok()?.stdout.contains("no open exposure"), "both were pushed");
        close(s, &over, "revoked", "replaced by the team on Monday, the old one gives 401")?.ok()?;
        // Whoever clones knows nothing of the others' exposures, and keeps their own.
        s.git("clone -q ../server.git ../other")?;
        let other = s.root().join("other");
        let list = s.run(s.command(LEAKWARDEN).current_dir(&other).arg("exposures"))?;
        has(&list.ok()?.stdout, &[&format!("  {id}")])?;
        let there = s.run(s.command(LEAKWARDEN).current_dir(&other).args(["exposures", "show", &id]))?;
        has(&there.ok()?.stdout, &["this is another clone"])?;
        let outside = s.run(s.command(LEAKWARDEN).current_dir(s.root()).args(["exposures", "list", "--json"]))?;
        has(&outside.ok()?.stdout, &[&id, "\"here\": false"])
    })
}

#[test]
fn the_steps_work() -> Result<()> {
    in_repository(|s| {
        let rebase = |words: &str| {
            let mut command = s.git_command();
            command.env("GIT_SEQUENCE_EDITOR", "true").args(["rebase", "-q", "-i"]).args(words.split(' '));
            s.run(&mut command)?.ok().map(drop)
        };
        past_the_hooks(s, "a.py", "worked")?;
        let bad = s.ask_git("rev-parse --short=12 HEAD")?;
        s.write("b.txt", "x\n")?;
        s.commit_all()?.clean()?;
        let id = find(s, "HEAD~2..HEAD")?;
        s.write("a.py", "token = os.environ[\"TOKEN\"]\n")?;
        s.git("add -- a.py")?;
        s.git(&format!("commit -q --fixup={bad}"))?;
        has(&steps(s, &id)?, &["write `fixup` before it"])?;
        rebase(&format!("--autosquash {bad}~1"))?;
        has(&s.leakwarden("exposures settle")?.ok()?.stdout, &[&id])?;
        // In the first commit, with another above it.
        s.git("checkout -q --orphan new")?;
        past_the_hooks(s, "c.py", "first")?;
        let first = s.ask_git("rev-parse --short=12 HEAD")?;
        s.write("d.txt", "x\n")?;
        s.commit_all()?.clean()?;
        let id = find(s, "HEAD")?;
        has(&steps(s, &id)?, &["git rebase -i --autosquash --root"])?;
        s.write("c.py", "")?;
        s.git("add -- c.py")?;
        s.git(&format!("commit -q --fixup={first}"))?;
        rebase("--autosquash --root")?;
        // The reflog is all there is, and its entries go as told.
        ensure!(shown(s, &id)?["where"]["reflog"] != serde_json::json!([]), "it has them");
        s.git("reflog expire --expire=now --expire-unreachable=now --all")?;
        s.git("gc -q --prune=now")?;
        let all = shown(s, &id)?;
        ensure!(all["where"]["commits"] == serde_json::json!([]), "{all}");
        ensure!(all["where"]["not_looked_at"] == serde_json::json!([]), "{all}");
        close(s, &id, "removed", EVIDENCE)?.ok().map(drop)
    })
}

#[test]
fn messages_and_merges() -> Result<()> {
    in_repository(|s| {
        s.commit_unchecked(&format!("about {}", plant::github("told")))?;
        let id = find(s, "HEAD^!")?;
        has(&steps(s, &id)?, &["git commit --amend", "not with `-m`"])?;
        amend(s, "clean")?;
        close(s, &id, "removed", EVIDENCE)?.ok()?;
        // Amended into something else that still tells it.
        s.commit_unchecked(&format!("about {}", plant::github("again")))?;
        let id = find(s, "HEAD^!")?;
        let message = format!("more about {}", plant::github("again"));
        amend(s, &message)?;
        ensure!(shown(s, &id)?["where"]["branches"] == serde_json::json!(["main"]), "the new commit tells it too");
        s.git("reset -q --hard HEAD~1")?;
        close(s, &id, "removed", EVIDENCE)?.ok()?;
        // Under a merge there is nothing to rebase.
        s.git("checkout -q -b side")?;
        past_the_hooks(s, "s.py", "merged")?;
        s.git("checkout -q main")?;
        s.write("m.txt", "x\n")?;
        s.commit_all()?.clean()?;
        s.run(s.git_command().args(["merge", "-q", "--no-verify", "-m", "merge", "side"]))?.ok()?;
        let id = find(s, "HEAD~1..HEAD")?;
        let all = shown(s, &id)?;
        ensure!(all["where"]["commits"].as_array().map(Vec::len) == Some(1), "the merge passes it on: {all}");
        s.git("branch -q -D side")?;
        let told = steps(s, &id)?;
        ensure!(told.contains("filter-repo") && !told.contains("autosquash"), "{told}");
        Ok(())
    })
}

#[test]
fn names_of_files() -> Result<()> {
    in_repository(|s| {
        s.write(format!("dir/{}.txt", plant::github("name")), "x\n")?;
        s.commit_unchecked("a change")?;
        let id = find(s, "HEAD^!")?;
        let told = steps(s, &id)?;
        ensure!(told.contains("another name") && told.contains("git commit --amend"), "{told}");
        let all = shown(s, &id)?;
        ensure!(all["where"]["branches"] == serde_json::json!(["main"]), "{all}");
        ensure!(all["where"]["commits"][0]["part"] == "path", "{all}");
        s.git("tag v1")?;
        has(&steps(s, &id)?, &["--paths-from-file"])?;
        s.git("tag -d v1")?;
        s.git("reset -q --hard HEAD~1")?;
        close(s, &id, "removed", EVIDENCE)?.ok()?;
        // A name that is no UTF-8, on a HEAD that is no branch.
        s.git("checkout -q --detach")?;
        s.write(raw_path(b"a\xff b.py"), line(&plant::github("bytes")))?;
        s.commit_unchecked("a change")?;
        let id = find(s, "HEAD^!")?;
        has(&steps(s, &id)?, &["git add -- $'a\\xff b.py'", "git commit --amend"])?;
        let all = shown(s, &id)?;
        ensure!(all["where"]["others"] == serde_json::json!(["HEAD (detached)"]), "{all}");
        s.git("checkout -q main")?;
        close(s, &id, "removed", EVIDENCE)?.ok().map(drop)
    })
}

#[test]
fn who_closes_and_what_is_told() -> Result<()> {
    in_repository(|s| {
        past_the_hooks(s, "a.py", "closing")?;
        let id = find(s, "HEAD^!")?;
        let said = |outcome: Outcome, word: &str| -> Result<()> {
            ensure!(outcome.exits(2)?.stderr.contains(word), "`{word}`: {}", outcome.stderr);
            Ok(())
        };
        said(close(s, &id, "revoked", "done")?, "at least 10")?;
        said(close(s, &id, "revoked", "… when and by whom it was replaced …")?, "the example")?;
        said(close(s, &id, "revoked", &format!("it was {}", plant::github("evidence")))?, "itself holds a secret")?;
        said(close(s, "zzzz", "revoked", EVIDENCE)?, "no exposure has the id")?;
        said(close(s, &id[..3], "revoked", EVIDENCE)?, "at least 4")?;
        for variable in ["CI", "AI_AGENT"] {
            let args = ["exposures", "close", &id, "--how", "revoked", "--evidence", EVIDENCE];
            said(s.run(s.command(LEAKWARDEN).env(variable, "1").args(args))?, "automation may not")?;
        }
        let who = "Ann *Bold* <ann@example.org>";
        s.run(s.command(LEAKWARDEN).args(["exposures", "assign", &id, who]))?.ok()?;
        let note = s.leakwarden(&format!("exposures show {id} --note"))?;
        has(
            &note.ok()?.stdout,
            &[
                &format!("# Exposed credential {id}: GitHub"),
                "**Owner:** Ann \\*Bold\\* \\<ann\\@example.org\\>",
                "## Timeline",
                "assigned by Sandbox",
                "## What remains",
                "        git commit --amend",
                "branches: `main`",
            ],
        )?;
        let shown = s.leakwarden(&format!("exposures show {id}"))?;
        has(&shown.ok()?.stdout, &["owner       Ann", "What to do, in this order:", "       git commit --amend"])?;
        // Where the ledger cannot be written nothing is closed.
        let state = s.root().join("home/.local/state/leakwarden");
        let ledger = state.join("ledger.jsonl");
        fs::rename(&ledger, state.join("aside"))?;
        fs::create_dir(&ledger)?;
        let refused = close(s, &id, "not-a-secret", EVIDENCE)?;
        ensure!(refused.exits(2)?.stderr.contains("ledger"), "{}", refused.stderr);
        fs::remove_dir(&ledger)?;
        fs::rename(state.join("aside"), &ledger)?;
        ensure!(s.leakwarden("exposures")?.stdout.contains(&id), "it is still open");
        let closed = close(s, &id, "not-a-secret", EVIDENCE)?;
        ensure!(closed.ok()?.stdout.contains("leakwarden allow"), "{}", closed.stdout);
        said(close(s, &id, "revoked", EVIDENCE)?, "closed already")?;
        // What was done is in the ledger, and nowhere does a value stand.
        let records = String::from_utf8(fs::read(&ledger)?)?;
        has(
            &records,
            &["exposure-opened", "exposure-assigned", "exposure-closed", "\"how\":\"not-a-secret\"", EVIDENCE],
        )?;
        ensure!(records.matches("exposure-closed").count() == 1, "{records}");
        let mut folders = vec![state];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                plant::check(&path.display().to_string(), &fs::read(&path)?)?;
                ensure!(fs::metadata(&path)?.permissions().mode() & 0o077 == 0, "{} is private", path.display());
                files += 1;
            }
        }
        ensure!(files >= 3, "ledger, key and exposure");
        // A broken file is named and stops nobody.
        let folder = s.root().join("home/.local/state/leakwarden/exposures");
        fs::write(folder.join("0123456789ab.00000000.open"), "{")?;
        has(&s.leakwarden("exposures list --all")?.ok()?.stdout, &[&id, "passed over: ", "00000000.open"])
    })
}

#[test]
fn json_is_as_documented() -> Result<()> {
    in_repository(|s| {
        past_the_hooks(s, "a.py", "json")?;
        let id = find(s, "HEAD^!")?;
        let documented = include_str!("../../docs/exposures.md");
        let mut missing = Vec::new();
        let mut objects = vec![shown(s, &id)?];
        let list: Value = serde_json::from_str(&s.leakwarden("exposures list --json")?.ok()?.stdout)?;
        objects.push(list);
        while let Some(value) = objects.pop() {
            match value {
                Value::Object(fields) => fields.into_iter().for_each(|(name, value)| {
                    if !documented.contains(&format!("`{name}`")) {
                        missing.push(name);
                    }
                    objects.push(value);
                }),
                Value::Array(all) => objects.extend(all),
                _ => {}
            }
        }
        ensure!(missing.is_empty(), "docs/exposures.md does not tell of {missing:?}");
        Ok(())
    })
}
