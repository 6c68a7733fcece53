//! What is counted how.

use super::*;
use crate::ledger::record::{ByException, Entry, Noted, Place, Tally, VERSION};
use crate::level::Confidence;

/// Records as they are written: numbered, each at its time.
fn ledger(entries: Vec<(&str, Entry)>) -> Vec<Record> {
    let record = |(place, (time, entry)): (usize, (&str, Entry))| Record {
        v: VERSION,
        ledger: "k3f9a2b7".to_owned(),
        seq: place as u64 + 1,
        time: time.to_owned(),
        prev: String::new(),
        torn: None,
        entry,
    };
    entries.into_iter().enumerate().map(record).collect()
}

fn on(event: Event) -> Entry {
    let repository = Some(Place { path: "/src/shop".to_owned(), clone: "c1".to_owned() });
    Entry { event, repository, who: Some("Ada <ada@example.org>".to_owned()), ..Entry::default() }
}

fn noted(rule: &str, secret: &str) -> Noted {
    let (severity, confidence) = (Severity::High, Confidence::Certain);
    Noted {
        rule: rule.to_owned(),
        severity,
        confidence,
        path: "a.env".to_owned(),
        line: 3,
        secret: secret.to_owned(),
        exception: None,
    }
}

fn excepted(how: &str, id: &str, expires: Option<&str>) -> Entry {
    let own = ByException {
        how: how.to_owned(),
        id: id.to_owned(),
        kind: "test-value".to_owned(),
        reason: "a sample".to_owned(),
        expires: expires.map(str::to_owned),
    };
    Entry { findings: vec![Noted { exception: Some(own), ..noted("r", "s1") }], ..on(Event::Excepted) }
}

fn exposure(event: Event, id: &str, how: Option<&str>, text: Option<&str>) -> Entry {
    Entry {
        exposure: Some(id.to_owned()),
        how: how.map(str::to_owned),
        text: text.map(str::to_owned),
        findings: vec![noted("r", "s1")],
        ..on(event)
    }
}

fn until(end: &str) -> Period {
    Period { from: None, until: end.parse().expect("a time") }
}

fn between(from: &str, end: &str) -> Period {
    Period { from: Some(from.parse().expect("a time")), ..until(end) }
}

#[test]
fn an_empty_ledger_has_numbers_too() {
    let own = summary(&[], until("2026-11-22T12:00:00Z"));
    assert_eq!((own.records, own.events.len(), own.commits.scanned_share), (0, Event::ALL.len(), None));
    assert_eq!(own.weeks.len(), 1, "the week of the end");
}

#[test]
fn commits_come_from_tallies_and_skipped_ones_from_whichever_count_is_larger() {
    let tally = |scanned, unscanned, skipped| Some(Tally { scanned, unscanned, skipped });
    let skipped = |commit: &str, how: &str| Entry {
        commit: Some(commit.to_owned()),
        how: Some(how.to_owned()),
        ..on(Event::Skipped)
    };
    let records = ledger(vec![
        ("2026-11-16T10:00:00Z", Entry { commits: tally(80, 10, 1), ..on(Event::Unscanned) }),
        ("2026-11-17T10:00:00Z", skipped("aa", "no-verify")),
        ("2026-11-17T10:01:00Z", skipped("aa", "no-verify")),
        ("2026-11-18T10:00:00Z", skipped("bb", "rebase")),
    ]);
    let own = summary(&records, until("2026-11-22T12:00:00Z"));
    assert_eq!(own.commits.tally, Tally { scanned: 80, unscanned: 10, skipped: 2 }, "two commits, one of them twice");
    assert_eq!(own.commits.all(), 92);
    assert!((own.commits.skipped_share.expect("there are commits") - 2.0 / 92.0).abs() < 1e-9);
    assert_eq!(own.skipped_how, BTreeMap::from([("no-verify".to_owned(), 2), ("rebase".to_owned(), 1)]));
    let late = summary(
        &ledger(vec![("2026-11-16T10:00:00Z", Entry { commits: tally(1, 0, 5), ..on(Event::Unscanned) })]),
        until("2026-11-22T12:00:00Z"),
    );
    assert_eq!(late.commits.tally.skipped, 5, "the tally knows more than the records that are left");
}

#[test]
fn an_exception_of_the_file_counts_once_and_as_its_last_use_says() {
    let records = ledger(vec![
        ("2026-11-01T10:00:00Z", excepted("file", "e1", Some("2026-11-10"))),
        (
            "2026-11-02T10:00:00Z",
            Entry { who: Some("Bob <bob@example.org>".to_owned()), ..excepted("file", "e1", Some("2026-12-01")) },
        ),
        ("2026-11-03T10:00:00Z", Entry { commit: Some("c1".to_owned()), ..excepted("once", "f1", None) }),
        ("2026-11-03T10:00:00Z", Entry { commit: Some("c2".to_owned()), ..excepted("once", "f1", None) }),
        ("2026-11-04T10:00:00Z", excepted("inline", "leakwarden", None)),
        ("2026-11-05T10:00:00Z", excepted("inline", "leakwarden", None)),
    ]);
    let own = summary(&records, until("2026-11-22T12:00:00Z")).exceptions;
    assert_eq!((own.total, own.findings), (4, 6), "e1, f1 for each of two commits, and the remark");
    assert_eq!((own.by_end.within_14_days, own.by_end.ended, own.by_end.no_end), (1, 0, 3));
    assert_eq!(own.by_owner["Bob <bob@example.org>"], 1);
    assert_eq!((own.list[0].id.as_str(), own.list[0].findings, own.list[0].days), ("e1", 2, Some(9)));
}

#[test]
fn ends_are_told_apart_by_days_from_the_last_day_of_the_period() {
    let ends = [
        "2026-11-21",
        "2026-11-22",
        "2026-12-06",
        "2026-12-07",
        "2026-12-22",
        "2026-12-23",
        "2027-02-20",
        "2027-02-21",
    ];
    let entries = ends.iter().map(|end| ("2026-11-02T10:00:00Z", excepted("file", end, Some(end)))).collect();
    let by_end = summary(&ledger(entries), until("2026-11-22T23:00:00Z")).exceptions.by_end;
    let expected =
        exceptions::ByEnd { ended: 1, within_14_days: 2, within_30_days: 2, within_90_days: 2, later: 1, no_end: 0 };
    assert_eq!(by_end, expected);
}

#[test]
fn an_exposure_is_open_until_it_is_closed_and_again_when_it_comes_back() {
    let records = ledger(vec![
        ("2026-10-01T00:00:00Z", exposure(Event::ExposureOpened, "x1", None, None)),
        ("2026-10-02T00:00:00Z", exposure(Event::ExposureAssigned, "x1", None, Some("Eve"))),
        ("2026-10-03T00:00:00Z", exposure(Event::ExposureClosed, "x1", Some("revoked"), Some("ticket 7"))),
        ("2026-11-20T00:00:00Z", exposure(Event::ExposureReopened, "x1", None, None)),
        ("2026-11-10T00:00:00Z", exposure(Event::ExposureOpened, "x2", None, None)),
        ("2026-10-03T00:00:00Z", exposure(Event::ExposureOpened, "x3", None, None)),
        ("2026-10-04T00:00:00Z", exposure(Event::ExposureClosed, "x3", Some("removed"), None)),
        ("2026-11-11T00:00:00Z", exposure(Event::ExposureAssigned, "x3", None, Some("Eve"))),
    ]);
    let own = summary(&records, between("2026-11-01T00:00:00Z", "2026-11-22T00:00:00Z")).exposures;
    assert_eq!((own.opened, own.reopened, own.closed.count), (1, 1, 0), "what happened before is not counted");
    let open: Vec<(&str, i64)> = own.open.iter().map(|own| (own.id.as_str(), own.open_seconds / 86_400)).collect();
    assert_eq!(open, [("x2", 12), ("x1", 2)], "the second time begins when it came back");
    assert_eq!((own.open[1].owner.as_deref(), own.open[1].reopened), (Some("Eve"), true));
}

#[test]
fn the_time_to_rotate_is_that_of_revoked_ones_and_unknown_where_nobody_knows_the_begin() {
    let mut entries = Vec::new();
    for (id, closed, how) in [
        ("x1", "2026-11-02T00:00:00Z", "revoked"),
        ("x2", "2026-11-04T00:00:00Z", "revoked"),
        ("x3", "2026-11-20T00:00:00Z", "not-a-secret"),
    ] {
        entries.push(("2026-11-01T00:00:00Z", exposure(Event::ExposureOpened, id, None, None)));
        entries.push((closed, exposure(Event::ExposureClosed, id, Some(how), None)));
    }
    // Opened in a file that was rotated away: the record itself says when. The last one does not.
    let opened = Some("2026-11-01T00:00:00Z".to_owned());
    entries.push((
        "2026-11-11T00:00:00Z",
        Entry { opened, ..exposure(Event::ExposureClosed, "x4", Some("revoked"), None) },
    ));
    entries.push(("2026-11-12T00:00:00Z", exposure(Event::ExposureClosed, "x5", Some("removed"), None)));
    let own = summary(&ledger(entries), until("2026-11-22T00:00:00Z")).exposures;
    let day = 86_400;
    let revoked = Times { count: 3, timed: 3, median_seconds: Some(3 * day), longest_seconds: Some(10 * day) };
    assert_eq!(own.closed_how["revoked"], revoked);
    assert_eq!(own.closed_how["removed"], Times { count: 1, timed: 0, ..Times::default() });
    assert_eq!((own.closed.count, own.closed.timed, own.closed.longest_seconds), (5, 4, Some(19 * day)));
    // Of 1, 3, 10 and 19 days the middle is between 3 and 10.
    assert_eq!(own.closed.median_seconds, Some(6 * day + day / 2));
    assert!(own.open.is_empty());
}

#[test]
fn clocks_that_jump_make_no_time_negative_and_no_list_endless() {
    let records = ledger(vec![
        ("1970-01-01T00:00:00Z", on(Event::Blocked)),
        ("2026-11-20T00:00:00Z", exposure(Event::ExposureOpened, "x1", None, None)),
        ("2026-11-19T00:00:00Z", exposure(Event::ExposureClosed, "x1", Some("revoked"), None)),
        ("nonsense", on(Event::Blocked)),
        ("9999-01-01T00:00:00Z", on(Event::Blocked)),
    ]);
    let own = summary(&records, until("2026-11-22T00:00:00Z"));
    assert_eq!(own.weeks.len(), MOST_WEEKS);
    assert_eq!(own.weeks.iter().map(|week| week.blocked).sum::<u64>(), 2, "that of 1970 is older than the list");
    assert_eq!((own.events["blocked"], own.notes.len()), (3, 3), "{:?}", own.notes);
    assert_eq!(own.exposures.closed.longest_seconds, Some(0));
}

#[test]
fn weeks_begin_on_monday_and_have_no_gaps() {
    let records = ledger(vec![
        ("2026-11-01T23:59:59Z", on(Event::Blocked)),
        ("2026-11-02T00:00:00Z", on(Event::Skipped)),
        ("2026-11-16T00:00:00Z", excepted("file", "e1", None)),
    ]);
    let weeks = summary(&records, until("2026-11-22T12:00:00Z")).weeks;
    let rows: Vec<_> = weeks.iter().map(|w| (w.monday.as_str(), w.blocked, w.skipped, w.excepted)).collect();
    assert_eq!(
        rows,
        [("2026-10-26", 1, 0, 0), ("2026-11-02", 0, 1, 0), ("2026-11-09", 0, 0, 0), ("2026-11-16", 0, 0, 1)]
    );
}

#[test]
fn a_rule_counts_every_try_and_each_credential_once() {
    let blocked = |secret: &str| Entry { findings: vec![noted("aws-key", secret)], ..on(Event::Blocked) };
    let records = ledger(vec![
        ("2026-11-16T10:00:00Z", blocked("s1")),
        ("2026-11-16T10:01:00Z", blocked("s1")),
        ("2026-11-16T10:02:00Z", blocked("s2")),
        ("2026-11-16T10:03:00Z", exposure(Event::ExposureOpened, "x1", None, None)),
    ]);
    let own = summary(&records, until("2026-11-22T12:00:00Z"));
    let rows: Vec<_> = own.rules.iter().map(|r| (r.rule.as_str(), r.blocked, r.credentials, r.open)).collect();
    assert_eq!(rows, [("aws-key", 3, 2, 0), ("r", 0, 0, 1)]);
    assert_eq!((own.repositories[0].blocked, own.repositories[0].open), (3, 1));
}
