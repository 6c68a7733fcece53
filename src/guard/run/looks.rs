//! Looking at repositories, and watching the folders that matter.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::repository::{Repository, WATCH_AGAIN};
use super::{DISCOVER, Guard};
use crate::finding::escape;
use crate::guard::pending::{Cause, lock_is_stale};
use crate::guard::protocol::{NotScanned, State};
use crate::guard::registry::Registry;
use crate::guard::watch::git::Places;
use crate::guard::watch::{Place, Refusal, Watch, mount};
use crate::guard::{Kind, Look, Scope, file};
use crate::install::below;

/// How often new folders are looked at at once. With more, somebody makes them faster than we look.
const ROUNDS: usize = 8;

/// New folders that are looked at one by one; with more, everything is looked at.
const SINGLE: usize = 64;

/// After so long a lock is one that nobody cleared away, whatever else happens in the repository.
const LONGEST_LOCK: Duration = Duration::from_secs(60);

/// How soon it is asked again whether git is done.
const LOCK_AGAIN: Duration = Duration::from_millis(100);

/// How long compiled rules are kept, also while there is work: what a pattern once needed it would keep.
const REST: Duration = Duration::from_secs(60);

/// Folders in a root that are watched for new clones.
const MOST_IN_ROOT: usize = 256;

impl Guard {
    /// Looks at one repository that is due.
    pub(super) fn look_at_next(&mut self, now: Instant) {
        let Some((id, last)) = self.pending.due(now) else { return };
        let Some(own) = self.repositories.get(&id) else { return self.pending.forget(id) };
        if own.state == State::Missing {
            return self.pending.forget(id);
        }
        let lock = own.places.as_ref().and_then(Places::lock_age);
        if lock.is_some_and(|age| age < LONGEST_LOCK) && !lock_is_stale(last, now) {
            return self.pending.hold(id, now + LOCK_AGAIN);
        }
        if let Some(scope) = self.pending.take(id, now) {
            self.look(id, scope);
        }
    }

    /// Looks at a repository, and again at what is watched only since then.
    fn look(&mut self, id: u32, mut scope: Scope) {
        if self.repositories.get(&id).is_some_and(|own| own.state == State::Error || own.is_new()) {
            // What was asked for may have been lost with the failure.
            scope = Scope::All;
        }
        self.watch_first(id, &scope);
        let mut rounds = 0;
        let seen = loop {
            rounds += 1;
            let now = Instant::now();
            let (Some(own), Some(machine)) = (self.repositories.get_mut(&id), &mut self.machine) else {
                let why = self.troubles.get("policy").cloned().unwrap_or_default();
                return self.ill(id, State::Error, why, now);
            };
            let seen = match own.watched.look(machine, &scope) {
                Ok(seen) => seen,
                Err(error) if own.on_disk().is_some() => {
                    let why = escape(format!("{error:#}").as_bytes());
                    return self.ill(id, State::Error, why, now);
                }
                Err(_) => return self.missing(id, now),
            };
            let new = self.watch_folders(id, &scope, &seen);
            if new.is_empty() {
                break seen;
            }
            if rounds == ROUNDS {
                self.pending.everything(id, Cause::Other, now);
                break seen;
            }
            // What happened in them before they were watched was not told.
            let everything = new.len() > SINGLE || new.contains(&Vec::new());
            scope = if everything { Scope::All } else { Scope::Paths(new) };
        };
        self.timers.busy = Instant::now();
        self.timers.rest = self.timers.rest.or(Some(self.timers.busy + REST));
        self.seen(id, seen);
    }

    /// Watches the folders of a repository of which none is watched yet. What is wrong with it shows in the
    /// look after this.
    fn watch_first(&mut self, id: u32, scope: &Scope) {
        let (Some(own), Some(machine)) = (self.repositories.get(&id), &mut self.machine) else { return };
        let none = self.watch.tree_below(id, &own.folder).is_empty();
        if *scope == Scope::All
            && none
            && own.polled.is_none()
            && let Ok(folders) = own.watched.folders(machine)
        {
            self.watch_folders(id, scope, &Look { folders, ..Look::default() });
        }
    }

    fn seen(&mut self, id: u32, seen: Look) {
        let now = Instant::now();
        let Some(own) = self.repositories.get_mut(&id) else { return };
        own.well(now);
        own.filtered = seen.filtered;
        let folder = own.folder.clone();
        let before = self.values.round();
        let values = self.values.update(&folder, &seen, self.day);
        let policy = self.own_policies.look(&folder, &seen.own_policy, seen.guard.policy, Timestamp::now().as_second());
        let skipped = seen.not_scanned.into_iter();
        own.not_scanned = skipped.map(|own| NotScanned { path: own.path, reason: own.reason }).collect();
        own.hooks_due |= own.keys.hooks != seen.guard.hooks;
        own.keys = seen.guard;
        own.seen = seen.warnings;
        let notices = [
            values.map(|all| own.seen.extend(all)),
            policy.map(|own_policy| own.notices = own_policy.into_iter().collect()),
        ];
        self.troubles.remove("notices");
        for error in notices.into_iter().filter_map(Result::err) {
            self.troubles.insert("notices", escape(format!("{error:#}").as_bytes()));
        }
        let warnings = own.warnings();
        if self.values.round() != before {
            self.others_with_values(id, now);
        }
        for path in &seen.again {
            self.pending.unsteady(id, path, now);
        }
        self.applied(&folder, warnings);
    }

    /// Where the same value stands in two repositories, what one of them did is to be told of the other.
    fn others_with_values(&mut self, but: u32, now: Instant) {
        let asked = |(id, own): (&u32, &Repository)| (*id != but && own.keys.reuse.is_some()).then_some(*id);
        for id in self.repositories.iter().filter_map(asked).collect::<Vec<u32>>() {
            self.pending.everything(id, Cause::Other, now);
        }
    }

    /// Forgets the values of a repository that is gone.
    fn forget_values(&mut self, id: u32, folder: &Path, now: Instant) {
        let before = self.values.round();
        if let Err(error) = self.values.forget(folder) {
            self.troubles.insert("notices", escape(format!("{error:#}").as_bytes()));
        }
        if self.values.round() != before {
            self.others_with_values(id, now);
        }
    }

    /// Watches the folders that a look names, and no others. Gives those that are new, from the top of the
    /// worktree, without those below others.
    fn watch_folders(&mut self, id: u32, scope: &Scope, seen: &Look) -> BTreeSet<Vec<u8>> {
        let Some(own) = self.repositories.get_mut(&id) else { return BTreeSet::new() };
        if own.polled.is_some() {
            return BTreeSet::new();
        }
        let wanted: BTreeSet<&Path> = seen.folders.iter().map(PathBuf::as_path).collect();
        let asked: Vec<PathBuf> = match scope {
            Scope::All => vec![own.folder.clone()],
            Scope::Paths(paths) => paths.iter().map(|path| own.folder.join(from_bytes(path))).collect(),
        };
        for folder in &asked {
            for gone in self.watch.tree_below(id, folder).iter().filter(|path| !wanted.contains(path.as_path())) {
                self.watch.remove(gone, Place::Tree(id));
            }
        }
        let mut new = BTreeSet::new();
        let git = match scope {
            Scope::All => own.places.as_ref().map(Places::folders).unwrap_or_default(),
            Scope::Paths(_) => Vec::new(),
        };
        let git = git.into_iter().map(|(folder, part)| (folder, Place::Git(id, part)));
        let tree = wanted.iter().map(|folder| (folder.to_path_buf(), Place::Tree(id)));
        for (folder, place) in tree.chain(git) {
            match self.watch.add(&folder, place) {
                Ok(true) => {
                    // What git's folders held before they were watched shows in a look at everything.
                    let below = folder.strip_prefix(&own.folder).unwrap_or(Path::new(""));
                    let below = if matches!(place, Place::Git(..)) { Path::new("") } else { below };
                    new.insert(below.as_os_str().as_encoded_bytes().to_vec());
                }
                Ok(false) | Err(Refusal::Unreadable) => {}
                Err(Refusal::Limit(why)) => {
                    own.polled = Some(why);
                    own.watch_again = Some(Instant::now() + WATCH_AGAIN);
                    self.watch.remove_all(|place| place.repository() == Some(id));
                    return BTreeSet::new();
                }
            }
        }
        topmost(&new)
    }

    /// Begins with a repository that is there, or begins anew.
    fn begin(&mut self, id: u32, now: Instant) {
        self.watch.remove_all(|place| place.repository() == Some(id));
        self.pending.forget(id);
        let Some(own) = self.repositories.get_mut(&id) else { return };
        *own = Repository::new(&own.folder.clone(), now);
        // What was wrong with its hooks is so until they were looked at again.
        let open = self.book.list().into_iter().filter(|known| known.folder == own.folder);
        let open = open.flat_map(|known| known.warnings).map(|open| open.warning);
        own.hooks = open.filter(|warning| warning.kind == Kind::Hook).collect();
        own.identity = own.on_disk();
        match Places::of(&own.folder) {
            Ok(places) => own.places = Some(places),
            Err(_) => return self.missing(id, now),
        }
        own.polled = mount::silent(&own.folder)
            .map(|kind| format!("{kind} does not tell what others change, so it is looked at every 30 seconds"))
            .or_else(|| self.watch.broken().map(str::to_owned));
        self.pending.at_once(id, now);
    }

    /// Looks whether a repository is the one it was.
    pub(super) fn check(&mut self, id: u32, now: Instant) {
        let Some(own) = self.repositories.get(&id) else { return };
        match own.on_disk() {
            None if own.state == State::Missing => {}
            None => self.missing(id, now),
            found if own.state == State::Missing || found != own.identity => self.begin(id, now),
            _ => {}
        }
    }

    fn missing(&mut self, id: u32, now: Instant) {
        self.watch.remove_all(|place| place.repository() == Some(id));
        self.pending.forget(id);
        let why = "there is no repository; it is watched again once there is".to_owned();
        self.ill(id, State::Missing, why, now);
        if let Some(own) = self.repositories.get(&id) {
            let folder = own.folder.clone();
            self.forget_values(id, &folder, now);
            self.applied(&folder, Vec::new());
        }
    }

    fn ill(&mut self, id: u32, state: State, why: String, now: Instant) {
        if let Some(own) = self.repositories.get_mut(&id) {
            own.ill(state, why, now);
        }
    }

    /// Everything of every repository is looked at.
    pub(super) fn all_at_once(&mut self, now: Instant) {
        let all: Vec<u32> = self.repositories.keys().copied().collect();
        for id in all {
            self.check(id, now);
            if self.repositories.get(&id).is_some_and(|own| own.state != State::Missing) {
                self.pending.at_once(id, now);
            }
        }
    }

    /// What the clock asks for in repositories.
    pub(super) fn repository_timers(&mut self, now: Instant) {
        let all: Vec<u32> = self.repositories.keys().copied().collect();
        let again = |own: &Repository| own.watch_again.is_some_and(|at| at <= now);
        if self.watch.broken().is_some() && self.repositories.values().any(again) {
            self.watch_anew();
        }
        for id in all {
            let Some(own) = self.repositories.get_mut(&id) else { continue };
            if own.watch_again.take_if(|at| *at <= now).is_some() {
                self.begin(id, now);
                continue;
            }
            if own.full <= now {
                own.full = now + super::repository::FULL;
                own.hooks_due = true;
                self.pending.everything(id, Cause::Other, now);
            }
            let Some(own) = self.repositories.get_mut(&id) else { continue };
            if own.again.take_if(|at| *at <= now).is_none() {
                continue;
            }
            match own.state {
                State::Missing if own.on_disk().is_some() => self.begin(id, now),
                State::Missing => {
                    let why = own.reason.clone().unwrap_or_default();
                    own.ill(State::Missing, why, now);
                }
                _ => self.pending.at_once(id, now),
            }
        }
    }

    /// Watches nothing, and what machine and user have: repositories follow with the next look at each.
    pub(super) fn watch_anew(&mut self) {
        self.watch = Watch::new(self.queue.clone());
        match self.watch.add(&self.setup.folder, Place::Own) {
            Ok(_) => drop(self.troubles.remove("watches")),
            Err(_) => {
                let why = self.watch.broken().unwrap_or("its own folder cannot be watched; changes are seen late");
                self.troubles.insert("watches", why.to_owned());
            }
        }
        self.watch_house();
        self.discover();
    }

    /// Reads what is to be watched. Where that cannot be read, what was read last counts.
    pub(super) fn read_registry(&mut self) {
        let now = Instant::now();
        match Registry::read(&self.setup.folder) {
            Ok(registry) => {
                self.troubles.remove("registry");
                let resumed = self.paused() && !registry.paused(Timestamp::now());
                if self.registry.root != registry.root {
                    self.watch.remove_all(|place| place == Place::Root);
                }
                self.registry = registry;
                if resumed {
                    self.all_at_once(now);
                }
            }
            Err(error) => drop(self.troubles.insert("registry", escape(format!("{error:#}").as_bytes()))),
        }
        self.discover();
        self.timers.discover = Some(now + DISCOVER);
    }

    /// Looks for clones below the roots, and takes on and gives up repositories.
    pub(super) fn discover(&mut self) {
        let now = Instant::now();
        let mut wanted: BTreeSet<PathBuf> = self.registry.repository.iter().cloned().collect();
        // What is installed in one worktree is installed in all of them.
        let linked: Vec<PathBuf> = wanted.iter().flat_map(|top| below::linked(top, false)).collect();
        wanted.extend(linked.into_iter().filter(|top| !self.registry.without.contains(top)));
        let mut folders = BTreeSet::new();
        self.troubles.remove("roots");
        for root in &self.registry.root {
            let found = below::worktrees(root).into_iter().filter(|top| !self.registry.without.contains(top));
            let (named, nameless): (Vec<PathBuf>, Vec<PathBuf>) = found.partition(|top| top.to_str().is_some());
            wanted.extend(named);
            if let Some(one) = nameless.first() {
                let why = format!("{} is no UTF-8 text, and is not watched", file::shown(one));
                self.troubles.insert("roots", why);
            }
            folders.insert(root.clone());
            // `root/organisation/clone` is a usual order, too.
            let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
            let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let inner = inner.map(|entry| entry.path()).filter(|path| !path.join(".git").exists());
            folders.extend(inner.take(MOST_IN_ROOT));
        }
        // Where they cannot be watched, they are looked through every ten minutes.
        folders.iter().for_each(|folder| drop(self.watch.add(folder, Place::Root)));
        let known: Vec<(u32, PathBuf)> = self.repositories.iter().map(|(id, own)| (*id, own.folder.clone())).collect();
        for (id, folder) in &known {
            if !wanted.contains(folder) {
                self.give_up(*id, folder);
            }
        }
        for folder in wanted.iter().filter(|folder| !known.iter().any(|(_, own)| own == *folder)) {
            let id = self.next;
            self.next += 1;
            self.repositories.insert(id, Repository::new(folder, now));
            self.begin(id, now);
        }
        // What was open when somebody took a repository out while no guard ran.
        for folder in self.book.folders() {
            if !folder.as_os_str().is_empty() && !wanted.contains(&folder) {
                self.applied(&folder, Vec::new());
            }
        }
    }

    fn give_up(&mut self, id: u32, folder: &Path) {
        self.watch.remove_all(|place| place.repository() == Some(id));
        self.pending.forget(id);
        self.repositories.remove(&id);
        self.forget_values(id, folder, Instant::now());
        // Where it comes back, its policy is known from then on.
        let _ = self.own_policies.forget(folder);
        self.applied(folder, Vec::new());
    }
}

/// Paths without those below others.
fn topmost(paths: &BTreeSet<Vec<u8>>) -> BTreeSet<Vec<u8>> {
    if paths.contains(&Vec::new()) {
        return [Vec::new()].into();
    }
    let above = |path: &[u8]| (0..path.len()).any(|end| path[end] == b'/' && paths.contains(&path[..end]));
    paths.iter().filter(|path| !above(path)).cloned().collect()
}

/// A path of any bytes.
fn from_bytes(path: &[u8]) -> &Path {
    Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_topmost() {
        let all = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<BTreeSet<_>>();
        assert_eq!(topmost(&all(&["a", "a/b", "a/b/c", "ab", "c/d"])), all(&["a", "ab", "c/d"]));
        assert_eq!(topmost(&all(&["", "a"])), all(&[""]));
    }
}
