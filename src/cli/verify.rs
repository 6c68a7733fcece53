//! `leakwarden verify`: commits that exist, judged as the hook would have; for CI and for servers.
//!
//! Each commit is judged by the policy and the exceptions in its own tree. What loosens counts only
//! as it stands in the policy of the branch that the commits are to be merged into.

use std::io::Read;

use anyhow::{Context, Result, anyhow};

use super::args::{VerifyFormat, When};
use super::around;
use super::bench::{Bench, Session, keys_of};
use super::case::{Docket, Failure, Judgement};
use super::{Exit, deliver_as, fail};
use crate::exception::once::{self, Once};
use crate::exception::{PATH, plus_days};
use crate::finding::Part;
use crate::fingerprint::fingerprint;
use crate::fragment::Fragment;
use crate::git::history::{self, Commit};
use crate::git::staged::Options;
use crate::git::{Moment, Repo, Surroundings};
use crate::policy::syntax::Keys;
use crate::receipt::Receipt;
use crate::report::{Report, Subject};
use crate::scan::scan;

/// What was typed.
pub(super) struct Request {
    pub range: Vec<String>,
    pub tree: Option<String>,
    pub pre_receive: bool,
    pub policy_from: Option<String>,
    pub format: VerifyFormat,
}

pub(super) fn run(request: &Request, color: When) -> Exit {
    match verify(request) {
        Ok(report) => deliver_as(&report, request.format, color),
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

/// Judges what was asked for; findings name their commits.
pub(super) fn verify(request: &Request) -> Result<Report, Failure> {
    let around = around::surroundings(Docket::open()?.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around).map_err(Failure::usage)?;
    if let Some(name) = &request.tree {
        return tree(&repo, &around, name);
    }
    let mut pushed = if request.pre_receive {
        pushed()?
    } else {
        let (words, target) = typed(&request.range)?;
        Pushed { words, target, tags: Vec::new() }
    };
    if let Some(name) = &request.policy_from {
        pushed.target = Some(history::resolve(name).map_err(Failure::usage)?);
    }
    let ids = if pushed.words.is_empty() { Vec::new() } else { history::range(&pushed.words)? };
    range(&repo, &around, &ids, &pushed)
}

/// The words for `git rev-list`, and the commit whose policy may loosen: the one the range begins at.
/// Every word must name a commit, so that a variable that is empty in a script is no clean range.
fn typed(range: &[String]) -> Result<(Vec<String>, Option<String>), Failure> {
    let mut words = Vec::new();
    let mut target = None;
    for word in range {
        // One commit without its parents; a merge has several.
        if let Some(name) = word.strip_suffix("^!") {
            let id = history::resolve(name)?;
            words.push(format!("{id}^!"));
            target = target.or_else(|| history::resolve(&format!("{id}^1")).ok());
            continue;
        }
        let (from, to) = match (word.split_once(".."), word.strip_prefix('^')) {
            (Some((from, to)), _) => (Some(from), Some(to.trim_start_matches('.'))),
            (None, Some(from)) => (Some(from), None),
            (None, None) => (None, Some(word.as_str())),
        };
        if let Some(from) = from {
            let id = history::resolve(from)?;
            words.push(format!("^{id}"));
            target.get_or_insert(id);
        }
        if let Some(to) = to {
            words.push(history::resolve(to)?);
        }
    }
    Ok((words, target))
}

/// What git tells a pre-receive hook on standard input: `old new ref` a line. New commits are those
/// that no ref reaches yet; the policy is that of the repository's HEAD.
fn pushed() -> Result<Pushed, Failure> {
    let mut tags = Vec::new();
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
    let mut words = Vec::new();
    for line in text.lines() {
        let hex = |word: &&str| word.len() >= 40 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(new) = line.split(' ').nth(1).filter(hex) else {
            return Err(Failure::usage(anyhow!("standard input is not what git gives a pre-receive hook")));
        };
        // A ref that is deleted brings nothing.
        if new.bytes().any(|b| b != b'0') {
            words.push(history::resolve(new).context("what is pushed is no commit, which cannot be scanned")?);
            tags.extend(history::tag_texts(new)?);
        }
    }
    if !words.is_empty() {
        words.extend(["--not".to_owned(), "--all".to_owned()]);
    }
    Ok(Pushed { words, target: history::resolve("HEAD").ok(), tags })
}

/// What a push brings.
struct Pushed {
    words: Vec<String>,
    target: Option<String>,
    /// The texts of annotated tags.
    tags: Vec<Vec<u8>>,
}

/// Commits, by the policy of a target. Without one nothing may loosen: a commit must not be its own judge.
fn range(repo: &Repo, around: &Surroundings, ids: &[String], pushed: &Pushed) -> Result<Report, Failure> {
    let mut notes = Receipt::default();
    let nobody = || ("the policy of no target".to_owned(), Keys::default());
    let target = pushed.target.as_deref().map_or_else(nobody, |id| keys_of(repo, id, &mut notes));
    let bench = Bench::new(repo, around, Some(target));
    let commits = ids.iter().map(|id| Commit::read(repo, id)).collect::<Result<Vec<_>>>()?;
    let session = bench.judge(&commits)?;
    let mut all = session.findings();
    let Session { mut receipt, judgement, .. } = session;
    receipt.notes.splice(0..0, notes.notes);
    for text in &pushed.tags {
        let message = scan(&Fragment::text(b"COMMIT_EDITMSG", Part::Message, text), &judgement.rules);
        if let Some(reason) = message.given_up {
            receipt.skip(b"the message of a tag", reason);
        }
        all.extend(judgement.judge(message.findings, None, &once::in_message(text)));
    }
    Ok(judgement.report(Subject::Range, all, receipt))
}

/// Everything in one tree: exceptions that have ended block, and those that nothing needs are told.
fn tree(repo: &Repo, around: &Surroundings, name: &str) -> Result<Report, Failure> {
    let commit = Commit::read(repo, &history::resolve(name).map_err(Failure::usage)?)?;
    let judgement = Bench::new(repo, around, None).judgement(&commit)?;
    let options = Options { around, count_lines: false };
    let found = commit.scan_all(repo, &judgement.rules, options)?;
    let mut receipt = found.receipt;
    receipt.commits = None;
    let book = judgement.book(commit.file(repo, PATH)?)?;
    if let Some(book) = &book {
        let used: Vec<String> = found.findings.iter().map(|own| fingerprint(own, &book.repo_id)).collect();
        for own in book.exceptions.iter().filter(|own| !used.contains(&own.fingerprint)) {
            let text = format!(
                "exception {} ({}, by {}) excepts nothing any more: `leakwarden exceptions prune`",
                own.id, own.path, own.by
            );
            receipt.notes.push(crate::finding::escape(text.as_bytes()));
        }
    }
    let once = if found.findings.is_empty() { Vec::new() } else { once_in_history(repo, &commit, &judgement)? };
    let judged = judgement.judge(found.findings, book.as_ref(), &once);
    Ok(judgement.report(Subject::Tree, judged, receipt))
}

/// The exceptions for one commit that history carries. In a tree they count as long as policy lets
/// their kind last when nobody says: from the day of their commit.
fn once_in_history(repo: &Repo, commit: &Commit, judgement: &Judgement) -> Result<Vec<Once>, Failure> {
    let mut all = Vec::new();
    for (id, seconds) in history::mentioning(&commit.id, once::TRAILER)? {
        let message = Commit::read(repo, &id)?.message;
        let Some(day) = around::day(seconds) else { continue };
        all.extend(once::in_message(&message).into_iter().filter(|own| {
            let kind = judgement.policy.exceptions.kind(&own.kind);
            kind.is_ok_and(|kind| {
                let end = plus_days(day, i64::from(kind.default_days));
                day <= plus_days(judgement.today, 1) && judgement.today <= end
            })
        }));
    }
    Ok(all)
}
