//! One history: its steps, and the law after each of them.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use jiff::civil::Date;

use crate::dice::Dice;
use crate::kit::except::FILE;
use crate::kit::{LEAKWARDEN, Outcome, Sandbox, plant};
use crate::policies::any_policy;

/// Where a repository keeps its policy.
const POLICY: &str = ".leakwarden.toml";

/// Reasons: good ones, with and without a ticket, and poor ones.
const REASONS: [&str; 4] = [
    "made for the law's own histories",
    "SEC-12 made up for a history, and long enough for every policy",
    "(see SEC-7) nobody can use it",
    "too short",
];

const KINDS: [&str; 6] = ["false-positive", "test-value", "revoked", "accepted-risk", "fix-later", "because"];

/// A repository in the making.
pub struct History<'a> {
    s: &'a Sandbox,
    dice: Dice,
    seed: u64,
    log: &'a mut Vec<String>,
    /// Commits that the law was claimed for.
    pub claims: u64,
    /// Commits that were made past the hooks, and that `verify` and pre-push both refuse.
    pub refusals: u64,
    passed: BTreeSet<String>,
    planted: usize,
    today: Date,
}

/// What a step says of the commit that it may have made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It stands beside its parents.
    Plain,
    /// It replaces this one.
    Amend,
    /// None: git ran no hook for all of it.
    None,
}

impl<'a> History<'a> {
    /// A repository with a first commit, leakwarden, and a policy of its own.
    pub fn new(s: &'a Sandbox, seed: u64, log: &'a mut Vec<String>) -> Result<Self> {
        s.start()?;
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let dice = Dice::new(seed);
        let mut own =
            History { s, dice, seed, log, claims: 0, refusals: 0, passed: BTreeSet::new(), planted: 0, today };
        if own.dice.once_in(2) {
            own.policy()?;
        }
        Ok(own)
    }

    /// One step, and what must hold after it.
    pub fn step(&mut self) -> Result<()> {
        match self.dice.below(28) {
            0..=2 => self.clean()?,
            3..=9 => self.secret()?,
            10 => self.secret_in_message()?,
            11..=13 => self.amend()?,
            14..=16 => self.merge()?,
            17 => self.squash()?,
            18 => self.rebase()?,
            19 => self.pick()?,
            20 => self.rename()?,
            21 | 22 => self.touch()?,
            23 | 24 => self.exceptions()?,
            25 => self.policy()?,
            26 => self.delete()?,
            _ => self.branch()?,
        }
        self.tidy()
    }

    fn head(&self) -> Result<String> {
        self.s.ask_git("rev-parse HEAD")
    }

    fn note(&mut self, text: impl Into<String>) {
        self.log.push(text.into());
    }

    /// Leaves whatever was begun.
    fn tidy(&mut self) -> Result<()> {
        for command in ["merge --abort", "rebase --abort", "cherry-pick --abort", "revert --abort"] {
            if self.s.path(".git/MERGE_HEAD").exists() || !command.starts_with("merge") {
                self.s.try_git(command)?;
            }
        }
        self.s.git("reset -q --hard")?;
        self.s.git("clean -fdq")
    }

    /// The law. `before` is HEAD as it was.
    fn law(&mut self, before: &str, outcome: &Outcome, claim: Claim) -> Result<bool> {
        let said = &outcome.stderr;
        ensure!(!said.contains("in leakwarden itself"), "it crashed: {said}");
        ensure!(!said.contains("could not scan"), "it could not scan: {}: {said}", outcome.shown);
        let head = self.head()?;
        let ran = |name: &str| outcome.hooks.iter().any(|hook| hook == name);
        let all_ran = (ran("pre-commit") || ran("pre-merge-commit")) && ran("commit-msg");
        let made = head != before && outcome.code == Some(0);
        self.note(format!("{} -> {:?} made={made} {head:.8}", outcome.shown, outcome.hooks));
        let claimed = match claim {
            Claim::Plain => true,
            Claim::Amend => self.passed.contains(before),
            Claim::None => false,
        };
        if !made {
            return Ok(false);
        }
        let verified = self.s.verify(&format!("{head}^! --policy-from {head}"))?;
        if !(all_ran && claimed) {
            if verified.code != Some(0) {
                self.said_before(&head, &verified)?;
            }
            return Ok(true);
        }
        ensure!(
            verified.code == Some(0),
            "the hooks let {head:.8} pass, verify does not:\n{}\nmessage:\n{}\nhooks said: {said}",
            verified.stderr,
            self.s.message(&head)?
        );
        self.claims += 1;
        self.passed.insert(head);
        Ok(true)
    }

    /// The other half of the law: what `verify` refuses is refused before it leaves this machine.
    fn said_before(&mut self, head: &str, verified: &Outcome) -> Result<()> {
        let line = format!("refs/heads/main {head} refs/heads/main {}\n", "0".repeat(head.len()));
        let push = self.s.run_with(&mut self.s.hook_command("pre-push origin ../nowhere"), &line)?;
        ensure!(
            push.code == Some(1),
            "verify refuses {head:.8}, pre-push ({:?}) does not:\n{}\npre-push said: {}",
            push.code,
            verified.stderr,
            push.stderr
        );
        self.refusals += 1;
        Ok(())
    }

    /// `git commit`, in one of its ways, and the law.
    fn commit(&mut self, more: &[&str], claim: Claim) -> Result<bool> {
        let before = self.head()?;
        let mut command = self.s.git_command();
        command.env("GIT_EDITOR", "true").args(["commit", "-q"]).args(more);
        let outcome = self.s.run(&mut command)?;
        self.law(&before, &outcome, claim)
    }

    fn clean(&mut self) -> Result<()> {
        let n = self.dice.below(4);
        self.s.append(format!("text{n}.txt"), format!("a line {}\n", self.dice.below(1000)))?;
        self.s.git("add -A")?;
        let ways: [&[&str]; 4] = [&["-m", "clean"], &["-a", "-m", "clean"], &["-m", "clean", "."], &["-n", "-m", "x"]];
        let way = *self.dice.of(&ways);
        let claim = if way.contains(&"-n") { Claim::None } else { Claim::Plain };
        self.commit(way, claim).map(drop)
    }

    /// A file with one or two secrets; the same secret may come back elsewhere.
    fn planted(&mut self) -> Result<String> {
        self.planted += 1;
        let seed = format!("law-{}-{}", self.seed, self.dice.below(self.planted));
        let (name, text) = match self.dice.below(5) {
            0 => ("settings.py", format!("token = \"{}\"\n", plant::github(&seed))),
            1 => ("app.yml", format!("password: \"{}\"\n", plant::password(&seed))),
            2 => ("deploy.pem", plant::private_key(&seed)),
            3 => ("db.conf", format!("url = \"postgres://app:{}@db.example.com/x\"\n", plant::url_password(&seed))),
            _ => (
                "two.py",
                format!("a = 1\ntoken = \"{}\"\npassword = \"{}\"\n", plant::github(&seed), plant::password(&seed)),
            ),
        };
        let path = format!("{}{name}", self.dice.of(&["", "", "src/", "docs/"]));
        let remark = match self.dice.below(4) {
            0 => Some("leakwarden:allow test-value made for the law"),
            1 => Some("leakwarden:allow false-positive made for the law"),
            _ => None,
        };
        let text = match remark.filter(|_| text.lines().count() == 1) {
            Some(remark) => format!("{}  # {remark}\n", text.trim_end()),
            None => text,
        };
        let before = std::fs::read_to_string(self.s.path(&path)).unwrap_or_default();
        let text = if self.dice.once_in(3) { before + &text } else { text };
        self.s.write(&path, &text)?;
        self.s.git("add -A")?;
        Ok(path)
    }

    fn secret(&mut self) -> Result<()> {
        let path = self.planted()?;
        self.note(format!("a secret in {path}"));
        self.way_through("a secret")
    }

    /// Some way past a block, good or poor, by which the commit may pass or not.
    fn way_through(&mut self, message: &str) -> Result<()> {
        let (kind, reason) = (*self.dice.of(&KINDS[..5]), *self.dice.of(&REASONS));
        let kind = if self.dice.once_in(12) { KINDS[5] } else { kind };
        let ids = self.s.ids()?;
        let text = format!("{} {kind}: {reason}", ids.join(","));
        match self.dice.below(9) {
            0 => self.commit(&["-n", "-m", message], Claim::None).map(drop),
            1 => self.commit(&["-m", message], Claim::Plain).map(drop),
            2 | 3 => {
                self.allow(&ids, kind, reason, &[])?;
                self.commit(&["-m", message], Claim::Plain).map(drop)
            }
            4 => {
                self.allow(&ids, kind, reason, &["--ticket", "SEC-5"])?;
                self.commit(&["-m", message], Claim::Plain).map(drop)
            }
            5 => {
                self.allow(&ids, kind, reason, &["--once"])?;
                self.commit(&["-m", message], Claim::Plain).map(drop)
            }
            6 => {
                let before = self.head()?;
                let mut command = self.s.git_command();
                let setting = format!("leakwarden.allow={text}");
                let outcome = self.s.run(command.args(["-c", &setting, "commit", "-q", "-m", message]))?;
                self.law(&before, &outcome, Claim::Plain).map(drop)
            }
            7 => {
                // In an editor with the diff below the scissors line, and a comment character of its own.
                let before = self.head()?;
                let cleanup = *self.dice.of(&["strip", "scissors", "whitespace", "verbatim", "default"]);
                let comment = *self.dice.of(&["#", ";", "auto", "%%"]);
                let mut command = self.s.git_command();
                command.env("LEAKWARDEN_ALLOW", &text).env("GIT_EDITOR", "sed -i 1s/^/edited/");
                let character = format!("core.commentChar={comment}");
                let cleanup = format!("commit.cleanup={cleanup}");
                let words = ["-c", &character, "-c", &cleanup, "commit", "-q", "-v"];
                let outcome = self.s.run(command.args(words))?;
                self.law(&before, &outcome, Claim::Plain).map(drop)
            }
            _ => {
                let before = self.head()?;
                let mut command = self.s.git_command();
                let outcome = self.s.run(command.env("LEAKWARDEN_ALLOW", &text).args(["commit", "-qm", message]))?;
                self.law(&before, &outcome, Claim::Plain).map(drop)
            }
        }
    }

    fn allow(&mut self, ids: &[String], kind: &str, reason: &str, more: &[&str]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut command = self.s.command(LEAKWARDEN);
        command.arg("allow").args(ids).args(["--kind", kind, "--reason", reason]).args(more);
        let outcome = self.s.run(&mut command)?;
        ensure!(matches!(outcome.code, Some(0 | 2)), "{}: {}", outcome.shown, outcome.stderr);
        self.note(format!("{} -> {:?} {}", outcome.shown, outcome.code, outcome.stderr.trim()));
        Ok(())
    }

    fn secret_in_message(&mut self) -> Result<()> {
        let token = plant::github(&format!("message-{}-{}", self.seed, self.dice.below(3)));
        self.s.append("text0.txt", "about a token\n")?;
        self.s.git("add -A")?;
        let message = format!("about {token}");
        if self.commit(&["-m", &message], Claim::Plain)? {
            return Ok(());
        }
        let text = self.s.run(self.s.command(LEAKWARDEN).args([
            "hook",
            "commit-msg",
            "--format",
            "json",
            ".git/COMMIT_EDITMSG",
        ]))?;
        let report = text.report()?;
        let Some(id) = report.findings()?.first().and_then(|own| own["id"].as_str().map(str::to_owned)) else {
            return Ok(());
        };
        let reason = *self.dice.of(&REASONS);
        if self.dice.once_in(2) {
            self.allow(&[id], "test-value", reason, &["--once"])?;
            return self.commit(&["-m", &message], Claim::Plain).map(drop);
        }
        let message = format!("{message}\n\nLeakwarden-Allow: {id} test-value: {reason}");
        self.commit(&["-m", &message], Claim::Plain).map(drop)
    }

    /// An amend that adds to the commit.
    fn amend(&mut self) -> Result<()> {
        if self.dice.once_in(2) {
            self.s.append("text1.txt", "one line more\n")?;
            self.s.git("add -A")?;
        } else if self.dice.once_in(2) {
            self.planted()?;
            if self.dice.once_in(2) {
                let ids = self.s.ids()?;
                let reason = *self.dice.of(&REASONS);
                let more: &[&str] = if self.dice.once_in(2) { &["--once"] } else { &[] };
                self.allow(&ids, "test-value", reason, more)?;
            }
        }
        let ways: [&[&str]; 4] = [
            &["--amend", "--no-edit"],
            &["--amend", "-m", "said anew"],
            &["--amend", "-m", "said anew", "--allow-empty"],
            &["--amend", "-n", "--no-edit"],
        ];
        let way = *self.dice.of(&ways);
        let claim = if way.contains(&"-n") { Claim::None } else { Claim::Amend };
        self.commit(way, claim).map(drop)
    }

    /// Another branch, if there is one.
    fn other(&mut self) -> Result<Option<String>> {
        let current = self.s.ask_git("rev-parse --abbrev-ref HEAD")?;
        let all = self.s.ask_git("for-each-ref --format=%(refname:short) refs/heads")?;
        let others: Vec<&str> = all.lines().filter(|name| *name != current).collect();
        if others.is_empty() { Ok(None) } else { Ok(Some((*self.dice.of(&others)).to_owned())) }
    }

    fn merge(&mut self) -> Result<()> {
        let Some(other) = self.other()? else { return self.branch() };
        let before = self.head()?;
        let stop = self.dice.once_in(3);
        let words = if stop { "--no-commit --no-ff" } else { "--no-ff --no-edit" };
        let outcome = self.s.try_git(&format!("merge -q {words} {other}"))?;
        self.law(&before, &outcome, Claim::Plain)?;
        if !self.s.path(".git/MERGE_HEAD").exists() {
            return Ok(());
        }
        if stop && outcome.code == Some(0) && self.dice.once_in(2) {
            self.planted()?;
            return self.way_through("merged, with something of its own");
        }
        // A conflict: the exceptions are merged by entry, of the rest one side or both are taken.
        let unmerged = self.s.ask_git("diff --name-only --diff-filter=U")?;
        for path in unmerged.lines().filter(|path| *path != FILE) {
            let side = *self.dice.of(&["--ours", "--theirs"]);
            if self.s.try_git(&format!("checkout {side} -- {path}"))?.code != Some(0) {
                self.s.try_git(&format!("rm -q -f --cached -- {path}"))?;
            } else {
                self.s.git(&format!("add -- {path}"))?;
            }
        }
        if unmerged.lines().any(|path| path == FILE) {
            let fixed = self.s.leakwarden("exceptions fix")?;
            self.note(format!("exceptions fix -> {:?}", fixed.code));
        }
        self.commit(&["--no-edit"], Claim::Plain).map(drop)
    }

    fn squash(&mut self) -> Result<()> {
        let Some(other) = self.other()? else { return self.branch() };
        if self.s.try_git(&format!("merge -q --squash {other}"))?.code != Some(0) {
            return Ok(());
        }
        let own = self.dice.once_in(2);
        let made = if own {
            self.commit(&["-m", "squashed"], Claim::Plain)?
        } else {
            self.commit(&["--no-edit"], Claim::Plain)?
        };
        if !made && self.dice.once_in(2) { self.way_through("squashed at last") } else { Ok(()) }
    }

    fn rebase(&mut self) -> Result<()> {
        let Some(other) = self.other()? else { return self.branch() };
        let before = self.head()?;
        let outcome = self.s.try_git(&format!("rebase -q {other}"))?;
        self.law(&before, &outcome, Claim::None).map(drop)
    }

    fn pick(&mut self) -> Result<()> {
        let Some(other) = self.other()? else { return self.branch() };
        let before = self.head()?;
        match self.dice.below(4) {
            0 => {
                let outcome = self.s.try_git(&format!("cherry-pick {other}"))?;
                self.law(&before, &outcome, Claim::None).map(drop)
            }
            1 => {
                if self.s.try_git(&format!("cherry-pick -n {other}"))?.code == Some(0) {
                    self.way_through("picked")?;
                }
                Ok(())
            }
            2 => {
                let mut command = self.s.git_command();
                let outcome = self.s.run(command.env("GIT_EDITOR", "true").args(["cherry-pick", "-e", &other]))?;
                self.law(&before, &outcome, Claim::Plain).map(drop)
            }
            _ => {
                let mut command = self.s.git_command();
                let outcome = self.s.run(command.env("GIT_EDITOR", "true").args(["revert", "-e", "HEAD"]))?;
                self.law(&before, &outcome, Claim::Plain).map(drop)
            }
        }
    }

    /// A tracked file that is no text of ours.
    fn some_file(&mut self) -> Result<Option<String>> {
        let all = self.s.ask_git("ls-files")?;
        let with = |name: &&str| !name.starts_with("text") && !name.starts_with(".leak") && *name != "README.md";
        let files: Vec<&str> = all.lines().filter(with).collect();
        if files.is_empty() { Ok(None) } else { Ok(Some((*self.dice.of(&files)).to_owned())) }
    }

    fn rename(&mut self) -> Result<()> {
        let Some(path) = self.some_file()? else { return Ok(()) };
        let target = format!("moved{}-{}", self.dice.below(9), path.rsplit('/').next().unwrap_or(&path));
        if self.s.try_git(&format!("mv {path} {target}"))?.code != Some(0) {
            return Ok(());
        }
        if self.dice.once_in(3) {
            self.s.append(&target, "# and edited\n")?;
            self.s.git("add -A")?;
        }
        let made = self.commit(&["-m", "moved"], Claim::Plain)?;
        if made { Ok(()) } else { self.way_through("moved after all") }
    }

    /// Changes the lines of a file without changing their secrets.
    fn touch(&mut self) -> Result<()> {
        let Some(path) = self.some_file()? else { return Ok(()) };
        let text = std::fs::read_to_string(self.s.path(&path))?;
        let text = if self.dice.once_in(2) { text.replace(" = ", "  = ") } else { format!("# above\n{text}") };
        self.s.write(&path, text)?;
        self.s.git("add -A")?;
        if self.commit(&["-m", "touched"], Claim::Plain)? { Ok(()) } else { self.way_through("touched after all") }
    }

    fn exceptions(&mut self) -> Result<()> {
        let Ok(text) = self.s.exceptions() else { return Ok(()) };
        let of = |field: &str| -> Vec<String> {
            let head = format!("{field} = \"");
            text.lines().filter_map(|line| Some(line.strip_prefix(&head)?.trim_end_matches('"').to_owned())).collect()
        };
        let ids = of("id");
        if ids.is_empty() {
            return Ok(());
        }
        let id = self.dice.of(&ids).clone();
        let what = self.dice.below(6);
        let outcome = match what {
            0 => self.s.leakwarden(&format!("exceptions renew {id}"))?.shown,
            1 => self.s.leakwarden(&format!("exceptions remove {id}"))?.shown,
            2 => self.s.leakwarden("exceptions prune")?.shown,
            _ => {
                let (field, value) = match what {
                    3 => ("expires", self.today.yesterday()?.to_string()),
                    4 => ("created", "2020-01-01".to_owned()),
                    _ => ("kind", "fix-later".to_owned()),
                };
                let old = self.dice.of(&of(field)).clone();
                self.s.write(FILE, text.replacen(&old, &value, 1))?;
                self.s.git(&format!("add {FILE}"))?;
                format!("{field} is {value} now")
            }
        };
        self.note(outcome);
        if self.dice.once_in(3) {
            self.planted()?;
        }
        self.way_through("exceptions changed")
    }

    /// Another policy of the repository, or none.
    fn policy(&mut self) -> Result<()> {
        let text = any_policy(&mut self.dice, self.today);
        self.s.write(POLICY, &text)?;
        let checked = self.s.leakwarden(&format!("policy check {POLICY}"))?;
        ensure!(checked.code == Some(0), "the policy is wrong: {}\n{text}", checked.stderr);
        self.note(format!("policy: {}", text.replace('\n', " | ")));
        self.s.git("add -A")?;
        self.commit(&["-m", "policy"], Claim::Plain).map(drop)
    }

    fn delete(&mut self) -> Result<()> {
        let Some(path) = self.some_file()? else { return Ok(()) };
        self.s.git(&format!("rm -q -f -- {path}"))?;
        self.commit(&["-m", "gone"], Claim::Plain).map(drop)
    }

    fn branch(&mut self) -> Result<()> {
        let name = format!("b{}", self.dice.below(3));
        let outcome = match self.dice.below(3) {
            0 => self.s.try_git("checkout -q main")?,
            1 => self.s.try_git(&format!("checkout -q {name}"))?,
            _ => self.s.try_git(&format!("checkout -q -b {name} HEAD~1"))?,
        };
        self.note(format!("{} -> {:?}", outcome.shown, outcome.code));
        Ok(())
    }
}
