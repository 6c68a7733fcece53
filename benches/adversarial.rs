//! What a scan costs on text that is made to be slow, beside what it costs on ordinary source: the
//! table of `docs/performance.md`, "Text that is made to be slow".
//!
//!     cargo bench --bench adversarial                 # every row
//!     cargo bench --bench adversarial -- base64       # some rows
//!
//! Environment: `LEAKWARDEN_BENCH_MEGABYTES` is the size of each input (default 50).
//!
//! Of each rule's literals and of its near-misses 8 KiB alone are scanned first; the slowest of them
//! are then scanned at full size. The time is that of the processor for this thread, as Linux counts it.
//! Fails where a row costs more than [`MOST`] times what ordinary text costs, or is given up.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use leakwarden::fragment::{Fragment, View};
use leakwarden::rules::check::example;
use leakwarden::rules::syntax::RuleSource;
use leakwarden::rules::template::expand;
use leakwarden::rules::{Kind, Rule, RuleSet};
use leakwarden::scan::scan;

/// Times ordinary text that a row may cost.
const MOST: f64 = 5.0;

/// Of the literals and near-misses, how many are scanned at full size.
const SLOWEST: usize = 3;

/// Bytes of each literal and near-miss from which the slowest are chosen.
const SAMPLE: usize = 8 << 10;

struct Row {
    name: String,
    text: Vec<u8>,
}

fn main() -> Result<()> {
    let size = std::env::var("LEAKWARDEN_BENCH_MEGABYTES").ok().map_or(Ok(50), |own| own.parse::<usize>())? << 20;
    let wanted: Vec<String> = std::env::args().skip(1).filter(|own| !own.starts_with('-')).collect();
    let rules = RuleSet::builtin();
    let ordinary = measure(&fill(&sources(Path::new("."))?, size), &rules)?;
    println!("| input | ms per MB | times ordinary | findings | |\n|---|---:|---:|---:|---|");
    println!("| ordinary source | {:.2} | 1.0 | {} | |", ordinary.per_megabyte, ordinary.findings);
    let mut slow = Vec::new();
    for row in rows(&rules, size)?.into_iter().filter(|own| chosen(&own.name, &wanted)) {
        let cost = measure(&row.text, &rules)?;
        let times = cost.per_megabyte / ordinary.per_megabyte;
        let said = cost.given_up.map_or_else(String::new, |why| format!("given up: {why}"));
        println!("| {} | {:.2} | {times:.1} | {} | {said} |", row.name, cost.per_megabyte, cost.findings);
        if times > MOST || cost.given_up.is_some() {
            slow.push(row.name);
        }
    }
    ensure!(slow.is_empty(), "slower than {MOST} times ordinary text, or given up: {slow:?}");
    Ok(())
}

fn chosen(name: &str, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|own| name.contains(own.as_str()))
}

fn rows(rules: &RuleSet, size: usize) -> Result<Vec<Row>> {
    let row = |name: &str, piece: &[u8]| Row { name: name.to_owned(), text: fill(piece, size) };
    let random = |template: &str| expand(template, "adversarial", None).map(String::into_bytes);
    let mut lines = String::new();
    for number in 0..20_000 {
        lines.push_str(&expand("{base64:76}{nl}", &number.to_string(), None)?);
    }
    let mut rows = vec![
        row("`=`", b"="),
        row("`key=`", b"key="),
        row("base64 without line ends", &random("{base64:1000003}")?),
        row("base64 in lines", lines.as_bytes()),
        row("hex without line ends", &random("{hex:1000003}")?),
        row("quotes", b"\"'`"),
        row("escaped quotes", b"\\\""),
        row("`://`", b"://"),
        row("`://a:`", b"://a:"),
        row("`eyJ`", b"eyJ"),
        row("`eyJ` in base64", &random(&"eyJ{base64url:61}".repeat(2_000))?),
    ];
    let mut pieces = Vec::new();
    let mut near = Vec::new();
    for source in rules.sources() {
        pieces.extend(source.literals().into_iter().map(|(word, _)| (format!("`{word}`"), word.into_bytes())));
        near.extend(near_misses(source, rules)?);
    }
    pieces.sort();
    pieces.dedup();
    let all: Vec<u8> = near.iter().flat_map(|(_, piece)| piece.clone()).collect();
    rows.push(row("near-misses of all rules", &all));
    rows.extend(slowest(pieces, rules, size)?);
    rows.extend(slowest(near, rules, size)?);
    Ok(rows)
}

/// The pieces that cost most when they are repeated.
fn slowest(pieces: Vec<(String, Vec<u8>)>, rules: &RuleSet, size: usize) -> Result<Vec<Row>> {
    let mut costs = Vec::new();
    for (name, piece) in pieces {
        costs.push((measure(&fill(&piece, SAMPLE), rules)?.per_megabyte, name, piece));
    }
    costs.sort_by(|a, b| b.0.total_cmp(&a.0));
    costs.truncate(SLOWEST);
    Ok(costs.into_iter().map(|(_, name, piece)| Row { name, text: fill(&piece, size) }).collect())
}

/// Examples of a rule whose secret ends in characters that stand in none.
fn near_misses(source: RuleSource, rules: &RuleSet) -> Result<Vec<(String, Vec<u8>)>> {
    let rule = Rule::new(source)?;
    let mut all = Vec::new();
    if rule.kind == Kind::FileName {
        return Ok(all);
    }
    for (number, template) in rule.source.examples.iter().enumerate() {
        let mut text = example(&rule.source, template, number)?.into_bytes();
        let findings = scan(&Fragment::content(b"f", &text, View::Plain), rules).findings;
        let Some(found) = findings.iter().find(|own| own.rule == rule.id()) else { continue };
        let tail = found.span.end.saturating_sub(2).max(found.span.start)..found.span.end;
        text[tail].fill(b'\x01');
        text.push(b'\n');
        all.push((format!("near-misses of {}", rule.id()), text));
    }
    Ok(all)
}

fn fill(piece: &[u8], size: usize) -> Vec<u8> {
    piece.iter().copied().cycle().take(size).collect()
}

/// Our own sources, one after the other.
fn sources(top: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut folders = vec![top.join("src"), top.join("tests")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths: Vec<_> = entries.map(|own| own.map(|own| own.path())).collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|own| own == "rs") {
                all.extend(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
            }
        }
    }
    Ok(all)
}

struct Cost {
    per_megabyte: f64,
    findings: usize,
    given_up: Option<&'static str>,
}

/// The least of two scans; a row that is slow is scanned once.
fn measure(text: &[u8], rules: &RuleSet) -> Result<Cost> {
    let megabytes = text.len() as f64 / f64::from(1 << 20);
    let mut least = f64::MAX;
    let mut scanned = None;
    for _ in 0..2 {
        let before = processor()?;
        scanned = Some(scan(&Fragment::content(b"f", text, View::Plain), rules));
        least = least.min((processor()? - before) / megabytes);
        if least > 100.0 {
            break;
        }
    }
    let scanned = scanned.context("nothing was scanned")?;
    Ok(Cost { per_megabyte: least, findings: scanned.findings.len(), given_up: scanned.given_up })
}

/// Milliseconds for which this thread had a processor (`Documentation/scheduler/sched-stats.rst`).
fn processor() -> Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("cannot read /proc: this needs Linux")?;
    let nanoseconds: f64 = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
    Ok(nanoseconds / 1e6)
}
