//! What must be true of every scan, whatever the text.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::LazyLock;

use jiff::civil::date;
use leakwarden::files::ExplainedFile;
use leakwarden::finding::{Finding, Part};
use leakwarden::fragment::{Fragment, Nature, View, views};
use leakwarden::judgement::Judgement;
use leakwarden::policy::layers::Layers;
use leakwarden::receipt::Receipt;
use leakwarden::report::human::Look;
use leakwarden::report::{self, Report, Subject};
use leakwarden::scan::explain::{Explained, explain, explain_content};
use leakwarden::scan::{Scan, scan, scan_content};

use crate::RULES;
use crate::vocabulary::{Piece, pieces, telling};

/// Lines that say nothing, after which all must be found that was found before.
const MORE: &[u8] = b"\n\nThese lines say nothing at all.\nNor does this one.\n";

/// Milliseconds of the processor that a scan of so small a text may take.
const MOST: f64 = 600.0;

static JUDGEMENT: LazyLock<Judgement> =
    LazyLock::new(|| Judgement::of(&Layers::default(), date(2026, 1, 1)).expect("the policy without any layer"));

/// The numbers of rules by their ids.
static NUMBERS: LazyLock<HashMap<String, u16>> = LazyLock::new(|| {
    let numbers = 0..u16::try_from(RULES.len()).expect("numbers of rules are small");
    numbers.filter_map(|number| Some((RULES.rule(number)?.id().to_owned(), number))).collect()
});

/// Makes what is made once, so that no input is charged for it.
pub fn ready() {
    assert!(!NUMBERS.is_empty() && !telling(b"password"), "the rules, and the program's own words");
    LazyLock::force(&JUDGEMENT);
}

/// Holds all laws for a file's content.
pub fn scanned(path: &[u8], text: &[u8]) {
    let fragment = Fragment::content(path, text, View::Plain);
    let (found, explained) = repeatable(&fragment);
    places(&found.findings, &fragment);
    whole_in_more(&found, &fragment, path, text);
    silent(path, &found, explained);
    if views(text).len() > 1 {
        let (all, explained) = explain_content(path, text, &RULES);
        let short = scan_content(path, text, &RULES, |_, _, _| Ok::<(), ()>(())).expect("nothing fails");
        same(&short, &all);
        silent(path, &all, explained);
    }
}

/// A scan gives the same each time, also where it tells its way, and is not slow.
pub fn repeatable(fragment: &Fragment<'_>) -> (Scan, Explained) {
    let timed = || {
        let before = processor();
        (scan(fragment, &RULES), processor() - before)
    };
    let (found, mut took) = timed();
    // The first time, patterns are compiled.
    for _ in 0..2 {
        if took >= MOST {
            took = took.min(timed().1);
        }
    }
    assert!(took < MOST, "a scan of {} bytes took {took:.0} ms", fragment.text.len());
    let (again, explained) = explain(fragment, &RULES);
    same(&found, &again);
    (found, explained)
}

fn same(one: &Scan, other: &Scan) {
    if one.given_up.is_some() || other.given_up.is_some() {
        return;
    }
    let told = |scan: &Scan| scan.findings.iter().map(|own| format!("{own:?}")).collect::<Vec<_>>();
    assert_eq!(told(one), told(other), "two scans of one text");
}

/// Spans lie in the text, in order, none in another, and on the lines that are told.
pub fn places(findings: &[Finding], fragment: &Fragment<'_>) {
    let text = &*fragment.text;
    let feeds = |part: &[u8]| part.iter().filter(|&&b| b == b'\n').count();
    let (mut end, mut line) = (0, 1);
    for own in findings {
        assert!(own.span.start >= end && own.span.start < own.span.end, "{} stands before the last", own.rule);
        assert!(own.span.end <= text.len(), "{} stands behind the text", own.rule);
        assert!(own.secret.expose() == &text[own.span.clone()], "{} is not what stands there", own.rule);
        line += feeds(&text[end..own.span.start]);
        assert_eq!(line, own.location.line as usize, "the line of {}", own.rule);
        end = own.span.end;
        line += feeds(&text[own.span.clone()]);
        assert_eq!(line, own.location.end_line as usize, "the last line of {}", own.rule);
        let start = text[..own.span.start].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        if own.span.start - start < 4096 {
            let column = 1 + text[start..own.span.start].iter().filter(|&&b| b & 0xc0 != 0x80).count();
            assert_eq!(column, own.location.column as usize, "the column of {}", own.rule);
        }
    }
}

/// What is found in a text is found where lines that say nothing come after it.
fn whole_in_more(found: &Scan, fragment: &Fragment<'_>, path: &[u8], text: &[u8]) {
    let plain = text.is_ascii() && !text.contains(&0) && fragment.nature == Nature::Text;
    if found.findings.is_empty() || !plain || found.given_up.is_some() {
        return;
    }
    let more = [text, MORE].concat();
    let more = scan(&Fragment::content(path, &more, View::Plain), &RULES);
    for own in &found.findings {
        let meets = |other: &Finding| other.span.start < own.span.end && own.span.start < other.span.end;
        let kept = more.findings.iter().any(meets) || more.given_up.is_some();
        assert!(kept, "{} at {:?} is lost where lines follow", own.rule, own.span);
    }
}

/// No text of any kind that is told of a scan holds a value, nor so much of one that it helps.
fn silent(path: &[u8], found: &Scan, explained: Explained) {
    let mut secret = HashSet::new();
    for own in found.findings.iter().filter(|own| own.location.part != Part::Path) {
        let bytes = own.secret.expose();
        let fixed = NUMBERS.get(&own.rule).and_then(|&number| RULES.rule(number));
        let fixed = fixed.map_or(0, |rule| rule.fixed_prefix(bytes)).max(own.issued.unwrap_or(0)).min(bytes.len());
        secret.extend(pieces(&bytes[fixed..]).filter(telling));
    }
    let shown: HashSet<Piece> = pieces(path).collect();
    secret.retain(|piece| !shown.contains(piece));
    if secret.is_empty() {
        return;
    }
    for text in told(path, found, explained) {
        let leak = pieces(text.as_bytes()).position(|piece| secret.contains(&piece));
        if let Some(at) = leak {
            let around = &text.as_bytes()[at.saturating_sub(80)..text.len().min(at + 40)];
            panic!("a part of a value is told: {}", String::from_utf8_lossy(around));
        }
    }
}

/// Everything that is told of a scan.
fn told(path: &[u8], found: &Scan, explained: Explained) -> Vec<String> {
    let judged = JUDGEMENT.judge(found.findings.clone(), None, &[]);
    let report = Report::new(Subject::Commit, judged, Receipt::default());
    let look = Look { color: false, width: None, below: false };
    let files = [ExplainedFile { path: path.to_vec(), explained }];
    let mut all = vec![
        report::human::render(&report, look),
        report::json::render(&report),
        report::sarif::render(&report),
        report::github::render(&report),
        report::explain::human(&report, &files, look),
        report::explain::json(&report, &files),
    ];
    // A remark is text of the source; what of it may be told is told above.
    let bare = |own: &Finding| format!("{:?}", Finding { marker: None, ..own.clone() });
    all.extend(found.findings.iter().map(bare));
    all.extend(found.findings.iter().flat_map(|own| own.reasons.clone()));
    all
}

/// Milliseconds for which this thread had a processor (`Documentation/scheduler/sched-stats.rst`).
fn processor() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|own| own.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}
