//! Findings as annotations of GitHub Actions: `workflow commands`, one line each, on standard output.

use super::Report;
use crate::finding::lossy;
use crate::level::Severity;

/// The annotations, one a line.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for judged in report.findings.iter().filter(|judged| judged.blocking) {
        let finding = &judged.finding;
        let at = &finding.location;
        let level = if finding.severity >= Severity::Medium { "error" } else { "warning" };
        let place = format!(
            "file={},line={},endLine={},col={},title={}",
            property(&lossy(&at.path)),
            at.line,
            at.end_line,
            at.column,
            property(&format!("leakwarden: {}", finding.what()))
        );
        let commit = judged.commit.as_deref().map(|id| format!(" (commit {id:.12})")).unwrap_or_default();
        let text = format!("{}{commit}; {}; id {}", finding.redacted, finding.reasons.join("; "), judged.id);
        out.push_str(&format!("::{level} {place}::{}\n", data(&text)));
    }
    for skipped in &report.receipt.not_scanned {
        out.push_str(&format!(
            "::error title=leakwarden: not scanned::{}\n",
            data(&format!("{}: {}", skipped.path, skipped.reason))
        ));
    }
    out
}

/// Escapes as the runner undoes them for data.
fn data(text: &str) -> String {
    let shown = crate::finding::escape(text.as_bytes());
    shown.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes as the runner undoes them for a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
