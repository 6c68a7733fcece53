//! The two scales by which findings are ranked and policy decides: [`Severity`] and [`Confidence`].

use serde::{Deserialize, Serialize};

/// How bad it is when the credential leaks: what it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Publishable by design, an identifier, or a development default.
    Low,
    /// A test mode, a short-lived or a narrowly limited credential.
    Medium,
    /// A live credential with limited reach, or the public half of a pair.
    High,
    /// A live credential that opens an account, a fleet or money.
    Critical,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It may be a secret; never blocks by default.
    Possible,
    /// Shape and context say that it is a secret.
    Likely,
    /// A checksum, signature or structure proves it.
    Certain,
}

impl Severity {
    /// The name used in messages, JSON and rule files.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl Confidence {
    /// The name used in messages, JSON and rule files.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}
