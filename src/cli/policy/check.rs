//! `leakwarden policy check`: mistakes in policy files, one by one and in files that count together.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, ensure};
use serde::Serialize;

use super::super::{Exit, fail, finish, print, tell};
use super::together::{surprises, together};
use crate::config;
use crate::document::{self, Entry};
use crate::exception::KINDS;
use crate::finding::{escape, escape_json};
use crate::policy::syntax::{FleetFile, Keys};
use crate::policy::{PATH, check};
use crate::rules::syntax::RuleSource;
use crate::rules::{Rule, RuleSet};

/// Something about a file.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    message: String,
}

/// What was found in the files of one call.
#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    version: u32,
    /// The files that were checked.
    files: Vec<String>,
    /// How many rules of their own they hold.
    rules: usize,
    /// Mistakes: such a policy does not count.
    pub faults: Vec<Said>,
    /// What weakens nothing and may surprise.
    pub warnings: Vec<Said>,
}

/// A fleet's file that has no mistake by itself.
pub(super) struct Sound {
    /// Its path, for showing.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub file: FleetFile,
}

/// Whose file it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Fleet,
    User,
    Repository,
}

pub(super) fn run(paths: &[PathBuf], json: bool) -> Exit {
    if let ([file], false) = (paths, json)
        && !file.is_dir()
    {
        return finish(alone(file).map_err(super::Failure::usage));
    }
    let found = match found(paths) {
        Ok(found) => found,
        Err(error) => return fail(Exit::Usage, &error),
    };
    let printed = if json {
        let text = serde_json::to_string_pretty(&found).expect("plain data with string keys");
        print(&(escape_json(&text) + "\n"))
    } else {
        found.tell();
        let (files, rules) = (found.files.len(), found.rules);
        if found.faults.is_empty() {
            print(&format!("{files} files: no mistakes, {rules} own rules\n"))
        } else {
            Ok(())
        }
    };
    match printed {
        Err(error) => fail(Exit::Usage, &error),
        Ok(()) if found.faults.is_empty() => Exit::Clean,
        Ok(()) => Exit::Usage,
    }
}

impl Found {
    /// Prints mistakes and warnings, each a line.
    pub fn tell(&self) {
        let all = self.faults.iter().map(|own| ("", own)).chain(self.warnings.iter().map(|own| ("warning: ", own)));
        for (kind, own) in all {
            let place = match (own.line, &own.field) {
                (Some(line), Some(field)) => format!("line {line}, `{field}`: "),
                (Some(line), None) => format!("line {line}: "),
                (None, _) => String::new(),
            };
            tell(&format!(
                "leakwarden: {kind}{}\n",
                escape(format!("{}: {place}{}", own.file, own.message).as_bytes())
            ));
        }
    }

    /// Adds a warning.
    pub fn warn(&mut self, file: &str, entry: Option<&Entry>, message: impl Into<String>) {
        self.warnings.push(Said::at(file, entry, message));
    }
}

impl Said {
    /// Something about a file, at a key of it.
    pub fn at(file: &str, entry: Option<&Entry>, message: impl Into<String>) -> Said {
        Said {
            file: file.to_owned(),
            line: entry.map(|own| own.line),
            column: entry.map(|own| own.column),
            field: entry.map(|own| own.key.clone()),
            message: message.into(),
        }
    }

    /// An error about a file, with the place that it names or that the key it speaks of has.
    pub fn error(file: &str, text: &str, error: &Error) -> Said {
        if let Some(fault) = error.downcast_ref::<document::Fault>() {
            let (field, message) = (fault.field.clone(), fault.message.clone());
            return Said { file: file.to_owned(), line: fault.line, column: fault.column, field, message };
        }
        let message = format!("{error:#}");
        let message = message.strip_prefix(&format!("{file}: ")).unwrap_or(&message).to_owned();
        let key = message.split('`').skip(1).step_by(2).find(|word| word.contains('.'));
        let entries = document::entries(text);
        let is = |own: &&Entry| key.is_some_and(|key| own.key == key || own.key.ends_with(&format!(".{key}")));
        let mut there = entries.iter().filter(is);
        // Where both parts of a fleet's file have the key, nobody can tell which is meant.
        let entry = there.next().filter(|_| there.next().is_none());
        let field = key.map(str::to_owned);
        Said { field: field.or_else(|| entry.map(|own| own.key.clone())), ..Said::at(file, entry, message) }
    }
}

/// One file and no more said than whether it has a mistake.
fn alone(file: &Path) -> Result<String> {
    let (shown, text) = (shown(file), read(file)?);
    let (_, rules) = one(&shown, &text, owner(file, &text))?;
    Ok(format!("{shown}: no mistakes, {} own rules\n", rules.len()))
}

/// The files of a folder in the order in which they count, and other files; then each by itself, and those of a
/// fleet together.
fn found(paths: &[PathBuf]) -> Result<Found> {
    let mut files = Vec::new();
    let mut unread = Vec::new();
    for path in paths {
        if !path.is_dir() {
            let text = read(path)?;
            files.push((path.clone(), owner(path, &text), text));
            continue;
        }
        let before = files.len();
        let main = path.join("policy.toml");
        if main.exists() {
            files.push((main.clone(), Owner::Fleet, read(&main)?));
        }
        let more = path.join("policy.d");
        if more.exists() {
            let entries = std::fs::read_dir(&more).with_context(|| format!("cannot read {}", shown(&more)))?;
            let mut all = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
            all.sort();
            for own in all {
                if own.extension().is_some_and(|end| end == "toml") {
                    files.push((own.clone(), Owner::Fleet, read(&own)?));
                } else {
                    unread.push(shown(&own));
                }
            }
        }
        ensure!(files.len() > before, "{} holds neither policy.toml nor policy.d/*.toml", shown(path));
    }
    let mut found = judge(files);
    for name in unread {
        found.warn(&name, None, "its name does not end in `.toml`: it is not read");
    }
    Ok(found)
}

/// What is wrong with a fleet's files, given as path and text in the order in which they count.
pub(super) fn of_fleet(files: &[(PathBuf, String)]) -> Found {
    judge(files.iter().map(|(path, text)| (path.clone(), Owner::Fleet, text.clone())).collect())
}

fn judge(files: Vec<(PathBuf, Owner, String)>) -> Found {
    let mut found = Found { version: 1, ..Found::default() };
    let mut fleet = Vec::new();
    for (path, owner, text) in files {
        let name = shown(&path);
        found.files.push(name.clone());
        match one(&name, &text, owner) {
            Ok((file, rules)) => {
                found.rules += rules.len();
                fleet.extend(file.map(|file| Sound { name, text, file }));
            }
            Err(error) => found.faults.push(Said::error(&name, &text, &error)),
        }
    }
    if found.faults.is_empty() && !fleet.is_empty() {
        together(&fleet, &mut found);
        surprises(&fleet, &mut found);
    }
    found
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", shown(file)))
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

/// A fleet's file has the two tables that no other has; where a file is the repository's, its name says.
fn owner(file: &Path, text: &str) -> Owner {
    let fleets =
        |l: &str| ["[mandatory", "[recommended", "[[mandatory", "[[recommended"].iter().any(|s| l.starts_with(s));
    if text.lines().map(str::trim_start).any(fleets) {
        Owner::Fleet
    } else if file.file_name().is_some_and(|name| name == PATH) {
        Owner::Repository
    } else {
        Owner::User
    }
}

/// Checks one file by itself; gives a fleet's file, and the rules of its own.
fn one(shown: &str, text: &str, owner: Owner) -> Result<(Option<FleetFile>, Vec<RuleSource>)> {
    let mut rules = Vec::new();
    let mut layers = Vec::new();
    let mut fleets = None;
    if owner == Owner::Fleet {
        let fleet: FleetFile = config::fleet_file(text).with_context(|| shown.to_owned())?;
        check::version(fleet.version).with_context(|| shown.to_owned())?;
        for (name, keys) in [("mandatory", &fleet.mandatory), ("recommended", &fleet.recommended)] {
            check::owner(keys).with_context(|| format!("{shown}: [{name}]"))?;
            rules.extend(keys.rule.iter().cloned());
        }
        layers.extend([fleet.mandatory.clone(), fleet.recommended.clone()]);
        fleets = Some(fleet);
    } else {
        let keys: Keys = config::keys(text).with_context(|| shown.to_owned())?;
        if owner == Owner::Repository { check::repository(&keys) } else { check::user(&keys) }
            .with_context(|| shown.to_owned())?;
        rules.extend(keys.rule.iter().cloned());
        layers.push(keys);
    }
    // In a fleet's folder a rule or a kind may stand in another file.
    if owner != Owner::Fleet {
        for keys in &layers {
            names(keys, &rules, &[]).with_context(|| shown.to_owned())?;
        }
    }
    // The hook compiles a pattern when it meets one of its words; here all are tried.
    let builtin = RuleSet::builtin().sources();
    for rule in &rules {
        if builtin.iter().any(|own| own.id == rule.id) {
            return Err(anyhow!("{shown}: rule `{}` has the name of a built-in rule", rule.id));
        }
        Rule::new(rule.clone()).with_context(|| shown.to_owned())?;
    }
    if let Some(complaint) = super::super::rules::complaints(&rules, &RuleSet::new(rules.clone())?)?.first() {
        return Err(anyhow!("{shown}: {complaint}"));
    }
    Ok((fleets, rules))
}

/// Names of rules and kinds that nothing has: what they are to protect would not be.
pub(super) fn names(keys: &Keys, own: &[RuleSource], kinds: &[&String]) -> Result<()> {
    let builtin = RuleSet::builtin().sources();
    let exceptions = &keys.exceptions;
    let wide = keys.exception.iter().flat_map(|wide| &wide.rules);
    for rule in exceptions.never_rules.iter().chain(keys.rules.keys()).chain(wide) {
        let known = builtin.iter().chain(own).any(|source| source.id == *rule);
        ensure!(known, "there is no rule `{}` (`leakwarden rules list`)", escape(rule.as_bytes()));
    }
    let kind = |name: &&String| {
        KINDS.iter().any(|(own, _, _)| own == name)
            || kinds.contains(name)
            || exceptions.kinds.iter().any(|(own, keys)| own == *name || keys.name.as_ref() == Some(*name))
    };
    if let Some(name) = exceptions.approval_kinds.iter().find(|name| !kind(name)) {
        return Err(anyhow!("`exceptions.approval_kinds`: there is no kind `{}`", escape(name.as_bytes())));
    }
    Ok(())
}
