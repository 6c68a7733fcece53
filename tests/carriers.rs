//! Every rule in ten carriers: a secret out of the rule's own examples is put into each, and must be
//! found once, there, with nothing beside it; and next to letters, quotes and escapes its ends hold.

use std::ops::Range;

use leakwarden::finding::{Confidence, Finding};
use leakwarden::fragment::{Fragment, View};
use leakwarden::rules::check::example;
use leakwarden::rules::syntax::RuleSource;
use leakwarden::rules::{Found, Kind, Rule, RuleSet};
use leakwarden::scan::scan;

/// A secret, with what must stand around it to be found.
struct Sample {
    rule: Rule,
    /// What is put into the carrier.
    whole: String,
    /// The secret in it.
    secret: Range<usize>,
    /// How sure the scan is of it in the rule's own example.
    confidence: Confidence,
}

impl Sample {
    fn of(source: RuleSource, rules: &RuleSet) -> Option<Sample> {
        let rule = Rule::new(source).expect("a built-in rule");
        let templates = rule.source.examples.iter().enumerate();
        let (text, found) = templates
            .map(|(number, template)| example(&rule.source, template, number).expect("a valid template"))
            .find_map(|text| {
                let findings = findings(&text, rules);
                let own = findings.into_iter().find(|own| own.rule == rule.id())?;
                (own.location.line == own.location.end_line).then_some((text, own))
            })?;
        let whole = match rule.kind {
            Kind::Token => whole(&rule, &text, &found.span)?,
            _ => whole(&rule, &text, &found.span).unwrap_or(found.span.clone()),
        };
        let secret = found.span.start - whole.start..found.span.end - whole.start;
        Some(Sample { whole: text[whole].to_owned(), secret, confidence: found.confidence, rule })
    }

    /// The key's name, in words, and a line that stands before.
    fn key(&self) -> (String, String) {
        let word = match self.rule.kind {
            Kind::Assigned => &self.rule.source.keys[0],
            Kind::Context => &self.rule.source.context[0],
            _ => return ("setting".to_owned(), String::new()),
        };
        let name = word.trim_matches(|c| c == '_' || c == '-').replace([' ', '-'], "_");
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match self.rule.kind {
            Kind::Context if !plain => ("token".to_owned(), format!("of {word}\n")),
            _ => (name, String::new()),
        }
    }
}

/// The match of the pattern whose secret stands there.
fn whole(rule: &Rule, text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let mut at = 0;
    while let Some(Found { whole, secret }) = rule.find(text.as_bytes(), at..=text.len()) {
        if secret == *span {
            return Some(whole);
        }
        at = at.max(whole.start) + 1;
    }
    None
}

fn findings(text: &str, rules: &RuleSet) -> Vec<Finding> {
    scan(&Fragment::content(b"f", text.as_bytes(), View::Plain), rules).findings
}

fn samples(rules: &RuleSet) -> Vec<Sample> {
    let content = rules.sources().into_iter().filter(|source| source.files.is_empty());
    content.filter_map(|source| Sample::of(source, rules)).collect()
}

/// A carrier's name, and what it makes of the key's name and the place of the value.
type Carrier = (&'static str, fn(&str) -> [String; 2]);

const CARRIERS: [Carrier; 12] = [
    (".env", |key| [format!("{}=", key.to_uppercase()), "\nPORT=80\n".to_owned()]),
    ("YAML", |key| [format!("service:\n  {key}: "), "\n  port: 80\n".to_owned()]),
    ("JSON", |key| [format!("{{\"{key}\": \""), "\", \"port\": 80}".to_owned()]),
    ("JSON in a string", |key| [format!("\"{{\\\"{key}\\\": \\\""), "\\\"}\"\n".to_owned()]),
    ("Python", |key| [format!("    {key} = \""), "\"  # of the service\n".to_owned()]),
    ("JavaScript", |key| [format!("const {key} = '"), "';\n".to_owned()]),
    ("shell export", |key| [format!("export {}=\"", key.to_uppercase()), "\"\n".to_owned()]),
    ("shell command", |key| [format!("service --{} ", key.replace('_', "-")), " --port 80\n".to_owned()]),
    ("URL query", |key| [format!("https://service.example/v1?{key}="), "&port=80\n".to_owned()]),
    ("HTTP header", |key| [format!("X-{}: ", key.replace('_', "-")), "\r\nAccept: */*\r\n".to_owned()]),
    ("XML", |key| [format!("  <{key}>"), format!("</{key}>\n")]),
    ("Markdown", |key| [format!("- {key}: `"), "` (of the service)\n".to_owned()]),
];

/// Rules without an example on one line.
const ON_SEVERAL_LINES: [&str; 5] = [
    "generic-private-key",
    "generic-putty-encrypted-key",
    "generic-putty-private-key",
    "google-service-account-key",
    "openvpn-static-key",
];

/// Rules of what only stands in files of its own kind.
const OWN_FILES: [&str; 5] =
    ["git-crypt-key-file", "google-authorized-user-file", "netrc-password", "pgpass-password", "wpa-preshared-key"];

const BLANKS: [&str; 5] = [".env", "YAML", "shell command", "URL query", "HTTP header"];

/// A value that cannot stand in a carrier as it is: the rule, words that name the carriers or what
/// touches the value, and why.
const NO_SENSE: [(&str, &[&str], &str); 15] = [
    ("bip39-mnemonic", &BLANKS, "it holds blanks, at which a value without quotes ends"),
    ("keybase-paper-key", &BLANKS, "it holds blanks, at which a value without quotes ends"),
    ("generic-otpauth-export", &["%3D"], "it may hold percent escapes"),
    ("generic-session-cookie", &["%3D"], "it may hold percent escapes"),
    ("laravel-session-cookie", &["%3D"], "it may hold percent escapes"),
    ("generic-tool-password", &["%3D"], "its options may follow percent signs"),
    ("generic-remote-command-password", &["%3D"], "its password may hold percent signs"),
    ("generic-options-password", &["%3D"], "its password may hold percent signs"),
    ("generic-here-string-password", &["%3D"], "its password may hold percent signs"),
    ("wordpress-application-password", &BLANKS, "it holds blanks, at which a value without quotes ends"),
    (
        "generic-command-password",
        &["URL query", "&quot;", "%3D"],
        "a command, which has characters of URLs and entities in it",
    ),
    ("generic-connection-string", &["%3D"], "its password may hold percent signs"),
    ("azure-sql-connection-string", &["%3D"], "its password may hold percent signs"),
    ("azure-sas-token", &["%3D"], "it is percent-encoded itself"),
    ("slack-session-cookie", &["%3D"], "it is percent-encoded itself"),
];

/// Whether the test may leave that out.
fn no_sense(id: &str, place: &str) -> bool {
    NO_SENSE.iter().any(|(own, places, _)| *own == id && places.contains(&place))
}

#[test]
fn every_rule_has_a_sample() {
    let rules = RuleSet::builtin();
    let known: Vec<String> = samples(&rules).iter().map(|own| own.rule.id().to_owned()).collect();
    let content = rules.sources().into_iter().filter(|own| own.files.is_empty());
    let lacking: Vec<String> = content.map(|own| own.id).filter(|id| !known.contains(id)).collect();
    assert_eq!(lacking, ON_SEVERAL_LINES);
    for (id, _, reason) in NO_SENSE {
        assert!(known.iter().any(|own| own == id) && !reason.is_empty(), "there is no rule {id}");
    }
}

#[test]
fn every_rule_in_every_carrier() {
    let rules = RuleSet::builtin();
    let mut wrong = Vec::new();
    let samples = samples(&rules);
    for sample in samples.iter().filter(|own| !OWN_FILES.contains(&own.rule.id())) {
        let (key, before) = sample.key();
        for (name, carrier) in CARRIERS {
            let [head, tail] = carrier(&key);
            let head = before.clone() + &head;
            let text = format!("{head}{}{tail}", sample.whole);
            let wanted = head.len() + sample.secret.start..head.len() + sample.secret.end;
            let found = findings(&text, &rules);
            let exact = found.len() == 1 && found[0].span == wanted && found[0].rule == sample.rule.id();
            if exact == no_sense(sample.rule.id(), name) {
                let said: Vec<_> = found.iter().map(|own| format!("{} {:?}", own.rule, own.span)).collect();
                wrong.push(format!("{} in {name}: wanted {wanted:?}, found {said:?}: {text:?}", sample.rule.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// What may touch a value without being part of it.
const AROUND: [(&str, &str); 9] = [
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("\\\"", "\\\""),
    ("&quot;", "&quot;"),
    ("\\n", "\\n"),
    ("%3D", "%26"),
    ("\\u0022", "\\u0022"),
    (">", "<"),
];

#[test]
fn the_ends_of_a_token_hold() {
    let rules = RuleSet::builtin();
    let mut wrong = Vec::new();
    let carried = |own: &&Sample| own.rule.kind == Kind::Token && !OWN_FILES.contains(&own.rule.id());
    for sample in samples(&rules).iter().filter(carried) {
        let id = sample.rule.id();
        let at = |text: &str, start: usize| {
            let span = start + sample.secret.start..start + sample.secret.end;
            findings(text, &rules).iter().any(|own| own.rule == id && own.span == span)
        };
        for (before, after) in AROUND {
            let text = format!("x {before}{}{after} y\n", sample.whole);
            if at(&text, 2 + before.len()) == no_sense(id, before) {
                wrong.push(format!("{id} is not found, or is against what is said in NO_SENSE: {text:?}"));
            }
        }
        // What is proven may stand anywhere.
        if sample.rule.source.embedded || sample.confidence == Confidence::Certain {
            continue;
        }
        let ends = sample.whole.as_bytes();
        for letter in ["q", "7", "Q"] {
            let text = format!("x {letter}{} y\n", sample.whole);
            if sample.secret.start == 0 && ends[0].is_ascii_alphanumeric() && at(&text, 3) {
                wrong.push(format!("{id} is found inside a word: {text:?}"));
            }
            let text = format!("x {}{letter} y\n", sample.whole);
            if sample.secret.end == ends.len() && ends[ends.len() - 1].is_ascii_alphanumeric() && at(&text, 2) {
                wrong.push(format!("{id} is found at the head of a word: {text:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
