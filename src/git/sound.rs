//! What is asked of a git directory before a process that lives long opens it: that nothing in it would be
//! waited for, and that its configuration asks for no home that this program cannot find.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::state::{small_bytes, small_file};

/// The largest file that is read here, in bytes.
const LARGEST: u64 = 1 << 20;

/// Looks at the git directory of the worktree with this top.
///
/// # Errors
/// Where there is none, where a pipe, a socket or a device stands in it, and where its configuration names the
/// home of an account that is not in `/etc/passwd`. Asking the system for others needs its libraries, and in a
/// static program that ends it (getpwnam in a static glibc).
pub(super) fn check(top: &Path) -> Result<()> {
    let git = top.join(".git");
    let dir = if git.is_dir() {
        git
    } else {
        let text = small_file(&git, LARGEST).context("no git repository can be read here")?;
        let named = text.strip_prefix("gitdir: ").context("`.git` names no git directory")?;
        top.join(named.trim_end_matches(['\r', '\n']))
    };
    let common = small_file(&dir.join("commondir"), LARGEST);
    waits_for_nothing(&dir)?;
    let common = common.map_or(dir.clone(), |named| dir.join(named.trim_end_matches(['\r', '\n'])));
    for folder in ["", "info", "objects/info", "reftable"] {
        waits_for_nothing(&common.join(folder))?;
    }
    waits_for_nothing(&dir.join("info"))?;
    let head = small_file(&dir.join("HEAD"), LARGEST).unwrap_or_default();
    if let Some(name) = head.strip_prefix("ref: ") {
        let name = Path::new(name.trim_end());
        let inside = name.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        ensure!(inside, "HEAD names something outside the repository");
        [&dir, &common].into_iter().try_for_each(|folder| is_plain(&folder.join(name)))?;
    }
    [common.join("config"), dir.join("config.worktree")].iter().try_for_each(|file| homes(file))
}

/// No pipe, socket or device stands in a folder.
fn waits_for_nothing(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let odd = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| !kind.is_file() && !kind.is_dir());
    let odd: Vec<PathBuf> = entries.flatten().filter(odd).map(|entry| entry.path()).collect();
    odd.iter().try_for_each(|path| is_plain(path))
}

/// What stands at a path, or where a link there leads, is a file or a folder, or nothing.
fn is_plain(path: &Path) -> Result<()> {
    let plain = fs::metadata(path).map_or(true, |found| found.is_file() || found.is_dir());
    ensure!(plain, "a pipe, a socket or a device stands in the git directory");
    Ok(())
}

fn homes(config: &Path) -> Result<()> {
    let Some(text) = small_bytes(config, LARGEST) else { return Ok(()) };
    if memchr::memchr(b'~', &text).is_none() || !cfg!(target_os = "linux") {
        return Ok(());
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    for after in text.split(|&b| b == b'~').skip(1) {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b'@' | b'+');
        let name: Vec<u8> = after.iter().copied().take_while(plain).collect();
        let ends = after.get(name.len()).is_none_or(|b| matches!(b, b'/' | b'\n' | b'\r' | b'"' | b' ' | b'\t'));
        let known = accounts.lines().any(|line| line.split(':').next().is_some_and(|own| own.as_bytes() == name));
        ensure!(
            name.is_empty() || !ends || known,
            "its configuration names the home of an account that /etc/passwd does not list (`~name`)"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_accounts_that_nobody_knows() -> Result<()> {
        let place = tempfile::tempdir()?;
        let file = place.path().join("config");
        let table = [
            ("[core]\n\texcludesFile = ~nosuchuser/x\n", false),
            ("[include]\n\tpath = \"~nosuchuser\"\n", false),
            ("[include]\n\tpath = ~/x\n[core]\n\texcludesFile = ~root/x\n", true),
            ("[remote \"a\"]\n\turl = https://example.org/~ann=x\n", true),
        ];
        for (text, sound) in table {
            fs::write(&file, text)?;
            assert_eq!(homes(&file).is_ok(), sound || !cfg!(target_os = "linux"), "{text}");
        }
        Ok(())
    }
}
