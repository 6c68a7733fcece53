//! Reports: findings and receipt as text for people, JSON for programs, SARIF for code hosts.
//!
//! Nothing here reads the disk or prints; each reporter gives text. None of them exposes a secret:
//! they show [`Finding::redacted`](crate::finding::Finding::redacted).

pub mod human;
pub mod json;
pub mod sarif;

use crate::policy::Judged;
use crate::receipt::Receipt;

/// What was scanned, as far as the words of a report depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A commit or merge that git is about to make.
    Commit,
    /// The message of such a commit.
    Message,
    /// What is staged, looked at outside a commit.
    Staged,
    /// Files on disk.
    Files,
}

/// Everything a report is made from.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was scanned.
    pub subject: Subject,
    /// The findings, each with what policy says.
    pub findings: Vec<Judged>,
    /// What was and was not scanned.
    pub receipt: Receipt,
    /// Whether the repository has no commit yet (then `git restore --staged` has nothing to restore).
    pub first_commit: bool,
}

impl Report {
    /// Whether a hook has nothing to say to a person.
    pub fn is_silent(&self) -> bool {
        let hook = matches!(self.subject, Subject::Commit | Subject::Message);
        hook && self.findings.is_empty() && self.receipt.not_scanned.is_empty() && self.receipt.notes.is_empty()
    }

    /// How many findings block.
    pub fn blocking(&self) -> usize {
        self.findings.iter().filter(|j| j.blocking).count()
    }
}

/// A stable id of a finding for people to name it: eight characters of base 32 made from rule,
/// path, part and ordinal, never from the secret.
///
/// `ordinal` counts the earlier findings of the same rule in the same place.
pub fn finding_id(rule: &str, path: &[u8], part: &str, ordinal: usize) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for field in [rule.as_bytes(), path, part.as_bytes(), &ordinal.to_be_bytes()] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    let digest = hash.finalize();
    // Crockford's alphabet: no letters that are mistaken for digits.
    let alphabet = b"0123456789abcdefghjkmnpqrstvwxyz";
    digest.iter().take(8).map(|byte| char::from(alphabet[usize::from(byte & 31)])).collect()
}

/// The ids of a report's findings, in their order.
pub fn ids(report: &Report) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    let id = |judged: &Judged| {
        let finding = &judged.finding;
        let place = (finding.rule.clone(), finding.location.path.clone(), finding.location.part.name());
        let ordinal = seen.entry(place).and_modify(|n| *n += 1).or_insert(0_usize);
        finding_id(&finding.rule, &finding.location.path, finding.location.part.name(), *ordinal)
    };
    report.findings.iter().map(id).collect()
}
