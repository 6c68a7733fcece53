//! `leakwarden ledger report`: the numbers over some time, as text, as JSON, and as a page of HTML.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::super::Exit;
use super::super::case::Failure;
use super::super::hook::for_a_report;
use super::show::moment;
use crate::finding::{escape, escape_json};
use crate::git::{Repo, Surroundings};
use crate::ledger::summary::{Period, summary};
use crate::ledger::{page, read, text};
use crate::rules::RuleSet;

/// What to report.
#[derive(Debug, Args)]
pub struct Request {
    /// Since when: days (`30d`), hours (`12h`), weeks (`4w`), a date, a time, or `all`.
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    since: String,
    /// As JSON (docs/report.md).
    #[arg(long)]
    json: bool,
    /// Write a page of HTML to this file, which needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(request: &Request) -> Exit {
    super::ended(report(request))
}

fn report(request: &Request) -> Result<String, Failure> {
    let until = Timestamp::now();
    let from = match request.since.as_str() {
        "all" => None,
        since => Some(moment(since, until).map_err(Failure::usage)?),
    };
    // Of the repository one stands in, what was not summed yet belongs into it.
    if let Ok(repo) = Repo::open(&Surroundings::default()) {
        for_a_report(&repo)?;
    }
    let (records, unread) = read::records(super::open()?.folder())?;
    let mut numbers = summary(&records, Period { from, until });
    numbers.notes.extend(unread);
    let mut out = String::new();
    if let Some(path) = &request.html {
        let rules = RuleSet::builtin().sources().into_iter();
        let rotate: BTreeMap<String, String> = rules.filter_map(|rule| Some((rule.id, rule.rotate?))).collect();
        page::write(path, &page::render(&numbers, &rotate)).map_err(Failure::usage)?;
        out = format!("{} is written\n", escape(path.as_os_str().as_encoded_bytes()));
    }
    if request.json {
        let document = serde_json::to_string_pretty(&numbers).expect("plain data with string keys");
        return Ok(escape_json(&document) + "\n");
    }
    Ok(if request.html.is_some() { out } else { text::render(&numbers) })
}
