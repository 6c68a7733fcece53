//! The exceptions that let something pass.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Dated;
use crate::exception::days_between;
use crate::ledger::record::{ByException, Event, Noted, Record};

/// Exceptions that were used in the period, each counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exceptions {
    /// How many there are.
    pub total: u64,
    /// How many findings they let pass, each commit counted.
    pub findings: u64,
    /// By kind.
    pub by_kind: BTreeMap<String, u64>,
    /// By the person whose commit used it last.
    pub by_owner: BTreeMap<String, u64>,
    /// By their last day.
    pub by_end: ByEnd,
    /// Every one, that which ends first before the others.
    pub list: Vec<Used>,
}

/// Exceptions by their last day. Each stands in one of the numbers only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ByEnd {
    /// The last day is over.
    pub ended: u64,
    /// It is today or within 14 days.
    pub within_14_days: u64,
    /// It is 15 to 30 days ahead.
    pub within_30_days: u64,
    /// It is 31 to 90 days ahead.
    pub within_90_days: u64,
    /// It is further ahead.
    pub later: u64,
    /// None is recorded: it was for one commit, or stands in the line itself.
    pub no_end: u64,
}

/// An exception that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// In what way it lets pass: `file`, `once`, `inline` or `policy`.
    pub how: String,
    /// Its id, or where it stands.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its reason.
    pub reason: String,
    /// The person whose commit used it last.
    pub owner: String,
    /// The rule of the finding that it let pass last.
    pub rule: String,
    /// The path of that finding.
    pub path: String,
    /// The repository's path.
    pub repository: String,
    /// Its last day.
    pub expires: Option<String>,
    /// Days from the end of the period to its last day; negative where that is over.
    pub days: Option<i64>,
    /// Findings that it let pass in the period.
    pub findings: u64,
}

/// What makes two uses those of one exception. Only the entries of the exceptions file have an id that
/// is theirs alone; the others are told apart by what they speak of.
fn key(own: &ByException, noted: &Noted, record: &Record) -> Vec<String> {
    let entry = &record.entry;
    let clone = entry.repository.as_ref().map_or_else(String::new, |place| place.clone.clone());
    let (how, id) = (own.how.clone(), own.id.clone());
    match own.how.as_str() {
        "file" => vec![how, id],
        "once" => {
            let commit = entry.commit.clone().or_else(|| entry.tree.clone());
            vec![how, id, clone, commit.unwrap_or_else(|| record.seq.to_string())]
        }
        "policy" => vec![how, id, own.kind.clone(), own.reason.clone()],
        _ => vec![how, id, clone, noted.rule.clone(), noted.path.clone(), noted.secret.clone()],
    }
}

/// The exceptions of the `excepted` records. What the last use says of one counts: it may have been renewed.
pub(super) fn count(inside: &[Dated<'_>], today: Date) -> Exceptions {
    let mut all: BTreeMap<Vec<String>, Used> = BTreeMap::new();
    let mut findings = 0;
    for own in inside.iter().filter(|own| own.record.entry.event == Event::Excepted) {
        let entry = &own.record.entry;
        for noted in &entry.findings {
            let Some(exception) = &noted.exception else { continue };
            findings += 1;
            let key = key(exception, noted, own.record);
            let before = all.get(&key).map_or(0, |used| used.findings);
            let end = exception.expires.as_deref().and_then(|text| text.parse::<Date>().ok());
            all.insert(
                key,
                Used {
                    how: exception.how.clone(),
                    id: exception.id.clone(),
                    kind: exception.kind.clone(),
                    reason: exception.reason.clone(),
                    owner: entry.who.clone().unwrap_or_else(|| entry.os_user.clone()),
                    rule: noted.rule.clone(),
                    path: noted.path.clone(),
                    repository: entry.repository.as_ref().map_or_else(String::new, |place| place.path.clone()),
                    expires: exception.expires.clone(),
                    days: end.map(|end| days_between(today, end)),
                    findings: before + 1,
                },
            );
        }
    }
    let mut out = Exceptions { total: all.len() as u64, findings, ..Exceptions::default() };
    for used in all.values() {
        *out.by_kind.entry(used.kind.clone()).or_default() += 1;
        *out.by_owner.entry(used.owner.clone()).or_default() += 1;
        let place = match used.days {
            None => &mut out.by_end.no_end,
            Some(..0) => &mut out.by_end.ended,
            Some(0..=14) => &mut out.by_end.within_14_days,
            Some(15..=30) => &mut out.by_end.within_30_days,
            Some(31..=90) => &mut out.by_end.within_90_days,
            Some(91..) => &mut out.by_end.later,
        };
        *place += 1;
    }
    out.list = all.into_values().collect();
    out.list.sort_by_key(|used| (used.days.is_none(), used.days));
    out
}
