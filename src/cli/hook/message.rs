//! commit-msg: the message of a commit, and the trailers for its exceptions.

use std::env;
use std::path::Path;

use anyhow::{Context, Result};

use super::super::around;
use super::super::case::{Docket, Failure};
use super::staged::for_this_commit;
use super::trailers::{of_replaced, write_trailers};
use super::{A_DAY, mark_used, record, twice, unscanned};
use crate::exception::once;
use crate::finding::Part;
use crate::fragment::Fragment;
use crate::git::message::{Cleanup, parameter, recorded};
use crate::git::passed::{Passed, stamp};
use crate::git::staged::{Options, Staging};
use crate::git::{Moment, Repo, state};
use crate::receipt::{Receipt, Source};
use crate::report::{Report, Subject};
use crate::rules::RuleSet;
use crate::scan::scan;

pub(super) fn message(file: &Path) -> Result<Report, Failure> {
    let text = std::fs::read(file).with_context(|| format!("cannot read the message in {}", file.display()))?;
    check_index(file);
    if nothing_to_ask(file) {
        // No repository is opened for a message in which the machine's rules find nothing.
        let judgement = Docket::open()?.policy()?;
        let (findings, receipt) = scan_message(&text, &judgement.rules);
        if findings.is_empty() && receipt.not_scanned.is_empty() {
            return Ok(judgement.report(Subject::Message, Vec::new(), receipt));
        }
    }
    let mut docket = Docket::open()?;
    let around = around::surroundings(docket.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around)?;
    let staging = Staging::read(&repo, Moment::Commit, &around)?;
    docket.repository(|path| staging.file(path))?;
    docket.last_signers(|path| staging.file_before(path));
    let judgement = docket.policy()?;
    let (findings, mut receipt) = scan_message(&text, &judgement.rules);
    let left = repo.state(state::TRAILERS, A_DAY);
    let (mut once, mut book) = (Vec::new(), None);
    if !findings.is_empty() {
        book = judgement.book(staging.file(crate::exception::PATH)?)?;
        once = for_this_commit(&repo, &judgement, &findings, &mut receipt);
        // Whoever may not except anything may not do so by writing the line either.
        if judgement.may_except() {
            once.extend(once::in_message(&text));
        }
    }
    let mut judged = judgement.judge(findings, book.as_ref(), &once);
    let again = judged.iter().any(|own| own.blocking) && twice::said(&repo, "commit-msg", &judged);
    if !again && (!unscanned(&receipt, &judgement) || judged.iter().any(|own| own.blocking)) {
        record::decision(&repo, &judgement, "commit-msg", staging.tree().as_deref(), &mut judged, &mut receipt);
    }
    let blocked = unscanned(&receipt, &judgement) || judged.iter().any(|own| own.blocking);
    // Git gives up on a commit without a message; a trailer must not become one.
    if !blocked && !kept(&text).trim_ascii().is_empty() {
        let mut trailers = Vec::new();
        if let Some(left) = &left {
            let (tree, lines) = left.split_once('\n').unwrap_or((left, ""));
            if tree.strip_prefix("tree ") == Some(staging.tree().as_deref().unwrap_or("-")) {
                trailers.extend(lines.lines().map(str::to_owned));
            } else {
                // Another hook has changed what is staged since, or this is another commit: look again.
                let options = Options { around: &around, count_lines: false };
                let found = staging.scan(&judgement.rules, options)?;
                let book = judgement.book(staging.file(crate::exception::PATH)?)?;
                let again = judgement.judge(found.findings, book.as_ref(), &once::in_message(lines.as_bytes()));
                if again.iter().any(|own| own.blocking) || unscanned(&found.receipt, &judgement) {
                    record::stopped(&repo, &judgement, "commit-msg", &again, &mut receipt);
                    return Ok(judgement.report(Subject::Commit, again, found.receipt));
                }
                trailers.extend(super::trailers::trailers(&again));
            }
        }
        trailers.extend(super::trailers::trailers(&judged));
        trailers.extend(of_replaced(&repo, &judgement, staging, &around)?);
        write_trailers(file, &text, &trailers, &judgement)?;
        repo.clear_state(state::TRAILERS);
        mark_used(&repo)?;
    }
    let mut report = judgement.report(Subject::Message, judged, receipt);
    report.told = again;
    Ok(report)
}

/// Where a hook after pre-commit changed what is staged, post-commit has to look again. (In a hook the
/// message's file is in the git directory.)
fn check_index(file: &Path) {
    let Some(git_dir) = file.parent() else { return };
    let Some(passed) = Passed::read(git_dir) else { return };
    let index = around::index_file().unwrap_or_else(|| git_dir.join("index"));
    if passed.index != stamp(&index) {
        passed.withdraw(git_dir);
    } else if around::a_hook_follows() {
        // It may write into the message.
        passed.leave_open(git_dir);
    }
}

/// Whether the repository has nothing to say of a message: no policy with rules of its own, and no
/// exceptions for this commit from pre-commit. (In a hook one stands at the top of the worktree, and the
/// message's file is in the git directory.)
fn nothing_to_ask(file: &Path) -> bool {
    let Some(folder) = file.parent().filter(|folder| folder.join("HEAD").exists()) else { return false };
    !Path::new(crate::policy::PATH).exists() && !state::waits(folder)
}

/// A message without what git will cut from it.
pub(super) fn kept(text: &[u8]) -> Vec<u8> {
    match cleanup() {
        Some((mode, comment)) => recorded(text, Cleanup { edited: true, mode: &mode, comment: comment.as_bytes() }),
        None => text.to_vec(),
    }
}

/// Findings in a message, without what git will cut from it.
fn scan_message(text: &[u8], rules: &RuleSet) -> (Vec<crate::finding::Finding>, Receipt) {
    let mut receipt = Receipt {
        source: Source::Message,
        files: 1,
        bytes: text.len() as u64,
        rules: rules.digest().to_owned(),
        ..Receipt::default()
    };
    let look = |text: &[u8]| scan(&Fragment::text(b"COMMIT_EDITMSG", Part::Message, text), rules);
    let mut scanned = look(text);
    if !scanned.findings.is_empty() || scanned.given_up.is_some() {
        // Only now is it worth knowing what git will cut from the message.
        scanned = look(&kept(text));
    }
    if let Some(reason) = scanned.given_up {
        receipt.skip(b"commit message", reason);
    }
    (scanned.findings, receipt)
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
