//! What a scan costs on text that is made to be slow, beside what it costs on ordinary source: the
//! table of `docs/performance.md`, "Text that is made to be slow".
//!
//!     cargo bench --bench adversarial                 # every row
//!     cargo bench --bench adversarial -- base64       # some rows
//!
//! Environment: `LEAKWARDEN_BENCH_MEGABYTES` is the size of the large inputs (default 50).
//!
//! Each named piece is repeated twice: as it is, and with a running number after it, so that no two
//! places are the same. So are the literals of all rules, and the near-misses of each rule's examples (the
//! secret's last byte wrong, or missing): a megabyte as they are, less with numbers; the slowest are told.
//! The time is that of the processor for this thread, as Linux counts it. Fails
//! where a named row costs more than [`MOST`] times what ordinary text costs.

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

/// Of the literals and near-misses, how many are told.
const SLOWEST: usize = 10;

/// Bytes of each literal and near-miss: repeated as they are, and with numbers.
const SAMPLES: [usize; 2] = [1 << 20, 64 << 10];

/// Bytes of a named piece with numbers.
const NUMBERED: usize = 5 << 20;

/// Pieces that are repeated: beginnings of credentials, and words beside which one may stand.
const PIECES: [&str; 26] = [
    "=",
    "\"'`",
    "\\\"",
    "://",
    "://a:",
    "https://a:b@",
    "ghp_",
    "AKIA",
    "eyJ",
    "key=",
    "token ",
    "\"key\":\"",
    "password='",
    "password=short1 ",
    "pass\x77ord=a1b2c3d4 ",
    "host=password=",
    "secret key token=",
    "Authorization: Bearer x",
    "asana ",
    "mysql -",
    "psexec -u -p ",
    "recovery codes",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIE",
    "PuTTY-User-Key-File-3: x\nEncryption: none\n",
    "kind: Secret\ndata:\n",
];

fn main() -> Result<()> {
    let size = std::env::var("LEAKWARDEN_BENCH_MEGABYTES").ok().map_or(Ok(50), |own| own.parse::<usize>())? << 20;
    let wanted: Vec<String> = std::env::args().skip(1).filter(|own| !own.starts_with('-')).collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|own| name.contains(own.as_str()));
    let rules = RuleSet::builtin();
    let sources = sources(Path::new("."))?;
    let large = measure(&fill(&sources, size), &rules)?.per_megabyte;
    println!("| input | ms per MB | times ordinary | findings | |\n|---|---:|---:|---:|---|");
    println!("| ordinary source, {} MB | {large:.2} | 1.0 | | |", size >> 20);
    let mut slow = Vec::new();
    let mut told = |name: &str, text: &[u8]| -> Result<()> {
        if !chosen(name) {
            return Ok(());
        }
        let cost = measure(text, &rules)?;
        let times = cost.per_megabyte / large;
        let said = if cost.given_up { "given up" } else { "" };
        println!("| {name} | {:.2} | {times:.1} | {} | {said} |", cost.per_megabyte, cost.findings);
        if times > MOST {
            slow.push(name.to_owned());
        }
        Ok(())
    };
    for piece in PIECES {
        told(&format!("`{}`", piece.escape_debug()), &fill(piece.as_bytes(), size))?;
    }
    for piece in PIECES {
        told(&format!("`{}` and a number", piece.escape_debug()), &numbered(&[piece.into()], NUMBERED))?;
    }
    let mut lines = String::new();
    for number in 0..20_000 {
        lines.push_str(&expand("{base64:76}{nl}", &number.to_string(), None)?);
    }
    let eyj = "eyJ{base64url:61}".repeat(2_000);
    for (name, template) in
        [("base64", "{base64:1000003}"), ("hex", "{hex:1000003}"), ("`eyJ` in base64", eyj.as_str())]
    {
        told(&format!("{name} without line ends"), &fill(expand(template, name, None)?.as_bytes(), size))?;
    }
    told("base64 in lines", &fill(lines.as_bytes(), size))?;
    let mut words = Vec::new();
    let mut near = Vec::new();
    for source in rules.sources() {
        words.extend(source.literals().into_iter().map(|(word, _)| (format!("`{word}`"), vec![word.into_bytes()])));
        near.extend(near_misses(source, &rules)?);
    }
    words.sort();
    words.dedup();
    let all: Vec<Vec<u8>> = near.iter().flat_map(|(_, pieces)| pieces.clone()).collect();
    told("near-misses of all rules", &numbered(&all, size))?;
    println!();
    for (what, all) in [("literals", &words), ("near-misses", &near)] {
        if chosen(what) {
            slowest(&format!("{what}, repeated"), all, &rules, large, |pieces| fill(&pieces.concat(), SAMPLES[0]))?;
            slowest(&format!("{what} and numbers"), all, &rules, large, |pieces| numbered(pieces, SAMPLES[1]))?;
        }
    }
    ensure!(slow.is_empty(), "slower than {MOST} times ordinary text: {slow:?}");
    Ok(())
}

/// Scans each by itself, and tells the slowest of them and how many are slower than they may be.
fn slowest(
    what: &str,
    all: &[(String, Vec<Vec<u8>>)],
    rules: &RuleSet,
    ordinary: f64,
    text: impl Fn(&[Vec<u8>]) -> Vec<u8>,
) -> Result<()> {
    let costs = all.iter().map(|(name, pieces)| Ok((measure(&text(pieces), rules)?, name)));
    let mut costs = costs.collect::<Result<Vec<_>>>()?;
    costs.sort_by(|a, b| b.0.per_megabyte.total_cmp(&a.0.per_megabyte));
    let over = costs.iter().filter(|own| own.0.per_megabyte > MOST * ordinary).count();
    let given_up = costs.iter().filter(|own| own.0.given_up).count();
    println!("{what}: {} of {} over {MOST} times ordinary, {given_up} given up; the slowest:", over, costs.len());
    for (cost, name) in costs.iter().take(SLOWEST) {
        println!("  {:.1} times  {name} ({} findings)", cost.per_megabyte / ordinary, cost.findings);
    }
    println!();
    Ok(())
}

/// Examples of a rule whose secret has one byte that is wrong at its end, or one byte too few, as far as
/// no rule finds anything in them.
fn near_misses(source: RuleSource, rules: &RuleSet) -> Result<Vec<(String, Vec<Vec<u8>>)>> {
    let rule = Rule::new(source)?;
    let mut all = Vec::new();
    if rule.kind == Kind::FileName {
        return Ok(all);
    }
    let found = |text: &[u8]| scan(&Fragment::content(b"f", text, View::Plain), rules).findings;
    let (mut wrong, mut short) = (Vec::new(), Vec::new());
    for (number, template) in rule.source.examples.iter().enumerate() {
        let text = example(&rule.source, template, number)?.into_bytes();
        let findings = found(&text);
        let Some(own) = findings.iter().find(|own| own.rule == rule.id()) else { continue };
        let last = own.span.end - 1;
        let ends = |end: &[u8]| [&text[..last], end, &text[last + 1..]].concat();
        wrong.push(ends(b"\x01"));
        short.push(ends(b""));
    }
    for (mut pieces, how) in [(wrong, "last byte wrong"), (short, "one byte short")] {
        pieces.retain(|piece| found(piece).is_empty());
        if !pieces.is_empty() {
            all.push((format!("{}, {how}", rule.id()), pieces));
        }
    }
    Ok(all)
}

/// Pieces one after the other, each with a number after it.
fn numbered(pieces: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + 1024);
    for (number, piece) in pieces.iter().cycle().enumerate() {
        if text.len() >= size {
            break;
        }
        text.extend_from_slice(piece);
        text.extend_from_slice(format!("{number}\n").as_bytes());
    }
    text
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
    given_up: bool,
}

/// The least of three scans (the first one compiles the patterns); a row that takes long is scanned once.
fn measure(text: &[u8], rules: &RuleSet) -> Result<Cost> {
    let megabytes = text.len() as f64 / f64::from(1 << 20);
    let mut least = f64::MAX;
    let mut scanned = None;
    for _ in 0..3 {
        let before = processor()?;
        scanned = Some(scan(&Fragment::content(b"f", text, View::Plain), rules));
        let took = processor()? - before;
        least = least.min(took / megabytes);
        if took > 1000.0 {
            break;
        }
    }
    let scanned = scanned.context("nothing was scanned")?;
    Ok(Cost { per_megabyte: least, findings: scanned.findings.len(), given_up: scanned.given_up.is_some() })
}

/// Milliseconds for which this thread had a processor (`Documentation/scheduler/sched-stats.rst`).
fn processor() -> Result<f64> {
    // Otherwise it is what the last tick of the clock has counted.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("cannot read /proc: this needs Linux")?;
    let nanoseconds: f64 = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
    Ok(nanoseconds / 1e6)
}
