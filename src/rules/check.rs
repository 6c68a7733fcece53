//! Checks rules with their own examples, through the whole pipeline.

use anyhow::{Result, bail};

use super::syntax::RuleSource;
use super::template::expand;
use super::{Kind, Rule};
use crate::finding::Part;

/// An example that did not behave, in words.
pub type Complaint = String;

/// Expands the examples of a rule. `scan` gives the ids of the rules that find something in a text,
/// which is the content of a file; with a rule for file names it is a path.
///
/// # Errors
/// Only where the rule itself cannot be compiled or a template is malformed.
pub fn check(source: &RuleSource, scan: impl Fn(Part, &str) -> Vec<String>) -> Result<Vec<Complaint>> {
    let part = match Rule::new(source.clone())?.kind {
        Kind::FileName => Part::Path,
        Kind::Token | Kind::Assigned | Kind::Context => Part::Content,
    };
    let mut complaints = complaints_about_form(source);
    for (number, template) in source.examples.iter().enumerate() {
        let text = example(source, template, number)?;
        let found = scan(part, &text);
        if !found.contains(&source.id) {
            complaints.push(format!("example {} is not found (found there: {found:?})", number + 1));
        }
    }
    for (number, template) in source.negative_examples.iter().enumerate() {
        let text = example(source, template, source.examples.len() + number)?;
        if scan(part, &text).contains(&source.id) {
            complaints.push(format!("negative example {} is found", number + 1));
        }
    }
    Ok(complaints)
}

/// An example's text; the same on every machine.
///
/// # Errors
/// Names the rule and the part of the template that is wrong.
pub fn example(source: &RuleSource, template: &str, number: usize) -> Result<String> {
    match expand(template, &format!("{} {number}", source.id), source.checksum) {
        Ok(text) => Ok(text),
        Err(error) => bail!("rule `{}`, example `{template}`: {error}", source.id),
    }
}

fn complaints_about_form(source: &RuleSource) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let id_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !source.id.contains('-') || !source.id.chars().all(id_char) {
        complaints.push("the id must be `provider-thing`, of lower case letters, digits and dashes".to_owned());
    }
    if source.examples.is_empty() || source.negative_examples.is_empty() {
        complaints.push("needs `examples` and `negative_examples`".to_owned());
    }
    complaints
}
