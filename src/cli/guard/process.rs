//! Running, starting and stopping the guard, and talking to it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::{Done, folder};
use crate::cli::case::Docket;
use crate::cli::case::Failure;
use crate::cli::doctor::SHORT_PATH;
use crate::cli::{Exit, around, install, journal, tell};
use crate::config;
use crate::doctor::hooks::{Answers, Question};
use crate::finding::escape;
use crate::guard::desk::Desk;
use crate::guard::history::Event;
use crate::guard::protocol::{Do, Said, Status};
use crate::guard::run::{LOCK, Running, Setup, Shared};
use crate::guard::socket::Client;
use crate::guard::{Machine, Warning, duty, file, house, run};
use crate::install::gits;
use crate::install::shim::names;
use crate::ledger::Entry;
use crate::level::Severity;

/// How long an answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The unit's name, where the guard is installed as a service of systemd.
const UNIT: &str = "leakwarden-guard.service";

pub(super) fn run(detached: bool) -> Done {
    if detached {
        // Where this process leads its group already, it stays in the session.
        let _ = rustix::process::setsid();
    }
    // The folder in which it was started may be unmounted or removed.
    let _ = std::env::set_current_dir("/");
    let folder = folder().map_err(Failure::usage)?;
    file::private_folder(&folder).map_err(Failure::usage)?;
    let state = around::state_folder().context("there is no home directory").map_err(Failure::usage)?;
    let user = around::user_policy();
    let mut writable = vec![state];
    // Where policy has a mistake, the guard runs and says so. This makes the ledger's key where there is none.
    writable.extend(shared(user.as_deref()).map(|own| own.ledger.folder().to_path_buf()));
    let setup = Setup {
        sockets: sockets(&folder),
        folder,
        writable,
        policy: house::policies(user.as_deref()),
        shared: Box::new(move || shared(user.as_deref())),
        hooks: Box::new(hooks()),
        base: Entry { at: "guard".to_owned(), host: around::host(), os_user: around::os_user(), ..Entry::default() },
        desk: Desk::new(around::session()),
        tell: Box::new(|event| tell(&line(event))),
    };
    run::run(setup).map_err(Failure::usage)?;
    Ok((String::new(), Exit::Clean))
}

/// What all repositories of this machine share.
fn shared(user: Option<&Path>) -> Result<Shared> {
    let layers = config::machine(user)?.layers;
    let policy = layers.join()?;
    let ledger = journal::ledger(&policy.ledger)?;
    let machine = Machine::new(layers, ledger.key()?, around::today());
    Ok(Shared { machine, guard: policy.guard, ledger })
}

/// Looks at hooks as doctor does.
fn hooks() -> impl FnMut(&Path, Severity) -> Vec<Warning> {
    // It may be upgraded in place while it runs.
    let this = std::env::current_exe().ok();
    move |folder, severity| {
        let gits = gits::find(&around::path(), around::home().as_deref());
        let docket = Docket::open().ok();
        let repo = docket.as_ref().and_then(|docket| install::at(folder, docket).ok().flatten());
        let judgement = docket.and_then(|docket| install::judgement(docket, repo.as_ref()).ok());
        let wanted = names(judgement.as_ref().map(install::strict).unwrap_or_default());
        let question = Question {
            folder,
            gits: &gits,
            on_path: install::on_path(),
            on_short_path: install::has_program(&SHORT_PATH.map(PathBuf::from)),
            wanted: &wanted,
        };
        duty::hooks(question, severity, &mut Answers::new(this.clone()))
    }
}

/// Where the guard may listen.
fn sockets(folder: &Path) -> Vec<PathBuf> {
    let runtime = around::runtime_folder().map(|folder| folder.join("leakwarden").join("guard.sock"));
    runtime.into_iter().chain([folder.join("guard.sock")]).collect()
}

/// One line on what became of a warning.
pub(super) fn line(event: &Event) -> String {
    let warning = &event.warning;
    let place = super::warnings::place(&event.folder, warning);
    let (became, severity, kind) = (event.became.name(), warning.severity.name(), warning.kind.name());
    let text = format!("{became:<9} {severity:<8} {kind:<8} {place}: {} [{}]", warning.what, warning.id);
    escape(text.as_bytes()) + "\n"
}

/// The guard that runs, if any.
///
/// # Errors
/// Where somebody else answers in its place.
pub(super) fn call(folder: &Path) -> Result<Option<Client>> {
    match Running::read(folder) {
        Some(running) => Client::call(&running.socket),
        None => Ok(None),
    }
}

/// How the guard is; `None` where none runs.
///
/// # Errors
/// Where it does not answer.
pub(super) fn ask_status(folder: &Path) -> Result<Option<Status>> {
    let Some(mut client) = call(folder)? else { return Ok(None) };
    match client.ask(Do::Status, PATIENCE)? {
        Said::Status(status) => Ok(Some(*status)),
        _ => bail!("the guard answers something else than it was asked"),
    }
}

/// Tells a guard that runs that the registry changed. It sees that itself; this is for where it cannot.
pub(super) fn poke(folder: &Path) {
    if let Ok(Some(mut client)) = call(folder) {
        let _ = client.ask(Do::Registry, Duration::from_secs(2));
    }
}

pub(super) fn start() -> Done {
    started().map(|text| (text, Exit::Clean)).map_err(Failure::usage)
}

fn started() -> Result<String> {
    let folder = folder()?;
    file::private_folder(&folder)?;
    if let Some(status) = ask_status(&folder)? {
        return Ok(format!("the guard runs already, as process {}\n", status.pid));
    }
    let program = std::env::current_exe().context("where leakwarden itself is, is not known")?;
    let mut command = Command::new(program);
    command.args(["guard", "run", "--detached"]).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("the guard cannot be started")?;
    let begun = Instant::now();
    loop {
        if let Some(end) = child.try_wait().context("the guard cannot be waited for")? {
            let mut said = String::new();
            if let Some(stderr) = child.stderr.take() {
                let _ = stderr.take(4096).read_to_string(&mut said);
            }
            let said = said.trim().trim_start_matches("leakwarden: ");
            return Err(anyhow!("the guard ended at once ({end}): {}", escape(said.as_bytes())));
        }
        if let Ok(Some(status)) = ask_status(&folder)
            && status.pid == child.id()
        {
            let mut text = format!("the guard runs as process {}\n", status.pid);
            if let Some(unit) = service() {
                text.push_str(&format!(
                    "it is a service too ({}): `systemctl --user start {UNIT}` keeps it running\n",
                    file::shown(&unit)
                ));
            }
            return Ok(text);
        }
        if begun.elapsed() > PATIENCE {
            bail!("the guard does not answer; `leakwarden guard run` shows what it does");
        }
        sleep(Duration::from_millis(20));
    }
}

/// The unit of this user, where there is one.
fn service() -> Option<PathBuf> {
    let own = around::home()?.join(".config/systemd/user").join(UNIT);
    let all = [own, Path::new("/etc/systemd/user").join(UNIT), Path::new("/usr/lib/systemd/user").join(UNIT)];
    all.into_iter().find(|path| path.exists())
}

pub(super) fn stop() -> Done {
    let text = (|| {
        let folder = folder()?;
        let Some(mut client) = call(&folder)? else { return Ok("the guard does not run\n".to_owned()) };
        client.ask(Do::Stop, PATIENCE)?;
        let begun = Instant::now();
        while file::try_lock(&folder.join(LOCK))?.is_none() {
            if begun.elapsed() > PATIENCE {
                bail!("the guard was told to stop and still runs");
            }
            sleep(Duration::from_millis(20));
        }
        Ok("the guard stopped\n".to_owned())
    })();
    text.map(|text| (text, Exit::Clean)).map_err(Failure::usage)
}

pub(super) fn sync() -> Done {
    let folder = folder().map_err(Failure::usage)?;
    let Some(mut client) = call(&folder).map_err(Failure::usage)? else { return Ok(not_running()) };
    client.ask(Do::Sync, Duration::from_secs(600)).map_err(Failure::usage)?;
    Ok((String::new(), Exit::Clean))
}

/// What is said where no guard runs.
pub(super) fn not_running() -> (String, Exit) {
    tell("leakwarden: the guard does not run (`leakwarden guard start`)\n");
    (String::new(), Exit::CouldNotScan)
}
