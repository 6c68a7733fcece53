//! `leakwarden policy`: show, check, init.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};

use super::args::Policy as Command;
use super::around;
use super::case::{Docket, Failure};
use super::{Exit, finish};
use crate::config;
use crate::document;
use crate::exception::KINDS;
use crate::finding::{escape, escape_json};
use crate::git::staged::Staging;
use crate::git::{Moment, Repo, write};
use crate::policy::syntax::{FleetFile, Keys};
use crate::policy::{PATH, check};
use crate::rules::syntax::RuleSource;
use crate::rules::{Rule, RuleSet};

/// What `policy init` writes.
const EXAMPLE: &str = include_str!("../../install/leakwarden.toml");

pub(super) fn run(command: Command) -> Exit {
    finish(match command {
        Command::Show { origin, json } => show(origin, json),
        Command::Check { file } => check_file(&file).map_err(Failure::usage),
        Command::Init => init(),
    })
}

fn show(origin: bool, json: bool) -> Result<String, Failure> {
    let mut docket = Docket::open()?;
    docket.layers.explain = true;
    let around = around::surroundings(docket.size_cap()?, Moment::Commit);
    // Outside a repository the machine's policy is shown.
    if let Ok(repo) = Repo::open(&around) {
        let staging = Staging::read(&repo, Moment::Commit, &around)?;
        docket.repository(|path| staging.file(path))?;
        docket.last_signers(|path| staging.file_before(path));
    }
    let judgement = docket.policy()?;
    let settings = &judgement.policy.settings;
    if json {
        let text = serde_json::to_string_pretty(&serde_json::json!({"version": 1, "settings": settings}));
        return Ok(escape_json(&text.expect("plain data with string keys")) + "\n");
    }
    let mut out = String::new();
    for setting in settings {
        let mut line = format!("{} = {}", setting.key, setting.value);
        if origin {
            line = format!("{:<60}  # {} ({})", line, setting.origin, setting.merge);
        }
        out.push_str(&escape(line.as_bytes()));
        out.push('\n');
    }
    Ok(out)
}

/// A fleet's file has the two tables that no other has; where a file is the repository's, its name says.
fn check_file(file: &Path) -> Result<String> {
    let shown = escape(file.as_os_str().as_encoded_bytes());
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let is_fleet =
        text.lines().map(str::trim_start).any(|l| l.starts_with("[mandatory") || l.starts_with("[recommended"));
    let mut rules = Vec::new();
    let mut layers = Vec::new();
    if is_fleet {
        let fleet: FleetFile = document::parse(&text).with_context(|| shown.clone())?;
        for (name, keys) in [("mandatory", &fleet.mandatory), ("recommended", &fleet.recommended)] {
            check::owner(keys).with_context(|| format!("{shown}: [{name}]"))?;
            rules.extend(keys.rule.iter().cloned());
        }
        layers.extend([fleet.mandatory, fleet.recommended]);
    } else {
        let keys: Keys = config::keys(&text).with_context(|| shown.clone())?;
        let repository = file.file_name().is_some_and(|name| name == PATH);
        if repository { check::repository(&keys) } else { check::user(&keys) }.with_context(|| shown.clone())?;
        rules.extend(keys.rule.iter().cloned());
        layers.push(keys);
    }
    for keys in &layers {
        names(keys, &rules).with_context(|| shown.clone())?;
    }
    // The hook compiles a pattern when it meets one of its words; here all are tried.
    let builtin = RuleSet::builtin().sources();
    for rule in &rules {
        if builtin.iter().any(|own| own.id == rule.id) {
            return Err(anyhow!("{shown}: rule `{}` has the name of a built-in rule", rule.id));
        }
        Rule::new(rule.clone()).with_context(|| shown.clone())?;
    }
    if let Some(complaint) = super::rules::complaints(&rules, &RuleSet::new(rules.clone())?)?.first() {
        return Err(anyhow!("{shown}: {complaint}"));
    }
    Ok(format!("{shown}: no mistakes, {} own rules\n", rules.len()))
}

/// Names of rules and kinds that nothing has: what they are to protect would not be.
fn names(keys: &Keys, own: &[RuleSource]) -> Result<()> {
    let builtin = RuleSet::builtin().sources();
    let exceptions = &keys.exceptions;
    let wide = keys.exception.iter().flat_map(|wide| &wide.rules);
    for rule in exceptions.never_rules.iter().chain(keys.rules.keys()).chain(wide) {
        let known = builtin.iter().chain(own).any(|source| source.id == *rule);
        ensure!(known, "there is no rule `{}` (`leakwarden rules list`)", escape(rule.as_bytes()));
    }
    let kind = |name: &&String| KINDS.iter().any(|(own, _, _)| own == name) || exceptions.kinds.contains_key(*name);
    if let Some(name) = exceptions.approval_kinds.iter().find(|name| !kind(name)) {
        return Err(anyhow!("`exceptions.approval_kinds`: there is no kind `{}`", escape(name.as_bytes())));
    }
    Ok(())
}

fn init() -> Result<String, Failure> {
    let around = around::surroundings(Docket::open()?.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around).map_err(Failure::usage)?;
    let there = write::read_worktree(&repo, PATH).map_err(Failure::usage)?;
    if there.is_some() {
        return Err(Failure::usage(anyhow!("{PATH} is there already; `leakwarden policy check {PATH}` looks at it")));
    }
    write::write_and_stage(&repo, PATH, EXAMPLE).map_err(Failure::usage)?;
    Ok(format!("{PATH} is written and staged; all in it is commented out\n"))
}
