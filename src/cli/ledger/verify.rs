//! `leakwarden ledger verify`: whether anybody changed the ledger.

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::{Value, json};

use super::super::case::Failure;
use super::super::hook::ANCHOR;
use super::super::{Exit, fail, print};
use crate::finding::{escape, escape_json};
use crate::git::{history, write};
use crate::ledger::Ledger;
use crate::ledger::chain::Head;
use crate::ledger::read::{Files, Lines, files};
use crate::ledger::verify::{Remark, Remarks, Stated, Verdict, verify};

/// What to compare it with.
#[derive(Debug, Args)]
pub struct Request {
    /// A record that somebody noted elsewhere, `ID:SEQ:HASH`, the hash in full or its first 16
    /// characters; may be given several times.
    #[arg(long, value_name = "ANCHOR")]
    anchor: Vec<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(request: &Request) -> Exit {
    match judge(request) {
        Ok((text, exit)) => match print(&text) {
            Ok(()) => exit,
            Err(error) => fail(Exit::CouldNotScan, &error),
        },
        Err(failure) => super::ended(Err(failure)),
    }
}

fn judge(request: &Request) -> Result<(String, Exit), Failure> {
    let anchor = |text: &String| {
        let why = || anyhow!("`{text}` is no anchor; one is written ID:SEQ:HASH, as `ledger verify` prints it");
        Head::parse(text).ok_or_else(why)
    };
    let mut anchors = request.anchor.iter().map(anchor).collect::<Result<Vec<_>>>().map_err(Failure::usage)?;
    let ledger = super::open()?;
    let (mut files, mut verdict) = read(&ledger, &anchors)?;
    let carried = in_commits(&verdict);
    if !carried.is_empty() {
        anchors.extend(carried);
        (files, verdict) = read(&ledger, &anchors)?;
    }
    let mut notes = files.notes();
    notes.extend(ledger.sinks().faults());
    let text = if request.json { document(&verdict, &notes) } else { told(&ledger, &verdict, &notes) };
    Ok((text, if verdict.holds() { Exit::Clean } else { Exit::Findings }))
}

/// Whether the chain holds, as far as the ledger itself tells.
///
/// # Errors
/// Where it cannot be read.
pub(in crate::cli) fn holds(ledger: &Ledger) -> Result<bool> {
    Ok(read(ledger, &[])?.1.holds())
}

/// The anchors that this person's commits carry, if one stands in a repository: those of this ledger, as
/// far as its records were not rotated away.
fn in_commits(verdict: &Verdict) -> Vec<Head> {
    let (Some(last), Some(first)) = (&verdict.last, verdict.first) else { return Vec::new() };
    // Only those of this person's own commits: anybody may write such a line.
    let Some(me) = write::committer() else { return Vec::new() };
    let texts = history::messages_with("HEAD", ANCHOR, &me).unwrap_or_default();
    let anchors = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.trim().strip_prefix(ANCHOR));
    let anchors = anchors.filter_map(|text| Head::parse(text.trim()));
    anchors.filter(|own| own.ledger == last.ledger && own.seq >= first).collect()
}

fn read(ledger: &Ledger, anchors: &[Head]) -> Result<(Files, Verdict)> {
    // Files and head of one moment; nobody waits while they are read.
    let held = ledger.hold();
    let stated = match ledger.head() {
        Ok(Some(head)) => Stated::Head(head),
        Ok(None) => Stated::Missing,
        Err(error) => Stated::Spoilt(escape(format!("{error:#}").as_bytes())),
    };
    let files = files(ledger.folder())?;
    let unread = !files.compressed.is_empty();
    let lines = Lines::of(&files.readable)?;
    drop(held);
    let verdict = verify(lines, &stated, anchors, unread)?;
    Ok((files, verdict))
}

fn told(ledger: &Ledger, verdict: &Verdict, notes: &[String]) -> String {
    let folder = escape(ledger.folder().as_os_str().as_encoded_bytes());
    let mut out = String::new();
    for (word, remarks) in [("broken", &verdict.broken), ("note", &verdict.notes)] {
        remarks.listed.iter().for_each(|remark| out.push_str(&format!("{word}: {}\n", line(remark))));
        if remarks.more > 0 {
            out.push_str(&format!("{word}: and {} more\n", remarks.more));
        }
    }
    notes.iter().for_each(|note| out.push_str(&format!("note: {note}\n")));
    let Verdict { records, since, until, .. } = verdict;
    out.push_str(&match (&verdict.last, verdict.holds()) {
        (None, true) => format!("there is no ledger in {folder}: nothing was recorded yet\n"),
        (None, false) => format!("the ledger in {folder} is BROKEN: nothing of it is left\n"),
        (Some(last), true) => {
            format!("the ledger in {folder} holds: {records} records, {since} to {until}\nanchor: {last}\n")
        }
        (Some(_), false) => format!("the ledger in {folder} is BROKEN: {records} records, {since} to {until}\n"),
    });
    out
}

fn line(remark: &Remark) -> String {
    let place = match (remark.file.as_str(), remark.line) {
        ("", _) => String::new(),
        (file, line) => format!("{file}:{line}: "),
    };
    let seq = remark.seq.filter(|_| !place.is_empty()).map_or_else(String::new, |seq| format!("record {seq}: "));
    format!("{place}{seq}{}", remark.what)
}

fn document(verdict: &Verdict, notes: &[String]) -> String {
    let value =
        |remark: &Remark| json!({"file": remark.file, "line": remark.line, "seq": remark.seq, "what": remark.what});
    let values = |remarks: &Remarks| remarks.listed.iter().map(value).collect::<Vec<Value>>();
    let mut noted = values(&verdict.notes);
    noted.extend(notes.iter().map(|what| json!({"file": "", "line": 0, "seq": null, "what": what})));
    let document = json!({
        "version": 1,
        "holds": verdict.holds(),
        "records": verdict.records,
        "first": verdict.first,
        "last": verdict.last.as_ref().map(|last| last.seq),
        "since": verdict.since,
        "until": verdict.until,
        "anchor": verdict.last.as_ref().filter(|_| verdict.holds()).map(Head::to_string),
        "broken": values(&verdict.broken),
        "more_broken": verdict.broken.more,
        "notes": noted,
        "more_notes": verdict.notes.more,
    });
    escape_json(&serde_json::to_string_pretty(&document).expect("plain data with string keys")) + "\n"
}
