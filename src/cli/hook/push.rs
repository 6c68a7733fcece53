//! pre-push, the last local net: commits that no receipt covers and that no remote has, their messages,
//! tags, and the names of refs.

use anyhow::{Context, Result, anyhow};

use super::super::args::{Format, When};
use super::super::case::{Docket, Failure, Judgement};
use super::super::{Exit, around, exposures};
use super::{record, tally, uncovered};
use crate::exception::once;
use crate::finding::{Part, escape};
use crate::fragment::Fragment;
use crate::git::history::{self, Commit, Peeled};
use crate::git::{Moment, Repo};
use crate::policy::Judged;
use crate::receipt::Receipt;
use crate::report::human::TAG_MESSAGE;
use crate::report::{Report, Subject};
use crate::scan::{scan, scan_path};

/// The path by which findings in the names of refs are known.
const REF_NAME: &[u8] = b"REF_NAME";

/// One line of what git tells the hook.
struct Update {
    local_ref: String,
    local: String,
    remote_ref: String,
    remote: String,
}

pub(super) fn run(input: &str, format: Format, color: When) -> Exit {
    super::run(format, color, || push(input))
}

fn push(input: &str) -> Result<Report, Failure> {
    let updates = input.lines().map(update).collect::<Result<Vec<_>>>().map_err(Failure::usage)?;
    let around = around::surroundings(Docket::open()?.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around)?;
    // A ref that is deleted sends nothing.
    let updates: Vec<&Update> = updates.iter().filter(|own| !is_nothing(&own.local)).collect();
    let mut words = Vec::new();
    let mut tags = Vec::new();
    let mut others = Vec::new();
    for own in &updates {
        match history::peel(&repo, &own.local)? {
            Peeled { commit: Some(commit), texts } => {
                words.push(commit);
                tags.extend(texts);
            }
            Peeled { commit: None, .. } => others.push(own.local_ref.clone()),
        }
    }
    let mut judged = Vec::new();
    let judgement;
    let mut receipt;
    if words.is_empty() {
        judgement = std::sync::Arc::new(Docket::open()?.policy()?);
        receipt = Receipt { commits: Some(0), ..Receipt::default() };
    } else {
        words.extend(["--not".to_owned(), "--remotes".to_owned()]);
        // What the remote has now it need not be told again, whether it has a name here or not.
        words.extend(updates.iter().filter(|own| repo.has_commit(&own.remote)).map(|own| own.remote.clone()));
        let session = uncovered::judge(&repo, &around, &words)?;
        judged = session.findings();
        (receipt, judgement) = (session.receipt, session.judgement);
    }
    for name in others {
        let (_, shown) = scan_path(name.as_bytes(), &judgement.rules);
        receipt.skip(&shown, "it names no commit, and what it names is not scanned; leave it out of the push");
    }
    for text in &tags {
        judged.extend(in_text(&judgement, TAG_MESSAGE, Part::Message, text, &mut receipt));
    }
    for own in &updates {
        let mut names = vec![own.remote_ref.as_str()];
        names.extend((own.local_ref != own.remote_ref).then_some(own.local_ref.as_str()));
        for name in names {
            judged.extend(in_text(&judgement, REF_NAME, Part::RefName, name.as_bytes(), &mut receipt));
        }
    }
    record::stopped(&repo, &judgement, "pre-push", &judged, &mut receipt);
    // Somebody dealt with it once, and the commit is back.
    if let Err(error) = exposures::again(&judgement, &repo, &judged) {
        receipt.notes.push(escape(format!("an exposure could not be opened again: {error:#}").as_bytes()));
    }
    if let Err(error) = tally::with_a_push(&repo) {
        receipt
            .notes
            .push(format!("the sum of commits is not in the ledger: {}", escape(format!("{error:#}").as_bytes())));
    }
    Ok(judgement.report(Subject::Push, judged, receipt))
}

fn in_text(judgement: &Judgement, path: &[u8], part: Part, text: &[u8], receipt: &mut Receipt) -> Vec<Judged> {
    let scanned = scan(&Fragment::text(path, part, text), &judgement.rules);
    if let Some(reason) = scanned.given_up {
        receipt.skip(path, reason);
    }
    // A tag carries its exceptions itself; a name cannot.
    let once = if part == Part::Message { once::in_message(text) } else { Vec::new() };
    judgement.judge(scanned.findings, None, &once)
}

fn is_nothing(id: &str) -> bool {
    id.bytes().all(|b| b == b'0')
}

fn update(line: &str) -> Result<Update> {
    let mut words = line.split(' ');
    let mut word = || words.next().map(str::to_owned).context("standard input is not what git gives a pre-push hook");
    let update = Update { local_ref: word()?, local: word()?, remote_ref: word()?, remote: word()? };
    let hex = |id: &String| id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if hex(&update.local) && hex(&update.remote) {
        return Ok(update);
    }
    Err(anyhow!("standard input is not what git gives a pre-push hook"))
}

/// reference-transaction, where policy asks for it: no branch is moved to commits with findings.
pub(super) fn branches(state: &str, input: &str, format: Format, color: When) -> Exit {
    if state != "prepared" {
        return Exit::Clean;
    }
    super::run(format, color, || moved(input))
}

fn moved(input: &str) -> Result<Report, Failure> {
    let around = around::surroundings(Docket::open()?.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around)?;
    let mut words = Vec::new();
    for line in input.lines() {
        let mut fields = line.splitn(3, ' ');
        let (Some(old), Some(new), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(Failure::usage(anyhow!("standard input is not what git gives a reference-transaction hook")));
        };
        let moves = name.starts_with("refs/heads/") && old != new && !is_nothing(new) && !new.starts_with("ref:");
        if moves {
            // One that cannot be read is not let pass unseen.
            words.push(Commit::read(&repo, new)?.id);
        }
    }
    let mut docket = Docket::open()?;
    let head = Commit::head(&repo);
    docket.repository(|path| head.as_ref().map_or(Ok(None), |head| head.file(&repo, path)))?;
    let judgement = docket.policy()?;
    if words.is_empty() || !judgement.policy.guard_branches {
        return Ok(judgement.report(Subject::Branch, Vec::new(), Receipt::default()));
    }
    words.extend(["--not", "--branches", "--remotes"].map(str::to_owned));
    let session = uncovered::judge(&repo, &around, &words)?;
    let (judged, mut receipt) = (session.findings(), session.receipt);
    record::stopped(&repo, &session.judgement, "reference-transaction", &judged, &mut receipt);
    Ok(session.judgement.report(Subject::Branch, judged, receipt))
}
