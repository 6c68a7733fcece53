//! What is no file of a worktree: the hooks of one repository. Policy and ledger are in [`super::house`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Kind, Warning};
use crate::doctor::hooks::{Answers, Question, check};
use crate::doctor::{Check, Status};
use crate::fingerprint::{ID_LENGTH, base32};
use crate::git::Repo;
use crate::install::dropin::{self, DropIn};
use crate::install::gits::Installed;
use crate::install::place::{Git, Place};
use crate::install::shim::{self, Hook, aside};
use crate::install::way::{Way, covers};
use crate::level::Severity;

pub use super::house::House;

/// Objects are not read here; a repository is opened for its state alone.
const NO_OBJECTS: u64 = 1 << 10;

/// The hooks of one repository: a warning for each cause by which they are no longer in force since
/// leakwarden was installed there; none where it never was, or was uninstalled.
///
/// `answers` are new ones for each round, made of the path that this program had when it started: it may
/// have been upgraded in place since, and hooks run what stands there now. Git is asked, by commands that
/// run nothing of the repository's.
pub fn hooks(question: Question<'_>, severity: Severity, answers: &mut Answers) -> Vec<Warning> {
    if !was_installed(question.folder) {
        return Vec::new();
    }
    let failing: Vec<Check> =
        check(question, answers).into_iter().filter(|check| check.status == Status::Fails).collect();
    let folder = question.folder.as_os_str().as_encoded_bytes();
    causes(&failing, question.gits.iter().filter(|git| !git.foreign).count())
        .into_iter()
        .map(|cause| Warning {
            id: id(Kind::Hook, &[folder, cause.text.as_bytes()]),
            kind: Kind::Hook,
            severity,
            rule: None,
            path: String::new(),
            line: 0,
            what: cause.text,
            why: cause.why,
            steps: cause.mend.into_iter().chain([DOCTOR.to_owned()]).collect(),
            rotate: None,
            secret: None,
        })
        .collect()
}

const DOCTOR: &str = "`leakwarden doctor` in the repository tells more";

/// Why hooks are not in force.
#[derive(Debug, PartialEq, Eq)]
struct Cause {
    text: String,
    why: String,
    mend: Option<String>,
}

/// The causes behind checks that fail, of which one cause makes many.
fn causes(failing: &[Check], gits: usize) -> Vec<Cause> {
    let uncovered: Vec<&Check> = failing.iter().filter(|check| check.id == "covered").collect();
    // Where nothing is scanned before a commit, all else follows from that, or can wait for it.
    if let Some(first) = uncovered.first() {
        // Who turned a hook off is nearer to the cause than that it does not run.
        let cause = failing.iter().find(|check| check.id == "config-hook").unwrap_or(first);
        let whose = if uncovered.len() < gits { first.subject.as_deref() } else { None };
        return vec![Cause {
            text: whose.map_or_else(|| cause.text.clone(), |whose| format!("{whose}: {}", cause.text)),
            why: "commits here are not scanned".to_owned(),
            mend: cause.mend.clone(),
        }];
    }
    let mut same: BTreeMap<String, Vec<&Check>> = BTreeMap::new();
    for check in failing {
        // What is said of a hook names its file; without the name it is the same for all of them.
        let name = check.subject.as_deref().unwrap_or_default();
        let text = if name.is_empty() { check.text.clone() } else { check.text.replace(name, "…") };
        same.entry(text).or_default().push(check);
    }
    let cause = |(text, checks): (String, Vec<&Check>)| {
        let names: Vec<&str> = checks.iter().filter_map(|check| check.subject.as_deref()).collect();
        let text = if checks.len() == 1 { checks[0].text.clone() } else { text };
        Cause {
            text: if names.is_empty() { text } else { format!("{}: {text}", names.join(", ")) },
            why: "leakwarden's hooks here are not as they were installed".to_owned(),
            mend: checks[0].mend.clone(),
        }
    };
    same.into_iter().map(cause).collect()
}

/// Whether leakwarden was installed in a repository, by what that itself tells: hooks or a drop-in of ours
/// are there, or a hook that was put aside for one, or what our hooks leave behind.
fn was_installed(folder: &Path) -> bool {
    if matches!(Repo::holding(folder, NO_OBJECTS), Ok(Some(repo)) if repo.had_hooks()) {
        return true;
    }
    let Ok(place) = Place::of(&Git::of(folder)) else { return false };
    let ours = |folder: &Path, hook: &str| {
        let at = folder.join(hook);
        matches!(Hook::at(&at), Ok(Hook::Ours(..))) || aside(&at).symlink_metadata().is_ok()
    };
    let mut all = shim::all();
    dropin::is_ours(&DropIn::of_repository(&place.common).file())
        || all.any(|hook| ours(&place.own, hook) || ours(&place.hooks, hook))
}

/// What to watch to know when to ask again: the folders of hooks, the files of configuration that git reads
/// here, the file by which leakwarden runs. Some need not be there.
pub fn hook_files(folder: &Path, gits: &[Installed]) -> Vec<PathBuf> {
    let git = Git::of(folder);
    let git = gits.iter().find(|git| !git.foreign).map_or(git.clone(), |first| git.of_machine(first));
    let mut files = Vec::new();
    if let Ok(place) = Place::of(&git) {
        files.extend([place.hooks.clone(), place.own.clone()]);
        files.extend(["config", "config.worktree"].map(|name| place.common.join(name)));
        files.push(DropIn::of_repository(&place.common).folder);
        files.extend(covers(&place, &git).ok().and_then(|way| match way {
            Way::Shim(path) | Way::Chained { shim: path, .. } | Way::Lines { file: path, .. } => Some(path),
            Way::Config { shim, .. } => shim,
            Way::None { .. } => None,
        }));
    }
    files.extend(configuration(&git, folder));
    files.extend(gits.iter().filter_map(|git| git.system.clone()));
    files.sort();
    files.dedup();
    files
}

/// The files of configuration that git has read, and those of the user's that it would read. Names of keys
/// are asked for and no values: a value may be a credential.
fn configuration(git: &Git, folder: &Path) -> Vec<PathBuf> {
    let listed = git.output(&["config", "--null", "--show-origin", "--name-only", "--list"]).unwrap_or_default();
    let origins = listed.split(|&b| b == 0).step_by(2).filter_map(|origin| origin.strip_prefix(b"file:"));
    let users = git.output(&["var", "GIT_CONFIG_GLOBAL"]).unwrap_or_default();
    // A file that cannot be named as a path here cannot be watched either.
    let path = |bytes: &[u8]| Some(folder.join(as_path(bytes)?)).filter(|_| !bytes.is_empty());
    origins.chain(users.split(|&b| b == b'\n')).filter_map(path).collect()
}

fn as_path(bytes: &[u8]) -> Option<PathBuf> {
    #[cfg(unix)]
    return Some(PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)));
    #[cfg(not(unix))]
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The id of a warning about no finding: 40 bits of what it is about.
pub(super) fn id(kind: Kind, parts: &[&[u8]]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in [b"leakwarden warning v1".as_slice(), kind.name().as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    base32(&hash.finalize(), ID_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(id: &'static str, subject: &str, text: &str) -> Check {
        Check::fails(id, text, "mend it").on(subject)
    }

    #[test]
    fn one_cause_is_one_warning() {
        let old = |hook: &str| fails("hook", hook, &format!("/r/hooks/{hook} has version 2, and 3 is current"));
        let mut failing = vec![old("pre-commit"), old("pre-push"), fails("hook", "post-merge", "it is not there")];
        let told = causes(&failing, 2);
        let texts: Vec<&str> = told.iter().map(|own| own.text.as_str()).collect();
        let expected =
            ["pre-commit, pre-push: /r/hooks/… has version 2, and 3 is current", "post-merge: it is not there"];
        assert_eq!(texts, expected);
        // Not covered at all: that alone, once for all gits.
        failing.push(fails("covered", "git 2.47", "hooks are taken from elsewhere"));
        assert_eq!(causes(&failing, 2)[0].text, "git 2.47: hooks are taken from elsewhere");
        failing.push(fails("covered", "git 2.55", "hooks are taken from elsewhere"));
        let told = causes(&failing, 2);
        assert_eq!((told.len(), told[0].text.as_str()), (1, "hooks are taken from elsewhere"));
        failing.push(fails("config-hook", "pre-commit", "leakwarden-pre-commit: turned off (local, file:x)"));
        assert_eq!(causes(&failing, 2)[0].text, "leakwarden-pre-commit: turned off (local, file:x)");
        assert_eq!(causes(&[], 2), []);
    }

    #[test]
    fn ids_are_of_kind_and_place() {
        let one = id(Kind::Hook, &[b"/a", b"b"]);
        assert_eq!((one.len(), &one), (ID_LENGTH, &id(Kind::Hook, &[b"/a", b"b"])));
        for other in [id(Kind::Hook, &[b"/ab", b""]), id(Kind::Policy, &[b"/a", b"b"])] {
            assert_ne!(one, other);
        }
    }
}
