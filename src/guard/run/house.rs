//! What is no content of a worktree: hooks, policy, the ledger; and what is written there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Guard, HOUSE};
use crate::finding::escape;
use crate::guard::pending::Cause;
use crate::guard::record::Fate;
use crate::guard::systemd::Supervisor;
use crate::guard::watch::Place;
use crate::guard::{Kind, Pulse, Warning};

/// How long a repository must be quiet before its hooks are looked at: git is asked, which takes longer than
/// a look.
const QUIET: Duration = Duration::from_millis(500);

/// After so long they are looked at, however much else there is to do.
const LATEST: Duration = Duration::from_secs(10);

impl Guard {
    /// Reads policy again. Where it has a mistake, the last one counts, and it is said.
    pub(super) fn read_policy(&mut self) {
        self.day = super::clock::today();
        match (self.setup.shared)() {
            Ok(shared) => {
                let mut machine = shared.machine;
                machine.set_pulse(pulse());
                self.machine = Some(machine);
                let own = shared.ledger.folder();
                if self.writable.iter().any(|folder| own.starts_with(folder)) {
                    self.troubles.remove("ledger folder");
                } else {
                    let why = "policy names another folder for the ledger; the guard writes there once it starts anew";
                    self.troubles.insert("ledger folder", why.to_owned());
                }
                self.keys = shared.guard;
                self.house.set_ledger(shared.ledger);
                self.troubles.remove("policy");
            }
            Err(error) => {
                self.troubles.insert("policy", escape(format!("{error:#}").as_bytes()));
            }
        }
        self.watch_house();
    }

    /// Hooks are of repositories; the rest of what has to be right is of machine and user.
    pub(super) fn look_at_house(&mut self) {
        if self.machine.is_none() {
            // Where the ledger is, only policy says.
            self.timers.house = Some(Instant::now() + HOUSE);
            return;
        }
        let now = Timestamp::now().as_second();
        let (warnings, kept) = self.house.look(&self.keys, now);
        match kept {
            Ok(()) => drop(self.troubles.remove("house")),
            Err(error) => drop(self.troubles.insert("house", escape(format!("{error:#}").as_bytes()))),
        }
        let until = self.house.due().and_then(|at| u64::try_from(at.saturating_sub(now)).ok());
        let until = until.map_or(HOUSE, |seconds| Duration::from_secs(seconds.max(1)).min(HOUSE));
        self.timers.house = Some(Instant::now() + until);
        self.watch_house();
        self.applied(Path::new(""), warnings);
    }

    /// A repository whose hooks are to be looked at, once nothing else waits there.
    pub(super) fn hooks_wanted(&self) -> Option<u32> {
        let wanted = |id: &&u32| self.repositories.get(id).is_some_and(|own| own.hooks_due && own.is_seen());
        self.repositories.keys().find(wanted).copied()
    }

    /// When that is due.
    pub(super) fn hooks_next(&self) -> Option<Instant> {
        let quiet = self.timers.busy + QUIET;
        self.hooks_wanted().map(|_| self.timers.hooks_since.map_or(quiet, |since| quiet.min(since + LATEST)))
    }

    /// Looks at the hooks of one repository.
    pub(super) fn look_at_hooks(&mut self, now: Instant) {
        let Some(next) = self.hooks_next() else { return };
        let since = *self.timers.hooks_since.get_or_insert(now);
        let busy = self.pending.next().is_some_and(|at| at <= now) && now < since + LATEST;
        if next > now || busy {
            return;
        }
        self.timers.hooks_since = None;
        let Some(own) = self.hooks_wanted().and_then(|id| self.repositories.get_mut(&id)) else { return };
        own.hooks_due = false;
        let folder = own.folder.clone();
        own.hooks = match own.keys.hooks {
            Some(severity) => {
                let (warnings, files) = (self.setup.hooks)(&folder, severity);
                own.hook_files = files;
                warnings
            }
            None => Vec::new(),
        };
        let warnings = own.warnings();
        self.watch_house();
        self.applied(&folder, warnings);
    }

    /// Something happened to a file of which hooks depend, in some repositories.
    pub(super) fn in_hook_files(&mut self, path: &Path, now: Instant) {
        let touched = |own: &PathBuf| own == path || own.starts_with(path) || path.parent() == Some(own.as_path());
        for (&id, own) in self.repositories.iter_mut().filter(|(_, own)| own.hook_files.iter().any(touched)) {
            own.hooks_due = true;
            self.timers.busy = now;
            // What git ignores may be something else now.
            self.pending.everything(id, Cause::Other, now);
        }
    }

    /// Watches where policy and ledger are, or where they would come to be, and what hooks depend on.
    pub(super) fn watch_house(&mut self) {
        let mut folders: Vec<PathBuf> = Vec::new();
        let hooks = self.repositories.values().flat_map(|own| own.hook_files.iter().cloned());
        for wanted in self.setup.policies.iter().cloned().chain(self.house.files()).chain(hooks) {
            let there = wanted.ancestors().find(|folder| folder.is_dir());
            folders.extend(there.map(Path::to_path_buf));
            // Where the folder itself is replaced, or there are only files in it.
            folders.extend(wanted.parent().filter(|folder| folder.is_dir()).map(Path::to_path_buf));
        }
        folders.sort();
        folders.dedup();
        for folder in folders {
            // Where it cannot be watched, it is looked at with everything else.
            let _ = self.watch.add(&folder, Place::House);
        }
    }

    /// Takes a notice for known.
    ///
    /// # Errors
    /// Where there is none of this id, or that cannot be kept.
    pub(super) fn dismiss(&mut self, id: &str, reason: &str) -> Result<(), String> {
        let told = |error: anyhow::Error| escape(format!("{error:#}").as_bytes());
        let found = self.book.list().into_iter().find_map(|own| {
            let warning = own.warnings.iter().find(|open| open.warning.id == id)?;
            Some((own.folder, warning.warning.clone()))
        });
        let Some((folder, warning)) = found else {
            return Err(format!("no open warning has the id `{}`", escape(id.as_bytes())));
        };
        if !matches!(warning.kind, Kind::Policy | Kind::Ledger | Kind::Hook) {
            return Err(format!("{id} is about a file; `leakwarden allow {id}` excepts it, with a reason and an end"));
        }
        // The reason first: a warning that is dismissed without one is worse than one that stays.
        let silenced = (self.setup.record)(&folder, Fate::Silenced(reason), std::slice::from_ref(&warning));
        silenced.map_err(told)?;
        let known = warning.kind != Kind::Hook
            && (self.house.dismiss(id).map_err(told)? || self.own_policies.dismiss(&folder, id).map_err(told)?);
        if !known {
            self.own_policies.silence(id, Timestamp::now().as_second()).map_err(told)?;
        }
        if folder.as_os_str().is_empty() {
            self.look_at_house();
        } else if let Some(own) = self.repositories.values_mut().find(|own| own.folder == folder) {
            own.notices.retain(|own| own.id != id);
            let warnings = own.warnings();
            self.applied(&folder, warnings);
        }
        Ok(())
    }

    /// Writes what became of warnings into the ledger.
    pub(super) fn record(&mut self, folder: &Path, fate: Fate<'_>, warnings: &[Warning]) {
        match (self.setup.record)(folder, fate, warnings) {
            Ok(()) => drop(self.troubles.remove("ledger")),
            Err(error) => drop(self.troubles.insert("ledger", escape(format!("{error:#}").as_bytes()))),
        }
    }
}

/// Tells the supervisor, while a look takes long, that it goes on.
fn pulse() -> Pulse {
    let supervisor = Supervisor::default();
    let every = supervisor.watchdog();
    let mut last = Instant::now();
    Pulse(Box::new(move || {
        if every.is_some_and(|every| last.elapsed() >= every) {
            supervisor.alive();
            last = Instant::now();
        }
    }))
}
