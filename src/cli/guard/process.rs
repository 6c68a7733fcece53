//! Running, starting and stopping the guard, and talking to it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::{Done, folder, setup};
use crate::cli::case::{Docket, Failure};
use crate::cli::{Exit, around, tell};
use crate::exception::reason_fault;
use crate::finding::escape;
use crate::guard::file::LOCK;
use crate::guard::protocol::{Do, Said, Status};
use crate::guard::run::Running;
use crate::guard::service::UNIT;
use crate::guard::socket::Client;
use crate::guard::{file, run};

/// How long an answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(detached: bool) -> Done {
    begin_anew();
    if detached {
        // Where this process leads its group already, it stays in the session.
        let _ = rustix::process::setsid();
    }
    // The folder in which it was started may be unmounted or removed.
    let _ = std::env::set_current_dir("/");
    let folder = folder().map_err(Failure::usage)?;
    file::private_folder(&folder).map_err(Failure::usage)?;
    let setup = setup::setup(folder).map_err(Failure::usage)?;
    run::run(setup).map_err(Failure::usage)?;
    Ok((String::new(), Exit::Clean))
}

/// Begins anew with two variables that are read only at the start: an allocator that gives memory back, for after
/// one look at a large index glibc otherwise keeps as much for the next (M_MMAP_THRESHOLD in mallopt(3) grows by
/// itself unless it is set); and a temporary folder in which the sandbox lets it write.
fn begin_anew() {
    #[cfg(target_os = "linux")]
    {
        const DONE: &str = "LEAKWARDEN_GUARD";
        const TUNED: &str =
            "glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=131072:glibc.malloc.arena_max=2";
        let folder = folder().ok().filter(|folder| file::private_folder(folder).is_ok());
        if let Some(folder) = folder.filter(|_| std::env::var_os(DONE).is_none()) {
            let mut anew = Command::new("/proc/self/exe");
            std::os::unix::process::CommandExt::arg0(&mut anew, "leakwarden");
            anew.args(std::env::args_os().skip(1)).env(DONE, "1").env("TMPDIR", folder);
            if std::env::var_os("GLIBC_TUNABLES").is_none() {
                anew.env("GLIBC_TUNABLES", TUNED);
            }
            // Where that fails, it runs with more memory and without approvals.
            let _ = std::os::unix::process::CommandExt::exec(&mut anew);
        }
    }
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

/// Takes a notice for known.
pub(super) fn dismiss(id: &str, reason: &str) -> Done {
    let text = (|| {
        let docket = Docket::open().map_err(|failure| failure.error)?;
        let judgement = docket.policy().map_err(|failure| failure.error)?;
        if let Some(fault) = reason_fault(reason, judgement.policy.exceptions.least_reason) {
            bail!("{fault}");
        }
        judgement.check_text("reason", reason)?;
        let Some(mut client) = call(&folder()?)? else { bail!("the guard does not run (`leakwarden guard start`)") };
        match client.ask(Do::Dismiss { id: id.to_owned(), reason: reason.to_owned() }, PATIENCE)? {
            Said::Error(why) => bail!("{why}"),
            _ => Ok(format!("dismissed: {}\n", escape(id.as_bytes()))),
        }
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
