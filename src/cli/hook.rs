//! `leakwarden hook …`: what git runs, and `scan --staged`, which looks at the same.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::args::{Format, When};
use super::around;
use super::case::{Docket, Failure, Judgement};
use super::{Exit, deliver, fail, prompt};
use crate::exception::once::{self, Once};
use crate::finding::{Finding, Part, escape};
use crate::fragment::Fragment;
use crate::git::history::Commit;
use crate::git::message::{Cleanup, parameter, recorded};
use crate::git::staged::{Options, Staging};
use crate::git::{Moment, Repo, Surroundings, state};
use crate::policy::Judged;
use crate::policy::judge::How;
use crate::policy::syntax::Unscanned;
use crate::receipt::{Receipt, Source};
use crate::report::{Report, Subject};
use crate::rules::RuleSet;
use crate::scan::scan;

/// How long a text for one commit may wait for it.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn pre_commit(format: Format, color: When) -> Exit {
    index(Subject::Commit, format, color)
}

pub(super) fn pre_merge_commit(format: Format, color: When) -> Exit {
    run(format, color, || staged(Subject::Commit, Moment::Merge, format, color))
}

/// What is staged, in the hook or outside.
pub(super) fn index(subject: Subject, format: Format, color: When) -> Exit {
    run(format, color, || staged(subject, Moment::Commit, format, color))
}

pub(super) fn commit_msg(file: &Path, format: Format, color: When) -> Exit {
    run(format, color, || message(file))
}

/// Whatever goes wrong while a commit is looked at means that it was not scanned, unless the policy
/// or something typed is wrong.
fn run(format: Format, color: When, work: impl FnOnce() -> Result<Report, Failure>) -> Exit {
    match work() {
        Ok(report) => deliver(&report, format, color),
        Err(failure) if format == Format::Human || failure.exit == Exit::Usage => fail(failure.exit, &failure.error),
        Err(failure) => {
            let mut receipt = Receipt::default();
            receipt.skip(b"", format!("{:#}", failure.error));
            deliver(&Report::new(Subject::Commit, Vec::new(), receipt), format, color)
        }
    }
}

fn staged(subject: Subject, moment: Moment, format: Format, color: When) -> Result<Report, Failure> {
    let mut docket = Docket::open()?;
    let around = around::surroundings(docket.size_cap()?, moment);
    let repo = Repo::open(&around)?;
    let staging = Staging::read(&repo, moment, &around)?;
    docket.repository(|path| staging.file(path))?;
    docket.last_signers(|path| staging.file_before(path));
    let mut judgement = docket.policy()?;
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
    let mut told = false;
    if in_hook
        && format == Format::Human
        && blocks(&judged)
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
    let lines = trailers(&judged);
    let passes = !blocks(&judged);
    let mut report = judgement.report(subject, judged, found.receipt);
    report.first_commit = found.first_commit;
    report.told = told;
    if in_hook && report.findings.is_empty() {
        for note in judgement.soon_to_end(&repo, || staging.file(crate::exception::PATH)) {
            report.receipt.notes.push(escape(note.as_bytes()));
        }
    }
    if in_hook && passes {
        leave_trailers(&repo, &judgement, staging, &around, lines)?;
    }
    Ok(report)
}

/// The exceptions for this commit: typed, left by `leakwarden allow --once`, and in the messages that
/// git has prepared for it. What was typed and does not count is noted, so that the person sees it
/// below the findings that still block.
fn for_this_commit(repo: &Repo, judgement: &Judgement, findings: &[Finding], receipt: &mut Receipt) -> Vec<Once> {
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

/// Before the id of HEAD in the state file of exceptions for the next commit, once one has used them.
const USED_ON: &str = "used on ";

fn head_name(repo: &Repo) -> String {
    Commit::head(repo).map_or_else(|| "nothing".to_owned(), |head| head.id)
}

/// Marks the exceptions for the next commit as used: a hook after this one may still stop it.
fn mark_used(repo: &Repo) -> Result<()> {
    match repo.state(state::ONCE, A_DAY) {
        Some(left) if !left.contains(USED_ON) => {
            repo.set_state(state::ONCE, &format!("{USED_ON}{}\n{left}", head_name(repo)))
        }
        _ => Ok(()),
    }
}

/// Whether something that cannot be scanned stops this commit.
fn unscanned(receipt: &Receipt, judgement: &Judgement) -> bool {
    !receipt.not_scanned.is_empty() && judgement.policy.not_scanned == Unscanned::Block
}

/// Tells commit-msg which exceptions this commit needs, and for which tree.
fn leave_trailers(
    repo: &Repo,
    judgement: &Judgement,
    staging: Staging<'_>,
    around: &Surroundings,
    mut lines: Vec<String>,
) -> Result<(), Failure> {
    let tree = staging.tree();
    lines.extend(of_replaced(repo, judgement, staging, around)?);
    if lines.is_empty() {
        return Ok(());
    }
    let text = format!("tree {}\n{}\n", tree.as_deref().unwrap_or("-"), lines.join("\n"));
    Ok(repo.set_state(state::TRAILERS, &text)?)
}

fn message(file: &Path) -> Result<Report, Failure> {
    let text = std::fs::read(file).with_context(|| format!("cannot read the message in {}", file.display()))?;
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
    let judged = judgement.judge(findings, book.as_ref(), &once);
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
                    return Ok(judgement.report(Subject::Commit, again, found.receipt));
                }
                trailers.extend(self::trailers(&again));
            }
        }
        trailers.extend(self::trailers(&judged));
        trailers.extend(of_replaced(&repo, &judgement, staging, &around)?);
        write_trailers(file, &text, &trailers, &judgement)?;
        repo.clear_state(state::TRAILERS);
        mark_used(&repo)?;
    }
    Ok(judgement.report(Subject::Message, judged, receipt))
}

/// Whether the repository has nothing to say of a message: no policy with rules of its own, and no
/// exceptions for this commit from pre-commit. (In a hook one stands at the top of the worktree, and the
/// message's file is in the git directory.)
fn nothing_to_ask(file: &Path) -> bool {
    let Some(folder) = file.parent().filter(|folder| folder.join("HEAD").exists()) else { return false };
    !Path::new(crate::policy::PATH).exists() && !state::waits(folder)
}

/// Writes what the message does not say yet, where git will not cut it off again.
fn write_trailers(file: &Path, text: &[u8], trailers: &[String], judgement: &Judgement) -> Result<(), Failure> {
    let missing = |text: &[u8]| -> Vec<String> {
        let known = once::in_message(&kept(text));
        let said = |line: &String| once::in_message(line.as_bytes()).iter().all(|own| known.contains(own));
        trailers.iter().filter(|line| !said(line)).cloned().collect()
    };
    let lines = missing(text);
    if lines.is_empty() {
        return Ok(());
    }
    // The lines come from files, and the message was scanned without them.
    judgement.check_once(&once::in_message(lines.join("\n").as_bytes())).map_err(Failure::usage)?;
    crate::git::write::add_trailers(file, &lines)?;
    let written = std::fs::read(file).with_context(|| format!("cannot read the message in {}", file.display()))?;
    if !missing(&written).is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "the exceptions for this commit cannot be written into its message; does the configuration of git's \
             trailers (`git config --get-regexp ^trailer`) stand in the way?"
        )));
    }
    Ok(())
}

/// A message without what git will cut from it.
fn kept(text: &[u8]) -> Vec<u8> {
    match cleanup() {
        Some((mode, comment)) => recorded(text, Cleanup { edited: true, mode: &mode, comment: comment.as_bytes() }),
        None => text.to_vec(),
    }
}

/// The exceptions that this commit takes over where it replaces HEAD (`commit --amend -m`): those of
/// its message that are still needed. Git tells no hook of an amend, but it keeps the author and the
/// time of the commit; another commit of the same author in the same second says nothing wrong.
fn of_replaced(
    repo: &Repo,
    judgement: &Judgement,
    staging: Staging<'_>,
    around: &Surroundings,
) -> Result<Vec<String>, Failure> {
    let head = around::author().and_then(|author| Commit::head(repo).filter(|head| head.authored == author));
    let Some(head) = head else { return Ok(Vec::new()) };
    let once = once::in_message(&head.message);
    if once.is_empty() {
        return Ok(Vec::new());
    }
    let book = judgement.book(staging.file(crate::exception::PATH)?)?;
    let found = staging.in_place_of(&head)?.scan(&judgement.rules, Options { around, count_lines: false })?;
    Ok(trailers(&judgement.judge(found.findings, book.as_ref(), &once)))
}

/// The trailers for the findings that exceptions for one commit let pass, each once.
fn trailers(judged: &[Judged]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for own in judged {
        let once = own.excepted.as_ref().filter(|excepted| excepted.how == How::Once);
        let Some(excepted) = once else { continue };
        let once = Once { ids: vec![own.id.clone()], kind: excepted.kind.clone(), reason: excepted.reason.clone() };
        let line = once.trailer();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
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
