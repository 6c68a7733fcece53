//! `leakwarden generate`: what packages carry is taken by the programs that read it: man and mandoc,
//! bash, zsh and fish. One that is not on the machine is named as skipped.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

fn leakwarden(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leakwarden")).args(arguments).output().expect("the binary runs")
}

/// A folder with what was generated.
fn generated(what: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = leakwarden(&["generate", what, "--out", folder.path().to_str().expect("a plain path")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// Said past the harness, which keeps what passing tests print.
fn skip(program: &str) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "skipped: {program} is not on this machine");
}

/// Runs a program in the folder, and gives what it prints, errors included; nothing where the machine has no
/// such program.
fn asked(folder: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(folder).env("HOME", folder).output();
    let Ok(output) = output else {
        skip(program);
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} ends with {}: {said}", output.status);
    Some(said)
}

fn pages(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable entry").file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    names
}

#[test]
fn each_command_has_a_page() {
    let folder = generated("man");
    let names = pages(folder.path());
    for name in ["leakwarden.1", "leakwarden-install.1", "leakwarden-exceptions-renew.1", "leakwarden-hook-pre-push.1"]
    {
        assert!(names.iter().any(|there| there == name), "{name} is not in {names:?}");
    }
    for name in &names {
        let text = fs::read_to_string(folder.path().join(name)).expect("a readable page");
        let command = name.trim_end_matches(".1");
        assert!(text.contains(&format!("\n.TH {command} 1 ")), "{name} is headed as something else");
    }
    let main = fs::read_to_string(folder.path().join("leakwarden.1")).expect("the main page");
    assert!(main.contains("EXIT STATUS"));
    let shown = leakwarden(&["generate", "man"]);
    assert_eq!(String::from_utf8(shown.stdout).expect("text"), main, "without --out the main page is shown");
}

#[test]
fn pages_are_read_without_complaint() {
    let folder = generated("man");
    let names = pages(folder.path());
    for name in &names {
        let Some(said) = asked(folder.path(), "sh", &["-c", &format!("man -l --warnings ./{name} 2>&1 >/dev/null")])
        else {
            break;
        };
        if said.contains("not found") {
            skip("man");
            break;
        }
        assert!(said.is_empty(), "man says of {name}: {said}");
    }
    let mut lint = vec!["-Tlint", "-Werror"];
    lint.extend(names.iter().map(String::as_str));
    if let Some(said) = asked(folder.path(), "mandoc", &lint) {
        assert!(said.is_empty(), "mandoc says: {said}");
    }
}

#[test]
fn bash_completes() {
    let folder = generated("bash");
    assert!(asked(folder.path(), "bash", &["-n", "leakwarden"]).is_none_or(|said| said.is_empty()));
    let script = "set -e; . ./leakwarden; complete -p leakwarden
        COMP_WORDS=(leakwarden exc); COMP_CWORD=1; _leakwarden leakwarden exc leakwarden; echo \"${COMPREPLY[@]}\"
        COMP_WORDS=(leakwarden scan --format s); COMP_CWORD=3; _leakwarden leakwarden s --format
        echo \"${COMPREPLY[@]}\"";
    if let Some(said) = asked(folder.path(), "bash", &["--norc", "-c", script]) {
        assert!(said.contains("-F _leakwarden leakwarden\nexceptions\nsarif\n"), "bash completes to: {said}");
    }
}

#[test]
fn zsh_loads_what_completes() {
    let folder = generated("zsh");
    let script = "zsh -n ./_leakwarden; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d ./dump
        print -r -- $_comps[leakwarden]; autoload +X _leakwarden; functions _leakwarden | grep -c 'exceptions:'";
    if let Some(said) = asked(folder.path(), "zsh", &["-f", "-c", script]) {
        assert!(said.starts_with("_leakwarden\n"), "zsh says: {said}");
    }
}

#[test]
fn fish_completes() {
    let folder = generated("fish");
    let script = "source ./leakwarden.fish; complete -C 'leakwarden exc'; complete -C 'leakwarden scan --format s'";
    if let Some(said) = asked(folder.path(), "fish", &["--no-config", "-c", script]) {
        let first: Vec<_> = said.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(first, ["exceptions", "sarif"], "fish completes to: {said}");
    }
}

#[test]
fn powershell_loads_what_completes() {
    let folder = generated("powershell");
    let script = ". ./leakwarden.ps1; \
        (TabExpansion2 'leakwarden exc' 14).CompletionMatches | ForEach-Object CompletionText";
    if let Some(said) = asked(folder.path(), "pwsh", &["-NoProfile", "-Command", script]) {
        assert_eq!(said.trim(), "exceptions", "PowerShell completes to: {said}");
    }
}

#[test]
fn a_file_is_replaced_whole_and_a_link_is_not_followed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let other = folder.path().join("other");
    fs::write(&other, "untouched").expect("a writable folder");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&other, folder.path().join("leakwarden")).expect("a link");
    let place = folder.path().to_str().expect("a plain path");
    assert!(leakwarden(&["generate", "bash", "--out", place]).status.success());
    assert_eq!(fs::read_to_string(&other).expect("it is there"), "untouched");
    let made = fs::symlink_metadata(folder.path().join("leakwarden")).expect("it was made");
    assert!(made.is_file());
    assert_eq!(pages(folder.path()), ["leakwarden", "other"], "nothing else is left in the folder");
    // A folder that cannot be made is a mistake of the caller, and is named.
    let output = leakwarden(&["generate", "bash", "--out", other.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("other"));
}
