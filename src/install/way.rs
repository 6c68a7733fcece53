//! In what way leakwarden runs on a hook, for one git in one repository, or what keeps it from running.
//!
//! What is told is what stands in files: that a hook is there, is leakwarden's and would be run. That it
//! blocks is shown by nothing but a commit.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::dropin;
use super::manager::Manager;
use super::place::{Foreign, Git, Place};
use super::shim::{self, Hook, Shim};

/// The way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A hook of leakwarden's, which git runs.
    Shim(PathBuf),
    /// A hook of another program, which git runs, and which runs leakwarden's.
    Chained {
        /// Whose hook git runs.
        by: Manager,
        /// The hook of leakwarden's.
        shim: PathBuf,
    },
    /// A hook that git's configuration names.
    Config {
        /// Its name there.
        name: String,
        /// git's word for where it is set: `system`, `global`, `local`.
        scope: String,
        /// The hook of leakwarden's that it runs, where the command names one.
        shim: Option<PathBuf>,
    },
    /// Lines in somebody else's file that call leakwarden.
    Lines {
        /// Whose file it is, where that is a program's.
        by: Option<Manager>,
        /// The file.
        file: PathBuf,
    },
    /// leakwarden does not run.
    None {
        /// The program whose hook git runs instead.
        by: Option<Manager>,
        /// Who says that hooks are taken from elsewhere.
        said: Option<Foreign>,
    },
}

/// The ways in which leakwarden runs on `hook`, in git's order, or the one [`Way::None`].
///
/// `place` is what this very `git` says ([`Place::of`]): gits read different system configurations.
///
/// # Errors
/// Where a hook cannot be read, or git cannot be run.
pub fn ways(place: &Place, git: &Git, hook: &str) -> Result<Vec<Way>> {
    let mut ways = from_config(place, git, hook);
    let at = place.hooks.join(hook);
    let text = match Hook::at(&at)? {
        Hook::Absent => None,
        // Git looks for an executable file, wherever a link leads.
        Hook::Ours(..) | Hook::Other(_) | Hook::Special if shim::runs(&at) => fs::read(&at).ok(),
        _ => None,
    };
    let mut by = None;
    if let Some(text) = text {
        if let Some(shim) = Shim::read(&text) {
            // One that was written for another hook does something else.
            if shim.hook == hook {
                ways.push(Way::Shim(at));
            }
        } else {
            by = Manager::of_hook(&text).or_else(|| Manager::of_folder(&place.hooks));
            ways.extend(through(place, by, &at, &text));
        }
    }
    if ways.is_empty() {
        ways.push(Way::None { by, said: place.foreign.clone() });
    }
    Ok(ways)
}

/// The first of the [`ways`] in which leakwarden runs on pre-commit, or what shadows it.
///
/// # Errors
/// As [`ways`].
pub fn covers(place: &Place, git: &Git) -> Result<Way> {
    let none = Way::None { by: None, said: None };
    Ok(ways(place, git, "pre-commit")?.into_iter().next().unwrap_or(none))
}

/// Through somebody else's hook.
fn through(place: &Place, by: Option<Manager>, at: &Path, text: &[u8]) -> Vec<Way> {
    let mut ways = Vec::new();
    let hook = at.file_name().unwrap_or_default().to_string_lossy();
    if let Some((by, (aside, true))) = by.and_then(|by| Some((by, by.puts_aside(at)?)))
        && matches!(Hook::at(&aside), Ok(Hook::Ours(shim, _)) if shim.hook == hook)
        && shim::runs(&aside)
    {
        ways.push(Way::Chained { by, shim: aside });
    }
    if calls(&String::from_utf8_lossy(text), &hook) {
        ways.push(Way::Lines { by, file: at.to_path_buf() });
    }
    let Some(by) = by else { return ways };
    let Some(top) = place.top.clone() else { return ways };
    let files = match by {
        Manager::Husky => vec![top.join(".husky").join(&*hook)],
        // What it is told in package.json stands in the hook itself.
        Manager::SimpleGitHooks | Manager::GitLfs => Vec::new(),
        Manager::Lefthook | Manager::PreCommit | Manager::Prek | Manager::Overcommit | Manager::Hk => by.files(&top),
    };
    let named = files.into_iter().find(|file| fs::read_to_string(file).is_ok_and(|text| names(by, &text, &hook)));
    ways.extend(named.map(|file| Way::Lines { by: Some(by), file }));
    ways
}

/// Whether a manager's file makes it run leakwarden on a hook.
fn names(by: Manager, text: &str, hook: &str) -> bool {
    let id = match hook {
        "pre-commit" => "leakwarden",
        "pre-merge-commit" => "leakwarden-merge",
        "commit-msg" => "leakwarden-message",
        "post-commit" => "leakwarden-after",
        "pre-push" => "leakwarden-push",
        _ => return calls(text, hook),
    };
    let by_id = |line: &str| {
        let said = line.trim_start().trim_start_matches("- ").strip_prefix("id:").unwrap_or_default();
        let said = said.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        said == id || said.strip_suffix("-system") == Some(id)
    };
    calls(text, hook) || matches!(by, Manager::PreCommit | Manager::Prek) && text.lines().any(by_id)
}

/// Whether a line of a script that is no comment calls leakwarden for a hook.
fn calls(text: &str, hook: &str) -> bool {
    let call = format!("leakwarden hook {hook}");
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.match_indices(&call).map(|(at, _)| &line[at + call.len()..])).any(ends)
}

/// Hooks that git's configuration names: this git is asked which it would run. One before 2.54 knows no
/// such question, and no such hooks.
fn from_config(place: &Place, git: &Git, hook: &str) -> Vec<Way> {
    if !git.may_know_config_hooks() {
        return Vec::new();
    }
    let Ok(listed) = git.output(&["hook", "list", "--show-scope", hook]) else { return Vec::new() };
    let mut ways = Vec::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        // Of a disabled one there is a word between the two.
        let [scope, name] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let Ok(command) = git.output(&["config", "--get", &format!("hook.{name}.command")]) else { continue };
        let command = String::from_utf8_lossy(&command).into_owned();
        let shim = shim_of(&command, place, hook);
        if shim.is_some() || calls(&command, hook) {
            ways.push(Way::Config { name: name.to_owned(), scope: scope.to_owned(), shim });
        }
    }
    ways
}

/// The hook of leakwarden's that a command in git's configuration runs, if it does.
pub fn shim_of(command: &str, place: &Place, hook: &str) -> Option<PathBuf> {
    // Where the repository was moved, the command asks git where it is now.
    let own = dropin::DropIn::of_repository(&place.common).shims().join(hook);
    let moved = command.contains("--git-common-dir").then_some(own);
    let is_ours =
        |path: &PathBuf| matches!(Hook::at(path), Ok(Hook::Ours(shim, _)) if shim.hook == hook) && shim::runs(path);
    [Some(quoted(command)), moved].into_iter().flatten().find(is_ours)
}

/// The path in a command as [`dropin`] writes it: alone, quoted, or assigned to a variable.
fn quoted(command: &str) -> PathBuf {
    let command = command.strip_prefix("leakwarden=").unwrap_or(command);
    let Some(quoted) = command.strip_prefix('\'') else { return PathBuf::from(command) };
    // Quotes inside are written as four characters.
    let parts: Vec<&str> = quoted.split("'\\''").collect();
    let end = parts.iter().position(|part| part.contains('\'')).unwrap_or(parts.len() - 1);
    let mut path = parts[..end].join("'");
    if end > 0 {
        path.push('\'');
    }
    path.push_str(parts[end].split('\'').next().unwrap_or_default());
    PathBuf::from(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_from_a_comment_and_from_another_hook() {
        for (text, expected) in [
            ("leakwarden hook pre-commit || exit 1", true),
            ("  # leakwarden hook pre-commit", false),
            ("leakwarden hook pre-commit-msg", false),
            ("run: 'leakwarden hook pre-commit'", true),
        ] {
            assert_eq!(calls(text, "pre-commit"), expected, "{text}");
        }
    }

    #[test]
    fn the_path_is_read_back_from_a_command() {
        for command in ["'/a/it'\\''s/hooks/pre-commit'", "leakwarden='/a/it'\\''s/hooks/pre-commit'; [ -x"] {
            assert_eq!(quoted(command), PathBuf::from("/a/it's/hooks/pre-commit"), "{command}");
        }
        assert_eq!(quoted("/usr/share/x"), PathBuf::from("/usr/share/x"));
    }
}
