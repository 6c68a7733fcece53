//! The files by which the guard is started with the session: what stands in them, where they go, and whose
//! one is that is there already.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::finding::escape;
use crate::ledger::line::sha256;

/// Version of the files that this program writes.
const VERSION: u32 = 1;

/// What stands before the version in every file of ours.
const MARK: &str = "leakwarden-guard v";

/// Characters of the SHA-256 that a file carries of itself.
const SUM: usize = 16;

/// Who starts the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starter {
    /// systemd's manager of the user.
    Systemd,
    /// macOS's launchd; never run by us.
    Launchd,
    /// Windows's task scheduler; never run by us.
    Tasks,
}

/// The folders of a user in which such files lie.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The user's home.
    pub home: PathBuf,
    /// Where the user's configuration is: `XDG_CONFIG_HOME`, or `~/.config`.
    pub config: PathBuf,
    /// Where leakwarden keeps this user's data.
    pub data: PathBuf,
}

/// What is at a file's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing of leakwarden's.
    Foreign,
    /// Written by leakwarden and untouched since.
    Ours,
    /// Written by leakwarden, and changed since.
    Changed,
    /// Written by a newer leakwarden.
    Newer,
}

impl Starter {
    /// The one of the system that this program was built for.
    pub fn here() -> Self {
        match std::env::consts::OS {
            "macos" | "ios" => Starter::Launchd,
            "windows" => Starter::Tasks,
            _ => Starter::Systemd,
        }
    }

    fn template(self) -> &'static str {
        match self {
            Starter::Systemd => include_str!("../../install/guard/leakwarden-guard.service"),
            Starter::Launchd => include_str!("../../install/guard/org.leakwarden.guard.plist"),
            Starter::Tasks => include_str!("../../install/guard/leakwarden-guard.xml"),
        }
    }

    /// Where the file goes.
    pub fn place(self, folders: &Folders) -> PathBuf {
        match self {
            Starter::Systemd => folders.config.join("systemd/user/leakwarden-guard.service"),
            Starter::Launchd => folders.home.join("Library/LaunchAgents/org.leakwarden.guard.plist"),
            Starter::Tasks => folders.data.join("leakwarden-guard.xml"),
        }
    }

    /// The file's text, for a program at an absolute path.
    ///
    /// # Errors
    /// Where the path is no UTF-8 text, is not absolute, or has control characters in it.
    pub fn text(self, binary: &Path) -> Result<String> {
        let shown = || escape(binary.as_os_str().as_encoded_bytes());
        let path = binary
            .to_str()
            .with_context(|| format!("the path of leakwarden is not UTF-8: {}; install it somewhere else", shown()))?;
        ensure!(binary.is_absolute(), "the path of leakwarden is not absolute: {}", shown());
        ensure!(
            !path.chars().any(char::is_control),
            "the path of leakwarden has control characters in it: {}; install it somewhere else",
            shown()
        );
        let quoted = match self {
            Starter::Systemd => unit_word(path),
            Starter::Launchd | Starter::Tasks => xml(path),
        };
        let whole = self.template().replace("@BINARY@", &quoted);
        Ok(whole.replacen("@SUM@", &sum(&whole), 1))
    }

    /// Whose a text is that was found at the file's place.
    pub fn read(self, text: &str) -> Found {
        let Some((_, after)) = text.split_once(MARK) else { return Found::Foreign };
        let Some((version, rest)) = after.split_once(" sum=") else { return Found::Foreign };
        let Ok(version) = version.parse::<u32>() else { return Found::Foreign };
        if version > VERSION {
            return Found::Newer;
        }
        let said = rest.get(..SUM).unwrap_or_default();
        let right = !said.is_empty() && sum(&text.replacen(&format!("sum={said}"), "sum=@SUM@", 1)) == said;
        // Anybody can write a right sum; of this version it is known what stands around the program's path.
        let exact = version != VERSION || self.holds(text, said);
        if right && exact { Found::Ours } else { Found::Changed }
    }

    /// Whether a text is this version's, whatever program it starts.
    fn holds(self, text: &str, said: &str) -> bool {
        let template = self.template().replacen("@SUM@", said, 1);
        let Some((before, after)) = template.split_once("@BINARY@") else { return false };
        let middle = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        middle.is_some_and(|binary| !binary.chars().any(char::is_control))
    }

    /// The commands that start the guard from its file, now and with every session to come.
    pub fn start(self, place: &Path) -> Vec<Vec<String>> {
        let file = place.to_string_lossy().into_owned();
        match self {
            Starter::Systemd => vec![
                words(&["systemctl", "--user", "daemon-reload"]),
                words(&["systemctl", "--user", "enable", "--now", UNIT]),
            ],
            Starter::Launchd => vec![words(&["launchctl", "bootstrap", "gui/$(id -u)", &file])],
            Starter::Tasks => vec![words(&["schtasks", "/Create", "/TN", TASK, "/XML", &file])],
        }
    }

    /// The commands that stop it, before its file is removed.
    pub fn stop(self) -> Vec<Vec<String>> {
        match self {
            Starter::Systemd => vec![words(&["systemctl", "--user", "disable", "--now", UNIT])],
            Starter::Launchd => vec![words(&["launchctl", "bootout", "gui/$(id -u)/org.leakwarden.guard"])],
            Starter::Tasks => vec![words(&["schtasks", "/Delete", "/TN", TASK])],
        }
    }
}

/// The unit's name.
pub const UNIT: &str = "leakwarden-guard.service";

/// The task's name.
const TASK: &str = r"\leakwarden\guard";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A path as the first word of `ExecStart=` (systemd.service(5), "Command lines"; `%` begins a specifier). The
/// path itself knows no variables.
fn unit_word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn sum(text: &str) -> String {
    sha256(text.as_bytes())[..SUM].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Starter; 3] = [Starter::Systemd, Starter::Launchd, Starter::Tasks];

    #[cfg(unix)]
    #[test]
    fn what_was_written_is_known_and_what_was_changed_too() {
        for starter in ALL {
            let text = starter.text(Path::new("/home/an & n/100%/\"leak\\warden")).expect("a text");
            assert!(!text.contains("@BINARY@") && !text.contains("@SUM@"));
            assert_eq!(starter.read(&text), Found::Ours);
            assert_eq!(starter.read(&text.replace("guard", "Guard")), Found::Foreign);
            let changed = text.replacen("v1 sum=", "v1 sum=0", 1);
            assert_eq!(starter.read(&changed), Found::Changed);
            assert_eq!(starter.read(&text.replacen("v1 sum=", "v2 sum=", 1)), Found::Newer);
            assert_eq!(starter.read(""), Found::Foreign);
            assert_eq!(starter.read("leakwarden-guard v1 sum="), Found::Changed);
            assert_eq!(starter.read("leakwarden-guard v1 sum=ééééééééééééééééé"), Found::Changed);
            assert_ne!(starter.text(Path::new("/usr/bin/leakwarden")).expect("a text"), text);
        }
    }

    /// Whoever computes the sum anew does not make a file ours.
    #[cfg(unix)]
    #[test]
    fn a_right_sum_alone_does_not_count() {
        let text = Starter::Systemd.text(Path::new("/usr/bin/leakwarden")).expect("a text");
        let said = text.split_once(" sum=").expect("a sum").1[..SUM].to_owned();
        let forged = text.replace(&said, "@SUM@").replace("Nice=10", "Nice=0");
        let forged = forged.replace("@SUM@", &sum(&forged));
        assert_eq!(Starter::Systemd.read(&forged), Found::Changed);
    }

    #[test]
    fn a_path_that_no_file_can_name_is_refused() {
        assert!(Starter::Systemd.text(Path::new("leakwarden")).is_err());
        assert!(Starter::Systemd.text(Path::new("/a\nExecStartPre=/bin/sh")).is_err());
    }

    #[test]
    fn a_word_of_a_unit() {
        assert_eq!(unit_word("/usr/bin/leakwarden"), "/usr/bin/leakwarden");
        assert_eq!(unit_word("/b in%h/\"l\\w"), r#""/b in%%h/\"l\\w""#);
    }
}
