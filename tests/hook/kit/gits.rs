//! The gits that the scenarios run on.
//!
//! `LEAKWARDEN_TEST_GITS` is a colon-separated list of git executables; without it, all that are on
//! PATH and in the usual places are taken, each once. What is skipped is said on stderr, past the
//! test harness's capture.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Result, ensure};

use super::Sandbox;

/// One git executable.
#[derive(Debug)]
pub struct Git {
    /// Where it is.
    pub path: PathBuf,
    /// Its version as it prints it.
    pub version: String,
    /// Where its own programs are; git puts this in front of a hook's PATH.
    pub exec_path: PathBuf,
}

impl Git {
    fn at(path: PathBuf) -> Option<Git> {
        let answer = |argument| {
            let output = Command::new(&path).env_remove("GIT_EXEC_PATH").arg(argument).output().ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            output.status.success().then(|| text.trim().to_owned())
        };
        let version = answer("--version")?.trim_start_matches("git version ").to_owned();
        let exec_path = PathBuf::from(answer("--exec-path")?);
        Some(Git { path, version, exec_path })
    }

    fn number(&self) -> (u32, u32) {
        let mut parts = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// Whether this git is at least `major.minor`; where not, says what is skipped.
    pub fn has(&self, major: u32, minor: u32, feature: &str) -> bool {
        let enough = self.number() >= (major, minor);
        if !enough {
            skip(&format!("{feature} needs git {major}.{minor}, this is {}", self.version));
        }
        enough
    }
}

/// Says on stderr that something is not tested, even where the test harness hides output.
pub fn skip(what: &str) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// All gits to test with; never empty.
pub fn all() -> &'static [Git] {
    static GITS: LazyLock<Vec<Git>> = LazyLock::new(|| {
        let gits = find();
        assert!(!gits.is_empty(), "no git to test with: neither LEAKWARDEN_TEST_GITS nor PATH names one");
        gits
    });
    &GITS
}

fn find() -> Vec<Git> {
    let named = std::env::var_os("LEAKWARDEN_TEST_GITS");
    let candidates: Vec<PathBuf> = match &named {
        Some(list) => std::env::split_paths(list).collect(),
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let usual = ["/usr/bin", "/usr/local/bin"].map(PathBuf::from);
            std::env::split_paths(&path).chain(usual).map(|folder| folder.join("git")).collect()
        }
    };
    let mut seen = BTreeSet::new();
    let mut gits = Vec::new();
    for candidate in candidates.iter().filter(|path| !path.as_os_str().is_empty()) {
        let real = candidate.canonicalize().unwrap_or_else(|_| candidate.clone());
        if !seen.insert(real) {
            continue;
        }
        match Git::at(candidate.clone()) {
            Some(git) => gits.push(git),
            None if named.is_some() => skip(&format!("everything on {}: absent or not a git", candidate.display())),
            None => {}
        }
    }
    gits
}

/// Runs `scenario` on every git in a repository with one commit and leakwarden installed.
pub fn in_repository(scenario: impl Fn(&Sandbox) -> Result<()>) -> Result<()> {
    in_sandbox(|s| s.start().and_then(|()| scenario(s)))
}

/// Runs `scenario` on every git in a sandbox that holds no repository yet.
pub fn in_sandbox(scenario: impl Fn(&Sandbox) -> Result<()>) -> Result<()> {
    table(&[("", ())], |s, ()| scenario(s))
}

/// Runs `scenario` for each named row on every git, each in a fresh sandbox without a repository,
/// and names all rows that failed.
pub fn table<T>(rows: &[(&str, T)], scenario: impl Fn(&Sandbox, &T) -> Result<()>) -> Result<()> {
    let mut failures = Vec::new();
    for (name, row) in rows {
        for git in all() {
            if let Err(error) = Sandbox::new(git).and_then(|s| scenario(&s, row)) {
                failures.push(format!("{name} [git {}]: {error:#}", git.version));
            }
        }
    }
    ensure!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n\n"));
    Ok(())
}

/// The first git alone, for a scenario that is too big to run on all.
pub fn on_one(scenario: impl FnOnce(&Sandbox) -> Result<()>) -> Result<()> {
    let s = Sandbox::new(&all()[0])?;
    s.start()?;
    scenario(&s)
}

/// Whether `path` is a program one may run.
pub fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
