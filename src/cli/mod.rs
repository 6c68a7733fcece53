//! Arguments and environment become a command; its outcome becomes text and an exit code.
//!
//! The only module that reads argv and the environment, prints, and decides how the process ends.

mod allow;
mod approve;
mod args;
mod around;
mod bench;
mod case;
mod doctor;
mod exceptions;
mod exposures;
mod generate;
mod guard;
mod hook;
mod import;
mod install;
mod journal;
mod ledger;
mod policy;
mod prompt;
mod rules;
mod scan;
mod verify;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::report::human::Look;
use crate::report::{Report, github, human, json, sarif};
use args::{Args, Command, Format, Hook, When};
use hook::Call;

/// How a run ends; the numbers are a promise (`README.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to object to.
    Clean = 0,
    /// Findings.
    Findings = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Something could not be scanned.
    CouldNotScan = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Runs the program for these arguments (the first is the program's name).
pub fn run(arguments: Vec<OsString>) -> Exit {
    // The hook is the path that must be quick: its one spelling is known without clap.
    match arguments.get(1..).map(|rest| rest.iter().map(|a| a.to_str()).collect::<Vec<_>>()).as_deref() {
        Some([Some("hook"), Some("pre-commit")]) => return hook::pre_commit(Format::Human, When::Auto),
        Some([Some("hook"), Some("post-commit")]) => return hook::after(&Call::Commit, When::Auto),
        Some([Some("hook"), Some("pre-merge-commit")]) => return hook::pre_merge_commit(Format::Human, When::Auto),
        Some([Some("hook"), Some("commit-msg"), Some(file)]) if !file.starts_with('-') => {
            return hook::commit_msg(file.as_ref(), Format::Human, When::Auto);
        }
        _ => {}
    }
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are asked for; everything else is a mistake. Nothing is left to do
            // where the terminal is gone.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Clean };
        }
    };
    let color = args.color;
    match args.command {
        Command::Install { reach, if_missing, write, dry_run } => {
            let missing = if_missing.map(Into::into);
            install::run(&install::Request { install: true, reach, missing, write, dry_run })
        }
        Command::Uninstall { reach, write, dry_run } => {
            install::run(&install::Request { install: false, reach, missing: None, write, dry_run })
        }
        Command::Doctor(request) => doctor::run(&request),
        Command::Scan { staged: true, format, .. } => scan::staged(format, color),
        Command::Scan { paths, explain: true, format, .. } => scan::explain(&paths, format, color),
        Command::Scan { paths, format, .. } => scan::paths(&paths, format, color),
        Command::Allow { ids, kind, reason, expires, ticket, once } => {
            allow::run(&allow::Request { ids, kind, reason, expires, ticket, once })
        }
        Command::Verify { range, tree, pre_receive, policy_from, format } => {
            verify::run(&verify::Request { range, tree, pre_receive, policy_from, format }, color)
        }
        Command::Approve { id, key } => approve::run(&id, key.as_deref()),
        Command::Exceptions(command) => exceptions::run(command),
        Command::Exposures { command, list } => exposures::run(command.unwrap_or(args::Exposures::List(list))),
        Command::Import { files, kind, dry_run } => import::run(&import::Request { files, kind, dry_run }),
        Command::Generate(command) => generate::run(command),
        Command::Guard(command) => guard::run(command),
        Command::Ledger(command) => ledger::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Rules(command) => rules::run(command),
        Command::Hook(Hook::PreCommit { format }) => hook::pre_commit(format, color),
        Command::Hook(Hook::PreMergeCommit { format }) => hook::pre_merge_commit(format, color),
        Command::Hook(Hook::CommitMsg { file, format }) => hook::commit_msg(&file, format, color),
        Command::Hook(Hook::PrepareCommitMsg { .. }) => hook::prepare_commit_msg(),
        Command::Hook(Hook::PostCommit) => hook::after(&Call::Commit, color),
        Command::Hook(Hook::PostMerge { squash }) => hook::after(&Call::Merge(squash == "1"), color),
        Command::Hook(Hook::PostApplypatch) => hook::after(&Call::Patch, color),
        Command::Hook(Hook::PostRewrite { what }) => hook::post_rewrite(what, color),
        Command::Hook(Hook::PrePush { format, .. }) => hook::pre_push(format, color),
        Command::Hook(Hook::ReferenceTransaction { state, format }) => {
            hook::reference_transaction(&state, format, color)
        }
    }
}

/// Prints a report and tells how the run ends. People read standard error, programs standard output.
fn deliver(report: &Report, format: Format, color: When) -> Exit {
    let written = match format {
        Format::Human if report.is_silent() => Ok(()),
        Format::Human => io::stderr().lock().write_all(human::render(report, look(color)).as_bytes()),
        Format::Json => io::stdout().lock().write_all(json::render(report).as_bytes()),
        Format::Sarif => io::stdout().lock().write_all(sarif::render(report).as_bytes()),
    };
    match ending(report) {
        // A report that nobody could read must not pass for a clean one in a program's eyes.
        Exit::Clean if written.is_err() && format != Format::Human => Exit::CouldNotScan,
        exit => exit,
    }
}

/// How a run ends that gives this report.
fn ending(report: &Report) -> Exit {
    if !report.receipt.not_scanned.is_empty() && report.unscanned_blocks {
        Exit::CouldNotScan
    } else if report.blocking() > 0 {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

/// The same for commits, which have one form more.
fn deliver_as(report: &Report, format: args::VerifyFormat, color: When) -> Exit {
    use args::VerifyFormat as Form;
    match format {
        Form::Human => deliver(report, Format::Human, color),
        Form::Json => deliver(report, Format::Json, color),
        Form::Sarif => deliver(report, Format::Sarif, color),
        Form::Github => match print(&github::render(report)) {
            Ok(()) => deliver(report, Format::Human, color),
            Err(error) => fail(Exit::CouldNotScan, &error),
        },
    }
}

/// Prints text on standard output.
///
/// # Errors
/// Where it cannot be written; a reader that has gone away (`… | head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("writing to standard output"))
        }
        _ => Ok(()),
    }
}

/// Tells a person something, past standard output.
fn tell(text: &str) {
    // Where nobody can read it there is nothing left to do.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints an error with its causes and gives the exit code for it.
fn fail(exit: Exit, error: &anyhow::Error) -> Exit {
    let text = crate::finding::escape(format!("{error:#}").as_bytes());
    let head = if exit == Exit::CouldNotScan { "could not scan: " } else { "" };
    let _ = writeln!(io::stderr(), "leakwarden: {head}{text}");
    exit
}

/// Prints what a command gives, or its error, and tells how the run ends.
fn finish(result: Result<String, case::Failure>) -> Exit {
    match result.map(|text| print(&text)) {
        Ok(Ok(())) => Exit::Clean,
        Ok(Err(error)) => fail(Exit::Usage, &error),
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

fn look(color: When) -> Look {
    let terminal = io::stderr().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
        || std::env::var_os("TERM").is_some_and(|v| v == "dumb");
    let color = match color {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && !plain,
    };
    // In a hook one stands at the top; git says where its user stands.
    let below = std::env::var_os("GIT_PREFIX").is_some_and(|below| !below.is_empty());
    Look { color, width: terminal.then(crate::cli::width).flatten(), below }
}

/// The same for what is told on standard output.
fn look_on_stdout(color: When) -> Look {
    let seen = look(color);
    Look { color: seen.color && (color == When::Always || io::stdout().is_terminal()), ..seen }
}

/// Columns of the terminal on standard error, or what COLUMNS says.
fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|v| v.parse().ok());
    #[cfg(unix)]
    let seen = rustix::termios::tcgetwinsize(io::stderr()).ok().map(|size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let seen: Option<usize> = None;
    seen.filter(|&w| w > 0).or(said)
}

/// Prepares the process: no core dump (it could hold a secret), and a panic ends with a message
/// that shows none and with the exit code for "could not scan".
pub fn guard_process() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where the kernel refuses, the limit below still holds.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        // The panic's own text is left out: it may quote what was being scanned.
        let _ = writeln!(
            io::stderr(),
            "leakwarden: could not scan: an error in leakwarden itself{place}; please report it"
        );
        std::process::exit(i32::from(Exit::CouldNotScan as u8));
    }));
}
