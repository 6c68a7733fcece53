//! `leakwarden scan`.

use std::path::PathBuf;

use super::args::{Format, When};
use super::case::{Docket, Failure};
use super::{Exit, deliver, fail, hook};
use crate::report::{Report, Subject};

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

pub(super) fn staged(format: Format, color: When) -> Exit {
    hook::index(Subject::Staged, format, color)
}
