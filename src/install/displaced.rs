//! Hooks of leakwarden's that another manager took the place of: put aside, or written over.
//!
//! What is planned is how the place would be had leakwarden never been there. From there it is
//! installed again as anywhere, with the other's hook behind its own, or that is all.

use std::path::Path;

use anyhow::Result;

use super::manager::Manager;
use super::plan::Step;
use super::shim::{Hook, aside};
use super::shown;

/// What is left of a hook's place once the steps are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Nothing is kept aside any more.
    Clear,
    /// A hook that was kept aside is still there, and nobody can tell where it belongs.
    Kept,
}

/// Plans a place at which no hook of leakwarden's stands back to what it would be without it.
///
/// # Errors
/// Where a hook cannot be read.
pub fn settle(hook: &Path, found: &Hook, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<Settled> {
    let mut place = None;
    for manager in Manager::ALL {
        let Some((path, _)) = manager.puts_aside(hook) else { continue };
        match Hook::at(&path)? {
            _ if place.as_ref() == Some(&path) => {}
            Hook::Ours(shim, _) if shim.changed => {
                left.push(format!("left alone: {} was changed since leakwarden wrote it", shown(&path)));
            }
            Hook::Ours(..) => {
                steps.push(Step::Remove { path: path.clone() });
                place = Some(path);
            }
            _ => {}
        }
    }
    let aside = aside(hook);
    let behind = Hook::at(&aside)?;
    let kept = match &behind {
        Hook::Absent => return Ok(Settled::Clear),
        Hook::Other(text) => Manager::of_hook(text),
        Hook::Ours(..) | Hook::Special => None,
    };
    let target = |path: &Path| path.read_link().ok();
    let twice = match (found, &behind) {
        (Hook::Other(one), Hook::Other(other)) => one == other,
        (Hook::Special, Hook::Special) => target(hook).is_some() && target(hook) == target(&aside),
        _ => false,
    };
    let taker = match found {
        Hook::Other(text) => Manager::of_hook(text),
        Hook::Absent | Hook::Ours(..) | Hook::Special => None,
    };
    let stale = match (taker, kept) {
        // What was kept is an older one of the same program's. People add lines to those of git-lfs, whose words
        // are simple: of these only the very same one is.
        (Some(taker), Some(kept)) => taker.replaces(kept) && (kept != Manager::GitLfs || twice),
        // simple-git-hooks removes whatever stands at the places it knows, its own hook included.
        (None, Some(Manager::SimpleGitHooks)) => *found == Hook::Absent,
        // Somebody put the same hook there once more.
        _ => twice,
    };
    if stale {
        steps.push(Step::Remove { path: aside });
    } else if let Some(place) = place {
        steps.push(Step::Restore { aside, hook: place });
    } else {
        return Ok(Settled::Kept);
    }
    Ok(Settled::Clear)
}
