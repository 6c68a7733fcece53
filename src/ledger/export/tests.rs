//! What the schemas ask for is checked against them in `tests/report/export.rs`; here is what they leave open.

use super::*;
use crate::ledger::record::{Entry, Place, VERSION};

fn record(entry: Entry) -> Record {
    Record {
        v: VERSION,
        ledger: "k3f9a2b7".to_owned(),
        seq: 7,
        time: "2026-11-22T06:00:00.250Z".to_owned(),
        prev: "0".repeat(64),
        torn: None,
        entry,
    }
}

fn exposure(event: Event) -> Record {
    let noted = Noted {
        rule: "aws-key".to_owned(),
        severity: Severity::Critical,
        confidence: Confidence::Certain,
        path: "src/\u{1b}[2Ja.env".to_owned(),
        line: 3,
        secret: "p-1".to_owned(),
        exception: None,
    };
    record(Entry {
        event,
        exposure: Some("x1".to_owned()),
        opened: Some("2026-11-21T06:00:00Z".to_owned()),
        how: Some("revoked".to_owned()),
        who: Some("Ada <ada@example.org>".to_owned()),
        os_user: "ada".to_owned(),
        repository: Some(Place { path: "/src/shop".to_owned(), clone: "c1".to_owned() }),
        findings: vec![noted],
        more_findings: 4,
        ..Entry::default()
    })
}

#[test]
fn the_records_of_one_exposure_are_one_finding() {
    let ids = |form| {
        let line = |event| line(&exposure(event), form).expect("a line");
        [Event::ExposureOpened, Event::ExposureClosed]
            .map(|event| serde_json::from_str::<Value>(&line(event)).expect("JSON"))
    };
    let [opened, closed] = ids(Form::Ocsf);
    assert_eq!(opened["finding_info"]["uid"], "x1");
    assert_eq!(closed["finding_info"]["uid"], "x1");
    assert_eq!(closed["metadata"]["uid"], "k3f9a2b7:7");
    assert_eq!((&opened["activity_id"], &closed["activity_id"]), (&1.into(), &3.into()));
    assert_eq!(closed["time"], 1_795_327_200_250_i64);
    assert_eq!(closed["duration"], 86_400_250);
    assert_eq!(closed["data_security"]["total"], 5);
    let [_, closed] = ids(Form::Ecs);
    assert_eq!(closed["leakwarden"]["finding_id"], "x1");
    assert_eq!(closed["event"]["duration"], 86_400_250_000_000_i64);
    assert_eq!(closed["user"]["email"], "ada@example.org");
}

#[test]
fn lines_are_safe_for_terminals_and_say_what_is_wrong() {
    for form in [Form::Ocsf, Form::Ecs] {
        let line = line(&exposure(Event::Skipped), form).expect("a line");
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
    }
    let broken = Record { time: "soon".to_owned(), ..record(Entry::default()) };
    let error = format!("{:#}", line(&broken, Form::Ocsf).expect_err("there is no time"));
    assert!(error.contains("record 7 of ledger k3f9a2b7") && error.contains("`soon`"), "{error}");
}

#[test]
fn an_address_is_one_only_if_it_looks_like_one() {
    let parts = |who| (person(who).name, person(who).address);
    assert_eq!(parts("Ada L <ada@example.org>"), (Some("Ada L"), Some("ada@example.org")));
    assert_eq!(parts("<script> <no address>"), (Some("<script>"), None));
    assert_eq!(parts("ada"), (Some("ada"), None));
    assert_eq!(parts("<@.>"), (None, None));
    assert_eq!(parts("A <ü@example.org>"), (Some("A"), None));
}
