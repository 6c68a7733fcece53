//! Where git looks for a repository's hooks, and who says so.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::shown;

/// Variables with which git names a repository to the programs it runs (`git rev-parse
/// --local-env-vars`, 2.55): where a folder is asked about, they must not answer for another one.
const LOCAL: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// A git program, asked about one repository.
#[derive(Debug, Clone)]
pub struct Git {
    program: PathBuf,
    folder: Option<PathBuf>,
}

impl Git {
    /// The git on PATH, asked about the repository that the environment or the current directory
    /// names.
    pub fn here() -> Self {
        Git { program: PathBuf::from("git"), folder: None }
    }

    /// The git on PATH, asked about the repository that holds `folder`, whatever the environment says.
    pub fn of(folder: &Path) -> Self {
        Git { program: PathBuf::from("git"), folder: Some(folder.to_path_buf()) }
    }

    /// Another git.
    #[must_use]
    pub fn by(mut self, program: &Path) -> Self {
        self.program = program.to_path_buf();
        self
    }

    /// A call, not run yet.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(folder) = &self.folder {
            command.arg("-C").arg(folder);
            for name in LOCAL {
                command.env_remove(name);
            }
        }
        command.args(arguments).stdin(std::process::Stdio::null());
        command
    }

    /// What a call prints, without the last line feed.
    ///
    /// # Errors
    /// Where git cannot be run, or fails: then with what it says.
    pub fn output(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.command(arguments).output().context("`git` cannot be run; is it on PATH?")?;
        if !output.status.success() {
            let said = crate::finding::escape(output.stderr.trim_ascii());
            bail!("git {}: {said}", arguments.join(" "));
        }
        Ok(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout).to_vec())
    }

    /// The top of the worktree; `None` where nothing is checked out.
    pub fn top(&self) -> Option<PathBuf> {
        self.path(&self.output(&["rev-parse", "--show-toplevel"]).ok()?).ok()
    }

    /// A path that git printed; relative ones count from where git was asked.
    fn path(&self, bytes: &[u8]) -> Result<PathBuf> {
        #[cfg(unix)]
        let path = {
            use std::os::unix::ffi::OsStrExt;
            PathBuf::from(OsStr::from_bytes(bytes))
        };
        #[cfg(not(unix))]
        let path = PathBuf::from(String::from_utf8(bytes.to_vec()).context("a path that is not UTF-8")?);
        let path = self.folder.as_ref().map_or(path.clone(), |folder| folder.join(&path));
        std::path::absolute(&path).with_context(|| format!("cannot resolve {}", shown(&path)))
    }
}

/// Where hooks go in a repository.
#[derive(Debug, Clone)]
pub struct Place {
    /// The git directory that all its worktrees share.
    pub common: PathBuf,
    /// Where git looks for hooks now.
    pub hooks: PathBuf,
    /// The repository's own hooks directory, where leakwarden may have been installed before.
    pub own: PathBuf,
    /// The top of the worktree; `None` where nothing is checked out.
    pub top: Option<PathBuf>,
    /// Set where the hooks directory is not inside the git directory.
    pub foreign: Option<Foreign>,
}

/// Who says that hooks are taken from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// git's word for how far the setting reaches: `system`, `global`, `local`, `worktree`, `command`.
    pub scope: String,
    /// Where it is set, as git names it: `file:…`.
    pub origin: String,
}

impl Place {
    /// Asks git: it alone knows all its configuration files.
    ///
    /// # Errors
    /// Where this is no repository, or git cannot be run.
    pub fn of(git: &Git) -> Result<Self> {
        let both = git.output(&["rev-parse", "--git-common-dir", "--git-path", "hooks"])?;
        let mut lines = both.split(|&b| b == b'\n');
        let (common, hooks) = match (lines.next(), lines.next(), lines.next()) {
            (Some(common), Some(hooks), None) => (git.path(common)?, git.path(hooks)?),
            // A line feed in a path: one at a time.
            _ => (
                git.path(&git.output(&["rev-parse", "--git-common-dir"])?)?,
                git.path(&git.output(&["rev-parse", "--git-path", "hooks"])?)?,
            ),
        };
        let own = common.join("hooks");
        if hooks == own || inside(&hooks, &common) {
            return Ok(Place { common, hooks, own, top: None, foreign: None });
        }
        let top = git.top();
        let said = git.output(&["config", "--show-scope", "--show-origin", "--get", "core.hooksPath"]);
        let said = said.unwrap_or_default();
        let mut words = said.splitn(3, |&b| b == b'\t').map(crate::finding::escape);
        let foreign = Foreign {
            scope: words.next().unwrap_or_default(),
            origin: words.next().filter(|o| !o.is_empty()).unwrap_or_else(|| "git's configuration".to_owned()),
        };
        // A relative one counts from the top of the worktree, wherever one stands.
        let hooks = match (words.next(), &top) {
            (Some(value), Some(top)) if Path::new(&value).is_relative() && !value.starts_with('~') => top.join(value),
            _ => hooks,
        };
        Ok(Place { common, hooks, own, top, foreign: Some(foreign) })
    }
}

fn inside(path: &Path, folder: &Path) -> bool {
    let path = path.canonicalize().or_else(|_| path.parent().map_or(Ok(path.to_path_buf()), Path::canonicalize));
    matches!((path, folder.canonicalize()), (Ok(path), Ok(folder)) if path.starts_with(&folder))
}
