//! Opening exposures for what is found in commits, and closing those that are gone again: what the
//! hooks and `exposures find` call.

use anyhow::Result;

use super::{look, now, pushed, store};
use crate::cli::case::Judgement;
use crate::cli::journal::{Journal, place};
use crate::exposure::store::{Change, Found};
use crate::exposure::{Cause, Closed, Exposure, How, Status};
use crate::fingerprint::pseudonym;
use crate::git::history::{self, tips};
use crate::git::holders::Search;
use crate::git::names::{on_a_remote, still_held};
use crate::git::staged::Options;
use crate::git::{Repo, Surroundings};
use crate::ledger::record::{Event, Place};
use crate::policy::Judged;

/// A commit that holds what should not be in it.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Commit<'a> {
    /// Its id, in hex.
    pub id: &'a str,
    /// Who made it: `Name <address>`.
    pub author: &'a str,
    /// How it got past.
    pub cause: Cause,
}

/// What became of the exposures of one commit.
#[derive(Debug, Default)]
pub(in crate::cli) struct Opened {
    /// Each exposure once, in the order of the findings.
    pub changes: Vec<Change>,
    /// Why the ledger does not tell of all of them. They are open all the same: that a leak is not in
    /// the ledger is no reason to forget it.
    pub unwritten: Option<anyhow::Error>,
}

/// Opens an exposure for each value among the blocking findings of a commit, and writes it to the
/// ledger where it is new or open again.
///
/// # Errors
/// Where the store cannot be written or the machine's key cannot be read.
pub(in crate::cli) fn opened(journal: &Journal, repo: &Repo, commit: &Commit<'_>, judged: &[Judged]) -> Result<Opened> {
    let mut out = Opened::default();
    let blocking: Vec<&Judged> = judged.iter().filter(|own| own.blocking).collect();
    if blocking.is_empty() {
        return Ok(out);
    }
    let (store, key, here, when) = (store()?, journal.ledger.key()?, place(repo)?, now());
    let mut by_value: Vec<(String, Vec<&Judged>)> = Vec::new();
    for own in blocking {
        let name = pseudonym(&own.finding, &key);
        match by_value.iter_mut().find(|(known, _)| *known == name) {
            Some((_, all)) => all.push(own),
            None => by_value.push((name, vec![own])),
        }
    }
    for (name, all) in by_value {
        let mut first = None;
        let mut last = None;
        for own in &all {
            let change = store.open(Found {
                clone: &here.clone,
                repository: &here.path,
                finding: &own.finding,
                pseudonym: &name,
                cause: commit.cause,
                author: commit.author,
                commit: commit.id,
                when: &when,
            })?;
            last = Some(change.exposure().clone());
            first.get_or_insert(change);
        }
        let Some((change, exposure)) = first.zip(last) else { continue };
        // What the first finding did, with the places of all.
        let (change, event) = match change {
            Change::Opened(_) => (Change::Opened(exposure), Some(Event::ExposureOpened)),
            Change::Reopened(_) => (Change::Reopened(exposure), Some(Event::ExposureReopened)),
            Change::Known(_) => (Change::Known(exposure), None),
        };
        if let Some(event) = event {
            let mut entry = journal.entry();
            entry.event = event;
            entry.who = Some(commit.author.to_owned());
            entry.commit = Some(commit.id.to_owned());
            entry.exposure = Some(change.exposure().id.clone());
            entry.opened = Some(change.exposure().opened.clone());
            if let Err(error) = journal.write_findings(entry, &all) {
                out.unwritten.get_or_insert(error);
            }
        }
        out.changes.push(change);
    }
    Ok(out)
}

/// Opens those closed exposures of this clone again whose value is among these blocking findings.
///
/// # Errors
/// Where the store cannot be written or the machine's key cannot be read.
pub(in crate::cli) fn again(judgement: &Judgement, repo: &Repo, judged: &[Judged]) -> Result<()> {
    let Some(clone) = repo.known_clone_id().filter(|_| judged.iter().any(|own| own.blocking)) else { return Ok(()) };
    let all = store()?.list()?.exposures;
    let closed: Vec<&Exposure> = all.iter().filter(|own| own.clone == clone && own.status == Status::Closed).collect();
    if closed.is_empty() {
        return Ok(());
    }
    let journal = Journal::open(judgement, Some(repo), "pre-push")?;
    let key = journal.ledger.key()?;
    for own in judged.iter().filter(|own| own.blocking) {
        let Some(id) = &own.commit else { continue };
        let name = pseudonym(&own.finding, &key);
        if closed.iter().any(|closed| closed.pseudonym == name) {
            let author = crate::git::history::Commit::read(repo, id)?.committer;
            let holder = Commit { id, author: &author, cause: Cause::Skipped };
            opened(&journal, repo, &holder, std::slice::from_ref(own))?;
        }
    }
    Ok(())
}

/// Says how an exposure was dealt with. Where the ledger cannot be written it stays open.
///
/// # Errors
/// Where store or ledger cannot be written, or the exposure is gone or closed already.
pub(super) fn closed(journal: &Journal, own: &Exposure, how: How, evidence: &str, by: &str) -> Result<Exposure> {
    let (when, evidence) = (now(), evidence.trim().to_owned());
    let said = Closed { how, evidence: evidence.clone(), by: by.to_owned(), when };
    let edit = |own: &mut Exposure| {
        anyhow::ensure!(own.status == Status::Open, "exposure {} is closed already", own.id);
        own.close(said);
        Ok(())
    };
    store()?.change(own, edit, |own| {
        let mut entry = journal.entry();
        entry.event = Event::ExposureClosed;
        entry.who = Some(by.to_owned());
        entry.repository = Some(clone_of(own));
        entry.exposure = Some(own.id.clone());
        entry.opened = Some(own.opened.clone());
        entry.how = Some(how.name().to_owned());
        entry.text = Some(evidence);
        journal.write(entry).map(drop)
    })
}

/// Closes the open exposures of this clone whose value an exception lets pass by now. Gives a line to
/// say for each.
///
/// # Errors
/// Where the store or the ledger cannot be written.
pub(in crate::cli) fn settle_excepted(
    journal: &Journal,
    repo: &Repo,
    judged: &[Judged],
    by: &str,
) -> Result<Vec<String>> {
    let (store, clone) = (store()?, repo.clone_id()?);
    if store.open_here(&clone) == 0 {
        return Ok(Vec::new());
    }
    let key = journal.ledger.key()?;
    let mut said = Vec::new();
    for own in store.list()?.exposures {
        if own.clone != clone || own.status != Status::Open {
            continue;
        }
        let same =
            |judged: &&Judged| judged.finding.rule == own.rule && pseudonym(&judged.finding, &key) == own.pseudonym;
        let mut same = judged.iter().filter(same).peekable();
        // At every place where it is: one exception speaks of one.
        if same.peek().is_none() || same.clone().any(|judged| judged.excepted.is_none()) {
            continue;
        }
        let Some(by_exception) = same.find_map(|judged| judged.excepted.as_ref()) else { continue };
        let until = by_exception.expires.map(|day| format!(" until {day}")).unwrap_or_default();
        let evidence = format!("exception {} ({}) lets it pass{until}", by_exception.id, by_exception.kind);
        let own = closed(journal, &own, How::Excepted, &evidence, by)?;
        said.push(format!("exposure {} ({}) is closed: {evidence}", own.id, own.what()));
    }
    Ok(said)
}

/// Whether a value stands in the tree of HEAD or of any other ref, wherever it was found: asked before an
/// exposure is closed, which is rare, as it scans them. A ref that cannot be looked at counts as holding it.
pub(super) fn stands_elsewhere(
    repo: &Repo,
    around: &Surroundings,
    judgement: &Judgement,
    own: &Exposure,
    key: &[u8; 32],
) -> Result<bool> {
    let Some(tips) = tips(repo, MOST_TIPS)? else { return Ok(true) };
    let options = Options { around, count_lines: false };
    let mut first: Option<history::Commit> = None;
    for tip in tips {
        let found = match &first {
            None => tip.scan_all(repo, &judgement.rules, options)?,
            // What is the same as in the first one was looked at there.
            Some(first) => tip.scan_beside(repo, &judgement.rules, options, first)?,
        };
        if found.findings.iter().any(|one| one.rule == own.rule && pseudonym(one, key) == own.pseudonym) {
            return Ok(true);
        }
        first.get_or_insert(tip);
    }
    Ok(false)
}

/// The clone that an exposure is in, which need not be the one that a command runs in.
pub(super) fn clone_of(own: &Exposure) -> Place {
    Place { path: own.repository.clone(), clone: own.clone.clone() }
}

/// Refs whose trees are looked at before an exposure is closed; where there are more, it stays open.
const MOST_TIPS: usize = 200;

/// Who closes what is gone.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Settler<'a> {
    /// A person who asks for it: `Name <address>`.
    Person(&'a str),
    /// A hook, after this person's commit. Where there is a remote, a push by another name may have gone
    /// unseen; then the hook only offers it.
    Hook(&'a str),
}

/// Closes the open exposures of this clone that no remote-tracking branch ever showed and that no branch,
/// tag, stash or other ref holds any more: for after an amend or a rebase. Gives a line to say for each;
/// one of which not all could be looked at stays open, in silence.
///
/// # Errors
/// Where git cannot answer, or store or ledger cannot be written.
pub(in crate::cli) fn settle_removed(
    journal: &Journal,
    judgement: &Judgement,
    repo: &Repo,
    around: &Surroundings,
    settler: Settler<'_>,
) -> Result<Vec<String>> {
    const EVIDENCE: &str = "no remote-tracking branch of this clone ever showed it, and nothing holds it any more";
    let (by, offers) = match settler {
        Settler::Person(by) => (by, false),
        Settler::Hook(by) => (by, repo.has_remotes() || !judgement.may_except()),
    };
    let (store, clone) = (store()?, repo.clone_id()?);
    if store.open_here(&clone) == 0 {
        return Ok(Vec::new());
    }
    let key = journal.ledger.key()?;
    let mut search = Search::new(repo, around, &judgement.rules, key);
    let mut said = Vec::new();
    for own in store.list()?.exposures {
        if own.clone != clone || own.status != Status::Open || own.cause == Cause::Pushed {
            continue;
        }
        let recorded: Vec<&str> = own.sites.iter().map(|site| site.commit.as_str()).collect();
        if !own.pushed && on_a_remote(repo, &recorded)? {
            store.change(&own, super::was_pushed, |_| Ok(()))?;
            continue;
        }
        if own.pushed || still_held(repo, &recorded)? {
            continue;
        }
        let at = look(&mut search, &own)?;
        super::keep_pushed(&store, &own, &at)?;
        let gone = !at.held() && !pushed(&own, Some(&at)) && at.gaps.is_empty();
        if !gone || stands_elsewhere(repo, around, judgement, &own, &key)? {
            continue;
        }
        if offers {
            said.push(format!(
                "exposure {} ({}): nothing here holds it any more; if it was never pushed, `leakwarden exposures \
                 settle` closes it",
                own.id,
                own.what()
            ));
            continue;
        }
        let own = closed(journal, &own, How::Removed, EVIDENCE, by)?;
        said.push(format!("exposure {} ({}) is closed: {EVIDENCE}", own.id, own.what()));
    }
    Ok(said)
}
