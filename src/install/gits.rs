//! The gits of this machine: which there are, how old they are, and where each reads its system's
//! configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::lasting;

/// The first version of git that runs hooks named in its configuration (release notes of 2.54).
pub const CONFIG_HOOKS: (u32, u32) = (2, 54);

/// Where gits are besides PATH: package managers' folders, and gits that desktop programs bring along.
#[cfg(target_os = "macos")]
const PLACES: [&str; 7] = [
    "/usr/bin/git",
    "/usr/local/bin/git",
    "/opt/homebrew/bin/git",
    "/opt/local/bin/git",
    "/Library/Developer/CommandLineTools/usr/bin/git",
    "/Applications/Xcode.app/Contents/Developer/usr/bin/git",
    "/Applications/GitHub Desktop.app/Contents/Resources/app/git/bin/git",
];
/// Where gits are besides PATH.
#[cfg(windows)]
const PLACES: [&str; 2] = ["C:\\Program Files\\Git\\cmd\\git.exe", "C:\\Program Files (x86)\\Git\\cmd\\git.exe"];
/// Where gits are besides PATH: package managers' folders, and gits that desktop programs bring along.
#[cfg(not(any(target_os = "macos", windows)))]
const PLACES: [&str; 8] = [
    "/usr/bin/git",
    "/usr/local/bin/git",
    "/opt/git/bin/git",
    "/home/linuxbrew/.linuxbrew/bin/git",
    "/nix/var/nix/profiles/default/bin/git",
    "/run/current-system/sw/bin/git",
    "/usr/lib/github-desktop/resources/app/git/bin/git",
    "/snap/bin/git",
];

/// A git of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where it was found; links are followed to tell gits apart, and not shown.
    pub path: PathBuf,
    /// What it calls its version; `None` where it cannot be run, or must not.
    pub version: Option<String>,
    /// Set where this is root, and others can change the program: root does not run it.
    pub foreign: bool,
    /// The file that it reads as the system's configuration, whether it is there or not.
    pub system: Option<PathBuf>,
}

impl Installed {
    /// How people are told of it: `git 2.47.3 (/usr/bin/git)`.
    pub fn described(&self) -> String {
        let version = self.version.as_deref().unwrap_or("of unknown version");
        format!("git {} ({})", crate::finding::escape(version.as_bytes()), super::shown(&self.path))
    }

    /// Whether it runs hooks that its configuration names.
    pub fn runs_config_hooks(&self) -> bool {
        self.version.as_deref().and_then(numbers).is_some_and(|version| version >= CONFIG_HOOKS)
    }
}

/// All gits: those in `folders` (of PATH, the first is the one that runs), those at known places, and
/// those of `home`'s own package managers.
pub fn find(folders: &[PathBuf], home: Option<&Path>) -> Vec<Installed> {
    let name = if cfg!(windows) { "git.exe" } else { "git" };
    // A relative one leads into the folder one stands in, which may hold anything.
    let named = folders.iter().filter(|folder| folder.is_absolute());
    let mut places: Vec<PathBuf> = named.map(|folder| folder.join(name)).collect();
    places.extend(PLACES.iter().map(PathBuf::from));
    if let Some(home) = home {
        let own = [".nix-profile/bin", ".local/bin", "miniconda3/bin", "anaconda3/bin", "miniforge3/bin"];
        places.extend(own.iter().map(|folder| home.join(folder).join(name)));
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for path in places {
        let Ok(real) = path.canonicalize() else { continue };
        if real.is_file() && seen.insert(real.clone()) {
            let foreign = is_root() && lasting::changed_by_others(&real);
            found.push(if foreign { Installed { path, version: None, foreign, system: None } } else { ask(path) });
        }
    }
    found
}

fn ask(path: PathBuf) -> Installed {
    let run = |arguments: &[&str]| -> Option<String> {
        let mut command = Command::new(&path);
        // These variables would name another file than the one this git was built with.
        command.args(arguments).env_remove("GIT_CONFIG_SYSTEM").env_remove("GIT_CONFIG_NOSYSTEM");
        // "Editing" prints the file's name: the only way that gits before 2.41 tell it.
        let output = command.env("GIT_EDITOR", "printf '%s\\n'").stdin(std::process::Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    };
    let version = run(&["version"]).and_then(|said| said.strip_prefix("git version ").map(str::to_owned));
    let system = run(&["config", "--system", "--edit"]).filter(|said| !said.is_empty()).map(PathBuf::from);
    Installed { path, version, foreign: false, system }
}

/// Whether what is started now may do anything on the machine.
fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

/// Major and minor number of what git calls its version: `2.47.3`, `2.39.5 (Apple Git-154)`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(['.', ' ', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (text, expected) in [("2.47.3", Some((2, 47))), ("2.39.5 (Apple Git-154)", Some((2, 39))), ("what", None)] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
