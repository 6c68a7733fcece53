//! What the guard sees in a repository: the engine by itself, without the process around it.
//!
//! `law`: after whatever was done to files and by git, its open warnings are what the hook's judge says of
//! the same state. The other files: single cases.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

#[path = "../surprise/dice.rs"]
mod dice;

mod env;
mod law;
mod tracked;

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::civil::date;
use kit::{Sandbox, plant};
use leakwarden::guard::{Kind, Look, Machine, Scope, Warning, Watched};
use leakwarden::policy::layers::Layers;

/// A repository that is looked at.
pub struct Eye<'s> {
    s: &'s Sandbox,
    watched: Watched,
    machine: Machine,
}

impl<'s> Eye<'s> {
    /// On the sandbox's repository, with the built-in policy.
    pub fn on(s: &'s Sandbox) -> Self {
        Eye::with(s, "")
    }

    /// The same with a user's policy.
    pub fn with(s: &'s Sandbox, policy: &str) -> Self {
        Eye::at_folder(s, &s.path(""), policy)
    }

    /// The same on another worktree.
    pub fn at_folder(s: &'s Sandbox, folder: &std::path::Path, policy: &str) -> Self {
        let mut layers = Layers::default();
        if !policy.is_empty() {
            let keys = leakwarden::config::keys(policy).expect("a valid policy");
            layers.user = Some(("user".to_owned(), keys));
        }
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().max(date(2026, 1, 1));
        Eye { s, watched: Watched::new(folder), machine: Machine::new(layers, [7; 32], today) }
    }

    /// Looks at everything.
    pub fn all(&mut self) -> Result<Look> {
        self.look(&Scope::All)
    }

    /// Looks at some paths.
    pub fn at(&mut self, paths: &[&str]) -> Result<Look> {
        self.look(&Scope::Paths(paths.iter().map(|path| path.as_bytes().to_vec()).collect()))
    }

    /// Looks; what it gives holds no planted secret.
    pub fn look(&mut self, scope: &Scope) -> Result<Look> {
        let look = self.watched.look(&mut self.machine, scope)?;
        plant::check("a look", format!("{look:?}").as_bytes())?;
        plant::check("what is remembered", format!("{:?}", self.watched).as_bytes())?;
        Ok(look)
    }

    /// The places of warnings of a kind, `path:line`.
    pub fn places(&mut self, kind: Kind) -> Result<Vec<String>> {
        Ok(places(&self.all()?, kind))
    }

    /// The sandbox.
    pub fn sandbox(&self) -> &'s Sandbox {
        self.s
    }
}

/// The places of warnings of a kind, `path:line`, or `path` where it is about a whole file.
pub fn places(look: &Look, kind: Kind) -> Vec<String> {
    let of_kind = look.warnings.iter().filter(|own| own.kind == kind);
    of_kind.map(|own| if own.line == 0 { own.path.clone() } else { format!("{}:{}", own.path, own.line) }).collect()
}

/// The ids of the warnings about secrets.
pub fn ids(warnings: &[Warning]) -> BTreeSet<String> {
    warnings.iter().filter(|own| own.kind == Kind::Secret).map(|own| own.id.clone()).collect()
}

/// The ids of what the hook would block in an index.
pub fn blocked(s: &Sandbox, index: Option<&str>) -> Result<BTreeSet<String>> {
    let mut command = s.command(kit::LEAKWARDEN);
    command.args(["scan", "--staged", "--format", "json"]);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let report = s.run(&mut command)?.report()?;
    let blocking = report.findings()?.iter().filter(|own| own["blocking"] == true);
    Ok(blocking.filter_map(|own| own["id"].as_str().map(str::to_owned)).collect())
}

/// What the hook says of what is staged, and of the same with all tracked files staged as they are now.
pub fn judged_by_the_hook(s: &Sandbox) -> Result<BTreeSet<String>> {
    let mut all = blocked(s, None)?;
    let other = s.path(".git/all-staged");
    match std::fs::copy(s.path(".git/index"), &other) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(all),
        Err(error) => return Err(error.into()),
    }
    let mut add = s.git_command();
    add.args(["-c", "advice.addEmbeddedRepo=false", "add", "-u"]).env("GIT_INDEX_FILE", &other);
    s.run(&mut add)?.ok()?;
    all.extend(blocked(s, other.to_str())?);
    std::fs::remove_file(&other)?;
    Ok(all)
}
