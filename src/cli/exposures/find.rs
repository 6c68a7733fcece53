//! `exposures find`: commits that exist, judged as `verify` does; what blocks becomes an exposure.

use super::open::{Commit, Opened, opened};
use super::{Desk, document, show};
use crate::cli::args::VerifyFormat;
use crate::cli::case::Failure;
use crate::cli::verify::{self, Request};
use crate::cli::{Exit, fail, print};
use crate::exposure::Cause;
use crate::exposure::store::Change;
use crate::finding::escape;
use crate::git::{history, names};
use crate::policy::Judged;
use crate::report::Report;

pub(super) fn run(range: Vec<String>, json: bool) -> Exit {
    match find(range, json) {
        Ok((text, exit)) => match print(&text) {
            Ok(()) => exit,
            Err(error) => fail(Exit::CouldNotScan, &error),
        },
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

fn find(range: Vec<String>, json: bool) -> Result<(String, Exit), Failure> {
    let desk = Desk::open()?;
    let Some(repo) = &desk.repo else {
        return Err(Failure::usage(anyhow::anyhow!("no git repository can be read here")));
    };
    let request = Request { range, tree: None, pre_receive: false, policy_from: None, format: VerifyFormat::Human };
    let report = verify::verify(&request)?;
    let journal = desk.journal()?;
    let mut all = Opened::default();
    let mut rest: &[Judged] = &report.findings;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|own| own.commit == first.commit).count();
        let (of_commit, others) = rest.split_at(same);
        rest = others;
        let Some(id) = first.commit.as_deref().filter(|_| of_commit.iter().any(|own| own.blocking)) else { continue };
        let author = history::Commit::read(repo, id)?.author;
        let cause = if names::on_remote(id)? { Cause::Pushed } else { Cause::History };
        let one = opened(&journal, repo, &Commit { id, author: &author, cause }, of_commit)?;
        all.changes.extend(one.changes);
        all.unwritten = all.unwritten.or(one.unwritten);
    }
    if let Some(error) = all.unwritten {
        let ids: Vec<&str> = all.changes.iter().map(|change| change.exposure().id.as_str()).collect();
        return Err(error.context(format!("{} open, but the ledger does not say so", ids.join(", "))).into());
    }
    let changes = once_each(all.changes);
    let text = if json {
        let values: Vec<serde_json::Value> = changes
            .iter()
            .map(|change| {
                let mut value = show::value(change.exposure(), &desk);
                value["change"] = word(change).into();
                value
            })
            .collect();
        let skipped = &report.receipt.not_scanned;
        document(
            &serde_json::json!({"version": 1, "commits": report.receipt.commits, "exposures": values, "not_scanned": skipped}),
        )
    } else {
        told(&changes, &report)
    };
    let exit = if !report.receipt.not_scanned.is_empty() && report.unscanned_blocks {
        Exit::CouldNotScan
    } else if changes.is_empty() {
        Exit::Clean
    } else {
        Exit::Findings
    };
    Ok((text, exit))
}

/// A value that several commits bring is told once: what was done first, as it is at the end.
fn once_each(changes: Vec<Change>) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    for change in changes {
        let own = change.exposure();
        match all.iter_mut().find(|known| known.exposure().id == own.id) {
            Some(Change::Opened(known) | Change::Reopened(known) | Change::Known(known)) => own.clone_into(known),
            None => all.push(change),
        }
    }
    all
}

fn word(change: &Change) -> &'static str {
    match change {
        Change::Opened(_) => "opened",
        Change::Reopened(_) => "reopened",
        Change::Known(_) => "known",
    }
}

fn told(changes: &[Change], report: &Report) -> String {
    let mut out = String::new();
    for change in changes {
        let own = change.exposure();
        let site = own.sites.last().map_or_else(String::new, show::place);
        let line = format!(
            "{:<8}  {}  {:<8}  {}  {site}  {}",
            word(change),
            own.id,
            own.severity.name(),
            own.what(),
            own.owner()
        );
        out.push_str(&escape(line.as_bytes()));
        out.push('\n');
    }
    let commits = report.receipt.commits.unwrap_or(0);
    if changes.is_empty() {
        out.push_str(&format!("nothing found in {commits} commits\n"));
    } else {
        out.push_str("`leakwarden exposures show ID` says what to do\n");
    }
    for skipped in &report.receipt.not_scanned {
        out.push_str(&format!("not scanned: {}: {}\n", skipped.path, skipped.reason));
    }
    out
}
