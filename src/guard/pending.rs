//! When what is looked at again: events are gathered until it is quiet, and never for long.
//!
//! Pure: the clock is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Scope;

/// How long nothing must happen to a path before it is looked at.
pub const QUIET: Duration = Duration::from_millis(250);

/// How long after its first event a path is looked at, however much happens to it.
pub const LATEST: Duration = Duration::from_secs(1);

/// The same for what git itself does: a rebase moves index and HEAD many times a second, and between the
/// two of them the state is nobody's.
pub const GIT_LATEST: Duration = Duration::from_secs(5);

/// How long `index.lock` keeps a repository from being looked at after its last event.
pub const LOCKED: Duration = Duration::from_secs(5);

/// How soon a file that changed while it was read is looked at again.
const AGAIN: Duration = Duration::from_millis(500);

/// Paths of one repository that are remembered; with more, everything is looked at.
pub const MOST_PATHS: usize = 2000;

/// Why everything of a repository is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Git did something: its own files changed.
    Git,
    /// Anything else: lost events, changed ignore rules, the clock.
    Other,
}

/// What waits in all repositories, which are named by numbers.
#[derive(Debug, Default)]
pub struct Pending {
    all: BTreeMap<u32, Dirty>,
}

#[derive(Debug)]
struct Dirty {
    /// Everything, instead of the paths.
    everything: Option<Span>,
    paths: BTreeMap<Vec<u8>, Span>,
    /// The last event of any kind.
    last: Instant,
    /// Not before this.
    held: Option<Instant>,
}

/// When the first event was, and when it is due.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: Instant,
    due: Instant,
    latest: Duration,
}

impl Span {
    fn begin(now: Instant, quiet: Duration, latest: Duration) -> Self {
        Span { first: now, due: now + quiet, latest }
    }

    fn again(&mut self, now: Instant, latest: Duration) {
        self.latest = self.latest.max(latest);
        self.due = (now + QUIET).min(self.first + self.latest);
    }
}

impl Pending {
    /// Something happened to a path (from the top of the worktree).
    pub fn path(&mut self, repository: u32, path: &[u8], now: Instant) {
        let dirty = self.touched(repository, now);
        if dirty.everything.is_some() {
            return;
        }
        if let Some(span) = dirty.paths.get_mut(path) {
            span.again(now, LATEST);
            return;
        }
        if dirty.paths.len() >= MOST_PATHS {
            self.everything(repository, Cause::Other, now);
            return;
        }
        dirty.paths.insert(path.to_vec(), Span::begin(now, QUIET, LATEST));
    }

    /// Everything is to be looked at.
    pub fn everything(&mut self, repository: u32, cause: Cause, now: Instant) {
        let latest = if cause == Cause::Git { GIT_LATEST } else { LATEST };
        let dirty = self.touched(repository, now);
        dirty.paths.clear();
        match &mut dirty.everything {
            Some(span) => span.again(now, latest),
            None => dirty.everything = Some(Span::begin(now, QUIET, latest)),
        }
    }

    /// Everything is to be looked at, at once.
    pub fn at_once(&mut self, repository: u32, now: Instant) {
        self.everything(repository, Cause::Other, now);
        if let Some(dirty) = self.all.get_mut(&repository) {
            dirty.everything = Some(Span::begin(now, Duration::ZERO, LATEST));
        }
    }

    /// A path changed while it was read.
    pub fn unsteady(&mut self, repository: u32, path: &[u8], now: Instant) {
        self.path(repository, path, now);
        if let Some(span) = self.all.get_mut(&repository).and_then(|dirty| dirty.paths.get_mut(path)) {
            *span = Span::begin(now, AGAIN, LATEST);
        }
    }

    /// Nothing waits in a repository any more.
    pub fn forget(&mut self, repository: u32) {
        self.all.remove(&repository);
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Instant> {
        self.all.values().filter_map(Dirty::due).min()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// A repository of which something is due, and when its last event was.
    pub fn due(&self, now: Instant) -> Option<(u32, Instant)> {
        let due = self.all.iter().filter_map(|(id, dirty)| Some((dirty.due()?, *id, dirty.last)));
        due.filter(|(due, ..)| *due <= now).min().map(|(_, id, last)| (id, last))
    }

    /// It is not looked at before a moment.
    pub fn hold(&mut self, repository: u32, until: Instant) {
        if let Some(dirty) = self.all.get_mut(&repository) {
            dirty.held = Some(until);
        }
    }

    /// Takes out what is due of a repository.
    pub fn take(&mut self, repository: u32, now: Instant) -> Option<Scope> {
        let dirty = self.all.get_mut(&repository)?;
        dirty.held = None;
        if dirty.everything.is_some() {
            self.all.remove(&repository);
            return Some(Scope::All);
        }
        let due: BTreeSet<Vec<u8>> =
            dirty.paths.iter().filter(|(_, span)| span.due <= now).map(|(path, _)| path.clone()).collect();
        dirty.paths.retain(|path, _| !due.contains(path));
        if dirty.paths.is_empty() {
            self.all.remove(&repository);
        }
        (!due.is_empty()).then_some(Scope::Paths(due))
    }

    fn touched(&mut self, repository: u32, now: Instant) -> &mut Dirty {
        let new = || Dirty { everything: None, paths: BTreeMap::new(), last: now, held: None };
        let dirty = self.all.entry(repository).or_insert_with(new);
        dirty.last = now;
        dirty
    }
}

impl Dirty {
    fn due(&self) -> Option<Instant> {
        let first = match &self.everything {
            Some(span) => Some(span.due),
            None => self.paths.values().map(|span| span.due).min(),
        }?;
        Some(self.held.map_or(first, |held| held.max(first)))
    }
}

/// Whether a repository with `index.lock` in its git directory may be looked at: git is at work while things
/// happen, and a lock that nobody cleared away delays for some seconds only.
pub fn lock_is_stale(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) >= LOCKED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    fn paths(names: &[&str]) -> Option<Scope> {
        Some(Scope::Paths(names.iter().map(|name| name.as_bytes().to_vec()).collect()))
    }

    #[test]
    fn a_path_waits_for_quiet_and_never_longer_than_a_second() {
        let t = Instant::now();
        let mut own = Pending::default();
        own.path(1, b"a", t);
        assert_eq!(own.next(), Some(t + QUIET));
        assert!(own.due(t + ms(249)).is_none());
        own.path(1, b"a", t + ms(200));
        assert_eq!(own.next(), Some(t + ms(450)));
        for step in 3..=9 {
            own.path(1, b"a", t + ms(step * 100));
        }
        assert_eq!(own.next(), Some(t + LATEST));
        assert_eq!(own.due(t + LATEST).map(|(id, _)| id), Some(1));
        own.path(1, b"b", t + ms(990));
        assert_eq!(own.take(1, t + LATEST), paths(&["a"]), "what is not due stays");
        assert_eq!(own.next(), Some(t + ms(1240)));
        assert_eq!(own.take(1, t + ms(1240)), paths(&["b"]));
        assert!(own.is_empty());
    }

    #[test]
    fn everything_takes_the_paths_in() {
        let t = Instant::now();
        let mut own = Pending::default();
        own.path(1, b"a", t);
        own.everything(1, Cause::Git, t + ms(10));
        own.path(1, b"b", t + ms(100));
        assert_eq!(own.next(), Some(t + ms(260)), "paths do not delay it");
        own.everything(1, Cause::Git, t + ms(200));
        assert_eq!(own.next(), Some(t + ms(450)));
        assert_eq!(own.take(1, t + ms(450)), Some(Scope::All));
        assert!(own.is_empty());
    }

    #[test]
    fn git_may_work_for_five_seconds() {
        let t = Instant::now();
        let mut own = Pending::default();
        for step in 0..200 {
            own.everything(7, Cause::Git, t + ms(step * 30));
        }
        assert_eq!(own.next(), Some(t + GIT_LATEST));
    }

    #[test]
    fn too_many_paths_are_everything() {
        let t = Instant::now();
        let mut own = Pending::default();
        for number in 0..=MOST_PATHS {
            own.path(1, number.to_string().as_bytes(), t);
        }
        assert_eq!(own.take(1, t + QUIET), Some(Scope::All));
    }

    #[test]
    fn what_is_held_waits() {
        let t = Instant::now();
        let mut own = Pending::default();
        own.path(1, b"a", t);
        own.path(2, b"a", t);
        own.hold(1, t + ms(600));
        assert_eq!(own.due(t + QUIET).map(|(id, _)| id), Some(2));
        own.forget(2);
        assert_eq!(own.next(), Some(t + ms(600)));
        assert!(!lock_is_stale(t, t + ms(4999)) && lock_is_stale(t, t + LOCKED));
    }

    #[test]
    fn what_changed_while_it_was_read_comes_again() {
        let t = Instant::now();
        let mut own = Pending::default();
        own.unsteady(1, b"a", t);
        assert_eq!(own.next(), Some(t + AGAIN));
        own.at_once(1, t);
        assert_eq!(own.next(), Some(t));
    }
}
