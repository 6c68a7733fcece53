//! `leakwarden guard install-service` and `uninstall-service`: the guard starts with the user's session.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cli::install::shims;
use crate::cli::{Exit, around, fail, print};
use crate::finding::escape;
use crate::guard::file::shown;
use crate::guard::service::{Folders, Found, Starter, UNIT};
use crate::install::{Strict, file};
use crate::report::human::shell_quote;

/// Where systemctl is: never on PATH, for what it is told is whom to start at every login.
const SYSTEMCTL: [&str; 3] = ["/usr/bin/systemctl", "/bin/systemctl", "/run/current-system/sw/bin/systemctl"];

/// The unit that a package brings, and the program that it starts.
const PACKAGED: (&str, &str) = ("/usr/lib/systemd/user/leakwarden-guard.service", "/usr/bin/leakwarden");

/// Said where systemd's manager of the user cannot be reached.
const NOBODY: &str = "no systemd of yours answers here (a container, another init, no session)";

/// What was done, in lines, and whether it is now as was asked for.
struct Done {
    lines: Vec<String>,
    complete: bool,
}

/// What became of commands of systemd's.
#[derive(PartialEq)]
enum Ran {
    /// They did what they should.
    Well,
    /// Nobody answers.
    Nobody,
    /// One failed.
    Failed,
}

/// Writes the file that starts the guard, and has it started.
pub(super) fn install(dry_run: bool) -> Exit {
    end(installed(dry_run))
}

/// Has the guard stopped, and removes its file.
pub(super) fn uninstall(dry_run: bool) -> Exit {
    end(uninstalled(dry_run))
}

fn end(result: Result<Done>) -> Exit {
    let printed = result.and_then(|done| {
        let text: String = done.lines.iter().map(|line| format!("{line}\n")).collect();
        print(&text).map(|()| done.complete)
    });
    match printed {
        Ok(true) => Exit::Clean,
        Ok(false) => Exit::Findings,
        Err(error) => fail(Exit::Usage, &error),
    }
}

fn installed(dry_run: bool) -> Result<Done> {
    let starter = Starter::here();
    let place = starter.place(&folders()?);
    let (shims, binary) = shims(None, Strict::default())?;
    let text = starter.text(&shims.binary)?;
    let there = look(starter, &place)?;
    let (unit, program) = PACKAGED;
    let packaged = starter == Starter::Systemd && shims.binary == Path::new(program) && Path::new(unit).is_file();
    let changed = there.as_deref() != Some(&text) && !(packaged && there.is_none());
    let mut lines: Vec<String> = binary.settle(dry_run)?.into_iter().collect();
    let would = if dry_run { "would " } else { "" };
    if changed {
        let verb = if there.is_some() { "renew" } else { "write" };
        lines.push(format!("{would}{verb} {}", shown(&place)));
        if !dry_run {
            write(&place, &text)?;
        }
    }
    if starter != Starter::Systemd {
        lines.push("nobody has tried this on such a system yet; it is started by:".to_owned());
        lines.extend(starter.start(&place).iter().map(|words| command(words)));
        return Ok(Done { lines, complete: dry_run });
    }
    let mut steps = starter.start(&place);
    if changed && there.is_some() {
        steps.push(["systemctl", "--user", "restart", UNIT].map(str::to_owned).to_vec());
    }
    let ran = apply(&steps, dry_run, &mut lines);
    match ran {
        Ran::Well if dry_run => {}
        Ran::Well => lines.push("the guard runs, and starts with every session of yours".to_owned()),
        Ran::Failed => lines.push(format!("look at: journalctl --user -u {UNIT}")),
        Ran::Nobody => {
            lines.push(format!("{NOBODY}; where one does, run:"));
            lines.extend(steps.iter().map(|words| command(words)));
        }
    }
    Ok(Done { lines, complete: ran == Ran::Well })
}

fn uninstalled(dry_run: bool) -> Result<Done> {
    let starter = Starter::here();
    let place = starter.place(&folders()?);
    let there = look(starter, &place)?;
    let mut lines = Vec::new();
    let packaged = starter == Starter::Systemd && Path::new(PACKAGED.0).is_file();
    if there.is_none() && !packaged {
        lines.push("there is no service of leakwarden's here; nothing to do".to_owned());
        return Ok(Done { lines, complete: true });
    }
    if starter != Starter::Systemd {
        lines.push("nobody has tried this on such a system yet; it is stopped by:".to_owned());
        lines.extend(starter.stop().iter().map(|words| command(words)));
    }
    let mut ran = Ran::Well;
    if starter == Starter::Systemd {
        // While the unit is there: systemd disables no other.
        ran = apply(&starter.stop(), dry_run, &mut lines);
        if ran == Ran::Failed {
            return Ok(Done { lines, complete: false });
        }
        if ran == Ran::Nobody {
            lines.push(format!("{NOBODY}; a guard that runs is stopped by: leakwarden guard stop"));
        }
    }
    if packaged && there.is_none() {
        lines.push(format!(
            "where it is enabled for everybody, yours is kept from starting by: systemctl --user mask {UNIT}"
        ));
    }
    let would = if dry_run { "would " } else { "" };
    let mut gone: Vec<PathBuf> = there.iter().map(|_| place.clone()).collect();
    // What `enable` made; where no manager answered it is still there, and would name a file that is gone.
    let wanted = place.with_file_name("default.target.wants").join(UNIT);
    if there.is_some() && fs::read_link(&wanted).is_ok_and(|to| to == place) {
        gone.push(wanted);
    }
    for path in gone {
        lines.push(format!("{would}remove {}", shown(&path)));
        if !dry_run {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", shown(&path)))?;
        }
    }
    if starter == Starter::Systemd && there.is_some() && ran == Ran::Well && !dry_run {
        run(&["systemctl", "--user", "daemon-reload"].map(str::to_owned))?;
    }
    Ok(Done { lines, complete: true })
}

/// The folders of this user.
fn folders() -> Result<Folders> {
    let home = around::home().context("there is no home directory")?;
    let config = around::config_folder().context("there is no home directory")?;
    let data = around::data_folder().context("there is no home directory")?;
    Ok(Folders { home, config, data })
}

/// The text of our file that is there; `None` where there is none.
///
/// # Errors
/// Where something stands there that is not leakwarden's to touch.
fn look(starter: Starter, place: &Path) -> Result<Option<String>> {
    let found = match fs::symlink_metadata(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found.with_context(|| format!("cannot look at {}", shown(place)))?,
    };
    // A masked unit is a link to nothing: whoever made it wants no guard.
    ensure!(found.is_file(), "{} is a link or no file; whoever put it there wants no guard, or another", shown(place));
    let text = file::text(place).with_context(|| format!("cannot read {}", shown(place)))?;
    let at = shown(place);
    match starter.read(&text) {
        Found::Ours => Ok(Some(text)),
        Found::Foreign => bail!("{at} was not written by leakwarden; move it away first"),
        Found::Changed => bail!(
            "{at} was changed since leakwarden wrote it; move it away, and what you want changed into {at}.d/own.conf"
        ),
        Found::Newer => bail!("{at} was written by a newer leakwarden; update this one"),
    }
}

fn write(place: &Path, text: &str) -> Result<()> {
    let folder = place.parent().context("no folder")?;
    let write = || -> Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(place)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", shown(place)))
}

/// Runs commands of systemd's, until one fails.
fn apply(steps: &[Vec<String>], dry_run: bool, lines: &mut Vec<String>) -> Ran {
    if dry_run {
        lines.extend(steps.iter().map(|words| format!("would run {}", words.join(" "))));
        return Ran::Well;
    }
    if !answers() {
        return Ran::Nobody;
    }
    for words in steps {
        if let Err(error) = run(words) {
            lines.push(format!("{error:#}"));
            return Ran::Failed;
        }
    }
    Ran::Well
}

/// Whether systemd's manager of this user can be spoken to.
fn answers() -> bool {
    let words = ["systemctl", "--user", "show", "--property=Version"];
    run(&words.map(str::to_owned)).is_ok()
}

fn run(words: &[String]) -> Result<()> {
    let mut programs = SYSTEMCTL.iter().map(Path::new);
    let program = programs.find(|program| program.is_file()).context("there is no systemctl on this machine")?;
    let line = words.join(" ");
    let output = Command::new(program).args(&words[1..]).output().with_context(|| format!("cannot run {line}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(|line| escape(line.as_bytes())).collect::<Vec<_>>().join("; ");
    ensure!(output.status.success(), "`{line}` failed: {said}");
    Ok(())
}

/// A command as it is typed; `$(id -u)` is the shell's.
fn command(words: &[String]) -> String {
    let quoted =
        words.iter().map(|word| if word.starts_with("gui/$(") { word.clone() } else { shell_quote(word.as_bytes()) });
    format!("    {}", quoted.collect::<Vec<_>>().join(" "))
}
