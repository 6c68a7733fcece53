//! The guard as a real process beside the real git: started, asked, stopped, killed; and what it warns of.
//! One module a subject; the sandbox is that of `tests/hook`.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

mod daemon;
mod kinds;
mod life;
mod notices;
mod socket;
mod storm;
mod warns;
mod work;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::{Context as _, Result};
use kit::{Sandbox, gits};

/// The git of this scenario: each has one of them, for most of what the guard does no git takes part in, and
/// all of it takes seconds.
fn one_git() -> &'static gits::Git {
    let mut name = DefaultHasher::new();
    std::thread::current().name().unwrap_or_default().hash(&mut name);
    let all = gits::all();
    &all[usize::try_from(name.finish() % all.len() as u64).unwrap_or(0)]
}

/// Runs a scenario in a sandbox that holds no repository yet.
fn in_sandbox(scenario: impl Fn(&Sandbox) -> Result<()>) -> Result<()> {
    let git = one_git();
    let context = || format!("git {}", git.version);
    Sandbox::new(git).and_then(|s| scenario(&s)).with_context(context)
}

/// The same in a repository with one commit and leakwarden installed.
fn in_repository(scenario: impl Fn(&Sandbox) -> Result<()>) -> Result<()> {
    in_sandbox(|s| s.start().and_then(|()| scenario(s)))
}
