//! The SARIF 2.1.0 report (OASIS standard of 2020), as code hosts read it.

use serde_json::{Value, json};

use super::Report;
use crate::finding::{Finding, escape_json};
use crate::level::Severity;
use crate::policy::Judged;
use crate::policy::judge::How;

/// The report as one SARIF document with a line feed at its end.
pub fn render(report: &Report) -> String {
    let mut rules: Vec<Value> = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for judged in &report.findings {
        if !known.contains(&judged.finding.rule.as_str()) {
            known.push(&judged.finding.rule);
            rules.push(rule(&judged.finding));
        }
    }
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    let notifications: Vec<Value> = report
        .receipt
        .not_scanned
        .iter()
        .map(|skipped| json!({"level": "error", "message": {"text": format!("not scanned: {}: {}", skipped.path, skipped.reason)}}))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "leakwarden",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.receipt.not_scanned.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    let mut text = escape_json(&serde_json::to_string_pretty(&document).expect("plain data with string keys"));
    text.push('\n');
    text
}

fn rule(finding: &Finding) -> Value {
    let mut rule = json!({"id": finding.rule, "shortDescription": {"text": finding.what()}});
    if let Some(link) = &finding.rotate {
        rule["helpUri"] = json!(link);
    }
    rule
}

fn result(judged: &Judged) -> Value {
    let finding = &judged.finding;
    let level = match (judged.blocking, finding.severity) {
        (false, _) | (_, Severity::Low) => "note",
        (_, Severity::Medium) => "warning",
        _ => "error",
    };
    let place = &finding.location;
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": format!("{}: {} ({})", finding.what(), finding.redacted, finding.reasons.join("; "))},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&place.path)},
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        }}],
        "partialFingerprints": {"leakwardenId/v1": judged.id},
        "properties": {
            "severity": finding.severity.name(),
            "confidence": finding.confidence.name(),
            "part": place.part.name(),
        },
    });
    if let Some(commit) = &judged.commit {
        result["properties"]["commit"] = json!(commit);
    }
    if let Some(excepted) = &judged.excepted {
        let kind = if excepted.how == How::Inline { "inSource" } else { "external" };
        let why = format!("{}: {}", excepted.kind, excepted.reason);
        result["suppressions"] = json!([{"kind": kind, "status": "accepted", "justification": why}]);
    }
    result
}

/// A path as a relative URI reference (RFC 3986): everything but unreserved characters and `/` is
/// percent-encoded.
fn uri(path: &[u8]) -> String {
    let mut out = String::new();
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
