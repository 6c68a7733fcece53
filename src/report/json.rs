//! The JSON report; its fields are documented in `docs/json.md`.

use serde::Serialize;

use super::Report;
use crate::finding::{escape_json, lossy};
use crate::receipt::Receipt;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    receipt: &'a Receipt,
    findings: Vec<Finding<'a>>,
    totals: Totals,
}

#[derive(Serialize)]
struct Finding<'a> {
    id: String,
    rule: &'a str,
    provider: &'a str,
    what: String,
    severity: &'static str,
    confidence: &'static str,
    blocking: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    excepted_by: Option<Excepted<'a>>,
    refused: &'a [String],
    path: String,
    part: &'static str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    redacted: &'a str,
    reason: String,
    reasons: &'a [String],
    rotate: Option<&'a str>,
}

#[derive(Serialize)]
struct Excepted<'a> {
    how: &'static str,
    id: &'a str,
    kind: &'a str,
    reason: &'a str,
    expires: Option<String>,
}

#[derive(Serialize)]
struct Totals {
    findings: usize,
    blocking: usize,
    excepted: usize,
    not_scanned: usize,
}

/// The report as one JSON document with a line feed at its end.
pub fn render(report: &Report) -> String {
    let findings = report.findings.iter().map(|judged| {
        let finding = &judged.finding;
        Finding {
            id: judged.id.clone(),
            rule: &finding.rule,
            provider: &finding.provider,
            what: finding.what(),
            severity: finding.severity.name(),
            confidence: finding.confidence.name(),
            blocking: judged.blocking,
            commit: judged.commit.as_deref(),
            excepted_by: judged.excepted.as_ref().map(|excepted| Excepted {
                how: excepted.how.name(),
                id: &excepted.id,
                kind: &excepted.kind,
                reason: &excepted.reason,
                expires: excepted.expires.map(|day| day.to_string()),
            }),
            refused: &judged.refused,
            path: lossy(&finding.location.path),
            part: finding.location.part.name(),
            line: finding.location.line,
            column: finding.location.column,
            end_line: finding.location.end_line,
            end_column: finding.location.end_column,
            redacted: &finding.redacted,
            reason: finding.reasons.join("; "),
            reasons: &finding.reasons,
            rotate: finding.rotate.as_deref(),
        }
    });
    let totals = Totals {
        findings: report.findings.len(),
        blocking: report.blocking(),
        excepted: report.findings.iter().filter(|judged| judged.excepted.is_some()).count(),
        not_scanned: report.receipt.not_scanned.len(),
    };
    let document = Document { version: 1, receipt: &report.receipt, findings: findings.collect(), totals };
    let mut text = escape_json(&serde_json::to_string_pretty(&document).expect("plain data with string keys"));
    text.push('\n');
    text
}
