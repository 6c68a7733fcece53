//! `leakwarden generate`: what packages carry beside the program, made from the definition of the
//! command line, so that neither can say what the program does not do.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Args;
use super::{Exit, fail, print};
use crate::finding::escape;
use crate::install::Strict;
use crate::install::dropin::DropIn;
use crate::install::shim::Shims;

/// What can be made.
#[derive(Debug, Subcommand)]
pub enum Generate {
    /// Manual pages, one for each command; without `--out`, the main page.
    Man(Place),
    /// Completions for bash.
    Bash(Place),
    /// Completions for zsh.
    Zsh(Place),
    /// Completions for fish.
    Fish(Place),
    /// Completions for PowerShell.
    Powershell(Place),
    /// The hooks that git's configuration names, and the file to include: for packages, so that `install
    /// --system` has only a line to add.
    Hooks(Hooks),
}

/// Hooks for a package.
#[derive(Debug, clap::Args)]
pub struct Hooks {
    /// A folder for the files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where that folder will be on a machine. Default: where it is now.
    #[arg(long = "for", value_name = "DIR")]
    place: Option<PathBuf>,
    /// Where the program will be.
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
}

/// Where it goes.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// A folder for the files, by the names under which they are looked for. Default: standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A file by its name.
type Named = (String, Vec<u8>);

pub(super) fn run(command: Generate) -> Exit {
    let (made, place) = match command {
        Generate::Hooks(hooks) => {
            let stored = dropin(&hooks).and_then(|files| {
                files.iter().try_for_each(|(name, text)| {
                    let path = hooks.out.join(name);
                    let file = path.file_name().context("no name")?.to_string_lossy().into_owned();
                    store(path.parent().context("no folder")?, &(file, text.clone()), name.starts_with("hooks/"))
                })
            });
            return match stored {
                Ok(()) => Exit::Clean,
                Err(error) => fail(Exit::Usage, &error),
            };
        }
        Generate::Man(place) => (pages(), place),
        Generate::Bash(place) => (Ok(completions(Shell::Bash, "leakwarden")), place),
        Generate::Zsh(place) => (Ok(completions(Shell::Zsh, "_leakwarden")), place),
        Generate::Fish(place) => (Ok(completions(Shell::Fish, "leakwarden.fish")), place),
        Generate::Powershell(place) => (Ok(completions(Shell::PowerShell, "leakwarden.ps1")), place),
    };
    let done = made.and_then(|files| match place.out {
        Some(folder) => files.iter().try_for_each(|file| store(&folder, file, false)),
        None => show(&files),
    });
    match done {
        Ok(()) => Exit::Clean,
        Err(error) => fail(Exit::Usage, &error),
    }
}

/// The drop-in as a package lays it down: what policy asks for besides is not known there.
fn dropin(hooks: &Hooks) -> Result<Vec<Named>> {
    let place = hooks.place.as_ref().unwrap_or(&hooks.out);
    let place = std::path::absolute(place).context("where the folder will be, is not known")?;
    let binary = std::path::absolute(&hooks.binary).context("where the program will be, is not known")?;
    let shims = Shims { binary, missing: None, strict: Strict::default() };
    let mut files = vec![("hooks.gitconfig".to_owned(), DropIn::at(place).text(&shims)?.into_bytes())];
    for name in shims.names() {
        files.push((format!("hooks/{name}"), shims.text(name)?.into_bytes()));
    }
    Ok(files)
}

/// The main page comes first.
fn pages() -> Result<Vec<Named>> {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let mut files = Vec::new();
    page(command, &mut files).context("making the manual pages")?;
    Ok(files)
}

/// A command's page and those of the commands below it.
fn page(command: clap::Command, files: &mut Vec<Named>) -> Result<()> {
    let below: Vec<_> = command.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect();
    let man = Man::new(command);
    let mut text = Vec::new();
    man.render(&mut text)?;
    let text = String::from_utf8(text)?;
    let file = man.get_filename();
    let name = file.trim_end_matches(".1");
    let mut lines: Vec<_> = text.lines().map(|line| headed(line, name)).collect();
    if name != "leakwarden" {
        lines.extend([".SH \"SEE ALSO\"", ".BR leakwarden (1)"].map(str::to_owned));
    }
    files.push((file, (lines.join("\n") + "\n").into_bytes()));
    below.into_iter().try_for_each(|one| page(one, files))
}

/// The heads that the renderer has no right word for: it names a page's program by the last word of the
/// command, and has no section for exit codes. A date would make each build different; there is none.
fn headed(line: &str, name: &str) -> String {
    match line {
        ".SH EXTRA" => ".SH \"EXIT STATUS\"".to_owned(),
        _ if line.starts_with(".TH ") => {
            format!(".TH {name} 1 \"\" \"leakwarden {}\" \"leakwarden\"", env!("CARGO_PKG_VERSION"))
        }
        _ => line.trim_end().to_owned(),
    }
}

fn completions(shell: Shell, file: &str) -> Vec<Named> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "leakwarden", &mut text);
    vec![(file.to_owned(), text)]
}

fn show(files: &[Named]) -> Result<()> {
    let (_, text) = files.first().expect("at least one file is made");
    print(std::str::from_utf8(text).context("what was made is no text")?)
}

/// Everybody may read these files: they say what `--help` says.
fn store(folder: &Path, (name, text): &Named, executable: bool) -> Result<()> {
    let path = folder.join(name);
    let shown = escape(path.as_os_str().as_encoded_bytes());
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of {shown}"))?;
    let about = || format!("cannot write {shown}");
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(about)?;
    file.write_all(text).with_context(about)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))
            .with_context(about)?;
    }
    file.as_file().sync_all().with_context(about)?;
    file.persist(&path).map_err(|error| anyhow!(error.error)).with_context(about)?;
    Ok(())
}
