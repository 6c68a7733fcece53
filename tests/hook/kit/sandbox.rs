//! A hermetic place for one scenario: a temporary folder with its own home, a PATH that holds one
//! git and a handful of plain tools, and a repository.
//!
//! Nothing of the surrounding environment comes through, and everything that a command prints is
//! checked for planted secrets before a scenario sees it.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::gits::{Git, is_program};
use super::outcome::HOOKS;
use super::{LEAKWARDEN, Outcome, plant};

/// Tools that git's own scripts, hooks and scenarios use.
const TOOLS: &[&str] = &[
    "awk",
    "basename",
    "cat",
    "chmod",
    "chown",
    "cp",
    "cut",
    "date",
    "dirname",
    "env",
    "expr",
    "false",
    "grep",
    "head",
    "iconv",
    "ln",
    "ls",
    "mkdir",
    "mkfifo",
    "mount",
    "mv",
    "printf",
    "pwd",
    "rm",
    "sed",
    "setsid",
    "sh",
    "sha1sum",
    "sha256sum",
    "sleep",
    "sort",
    "ssh-add",
    "ssh-agent",
    "ssh-keygen",
    "strace",
    "tail",
    "touch",
    "tr",
    "true",
    "uname",
    "timeout",
    "unshare",
    "wc",
];

const CONFIG: &str = "[user]\n\tname = Sandbox\n\temail = sandbox@leakwarden.invalid\n[init]\n\tdefaultBranch = main\n\
                      [protocol \"file\"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n\
                      [maintenance]\n\tauto = false\n[rerere]\n\tenabled = false\n";

/// The content of `README.md` in the first commit, 20 lines.
pub const README: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n\
                          eleven\ntwelve\nthirteen\nfourteen\nfifteen\nsixteen\nseventeen\neighteen\nnineteen\ntwenty\n";

/// One scenario's place.
pub struct Sandbox {
    folder: TempDir,
    /// The git on this sandbox's PATH.
    pub git: &'static Git,
    runs: Cell<u32>,
}

impl Sandbox {
    /// An empty sandbox: a home with a configuration, and no repository.
    pub fn new(git: &'static Git) -> Result<Self> {
        let folder = TempDir::with_prefix("leakwarden-").context("make a sandbox")?;
        let s = Sandbox { folder, git, runs: Cell::new(0) };
        for name in ["bin", "home", "tmp", "repo", "traces"] {
            fs::create_dir(s.root().join(name))?;
        }
        fs::write(s.root().join("home/.gitconfig"), CONFIG)?;
        symlink(&git.path, s.root().join("bin/git"))?;
        for tool in TOOLS {
            if let Some(real) = ["/usr/bin", "/bin"].iter().map(|d| Path::new(d).join(tool)).find(|p| is_program(p)) {
                symlink(real, s.root().join("bin").join(tool))?;
            }
        }
        Ok(s)
    }

    /// Makes the repository with a first commit and installs leakwarden.
    pub fn start(&self) -> Result<()> {
        self.git("init -q")?;
        self.first_commit()?;
        self.install()
    }

    /// Commits `README.md` in the repository as it is.
    pub fn first_commit(&self) -> Result<()> {
        self.write("README.md", README)?;
        self.commit_unchecked("first")
    }

    /// Runs `leakwarden install`, which must succeed.
    pub fn install(&self) -> Result<()> {
        self.leakwarden("install")?.ok().map(drop)
    }

    /// The sandbox's folder; the repository is `repo` in it.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the repository.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join("repo").join(name)
    }

    /// Writes a file of the repository, with the folders it needs.
    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, bytes).with_context(|| format!("write {}", path.display()))
    }

    /// Appends to a file of the repository.
    pub fn append(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&path)?;
        file.write_all(bytes.as_ref()).with_context(|| format!("append to {}", path.display()))
    }

    /// Writes an executable shell script anywhere in the sandbox and returns its path.
    pub fn script(&self, name: &str, body: &str) -> Result<PathBuf> {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// A command in the repository with the sandbox's environment and nothing else.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let home = self.root().join("home");
        command
            .env_clear()
            .env("PATH", self.root().join("bin"))
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("HOME", home)
            .env("TMPDIR", self.root().join("tmp"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.root())
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .current_dir(self.path(""));
        command
    }

    /// The git under test, found on the sandbox's PATH.
    pub fn git_command(&self) -> Command {
        self.command(self.root().join("bin/git"))
    }

    /// Runs a command with nothing on stdin.
    pub fn run(&self, command: &mut Command) -> Result<Outcome> {
        self.run_with(command, "")
    }

    /// Runs a command with `input` on stdin. What it prints must show no planted secret.
    pub fn run_with(&self, command: &mut Command, input: &str) -> Result<Outcome> {
        self.runs.set(self.runs.get() + 1);
        let trace = self.root().join(format!("traces/{}", self.runs.get()));
        command.env("GIT_TRACE", &trace);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut shown = command.get_program().to_string_lossy().into_owned();
        command.get_args().for_each(|argument| shown.push_str(&format!(" {}", argument.to_string_lossy())));
        let mut child = command.spawn().with_context(|| format!("start {shown}"))?;
        // A command that does not read its input may close it.
        let _ = child.stdin.take().context("stdin is piped")?.write_all(input.as_bytes());
        let output = child.wait_with_output().with_context(|| format!("run {shown}"))?;
        plant::check(&shown, &output.stdout)?;
        plant::check(&shown, &output.stderr)?;
        Ok(Outcome {
            shown,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            hooks: hooks_run(&trace),
        })
    }

    /// Runs git with the words of `line` as arguments; it must succeed.
    pub fn git(&self, line: &str) -> Result<()> {
        self.try_git(line)?.ok().map(drop)
    }

    /// Runs git with the words of `line` as arguments.
    pub fn try_git(&self, line: &str) -> Result<Outcome> {
        self.run(self.git_command().args(line.split_whitespace()))
    }

    /// What git prints for `line`, without the final line feed.
    pub fn ask_git(&self, line: &str) -> Result<String> {
        Ok(self.try_git(line)?.ok()?.stdout.trim_end().to_owned())
    }

    /// `git commit -q -m message` and the words of `line`.
    pub fn commit(&self, line: &str) -> Result<Outcome> {
        self.run(self.git_command().args(["commit", "-q", "-m", "a change"]).args(line.split_whitespace()))
    }

    /// Stages everything and commits.
    pub fn commit_all(&self) -> Result<Outcome> {
        self.git("add -A")?;
        self.commit("")
    }

    /// Commits everything past the hooks: history as it was before leakwarden came.
    pub fn commit_unchecked(&self, message: &str) -> Result<()> {
        self.git("add -A")?;
        let words = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", message];
        self.run(self.git_command().args(words))?.ok()?;
        self.forget()
    }

    /// Makes leakwarden forget what it knows of HEAD: what is there was there before it came.
    pub fn forget(&self) -> Result<()> {
        match fs::remove_file(self.path(".git/leakwarden/looked")) {
            Err(error) if !matches!(error.raw_os_error(), Some(2 | 20)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The ledger's records, without those of installing.
    pub fn records(&self) -> Result<Vec<serde_json::Value>> {
        let Ok(text) = fs::read(self.root().join("home/.local/state/leakwarden/ledger.jsonl")) else {
            return Ok(Vec::new());
        };
        plant::check("the ledger", &text)?;
        let mut records = Vec::new();
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let record: serde_json::Value = serde_json::from_slice(line).context("a line of the ledger")?;
            if record["event"] != "installed" {
                records.push(record);
            }
        }
        Ok(records)
    }

    /// The events in the ledger, oldest first: `skipped by no-verify`, `blocked`.
    pub fn events(&self) -> Result<Vec<String>> {
        let event = |record: &serde_json::Value| {
            let how = record["how"].as_str().map(|how| format!(" by {how}")).unwrap_or_default();
            format!("{}{how}", record["event"].as_str().unwrap_or("?"))
        };
        Ok(self.records()?.iter().map(event).collect())
    }

    /// Runs leakwarden in the repository.
    pub fn leakwarden(&self, line: &str) -> Result<Outcome> {
        self.run(self.command(LEAKWARDEN).args(line.split_whitespace()))
    }

    /// A direct call of a hook, with the environment that git sets, for its exact exit code.
    pub fn hook_command(&self, line: &str) -> Command {
        let mut path = self.git.exec_path.clone().into_os_string();
        path.push(":");
        path.push(self.root().join("bin"));
        let mut command = self.command(LEAKWARDEN);
        command
            .arg("hook")
            .args(line.split_whitespace())
            .env("PATH", path)
            .env("GIT_EXEC_PATH", &self.git.exec_path)
            .env("GIT_PREFIX", "")
            .env("GIT_EDITOR", ":")
            .env("GIT_INDEX_FILE", ".git/index")
            .env("GIT_AUTHOR_NAME", "Sandbox")
            .env("GIT_AUTHOR_EMAIL", "sandbox@leakwarden.invalid")
            .env("GIT_AUTHOR_DATE", "@1760000000 +0000");
        command
    }

    /// Calls a hook directly.
    pub fn hook(&self, line: &str) -> Result<Outcome> {
        self.run(&mut self.hook_command(line))
    }

    /// The JSON report of pre-commit on the index as it is.
    pub fn staged(&self) -> Result<super::Report> {
        self.hook("pre-commit --format json")?.report()
    }

    /// Puts hooks in place of the installed ones that keep what leakwarden itself said when git
    /// called it: `NAME.code`, `NAME.json` and `NAME.err` in the sandbox's folder.
    pub fn probe(&self) -> Result<()> {
        for name in HOOKS {
            let kept = self.root().join(name);
            let kept = kept.display();
            let body = format!(
                "'{LEAKWARDEN}' hook {name} --format json \"$@\" >'{kept}.json' 2>'{kept}.err'\n\
                 code=$?\necho $code >'{kept}.code'\ncat '{kept}.err' >&2\nexit $code"
            );
            self.script(&format!("repo/.git/hooks/{name}"), &body)?;
        }
        Ok(())
    }

    /// What a probed hook said at its last run.
    pub fn probed(&self, name: &str) -> Result<Outcome> {
        let read = |kind: &str| {
            fs::read(self.root().join(format!("{name}.{kind}"))).with_context(|| format!("git did not run {name}"))
        };
        let (stdout, stderr) = (read("json")?, read("err")?);
        plant::check(name, &stdout)?;
        plant::check(name, &stderr)?;
        Ok(Outcome {
            shown: format!("{name} as git called it"),
            code: String::from_utf8_lossy(&read("code")?).trim().parse().ok(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            hooks: vec![name.to_owned()],
        })
    }
}

/// The hooks in a trace of git: lines such as `... run_command: .git/hooks/pre-commit`.
fn hooks_run(trace: &Path) -> Vec<String> {
    let Ok(bytes) = fs::read(trace) else { return Vec::new() };
    let mut hooks = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| contains(line, b"run_command:")) {
        for name in HOOKS {
            let last = |word: &[u8]| word.rsplit(|&byte| byte == b'/').next() == Some(name.as_bytes());
            if line.split(|&byte| byte == b' ' || byte == b'\'').any(last) {
                hooks.push(name.to_owned());
            }
        }
    }
    hooks
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// A path of any bytes.
pub fn raw_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
