//! `scan --explain`: it says what a scan does, of everything that was tried, and never the value.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use leakwarden::finding::{Finding, Part};
use leakwarden::fragment::{Fragment, View};
use leakwarden::rules::RuleSet;
use leakwarden::rules::check::example;
use leakwarden::rules::syntax::{Checksum, RuleSource};
use leakwarden::rules::template::expand;
use leakwarden::scan::explain::{Candidate, Outcome, explain, explain_content};
use leakwarden::scan::{scan, scan_content};
use serde_json::Value;

fn leakwarden(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leakwarden"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// The examples of a rule, those in which it finds nothing included.
fn examples(source: &RuleSource) -> Vec<String> {
    let templates = source.examples.iter().chain(&source.negative_examples).enumerate();
    templates.map(|(number, template)| example(source, template, number).expect("a valid template")).collect()
}

type Places = Vec<(String, u32, u32, usize, usize)>;

fn found(findings: &[Finding]) -> Places {
    let place =
        |own: &Finding| (own.rule.clone(), own.location.line, own.location.column, own.span.start, own.span.end);
    let mut all: Places = findings.iter().map(place).collect();
    all.sort();
    all
}

fn reported(candidates: &[Candidate]) -> Places {
    let kept = candidates.iter().filter(|own| matches!(own.outcome, Outcome::Reported { .. }));
    let mut all: Places =
        kept.map(|own| (own.rule.clone(), own.line, own.column, own.span.start, own.span.end)).collect();
    all.sort();
    all
}

/// What is said to be reported is what a scan finds: for each example of each rule, alone and all
/// together, as text and in UTF-16.
#[test]
fn it_keeps_exactly_what_a_scan_finds() {
    let rules = RuleSet::builtin();
    let mut all = String::new();
    for source in rules.sources() {
        for text in examples(&source) {
            let part = if source.files.is_empty() { Part::Content } else { Part::Path };
            let fragment = Fragment::text(b"f", part, text.as_bytes());
            let (explained, tried) = explain(&fragment, &rules);
            let findings = scan(&fragment, &rules).findings;
            assert_eq!(found(&explained.findings), found(&findings), "{}: {text}", source.id);
            assert_eq!(reported(&tried.candidates), found(&findings), "{}: {text}", source.id);
            for own in &tried.candidates {
                let dropped = own.steps.iter().any(|step| !step.kept);
                assert_eq!(dropped, own.outcome == Outcome::Dropped, "{}: {:?}", source.id, own.steps);
            }
            all.push_str(&text);
            all.push('\n');
        }
    }
    let wide: Vec<u8> = [0xfeff].into_iter().chain(all.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [all.as_bytes(), &wide] {
        let every = |_: View, _: &Fragment<'_>, _: &mut Vec<Finding>| Ok::<(), std::fmt::Error>(());
        let findings = scan_content(b"f", bytes, &rules, every).expect("nothing is refused").findings;
        let (explained, tried) = explain_content(b"f", bytes, &rules);
        assert_eq!(found(&explained.findings), found(&findings));
        assert_eq!(reported(&tried.candidates), found(&findings));
    }
}

/// Nothing that was tried is shown by more than a prefix that its issuer fixes, and what is no finding
/// without its last characters.
#[test]
fn what_is_no_finding_shows_less() {
    let rules = RuleSet::builtin();
    for source in rules.sources().into_iter().filter(|source| source.files.is_empty()) {
        for text in examples(&source) {
            let (_, tried) = explain(&Fragment::text(b"f", Part::Content, text.as_bytes()), &rules);
            for own in &tried.candidates {
                let value = &text[own.span.clone()];
                let tail = own.redacted.rsplit("********").next().unwrap_or_default();
                if own.redacted != "[redacted]" && !matches!(own.outcome, Outcome::Reported { .. }) {
                    assert_eq!(tail, "", "{} shows the end of what it dropped", own.rule);
                }
                // Dummies are words that stand in what is said, too.
                let said = format!("{} {:?}", own.redacted, own.steps);
                assert!(value.len() < 12 || !said.contains(value), "{} shows its value: {said}", own.rule);
            }
        }
    }
}

fn token(seed: &str) -> String {
    let prefix = ["gh", "p_"].concat();
    expand(&format!("{prefix}{{base62:30}}{{checksum}}"), seed, Some(Checksum::Crc32Base62)).expect("a valid template")
}

/// A file with a value for each outcome, and the values.
fn planted() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (kept, joined) = (token("kept"), token("joined"));
    let password = expand("{base62:5}!{base62:6}9_", "password", None).expect("a valid template");
    let inline = expand("{base62:5}!{base62:6}8_", "inline", None).expect("a valid template");
    let spoiled = format!("{}{}", &joined[..38], if joined.ends_with("aa") { "bb" } else { "aa" });
    let content = format!(
        "token = \"{kept}\"\nx = \"a{spoiled}b\"\npassword = \"{password}\"\npassword = \"${{DB_PASSWORD}}\"\n\
         db_password = \"{inline}\" # leakwarden:allow test-value made up for the tests of the login\n\
         token_url = \"https://acme.example/{kept}\"\n"
    );
    fs::write(folder.path().join("config.py"), content).expect("a writable folder");
    fs::write(folder.path().join(format!("{kept}.txt")), "a token in a file's name\n").expect("a writable folder");
    (folder, vec![kept, spoiled, password, inline])
}

#[test]
fn each_outcome_has_its_reason_and_no_value_is_shown() {
    let (folder, secrets) = planted();
    let output = leakwarden(folder.path(), &["scan", "--explain", "."]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    for wanted in [
        "config.py:1:10  github-personal-token  ghp_********",
        "checksum     kept: valid, which proves it",
        "covered by the more specific github-personal-token",
        "boundaries   dropped: part of a longer word",
        "dropped: a reference to",
        "let pass by inline (leakwarden, test-value)",
        "high, likely; blocks (id ",
        "words of rules stand where nothing is to judge",
        ".txt (path)",
    ] {
        assert!(said.contains(wanted), "`{wanted}` is missing:\n{said}");
    }
    for arguments in [&["--explain"][..], &["--explain", "--format", "json"], &["--explain", "--color", "always"]] {
        let output = leakwarden(folder.path(), &[&["scan", "."], arguments].concat());
        let all = text(&output.stdout) + &text(&output.stderr);
        for piece in secrets.iter().flat_map(|secret| secret.as_bytes()[4..].windows(8)) {
            let piece = std::str::from_utf8(piece).expect("ASCII");
            assert!(!all.contains(piece), "{arguments:?} shows {piece}");
        }
    }
}

#[test]
fn json_is_as_documented() {
    let (folder, _) = planted();
    let output = leakwarden(folder.path(), &["scan", "config.py", "--explain", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&document["version"], &document["files"][0]["path"]), (&1.into(), &"config.py".into()));
    let documented = fs::read_to_string("docs/json.md").expect("docs/json.md");
    let documented = documented.split_once("## `scan --explain`").expect("a section of its own").1;
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        open.extend(value.as_array().into_iter().flatten());
        for (field, inner) in value.as_object().into_iter().flatten() {
            assert!(documented.contains(&format!("`{field}`")), "docs/json.md does not explain `{field}`");
            open.push(inner);
        }
    }
    let scanned = leakwarden(folder.path(), &["scan", "config.py", "--format", "json"]);
    let scanned: Value = serde_json::from_slice(&scanned.stdout).expect("JSON");
    assert_eq!(document["totals"]["reported"], scanned["totals"]["findings"]);
}

#[test]
fn it_ends_as_a_scan_does() {
    let (folder, _) = planted();
    fs::write(folder.path().join("clean.py"), "token = os.environ['TOKEN']\n").expect("a writable folder");
    let huge = fs::File::create(folder.path().join("huge.bin")).expect("a writable folder");
    huge.set_len((256 << 20) + 1).expect("a sparse file");
    for (path, wanted) in [("config.py", 1), ("clean.py", 0), ("huge.bin", 3), ("nowhere", 2)] {
        let plain = leakwarden(folder.path(), &["scan", path]);
        let told = leakwarden(folder.path(), &["scan", "--explain", path]);
        assert_eq!((plain.status.code(), told.status.code()), (Some(wanted), Some(wanted)), "{path}");
    }
    let sarif = leakwarden(folder.path(), &["scan", "--explain", "--format", "sarif", "clean.py"]);
    assert_eq!(sarif.status.code(), Some(2));
    assert_eq!(leakwarden(folder.path(), &["scan", "--explain", "--staged"]).status.code(), Some(2));
}
