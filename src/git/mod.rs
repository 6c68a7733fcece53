//! Git, read in-process: the only module that names `gix`.
//!
//! Nothing here runs a program of the repository's (no filter, textconv, fsmonitor or hook) or
//! fetches anything. Where `gix` cannot read a format (reftable), one plumbing call of git's own
//! answers a single question; see [`head`].

pub mod added;
mod changed;
mod command;
mod disk;
mod head;
pub mod history;
pub mod holders;
mod index;
pub mod message;
pub mod names;
mod origin;
pub mod passed;
pub mod receipts;
pub mod reflog;
mod rename;
pub mod signing;
mod since;
mod sound;
pub mod staged;
pub mod state;
pub mod tracked;
mod tree;
pub mod uncommitted;
mod versions;
mod walk;
pub mod write;

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use gix::ObjectId;
use gix::objs::{Exists, Find, Kind};

/// The moment at which staged content is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// In git's pre-commit hook, or outside a hook.
    Commit,
    /// In git's pre-merge-commit hook, where the other parents are known from the environment only.
    Merge,
}

/// What the caller knows and git's environment says; only `cli` reads that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The largest object that is read, in bytes.
    pub size_cap: u64,
    /// `GIT_INDEX_FILE`, if it is set.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY` and what `GIT_ALTERNATE_OBJECT_DIRECTORIES` lists.
    pub object_folders: Vec<PathBuf>,
    /// In pre-merge-commit the commits that are merged: git names them by `GITHEAD_<oid>` variables.
    pub other_heads: Vec<String>,
}

/// A repository, opened for reading.
pub struct Repo {
    gix: gix::Repository,
    partial: bool,
    index_file: Option<PathBuf>,
    /// Stores that the environment names; `gix` does not read those variables.
    more_objects: Vec<gix::odb::Handle>,
    /// Trees in which a file was looked for: the walk begins with the same ones, and takes them.
    looked: RefCell<Vec<(ObjectId, Vec<u8>)>>,
    /// The folder by which it was named; git itself is asked there, whatever the environment names.
    folder: Option<PathBuf>,
}

/// `extensions.*` that change nothing for a reader, or that `gix` or this module handles. Names as
/// in git's `Documentation/config/extensions.adoc` (2.55), lower case.
const KNOWN_EXTENSIONS: [&str; 8] = [
    "noop",
    "noop-v1",
    "partialclone",
    "preciousobjects",
    "worktreeconfig",
    "objectformat",
    "refstorage",
    "relativeworktrees",
];

impl Repo {
    /// Opens the repository that git's environment or the current directory names.
    ///
    /// Whoever owns it: git itself has refused foreign repositories before a hook runs, and reading
    /// runs nothing. Replacement objects are not used: what is committed is the object itself.
    ///
    /// # Errors
    /// Where there is no repository, or it uses a format that is not known.
    pub fn open(around: &Surroundings) -> Result<Self> {
        let trust = opening(around.size_cap);
        let found = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(".", Default::default(), trust);
        let gix = found.map_err(unopened).context("no git repository can be read here")?.to_thread_local();
        Repo::checked(gix, around)
    }

    /// Opens the repository that holds a folder, whatever the environment names; `None` where there
    /// is none.
    ///
    /// # Errors
    /// Where there is one that cannot be read, or uses a format that is not known.
    pub fn holding(folder: &Path, size_cap: u64) -> Result<Option<Self>> {
        if gix::discover::upwards(folder).is_err() {
            return Ok(None);
        }
        let around = Surroundings { size_cap, ..Surroundings::default() };
        let found = gix::ThreadSafeRepository::discover_opts(folder, Default::default(), opening(around.size_cap));
        let gix = found.map_err(unopened).context("the git repository cannot be read")?.to_thread_local();
        let repo = Repo::checked(gix, &around)?;
        Ok(Some(Repo { folder: Some(folder.to_path_buf()), ..repo }))
    }

    /// Opens the repository whose worktree has this folder as its top, with all of its user's
    /// configuration: what git would store or ignore depends on it. Whatever holds the folder is not looked
    /// for.
    ///
    /// # Errors
    /// Where there is none, it cannot be read, or uses a format that is not known.
    pub fn at(folder: &Path, size_cap: u64) -> Result<Self> {
        sound::check(folder)?;
        let around = Surroundings { size_cap, ..Surroundings::default() };
        let mut permissions = gix::open::Permissions::all();
        permissions.config.git_binary = false;
        permissions.attributes.git_binary = false;
        let options = opening(size_cap).full.permissions(permissions).with(gix::sec::Trust::Full);
        let found = gix::ThreadSafeRepository::open_opts(folder, options);
        let gix = found.map_err(unopened).context("no git repository can be read here")?.to_thread_local();
        let repo = Repo::checked(gix, &around)?;
        Ok(Repo { folder: Some(folder.to_path_buf()), ..repo })
    }

    fn checked(gix: gix::Repository, around: &Surroundings) -> Result<Self> {
        check_extensions(&gix)?;
        let partial = is_partial(&gix);
        let open = |folder: &PathBuf| {
            gix::odb::at(folder, gix.object_hash()).with_context(|| format!("objects in {}", folder.display()))
        };
        let more_objects = around.object_folders.iter().map(open).collect::<Result<_>>()?;
        let index_file = around.index_file.clone();
        Ok(Repo { gix, partial, index_file, more_objects, looked: RefCell::default(), folder: None })
    }

    /// The directory that holds this worktree's HEAD and index.
    pub fn git_dir(&self) -> &Path {
        self.gix.git_dir()
    }

    /// The top of the worktree, if there is one.
    pub fn worktree(&self) -> Option<&Path> {
        self.gix.workdir()
    }

    /// The index file that git uses. A relative `GIT_INDEX_FILE` counts from the top of the
    /// worktree, as in git, wherever the process stands.
    fn index_path(&self) -> PathBuf {
        match &self.index_file {
            Some(path) if path.is_relative() => self.worktree().map_or_else(|| path.clone(), |top| top.join(path)),
            Some(path) => path.clone(),
            None => self.git_dir().join("index"),
        }
    }

    /// Reads an object into `buffer` and gives its kind; `None` where it is not in the repository.
    fn object<'b>(&self, id: &ObjectId, buffer: &'b mut Vec<u8>) -> Result<Option<(Kind, &'b [u8])>> {
        let unreadable = |error| anyhow!("object {} cannot be read: {error}", id.to_hex_with_len(12));
        let mut kind = self.gix.objects.try_find(id, buffer).map_err(unreadable)?.map(|data| data.kind);
        for store in &self.more_objects {
            if kind.is_none() {
                kind = store.try_find(id, buffer).map_err(unreadable)?.map(|data| data.kind);
            }
        }
        Ok(kind.map(|kind| (kind, buffer.as_slice())))
    }

    /// Keeps a tree in which a file was looked for, unless several are kept: of a history's trees none is read again.
    fn keep(&self, tree: ObjectId, data: &[u8]) {
        let mut looked = self.looked.borrow_mut();
        if looked.len() < 2 && looked.iter().all(|(own, _)| *own != tree) {
            looked.push((tree, data.to_vec()));
        }
    }

    /// Such a tree, which is kept no longer.
    fn kept(&self, tree: &ObjectId) -> Option<Vec<u8>> {
        let mut looked = self.looked.borrow_mut();
        let at = looked.iter().position(|(own, _)| own == tree)?;
        Some(looked.swap_remove(at).1)
    }

    /// Reads a blob that must be there.
    fn blob<'b>(&self, id: &ObjectId, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        match self.object(id, buffer)? {
            Some((Kind::Blob, data)) => Ok(data),
            Some((kind, _)) => bail!("object {} is a {kind}, not a blob", id.to_hex_with_len(12)),
            None => bail!("object {} is missing (`git fsck` tells more)", id.to_hex_with_len(12)),
        }
    }

    /// Compares the content that was read with the checksum (Adler-32, RFC 1950) at the end of the
    /// loose object that holds it: `gix` stops reading before it. Content from packs is not checked.
    fn check_loose(&self, id: &ObjectId, content: &[u8]) -> Result<()> {
        let hex = id.to_hex().to_string();
        let path = self.gix.common_dir().join("objects").join(&hex[..2]).join(&hex[2..]);
        let Ok(mut file) = File::open(path) else { return Ok(()) };
        let mut stored = [0; 4];
        file.seek(SeekFrom::End(-4))
            .and_then(|_| file.read_exact(&mut stored))
            .context("a loose object is cut short")?;
        let start = zlib_rs::adler32::adler32(1, format!("blob {}\0", content.len()).as_bytes());
        if zlib_rs::adler32::adler32(start, content) != u32::from_be_bytes(stored) {
            bail!("object {} is damaged (`git fsck` tells more)", &hex[..12]);
        }
        Ok(())
    }

    /// Reads a blob of an old side. In a partial clone it may be absent: then there is none, and
    /// nothing is fetched.
    fn old_blob<'b>(&self, id: &ObjectId, buffer: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>> {
        if self.partial && !self.has(id) {
            return Ok(None);
        }
        self.blob(id, buffer).map(Some)
    }

    /// The tree of a commit (tags are followed).
    fn tree_of(&self, commit: ObjectId) -> Result<ObjectId> {
        self.tree_and_parent(commit).map(|(tree, _)| tree)
    }

    /// The tree of a commit, and its first parent.
    fn tree_and_parent(&self, commit: ObjectId) -> Result<(ObjectId, Option<ObjectId>)> {
        let mut id = commit;
        let mut buffer = Vec::new();
        // A tag may name a tag; nobody nests them deeper than this.
        for _ in 0..16 {
            id = match self.object(&id, &mut buffer)? {
                Some((Kind::Commit, data)) => {
                    let mut commit = gix::objs::CommitRefIter::from_bytes(data, id.kind());
                    let damaged = || format!("commit {} is damaged", id.to_hex_with_len(12));
                    let tree = commit.tree_id().map_err(plain).with_context(damaged)?;
                    return Ok((tree, commit.parent_ids().next()));
                }
                Some((Kind::Tag, data)) => gix::objs::TagRefIter::from_bytes(data, id.kind())
                    .target_id()
                    .map_err(plain)
                    .context("a tag is damaged")?,
                Some((kind, _)) => bail!("object {} is a {kind}, not a commit", id.to_hex_with_len(12)),
                None => bail!("commit {} is missing (`git fsck` tells more)", id.to_hex_with_len(12)),
            };
        }
        bail!("tags are nested too deeply")
    }

    /// Lets a call of git speak of this repository, where it was opened by its folder: whatever the current
    /// directory and the environment name.
    fn ask_at_home(&self, call: &mut std::process::Command) {
        const NAMING: [&str; 5] =
            ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];
        if let Some(folder) = &self.folder {
            call.current_dir(folder);
            for name in NAMING {
                call.env_remove(name);
            }
        }
    }

    /// Whether a remote is configured.
    pub fn has_remotes(&self) -> bool {
        !self.gix.remote_names().is_empty()
    }

    /// Whether a commit with this id, in hex, is here.
    pub fn has_commit(&self, hex: &str) -> bool {
        ObjectId::from_hex(hex.as_bytes()).is_ok_and(|id| self.tree_of(id).is_ok())
    }

    fn has(&self, id: &ObjectId) -> bool {
        self.gix.has_object(id) || self.more_objects.iter().any(|store| store.exists(id))
    }

    fn hash_len(&self) -> usize {
        self.gix.object_hash().len_in_bytes()
    }
}

/// The lines of `new` that git's diff calls added against `old`, from 1.
pub fn added_lines(old: &[u8], new: &[u8]) -> Vec<u32> {
    added::AddedLines::between(old, new).lines()
}

/// How the user's configuration says messages are cleaned: `commit.cleanup`, and
/// `core.commentString` or `core.commentChar`, as far as they are set. `None` where the
/// configuration cannot be read.
pub fn message_settings() -> Option<(Option<String>, Option<String>)> {
    let repo = gix::ThreadSafeRepository::discover_with_environment_overrides(".").ok()?.to_thread_local();
    let config = repo.config_snapshot();
    let cleanup = config.string("commit.cleanup").map(|value| value.to_string());
    let comment = config.string("core.commentString").or_else(|| config.string("core.commentChar"));
    Some((cleanup, comment.map(|value| value.to_string())))
}

/// How repositories are opened: with their own configuration and what the environment adds.
fn opening(size_cap: u64) -> gix::sec::trust::Mapping<gix::open::Options> {
    let options = || {
        let mut permissions = gix::open::Permissions::all();
        permissions.config = gix::open::permissions::Config { env: true, ..gix::open::permissions::Config::isolated() };
        permissions.config.includes = true;
        permissions.attributes = gix::open::permissions::Attributes::isolated();
        gix::open::Options::default().permissions(permissions).filter_config_section(|_| true).config_overrides([
            "core.useReplaceRefs=false".to_owned(),
            "gitoxide.objects.allocLimitIfReducedTrust=0".to_owned(),
            format!("gitoxide.objects.allocLimit={size_cap}"),
        ])
    };
    gix::sec::trust::Mapping { full: options(), reduced: options() }
}

/// An error of `gix` as one of ours: its message and causes as text.
fn plain(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error:#}")
}

/// Why a repository cannot be opened. What the library says of a configuration repeats what stands there, which
/// may be a credential; nothing of that is said.
fn unopened(error: impl std::fmt::Display) -> anyhow::Error {
    let text = format!("{error:#}");
    let repeats = text.contains('"') || text.contains('{') || text.to_ascii_lowercase().contains("config");
    match repeats {
        true => anyhow!("its configuration cannot be read (`git config --list` tells more)"),
        false => anyhow!("{text}"),
    }
}

/// Whether objects may be absent because a promisor remote has them.
fn is_partial(repo: &gix::Repository) -> bool {
    let config = repo.config_snapshot();
    if config.string("extensions.partialClone").is_some() {
        return true;
    }
    let mut remotes = config.plumbing().sections_by_name("remote").into_iter().flatten();
    remotes.any(|remote| remote.value("promisor").is_some())
}

fn check_extensions(repo: &gix::Repository) -> Result<()> {
    let config = repo.config_snapshot();
    let version = config.integer("core.repositoryFormatVersion").unwrap_or(0);
    if !(0..=1).contains(&version) {
        bail!("the repository has format version {version}; this leakwarden knows 0 and 1, a newer one may know more");
    }
    if version == 0 {
        return Ok(());
    }
    for section in config.plumbing().sections_by_name("extensions").into_iter().flatten() {
        for name in section.value_names() {
            let name = name.to_string().to_ascii_lowercase();
            if !KNOWN_EXTENSIONS.contains(&name.as_str()) {
                // No extension of git's has a name of such a length; a credential may.
                let name = if name.len() > 24 { "…" } else { name.as_str() };
                bail!("the repository uses the extension `extensions.{name}`, which this leakwarden does not know");
            }
        }
    }
    Ok(())
}
