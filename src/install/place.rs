//! Where git looks for a repository's hooks, and who says so.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::gits::Installed;
use super::shown;

/// Variables with which git names a repository to the programs it runs (`git rev-parse
/// --local-env-vars`, 2.55): where a folder is asked about, they must not answer for another one.
pub const LOCAL: [&str; 15] = [
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
    knows_config_hooks: bool,
}

impl Git {
    /// The git on PATH, asked about the repository that the environment or the current directory
    /// names.
    pub fn here() -> Self {
        Git { program: PathBuf::from("git"), folder: None, knows_config_hooks: true }
    }

    /// The git on PATH, asked about the repository that holds `folder`, whatever the environment says.
    pub fn of(folder: &Path) -> Self {
        Git { program: PathBuf::from("git"), folder: Some(folder.to_path_buf()), knows_config_hooks: true }
    }

    /// Another git.
    #[must_use]
    pub fn by(mut self, program: &Path) -> Self {
        self.program = program.to_path_buf();
        self
    }

    /// Another git, of which it is known whether it runs hooks that its configuration names.
    #[must_use]
    pub fn of_machine(mut self, installed: &Installed) -> Self {
        self.program.clone_from(&installed.path);
        self.knows_config_hooks = installed.runs_config_hooks();
        self
    }

    /// Whether it may run hooks that its configuration names: it is asked, unless it is known to be too old.
    pub fn may_know_config_hooks(&self) -> bool {
        self.knows_config_hooks
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
        // What git says is read here, and its words must be the ones that are known.
        command.args(arguments).env("LC_ALL", "C").stdin(std::process::Stdio::null());
        command
    }

    /// What a call prints, without the last line feed.
    ///
    /// # Errors
    /// Where git cannot be run, or fails: then with what it says.
    pub fn output(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = within(self.command(arguments), PATIENCE).context("`git` cannot be run; is it on PATH?")?;
        let Some(output) = output else { bail!("git {}: no answer in {} s", arguments.join(" "), PATIENCE.as_secs()) };
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
        let path = as_path(bytes)?;
        let path = self.folder.as_ref().map_or(path.clone(), |folder| folder.join(&path));
        std::path::absolute(&path).with_context(|| format!("cannot resolve {}", shown(&path)))
    }
}

/// How long git may take to answer: it reads a few files, but their disk may be gone, or it may be no git.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program prints; `None` where it does not end in time. It is ended then.
fn within(mut command: Command, time: Duration) -> std::io::Result<Option<Output>> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let id = child.id();
    let (done, waiting) = mpsc::channel();
    std::thread::Builder::new().spawn(move || done.send(child.wait_with_output()))?;
    match waiting.recv_timeout(time) {
        Ok(output) => output.map(Some),
        Err(_) => {
            #[cfg(unix)]
            if let Some(process) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
                // Its thread waits for it, so the number is still its own.
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
            #[cfg(not(unix))]
            let _ = id;
            Ok(None)
        }
    }
}

fn as_path(bytes: &[u8]) -> Result<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(PathBuf::from(OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    Ok(PathBuf::from(String::from_utf8(bytes.to_vec()).context("a path that is not UTF-8")?))
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
        let said = Said::by(git)?;
        let (common, hooks) = (git.path(&said.common)?, git.path(&said.hooks)?);
        let top = said.top.map(|top| git.path(&top)).transpose()?;
        let own = common.join("hooks");
        // A link may lead anywhere, into the worktree for one.
        if hooks == own && !own.is_symlink() || inside(&hooks, &common) {
            return Ok(Place { common, hooks, own, top, foreign: None });
        }
        // A relative one counts from the top of the worktree, wherever one stands.
        let hooks = match (&top, as_path(&said.hooks)?) {
            (Some(top), relative) if relative.is_relative() => top.join(relative),
            _ => hooks,
        };
        let set = git.output(&["config", "--show-scope", "--show-origin", "--get", "core.hooksPath"]);
        let set = set.unwrap_or_default();
        let mut words = set.splitn(3, |&b| b == b'\t').map(crate::finding::escape);
        let foreign = match (words.next(), words.next()) {
            (Some(scope), Some(origin)) => Foreign { scope, origin },
            _ => Foreign { scope: "a link".to_owned(), origin: shown(&own) },
        };
        Ok(Place { common, hooks, own, top, foreign: Some(foreign) })
    }
}

/// What git prints of a repository.
struct Said {
    /// The git directory that worktrees share.
    common: Vec<u8>,
    /// The hooks folder.
    hooks: Vec<u8>,
    /// The top of the worktree, if there is one.
    top: Option<Vec<u8>>,
}

impl Said {
    /// Asks in one call where that is possible.
    fn by(git: &Git) -> Result<Self> {
        let all = git.output(&["rev-parse", "--git-common-dir", "--git-path", "hooks", "--show-toplevel"]);
        if let Ok(all) = all
            && let [common, hooks, top] = all.split(|&b| b == b'\n').collect::<Vec<_>>()[..]
        {
            return Ok(Said { common: common.to_vec(), hooks: hooks.to_vec(), top: Some(top.to_vec()) });
        }
        // Without a worktree, or with a line feed in a path: one at a time.
        let common = git.output(&["rev-parse", "--git-common-dir"])?;
        let hooks = git.output(&["rev-parse", "--git-path", "hooks"])?;
        Ok(Said { common, hooks, top: git.output(&["rev-parse", "--show-toplevel"]).ok() })
    }
}

fn inside(path: &Path, folder: &Path) -> bool {
    let path = path.canonicalize().or_else(|_| path.parent().map_or(Ok(path.to_path_buf()), Path::canonicalize));
    matches!((path, folder.canonicalize()), (Ok(path), Ok(folder)) if path.starts_with(&folder))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_end_is_ended() -> Result<()> {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            command
        };
        let said = within(shell("echo yes"), Duration::from_secs(60))?.context("it answers")?;
        assert_eq!(said.stdout, b"yes\n");
        assert!(within(shell("exec sleep 600"), Duration::from_millis(50))?.is_none());
        Ok(())
    }
}
