//! Records as events of the Elastic Common Schema (<https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html>).
//!
//! What the schema has no field for stands in `leakwarden.*`; the schema leaves names of products to
//! custom fields.

use anyhow::Result;
use serde_json::{Value, json};

use super::{count, file_name, finding_id, message, milliseconds, person, record_id, rest, severity, title};
use crate::ledger::record::{Event, Record};
use crate::level::Severity;

/// The version of the schema.
pub const VERSION: &str = "8.11.0";

/// `event.kind`, `event.category`, `event.type` and `event.outcome`: the table of `docs/report.md`.
fn mapping(event: Event) -> (&'static str, &'static str, &'static str, &'static str) {
    match event {
        // The outcome is that of the commit, from its author's side.
        Event::Blocked => ("event", "vulnerability", "info", "failure"),
        Event::Excepted => ("event", "vulnerability", "info", "success"),
        Event::Skipped => ("alert", "vulnerability", "info", "success"),
        Event::Unscanned => ("metric", "vulnerability", "info", "unknown"),
        Event::ExposureOpened | Event::ExposureReopened => ("alert", "vulnerability", "info", "unknown"),
        Event::ExposureAssigned | Event::ExposureClosed => ("event", "vulnerability", "info", "success"),
        Event::Approved => ("event", "configuration", "change", "success"),
        Event::Installed => ("event", "configuration", "creation", "success"),
        Event::Uninstalled => ("event", "configuration", "deletion", "success"),
        Event::GuardWarned => ("event", "vulnerability", "info", "unknown"),
        Event::GuardWithdrawn | Event::GuardSilenced => ("event", "vulnerability", "info", "success"),
        Event::Shadowed | Event::LedgerEdited => ("alert", "configuration", "change", "success"),
        Event::PolicyChanged => ("event", "configuration", "change", "success"),
    }
}

/// The event as ECS.
///
/// # Errors
/// Where the record's time cannot be read.
pub fn event(record: &Record) -> Result<Value> {
    let entry = &record.entry;
    let time = milliseconds(&record.time)?;
    let (kind, category, kind_of_change, outcome) = mapping(entry.event);
    let mut out = json!({
        "@timestamp": record.time,
        "message": message(record),
        "ecs": {"version": VERSION},
        "event": {
            "kind": kind,
            "category": [category],
            "type": [kind_of_change],
            "outcome": outcome,
            "action": entry.event.name(),
            "severity": severity(record).map_or(0, severity_of),
            "id": record_id(record),
            "sequence": record.seq,
            "module": "leakwarden",
            "dataset": "leakwarden.ledger",
            "provider": "leakwarden",
        },
        "observer": {
            "product": "leakwarden",
            "vendor": "leakwarden",
            "version": env!("CARGO_PKG_VERSION"),
            "type": "secret-scanner",
        },
    });
    let names = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(reason) = names(&entry.how) {
        out["event"]["reason"] = reason.into();
    }
    let opened = entry.opened.as_deref().and_then(|text| Some((text, milliseconds(text).ok()?)));
    if let Some((text, opened)) = opened {
        out["event"]["start"] = text.into();
        if entry.event == Event::ExposureClosed {
            out["event"]["end"] = record.time.as_str().into();
            // Nanoseconds, says the schema.
            out["event"]["duration"] = time.saturating_sub(opened).max(0).saturating_mul(1_000_000).into();
        }
    }
    if !entry.host.is_empty() {
        out["host"] = json!({"name": entry.host, "hostname": entry.host});
    }
    if let Some(noted) = entry.findings.first() {
        out["rule"] = json!({"id": noted.rule, "name": noted.rule, "ruleset": "leakwarden", "version": entry.rules});
        out["file"] = json!({"path": noted.path, "name": file_name(&noted.path)});
    }
    let (user, related) = user(record);
    if let Some(user) = user {
        out["user"] = user;
    }
    if !related.is_empty() || !entry.host.is_empty() {
        out["related"] = json!({});
        if !related.is_empty() {
            out["related"]["user"] = related.into();
        }
        if !entry.host.is_empty() {
            out["related"]["hosts"] = json!([entry.host]);
        }
    }
    let said = ["v", "time", "event", "host", "os_user", "who", "how", "opened"];
    let mut own = rest(record, &said)?;
    own["title"] = title(entry.event).into();
    own["finding_id"] = finding_id(record).into();
    own["findings_total"] = count(record).into();
    out["leakwarden"] = own;
    Ok(out)
}

/// 1 (low) to 4 (critical); 0 is nothing found.
fn severity_of(severity: Severity) -> u64 {
    match severity {
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

/// The person, and all their names.
fn user(record: &Record) -> (Option<Value>, Vec<String>) {
    let entry = &record.entry;
    let parts = entry.who.as_deref().map(person);
    let name = parts.as_ref().and_then(|parts| parts.name);
    let address = parts.as_ref().and_then(|parts| parts.address);
    let account = Some(entry.os_user.as_str()).filter(|account| !account.is_empty());
    let mut user = serde_json::Map::new();
    for (field, value) in [("name", account), ("full_name", name), ("email", address)] {
        if let Some(value) = value {
            user.insert(field.to_owned(), value.into());
        }
    }
    let all: Vec<String> = [account, name, address].into_iter().flatten().map(str::to_owned).collect();
    ((!user.is_empty()).then(|| user.into()), all)
}
