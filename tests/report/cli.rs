//! `leakwarden ledger report` and `export` as people run them.

use std::fs;
use std::path::Path;
use std::process::Command;

use leakwarden::ledger::Ledger;
use leakwarden::ledger::sink::Sinks;
use serde_json::Value;

use crate::page::records;

/// Runs the command in an empty home whose policy names the folder: exit code, standard output, error.
fn run(scratch: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let settings = scratch.join(".config/leakwarden");
    fs::create_dir_all(&settings).expect("a folder");
    let path = scratch.join("state").display().to_string();
    fs::write(settings.join("config.toml"), format!("[ledger]\npath = '{path}'\n")).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_leakwarden"));
    command.arg("ledger").args(arguments).current_dir(scratch).env_remove("XDG_CONFIG_HOME").env("HOME", scratch);
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A home with a ledger of some records, all written now.
fn written(number: usize) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::at(scratch.path().join("state"), Sinks::default());
    for record in records().into_iter().take(number) {
        ledger.append(record.entry).expect("a record can be written");
    }
    scratch
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the place of the user's policy is Linux's")]
fn a_report_comes_as_text_as_json_and_as_a_page() {
    let scratch = written(120);
    let at = |arguments: &[&str]| run(scratch.path(), arguments);
    let (code, out, error) = at(&["report"]);
    assert!(code == Some(0) && error.is_empty(), "{out}{error}");
    assert!(out.contains("\nblocked ") && out.contains("exposures open") && !out.contains('\u{202e}'), "{out}");
    let (code, out, _) = at(&["report", "--json", "--since", "all"]);
    let numbers: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &numbers["records"], &numbers["from"]), (Some(0), &120.into(), &Value::Null));
    let (code, out, error) = at(&["report", "--html", "page.html"]);
    assert_eq!((code, out.as_str()), (Some(0), "page.html is written\n"), "{error}");
    let page = fs::read_to_string(scratch.path().join("page.html")).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    // A rule that is ours has the address at which it is replaced.
    assert!(page.contains("aria-label=\"Rotate a credential of "), "no rule has a link");
    let (code, _, error) = at(&["report", "--html", "state"]);
    assert!(code == Some(2) && error.contains("is a folder"), "{error}");
    let (code, _, error) = at(&["report", "--html", "no/page.html"]);
    assert!(code == Some(2) && error.contains("cannot write no/page.html"), "{error}");
    assert_eq!(at(&["report", "--since", "yesterday"]).0, Some(2));
    let (code, out, _) = run(written(0).path(), &["report"]);
    assert!(code == Some(0) && out.starts_with("no ledger yet"), "{out}");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the place of the user's policy is Linux's")]
fn an_export_is_one_line_for_each_record_and_says_what_it_left_out() {
    let scratch = written(60);
    let at = |arguments: &[&str]| run(scratch.path(), arguments);
    let file = scratch.path().join("state/ledger.jsonl");
    let stored = fs::read_to_string(&file).expect("the ledger");
    let (code, out, error) = at(&["export", "--format", "jsonl"]);
    assert_eq!((code, out.as_str(), error.as_str()), (Some(0), stored.as_str(), ""), "byte for byte");
    for (form, field) in [("ocsf", "class_uid"), ("ecs", "ecs")] {
        let (code, out, error) = at(&["export", "--format", form]);
        assert!(code == Some(0) && error.is_empty(), "{error}");
        assert_eq!(out.lines().count(), 60);
        for line in out.lines() {
            let event: Value = serde_json::from_str(line).expect("JSON");
            assert!(!event[field].is_null(), "{line}");
        }
    }
    assert_eq!(at(&["export", "--format", "ocsf", "--since", "2099-01-01"]), (Some(0), String::new(), String::new()));
    // Files that are packed are older: they are missed only where what can be read begins too late.
    let packed = scratch.path().join("state/ledger.jsonl-20250101.gz");
    fs::write(&packed, "packed").expect("a file");
    assert_eq!(at(&["export", "--format", "ocsf", "--since", "2099-01-01"]), (Some(0), String::new(), String::new()));
    let (code, out, error) = at(&["export", "--format", "ocsf"]);
    assert_eq!((code, out.lines().count()), (Some(3), 60));
    assert!(error.contains("ledger.jsonl-20250101.gz is compressed and was not read"), "{error}");
    fs::remove_file(&packed).expect("a file");
    assert_eq!(at(&["export", "--format", "csv"]).0, Some(2));
    assert_eq!(at(&["export"]).0, Some(2));
    // An event of a newer version is passed on as it is, and cannot be passed on as anything else; the
    // piece of a line that a killed writer left is no record.
    let last = stored.lines().last().expect("a line");
    let newer = last.replacen("\"event\":\"", "\"event\":\"newer-", 1);
    fs::write(&file, format!("{stored}{newer}\n{{\"v\":1,\"led\n")).expect("a file");
    let (code, out, error) = at(&["export", "--format", "jsonl"]);
    assert_eq!((code, out.lines().count()), (Some(0), 61));
    assert!(error.contains("ledger.jsonl:62: not a record; left out"), "{error}");
    let (code, out, error) = at(&["export", "--format", "ocsf"]);
    assert_eq!((code, out.lines().count()), (Some(3), 60));
    assert!(error.contains("ledger.jsonl:61: left out: not a record that this version knows"), "{error}");
}
