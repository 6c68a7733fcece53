//! What an event of the file system means.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::requests::COOKIE;
use super::{Guard, SETTLE};
use crate::guard::pending::{Cause, QUIET};
use crate::guard::queue::What;
use crate::guard::registry;
use crate::guard::watch::Place;
use crate::guard::watch::git::{Meaning, Part};

/// After events were lost again so soon, it is waited a while: whoever writes that fast is not done.
const BURST: Duration = Duration::from_secs(5);

impl Guard {
    /// Events are missing: everything is looked at.
    pub(super) fn lost(&mut self, now: Instant) {
        // A folder that was replaced meanwhile is watched no more, and nobody said so.
        self.watch_anew();
        let again = self.timers.lost.replace(now).is_some_and(|last| now.saturating_duration_since(last) < BURST);
        for (&id, own) in &mut self.repositories {
            own.hooks_due = true;
            self.pending.everything(id, Cause::Other, now);
            if again {
                self.pending.hold(id, now + Duration::from_secs(2));
            }
        }
        self.timers.registry = Some(now);
        self.timers.policy = Some(now);
        self.timers.house = Some(now + SETTLE);
        self.timers.discover = Some(now);
        self.syncs.iter_mut().for_each(|own| own.drained = true);
    }

    /// Something happened to a path.
    pub(super) fn event(&mut self, path: &Path, what: What, now: Instant) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        let name = name.as_encoded_bytes();
        let own = if what == What::Changed { Vec::new() } else { self.watch.places(path).to_vec() };
        if what != What::Changed {
            // What watched the folder is gone, or watches what is elsewhere now.
            self.watch.gone(path);
        }
        for place in own {
            match place {
                Place::Tree(id) if self.repositories.get(&id).is_some_and(|own| own.folder == path) => {
                    self.check(id, now);
                }
                Place::Git(id, _) => {
                    self.check(id, now);
                    self.pending.everything(id, Cause::Git, now);
                }
                Place::Root => sooner(&mut self.timers.discover, now + Duration::from_secs(1)),
                Place::House => sooner(&mut self.timers.house, now + SETTLE),
                Place::Tree(_) | Place::Own => {}
            }
        }
        for place in self.watch.places(parent).to_vec() {
            match place {
                Place::Tree(id) => self.in_tree(id, path, name, what, now),
                Place::Git(id, part) => self.in_git(id, part, name, what, now),
                Place::Root => {
                    if what == What::Came && path.is_dir() {
                        sooner(&mut self.timers.discover, now + Duration::from_secs(1));
                    }
                }
                Place::Own => self.in_own(name, now),
                Place::House => self.in_house(path, now),
            }
        }
    }

    fn in_tree(&mut self, id: u32, path: &Path, name: &[u8], what: What, now: Instant) {
        let Some(own) = self.repositories.get(&id) else { return };
        let Ok(below) = path.strip_prefix(&own.folder) else { return };
        match name {
            b".git" => {
                // Of the worktree itself; what a repository inside it has is its own.
                if what != What::Changed && below.as_os_str().len() == name.len() {
                    self.check(id, now);
                    self.pending.everything(id, Cause::Git, now);
                }
            }
            b".gitignore" | b".gitattributes" => self.pending.everything(id, Cause::Other, now),
            _ => self.pending.path(id, below.as_os_str().as_encoded_bytes(), now),
        }
    }

    fn in_git(&mut self, id: u32, part: Part, name: &[u8], what: What, now: Instant) {
        let meaning = part.meaning(name);
        if matches!(meaning, Meaning::Hooks | Meaning::Both)
            && let Some(own) = self.repositories.get_mut(&id)
        {
            own.hooks_due = true;
            self.timers.busy = now;
        }
        let folder =
            what == What::Came && matches!(name, b"logs" | b"info" | b"hooks" | b"reftable" | b"refs" | b"leakwarden");
        match meaning {
            Meaning::Content | Meaning::Both => self.pending.everything(id, Cause::Git, now),
            Meaning::Hooks => self.pending.everything(id, Cause::Other, now),
            Meaning::Worktrees => {
                // A new folder of git's is to be watched, too.
                self.pending.everything(id, Cause::Other, now);
                sooner(&mut self.timers.discover, now + Duration::from_secs(1));
            }
            Meaning::Nothing if folder => self.pending.everything(id, Cause::Other, now),
            Meaning::Nothing => {}
        }
    }

    fn in_own(&mut self, name: &[u8], now: Instant) {
        if name == registry::NAME.as_bytes() {
            // Somebody may write it by hand, and not at once.
            sooner(&mut self.timers.registry, now + QUIET);
            return;
        }
        let name = String::from_utf8_lossy(name);
        if name.starts_with(COOKIE) {
            self.syncs.iter_mut().filter(|own| own.cookie == name).for_each(|own| own.drained = true);
        }
    }

    fn in_house(&mut self, path: &Path, now: Instant) {
        let touches = |wanted: &PathBuf| path.starts_with(wanted) || wanted.starts_with(path);
        if self.setup.policies.iter().any(touches) {
            sooner(&mut self.timers.policy, now + SETTLE);
            sooner(&mut self.timers.house, now + SETTLE);
        }
        if self.house.files().iter().any(touches) {
            sooner(&mut self.timers.house, now + SETTLE);
        }
        self.in_hook_files(path, now);
    }
}

/// What happens again and again does not put off what the first time asked for.
fn sooner(timer: &mut Option<Instant>, at: Instant) {
    *timer = Some(timer.map_or(at, |own| own.min(at)));
}
