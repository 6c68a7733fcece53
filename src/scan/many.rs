//! Many items on all cores, results in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Items that make a thread worth its start.
pub const WORTH_A_THREAD: usize = 32;

/// Applies `work` to every item and gives the results in the order of the items.
///
/// `state` makes what one thread keeps for itself (a handle, a buffer); it is called once on each
/// thread that runs.
pub fn each<T: Sync, S, R: Send>(
    items: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let most = items.len() / WORTH_A_THREAD + 1;
    let threads = thread::available_parallelism().map_or(1, usize::from).min(most);
    if threads == 1 {
        let mut own = state();
        return items.iter().map(|item| work(&mut own, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        let mut own = state();
        let mut results = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { break };
            results.push((number, work(&mut own, item)));
        }
        // A poisoned lock means that another thread panicked, which ends the process anyway.
        done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut results);
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    let mut all = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_order() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(each(&items, || (), |(), n| n * 2), (0..1000).map(|n| n * 2).collect::<Vec<_>>());
    }
}
