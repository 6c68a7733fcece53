//! What leakwarden writes into a repository: a file of its own, staged byte for byte, and lines of a
//! commit message.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::Repo;
use super::command::{git, output, output_with};

/// Writes a file of the worktree and stages it, with no filter between.
///
/// # Errors
/// Where there is no worktree, a link stands in the way, or something cannot be written. The file is
/// replaced as a whole or not at all.
pub fn write_and_stage(repo: &Repo, path: &str, text: &str) -> Result<()> {
    let top = repo.worktree().context("this repository has no worktree to write to")?;
    let target = worktree_file(top, path)?;
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of {path}"))?;
    }
    replace(&target, text.as_bytes()).with_context(|| format!("cannot write {path}"))?;
    let id = output_with(git(&["hash-object", "-w", "--no-filters", "--stdin"]), text.as_bytes())
        .with_context(|| format!("cannot store {path}"))?;
    let entry = format!("100644,{},{path}", String::from_utf8_lossy(&id).trim());
    let mut stage = git(&["update-index", "--add", "--cacheinfo", &entry]);
    stage.current_dir(top);
    output(stage).with_context(|| format!("cannot stage {path} (it is written; `git add {path}` stages it)"))?;
    Ok(())
}

/// The text of a side of a file in conflict: 1 what both began with, 2 ours, 3 theirs. `None` where
/// there is no such side.
///
/// # Errors
/// Where it is no UTF-8.
pub fn stage_of(path: &str, stage: u8) -> Result<Option<String>> {
    let Ok(bytes) = output(git(&["cat-file", "blob", &format!(":{stage}:{path}")])) else { return Ok(None) };
    String::from_utf8(bytes).ok().with_context(|| format!("{path} is no UTF-8 text")).map(Some)
}

/// A commit's version of a file; `None` where this clone has none. The commit is named in hex.
pub fn version_of(commit: &str, path: &str) -> Option<Vec<u8>> {
    let hex = commit.bytes().all(|b| b.is_ascii_hexdigit());
    if hex { output(git(&["cat-file", "blob", &format!("{commit}:{path}")])).ok() } else { None }
}

/// The bytes of a file of the worktree; `None` where there is none.
///
/// # Errors
/// Where it cannot be read, or a link stands in the way.
pub fn read_worktree(repo: &Repo, path: &str) -> Result<Option<Vec<u8>>> {
    let Some(top) = repo.worktree() else { return Ok(None) };
    match fs::read(worktree_file(top, path)?) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
    }
}

/// The place of a file below the top, none of whose parts is a link: a link that came with a clone
/// could lead anywhere.
fn worktree_file(top: &Path, path: &str) -> Result<PathBuf> {
    let mut place = top.to_path_buf();
    for part in path.split('/') {
        place.push(part);
        if place.is_symlink() {
            bail!("{path} is reached through a link, which is not followed; take the link away");
        }
    }
    Ok(place)
}

/// Writes beside the place, makes it durable, and renames it there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().context("no file name")?.to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = File::options().write(true).create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary))).map_err(Into::into)
}

/// Adds lines to a commit message's trailers; a line that is there already is not repeated.
///
/// # Errors
/// Where git cannot do it.
pub fn add_trailers(file: &Path, trailers: &[String]) -> Result<()> {
    // Settings of `trailer.*` would change what is done with them.
    put_trailers(file, trailers, "addIfDifferent")
}

/// Adds a line to a commit message's trailers in the place of one of the same name.
///
/// # Errors
/// Where git cannot do it.
pub fn replace_trailer(file: &Path, trailer: &str) -> Result<()> {
    put_trailers(file, &[trailer.to_owned()], "replace")
}

fn put_trailers(file: &Path, trailers: &[String], if_exists: &str) -> Result<()> {
    let how = ["--no-divider", "--where", "end", "--if-missing", "add", "--if-exists", if_exists];
    let mut command = git(&["interpret-trailers", "--in-place"]);
    command.args(how);
    for trailer in trailers {
        ensure!(!trailer.contains(['\n', '\r', '\0']), "a trailer is one line");
        command.arg("--trailer").arg(trailer);
    }
    command.arg(file);
    output(command).context("the exception cannot be written into the commit message")?;
    Ok(())
}

/// The person who commits, as `Name <address>`.
///
/// # Errors
/// Where git does not know who that is.
pub fn identity() -> Result<String> {
    let answer = output(git(&["var", "GIT_COMMITTER_IDENT"]))
        .context("git does not know who you are (`git config user.name …`, `git config user.email …`)")?;
    let text = String::from_utf8_lossy(&answer);
    let end = text.find('>').context("git gives no identity")?;
    Ok(text[..=end].trim().to_owned())
}

/// The person who commits, without starting a process: what environment and configuration say, in git's order
/// (git-commit(1), "COMMIT INFORMATION"). `None` where they do not say it.
pub fn committer() -> Option<String> {
    let repo = gix::ThreadSafeRepository::discover_with_environment_overrides(".").ok()?.to_thread_local();
    let config = repo.config_snapshot();
    // Not `Repository::committer`: it asks for the time too, and for that reads the list of all time zones. What
    // `GIT_COMMITTER_NAME`, `GIT_COMMITTER_EMAIL` and `EMAIL` say stands under gitoxide's keys.
    let said = |keys: &[&str]| keys.iter().find_map(|key| config.string(*key)).map(|text| text.to_string());
    let name = said(&["gitoxide.committer.nameFallback", "committer.name", "user.name"])?;
    let email = ["gitoxide.committer.emailFallback", "committer.email", "user.email", "gitoxide.user.emailFallback"];
    let email = said(&email).filter(|email| !email.is_empty())?;
    Some(format!("{name} <{email}>"))
}

/// The first commit of this history, in hex; `None` where there is none yet, or where a shallow
/// clone does not have it.
pub fn first_commit(repo: &Repo) -> Option<String> {
    if repo.gix.is_shallow().unwrap_or(true) {
        return None;
    }
    let mut list = git(&["rev-list", "--max-parents=0", "HEAD"]);
    repo.ask_at_home(&mut list);
    let answer = output(list).ok()?;
    String::from_utf8_lossy(&answer).lines().last().map(str::to_owned)
}
