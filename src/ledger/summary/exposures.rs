//! Exposures: which are open, and how long the others took.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Dated;
use crate::ledger::record::Event;
use crate::level::Severity;

/// Exposures of the period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exposures {
    /// Opened in the period.
    pub opened: u64,
    /// Reopened in the period.
    pub reopened: u64,
    /// Closed in the period, and how long they took from the time they were opened (or opened again).
    pub closed: Times,
    /// The same by how they were closed; that of `revoked` is the time to rotate.
    pub closed_how: BTreeMap<String, Times>,
    /// Those that are open at the end of the period, whenever they were opened; the oldest first.
    pub open: Vec<Open>,
}

/// How long something took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// How many.
    pub count: u64,
    /// How many of them have both times on record; the next two are made from these.
    pub timed: u64,
    /// The middle one in seconds; of an even number the mean of the two in the middle.
    pub median_seconds: Option<i64>,
    /// The longest one in seconds.
    pub longest_seconds: Option<i64>,
}

/// An exposure that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Its id.
    pub id: String,
    /// The rule; empty where no record says it.
    pub rule: String,
    /// What the credential opens.
    pub severity: Option<Severity>,
    /// The path of the finding.
    pub path: String,
    /// Its line.
    pub line: u32,
    /// The repository's path.
    pub repository: String,
    /// The clone's id.
    pub clone: String,
    /// Since when, RFC 3339: when it was opened, or opened again.
    pub since: String,
    /// Seconds from then to the end of the period.
    pub open_seconds: i64,
    /// Whom it is assigned to.
    pub owner: Option<String>,
    /// Whose commit it was.
    pub who: Option<String>,
    /// Whether it was closed before.
    pub reopened: bool,
}

impl Times {
    fn of(count: u64, mut seconds: Vec<i64>) -> Self {
        seconds.sort_unstable();
        let middle = seconds.len() / 2;
        let median = match seconds.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(seconds[middle]),
            _ => Some(seconds[middle - 1] + (seconds[middle] - seconds[middle - 1]) / 2),
        };
        let timed = seconds.len() as u64;
        Times { count, timed, median_seconds: median, longest_seconds: seconds.last().copied() }
    }
}

/// Follows every exposure through all records, also those before the period: one that was opened long
/// ago is still open. A clock that went backwards makes no time negative.
pub(super) fn count(dated: &[Dated<'_>], until: Timestamp) -> Exposures {
    let mut open: BTreeMap<&str, (Open, Timestamp)> = BTreeMap::new();
    let mut known: BTreeMap<&str, Open> = BTreeMap::new();
    let mut out = Exposures::default();
    let mut closed: BTreeMap<String, (u64, Vec<i64>)> = BTreeMap::new();
    for own in dated {
        let entry = &own.record.entry;
        let Some(id) = entry.exposure.as_deref() else { continue };
        let opened = entry.opened.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        match entry.event {
            Event::ExposureOpened | Event::ExposureReopened => {
                let again = entry.event == Event::ExposureReopened;
                if own.counts {
                    *(if again { &mut out.reopened } else { &mut out.opened }) += 1;
                }
                let since = if again { own.time } else { opened.unwrap_or(own.time).min(until) };
                let row = row(id, own, known.remove(id), again);
                open.insert(id, (row, since));
            }
            Event::ExposureAssigned => {
                if let Some((row, _)) = open.get_mut(id) {
                    row.owner.clone_from(&entry.text);
                } else if !known.contains_key(id) {
                    // Its opening is in a file that is gone: it is open all the same.
                    let mut row = row(id, own, None, false);
                    // The record names who assigned it, not who made the commit.
                    row.who = None;
                    row.owner.clone_from(&entry.text);
                    open.insert(id, (row, opened.unwrap_or(own.time)));
                }
            }
            Event::ExposureClosed => {
                let before = open.remove(id);
                let since = before.as_ref().map(|(_, since)| *since).or(opened);
                if own.counts {
                    let how = entry.how.clone().unwrap_or_else(|| "unknown".to_owned());
                    let (count, seconds) = closed.entry(how).or_default();
                    *count += 1;
                    seconds.extend(since.map(|since| elapsed(since, own.time)));
                }
                if let Some((row, _)) = before {
                    known.insert(id, row);
                }
            }
            _ => {}
        }
    }
    let all = closed.values().fold((0, Vec::new()), |(count, mut all), (more, seconds)| {
        all.extend(seconds);
        (count + more, all)
    });
    out.closed = Times::of(all.0, all.1);
    out.closed_how = closed.into_iter().map(|(how, (count, seconds))| (how, Times::of(count, seconds))).collect();
    let rows = open.into_values().map(|(row, since)| Open {
        since: since.to_string(),
        open_seconds: elapsed(since, until),
        ..row
    });
    out.open = rows.collect();
    out.open.sort_by_key(|row| (std::cmp::Reverse(row.open_seconds), row.id.clone()));
    out
}

fn elapsed(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second()).max(0)
}

/// What a record says of an exposure; what it does not say is taken from before.
fn row(id: &str, own: &Dated<'_>, before: Option<Open>, reopened: bool) -> Open {
    let entry = &own.record.entry;
    let mut row = before.unwrap_or_default();
    id.clone_into(&mut row.id);
    row.reopened = reopened;
    if let Some(noted) = entry.findings.first() {
        row.rule.clone_from(&noted.rule);
        row.severity = Some(noted.severity);
        row.path.clone_from(&noted.path);
        row.line = noted.line;
    }
    if let Some(place) = &entry.repository {
        row.repository.clone_from(&place.path);
        row.clone.clone_from(&place.clone);
    }
    if entry.who.is_some() {
        row.who.clone_from(&entry.who);
    }
    row
}
