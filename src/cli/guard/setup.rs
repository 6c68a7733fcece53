//! What the guard needs to know of the world: policy, the ledger, the gits of the machine, the desktop.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::warnings::place;
use crate::cli::case::Docket;
use crate::cli::journal::{self, Journal};
use crate::cli::{around, install as installer, tell};
use crate::config::{self, FLEET};
use crate::doctor::hooks::{Answers, Question};
use crate::finding::escape;
use crate::git::Repo;
use crate::guard::history::Event;
use crate::guard::record::{Fate, entry};
use crate::guard::run::{Hooks, Setup, Shared};
use crate::guard::{Machine, Warning, duty, file, house};
use crate::install::gits::{self, Installed};
use crate::install::shim;
use crate::ledger::record::Place;

/// How long it is taken for granted that the machine has the same gits: each is asked its version.
const SAME_GITS: Duration = Duration::from_secs(600);

/// Nothing of a repository is read to name it in the ledger.
const NO_OBJECTS: u64 = 1 << 10;

/// For the guard whose folder this is.
///
/// # Errors
/// Where there is no home directory.
pub(super) fn setup(folder: PathBuf) -> Result<Setup> {
    let state = around::state_folder().context("there is no home directory")?;
    let user = around::user_policy();
    let mut policies = house::policies(user.as_deref());
    policies.push(PathBuf::from(FLEET));
    let mut writable = vec![state];
    // Where policy has a mistake, the guard runs and says so.
    if let Ok(shared) = shared(user.as_deref()) {
        writable.push(shared.ledger.folder().to_path_buf());
    }
    Ok(Setup {
        sockets: sockets(&folder),
        folder,
        writable,
        policies,
        shared: Box::new(move || shared(user.as_deref())),
        hooks: hooks(),
        record: Box::new(record),
        session: around::session(),
        tell: Box::new(|event| tell(&line(event))),
    })
}

/// What all repositories of this machine share.
fn shared(user: Option<&Path>) -> Result<Shared> {
    let layers = config::machine(user)?.layers;
    let policy = layers.join()?;
    let ledger = journal::ledger(&policy.ledger)?;
    // Where there is none yet, this makes it: it is the key that is wanted.
    let machine = Machine::new(layers, ledger.key()?, around::today());
    Ok(Shared { machine, guard: policy.guard, ledger })
}

/// Where the guard may listen.
fn sockets(folder: &Path) -> Vec<PathBuf> {
    let runtime = around::runtime_folder().map(|folder| folder.join("leakwarden").join("guard.sock"));
    runtime.into_iter().chain([folder.join("guard.sock")]).collect()
}

/// Looks at hooks as `leakwarden doctor` does.
fn hooks() -> Box<Hooks> {
    let this = std::env::current_exe().ok();
    let mut known: Option<(Vec<Installed>, Instant)> = None;
    Box::new(move |folder, severity| {
        let (gits, _) = match known.take().filter(|(_, since)| since.elapsed() < SAME_GITS) {
            Some(own) => known.insert(own),
            None => known.insert((gits::find(&around::path(), around::home().as_deref()), Instant::now())),
        };
        let docket = Docket::open().ok();
        let repo = docket.as_ref().and_then(|docket| installer::at(folder, docket).ok().flatten());
        let judgement = docket.and_then(|docket| installer::judgement(docket, repo.as_ref()).ok());
        let wanted = shim::names(judgement.as_ref().map(installer::strict).unwrap_or_default());
        // A service's PATH is not that of the shells in which people commit.
        let question = Question { folder, gits, on_path: true, on_short_path: true, wanted: &wanted };
        let warnings = duty::hooks(question, severity, &mut Answers::new(this.clone()));
        let mut files = duty::hook_files(folder, gits);
        // Where a user says what git ignores, unless `core.excludesFile` names another place (gitignore(5)).
        files.extend(around::home().map(|home| home.join(".config/git/ignore")));
        (warnings, files)
    })
}

/// Writes what became of warnings into the ledger, all with one sync.
fn record(folder: &Path, fate: Fate<'_>, warnings: &[Warning]) -> Result<()> {
    let judgement = Docket::open().and_then(Docket::policy).map_err(|failure| failure.error)?;
    let journal = Journal::open(&judgement, None, "guard")?;
    let repository = (!folder.as_os_str().is_empty()).then(|| Place {
        path: file::shown(folder),
        clone: Repo::at(folder, NO_OBJECTS).ok().and_then(|repo| repo.known_clone_id()).unwrap_or_default(),
    });
    let base = crate::ledger::Entry { repository, ..journal.entry() };
    let entries = warnings.iter().map(|warning| entry(base.clone(), fate, warning)).collect();
    journal.ledger.append_all(entries).context("the ledger cannot be written").map(drop)
}

/// One line on what became of a warning.
pub(super) fn line(event: &Event) -> String {
    let warning = &event.warning;
    let place = place(&event.folder, warning);
    let (became, severity, kind) = (event.became.name(), warning.severity.name(), warning.kind.name());
    let text = format!("{} {became:<9} {severity:<8} {kind:<8} {place}: {} [{}]", event.time, warning.what, warning.id);
    escape(text.as_bytes()) + "\n"
}
