//! pre-commit and pre-merge-commit, and `scan --staged`, which looks at the same.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::super::args::{Format, When};
use super::super::case::{Docket, Failure, Judgement};
use super::super::{around, deliver, exposures, guard, prompt};
use super::trailers::{leave_trailers, trailers};
use super::{A_DAY, USED_ON, ended, head_name, leave, record, twice, unscanned};
use crate::exception::once::{self, Once};
use crate::finding::{Finding, escape};
use crate::git::staged::{Options, Staging};
use crate::git::{Moment, Repo, state};
use crate::policy::Judged;
use crate::receipt::Receipt;
use crate::report::{Report, Subject};

pub(super) fn staged(subject: Subject, moment: Moment, format: Format, color: When) -> Result<Report, Failure> {
    let mut docket = Docket::open()?;
    let around = around::surroundings(docket.size_cap()?, moment);
    let repo = Repo::open(&around)?;
    let staging = Staging::read(&repo, moment, &around)?;
    docket.repository(|path| staging.file(path))?;
    docket.last_signers(|path| staging.file_before(path));
    let mut judgement = docket.policy()?;
    if subject == Subject::Commit && format == Format::Human && {
        let head = staging.head().map(|head| &head.id);
        twice::passed(&repo, head, staging.tree().as_deref())
    } {
        return Ok(judgement.report(subject, Vec::new(), Receipt::default()));
    }
    if subject == Subject::Commit {
        judgement.for_whoever_commits();
    }
    let options = Options { around: &around, count_lines: format != Format::Human };
    let mut found = staging.scan(&judgement.rules, options)?;
    let in_hook = subject == Subject::Commit;
    if in_hook {
        repo.clear_state(state::TRAILERS);
    }
    let mut once = Vec::new();
    let mut book = None;
    if !found.findings.is_empty() {
        book = judgement.book(staging.file(crate::exception::PATH)?)?;
        once = for_this_commit(&repo, &judgement, &found.findings, &mut found.receipt);
    }
    let mut judged = judgement.judge(found.findings.clone(), book.as_ref(), &once);
    let blocks = |judged: &[Judged]| judged.iter().any(|own| own.blocking);
    let at = if moment == Moment::Merge { "pre-merge-commit" } else { "pre-commit" };
    let again = in_hook && format == Format::Human && blocks(&judged) && twice::said(&repo, at, &judged);
    let mut told = again;
    if in_hook
        && format == Format::Human
        && blocks(&judged)
        && !again
        && !unscanned(&found.receipt, &judgement)
        && prompt::possible(&judged, &judgement)
    {
        // First the block in full, then the question.
        let mut report = judgement.report(subject, judged.clone(), found.receipt.clone());
        report.first_commit = found.first_commit;
        deliver(&report, format, color);
        told = true;
        if let Some(answer) = prompt::ask(&judged, &judgement) {
            judgement.check_once(&answer).map_err(Failure::usage)?;
            once.extend(answer);
            judged = judgement.judge(found.findings, book.as_ref(), &once);
            told = judged.iter().all(|own| own.refused.is_empty());
        }
    }
    // What is stopped because it cannot be scanned was let pass by nobody.
    if in_hook && !again && (blocks(&judged) || !unscanned(&found.receipt, &judgement)) {
        record::decision(&repo, &judgement, at, staging.tree().as_deref(), &mut judged, &mut found.receipt);
    }
    let lines = trailers(&judged);
    let passes = !blocks(&judged) && !unscanned(&found.receipt, &judgement);
    let open = if in_hook { exposures::mention(&repo) } else { None };
    if in_hook && passes {
        leave::behind(&repo, &staging, &judgement, &judged, &found.receipt, open.is_some());
    }
    let warnings = if in_hook { guard::mention(&repo, &judged) } else { None };
    let mut report = judgement.report(subject, judged, found.receipt);
    report.first_commit = found.first_commit;
    report.told = told;
    if in_hook
        && report.findings.is_empty()
        && let Some(reminder) = judgement.soon_to_end(&repo, || staging.file(crate::exception::PATH))
    {
        report.receipt.notes.extend(reminder.lines.iter().map(|line| escape(line.as_bytes())));
        if let Err(error) = ended::open(&repo, &staging, &judgement, &reminder.book, &reminder.ended) {
            let text = format!("an exception that has ended could not be opened as an exposure: {error:#}");
            report.receipt.notes.push(escape(text.as_bytes()));
        }
    }
    report.receipt.notes.extend(open.into_iter().chain(warnings));
    if in_hook && passes {
        leave_trailers(&repo, &judgement, staging, &around, lines)?;
    }
    Ok(report)
}

/// The exceptions for this commit: typed, left by `leakwarden allow --once`, and in the messages that
/// git has prepared for it. What was typed and does not count is noted, so that the person sees it
/// below the findings that still block.
pub(super) fn for_this_commit(
    repo: &Repo,
    judgement: &Judgement,
    findings: &[Finding],
    receipt: &mut Receipt,
) -> Vec<Once> {
    let mut all = once::in_message(&repo.prepared_messages());
    if let Some(left) = repo.state(state::ONCE, A_DAY) {
        // Once a commit has used it, it is for a second try of that commit only: HEAD is where it was.
        match left.lines().find_map(|line| line.strip_prefix(USED_ON)) {
            Some(head) if head != head_name(repo) => repo.clear_state(state::ONCE),
            _ => all.extend(once::in_message(left.as_bytes())),
        }
    }
    let typed = around::typed_exceptions().and_then(|text| once::parse(&text));
    let typed = typed.and_then(|typed| {
        ensure!(
            typed.is_empty() || judgement.may_except(),
            "policy does not let automation except anything: take the secret out, or ask a person to decide"
        );
        judgement.check_once(&typed)?;
        let ids: BTreeSet<String> = findings.iter().map(crate::fingerprint::id).collect();
        for own in typed.iter().flat_map(|once| &once.ids) {
            let many = ids.iter().filter(|id| id.starts_with(own.as_str())).count() > 1;
            ensure!(!many, "the id `{own}` is short for more than one finding");
        }
        Ok(typed)
    });
    match typed {
        Ok(typed) => all.extend(typed),
        Err(error) => receipt.notes.push(escape(format!("what was typed does not count: {error:#}").as_bytes())),
    }
    all
}
