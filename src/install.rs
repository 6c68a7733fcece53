//! Installing the hooks in one repository: plan, show, apply, record, undo.
//!
//! Writes only inside the repository's own git directory. A hook that is there already is renamed,
//! which keeps its bytes, mode, time and link target, and is run after ours; uninstalling renames it
//! back. Where `core.hooksPath` points elsewhere, nothing is written and the lines to add are printed.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::report::human::shell_quote;

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
const BEFORE: &str = include_str!("../hooks/before.sh");

/// After a commit: leakwarden is started only where there is something left to do.
const AFTER: &str = include_str!("../hooks/after.sh");

/// Where git tells the hook something on standard input.
const INPUT: &str = include_str!("../hooks/input.sh");

/// How every script ends: with the hook that was there before.
const CHAIN: &str = include_str!("../hooks/chain.sh");

/// What the second line of every shim begins with, of any version.
const MARK: &str = "# leakwarden-hook v";

/// Says in a hooks folder that leakwarden made it, so that uninstalling removes it again.
const FOLDER_MARK: &str = ".leakwarden-made-this-folder";

/// What was done, in lines for the person.
#[derive(Debug)]
pub struct Outcome {
    /// The lines.
    pub lines: Vec<String>,
    /// Whether the repository is now as was asked for.
    pub complete: bool,
    /// Whether anything had to be done.
    pub changed: bool,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Keep { hook: PathBuf, aside: PathBuf },
    Write { hook: PathBuf, text: String },
    Remove { hook: PathBuf },
    Restore { aside: PathBuf, hook: PathBuf },
    Forget { mark: PathBuf, folder: PathBuf },
}

/// Where hooks go in the repository in which the process stands.
struct Place {
    /// Where git looks for hooks now.
    hooks: PathBuf,
    /// The repository's own hooks directory, where leakwarden may have been installed before.
    own: PathBuf,
    /// Set where the hooks directory is not inside the git directory: who says so.
    foreign: Option<String>,
}

/// What policy asks for besides the hooks that everybody gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strict {
    /// prepare-commit-msg, which git runs for `--no-verify` too.
    pub commits: bool,
    /// reference-transaction, which git runs whenever a branch moves.
    pub branches: bool,
}

impl Strict {
    fn hooks(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let wanted = move |name: &str| if name == "prepare-commit-msg" { self.commits } else { self.branches };
        STRICT_HOOKS.into_iter().filter(move |(name, _)| wanted(name))
    }
}

/// Installs the hooks of this repository; they will run the program at `binary`.
///
/// # Errors
/// Where this is no repository, git cannot be run, or a file cannot be written.
pub fn install(binary: &Path, strict: Strict, dry_run: bool) -> Result<Outcome> {
    let place = place()?;
    if let Some(reason) = &place.foreign {
        return Ok(Outcome {
            lines: foreign_lines(&place.hooks, reason, binary, strict),
            complete: false,
            changed: false,
        });
    }
    let mut steps = Vec::new();
    for (name, script) in HOOKS.into_iter().chain(strict.hooks()) {
        plan_install(&place.hooks, name, &shim(name, script, binary)?, &mut steps)?;
    }
    // What policy asked for once, and asks for no more, goes.
    for (name, _) in STRICT_HOOKS.into_iter().filter(|(name, _)| !strict.hooks().any(|(wanted, _)| wanted == *name)) {
        plan_removal(&place.hooks, name, &mut steps, &mut Vec::new())?;
    }
    let mut lines = apply(&steps, dry_run)?;
    if steps.is_empty() {
        lines.push(format!("already protected: the hooks in {} are current", shown(&place.hooks)));
    } else if !dry_run {
        lines.push("protected: every commit here is scanned from now on (undo: leakwarden uninstall)".to_owned());
    }
    Ok(Outcome { lines, complete: true, changed: !steps.is_empty() })
}

/// Removes the hooks of this repository and brings back those that were there.
///
/// # Errors
/// As for [`install`].
pub fn uninstall(dry_run: bool) -> Result<Outcome> {
    let place = place()?;
    let mut folders = vec![place.own.clone()];
    if place.foreign.is_none() && place.hooks != place.own {
        folders.push(place.hooks.clone());
    }
    let mut steps = Vec::new();
    let mut left = Vec::new();
    for folder in &folders {
        plan_uninstall(folder, &mut steps, &mut left)?;
    }
    let mut lines = apply(&steps, dry_run)?;
    if steps.is_empty() && left.is_empty() {
        lines.push(format!("nothing to remove in {}", shown(&place.own)));
    }
    if let Some(reason) = &place.foreign {
        lines.push(format!(
            "not looked at: {}, outside this repository's git directory (core.hooksPath, set in {reason})",
            shown(&place.hooks)
        ));
    }
    let complete = left.is_empty();
    lines.extend(left);
    Ok(Outcome { lines, complete, changed: !steps.is_empty() })
}

fn plan_uninstall(folder: &Path, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<()> {
    for (name, _) in HOOKS.into_iter().chain(STRICT_HOOKS) {
        plan_removal(folder, name, steps, left)?;
    }
    let mark = folder.join(FOLDER_MARK);
    if left.is_empty() && mark.exists() {
        steps.push(Step::Forget { mark, folder: folder.to_path_buf() });
    }
    Ok(())
}

/// Plans the removal of one hook of ours, and the return of the one that was there before.
fn plan_removal(folder: &Path, name: &str, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<()> {
    let hook = folder.join(name);
    let aside = aside(&hook);
    let kept = aside.symlink_metadata().is_ok();
    if read_hook(&hook)?.as_deref().is_some_and(is_ours) {
        steps.push(Step::Remove { hook: hook.clone() });
        if kept {
            steps.push(Step::Restore { aside, hook });
        }
    } else if kept {
        left.push(format!(
            "left alone: {} is not leakwarden's any more; the hook that was there first is {}",
            shown(&hook),
            shown(&aside)
        ));
    }
    Ok(())
}

/// Asks git where hooks live: it alone knows all its configuration files.
fn place() -> Result<Place> {
    let common = absolute(&git(&["rev-parse", "--git-common-dir"])?)?;
    let hooks = absolute(&git(&["rev-parse", "--git-path", "hooks"])?)?;
    let inside = |path: &Path, folder: &Path| {
        let path = path.canonicalize().or_else(|_| path.parent().map_or(Ok(path.to_path_buf()), Path::canonicalize));
        matches!((path, folder.canonicalize()), (Ok(path), Ok(folder)) if path.starts_with(&folder))
    };
    let own = common.join("hooks");
    if inside(&hooks, &common) {
        return Ok(Place { hooks, own, foreign: None });
    }
    let origin = git(&["config", "--show-origin", "--get", "core.hooksPath"]).unwrap_or_default();
    let reason = origin.split(|&b| b == b'\t').next().map(crate::finding::escape).filter(|o| !o.is_empty());
    Ok(Place { hooks, own, foreign: Some(reason.unwrap_or_else(|| "git's configuration".to_owned())) })
}

fn git(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("git").args(arguments).output().context("`git` cannot be run; is it on PATH?")?;
    if !output.status.success() {
        let said = crate::finding::escape(output.stderr.trim_ascii());
        bail!("git {}: {said}", arguments.join(" "));
    }
    Ok(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout).to_vec())
}

fn absolute(bytes: &[u8]) -> Result<PathBuf> {
    #[cfg(unix)]
    let path = {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(OsStr::from_bytes(bytes))
    };
    #[cfg(not(unix))]
    let path = PathBuf::from(String::from_utf8(bytes.to_vec()).context("a path that is not UTF-8")?);
    std::path::absolute(&path).with_context(|| format!("cannot resolve {}", shown(&path)))
}

fn shim(name: &str, script: &str, binary: &Path) -> Result<String> {
    let path = binary.to_str().context("the path of leakwarden is not UTF-8; install it somewhere else")?;
    // Git for Windows runs hooks with its own sh, which takes forward slashes.
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let quoted = format!("'{}'", path.replace('\'', "'\\''"));
    let whole = format!("{script}{CHAIN}");
    Ok(whole.replace("@HOOK@", name).replace("@MISSING@", "warn").replace("@BINARY@", &quoted))
}

fn plan_install(hooks: &Path, name: &str, text: &str, steps: &mut Vec<Step>) -> Result<()> {
    let hook = hooks.join(name);
    match read_hook(&hook)? {
        Some(current) if current == text.as_bytes() && is_executable(&hook) => return Ok(()),
        Some(current) if is_ours(&current) => {}
        Some(_) => {
            let aside = aside(&hook);
            if aside.symlink_metadata().is_ok() {
                bail!(
                    "{} and {} both exist; one of them has to go before leakwarden can be installed",
                    shown(&hook),
                    shown(&aside)
                );
            }
            steps.push(Step::Keep { hook: hook.clone(), aside });
        }
        None => {}
    }
    steps.push(Step::Write { hook, text: text.to_owned() });
    Ok(())
}

/// What stands at a hook's place: a file's bytes, something of anyone's (a link), or nothing.
fn read_hook(hook: &Path) -> Result<Option<Vec<u8>>> {
    match hook.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", shown(hook))),
        Ok(found) if found.is_file() => {
            fs::read(hook).map(Some).with_context(|| format!("cannot read {}", shown(hook)))
        }
        Ok(_) => Ok(Some(Vec::new())),
    }
}

fn is_ours(text: &[u8]) -> bool {
    text.split(|&b| b == b'\n').nth(1).is_some_and(|line| line.starts_with(MARK.as_bytes()))
}

fn is_executable(hook: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        hook.metadata().is_ok_and(|m| m.permissions().mode() & 0o111 == 0o111)
    }
    #[cfg(not(unix))]
    hook.exists()
}

fn aside(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(".leakwarden-orig");
    PathBuf::from(name)
}

fn apply(steps: &[Step], dry_run: bool) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let line = match step {
            Step::Keep { hook, aside } => format!("keep    {} as {}", shown(hook), shown(aside)),
            Step::Write { hook, .. } => format!("write   {}", shown(hook)),
            Step::Remove { hook } => format!("remove  {}", shown(hook)),
            Step::Restore { aside, hook } => format!("restore {} from {}", shown(hook), shown(aside)),
            Step::Forget { folder, .. } => format!("remove  {} if it is empty", shown(folder)),
        };
        lines.push(if dry_run { format!("would {line}") } else { line });
        if !dry_run && let Err(error) = run(step) {
            undo(&steps[..number]);
            return Err(error);
        }
    }
    Ok(lines)
}

fn run(step: &Step) -> Result<()> {
    match step {
        Step::Keep { hook: from, aside: to } | Step::Restore { aside: from, hook: to } => {
            fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", shown(from), shown(to)))
        }
        Step::Remove { hook } => fs::remove_file(hook).with_context(|| format!("cannot remove {}", shown(hook))),
        Step::Write { hook, text } => write_executable(hook, text),
        Step::Forget { mark, folder } => {
            fs::remove_file(mark).with_context(|| format!("cannot remove {}", shown(mark)))?;
            // Somebody else's hooks may be in it by now: then it stays.
            let _ = fs::remove_dir(folder);
            Ok(())
        }
    }
}

/// Takes back the steps that were done before one failed, last first: above all, a hook that was
/// renamed comes back to its place.
fn undo(done: &[Step]) {
    for step in done.iter().rev() {
        // What fails here is said by the error that led here; there is nothing better to try.
        let _ = match step {
            Step::Keep { hook, aside } => fs::rename(aside, hook),
            Step::Write { hook, .. } => fs::remove_file(hook),
            Step::Restore { aside, hook } => fs::rename(hook, aside),
            Step::Remove { .. } | Step::Forget { .. } => Ok(()),
        };
    }
}

/// Writes a script beside its place, makes it durable, and renames it there.
fn write_executable(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a hook without a folder")?;
    let write = || -> Result<()> {
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(FOLDER_MARK), "")?;
        }
        let temporary = folder.join(format!(".leakwarden-new-{}", std::process::id()));
        let written = write_durably(&temporary, text).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // The error that matters is the one before.
            let _ = fs::remove_file(&temporary);
        }
        Ok(written?)
    };
    write().with_context(|| format!("cannot write {}", shown(path)))
}

fn write_durably(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
    }
    file.sync_all()
}

fn foreign_lines(hooks: &Path, reason: &str, binary: &Path, strict: Strict) -> Vec<String> {
    let binary = shell_quote(binary.as_os_str().as_encoded_bytes());
    let mut lines = vec![
        format!("not installed: git takes its hooks from {}, outside this repository's git directory", shown(hooks)),
        format!("  (core.hooksPath, set in {reason})"),
        "  leakwarden does not write there by itself. Add these lines to the hooks of that directory:".to_owned(),
    ];
    for (name, script) in HOOKS.into_iter().chain(strict.hooks()) {
        let call = format!("LEAKWARDEN_GIT=$PPID {binary} hook {name} \"$@\"");
        let line = match script {
            AFTER => call,
            INPUT => format!("input=$(cat); printf '%s\\n' \"$input\" | {call} || exit $?   # then use \"$input\""),
            _ => format!("{call} || exit $?"),
        };
        lines.push(format!("  {name:<21} {line}"));
    }
    lines
}

fn shown(path: &Path) -> String {
    crate::finding::escape(path.as_os_str().as_encoded_bytes())
}
