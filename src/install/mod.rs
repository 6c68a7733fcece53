//! Installing the hooks: plan, show, apply, undo.
//!
//! - [`place`]: where git looks for a repository's hooks, and who says so;
//! - [`gits`]: the gits of the machine, for older ones know fewer ways;
//! - [`shim`]: the scripts that git runs, and reading them back;
//! - [`dropin`]: hooks that git's configuration names;
//! - [`machine`]: hooks of a user or a machine, and of new clones;
//! - [`below`]: the repositories below a folder;
//! - [`lasting`]: where the program is that hooks run;
//! - [`displaced`]: hooks of ours that another manager took the place of;
//! - [`manager`]: other programs that manage hooks;
//! - [`lines`] and `package`: the lines that make another manager run leakwarden, in its own file;
//! - [`others`]: what is said of other managers, and done with `--write`;
//! - [`way`]: in what way leakwarden runs in the end;
//! - [`plan`]: steps, done or taken back; `file`: reading what anybody may have made.
//!
//! In one repository nothing is written outside its git directory. A hook that is there already is
//! renamed, which keeps its bytes, mode, time and link target, and is run after ours; uninstalling
//! renames it back. Where `core.hooksPath` points elsewhere, hooks come from the repository's own
//! configuration for gits that know that, and the lines for the others are printed.

use std::path::Path;

use anyhow::{Result, bail};

use crate::report::human::shell_quote;
use displaced::{Settled, settle};
use dropin::{DropIn, NAME as DROPIN};
use gits::Installed;
use manager::Manager;
use place::{Foreign, Place};
use plan::{FOLDER_MARK, Step};
use shim::{Hears, Hook, Shims, aside, is_executable};

pub mod below;
pub(crate) mod displaced;
pub mod dropin;
pub(crate) mod file;
pub mod gits;
pub mod lasting;
pub mod lines;
pub mod machine;
pub mod manager;
pub mod others;
mod package;
pub mod place;
pub(crate) mod plan;
pub mod shim;
pub mod way;

pub use shim::{Missing, Strict};
pub use way::{Way, covers};

/// What was done, in lines for the person.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The lines.
    pub lines: Vec<String>,
    /// Whether everything is now as was asked for.
    pub complete: bool,
    /// Whether anything had to be done.
    pub changed: bool,
}

/// What is planned for one repository.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is to be done.
    pub(crate) steps: Vec<Step>,
    /// What is to be said whatever is done: why something stays as it is, and what a person can do.
    pub notes: Vec<String>,
    /// In one line, why the repository will not be as was asked for.
    pub why: Option<String>,
    /// Whether the repository is as was asked for when the steps are done.
    pub complete: bool,
    /// What is to be said at the end, where something was done and where nothing had to be.
    pub closing: [String; 2],
}

impl Plan {
    /// Does it, or only tells it.
    ///
    /// # Errors
    /// Where a step fails; those before it are taken back.
    pub fn carry_out(self, dry_run: bool) -> Result<Outcome> {
        let changed = !self.steps.is_empty();
        let mut lines = if dry_run { plan::tell(&self.steps) } else { plan::apply(self.steps)? };
        let [done, nothing] = self.closing;
        let last = if changed { done } else { nothing };
        if self.complete && !(changed && dry_run) && !last.is_empty() {
            lines.push(last);
        }
        lines.extend(self.notes);
        Ok(Outcome { lines, complete: self.complete, changed })
    }
}

/// Plans the hooks of one repository, for the gits of this machine.
///
/// # Errors
/// Where what is there cannot be read, or stands in the way.
pub fn install(place: &Place, gits: &[Installed], shims: &Shims) -> Result<Plan> {
    let mut plan = Plan {
        complete: true,
        closing: [
            "protected: every commit here is scanned from now on (undo: leakwarden uninstall)".to_owned(),
            format!("already protected: the hooks in {} are current", shown(&place.hooks)),
        ],
        ..Plan::default()
    };
    match &place.foreign {
        None => {
            in_folder(&place.hooks, shims, &mut plan)?;
            // From a time when hooks were taken from elsewhere: both would run.
            let dropin = DropIn::of_repository(&place.common);
            if dropin.file().exists() && !worktrees_differ(&place.common) {
                plan_exclusion(place, &dropin, &mut plan.steps, &mut Vec::new())?;
            }
        }
        Some(foreign) => beside(place, foreign, gits, shims, &mut plan)?,
    }
    Ok(plan)
}

/// Shims in the folder in which git looks for hooks.
fn in_folder(hooks: &Path, shims: &Shims, plan: &mut Plan) -> Result<()> {
    let wanted = shims.names();
    plan.steps.extend(plan::leftovers(hooks));
    for name in &wanted {
        plan_shim(hooks, name, shims, &mut plan.steps)?;
    }
    // What policy asked for once, and asks for no more, goes.
    for name in shim::strict().filter(|name| !wanted.contains(name)) {
        plan_removal(hooks, name, &mut plan.steps, &mut Vec::new())?;
    }
    Ok(())
}

fn plan_shim(hooks: &Path, name: &str, shims: &Shims, steps: &mut Vec<Step>) -> Result<()> {
    let hook = hooks.join(name);
    let found = Hook::at(&hook)?;
    let text = shims.text_over(name, &hook, &found)?;
    match &found {
        Hook::Ours(_, bytes) if bytes == text.as_bytes() && is_executable(&hook) => return Ok(()),
        Hook::Ours(..) => {}
        Hook::Absent | Hook::Other(_) | Hook::Special => {
            let settled = settle(&hook, &found, steps, &mut Vec::new())?;
            let aside = aside(&hook);
            if found != Hook::Absent && settled == Settled::Kept {
                bail!(
                    "{} and {} both exist; one of them has to go before leakwarden can be installed",
                    shown(&hook),
                    shown(&aside)
                );
            }
            if found != Hook::Absent {
                steps.push(Step::Keep { hook: hook.clone(), aside });
            }
        }
    }
    steps.push(Step::Write { path: hook, text, executable: true });
    Ok(())
}

/// Where somebody else owns the folder in which git looks for hooks.
fn beside(place: &Place, foreign: &Foreign, gits: &[Installed], shims: &Shims, plan: &mut Plan) -> Result<()> {
    let (newer, older): (Vec<&Installed>, Vec<&Installed>) = gits.iter().partition(|git| git.runs_config_hooks());
    if !newer.is_empty() {
        let dropin = DropIn::of_repository(&place.common);
        dropin.plan(shims, &mut plan.steps)?;
        let (config, target) = (place.common.join("config"), dropin.target()?);
        if !includes(&config, &target)? {
            plan.steps.push(Step::Include { config, target });
        }
        for git in &newer {
            plan.notes.push(format!("{}: hooks from the repository's configuration", git.described()));
        }
        plan.closing[1] = "already protected: the hooks of the repository's configuration are current".to_owned();
    }
    if newer.is_empty() || !older.is_empty() {
        plan.complete = false;
        plan.why = Some(format!(
            "hooks are taken from {} (core.hooksPath, {}, {})",
            shown(&place.hooks),
            foreign.scope,
            foreign.origin
        ));
        for git in &older {
            plan.notes.push(format!("{}: knows no hooks from configuration, so it is NOT covered", git.described()));
        }
        plan.notes.extend(foreign_lines(&place.hooks, foreign, shims));
    }
    Ok(())
}

/// Whether a configuration file includes another by this very line.
fn includes(config: &Path, target: &str) -> Result<bool> {
    // Mostly there is no such line, and git need not be asked.
    let named = |text: Vec<u8>| text.windows(DROPIN.len()).any(|piece| piece == DROPIN.as_bytes());
    if !file::read(config).is_ok_and(named) {
        return Ok(false);
    }
    let git = place::Git::here();
    let mut command = git.command(&["config", "--file"]);
    command.arg(config).args(["--get-all", "include.path"]);
    let output = command.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().any(|line| line == target))
}

/// Plans that the hooks of a repository go, and those come back that were there before.
///
/// # Errors
/// Where what is there cannot be read.
pub fn uninstall(place: &Place) -> Result<Plan> {
    let mut folders = vec![place.own.clone()];
    if place.foreign.is_none() && place.hooks != place.own {
        folders.push(place.hooks.clone());
    }
    let mut plan = Plan::default();
    let mut left = Vec::new();
    let dropin = DropIn::of_repository(&place.common);
    plan_exclusion(place, &dropin, &mut plan.steps, &mut left)?;
    for folder in &folders {
        out_of_folder(folder, &mut plan.steps, &mut left)?;
    }
    if plan.steps.is_empty() && left.is_empty() {
        plan.notes.push(format!("nothing to remove in {}", shown(&place.own)));
    }
    if let Some(foreign) = &place.foreign {
        plan.notes.push(format!(
            "not looked at: {}, outside this repository's git directory (core.hooksPath, set in {})",
            shown(&place.hooks),
            foreign.origin
        ));
    }
    plan.complete = left.is_empty();
    plan.notes.extend(left);
    Ok(plan)
}

/// Plans that all shims in a folder go.
fn out_of_folder(folder: &Path, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<()> {
    steps.extend(plan::leftovers(folder));
    for name in shim::all() {
        plan_removal(folder, name, steps, left)?;
    }
    if left.is_empty() && folder.join(FOLDER_MARK).exists() {
        steps.push(Step::Forget { folder: folder.to_path_buf() });
    }
    Ok(())
}

/// Whether a worktree has a configuration of its own, which may take hooks from elsewhere.
fn worktrees_differ(common: &Path) -> bool {
    let linked = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten().map(|entry| entry.path());
    linked.chain([common.to_path_buf()]).any(|folder| folder.join("config.worktree").exists())
}

/// Plans that the hooks of the repository's configuration go.
fn plan_exclusion(place: &Place, dropin: &DropIn, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<()> {
    let (config, target) = (place.common.join("config"), dropin.target()?);
    if includes(&config, &target)? {
        steps.push(Step::Exclude { config, target });
    }
    dropin.plan_removal(steps, left)
}

/// Plans the removal of one hook of ours, and the return of the one that was there before.
fn plan_removal(folder: &Path, name: &str, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<()> {
    let hook = folder.join(name);
    let aside = aside(&hook);
    let kept = aside.symlink_metadata().is_ok();
    let found = Hook::at(&hook)?;
    match &found {
        Hook::Ours(shim, _) if shim.changed => {
            left.push(format!("left alone: {} was changed since leakwarden wrote it", shown(&hook)));
        }
        Hook::Ours(..) => {
            // In one step, so that there is no moment without either.
            steps.push(if kept { Step::Restore { aside, hook } } else { Step::Remove { path: hook } });
        }
        Hook::Absent | Hook::Other(_) | Hook::Special => {
            if settle(&hook, &found, steps, left)? != Settled::Kept {
                return Ok(());
            }
            // With nothing in its place: an installation that was stopped half-way.
            if found == Hook::Absent {
                steps.push(Step::Restore { aside, hook });
            } else {
                left.push(format!(
                    "left alone: {} is not leakwarden's any more; the hook that was there first is {}",
                    shown(&hook),
                    shown(&aside)
                ));
            }
        }
    }
    Ok(())
}

fn foreign_lines(hooks: &Path, foreign: &Foreign, shims: &Shims) -> Vec<String> {
    let binary = shell_quote(shims.binary.as_os_str().as_encoded_bytes());
    let mut lines = vec![
        format!("not installed: git takes its hooks from {}, outside this repository's git directory", shown(hooks)),
        format!("  (core.hooksPath, set in {})", foreign.origin),
    ];
    if Manager::of_folder(hooks) == Some(Manager::Husky) {
        lines.push("  Those are husky's. Add these lines, or have that done: leakwarden install --write".to_owned());
        lines.extend(lines::snippet(Manager::Husky, &shims.names()));
        return lines;
    }
    lines.push(
        "  leakwarden does not write there by itself. Add these lines to the hooks of that directory:".to_owned(),
    );
    for name in shims.names() {
        let call = format!("LEAKWARDEN_GIT=$PPID {binary} hook {name} \"$@\"");
        let line = match shim::hears(name) {
            Hears::Afterwards => call,
            Hears::Input => {
                format!("input=$(cat); printf '%s\\n' \"$input\" | {call} || exit $?   # then use \"$input\"")
            }
            Hears::Arguments => format!("{call} || exit $?"),
        };
        lines.push(format!("  {name:<21} {line}"));
    }
    lines
}

/// A path as people see it.
pub(crate) fn shown(path: &Path) -> String {
    crate::finding::escape(path.as_os_str().as_encoded_bytes())
}
