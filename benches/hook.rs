//! What the hook costs, beside what git itself costs on the same repository: the hook rows, the
//! commit row and the scan row of the budget (`docs/performance.md` has the measured table).
//!
//!     cargo bench --bench hook                        # every row
//!     cargo bench --bench hook -- small 100k          # some rows
//!
//! Environment: `LEAKWARDEN_BENCH_BINARY` is the leakwarden to measure (default: the one built with
//! this bench, which is not static; see `docs/performance.md` for one that is),
//! `LEAKWARDEN_BENCH_RUNS` a number of runs instead of each row's own, `LEAKWARDEN_BENCH_TREE` a
//! source tree for the scan row, `LEAKWARDEN_BENCH_KEEP` keeps the repositories for a profiler, and
//! the git is the first on PATH. Needs `cc`; counts instructions where valgrind is installed. Peers
//! that are on PATH run too; one that sends what it scans to a service is not among them.
//!
//! The contestants of a row take turns, so that what else the machine does hits all alike. Nothing
//! here fails on a time; it fails where leakwarden does not find what was planted.

#[path = "hook/meter.rs"]
mod meter;
#[path = "hook/place.rs"]
mod place;
#[path = "hook/text.rs"]
mod text;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use meter::{Meter, Usage};
use place::Place;

/// Rows in the order of the budget.
const ROWS: [&str; 7] = ["small", "5000", "100k", "many", "huge", "commit", "scan"];

/// Programs that do the same, with what their documentation gives for a pre-commit hook.
const PEERS: [(&str, &str); 7] = [
    ("gitleaks", "gitleaks git --pre-commit --staged --no-banner --redact"),
    ("betterleaks", "betterleaks git --pre-commit --staged --no-banner --redact"),
    ("kingfisher", "kingfisher scan . --staged --no-validate --no-update-check"),
    ("trufflehog", "trufflehog git file://. --since-commit HEAD --no-verification --no-update --fail"),
    ("detect-secrets-hook", "git diff --cached --name-only -z | xargs -0 detect-secrets-hook"),
    ("ripsecrets", "git diff --cached --name-only -z | xargs -0 ripsecrets"),
    ("git-secrets", "git -c secrets.patterns='(A3T[A-Z0-9]|AKIA|ASIA)[A-Z0-9]{16}' secrets --pre_commit_hook"),
];

/// Runs of a peer, which are slow: enough to see by how much.
const PEER_RUNS: usize = 5;

const KEEP: &str = "LEAKWARDEN_BENCH_KEEP";

struct Bench {
    place: Place,
    meter: Meter,
    leakwarden: PathBuf,
    runs: Option<usize>,
}

/// What takes its turns in a row.
struct Contestant {
    name: String,
    folder: PathBuf,
    words: Vec<OsString>,
    runs: usize,
    /// Changes and stages a file before each run.
    commits: bool,
}

/// All runs of a contestant.
struct Measured {
    name: String,
    runs: Vec<Usage>,
    instructions: Option<u64>,
}

/// One number of a run.
type Field = fn(&Usage) -> u64;

/// One number of all runs.
type Summary = fn(&Measured, Field) -> u64;

/// What the budget says of the first contestant of a row.
enum Goal {
    /// At most so many times the CPU of the named one.
    Cpu(&'static str, f64),
    /// At most so many times the instructions of the named one.
    Instructions(&'static str, f64),
    /// At most so many MiB resident.
    Peak(f64),
    /// This contestant costs at most so many ms of CPU more than the named one.
    More(&'static str, &'static str, f64),
}

const HOOK: &str = "leakwarden hook pre-commit";
const QUIET: &str = "git diff --cached --quiet";
const DIFF: &str = "git diff --cached";
const PLAIN: &str = "git commit";
const ONE: &str = "git commit, pre-commit";
const ALL: &str = "git commit, all hooks";

fn main() -> Result<()> {
    // `cargo bench` passes --bench; everything else is the name of a row.
    let wanted: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let Some(odd) = wanted.iter().find(|word| !ROWS.contains(&word.as_str())) {
        bail!("there is no row `{odd}`; the rows are {}", ROWS.join(", "));
    }
    let place = Place::new(env::var_os(KEEP).is_some())?;
    let leakwarden = env::var_os("LEAKWARDEN_BENCH_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_leakwarden").into());
    let leakwarden = fs::canonicalize(&leakwarden).with_context(|| format!("no {}", leakwarden.display()))?;
    let runs = env::var("LEAKWARDEN_BENCH_RUNS").ok().map(|runs| runs.parse()).transpose()?;
    let bench = Bench { meter: Meter::build(place.root())?, place, leakwarden, runs };
    println!("{}", first_line(Command::new("git").arg("--version"))?);
    println!("{} ({})", first_line(Command::new(&bench.leakwarden).arg("--version"))?, bench.leakwarden.display());
    for row in ROWS.into_iter().filter(|row| wanted.is_empty() || wanted.iter().any(|word| word == row)) {
        bench.row(row)?;
    }
    Ok(())
}

impl Bench {
    fn row(&self, name: &str) -> Result<()> {
        match name {
            "small" => {
                let goals = [Goal::Cpu(QUIET, 1.0), Goal::Instructions(QUIET, 1.25), Goal::Peak(8.0)];
                self.hook("small: 60 files, 1 staged, 10 lines added", &self.place.small("small")?, 0, 300, &goals)
            }
            "5000" => {
                let goals = [Goal::Cpu(DIFF, 1.0)];
                self.hook("5000: 5,000 files, 20 staged, 1 secret", &self.place.middling()?, 1, 150, &goals)
            }
            "100k" => {
                let goals = [Goal::Cpu(QUIET, 0.25)];
                self.hook("100k: index of 100,000 entries, 1 staged", &self.place.wide()?, 0, 100, &goals)
            }
            "many" => {
                let goals = [Goal::Cpu(DIFF, 1.0)];
                self.hook("many: 2,000 new files, 50 MB, 10 secrets", &self.place.many("many")?, 10, 15, &goals)
            }
            "huge" => {
                let goals = [Goal::Cpu(DIFF, 3.0), Goal::Peak(2.5 * 100e6 / MIB)];
                self.hook("huge: a line of 100 MB with a secret, 50 MB binary", &self.place.huge()?, 1, 7, &goals)
            }
            "commit" => self.commit(),
            _ => self.scan(),
        }
    }

    /// The hook against git and the peers on what is staged in `repo`.
    fn hook(&self, title: &str, repo: &Path, secrets: usize, runs: usize, goals: &[Goal]) -> Result<()> {
        self.check(repo, secrets)?;
        let contestant = |name: &str, words: Vec<OsString>, runs| Contestant {
            name: name.to_owned(),
            folder: repo.to_owned(),
            words,
            runs,
            commits: false,
        };
        let mut contestants = vec![
            contestant(HOOK, self.leakwarden_with("hook pre-commit"), runs),
            contestant(QUIET, split(QUIET), runs),
            contestant(DIFF, split(DIFF), runs),
        ];
        for (peer, line) in PEERS.into_iter().filter(|(peer, _)| on_path(peer)) {
            contestants.push(contestant(peer, vec!["sh".into(), "-c".into(), line.into()], runs.min(PEER_RUNS)));
        }
        let mut measured = self.take_turns(&contestants)?;
        // Instructions tell much about short runs; valgrind takes too long for the others.
        if runs >= 100 {
            for (contestant, measured) in contestants.iter().zip(&mut measured).take(3) {
                let like = self.place.command("", &contestant.folder);
                measured.instructions = meter::instructions(&like, &contestant.words);
            }
        }
        print(title, &measured);
        judge(&measured, goals)?;
        if env::var_os(KEEP).is_some() {
            println!("    kept: {}", repo.display());
            return Ok(());
        }
        // The next row wants the room.
        fs::remove_dir_all(repo).with_context(|| format!("remove {}", repo.display()))
    }

    /// Real commits without hooks, with pre-commit only, and with everything that is installed.
    fn commit(&self) -> Result<()> {
        let mut contestants = Vec::new();
        for (number, name) in [PLAIN, ONE, ALL].into_iter().enumerate() {
            let folder = self.place.small(&format!("commit-{number}"))?;
            if number > 0 {
                let mut install = self.place.command(&self.leakwarden, &folder);
                ensure!(install.arg("install").output()?.status.success(), "leakwarden install failed");
            }
            if number == 1 {
                let hooks = folder.join(".git/hooks");
                for entry in fs::read_dir(&hooks).with_context(|| format!("read {}", hooks.display()))? {
                    let path = entry?.path();
                    if path.file_name().is_some_and(|name| name != "pre-commit") {
                        fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
                    }
                }
            }
            let words = split("git commit -q -m change");
            contestants.push(Contestant { name: name.to_owned(), folder, words, runs: 150, commits: true });
        }
        let measured = self.take_turns(&contestants)?;
        print("commit: `git commit` in the small repository", &measured);
        judge(&measured, &[Goal::More(ONE, PLAIN, 3.0), Goal::More(ALL, PLAIN, 6.0)])
    }

    /// How much of a source tree is scanned in a second of CPU time.
    fn scan(&self) -> Result<()> {
        let (tree, title) = match env::var_os("LEAKWARDEN_BENCH_TREE") {
            Some(tree) => (fs::canonicalize(&tree)?, "scan: the tree in LEAKWARDEN_BENCH_TREE"),
            None => (self.place.many("scan")?.join("new"), "scan: 2,000 generated files, 50 MB"),
        };
        let mut words = self.leakwarden_with("scan --format json");
        words.push(".".into());
        let output = self.place.command(&words[0], &tree).args(&words[1..]).output().context("start leakwarden")?;
        let bytes = number_after(&output.stdout, "\"bytes\":").context("the report has no bytes")?;
        let name = "leakwarden scan .".to_owned();
        let measured = self.take_turns(&[Contestant { name, folder: tree, words, runs: 15, commits: false }])?;
        print(title, &measured);
        let (best, usual) = (least(&measured[0], |u| u.cpu), median(&measured[0], |u| u.cpu));
        let speed = |micros: u64| bytes as f64 / micros as f64;
        println!(
            "    {} bytes scanned; MB per CPU-second (goal at least 200): {:.0}, median {:.0}",
            bytes,
            speed(best),
            speed(usual)
        );
        Ok(())
    }

    /// Round after round each contestant runs once.
    fn take_turns(&self, contestants: &[Contestant]) -> Result<Vec<Measured>> {
        let runs_of = |contestant: &Contestant| self.runs.unwrap_or(contestant.runs);
        let mut all: Vec<Measured> = Vec::new();
        for contestant in contestants {
            all.push(Measured { name: contestant.name.clone(), runs: Vec::new(), instructions: None });
        }
        // Round 0 warms the caches and does not count.
        for round in 0..=contestants.iter().map(runs_of).max().unwrap_or(0) {
            for (contestant, measured) in contestants.iter().zip(&mut all).filter(|(c, _)| round <= runs_of(c)) {
                if contestant.commits {
                    place::append(
                        &contestant.folder.join(place::source_path(31)),
                        format!("    // {round}\n").as_bytes(),
                    )?;
                    self.place.git(&contestant.folder, "add -A")?;
                }
                let like = self.place.command("", &contestant.folder);
                let usage = self.meter.run(&like, &contestant.words)?;
                ensure!(usage.code == 0 || !contestant.commits, "{} ended with {}", contestant.name, usage.code);
                if round > 0 {
                    measured.runs.push(usage);
                }
            }
        }
        Ok(all)
    }

    /// What was planted must be found: a quick hook that sees nothing is no hook.
    fn check(&self, repo: &Path, secrets: usize) -> Result<()> {
        let words = self.leakwarden_with("hook pre-commit --format json");
        let output = self.place.command(&words[0], repo).args(&words[1..]).output().context("start leakwarden")?;
        let found = String::from_utf8_lossy(&output.stdout).matches("\"rule\": \"github-personal-token\"").count();
        let code = i32::from(secrets > 0);
        if found != secrets || output.status.code() != Some(code) {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("{secrets} planted, {found} found, {}, expected {code}: {errors}", output.status);
        }
        Ok(())
    }

    fn leakwarden_with(&self, line: &str) -> Vec<OsString> {
        let mut words = vec![self.leakwarden.clone().into_os_string()];
        words.extend(split(line));
        words
    }
}

const MIB: f64 = 1_048_576.0;

fn print(title: &str, all: &[Measured]) {
    println!("\n{title}");
    println!(
        "    {:<28} {:>5}  {:>9} {:>9}  {:>9} {:>9}  {:>9}  {:>12}",
        "", "runs", "CPU ms", "median", "wall ms", "median", "peak MiB", "instructions"
    );
    for one in all {
        let ms = |micros: u64| micros as f64 / 1000.0;
        let peak = least(one, |u| u.peak) as f64 / 1024.0;
        let instructions = one.instructions.map_or_else(String::new, |count| format!("{:.3}M", count as f64 / 1e6));
        println!(
            "    {:<28} {:>5}  {:>9.2} {:>9.2}  {:>9.2} {:>9.2}  {:>9.1}  {:>12}",
            one.name,
            one.runs.len(),
            ms(least(one, |u| u.cpu)),
            ms(median(one, |u| u.cpu)),
            ms(least(one, |u| u.wall)),
            ms(median(one, |u| u.wall)),
            peak,
            instructions
        );
    }
}

/// Prints each goal with what was measured: of the minima, then of the medians.
fn judge(all: &[Measured], goals: &[Goal]) -> Result<()> {
    let find = |name: &str| all.iter().find(|one| one.name == name).with_context(|| format!("no {name}"));
    let ours = all.first().context("a row has contestants")?;
    for goal in goals {
        let (what, measured, usual, limit) = match *goal {
            Goal::Cpu(name, limit) => {
                let git = find(name)?;
                let ratio = |of: Summary| of(ours, |u| u.cpu) as f64 / of(git, |u| u.cpu) as f64;
                let wall = least(ours, |u| u.wall) as f64 / least(git, |u| u.wall) as f64;
                println!("    wall / `{name}`: {wall:.2}");
                (format!("CPU / `{name}`"), ratio(least), Some(ratio(median)), limit)
            }
            Goal::Instructions(name, limit) => {
                let (Some(ours), Some(git)) = (ours.instructions, find(name)?.instructions) else { continue };
                (format!("instructions / `{name}`"), ours as f64 / git as f64, None, limit)
            }
            Goal::Peak(limit) => ("peak MiB".to_owned(), most(ours, |u| u.peak) as f64 / 1024.0, None, limit),
            Goal::More(name, base, limit) => {
                let (one, base) = (find(name)?, find(base)?);
                let more = |of: Summary| (of(one, |u| u.cpu) as f64 - of(base, |u| u.cpu) as f64) / 1000.0;
                (format!("CPU ms of `{name}` over `{}`", base.name), more(least), Some(more(median)), limit)
            }
        };
        let verdict = if measured <= limit { "met" } else { "MISSED" };
        let usual = usual.map_or_else(String::new, |usual| format!(" (of medians {usual:.2})"));
        println!("    {what}: {measured:.2}{usual}, goal at most {limit:.2}: {verdict}");
    }
    Ok(())
}

fn least(one: &Measured, of: Field) -> u64 {
    one.runs.iter().map(of).min().unwrap_or(0)
}

fn most(one: &Measured, of: Field) -> u64 {
    one.runs.iter().map(of).max().unwrap_or(0)
}

fn median(one: &Measured, of: Field) -> u64 {
    let mut all: Vec<u64> = one.runs.iter().map(of).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

fn split(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn on_path(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("start {}", command.get_program().display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

fn number_after(text: &[u8], mark: &str) -> Option<u64> {
    let text = String::from_utf8_lossy(text);
    let rest = text.split_once(mark)?.1.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
