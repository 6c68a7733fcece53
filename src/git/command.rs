//! The few questions and changes that are left to git itself, off the hook's normal path.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};

/// A call of git that runs no program of the repository's and fetches nothing.
pub(super) fn git<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new("git");
    command
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.commitGraph=false"])
        .args(arguments)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .stdin(Stdio::null());
    command
}

/// What a call prints.
///
/// # Errors
/// Where git cannot be run, or fails: then with the first line of what it says.
pub(super) fn output(mut command: Command) -> Result<Vec<u8>> {
    let output = command.output().context("`git` cannot be run")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(anyhow!("{}", said.lines().next().unwrap_or("git failed and does not say why")))
}

/// What a call prints that is given `input`.
///
/// # Errors
/// As [`output`].
pub(super) fn output_with(mut command: Command, input: &[u8]) -> Result<Vec<u8>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("`git` cannot be run")?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input).context("git stopped reading")?;
    }
    let output = child.wait_with_output().context("git's answer cannot be read")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(anyhow!("{}", said.lines().next().unwrap_or("git failed and does not say why")))
}
