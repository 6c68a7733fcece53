//! What waits for the guard's loop: events of the file system, requests of clients. Bounded: where events
//! come faster than they are taken, they are dropped, and it is remembered that some are missing.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Events that wait at most.
const MOST: usize = 65_536;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its content, or it came as a file.
    Changed,
    /// It came, as a folder or as nobody knows what.
    Came,
    /// It went.
    Went,
}

/// The queue; its clones are the same one.
#[derive(Debug)]
pub struct Queue<R>(Arc<(Mutex<State<R>>, Condvar)>);

impl<R> Clone for Queue<R> {
    fn clone(&self) -> Self {
        Queue(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct State<R> {
    events: VecDeque<(PathBuf, What)>,
    requests: VecDeque<R>,
    lost: bool,
}

/// What was waiting.
#[derive(Debug)]
pub struct Batch<R> {
    /// Events, in the order in which they came.
    pub events: VecDeque<(PathBuf, What)>,
    /// Requests, in the order in which they came.
    pub requests: VecDeque<R>,
    /// Whether events are missing.
    pub lost: bool,
}

impl<R> Default for Queue<R> {
    fn default() -> Self {
        let state = State { events: VecDeque::new(), requests: VecDeque::new(), lost: false };
        Queue(Arc::new((Mutex::new(state), Condvar::new())))
    }
}

impl<R> Queue<R> {
    fn hold(&self) -> MutexGuard<'_, State<R>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event. One that says what the last one said is left out.
    pub fn event(&self, path: PathBuf, what: What) {
        let mut state = self.hold();
        if state.events.back().is_some_and(|last| last.1 == what && last.0 == path) {
            return;
        }
        if state.events.len() >= MOST {
            // The loop looks at everything, so what waits is of no use any more.
            state.events = VecDeque::new();
            state.lost = true;
        }
        state.events.push_back((path, what));
        self.0.1.notify_one();
    }

    /// Events are missing.
    pub fn lost(&self) {
        self.hold().lost = true;
        self.0.1.notify_one();
    }

    /// A request.
    pub fn request(&self, request: R) {
        self.hold().requests.push_back(request);
        self.0.1.notify_one();
    }

    /// Waits until something is there, or until a moment, and takes all of it.
    pub fn take(&self, until: Instant) -> Batch<R> {
        let mut state = self.hold();
        while state.events.is_empty() && state.requests.is_empty() && !state.lost {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
        }
        Batch {
            events: std::mem::take(&mut state.events),
            requests: std::mem::take(&mut state.requests),
            lost: std::mem::take(&mut state.lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_and_in_order() {
        let queue: Queue<u8> = Queue::default();
        for number in 0..3 {
            queue.event(PathBuf::from(number.to_string()), What::Changed);
            queue.event(PathBuf::from(number.to_string()), What::Changed);
        }
        queue.request(1);
        let batch = queue.take(Instant::now());
        assert_eq!(batch.events.iter().map(|own| own.0.to_string_lossy().into_owned()).collect::<String>(), "012");
        assert_eq!((batch.requests.len(), batch.lost), (1, false));
        for number in 0..=MOST {
            queue.event(PathBuf::from(number.to_string()), What::Came);
        }
        let batch = queue.take(Instant::now());
        assert!(batch.lost && batch.events.len() <= MOST);
    }
}
