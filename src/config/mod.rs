//! Policy files of this machine: where they are, and whether they may be believed.
//!
//! A fleet's files stand where only an administrator writes; their places are fixed, and no variable
//! or flag changes them. Where they are broken, a copy of what they were counts for a while:
//! [`keep`]. (Nothing was run on macOS or Windows.)

mod fleet;
mod last_good;
mod place;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::document;
use crate::finding::escape;
use crate::policy::check;
use crate::policy::layers::Layers;
use crate::policy::syntax::{self, Keys};
use crate::rules::RuleSet;

pub use fleet::{Fleet, FleetFile, fleet};
pub use last_good::{CopyInUse, DAYS, Kept, LAST_GOOD, keep};

/// The folder of a fleet's policy.
#[cfg(target_os = "macos")]
pub const FLEET: &str = "/Library/Application Support/leakwarden";
/// The folder of a fleet's policy.
#[cfg(windows)]
pub const FLEET: &str = "C:\\Program Files\\leakwarden";
/// The folder of a fleet's policy.
#[cfg(not(any(target_os = "macos", windows)))]
pub const FLEET: &str = "/etc/leakwarden";

/// The layers that a machine has.
#[derive(Debug, Default)]
pub struct Machine {
    /// Fleet's and user's.
    pub layers: Layers,
    /// That the fleet's own files are broken, and a copy counts instead.
    pub copy: Option<CopyInUse>,
}

/// Reads the layers that this machine has: fleet, and the user's file, if one is named.
///
/// # Errors
/// Names the file and the mistake, and for a fleet's file what to do; then no copy counts either.
pub fn machine(user: Option<&Path>) -> Result<Machine> {
    let folder = Path::new(FLEET);
    // Looking for a folder that is not there is all that most machines pay.
    let mut machine = if !place::exists(folder)? {
        Machine::default()
    } else {
        match fleets(folder) {
            Ok(layers) => Machine { layers, copy: None },
            Err(fault) => last_good::instead_of(folder, &fault)?,
        }
    };
    if let Some(path) = user
        && let Some(text) = place::read(path, false)?
    {
        machine.layers.user = Some((shown(path), keys(&text).with_context(|| shown(path))?));
    }
    Ok(machine)
}

/// A layer of user or repository from its text.
///
/// # Errors
/// Names line, field and mistake.
pub fn keys(text: &str) -> Result<Keys> {
    document::versioned(text, check::VERSION)
}

/// A fleet's file from its text.
///
/// # Errors
/// Names line, field and mistake.
pub fn fleet_file(text: &str) -> Result<syntax::FleetFile> {
    document::versioned(text, check::VERSION)
}

/// The fleet's files as they are on this machine, in the order in which they count: path and text.
///
/// # Errors
/// Where there is none, one cannot be read, or somebody else than root can write one.
pub fn fleet_texts() -> Result<Vec<(PathBuf, String)>> {
    let folder = Path::new(FLEET);
    let files = if place::exists(folder)? { place::files(folder)? } else { Vec::new() };
    ensure!(!files.is_empty(), "there is no policy in {FLEET}");
    files
        .into_iter()
        .map(|path| {
            let text = place::read(&path, true).with_context(|| shown(&path))?;
            let text = text.with_context(|| format!("{} is gone", shown(&path)))?;
            Ok((path, text))
        })
        .collect()
}

/// The fleet's layers, sound one by one and together.
fn fleets(folder: &Path) -> Result<Layers> {
    let files = place::files(folder)?;
    if files.is_empty() {
        let kept = folder.join(LAST_GOOD);
        // A delivery that failed half-way must not loosen a machine.
        ensure!(
            !place::exists(&kept)?,
            "the policy of this machine's administrators is gone from {FLEET}, where {} still stands; ask them to \
             bring it back, or, where no policy is wanted any more, to remove that copy too",
            shown(&kept)
        );
        return Ok(Layers::default());
    }
    layers(&files)
}

/// The layers that these files of a fleet make.
fn layers(files: &[PathBuf]) -> Result<Layers> {
    let mut layers = Layers::default();
    for path in files {
        let name = shown(path);
        let text = place::read(path, true).and_then(|text| text.context("it is gone"));
        let file = text.and_then(|text| fleet_file(&text)).with_context(|| {
            format!("the policy of this machine's administrators, {name}, is not valid; ask them to mend it")
        })?;
        let asked = file.mandatory.organisation.contact.as_ref().or(file.recommended.organisation.contact.as_ref());
        let context = || {
            let ask = asked.map_or_else(|| "ask your administrators".to_owned(), |who| format!("ask {who}"));
            format!("{name} ({ask} to mend it)")
        };
        check::version(file.version).with_context(context)?;
        check::owner(&file.mandatory).with_context(context)?;
        check::owner(&file.recommended).with_context(context)?;
        layers.mandatory.push((format!("{name} [mandatory]"), file.mandatory));
        layers.recommended.push((format!("{name} [recommended]"), file.recommended));
    }
    // What is wrong only with all of them together is theirs as well, and not the user's or a repository's.
    let joined = layers.join().and_then(|policy| RuleSet::with(policy.rules));
    joined.context("the policies of this machine's administrators do not go together; ask them to mend them")?;
    Ok(layers)
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
