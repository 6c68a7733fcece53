//! Much at once: checkouts, overflows, folders that come and go faster than anybody looks, and a system that
//! gives no watches.

use std::fs;
use std::process::Stdio;

use anyhow::{Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::daemon::{Daemon, events, open, states, status, sync, until};
use crate::in_repository;
use crate::kit::{LEAKWARDEN, line, plant, skip};

#[test]
fn a_large_checkout_warns_of_nothing() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b other")?;
        for number in 0..2000 {
            // It was committed long ago, past the hooks.
            let text =
                if number % 100 == 0 { line(&plant::github(&format!("old {number}"))) } else { "x\n".to_owned() };
            s.write(format!("d{}/e{}/f{number}.txt", number % 20, number % 7), text)?;
        }
        s.commit_unchecked("many")?;
        s.git("checkout -q main")?;
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        for _ in 0..3 {
            s.git("checkout -q other")?;
            s.git("checkout -q main")?;
        }
        s.git("checkout -q other")?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        ensure!(events(s)? == "opened 0, withdrawn 0, returned 0", "{}", events(s)?);
        s.append("d1/e1/f1.txt", line(&plant::github("new")))?;
        ensure!(open(s)? == ["secret d1/e1/f1.txt"], "{:?}", open(s)?);
        s.git("stash -q")?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        s.git("stash pop -q")?;
        ensure!(open(s)? == ["secret d1/e1/f1.txt"], "{:?}", open(s)?);
        s.git("checkout -q -f main")?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn a_rebase_over_old_secrets_warns_of_nothing() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b work")?;
        for number in 0..25 {
            s.write(format!("w{number}.txt"), line(&plant::github(&format!("rebased {number}"))))?;
            s.commit_unchecked("work")?;
        }
        s.git("checkout -q main")?;
        s.write("other.txt", "x\n")?;
        s.commit_unchecked("main moves")?;
        s.git("checkout -q work")?;
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        s.run(s.git_command().args(["-c", "core.hooksPath=/dev/null", "rebase", "-q", "main"]))?.ok()?;
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        ensure!(events(s)? == "opened 0, withdrawn 0, returned 0", "{}", events(s)?);
        Ok(())
    })
}

#[test]
fn a_lock_that_git_left_behind_delays_and_hides_nothing() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        s.write(".git/index.lock", "")?;
        s.append("README.md", line(&plant::github("locked")))?;
        ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn what_happens_while_the_queue_overflows_is_seen() -> Result<()> {
    in_repository(|s| {
        let daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        let pid = Pid::from_raw(i32::try_from(daemon.id())?).expect("a process");
        kill_process(pid, Signal::STOP)?;
        for number in 0..10_000 {
            fs::write(s.path(format!("file{number}")), "x")?;
        }
        // The kernel keeps 16,384 events; those of these files are lost.
        s.append("README.md", line(&plant::github("overflow")))?;
        s.write("deep/er/.env", line(&plant::github("overflow too")))?;
        kill_process(pid, Signal::CONT)?;
        let all = open(s)?;
        ensure!(all == ["secret README.md", "env-file deep/er/.env"], "{all:?}");
        ensure!(events(s)?.starts_with("opened 2,"), "{}", events(s)?);
        Ok(())
    })
}

#[test]
fn folders_that_come_with_their_files_are_seen_each_time() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        for number in 0..50 {
            s.write(format!("n{number}/y/z/.env"), line(&plant::github(&format!("nested {number}"))))?;
        }
        ensure!(open(s)?.len() == 50, "{:?}", open(s)?);
        // Moved, removed and made anew, again and again.
        for number in 0..50 {
            let (from, to) = (s.path(format!("n{number}")), s.path(format!("m{number}")));
            fs::rename(&from, &to)?;
            if number % 2 == 0 {
                fs::remove_dir_all(&to)?;
                s.write(format!("m{number}/y/z/.env"), line(&plant::github(&format!("nested {number}"))))?;
            }
            if number % 5 == 0 {
                fs::remove_dir_all(&to)?;
            }
        }
        let all = open(s)?;
        ensure!(all.len() == 40 && all.iter().all(|own| own.starts_with("env-file m")), "{all:?}");
        // They are watched where they are now.
        for number in 0..50 {
            if number % 5 != 0 {
                s.write(format!("m{number}/y/z/.env"), "A=1\n")?;
            }
        }
        ensure!(open(s)?.is_empty(), "{:?}", open(s)?);
        for number in 0..50 {
            let _ = fs::remove_dir_all(s.path(format!("m{number}")));
        }
        sync(s)?;
        let left = status(s)?["repositories"][0]["folders"].as_u64();
        ensure!(left.is_some_and(|left| left < 15), "watches are left: {left:?}");
        Ok(())
    })
}

#[test]
fn every_editor_s_way_of_saving_is_one_warning() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        let text = fs::read_to_string(s.path("README.md"))? + &line(&plant::github("edited"));
        ensure!(open(s)?.is_empty());
        let readme = s.path("README.md");
        for _ in 0..3 {
            // In place; beside and renamed; away and anew; with the files that vim leaves for a moment.
            fs::write(&readme, &text)?;
            fs::write(s.path(".README.md.swp"), "x")?;
            fs::write(s.path("4913"), "")?;
            fs::remove_file(s.path("4913"))?;
            fs::write(s.path("README.md.tmp"), &text)?;
            fs::rename(s.path("README.md.tmp"), &readme)?;
            fs::rename(&readme, s.path("README.md~"))?;
            fs::write(&readme, &text)?;
            fs::remove_file(s.path("README.md~"))?;
            fs::remove_file(s.path(".README.md.swp"))?;
            ensure!(open(s)? == ["secret README.md"], "{:?}", open(s)?);
        }
        ensure!(events(s)? == "opened 1, withdrawn 0, returned 0", "{}", events(s)?);
        Ok(())
    })
}

#[test]
fn without_watches_it_looks_every_now_and_then_and_says_so() -> Result<()> {
    in_repository(|s| {
        for number in 0..30 {
            s.write(format!("d{number}/f"), "x\n")?;
        }
        s.commit_unchecked("folders")?;
        // Inside a user's own namespace the limit can be set without being root outside.
        let script = "echo 20 >/proc/sys/user/max_inotify_watches && exec \"$0\" guard run";
        let mut command = s.command("unshare");
        command.args(["-Ur", "sh", "-c", script, LEAKWARDEN]).stdin(Stdio::null()).stderr(Stdio::null());
        let mut child = command.stdout(Stdio::null()).spawn()?;
        let mut ended = false;
        until("it answers", || {
            ended = child.try_wait()?.is_some();
            Ok(ended || s.leakwarden("guard status")?.code != Some(3))
        })?;
        if ended {
            skip("a limit of watches: no namespaces of users here");
            return Ok(());
        }
        let result = (|| {
            sync(s)?;
            ensure!(states(s)? == ["repo polling"], "{:?}", states(s)?);
            let said = s.leakwarden("guard status")?;
            ensure!(said.exits(1)?.stdout.contains("sysctl fs.inotify.max_user_watches="), "{}", said.stdout);
            s.append("d7/f", line(&plant::github("polled")))?;
            ensure!(open(s)? == ["secret d7/f"], "{:?}", open(s)?);
            Ok(())
        })();
        s.leakwarden("guard stop")?;
        let _ = child.kill();
        child.wait()?;
        result
    })
}

#[test]
fn a_folder_that_is_replaced_while_events_are_lost_is_watched_again() -> Result<()> {
    in_repository(|s| {
        s.write("src/file.txt", "x\n")?;
        s.commit_unchecked("a folder")?;
        let daemon = Daemon::run(s)?;
        ensure!(open(s)?.is_empty());
        let signal = |name: &str| s.run(s.command("sh").args(["-c", &format!("kill -{name} {}", daemon.id())]));
        signal("STOP")?.ok()?;
        for number in 0..20_000 {
            std::fs::write(s.path("flood"), number.to_string())?;
            std::fs::remove_file(s.path("flood"))?;
        }
        std::fs::remove_dir_all(s.path("src"))?;
        s.write("src/file.txt", "x\n")?;
        signal("CONT")?.ok()?;
        ensure!(open(s)?.is_empty());
        s.write("src/file.txt", line(&plant::github("afterwards")))?;
        ensure!(open(s)? == ["secret src/file.txt"], "{:?}", open(s)?);
        Ok(())
    })
}

#[test]
fn a_lock_left_behind_hides_nothing_while_somebody_writes() -> Result<()> {
    in_repository(|s| {
        s.write(".git/index.lock", "")?;
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
        std::fs::File::options().write(true).open(s.path(".git/index.lock"))?.set_modified(old)?;
        let _daemon = Daemon::run(s)?;
        s.append("README.md", line(&plant::github("busy")))?;
        crate::daemon::until("it is told", || {
            s.write("log", "x")?;
            Ok(s.leakwarden("guard warnings")?.code == Some(1))
        })
    })
}
