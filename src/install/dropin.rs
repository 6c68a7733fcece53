//! Hooks that git's configuration names (git 2.54 and newer): a folder with a file for
//! `include.path` and the shims that it names.
//!
//! Of each hook the command is written before the event, for a hook with an event alone stops every
//! commit; and no hook is named after an event, which git 2.55 refuses. An include whose file is gone is
//! ignored, so that removing the folder breaks nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::file;
use super::plan::{Step, leftovers};
use super::shim::{self, Hook, Shims, is_executable};
use super::shown;

/// What the first line of a drop-in begins with, of any version.
const MARK: &str = "# leakwarden-config v";

/// Where a repository's drop-in is, below the git directory.
const BELOW: &str = "leakwarden/git";

/// The name of the file to include.
pub(super) const NAME: &str = "hooks.gitconfig";

/// Version of the drop-in that this program writes.
pub const VERSION: u32 = 1;

/// The name that a hook has in git's configuration.
pub fn name(hook: &str) -> String {
    format!("leakwarden-{hook}")
}

/// A drop-in.
#[derive(Debug, Clone)]
pub struct DropIn {
    /// Its folder.
    pub folder: PathBuf,
    /// Set where the folder is inside a repository, which may be moved: its path below the git directory.
    pub below: Option<&'static str>,
}

impl DropIn {
    /// The drop-in of one repository.
    pub fn of_repository(common: &Path) -> Self {
        DropIn { folder: common.join(BELOW), below: Some(BELOW) }
    }

    /// A drop-in as one that a repository has in this folder would be, wherever that repository is now.
    pub fn of_some_repository(folder: PathBuf) -> Self {
        DropIn { folder, below: Some(BELOW) }
    }

    /// The drop-in of a user or a machine.
    pub fn at(folder: PathBuf) -> Self {
        DropIn { folder, below: None }
    }

    /// The file to include.
    pub fn file(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// The folder of the shims.
    pub fn shims(&self) -> PathBuf {
        self.folder.join("hooks")
    }

    /// What a line `include.path` says.
    ///
    /// # Errors
    /// Where the folder's path is no UTF-8 text.
    pub fn target(&self) -> Result<String> {
        match self.below {
            Some(below) => Ok(format!("{below}/{NAME}")),
            None => Ok(forward(self.file().to_str().context("a path that is not UTF-8")?)),
        }
    }

    /// The text of the file to include, for hooks that lie in the folder.
    ///
    /// # Errors
    /// As [`target`](Self::target).
    pub fn text(&self, shims: &Shims) -> Result<String> {
        let mut text = format!(
            "{MARK}{VERSION}\n# Hooks for git 2.54 and newer. Written by leakwarden, which writes it anew; changes are lost.\n"
        );
        for hook in shims.names() {
            let command = self.command(hook)?;
            let value = config_value(&command);
            text.push_str(&format!("[hook \"{}\"]\n\tcommand = \"{value}\"\n\tevent = {hook}\n", name(hook)));
        }
        Ok(text)
    }

    /// The command of a hook.
    ///
    /// # Errors
    /// As [`target`](Self::target).
    pub fn command(&self, hook: &str) -> Result<String> {
        let path = self.shims().join(hook);
        let path = forward(path.to_str().context("a path that is not UTF-8")?);
        Ok(match self.below {
            // Where the repository was moved, git is asked where it is now.
            Some(below) => format!(
                "leakwarden={}; [ -x \"$leakwarden\" ] || leakwarden=\"$(git rev-parse --git-common-dir)/{below}/hooks/{hook}\"; \"$leakwarden\"",
                quoted(&path)
            ),
            // Without a shell's help git starts the shim itself.
            None if path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+:".contains(&b)) => path,
            None => quoted(&path),
        })
    }

    /// Plans that the folder is as it should be.
    ///
    /// # Errors
    /// Where what is there cannot be read, or is not leakwarden's.
    pub fn plan(&self, shims: &Shims, steps: &mut Vec<Step>) -> Result<()> {
        // A link may lead out of the git directory, in which everything is to stay.
        if let Some(below) = self.below {
            let above = self.folder.ancestors().take(Path::new(below).components().count());
            if let Some(link) = above.chain([self.shims().as_path()]).find(|folder| folder.is_symlink()) {
                anyhow::bail!("{} is a link, which is not followed", shown(link));
            }
        }
        let names = shims.names();
        steps.extend([self.shims(), self.folder.clone()].iter().flat_map(|folder| leftovers(folder)));
        for hook in shim::all() {
            let path = self.shims().join(hook);
            let found = Hook::at(&path)?;
            if !names.contains(&hook) {
                if matches!(found, Hook::Ours(..)) {
                    steps.push(Step::Remove { path });
                }
                continue;
            }
            let text = shims.text_over(hook, &path, &found)?;
            match found {
                Hook::Ours(_, bytes) if bytes == text.as_bytes() && is_executable(&path) => {}
                Hook::Absent | Hook::Ours(..) => steps.push(Step::Write { path, text, executable: true }),
                _ => anyhow::bail!("{} is not leakwarden's; it has to go first", shown(&path)),
            }
        }
        let (path, text) = (self.file(), self.text(shims)?);
        let there = file::read(&path).ok();
        if there.as_deref() != Some(text.as_bytes()) {
            let there = there.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let version =
                there.as_deref().map(|text| text.strip_prefix(MARK)?.lines().next()?.trim().parse::<u32>().ok());
            match version {
                None => {}
                Some(Some(version)) if version <= VERSION => {}
                Some(Some(_)) => anyhow::bail!("{} was written by a newer leakwarden; update this one", shown(&path)),
                Some(None) => anyhow::bail!("{} is not leakwarden's; it has to go first", shown(&path)),
            }
            steps.push(Step::Write { path, text, executable: false });
        }
        Ok(())
    }

    /// Plans that the folder goes.
    ///
    /// # Errors
    /// Where what is there cannot be read.
    pub fn plan_removal(&self, steps: &mut Vec<Step>, left: &mut Vec<String>) -> Result<()> {
        steps.extend([self.shims(), self.folder.clone()].iter().flat_map(|folder| leftovers(folder)));
        for hook in shim::all() {
            let path = self.shims().join(hook);
            match Hook::at(&path)? {
                Hook::Ours(shim, _) if !shim.changed => steps.push(Step::Remove { path }),
                Hook::Absent => {}
                _ => left.push(format!("left alone: {} was changed since it was written", shown(&path))),
            }
        }
        let file = self.file();
        if is_ours(&file) {
            steps.push(Step::Remove { path: file });
        }
        // The folder's name is leakwarden's own: where it is empty, it goes.
        let above = self.folder.parent().filter(|above| above.ends_with("leakwarden")).map(Path::to_path_buf);
        let folders = [Some(self.shims()), Some(self.folder.clone()), above].into_iter().flatten();
        steps.extend(folders.filter(|folder| folder.is_dir()).map(|folder| Step::Forget { folder }));
        Ok(())
    }
}

/// Whether a file is a drop-in of leakwarden's.
pub fn is_ours(file: &Path) -> bool {
    file::text(file).is_ok_and(|text| text.starts_with(MARK))
}

/// A text as it stands between quotes in a file of git's configuration.
pub fn config_value(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// git takes forward slashes everywhere, and on Windows so does the shell that runs the command.
fn forward(path: &str) -> String {
    if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes the text raises [`VERSION`] and adds a fixture.
    #[test]
    fn version_1_is_what_it_was() {
        let dropin = DropIn::at(PathBuf::from("/usr/share/leakwarden/git"));
        let strict = shim::Strict::default();
        let shims = Shims { binary: PathBuf::from("/usr/bin/leakwarden"), missing: None, strict };
        let fixture = include_str!("../../tests/formats/fixtures/config-v1.gitconfig");
        assert_eq!(dropin.text(&shims).expect("a text"), fixture);
    }
}
