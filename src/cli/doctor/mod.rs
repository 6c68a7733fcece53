//! `leakwarden doctor`: whether leakwarden runs where it should, and how to mend what fails.

mod duty;
mod show;

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
use crate::install::place::{Git, LOCAL};
use crate::install::shim::Shims;
use crate::scan::many;

/// Where graphical programs look for programs, whatever a shell's files say.
pub(super) const SHORT_PATH: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin"];

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
    let mut found = look(request, &gits)?;
    if request.fix {
        let failed = mend(&found, &gits);
        found = look(request, &gits)?;
        // Why something could not be mended stands with what still fails.
        for (folder, check) in failed {
            let repository = found.1.iter_mut().find(|(path, _)| Some(path) == folder.as_ref());
            match (repository, &mut found.0) {
                (Some((_, checked)), _) | (None, Some(checked)) => checked.add(check),
                (None, None) => found.1.push((PathBuf::from("."), Checked::new(None, vec![check]))),
            }
        }
    }
    let (machine, repositories) = found;
    Ok(Report::of(machine, repositories.into_iter().map(|(_, checked)| checked).collect()))
}

/// What was found out of the machine, and of each repository.
type Found = (Option<Checked>, Vec<(PathBuf, Checked)>);

fn look(request: &Doctor, gits: &[Installed]) -> Result<Found> {
    // A broken policy is one of the checks; what it would ask for is not known then.
    let docket = Docket::open().ok();
    let judgement = docket.clone().and_then(|docket| installer::judgement(docket, None).ok());
    let machine = (!request.repo).then(|| Checked::new(None, of_machine(gits, judgement.as_ref())));
    let mut repositories = Vec::new();
    if let Some(root) = &request.all {
        let root = root.canonicalize().with_context(|| format!("cannot read {}", shown(root)))?;
        let (found, unread) = below::find(&root);
        let folders: Vec<PathBuf> = found.into_iter().filter(|found| !found.bare).map(|found| found.folder).collect();
        repositories = many::each(&folders, answers, |answers, folder| {
            (folder.clone(), of_repository(folder, gits, docket.as_ref(), request.canary, answers))
        });
        for folder in unread {
            let check = Check::unknown("repository", folder, "make the folder readable");
            repositories.push((root.clone(), Checked::new(None, vec![check])));
        }
        if repositories.is_empty() {
            let check = Check::unknown("repository", "there is none below this folder", "name the folder of your work");
            repositories.push((root.clone(), Checked::new(Some(shown(&root)), vec![check])));
        }
    } else if !request.machine {
        match here() {
            Err(error) => {
                let text = escape(format!("{error:#}").as_bytes());
                let check = Check::unknown("repository", text, "do what git says");
                repositories.push((PathBuf::from("."), Checked::new(None, vec![check])));
            }
            Ok(Some(folder)) => {
                // What git tells every program that it runs changes nothing here.
                let harmless = ["GIT_PREFIX", "GIT_NO_REPLACE_OBJECTS"];
                let mut set = around::set_among(&LOCAL);
                set.retain(|name| !harmless.contains(name));
                let mut answers = answers();
                let mut checked = of_repository(&folder, gits, docket.as_ref(), request.canary, &mut answers);
                if !set.is_empty() {
                    let text = format!("{} set here: git may read other settings than those looked at", set.join(", "));
                    checked.add(Check::unknown("environment", text, "unset them, and look again"));
                }
                repositories.push((folder, checked));
            }
            Ok(None) if request.repo => {
                anyhow::bail!("this is not in a repository; `leakwarden doctor --machine` needs none")
            }
            Ok(None) => {}
        }
    }
    Ok((machine, repositories))
}

/// The repository in which one stands: the top of its worktree, or its folder where nothing is checked out;
/// `None` where git itself says that there is none.
///
/// # Errors
/// Where git cannot say.
fn here() -> Result<Option<PathBuf>> {
    let folder = std::env::current_dir().context("the current folder is gone")?;
    let git = Git::here();
    match git.output(&["rev-parse", "--git-dir"]) {
        Ok(_) => Ok(Some(git.top().unwrap_or(folder))),
        // git's words, which it says in English here.
        Err(error) if format!("{error:#}").contains("not a git repository") => Ok(None),
        Err(error) => Err(error),
    }
}

fn of_machine(gits: &[Installed], judgement: Option<&Judgement>) -> Vec<Check> {
    let mut checks = machine::gits(gits);
    checks.push(duty::binary());
    checks.push(duty::fleet_policy());
    checks.extend(duty::user_policy());
    checks.extend(duty::ledger(judgement));
    checks.push(duty::guard());
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
    installer::shims(None, strict).map(|(shims, _)| shims)
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
    let mut checks = hooks::check(
        Question {
            folder,
            gits,
            on_path: installer::on_path(),
            on_short_path: installer::has_program(&SHORT_PATH.map(PathBuf::from)),
            wanted: &wanted,
        },
        answers,
    );
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
/// program that is gone. What could not be done in one repository keeps none of the others back.
fn mend((machine, repositories): &Found, gits: &[Installed]) -> Vec<(Option<PathBuf>, Check)> {
    const ID: &str = "fix";
    let mut failed = Vec::new();
    let told = |error: &anyhow::Error| {
        let text = escape(format!("could not be mended: {error:#}").as_bytes());
        Check::fails(ID, text, "do by hand what the checks above say")
    };
    for (folder, checked) in repositories {
        if checked.checks.iter().any(|check| check.fixable)
            && let Err(error) = installer::again(folder, gits)
        {
            failed.push((Some(folder.clone()), told(&error)));
        }
    }
    for check in machine.iter().flat_map(|machine| &machine.checks).filter(|check| check.fixable) {
        let reach = match (check.id, around::data_folder()) {
            ("config.user", Some(data)) => Reach::User(data),
            _ => Reach::System(PathBuf::from(config::FLEET)),
        };
        if let Err(error) = installer::reach_again(&reach, gits) {
            failed.push((None, told(&error)));
        }
    }
    failed
}

/// No program was looked at yet.
fn answers() -> Answers {
    Answers::new(std::env::current_exe().ok())
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
