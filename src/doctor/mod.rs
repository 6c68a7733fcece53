//! Whether leakwarden runs where it should: checks, each with a name that stays, and how to mend what
//! fails.
//!
//! - [`hooks`]: the hooks of one repository, as each git of the machine sees them;
//! - [`machine`]: the gits, and what their configuration names;
//! - [`canary`]: a commit with a generated secret, which must be stopped.

pub mod canary;
pub mod hooks;
pub mod machine;

use serde::Serialize;

/// Version of the report as JSON (`docs/doctor.schema.json`).
pub const VERSION: u32 = 1;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Ok,
    /// Something worth knowing, which is no failure.
    Note,
    /// Nobody can tell.
    Unknown,
    /// It does not hold.
    Fails,
}

impl Status {
    /// The word for it in a line.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Note => "note",
            Status::Unknown => "UNKNOWN",
            Status::Fails => "FAILS",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, which stays from version to version.
    pub id: &'static str,
    /// What it was made on, where there may be several: a git, a hook, a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it came out.
    pub status: Status,
    /// What was found.
    pub text: String,
    /// What a person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// Whether `--fix` does it.
    pub fixable: bool,
}

impl Check {
    fn new(id: &'static str, status: Status, text: impl Into<String>) -> Self {
        Check { id, subject: None, status, text: text.into(), mend: None, fixable: false }
    }

    /// A check that holds.
    pub fn ok(id: &'static str, text: impl Into<String>) -> Self {
        Check::new(id, Status::Ok, text)
    }

    /// Something worth knowing.
    pub fn note(id: &'static str, text: impl Into<String>) -> Self {
        Check::new(id, Status::Note, text)
    }

    /// A check of which nobody can tell.
    pub fn unknown(id: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Check { mend: Some(mend.into()), ..Check::new(id, Status::Unknown, text) }
    }

    /// A check that does not hold, and what a person can do.
    pub fn fails(id: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Check { mend: Some(mend.into()), ..Check::new(id, Status::Fails, text) }
    }

    /// Says that `--fix` mends it.
    #[must_use]
    pub fn fixable(mut self) -> Self {
        self.fixable = self.status == Status::Fails;
        self
    }

    /// Names what it was made on.
    #[must_use]
    pub fn on(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }
}

/// Checks with a common subject: the machine, or one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The repository's folder; `None` for the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether all is well: `null` where something cannot be told.
    pub covered: Option<bool>,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Checked {
    /// Checks, and what follows from them.
    pub fn new(path: Option<String>, checks: Vec<Check>) -> Self {
        Checked { path, covered: verdict(&checks), checks }
    }
}

impl Checked {
    /// Adds a check.
    pub fn add(&mut self, check: Check) {
        self.checks.push(check);
        self.covered = verdict(&self.checks);
    }
}

/// Whether all checks hold; `None` where none fails and one cannot be told.
pub fn verdict(checks: &[Check]) -> Option<bool> {
    let any = |status| checks.iter().any(|check| check.status == status);
    if any(Status::Fails) { Some(false) } else { (!any(Status::Unknown)).then_some(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_outweighs_what_cannot_be_told() {
        let (ok, note) = (Check::ok("a", ""), Check::note("b", ""));
        let (unknown, fails) = (Check::unknown("c", "", ""), Check::fails("d", "", ""));
        assert_eq!(verdict(&[ok.clone(), note.clone()]), Some(true));
        assert_eq!(verdict(&[ok, unknown.clone()]), None);
        assert_eq!(verdict(&[unknown, note, fails]), Some(false));
    }
}
