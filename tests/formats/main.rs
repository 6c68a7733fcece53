//! Every format that leakwarden writes or reads: what an earlier version wrote is read and counts, and what
//! a later one writes is refused or said, never misread. `docs/formats.md` is the promise.
//!
//! `fixtures` holds one file for each version that was ever written; what depends on a planted secret or a
//! commit is filled in for `@NAME@`. A new version adds a file and changes none.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

#[allow(dead_code, reason = "it serves the policies' tests; these use a part")]
#[path = "../policies/fleet.rs"]
mod fleet;

mod files;
mod shims;
mod state;

use anyhow::{Result, ensure};

use kit::{Outcome, Sandbox};

/// A fixture.
fn fixture(name: &str) -> String {
    let path = format!("tests/formats/fixtures/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A fixture with its places filled in.
fn filled(name: &str, values: &[(&str, &str)]) -> String {
    let text = values.iter().fold(fixture(name), |text, (place, value)| text.replace(&format!("@{place}@"), value));
    assert!(!text.contains('@') || text.contains("@leakwarden.invalid"), "{name} has a place that is not filled");
    text
}

/// The hook stops with exit code 2 or 3 and says that a newer leakwarden is needed.
fn too_new(outcome: &Outcome) -> Result<()> {
    ensure!(matches!(outcome.code, Some(2 | 3)), "{:?}: {}", outcome.code, outcome.stderr);
    for words in ["written for a newer leakwarden", "upgrade leakwarden"] {
        ensure!(outcome.stderr.contains(words), "`{words}`: {}", outcome.stderr);
    }
    Ok(())
}

/// Git's commit of what is staged does not come about.
fn not_committed(s: &Sandbox) -> Result<()> {
    let before = s.ask_git("rev-parse HEAD")?;
    let outcome = s.commit("")?;
    ensure!(outcome.code != Some(0) && s.ask_git("rev-parse HEAD")? == before, "it was committed: {}", outcome.stderr);
    Ok(())
}
