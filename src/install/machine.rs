//! Hooks for more than one repository: named in a user's or a machine's configuration of git, or laid
//! into every new clone by a template.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::dropin::{self, DropIn};
use super::gits::Installed;
use super::place::Git;
use super::plan::Step;
use super::shim::{Missing, Shims, Strict};
use super::{Plan, includes, shown};

/// Where a package puts the drop-in.
pub const PACKAGED: &str = "/usr/share/leakwarden/git";

/// Whose configuration is meant.
#[derive(Debug, Clone)]
pub enum Reach {
    /// The user's; with the folder in which the user's data is kept.
    User(PathBuf),
    /// That of every git on the machine; with the folder that only administrators write.
    System(PathBuf),
}

impl Reach {
    /// The drop-in: a package's own where there is one that does what is asked for, and nobody has asked for
    /// another before.
    pub fn dropin(&self, shims: &Shims) -> DropIn {
        let packaged = || dropin::is_ours(&Path::new(PACKAGED).join("hooks.gitconfig"));
        let plain = shims.strict == Strict::default() && shims.missing != Some(Missing::Block);
        match self {
            Reach::System(_) if plain && packaged() && !dropin::is_ours(&self.own().file()) => {
                DropIn::at(PathBuf::from(PACKAGED))
            }
            _ => self.own(),
        }
    }

    /// The folder in which the drop-in is.
    pub fn folder(&self) -> &Path {
        match self {
            Reach::User(folder) | Reach::System(folder) => folder,
        }
    }

    /// The drop-in that `install` writes.
    fn own(&self) -> DropIn {
        match self {
            Reach::User(data) => DropIn::at(data.join("git")),
            Reach::System(folder) => DropIn::at(folder.join("git")),
        }
    }

    /// All drop-ins that may be in use.
    fn dropins(&self) -> Vec<DropIn> {
        let packaged = matches!(self, Reach::System(_)).then(|| DropIn::at(PathBuf::from(PACKAGED)));
        packaged.into_iter().chain([self.own()]).collect()
    }

    /// The files of configuration that get the line.
    fn configs(&self, gits: &[Installed]) -> Result<Vec<PathBuf>> {
        match self {
            // Also where no git is left that knows them: a line that is there has to go.
            Reach::User(_) => {
                let mut files = BTreeSet::new();
                for git in gits.iter().filter(|git| git.version.is_some()) {
                    files.extend(user_config(&git.path).or_else(|_| written_by(&git.path)).ok());
                }
                Ok(files.into_iter().collect())
            }
            Reach::System(_) => {
                let files: BTreeSet<PathBuf> = gits.iter().filter_map(|git| git.system.clone()).collect();
                Ok(files.into_iter().collect())
            }
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Reach::User(_) => "user",
            Reach::System(_) => "system",
        }
    }
}

/// The file that `git config --global` writes to.
///
/// # Errors
/// Where git does not tell: before 2.41.
pub fn user_config(git: &Path) -> Result<PathBuf> {
    let said = Git::here().by(git).output(&["var", "GIT_CONFIG_GLOBAL"])?;
    let files: Vec<PathBuf> = String::from_utf8_lossy(&said).lines().map(PathBuf::from).collect();
    // The last one that is there is the one that is written, and it is made where none is.
    let last = files.last().context("git names no configuration of the user's; is there a home?")?;
    Ok(files.iter().rev().find(|file| file.exists()).unwrap_or(last).clone())
}

/// The files of configuration that include a drop-in of leakwarden's, and which.
///
/// # Errors
/// Where git does not tell.
pub fn included(reach: &Reach, gits: &[Installed]) -> Result<Vec<(PathBuf, DropIn)>> {
    let mut found = Vec::new();
    for config in reach.configs(gits)? {
        for dropin in reach.dropins() {
            if includes(&config, &dropin.target()?)? {
                found.push((config.clone(), dropin));
            }
        }
    }
    Ok(found)
}

/// The file of the user's configuration that a git before 2.41 reads, if there is one.
fn written_by(git: &Path) -> Result<PathBuf> {
    let said = Git::here().by(git).output(&["config", "--global", "--show-origin", "--list"])?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let first = said.split('\t').next().and_then(|origin| origin.strip_prefix("file:"));
    Ok(PathBuf::from(first.context("the user has no configuration of git")?))
}

/// Plans hooks from configuration, for all gits that know them; names those that do not.
///
/// # Errors
/// Where no git here knows them, or something cannot be read.
pub fn install(reach: &Reach, gits: &[Installed], shims: &Shims) -> Result<Vec<Plan>> {
    ensure!(!gits.is_empty(), "no git was found on this machine");
    let dropin = reach.dropin(shims);
    let mut first = Plan { complete: true, ..Plan::default() };
    let (newer, older): (Vec<&Installed>, Vec<&Installed>) = gits.iter().partition(|git| git.runs_config_hooks());
    if newer.is_empty() && matches!(reach, Reach::User(_)) {
        let all = gits.iter().map(Installed::described).collect::<Vec<_>>().join(", ");
        bail!(
            "hooks from configuration need git 2.54 or newer, and here is {all}; `leakwarden install --template` \
             covers new clones, `leakwarden install --all FOLDER` those that are there"
        );
    }
    if dropin.folder != Path::new(PACKAGED) {
        dropin.plan(shims, &mut first.steps)?;
    }
    let target = dropin.target()?;
    let mut plans = vec![first];
    for config in reach.configs(gits)? {
        if !includes(&config, &target)? {
            let steps = vec![Step::Include { config, target: target.clone() }];
            plans.push(Plan { steps, complete: true, ..Plan::default() });
        }
    }
    // Another one that was included before would run everything twice.
    for (config, other) in included(reach, gits)?.into_iter().filter(|(_, other)| other.folder != dropin.folder) {
        let steps = vec![Step::Exclude { config, target: other.target()? }];
        plans.push(Plan { steps, complete: true, ..Plan::default() });
    }
    let mut last = Plan { complete: true, ..Plan::default() };
    let nothing = plans.iter().all(|plan| plan.steps.is_empty());
    for git in &newer {
        last.notes.push(format!("{}: every repository, by the {}'s configuration", git.described(), reach.word()));
    }
    for git in &older {
        last.notes.push(format!(
            "{}: knows no hooks from configuration and is NOT covered by this: \
             `leakwarden install --template` for new clones, `--all FOLDER` for those that are there",
            git.described()
        ));
    }
    if nothing {
        last.notes.push(format!("already installed: the {}'s configuration of git is current", reach.word()));
    }
    plans.push(last);
    Ok(plans)
}

/// Whether every account can read a drop-in and run its hooks: a configuration that git cannot read stops
/// every commit.
#[cfg(unix)]
pub fn everybody_reads(dropin: &DropIn) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let has = |path: &Path, bits: u32| path.metadata().is_ok_and(|found| found.permissions().mode() & bits == bits);
    let folders = [dropin.shims(), dropin.folder.clone()];
    let above: Vec<&Path> = dropin.folder.ancestors().skip(1).collect();
    folders.iter().all(|folder| has(folder, 0o005))
        && above.into_iter().all(|folder| has(folder, 0o001))
        && has(&dropin.file(), 0o004)
        && has(&dropin.shims().join("pre-commit"), 0o005)
}

/// Whether every account can read a drop-in; on Windows folders below Program Files are readable.
#[cfg(not(unix))]
pub fn everybody_reads(_dropin: &DropIn) -> bool {
    true
}

/// Plans that they go. Configuration first: what it names must be there as long as it names it.
///
/// # Errors
/// Where something cannot be read.
pub fn uninstall(reach: &Reach, gits: &[Installed]) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    for (config, dropin) in included(reach, gits)? {
        let steps = vec![Step::Exclude { config, target: dropin.target()? }];
        plans.push(Plan { steps, complete: true, ..Plan::default() });
    }
    // A package's own goes with the package.
    let mut last = Plan { complete: true, ..Plan::default() };
    let mut left = Vec::new();
    reach.own().plan_removal(&mut last.steps, &mut left)?;
    last.complete = left.is_empty();
    last.notes.extend(left);
    if plans.is_empty() && last.steps.is_empty() && last.notes.is_empty() {
        last.notes.push(format!("nothing to remove: the {}'s configuration of git names no leakwarden", reach.word()));
    }
    plans.push(last);
    Ok(plans)
}

/// The template of new clones.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its folder: the one that is configured, or leakwarden's own.
    folder: PathBuf,
    /// The file of configuration that gets to know leakwarden's own, where none is configured.
    config: Option<PathBuf>,
}

impl Template {
    /// The template that git uses for this user; leakwarden's own in `data`, where none is configured.
    ///
    /// # Errors
    /// Where git cannot be asked.
    pub fn of_user(git: &Path, data: &Path, home: Option<&Path>) -> Result<Self> {
        let own = data.join("template");
        let said = Git::here().by(git).output(&["config", "--global", "--type=path", "--get", "init.templateDir"]);
        match said.ok().map(|said| PathBuf::from(String::from_utf8_lossy(&said).into_owned())) {
            Some(folder) if folder != own => Ok(Template { folder, config: None }),
            _ => {
                let old = || home.map(|home| home.join(".gitconfig")).context("there is no home");
                let config = user_config(git).or_else(|_| old())?;
                Ok(Template { folder: own, config: Some(config) })
            }
        }
    }

    fn value(&self) -> Result<String> {
        Ok(self.folder.to_str().context("a path that is not UTF-8")?.replace('\\', "/"))
    }

    fn is_set(&self) -> Result<bool> {
        let Some(config) = &self.config else { return Ok(true) };
        let mut command = Git::here().command(&["config", "--file"]);
        let output = command.arg(config).args(["--get", "init.templateDir"]).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end() == self.value()?)
    }

    /// Plans that new clones get the hooks.
    ///
    /// # Errors
    /// Where what is there cannot be read, or stands in the way.
    pub fn install(&self, shims: &Shims) -> Result<Plan> {
        let mut plan = Plan { complete: true, ..Plan::default() };
        plan.closing = [
            "every new clone and every `git init` gets the hooks from now on; in those that are there: \
             `leakwarden install --all FOLDER`"
                .to_owned(),
            format!("already installed: the template {} is current", shown(&self.folder)),
        ];
        super::in_folder(&self.folder.join("hooks"), shims, &mut plan)?;
        if !self.is_set()? {
            let config = self.config.clone().context("no file of configuration")?;
            plan.steps.push(Step::Set { config, key: "init.templateDir", value: self.value()? });
        }
        Ok(plan)
    }

    /// Plans that they do not any more.
    ///
    /// # Errors
    /// Where what is there cannot be read.
    pub fn uninstall(&self) -> Result<Plan> {
        let mut plan = Plan::default();
        let mut left = Vec::new();
        if let Some(config) = &self.config
            && self.is_set()?
        {
            plan.steps.push(Step::Unset { config: config.clone(), key: "init.templateDir", value: self.value()? });
        }
        super::out_of_folder(&self.folder.join("hooks"), &mut plan.steps, &mut left)?;
        if self.config.is_some() && self.folder.is_dir() {
            plan.steps.push(Step::Forget { folder: self.folder.clone() });
        }
        plan.complete = left.is_empty();
        plan.notes.extend(left);
        if plan.steps.is_empty() && plan.notes.is_empty() {
            plan.notes.push(format!("nothing to remove in {}", shown(&self.folder)));
        }
        Ok(plan)
    }
}
