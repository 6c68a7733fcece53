//! `leakwarden doctor`: whether leakwarden runs where it should, and how to mend what fails.

mod duty;
mod show;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::args::Doctor;
use super::case::{Docket, Judgement};
use super::{Exit, around, fail, install as installer, print};
use crate::config;
use crate::doctor::hooks::{Answers, Question};
use crate::doctor::{Check, Checked, VERSION, canary, hooks, machine};
use crate::finding::{escape, escape_json};
use crate::install::below;
use crate::install::gits::{self, Installed};
use crate::install::machine::Reach;
use crate::install::place::Git;
use crate::install::shim::Shims;
use crate::scan::many;

/// What was found out.
#[derive(Debug, serde::Serialize)]
struct Report {
    version: u32,
    leakwarden: &'static str,
    time: String,
    host: String,
    os_user: String,
    /// Whether everything that was looked at is covered; `null` where something cannot be told.
    covered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<Checked>,
    repositories: Vec<Checked>,
}

impl Report {
    fn of(machine: Option<Checked>, repositories: Vec<Checked>) -> Self {
        let all: Vec<Option<bool>> = machine.iter().chain(&repositories).map(|checked| checked.covered).collect();
        let covered = if all.contains(&Some(false)) { Some(false) } else { (!all.contains(&None)).then_some(true) };
        Report {
            version: VERSION,
            leakwarden: env!("CARGO_PKG_VERSION"),
            time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            host: around::host(),
            os_user: around::os_user(),
            covered,
            machine,
            repositories,
        }
    }

    fn exit(&self) -> Exit {
        match self.covered {
            Some(true) => Exit::Clean,
            Some(false) => Exit::Findings,
            None => Exit::CouldNotScan,
        }
    }
}

pub(super) fn run(request: &Doctor) -> Exit {
    let report = match examine(request) {
        Ok(report) => report,
        Err(error) => return fail(Exit::Usage, &error),
    };
    let text = if request.json {
        let text = serde_json::to_string_pretty(&report).expect("plain data with string keys");
        escape_json(&text) + "\n"
    } else {
        show::text(&report, request.all.is_some(), request.fix)
    };
    match print(&text) {
        Ok(()) => report.exit(),
        Err(error) => fail(Exit::Usage, &error),
    }
}

fn examine(request: &Doctor) -> Result<Report> {
    let gits = gits::find(&around::path(), around::home().as_deref());
    let report = look(request, &gits)?;
    if !request.fix || !mend(request, &report, &gits)? {
        return Ok(report);
    }
    look(request, &gits)
}

fn look(request: &Doctor, gits: &[Installed]) -> Result<Report> {
    // A broken policy is one of the checks; what it would ask for is not known then.
    let docket = Docket::open().ok();
    let judgement = docket.clone().and_then(|docket| installer::judgement(docket, None).ok());
    let machine = (!request.repo).then(|| Checked::new(None, of_machine(gits, judgement.as_ref())));
    let mut repositories = Vec::new();
    if let Some(root) = &request.all {
        let root = root.canonicalize().with_context(|| format!("cannot read {}", shown(root)))?;
        let (found, unread) = below::find(&root);
        let folders: Vec<PathBuf> = found.into_iter().filter(|found| !found.bare).map(|found| found.folder).collect();
        repositories = many::each(&folders, HashMap::new, |answers, folder| {
            of_repository(folder, gits, docket.as_ref(), request.canary, answers)
        });
        for folder in unread {
            let check = Check::unknown("repository", folder, "make the folder readable");
            repositories.push(Checked::new(None, vec![check]));
        }
    } else if !request.machine {
        match here()? {
            Some(folder) => {
                let mut answers = HashMap::new();
                repositories.push(of_repository(&folder, gits, docket.as_ref(), request.canary, &mut answers));
            }
            None if request.repo => {
                anyhow::bail!("this is not in a repository; `leakwarden doctor --machine` needs none")
            }
            None => {}
        }
    }
    Ok(Report::of(machine, repositories))
}

/// The repository in which one stands: the top of its worktree, or its folder where nothing is checked out.
fn here() -> Result<Option<PathBuf>> {
    let folder = std::env::current_dir().context("the current folder is gone")?;
    let git = Git::here();
    if git.output(&["rev-parse", "--git-dir"]).is_err() {
        return Ok(None);
    }
    Ok(Some(git.top().unwrap_or(folder)))
}

fn of_machine(gits: &[Installed], judgement: Option<&Judgement>) -> Vec<Check> {
    let mut checks = machine::gits(gits);
    checks.push(duty::binary());
    checks.push(duty::fleet_policy());
    checks.extend(duty::user_policy());
    checks.extend(duty::ledger(judgement));
    checks.push(Check::note("guard", "the guard is not installed"));
    match shims(judgement) {
        Ok(shims) => {
            let user = around::data_folder().map(Reach::User);
            let reaches = user.into_iter().chain([Reach::System(PathBuf::from(config::FLEET))]);
            checks.extend(reaches.filter_map(|reach| machine::reach(&reach, gits, &shims)));
        }
        Err(error) => checks.push(Check::unknown("binary", format!("{error:#}"), "install leakwarden")),
    }
    checks
}

/// The shims that would be written now.
fn shims(judgement: Option<&Judgement>) -> Result<Shims> {
    let strict = judgement.map(installer::strict).unwrap_or_default();
    installer::shims(crate::install::Missing::Warn, strict).map(|(shims, _)| shims)
}

fn of_repository(
    folder: &Path,
    gits: &[Installed],
    docket: Option<&Docket>,
    with_canary: bool,
    answers: &mut Answers,
) -> Checked {
    let repo = docket.map_or(Ok(None), |docket| installer::at(folder, docket));
    let judgement = match (&repo, docket) {
        (Ok(Some(repo)), Some(docket)) => Some(installer::judgement(docket.clone(), Some(repo))),
        _ => None,
    };
    let strict = judgement.as_ref().and_then(|own| own.as_ref().ok()).map(installer::strict).unwrap_or_default();
    let wanted = crate::install::shim::names(strict);
    let mut checks = hooks::check(Question { folder, gits, on_path: installer::on_path(), wanted: &wanted }, answers);
    match (&repo, judgement) {
        (Err(error), _) => {
            let mend = "`git status` in it tells more; what leakwarden cannot read, it blocks";
            checks.push(Check::unknown("repository", escape(format!("{error:#}").as_bytes()), mend));
        }
        (Ok(Some(repo)), Some(judgement)) => checks.extend(duty::repository(repo, &judgement)),
        _ => {}
    }
    if with_canary {
        checks.extend(canary::check(folder, gits));
    }
    Checked::new(Some(shown(folder)), checks)
}

/// Does what is safe: installs anew where a hook of ours is missing, old, not executable, or names a
/// program that is gone. Tells whether anything was tried.
fn mend(request: &Doctor, report: &Report, gits: &[Installed]) -> Result<bool> {
    let fixable = |checked: &&Checked| checked.checks.iter().any(|check| check.fixable);
    let mut tried = false;
    for checked in report.repositories.iter().filter(fixable) {
        let folder = checked.path.as_ref().map(PathBuf::from);
        let folder = if request.all.is_some() { folder } else { here()? };
        let Some(folder) = folder else { continue };
        tried = true;
        installer::again(&folder, gits).with_context(|| format!("cannot install in {}", shown(&folder)))?;
    }
    for check in report.machine.iter().flat_map(|machine| &machine.checks).filter(|check| check.fixable) {
        tried = true;
        let reach = match check.id {
            "config.user" => Reach::User(around::data_folder().context("there is no home")?),
            _ => Reach::System(PathBuf::from(config::FLEET)),
        };
        installer::reach_again(&reach, gits)?;
    }
    Ok(tried)
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
