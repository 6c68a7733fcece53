//! The no-surprise law, on histories that nobody planned: whenever the hooks let a commit pass,
//! `leakwarden verify` passes it right after, under the same policy.
//!
//! A history is drawn from a seed: a repository with a policy of its own, and some dozens of steps by
//! real git with leakwarden installed (`history`). After each step that made a commit for which
//! pre-commit or pre-merge-commit and commit-msg ran, `verify COMMIT^! --policy-from COMMIT` must
//! pass. A commit for which they did not run claims nothing; but where `verify` refuses it, pre-push does
//! so first.
//!
//! What is known to differ, and how it is handled here:
//!
//! - *Amend*: git tells no hook that a commit replaces another, so pre-commit compares with the
//!   replaced commit and `verify` with its parents. The law is claimed for an amend of a commit that
//!   the hooks let pass, and that renames no file, takes no exception away and leaves the policy alone.
//!   (`amend -m` is covered: commit-msg keeps the exceptions that the replaced message carries.)
//! - *Loosening*: `verify` counts what loosens in `.leakwarden.toml` from the policy ref only. Here
//!   that is the commit itself, as it is for the hook.
//!
//! `LEAKWARDEN_HISTORIES` sets how many histories are run, `LEAKWARDEN_SEED` the first one's seed.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

mod dice;
mod history;
mod policies;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use history::History;
use kit::{Sandbox, gits};

/// Histories that are run where nobody asks for more.
const HISTORIES: u64 = 12;

/// Steps of each.
const STEPS: usize = 24;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn what_the_hooks_let_pass_verify_lets_pass() {
    let first = asked("LEAKWARDEN_SEED").unwrap_or(1);
    let end = first + asked("LEAKWARDEN_HISTORIES").unwrap_or(HISTORIES);
    let next = AtomicU64::new(first);
    let (failures, claims, refusals) = (Mutex::new(Vec::new()), AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    match run(seed) {
                        Ok((passed, refused)) => {
                            claims.fetch_add(passed, Ordering::Relaxed);
                            refusals.fetch_add(refused, Ordering::Relaxed);
                        }
                        Err(text) => failures.lock().unwrap_or_else(PoisonError::into_inner).push(text),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{} histories broke the law:\n\n{}", failures.len(), failures.join("\n\n"));
    let (claims, histories) = (claims.into_inner(), end - first);
    let refusals = refusals.into_inner();
    assert!(refusals >= histories / 4, "{refusals} commits in {histories} histories were refused: too few to say much");
    assert!(claims >= histories * 4, "{claims} commits in {histories} histories were let pass: too few to say much");
}

/// Runs one history; counts the commits that the law was claimed for, and those that pre-push refused.
fn run(seed: u64) -> Result<(u64, u64), String> {
    let all = gits::all();
    let git = &all[usize::try_from(seed).unwrap_or(0) % all.len()];
    let mut log = Vec::new();
    let outcome = Sandbox::new(git).and_then(|s| {
        let mut history = History::new(&s, seed, &mut log)?;
        for _ in 0..STEPS {
            history.step()?;
        }
        Ok((history.claims, history.refusals))
    });
    outcome.map_err(|error| {
        let steps = log.join("\n  ");
        format!("LEAKWARDEN_SEED={seed} LEAKWARDEN_HISTORIES=1 [git {}]: {error:#}\n  {steps}", git.version)
    })
}
