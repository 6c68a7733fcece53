//! A canary: a commit with a generated secret, in a scratch repository that has this repository's
//! configuration, its hooks and its policy. It must be stopped, and by leakwarden.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

use super::Check;
use crate::finding::escape;
use crate::install::dropin;
use crate::install::gits::Installed;
use crate::install::place::{Git, Place};
use crate::policy;
use crate::rules::syntax::Checksum;
use crate::rules::template;

/// A token that GitHub's checksum makes certain, generated anew at each run (`docs/rule-syntax.md`).
const SECRET: &str = "ghp_{base62:30}{checksum}";

/// Commits the canary with each git.
pub fn check(folder: &Path, gits: &[Installed]) -> Vec<Check> {
    const ID: &str = "canary";
    let runs = gits.iter().filter(|git| git.version.is_some());
    let one = |git: &Installed| {
        let subject = git.path.to_string_lossy().into_owned();
        let mend = "the checks above say which hook is missing or shadowed; `leakwarden install` brings it back";
        let check = match fly(folder, git) {
            Ok(Flight::Stopped) => Check::ok(ID, "a commit with a generated secret was stopped by leakwarden"),
            Ok(Flight::Passed) => Check::fails(ID, "a commit with a generated secret was NOT stopped", mend),
            Ok(Flight::ByOthers(said)) => {
                let text = format!("the commit was stopped, and not by leakwarden: {}", escape(said.as_bytes()));
                Check::unknown(ID, text, "run that hook's own checks; they are in leakwarden's way")
            }
            Err(error) => Check::unknown(
                ID,
                format!("no canary could be flown: {}", escape(format!("{error:#}").as_bytes())),
                "free what it says is missing and run it again",
            ),
        };
        check.on(escape(subject.as_bytes()))
    };
    runs.map(one).collect()
}

enum Flight {
    Stopped,
    Passed,
    ByOthers(String),
}

fn fly(folder: &Path, git: &Installed) -> Result<Flight> {
    let asked = Git::of(folder).by(&git.path);
    let place = Place::of(&asked)?;
    let scratch = tempfile::Builder::new().prefix("leakwarden-canary-").tempdir().context("no temporary folder")?;
    let nest = scratch.path().join("repository");
    let state = scratch.path().join("state");
    let run = |arguments: &[&OsStr]| -> Result<Output> {
        let mut command: Command = Git::of(&nest).by(&git.path).command(arguments);
        // Nobody is asked anything, and this machine's ledger gets no block that was none.
        command.env("GIT_TERMINAL_PROMPT", "0").env("XDG_STATE_HOME", &state);
        for (who, what) in [("NAME", "leakwarden canary"), ("EMAIL", "canary@leakwarden.invalid")] {
            command.env(format!("GIT_AUTHOR_{who}"), what).env(format!("GIT_COMMITTER_{who}"), what);
        }
        command.output().context("git cannot be run")
    };
    let must = |arguments: &[&OsStr]| -> Result<()> {
        let output = run(arguments)?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    };
    fs::create_dir_all(&nest)?;
    must(&words(&["init", "-q", "--template="]))?;
    // The repository's own configuration, and what it says of this very worktree.
    for config in [place.common.join("config"), asked_worktree_config(&asked)?] {
        if config.is_file() {
            must(&[OsStr::new("config"), OsStr::new("--add"), OsStr::new("include.path"), config.as_os_str()])?;
        }
    }
    // Behind what is included, so that it counts; `git config` would put it in front.
    let hooks = dropin::config_value(place.hooks.to_str().context("a path that is not UTF-8")?);
    let mut file = fs::File::options().append(true).open(nest.join(".git").join("config"))?;
    write!(file, "[core]\n\thooksPath = \"{hooks}\"\n[commit]\n\tgpgSign = false\n")?;
    // Nothing is fetched for it.
    if let Ok(text) = asked.output(&["-c", "protocol.allow=never", "show", &format!("HEAD:{}", policy::PATH)]) {
        fs::write(nest.join(policy::PATH), text)?;
    }
    fs::write(nest.join("README"), "A canary of leakwarden's.\n")?;
    must(&words(&["add", "-A"]))?;
    // Without `git commit`, whose hooks may refuse a commit that they did not scan.
    let tree = line(&run(&words(&["write-tree"]))?);
    let first = line(&run(&words(&["commit-tree", "-m", "begin", &tree]))?);
    must(&words(&["update-ref", "HEAD", &first]))?;
    let before = run(&words(&["rev-parse", "HEAD"]))?.stdout;
    let secret = template::expand(SECRET, &seed()?, Some(Checksum::Crc32Base62))?;
    fs::write(nest.join("deploy.env"), format!("GITHUB_TOKEN={secret}\n"))?;
    must(&words(&["add", "-A", "-f"]))?;
    let committed = run(&words(&["commit", "-q", "-m", "canary"]))?;
    let said = String::from_utf8_lossy(&committed.stderr).into_owned();
    if run(&words(&["rev-parse", "HEAD"]))?.stdout != before {
        return Ok(Flight::Passed);
    }
    if said.contains(&secret) {
        bail!("the secret was printed by a hook");
    }
    let ours = said.contains("leakwarden: commit blocked") && said.contains("deploy.env:1");
    let first = said.lines().next().unwrap_or("without a word").to_owned();
    Ok(if ours { Flight::Stopped } else { Flight::ByOthers(first) })
}

/// The configuration of a worktree alone, whether it is there or not.
fn asked_worktree_config(git: &Git) -> Result<std::path::PathBuf> {
    let path = git.output(&["rev-parse", "--absolute-git-dir"])?;
    Ok(Path::new(&String::from_utf8_lossy(&path).into_owned()).join("config.worktree"))
}

fn line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn words<'a>(words: &[&'a str]) -> Vec<&'a OsStr> {
    words.iter().map(|&word| OsStr::new(word)).collect()
}

/// Something that no other run has.
fn seed() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).context("the system gives no random numbers")?;
    Ok(crate::ledger::line::hex(&random))
}
