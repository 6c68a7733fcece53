//! `exposures close` and `exposures assign`.

use anyhow::{Result, anyhow, bail, ensure};

use super::open::{Settler, clone_of, closed, settle_removed, stands_elsewhere};
use super::{Desk, now, pushed};
use crate::cli::around::{self, Automation};
use crate::cli::case::{Failure, Judgement};
use crate::exposure::{Exposure, How, Status};
use crate::finding::escape;
use crate::fingerprint::pseudonym_of;
use crate::git::holders::Where;
use crate::git::write;
use crate::ledger::record::Event;

pub(super) fn close(id: &str, how: How, evidence: &str) -> Result<String, Failure> {
    let desk = Desk::open()?;
    by_a_person(&desk.judgement).map_err(Failure::usage)?;
    let own = desk.named(id)?;
    if own.status == Status::Closed {
        let said = own.closed.as_ref().map_or_else(String::new, |closed| format!(" ({})", closed.how.name()));
        return Err(Failure::usage(anyhow!("exposure {} is closed already{said}", own.id)));
    }
    says_something(&desk.judgement, evidence).map_err(Failure::usage)?;
    repeats_nothing(&desk, &own, "evidence", evidence)?;
    if how == How::Removed {
        let at = desk.look(&own)?;
        is_gone(&own, at.as_ref()).map_err(Failure::usage)?;
        let key = desk.journal()?.ledger.key()?;
        let elsewhere = match &desk.repo {
            Some(repo) => stands_elsewhere(repo, &desk.around, &desk.judgement, &own, &key)?,
            None => true,
        };
        if elsewhere {
            let why = "HEAD or another ref holds the same value elsewhere, or not all refs could be looked at";
            return Err(Failure::usage(anyhow!("{why} (`leakwarden exposures show {}`)", own.id)));
        }
    }
    let by = write::identity().map_err(Failure::usage)?;
    let journal = desk.journal()?;
    let own = closed(&journal, &own, how, evidence, &by).map_err(Failure::usage)?;
    let mut out = format!("exposure {} ({}) is closed: {}\n", own.id, escape(own.what().as_bytes()), how.name());
    if how == How::NotASecret {
        out.push_str(
            "it blocks the next commit that touches it: `leakwarden allow` with `--kind false-positive` lets it pass\n",
        );
    }
    Ok(out)
}

/// An agent gives nobody's word; whether CI may, policy says.
fn by_a_person(judgement: &Judgement) -> Result<()> {
    let may = match around::automation() {
        None => true,
        Some(Automation::Ci) => judgement.policy.exceptions.automation,
        Some(Automation::Agent) => false,
    };
    ensure!(may, "that an exposure is dealt with is a person's word; automation may not give it");
    Ok(())
}

fn says_something(judgement: &Judgement, evidence: &str) -> Result<()> {
    let least = judgement.policy.exceptions.least_reason;
    let characters = evidence.chars().filter(|c| !c.is_whitespace()).count();
    ensure!(characters >= least, "the evidence has {characters} characters; at least {least} are asked for");
    ensure!(!evidence.chars().any(char::is_control), "the evidence holds control characters or line ends");
    ensure!(!evidence.trim_start().starts_with('…'), "the evidence is the example; write what was done here");
    judgement.check_text("evidence", evidence)
}

/// A text about a credential must not repeat it. Only its pseudonym is known, so every piece of the text
/// is compared.
fn repeats_nothing(desk: &Desk, own: &Exposure, field: &str, text: &str) -> Result<(), Failure> {
    const LONGEST: usize = 1000;
    let key = desk.journal()?.ledger.key()?;
    if text.len() > LONGEST {
        return Err(Failure::usage(anyhow!("the {field} has more than {LONGEST} bytes")));
    }
    let pieces = (0..text.len()).flat_map(|from| (from + 4..=text.len()).map(move |to| from..to));
    let is_it = |piece: std::ops::Range<usize>| {
        text.get(piece).is_some_and(|piece| pseudonym_of(&own.rule, piece.as_bytes(), &key) == own.pseudonym)
    };
    let repeats = pieces.into_iter().any(is_it);
    if repeats {
        return Err(Failure::usage(anyhow!("the {field} holds the credential itself; write it without")));
    }
    Ok(())
}

/// Git must say so, in the clone that it was found in.
fn is_gone(own: &Exposure, at: Option<&Where>) -> Result<()> {
    let Some(at) = at else {
        let path = escape(own.repository.as_bytes());
        bail!("whether it is removed can only be told in its own repository: {path}");
    };
    if pushed(own, Some(at)) {
        bail!("it was pushed, so others may have it: replace it, then close it with `--how revoked`");
    }
    if at.held() {
        let lists = [&at.branches, &at.tags, &at.stashes, &at.others];
        let names: Vec<String> = lists.into_iter().flatten().map(|name| escape(name.as_bytes())).collect();
        bail!("it is still there, in: {} (`leakwarden exposures show {}`)", names.join(", "), own.id);
    }
    if let Some(gap) = at.gaps.first() {
        bail!("not everything could be looked at, so nobody knows that it is gone: {gap}");
    }
    Ok(())
}

/// No word of anybody's is needed: git tells it.
pub(super) fn settle() -> Result<String, Failure> {
    let desk = Desk::open()?;
    let Some(repo) = &desk.repo else {
        return Err(Failure::usage(anyhow!("no git repository can be read here")));
    };
    let by = write::identity().map_err(Failure::usage)?;
    let said = settle_removed(&desk.journal()?, &desk.judgement, repo, &desk.around, Settler::Person(&by))?;
    let lines: String = said.iter().map(|line| escape(line.as_bytes()) + "\n").collect();
    Ok(if lines.is_empty() { "no open exposure of this repository can be closed for that\n".to_owned() } else { lines })
}

pub(super) fn assign(id: &str, who: &str) -> Result<String, Failure> {
    let desk = Desk::open()?;
    let own = desk.named(id)?;
    let who = who.trim();
    let fit = !who.is_empty() && who.chars().count() <= 200 && !who.chars().any(char::is_control);
    if !fit {
        return Err(Failure::usage(anyhow!("an owner is a name on one line, of at most 200 characters")));
    }
    desk.judgement.check_text("owner", who).map_err(Failure::usage)?;
    repeats_nothing(&desk, &own, "owner", who)?;
    let by = write::identity().map_err(Failure::usage)?;
    let journal = desk.journal()?;
    let edit = |own: &mut Exposure| {
        ensure!(own.status == Status::Open, "exposure {} is closed", own.id);
        own.assign(who, &by, &now());
        Ok(())
    };
    let promise = |own: &Exposure| {
        let mut entry = journal.entry();
        entry.event = Event::ExposureAssigned;
        entry.who = Some(by.clone());
        entry.repository = Some(clone_of(own));
        entry.exposure = Some(own.id.clone());
        entry.opened = Some(own.opened.clone());
        entry.text = Some(who.to_owned());
        journal.write(entry).map(drop)
    };
    let own = desk.store.change(&own, edit, promise).map_err(Failure::usage)?;
    Ok(format!("exposure {} is assigned to {}\n", own.id, escape(who.as_bytes())))
}
