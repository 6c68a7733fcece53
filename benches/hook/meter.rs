//! What one run of a program costs, and how many instructions it takes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Starts programs and says what they used.
pub struct Meter {
    program: PathBuf,
    report: PathBuf,
}

/// What one run used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Exit code; -1 where a signal ended the program.
    pub code: i32,
    /// User and system time of the program and of what it started, in microseconds.
    pub cpu: u64,
    /// Time on the clock, in microseconds.
    pub wall: u64,
    /// Peak resident memory of the largest process, in KiB.
    pub peak: u64,
}

impl Meter {
    /// Compiles the meter in `folder` with the C compiler that Rust links with.
    pub fn build(folder: &Path) -> Result<Self> {
        let (source, program) = (folder.join("meter.c"), folder.join("meter"));
        fs::write(&source, include_str!("meter.c"))?;
        let built = Command::new("cc").arg("-O1").arg("-o").args([&program, &source]).status();
        if !built.context("start cc")?.success() {
            bail!("cc cannot compile {}", source.display());
        }
        Ok(Meter { program, report: folder.join("usage") })
    }

    /// Runs a command, given as program and arguments, in the surroundings of `like`.
    pub fn run(&self, like: &Command, words: &[OsString]) -> Result<Usage> {
        let mut command = clone_of(like, &self.program);
        command.arg(&self.report).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !command.status().context("start the meter")?.success() {
            bail!("the meter cannot run {words:?}");
        }
        let text = fs::read_to_string(&self.report)?;
        let numbers: Vec<i64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [code, cpu, wall, peak] = numbers[..] else { bail!("the meter wrote `{text}`") };
        Ok(Usage { code: i32::try_from(code)?, cpu: cpu.try_into()?, wall: wall.try_into()?, peak: peak.try_into()? })
    }
}

/// Instructions that the command's first process takes; `None` without valgrind.
pub fn instructions(like: &Command, words: &[OsString]) -> Option<u64> {
    let mut command = clone_of(like, Path::new("valgrind"));
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).args(words);
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Another program with the folder and the environment of `like`.
fn clone_of(like: &Command, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for (name, value) in like.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    if let Some(folder) = like.get_current_dir() {
        command.current_dir(folder);
    }
    command
}
