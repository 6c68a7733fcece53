//! What is done about findings: pure, findings and policy in, outcome out.

use crate::finding::Finding;
use crate::level::{Confidence, Severity};

/// The rules of the house. Today there is only the built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The least confidence that blocks.
    pub confidence: Confidence,
    /// The least severity that blocks.
    pub severity: Severity,
    /// The largest blob or file that is scanned, in bytes.
    pub size_cap: u64,
}

impl Default for Policy {
    /// Blocks `likely` and `certain` findings of `medium` severity and above; 256 MiB.
    fn default() -> Self {
        Policy { confidence: Confidence::Likely, severity: Severity::Medium, size_cap: 256 << 20 }
    }
}

/// A finding with what policy says of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Whether it stops a commit (exit code 1).
    pub blocking: bool,
}

/// Judges findings, keeping their order.
pub fn judge(findings: Vec<Finding>, policy: &Policy) -> Vec<Judged> {
    let blocks = |f: &Finding| f.confidence >= policy.confidence && f.severity >= policy.severity;
    findings.into_iter().map(|finding| Judged { blocking: blocks(&finding), finding }).collect()
}
