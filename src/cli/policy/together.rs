//! The files of a fleet's policy together: what one of them says and another one takes back, and what may
//! surprise.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::around;
use super::check::{Found, Said, Sound, names};
use crate::document::{self, Entry};
use crate::policy::check;
use crate::policy::layers::Layers;
use crate::policy::syntax::Keys;
use crate::rules::RuleSet;
use crate::rules::syntax::RuleSource;

/// What is wrong with the files of a fleet only together.
pub(super) fn together(fleet: &[Sound], found: &mut Found) {
    let mut rules: Vec<(&str, &RuleSource)> = Vec::new();
    let parts = || fleet.iter().flat_map(|own| [(own, &own.file.mandatory), (own, &own.file.recommended)]);
    for (own, keys) in parts() {
        for rule in &keys.rule {
            let same = rules.iter().find(|(_, other)| other.id == rule.id);
            if let Some((other, _)) = same {
                let message = format!("rule `{}` stands in {other} too; only one of them would count", rule.id);
                let at = rule_entry(own, &rule.id);
                found.faults.push(Said::at(&own.name, at.as_ref(), message));
            } else {
                rules.push((&own.name, rule));
            }
        }
    }
    let all: Vec<RuleSource> = rules.iter().map(|(_, rule)| (*rule).clone()).collect();
    let kinds: Vec<&String> = parts()
        .flat_map(|(_, keys)| keys.exceptions.kinds.iter())
        .flat_map(|(name, keys)| [Some(name), keys.name.as_ref()])
        .flatten()
        .collect();
    for (own, keys) in parts() {
        if let Err(error) = names(keys, &all, &kinds) {
            found.faults.push(Said::error(&own.name, &own.text, &error));
        }
    }
    values(fleet, found);
    let mut layers = Layers::default();
    for own in fleet {
        layers.mandatory.push((format!("{} [mandatory]", own.name), own.file.mandatory.clone()));
        layers.recommended.push((format!("{} [recommended]", own.name), own.file.recommended.clone()));
    }
    if let Err(error) = layers.join().and_then(|policy| RuleSet::with(policy.rules)) {
        let last = fleet.last().map_or("", |own| &own.name);
        found.faults.push(Said::at(last, None, format!("with the files before it: {error:#}")));
    }
}

/// Keys that several files set to different values. Of mandatory keys that protect, the strictest value
/// counts; of all others one would silently be lost.
fn values(fleet: &[Sound], found: &mut Found) {
    let mut known: BTreeMap<String, (&str, Entry)> = BTreeMap::new();
    for own in fleet {
        for entry in document::entries(&own.text) {
            let Some((part, key)) = entry.key.split_once('.') else { continue };
            let listed = key.starts_with("rule.") || key.starts_with("exception.") || LISTS.contains(&key);
            if listed || key == "version" {
                continue;
            }
            let Some((other, before)) = known.get(&entry.key) else {
                known.insert(entry.key.clone(), (&own.name, entry));
                continue;
            };
            if before.value == entry.value {
                continue;
            }
            let place = format!("{other} (line {}) sets it to another value", before.line);
            if part == "mandatory" && STRICTEST.contains(&key) {
                found.warn(&own.name, Some(&entry), format!("{place}; the strictest of them counts"));
            } else {
                let message = format!("{place}, and only one of them would count; keep one");
                found.faults.push(Said::at(&own.name, Some(&entry), message));
            }
        }
    }
}

/// Keys whose values are joined.
const LISTS: [&str; 6] = [
    "env_files.allowed",
    "exceptions.ticket",
    "exceptions.never_rules",
    "exceptions.approval_kinds",
    "exceptions.signers",
    "guard.env_names",
];

/// Keys of which the strictest of all mandatory values counts.
const STRICTEST: [&str; 27] = [
    "block.confidence",
    "block.severity",
    "scan.not_scanned",
    "exceptions.allowed",
    "exceptions.longest_days",
    "exceptions.least_reason",
    "exceptions.never_severity",
    "exceptions.approval_severity",
    "exceptions.once",
    "exceptions.inline",
    "exceptions.foreign_markers",
    "exceptions.wide",
    "exceptions.automation",
    "exceptions.prompt",
    "ledger.required",
    "commits.refuse_unscanned",
    "commits.guard_branches",
    "guard.secrets",
    "guard.env_files",
    "guard.key_files",
    "guard.hooks",
    "guard.policy",
    "guard.ledger",
    "guard.env_mode",
    "guard.reuse",
    "guard.age",
    "guard.oldest_days",
];

/// What weakens nothing and may not be what somebody meant.
pub(super) fn surprises(fleet: &[Sound], found: &mut Found) {
    let today = around::today();
    let ended = |date: Date| date < today;
    for own in fleet {
        let entries = document::entries(&own.text);
        let entry = |key: &str| entries.iter().find(|own| own.key == key);
        if entries.iter().all(|own| own.key == "version") {
            found.warn(&own.name, None, "it says nothing");
        }
        for (part, keys) in [("mandatory", &own.file.mandatory), ("recommended", &own.file.recommended)] {
            for (rule, change) in &keys.rules {
                let until = change.mode.as_deref().and_then(|text| check::mode(text).ok()).flatten().flatten();
                if until.is_some_and(ended) {
                    let at = entry(&format!("{part}.rules.{rule}.mode"));
                    found.warn(&own.name, at, format!("that day is over: the rule `{rule}` blocks"));
                }
            }
            for (number, wide) in keys.exception.iter().enumerate() {
                if wide.expires.as_deref().and_then(|text| text.parse().ok()).is_some_and(ended) {
                    let at = entry(&format!("{part}.exception.{number}.expires"));
                    found.warn(&own.name, at, "that day is over: the exception lets nothing pass any more");
                }
            }
        }
        let ordered = |key: &str| fleet.iter().any(|own| document::entries(&own.text).iter().any(|e| e.key == key));
        for own_entry in entries.iter().filter(|own| !LISTS.iter().any(|list| own.key.ends_with(list))) {
            if let Some(key) = own_entry.key.strip_prefix("recommended.")
                && !key.starts_with("rule.")
                && !key.starts_with("exception.")
                && ordered(&format!("mandatory.{key}"))
            {
                found.warn(
                    &own.name,
                    Some(own_entry),
                    "a mandatory part sets it too: the recommendation has no effect",
                );
            }
        }
    }
    let any = |is: &dyn Fn(&Keys) -> bool| fleet.iter().any(|own| is(&own.file.mandatory) || is(&own.file.recommended));
    let Some(first) = fleet.first() else { return };
    if !any(&|keys| keys.organisation.contact.is_some()) {
        found.warn(&first.name, None, "no file names `organisation.contact`: who is stopped does not know whom to ask");
    }
    let approvals =
        |keys: &Keys| !keys.exceptions.approval_kinds.is_empty() || keys.exceptions.approval_severity.is_some();
    if any(&approvals) && !any(&|keys| !keys.exceptions.signers.is_empty()) {
        found.warn(
            &first.name,
            None,
            "approvals are asked for and no file names `exceptions.signers`: those of each repository count",
        );
    }
}

/// Where a rule of a file has its id.
fn rule_entry(own: &Sound, id: &str) -> Option<Entry> {
    let is = |entry: &Entry| entry.key.contains("rule.") && entry.key.ends_with(".id") && entry.value.contains(id);
    document::entries(&own.text).into_iter().rfind(is)
}
