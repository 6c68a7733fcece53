//! Where the program is that hooks will run for years: not in a folder that a tool throws away.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::shown;

/// What tells where programs are.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The folders of PATH, in order.
    pub path: Vec<PathBuf>,
    /// Where this user's data is kept; `None` where there is no home.
    pub data: Option<PathBuf>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Where temporary files are.
    pub temporary: PathBuf,
}

/// The program that hooks are to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Its path.
    pub path: PathBuf,
    /// Set where it has to be copied there first: from where, and why.
    pub copy: Option<(PathBuf, &'static str)>,
}

/// The lasting path of the program that runs now, `running`.
///
/// A package manager's link on PATH is better than what it points to, which goes with the next
/// version. Where the program lies in a virtual environment or a cache, it is to be copied to the
/// user's data folder.
///
/// # Errors
/// Where it has to be copied and there is no home.
pub fn binary(running: &Path, folders: &Folders) -> Result<Binary> {
    let name = running.file_name().context("the program has no name")?;
    let real = running.canonicalize().ok();
    let on_path = folders.path.iter().map(|folder| folder.join(name));
    let mut same = on_path.filter(|path| path.is_absolute() && path.canonicalize().ok() == real);
    if let Some(link) = same.find(|path| goes(path, folders).is_none()) {
        return Ok(Binary { path: link, copy: None });
    }
    let Some(why) = goes(running, folders) else { return Ok(Binary { path: running.to_path_buf(), copy: None }) };
    let data = folders.data.as_ref();
    let data = data.with_context(|| {
        format!("{} will go away ({why}), and there is no home to copy it to; install leakwarden first", shown(running))
    })?;
    Ok(Binary { path: data.join("bin").join(name), copy: Some((running.to_path_buf(), why)) })
}

/// Why a program will not stay where it is; `None` where it will.
fn goes(path: &Path, folders: &Folders) -> Option<&'static str> {
    if path.ancestors().skip(1).any(|folder| folder.join("pyvenv.cfg").is_file()) {
        return Some("it is in a virtual environment");
    }
    // Caches of npx, uv, pre-commit, pip; macOS has them in `Library/Caches`.
    let caches = ["node_modules", "_npx", ".cache", "Caches"];
    if path.components().any(|part| caches.iter().any(|cache| part.as_os_str() == *cache)) {
        return Some("it is in a cache");
    }
    let at_home = folders.home.as_ref().is_some_and(|home| home.starts_with(&folders.temporary));
    (path.starts_with(&folders.temporary) && !at_home).then_some("it is among temporary files")
}

/// Whether every account of the machine can run a program, and only an administrator can replace it.
///
/// # Errors
/// Says what stands in the way, and what to do.
#[cfg(unix)]
pub fn for_everybody(binary: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let real = binary.canonicalize().with_context(|| format!("cannot look at {}", shown(binary)))?;
    for path in real.ancestors() {
        let found = path.metadata().with_context(|| format!("cannot look at {}", shown(path)))?;
        let all = if path == real { 0o005 } else { 0o001 };
        // In a folder such as /tmp nobody can rename what is another's.
        let sticky = found.is_dir() && found.mode() & 0o1000 != 0;
        let why = if found.mode() & all != all {
            "cannot be reached by every account"
        } else if found.uid() != 0 || found.mode() & 0o022 != 0 && !sticky {
            "can be changed by others than an administrator"
        } else {
            continue;
        };
        anyhow::bail!(
            "{} {why}; put leakwarden into /usr/local/bin, as root's, and run that one with --system",
            shown(path)
        );
    }
    Ok(())
}

/// Whether every account can run a program; on Windows nothing was tried.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn for_everybody(_binary: &Path) -> Result<()> {
    Ok(())
}

/// Whether others than an administrator can change a program, or one of the folders it is in.
pub fn changed_by_others(real: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = |found: &fs::Metadata| {
            let sticky = found.is_dir() && found.mode() & 0o1000 != 0;
            found.uid() != 0 || found.mode() & 0o022 != 0 && !sticky
        };
        real.ancestors().any(|path| path.metadata().map_or(true, |found| open(&found)))
    }
    #[cfg(not(unix))]
    {
        let _ = real;
        false
    }
}

impl Binary {
    /// Copies the program where it has to be; says what was done. Nothing where it is there already.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn settle(&self, dry_run: bool) -> Result<Option<String>> {
        let Some((from, why)) = &self.copy else { return Ok(None) };
        let bytes = fs::read(from).with_context(|| format!("cannot read {}", shown(from)))?;
        if fs::read(&self.path).is_ok_and(|there| there == bytes) {
            return Ok(None);
        }
        let line = format!("copy    {} to {}, for {why}", shown(from), shown(&self.path));
        if dry_run {
            return Ok(Some(format!("would {line}")));
        }
        let folder = self.path.parent().context("no folder")?;
        let write = || -> Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut file, &bytes)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                file.as_file().set_permissions(fs::Permissions::from_mode(0o755))?;
            }
            file.as_file().sync_all()?;
            file.persist(&self.path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", shown(&self.path)))?;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_and_environments_go_away() {
        let home = tempfile::tempdir().expect("a folder");
        let venv = home.path().join("project").join(".venv");
        fs::create_dir_all(venv.join("bin")).expect("a folder");
        fs::write(venv.join("pyvenv.cfg"), "").expect("a file");
        let folders = Folders {
            path: Vec::new(),
            data: Some(home.path().join("data")),
            home: Some(home.path().to_path_buf()),
            temporary: PathBuf::from("/nowhere"),
        };
        for gone in [venv.join("bin/leakwarden"), home.path().join(".npm/_npx/1a/node_modules/.bin/leakwarden")] {
            let binary = binary(&gone, &folders).expect("a place");
            assert_eq!(binary.path, home.path().join("data/bin/leakwarden"));
            assert!(binary.copy.is_some());
        }
        let stays = home.path().join(".cargo/bin/leakwarden");
        assert_eq!(binary(&stays, &folders).expect("a place"), Binary { path: stays, copy: None });
    }
}
