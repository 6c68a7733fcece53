//! The lines that make another manager run leakwarden, in that manager's own file.
//!
//! Such a file is tracked and shared with people who may not have leakwarden: the lines find it on PATH
//! and, where it is not there, say that nothing was scanned and stop nobody. They stand between two
//! marks, by which they are found again; nothing else of a file changes, to the byte.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::manager::Manager;
use super::plan::Step;
use super::shim::{self, Hears};
use super::{package, shown};

/// The line before ours.
const BEGIN: &str = "# leakwarden: begin";

/// What follows it where the file was not there before.
const NEW: &str = " (a file made by leakwarden)";

/// The line after ours.
const END: &str = "# leakwarden: end";

/// The managers whose files leakwarden can write to.
pub const WRITABLE: [Manager; 4] = [Manager::Husky, Manager::Lefthook, Manager::PreCommit, Manager::SimpleGitHooks];

/// The hooks that pre-commit and prek run, with the id that each gets. They keep standard input to
/// themselves and know no post-applypatch, so that post-rewrite and post-applypatch stay out.
const FRAMEWORK: [(&str, &str); 5] = [
    ("pre-commit", "leakwarden"),
    ("pre-merge-commit", "leakwarden-merge"),
    ("commit-msg", "leakwarden-message"),
    ("post-commit", "leakwarden-after"),
    ("pre-push", "leakwarden-push"),
];

/// A call of leakwarden in a shell, for a hook.
///
/// `words` is how the shell knows the hook's arguments.
fn call(hook: &str, words: &str) -> String {
    let ending = if shim::hears(hook) == Hears::Afterwards || hook == "post-rewrite" { ":" } else { "exit $?" };
    format!(
        "if command -v leakwarden >/dev/null 2>&1; then leakwarden hook {hook}{words} || {ending}; \
         else echo 'leakwarden is not on PATH, so {hook} scanned NOTHING' >&2; fi"
    )
}

/// The same, leaving what git says on standard input to the lines that follow.
fn script(hook: &str) -> String {
    let call = call(hook, " \"$@\"");
    if shim::hears(hook) != Hears::Input {
        return format!("{call}\n");
    }
    format!(
        "leakwarden_input=$(cat)\nprintf '%s\\n' \"$leakwarden_input\" | ({call}) || exit $?\n\
         [ -z \"$leakwarden_input\" ] || exec <<LEAKWARDEN\n$leakwarden_input\nLEAKWARDEN\n"
    )
}

/// For `package.json`: one line.
pub(super) fn one_line(hook: &str) -> String {
    call(hook, " \"$@\"")
}

fn lefthook(hooks: &[&str]) -> String {
    let mut text = String::new();
    for hook in hooks {
        let call = call(hook, " {0}").replace('\'', "\"");
        let input = if shim::hears(hook) == Hears::Input { "      use_stdin: true\n" } else { "" };
        text.push_str(&format!(
            "{hook}:\n  commands:\n    leakwarden:\n      priority: 1\n{input}      run: '{call}'\n"
        ));
    }
    text
}

fn framework(indent: &str) -> String {
    let mut text = format!("{indent}- repo: local\n{indent}  hooks:\n");
    for (hook, id) in FRAMEWORK {
        let message = hook == "commit-msg";
        let call = call(
            hook,
            match hook {
                "commit-msg" => " \"$1\"",
                "pre-push" => " \"$PRE_COMMIT_REMOTE_NAME\" \"$PRE_COMMIT_REMOTE_URL\"",
                _ => "",
            },
        );
        // The whole stands in single quotes, and plain in YAML.
        let call = call.replace('\'', "");
        text.push_str(&format!(
            "{indent}  - id: {id}\n{indent}    name: leakwarden {hook}\n{indent}    language: system\n\
             {indent}    entry: sh -c '{call}' leakwarden\n{indent}    always_run: true\n\
             {indent}    pass_filenames: {message}\n{indent}    verbose: true\n{indent}    stages: [{hook}]\n"
        ));
    }
    text
}

fn block(mark: &str, indent: &str, text: &str) -> String {
    format!("{indent}{BEGIN}{mark}\n{text}{indent}{END}\n")
}

/// What a person adds by hand, in lines: the file, and what stands in it.
pub fn snippet(manager: Manager, hooks: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut file = |name: &str, text: &str| {
        lines.push(format!("  in {name}:"));
        lines.extend(text.lines().map(|line| format!("    {line}")));
    };
    match manager {
        Manager::Husky => hooks.iter().for_each(|hook| file(&format!(".husky/{hook}"), &script(hook))),
        Manager::Lefthook => file("lefthook-local.yml", &lefthook(hooks)),
        Manager::PreCommit | Manager::Prek => file(".pre-commit-config.yaml, below `repos:`", &framework("")),
        Manager::SimpleGitHooks => file("package.json, in \"simple-git-hooks\"", &package::members(hooks)),
        Manager::Overcommit | Manager::Hk | Manager::GitLfs => {}
    }
    lines
}

/// Plans that a manager's file has the lines.
///
/// # Errors
/// Where that cannot be done without changing anything else: what is in the way is named.
pub fn plan(manager: Manager, top: &Path, hooks: &[&str], steps: &mut Vec<Step>) -> Result<()> {
    match manager {
        Manager::Husky => {
            for hook in hooks {
                change(&top.join(".husky").join(hook), steps, |text| {
                    let shebang =
                        if text.starts_with("#!") { text.find('\n').map_or(text.len(), |at| at + 1) } else { 0 };
                    Ok((shebang, block(mark_of(text), "", &script(hook))))
                })?;
            }
            Ok(())
        }
        Manager::Lefthook => {
            if !manager.files(top).iter().any(|file| file.extension().is_some_and(|e| e == "yml" || e == "yaml")) {
                bail!("lefthook is not configured in a YAML file here; add the lines by hand");
            }
            change(&top.join("lefthook-local.yml"), steps, |text| {
                if let Some(taken) = hooks.iter().find(|hook| text.lines().any(|l| l.starts_with(&format!("{hook}:"))))
                {
                    bail!("it has its own `{taken}:`; add the lines by hand");
                }
                Ok((text.len(), block(mark_of(text), "", &lefthook(hooks))))
            })
        }
        Manager::PreCommit | Manager::Prek => change(&top.join(".pre-commit-config.yaml"), steps, |text| {
            let mut at = 0;
            let mut below = None;
            for line in text.split_inclusive('\n') {
                at += line.len();
                let Some(place) = below else {
                    below =
                        (line.trim_end().split('#').next().unwrap_or_default().trim_end() == "repos:").then_some(at);
                    continue;
                };
                let inner = line.trim_start();
                if inner.starts_with("- ") {
                    let indent = &line[..line.len() - inner.len()];
                    return Ok((place, block("", indent, &framework(indent))));
                }
                if !inner.trim().is_empty() && !inner.starts_with('#') {
                    break;
                }
            }
            bail!("there is no list below `repos:`; add the lines by hand")
        }),
        Manager::SimpleGitHooks => {
            let path = top.join("package.json");
            let text = read(&path)?.context("it is not there")?;
            let changed = package::with(&text, hooks).with_context(|| format!("{} is left as it is", shown(&path)))?;
            write(path, &text, changed, steps);
            Ok(())
        }
        Manager::Overcommit | Manager::Hk | Manager::GitLfs => {
            bail!("leakwarden cannot write to the files of {}", manager.name())
        }
    }
}

/// Plans that the lines go, from all files of a worktree that may have them.
///
/// # Errors
/// Where a file cannot be read.
pub fn plan_removal(top: &Path, steps: &mut Vec<Step>) -> Result<()> {
    for path in candidates(top) {
        let Some(text) = read(&path)? else { continue };
        if text.contains(&format!("{BEGIN}{NEW}\n")) && without(&text).is_empty() {
            steps.push(Step::Remove { path });
        } else {
            write(path, &text, without(&text), steps);
        }
    }
    let path = top.join("package.json");
    if let Some(text) = read(&path)?
        && let Ok(changed) = package::without(&text)
    {
        write(path, &text, changed, steps);
    }
    Ok(())
}

/// Files of a worktree that have the lines.
pub fn written(top: &Path) -> Vec<PathBuf> {
    let mut steps = Vec::new();
    // What cannot be read has no lines that could be taken out.
    let _ = plan_removal(top, &mut steps);
    let path = |step| match step {
        Step::Remove { path } | Step::Change { path, .. } => Some(path),
        _ => None,
    };
    steps.into_iter().filter_map(path).collect()
}

fn candidates(top: &Path) -> Vec<PathBuf> {
    let husky = shim::all().map(|hook| top.join(".husky").join(hook));
    husky.chain(["lefthook-local.yml", ".pre-commit-config.yaml"].map(|name| top.join(name))).collect()
}

/// A file that is there already and empty is told from one that leakwarden makes by its own line feed.
fn mark_of(text: &str) -> &'static str {
    if text.is_empty() { NEW } else { "" }
}

/// Takes out what stands between the marks, and the marks.
fn without(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let begins = bare.strip_prefix(BEGIN).is_some_and(|rest| rest.is_empty() || rest == NEW);
        if begins {
            inside = true;
        } else if inside {
            inside = bare != END;
        } else {
            kept.push_str(line);
        }
    }
    // Without its end nobody knows how far it goes.
    if inside { text.to_owned() } else { kept }
}

/// Puts a block into a file; an older one of ours goes first.
fn change(path: &Path, steps: &mut Vec<Step>, place: impl Fn(&str) -> Result<(usize, String)>) -> Result<()> {
    let found = read(path)?;
    let text = found.clone().unwrap_or_default();
    let refused = || format!("{} is left as it is", shown(path));
    let made = found.is_none() || text.contains(&format!("{BEGIN}{NEW}\n"));
    let plain = without(&text);
    if plain.contains('\r') {
        return Err(anyhow::anyhow!("it has carriage returns; add the lines by hand")).with_context(refused);
    }
    if plain.is_empty() && !made || !plain.is_empty() && !plain.ends_with('\n') {
        return Err(anyhow::anyhow!("its last line has no line feed")).with_context(refused);
    }
    let (at, block) = place(&plain).with_context(refused)?;
    let changed = format!("{}{block}{}", &plain[..at], &plain[at..]);
    write(path.to_path_buf(), &text, changed, steps);
    Ok(())
}

/// A tracked file's text; `None` where it is not there.
///
/// # Errors
/// Where it is a link or no text: that is not written to.
fn read(path: &Path) -> Result<Option<String>> {
    match path.symlink_metadata() {
        Err(_) => Ok(None),
        Ok(found) if !found.is_file() => bail!("{} is no plain file", shown(path)),
        Ok(_) => Ok(Some(super::file::text(path).with_context(|| format!("cannot read {}", shown(path)))?)),
    }
}

fn write(path: PathBuf, before: &str, after: String, steps: &mut Vec<Step>) {
    if before == after {
        return;
    }
    steps.push(if path.exists() {
        Step::Change { path, before: before.to_owned(), after }
    } else {
        Step::Write { path, text: after, executable: false }
    });
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_put_in_comes_out_again() {
        for (file, manager) in [
            ("#!/bin/sh\nnpm test\n", Manager::Husky),
            ("npm test\n", Manager::Husky),
            ("# mine\nfail_on_changes: always\n", Manager::Lefthook),
            ("exclude: x\nrepos: # all\n\n  - repo: local\n    hooks: []\n", Manager::PreCommit),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let name = match manager {
                Manager::Husky => ".husky/pre-commit",
                Manager::Lefthook => "lefthook-local.yml",
                _ => ".pre-commit-config.yaml",
            };
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, file).expect("written");
            let mut steps = Vec::new();
            plan(manager, folder.path(), &["pre-commit"], &mut steps).expect("a plan");
            let Some(Step::Change { after: text, .. }) = steps.pop() else { panic!("{file}") };
            assert!(text.contains("leakwarden hook pre-commit"), "{text}");
            fs::write(&path, &text).expect("written");
            plan(manager, folder.path(), &["pre-commit"], &mut steps).expect("a plan");
            assert!(steps.is_empty(), "twice is once: {steps:?}");
            assert_eq!(without(&text), file);
        }
    }

    #[test]
    fn a_block_without_its_end_is_left_alone() {
        let text = format!("one\n{BEGIN}\ntwo\n");
        assert_eq!(without(&text), text);
    }
}
