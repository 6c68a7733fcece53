//! Mistakes in one layer of policy, by field; and what a repository may not say.

use anyhow::{Context, Result, bail, ensure};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;

use super::syntax::{Keys, Wide};
use super::{WideException, Writer};
use crate::rules::Rule;

/// The version of the syntax.
pub const VERSION: u32 = 1;

/// Own rules that a repository may bring.
const MOST_RULES: usize = 100;

/// Bytes of a pattern of a repository's rule.
const LONGEST_PATTERN: usize = 2_000;

/// Checks a user's layer.
///
/// # Errors
/// As [`owner`]; also where it names signers: whoever asks for an approval could name themself.
pub fn user(keys: &Keys) -> Result<()> {
    owner(keys)?;
    ensure!(
        keys.exceptions.signers.is_empty(),
        "`exceptions.signers` counts only in a fleet's or a repository's policy; take it out"
    );
    Ok(())
}

/// Checks a layer of the machine's owners: fleet or user.
///
/// # Errors
/// Names the key and the mistake.
pub fn owner(keys: &Keys) -> Result<()> {
    common(keys)?;
    for (rule, change) in &keys.rules {
        if let Some(text) = &change.mode {
            mode(text).with_context(|| format!("`rules.{rule}.mode`"))?;
        }
    }
    Ok(())
}

/// Checks a repository's layer: it may tighten, and what it lets pass has owner, reason and end.
///
/// # Errors
/// Names the key, and what to write instead.
pub fn repository(keys: &Keys) -> Result<()> {
    common(keys)?;
    let no = |key: &str, instead: &str| -> Result<()> { bail!("`{key}` may not be set by a repository; {instead}") };
    let owners = "it belongs into a user's or the fleet's policy";
    if keys.scan.size_cap_mib.is_some() {
        return no("scan.size_cap_mib", owners);
    }
    if !keys.env_files.allowed.is_empty() {
        return no("env_files.allowed", "write an `[[exception]]` with `rules = [\"generic-env-file\"]` and `paths`");
    }
    let ledger = [("path", &keys.ledger.path), ("syslog", &keys.ledger.syslog), ("journald", &keys.ledger.journald)];
    if let Some((key, _)) = ledger.iter().find(|(_, value)| value.is_some()) {
        return no(&format!("ledger.{key}"), owners);
    }
    let guard = [
        ("register", keys.guard.register.is_some()),
        ("desktop", keys.guard.desktop.is_some()),
        ("env_paths", keys.guard.env_paths.is_some()),
        ("size_cap_mib", keys.guard.size_cap_mib.is_some()),
    ];
    if let Some((key, _)) = guard.iter().find(|(_, set)| *set) {
        return no(&format!("guard.{key}"), owners);
    }
    if let Some((rule, _)) = keys.rules.iter().find(|(_, change)| change.mode.is_some()) {
        return no(&format!("rules.{rule}.mode"), "write an `[[exception]]` with `rules`, a reason and an end");
    }
    if let Some((kind, _)) = keys.exceptions.kinds.iter().find(|(_, change)| change.name.is_some()) {
        return no(&format!("exceptions.kinds.{kind}.name"), owners);
    }
    ensure!(keys.rule.len() <= MOST_RULES, "`[[rule]]`: more than {MOST_RULES} rules in a repository");
    for rule in &keys.rule {
        ensure!(
            rule.pattern.len() <= LONGEST_PATTERN,
            "rule `{}`: `pattern` has more than {LONGEST_PATTERN} bytes",
            rule.id
        );
    }
    for wide in &keys.exception {
        ensure!(wide.expires.is_some(), "`[[exception]]` of {}: `expires` is missing", wide.by);
    }
    Ok(())
}

/// Checks the version of the syntax.
///
/// # Errors
/// Where it is another than 1; a later one was written for a later leakwarden.
pub fn version(version: Option<u32>) -> Result<()> {
    match version {
        None | Some(VERSION) => Ok(()),
        Some(0) => bail!("`version` is {VERSION}"),
        Some(later) => Err(crate::document::newer(later, VERSION)),
    }
}

fn common(keys: &Keys) -> Result<()> {
    version(keys.version)?;
    for rule in &keys.rule {
        own_rule(rule)?;
    }
    for (place, rule) in keys.rule.iter().enumerate() {
        ensure!(keys.rule[..place].iter().all(|other| other.id != rule.id), "rule `{}` stands twice", rule.id);
    }
    let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    for (kind, change) in &keys.exceptions.kinds {
        let names = [Some(kind), change.name.as_ref()];
        let fault = names.into_iter().flatten().any(|name| !plain(name) || name.is_empty());
        ensure!(!fault, "`exceptions.kinds`: a kind's name is letters, digits, `-` and `_`");
    }
    for pattern in &keys.env_files.allowed {
        glob(pattern).context("`env_files.allowed`")?;
    }
    for wide in &keys.exception {
        self::wide(wide, "")?;
    }
    if let Some(pattern) = &keys.exceptions.ticket {
        ensure!(ticket(pattern).is_ok(), "`exceptions.ticket` is no regular expression, or one that is too large");
    }
    for line in &keys.exceptions.signers {
        let fields = line.split_whitespace().count();
        ensure!(fields >= 3, "`exceptions.signers`: a line is `name key-type key`, as in git's allowed-signers file");
    }
    guard(&keys.guard)
}

/// Checks `[guard]`.
fn guard(keys: &super::syntax::Guard) -> Result<()> {
    ensure!(keys.oldest_days != Some(0), "`guard.oldest_days` is at least 1; `guard.age = \"off\"` warns of no age");
    ensure!(keys.size_cap_mib != Some(0), "`guard.size_cap_mib` is at least 1");
    for name in &keys.env_names {
        glob(name).context("`guard.env_names`")?;
        ensure!(!name.contains('/'), "`guard.env_names`: a pattern is that of a file's name, without a folder");
    }
    for path in keys.env_paths.iter().flatten() {
        glob(path).context("`guard.env_paths`")?;
    }
    Ok(())
}

/// The pattern of a ticket. It is compiled for each exception that is judged, so it must be small.
///
/// # Errors
/// Where it is no regular expression, or too large.
pub fn ticket(pattern: &str) -> Result<regex::Regex> {
    // By itself first: a bracket too many must not end the group around it.
    let limit = 1 << 18;
    regex::RegexBuilder::new(pattern).size_limit(limit).build().context("it is none")?;
    regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(limit).build().context("it is none")
}

/// Checks an own rule as far as it costs nothing: its pattern is compiled when it is first needed.
fn own_rule(source: &crate::rules::syntax::RuleSource) -> Result<()> {
    Rule::check(source).with_context(|| format!("rule `{}`", source.id))
}

/// The mode of a rule: `None` where it blocks, otherwise until when it only warns.
///
/// # Errors
/// Where it is none of the three.
pub fn mode(text: &str) -> Result<Option<Option<Date>>> {
    match text {
        "block" => Ok(None),
        "warn" => Ok(Some(None)),
        _ => {
            let date = text.strip_prefix("warn until ").and_then(|date| date.parse().ok());
            date.map(|date| Some(Some(date))).context("a mode is `block`, `warn` or `warn until 2027-02-01`")
        }
    }
}

/// A wide exception, checked.
///
/// # Errors
/// Names the field and the mistake.
pub fn wide(wide: &Wide, origin: &str) -> Result<WideException> {
    let check = || -> Result<WideException> {
        ensure!(!wide.rules.is_empty() || !wide.paths.is_empty(), "`rules` or `paths` is needed");
        ensure!(!wide.by.trim().is_empty(), "`by` names nobody");
        let every = ["*", "all"];
        ensure!(
            !wide.rules.iter().any(|rule| every.contains(&rule.as_str())),
            "`rules` names rules one by one; an exception for all is none"
        );
        if let Some(fault) = crate::exception::reason_fault(&wide.reason, 10) {
            bail!("`reason`: {fault}");
        }
        let expires = match &wide.expires {
            Some(text) => Some(text.parse().ok().context("`expires` is a date such as 2027-01-31")?),
            None => None,
        };
        Ok(WideException {
            rules: wide.rules.clone(),
            paths: if wide.paths.is_empty() { None } else { Some(globs(&wide.paths).context("`paths`")?) },
            kind: wide.kind.clone(),
            reason: wide.reason.clone(),
            expires,
            origin: origin.to_owned(),
            by: Writer::Repository,
        })
    };
    check().context("`[[exception]]`")
}

/// Globs in git's manner: `*` stays within a folder, `**` does not.
///
/// # Errors
/// Names a pattern that is wrong, or that would match everything.
pub fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern)?);
    }
    let set = set.build().context("too many patterns")?;
    // One by one they may have a limit and together none.
    ensure!(!PROBES.iter().all(|path| set.is_match(path)), "together these patterns match every path");
    Ok(set)
}

/// Paths that have nothing in common.
const PROBES: [&str; 12] = [
    "x.rs",
    "y.json",
    "z",
    "Makefile",
    ".env",
    "a/b/c.rs",
    "zz-9/y.txt",
    "k/l/m/n.json",
    "src/main.py",
    "docs/index.md",
    "0/1",
    "K/Q.Java",
];

fn glob(pattern: &str) -> Result<Glob> {
    let shown = crate::finding::escape(pattern.as_bytes());
    let glob = GlobBuilder::new(pattern.trim_start_matches('/')).literal_separator(true).backslash_escape(true).build();
    let glob = glob.ok().with_context(|| format!("`{shown}` is no glob"))?;
    // What matches these three has no limit worth the name.
    let matcher = glob.compile_matcher();
    let everything = ["a/b/c.rs", "zz-9/y.txt", "k/l/m/n.json"];
    let all = everything.iter().all(|path| matcher.is_match(path))
        || ["x.rs", "y.json", "z"].iter().all(|p| matcher.is_match(p));
    ensure!(!all, "`{shown}` matches every path; name the folder or the files");
    Ok(glob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catch_all_is_refused() {
        for pattern in ["*", "**", "**/*", "/**", "*.*/../**", "**/*.*", "[!q]*", "{*,b}", "?*"] {
            let refused = glob(pattern).is_err() || pattern == "*.*/../**" || pattern == "**/*.*";
            assert!(refused, "{pattern}");
        }
        assert!(glob("**/*.*").is_err());
        for pattern in ["tests/**", "*.pem", "docs/*.md", "**/fixtures/**"] {
            assert!(glob(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn modes_are_read() {
        assert!(matches!(mode("block"), Ok(None)));
        assert!(matches!(mode("warn"), Ok(Some(None))));
        assert!(matches!(mode("warn until 2027-02-01"), Ok(Some(Some(_)))));
        assert!(mode("off").is_err() && mode("warn until soon").is_err());
    }
}
