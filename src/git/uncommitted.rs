//! What is not committed yet: the index, and what the worktree holds of tracked files, against the
//! parents of the next commit. The guard looks here.
//!
//! The index is judged as the hook judges it. A tracked file of the worktree is judged as if it were
//! staged now: in the form in which git would store it, with line endings and encodings turned back.
//! Where only a program that the repository names could make that form (a `clean` filter: git-lfs,
//! git-crypt), nothing is run, and the file is judged once it is staged.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::index::entry::stat::Options as StatOptions;
use gix::index::entry::{Flags, Mode, Stage};
use gix::worktree::stack::state::{attributes, ignore};

use super::changed::Scanned;
use super::disk::{self, Held};
use super::staged::Staging;
use super::walk::{Change, Entry, Gone};
use super::{Moment, Repo, Surroundings, origin, plain};
use crate::finding::Finding;
use crate::fragment::decode;
use crate::rules::RuleSet;
use crate::scan::scan_path;

/// What is known to hold nothing that any rule finds: content by its object, files by their state on
/// disk. Holds keyed hashes alone, of what the last look at everything met and what was met since.
#[derive(Debug, Default)]
pub struct Clean {
    key: RandomState,
    objects: Known,
    files: Known,
}

/// For each path what stands there, both as hashes, and in which round it was last met.
#[derive(Debug, Default)]
struct Known {
    all: HashMap<u64, (u64, u32)>,
    round: u32,
}

impl Known {
    fn has(&mut self, path: u64, content: u64) -> bool {
        let round = self.round;
        let known = self.all.get_mut(&path).filter(|(own, _)| *own == content);
        known.map(|own| own.1 = round).is_some()
    }

    fn put(&mut self, path: u64, content: u64) {
        self.all.insert(path, (content, self.round));
    }

    /// Forgets what was not met since the last time.
    fn sweep(&mut self) {
        let round = self.round;
        self.all.retain(|_, (_, met)| *met == round);
        self.all.shrink_to(self.all.len() * 2);
        self.round = round.wrapping_add(1);
    }
}

impl Clean {
    /// Forgets everything: rules or attributes are others.
    pub fn clear(&mut self) {
        self.objects = Known::default();
        self.files = Known::default();
    }

    /// Forgets what a look at everything did not meet.
    pub fn sweep(&mut self) {
        self.objects.sweep();
        self.files.sweep();
    }

    fn knows_object(&mut self, path: &[u8], id: &ObjectId) -> bool {
        self.objects.has(self.key.hash_one(path), self.key.hash_one(id))
    }

    fn object(&mut self, path: &[u8], id: &ObjectId) {
        self.objects.put(self.key.hash_one(path), self.key.hash_one(id));
    }

    fn knows_file(&mut self, path: &[u8], state: &disk::State) -> bool {
        self.files.has(self.key.hash_one(path), self.key.hash_one(state))
    }

    fn file(&mut self, path: &[u8], state: &disk::State) {
        // What was written this very moment may be written again with the same date.
        if !state.is_fresh() {
            self.files.put(self.key.hash_one(path), self.key.hash_one(state));
        }
    }
}

/// What was found at one path.
#[derive(Debug, Default)]
pub struct Seen {
    /// Findings on lines that are new against every parent.
    pub findings: Vec<Finding>,
    /// The path as it may be shown.
    pub shown: Vec<u8>,
    /// Why it could not be scanned.
    pub skipped: Option<String>,
    /// Whether only a program could make the form in which git would store it.
    pub filtered: bool,
    /// Whether it changed while it was read.
    pub unsettled: bool,
    /// Whether a tracked file is not there.
    pub gone: bool,
}

/// How a file of the worktree is looked at.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// The rules.
    pub rules: &'a RuleSet,
    /// The largest file that is read, in bytes.
    pub size_cap: u64,
    /// Whether it was just changed: then what is known of it does not count.
    pub changed: bool,
}

/// Index and worktree of a repository at one moment.
pub struct Uncommitted<'r> {
    repo: &'r Repo,
    staging: Staging<'r>,
    index: gix::index::File,
    top: PathBuf,
    stack: gix::AttributeStack<'r>,
    /// Names of filters that have a program for storing.
    programs: Vec<Vec<u8>>,
    stat: StatOptions,
    /// Whether only a part of the files is checked out; git then looks at those that are there all the same.
    sparse: bool,
    gone: Vec<Gone>,
    /// Whether a folder is one, and no link on the way to it.
    real: HashMap<Vec<u8>, bool>,
}

impl<'r> Uncommitted<'r> {
    /// Reads index and HEAD. Files of the worktree are read when they are asked for.
    ///
    /// # Errors
    /// Where there is no worktree, or the repository, its HEAD or its index cannot be read.
    pub fn read(repo: &'r Repo, around: &Surroundings) -> Result<Self> {
        let top = repo.worktree().context("it has no worktree")?.to_path_buf();
        let staging = Staging::read(repo, Moment::Commit, around)?;
        let kind = repo.gix.object_hash();
        let path = repo.index_path();
        let index = super::index::read(&path, kind)?
            .unwrap_or_else(|| gix::index::File::from_state(gix::index::State::new(kind), path));
        let attributes = attributes::Source::WorktreeThenIdMapping;
        let ignores = ignore::Source::WorktreeThenIdMappingIfNotSkipped;
        let stack = repo.gix.attributes(&index, attributes, ignores, None);
        let stack = stack.map_err(plain).context("its ignore rules or attributes cannot be read")?;
        // A value that is none of git's counts as none, as it does for git.
        let drivers = gix::filter::Pipeline::options(&repo.gix).unwrap_or_default();
        let storing = |driver: &gix::filter::plumbing::Driver| {
            let set = |program: &Option<gix::bstr::BString>| program.as_ref().is_some_and(|text| !text.is_empty());
            set(&driver.clean) || set(&driver.process)
        };
        let programs = drivers.drivers.into_iter().filter(storing).map(|driver| driver.name.to_vec()).collect();
        let stat = repo.gix.stat_options().unwrap_or_default();
        let sparse = repo.gix.config_snapshot().boolean("core.sparseCheckout").unwrap_or(false);
        let (gone, real) = (Vec::new(), HashMap::new());
        Ok(Uncommitted { repo, staging, index, top, stack, programs, stat, sparse, gone, real })
    }

    /// The text of a regular file as it is staged; `None` where there is none.
    ///
    /// # Errors
    /// As [`Staging::file`].
    pub fn staged_file(&self, path: &str) -> Result<Option<String>> {
        self.staging.file(path)
    }

    /// The same as it stands in HEAD.
    ///
    /// # Errors
    /// As [`Staging::file_before`].
    pub fn file_before(&self, path: &str) -> Result<Option<String>> {
        self.staging.file_before(path)
    }

    /// What is staged, judged path by path as the hook does, less what is known to be clean. Paths in
    /// conflict are left to the worktree: git cannot commit them as they are.
    ///
    /// # Errors
    /// Where a tree is missing or damaged.
    pub fn staged(&mut self, rules: &RuleSet, clean: &mut Clean) -> Result<Vec<Seen>> {
        let walked = self.staging.walked()?;
        let mut all = Vec::new();
        for change in &walked.changes {
            if clean.knows_object(&change.path, &change.id) {
                continue;
            }
            let scanned = Scanned::of(self.repo, change, &walked.gone, rules, false);
            if !scanned.holds_any && scanned.findings.is_empty() && scanned.skipped.is_none() {
                clean.object(&change.path, &change.id);
                continue;
            }
            all.push(self.seen(scanned));
        }
        self.gone = walked.gone;
        Ok(all)
    }

    /// The tracked files and links at these paths and below them, or all of them, as numbers in the index;
    /// each path once, in order.
    pub fn tracked<'p>(&self, at: Option<impl Iterator<Item = &'p [u8]>>) -> Vec<u32> {
        let number = |place: usize| u32::try_from(place).ok();
        let mut places: Vec<u32> = match at {
            None => (0..self.index.entries().len()).filter_map(number).collect(),
            Some(at) => at.flat_map(|path| self.at_or_below(path)).filter_map(number).collect(),
        };
        places.retain(|&place| self.is_looked_at(&self.index.entries()[place as usize]));
        places.sort_unstable();
        // A path in conflict has up to three entries, one after the other.
        places.dedup_by(|a, b| self.path(*a) == self.path(*b));
        places
    }

    fn at_or_below(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        let own = self.index.entry_range(path.as_bstr()).into_iter();
        let folder = [path, b"/"].concat();
        let below = self.index.prefixed_entries_range(folder.as_bstr());
        own.chain(below).flatten()
    }

    /// Whether git would look at an entry on disk.
    fn is_looked_at(&self, entry: &gix::index::Entry) -> bool {
        let kind = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK);
        let skipped = entry.flags.contains(Flags::SKIP_WORKTREE) && !self.sparse;
        kind && !skipped && !entry.flags.contains(Flags::ASSUME_VALID)
    }

    /// The path of an entry by its number.
    pub fn path(&self, place: u32) -> &[u8] {
        self.index.entry(place as usize).path(&self.index)
    }

    /// Whether the index names this path.
    pub fn is_tracked(&self, path: &[u8]) -> bool {
        self.index.entry_range(path.as_bstr()).is_some()
    }

    /// Whether a tracked file stands below this folder.
    pub fn has_tracked_below(&self, folder: &[u8]) -> bool {
        self.index.path_is_directory(folder.as_bstr())
    }

    /// Whether git's ignore rules leave out a path that is not tracked.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn is_ignored(&mut self, path: &[u8], folder: bool) -> Result<bool> {
        let mode = if folder { Mode::DIR } else { Mode::FILE };
        let at = self.stack.at_entry(path.as_bstr(), Some(mode)).map_err(plain)?;
        Ok(at.is_excluded())
    }

    /// Since when, in Unix seconds, all versions of a tracked file in HEAD's history hold something; `None`
    /// where its newest does not.
    pub fn since(&self, path: &[u8], holds: impl Fn(&[u8]) -> bool) -> Option<i64> {
        super::since::since(self.repo, path, holds)
    }

    /// The permission bits of a file of the worktree; `None` where there is none, or the system has none.
    pub fn mode(&mut self, path: &[u8]) -> Option<u32> {
        #[cfg(unix)]
        {
            let on_disk = self.on_disk(path)?;
            let data = std::fs::symlink_metadata(on_disk).ok().filter(std::fs::Metadata::is_file)?;
            Some(std::os::unix::fs::MetadataExt::mode(&data) & 0o7777)
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            None
        }
    }

    /// What the worktree holds of a tracked file, judged as if it were staged now.
    pub fn worktree(&mut self, path: &[u8], how: How<'_>, clean: &mut Clean) -> Seen {
        let there = self.on_disk(path).and_then(|on_disk| Some((disk::State::of(&on_disk)?, on_disk)));
        let Some((state, on_disk)) = there else {
            let entry = self.index.entry_by_path(path.as_bstr());
            let gone = entry.is_none_or(|entry| !entry.flags.contains(Flags::SKIP_WORKTREE));
            return Seen { gone, ..Seen::default() };
        };
        if self.is_as_staged(path, &state) || !how.changed && clean.knows_file(path, &state) {
            return Seen::default();
        }
        match self.read_at(path, &on_disk, how) {
            Ok(Some((seen, holds_any))) => {
                if !holds_any && !seen.unsettled && seen.skipped.is_none() && seen.findings.is_empty() {
                    clean.file(path, &state);
                }
                seen
            }
            Ok(None) => Seen { gone: true, ..Seen::default() },
            Err(error) => self.skipped(path, format!("{error:#}")),
        }
    }

    /// All that stands in a file of the worktree, whatever stood there before; of an untracked one too.
    pub fn whole(&mut self, path: &[u8], how: How<'_>) -> Seen {
        let Some(on_disk) = self.on_disk(path) else { return Seen { gone: true, ..Seen::default() } };
        let held = match disk::read(&on_disk, how.size_cap) {
            Ok(held) => held,
            Err(error) => return self.skipped(path, format!("{error:#}")),
        };
        match held {
            Held::Nothing | Held::Link(_) => Seen { gone: true, ..Seen::default() },
            Held::TooLarge(size) => self.skipped(path, too_large(size, how.size_cap)),
            Held::File { bytes, unsettled } => {
                let change =
                    Change { path: path.to_vec(), entry: Entry::File, id: self.id_of(&bytes), olds: Vec::new() };
                let mut seen = self.seen(Scanned::of_bytes(self.repo, &change, &bytes, &[], how.rules));
                seen.findings.retain(|finding| finding.location.part != crate::finding::Part::Path);
                Seen { unsettled, ..seen }
            }
        }
    }

    fn read_at(&mut self, path: &[u8], on_disk: &Path, how: How<'_>) -> Result<Option<(Seen, bool)>> {
        let (bytes, entry, unsettled) = match disk::read(on_disk, how.size_cap)? {
            Held::Nothing => return Ok(None),
            Held::TooLarge(size) => return Ok(Some((self.skipped(path, too_large(size, how.size_cap)), true))),
            Held::Link(target) => (target, Entry::Link, false),
            Held::File { bytes, unsettled } => (bytes, Entry::File, unsettled),
        };
        // First as it stands: where no rule finds anything, no attribute has to be asked for.
        let change = Change { path: path.to_vec(), entry, id: self.id_of(&bytes), olds: self.olds(path, entry)? };
        let scanned = Scanned::of_bytes(self.repo, &change, &bytes, &self.gone, how.rules);
        if entry == Entry::Link || !scanned.holds_any {
            let holds_any = scanned.holds_any;
            return Ok(Some((Seen { unsettled, ..self.seen(scanned) }, holds_any)));
        }
        let stored = match self.stored(path, &bytes)? {
            Stored::Same => scanned,
            Stored::ByProgram => {
                let shown = scanned.shown;
                return Ok(Some((Seen { shown, filtered: true, unsettled, ..Seen::default() }, true)));
            }
            Stored::Other(bytes) => {
                let change = Change { id: self.id_of(&bytes), ..change };
                Scanned::of_bytes(self.repo, &change, &bytes, &self.gone, how.rules)
            }
        };
        Ok(Some((Seen { unsettled, ..self.seen(stored) }, true)))
    }

    fn seen(&self, mut scanned: Scanned) -> Seen {
        origin::label(self.repo, &mut scanned.findings);
        Seen { findings: scanned.findings, shown: scanned.shown, skipped: scanned.skipped, ..Seen::default() }
    }

    fn skipped(&self, path: &[u8], reason: String) -> Seen {
        // Whoever gives no rules here means those that everybody has.
        Seen { shown: scan_path(path, &RuleSet::builtin()).1.into_owned(), skipped: Some(reason), ..Seen::default() }
    }

    /// Where a path is on disk; `None` where a link stands on the way, which git does not follow either.
    pub fn on_disk(&mut self, path: &[u8]) -> Option<PathBuf> {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let folder = &path[..at];
            let real = match self.real.get(folder) {
                Some(real) => *real,
                None => {
                    let on_disk = self.top.join(gix::path::from_bstr(folder.as_bstr()).ok()?);
                    let real = std::fs::symlink_metadata(on_disk).is_ok_and(|data| data.is_dir());
                    self.real.insert(folder.to_vec(), real);
                    real
                }
            };
            if !real {
                return None;
            }
        }
        Some(self.top.join(gix::path::from_bstr(path.as_bstr()).ok()?))
    }

    /// Whether git itself would take a file for the one that is staged, without reading it.
    fn is_as_staged(&self, path: &[u8], state: &disk::State) -> bool {
        let Some(entry) = self.index.entry_by_path_and_stage(path.as_bstr(), Stage::Unconflicted) else { return false };
        let kind = (entry.mode == Mode::SYMLINK) == state.link;
        kind && !entry.flags.contains(Flags::INTENT_TO_ADD)
            && entry.stat.matches(&state.stat, self.stat)
            && !entry.stat.is_racy(self.index.timestamp(), self.stat)
    }

    /// For each parent the object of the same kind at a path.
    fn olds(&self, path: &[u8], entry: Entry) -> Result<Vec<Option<ObjectId>>> {
        let mut olds = Vec::new();
        for &tree in self.staging.trees() {
            let found = match self.repo.gix.find_tree(tree) {
                Ok(tree) => tree.lookup_entry(path.split(|&b| b == b'/')).map_err(plain)?,
                // In a partial clone a missing old side counts as empty: nothing is fetched.
                Err(_) if self.repo.partial => None,
                Err(error) => return Err(plain(error)),
            };
            let same = |found: &gix::object::tree::Entry<'_>| match entry {
                Entry::Link => found.mode().is_link(),
                _ => found.mode().is_blob(),
            };
            olds.push(found.filter(same).map(|found| found.object_id()));
        }
        Ok(olds)
    }

    fn id_of(&self, bytes: &[u8]) -> ObjectId {
        let kind = self.repo.gix.object_hash();
        // Collision detection may refuse crafted content; then it is like no other object.
        gix::objs::compute_hash(kind, gix::objs::Kind::Blob, bytes).unwrap_or(ObjectId::null(kind))
    }

    /// Whether a program that the repository names makes the form in which git would store a file.
    ///
    /// # Errors
    /// Where its attributes cannot be read.
    pub fn is_by_program(&mut self, path: &[u8]) -> Result<bool> {
        if self.programs.is_empty() {
            return Ok(false);
        }
        let mut attributes = self.stack.selected_attribute_matches(["filter"]);
        let at = self.stack.at_entry(path.as_bstr(), Some(Mode::FILE)).map_err(plain)?;
        at.matching_attributes(&mut attributes);
        let named = |found: gix::attrs::search::Match<'_>| match found.assignment.state {
            gix::attrs::StateRef::Value(name) => self.programs.iter().any(|own| own == name.as_bstr().as_bytes()),
            _ => false,
        };
        Ok(attributes.iter_selected().any(named))
    }

    /// The form in which git would store the bytes of a file.
    fn stored(&mut self, path: &[u8], bytes: &[u8]) -> Result<Stored> {
        let relative = gix::path::from_bstr(path.as_bstr()).map_err(plain)?.into_owned();
        if self.is_by_program(path)? {
            return Ok(Stored::ByProgram);
        }
        let mut options = gix::filter::Pipeline::options(&self.repo.gix).unwrap_or_default();
        // Not one program of the repository's is run.
        options.drivers.clear();
        options.crlf_roundtrip_check = gix::filter::plumbing::pipeline::CrlfRoundTripCheck::Skip;
        options.encodings_with_roundtrip_check.clear();
        let kind = self.repo.gix.object_hash();
        let at = self.stack.at_entry(path.as_bstr(), Some(Mode::FILE)).map_err(plain)?;
        let mut pipeline = gix::filter::plumbing::Pipeline::new(Default::default(), kind, options);
        let staged = self.index.entry_by_path_and_stage(path.as_bstr(), Stage::Unconflicted).map(|entry| entry.id);
        let repo = self.repo;
        let mut in_index = |buffer: &mut Vec<u8>| {
            let Some(id) = staged else { return Ok(None) };
            let found = repo.old_blob(&id, buffer).ok().flatten().map(<[u8]>::to_vec);
            Ok(found.map(|bytes| *buffer = bytes))
        };
        let outcome = pipeline.convert_to_git(
            bytes,
            &relative,
            &mut |_: &BStr, found| {
                at.matching_attributes(found);
            },
            &mut in_index,
        );
        use gix::filter::plumbing::pipeline::convert::ToGitOutcome;
        match outcome {
            Ok(ToGitOutcome::Unchanged(_)) => Ok(Stored::Same),
            Ok(ToGitOutcome::Buffer(other)) => Ok(Stored::Other(other.to_vec())),
            Ok(ToGitOutcome::Process(_)) => Ok(Stored::ByProgram),
            // An encoding that only git's iconv knows, such as UTF-16LE-BOM: git would store the same
            // characters as UTF-8, with line feeds.
            Err(_) => Ok(Stored::Other(decode(bytes).0.replace(b"\r\n", b"\n"))),
        }
    }
}

/// The form in which git would store a file.
enum Stored {
    Same,
    Other(Vec<u8>),
    ByProgram,
}

fn too_large(size: u64, cap: u64) -> String {
    format!("{size} bytes are more than the guard reads ({cap}; `guard.size_cap_mib`)")
}
