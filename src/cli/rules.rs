//! `leakwarden rules`: list, show, check.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};

use super::{Exit, fail, print};
use crate::document;
use crate::finding::Part;
use crate::fragment::{Fragment, View};
use crate::policy::check::{self as policy, VERSION};
use crate::report::catalogue;
use crate::rules::syntax::{RuleFile, RuleSource};
use crate::rules::{RuleSet, check};
use crate::scan::{scan, scan_path};

/// Commands about rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List the rules: id, severity, confidence, what.
    List {
        /// Form of the list; `markdown` is what docs/rules.md holds.
        #[arg(long, default_value = "text")]
        format: ListFormat,
    },
    /// Show a rule: what is looked for, and how.
    Show {
        /// The rule's id.
        id: String,
        /// Form; `toml` is what a rule file holds.
        #[arg(long, default_value = "text")]
        format: ShowFormat,
    },
    /// Run every rule's examples through the whole pipeline.
    Check {
        /// Rule files to check instead of the built-in rules.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// The form of a list of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A line for each.
    Text,
    /// A table for each provider.
    Markdown,
    /// JSON (docs/json.md).
    Json,
}

/// The form of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// Text for people.
    Text,
    /// As it is written.
    Toml,
}

pub(super) fn run(command: Rules) -> Exit {
    let result = match command {
        Rules::List { format } => list(format),
        Rules::Show { id, format } => show(&id, format),
        Rules::Check { files } => check_files(&files),
    };
    result.unwrap_or_else(|error| fail(Exit::Usage, &error))
}

fn list(format: ListFormat) -> Result<Exit> {
    let rules = RuleSet::builtin().sources();
    print(&match format {
        ListFormat::Text => catalogue::text(&rules),
        ListFormat::Markdown => catalogue::markdown(&rules),
        ListFormat::Json => catalogue::json(&rules),
    })?;
    Ok(Exit::Clean)
}

fn show(id: &str, format: ShowFormat) -> Result<Exit> {
    let sources = RuleSet::builtin().sources();
    let rule = sources.into_iter().find(|rule| rule.id == id);
    let rule = rule.with_context(|| format!("no rule is called `{id}`; `leakwarden rules list` shows all"))?;
    print(&match format {
        ShowFormat::Text => catalogue::one(&rule),
        ShowFormat::Toml => {
            toml::to_string(&RuleFile { version: None, rules: vec![rule] }).context("writing the rule as TOML")?
        }
    })?;
    Ok(Exit::Clean)
}

fn check_files(files: &[PathBuf]) -> Result<Exit> {
    let sources = if files.is_empty() { RuleSet::builtin().sources() } else { read(files)? };
    let set = if files.is_empty() { RuleSet::builtin() } else { RuleSet::new(sources.clone())? };
    let wrong = complaints(&sources, &set)?;
    let examples: usize = sources.iter().map(|own| own.examples.len() + own.negative_examples.len()).sum();
    let shown = |complaint: &String| crate::finding::escape(complaint.as_bytes()) + "\n";
    let mut out: String = wrong.iter().map(shown).collect();
    out.push_str(&format!("{} rules, {examples} examples, {} wrong\n", sources.len(), wrong.len()));
    print(&out)?;
    Ok(if wrong.is_empty() { Exit::Clean } else { Exit::Findings })
}

/// What the examples of rules complain about, each with its rule's id.
///
/// # Errors
/// Where a rule cannot be compiled or a template is malformed.
pub(super) fn complaints(sources: &[RuleSource], set: &RuleSet) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for source in sources {
        let complaints = check::check(source, |part, text| found_in(part, text, set))?;
        all.extend(complaints.into_iter().map(|complaint| format!("{}: {complaint}", source.id)));
    }
    Ok(all)
}

fn found_in(part: Part, text: &str, set: &RuleSet) -> Vec<String> {
    let findings = match part {
        Part::Path => scan_path(text.as_bytes(), set).0,
        _ => scan(&Fragment::content(b"text", text.as_bytes(), View::Plain), set).findings,
    };
    findings.into_iter().map(|finding| finding.rule).collect()
}

fn read(files: &[PathBuf]) -> Result<Vec<RuleSource>> {
    let mut all = Vec::new();
    for path in files {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let file: RuleFile = document::versioned(&text, VERSION).with_context(|| format!("{shown}"))?;
        policy::version(file.version).with_context(|| format!("{shown}"))?;
        all.extend(file.rules);
    }
    Ok(all)
}
