//! A machine with a fleet's policy: `/etc` is replaced in a private mount namespace, for one command.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Outcome, Sandbox, skip};

/// The fleet's folder of a sandbox. Its files are root's, since the test is.
pub struct Fleet<'a> {
    s: &'a Sandbox,
}

impl<'a> Fleet<'a> {
    /// A machine with an empty fleet's folder; `None` where private mounts are not possible here.
    pub fn new(s: &'a Sandbox) -> Result<Option<Self>> {
        let fleet = Fleet { s };
        fs::create_dir_all(fleet.path(""))?;
        for name in ["passwd", "group", "ld.so.cache"] {
            let _ = fs::copy(format!("/etc/{name}"), s.root().join("etc").join(name));
        }
        let can = s.run(s.command("unshare").args(["-m", "sh", "-c", "mount --bind \"$HOME\" /etc && id -u"]));
        let can = can.is_ok_and(|outcome| outcome.code == Some(0) || outcome.stderr.contains("id: not found"));
        let root = fs::metadata(fleet.path("")).is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0);
        if !can || !root {
            skip("the fleet's policy: no private mounts here, or not root");
            return Ok(None);
        }
        Ok(Some(fleet))
    }

    /// Where a file of the fleet's folder is outside the namespace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.s.root().join("etc/leakwarden").join(name)
    }

    /// Writes a file of the fleet's folder.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Runs a shell line on that machine.
    pub fn shell(&self, line: &str) -> Result<Outcome> {
        let etc = self.s.root().join("etc");
        let line = format!("mount --bind '{}' /etc && {line}", etc.display());
        self.s.run(self.s.command("unshare").args(["-m", "sh", "-c", &line]))
    }

    /// Runs leakwarden on that machine.
    pub fn leakwarden(&self, words: &str) -> Result<Outcome> {
        self.shell(&format!("'{LEAKWARDEN}' {words}"))
    }

    /// `leakwarden policy keep`, which must succeed and say this.
    pub fn keep(&self, expected: &str) -> Result<()> {
        let outcome = self.leakwarden("policy keep")?;
        ensure!(outcome.ok()?.stdout.starts_with(expected), "{}", outcome.stdout);
        Ok(())
    }

    /// Commits what is staged.
    pub fn commit(&self) -> Result<Outcome> {
        self.shell("git commit -q -m 'a change'")
    }
}
