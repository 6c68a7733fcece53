//! `leakwarden scan`.

use std::path::PathBuf;

use anyhow::anyhow;

use super::args::{Format, When};
use super::case::{Docket, Failure};
use super::{Exit, deliver, ending, fail, hook, look_on_stdout, print};
use crate::files::{ExplainedFile, explain_paths};
use crate::report::{Report, Subject, explain};

pub(super) fn paths(paths: &[PathBuf], format: Format, color: When) -> Exit {
    match scan(paths) {
        Ok(report) => deliver(&report, format, color),
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

/// Files on disk belong to no commit: the machine's policy counts, no repository's.
fn scan(paths: &[PathBuf]) -> Result<Report, Failure> {
    let judgement = Docket::open()?.policy()?;
    let found = crate::files::scan_paths(paths, &judgement.rules, judgement.policy.size_cap);
    let (findings, receipt) = found.map_err(Failure::usage)?;
    let judged = judgement.judge(findings, None, &[]);
    Ok(judgement.report(Subject::Files, judged, receipt))
}

/// Tells of each candidate what was asked and what became of it. The exit code is that of a scan.
pub(super) fn explain(paths: &[PathBuf], format: Format, color: When) -> Exit {
    if format == Format::Sarif {
        return fail(Exit::Usage, &anyhow!("--explain is told as `human` or `json`; SARIF has no place for it"));
    }
    match explained(paths) {
        Ok((report, files)) => {
            let text = match format {
                Format::Json => explain::json(&report, &files),
                _ => explain::human(&report, &files, look_on_stdout(color)),
            };
            match print(&text) {
                Ok(()) => ending(&report),
                Err(error) => fail(Exit::CouldNotScan, &error),
            }
        }
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

fn explained(paths: &[PathBuf]) -> Result<(Report, Vec<ExplainedFile>), Failure> {
    let judgement = Docket::open()?.policy()?;
    let found = explain_paths(paths, &judgement.rules, judgement.policy.size_cap);
    let (findings, receipt, files) = found.map_err(Failure::usage)?;
    let judged = judgement.judge(findings, None, &[]);
    Ok((judgement.report(Subject::Files, judged, receipt), files))
}

pub(super) fn staged(format: Format, color: When) -> Exit {
    hook::index(Subject::Staged, format, color)
}
