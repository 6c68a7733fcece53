//! `leakwarden ledger show`: the records, for people or as they are stored.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::super::Exit;
use super::super::case::Failure;
use crate::finding::{escape, escape_json};
use crate::ledger::{Event, Record, read};

/// What to show.
#[derive(Debug, Args)]
pub struct Request {
    /// Only what happened since then: days (`30d`), hours (`12h`), weeks (`4w`), a date or a time.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only these events, such as `skipped`; may be given several times.
    #[arg(long, value_name = "NAME")]
    event: Vec<String>,
    /// The records as they are stored, one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(request: &Request) -> Exit {
    super::ended(show(request))
}

fn show(request: &Request) -> Result<String, Failure> {
    let since = request.since.as_deref().map(|text| moment(text, Timestamp::now())).transpose();
    let since = since.map_err(Failure::usage)?;
    let events = request.event.iter().map(|name| event(name)).collect::<Result<Vec<_>>>().map_err(Failure::usage)?;
    let ledger = super::open()?;
    // Texts of JSON compare as times do only while they are all in UTC, so they are parsed.
    let wanted = |record: &Record| {
        let young = since.is_none_or(|since| record.time.parse::<Timestamp>().is_ok_and(|time| time >= since));
        young && (events.is_empty() || events.contains(&record.entry.event))
    };
    let (records, notes) = read::records(ledger.folder())?;
    // Records go to standard output and notes beside them, so that neither is taken for the other.
    notes.iter().for_each(|note| drop(writeln!(io::stderr(), "note: {note}")));
    if request.json {
        let mut out = String::new();
        for line in read::lines(ledger.folder())? {
            let line = line?;
            if let Ok(record) = serde_json::from_slice(&line.bytes)
                && wanted(&record)
            {
                out.push_str(&escape_json(&String::from_utf8_lossy(&line.bytes)));
                out.push('\n');
            }
        }
        return Ok(out);
    }
    let out: String = records.iter().filter(|record| wanted(record)).map(told).collect();
    Ok(if out.is_empty() { "nothing is recorded\n".to_owned() } else { out })
}

/// A record for people: a line, and one for each finding.
fn told(record: &Record) -> String {
    let entry = &record.entry;
    let time = record.time.get(..19).unwrap_or(&record.time).replace('T', " ");
    let mut words = vec![entry.at.clone()];
    words.extend(entry.how.clone());
    words.extend(entry.commit.as_ref().map(|commit| commit.chars().take(12).collect()));
    words.extend(entry.exposure.as_ref().map(|exposure| format!("exposure {exposure}")));
    if let Some(commits) = &entry.commits {
        words.push(format!("{} scanned, {} not, {} skipped", commits.scanned, commits.unscanned, commits.skipped));
    }
    words.extend(entry.repository.as_ref().map(|place| place.path.clone()));
    words.extend(entry.who.clone());
    words.extend(entry.automation.as_ref().map(|kind| format!("by {kind}")));
    words.extend(entry.text.clone());
    words.retain(|word| !word.is_empty());
    let line = format!("{time}Z {:>6}  {:<18} {}", record.seq, entry.event.name(), words.join("  "));
    let mut out = escape(line.as_bytes()) + "\n";
    for noted in &entry.findings {
        let by = noted.exception.as_ref();
        let by = by.map_or_else(String::new, |by| format!("  {} {}: {}", by.how, by.kind, by.reason));
        let line = format!("{}  {}:{}{by}", noted.rule, noted.path, noted.line);
        out.push_str(&format!("{:29}{}\n", "", escape(line.as_bytes())));
    }
    if entry.more_findings > 0 {
        out.push_str(&format!("{:29}and {} more\n", "", entry.more_findings));
    }
    out
}

fn event(name: &str) -> Result<Event> {
    Event::ALL.into_iter().find(|event| event.name() == name).ok_or_else(|| {
        let all: Vec<&str> = Event::ALL.iter().map(|event| event.name()).collect();
        anyhow!("`{name}` is no event; there are {}", all.join(", "))
    })
}

/// The moment that somebody means: so long before now, or a date or time in UTC.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    let wrong = || anyhow!("`{text}` is no time; write `30d`, `12h`, `4w`, `2026-11-22` or `2026-11-22T06:00:00Z`");
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let hours = match unit {
        "h" => Some(1),
        "d" => Some(24),
        "w" => Some(24 * 7),
        _ => None,
    };
    if let (Some(hours), Ok(number)) = (hours, number.parse::<u32>()) {
        return now.checked_sub(SignedDuration::from_hours(hours * i64::from(number))).map_err(|_| wrong());
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == "2026-11-22".len()
    {
        return Ok(date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?.timestamp());
    }
    text.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_typed() {
        let now: Timestamp = "2026-11-22T06:00:00Z".parse().expect("a time");
        let told = |text: &str| moment(text, now).map(|time| time.to_string()).unwrap_or_default();
        assert_eq!(told("12h"), "2026-11-21T18:00:00Z");
        assert_eq!(told("30d"), "2026-10-23T06:00:00Z");
        assert_eq!(told("2026-11-01"), "2026-11-01T00:00:00Z");
        assert_eq!(told("2026-11-01T10:00:00+01:00"), "2026-11-01T09:00:00Z");
        for wrong in ["", "d", "-1d", "30x", "yesterday", "ü", "4294967295w"] {
            assert_eq!(told(wrong), "", "{wrong}");
        }
    }
}
