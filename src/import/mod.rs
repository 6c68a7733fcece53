//! What other tools' files ask for, in our terms: texts in, wishes out. Pure.
//!
//! - [`gitleaks`]: the configuration of gitleaks and betterleaks;
//! - [`listed`]: their lists of findings;
//! - [`detect_secrets`], [`talisman`], [`lines`]: the files of the other tools;
//! - [`pattern`] and [`paths`]: what a regular expression means as a rule's pattern and as globs;
//! - [`lookup`]: which of our findings an entry speaks of;
//! - [`render`]: rules and wide exceptions as lines of a policy file.
//!
//! Nothing is guessed: what has no exact counterpart is a [`Wish::Not`] that says why. No part of a
//! line is repeated, since these files may hold secrets.

pub mod detect_secrets;
mod example;
pub mod gitleaks;
pub mod lines;
pub mod listed;
pub mod lookup;
pub mod paths;
pub mod pattern;
pub mod render;
pub mod talisman;
mod tree;

use anyhow::Result;

use crate::rules::RuleSet;
use crate::rules::syntax::RuleSource;

/// One thing that a file says.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its line, counted from 1.
    pub line: usize,
    /// The field it stands in; empty in files without fields.
    pub field: String,
    /// What it asks for.
    pub wish: Wish,
}

/// What an entry asks for.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A rule.
    Rule(Box<RuleSource>),
    /// All findings of these rules (none: all rules) at these paths are let pass.
    Wide {
        /// Ids of rules.
        rules: Vec<String>,
        /// Globs.
        paths: Vec<String>,
    },
    /// Some findings are let pass.
    Findings(Sought),
    /// It has no exact counterpart; why.
    Not(String),
    /// There is nothing to carry over; why.
    Nothing(String),
}

/// How an entry names findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// The one on a line, of a commit's version of the file or of the present one.
    Line {
        /// The path.
        path: String,
        /// The line.
        line: u32,
        /// The commit, in hex.
        commit: Option<String>,
    },
    /// Those at a path whose value has this SHA-1.
    Sha1 {
        /// The path.
        path: String,
        /// The digest.
        digest: [u8; 20],
    },
    /// Those whose value has this SHA-256, at any path.
    Sha256([u8; 32]),
    /// All in the content of a file, as long as talisman's checksum of it is this one.
    Checksum {
        /// The path.
        path: String,
        /// The digest.
        digest: [u8; 32],
    },
}

/// The files that are read, by the names their tools give them.
pub const KNOWN: [(&str, Format); 11] = [
    (".gitleaks.toml", Format::Gitleaks),
    ("gitleaks.toml", Format::Gitleaks),
    (".betterleaks.toml", Format::Gitleaks),
    ("betterleaks.toml", Format::Gitleaks),
    (".gitleaksignore", Format::Fingerprints),
    (".betterleaksignore", Format::Fingerprints),
    (".secrets.baseline", Format::Baseline),
    (".talismanrc", Format::Talisman),
    (".gitallowed", Format::GitAllowed),
    (".secretsignore", Format::PathLines),
    (".secretlintignore", Format::PathLines),
];

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// gitleaks' and betterleaks' configuration.
    Gitleaks,
    /// Their lists of findings.
    Fingerprints,
    /// detect-secrets' baseline.
    Baseline,
    /// talisman's configuration.
    Talisman,
    /// git-secrets' allowed patterns.
    GitAllowed,
    /// A path on each line.
    PathLines,
}

impl Format {
    /// The format of a file of this name.
    pub fn of(name: &str) -> Option<Format> {
        KNOWN.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

/// Reads a file's text, entry by entry in the order of its lines. `rules` are those that find here.
///
/// # Errors
/// Where the text is not of that format; names line and field.
pub fn read(format: Format, text: &str, rules: &RuleSet) -> Result<Vec<Entry>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = match format {
        Format::Gitleaks => gitleaks::read(text)?,
        Format::Fingerprints => listed::read(text),
        Format::Baseline => detect_secrets::read(text)?,
        Format::Talisman => talisman::read(text, rules)?,
        Format::GitAllowed => lines::git_allowed(text),
        Format::PathLines => lines::paths(text),
    };
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

impl Entry {
    fn not(line: usize, field: &str, why: impl Into<String>) -> Entry {
        Entry { line, field: field.to_owned(), wish: Wish::Not(why.into()) }
    }

    fn nothing(line: usize, field: &str, why: impl Into<String>) -> Entry {
        Entry { line, field: field.to_owned(), wish: Wish::Nothing(why.into()) }
    }
}

/// A digest written in hex.
fn digest<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 2 * N { bytes.try_into().ok() } else { None }
}

/// A name as it may be shown: a plain, short identifier, or nothing of it.
fn shown(name: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if name.len() <= 60 && name.bytes().all(plain) && digits <= 4 && !name.is_empty() { name } else { "…" }
}
