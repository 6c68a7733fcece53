//! `leakwarden approve`: a second person's signature under an exception.

use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};

use super::allow::Place;
use super::around::{self, Automation};
use super::case::{Failure, Judgement};
use super::exceptions::{named, written};
use super::journal::Journal;
use super::{Exit, finish, print};
use crate::approval::{self, Key, address, same_person};
use crate::exception::book::Book;
use crate::exception::{Approval, Exception};
use crate::finding::{Finding, escape, lossy};
use crate::fingerprint::fingerprint;
use crate::git::{signing, write};
use crate::ledger::record::{ByException, Noted};
use crate::ledger::{Entry, Event};
use crate::level::{Confidence, Severity};
use crate::policy::SignersFrom;
use crate::policy::judge::own_fault;

pub(super) fn run(id: &str, key: Option<&Path>) -> Exit {
    finish(approve(id, key))
}

fn approve(id: &str, key: Option<&Path>) -> Result<String, Failure> {
    let place = Place::open()?;
    let judgement = &place.judgement;
    if around::automation() == Some(Automation::Agent) || !judgement.may_except() {
        return Err(Failure::usage(anyhow!("an approval is a person's word; automation may not give it")));
    }
    let mut book = place.book()?.unwrap_or_default();
    let mut own = named(&book, id).map_err(Failure::usage)?.clone();
    let all = place.scan(&place.staging()?.from_nothing())?;
    let speaks = |finding: &&Finding| fingerprint(finding, &book.repo_id) == own.fingerprint;
    let finding = all.iter().map(|judged| &judged.finding).find(speaks);
    let me = write::identity().map_err(Failure::usage)?;
    worth_signing(&own, finding, judgement, &me).map_err(Failure::usage)?;
    let severity = finding.map(|finding| finding.severity);
    if let Some(Ok(who)) = standing(&own, judgement, &book, severity) {
        return Ok(format!("exception {} is approved already, by {}\n", own.id, escape(who.as_bytes())));
    }
    let key = chosen(key).map_err(Failure::usage)?;
    print(&shown(&own, finding.is_some()))?;
    let signature = approval::sign(&key, &own.request(&book.repo_id)).map_err(Failure::usage)?;
    own.approval = Some(approved(&own, &signature, judgement, &book, &me).map_err(Failure::usage)?);
    let by = own.approval.as_ref().map_or_else(String::new, |approval| escape(approval.by.as_bytes()));
    // A promise that nobody can look up later is none: it is written down first.
    let journal = Journal::open(judgement, Some(&place.repo), "command").map_err(Failure::usage)?;
    let entry = Entry { event: Event::Approved, who: Some(me), ..journal.entry() };
    journal.write(approval_of(&own, severity, entry)).map_err(Failure::usage)?;
    let what = format!("exception {} is approved by {by}", own.id);
    book.put(own);
    written(&place, &book, &what)
}

/// What the ledger says of an approval.
fn approval_of(own: &Exception, severity: Option<Severity>, entry: Entry) -> Entry {
    let exception = ByException {
        how: "file".to_owned(),
        id: own.id.clone(),
        kind: own.kind.clone(),
        reason: escape(own.reason.as_bytes()),
        expires: Some(own.expires.to_string()),
    };
    let noted = Noted {
        rule: own.rule.clone(),
        // Where the finding is not here, nobody knows it; then it is taken for the worst.
        severity: severity.unwrap_or(Severity::Critical),
        confidence: Confidence::Likely,
        path: escape(own.path.as_bytes()),
        line: 1,
        secret: String::new(),
        exception: Some(exception),
    };
    Entry { findings: vec![noted], text: Some(format!("asked for by {}", escape(own.by.as_bytes()))), ..entry }
}

/// An exception's approval: `None` where it needs none, otherwise who gave it, or why it does not
/// count. Where the finding is not here its severity is not known, and it is taken to need one.
pub(super) fn standing(
    own: &Exception,
    judgement: &Judgement,
    book: &Book,
    severity: Option<Severity>,
) -> Option<Result<String, String>> {
    let rules = &judgement.policy.exceptions;
    let severity_asks = |least: Severity| severity.is_none_or(|severity| severity >= least);
    let needed = rules.approval_kinds.contains(&own.kind) || rules.approval_severity.is_some_and(severity_asks);
    let by = || own.approval.as_ref().map_or_else(String::new, |approval| approval.by.clone());
    needed.then(|| judgement.approval(own, &book.repo_id).map(|()| by()))
}

/// What an approval is worth, for people.
pub(super) fn worth(judgement: &Judgement) -> &'static str {
    match judgement.policy.exceptions.signers_from {
        SignersFrom::LastCommit => " (advisory: the signers come from this repository)",
        SignersFrom::Fleet | SignersFrom::Target => "",
    }
}

/// Refuses what a signature could not make count.
fn worth_signing(own: &Exception, finding: Option<&Finding>, judgement: &Judgement, me: &str) -> Result<()> {
    let rules = &judgement.policy.exceptions;
    if let Some(finding) = finding {
        let story = own.rule == finding.rule && own.path == lossy(&finding.location.path);
        ensure!(story, "the exception's `rule` and `path` are not those of its finding; somebody changed the file");
        if let Some(refusal) = rules.refusal(&finding.rule, finding.severity) {
            bail!(refusal);
        }
    }
    if let Some(fault) = own_fault(own, &judgement.policy, judgement.today) {
        bail!("a signature would not make this exception count: {fault}");
    }
    let kind = rules.approval_kinds.contains(&own.kind);
    let severity = finding.map(|finding| finding.severity);
    let asked = kind || rules.approval_severity.is_some_and(|least| severity.is_none_or(|severity| severity >= least));
    ensure!(asked, "policy asks for no approval here; exception {} counts without one", own.id);
    ensure!(
        !rules.signers.is_empty(),
        "policy names nobody who may approve: `exceptions.signers` of the fleet's policy, or of {} as it is committed",
        crate::policy::PATH
    );
    ensure!(
        !same_person(&own.by, me),
        "it takes a second person, and you ({}) asked for it",
        escape(address(me).as_bytes())
    );
    Ok(())
}

/// The key that was typed, or with which git signs.
fn chosen(typed: Option<&Path>) -> Result<Key> {
    if let Some(path) = typed {
        return Ok(Key::File(path.to_owned()));
    }
    match signing::ssh_key() {
        Some(text) if text.starts_with("key::") => Ok(Key::Agent(text["key::".len()..].trim().to_owned())),
        Some(text) if text.starts_with("ssh-") => Ok(Key::Agent(text)),
        Some(path) => Ok(Key::File(path.into())),
        None => bail!("git's `user.signingKey` names no SSH key; name yours with `--key FILE`"),
    }
}

/// The signature with the name under which it counts.
fn approved(own: &Exception, signature: &str, judgement: &Judgement, book: &Book, me: &str) -> Result<Approval> {
    let signers = &judgement.policy.exceptions.signers;
    // One's own address first; it may stand in the list by a pattern, which is nobody's name.
    let mut names = approval::names(signature, signers)?;
    names.insert(0, address(me).to_owned());
    let mut why = String::new();
    for by in names {
        let tried = Exception { approval: Some(Approval { by, signature: signature.to_owned() }), ..own.clone() };
        match judgement.approval(&tried, &book.repo_id) {
            Ok(()) => return tried.approval.ok_or_else(|| anyhow!("it was just put there")),
            Err(fault) => why = fault,
        }
    }
    bail!("nothing is written: {why}")
}

fn shown(own: &Exception, here: bool) -> String {
    let mut out = String::new();
    let mut row = |name: &str, text: &str| out.push_str(&format!("{name:<12}{}\n", escape(text.as_bytes())));
    row("approving", &own.id);
    row("path", &own.path);
    row("rule", &own.rule);
    row("kind", &own.kind);
    row("reason", &own.reason);
    row("asked by", &own.by);
    row("until", &own.expires.to_string());
    if !here {
        row("note", "its finding is not in what is staged here, so nobody checked path and rule");
    }
    out
}
