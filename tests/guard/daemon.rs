//! A guard in a sandbox, and the questions that scenarios ask it. Nothing here depends on how long something
//! takes: `sync` answers once everything that happened before was looked at.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::kit::{LEAKWARDEN, Sandbox, plant};

/// How long anything may take before a scenario fails.
pub const GENEROUS: Duration = Duration::from_secs(120);

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !holds()? {
        ensure!(begun.elapsed() < GENEROUS, "in {} seconds it did not come to this: {what}", GENEROUS.as_secs());
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A guard that runs as this process's child.
pub struct Daemon<'s> {
    s: &'s Sandbox,
    child: Child,
}

impl<'s> Daemon<'s> {
    /// Runs one, and waits until it answers.
    pub fn run(s: &'s Sandbox) -> Result<Self> {
        let said = File::options().create(true).append(true).open(s.root().join("said"))?;
        let mut command = s.command(LEAKWARDEN);
        command.args(["guard", "run"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        let mut daemon = Daemon { s, child: command.spawn()? };
        until("the guard answers", || {
            if let Some(end) = daemon.child.try_wait()? {
                anyhow::bail!("the guard ended ({end}): {}", daemon.said()?);
            }
            Ok(s.leakwarden("guard status --json")?.code != Some(3))
        })?;
        Ok(daemon)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said so far; nothing of it shows a secret.
    pub fn said(&self) -> Result<String> {
        let text = std::fs::read(self.s.root().join("said"))?;
        plant::check("guard run", &text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Ends it as a power failure would.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop).context("it ends")
    }

    /// Waits until it ends by itself.
    pub fn ends(mut self) -> Result<()> {
        ensure!(self.child.wait()?.success(), "{}", self.said()?);
        Ok(())
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The guard's folder.
pub fn folder(s: &Sandbox) -> PathBuf {
    s.root().join("home/.local/state/leakwarden/guard")
}

/// Waits until everything was looked at.
pub fn sync(s: &Sandbox) -> Result<()> {
    s.leakwarden("guard sync")?.ok().map(drop)
}

/// `guard status --json`, of one that runs.
pub fn status(s: &Sandbox) -> Result<Value> {
    let outcome = s.leakwarden("guard status --json")?;
    let all: Value = serde_json::from_str(&outcome.stdout).with_context(|| format!("{outcome:?}"))?;
    ensure!(all["running"] == true, "it does not run: {all}");
    Ok(all["status"].clone())
}

/// The state of each repository, by the last part of its path: `repo watched`.
pub fn states(s: &Sandbox) -> Result<Vec<String>> {
    let status = status(s)?;
    let all = status["repositories"].as_array().context("a list")?;
    let own = |own: &Value| {
        let folder = PathBuf::from(own["folder"].as_str().unwrap_or_default());
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!("{name} {}", own["state"].as_str().unwrap_or_default())
    };
    Ok(all.iter().map(own).collect())
}

/// The open warnings once everything was looked at: `kind path`.
pub fn open(s: &Sandbox) -> Result<Vec<String>> {
    sync(s)?;
    let all: Value = serde_json::from_str(&s.leakwarden("guard warnings --json")?.stdout)?;
    let mut open = Vec::new();
    for own in all["repositories"].as_array().context("a list")? {
        for warning in own["warnings"].as_array().context("a list")? {
            open.push(format!(
                "{} {}",
                warning["kind"].as_str().unwrap_or("?"),
                warning["path"].as_str().unwrap_or("")
            ));
        }
    }
    Ok(open)
}

/// How often something became of warnings: `opened 2, withdrawn 1, returned 0`.
pub fn events(s: &Sandbox) -> Result<String> {
    sync(s)?;
    let text = std::fs::read_to_string(folder(s).join("events.jsonl")).unwrap_or_default();
    plant::check("events.jsonl", text.as_bytes())?;
    let count = |word: &str| text.matches(&format!("\"became\":\"{word}\"")).count();
    Ok(format!("opened {}, withdrawn {}, returned {}", count("opened"), count("withdrawn"), count("returned")))
}

/// Says bytes to the socket and gives the answer's first bytes, or what came before it hung up.
pub fn raw(s: &Sandbox, bytes: &[u8]) -> Result<String> {
    let mut stream = UnixStream::connect(folder(s).join("guard.sock"))?;
    stream.set_read_timeout(Some(GENEROUS))?;
    // It may hang up in the middle.
    let _ = stream.write_all(bytes);
    let mut answer = vec![0; 64 << 10];
    let length = stream.read(&mut answer).unwrap_or(0);
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}
