//! The hooks of one repository, as each git of the machine sees them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Check, Status};
use crate::finding::escape;
use crate::install::gits::Installed;
use crate::install::manager::Manager;
use crate::install::place::{Git, Place};
use crate::install::shim::{self, Hook, VERSION, aside};
use crate::install::way::{Way, shim_of, ways};
use crate::install::{dropin, shown};

/// Whether programs that hooks run are this one: each is looked at once.
#[derive(Debug, Default)]
pub struct Answers {
    /// This program, where that is known.
    this: Option<PathBuf>,
    known: HashMap<PathBuf, Result<String, String>>,
}

impl Answers {
    /// None yet; programs are compared with `this` one.
    pub fn new(this: Option<PathBuf>) -> Self {
        Answers { this, known: HashMap::new() }
    }
}

/// Hooks without which a secret gets into a commit or out of the machine.
const STOPPING: [&str; 4] = ["pre-commit", "pre-merge-commit", "commit-msg", "pre-push"];

/// What is asked of one repository.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// A folder in it.
    pub folder: &'a Path,
    /// The gits of the machine; the first is the one on PATH.
    pub gits: &'a [Installed],
    /// Whether PATH has a leakwarden, which lines in others' files call.
    pub on_path: bool,
    /// Whether also the short PATH has one with which graphical programs run git.
    pub on_short_path: bool,
    /// The hooks that policy asks for.
    pub wanted: &'a [&'static str],
}

/// Checks the hooks.
pub fn check(question: Question<'_>, answers: &mut Answers) -> Vec<Check> {
    let mut checks = Vec::new();
    let place = match Place::of(&Git::of(question.folder)) {
        Ok(place) => place,
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            return vec![Check::unknown("repository", text, "ask git: `git status` in that folder")];
        }
    };
    let mut covered = true;
    for git in question.gits.iter().filter(|git| !git.foreign) {
        let check = on_git(&question, git, answers);
        covered &= check.status != Status::Fails;
        checks.push(check);
    }
    if question.gits.iter().all(|git| git.foreign) {
        let mend = "look as the account that owns them, or put a git of root's on PATH";
        checks.push(Check::unknown("covered", "there is no git here that this account may run", mend));
        return checks;
    }
    checks.extend(worktrees(question.folder, &place));
    // The one on PATH, unless root must not run it.
    let first = question.gits.iter().find(|git| !git.foreign);
    let git = Git::of(question.folder);
    let git = first.map_or(git.clone(), |first| git.of_machine(first));
    for hook in question.wanted {
        checks.push(one_hook(hook, &place, &git, &question, answers));
    }
    for hook in shim::all() {
        checks.extend(kept(&place.hooks, hook));
    }
    if first.is_some_and(Installed::runs_config_hooks) {
        checks.extend(configured(&git, &place, covered));
    }
    checks
}

/// Whether one git runs leakwarden before a commit.
fn on_git(question: &Question<'_>, installed: &Installed, answers: &mut Answers) -> Check {
    const ID: &str = "covered";
    let subject = installed.described();
    if installed.version.is_none() {
        let mend = "look whether it can be run; where it cannot, nothing commits with it";
        return Check::unknown(ID, "this git does not tell its version", mend).on(subject);
    }
    let git = Git::of(question.folder).of_machine(installed);
    let found = Place::of(&git).and_then(|place| Ok((ways(&place, &git, "pre-commit")?, place)));
    let (ways, place) = match found {
        Ok(found) => found,
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            return Check::unknown(ID, text, "ask this git: `git status` in that folder").on(subject);
        }
    };
    let check = match ways.first() {
        Some(Way::None { by, .. }) => uncovered(&place, *by, installed.runs_config_hooks()),
        None => uncovered(&place, None, installed.runs_config_hooks()),
        Some(Way::Lines { .. } | Way::Config { shim: None, .. }) if ways.len() == 1 && !question.on_path => {
            no_program(ID)
        }
        Some(way) => {
            let shim = match way {
                Way::Shim(path) | Way::Chained { shim: path, .. } | Way::Config { shim: Some(path), .. } => Some(path),
                _ => None,
            };
            // A hook that is there and does not do what it should covers nothing.
            match shim.filter(|path| !holds(path, answers)).map(|path| shim_at(path, answers)) {
                Some(failed) => Check { id: ID, ..failed },
                None => Check::ok(ID, format!("before each commit, by {}", told(way))),
            }
        }
    };
    check.on(subject)
}

/// Why leakwarden does not run, and what helps.
fn uncovered(place: &Place, by: Option<Manager>, knows_config: bool) -> Check {
    const ID: &str = "covered";
    let whose = by.map_or_else(String::new, |by| format!(", which {} manages", by.name()));
    match &place.foreign {
        Some(foreign) => {
            let text = format!(
                "hooks are taken from {}{whose} (core.hooksPath, {}, {}), and leakwarden is not among them",
                shown(&place.hooks),
                foreign.scope,
                foreign.origin
            );
            if knows_config {
                return Check::fails(ID, text, "`leakwarden install` in the repository").fixable();
            }
            let mend = match by {
                Some(by) => {
                    format!("`leakwarden install` tells the lines for {}; `--write` puts them there", by.name())
                }
                None => "`leakwarden install` tells the lines to add there".to_owned(),
            };
            Check::fails(ID, text, mend)
        }
        None => {
            let there = match by {
                Some(by) => {
                    format!("{} has a hook of its own at {}", by.name(), shown(&place.hooks.join("pre-commit")))
                }
                None => format!("there is no hook of leakwarden's that runs in {}", shown(&place.hooks)),
            };
            Check::fails(ID, there, "`leakwarden install` in the repository").fixable()
        }
    }
}

fn no_program(id: &'static str) -> Check {
    let mend = "put leakwarden on PATH, also on that of graphical programs";
    Check::fails(id, "lines in another manager's file call the leakwarden on PATH, and there is none", mend)
}

fn told(way: &Way) -> String {
    match way {
        Way::Shim(path) => format!("the hook {}", shown(path)),
        Way::Chained { by, shim } => format!("{}, which runs {}", by.name(), shown(shim)),
        Way::Config { name, scope, .. } => format!("git's configuration (hook {}, {scope})", escape(name.as_bytes())),
        Way::Lines { by, file } => {
            let whose = by.map_or_else(String::new, |by| format!(" of {}", by.name()));
            format!("lines in {}{whose}", shown(file))
        }
        Way::None { .. } => "nothing".to_owned(),
    }
}

/// Other worktrees may have a hooks folder of their own, where the repository has a configuration for each.
fn worktrees(folder: &Path, place: &Place) -> Vec<Check> {
    let git = Git::of(folder);
    if git.output(&["config", "--type=bool", "--get", "extensions.worktreeConfig"]).ok().as_deref() != Some(b"true") {
        return Vec::new();
    }
    let listed = git.output(&["worktree", "list", "--porcelain"]).unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let others = listed.lines().filter_map(|line| line.strip_prefix("worktree ")).map(PathBuf::from);
    let mut checks = Vec::new();
    for other in others.filter(|other| Some(other) != place.top.as_ref() && other.is_dir()) {
        let git = Git::of(&other);
        let Ok(there) = Place::of(&git) else { continue };
        if there.hooks != place.hooks
            && let Ok(ways) = ways(&there, &git, "pre-commit")
            && let Some(Way::None { by, .. }) = ways.first()
        {
            checks.push(uncovered(&there, *by, false).on(format!("worktree {}", shown(&other))));
        }
    }
    checks
}

/// One hook, for the git on PATH.
fn one_hook(hook: &'static str, place: &Place, git: &Git, question: &Question<'_>, answers: &mut Answers) -> Check {
    const ID: &str = "hook";
    let install = "`leakwarden install` in the repository";
    let found = match ways(place, git, hook) {
        Ok(ways) => ways,
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            return Check::unknown(ID, text, "make the file readable").on(hook);
        }
    };
    let check = match found.first() {
        Some(Way::Shim(path)) | Some(Way::Chained { shim: path, .. }) => shim_at(path, answers),
        Some(Way::Config { shim: Some(path), scope, .. }) => {
            let check = shim_at(path, answers);
            match scope.as_str() {
                "global" | "system" if check.status == Status::Fails => {
                    let word = if scope == "global" { "user" } else { "system" };
                    Check { mend: Some(format!("`leakwarden install --{word}`")), fixable: false, ..check }
                }
                _ => check,
            }
        }
        Some(Way::Lines { .. } | Way::Config { shim: None, .. }) if !question.on_path => no_program(ID),
        Some(way @ (Way::Lines { .. } | Way::Config { shim: None, .. })) if !question.on_short_path => Check::note(
            ID,
            format!("{}: leakwarden is on this PATH, and not on the short one of graphical programs", told(way)),
        ),
        Some(way @ (Way::Lines { .. } | Way::Config { shim: None, .. })) => Check::ok(ID, told(way)),
        Some(Way::None { .. }) | None => {
            let at = place.hooks.join(hook);
            match Hook::at(&at) {
                Ok(Hook::Ours(..)) => {
                    Check::fails(ID, format!("{} is not executable, so git ignores it", shown(&at)), install).fixable()
                }
                _ if STOPPING.contains(&hook) || place.foreign.is_none() => {
                    Check::fails(ID, "leakwarden does not run on it", install).fixable()
                }
                // Where somebody else's lines run it, those after a commit are a comfort.
                _ => Check::note(ID, "leakwarden does not run on it: what is skipped is noticed before a push"),
            }
        }
    };
    check.on(hook)
}

/// Whether a shim does what it should, of whatever version it is.
fn holds(path: &Path, answers: &mut Answers) -> bool {
    let Ok(Hook::Ours(shim, _)) = Hook::at(path) else { return true };
    let sound = shim.version <= VERSION && !shim.changed;
    sound && shim.binary.is_some_and(|binary| answer(&binary, answers).is_ok())
}

/// A shim: whose, how old, and whether what it runs can be run.
fn shim_at(path: &Path, answers: &mut Answers) -> Check {
    const ID: &str = "hook";
    let install = "`leakwarden install` in the repository writes it anew";
    let Ok(Hook::Ours(shim, _)) = Hook::at(path) else {
        return Check::ok(ID, format!("by way of {}", shown(path)));
    };
    if shim.version > VERSION {
        let mend = "update leakwarden; this one is older than the hook";
        return Check::fails(ID, format!("{} has version {}", shown(path), shim.version), mend);
    }
    if shim.version < VERSION {
        let text = format!("{} has version {}, and {VERSION} is current", shown(path), shim.version);
        return Check::fails(ID, text, install).fixable();
    }
    if shim.changed {
        let mend = "read it; then remove it and run `leakwarden install`";
        return Check::fails(ID, format!("{} was changed since leakwarden wrote it", shown(path)), mend);
    }
    match &shim.binary {
        None => Check::fails(ID, format!("{} names no program", shown(path)), install).fixable(),
        Some(binary) => match answer(binary, answers) {
            Ok(version) => Check::ok(ID, format!("{}, version {VERSION}, runs {version}", shown(path))),
            Err(why) => {
                let text = format!("{} runs {}, which {why}", shown(path), shown(binary));
                Check::fails(ID, text, install).fixable()
            }
        },
    }
}

/// Whether a program that hooks run is this one. It is not started: whoever can write a hook could name
/// any program there, and doctor is run over many repositories, by root as well.
fn answer<'a>(binary: &Path, answers: &'a mut Answers) -> &'a Result<String, String> {
    let this = answers.this.as_deref();
    answers.known.entry(binary.to_path_buf()).or_insert_with(|| compare(binary, this))
}

fn compare(binary: &Path, this: Option<&Path>) -> Result<String, String> {
    let found = match fs::metadata(binary) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err("is not there".to_owned()),
        Err(error) => return Err(format!("cannot be looked at: {error}")),
        Ok(found) => found,
    };
    if !binary.is_absolute() {
        return Err("depends on where one stands".to_owned());
    }
    if !found.is_file() || !shim::runs(binary) {
        return Err("is not executable".to_owned());
    }
    let this = this.ok_or("cannot be compared with this program")?;
    let same = || {
        let length = fs::metadata(this)?.len();
        Ok::<bool, std::io::Error>(length == found.len() && fs::read(this)? == fs::read(binary)?)
    };
    let is_this = this.canonicalize().ok() == binary.canonicalize().ok() || same().unwrap_or(false);
    if is_this {
        Ok(format!("leakwarden {}", env!("CARGO_PKG_VERSION")))
    } else {
        Err("is another program than this leakwarden, or another version".to_owned())
    }
}

/// The hook that was there before leakwarden's, if one is kept.
fn kept(hooks: &Path, hook: &'static str) -> Option<Check> {
    const ID: &str = "chain";
    let at = hooks.join(hook);
    let aside = aside(&at);
    let found = aside.symlink_metadata().ok()?;
    let elsewhere = Manager::ALL.into_iter().filter_map(|manager| manager.puts_aside(&at));
    let in_front = |path: &Path| matches!(Hook::at(path), Ok(Hook::Ours(..)));
    let runs = in_front(&at) || elsewhere.into_iter().any(|(path, is_run)| is_run && in_front(&path));
    let check = if !runs {
        let mend = "look at both; `leakwarden install` keeps the first, `leakwarden uninstall` names what is left";
        let text = format!("{} is kept, and leakwarden's hook in front of it is gone", shown(&aside));
        Check::fails(ID, text, mend)
    } else if found.is_symlink() && fs::metadata(&aside).is_err() {
        let mend = "put back what the link points to, or remove the link";
        Check::fails(ID, format!("{} is a link to nothing, so it is not run", shown(&aside)), mend)
    } else if !shim::runs(&aside) {
        Check::note(ID, format!("{} is not executable, so it is not run, as before", shown(&aside)))
    } else {
        Check::ok(ID, format!("{} runs after leakwarden", shown(&aside)))
    };
    Some(check.on(hook))
}

/// Hooks of leakwarden's that git's configuration names, and somebody has turned off or replaced.
fn configured(git: &Git, place: &Place, covered: bool) -> Vec<Check> {
    const ID: &str = "config-hook";
    let asked = ["config", "--show-scope", "--show-origin", "--get-regexp", "^hook\\.leakwarden-"];
    let said = git.output(&asked).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let mut found: HashMap<&str, Vec<(&str, &str, &str, &str)>> = HashMap::new();
    for line in said.lines() {
        let [scope, origin, rest] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { continue };
        let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let Some((name, key)) = key.strip_prefix("hook.").and_then(|key| key.rsplit_once('.')) else { continue };
        found.entry(name).or_default().push((key, value, scope, origin));
    }
    let mut checks = Vec::new();
    for hook in shim::all() {
        let name = dropin::name(hook);
        let Some(lines) = found.get(name.as_str()) else { continue };
        let last = |wanted: &str| lines.iter().rev().find(|(key, ..)| *key == wanted);
        let bad = if let Some((_, _, scope, origin)) = last("enabled").filter(|line| is_off(line.1)) {
            Some(format!("turned off ({scope}, {origin})"))
        } else if let Some((_, _, scope, origin)) =
            last("command").filter(|line| shim_of(line.1, place, hook).is_none())
        {
            Some(format!("its command was replaced ({scope}, {origin})"))
        } else if let Some((_, _, scope, origin)) = last("event").filter(|line| line.1 != hook) {
            Some(format!("taken off its event ({scope}, {origin})"))
        } else {
            None
        };
        let Some(text) = bad.map(|text| format!("{name}: {}", escape(text.as_bytes()))) else { continue };
        let mend = "take that line out of that file";
        let check = if covered { Check::note(ID, text) } else { Check::fails(ID, text, mend) };
        checks.push(check.on(hook));
    }
    checks
}

fn is_off(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0" | "")
}
