//! `leakwarden scan`.

use std::path::PathBuf;

use super::args::{Format, When};
use super::{Exit, deliver, fail, hook};
use crate::policy::{Policy, judge};
use crate::report::{Report, Subject};
use crate::rules::RuleSet;

pub(super) fn paths(paths: &[PathBuf], format: Format, color: When) -> Exit {
    let policy = Policy::default();
    match crate::files::scan_paths(paths, &RuleSet::builtin(), policy.size_cap) {
        Ok((findings, mut receipt)) => {
            "default".clone_into(&mut receipt.policy);
            let findings = judge(findings, &policy);
            deliver(&Report { subject: Subject::Files, findings, receipt, first_commit: false }, format, color)
        }
        Err(error) => fail(Exit::Usage, &error),
    }
}

pub(super) fn staged(format: Format, color: When) -> Exit {
    hook::index(Subject::Staged, format, color)
}
