//! The numbers of a report as text for people: short, aligned, nothing that moves a terminal's cursor.

use super::summary::{Summary, Times};
use crate::finding::escape;

/// Rows of a list that are shown; the rest is counted.
const MOST_ROWS: usize = 10;

/// What the guard tells, by event.
const GUARDS: [(&str, &str); 4] = [
    ("guard warned", "guard-warned"),
    ("hooks out of force", "shadowed"),
    ("policy changed", "policy-changed"),
    ("ledger edited", "ledger-edited"),
];

/// Days ahead from which an exception is said to end soon.
pub const SOON: i64 = 30;

/// The report.
pub fn render(summary: &Summary) -> String {
    let mut out = String::new();
    let mut line = |text: String| out.push_str(&format!("{}\n", escape(text.trim_end().as_bytes())));
    let from = summary.from.as_deref().map_or("the beginning", day);
    let ledger =
        if summary.ledger.is_empty() { "no ledger yet".to_owned() } else { format!("ledger {}", summary.ledger) };
    let none = if summary.records == 0 { ": no records in this time" } else { "" };
    line(format!("{ledger}, {from} to {}{none}", day(&summary.until)));
    line(String::new());
    let row = |name: &str, number: u64, more: String| format!("{name:<22}{number:>8}  {more}");
    let commits = &summary.commits;
    line(row("commits", commits.all(), String::new()));
    line(row("  scanned", commits.tally.scanned, share(commits.scanned_share)));
    line(row("  not scanned, clean", commits.tally.unscanned, share(commits.unscanned_share)));
    let how = listed(summary.skipped_how.iter());
    line(row("  skipped the scan", commits.tally.skipped, format!("{}  {how}", share(commits.skipped_share))));
    line(row("blocked", summary.events["blocked"], String::new()));
    // Where no guard runs there is nothing to say of it.
    for (name, event) in GUARDS {
        let more = match event {
            "guard-warned" => format!("{} silenced", summary.events["guard-silenced"]),
            _ => String::new(),
        };
        if summary.events[event] > 0 {
            line(row(name, summary.events[event], more));
        }
    }
    line(row("exceptions used", summary.exceptions.total, listed(summary.exceptions.by_kind.iter())));
    let end = &summary.exceptions.by_end;
    let soon = end.within_14_days + end.within_30_days;
    line(row("  ended", end.ended, String::new()));
    line(row(&format!("  end within {SOON} days"), soon, String::new()));
    let exposures = &summary.exposures;
    line(row("exposures open", exposures.open.len() as u64, String::new()));
    line(row("  opened", exposures.opened + exposures.reopened, String::new()));
    line(row("  closed", exposures.closed.count, took(&exposures.closed)));
    for (how, times) in &exposures.closed_how {
        line(row(&format!("    {how}"), times.count, took(times)));
    }
    if !exposures.open.is_empty() {
        line(String::new());
        line("open exposures".to_owned());
        let rows = exposures.open.iter().map(|own| {
            let owner = own.owner.as_deref().or(own.who.as_deref()).unwrap_or("nobody");
            let place = format!("{}:{}", own.path, own.line);
            format!(
                "  {:>6}  {}  {}  {place}  {}  owner: {owner}",
                span(own.open_seconds),
                own.id,
                own.rule,
                own.repository
            )
        });
        some(rows, &mut line);
    }
    let ending: Vec<_> =
        summary.exceptions.list.iter().filter(|own| own.days.is_some_and(|days| days <= SOON)).collect();
    if !ending.is_empty() {
        line(String::new());
        line("exceptions that ended or end soon".to_owned());
        let rows = ending.into_iter().map(|own| {
            let expires = own.expires.as_deref().unwrap_or_default();
            format!("  {expires}  {}  {}  {}  {}  {}", own.id, own.kind, own.rule, own.path, own.owner)
        });
        some(rows, &mut line);
    }
    let skipping: Vec<_> = summary.repositories.iter().filter(|own| own.commits.tally.skipped > 0).collect();
    if !skipping.is_empty() {
        line(String::new());
        line("repositories by share of skipped commits".to_owned());
        let rows = skipping.into_iter().map(|own| {
            let part = share(own.commits.skipped_share);
            format!("  {part:>6}  {} of {}  {}", own.commits.tally.skipped, own.commits.all(), own.path)
        });
        some(rows, &mut line);
    }
    if !summary.notes.is_empty() {
        line(String::new());
    }
    summary.notes.iter().for_each(|note| line(format!("note: {note}")));
    out
}

fn some(rows: impl ExactSizeIterator<Item = String>, line: &mut impl FnMut(String)) {
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.take(MOST_ROWS).for_each(&mut *line);
    if more > 0 {
        line(format!("  and {more} more; `--json` and `--html` list all"));
    }
}

fn listed<'m>(numbers: impl Iterator<Item = (&'m String, &'m u64)>) -> String {
    numbers.map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(", ")
}

fn took(times: &Times) -> String {
    match (times.median_seconds, times.longest_seconds) {
        (Some(median), Some(longest)) => format!("median {}, longest {}", span(median), span(longest)),
        _ => String::new(),
    }
}

/// The day of an RFC 3339 time.
pub(super) fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// A share in percent, with one place; what is not nothing is not shown as 0.0.
pub(super) fn share(share: Option<f64>) -> String {
    match share {
        None => "–".to_owned(),
        Some(part) if part > 0.0 && part < 0.001 => "<0.1%".to_owned(),
        Some(part) => format!("{:.1}%", part * 100.0),
    }
}

/// A time that something took, in its largest unit: `40 s`, `12 min`, `5 h`, `9 d`.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
