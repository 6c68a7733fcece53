//! Every way to commit, with the hook, past it, and with a hook that changes what is staged after the
//! scan; with a clean change, a secret, and a secret that an exception lets pass. Each says how the
//! command ends and what stands in the ledger afterwards: one true record an event, and none for a
//! clean commit.

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Sandbox, plant, table};

/// What a change brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    Clean,
    Secret,
    Excepted,
}

const CONTENTS: [Content; 3] = [Content::Clean, Content::Secret, Content::Excepted];

impl Content {
    fn text(self, seed: &str) -> String {
        match self {
            Content::Clean => "colour = blue\n".to_owned(),
            Content::Secret => crate::kit::line(&plant::github(seed)),
            Content::Excepted => {
                format!("token = \"{}\" # leakwarden:allow test-value made for a scenario\n", plant::github(seed))
            }
        }
    }
}

/// Whether the hook may look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Hook,
    Skipped,
    ChangedLater,
}

/// A way to commit a file `conf` with a text.
struct Way {
    name: &'static str,
    /// Brings everything to the moment before the command that commits.
    before: fn(&Sandbox, &str) -> Result<()>,
    /// The command; `--no-verify` is added where it is to be skipped.
    command: &'static str,
    /// What the ledger calls it when the hook did not look.
    how: &'static str,
}

fn stage(s: &Sandbox, text: &str) -> Result<()> {
    s.write("conf", text)?;
    s.git("add conf")
}

/// A branch `side` that changes the same line as `main`, and a merge of both that waits for somebody.
fn conflict(s: &Sandbox, command: &str) -> Result<()> {
    s.git("checkout -q -b side")?;
    s.write("both", "side\n")?;
    s.commit_unchecked("side")?;
    s.git("checkout -q main")?;
    s.write("both", "main\n")?;
    s.commit_unchecked("main")?;
    s.try_git(command)?.exits(1)?;
    s.write("both", "resolved\n")?;
    s.git("add both")
}

/// Ways in which git runs a hook that can stop the commit.
const HOOKED: [Way; 10] = [
    Way { name: "plain", before: stage, command: "commit -q -m change", how: "no-verify" },
    Way {
        name: "-a",
        before: |s, text| {
            s.write("conf", "old\n")?;
            s.commit_unchecked("before")?;
            s.write("conf", text)
        },
        command: "commit -q -a -m change",
        how: "no-verify",
    },
    Way {
        name: "PATH",
        before: |s, text| {
            stage(s, text)?;
            s.write("other", "staged and left\n")?;
            s.git("add other")
        },
        command: "commit -q -m change conf",
        how: "no-verify",
    },
    Way {
        name: "--include",
        before: |s, text| {
            s.write("conf", "old\n")?;
            s.commit_unchecked("before")?;
            s.write("conf", text)
        },
        command: "commit -q -m change --include conf",
        how: "no-verify",
    },
    Way { name: "--amend", before: stage, command: "commit -q --amend --no-edit", how: "amend" },
    Way {
        name: "stash",
        before: |s, text| {
            stage(s, text)?;
            s.git("stash -q")?;
            s.git("stash apply -q --index")
        },
        command: "commit -q -m change",
        how: "no-verify",
    },
    Way {
        name: "merge with conflicts",
        before: |s, text| {
            conflict(s, "merge side")?;
            stage(s, text)
        },
        command: "commit -q --no-edit",
        how: "no-verify",
    },
    Way {
        name: "squash merge",
        before: |s, text| {
            s.git("checkout -q -b side")?;
            s.write("conf", text)?;
            s.commit_unchecked("side")?;
            s.git("checkout -q main")?;
            s.git("merge -q --squash side")
        },
        command: "commit -q -m change",
        how: "no-verify",
    },
    Way {
        name: "conflicted pick",
        before: |s, text| {
            conflict(s, "cherry-pick side")?;
            stage(s, text)
        },
        command: "commit -q -m change",
        how: "no-verify",
    },
    Way {
        name: "conflicted revert",
        before: |s, text| {
            s.write("both", "second\n")?;
            s.commit_unchecked("second")?;
            s.write("both", "third\n")?;
            s.commit_unchecked("third")?;
            s.try_git("revert --no-edit HEAD~1")?.exits(1)?;
            s.write("both", "resolved\n")?;
            s.git("add both")?;
            stage(s, text)
        },
        command: "commit -q -m change",
        how: "no-verify",
    },
];

/// Ways in which git runs no hook that could stop the commit.
const UNHOOKED: [Way; 6] = [
    Way { name: "cherry-pick", before: on_a_side_branch, command: "cherry-pick side", how: "cherry-pick" },
    Way {
        name: "revert",
        before: |s, text| {
            s.write("conf", text)?;
            s.commit_unchecked("it was there")?;
            s.git("rm -q conf")?;
            s.commit_unchecked("it was taken out")
        },
        command: "revert --no-edit HEAD",
        how: "revert",
    },
    Way {
        name: "rebase --continue",
        before: |s, text| {
            conflict(s, "rebase side")?;
            stage(s, text)
        },
        command: "-c core.editor=true rebase --continue",
        how: "rebase",
    },
    Way { name: "am", before: as_mail, command: "am -q ../patch", how: "am" },
    Way { name: "am -3", before: as_mail, command: "am -q -3 ../patch", how: "am" },
    Way {
        name: "a program without hooks",
        before: |s, text| {
            // What was committed before leakwarden came is known.
            s.write("known", "known\n")?;
            s.git("add known")?;
            s.git("commit -q -m known")?;
            stage(s, text)?;
            s.git("-c core.hooksPath=/dev/null commit -q -m change")?;
            s.write("next", "next\n")?;
            s.git("add next")
        },
        command: "commit -q -m next",
        how: "no-hook",
    },
];

fn on_a_side_branch(s: &Sandbox, text: &str) -> Result<()> {
    s.git("checkout -q -b side")?;
    s.write("conf", text)?;
    s.commit_unchecked("side")?;
    s.git("checkout -q main")
}

fn as_mail(s: &Sandbox, text: &str) -> Result<()> {
    on_a_side_branch(s, text)?;
    let patch = s.run(s.git_command().args(["format-patch", "-q", "-1", "-o", "../mail", "side"]))?;
    patch.ok()?;
    let name = std::fs::read_dir(s.root().join("mail"))?.next().expect("one patch")?.path();
    Ok(std::fs::rename(name, s.root().join("patch"))?)
}

fn go(s: &Sandbox, way: &Way, skip: bool) -> Result<Outcome> {
    let command = if skip { way.command.replacen("commit ", "commit --no-verify ", 1) } else { way.command.to_owned() };
    s.try_git(&command)
}

/// The only records after a command, by event.
fn check(s: &Sandbox, outcome: &Outcome, code: i32, events: &[String]) -> Result<()> {
    outcome.exits(code)?;
    let found = s.events()?;
    ensure!(found == events, "the ledger says {found:?}, not {events:?}\n  stderr: {}", outcome.stderr);
    Ok(())
}

/// Runs a scenario for each of these ways with each content, on every git.
fn each(ways: &[Way], scenario: impl Fn(&Sandbox, &Way, Content) -> Result<()>) -> Result<()> {
    let rows =
        ways.iter().flat_map(|way| CONTENTS.map(|content| (format!("{}, {content:?}", way.name), (way, content))));
    let rows: Vec<(String, (&Way, Content))> = rows.collect();
    let rows: Vec<(&str, (&Way, Content))> = rows.iter().map(|(name, row)| (name.as_str(), *row)).collect();
    table(&rows, |s, &(way, content)| scenario(s, way, content))
}

fn skipped(how: &str) -> Vec<String> {
    vec![format!("skipped by {how}"), "exposure-opened".to_owned()]
}

#[test]
fn ways_with_a_hook() -> Result<()> {
    each(&HOOKED, |s, way, content| {
        s.start()?;
        (way.before)(s, &content.text(way.name))?;
        let outcome = go(s, way, false)?;
        let (code, events) = match content {
            Content::Clean => (0, vec![]),
            Content::Secret => (1, vec!["blocked".to_owned()]),
            Content::Excepted => (0, vec!["excepted".to_owned()]),
        };
        check(s, &outcome, code, &events)?;
        if content == Content::Clean {
            ensure!(!outcome.stderr.contains("leakwarden"), "a clean commit is silent: {}", outcome.stderr);
        }
        Ok(())
    })
}

#[test]
fn ways_past_the_hook() -> Result<()> {
    each(&HOOKED, |s, way, content| {
        s.start()?;
        (way.before)(s, &content.text(way.name))?;
        let outcome = go(s, way, true)?;
        let events = match content {
            Content::Clean => vec![],
            Content::Secret => skipped(way.how),
            Content::Excepted => vec![format!("excepted by {}", way.how)],
        };
        check(s, &outcome, 0, &events)?;
        let told = outcome.stderr.contains("leakwarden: this commit holds a secret");
        ensure!(told == (content == Content::Secret), "what is told: {}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn a_hook_that_changes_what_is_staged_after_the_scan() -> Result<()> {
    each(&HOOKED, |s, way, content| {
        s.git("init -q")?;
        s.first_commit()?;
        std::fs::write(s.root().join("later"), content.text(way.name))?;
        s.script("repo/.git/hooks/pre-commit", "cp ../later later && git add later")?;
        s.install()?;
        (way.before)(s, &Content::Clean.text(""))?;
        let outcome = go(s, way, false)?;
        let how = if way.how == "amend" { "amend" } else { "changed-later" };
        let events = match content {
            Content::Clean => vec![],
            Content::Secret => skipped(how),
            Content::Excepted => vec![format!("excepted by {how}")],
        };
        check(s, &outcome, 0, &events)
    })
}

#[test]
fn ways_without_a_hook() -> Result<()> {
    each(&UNHOOKED, |s, way, content| {
        s.start()?;
        (way.before)(s, &content.text(way.name))?;
        let outcome = go(s, way, false)?;
        let events = match content {
            Content::Clean => vec![],
            Content::Secret => skipped(way.how),
            Content::Excepted => vec![format!("excepted by {}", way.how)],
        };
        check(s, &outcome, 0, &events)
    })
}

/// Merges that git commits itself.
#[test]
fn merges() -> Result<()> {
    let rows = [("hook", Mode::Hook), ("skipped", Mode::Skipped), ("changed", Mode::ChangedLater)];
    let mut all = Vec::new();
    for (name, mode) in rows {
        for content in CONTENTS {
            all.push((format!("{name}, {content:?}"), (mode, content)));
        }
    }
    let all: Vec<(&str, (Mode, Content))> = all.iter().map(|(name, row)| (name.as_str(), *row)).collect();
    table(&all, |s, &(mode, content)| {
        s.git("init -q")?;
        s.first_commit()?;
        // The content is new to the merge: a merge driver brings it, as a hand would.
        std::fs::write(s.root().join("later"), content.text("merged"))?;
        s.script("driver", "cat ../later >\"$1\"")?;
        s.git("config merge.ours.driver")
            .or_else(|_| s.run(s.git_command().args(["config", "merge.own.driver", "../driver %A"]))?.ok().map(drop))?;
        s.write(".gitattributes", "both merge=own\n")?;
        s.write("both", "base\n")?;
        s.commit_unchecked("base")?;
        if mode == Mode::ChangedLater {
            s.script("repo/.git/hooks/pre-merge-commit", "cp ../later later && git add later")?;
        }
        s.install()?;
        let sides = [("side", "side\n"), ("main", "main\n")];
        s.git("checkout -q -b side")?;
        for (branch, text) in sides {
            s.git(&format!("checkout -q {branch}"))?;
            s.write(if mode == Mode::ChangedLater { branch } else { "both" }, text)?;
            s.commit_unchecked(branch)?;
        }
        let skip = if mode == Mode::Skipped { " --no-verify" } else { "" };
        let outcome = s.try_git(&format!("merge -q --no-ff --no-edit{skip} side"))?;
        let (code, events) = match (mode, content) {
            (_, Content::Clean) => (0, vec![]),
            (Mode::Hook, Content::Secret) => (1, vec!["blocked".to_owned()]),
            (Mode::Hook, Content::Excepted) => (0, vec!["excepted".to_owned()]),
            (Mode::Skipped, Content::Secret) => (0, skipped("merge")),
            (Mode::Skipped, Content::Excepted) => (0, vec!["excepted by merge".to_owned()]),
            // Git has written the tree before this hook runs: what the hook stages stays out.
            (Mode::ChangedLater, _) => (0, vec![]),
        };
        if mode == Mode::ChangedLater {
            s.try_git("cat-file -e HEAD:later")?.exits(128)?;
        }
        check(s, &outcome, code, &events)
    })
}
