//! A plan: the steps that change a repository's or a machine's files, shown before, done, and taken
//! back where one fails.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::shown;

/// Says in a hooks folder that leakwarden made it, so that uninstalling removes it again.
pub const FOLDER_MARK: &str = ".leakwarden-made-this-folder";

/// What the names of new files begin with, before they are in their places.
const NEW: &str = ".leakwarden-new-";

/// Plans that new files go which an installation left behind that was stopped. (Nobody else is at work in
/// the folder: see [`lock`].)
pub fn leftovers(folder: &Path) -> Vec<Step> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let new = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(NEW));
    new.map(|entry| Step::Remove { path: entry.path() }).collect()
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A hook of somebody else's is renamed, which keeps its bytes, mode, time and link target.
    Keep { hook: PathBuf, aside: PathBuf },
    /// A file is written, executable or not.
    Write { path: PathBuf, text: String, executable: bool },
    /// A file of somebody else's is changed; it keeps its mode.
    Change { path: PathBuf, before: String, after: String },
    /// A file of leakwarden's goes.
    Remove { path: PathBuf },
    /// A hook that was renamed comes back, over ours.
    Restore { aside: PathBuf, hook: PathBuf },
    /// A folder that leakwarden made goes, if nobody else has put anything into it.
    Forget { folder: PathBuf },
    /// A file of git's configuration gets a line that includes another.
    Include { config: PathBuf, target: String },
    /// That line goes again.
    Exclude { config: PathBuf, target: String },
    /// A file of git's configuration gets a value.
    Set { config: PathBuf, key: &'static str, value: String },
    /// That value goes again.
    Unset { config: PathBuf, key: &'static str, value: String },
}

impl Step {
    fn line(&self) -> String {
        match self {
            Step::Keep { hook, aside } => format!("keep    {} as {}", shown(hook), shown(aside)),
            Step::Write { path, .. } => format!("write   {}", shown(path)),
            Step::Change { path, before, after } => {
                let lines = |text: &str| text.lines().count();
                format!("change  {} ({} lines before, {} after)", shown(path), lines(before), lines(after))
            }
            Step::Remove { path } => format!("remove  {}", shown(path)),
            Step::Restore { aside, hook } => format!("restore {} from {}", shown(hook), shown(aside)),
            Step::Forget { folder } => format!("remove  {} if it is empty", shown(folder)),
            Step::Include { config, target } => format!("include {} in {}", shown(Path::new(target)), shown(config)),
            Step::Exclude { config, target } => {
                format!("take    the include of {} out of {}", shown(Path::new(target)), shown(config))
            }
            Step::Set { config, key, value } => {
                format!("set     {key} = {} in {}", shown(Path::new(value)), shown(config))
            }
            Step::Unset { config, key, .. } => format!("unset   {key} in {}", shown(config)),
        }
    }
}

impl Step {
    /// What it changes.
    pub fn path(&self) -> &Path {
        match self {
            Step::Keep { hook: path, .. }
            | Step::Restore { hook: path, .. }
            | Step::Write { path, .. }
            | Step::Change { path, .. }
            | Step::Remove { path }
            | Step::Forget { folder: path }
            | Step::Include { config: path, .. }
            | Step::Exclude { config: path, .. }
            | Step::Set { config: path, .. }
            | Step::Unset { config: path, .. } => path,
        }
    }

    /// The lines that come into somebody else's file. Of a line that had a command already only ours is
    /// shown: nobody knows what stands in the other.
    fn changed(&self) -> Vec<String> {
        const END: &str = ">&2; fi";
        let Step::Change { before, after, .. } = self else { return Vec::new() };
        let new = after.lines().filter(|line| !before.lines().any(|old| old == *line));
        let ours = |line: &str| match line.split_once(END) {
            Some((call, rest)) if rest.len() > 2 => format!("{call}{END} …"),
            _ => line.to_owned(),
        };
        new.map(|line| format!("  + {}", crate::finding::escape(ours(line).as_bytes()))).collect()
    }
}

/// How many files are synced one by one before a whole file system is: a sync each costs
/// milliseconds, and one for a thousand repositories no more than one for eight hooks.
#[cfg(target_os = "linux")]
const ONE_BY_ONE: usize = 16;

/// How long another installation in the same folder is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps other installations out of a folder until it is dropped: what one has planned must still hold when
/// it is done. On Windows, where a folder cannot be locked, nobody is kept out.
///
/// # Errors
/// Where another one takes longer than ten seconds, or the folder cannot be read.
pub fn lock(folder: &Path) -> Result<Option<fs::File>> {
    if cfg!(windows) {
        return Ok(None);
    }
    let file = fs::File::open(folder).with_context(|| format!("cannot read {}", shown(folder)))?;
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => sleep(Duration::from_millis(20)),
            Err(fs::TryLockError::WouldBlock) => {
                bail!("another installation is at work in {}; try again when it is done", shown(folder))
            }
            // A file system without locks: as before there were any.
            Err(fs::TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Tells the steps and does nothing.
pub fn tell(steps: &[Step]) -> Vec<String> {
    steps.iter().flat_map(|step| std::iter::once(format!("would {}", step.line())).chain(step.changed())).collect()
}

/// Does the steps, and tells them.
///
/// # Errors
/// Names the step that failed; those before it are taken back.
pub fn apply(steps: Vec<Step>) -> Result<Vec<String>> {
    let prepared = Prepared::of(steps)?;
    sync(std::slice::from_ref(&prepared))?;
    prepared.finish()
}

/// Steps whose new files stand beside their places, and are not in them yet.
#[derive(Debug)]
pub struct Prepared {
    steps: Vec<Step>,
    written: Vec<New>,
}

/// A new file beside its place.
#[derive(Debug)]
struct New {
    temporary: PathBuf,
    place: PathBuf,
    file: fs::File,
}

impl Prepared {
    /// Writes all new files beside their places.
    ///
    /// # Errors
    /// Where one cannot be written; then none is left.
    pub fn of(steps: Vec<Step>) -> Result<Self> {
        let mut prepared = Prepared { steps, written: Vec::new() };
        for (number, step) in prepared.steps.iter().enumerate() {
            let (path, new) = match step {
                Step::Write { path, text, executable } => (path, beside(path, text, *executable, number)),
                Step::Change { path, after, .. } => {
                    let mode = fs::metadata(path).map(|data| data.permissions());
                    let keep = |new: New| Ok(new.file.set_permissions(mode?).map(|()| new)?);
                    (path, beside(path, after, false, number).and_then(keep))
                }
                _ => continue,
            };
            match new {
                Ok(new) => prepared.written.push(new),
                Err(error) => {
                    return Err(error.context(format!("cannot write {}", shown(path))));
                }
            }
        }
        Ok(prepared)
    }

    /// Does the steps, and tells them.
    ///
    /// # Errors
    /// Names the step that failed; those before it are taken back.
    pub fn finish(self) -> Result<Vec<String>> {
        let mut done = Vec::new();
        for step in &self.steps {
            if let Err(error) = run(step, &self.written, &mut done) {
                // What fails here is said by the error that led here; there is nothing better to try.
                done.iter().rev().for_each(|undo| drop(undo.run()));
                return Err(error);
            }
        }
        Ok(self.steps.iter().map(Step::line).collect())
    }
}

impl Drop for Prepared {
    /// Removes the new files that are not in their places.
    fn drop(&mut self) {
        for new in &self.written {
            // One that is in its place already is not found; the error that matters is another.
            let _ = fs::remove_file(&new.temporary);
        }
    }
}

/// Makes the new files of plans durable, before any of them is renamed into its place.
///
/// # Errors
/// Where the disk refuses.
pub fn sync(plans: &[Prepared]) -> Result<()> {
    let files: Vec<&fs::File> = plans.iter().flat_map(|plan| &plan.written).map(|new| &new.file).collect();
    durable(&files).context("what was written cannot be synced to disk")
}

#[cfg(target_os = "linux")]
fn durable(files: &[&fs::File]) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if files.len() <= ONE_BY_ONE {
        return files.iter().try_for_each(|file| file.sync_all());
    }
    let mut devices = std::collections::BTreeSet::new();
    for file in files {
        if devices.insert(file.metadata()?.dev()) {
            rustix::fs::syncfs(file)?;
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn durable(files: &[&fs::File]) -> std::io::Result<()> {
    files.iter().try_for_each(|file| file.sync_all())
}

fn beside(path: &Path, text: &str, executable: bool, number: usize) -> Result<New> {
    let folder = path.parent().context("a file without a folder")?;
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(FOLDER_MARK), "")?;
    }
    let temporary = folder.join(format!("{NEW}{}-{number}", std::process::id()));
    let fill = || -> std::io::Result<fs::File> {
        // Not through a link, and over nothing: whoever made the folder may have put one there.
        let mut file = fs::File::options().write(true).create_new(true).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.set_permissions(fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
        }
        Ok(file)
    };
    match fill() {
        Ok(file) => Ok(New { temporary, place: path.to_path_buf(), file }),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(error.into())
        }
    }
}

/// How something that was done is taken back.
enum Undo<'a> {
    Rename { from: &'a Path, to: &'a Path },
    Unkeep { hook: &'a Path, aside: &'a Path },
    Delete(&'a Path),
    PutBack { path: &'a Path, bytes: Vec<u8>, permissions: fs::Permissions },
    TakeOut { config: &'a Path, key: &'a str, value: &'a str },
    BringBack { config: &'a Path, key: &'a str, value: &'a str },
}

impl<'a> Undo<'a> {
    /// What brings a place back to how it is now: a file with its bytes and mode, or nothing.
    fn of(path: &'a Path) -> Result<Self> {
        let about = || format!("cannot read {}", shown(path));
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Undo::Delete(path)),
            Err(error) => Err(error).with_context(about),
            Ok(found) => {
                let bytes = super::file::read(path).with_context(about)?;
                Ok(Undo::PutBack { path, bytes, permissions: found.permissions() })
            }
        }
    }

    fn run(&self) -> Result<()> {
        match self {
            Undo::Rename { from, to } => Ok(fs::rename(from, to)?),
            Undo::Unkeep { hook, aside } => {
                fs::rename(aside, hook)?;
                // Two names of one file are left by that as they are.
                match fs::remove_file(aside) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                    _ => Ok(()),
                }
            }
            Undo::Delete(path) => Ok(fs::remove_file(path)?),
            Undo::PutBack { path, bytes, permissions } => {
                let mut file = tempfile::NamedTempFile::new_in(path.parent().context("no folder")?)?;
                file.write_all(bytes)?;
                file.as_file().set_permissions(permissions.clone())?;
                file.persist(path)?;
                Ok(())
            }
            Undo::TakeOut { config, key, value } => take_out(config, key, value),
            Undo::BringBack { config, key, value } => change_config(config, &["--add", key, value]),
        }
    }
}

/// Does one step, and adds how it is taken back.
fn run<'a>(step: &'a Step, written: &[New], done: &mut Vec<Undo<'a>>) -> Result<()> {
    match step {
        Step::Keep { hook, aside } => {
            // What came there since the plan was made is somebody's.
            ensure!(aside.symlink_metadata().is_err(), "{} has come there meanwhile", shown(aside));
            // Under both names for a moment, so that there is none without a hook; where a file system knows no
            // second names, it is moved.
            if fs::hard_link(hook, aside).is_err() {
                rename(hook, aside)?;
            }
            done.push(Undo::Unkeep { hook, aside });
        }
        Step::Restore { aside, hook } => {
            let before = Undo::of(hook)?;
            rename(aside, hook)?;
            if matches!(before, Undo::PutBack { .. }) {
                done.push(before);
            }
            done.push(Undo::Rename { from: hook, to: aside });
        }
        Step::Remove { path } => {
            let before = Undo::of(path).ok();
            fs::remove_file(path).with_context(|| format!("cannot remove {}", shown(path)))?;
            done.extend(before);
        }
        Step::Write { path, .. } | Step::Change { path, .. } => {
            // What stands there was kept, and comes back by itself.
            let kept = done.iter().any(|undo| matches!(undo, Undo::Unkeep { hook, .. } if hook == path));
            let before = if kept { None } else { Some(Undo::of(path)?) };
            let new = written.iter().find(|new| new.place == *path).context("a file was not written")?;
            fs::rename(&new.temporary, path).with_context(|| format!("cannot write {}", shown(path)))?;
            done.extend(before);
        }
        Step::Forget { folder } => {
            let mark = folder.join(FOLDER_MARK);
            if mark.exists() {
                fs::remove_file(&mark).with_context(|| format!("cannot remove {}", shown(&mark)))?;
            }
            // Somebody else's files may be in it by now: then it stays.
            let _ = fs::remove_dir(folder);
        }
        Step::Include { config, target } => {
            change_config(config, &["--add", "include.path", target])?;
            done.push(Undo::TakeOut { config, key: "include.path", value: target });
        }
        Step::Set { config, key, value } => {
            change_config(config, &[key, value])?;
            done.push(Undo::TakeOut { config, key, value });
        }
        Step::Exclude { config, target } => {
            take_out(config, "include.path", target)?;
            done.push(Undo::BringBack { config, key: "include.path", value: target });
        }
        Step::Unset { config, key, value } => {
            take_out(config, key, value)?;
            done.push(Undo::BringBack { config, key, value });
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", shown(from), shown(to)))
}

/// Takes a value out of a configuration file, and the file away where nothing else is in it: then it
/// is one that leakwarden's line made.
fn take_out(config: &Path, key: &str, value: &str) -> Result<()> {
    change_config(config, &["--fixed-value", "--unset-all", key, value])?;
    let made_for_it = fs::symlink_metadata(config).is_ok_and(|found| found.is_file() && found.len() == 0);
    if made_for_it {
        fs::remove_file(config).with_context(|| format!("cannot remove {}", shown(config)))?;
    }
    Ok(())
}

/// Git itself changes its configuration files: it keeps their form, locks them and follows links.
fn change_config(config: &Path, arguments: &[&str]) -> Result<()> {
    if let Some(folder) = config.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", shown(folder)))?;
    }
    let mut command = Command::new("git");
    command.arg("config").arg("--file").arg(config).args(arguments);
    let output = command.output().context("`git` cannot be run; is it on PATH?")?;
    if !output.status.success() {
        bail!("cannot change {}: {}", shown(config), crate::finding::escape(output.stderr.trim_ascii()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_a_step_failed_is_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["old", "kept", "gone", "ours", "aside"] {
            fs::write(at(name), name).expect("a file");
        }
        let steps = vec![
            Step::Write { path: at("old"), text: "new".to_owned(), executable: true },
            Step::Write { path: at("fresh"), text: "new".to_owned(), executable: true },
            Step::Keep { hook: at("kept"), aside: at("kept.aside") },
            Step::Remove { path: at("gone") },
            Step::Restore { aside: at("aside"), hook: at("ours") },
            Step::Keep { hook: at("nowhere"), aside: at("nowhere.aside") },
        ];
        assert!(apply(steps).is_err());
        for name in ["old", "kept", "gone", "ours", "aside"] {
            assert_eq!(fs::read_to_string(at(name)).expect("a file"), name);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 5, "nothing else is left");
    }

    #[test]
    fn a_hook_that_came_meanwhile_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("hook"), "theirs").expect("a file");
        fs::write(at("aside"), "older").expect("a file");
        assert!(apply(vec![Step::Keep { hook: at("hook"), aside: at("aside") }]).is_err());
        assert_eq!(fs::read_to_string(at("aside")).expect("a file"), "older");
    }
}
