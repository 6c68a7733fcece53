//! Records as OCSF events of the class Data Security Finding (<https://schema.ocsf.io/1.5.0/classes/data_security_finding>).
//!
//! The profiles `security_control` (what was done about it) and, for exposures, `incident` (who deals
//! with it, and what it turned out to be) are applied.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{
    confidence, count, file_name, finding_id, message, milliseconds, person, record_id, rest, severity, title,
};
use crate::ledger::record::{Event, Record};
use crate::level::{Confidence, Severity};

/// The version of the schema.
pub const VERSION: &str = "1.5.0";

/// The class: Data Security Finding.
const CLASS: u64 = 2006;

/// A number of the schema with its caption.
type Named = (u64, &'static str);

/// What becomes of an event.
struct Mapping {
    activity: Named,
    status: Named,
    action: Named,
    disposition: Named,
    /// Whether somebody has to do something about it.
    alert: bool,
}

const CREATE: Named = (1, "Create");
const UPDATE: Named = (2, "Update");
const NEW: Named = (1, "New");
const RESOLVED: Named = (4, "Resolved");
const OBSERVED: Named = (3, "Observed");
const ALLOWED: Named = (1, "Allowed");
const DETECTED: Named = (15, "Detected");
const LOGGED: Named = (17, "Logged");

/// The table of `docs/report.md`.
fn mapping(event: Event, how: Option<&str>) -> Mapping {
    let (activity, status, action, disposition, alert) = match event {
        Event::Blocked => (CREATE, RESOLVED, (2, "Denied"), (2, "Blocked"), false),
        Event::Excepted => ((4, "Suppressed"), (3, "Suppressed"), ALLOWED, ALLOWED, false),
        Event::Approved => (UPDATE, (3, "Suppressed"), ALLOWED, (8, "Approved"), false),
        Event::Skipped => (CREATE, NEW, OBSERVED, DETECTED, true),
        Event::Unscanned => ((99, "Unscanned"), (99, "Counted"), OBSERVED, LOGGED, false),
        Event::ExposureOpened => (CREATE, NEW, OBSERVED, DETECTED, true),
        Event::ExposureReopened => (UPDATE, NEW, OBSERVED, DETECTED, true),
        Event::ExposureAssigned => (UPDATE, (2, "In Progress"), OBSERVED, LOGGED, false),
        Event::ExposureClosed => ((3, "Close"), RESOLVED, (4, "Modified"), closed(how), false),
        Event::Installed => ((99, "Installed"), (99, "Done"), OBSERVED, LOGGED, false),
        Event::Uninstalled => ((99, "Uninstalled"), (99, "Done"), OBSERVED, LOGGED, false),
        // Whoever typed it was told, and nothing has left their worktree.
        Event::GuardWarned => (CREATE, NEW, OBSERVED, DETECTED, false),
        Event::GuardWithdrawn => ((3, "Close"), RESOLVED, OBSERVED, LOGGED, false),
        Event::GuardSilenced => ((4, "Suppressed"), (3, "Suppressed"), OBSERVED, LOGGED, false),
        Event::Shadowed | Event::LedgerEdited => (CREATE, NEW, OBSERVED, DETECTED, true),
        Event::PolicyChanged => ((99, "Policy changed"), (99, "Done"), OBSERVED, LOGGED, false),
    };
    Mapping { activity, status, action, disposition, alert }
}

fn closed(how: Option<&str>) -> Named {
    match how {
        Some("revoked") => (11, "Corrected"),
        Some("not-a-secret") => (10, "Exonerated"),
        Some("removed") => (5, "Deleted"),
        _ => LOGGED,
    }
}

/// The event as OCSF.
///
/// # Errors
/// Where the record's time cannot be read.
pub fn event(record: &Record) -> Result<Value> {
    let entry = &record.entry;
    let time = milliseconds(&record.time)?;
    let map = mapping(entry.event, entry.how.as_deref());
    let incident = entry.exposure.is_some();
    let (severity_id, severity) = severity(record).map_or((1, "Informational"), severity_of);
    let mut profiles = vec!["security_control"];
    if incident {
        profiles.push("incident");
    }
    let mut out = json!({
        "class_uid": CLASS,
        "class_name": "Data Security Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": map.activity.0,
        "activity_name": map.activity.1,
        "type_uid": CLASS * 100 + map.activity.0,
        "type_name": format!("Data Security Finding: {}", if map.activity.0 == 99 { "Other" } else { map.activity.1 }),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": map.status.0,
        "status": map.status.1,
        "action_id": map.action.0,
        "action": map.action.1,
        "disposition_id": map.disposition.0,
        "disposition": map.disposition.1,
        "is_alert": map.alert,
        "time": time,
        "timezone_offset": 0,
        "message": message(record),
        "metadata": {
            "version": VERSION,
            "profiles": profiles,
            "product": {"name": "leakwarden", "vendor_name": "leakwarden", "version": env!("CARGO_PKG_VERSION")},
            "uid": record_id(record),
            "sequence": record.seq,
            "event_code": entry.event.name(),
            "original_time": record.time,
            "log_name": "ledger",
            "log_provider": "leakwarden",
            "log_version": record.v.to_string(),
        },
        "finding_info": finding_info(record, time),
    });
    let Value::Object(fields) = &mut out else { return Ok(out) };
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("status_detail", entry.how.clone().map(Value::from));
    put("comment", entry.text.clone().filter(|_| entry.event != Event::ExposureAssigned).map(Value::from));
    put("confidence_id", confidence(record).map(|own| confidence_of(own).0.into()));
    put("confidence", confidence(record).map(|own| confidence_of(own).1.into()));
    put("actor", actor(record));
    put("device", (!entry.host.is_empty()).then(|| json!({"hostname": entry.host, "name": entry.host, "type_id": 0})));
    put("file", file(record));
    put("resources", resources(record));
    put("data_security", data_security(record));
    put("policy", (!entry.policy.is_empty()).then(|| json!({"name": "leakwarden", "uid": entry.policy})));
    if incident {
        let opened = entry.opened.as_deref().and_then(|text| milliseconds(text).ok());
        put("start_time", opened.map(Value::from));
        if entry.event == Event::ExposureClosed {
            put("end_time", Some(time.into()));
            put("duration", opened.map(|opened| time.saturating_sub(opened).max(0).into()));
            let verdict =
                if entry.how.as_deref() == Some("not-a-secret") { (1, "False Positive") } else { (2, "True Positive") };
            put("verdict_id", Some(verdict.0.into()));
            put("verdict", Some(verdict.1.into()));
        }
        if entry.event == Event::ExposureAssigned {
            put("assignee", entry.text.as_deref().map(user));
        }
    }
    // What has no place of its own, so that nothing is lost on the way.
    let said = ["v", "ledger", "seq", "time", "event", "host", "how", "policy", "exposure", "opened"];
    put("unmapped", Some(rest(record, &said)?));
    Ok(out)
}

fn severity_of(severity: Severity) -> Named {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn confidence_of(confidence: Confidence) -> Named {
    match confidence {
        Confidence::Possible => (1, "Low"),
        Confidence::Likely => (2, "Medium"),
        Confidence::Certain => (3, "High"),
    }
}

fn finding_info(record: &Record, time: i64) -> Value {
    let entry = &record.entry;
    let mut types: Vec<&str> = entry.findings.iter().map(|noted| noted.rule.as_str()).collect();
    types.sort_unstable();
    types.dedup();
    let mut info = json!({"uid": finding_id(record), "title": title(entry.event), "data_sources": ["git"]});
    if !types.is_empty() {
        info["types"] = json!(types);
    }
    if let Some(first) = entry.findings.first() {
        // 1 is `Rule`.
        info["analytic"] = json!({"uid": first.rule, "name": first.rule, "type_id": 1, "type": "Rule"});
    }
    if entry.exposure.is_some() {
        let opened = entry.opened.as_deref().and_then(|text| milliseconds(text).ok());
        info["created_time"] = opened.unwrap_or(time).into();
        info["modified_time"] = time.into();
    }
    info
}

/// A person, who has at least a name.
fn user(who: &str) -> Value {
    let parts = person(who);
    let mut user = json!({"name": parts.address.or(parts.name).unwrap_or(who), "type_id": 1, "type": "User"});
    if let Some(name) = parts.name {
        user["full_name"] = name.into();
    }
    if let Some(address) = parts.address {
        user["email_addr"] = address.into();
    }
    user
}

/// Who did it: the person as git knows them, under the name of their account on the machine.
fn actor(record: &Record) -> Option<Value> {
    let entry = &record.entry;
    let mut user = match (entry.who.as_deref(), entry.os_user.as_str()) {
        (None, "") => return None,
        (None, account) => json!({"name": account, "type_id": 1, "type": "User"}),
        (Some(who), account) => {
            let mut user = user(who);
            if !account.is_empty() {
                user["name"] = account.into();
            }
            user
        }
    };
    if let Some(automation) = &entry.automation {
        user["type_id"] = 99.into();
        user["type"] = automation.as_str().into();
    }
    Some(json!({"user": user}))
}

/// The file of the first finding.
fn file(record: &Record) -> Option<Value> {
    let noted = record.entry.findings.first()?;
    Some(json!({"name": file_name(&noted.path), "path": noted.path, "type_id": 1, "type": "Regular File"}))
}

/// The repository, and each file with a finding once.
fn resources(record: &Record) -> Option<Value> {
    let entry = &record.entry;
    let mut all = Vec::new();
    let clone = entry.repository.as_ref().map_or("", |place| place.clone.as_str());
    if let Some(place) = &entry.repository {
        all.push(json!({"type": "repository", "name": place.path, "uid": place.clone}));
    }
    let mut paths: Vec<&str> = entry.findings.iter().map(|noted| noted.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        all.push(json!({"type": "file", "name": path, "uid": format!("{clone}:{path}")}));
    }
    (!all.is_empty()).then(|| all.into())
}

/// What kind of data it is and how it was noticed.
fn data_security(record: &Record) -> Option<Value> {
    let entry = &record.entry;
    let first = entry.findings.first()?;
    let mut out = Map::new();
    out.insert("category_id".to_owned(), 6.into());
    out.insert("category".to_owned(), "Security".into());
    out.insert("data_lifecycle_state_id".to_owned(), 1.into());
    out.insert("data_lifecycle_state".to_owned(), "Data at-Rest".into());
    out.insert("detection_system_id".to_owned(), 11.into());
    out.insert("detection_system".to_owned(), "Developer Security".into());
    out.insert("detection_pattern".to_owned(), first.rule.as_str().into());
    out.insert("uid".to_owned(), first.secret.as_str().into());
    out.insert("total".to_owned(), count(record).into());
    let classifier = json!({"name": "leakwarden", "type": "rules", "uid": entry.rules});
    out.insert("classifier_details".to_owned(), classifier);
    Some(Value::Object(out))
}
