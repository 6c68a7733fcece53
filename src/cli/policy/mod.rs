//! `leakwarden policy`: show, check, keep, init.

mod check;
mod together;

use anyhow::{Result, anyhow};

use super::args::Policy as Command;
use super::around;
use super::case::{Docket, Failure};
use super::{Exit, fail, finish};
use crate::config::{self, CopyInUse, Kept};
use crate::finding::{escape, escape_json};
use crate::git::staged::Staging;
use crate::git::{Moment, Repo, write};
use crate::policy::PATH;

/// What `policy init` writes.
const EXAMPLE: &str = include_str!("../../../install/leakwarden.toml");

pub(super) fn run(command: Command) -> Exit {
    match command {
        Command::Show { origin, json } => finish(show(origin, json)),
        Command::Check { files, json } => check::run(&files, json),
        Command::Keep => keep(),
        Command::Init => finish(init()),
    }
}

/// Makes the fleet's policy the last good copy, if it is good.
fn keep() -> Exit {
    let stays = "the last good copy stays as it is";
    let files = match config::fleet_texts() {
        Ok(files) => files,
        Err(error) => return fail(Exit::Usage, &error.context(format!("there is no good policy to keep ({stays})"))),
    };
    let found = check::of_fleet(&files);
    found.tell();
    if !found.faults.is_empty() {
        return fail(Exit::Usage, &anyhow!("the policy in {} has mistakes and is not kept; {stays}", config::FLEET));
    }
    finish(config::keep(&files).map_err(Failure::usage).map(|kept| {
        let place = format!("{}/{}", config::FLEET, config::LAST_GOOD);
        let number = files.len();
        match kept {
            Kept::Written => format!("kept: the policy ({number} files) is now the last good copy in {place}\n"),
            Kept::Unchanged => format!("nothing new: {place} holds this policy ({number} files) already\n"),
        }
    }))
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
        let fleet = config::fleet();
        let text = serde_json::to_string_pretty(&serde_json::json!({
            "version": 1,
            "policy": judgement.digest,
            "policy_copy_until": judgement.copy.as_ref().map(CopyInUse::end),
            "fleet": fleet.digest,
            "settings": settings,
        }));
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
