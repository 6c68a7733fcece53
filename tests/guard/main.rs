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
