//! What `install` and `uninstall` say of other managers in one repository, and with `--write` do.

use std::path::Path;

use anyhow::{Result, bail};

use super::manager::Manager;
use super::shim::{self, Hook, Shims, aside};
use super::{Place, Plan, lines, shown};

/// What was asked for, and what is known of the surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whether the manager's file may be written to.
    pub write: bool,
    /// Whether a leakwarden is on PATH, where the lines look for it.
    pub on_path: bool,
}

/// Adds to a repository's plan what other managers need: their lines, or advice.
///
/// # Errors
/// Where a manager's file should be written and that cannot be done safely.
pub fn install(place: &Place, shims: &Shims, asked: Asked, plan: &mut Plan) -> Result<()> {
    let Asked { write, on_path } = asked;
    let Some(top) = place.top.clone() else { return Ok(()) };
    let hooks: Vec<&str> =
        shims.names().into_iter().filter(|name| !shim::strict().any(|strict| strict == *name)).collect();
    let husky = place.foreign.is_some() && Manager::of_folder(&place.hooks) == Some(Manager::Husky);
    if write {
        let configured = Manager::configured(&top).into_iter().filter(|manager| lines::WRITABLE.contains(manager));
        // husky's folder may be one that nobody uses any more.
        let managers: Vec<Manager> = configured.filter(|manager| *manager != Manager::Husky || husky).collect();
        if managers.is_empty() {
            bail!("no hook manager is configured here to whose file leakwarden could write; see docs/hook-managers.md");
        }
        let before = plan.steps.len();
        for manager in managers {
            lines::plan(manager, &top, &hooks, &mut plan.steps)?;
            plan.notes.extend(afterwards(manager).map(str::to_owned));
        }
        if plan.steps.len() > before {
            plan.notes
                .push("these are files of the worktree: look at them, and commit those that are tracked".to_owned());
        }
    }
    if husky && (write || lines::written(&top).iter().any(|file| file.ends_with(".husky/pre-commit"))) {
        // What `install` says of gits that nothing covers, and of the lines to add, is no longer so.
        plan.notes.retain(|note| {
            !note.contains("NOT covered") && !note.starts_with("  ") && !note.starts_with("not installed")
        });
        plan.notes.push("every git: lines in .husky call the leakwarden that is on PATH".to_owned());
        plan.complete |= on_path;
    }
    if !on_path && (write || !lines::written(&top).is_empty()) {
        plan.notes.push("there is no leakwarden on PATH now, so those lines scan NOTHING: put it there".to_owned());
    }
    if husky {
        return Ok(());
    }
    if place.foreign.is_none() && !write {
        plan.notes.extend(advice(&place.hooks, &top));
    }
    Ok(())
}

/// Adds to a repository's plan that the lines go, or says where they are.
///
/// # Errors
/// Where a file cannot be read.
pub fn uninstall(place: &Place, write: bool, plan: &mut Plan) -> Result<()> {
    let Some(top) = place.top.clone() else { return Ok(()) };
    if write {
        return lines::plan_removal(&top, &mut plan.steps);
    }
    let files = lines::written(&top);
    if !files.is_empty() {
        let files: Vec<String> = files.iter().map(|file| shown(file)).collect();
        plan.notes.push(format!("lines that call leakwarden are left in {}", files.join(", ")));
        plan.notes.push("  (files of the worktree; to take them out: leakwarden uninstall --write)".to_owned());
    }
    Ok(())
}

/// What has to be run before a manager heeds its file.
fn afterwards(manager: Manager) -> Option<&'static str> {
    match manager {
        Manager::Lefthook => Some("then run: lefthook install"),
        Manager::SimpleGitHooks => Some("then run: npx simple-git-hooks"),
        Manager::PreCommit | Manager::Prek => Some(
            "then run: pre-commit install -t pre-commit -t pre-merge-commit -t commit-msg -t post-commit -t pre-push",
        ),
        Manager::Husky | Manager::Overcommit | Manager::Hk | Manager::GitLfs => None,
    }
}

/// What a person should know where a manager writes its hooks anew, over ours.
fn advice(hooks: &Path, top: &Path) -> Vec<String> {
    let rewrites =
        |manager: &Manager| matches!(manager, Manager::Lefthook | Manager::SimpleGitHooks | Manager::Overcommit);
    let of = |path: &Path| match Hook::at(path) {
        Ok(Hook::Other(text)) => Manager::of_hook(&text),
        _ => None,
    };
    let places = shim::all().map(|name| hooks.join(name)).flat_map(|hook| [aside(&hook), hook]);
    let found = places.filter_map(|path| of(&path)).chain(Manager::configured(top)).find(rewrites);
    let Some(manager) = found else { return Vec::new() };
    let name = manager.name();
    let mut said = vec![format!(
        "{name} writes its hooks anew when it is installed or its configuration changes, and leakwarden's are gone then"
    )];
    said.push("  (`leakwarden install` brings them back)".to_owned());
    if lines::WRITABLE.contains(&manager) && lines::written(top).is_empty() {
        said.push(format!(
            "  to have {name} itself run leakwarden: leakwarden install --write (look first: --dry-run)"
        ));
    }
    said
}
