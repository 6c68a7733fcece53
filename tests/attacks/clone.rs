//! A hostile `.leakwarden/` in a fresh clone, and files that change between check and use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::kit::except::FILE;
use crate::kit::{LEAKWARDEN, in_repository, line, plant};
use crate::{sound, staged, stopped};

/// Commands that read or write the exceptions.
const COMMANDS: [&str; 6] =
    ["exceptions list", "exceptions prune", "exceptions fix", "exceptions show 0000", "verify --tree", "verify HEAD^!"];

#[test]
fn something_else_than_a_file() -> Result<()> {
    in_repository(|s| {
        staged(s, "clone")?;
        let id = s.only_id()?;
        let precious = s.root().join("precious");
        std::fs::write(&precious, "precious\n")?;
        let folder = s.root().join("folder");
        std::fs::create_dir(&folder)?;
        type Make<'a> = &'a dyn Fn() -> Result<()>;
        let link = |target: &std::path::Path, name: &str| -> Result<()> {
            Ok(std::os::unix::fs::symlink(target, s.path(name))?)
        };
        let makes: [(&str, Make<'_>); 5] = [
            ("a link to a file", &|| {
                std::fs::create_dir(s.path(".leakwarden")).map_err(Into::into).and_then(|()| link(&precious, FILE))
            }),
            ("a link to a folder", &|| link(&folder, ".leakwarden")),
            ("a link to nothing", &|| link("/no/such".as_ref(), ".leakwarden")),
            ("a folder for the file", &|| s.write(format!("{FILE}/x"), "x\n")),
            ("a file for the folder", &|| s.write(".leakwarden", "x\n")),
        ];
        for (what, make) in makes {
            make()?;
            s.git("add -A")?;
            stopped(s, what)?;
            for command in COMMANDS {
                let outcome = s.leakwarden(command)?;
                sound(&outcome)?;
            }
            let allowed = s.allow(&id, &[])?;
            sound(&allowed)?;
            ensure!(allowed.code != Some(0), "{what}: {}", allowed.stdout);
            ensure!(std::fs::read_to_string(&precious)? == "precious\n", "{what}: written through");
            ensure!(std::fs::read_dir(&folder)?.count() == 0, "{what}: written elsewhere");
            s.git("rm -q -r --cached .leakwarden")?;
            let place = s.path(".leakwarden");
            if place.is_dir() && !place.is_symlink() {
                std::fs::remove_dir_all(place)?;
            } else {
                std::fs::remove_file(place)?;
            }
        }
        Ok(())
    })
}

#[test]
fn something_else_than_exceptions() -> Result<()> {
    in_repository(|s| {
        staged(s, "content")?;
        s.allow(&s.only_id()?, &[])?.ok()?;
        let good = s.exceptions()?;
        let block = &good[good.find("[[exception]]").unwrap_or(0)..];
        for (what, bytes) in [
            ("nothing", Vec::new()),
            ("no UTF-8", [good.as_bytes(), b"# \xff"].concat()),
            ("deep nesting", ["x = ".to_owned(), "[".repeat(1 << 20)].concat().into_bytes()),
            ("deep inline tables", ["x = ".to_owned(), "{a=".repeat(1 << 19)].concat().into_bytes()),
            ("many entries", [good.as_str(), &block.repeat(9_000)].concat().into_bytes()),
            ("more than a file may hold", good.repeat(9_000).into_bytes()),
            ("a conflict", format!("<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> x\n").into_bytes()),
            ("another version", good.replace("version = 1", "version = 2").into_bytes()),
        ] {
            s.write(FILE, bytes)?;
            s.git("add -A")?;
            stopped(s, what)?;
            for command in COMMANDS {
                let begin = Instant::now();
                sound(&s.leakwarden(command)?)?;
                ensure!(begin.elapsed() < Duration::from_secs(20), "{what}: {command} took {:?}", begin.elapsed());
            }
        }
        s.commit_unchecked("hostile")?;
        let outcome = s.verify("HEAD^!")?;
        ensure!(outcome.code != Some(0), "verify: {}", outcome.stderr);
        Ok(())
    })
}

/// The folder becomes a link and a folder again, over and over, while exceptions are written.
#[test]
fn swapped_between_check_and_use() -> Result<()> {
    in_repository(|s| {
        staged(s, "swap")?;
        let id = s.only_id()?;
        let elsewhere = s.root().join("elsewhere");
        std::fs::create_dir(&elsewhere)?;
        let (place, stop) = (s.path(".leakwarden"), AtomicBool::new(false));
        std::thread::scope(|scope| -> Result<()> {
            scope.spawn(|| {
                // Each step may meet what leakwarden has just made; the next round begins anew.
                while !stop.load(Ordering::Relaxed) {
                    let _ = std::fs::remove_dir_all(&place);
                    let _ = std::fs::create_dir(&place);
                    let _ = std::fs::remove_dir_all(&place);
                    let _ = std::os::unix::fs::symlink(&elsewhere, &place);
                    let _ = std::fs::remove_file(&place);
                }
            });
            let tries = (0..25).try_for_each(|_| {
                let mut command = s.command(LEAKWARDEN);
                let words = ["allow", &id, "--kind", "test-value", "--reason", "made for this scenario"];
                sound(&s.run(command.args(words))?)
            });
            stop.store(true, Ordering::Relaxed);
            tries
        })?;
        let stray: Vec<_> =
            std::fs::read_dir(&elsewhere)?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
        // Writing through is a race with a process of the same user, who could write there as well; what is
        // committed is read from the tree, which has no links to follow.
        ensure!(stray.iter().all(|name| name.to_string_lossy().contains("exceptions.toml")), "{stray:?}");
        s.write("b.py", line(&plant::github("other")))?;
        s.git("add b.py")?;
        s.commit("")?.blocked().map(drop)
    })
}
