//! The other programs: how each is brought into a sandbox, set up, installed and uninstalled.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox};

/// Who else has hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    Husky,
    Lefthook,
    PreCommit,
    Prek,
    SimpleGitHooks,
    HandWritten,
    Link,
    GitLfs,
}

/// Where the managers are; `None` where nobody fetched them.
fn folder() -> Option<PathBuf> {
    std::env::var_os("LEAKWARDEN_TEST_MANAGERS").filter(|f| !f.is_empty()).map(PathBuf::from)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let here = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists())?;
    here.canonicalize().ok()
}

impl Other {
    /// The program that is needed; `None` where it is not here.
    fn program(self) -> Option<PathBuf> {
        let below = |path: &str| Some(folder()?.join(path)).filter(|path| path.exists());
        match self {
            Other::Husky => below("node_modules/husky/bin.js"),
            Other::SimpleGitHooks => below("node_modules/simple-git-hooks/cli.js"),
            Other::PreCommit => below("venv/bin/pre-commit"),
            Other::Prek => below("venv/bin/prek"),
            Other::Lefthook => {
                let mut packages = std::fs::read_dir(folder()?.join("node_modules")).ok()?.flatten();
                packages.find_map(|package| Some(package.path().join("bin/lefthook")).filter(|bin| is_elf(bin)))
            }
            Other::GitLfs => on_path("git-lfs"),
            Other::HandWritten | Other::Link => Some(PathBuf::new()),
        }
    }

    /// Whether it is here; says so where not.
    pub fn is_here(self) -> bool {
        let here = self.program().is_some();
        if !here {
            crate::kit::skip(&format!("{self:?}: LEAKWARDEN_TEST_MANAGERS does not have it"));
        }
        here
    }

    /// Brings the program into the sandbox and writes its configuration, which runs a command that notes
    /// that it ran.
    pub fn prepare(self, s: &Sandbox) -> Result<()> {
        let own = s.script("own.sh", &format!("echo ran >>'{}'", s.root().join("notes").display()))?;
        let own = own.to_string_lossy().into_owned();
        for tool in ["bash", "node"] {
            if let Some(real) = on_path(tool) {
                link(&real, &s.root().join("bin").join(tool))?;
            }
        }
        link(Path::new(LEAKWARDEN), &s.root().join("bin/leakwarden"))?;
        let program = self.program().context("it is here")?;
        match self {
            Other::Husky => s.write(".husky/pre-commit", format!("{own}\n"))?,
            Other::Lefthook => {
                link(&program, &s.root().join("bin/lefthook"))?;
                s.write("lefthook.yml", format!("pre-commit:\n  commands:\n    own:\n      run: {own}\n"))?;
            }
            Other::PreCommit | Other::Prek => {
                let name = if self == Other::Prek { "prek" } else { "pre-commit" };
                link(&program, &s.root().join("bin").join(name))?;
                s.write(
                    ".pre-commit-config.yaml",
                    format!(
                        "repos:\n- repo: local\n  hooks:\n  - id: own\n    name: own\n    language: system\n    \
                         entry: {own}\n    always_run: true\n    pass_filenames: false\n    \
                         stages: [pre-commit]\n"
                    ),
                )?;
            }
            Other::SimpleGitHooks => s.write(
                "package.json",
                format!(
                    "{{\n  \"name\": \"x\",\n  \"simple-git-hooks\": {{\n    \"pre-commit\": \"{own}\"\n  }}\n}}\n"
                ),
            )?,
            Other::HandWritten | Other::Link => {}
            Other::GitLfs => {
                let body = format!("[ \"$1\" != post-commit ] || '{own}'\nexec '{}' \"$@\"", program.display());
                s.script("bin/git-lfs", &body)?;
            }
        }
        s.commit_unchecked("the configuration of another program")
    }

    /// Runs its installer.
    pub fn install(self, s: &Sandbox) -> Result<()> {
        let node = |script: &str| self.run(s, &["node", script]);
        let program = self.program().context("it is here")?.to_string_lossy().into_owned();
        match self {
            Other::Husky | Other::SimpleGitHooks => node(&program),
            Other::Lefthook => self.run(s, &["lefthook", "install"]),
            Other::PreCommit => self.run(s, &["pre-commit", "install"]),
            Other::Prek => self.run(s, &["prek", "install"]),
            // Somebody saves a file at the hook's place, whatever stood there.
            Other::HandWritten => {
                let path = s.path(".git/hooks/pre-commit");
                let _ = std::fs::remove_file(&path);
                s.script("repo/.git/hooks/pre-commit", &format!("exec '{}'", s.root().join("own.sh").display()))?;
                Ok(())
            }
            Other::Link => {
                let path = s.path(".git/hooks/pre-commit");
                let _ = std::fs::remove_file(&path);
                Ok(symlink("../../../own.sh", path)?)
            }
            Other::GitLfs => {
                // With a hook of somebody else's at one of its places it stops there; this is what it advises.
                s.run(s.git_command().args(["lfs", "install", "--local"]))?;
                s.git("lfs update --force")
            }
        }
    }

    /// Runs its uninstaller, or does what its documentation says.
    pub fn uninstall(self, s: &Sandbox) -> Result<()> {
        match self {
            Other::Husky => s.git("config --local --unset core.hooksPath"),
            Other::Lefthook => self.run(s, &["lefthook", "uninstall"]),
            Other::PreCommit => self.run(s, &["pre-commit", "uninstall"]),
            Other::Prek => self.run(s, &["prek", "uninstall"]),
            Other::SimpleGitHooks => {
                let script = folder().context("it is here")?.join("node_modules/simple-git-hooks/uninstall.js");
                self.run(s, &["node", &script.to_string_lossy()])
            }
            Other::HandWritten | Other::Link => {
                let path = s.path(".git/hooks/pre-commit");
                let own = std::fs::read(&path).is_ok_and(|text| !text.windows(15).any(|w| w == b"leakwarden-hook"));
                if own { Ok(std::fs::remove_file(path)?) } else { Ok(()) }
            }
            Other::GitLfs => s.git("lfs uninstall --local"),
        }
    }

    /// Where its own configuration goes again when it is uninstalled, so that the next round finds it.
    pub fn restore(self, s: &Sandbox) -> Result<()> {
        s.git("checkout -q -- .")
    }

    fn run(self, s: &Sandbox, words: &[&str]) -> Result<()> {
        let program = s.root().join("bin").join(words[0]);
        s.run(s.command(program).args(&words[1..])).with_context(|| format!("{self:?}"))?.ok().map(drop)
    }
}

/// How often the other's own command has run.
pub fn ran(s: &Sandbox) -> usize {
    std::fs::read_to_string(s.root().join("notes")).unwrap_or_default().lines().count()
}

/// Clean changes are committed, and the other's own command runs `times` times.
pub fn runs(s: &Sandbox, times: usize) -> Result<()> {
    let before = ran(s);
    s.append("README.md", "clean\n")?;
    let done = s.commit("-a")?;
    done.ok()?;
    ensure!(ran(s) == before + times, "it ran {} times, not {times}: {done:?}", ran(s) - before);
    Ok(())
}

fn link(real: &Path, at: &Path) -> Result<()> {
    if at.symlink_metadata().is_ok() { Ok(()) } else { Ok(symlink(real, at)?) }
}

fn is_elf(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF"))
}
