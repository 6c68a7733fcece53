//! The numbers of a report over some time. `docs/report.md` says for readers what each one means.
//!
//! Pure: records in, numbers out. Records are taken in the order in which they were written; their
//! times only say to which day and week they belong.

pub mod commits;
pub mod exceptions;
pub mod exposures;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Serialize;

pub use commits::{Commits, Repository};
pub use exceptions::{Exceptions, Used};
pub use exposures::{Exposures, Open, Times};

use super::record::{Event, Record};
use crate::level::Severity;

/// Weeks that a summary lists at most: a clock that was wrong once must not make a list of thousands.
pub const MOST_WEEKS: usize = 104;

/// The time that a summary is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment; `None` is everything that the ledger holds.
    pub from: Option<Timestamp>,
    /// Its last moment, which is also the moment at which exposures are open and exceptions have ended.
    pub until: Timestamp,
}

/// The numbers, as `leakwarden ledger report --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Version of this document: 1. It changes when a field changes its meaning or goes.
    pub version: u32,
    /// The ledger's id; empty where there is no record.
    pub ledger: String,
    /// The machine's name as the last record says it.
    pub host: String,
    /// First moment of the period, RFC 3339; `None` is everything.
    pub from: Option<String>,
    /// Last moment of the period.
    pub until: String,
    /// Records in the period.
    pub records: u64,
    /// Records in the period by their event; all events are listed.
    pub events: BTreeMap<&'static str, u64>,
    /// `skipped` records in the period by the way in which the scan was passed by.
    pub skipped_how: BTreeMap<String, u64>,
    /// Commits made in the period by what was known of them.
    pub commits: Commits,
    /// Exceptions that let something pass in the period.
    pub exceptions: Exceptions,
    /// Exposures: closed in the period, and open at its end.
    pub exposures: Exposures,
    /// Clones, those first in which the largest share of commits skipped the scan.
    pub repositories: Vec<Repository>,
    /// Rules, those first that found most.
    pub rules: Vec<Rule>,
    /// Weeks without gaps, oldest first; at most [`MOST_WEEKS`], the latest ones.
    pub weeks: Vec<Week>,
    /// What a reader of the numbers should know.
    pub notes: Vec<String>,
}

/// What a rule found in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id.
    pub rule: String,
    /// The worst severity that was recorded for it.
    pub severity: Severity,
    /// Different credentials, by pseudonym.
    pub credentials: u64,
    /// Findings in `blocked` records; a second try counts again.
    pub blocked: u64,
    /// Findings in `excepted` records.
    pub excepted: u64,
    /// Findings in `skipped` records.
    pub skipped: u64,
    /// Exposures of this rule that are open at the end of the period.
    pub open: u64,
}

/// Records of one week, Monday to Sunday in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Week {
    /// Its Monday, `2026-11-16`.
    pub monday: String,
    /// `blocked` records.
    pub blocked: u64,
    /// `skipped` records.
    pub skipped: u64,
    /// `excepted` records.
    pub excepted: u64,
}

/// A record with the time at which it counts.
#[derive(Debug, Clone, Copy)]
struct Dated<'r> {
    record: &'r Record,
    time: Timestamp,
    counts: bool,
}

/// The summary of records, which come in the order in which they were written.
///
/// A time that cannot be read counts as the time of the record before; one that lies after the
/// period's end (a clock was wrong) counts as its end.
pub fn summary(records: &[Record], period: Period) -> Summary {
    let (dated, unreadable, later) = dated(records, period);
    let inside: Vec<Dated<'_>> = dated.iter().filter(|own| own.counts).copied().collect();
    let exposures = exposures::count(&dated, period.until);
    let mut notes = Vec::new();
    if unreadable > 0 {
        notes.push(format!("{unreadable} records have no readable time; each counts at the time of the one before"));
    }
    if later > 0 {
        notes.push(format!("{later} records are dated after the end of the period; they count at its end"));
    }
    let (weeks, older) = weeks(&inside, period);
    if older > 0 {
        notes.push(format!("{older} records are older than the {MOST_WEEKS} weeks that are listed"));
    }
    let mut events: BTreeMap<&'static str, u64> = Event::ALL.iter().map(|event| (event.name(), 0)).collect();
    let mut skipped_how = BTreeMap::new();
    for own in &inside {
        let entry = &own.record.entry;
        *events.entry(entry.event.name()).or_default() += 1;
        if entry.event == Event::Skipped {
            let how = entry.how.clone().unwrap_or_else(|| "unknown".to_owned());
            *skipped_how.entry(how).or_default() += 1;
        }
    }
    let repositories = commits::repositories(&inside, &exposures.open);
    let last = records.last();
    Summary {
        version: 1,
        ledger: last.map_or_else(String::new, |record| record.ledger.clone()),
        host: last.map_or_else(String::new, |record| record.entry.host.clone()),
        from: period.from.map(|from| from.to_string()),
        until: period.until.to_string(),
        records: inside.len() as u64,
        events,
        skipped_how,
        commits: commits::total(&repositories),
        exceptions: exceptions::count(&inside, day(period.until)),
        rules: rules(&inside, &exposures.open),
        exposures,
        repositories,
        weeks,
        notes,
    }
}

/// The records with their times, how many times cannot be read, and how many lie after the end.
fn dated(records: &[Record], period: Period) -> (Vec<Dated<'_>>, u64, u64) {
    let (mut unreadable, mut later) = (0, 0);
    let mut before = period.from.unwrap_or(period.until);
    let dated = records.iter().map(|record| {
        let time = match record.time.parse::<Timestamp>() {
            Ok(time) if time > period.until => {
                later += 1;
                period.until
            }
            Ok(time) => time,
            Err(_) => {
                unreadable += 1;
                before
            }
        };
        before = time;
        Dated { record, time, counts: period.from.is_none_or(|from| time >= from) }
    });
    let dated = dated.collect();
    (dated, unreadable, later)
}

/// The day of a moment, in UTC.
fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn monday(date: Date) -> Date {
    date.saturating_sub(Span::new().days(date.weekday().to_monday_zero_offset()))
}

/// The weeks from the first record (or the period's begin) to the end, and how many records are older.
fn weeks(inside: &[Dated<'_>], period: Period) -> (Vec<Week>, u64) {
    let last = monday(day(period.until));
    let earliest = last.saturating_sub(Span::new().weeks(MOST_WEEKS as i64 - 1));
    let oldest = period.from.or_else(|| inside.iter().map(|own| own.time).min());
    let mut date = oldest.map_or(last, |oldest| monday(day(oldest))).max(earliest);
    let mut weeks = BTreeMap::new();
    while date <= last {
        weeks.insert(date, Week { monday: date.to_string(), blocked: 0, skipped: 0, excepted: 0 });
        date = date.saturating_add(Span::new().weeks(1));
    }
    let mut older = 0;
    for own in inside {
        let Some(week) = weeks.get_mut(&monday(day(own.time))) else {
            older += 1;
            continue;
        };
        match own.record.entry.event {
            Event::Blocked => week.blocked += 1,
            Event::Skipped => week.skipped += 1,
            Event::Excepted => week.excepted += 1,
            _ => {}
        }
    }
    (weeks.into_values().collect(), older)
}

fn rules(inside: &[Dated<'_>], open: &[Open]) -> Vec<Rule> {
    let mut rules: BTreeMap<String, (Rule, BTreeSet<&str>)> = BTreeMap::new();
    let new = |rule: &str, severity| Rule {
        rule: rule.to_owned(),
        severity,
        credentials: 0,
        blocked: 0,
        excepted: 0,
        skipped: 0,
        open: 0,
    };
    for own in inside {
        let event = own.record.entry.event;
        if !matches!(event, Event::Blocked | Event::Excepted | Event::Skipped) {
            continue;
        }
        for noted in &own.record.entry.findings {
            let (rule, credentials) =
                rules.entry(noted.rule.clone()).or_insert_with(|| (new(&noted.rule, noted.severity), BTreeSet::new()));
            rule.severity = rule.severity.max(noted.severity);
            credentials.insert(&noted.secret);
            rule.credentials = credentials.len() as u64;
            match event {
                Event::Blocked => rule.blocked += 1,
                Event::Excepted => rule.excepted += 1,
                _ => rule.skipped += 1,
            }
        }
    }
    for exposure in open.iter().filter(|exposure| !exposure.rule.is_empty()) {
        let severity = exposure.severity.unwrap_or(Severity::Low);
        let (rule, _) =
            rules.entry(exposure.rule.clone()).or_insert_with(|| (new(&exposure.rule, severity), BTreeSet::new()));
        rule.severity = rule.severity.max(severity);
        rule.open += 1;
    }
    let mut rules: Vec<Rule> = rules.into_values().map(|(rule, _)| rule).collect();
    rules.sort_by_key(|rule| std::cmp::Reverse((rule.blocked + rule.excepted + rule.skipped, rule.open)));
    rules
}

#[cfg(test)]
mod tests;
