//! The rules as a catalogue: what is looked for, what proves it, where it is replaced.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::{escape, escape_json, phrase};
use crate::rules::syntax::{RuleSource, Structure};

/// The version of the JSON document.
const VERSION: u32 = 1;

/// What renews the document that [`markdown`] gives.
pub const RENEW: &str = "leakwarden rules list --format markdown > docs/rules.md";

/// One line for each rule: id, severity, confidence, what.
pub fn text(rules: &[RuleSource]) -> String {
    let line = |rule: &RuleSource| {
        let what = format!("{} {}", rule.provider, rule.name);
        format!("{:<40} {:<9} {:<9} {what}\n", rule.id, rule.severity.name(), rule.confidence.name())
    };
    rules.iter().map(line).collect()
}

/// A page for people: a table for each provider.
pub fn markdown(rules: &[RuleSource]) -> String {
    let mut providers: BTreeMap<(String, &str), Vec<&RuleSource>> = BTreeMap::new();
    for rule in rules {
        providers.entry((rule.provider.to_lowercase(), &rule.provider)).or_default().push(rule);
    }
    let mut out = format!(
        "# Rules\n\n\
         Made from the built-in rules by `{RENEW}`; a test holds it\n\
         current. {} rules of {} providers.\n\n\
         Severity is what the credential opens. \"Proved by\" is what makes a finding certain or likely: a\n\
         checksum or structure that is right makes it `certain`; a shape that only this issuer uses, or a\n\
         shape at a key or word that names it, `likely`. Findings that are only `possible` do not block.\n\
         [rule-syntax.md](rule-syntax.md) tells how a rule is written; `leakwarden rules show ID` prints one.\n",
        rules.len(),
        providers.len()
    );
    for ((_, provider), mut own) in providers {
        own.sort_by(|a, b| a.id.cmp(&b.id));
        out.push_str(&format!("\n## {}\n\n", cell(provider)));
        out.push_str("| rule | what | severity | proved by | rotate | source |\n|---|---|---|---|---|---|\n");
        for rule in own {
            let link = |word: &str, url: &Option<String>| {
                url.as_ref().map_or_else(String::new, |url| format!("[{word}]({})", cell(url)))
            };
            out.push_str(&format!(
                "| `{}` | {} | {} | {} | {} | {} |\n",
                rule.id,
                cell(&rule.name),
                severity(rule),
                cell(&proof(rule)),
                link("rotate", &rule.rotate),
                link("source", &rule.source),
            ));
        }
    }
    out
}

fn severity(rule: &RuleSource) -> String {
    match rule.confidence.name() {
        "likely" => rule.severity.name().to_owned(),
        other => format!("{}, {other}", rule.severity.name()),
    }
}

/// A text that does not end a cell.
fn cell(text: &str) -> String {
    escape(text.as_bytes()).replace('|', "\\|")
}

/// What a finding of this rule rests on.
fn proof(rule: &RuleSource) -> String {
    let mut all = Vec::new();
    if let Some(sum) = rule.checksum {
        all.push(format!("checksum ({})", name(&sum)));
    }
    match rule.structure {
        Some(Structure::Password | Structure::CommandPassword | Structure::UrlPassword) => {
            all.push("likelihood of being a password".to_owned());
        }
        Some(Structure::Random | Structure::Issued) => all.push("likelihood of being random".to_owned()),
        Some(kind) => all.push(format!("structure ({})", name(&kind))),
        None => {}
    }
    let by = if !rule.files.is_empty() {
        "file name"
    } else if !rule.keywords.is_empty() {
        "shape"
    } else if !rule.keys.is_empty() {
        "shape at a named key"
    } else {
        "shape near a word"
    };
    all.push(by.to_owned());
    all.join(", ")
}

/// The name of a value in rule files.
fn name(value: &impl Serialize) -> String {
    let text = serde_json::to_value(value).ok();
    text.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

/// One rule for people.
pub fn one(rule: &RuleSource) -> String {
    let mut out = format!("{}: {}\n", rule.id, phrase(&rule.provider, &rule.name));
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&format!("  {name:<12}{}\n", escape(text.as_bytes())));
        }
    };
    let words = |all: &[String]| all.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    row("severity", rule.severity.name());
    row("confidence", rule.confidence.name());
    row("proved by", &proof(rule));
    row("literals", &words(&rule.keywords));
    row("keys", &words(&rule.keys));
    row("near", &words(&rule.context));
    row("files", &words(&rule.files));
    row("but not", &words(&rule.except));
    row("pattern", &rule.pattern);
    row(
        "at least",
        &rule.entropy.map_or_else(String::new, |least| format!("{least} bits of entropy in each character")),
    );
    row("boundaries", if rule.embedded { "it may stand inside a longer word" } else { "" });
    row("shown", if rule.hide { "nothing of the value" } else { "" });
    row("rotate", rule.rotate.as_deref().unwrap_or_default());
    row("source", rule.source.as_deref().unwrap_or_default());
    for example in &rule.examples {
        row("found", example);
    }
    for example in &rule.negative_examples {
        row("not found", example);
    }
    out
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    rules: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    provider: &'a str,
    what: String,
    severity: &'static str,
    confidence: &'static str,
    proved_by: String,
    rotate: Option<&'a str>,
    source: Option<&'a str>,
}

fn entry(rule: &RuleSource) -> Entry<'_> {
    let RuleSource { id, provider, name, severity, confidence, rotate, source, .. } = rule;
    Entry {
        id,
        provider,
        what: phrase(provider, name),
        severity: severity.name(),
        confidence: confidence.name(),
        proved_by: proof(rule),
        rotate: rotate.as_deref(),
        source: source.as_deref(),
    }
}

/// For programs: one JSON document with a line feed at its end (`docs/json.md`).
pub fn json(rules: &[RuleSource]) -> String {
    let document = Document { version: VERSION, rules: rules.iter().map(entry).collect() };
    let mut text = escape_json(&serde_json::to_string_pretty(&document).expect("plain data with string keys"));
    text.push('\n');
    text
}
