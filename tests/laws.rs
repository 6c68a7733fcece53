//! Laws of the engine, over generated input.

use std::fs;
use std::process::Command;

use leakwarden::finding::Part;
use leakwarden::fragment::{Fragment, View};
use leakwarden::rules::check::{check, example};
use leakwarden::rules::prefilter::{Prefilter, Rarity};
use leakwarden::rules::template::Random;
use leakwarden::rules::{Kind, Rule, RuleSet};
use leakwarden::scan::scan;

fn below(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.draw() % limit as u64).expect("below the limit")
}

/// Bytes that look a bit like source: words, separators, quotes, line ends, and some noise.
fn noise(random: &mut Random, length: usize) -> Vec<u8> {
    const PIECES: [&[u8]; 14] =
        [b" = ", b"\"", b"'", b"\n", b"\r\n", b": ", b"key", b"token", b"://", b"\t", b"\xff", b"\0", b"-----", b"eyJ"];
    let mut out = Vec::new();
    while out.len() < length {
        match below(random, 3) {
            0 => out.extend_from_slice(PIECES[below(random, PIECES.len())]),
            1 => out.push(b'a' + u8::try_from(below(random, 26)).expect("a letter")),
            _ => out.push(u8::try_from(below(random, 256)).expect("a byte")),
        }
    }
    out
}

#[test]
fn every_rule_finds_its_examples_and_none_of_its_negative_examples() {
    let set = RuleSet::builtin();
    let mut complaints = Vec::new();
    for source in set.sources() {
        let found = |part: Part, text: &str| -> Vec<String> {
            let fragment = match part {
                Part::Path => Fragment::text(text.as_bytes(), part, text.as_bytes()),
                _ => Fragment::content(b"text", text.as_bytes(), View::Plain),
            };
            scan(&fragment, &set).findings.into_iter().map(|f| f.rule).collect()
        };
        let all = check(&source, found).expect("built-in rules compile");
        complaints.extend(all.into_iter().map(|c| format!("{}: {c}", source.id)));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A planted example inside any surrounding text is found, at its line, and not shown.
#[test]
fn an_example_is_found_wherever_it_stands() {
    let set = RuleSet::builtin();
    let mut random = Random::new("wherever");
    for source in set.sources().into_iter().filter(|s| s.context.is_empty() && s.files.is_empty()) {
        let text = example(&source, &source.examples[0], 0).expect("a valid template");
        let lines_before = below(&mut random, 40);
        let mut bytes = Vec::new();
        for _ in 0..lines_before {
            bytes.extend_from_slice(b"let x = compute(1, 2); // nothing to see\n");
        }
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(b"\nlet y = 2;\n");
        let found = scan(&Fragment::content(b"f", &bytes, View::Plain), &set).findings;
        let own: Vec<_> = found.iter().filter(|f| f.rule == source.id).collect();
        let last = lines_before + text.lines().count();
        assert!(
            own.iter().any(|f| (lines_before + 1..=last).contains(&(f.location.line as usize))),
            "{} is not found after {lines_before} lines",
            source.id
        );
        for finding in own {
            let secret = String::from_utf8_lossy(finding.secret.expose()).into_owned();
            let shown = format!("{finding:?}");
            assert!(secret.is_empty() || !shown.contains(&secret), "{} shows its secret", source.id);
        }
    }
}

#[test]
fn scanning_never_panics() {
    let set = RuleSet::builtin();
    let mut random = Random::new("never");
    let examples: Vec<String> = set.sources().iter().filter_map(|s| example(s, s.examples.first()?, 0).ok()).collect();
    for round in 0..400 {
        let length = below(&mut random, 600);
        let mut bytes = noise(&mut random, length);
        let planted = &examples[below(&mut random, examples.len())];
        let at = below(&mut random, bytes.len() + 1);
        let cut = below(&mut random, planted.len() + 1);
        bytes.splice(at..at, planted.as_bytes()[..cut].iter().copied());
        let _ = scan(&Fragment::content(b"f", &bytes, View::Plain), &set);
        let _ = scan(&Fragment::text(&bytes, Part::Path, &bytes), &set);
        assert!(round < 400);
    }
}

/// The prefilter loses nothing: it names every place at which a literal stands.
#[test]
fn the_prefilter_loses_nothing() {
    let set = RuleSet::builtin();
    let mut literals = Vec::new();
    for source in set.sources() {
        literals.extend(source.literals());
    }
    literals.sort();
    literals.dedup();
    let numbered: Vec<_> = literals.iter().zip(0_u16..).map(|((l, exact), n)| (l.clone(), *exact, n)).collect();
    let prefilter = Prefilter::build(&numbered, &Rarity::default()).expect("built-in literals");
    let mut random = Random::new("prefilter");
    for (literal, exact, number) in &numbered {
        let length = below(&mut random, 50);
        let mut text = noise(&mut random, length);
        let start = text.len();
        let written = if *exact { literal.clone() } else { literal.to_ascii_uppercase() };
        text.extend_from_slice(written.as_bytes());
        // What follows a literal of three bytes is ASCII in every credential.
        text.push(b'a');
        text.extend(noise(&mut random, 8));
        let mut found = false;
        prefilter.search(&text, |c| {
            found |= c.start == start && c.rules.contains(number);
            None
        });
        assert!(found, "`{literal}` is not found");
    }
}

/// Patterns may not start a match before their keyword unless `lookback` allows it; a rule whose
/// pattern cannot match at its own keyword would be dead.
#[test]
fn every_token_rule_is_within_reach_of_its_keywords() {
    for source in RuleSet::builtin().sources() {
        let rule = Rule::new(source).expect("built-in rules compile");
        if rule.kind == Kind::Token {
            let longest = rule.source.keywords.iter().map(String::len).max().unwrap_or(0);
            assert!(rule.window() >= longest, "{}: the window ends inside the keyword", rule.id());
        }
    }
}

/// The added lines are git's own: compared with `git diff -U0` over random edits.
#[test]
fn added_lines_equal_those_of_git() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut random = Random::new("lines");
    for round in 0..40 {
        let words = ["a\n", "b\n", "c\n", "{\n", "}\n", "\n", "  x\n", "  y\n", "z"];
        let text = |random: &mut Random, length: usize| -> String {
            (0..length).map(|_| words[below(random, words.len())]).collect()
        };
        let old = text(&mut random, 30);
        let mut lines: Vec<String> = old.split_inclusive('\n').map(str::to_owned).collect();
        for _ in 0..below(&mut random, 8) {
            let at = below(&mut random, lines.len() + 1);
            if below(&mut random, 2) == 0 && at < lines.len() {
                lines.remove(at);
            } else {
                lines.insert(at, words[below(&mut random, 8)].to_owned());
            }
        }
        let new: String = lines.concat();
        fs::write(folder.path().join("old"), &old).expect("a writable folder");
        fs::write(folder.path().join("new"), &new).expect("a writable folder");
        let output = Command::new("git")
            .current_dir(folder.path())
            .args(["diff", "--no-index", "--no-color", "-U0", "--", "old", "new"])
            .output()
            .expect("git runs");
        let theirs = added_in(&String::from_utf8_lossy(&output.stdout));
        let ours = leakwarden::git::added_lines(old.as_bytes(), new.as_bytes());
        assert_eq!(ours, theirs, "round {round}:\n{old}\n---\n{new}");
    }
}

fn added_in(diff: &str) -> Vec<u32> {
    let mut all = Vec::new();
    for hunk in diff.lines().filter(|l| l.starts_with("@@")) {
        let plus = hunk.split(' ').find(|part| part.starts_with('+')).expect("a hunk has a new side");
        let (start, count) = plus[1..].split_once(',').unwrap_or((&plus[1..], "1"));
        let (start, count): (u32, u32) = (start.parse().expect("a line"), count.parse().expect("a count"));
        all.extend(start..start + count);
    }
    all
}

/// Text that is made to be slow is given up and said, not scanned for minutes.
#[test]
fn floods_are_given_up() {
    let set = RuleSet::builtin();
    for piece in ["://a", "eyJa", "password='", "-----BEGIN PRIVATE KEY-----"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let scanned = scan(&Fragment::content(b"flood", text.as_bytes(), View::Plain), &set);
        assert!(scanned.given_up.is_some() || scanned.findings.len() < 20_000, "{piece}");
    }
    let quiet = "let x = compute(a, b);\n".repeat(100_000);
    assert!(scan(&Fragment::content(b"quiet", quiet.as_bytes(), View::Plain), &set).given_up.is_none());
}

/// Files of keys are told by their bytes, once, whatever they are called.
#[test]
fn containers_of_keys_are_known_by_their_bytes() {
    let set = RuleSet::builtin();
    let mut random = Random::new("containers");
    let mut noise = |length: usize| (0..length).map(|_| random.draw().to_le_bytes()[0]).collect::<Vec<u8>>();
    let mut with = |head: &[u8], length: usize| [head, &noise(length), b"\0", &noise(64)].concat();
    let oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x82\x09\xb8";
    let rsa = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04\x82\x04\xa7\x30\x82\x04\xa3";
    let jks = [
        b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x05alias\0\0\x01\x90\0\0\0\0\0\0\x05\0\x30\x82".as_slice(),
        b"\x05\0\x30\x0e\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01\x05\0",
    ]
    .concat();
    let cases = [
        ("generic-pkcs12-keystore", with(&[b"\x30\x82\x0a\x01\x02\x01\x03\x30\x82\x09\xc7".as_slice(), oid].concat(), 800)),
        ("generic-java-keystore", with(&jks, 600)),
        ("generic-private-key-der", with(&[b"\x30\x82\x04\xbd\x02\x01\x00".as_slice(), rsa].concat(), 1200)),
        ("generic-private-key-der", with(b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 32)),
        ("git-crypt-key-file", with(b"\0GITCRYPTKEY\0\0\0\x02\0\0\0\0\0\0\0\x03", 132)),
        ("generic-keepass-database", with(b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x00\x00\x04\x00\x02\x10\0\0\0\x31\xc1\xf2\xe6\xbf\x71\x43\x50\xbe\x58\x05\x21\x6a\xfc\x5a\xff", 400)),
    ];
    let sec1 =
        [with(b"\x30\x77\x02\x01\x01\x04\x20", 32)[..39].to_vec(), with(b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d", 90)];
    for (rule, bytes) in cases.into_iter().chain([("generic-private-key-der", sec1.concat())]) {
        let keep = |_: View, _: &Fragment<'_>, _: &mut Vec<_>| Ok::<(), std::convert::Infallible>(());
        let Ok(scanned) = leakwarden::scan::scan_content(b"f", &bytes, &set, keep);
        let found: Vec<&str> = scanned.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(found, [rule]);
    }
}
