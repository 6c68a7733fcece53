//! A fleet's policy as it is delivered: broken ones and the last good copy, the check before a delivery,
//! and what the example policies allow and refuse, by real commits with the real hook.
//!
//! One module a subject; the sandbox is that of `tests/hook`.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

mod bank;
mod check;
mod fleet;
mod last_good;
mod open_source;
mod startup;
