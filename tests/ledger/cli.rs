//! `leakwarden ledger show` and `verify` as people run them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::kit::{fill, ledger};

/// Runs the command in an empty home whose policy names the folder: exit code, standard output, error.
fn run(scratch: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let settings = scratch.join(".config/leakwarden");
    fs::create_dir_all(&settings).expect("a folder");
    let path = scratch.join("state").display().to_string();
    fs::write(settings.join("config.toml"), format!("[ledger]\npath = '{path}'\n")).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_leakwarden"));
    command.arg("ledger").args(arguments).current_dir(scratch).env_remove("XDG_CONFIG_HOME").env("HOME", scratch);
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the place of the user's policy is Linux's")]
fn verify_says_what_it_is_and_exits_by_it() {
    let scratch = tempfile::tempdir().expect("a folder");
    let at = |arguments: &[&str]| run(scratch.path(), arguments);
    let (code, out, _) = at(&["verify"]);
    assert!(code == Some(0) && out.starts_with("there is no ledger in "), "{out}");
    let folder = scratch.path().join("state");
    let head = fill(&ledger(&folder), 8);
    let (code, out, _) = at(&["verify"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains(" holds: 8 records, ") && out.ends_with(&format!("\nanchor: {head}\n")), "{out}");
    assert_eq!(at(&["verify", "--anchor", &head.short(), "--anchor", &head.to_string()]).0, Some(0));
    assert_eq!(at(&["verify", "--anchor", &head.short().replace(":8:", ":9:")]).0, Some(1));
    for wrong in ["", "k3f9a2b7", "k3f9a2b7:1:12", "k3f9a2b7:0:0000000000000000", "../../../a:1:0000000000000000"] {
        assert_eq!(at(&["verify", "--anchor", wrong]).0, Some(2), "{wrong}");
    }
    let file = folder.join("ledger.jsonl");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, text.replace("number 4", "number \u{1b}[2J4")).expect("a file");
    let (code, out, _) = at(&["verify"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("broken: ") && out.contains("is BROKEN") && !out.contains("anchor:"), "{out}");
    assert!(!out.contains('\u{1b}'));
    let (code, out, _) = at(&["verify", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &document["holds"], &document["anchor"]), (Some(1), &false.into(), &serde_json::Value::Null));
    assert!(document["broken"][0]["what"].is_string());
    fs::remove_file(&file).expect("a file");
    assert_eq!(at(&["verify"]).0, Some(1), "the head knows that there were records");
    fs::remove_dir_all(&folder).expect("a folder");
    fs::write(&folder, "a file").expect("a file");
    let (code, _, error) = at(&["verify"]);
    assert!(code == Some(3) && error.contains("cannot read") && !error.contains("scan"), "{error}");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the place of the user's policy is Linux's")]
fn show_gives_a_line_for_each_event_and_each_finding() {
    let scratch = tempfile::tempdir().expect("a folder");
    let at = |arguments: &[&str]| run(scratch.path(), arguments);
    assert_eq!(at(&["show"]), (Some(0), "nothing is recorded\n".to_owned(), String::new()));
    let folder = scratch.path().join("state");
    fill(&ledger(&folder), 5);
    let (code, out, error) = at(&["show"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(out.lines().filter(|line| line.contains("  number ")).count(), 5, "{out}");
    let finding = format!("{:29}a-rule  src/a folder/fïle \"2\".py:2\n", "");
    assert!(out.contains(&finding), "{out}");
    let (_, out, _) = at(&["show", "--json", "--event", "excepted", "--since", "1h"]);
    let stored = fs::read_to_string(folder.join("ledger.jsonl")).expect("a file");
    let expected: String = stored.split_inclusive('\n').filter(|line| line.contains("\"excepted\"")).collect();
    assert_eq!(out, expected);
    assert_eq!(at(&["show", "--since", "2100-01-01"]).1, "nothing is recorded\n");
    assert_eq!(at(&["show", "--event", "nothing"]).0, Some(2));
    assert_eq!(at(&["show", "--since", "soon"]).0, Some(2));
    fs::write(folder.join("ledger.jsonl"), stored + "{\"v\":1,\"led").expect("a file");
    let (code, out, error) = at(&["show"]);
    assert!(code == Some(0) && error.contains("ledger.jsonl:6: not a record"), "{error}");
    assert_eq!(out.lines().filter(|line| line.contains("  number ")).count(), 5, "{out}");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the place of the user's policy is Linux's")]
fn verify_holds_while_others_write() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("state");
    fill(&ledger(&folder), 1);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fill(&ledger(&folder), 2);
            }
        });
        let outcomes: Vec<_> = (0..20).map(|_| run(scratch.path(), &["verify"])).collect();
        done.store(true, Ordering::Relaxed);
        for (code, out, error) in outcomes {
            assert!(code == Some(0) && !out.contains("note:"), "{out}{error}");
        }
    });
}

/// The name was asked for together with the time, for which the list of all time zones was read, and configuration
/// went before the environment.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the place of the user's policy is Linux's")]
fn who_commits_is_said_in_the_order_of_git() {
    let scratch = tempfile::tempdir().expect("a folder");
    let repo = scratch.path().join("repo");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(&repo).env("HOME", scratch.path()).env_remove("XDG_CONFIG_HOME");
        assert!(git.status().expect("git runs").success(), "{arguments:?}");
    };
    fs::create_dir(&repo).expect("a folder");
    git(&["init", "--quiet"]);
    git(&["config", "user.name", "Configured"]);
    git(&["config", "user.email", "c@corp.net"]);
    let value = ["Qz7w-", "kT4mVx9!p"].concat();
    fs::write(repo.join("a.py"), format!("password = \"{value}\"\n")).expect("a file");
    git(&["add", "a.py"]);
    let (code, _, _) = run(scratch.path(), &["show"]);
    assert_eq!(code, Some(0));
    let mut hook = Command::new(env!("CARGO_BIN_EXE_leakwarden"));
    hook.args(["hook", "pre-commit"]).current_dir(&repo).env("HOME", scratch.path()).env_remove("XDG_CONFIG_HOME");
    hook.env("GIT_COMMITTER_NAME", "Told").env_remove("GIT_COMMITTER_EMAIL").env_remove("EMAIL");
    let output = hook.output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, out, _) = run(scratch.path(), &["show"]);
    assert!(out.contains("Told <c@corp.net>"), "{out}");
}
