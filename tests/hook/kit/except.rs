//! Exceptions as a person makes them, and as somebody forges them.

use anyhow::{Context as _, Result};

use super::{LEAKWARDEN, Outcome, Sandbox};

/// The exceptions file.
pub const FILE: &str = ".leakwarden/exceptions.toml";

/// A reason that says something.
pub const REASON: &str = "made for the scenario of a test";

impl Sandbox {
    /// The ids of the findings in what is staged, in their order.
    pub fn ids(&self) -> Result<Vec<String>> {
        let report = self.run(self.command(LEAKWARDEN).args(["scan", "--staged", "--format", "json"]))?.report()?;
        let id = |finding: &serde_json::Value| finding["id"].as_str().map(str::to_owned);
        report.findings()?.iter().map(|finding| id(finding).context("a finding has an id")).collect()
    }

    /// The id of the only finding in what is staged.
    pub fn only_id(&self) -> Result<String> {
        let mut ids = self.ids()?;
        anyhow::ensure!(ids.len() == 1, "one finding was expected, not {}", ids.len());
        ids.pop().context("there is one")
    }

    /// `leakwarden allow` with a kind and a good reason.
    pub fn allow(&self, id: &str, more: &[&str]) -> Result<Outcome> {
        let mut command = self.command(LEAKWARDEN);
        command.args(["allow", id, "--reason", REASON]);
        if !more.contains(&"--kind") {
            command.args(["--kind", "test-value"]);
        }
        self.run(command.args(more))
    }

    /// The exceptions file as it stands in the worktree.
    pub fn exceptions(&self) -> Result<String> {
        std::fs::read_to_string(self.path(FILE)).context("the exceptions file")
    }

    /// Changes the exceptions file by hand and stages it.
    pub fn edit_exceptions(&self, from: &str, to: &str) -> Result<()> {
        let text = self.exceptions()?;
        anyhow::ensure!(text.contains(from), "the exceptions file does not hold `{from}`");
        self.write(FILE, text.replace(from, to))?;
        self.git(&format!("add {FILE}"))
    }

    /// `git -c leakwarden.allow=TEXT commit`.
    pub fn commit_allowing(&self, text: &str) -> Result<Outcome> {
        let setting = format!("leakwarden.allow={text}");
        self.run(self.git_command().args(["-c", &setting, "commit", "-q", "-m", "a change"]))
    }

    /// `leakwarden verify` with these words.
    pub fn verify(&self, words: &str) -> Result<Outcome> {
        self.leakwarden(&format!("verify {words}"))
    }

    /// The message of a commit.
    pub fn message(&self, commit: &str) -> Result<String> {
        self.ask_git(&format!("log -1 --format=%B {commit}"))
    }
}
