//! One repository as it is now, as warnings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;

use super::Warning;
use super::see::{Sight, Value};
use super::walk::{Met, Names, walk};
use crate::exception::book::{Book, repo_id};
use crate::exception::once::{self, Once};
use crate::finding::escape;
use crate::git::uncommitted::{Clean, Uncommitted};
use crate::git::{Repo, Surroundings, state, write};
use crate::judgement::{self, Fault, Judgement};
use crate::ledger::line::sha256;
use crate::policy::guard::Guard;
use crate::policy::layers::Layers;
use crate::policy::{Judged, check};
use crate::receipt::NotScanned;
use crate::scan::scan_path;

/// What all repositories of a machine share: policy of fleet and user, the key of pseudonyms, the day.
#[derive(Debug)]
pub struct Machine {
    layers: Layers,
    key: [u8; 32],
    today: Date,
    /// Judgements that were made lately, so that rules are compiled once for all repositories.
    judgements: Vec<Rc<Judgement>>,
    /// Is called every now and then while a look takes long.
    pulse: Option<Pulse>,
}

/// Something to do while a look takes long.
pub struct Pulse(pub Box<dyn FnMut()>);

impl std::fmt::Debug for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pulse")
    }
}

/// Warnings of one repository that are told, the worst ones first; with more, nobody reads them.
pub const MOST_WARNINGS: usize = 500;

/// Judgements that are kept: repositories with a policy of their own have one each.
const MOST_JUDGEMENTS: usize = 4;

impl Machine {
    /// From the layers of this machine ([`crate::config::machine`]), the ledger's key, and the day.
    pub fn new(layers: Layers, key: [u8; 32], today: Date) -> Self {
        Machine { layers, key, today, judgements: Vec::new(), pulse: None }
    }

    /// Lets something be done every now and then while a look takes long.
    pub fn set_pulse(&mut self, pulse: Pulse) {
        self.pulse = Some(pulse);
    }

    fn beat(&mut self) {
        if let Some(Pulse(pulse)) = &mut self.pulse {
            pulse();
        }
    }

    /// Forgets the rules that were compiled: they take memory, and are made again when they are needed.
    pub fn rest(&mut self) {
        self.judgements.clear();
    }

    /// The judgement for what is staged in a repository.
    fn judgement(&mut self, content: &Uncommitted<'_>) -> Result<Rc<Judgement>> {
        let mut layers = self.layers.clone();
        judgement::repository(&mut layers, |path| content.staged_file(path)).map_err(|fault| match fault {
            Fault::Unreadable(error) | Fault::Mistake(error) => error,
        })?;
        judgement::last_signers(&mut layers, |path| content.file_before(path));
        let digest = layers.digest();
        if let Some(known) = self.judgements.iter().find(|own| own.digest == digest && own.today == self.today) {
            return Ok(known.clone());
        }
        let made = Rc::new(Judgement::of(&layers, self.today)?);
        self.judgements.truncate(MOST_JUDGEMENTS - 1);
        self.judgements.insert(0, made.clone());
        Ok(made)
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything: at the start, after an event of the git directory, after events were lost.
    All,
    /// These paths, from the top of the worktree, `/` between parts: files, or folders with all below. A
    /// path that is gone counts as both.
    Paths(BTreeSet<Vec<u8>>),
}

/// A repository that is watched. It remembers which content is known to be clean, and no secret.
#[derive(Debug)]
pub struct Watched {
    folder: PathBuf,
    clean: Clean,
    /// By which judgement that content is clean.
    judged_by: String,
    /// What is seen of what is staged.
    staged: Sight,
    /// What is seen at paths of the worktree.
    paths: BTreeMap<Vec<u8>, Sight>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Look {
    /// All that is to be warned of in this repository now, whatever the scope was; by path and line.
    pub warnings: Vec<Warning>,
    /// What could not be scanned, and why.
    pub not_scanned: Vec<NotScanned>,
    /// Tracked files that hold something whose clean form only a program could make: they are looked at once
    /// they are staged.
    pub filtered: u64,
    /// The folders to watch, absolute: of `All` every one of the worktree, of `Paths` those at and below
    /// these paths.
    pub folders: Vec<PathBuf>,
    /// Something changed while it was read: these paths are to be looked at again after a while.
    pub again: BTreeSet<Vec<u8>>,
    /// The secrets in env files, where policy asks for their use or age.
    pub values: Vec<Value>,
    /// The repository, as a name that all of its worktrees and clones share; empty where there are no values.
    pub place: String,
    /// What policy says of the guard here.
    pub guard: Guard,
    /// SHA-256, in hex, of the repository's own policy as it is staged; empty where there is none.
    pub own_policy: String,
}

impl Watched {
    /// The repository whose worktree this folder is the top of.
    pub fn new(folder: &Path) -> Self {
        Watched {
            folder: folder.to_path_buf(),
            clean: Clean::default(),
            judged_by: String::new(),
            staged: Sight::default(),
            paths: BTreeMap::new(),
        }
    }

    /// The top of its worktree.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks at it. Changes nothing in it and runs no program that it names.
    ///
    /// # Errors
    /// Where there is no repository (any more), or it or its policy cannot be read. Then nothing is known.
    pub fn look(&mut self, machine: &mut Machine, scope: &Scope) -> Result<Look> {
        self.look_keeping(machine, scope, &mut None)
    }

    /// The folders to watch, and nothing else: they are watched before anything is looked at, so that nothing
    /// has to be looked at twice.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub fn folders(&self, machine: &mut Machine) -> Result<Vec<PathBuf>> {
        let size_cap = machine.layers.join()?.guard.size_cap;
        let repo = Repo::at(&self.folder, size_cap)?;
        let mut content = Uncommitted::read(&repo, &Surroundings { size_cap, ..Surroundings::default() })?;
        let mut met = Met::default();
        walk(&[], &self.folder, &mut content, None, &mut met);
        Ok(met.folders)
    }

    fn look_keeping(&mut self, machine: &mut Machine, scope: &Scope, kept: &mut Option<Vec<Judged>>) -> Result<Look> {
        let size_cap = machine.layers.join()?.guard.size_cap;
        let repo = Repo::at(&self.folder, size_cap)?;
        let around = Surroundings { size_cap, ..Surroundings::default() };
        let real = |path: &Path| path.canonicalize().ok();
        let here = repo.worktree().and_then(real) == real(&self.folder);
        ensure!(here, "its files are elsewhere (`core.worktree`), where the guard is not told of changes");
        let mut content = Uncommitted::read(&repo, &around)?;
        let judgement = machine.judgement(&content)?;
        let by = format!("{} {}", judgement.digest, judgement.rules.digest());
        if *scope == Scope::All {
            // What an attribute makes of a file may be something else now.
            self.paths.clear();
        }
        if by != self.judged_by {
            self.clean.clear();
            self.judged_by = by;
        }
        let book = content.staged_file(crate::exception::PATH)?.map(|text| Book::parse(&text)).transpose();
        let book = book.with_context(|| crate::exception::PATH)?;
        let once = for_next_commit(&repo);
        let guard = &judgement.policy.guard;
        // Patterns that are sound one by one may not be together; then nothing is known, rather than less watched.
        let globs = |patterns: &[String]| (!patterns.is_empty()).then(|| check::globs(patterns)).transpose();
        let env = globs(&guard.env_names).context("`guard.env_names`")?;
        let names = Names { rules: &judgement.rules, env };
        let env_paths = globs(&guard.env_paths).context("`guard.env_paths`")?;
        let key = machine.key;
        let judge = super::see::Judge {
            judgement: &judgement,
            book: book.as_ref(),
            once: &once,
            key: &key,
            env_paths: env_paths.as_ref(),
            changed: *scope != Scope::All,
        };
        self.staged = judge.staged(&mut content, &mut self.clean, kept)?;
        let (tracked, at) = match scope {
            Scope::All => (content.tracked(None::<std::iter::Empty<&[u8]>>), vec![Vec::new()]),
            Scope::Paths(paths) => (
                content.tracked(Some(paths.iter().map(Vec::as_slice))),
                paths.iter().cloned().collect::<Vec<Vec<u8>>>(),
            ),
        };
        for path in at.iter().filter(|path| !path.is_empty()) {
            self.forget(path);
        }
        let mut gone = false;
        for (number, place) in tracked.into_iter().enumerate() {
            if number % 256 == 255 {
                machine.beat();
            }
            let path = content.path(place).to_vec();
            let sight = judge.tracked(&path, &mut content, &mut self.clean, kept);
            gone |= sight.gone;
            self.put(path, sight);
        }
        if gone && *scope != Scope::All && !self.is_quiet() {
            // What stands elsewhere may have been moved there: everything is looked at together.
            return self.look_keeping(machine, &Scope::All, kept);
        }
        if *scope == Scope::All {
            self.clean.sweep();
        }
        let mut met = Met::default();
        for path in &at {
            walk(path, &self.folder, &mut content, Some(&names), &mut met);
        }
        for (path, speaks) in std::mem::take(&mut met.files) {
            let sight = judge.named(&path, speaks, &mut content, kept);
            self.put(path, sight);
        }
        for (path, reason) in met.unread {
            let shown = scan_path(&path, &judgement.rules).1.into_owned();
            self.put(path, Sight::unread(&shown, &reason));
        }
        let mut look = self.look_of(met.folders, guard);
        if !look.values.is_empty() {
            let made = || write::first_commit(&repo).map(|commit| repo_id(&commit));
            let known = book.map(|book| book.repo_id).or_else(made);
            look.place = known.unwrap_or_else(|| escape(self.folder.as_os_str().as_encoded_bytes()));
        }
        look.own_policy =
            content.staged_file(crate::policy::PATH)?.map(|text| sha256(text.as_bytes())).unwrap_or_default();
        Ok(look)
    }

    /// Everything that may be excepted in a worktree, with what it is judged by.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub fn findings(folder: &Path, machine: &mut Machine) -> Result<Vec<Judged>> {
        let mut kept = Some(Vec::new());
        Watched::new(folder).look_keeping(machine, &Scope::All, &mut kept)?;
        Ok(kept.unwrap_or_default())
    }

    fn forget(&mut self, path: &[u8]) {
        self.paths.remove(path);
        let folder = [path, b"/"].concat();
        let below: Vec<Vec<u8>> = self
            .paths
            .range(folder.clone()..)
            .map(|(own, _)| own)
            .take_while(|own| own.starts_with(&folder))
            .cloned()
            .collect();
        for path in below {
            self.paths.remove(&path);
        }
    }

    fn put(&mut self, path: Vec<u8>, sight: Sight) {
        if !sight.is_empty() {
            self.paths.entry(path).or_default().join(sight);
        }
    }

    fn is_quiet(&self) -> bool {
        self.staged.warnings.is_empty() && self.paths.values().all(|sight| sight.warnings.is_empty())
    }

    fn look_of(&mut self, folders: Vec<PathBuf>, guard: &Guard) -> Look {
        let mut look = Look { folders, guard: guard.clone(), ..Look::default() };
        let mut known: BTreeMap<String, Warning> = BTreeMap::new();
        // What is told of a path of the worktree is told of what is staged as well: one id, one warning.
        for sight in self.paths.values().chain([&self.staged]) {
            for warning in &sight.warnings {
                match known.get_mut(&warning.id) {
                    Some(own) if own.kind <= warning.kind => {}
                    Some(own) => *own = warning.clone(),
                    None => drop(known.insert(warning.id.clone(), warning.clone())),
                }
            }
            look.not_scanned.extend(sight.not_scanned.iter().cloned());
            look.values.extend(sight.values.iter().cloned());
            look.filtered += u64::from(sight.filtered);
        }
        look.warnings = known.into_values().collect();
        if look.warnings.len() > MOST_WARNINGS {
            let more = look.warnings.len() - MOST_WARNINGS;
            look.warnings.sort_by(|a, b| (b.severity, &a.path, a.line).cmp(&(a.severity, &b.path, b.line)));
            look.warnings.truncate(MOST_WARNINGS);
            let reason = format!("{more} more warnings are not told while there are {MOST_WARNINGS} others");
            look.not_scanned.push(NotScanned { path: String::new(), reason });
        }
        look.warnings.sort_by(|a, b| (&a.path, a.line, &a.id).cmp(&(&b.path, b.line, &b.id)));
        look.again = self.paths.iter().filter(|(_, sight)| sight.unsettled).map(|(path, _)| path.clone()).collect();
        self.paths.retain(|_, sight| {
            sight.unsettled = false;
            !sight.is_empty()
        });
        look
    }
}

/// The exceptions that wait for the next commit, as the hook will find them.
fn for_next_commit(repo: &Repo) -> Vec<Once> {
    const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let mut all = once::in_message(&repo.prepared_messages());
    if let Some(left) = repo.state(state::ONCE, A_DAY).filter(|left| !left.contains("used on ")) {
        all.extend(once::in_message(left.as_bytes()));
    }
    all
}
