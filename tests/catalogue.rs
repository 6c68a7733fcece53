//! The catalogue and its document: `docs/coverage.md` names rules that exist and counts rightly, and
//! every rule of a provider says where its credential is replaced and where its format is written down.

use std::collections::BTreeSet;
use std::fs;

use leakwarden::rules::RuleSet;

/// One row of the tables: who issues the token, which token, and what is done with it.
struct Row {
    provider: String,
    token: String,
    answer: String,
}

/// The cells of a line of a table; `\|` is a bar in a cell.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(inner.split(" | ").map(|cell| cell.replace("\\|", "|")).collect())
}

fn document() -> String {
    fs::read_to_string("docs/coverage.md").expect("the document is there")
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let before = rows.len();
        // The heading of the table and the line below it are no rows.
        for line in section.lines().filter(|line| line.starts_with('|')).skip(2) {
            let cells = cells(line).unwrap_or_else(|| panic!("no row of a table: {line}"));
            let [provider, token, answer] = cells.as_slice() else { panic!("three cells are needed: {line}") };
            rows.push(Row { provider: provider.clone(), token: token.clone(), answer: answer.clone() });
        }
        assert!(rows.len() > before, "no rows below `{}`", section.lines().next().unwrap_or_default());
    }
    rows
}

/// What stands in backquotes and looks like the id of a rule.
fn named(answer: &str) -> Vec<&str> {
    let id = |text: &&str| {
        text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    answer.split('`').skip(1).step_by(2).filter(id).collect()
}

#[test]
fn every_row_has_a_rule_that_exists_or_a_reason() {
    let set = RuleSet::builtin();
    let ids: BTreeSet<String> = set.sources().into_iter().map(|source| source.id).collect();
    let mut seen = BTreeSet::new();
    for Row { provider, token, answer } in rows(&document()) {
        assert!(seen.insert((provider.clone(), token.clone())), "{provider}, {token}: twice");
        let rules = named(&answer);
        let why = answer.strip_prefix("Left out: ").or_else(|| answer.strip_prefix("Open: "));
        match why {
            Some(why) => assert!(why.trim().len() > 5, "{provider}, {token}: needs a reason"),
            None => {
                assert!(answer.starts_with('`') && !rules.is_empty(), "{provider}, {token}: neither rule nor reason");
            }
        }
        for rule in rules {
            assert!(ids.contains(rule), "{provider}, {token}: there is no rule `{rule}`");
        }
    }
}

#[test]
fn the_totals_are_counted() {
    let text = document();
    let rows = rows(&text);
    let begin_with = |word: &str| rows.iter().filter(|row| row.answer.starts_with(word)).count();
    let (left_out, open) = (begin_with("Left out: "), begin_with("Open: "));
    let counts = [
        ("with a rule", rows.len() - left_out - open),
        ("left out, with the reason", left_out),
        ("open", open),
        ("all", rows.len()),
    ];
    for (what, count) in counts {
        let line = format!("| {what} | {count} |");
        assert!(text.lines().any(|have| have == line), "docs/coverage.md needs the line `{line}`");
    }
}

#[test]
fn every_rule_of_a_provider_says_where_to_replace_and_where_it_is_documented() {
    for source in RuleSet::builtin().sources().into_iter().filter(|source| source.provider != "Generic") {
        let link = |url: &Option<String>| url.as_ref().is_some_and(|url| url.starts_with("https://"));
        assert!(link(&source.rotate), "{}: `rotate` is missing", source.id);
        assert!(link(&source.source), "{}: `source` is missing", source.id);
    }
}
