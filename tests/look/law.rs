//! The law of the guard, on work that nobody planned: its open warnings are what the hook's judge says of
//! the same state, whatever was done to files and by git, and whether all of it was looked at or only what
//! changed.
//!
//! `LEAKWARDEN_WORKDAYS` sets how many days of work are run, `LEAKWARDEN_SEED` the first one's seed.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use leakwarden::guard::Scope;

use crate::dice::Dice;
use crate::kit::{Sandbox, gits, line, plant};
use crate::{Eye, ids, judged_by_the_hook};

/// Days that are run where nobody asks for more.
const DAYS: u64 = 6;

/// Steps of each.
const STEPS: usize = 40;

const FILES: [&str; 7] = ["a.py", "src/b.py", "src/deep/c.txt", "conf/d.yml", "conf/.env", "e.crlf", "src/f.js"];

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn the_guard_says_what_the_hook_would_say() -> Result<()> {
    let first = asked("LEAKWARDEN_SEED").unwrap_or(1);
    let mut open = 0;
    for seed in first..first + asked("LEAKWARDEN_WORKDAYS").unwrap_or(DAYS) {
        let all = gits::all();
        let git = &all[usize::try_from(seed)? % all.len()];
        open += day(&Sandbox::new(git)?, seed).with_context(|| format!("seed {seed}, git {}", git.version))?;
    }
    // A law about nothing would hold too.
    ensure!(open > 100, "only {open} warnings were compared");
    println!("{open} warnings were compared");
    Ok(())
}

fn day(s: &Sandbox, seed: u64) -> Result<usize> {
    let mut open = 0;
    let mut dice = Dice::new(seed);
    s.git("init -q")?;
    s.write(".gitattributes", "*.crlf text eol=crlf\n*.js -diff\n")?;
    for file in FILES {
        s.write(file, "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n")?;
    }
    s.commit_unchecked("first")?;
    let mut eye = Eye::on(s);
    let mut done = Vec::new();
    for number in 0..STEPS {
        let (told, scope) = step(s, &mut dice, seed, number)?;
        done.push(told);
        let look = eye.look(&scope).with_context(|| format!("after {done:#?}"))?;
        let (guard, hook) = (ids(&look.warnings), judged_by_the_hook(s)?);
        ensure!(guard == hook, "guard {guard:?}, hook {hook:?}, {:?}, after {done:#?}", look.warnings);
        open += guard.len();
    }
    Ok(open)
}

/// Does something, and tells what and what has to be looked at.
fn step(s: &Sandbox, dice: &mut Dice, seed: u64, number: usize) -> Result<(String, Scope)> {
    let file = *dice.of(&FILES);
    // Few values, so that the same one comes again elsewhere.
    let secret = plant::github(&format!("law-{seed}-{}", dice.below(5)));
    let path = s.path(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let at_file = Scope::Paths([file.as_bytes().to_vec()].into());
    let told = |what: &str| format!("{number}: {what} {file}");
    let write = |what: &str, text: String| -> Result<(String, Scope)> {
        if fs::symlink_metadata(&path).is_ok_and(|data| data.is_symlink()) {
            fs::remove_file(&path)?;
        }
        let clash = path.parent().is_some_and(|folder| s.path("src").is_file() && folder.starts_with(s.path("src")));
        if path.is_dir() || clash {
            return Ok((told("left"), Scope::All));
        }
        s.write(file, text)?;
        Ok((told(what), at_file.clone()))
    };
    let git = |commands: &[&str]| -> Result<(String, Scope)> {
        for command in commands {
            s.try_git(&command.replace("FILE", file))?;
        }
        Ok((told(&commands.join(" && ")), Scope::All))
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let middle = lines.len() / 2;
    let planted =
        |end: &str| [&lines[..middle].concat(), &*line(&secret).replace('\n', end), &lines[middle..].concat()].concat();
    match dice.below(39) {
        0..=5 => write("plant", planted("\n")),
        6 => write("plant with CRLF", planted("\r\n")),
        7 | 8 => write("clean", lines.iter().filter(|line| !line.contains("token")).copied().collect()),
        9 => write("turn line ends", text.replace("\r\n", "\n").replace('\n', "\r\n")),
        10 => write("edit", format!("{text}more {number}\n")),
        11 => write("truncate", String::new()),
        12 | 13 => git(&["add FILE"]),
        14 => git(&["add -A"]),
        15 => git(&["add -u", "commit -qm x --no-verify"]),
        16 => git(&["commit -qm x --no-verify"]),
        17 => git(&["restore --staged FILE"]),
        18 => git(&["restore FILE"]),
        19 => git(&["checkout -q -f HEAD"]),
        20 => git(&["stash -q"]),
        21 => git(&["stash pop -q"]),
        22 => git(&["mv -f FILE src/moved.py"]),
        23 => git(&["rm -q -f --cached FILE", "add -N FILE"]),
        24 => git(&["checkout -q -b other", "checkout -q other"]),
        25 => git(&["checkout -q main"]),
        26 => git(&["merge -q --no-edit --no-verify other"]),
        27 => git(&["merge --abort", "reset -q --hard"]),
        28 => git(&["cherry-pick other", "cherry-pick --abort"]),
        29 => git(&["cherry-pick other"]),
        30 => git(&["update-index --assume-unchanged FILE"]),
        31 => git(&["update-index --no-assume-unchanged --no-skip-worktree FILE"]),
        32 => git(&["update-index --skip-worktree FILE"]),
        33 => git(&["commit -q --amend --no-edit --no-verify"]),
        34 => git(&["config core.autocrlf input"]),
        35 => git(&["config core.autocrlf false"]),
        36 => {
            let rule = dice.of(&["*.py text eol=crlf\n", "*.yml -text\n", "* text=auto\n", "*.txt ident\n"]);
            s.append(".gitattributes", *rule)?;
            Ok((told("attributes"), Scope::All))
        }
        37 => {
            // A folder where a file was, or the other way round.
            let folder = s.path("src");
            if folder.is_dir() {
                fs::remove_dir_all(&folder)?;
                s.write("src", line(&secret))?;
            } else if fs::symlink_metadata(&folder).is_ok() {
                fs::remove_file(&folder)?;
            }
            Ok((told("turn src"), Scope::Paths([b"src".to_vec()].into())))
        }
        38 => {
            let Some(id) = crate::blocked(s, None)?.into_iter().next() else { return Ok((told("left"), at_file)) };
            s.allow(&id, &[])?;
            Ok((told("allow"), Scope::All))
        }
        _ => {
            if path.is_file() {
                fs::remove_file(&path)?;
                if dice.once_in(2) {
                    std::os::unix::fs::symlink(&secret, &path)?;
                }
            }
            Ok((told("remove, or link at"), at_file))
        }
    }
}
