//! What a command did: its exit code, what it printed, which hooks git ran; and the questions that
//! scenarios ask about it.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// A finished command.
#[derive(Debug)]
pub struct Outcome {
    /// The command line, for messages.
    pub shown: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed; invalid UTF-8 replaced.
    pub stdout: String,
    /// What it complained about; invalid UTF-8 replaced.
    pub stderr: String,
    /// The hooks that git ran meanwhile, by git's own trace.
    pub hooks: Vec<String>,
}

/// The hooks that can stop a commit.
pub const HOOKS: [&str; 3] = ["pre-commit", "pre-merge-commit", "commit-msg"];

impl Outcome {
    /// Fails with everything there is to know.
    fn fail<T>(&self, expected: &str) -> Result<T> {
        bail!(
            "{expected}\n  command: {}\n  exit: {:?}, hooks: {:?}\n  stdout: {}\n  stderr: {}",
            self.shown,
            self.code,
            self.hooks,
            self.stdout,
            self.stderr
        )
    }

    /// It exited with 0.
    pub fn ok(&self) -> Result<&Self> {
        if self.code == Some(0) { Ok(self) } else { self.fail("should have succeeded") }
    }

    /// It exited with exactly `code`.
    pub fn exits(&self, code: i32) -> Result<&Self> {
        if self.code == Some(code) { Ok(self) } else { self.fail(&format!("should have exited with {code}")) }
    }

    /// The commit was made, and pre-commit or pre-merge-commit had looked at it and said nothing.
    pub fn clean(&self) -> Result<()> {
        if !self.hooks.iter().any(|hook| hook != "commit-msg") {
            return self.fail("no hook looked at this commit");
        }
        if self.code != Some(0) || self.stderr.contains("leakwarden") {
            return self.fail("should have been let pass in silence");
        }
        Ok(())
    }

    /// leakwarden stopped the commit (or, run directly, would have).
    pub fn blocked(&self) -> Result<&Self> {
        if self.code == Some(1) && self.stderr.contains("leakwarden: commit blocked") {
            return Ok(self);
        }
        self.fail("should have been blocked")
    }

    /// leakwarden stopped the commit for a finding whose line begins with `place`: `path:line:`.
    pub fn blocked_at(&self, place: &str) -> Result<&Self> {
        let named = self.stderr.lines().any(|line| line.trim_start().starts_with(place));
        if named { self.blocked() } else { self.fail(&format!("should have been blocked at {place}")) }
    }

    /// There is no finding at `place`.
    pub fn not_at(&self, place: &str) -> Result<&Self> {
        if self.stderr.contains(place) { self.fail(&format!("{place} is no finding")) } else { Ok(self) }
    }

    /// leakwarden said that it could not scan, and stopped. Git's own exit code then is 1.
    pub fn could_not_scan(&self) -> Result<&Self> {
        if self.code != Some(0) && self.stderr.contains("leakwarden: could not scan") {
            return Ok(self);
        }
        self.fail("should have said that it could not scan")
    }

    /// stdout as a report of `--format json`.
    pub fn report(&self) -> Result<Report> {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => Ok(Report(value)),
            Err(error) => self.fail(&format!("stdout should have been one JSON document ({error})")),
        }
    }
}

/// A JSON report.
#[derive(Debug)]
pub struct Report(pub Value);

impl Report {
    /// The findings.
    pub fn findings(&self) -> Result<&[Value]> {
        let list = self.0["findings"].as_array().with_context(|| format!("no findings in {}", self.0))?;
        Ok(list)
    }

    /// Exactly one finding, of a rule that begins with `rule`, at `path:line` in `part`.
    pub fn only(&self, rule: &str, path: &str, line: u64, part: &str) -> Result<&Value> {
        let findings = self.findings()?;
        ensure!(findings.len() == 1, "should be one finding: {}", self.0);
        let found = &findings[0];
        let right = found["rule"].as_str().is_some_and(|id| id.starts_with(rule))
            && found["path"] == path
            && found["line"] == line
            && found["part"] == part
            && found["blocking"] == true;
        ensure!(right, "should be {rule}* at {path}:{line} in {part}, blocking: {found}");
        Ok(found)
    }

    /// A value of the receipt.
    pub fn receipt(&self, key: &str) -> &Value {
        &self.0["receipt"][key]
    }
}
