//! `leakwarden hook …`: what git runs, and `scan --staged`, which looks at the same.

mod after;
mod ended;
mod leave;
mod message;
mod push;
mod record;
mod staged;
mod strict;
mod tally;
mod trailers;
mod twice;
mod uncovered;

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::args::{Format, When};
use super::case::{Failure, Judgement};
use super::{Exit, deliver, fail};
use crate::git::history::{self, Commit};
use crate::git::{Moment, Repo, state};
use crate::policy::syntax::Unscanned;
use crate::receipt::Receipt;
use crate::report::{Report, Subject};

pub(super) use after::Call;
pub(super) use tally::for_a_report;
pub(super) use trailers::ANCHOR;

/// How long a text for one commit may wait for it.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn pre_commit(format: Format, color: When) -> Exit {
    index(Subject::Commit, format, color)
}

pub(super) fn pre_merge_commit(format: Format, color: When) -> Exit {
    run(format, color, || staged::staged(Subject::Commit, Moment::Merge, format, color))
}

/// What is staged, in the hook or outside.
pub(super) fn index(subject: Subject, format: Format, color: When) -> Exit {
    run(format, color, || staged::staged(subject, Moment::Commit, format, color))
}

pub(super) fn commit_msg(file: &Path, format: Format, color: When) -> Exit {
    run(format, color, || message::message(file))
}

pub(super) fn prepare_commit_msg() -> Exit {
    strict::run()
}

pub(super) fn after(call: &Call, color: When) -> Exit {
    after::run(call, color)
}

pub(super) fn post_rewrite(what: String, color: When) -> Exit {
    let told = input().map(|text| {
        let pair = |line: &str| {
            let mut words = line.split(' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        text.lines().filter_map(pair).collect::<Vec<_>>()
    });
    match told {
        Ok(pairs) => after::run(&Call::Rewrite(what, pairs), color),
        Err(error) => fail(Exit::CouldNotScan, &error),
    }
}

pub(super) fn pre_push(format: Format, color: When) -> Exit {
    match input().and_then(|text| if text.is_empty() { framework_push() } else { Ok(text) }) {
        Ok(text) => push::run(&text, format, color),
        Err(error) => fail(Exit::CouldNotScan, &error),
    }
}

/// What git said, as far as pre-commit and prek tell it: they read standard input themselves, and name
/// the first ref that sends anything in variables (`PRE_COMMIT_…`, pre-commit 4.7.0). Of a branch whose
/// first commit is sent they name no commits.
///
/// # Errors
/// Where git does not know that ref.
fn framework_push() -> Result<String> {
    let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(local), Some(remote)) = (told("PRE_COMMIT_LOCAL_BRANCH"), told("PRE_COMMIT_REMOTE_BRANCH")) else {
        return Ok(String::new());
    };
    let new = told("PRE_COMMIT_TO_REF").map_or_else(|| history::resolve(&local), Ok)?;
    let old = told("PRE_COMMIT_FROM_REF").unwrap_or_else(|| "0".repeat(new.len()));
    Ok(format!("{local} {new} {remote} {old}\n"))
}

pub(super) fn reference_transaction(state: &str, format: Format, color: When) -> Exit {
    match input() {
        Ok(text) => push::branches(state, &text, format, color),
        Err(error) => fail(Exit::CouldNotScan, &error),
    }
}

/// What git says on standard input.
fn input() -> Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
    // Names of refs are bytes; those that are no text are looked at as far as they are.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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

/// Whether something that cannot be scanned stops this commit.
fn unscanned(receipt: &Receipt, judgement: &Judgement) -> bool {
    !receipt.not_scanned.is_empty() && judgement.policy.not_scanned == Unscanned::Block
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
