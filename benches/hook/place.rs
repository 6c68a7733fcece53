//! A temporary folder with its own home, and the repositories of the budget table in it.
//!
//! Files are committed with `git fast-import`, checked out (except the 100,000), changed and added.
//! Then `git write-tree` brings the index into the state in which a hook sees it: just before
//! pre-commit runs, `git commit` completes the index's cache-tree, and `git add` alone does not.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use leakwarden::rules::syntax::Checksum;
use leakwarden::rules::template::expand;
use tempfile::TempDir;

use super::text::Text;

const CONFIG: &str = "[user]\n\tname = Bench\n\temail = bench@leakwarden.invalid\n[init]\n\tdefaultBranch = main\n\
                      [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[advice]\n\tdetachedHead = false\n";

/// Where everything happens; gone when dropped, unless it is kept.
pub struct Place {
    folder: PathBuf,
    _guard: Option<TempDir>,
}

/// One file of a commit.
struct Item {
    path: String,
    content: Vec<u8>,
}

impl Place {
    /// A folder with a home and nothing else.
    pub fn new(kept: bool) -> Result<Self> {
        let guard = TempDir::with_prefix("leakwarden-bench-").context("make a temporary folder")?;
        let folder = guard.path().to_owned();
        fs::create_dir(folder.join("home"))?;
        fs::write(folder.join("home/.gitconfig"), CONFIG)?;
        let guard = if kept {
            let _ = guard.keep();
            None
        } else {
            Some(guard)
        };
        Ok(Place { folder, _guard: guard })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.folder
    }

    /// A command in the folder `inside`, with what git sets for a hook and nothing of the caller's
    /// environment but PATH.
    pub fn command(&self, program: impl AsRef<OsStr>, inside: &Path) -> Command {
        let mut command = Command::new(program);
        let home = self.root().join("home");
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.root())
            .env("GIT_INDEX_FILE", ".git/index")
            .env("GIT_PREFIX", "")
            .env("GIT_EDITOR", ":")
            .env("GIT_PAGER", "cat")
            .env("HOME", home)
            .env("TMPDIR", self.root())
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .current_dir(inside);
        command
    }

    /// Runs git with the words of `line`; it must succeed.
    pub fn git(&self, inside: &Path, line: &str) -> Result<()> {
        let output = self.command("git", inside).args(line.split_whitespace()).output().context("start git")?;
        if !output.status.success() {
            bail!("git {line}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// 60 files, one of them with 10 new lines.
    pub fn small(&self, name: &str) -> Result<PathBuf> {
        let repo = self.committed(name, sources(name, 60, 6_000), true)?;
        let path = repo.join(source_path(31));
        append(&path, &ten_lines("small"))?;
        self.stage(&repo)
    }

    /// 5,000 files, 20 of them edited, one with a secret.
    pub fn middling(&self) -> Result<PathBuf> {
        let repo = self.committed("middling", sources("middling", 5_000, 6_000), true)?;
        for number in 0..20 {
            let path = repo.join(source_path(number * 250 + 7));
            let mut content = ten_lines(&format!("middling {number}"));
            content.extend(fs::read(&path)?);
            if number == 10 {
                content.extend(assignment("middling"));
            }
            fs::write(&path, content)?;
        }
        self.stage(&repo)
    }

    /// 100,000 index entries, one of them changed. The others have no file in the worktree: what is
    /// measured reads none.
    pub fn wide(&self) -> Result<PathBuf> {
        let repo = self.committed("wide", sources("wide", 100_000, 300), false)?;
        let path = source_path(51_234);
        fs::create_dir_all(repo.join(&path).parent().context("a file has a folder")?)?;
        let mut content = Text::new("wide base").lines(6_000);
        content.extend(ten_lines("wide"));
        fs::write(repo.join(&path), content)?;
        self.git(&repo, &format!("add {path}"))?;
        self.git(&repo, "write-tree")?;
        Ok(repo)
    }

    /// 2,000 new files, 50 MB, 10 secrets.
    pub fn many(&self, name: &str) -> Result<PathBuf> {
        let repo = self.committed(name, sources("many", 60, 6_000), true)?;
        let mut text = Text::new("many new");
        for number in 0..2_000 {
            let path = repo.join("new").join(source_path(number));
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            let mut content = text.lines(25_000);
            if number % 200 == 99 {
                content.extend(assignment(&format!("many {number}")));
            }
            fs::write(path, content)?;
        }
        self.stage(&repo)
    }

    /// One line of 100 MB with a secret in its middle, and 50 MB of binary.
    pub fn huge(&self) -> Result<PathBuf> {
        let repo = self.committed("huge", sources("huge", 60, 6_000), true)?;
        let mut text = Text::new("huge new");
        let mut line = text.one_line(50_000_000);
        line.extend(assignment("huge").trim_ascii_end());
        line.push(b';');
        line.extend(text.one_line(50_000_000));
        fs::write(repo.join("bundle.js"), line)?;
        fs::write(repo.join("model.bin"), text.noise(50_000_000))?;
        self.stage(&repo)
    }

    /// A repository with one commit of these files.
    fn committed(&self, name: &str, items: impl Iterator<Item = Item>, checked_out: bool) -> Result<PathBuf> {
        let repo = self.root().join(name);
        fs::create_dir(&repo)?;
        self.git(&repo, "init -q")?;
        let mut import = self.command("git", &repo);
        let mut import = import.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
        let mut stream = BufWriter::new(import.stdin.take().context("stdin is piped")?);
        stream.write_all(b"commit refs/heads/main\ncommitter Bench <bench@leakwarden.invalid> 1760000000 +0000\n")?;
        stream.write_all(b"data 4\nbase\n")?;
        for Item { path, content } in items {
            write!(stream, "M 100644 inline {path}\ndata {}\n", content.len())?;
            stream.write_all(&content)?;
            stream.write_all(b"\n")?;
        }
        drop(stream.into_inner()?);
        if !import.wait()?.success() {
            bail!("git fast-import failed in {}", repo.display());
        }
        self.git(&repo, if checked_out { "reset -q --hard" } else { "read-tree HEAD" })?;
        Ok(repo)
    }

    fn stage(&self, repo: &Path) -> Result<PathBuf> {
        self.git(repo, "add -A")?;
        // People take more than a second to commit; files as young as the index make git compare them.
        thread::sleep(Duration::from_millis(1_100));
        self.git(repo, "write-tree")?;
        Ok(repo.to_owned())
    }
}

/// Appends to a file.
pub fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    file.write_all(bytes).with_context(|| format!("append to {}", path.display()))
}

/// The path of a generated file: 50 in a folder, 50 folders in a folder.
pub fn source_path(number: usize) -> String {
    format!("area-{:02}/module-{:04}/part_{number:06}.rs", number / 2_500, number / 50)
}

fn sources(seed: &str, files: usize, size: usize) -> impl Iterator<Item = Item> {
    let mut text = Text::new(seed);
    // Sizes differ as those of real files do: most are small.
    (0..files).map(move |number| {
        let size = size / 4 + (number % 7) * (number % 7) * size / 16;
        Item { path: source_path(number), content: text.lines(size) }
    })
}

fn ten_lines(seed: &str) -> Vec<u8> {
    let mut text = Text::new(seed);
    (0..10).flat_map(|_| text.lines(1)).collect()
}

/// A line with a secret, made now so that none stands in this file.
fn assignment(seed: &str) -> Vec<u8> {
    let token = expand("ghp_{base62:30}{checksum}", seed, Some(Checksum::Crc32Base62)).expect("a valid template");
    format!("    let access = client.login(\"{token}\");\n").into_bytes()
}
