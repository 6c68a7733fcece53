//! Attacks: somebody wants to get a secret past the hook or `verify`, to make leakwarden crash or hang,
//! to have it write where it should not, or print what it should not. Each is refused or detected.
//!
//! One module a class; the sandbox is that of `tests/hook`.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

mod clone;
mod forgery;
mod policy;
mod standing;
mod terminal;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use kit::{Outcome, Sandbox, line, plant};

/// Stages a file with a secret.
fn staged(s: &Sandbox, seed: &str) -> Result<()> {
    s.write("a.py", line(&plant::github(seed)))?;
    s.git("add a.py")
}

/// The commit of what is staged is stopped, whatever the reason, by leakwarden, without a crash and soon.
fn stopped(s: &Sandbox, what: &str) -> Result<Outcome> {
    let begin = Instant::now();
    let outcome = s.commit("")?;
    sound(&outcome)?;
    ensure!(begin.elapsed() < Duration::from_secs(20), "{what}: it took {:?}", begin.elapsed());
    ensure!(outcome.code == Some(1) && outcome.stderr.contains("leakwarden"), "{what} got through: {}", outcome.stderr);
    Ok(outcome)
}

/// Nothing crashed, and nothing but printable text and line feeds was printed; no line is a command
/// for the log of a CI service.
fn sound(outcome: &Outcome) -> Result<()> {
    ensure!(!outcome.stderr.contains("in leakwarden itself"), "it crashed: {}", outcome.stderr);
    for text in [&outcome.stdout, &outcome.stderr] {
        let wrong = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2066}' | '\u{2028}');
        ensure!(!text.contains(wrong), "{} printed {text:?}", outcome.shown);
        ensure!(!text.contains("##[") && !text.contains("##vso["), "{} printed {text:?}", outcome.shown);
        for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("::")) {
            let own = line.starts_with("::error file=") || line.starts_with("::error title=leakwarden: not scanned::");
            ensure!(own && line.matches("::error").count() == 1, "{} printed the command {line:?}", outcome.shown);
        }
    }
    Ok(())
}
