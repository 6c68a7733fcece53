//! `leakwarden exceptions`: list, show, renew, remove, prune, fix.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};

use super::allow::Place;
use super::approve::{standing, worth};
use super::args::Exceptions;
use super::case::Failure;
use super::journal::Journal;
use super::{Exit, exposures, finish};
use crate::exception::book::{self, Book};
use crate::exception::{Exception, PATH, days_between, parse_end, plus_days, reason_fault};
use crate::finding::{escape, escape_json};
use crate::fingerprint::fingerprint;
use crate::git::write;
use crate::level::Severity;

pub(super) fn run(command: Exceptions) -> Exit {
    finish(match command {
        Exceptions::List { json } => list(json),
        Exceptions::Show { id, json } => show(&id, json),
        Exceptions::Renew { id, expires, reason } => renew(&id, expires.as_deref(), reason.as_deref()),
        Exceptions::Remove { id } => remove(&id),
        Exceptions::Prune { dry_run } => prune(dry_run),
        Exceptions::Fix => fix(),
    })
}

fn list(json: bool) -> Result<String, Failure> {
    let place = Place::open()?;
    let book = place.book()?.unwrap_or_default();
    let used = in_use(&place, &book)?;
    if json {
        let all: Vec<serde_json::Value> = book.exceptions.iter().map(|own| value(own, &place, &book, &used)).collect();
        return Ok(document(&serde_json::json!({"version": 1, "repo_id": book.repo_id, "exceptions": all})));
    }
    let mut out = String::new();
    for own in &book.exceptions {
        let approval = standing(own, &place.judgement, &book, used.get(&own.fingerprint).copied());
        let state = state(own, &place, &used, approval.as_ref());
        let line = format!("{}  {}  {:<14}  {}  {}  {}", own.id, own.expires, own.kind, own.path, own.rule, own.by);
        out.push_str(&escape(line.as_bytes()));
        out.push_str(&if state == "valid" { "\n".to_owned() } else { format!("  [{state}]\n") });
    }
    if book.exceptions.is_empty() {
        out.push_str("this repository has no exceptions\n");
    }
    Ok(out)
}

fn show(id: &str, json: bool) -> Result<String, Failure> {
    let place = Place::open()?;
    let book = place.book()?.unwrap_or_default();
    let own = named(&book, id).map_err(Failure::usage)?;
    let used = in_use(&place, &book)?;
    if json {
        return Ok(document(&value(own, &place, &book, &used)));
    }
    let approval = standing(own, &place.judgement, &book, used.get(&own.fingerprint).copied());
    let mut out = String::new();
    let mut row = |name: &str, text: &str| out.push_str(&format!("{name:<12}{}\n", escape(text.as_bytes())));
    row("id", &own.id);
    row("state", state(own, &place, &used, approval.as_ref()));
    row("path", &own.path);
    row("rule", &own.rule);
    row("kind", &own.kind);
    row("reason", &own.reason);
    row("by", &own.by);
    row("created", &own.created.to_string());
    row("expires", &own.expires.to_string());
    row("ticket", own.ticket.as_deref().unwrap_or("-"));
    let by = own.approval.as_ref().map(|approval| approval.by.as_str());
    let approved = match (by, &approval) {
        (Some(by), Some(Ok(_))) => format!("{by}{}", worth(&place.judgement)),
        (Some(by), Some(Err(fault))) => format!("{by}, which does not count: {fault}"),
        (Some(by), None) => format!("{by} (policy does not ask for it)"),
        (None, Some(_)) => format!("nobody yet: leakwarden approve {}", own.id),
        (None, None) => "-".to_owned(),
    };
    row("approved by", &approved);
    Ok(out)
}

fn value(own: &Exception, place: &Place, book: &Book, used: &Used) -> serde_json::Value {
    let approval = standing(own, &place.judgement, book, used.get(&own.fingerprint).copied());
    serde_json::json!({
        "id": own.id,
        "state": state(own, place, used, approval.as_ref()),
        "path": own.path,
        "rule": own.rule,
        "kind": own.kind,
        "reason": own.reason,
        "by": own.by,
        "created": own.created.to_string(),
        "expires": own.expires.to_string(),
        "days_left": days_between(place.judgement.today, own.expires),
        "ticket": own.ticket,
        "approved_by": own.approval.as_ref().map(|approval| &approval.by),
        "approval": match &approval {
            None => "not needed",
            Some(Ok(_)) if worth(&place.judgement).is_empty() => "holds",
            Some(Ok(_)) => "advisory",
            Some(Err(_)) if own.approval.is_some() => "does not count",
            Some(Err(_)) => "pending",
        },
    })
}

fn document(value: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("plain data with string keys");
    escape_json(&text) + "\n"
}

/// `valid`, `ends soon`, `expired`, `pending`: it waits for an approval that counts, or `unused`:
/// nothing that is staged has such a finding.
fn state(own: &Exception, place: &Place, used: &Used, approval: Option<&Result<String, String>>) -> &'static str {
    match days_between(place.judgement.today, own.expires) {
        ..0 if used.contains_key(&own.fingerprint) => "expired",
        0.. if approval.is_some_and(Result::is_err) => "pending",
        _ if !used.contains_key(&own.fingerprint) => "unused",
        0..=14 => "ends soon",
        _ => "valid",
    }
}

/// The fingerprints of all findings in what is staged, with the findings' severities.
type Used = BTreeMap<String, Severity>;

fn in_use(place: &Place, book: &Book) -> Result<Used, Failure> {
    if book.exceptions.is_empty() {
        return Ok(Used::new());
    }
    let all = place.scan(&place.staging()?.from_nothing())?;
    Ok(all.iter().map(|own| (fingerprint(&own.finding, &book.repo_id), own.finding.severity)).collect())
}

pub(super) fn named<'a>(book: &'a Book, id: &str) -> Result<&'a Exception> {
    let id = id.to_ascii_lowercase();
    let mut matching = book.exceptions.iter().filter(|own| own.id.starts_with(&id));
    let first = matching.next().with_context(|| {
        format!("no exception has the id `{}` (`leakwarden exceptions list`)", escape(id.as_bytes()))
    })?;
    if let Some(second) = matching.next() {
        bail!("the id is short for more than one exception: {}, {}", first.id, second.id);
    }
    Ok(first)
}

pub(super) fn written(place: &Place, book: &Book, what: &str) -> Result<String, Failure> {
    write::write_and_stage(&place.repo, PATH, &book.render()).map_err(Failure::usage)?;
    Ok(format!("{what}; {PATH} is written and staged\n"))
}

fn renew(id: &str, expires: Option<&str>, reason: Option<&str>) -> Result<String, Failure> {
    let place = Place::open()?;
    let judgement = &place.judgement;
    if !judgement.may_except() {
        return Err(Failure::usage(anyhow!("policy does not let automation except anything; ask a person to decide")));
    }
    let mut book = place.book()?.unwrap_or_default();
    let mut own = named(&book, id).map_err(Failure::usage)?.clone();
    let rules = &judgement.policy.exceptions;
    let kind = rules.kind(&own.kind).map_err(Failure::usage)?;
    let latest = plus_days(judgement.today, i64::from(kind.longest_days));
    let end = match expires {
        Some(text) => parse_end(text, judgement.today).map_err(Failure::usage)?,
        None => plus_days(judgement.today, i64::from(kind.default_days)),
    };
    if end > latest {
        return Err(Failure::usage(anyhow!(
            "policy lets exceptions of the kind `{}` last {} days: until {latest}",
            own.kind,
            kind.longest_days
        )));
    }
    if let Some(text) = reason {
        judgement.check_text("reason", text).map_err(Failure::usage)?;
        text.trim().clone_into(&mut own.reason);
    }
    if let Some(fault) = reason_fault(&own.reason, rules.least_reason) {
        return Err(Failure::usage(anyhow!(fault)));
    }
    // Whoever renews answers for it; a signature was for another end.
    own.by = write::identity().map_err(Failure::usage)?;
    own.created = judgement.today;
    own.expires = end;
    let again = if own.approval.take().is_some() { "; its approval is void" } else { "" };
    let what = format!("exception {} now ends on {end}{again}", own.id);
    book.put(own);
    let mut said = written(&place, &book, &what)?;
    // What became an exposure because the exception had ended is none any more.
    if exposures::mention(&place.repo).is_some() {
        let found = place.unjudged(&place.staging()?.from_nothing())?;
        let judged = judgement.judge(found, Some(&book), &[]);
        let journal = Journal::open(judgement, Some(&place.repo), "command").map_err(Failure::usage)?;
        let by = write::identity().map_err(Failure::usage)?;
        for line in exposures::settle_excepted(&journal, &place.repo, &judged, &by)? {
            said.push_str(&format!("{}\n", escape(line.as_bytes())));
        }
    }
    Ok(said)
}

fn remove(id: &str) -> Result<String, Failure> {
    let place = Place::open()?;
    let mut book = place.book()?.unwrap_or_default();
    let gone = named(&book, id).map_err(Failure::usage)?.id.clone();
    book.exceptions.retain(|own| own.id != gone);
    written(&place, &book, &format!("exception {gone} is gone"))
}

fn prune(dry_run: bool) -> Result<String, Failure> {
    let place = Place::open()?;
    let mut book = place.book()?.unwrap_or_default();
    let used = in_use(&place, &book)?;
    let (kept, gone): (Vec<Exception>, Vec<Exception>) =
        book.exceptions.drain(..).partition(|own| used.contains_key(&own.fingerprint));
    let lines: String = gone
        .iter()
        .map(|own| escape(format!("{}  {}  {}  {}", own.id, own.path, own.rule, own.by).as_bytes()) + "\n")
        .collect();
    if gone.is_empty() {
        return Ok("every exception has its finding; nothing to take away\n".to_owned());
    }
    if dry_run {
        return Ok(lines);
    }
    book.exceptions = kept;
    Ok(lines + &written(&place, &book, &format!("{} gone", gone.len()))?)
}

/// After a conflict all three versions are in the index; else the file is put in order.
fn fix() -> Result<String, Failure> {
    let place = Place::unmerged()?;
    let read = |stage: u8| -> Result<Option<Book>> {
        let text = write::stage_of(PATH, stage)?;
        text.map(|text| Book::parse(&text).with_context(|| format!("{PATH} (side {stage})"))).transpose()
    };
    let sides = (|| Ok((read(1)?, read(2)?, read(3)?)))().map_err(|error: anyhow::Error| Failure::usage(error))?;
    let (merged, both) = match sides {
        (base, Some(ours), Some(theirs)) => {
            if ours.repo_id != theirs.repo_id {
                return Err(Failure::usage(anyhow!(
                    "the two sides have different `repo_id`s, so the fingerprints of one of them mean nothing in the \
                     other: keep one side (`git checkout --ours {PATH}`) and allow the other findings again"
                )));
            }
            book::merge(&base.unwrap_or_default(), &ours, &theirs)
        }
        (_, Some(one), None) | (_, None, Some(one)) => (one, Vec::new()),
        _ => {
            let text = write::read_worktree(&place, PATH).map_err(Failure::usage)?.unwrap_or_default();
            let text = String::from_utf8(text).map_err(|_| Failure::usage(anyhow!("{PATH} is no UTF-8 text")))?;
            if text.is_empty() {
                return Ok("this repository has no exceptions\n".to_owned());
            }
            (Book::parse(&text).with_context(|| PATH).map_err(Failure::usage)?, Vec::new())
        }
    };
    write::write_and_stage(&place, PATH, &merged.render()).map_err(Failure::usage)?;
    let mut out = format!("{PATH} is merged and staged: {} exceptions\n", merged.exceptions.len());
    for id in both {
        out.push_str(&format!("{id} was changed on both sides: the stricter one counts\n"));
    }
    Ok(out)
}
