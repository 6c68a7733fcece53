//! The scripts that git runs, and reading them back: whose a hook is, of which version, and whether
//! somebody has changed it since.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::ledger::line::sha256;

/// Version of the shims that this program writes. Version 1 had no chain of several kinds, version 2
/// no sum.
pub const VERSION: u32 = 3;

/// The hooks that leakwarden needs, and the script that git runs for each; `@…@` are filled in.
const HOOKS: [(&str, &str); 8] = [
    ("pre-commit", BEFORE),
    ("pre-merge-commit", BEFORE),
    ("commit-msg", BEFORE),
    ("post-commit", AFTER),
    ("post-merge", AFTER),
    ("post-applypatch", AFTER),
    ("post-rewrite", INPUT),
    ("pre-push", INPUT),
];

/// The hooks that policy may ask for besides.
const STRICT_HOOKS: [(&str, &str); 2] = [("prepare-commit-msg", BEFORE), ("reference-transaction", INPUT)];

/// Before something happens: leakwarden may stop it.
const BEFORE: &str = include_str!("../../hooks/before.sh");

/// After a commit: leakwarden is started only where there is something left to do.
const AFTER: &str = include_str!("../../hooks/after.sh");

/// Where git tells the hook something on standard input.
const INPUT: &str = include_str!("../../hooks/input.sh");

/// How every script ends: with the hook that was there before.
const CHAIN: &str = include_str!("../../hooks/chain.sh");

/// What the second line of every shim begins with, of any version.
const MARK: &str = "# leakwarden-hook v";

/// What policy asks for besides the hooks that everybody gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strict {
    /// prepare-commit-msg, which git runs for `--no-verify` too.
    pub commits: bool,
    /// reference-transaction, which git runs whenever a branch moves.
    pub branches: bool,
}

/// What the hooks do where the program is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// They say that nothing was scanned, and let it pass.
    #[default]
    Warn,
    /// They stop it, with exit code 3.
    Block,
}

/// How a hook hears what happens: tells which call goes into somebody else's hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// From its arguments, and may stop it.
    Arguments,
    /// Afterwards.
    Afterwards,
    /// On standard input as well.
    Input,
}

/// What all shims of an installation have in common.
#[derive(Debug, Clone)]
pub struct Shims {
    /// The program that they run: an absolute path.
    pub binary: PathBuf,
    /// What they do where it is gone; `None`: what those do that are there already.
    pub missing: Option<Missing>,
    /// Which hooks are wanted besides the eight.
    pub strict: Strict,
}

impl Shims {
    /// The hooks that are wanted, by git's names.
    pub fn names(&self) -> Vec<&'static str> {
        names(self.strict)
    }

    /// The text of a shim.
    ///
    /// # Errors
    /// As [`text_of`].
    pub fn text(&self, hook: &str) -> Result<String> {
        text_of(hook, &self.binary, self.missing.unwrap_or_default())
    }

    /// The text of a shim that takes the place of what is there.
    ///
    /// # Errors
    /// As [`text_of`]; and where it is one of a later version, or somebody has changed it.
    pub fn text_over(&self, hook: &str, at: &Path, found: &Hook) -> Result<String> {
        let Hook::Ours(shim, _) = found else { return self.text(hook) };
        ensure!(shim.version <= VERSION, "{} was written by a newer leakwarden; update this one", super::shown(at));
        ensure!(
            !shim.changed,
            "{} was changed since leakwarden wrote it; look at it, then move it away",
            super::shown(at)
        );
        text_of(hook, &self.binary, self.missing.unwrap_or(shim.missing))
    }
}

/// The text of a shim.
///
/// # Errors
/// Where the program's path is no UTF-8 text, or leakwarden has no such hook.
fn text_of(hook: &str, binary: &Path, missing: Missing) -> Result<String> {
    let all = HOOKS.into_iter().chain(STRICT_HOOKS);
    let (_, script) = all.into_iter().find(|(name, _)| *name == hook).context("there is no such hook")?;
    let path = binary.to_str().context("the path of leakwarden is not UTF-8; install it somewhere else")?;
    // Git for Windows runs hooks with its own sh, which takes forward slashes.
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let quoted = format!("'{}'", path.replace('\'', "'\\''"));
    let word = if missing == Missing::Block { "block" } else { "warn" };
    let whole = format!("{script}{CHAIN}").replace("@HOOK@", hook).replace("@MISSING@", word);
    let whole = whole.replace("@BINARY@", &quoted);
    let sum = sum(&whole);
    Ok(whole.replacen("@SUM@", &sum, 1))
}

/// All hooks that an installation may have, by git's names.
pub fn all() -> impl Iterator<Item = &'static str> {
    HOOKS.into_iter().chain(STRICT_HOOKS).map(|(name, _)| name)
}

/// The hooks of an installation, by git's names.
pub fn names(strict: Strict) -> Vec<&'static str> {
    wanted(strict).map(|(name, _)| name).collect()
}

/// The hooks that only policy asks for.
pub fn strict() -> impl Iterator<Item = &'static str> {
    STRICT_HOOKS.into_iter().map(|(name, _)| name)
}

/// How a hook hears what happens.
pub fn hears(hook: &str) -> Hears {
    match HOOKS.into_iter().chain(STRICT_HOOKS).find(|(name, _)| *name == hook) {
        Some((_, AFTER)) => Hears::Afterwards,
        Some((_, INPUT)) => Hears::Input,
        _ => Hears::Arguments,
    }
}

fn wanted(strict: Strict) -> impl Iterator<Item = (&'static str, &'static str)> {
    let asked = move |name: &str| if name == "prepare-commit-msg" { strict.commits } else { strict.branches };
    HOOKS.into_iter().chain(STRICT_HOOKS.into_iter().filter(move |(name, _)| asked(name)))
}

/// A shim that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shim {
    /// Its version; a later one was written by a newer leakwarden.
    pub version: u32,
    /// The hook it was written for.
    pub hook: String,
    /// The program it runs, where its text tells.
    pub binary: Option<PathBuf>,
    /// What it does where the program is gone.
    pub missing: Missing,
    /// Whether somebody changed it; of versions 1 and 2 nobody can tell.
    pub changed: bool,
}

impl Shim {
    /// Reads a hook's text; `None` where it is not one of leakwarden's.
    pub fn read(text: &[u8]) -> Option<Self> {
        let mark = text.split(|&b| b == b'\n').nth(1)?.strip_prefix(MARK.as_bytes())?;
        let text = String::from_utf8_lossy(text);
        let mark = String::from_utf8_lossy(mark);
        let mut words = mark.split(' ');
        let version = words.next()?.parse().ok()?;
        let word = |key: &str| mark.split(' ').find_map(|word| word.strip_prefix(key)).map(str::to_owned);
        let changed = match word("sum=") {
            Some(said) => sum(&text.replacen(&format!("sum={said}"), "sum=@SUM@", 1)) != said,
            None => version >= 3,
        };
        let line = text.lines().find_map(|line| line.strip_prefix("leakwarden="));
        let path = line.and_then(|quoted| quoted.strip_prefix('\'')?.strip_suffix('\''));
        let binary = path.map(|path| PathBuf::from(path.replace("'\\''", "'")));
        let missing = if text.contains("[ block = warn ]") { Missing::Block } else { Missing::Warn };
        let hook = word("id=").unwrap_or_default();
        // Anybody can write a right sum; of this version it is known what stands above it.
        let exact = || binary.as_ref().and_then(|binary| text_of(&hook, binary, missing).ok());
        let changed = changed || version == VERSION && exact().is_none_or(|exact| exact != text);
        Some(Shim { version, hook, binary, missing, changed })
    }
}

/// What stands at a hook's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// Nothing.
    Absent,
    /// A file of leakwarden's.
    Ours(Shim, Vec<u8>),
    /// A file of somebody else's, with its bytes.
    Other(Vec<u8>),
    /// A link, or something else that is no plain file.
    Special,
}

impl Hook {
    /// Looks at a hook's place.
    ///
    /// # Errors
    /// Where what is there cannot be read.
    pub fn at(path: &Path) -> Result<Self> {
        match path.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Hook::Absent),
            Err(error) => Err(error).with_context(|| format!("cannot look at {}", super::shown(path))),
            Ok(found) if found.is_file() => {
                let text = fs::read(path).with_context(|| format!("cannot read {}", super::shown(path)))?;
                Ok(match Shim::read(&text) {
                    Some(shim) => Hook::Ours(shim, text),
                    None => Hook::Other(text),
                })
            }
            Ok(_) => Ok(Hook::Special),
        }
    }
}

/// Whether git, run by this account, would run a file as a hook: it asks access(2), as this does. A clone
/// from a template that was made with a umask of 077 has hooks that only their owner may run.
pub fn runs(hook: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(hook, rustix::fs::Access::EXEC_OK).is_ok();
    #[cfg(not(unix))]
    hook.exists()
}

/// Whether everybody may run a file, as `install` leaves it.
pub fn is_executable(hook: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        hook.metadata().is_ok_and(|m| m.permissions().mode() & 0o111 == 0o111)
    }
    #[cfg(not(unix))]
    hook.exists()
}

/// Where a hook is kept that stood where a shim stands now.
pub fn aside(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(".leakwarden-orig");
    PathBuf::from(name)
}

/// The first 16 characters of the SHA-256 of a shim whose own sum is still `@SUM@`.
fn sum(text: &str) -> String {
    let mut digest = sha256(text.as_bytes());
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shims() -> Shims {
        let strict = Strict { commits: true, branches: true };
        Shims { binary: PathBuf::from("/opt/it's here/leakwarden"), missing: Some(Missing::Block), strict }
    }

    #[test]
    fn a_shim_is_read_back_as_it_was_written() {
        for name in shims().names() {
            let text = shims().text(name).expect("a shim");
            assert!(!text.contains('@'.to_string().repeat(2).as_str()) && !text.contains("@SUM@"), "{text}");
            let shim = Shim::read(text.as_bytes()).expect("ours");
            let binary = Some(PathBuf::from("/opt/it's here/leakwarden"));
            let missing = if hears(name) == Hears::Afterwards { Missing::Warn } else { Missing::Block };
            assert_eq!(shim, Shim { version: VERSION, hook: name.to_owned(), binary, missing, changed: false });
        }
    }

    #[test]
    fn a_changed_shim_is_noticed() {
        let text = shims().text("pre-commit").expect("a shim") + "echo more\n";
        assert!(Shim::read(text.as_bytes()).is_some_and(|shim| shim.changed));
    }

    #[test]
    fn what_is_not_ours_is_told_apart() {
        assert_eq!(Shim::read(b"#!/bin/sh\nexec leakwarden hook pre-commit\n"), None);
        assert!(Shim::read(b"#!/bin/sh\n# leakwarden-hook v2 id=pre-commit\n").is_some_and(|s| !s.changed));
    }
}
