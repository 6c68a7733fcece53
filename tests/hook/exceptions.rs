//! Exceptions in the repository: written, counted, ended, merged; and refused where they are wrong.

use anyhow::{Result, ensure};

use crate::kit::except::{FILE, REASON};
use crate::kit::{LEAKWARDEN, Sandbox, in_repository, line, plant};

/// One blocked finding, staged, with its id.
fn blocked(s: &Sandbox, seed: &str) -> Result<String> {
    s.write("a.py", line(&plant::github(seed)))?;
    s.git("add a.py")?;
    s.commit("")?.blocked_at("a.py:1:")?;
    s.only_id()
}

#[test]
fn an_exception_lets_its_finding_pass_wherever_its_line_moves() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "moves")?;
        s.allow(&id[..5], &[])?.ok()?;
        let text = s.exceptions()?;
        ensure!(text.contains(REASON) && text.contains("by = \"Sandbox <sandbox@leakwarden.invalid>\""), "{text}");
        plant::check(FILE, text.as_bytes())?;
        s.commit("")?.clean()?;
        let moved = format!("# a line more\n\n{}", std::fs::read_to_string(s.path("a.py"))?);
        s.write("a.py", moved)?;
        s.commit_all()?.clean()?;
        s.verify("HEAD~2..HEAD")?.ok()?;
        s.verify("--tree")?.ok()?;
        // The same secret in another file, and another secret in the same place, are other findings.
        s.write("b.py", line(&plant::github("moves")))?;
        s.commit_all()?.blocked_at("b.py:1:")?;
        s.git("rm -q --cached b.py")?;
        std::fs::remove_file(s.path("b.py"))?;
        s.write("a.py", line(&plant::github("another")))?;
        s.commit_all()?.blocked_at("a.py:1:").map(drop)
    })
}

#[test]
fn an_exception_works_in_every_clone() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "clone")?;
        s.allow(&id, &[])?.ok()?;
        s.commit("")?.clean()?;
        s.git("clone -q . ../copy")?;
        let copy = s.root().join("copy");
        std::fs::write(copy.join("a.py"), format!("x = 1\n{}", line(&plant::github("clone"))))?;
        s.run(s.git_command().current_dir(&copy).args(["add", "a.py"]))?.ok()?;
        let scan = s.run(s.command(LEAKWARDEN).current_dir(&copy).args(["scan", "--staged", "--format", "json"]))?;
        ensure!(scan.report()?.0["totals"]["blocking"] == 0, "{}", scan.stdout);
        Ok(())
    })
}

#[test]
fn passwords_are_excepted_by_key_and_a_tag() -> Result<()> {
    in_repository(|s| {
        s.write("a.yml", format!("password: \"{}\"\n", plant::password("weak")))?;
        s.git("add a.yml")?;
        s.commit("")?.blocked_at("a.yml:1:")?;
        s.allow(&s.only_id()?, &[])?.ok()?;
        ensure!(s.exceptions()?.contains("fingerprint = \"w1:"), "a password has no strong fingerprint");
        s.commit("")?.clean()?;
        s.write("a.yml", format!("\npassword: \"{}\"\n", plant::password("weaker")))?;
        s.commit_all()?.blocked_at("a.yml:2:").map(drop)
    })
}

#[test]
fn what_is_typed_wrong_is_said() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "typed")?;
        for (more, expected) in [
            (vec!["--kind", "whatever"], "false-positive"),
            (vec!["--expires", "soon"], "90d"),
            (vec!["--expires", "2020-01-01"], "in the past"),
            (vec!["--expires", "4000d"], "366 days"),
            (vec!["--once", "--ticket", "A-1"], "--ticket"),
        ] {
            let outcome = s.allow(&id, &more)?;
            ensure!(outcome.exits(2)?.stderr.contains(expected), "{more:?}: {}", outcome.stderr);
        }
        let unknown = s.allow("zzzzzzzz", &[])?;
        ensure!(unknown.exits(2)?.stderr.contains("no finding here"), "{}", unknown.stderr);
        for reason in ["short", "made up for the tests of the login page", "aaaaaaaa aaaaaaa", &plant::github("typed")]
        {
            let outcome =
                s.run(s.command(LEAKWARDEN).args(["allow", &id, "--kind", "test-value", "--reason", reason]))?;
            outcome.exits(2)?;
        }
        ensure!(!s.path(FILE).exists(), "nothing was written");
        Ok(())
    })
}

#[test]
fn an_end_blocks_the_line_again_and_nobody_else() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "ends")?;
        s.allow(&id, &[])?.ok()?;
        s.commit("")?.clean()?;
        let text = s.exceptions()?;
        let end = text.lines().find(|line| line.starts_with("expires")).unwrap_or_default().to_owned();
        s.edit_exceptions(&end, "expires = \"2026-01-02\"")?;
        // A stranger's lapse does not stop a commit that leaves the line alone.
        s.append("README.md", "a new line\n")?;
        s.commit_all()?.ok()?;
        let tree = s.verify("--tree")?;
        ensure!(tree.exits(1)?.stderr.contains("ended on 2026-01-02"), "{}", tree.stderr);
        s.write("a.py", format!("\n{}# touched\n", line(&plant::github("ends"))))?;
        s.commit_all()?.ok()?;
        s.write("a.py", format!("\n{}", line(&plant::github("ends")).replace(" = ", "  = ")))?;
        let again = s.commit_all()?;
        ensure!(again.blocked()?.stderr.contains("ended on 2026-01-02"), "{}", again.stderr);
        let own =
            text.lines().find_map(|line| line.strip_prefix("id = ")).unwrap_or_default().trim_matches('"').to_owned();
        s.leakwarden(&format!("exceptions renew {own} --expires 30d"))?.ok()?;
        s.commit("")?.ok()?;
        s.verify("--tree")?.ok().map(drop)
    })
}

#[test]
fn entries_that_lie_do_not_count() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "lies")?;
        s.allow(&id, &[])?.ok()?;
        let good = s.exceptions()?;
        let field = |name: &str| {
            let line = good.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap_or_default();
            line.to_owned()
        };
        for (from, to) in [
            (field("rule"), "rule = \"generic-password\"".to_owned()),
            (field("path"), "path = \"docs/harmless.md\"".to_owned()),
            (field("kind"), "kind = \"because\"".to_owned()),
            (field("reason"), "reason = \"x\"".to_owned()),
            (field("created"), "created = \"2999-01-01\"".to_owned()),
            (field("created"), "created = \"2020-01-01\"".to_owned()),
            (field("repo_id"), "repo_id = \"0123456789abcdef0123456789\"".to_owned()),
        ] {
            s.write(FILE, good.replace(&from, &to))?;
            s.git(&format!("add {FILE}"))?;
            let outcome = s.commit("")?;
            outcome.blocked_at("a.py:1:").map_err(|error| error.context(format!("{to} counted")))?;
        }
        s.write(FILE, &good)?;
        s.git(&format!("add {FILE}"))?;
        s.commit("")?.clean()
    })
}

#[test]
fn only_what_is_committed_counts() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "staged")?;
        s.allow(&id, &[])?.ok()?;
        // In the worktree only: the commit would not carry it.
        s.git(&format!("rm -q --cached {FILE}"))?;
        s.commit("")?.blocked_at("a.py:1:")?;
        // Through a link: what it points to is not in the tree.
        std::fs::rename(s.path(FILE), s.root().join("elsewhere.toml"))?;
        std::os::unix::fs::symlink(s.root().join("elsewhere.toml"), s.path(FILE))?;
        s.git("add .leakwarden")?;
        s.commit("")?.could_not_scan()?;
        s.allow(&id, &[])?.exits(2)?;
        ensure!(s.path(FILE).is_symlink(), "a link is not written through");
        Ok(())
    })
}

#[test]
fn a_broken_file_is_named_by_line() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "broken")?;
        s.allow(&id, &[])?.ok()?;
        s.edit_exceptions("kind = ", "knid = ")?;
        let outcome = s.commit("")?;
        ensure!(
            outcome.code == Some(1) && outcome.stderr.contains(FILE) && outcome.stderr.contains("line"),
            "{}",
            outcome.stderr
        );
        s.hook("pre-commit")?.exits(2).map(drop)
    })
}

#[test]
fn branches_that_add_exceptions_merge() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "base")?;
        s.allow(&id, &[])?.ok()?;
        s.commit("")?.clean()?;
        let mut first_letters = std::collections::BTreeSet::new();
        for branch in ["one", "two"] {
            s.git(&format!("checkout -q -b {branch} main"))?;
            s.write(format!("{branch}.py"), line(&plant::github(branch)))?;
            s.git("add .")?;
            // Ids are drawn at random; ordinary is that they do not begin alike.
            for _ in 0..9 {
                s.allow(&s.only_id()?, &[])?.ok()?;
                let text = s.ask_git(&format!("diff --cached -U0 {FILE}"))?;
                let id = text.lines().find_map(|line| line.strip_prefix("+id = \"")).unwrap_or_default().to_owned();
                if first_letters.insert(id[..1].to_owned()) {
                    break;
                }
            }
            s.commit("")?.clean()?;
        }
        s.git("merge -q --no-edit one")?;
        let list = s.leakwarden("exceptions list --json")?;
        ensure!(list.ok()?.stdout.matches("\"valid\"").count() == 3, "{}", list.stdout);
        s.verify("main..HEAD")?.ok().map(drop)
    })
}

#[test]
fn a_conflict_in_the_file_is_fixed_by_entry() -> Result<()> {
    in_repository(|s| {
        // Both branches write the first exception: git cannot merge two new files.
        for branch in ["one", "two"] {
            s.git(&format!("checkout -q -b {branch} main"))?;
            s.write(format!("{branch}.py"), line(&plant::github(branch)))?;
            s.git("add .")?;
            s.allow(&s.only_id()?, &[])?.ok()?;
            s.commit("")?.clean()?;
        }
        s.try_git("merge -q --no-edit one")?.exits(1)?;
        let refused = s.commit("")?;
        ensure!(refused.code != Some(0), "git does not commit a conflict");
        s.leakwarden("exceptions fix")?.ok()?;
        s.commit("")?.clean()?;
        s.verify("main..HEAD")?.ok()?;
        let list = s.leakwarden("exceptions list")?;
        ensure!(list.ok()?.stdout.lines().count() == 2, "{}", list.stdout);
        Ok(())
    })
}

#[test]
fn unused_exceptions_are_told_and_pruned() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "unused")?;
        s.allow(&id, &[])?.ok()?;
        s.commit("")?.clean()?;
        s.git("rm -q a.py")?;
        s.commit("")?.clean()?;
        let tree = s.verify("--tree")?;
        ensure!(tree.ok()?.stderr.contains("excepts nothing any more"), "{}", tree.stderr);
        ensure!(s.leakwarden("exceptions list")?.ok()?.stdout.contains("[unused]"), "list says so too");
        s.leakwarden("exceptions prune")?.ok()?;
        s.commit("")?.clean()?;
        ensure!(s.leakwarden("exceptions list")?.ok()?.stdout.contains("no exceptions"), "it is gone");
        Ok(())
    })
}

#[test]
fn unstaged_edits_of_the_file_are_not_lost() -> Result<()> {
    in_repository(|s| {
        let id = blocked(s, "edits")?;
        s.allow(&id, &[])?.ok()?;
        s.append(FILE, "# a remark of mine\n")?;
        let outcome = s.allow(&id, &[])?;
        ensure!(outcome.exits(2)?.stderr.contains("git add"), "{}", outcome.stderr);
        ensure!(s.exceptions()?.contains("a remark of mine"), "the remark is there");
        Ok(())
    })
}

#[test]
fn remarks_in_the_source_count_for_their_two_kinds() -> Result<()> {
    in_repository(|s| {
        let remark = |text: &str| format!("token = \"{}\"  # {text}\n", plant::github("remark"));
        for (text, passes) in [
            ("leakwarden:allow test-value made by the parser's tests", true),
            ("leakwarden:allow false-positive the id of a public form", true),
            ("leakwarden:allow accepted-risk nobody looks at this file", false),
            ("leakwarden:allow test-value", false),
            ("leakwarden:allow", false),
            ("gitleaks:allow", false),
            ("pragma: allowlist secret", false),
        ] {
            s.write("a.py", remark(text))?;
            s.git("add a.py")?;
            let blocks = s.hook("pre-commit")?.code == Some(1);
            ensure!(blocks != passes, "{text}: passes {passes} was expected");
        }
        Ok(())
    })
}
