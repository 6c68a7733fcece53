//! Warnings on the desktop, where there is one: by `notify-send`, which speaks to the session's bus so that
//! the guard need not.
//!
//! A note may be read by whoever sees the screen. It says where and of what kind, and no part of a secret,
//! not even the part that a terminal shows.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Kind, Warning};
use crate::finding::escape;
use crate::install::shim::runs;

/// Where the program is looked for: never on PATH, on which a project may put what it likes.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/run/current-system/sw/bin"];

/// The least time between two notes.
const BETWEEN: Duration = Duration::from_secs(10);

/// How long the program may take; a bus without a desktop never answers.
const LONGEST: Duration = Duration::from_secs(5);

/// Characters of a path that a note shows, its end.
const PATH: usize = 120;

/// Repositories that one note names.
const NAMED: usize = 3;

/// What tells whether there is a desktop.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub bus: Option<OsString>,
    /// `XDG_RUNTIME_DIR`: its `bus` counts where there is no address.
    pub runtime: Option<PathBuf>,
}

/// The desktop of the user's session.
#[derive(Debug, Default)]
pub struct Desk {
    session: Session,
    folders: Vec<PathBuf>,
    /// When something was shown last.
    shown: Option<Instant>,
    /// New warnings of each repository that were not shown yet.
    held: BTreeMap<String, usize>,
    /// The program that runs, and since when.
    running: Option<(Child, Instant)>,
    between: Duration,
    longest: Duration,
}

impl Desk {
    /// The desktop of a session. [`default`](Self::default) is one where nothing is ever shown.
    pub fn new(session: Session) -> Self {
        let folders = FOLDERS.iter().map(PathBuf::from).collect();
        Desk { session, folders, between: BETWEEN, longest: LONGEST, ..Desk::default() }
    }

    /// Shows new warnings of a repository (its folder's name) in one note, at most one in ten seconds: the
    /// first at once, the others later and counted only. Never waits; where there is no desktop, nothing
    /// happens.
    pub fn show(&mut self, repository: &str, warnings: &[&Warning]) {
        let Some(first) = warnings.first() else { return };
        self.reap();
        let repository = escape(repository.as_bytes());
        if !self.held.is_empty() || !self.free() {
            *self.held.entry(repository).or_default() += warnings.len();
            return;
        }
        let mut body = place(first);
        if warnings.len() > 1 {
            body.push_str(&format!("\nand {} more", warnings.len() - 1));
        }
        self.note(&format!("{}: {}", repository, kind(first.kind)), &body);
    }

    /// Shows what was held back and is due now, and takes leave of the program that showed the last note.
    /// Called by the loop at least every second while [`waits`](Self::waits).
    pub fn flush(&mut self) {
        self.reap();
        if self.held.is_empty() || !self.free() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        let count: usize = held.values().sum();
        let each = held.iter().take(NAMED).map(|(name, count)| format!("{count} in {name}"));
        let mut body = each.collect::<Vec<_>>().join("\n");
        if held.len() > NAMED {
            body.push_str(&format!("\nand in {} other repositories", held.len() - NAMED));
        }
        let s = if count == 1 { "" } else { "s" };
        let title = match held.keys().next() {
            Some(only) if held.len() == 1 => format!("{count} more warning{s} in {only}"),
            _ => format!("{count} more warning{s}"),
        };
        let body = if held.len() == 1 { String::new() } else { body };
        self.note(&title, &body);
    }

    /// Whether something is held back, or the program still runs.
    pub fn waits(&self) -> bool {
        !self.held.is_empty() || self.running.is_some()
    }

    /// Whether a note may be shown now.
    fn free(&self) -> bool {
        self.running.is_none() && self.shown.is_none_or(|last| last.elapsed() >= self.between)
    }

    /// The bus's address; `None` where there is no bus (yet).
    fn bus(&self) -> Option<OsString> {
        if let Some(bus) = self.session.bus.as_ref().filter(|bus| !bus.is_empty()) {
            return Some(bus.clone());
        }
        let socket = self.session.runtime.as_ref()?.join("bus");
        let mut address = OsString::from("unix:path=");
        address.push(&socket);
        socket.exists().then_some(address)
    }

    fn note(&mut self, title: &str, body: &str) {
        let Some(bus) = self.bus() else { return };
        let mut programs = self.folders.iter().map(|folder| folder.join("notify-send"));
        let Some(program) = programs.find(|program| runs(program)) else { return };
        let body = format!("{body}\nleakwarden guard warnings");
        let mut command = Command::new(program);
        command.args(["--app-name=leakwarden", "--icon=dialog-warning", "--"]);
        command.arg(cut(title)).arg(markup(body.trim_start()));
        // Nothing of what the guard was started with; the locale, or it takes no text but ASCII.
        command.env_clear().env("DBUS_SESSION_BUS_ADDRESS", bus).env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(Path::new("/"));
        self.shown = Some(Instant::now());
        // A note that cannot be shown is in `guard warnings` all the same.
        self.running = command.spawn().ok().map(|child| (child, Instant::now()));
    }

    /// Takes leave of the program where it has ended, or ends it where it takes too long.
    fn reap(&mut self) {
        let Some((child, since)) = &mut self.running else { return };
        if since.elapsed() >= self.longest {
            // It is dead at once, so it is gone when it is looked at the next time.
            let _ = child.kill();
        }
        if !matches!(child.try_wait(), Ok(None)) {
            self.running = None;
        }
    }
}

/// What a warning is about, in a title.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "a secret in a tracked file",
        Kind::EnvFile => "a secret in an env file",
        Kind::KeyFile => "a key file that is not ignored",
        Kind::Hook => "a hook is gone or switched off",
        Kind::Policy => "the policy changed",
        Kind::Ledger => "the ledger was edited",
        Kind::EnvMode => "an env file that others may read",
        Kind::Reuse => "one value in two places",
        Kind::Age => "a secret that is old",
    }
}

/// Where a warning is; empty where it is nowhere in the worktree.
fn place(warning: &Warning) -> String {
    let path = escape(warning.path.as_bytes());
    let skipped = path.chars().count().saturating_sub(PATH);
    let end: String = path.chars().skip(skipped).collect();
    let dots = if skipped > 0 { "…" } else { "" };
    match warning.line {
        _ if path.is_empty() => String::new(),
        0 => format!("{dots}{end}"),
        line => format!("{dots}{end}:{line}"),
    }
}

/// A title of a length that fits.
fn cut(title: &str) -> String {
    if title.chars().count() <= PATH { title.to_owned() } else { title.chars().take(PATH).chain(['…']).collect() }
}

/// Text in a note's body: desktops read markup in it (Desktop Notifications Specification, "Markup"), and
/// notify-send C escapes.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\\', "\\\\")
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::level::Severity;

    fn warning(path: &str, line: u32) -> Warning {
        Warning {
            id: "k3f9a2b7".to_owned(),
            kind: Kind::Secret,
            severity: Severity::Critical,
            rule: None,
            path: path.to_owned(),
            line,
            what: "a token abcd********wxyz".to_owned(),
            why: String::new(),
            steps: Vec::new(),
            rotate: None,
            secret: None,
        }
    }

    /// A desk whose program writes its arguments down, or does what else is asked.
    fn desk(folder: &Path, script: &str) -> Desk {
        let program = folder.join("notify-send");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be run");
        let mut desk = Desk::new(Session { bus: Some("unix:path=/nowhere".into()), runtime: None });
        desk.folders = vec![folder.to_path_buf()];
        desk
    }

    fn writes(folder: &Path) -> String {
        format!("printf '[%s]\\n' \"$@\" >> '{}'", folder.join("said").display())
    }

    fn until(desk: &mut Desk, done: impl Fn(&Desk) -> bool) {
        let start = Instant::now();
        while !done(desk) && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(10));
            desk.flush();
        }
        assert!(done(desk), "it takes too long");
    }

    #[test]
    fn the_first_at_once_the_others_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut desk = desk(folder.path(), &writes(folder.path()));
        desk.between = Duration::from_millis(600);
        let (one, two) = (warning("a<b>&.rs", 3), warning("-x", 0));
        desk.show("shop", &[&one, &two]);
        desk.show("shop", &[&one]);
        desk.show("shop", &[&two, &one]);
        assert!(desk.waits());
        until(&mut desk, |desk| !desk.waits());
        let said = fs::read_to_string(folder.path().join("said")).expect("what was said");
        let notes: Vec<&str> = said.split("[--]\n").skip(1).collect();
        assert_eq!(notes.len(), 2, "{said}");
        assert!(
            notes[0].starts_with("[shop: a secret in a tracked file]\n[a&lt;b&gt;&amp;.rs:3\nand 1 more\n"),
            "{said}"
        );
        assert!(notes[1].starts_with("[3 more warnings in shop]\n[leakwarden guard warnings]"), "{said}");
        assert!(!said.contains("abcd") && !said.contains("wxyz"), "{said}");
    }

    #[test]
    fn many_repositories_are_one_note() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut desk = desk(folder.path(), &writes(folder.path()));
        desk.between = Duration::from_millis(400);
        for name in ["first", "a", "b", "c", "d", "e\x1b[31m"] {
            desk.show(name, &[&warning(".env", 1)]);
        }
        until(&mut desk, |desk| !desk.waits());
        let said = fs::read_to_string(folder.path().join("said")).expect("what was said");
        assert!(said.contains("[5 more warnings]\n[1 in a\n1 in b\n1 in c\nand in 2 other repositories\n"), "{said}");
        assert!(!said.contains('\x1b'));
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut desk = desk(folder.path(), "exec sleep 60");
        desk.longest = Duration::from_millis(300);
        let start = Instant::now();
        desk.show("shop", &[&warning("a", 1)]);
        assert!(start.elapsed() < Duration::from_millis(250) && desk.running.is_some());
        until(&mut desk, |desk| desk.running.is_none());
    }

    #[test]
    fn without_a_desktop_nothing_happens() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut desk = desk(folder.path(), &writes(folder.path()));
        desk.session = Session { bus: None, runtime: Some(folder.path().to_path_buf()) };
        desk.show("shop", &[&warning("a", 1)]);
        assert!(!desk.waits());
        let mut none = Desk::default();
        none.show("shop", &[&warning("a", 1)]);
        assert!(!none.waits() && !folder.path().join("said").exists());
    }

    /// Run by tests/desktop.sh, on a session bus with a real `notify-send`.
    #[test]
    #[ignore = "needs a session bus and a desktop: tests/desktop.sh"]
    fn on_this_desktop() {
        let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS");
        let mut desk = Desk::new(Session { bus, runtime: None });
        desk.between = Duration::from_millis(300);
        desk.show("-shop <b>", &[&warning("prix/é<b>\\n&.env", 3)]);
        desk.show("web", &[&warning("b", 1), &warning("c", 1)]);
        until(&mut desk, |desk| !desk.waits());
    }
}
