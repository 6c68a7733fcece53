//! What the guard knows of one repository.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::guard::protocol::{NotScanned, State};
use crate::guard::watch::git::Places;
use crate::guard::{Warning, Watched};
use crate::policy;

/// How often one is looked at that cannot be watched.
pub(super) const POLL: Duration = Duration::from_secs(30);

/// How often it is tried again to watch it.
pub(super) const WATCH_AGAIN: Duration = Duration::from_secs(600);

/// How often everything is looked at, whatever happens.
pub(super) const FULL: Duration = Duration::from_secs(1800);

/// The longest time until a failed look is tried again, and until it is looked whether a missing one is back.
const LATEST: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(10)];

/// A repository.
#[derive(Debug)]
pub(super) struct Repository {
    pub folder: PathBuf,
    pub watched: Watched,
    /// Where git keeps its things.
    pub places: Option<Places>,
    pub state: State,
    /// Why it is not watched, escaped.
    pub reason: Option<String>,
    /// Why it is looked at every now and then instead of being watched.
    pub polled: Option<String>,
    /// What top and git directory are: two numbers each.
    pub identity: Option<[(u64, u64); 2]>,
    pub not_scanned: Vec<NotScanned>,
    pub filtered: u64,
    /// What policy says of the guard here.
    pub keys: policy::guard::Guard,
    /// Warnings of what was seen in it.
    pub seen: Vec<Warning>,
    /// Notices of its policy.
    pub notices: Vec<Warning>,
    /// Warnings of its hooks.
    pub hooks: Vec<Warning>,
    /// The files of which its hooks depend.
    pub hook_files: Vec<PathBuf>,
    pub hooks_due: bool,
    /// When it is looked at, or for, again.
    pub again: Option<Instant>,
    /// When watching is tried again.
    pub watch_again: Option<Instant>,
    /// When everything is looked at.
    pub full: Instant,
    backoff: Duration,
}

impl Repository {
    /// One of which nothing is known yet.
    pub fn new(folder: &Path, now: Instant) -> Self {
        Repository {
            folder: folder.to_path_buf(),
            watched: Watched::new(folder),
            places: None,
            state: State::Waiting,
            reason: None,
            polled: None,
            identity: None,
            not_scanned: Vec::new(),
            filtered: 0,
            keys: policy::guard::Guard::default(),
            seen: Vec::new(),
            notices: Vec::new(),
            hooks: Vec::new(),
            hook_files: Vec::new(),
            hooks_due: true,
            again: None,
            watch_again: None,
            full: now + FULL,
            backoff: Duration::ZERO,
        }
    }

    /// Whether nothing is known of it.
    pub fn is_new(&self) -> bool {
        self.state == State::Waiting
    }

    /// Whether it was looked at.
    pub fn is_seen(&self) -> bool {
        matches!(self.state, State::Watched | State::Polling)
    }

    /// All that is to be warned of.
    pub fn warnings(&self) -> Vec<Warning> {
        self.seen.iter().chain(&self.notices).chain(&self.hooks).cloned().collect()
    }

    /// What it says of itself on disk; `None` where it is not there.
    pub fn on_disk(&self) -> Option<[(u64, u64); 2]> {
        let own = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
        Some([own(&self.folder)?, own(&self.folder.join(".git"))?])
    }

    /// Its timers.
    pub fn timers(&self) -> impl Iterator<Item = Instant> + use<> {
        [self.again, self.watch_again, Some(self.full)].into_iter().flatten()
    }

    /// It was looked at.
    pub fn well(&mut self, now: Instant) {
        self.backoff = Duration::ZERO;
        self.full = now + FULL;
        match &self.polled {
            None => {
                (self.state, self.reason, self.again, self.watch_again) = (State::Watched, None, None, None);
            }
            Some(why) => {
                (self.state, self.reason, self.again) = (State::Polling, Some(why.clone()), Some(now + POLL));
                self.watch_again = self.watch_again.or(Some(now + WATCH_AGAIN));
            }
        }
    }

    /// It cannot be looked at, or is missing; it is tried again later and later.
    pub fn ill(&mut self, state: State, why: String, now: Instant) {
        let [error, missing] = LATEST;
        let latest = if state == State::Missing { missing } else { error };
        if self.state != state {
            self.backoff = Duration::ZERO;
        }
        self.backoff = (self.backoff * 2).clamp(Duration::from_secs(1), latest);
        (self.state, self.reason, self.again) = (state, Some(why), Some(now + self.backoff));
        self.watch_again = None;
        self.full = now + FULL;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tried_again_later_and_later() {
        let now = Instant::now();
        let mut own = Repository::new(Path::new("/none"), now);
        let mut waits = Vec::new();
        for _ in 0..8 {
            own.ill(State::Error, "why".to_owned(), now);
            waits.push(own.again.map(|at| (at - now).as_secs()).unwrap_or_default());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        own.ill(State::Missing, "gone".to_owned(), now);
        assert_eq!(own.again, Some(now + Duration::from_secs(1)));
        own.well(now);
        assert_eq!((own.state, own.again, own.reason), (State::Watched, None, None));
    }
}
