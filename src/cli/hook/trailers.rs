//! The trailers by which exceptions travel with a commit.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::around;
use super::super::case::{Failure, Judgement};
use super::message::kept;
use crate::exception::once::{self, Once};
use crate::git::history::Commit;
use crate::git::staged::{Options, Staging};
use crate::git::{Repo, Surroundings, state};
use crate::policy::Judged;
use crate::policy::judge::How;

/// Tells commit-msg which exceptions this commit needs, and for which tree.
pub(super) fn leave_trailers(
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

/// Writes what the message does not say yet, where git will not cut it off again.
pub(super) fn write_trailers(
    file: &Path,
    text: &[u8],
    trailers: &[String],
    judgement: &Judgement,
) -> Result<(), Failure> {
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

/// The exceptions that this commit takes over where it replaces HEAD (`commit --amend -m`): those of
/// its message that are still needed. Git tells no hook of an amend, but it keeps the author and the
/// time of the commit; another commit of the same author in the same second says nothing wrong.
pub(super) fn of_replaced(
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
pub(super) fn trailers(judged: &[Judged]) -> Vec<String> {
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
