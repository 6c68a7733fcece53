//! What the guard gives up once it runs: writing anywhere but to its own folders, and the network.
//!
//! Landlock (Linux 5.13 and newer) does it from inside, without rights and without a mount namespace, so
//! volumes that are mounted later are still seen. Reading and running programs stay as they were: what is
//! watched is not known beforehand, and git is run. What older kernels do not know they do not enforce; the
//! phrase says what was. Abstract Unix sockets stay open, for a session bus may be one, and so do sockets with
//! a path: journald, the session bus, an agent. `docs/guard.md` has the list.

use std::path::PathBuf;

/// Gives up writing anywhere but below these folders (which are there) and `/dev/null`; TCP, UDP where the
/// kernel knows how, and signals to programs that it did not start. Programs that are started later inherit
/// it. Gives a phrase for `guard status`, such as `gave up writing outside its own folders, TCP (Landlock 4)`, or why it
/// could not be.
///
/// Before Linux 7.0 only the thread that calls is bound, with those that it starts from then on: to be called
/// before there is another.
pub fn enter(writable: &[PathBuf]) -> String {
    system::enter(writable)
}

#[cfg(target_os = "linux")]
mod system {
    use std::path::{Path, PathBuf};

    use anyhow::{Context, Result};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, LandlockStatus, PathBeneath, PathFd, RestrictSelfAttr, RestrictionStatus,
        Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    };

    use crate::finding::escape;

    /// The version up to which rights of files are given up. The next one knows sockets with a path, which
    /// the guard has to reach.
    const FILES: ABI = ABI::V8;

    pub(super) fn enter(writable: &[PathBuf]) -> String {
        let alone = std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1);
        match restrict(writable) {
            Ok(status) => phrase(&status.ruleset, &status.landlock, alone || status.all_threads),
            Err(error) => format!("nothing is given up: {}", escape(format!("{error:#}").as_bytes())),
        }
    }

    fn restrict(writable: &[PathBuf]) -> Result<RestrictionStatus> {
        let write = AccessFs::from_write(FILES);
        let rules = Ruleset::default()
            .handle_access(write)?
            .handle_access(AccessNet::from_all(ABI::V10))?
            .scope(Scope::Signal)?;
        let mut rules = rules.create()?;
        for folder in writable {
            rules = rules.add_rule(PathBeneath::new(opened(folder)?, write))?;
        }
        let null = write & AccessFs::from_file(FILES);
        rules = rules.add_rule(PathBeneath::new(opened(Path::new("/dev/null"))?, null))?;
        Ok(rules.all_threads(true)?.restrict_self()?)
    }

    fn opened(path: &Path) -> Result<PathFd> {
        PathFd::new(path).with_context(|| format!("cannot open {}", escape(path.as_os_str().as_encoded_bytes())))
    }

    /// What the kernel enforces; `bound` says whether the whole process is.
    pub(super) fn phrase(enforced: &RulesetStatus, landlock: &LandlockStatus, bound: bool) -> String {
        let version = match (enforced, landlock) {
            (_, LandlockStatus::NotEnabled) => {
                return "nothing is given up: Landlock is switched off in this kernel".to_owned();
            }
            (RulesetStatus::NotEnforced, _) | (_, LandlockStatus::NotImplemented) => {
                return "nothing is given up: this kernel has no Landlock".to_owned();
            }
            (_, LandlockStatus::Available { effective_abi, .. }) => *effective_abi,
        };
        let known = [(ABI::V4, "TCP"), (ABI::V10, "UDP"), (ABI::V6, "signals to others")];
        let also = known.iter().filter(|(since, _)| version >= *since);
        let also: String = also.map(|(_, what)| format!(", {what}")).collect();
        let cut = if version < ABI::V3 { " but cutting files short" } else { "" };
        let threads = if bound { "" } else { "; not by threads that were there before" };
        format!("gave up writing outside its own folders{cut}{also} (Landlock {}){threads}", version as i32)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::path::PathBuf;

    pub(super) fn enter(_writable: &[PathBuf]) -> String {
        "nothing is given up: this system has no Landlock".to_owned()
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::TcpListener;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use landlock::{ABI, LandlockStatus, RulesetStatus};

    use super::*;

    /// Landlock binds a process for good, so it is tried in one of its own.
    #[test]
    fn a_process_that_entered_is_bound_and_so_are_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let (own, other) = (folder.path().join("own"), folder.path().join("other"));
        fs::create_dir(&own).and_then(|()| fs::create_dir(&other)).expect("folders");
        fs::write(other.join("there"), "before").expect("a file");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let mut victim = Command::new("sleep").arg("60").spawn().expect("a program of somebody else's");
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "guard::sandbox::tests::entered", "--ignored", "--test-threads=1", "--nocapture"]);
        child.env("TEST_FOLDER", folder.path()).env("TEST_PORT", port.to_string());
        child.env("TEST_VICTIM", victim.id().to_string());
        let output = child.output().expect("it runs");
        let alive = victim.try_wait().expect("its state").is_none();
        victim.kill().and_then(|()| victim.wait().map(drop)).expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        if said.contains("nothing is given up: this kernel") || said.contains("switched off") {
            eprintln!("SKIPPED: {said}");
            return;
        }
        assert!(alive, "it sent a signal to another's program");
        assert_eq!(fs::read_to_string(other.join("there")).expect("the file"), "before");
        assert!(own.join("by-child").exists(), "{said}");
    }

    /// Not a test: what the test above runs.
    #[test]
    #[ignore = "run by `a_process_that_entered_is_bound_and_so_are_its_children` in a process of its own"]
    fn entered() {
        let Some(folder) = std::env::var_os("TEST_FOLDER").map(PathBuf::from) else { return };
        let port = std::env::var("TEST_PORT").expect("a port");
        let victim = std::env::var("TEST_VICTIM").expect("a process");
        let (own, other) = (folder.join("own"), folder.join("other"));
        let phrase = enter(std::slice::from_ref(&own));
        println!("{phrase}");
        if phrase.starts_with("nothing") {
            return;
        }
        // The test runner has a thread besides; this one and its children are bound.
        // Inside all is as it was, moving between folders and sockets included; reading is so everywhere.
        fs::create_dir(own.join("a")).and_then(|()| fs::create_dir(own.join("b"))).expect("folders");
        fs::write(own.join("a/file"), "1")
            .and_then(|()| fs::rename(own.join("a/file"), own.join("b/file")))
            .expect("a file");
        std::os::unix::net::UnixListener::bind(own.join("socket")).expect("a socket");
        assert_eq!(fs::read_to_string(other.join("there")).expect("the file"), "before");
        fs::write("/dev/null", "1").expect("nothing");
        // Outside nothing can be made, changed or taken away.
        assert!(fs::write(other.join("new"), "1").is_err());
        assert!(fs::write(other.join("there"), "1").is_err());
        assert!(fs::create_dir(other.join("folder")).is_err());
        assert!(fs::remove_file(other.join("there")).is_err());
        assert!(fs::rename(own.join("b/file"), other.join("file")).is_err());
        assert!(fs::hard_link(other.join("there"), own.join("link")).is_err());
        if phrase.contains("TCP") {
            let address = format!("127.0.0.1:{port}");
            let error = std::net::TcpStream::connect(address).expect_err("no connection");
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
            assert!(TcpListener::bind("127.0.0.1:0").is_err());
        }
        // A child is bound as well, and can be ended by its parent.
        let run =
            |text: &str| Command::new("sh").args(["-c", text]).current_dir(&folder).stderr(Stdio::null()).status();
        assert!(run(": > own/by-child").expect("sh").success());
        assert!(!run(": > other/by-child").expect("sh").success());
        if phrase.contains("signals") {
            assert!(!run(&format!("kill {victim}")).expect("sh").success());
        }
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        child.kill().and_then(|()| child.wait().map(drop)).expect("its end");
        assert!(!Path::new("other/by-child").exists());
    }

    #[test]
    fn the_phrase_says_what_this_kernel_can() {
        let of = |version| {
            let landlock = LandlockStatus::Available { effective_abi: version, kernel_abi: None };
            system::phrase(&RulesetStatus::PartiallyEnforced, &landlock, true)
        };
        assert_eq!(of(ABI::V1), "gave up writing outside its own folders but cutting files short (Landlock 1)");
        assert_eq!(of(ABI::V7), "gave up writing outside its own folders, TCP, signals to others (Landlock 7)");
        assert_eq!(of(ABI::V10), "gave up writing outside its own folders, TCP, UDP, signals to others (Landlock 10)");
        let none = system::phrase(&RulesetStatus::NotEnforced, &LandlockStatus::NotImplemented, true);
        assert_eq!(none, "nothing is given up: this kernel has no Landlock");
    }

    #[test]
    fn where_a_folder_is_gone_nothing_is_given_up() {
        let said = enter(&[PathBuf::from("/nowhere/at/all")]);
        assert!(said.starts_with("nothing is given up: cannot open /nowhere/at/all"), "{said}");
    }
}
