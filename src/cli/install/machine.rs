//! Hooks for a user, for a machine, and for new clones.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Request, data_folder, joined, judgement, settled, shims, strict};
use crate::cli::around;
use crate::cli::case::Docket;
use crate::config;
use crate::finding::escape;
use crate::install::gits::Installed;
use crate::install::lasting;
use crate::install::machine::{self, Reach, Template};
use crate::install::{Outcome, Plan, Strict, gits, plan};

pub(super) fn run(request: &Request) -> Result<Outcome> {
    let gits = gits::find(&around::path(), around::home().as_deref());
    let reach = if request.reach.user {
        Reach::User(data_folder()?)
    } else if request.reach.system {
        Reach::System(PathBuf::from(config::FLEET))
    } else {
        return template(request);
    };
    if request.reach.system {
        readable_by_everybody();
    }
    let mut lines = Vec::new();
    let folder = reach.folder();
    if request.install && !request.dry_run {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let _alone = if request.dry_run || !folder.is_dir() { None } else { plan::lock(folder)? };
    let plans = if request.install {
        let shims = settled(request, wanted()?, &mut lines)?;
        if request.reach.system {
            lasting::for_everybody(&shims.binary)?;
        }
        machine::install(&reach, &gits, &shims)?
    } else {
        machine::uninstall(&reach, &gits)?
    };
    let mut outcome = carried_out(plans, request.dry_run)?;
    outcome.lines.splice(0..0, lines);
    Ok(outcome)
}

pub(super) fn again(reach: &Reach, gits: &[Installed]) -> Result<()> {
    let (shims, binary) = shims(None, wanted()?)?;
    if matches!(reach, Reach::System(_)) {
        readable_by_everybody();
        lasting::for_everybody(&shims.binary)?;
    }
    binary.settle(false)?;
    carried_out(machine::install(reach, gits, &shims)?, false).map(drop)
}

/// What is written for a whole machine must be readable for all its accounts, whatever this one's mask is:
/// git refuses to work with a configuration that it cannot read.
fn readable_by_everybody() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

/// What the machine's own policy asks for; a repository's is not known here.
fn wanted() -> Result<Strict> {
    let docket = Docket::open().map_err(|failure| failure.error)?;
    Ok(strict(&judgement(docket, None)?))
}

/// The first plan is what the others need; of those, one that fails (a git whose configuration nobody
/// can change) keeps none of the rest back.
fn carried_out(plans: Vec<Plan>, dry_run: bool) -> Result<Outcome> {
    let mut outcomes = Vec::new();
    for (number, plan) in plans.into_iter().enumerate() {
        match plan.carry_out(dry_run) {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) if number == 0 => return Err(error),
            Err(error) => {
                let lines = vec![format!("NOT done: {}", escape(format!("{error:#}").as_bytes()))];
                outcomes.push(Outcome { lines, ..Outcome::default() });
            }
        }
    }
    Ok(joined(outcomes))
}

fn template(request: &Request) -> Result<Outcome> {
    let home = around::home();
    let gits = gits::find(&around::path(), home.as_deref());
    let git = gits.first().map(|git| git.path.as_path()).context("`git` is not on PATH")?;
    let template = Template::of_user(git, &data_folder()?, home.as_deref())?;
    let mut lines = Vec::new();
    let plan = if request.install {
        template.install(&settled(request, wanted()?, &mut lines)?)?
    } else {
        template.uninstall()?
    };
    let mut outcome = plan.carry_out(request.dry_run)?;
    outcome.lines.splice(0..0, lines);
    Ok(outcome)
}
