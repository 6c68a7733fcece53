//! `leakwarden hook …`: what git runs, and `scan --staged`, which looks at the same.

use std::env;
use std::path::Path;

use anyhow::{Context, Result};

use super::args::{Format, When};
use super::{Exit, deliver, fail};
use crate::finding::Part;
use crate::fragment::Fragment;
use crate::git::message::{Cleanup, parameter, recorded};
use crate::git::staged::{Options, scan_staged};
use crate::git::{Moment, Repo, Surroundings};
use crate::policy::{Policy, judge};
use crate::receipt::{Receipt, Source};
use crate::report::{Report, Subject};
use crate::rules::RuleSet;
use crate::scan::scan;

pub(super) fn pre_commit(format: Format, color: When) -> Exit {
    index(Subject::Commit, format, color)
}

pub(super) fn pre_merge_commit(format: Format, color: When) -> Exit {
    run(format, color, || staged(Subject::Commit, Moment::Merge, format))
}

/// What is staged, in the hook or outside.
pub(super) fn index(subject: Subject, format: Format, color: When) -> Exit {
    run(format, color, || staged(subject, Moment::Commit, format))
}

pub(super) fn commit_msg(file: &Path, format: Format, color: When) -> Exit {
    run(format, color, || message(file))
}

/// Whatever goes wrong while a commit is looked at means that it was not scanned.
fn run(format: Format, color: When, work: impl FnOnce() -> Result<Report>) -> Exit {
    match work() {
        Ok(report) => deliver(&report, format, color),
        Err(error) if format == Format::Human => fail(Exit::CouldNotScan, &error),
        Err(error) => {
            let mut receipt = Receipt::default();
            receipt.skip(b"", format!("{error:#}"));
            let report = Report { subject: Subject::Commit, findings: Vec::new(), receipt, first_commit: false };
            deliver(&report, format, color)
        }
    }
}

fn staged(subject: Subject, moment: Moment, format: Format) -> Result<Report> {
    let policy = Policy::default();
    let around = Surroundings {
        size_cap: policy.size_cap,
        index_file: env::var_os("GIT_INDEX_FILE").filter(|v| !v.is_empty()).map(Into::into),
        object_folders: object_folders(),
        other_heads: if moment == Moment::Merge { merge_names() } else { Vec::new() },
    };
    let repo = Repo::open(&around)?;
    let options = Options { moment, around: &around, count_lines: format != Format::Human };
    let found = scan_staged(&repo, &RuleSet::builtin(), options)?;
    let mut receipt = found.receipt;
    "default".clone_into(&mut receipt.policy);
    let findings = judge(found.findings, &policy);
    Ok(Report { subject, findings, receipt, first_commit: found.first_commit })
}

fn object_folders() -> Vec<std::path::PathBuf> {
    let own = env::var_os("GIT_OBJECT_DIRECTORY").filter(|v| !v.is_empty()).map(Into::into);
    let others = env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    own.into_iter().chain(env::split_paths(&others).filter(|path| !path.as_os_str().is_empty())).collect()
}

/// In pre-merge-commit git names the commits that are merged by `GITHEAD_<oid>` variables.
fn merge_names() -> Vec<String> {
    let names =
        env::vars_os().filter_map(|(name, _)| name.into_string().ok()?.strip_prefix("GITHEAD_").map(str::to_owned));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn message(file: &Path) -> Result<Report> {
    let policy = Policy::default();
    let text = std::fs::read(file).with_context(|| format!("cannot read the message in {}", file.display()))?;
    let rules = RuleSet::builtin();
    let mut receipt = Receipt {
        source: Source::Message,
        bytes: text.len() as u64,
        rules: rules.digest().to_owned(),
        policy: "default".to_owned(),
        ..Receipt::default()
    };
    let look = |text: &[u8]| scan(&Fragment::text(b"COMMIT_EDITMSG", Part::Message, text), &rules);
    let mut scanned = look(&text);
    if !scanned.findings.is_empty() || scanned.given_up.is_some() {
        // Only now is it worth knowing what git will cut from the message.
        if let Some((mode, comment)) = cleanup() {
            scanned = look(&recorded(&text, Cleanup { edited: true, mode: &mode, comment: comment.as_bytes() }));
        }
    }
    if let Some(reason) = scanned.given_up {
        receipt.skip(b"commit message", reason);
    }
    let findings = scanned.findings;
    receipt.files = 1;
    Ok(Report { subject: Subject::Message, findings: judge(findings, &policy), receipt, first_commit: false })
}

/// How git will clean the message: `commit.cleanup` and the comment string. `None` where it keeps
/// everything (no editor was open), chooses the comment character itself, or where nobody can tell.
fn cleanup() -> Option<(String, String)> {
    if env::var_os("GIT_EDITOR").is_some_and(|editor| editor == ":") {
        return None;
    }
    let (mode, comment) = crate::git::message_settings()?;
    let typed = env::var("GIT_CONFIG_PARAMETERS").unwrap_or_default();
    let typed_comment = parameter(&typed, "core.commentString").or_else(|| parameter(&typed, "core.commentChar"));
    let mode = parameter(&typed, "commit.cleanup").or(mode).unwrap_or_else(|| "default".to_owned());
    let comment = typed_comment.or(comment).unwrap_or_else(|| "#".to_owned());
    (comment != "auto").then_some((mode, comment))
}
