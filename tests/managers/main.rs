//! Living with others: real hook managers, installed before leakwarden and after it, on every git.
//!
//! `LEAKWARDEN_TEST_MANAGERS` is a folder that `tests/managers/fetch.sh` filled; without it everything
//! that needs one of those programs is skipped, and says so. `LEAKWARDEN_TEST_FRAMEWORK_BUILD=1` asks for the one
//! test in which the framework builds leakwarden from source.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

mod framework;
mod matrix;
mod tools;
mod written;
