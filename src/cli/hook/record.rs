//! What a hook writes into the ledger: that it stopped a commit, or let one pass by exceptions.

use anyhow::Result;

use super::super::case::Judgement;
use super::super::journal::Journal;
use crate::finding::escape;
use crate::git::{Repo, write};
use crate::ledger::{Entry, Event};
use crate::policy::Judged;
use crate::receipt::Receipt;

/// The exceptions of a commit that are in the ledger already: a second try of the same is no news.
const RECORDED: &str = "recorded";

/// Writes what was decided. Where an exception cannot be recorded and policy asks for it, the finding
/// blocks after all; a block that cannot be recorded is noted.
pub(super) fn decision(
    repo: &Repo,
    judgement: &Judgement,
    at: &str,
    tree: Option<&str>,
    judged: &mut [Judged],
    receipt: &mut Receipt,
) {
    let blocking: Vec<&Judged> = judged.iter().filter(|own| own.blocking).collect();
    let written = if blocking.is_empty() {
        let excepted: Vec<&Judged> = judged.iter().filter(|own| needs_its_exception(own, judgement)).collect();
        if excepted.is_empty() {
            return;
        }
        once(repo, judgement, at, tree, &excepted)
    } else {
        write(repo, judgement, at, tree, Event::Blocked, &blocking)
    };
    let Err(error) = written else { return };
    let text = escape(format!("{error:#}").as_bytes());
    if !blocking.is_empty() {
        receipt.notes.push(format!("this is not in the ledger: {text}"));
    } else if judgement.policy.ledger.required {
        for own in judged.iter_mut().filter(|own| needs_its_exception(own, judgement)) {
            own.refused.push(format!("it cannot be recorded: {text}"));
            own.excepted = None;
            own.blocking = true;
        }
    } else {
        receipt.notes.push(format!("exceptions were used and are not in the ledger: {text}"));
    }
}

/// Whether a finding would stop the commit if nothing excepted it.
pub(super) fn needs_its_exception(judged: &Judged, judgement: &Judgement) -> bool {
    judged.excepted.is_some() && judgement.weighs(&judged.finding)
}

/// Writes that a push, or the move of a branch, was stopped.
pub(super) fn stopped(repo: &Repo, judgement: &Judgement, at: &str, judged: &[Judged], receipt: &mut Receipt) {
    let blocking: Vec<&Judged> = judged.iter().filter(|own| own.blocking).collect();
    if blocking.is_empty() {
        return;
    }
    let commit = blocking.iter().find_map(|own| own.commit.clone());
    let written = Journal::open(judgement, Some(repo), at).and_then(|journal| {
        let who = write::committer();
        journal.write_findings(Entry { event: Event::Blocked, commit, who, ..journal.entry() }, &blocking)
    });
    if let Err(error) = written {
        receipt.notes.push(format!("this is not in the ledger: {}", escape(format!("{error:#}").as_bytes())));
    }
}

fn write(
    repo: &Repo,
    judgement: &Judgement,
    at: &str,
    tree: Option<&str>,
    event: Event,
    judged: &[&Judged],
) -> Result<()> {
    let journal = Journal::open(judgement, Some(repo), at)?;
    let tree = tree.map(str::to_owned);
    // Without an identity git will not commit either; what happened is recorded all the same.
    let who = write::committer();
    journal.write_findings(Entry { event, tree, who, ..journal.entry() }, judged).map(drop)
}

/// Writes that exceptions let a commit pass, unless this very decision was written before.
fn once(repo: &Repo, judgement: &Judgement, at: &str, tree: Option<&str>, judged: &[&Judged]) -> Result<()> {
    let mut decision = format!("{at} {} {}", super::head_name(repo), tree.unwrap_or("-"));
    for own in judged {
        let by = own.excepted.as_ref().map_or("", |excepted| &excepted.id);
        decision.push_str(&format!("\n{} {by}", own.id));
    }
    let known = tree.is_some() && repo.state(RECORDED, super::A_DAY).is_some_and(|last| last == decision);
    if known {
        return Ok(());
    }
    write(repo, judgement, at, tree, Event::Excepted, judged)?;
    // Where this cannot be kept, a second try is recorded twice.
    let _ = repo.set_state(RECORDED, &decision);
    Ok(())
}
