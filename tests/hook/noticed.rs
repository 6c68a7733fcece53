//! Commits that were made without a scan: noticed, repaired, mentioned, and nobody accused without cause.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::kit::{LEAKWARDEN, Outcome, Sandbox, in_repository, in_sandbox, line, plant, skip};

/// Commits a planted token with `--no-verify`.
fn skipped(s: &Sandbox, path: &str, seed: &str) -> Result<Outcome> {
    s.write(path, line(&plant::github(seed)))?;
    s.git("add -A")?;
    s.commit("--no-verify")
}

fn says(outcome: &Outcome, text: &str) -> Result<()> {
    ensure!(outcome.stderr.contains(text), "`{text}` is not said: {}{}", outcome.stdout, outcome.stderr);
    Ok(())
}

fn nothing_more(s: &Sandbox, before: &[String]) -> Result<()> {
    let events = s.events()?;
    ensure!(events == before, "the ledger says more: {events:?}");
    Ok(())
}

#[test]
fn skipped_noticed_and_repaired() -> Result<()> {
    in_repository(|s| {
        let outcome = skipped(s, "conf", "repaired")?;
        says(&outcome, "leakwarden: this commit holds a secret: pre-commit did not look at it (--no-verify?)")?;
        says(&outcome, "git add -- conf && git commit --amend --no-edit")?;
        says(&outcome, "git reset --soft HEAD~1")?;
        let record = s.records()?.remove(0);
        ensure!(record["who"] == "Sandbox <sandbox@leakwarden.invalid>", "who: {record}");
        ensure!(record["commit"] == s.ask_git("rev-parse HEAD")?.as_str(), "which commit: {record}");
        s.write("other", "clean\n")?;
        says(&s.commit_all()?, "1 open exposure in this repository")?;
        s.git("reset -q --soft HEAD~1")?;
        s.write("conf", "token = env(\"TOKEN\")\n")?;
        s.git("add conf")?;
        let amended = s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))?;
        says(amended.ok()?, "and nothing holds it any more")?;
        ensure!(s.events()?.last().is_some_and(|last| last == "exposure-closed by removed"), "{:?}", s.events()?);
        s.write("third", "clean\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn skipped_and_excepted_afterwards() -> Result<()> {
    in_repository(|s| {
        skipped(s, "conf", "afterwards")?;
        s.git("reset -q --soft HEAD~1")?;
        s.allow(&s.only_id()?, &[])?.ok()?;
        s.git("commit -q -m again")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "-m", "and again"]))?.ok()?;
        let events = s.events()?;
        ensure!(events.last().is_some_and(|last| last == "exposure-closed by excepted"), "{events:?}");
        s.write("other", "clean\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn a_first_commit_that_was_skipped() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.install()?;
        let outcome = skipped(s, "conf", "first-skipped")?;
        says(&outcome, "git update-ref -d HEAD")
    })
}

#[test]
fn an_amend_does_not_launder() -> Result<()> {
    in_repository(|s| {
        skipped(s, "conf", "laundered")?;
        let before = s.events()?;
        s.write("other", "clean\n")?;
        s.git("add other")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))?.ok()?;
        // It is known, and still open: once is enough.
        nothing_more(s, &before)?;
        s.write("third", "clean\n")?;
        says(&s.commit_all()?, "1 open exposure")
    })
}

#[test]
fn an_amend_of_a_commit_that_nobody_looked_at() -> Result<()> {
    in_repository(|s| {
        s.write("conf", line(&plant::github("before")))?;
        s.commit_unchecked("before leakwarden came")?;
        s.write("other", "clean\n")?;
        s.git("add other")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))?.ok()?;
        nothing_more(s, &["skipped by amend".to_owned(), "exposure-opened".to_owned()])
    })
}

#[test]
fn a_secret_in_an_amended_message() -> Result<()> {
    in_repository(|s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        let text = format!("a change\n\n{}", line(&plant::github("amended-message")));
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-verify", "-m", &text]))?.ok()?;
        nothing_more(s, &["skipped by amend".to_owned(), "exposure-opened".to_owned()])
    })
}

/// A clone of the repository by somebody else, who has no hooks and pushes a secret back.
fn somebody_else_pushes(s: &Sandbox) -> Result<()> {
    s.git("clone -q --bare . ../shared.git")?;
    s.git("remote add origin ../shared.git")?;
    s.git("fetch -q")?;
    s.git("branch -q -u origin/main")?;
    s.git("clone -q ../shared.git ../theirs")?;
    fs::write(s.root().join("theirs/conf"), line(&plant::github("theirs")))?;
    let them = ["-c", "user.name=Them", "-c", "user.email=them@leakwarden.invalid", "-C", "../theirs"];
    s.run(s.git_command().args(them).args(["add", "conf"]))?.ok()?;
    s.run(s.git_command().args(them).args(["commit", "-q", "-m", "theirs"]))?.ok()?;
    s.run(s.git_command().args(them).args(["push", "-q"]))?.ok().map(drop)
}

#[test]
fn other_peoples_commits_are_nobodys_fault() -> Result<()> {
    in_repository(|s| {
        somebody_else_pushes(s)?;
        s.git("pull -q --ff-only")?;
        nothing_more(s, &[])?;
        s.write("mine", "clean\n")?;
        s.commit_all()?.clean()?;
        nothing_more(s, &[])?;
        // And by a merge that git commits itself.
        s.git("checkout -q -b mine HEAD~2")?;
        s.write("own", "clean\n")?;
        s.commit_all()?.clean()?;
        s.git("merge -q --no-edit main")?;
        s.git("checkout -q main")?;
        nothing_more(s, &[])
    })
}

#[test]
fn a_clean_rebase_accuses_nobody() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        for seed in ["one", "two"] {
            s.write(seed, line(&plant::github(seed)))?;
            s.commit_unchecked(seed)?;
        }
        s.git("checkout -q main")?;
        s.write("main", "main\n")?;
        s.commit_all()?.clean()?;
        for how in ["rebase -q main", "rebase -q --force-rebase --apply main", "rebase -q --force-rebase main"] {
            s.git("checkout -q side")?;
            s.git(how)?;
            nothing_more(s, &[])?;
        }
        // Squashed, reworded and dropped: still the same secrets.
        let edit = "sed -i -e '2s/^pick/fixup/'";
        s.run(s.git_command().env("GIT_SEQUENCE_EDITOR", edit).args(["rebase", "-q", "-i", "HEAD~2"]))?.ok()?;
        nothing_more(s, &[])?;
        let edit = "sed -i -e '1s/^pick/reword/'";
        let reword = s
            .git_command()
            .env("GIT_SEQUENCE_EDITOR", edit)
            .env("GIT_EDITOR", "true")
            .args(["rebase", "-q", "-i", "HEAD~1"])
            .output()?;
        ensure!(reword.status.success(), "{}", String::from_utf8_lossy(&reword.stderr));
        nothing_more(s, &[])
    })
}

#[test]
fn a_rebase_that_brings_something_new() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        s.write("a", "a\n")?;
        s.commit_all()?.clean()?;
        let edit = "sed -i -e '1s/^pick/edit/'";
        s.run(s.git_command().env("GIT_SEQUENCE_EDITOR", edit).args(["rebase", "-q", "-i", "HEAD~1"]))?.ok()?;
        s.write("conf", line(&plant::github("edited")))?;
        s.git("add conf")?;
        s.run(s.git_command().env("GIT_EDITOR", "true").args(["rebase", "--continue"]))?.ok()?;
        let events = s.events()?;
        ensure!(events.len() == 2 && events[0].starts_with("skipped by "), "{events:?}");
        Ok(())
    })
}

#[test]
fn without_a_reflog_nobody_is_accused() -> Result<()> {
    in_repository(|s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        s.write("conf", line(&plant::github("gone")))?;
        s.git("add conf")?;
        s.git("-c core.hooksPath=/dev/null commit -q -m behind")?;
        s.git("reflog expire --expire=now --all")?;
        s.write("b", "clean\n")?;
        s.commit_all()?.clean()?;
        nothing_more(s, &[])?;
        s.git("config core.logAllRefUpdates false")?;
        fs::remove_file(s.path(".git/logs/HEAD"))?;
        s.write("c", "clean\n")?;
        s.commit_all()?.clean()?;
        nothing_more(s, &[])?;
        // What was skipped just now is noticed all the same.
        skipped(s, "d", "no-log")?;
        nothing_more(s, &["skipped by no-verify".to_owned(), "exposure-opened".to_owned()])
    })
}

#[test]
fn what_was_thrown_away_is_nobodys_matter() -> Result<()> {
    in_repository(|s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        s.write("conf", line(&plant::github("thrown")))?;
        s.git("add conf")?;
        s.git("-c core.hooksPath=/dev/null commit -q -m behind")?;
        s.git("reset -q --hard HEAD~1")?;
        s.write("b", "clean\n")?;
        s.commit_all()?.clean()?;
        nothing_more(s, &[])
    })
}

#[test]
fn in_a_linked_worktree_and_with_reftables() -> Result<()> {
    in_repository(|s| {
        s.git("worktree add -q ../linked")?;
        let linked = |words: &[&str]| s.run(s.git_command().current_dir(s.root().join("linked")).args(words));
        fs::write(s.root().join("linked/conf"), line(&plant::github("linked")))?;
        linked(&["add", "conf"])?.ok()?;
        says(&linked(&["commit", "-q", "-n", "-m", "x"])?, "git reset --soft HEAD~1")?;
        nothing_more(s, &["skipped by no-verify".to_owned(), "exposure-opened".to_owned()])
    })?;
    in_sandbox(|s| {
        if !s.git.has(2, 45, "reftable") {
            return Ok(());
        }
        s.git("init -q --ref-format=reftable")?;
        s.first_commit()?;
        s.install()?;
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        skipped(s, "conf", "reftable")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))?.ok()?;
        nothing_more(s, &["skipped by no-verify".to_owned(), "exposure-opened".to_owned()])
    })
}

/// How often leakwarden is started by a command, by the system calls.
fn starts(s: &Sandbox, words: &[&str]) -> Result<Option<usize>> {
    let trace = s.root().join("starts");
    let mut command = s.command("strace");
    command.args(["-f", "-s", "300", "-e", "trace=execve", "-o"]).arg(&trace);
    if s.run(command.arg("git").args(words)).is_ok_and(|outcome| outcome.code != Some(0)) {
        skip("system calls: strace is absent or not allowed");
        return Ok(None);
    }
    let started = format!("execve(\"{LEAKWARDEN}\"");
    Ok(Some(fs::read_to_string(&trace)?.lines().filter(|line| line.contains(&started)).count()))
}

#[test]
fn a_plain_commit_starts_the_program_twice() -> Result<()> {
    in_repository(|s| {
        for round in 0..3 {
            s.write("a", format!("clean {round}\n"))?;
            s.git("add a")?;
            let Some(count) = starts(s, &["commit", "-q", "-m", "x"])? else { return Ok(()) };
            // At first nobody knows how HEAD was made.
            ensure!(count == if round == 0 { 3 } else { 2 }, "round {round}: {count}");
        }
        Ok(())
    })
}

#[test]
fn receipts_are_small() -> Result<()> {
    in_repository(|s| {
        let size = || fs::metadata(s.path(".git/leakwarden/receipts")).map_or(0, |data| data.len());
        for round in 0..10 {
            s.write("a", format!("clean {round}\n"))?;
            s.commit_all()?.clean()?;
        }
        ensure!(size() > 0 && size() * 100 < 1_000_000, "1,000 commits would leave {} bytes", size() * 100);
        Ok(())
    })
}

#[test]
fn where_nothing_can_be_recorded_exceptions_are_refused_and_clean_commits_pass() -> Result<()> {
    in_repository(|s| {
        // A file in the place of the state directory: nobody can write there, not even root.
        let state = s.root().join("home/.local/state");
        fs::rename(&state, s.root().join("aside"))?;
        fs::write(&state, "")?;
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        s.write(
            "conf",
            format!("token = \"{}\" # leakwarden:allow test-value made for a scenario\n", plant::github("un")),
        )?;
        s.git("add conf")?;
        says(s.commit("")?.blocked()?, "it cannot be recorded")?;
        s.write("../home/.config/leakwarden/config.toml", "[ledger]\nrequired = false\n")?;
        says(s.commit("")?.ok()?, "are not in the ledger")?;
        // Skipping is noticed, and said not to be recorded; that is made up for.
        says(&skipped(s, "more", "unwritten")?, "this could not be recorded")?;
        fs::remove_file(&state)?;
        fs::rename(s.root().join("aside"), &state)?;
        s.write("last", "clean\n")?;
        s.commit_all()?.ok()?;
        let events = s.events()?;
        ensure!(events.contains(&"exposure-opened".to_owned()), "{events:?}");
        Ok(())
    })
}

#[test]
fn a_second_try_of_the_same_is_recorded_once() -> Result<()> {
    in_repository(|s| {
        s.write(
            "conf",
            format!("token = \"{}\" # leakwarden:allow test-value made for a scenario\n", plant::github("try")),
        )?;
        s.git("add conf")?;
        s.script("repo/.git/hooks/pre-commit.leakwarden-orig", "exit 1")?;
        s.commit("")?.exits(1)?;
        fs::remove_file(s.path(".git/hooks/pre-commit.leakwarden-orig"))?;
        s.commit("")?.ok()?;
        nothing_more(s, &["excepted".to_owned()])
    })
}

#[test]
fn where_another_hook_manager_calls_the_program() -> Result<()> {
    in_repository(|s| {
        for name in ["pre-commit", "commit-msg", "post-commit", "post-rewrite"] {
            s.script(&format!("repo/.git/hooks/{name}"), &format!("exec '{LEAKWARDEN}' hook {name} \"$@\""))?;
        }
        s.write(
            "conf",
            format!("token = \"{}\" # leakwarden:allow test-value made for a scenario\n", plant::github("hm")),
        )?;
        s.git("add conf")?;
        s.commit("")?.ok()?;
        nothing_more(s, &["excepted".to_owned()])?;
        skipped(s, "more", "hm-more")?;
        let events = ["excepted", "skipped by no-verify", "exposure-opened"].map(str::to_owned);
        nothing_more(s, &events)
    })
}

#[test]
fn a_pipe_or_a_link_in_the_place_of_a_file_stops_nobody() -> Result<()> {
    in_repository(|s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        let folder = s.path(".git/leakwarden");
        for round in 0..2 {
            for name in ["passed", "receipts", "looked", "clone", "summed", "recorded", "told", "once", "trailers"] {
                let _ = fs::remove_file(folder.join(name));
                if round == 0 {
                    s.run(s.command("mkfifo").arg(folder.join(name)))?.ok()?;
                } else {
                    std::os::unix::fs::symlink(s.root().join("elsewhere"), folder.join(name))?;
                }
            }
            s.write("a", format!("clean {round}\n"))?;
            s.git("add a")?;
            let mut command = s.command("timeout");
            s.run(command.args(["20", "git", "commit", "-q", "-m", "x"]))?.ok()?;
            ensure!(!s.root().join("elsewhere").exists(), "a link was followed");
        }
        Ok(())
    })
}

#[test]
fn a_hook_that_saw_it_by_older_rules_saw_it() -> Result<()> {
    in_repository(|s| {
        s.write("other", "blue-4711-0815\n")?;
        s.commit_all()?.clean()?;
        // A message with an exception of its own.
        let message = line(&plant::github("older-message"));
        fs::write(s.root().join("message"), &message)?;
        s.write("b", "clean\n")?;
        s.git("add b")?;
        s.try_git("commit -q -F ../message")?.exits(1)?;
        let report = s.leakwarden("hook commit-msg --format json .git/COMMIT_EDITMSG")?.report()?;
        let id = report.findings()?[0]["id"].as_str().context("an id")?.to_owned();
        let setting = format!("leakwarden.allow={id} test-value: made for a scenario");
        s.run(s.git_command().args(["-c", &setting, "commit", "-q", "-F", "../message"]))?.ok()?;
        let before = s.events()?;
        let rule = "[[rule]]\nid = \"own-blue\"\nprovider = \"Own\"\nname = \"key\"\nseverity = \"high\"\n\
                    keywords = [\"blue-\"]\npattern = \"blue-[0-9]{4}-[0-9]{4}\"\n";
        s.write("../home/.config/leakwarden/config.toml", rule)?;
        s.git("checkout -q -b side HEAD~1")?;
        s.write("c", "clean\n")?;
        s.commit_all()?.ok()?;
        s.git("checkout -q main")?;
        s.git("cherry-pick side")?;
        nothing_more(s, &before)
    })
}

#[test]
fn a_container_where_git_is_the_first_process() -> Result<()> {
    in_repository(|s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        let first = |words: &[&str]| {
            s.run(s.command("unshare").args(["-p", "-f", "git", "commit", "-q", "-m", "x"]).args(words))
        };
        s.write("a", "changed\n")?;
        s.git("add a")?;
        if first(&[])?.code != Some(0) {
            skip("a process namespace of one's own is not allowed here");
            return Ok(());
        }
        s.write("conf", line(&plant::github("first-process")))?;
        s.git("add conf")?;
        first(&["--no-verify"])?.ok()?;
        nothing_more(s, &["skipped by no-verify".to_owned(), "exposure-opened".to_owned()])
    })
}

#[test]
fn somebody_elses_commit_amended() -> Result<()> {
    in_repository(|s| {
        somebody_else_pushes(s)?;
        s.git("pull -q --ff-only")?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "-m", "with a better message"]))?.ok()?;
        nothing_more(s, &[])
    })
}

#[test]
fn one_broken_policy_hides_no_other_commit() -> Result<()> {
    in_repository(|s| {
        s.write("a", "clean\n")?;
        s.commit_all()?.clean()?;
        let behind = |message: &str| s.git(&format!("-c core.hooksPath=/dev/null commit -q -m {message}"));
        s.write(".leakwarden.toml", "broken = [\n")?;
        s.git("add -A")?;
        behind("broken")?;
        s.git("rm -q .leakwarden.toml")?;
        s.write("conf", line(&plant::github("hidden")))?;
        s.git("add -A")?;
        behind("secret")?;
        s.write("b", "clean\n")?;
        s.commit_all()?.ok()?;
        nothing_more(s, &["skipped by no-hook".to_owned(), "exposure-opened".to_owned()])
    })
}

#[test]
fn an_index_that_was_refreshed_meanwhile_is_the_same() -> Result<()> {
    in_repository(|s| {
        s.write(
            "conf",
            format!("token = \"{}\" # leakwarden:allow test-value made for a scenario\n", plant::github("fresh")),
        )?;
        s.git("add conf")?;
        let editor = s.script("editor", "touch README.md; git status >/dev/null; echo change >\"$1\"")?;
        s.run(s.git_command().env("GIT_EDITOR", editor).args(["commit", "-q"]))?.ok()?;
        nothing_more(s, &["excepted".to_owned()])
    })
}

#[test]
fn a_hook_that_writes_into_the_message() -> Result<()> {
    in_sandbox(|s| {
        s.git("init -q")?;
        s.first_commit()?;
        fs::write(s.root().join("words"), line(&plant::github("words")))?;
        s.script("repo/.git/hooks/commit-msg", "cat ../words >>\"$1\"")?;
        s.install()?;
        for round in 0..2 {
            s.write("a", format!("clean {round}\n"))?;
            s.git("add a")?;
            says(&s.commit("")?, "commit message, line")?;
        }
        Ok(())
    })
}

#[test]
fn in_worktrees_at_once_the_clone_is_one() -> Result<()> {
    in_repository(|s| {
        let _ = fs::remove_file(s.path(".git/leakwarden/clone"));
        for n in 0..6 {
            s.git(&format!("worktree add -q ../w{n}"))?;
            fs::write(s.root().join(format!("w{n}/conf")), line(&plant::github(&format!("w{n}"))))?;
            s.git(&format!("-C ../w{n} add conf"))?;
        }
        let start = |n: usize| {
            let mut command = s.git_command();
            command.current_dir(s.root().join(format!("w{n}"))).args(["commit", "-qnm", "x"]);
            command.stderr(std::process::Stdio::null()).spawn().context("git")
        };
        for mut child in (0..6).map(start).collect::<Result<Vec<_>>>()? {
            ensure!(child.wait()?.success(), "it commits");
        }
        says(
            &{
                s.write("a", "clean\n")?;
                s.commit_all()?
            },
            "6 open exposures",
        )
    })
}

/// The id of the only exposure.
fn only_exposure(s: &Sandbox) -> Result<String> {
    let list = s.leakwarden("exposures list --all --json")?.ok()?.stdout.clone();
    let list: serde_json::Value = serde_json::from_str(&list)?;
    let all = list["exposures"].as_array().context("a list")?;
    ensure!(all.len() == 1, "{list}");
    Ok(all[0]["id"].as_str().context("an id")?.to_owned())
}

/// Takes the secret out of `conf` in the last commit.
fn take_out(s: &Sandbox) -> Result<Outcome> {
    s.write("conf", "token = env(\"TOKEN\")\n")?;
    s.git("add conf")?;
    s.run(s.git_command().args(["commit", "-q", "--amend", "--no-edit"]))
}

#[test]
fn what_was_pushed_once_is_never_just_removed() -> Result<()> {
    in_repository(|s| {
        s.git("clone -q --bare . ../shared.git")?;
        s.git("remote add origin ../shared.git")?;
        s.git("checkout -q -b side")?;
        skipped(s, "conf", "pushed-once")?;
        s.git("push -q --no-verify origin side")?;
        s.write("other", "clean\n")?;
        s.commit_all()?.ok()?;
        s.git("push -q origin :side")?;
        s.git("reset -q --hard HEAD~1")?;
        take_out(s)?.ok()?;
        let settled = s.leakwarden("exposures settle")?;
        ensure!(!settled.stdout.contains("is closed"), "{}", settled.stdout);
        let id = only_exposure(s)?;
        let words = ["exposures", "close", &id, "--how", "removed", "--evidence", "it is gone from everywhere"];
        s.run(s.command(LEAKWARDEN).args(words))?.exits(2).map(drop)
    })
}

#[test]
fn where_there_is_a_remote_it_is_only_offered() -> Result<()> {
    in_repository(|s| {
        s.git("clone -q --bare . ../shared.git")?;
        s.git("remote add origin ../shared.git")?;
        skipped(s, "conf", "offered")?;
        s.git("push -q --no-verify origin HEAD:refs/for/main")?;
        says(&take_out(s)?, "`leakwarden exposures settle` closes it")?;
        s.leakwarden("exposures settle")?.ok()?;
        nothing_more(s, &["skipped by no-verify", "exposure-opened", "exposure-closed by removed"].map(str::to_owned))
    })
}

#[test]
fn what_stands_elsewhere_is_not_gone() -> Result<()> {
    in_repository(|s| {
        let text = line(&plant::github("elsewhere"));
        s.write("old.conf", &text)?;
        s.commit_unchecked("before leakwarden came")?;
        skipped(s, "conf", "elsewhere")?;
        take_out(s)?.ok()?;
        let settled = s.leakwarden("exposures settle")?;
        ensure!(!settled.stdout.contains("is closed"), "{}", settled.stdout);
        nothing_more(s, &["skipped by no-verify", "exposure-opened"].map(str::to_owned))
    })
}

#[test]
fn a_closed_one_opens_again_with_its_commit() -> Result<()> {
    in_repository(|s| {
        skipped(s, "conf", "back-again")?;
        s.git("reset -q --hard HEAD~1")?;
        s.leakwarden("exposures settle")?.ok()?;
        s.git("reset -q --hard HEAD@{1}")?;
        s.git("init -q --bare ../shared.git")?;
        ensure!(s.try_git("push -q ../shared.git main")?.code != Some(0), "it is stopped");
        let last = s.events()?.into_iter().rev().find(|event| event.starts_with("exposure"));
        ensure!(last.as_deref() == Some("exposure-reopened"), "{:?}", s.events()?);
        Ok(())
    })
}

#[test]
fn the_credential_is_no_evidence_and_no_reason() -> Result<()> {
    in_repository(|s| {
        let token = plant::password("evidence");
        s.write("conf", format!("password: \"{token}\"\n"))?;
        s.git("add conf")?;
        let id = s.only_id()?;
        let reason = format!("the sandbox value {token} is public");
        let words = ["allow", &id, "--kind", "test-value", "--reason", &reason];
        for more in [&[][..], &["--once"]] {
            s.run(s.command(LEAKWARDEN).args(words).args(more))?.exits(2)?;
        }
        s.commit_allowing(&format!("{id} test-value: {reason}"))?.blocked()?;
        s.commit("--no-verify")?.ok()?;
        let id = only_exposure(s)?;
        let evidence = format!("replaced '{token}' in the console");
        let close = ["exposures", "close", &id, "--how", "revoked", "--evidence", &evidence];
        s.run(s.command(LEAKWARDEN).args(close))?.exits(2)?;
        s.run(s.command(LEAKWARDEN).args(["exposures", "assign", &id, &token]))?.exits(2).map(drop)
    })
}

#[test]
fn an_amend_that_loses_its_exception_is_told() -> Result<()> {
    in_repository(|s| {
        s.write("conf", line(&plant::github("lost")))?;
        s.git("add conf")?;
        let id = s.only_id()?;
        s.commit_allowing(&format!("{id} test-value: made for a scenario"))?.ok()?;
        let words = ["commit", "-q", "--amend", "--date=2026-01-01T00:00:00Z", "-m", "anew"];
        says(&s.run(s.git_command().args(words))?, "leakwarden: this commit holds a secret")
    })
}

#[test]
fn behind_our_back_on_another_branch() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        s.write("conf", line(&plant::github("other-branch")))?;
        s.git("add conf")?;
        s.git("-c core.hooksPath=/dev/null commit -q -m behind")?;
        s.git("checkout -q main")?;
        s.write("a", "clean\n")?;
        s.commit_all()?.ok()?;
        nothing_more(s, &["skipped by no-hook", "exposure-opened"].map(str::to_owned))
    })
}

#[test]
fn what_cannot_be_scanned_afterwards_is_said() -> Result<()> {
    in_repository(|s| {
        s.write("../home/.config/leakwarden/config.toml", "[scan]\nsize_cap_mib = 1\n")?;
        s.write("big.txt", "words\n".repeat(300_000))?;
        s.git("add big.txt")?;
        says(&s.commit("--no-verify")?, "not scanned in commit")?;
        s.git("init -q --bare ../shared.git")?;
        let push = s.try_git("push -q ../shared.git main")?;
        ensure!(push.code != Some(0) && push.stderr.contains("could not scan"), "{}", push.stderr);
        Ok(())
    })
}

#[test]
fn advice_works_from_where_one_stands() -> Result<()> {
    in_repository(|s| {
        s.write("deep/down/conf", line(&plant::github("deep")))?;
        s.git("add -A")?;
        let deep = |words: &[&str]| s.run(s.git_command().current_dir(s.path("deep/down")).args(words));
        let blocked = deep(&["commit", "-q", "-m", "x"])?;
        says(&blocked, "git restore --staged -- ':/deep/down/conf'")?;
        deep(&["restore", "--staged", "--", ":/deep/down/conf"])?.ok()?;
        deep(&["add", "--", ":/deep/down/conf"])?.ok()?;
        says(&deep(&["commit", "-q", "-n", "-m", "x"])?, "git add -- ':/deep/down/conf'")
    })
}

#[test]
fn names_of_branches_are_shown_without_a_credential_in_them() -> Result<()> {
    in_repository(|s| {
        skipped(s, "conf", "named-branch")?;
        let name = format!("fix-{}", plant::github("in-a-branch"));
        s.git(&format!("update-ref refs/heads/{name} HEAD"))?;
        s.git(&format!("update-ref refs/tags/{name} HEAD"))?;
        let id = only_exposure(s)?;
        for more in ["", " --json", " --note"] {
            s.leakwarden(&format!("exposures show {id}{more}"))?.ok()?;
        }
        Ok(())
    })
}

#[test]
fn what_could_not_be_scanned_was_let_pass_by_nobody() -> Result<()> {
    in_repository(|s| {
        s.write("../home/.config/leakwarden/config.toml", "[scan]\nsize_cap_mib = 1\n")?;
        s.write("big.txt", "words\n".repeat(300_000))?;
        let remark = "# leakwarden:allow test-value made for a scenario";
        s.write("conf", format!("token = \"{}\" {remark}\n", plant::github("nobody")))?;
        s.git("add -A")?;
        s.commit("")?.could_not_scan()?;
        nothing_more(s, &[])
    })
}

#[test]
fn ten_repositories_at_once() -> Result<()> {
    in_sandbox(|s| {
        let folder = |n: usize| s.root().join(format!("repo/{n}"));
        for n in 0..10 {
            fs::create_dir_all(folder(n))?;
            s.run(s.git_command().current_dir(folder(n)).args(["init", "-q"]))?.ok()?;
            s.run(s.command(LEAKWARDEN).current_dir(folder(n)).arg("install"))?.ok()?;
            let remark = if n % 2 == 0 { "" } else { " # leakwarden:allow test-value made for a scenario" };
            fs::write(folder(n).join("conf"), format!("token = \"{}\"{remark}\n", plant::github("at-once")))?;
            s.run(s.git_command().current_dir(folder(n)).args(["add", "conf"]))?.ok()?;
        }
        let start = |n: usize| {
            let mut command = s.git_command();
            command.current_dir(folder(n)).args(["commit", "-q", "-m", "x"]).stderr(std::process::Stdio::null());
            command.spawn().context("git")
        };
        let children = (0..10).map(start).collect::<Result<Vec<_>>>()?;
        for (n, mut child) in children.into_iter().enumerate() {
            ensure!(child.wait()?.success() == (n % 2 == 1), "repository {n}");
        }
        let mut events = s.events()?;
        events.sort();
        ensure!(events == [["blocked"; 5], ["excepted"; 5]].concat(), "{events:?}");
        s.leakwarden("ledger verify")?.ok().map(drop)
    })
}

#[test]
fn an_exception_that_ended_becomes_an_exposure() -> Result<()> {
    in_repository(|s| {
        s.write("conf", line(&plant::github("ended")))?;
        s.git("add conf")?;
        s.allow(&s.only_id()?, &[])?.ok()?;
        s.commit("")?.ok()?;
        let text = s.exceptions()?;
        let dates = ["created", "expires"].map(|key| {
            let found = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
            found.to_owned()
        });
        s.edit_exceptions(&dates[0], "created = \"2026-01-01\"")?;
        s.edit_exceptions(&dates[1], "expires = \"2026-02-01\"")?;
        let _ = fs::remove_file(s.path(".git/leakwarden/told"));
        let outcome = s.commit("")?;
        says(&outcome, "ended on 2026-02-01")?;
        ensure!(s.events()?.contains(&"exposure-opened".to_owned()), "{:?}", s.events()?);
        let list = s.leakwarden("exposures")?.ok()?.stdout.clone();
        ensure!(list.contains("conf"), "{list}");
        // Renewed, it is none any more.
        let id = text.lines().find_map(|line| line.strip_prefix("id = ")).context("an id")?.trim_matches('"');
        let renewed = s.leakwarden(&format!("exceptions renew {id} --expires 30d"))?;
        ensure!(renewed.ok()?.stdout.contains("is closed: exception"), "{}", renewed.stdout);
        nothing_more(s, &["excepted", "exposure-opened", "exposure-closed by excepted"].map(str::to_owned))
    })
}

#[test]
fn commits_carry_the_ledgers_head() -> Result<()> {
    in_repository(|s| {
        let commit = |name: &str| -> Result<()> {
            s.write(name, line(&plant::github(name)))?;
            s.git(&format!("add {name}"))?;
            let id = s.only_id()?;
            s.commit_allowing(&format!("{id} test-value: made for a scenario"))?.ok().map(drop)
        };
        commit("one")?;
        commit("two")?;
        let message = s.message("HEAD")?;
        ensure!(message.contains("Leakwarden-Ledger: "), "{message}");
        s.leakwarden("ledger verify")?.ok()?;
        // Somebody cuts the last record off and makes the head fit: the commit still knows it.
        let folder = s.root().join("home/.local/state/leakwarden");
        let text = fs::read_to_string(folder.join("ledger.jsonl"))?;
        let mut lines: Vec<&str> = text.lines().collect();
        lines.pop().context("a record")?;
        fs::write(folder.join("ledger.jsonl"), lines.join("\n") + "\n")?;
        fs::remove_file(folder.join("head"))?;
        let outcome = s.leakwarden("ledger verify")?;
        ensure!(outcome.exits(1)?.stdout.contains("missing at the end"), "{}", outcome.stdout);
        Ok(())
    })
}
