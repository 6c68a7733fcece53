//! Records for programs that do not know the ledger: one line of JSON for each.
//!
//! - [`ocsf`]: Open Cybersecurity Schema Framework, class Data Security Finding;
//! - [`ecs`]: Elastic Common Schema.
//!
//! `docs/report.md` has the tables of what becomes of which event.

pub mod ecs;
pub mod ocsf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::record::{Event, Noted, Record};
use crate::finding::{escape, escape_json};
use crate::level::{Confidence, Severity};

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// OCSF.
    Ocsf,
    /// ECS.
    Ecs,
}

/// A record as a line of JSON, without a line end.
///
/// # Errors
/// Where its time cannot be read: neither form can do without one.
pub fn line(record: &Record, form: Form) -> Result<String> {
    let value = match form {
        Form::Ocsf => ocsf::event(record),
        Form::Ecs => ecs::event(record),
    };
    let value =
        value.with_context(|| format!("record {} of ledger {}", record.seq, escape(record.ledger.as_bytes())))?;
    Ok(escape_json(&value.to_string()))
}

/// Milliseconds since 1970.
fn milliseconds(time: &str) -> Result<i64> {
    let time: jiff::Timestamp = time.parse().with_context(|| format!("the time `{time}` cannot be read"))?;
    Ok(time.as_millisecond())
}

/// A person as git knows them, in parts.
struct Person<'r> {
    name: Option<&'r str>,
    address: Option<&'r str>,
}

/// `Name <address>` in its parts. What does not look like an address is none: both schemas want one
/// that is well formed.
fn person(who: &str) -> Person<'_> {
    let (name, address) = match who.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches('>').trim()),
        None => (who.trim(), ""),
    };
    Person { name: Some(name).filter(|name| !name.is_empty()), address: Some(address).filter(|text| is_address(text)) }
}

fn is_address(text: &str) -> bool {
    let ordinary = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        let labels: Vec<&str> = domain.split('.').collect();
        ordinary(local, "._+-") && labels.len() > 1 && labels.iter().all(|label| ordinary(label, "-"))
    })
}

/// The worst severity of a record's findings.
fn severity(record: &Record) -> Option<Severity> {
    record.entry.findings.iter().map(|noted| noted.severity).max()
}

/// The surest of a record's findings.
fn confidence(record: &Record) -> Option<Confidence> {
    record.entry.findings.iter().map(|noted| noted.confidence).max()
}

/// All findings, also those that the record only counts.
fn count(record: &Record) -> u64 {
    (record.entry.findings.len() as u64).saturating_add(record.entry.more_findings)
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(path)
}

/// The exposure's id, or the record's own name: what the records of one finding have in common.
fn finding_id(record: &Record) -> String {
    record.entry.exposure.clone().unwrap_or_else(|| record_id(record))
}

/// The record's name: no other has it.
fn record_id(record: &Record) -> String {
    format!("{}:{}", record.ledger, record.seq)
}

/// What happened, in a few words.
fn title(event: Event) -> &'static str {
    match event {
        Event::Blocked => "Credential stopped before it was committed",
        Event::Excepted => "Credential let pass by an exception",
        Event::Approved => "Exception approved by a second person",
        Event::Skipped => "Credential committed without a scan",
        Event::Unscanned => "Commits made without a scan",
        Event::ExposureOpened => "Credential exposed",
        Event::ExposureReopened => "Credential exposed again",
        Event::ExposureClosed => "Exposure closed",
        Event::ExposureAssigned => "Exposure assigned",
        Event::Installed => "Hooks installed",
        Event::Uninstalled => "Hooks removed",
        Event::GuardWarned => "Credential seen before it was committed",
        Event::GuardWithdrawn => "Warning of the guard withdrawn",
        Event::GuardSilenced => "Warning of the guard silenced",
        Event::Shadowed => "Hook no longer in force",
        Event::PolicyChanged => "Policy changed",
        Event::LedgerEdited => "Ledger edited",
    }
}

/// A sentence for people, safe for terminals.
fn message(record: &Record) -> String {
    let entry = &record.entry;
    let mut out = title(entry.event).to_owned();
    let first = |noted: &Noted| match noted.line {
        0 => format!(": {} in {}", noted.rule, noted.path),
        line => format!(": {} in {}:{line}", noted.rule, noted.path),
    };
    out.push_str(&entry.findings.first().map_or_else(String::new, first));
    if count(record) > 1 {
        out.push_str(&format!(" and {} more", count(record) - 1));
    }
    if let Some(how) = &entry.how {
        out.push_str(&format!(" ({how})"));
    }
    if let Some(place) = &entry.repository {
        out.push_str(&format!(", repository {}", place.path));
    }
    escape(out.as_bytes())
}

/// The record without what a form says in its own fields.
fn rest(record: &Record, said: &[&str]) -> Result<Value> {
    let mut value = serde_json::to_value(record).context("writing a record")?;
    if let Value::Object(fields) = &mut value {
        said.iter().for_each(|name| drop(fields.remove(*name)));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
