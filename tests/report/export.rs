//! What the ledger exports, checked against the published schemas.
//!
//! OCSF needs a Python with `ocsf-json-schema` and `jsonschema` (`LEAKWARDEN_TEST_PYTHON`, or `python3`);
//! ECS needs `node` and the package `@elastic/ecs` in one of NODE_PATH's folders. Where they are missing
//! the check is skipped, and standard error says so.

use std::io::Write as _;
use std::process::{Command, Stdio};

use leakwarden::ledger::export::{self, Form, ecs, ocsf};
use leakwarden::ledger::record::{ByException, Noted, Place, Tally, Torn, VERSION};
use leakwarden::ledger::{Entry, Event, Record};
use leakwarden::level::{Confidence, Severity};

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
const CONFIDENCES: [Confidence; 3] = [Confidence::Possible, Confidence::Likely, Confidence::Certain];

/// Every event: bare, with everything a record can say, and with names that no schema expects.
fn records() -> Vec<Record> {
    let mut all = Vec::new();
    for event in Event::ALL {
        all.push(Entry { event, ..Entry::default() });
        for how in [None, Some("revoked"), Some("not-a-secret"), Some("removed"), Some("no-verify")] {
            all.push(full(event, how, all.len()));
        }
        all.push(Entry {
            who: Some("\"Bobby\" <script>\u{202e} <not an address>".to_owned()),
            os_user: "DOMAIN\\bobby tables".to_owned(),
            host: "a host, which should have no blanks".to_owned(),
            automation: Some("agent".to_owned()),
            ..full(event, None, all.len())
        });
    }
    let record = |(place, entry): (usize, Entry)| Record {
        v: VERSION,
        ledger: "k3f9a2b7".to_owned(),
        seq: place as u64 + 1,
        time: "2026-11-22T06:00:00.123Z".to_owned(),
        prev: "0".repeat(64),
        torn: (place == 3).then(|| Torn { bytes: 17, sha256: "0".repeat(64) }),
        entry,
    };
    all.into_iter().enumerate().map(record).collect()
}

fn full(event: Event, how: Option<&str>, number: usize) -> Entry {
    let by = ByException {
        how: "file".to_owned(),
        id: "k3f9a2b7".to_owned(),
        kind: "test-value".to_owned(),
        reason: "key of the sandbox".to_owned(),
        expires: Some("2027-01-31".to_owned()),
    };
    let noted = |place: usize, path: &str| Noted {
        rule: format!("provider-thing-{place}"),
        severity: SEVERITIES[(number + place) % 4],
        confidence: CONFIDENCES[(number + place) % 3],
        path: path.to_owned(),
        line: place as u32,
        secret: "s-0123456789abcdef".to_owned(),
        exception: (event == Event::Excepted).then(|| by.clone()),
    };
    let is_exposure = event.name().starts_with("exposure-");
    Entry {
        event,
        at: "pre-commit".to_owned(),
        host: "laptop-7.example.org".to_owned(),
        os_user: "ada".to_owned(),
        who: Some("Ada L. <ada.l+git@example.org>".to_owned()),
        automation: None,
        repository: Some(Place { path: "/home/ada/src/shop".to_owned(), clone: "c0ffee00".to_owned() }),
        commit: Some("0".repeat(40)),
        tree: Some("1".repeat(40)),
        how: how.map(str::to_owned),
        findings: vec![noted(0, "config/a.env"), noted(1, "COMMIT_EDITMSG"), noted(2, "config/a.env")],
        more_findings: 2,
        exposure: is_exposure.then(|| "x1y2z3".to_owned()),
        opened: is_exposure.then(|| "2026-11-01T00:00:00Z".to_owned()),
        text: Some("Eve <eve@example.org>".to_owned()),
        commits: (event == Event::Unscanned).then_some(Tally { scanned: 9, unscanned: 2, skipped: 1 }),
        rules: "0123456789abcdef".to_owned(),
        policy: "default".to_owned(),
    }
}

/// Gives the lines to a checker. 77 is its word for not being able to check.
fn check(form: Form, mut checker: Command) {
    let lines: Vec<String> = records().iter().map(|own| export::line(own, form).expect("a line")).collect();
    let what = format!("{checker:?}");
    let skip = |why: &str| drop(writeln!(std::io::stderr(), "skipped: {what}: {}", why.trim()));
    let child = checker.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return skip(&error.to_string()),
    };
    // A checker that cannot check ends before it has read everything.
    let _ = child.stdin.take().expect("it was piped").write_all((lines.join("\n") + "\n").as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => {}
        Some(77) => skip(&said),
        code => panic!("{code:?}\n{said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn every_event_is_one_of_the_ocsf_class_2006() {
    let python = std::env::var_os("LEAKWARDEN_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let mut checker = Command::new(python);
    checker.args(["tests/report/ocsf.py", ocsf::VERSION]);
    check(Form::Ocsf, checker);
}

#[test]
fn every_event_has_only_fields_of_ecs() {
    let mut checker = Command::new("node");
    checker.args(["tests/report/ecs.cjs", ecs::VERSION]);
    check(Form::Ecs, checker);
}
