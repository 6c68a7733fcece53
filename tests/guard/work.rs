//! Work of all kinds in any order: after each step the guard knows from events what a look at everything says.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::daemon::{Daemon, open, raw, sync};
use crate::in_repository;
use crate::kit::{Sandbox, line, plant};

/// Numbers that look random and are the same each time (the constants are those of PCG's generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const NAMES: [&str; 6] = ["README.md", "a/one.txt", "a/b/two.txt", "c/.env", "a/d/e/.env.local", "f/key.txt"];

fn step(s: &Sandbox, dice: &mut Dice, number: u64) -> Result<String> {
    let name = NAMES[usize::try_from(dice.roll(6))?];
    // Git may refuse; then nothing happened.
    let git = |words: &[&str]| s.run(s.git_command().args(words)).map(drop);
    let past = ["-c", "core.hooksPath=/dev/null"];
    let what = dice.roll(14);
    match what {
        0..=2 => s.write(name, format!("x\n{}", line(&plant::github(&format!("step {number}")))))?,
        3 => s.write(name, "clean\n")?,
        4 => drop(fs::remove_file(s.path(name))),
        5 => drop(fs::rename(s.path("a"), s.path("moved"))),
        6 => drop(fs::rename(s.path("moved"), s.path("a"))),
        7 => git(&["add", "-A"])?,
        8 => git(&[past[0], past[1], "commit", "-q", "-a", "-m", "a step"])?,
        9 => git(&["stash", "-q", "-u"])?,
        10 => git(&["stash", "pop", "-q"])?,
        11 => git(&["checkout", "-q", "-f", if dice.roll(2) == 0 { "main" } else { "other" }])?,
        12 => drop(fs::remove_dir_all(s.path("a"))),
        _ => {
            let text = if dice.roll(2) == 0 { "*.txt\n" } else { "" };
            s.write(".gitignore", text)?;
        }
    }
    Ok(format!("step {number}: {what} with {name}"))
}

#[test]
fn events_tell_what_a_look_at_everything_tells() -> Result<()> {
    in_repository(|s| {
        s.git("branch other")?;
        let _daemon = Daemon::run(s)?;
        let mut dice = Dice(20_261_122);
        let mut done = Vec::new();
        for number in 0..120 {
            done.push(step(s, &mut dice, number)?);
            // Sometimes many steps at once.
            if dice.roll(3) == 0 {
                continue;
            }
            let events = open(s).with_context(|| done.join("\n"))?;
            raw(s, b"{\"v\":1,\"do\":\"reload\"}\n")?;
            let everything = open(s)?;
            ensure!(events == everything, "{events:?} is not {everything:?} after\n{}", done.join("\n"));
            done.push(format!("{events:?}"));
        }
        ensure!(done.iter().any(|line| line.contains("secret")), "nothing was ever warned of");
        sync(s)?;
        ensure!(Path::new(&s.path("")).exists());
        Ok(())
    })
}
