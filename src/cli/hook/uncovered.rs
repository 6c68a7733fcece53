//! Commits that are about to go somewhere: those that a receipt covers are known, the others are
//! judged now, and of all the messages are read.

use std::collections::HashMap;

use anyhow::Result;

use super::super::bench::{Bench, Session};
use super::super::case::Failure;
use super::super::tell;
use crate::finding::Part;
use crate::fragment::Fragment;
use crate::git::history::{self, Commit};
use crate::git::receipts::{Kind, Step};
use crate::git::{Repo, Surroundings};
use crate::receipt::{Receipt, Source};
use crate::rules::RuleSet;
use crate::scan::scan;

/// Commits from which on a person is told that it will take a moment.
const MANY: usize = 2_000;

/// Judges the commits of a range, given as words for `git rev-list`.
///
/// # Errors
/// Where git does not know them, or one cannot be read.
pub(super) fn judge(repo: &Repo, around: &Surroundings, words: &[String]) -> Result<Session, Failure> {
    let ids = history::range(words)?;
    let commits = ids.iter().map(|id| Commit::read(repo, id)).collect::<Result<Vec<_>>>()?;
    let trees: HashMap<String, String> = commits.iter().map(|commit| (commit.id.clone(), commit.tree())).collect();
    let receipts = repo.receipts();
    let mut bench = Bench::new(repo, around, None);
    bench.extent.edges = true;
    let mut steps = Vec::with_capacity(commits.len());
    for commit in &commits {
        steps.push(history::bases_among(repo, commit, &trees));
    }
    let (mut covered, mut open) = (Vec::new(), Vec::new());
    for (commit, bases) in commits.iter().zip(&steps) {
        let known = bases.as_ref().is_some_and(|bases| receipts.cover(&commit.tree(), bases));
        if known { covered.push(commit) } else { open.push(commit.clone()) }
    }
    // Of those that are covered the messages are read: an amend may have changed one and no file. One
    // policy does for that; what it finds is judged by the commit's own.
    let (mut files, mut bytes) = (0, 0);
    if let Some(last) = commits.last().filter(|_| !covered.is_empty()) {
        let judgement = bench.judgement(last)?;
        for commit in covered {
            files += 1;
            bytes += commit.message.len() as u64;
            if !message_is_clean(&commit.message, &judgement.rules) {
                bench.extent.covered.insert(commit.id.clone());
                open.push(commit.clone());
            }
        }
    }
    if open.len() >= MANY {
        tell(&format!("leakwarden: looking at {} commits that were not scanned yet\n", open.len()));
    }
    let mut session = bench.judge(&open)?;
    session.receipt = Receipt {
        commits: Some(commits.len() as u64),
        files: session.receipt.files + files,
        bytes: session.receipt.bytes + bytes,
        source: Source::Tree,
        ..session.receipt
    };
    remember(repo, &session, &commits, &steps);
    Ok(session)
}

fn message_is_clean(message: &[u8], rules: &RuleSet) -> bool {
    let scanned = scan(&Fragment::text(b"COMMIT_EDITMSG", Part::Message, message), rules);
    scanned.findings.is_empty() && scanned.given_up.is_none()
}

/// Leaves receipts for those in which nothing was found; without them they are looked at again.
fn remember(repo: &Repo, session: &Session, commits: &[Commit], steps: &[Option<Vec<String>>]) {
    let known: HashMap<&str, &Vec<String>> =
        commits.iter().zip(steps).filter_map(|(commit, bases)| Some((commit.id.as_str(), bases.as_ref()?))).collect();
    let (rules, policy) = (session.judgement.rules.digest(), session.judgement.digest.as_str());
    for own in &session.commits {
        let Some(bases) = known.get(own.commit.id.as_str()).filter(|_| own.is_clean()) else { continue };
        let tree = own.commit.tree();
        let step = Step { tree: &tree, bases, rules, policy, commit: Some(&own.commit.id) };
        if repo.leave_receipt(Kind::Pushed, step).is_err() {
            return;
        }
    }
}
