//! Git, read in-process: the only module that names `gix`.
//!
//! Nothing here runs a program of the repository's (no filter, textconv, fsmonitor or hook) or
//! fetches anything. Where `gix` cannot read a format (reftable), one plumbing call of git's own
//! answers a single question; see [`head`].

mod added;
mod head;
mod index;
pub mod message;
mod origin;
mod rename;
pub mod staged;
mod walk;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use gix::ObjectId;
use gix::objs::{Find, Kind};

/// The moment at which staged content is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// In git's pre-commit hook, or outside a hook.
    Commit,
    /// In git's pre-merge-commit hook, where the other parents are known from the environment only.
    Merge,
}

/// What the environment says about a merge: the commits named by `GITHEAD_<oid>` variables.
pub type OtherHeads = Vec<String>;

/// A repository, opened for reading.
pub struct Repo {
    gix: gix::Repository,
    partial: bool,
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
    /// Opens the repository that git's environment or the current directory names, with `size_cap`
    /// as the largest object that is read.
    ///
    /// Whoever owns it: git itself has refused foreign repositories before a hook runs, and reading
    /// runs nothing. Replacement objects are not used: what is committed is the object itself.
    ///
    /// # Errors
    /// Where there is no repository, or it uses a format that is not known.
    pub fn open(size_cap: u64) -> Result<Self> {
        let options = || {
            let mut permissions = gix::open::Permissions::all();
            permissions.config = gix::open::permissions::Config { env: true, ..gix::open::permissions::Config::isolated() };
            permissions.config.includes = true;
            permissions.attributes = gix::open::permissions::Attributes::isolated();
            gix::open::Options::default()
                .permissions(permissions)
                .filter_config_section(|_| true)
                .config_overrides([
                    "core.useReplaceRefs=false".to_owned(),
                    "gitoxide.objects.allocLimitIfReducedTrust=0".to_owned(),
                    format!("gitoxide.objects.allocLimit={size_cap}"),
                ])
        };
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options() };
        let found = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(".", Default::default(), trust);
        let gix = found.map_err(plain).context("no git repository can be read here")?.to_thread_local();
        check_extensions(&gix)?;
        let config = gix.config_snapshot();
        let partial = config.string("extensions.partialClone").is_some()
            || config.plumbing().sections_by_name("remote").is_some_and(|mut all| all.any(|s| s.value("promisor").is_some()));
        drop(config);
        Ok(Repo { gix, partial })
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
        match std::env::var_os("GIT_INDEX_FILE").filter(|v| !v.is_empty()).map(PathBuf::from) {
            Some(path) if path.is_relative() => self.worktree().map_or(path.clone(), |top| top.join(&path)),
            Some(path) => path,
            None => self.git_dir().join("index"),
        }
    }

    /// Reads an object into `buffer` and gives its kind; `None` where it is not in the repository.
    fn object<'b>(&self, id: &ObjectId, buffer: &'b mut Vec<u8>) -> Result<Option<(Kind, &'b [u8])>> {
        match self.gix.objects.try_find(id, buffer) {
            Ok(Some(data)) => Ok(Some((data.kind, data.data))),
            Ok(None) => Ok(None),
            Err(error) => Err(anyhow!("object {} cannot be read: {error}", id.to_hex_with_len(12))),
        }
    }

    /// Reads a blob that must be there.
    fn blob<'b>(&self, id: &ObjectId, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        match self.object(id, buffer)? {
            Some((Kind::Blob, data)) => Ok(data),
            Some((kind, _)) => bail!("object {} is a {kind}, not a blob", id.to_hex_with_len(12)),
            None => bail!("object {} is missing (`git fsck` tells more)", id.to_hex_with_len(12)),
        }
    }

    /// Reads a blob of an old side. In a partial clone it may be absent: then there is none, and
    /// nothing is fetched.
    fn old_blob<'b>(&self, id: &ObjectId, buffer: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>> {
        if self.partial && !self.gix.has_object(id) {
            return Ok(None);
        }
        self.blob(id, buffer).map(Some)
    }

    /// The tree of a commit (tags are followed).
    fn tree_of(&self, commit: ObjectId) -> Result<ObjectId> {
        let what = || format!("commit {} cannot be read", commit.to_hex_with_len(12));
        let object = self.gix.find_object(commit).map_err(plain).with_context(what)?;
        let tree = object.peel_to_kind(Kind::Tree).map_err(|e| anyhow!("{e}")).with_context(what)?;
        Ok(tree.id)
    }

    fn has(&self, id: &ObjectId) -> bool {
        self.gix.has_object(id)
    }

    fn hash_len(&self) -> usize {
        self.gix.object_hash().len_in_bytes()
    }
}

/// The user's `core.commentString` or `core.commentChar`, from all of git's configuration; `None`
/// where it is not set, is `auto`, or there is no repository.
pub fn comment_string() -> Option<Vec<u8>> {
    let repo = gix::ThreadSafeRepository::discover_with_environment_overrides(".").ok()?.to_thread_local();
    let config = repo.config_snapshot();
    let value = config.string("core.commentString").or_else(|| config.string("core.commentChar"))?;
    (value.as_slice() != b"auto").then(|| value.to_vec())
}

/// An error of `gix` as one of ours: its message and causes as text.
fn plain(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error:#}")
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
    let sections = config.plumbing().sections_by_name("extensions").into_iter().flatten();
    for name in sections.flat_map(|section| section.value_names().map(|n| n.to_string().to_ascii_lowercase()).collect::<Vec<_>>()) {
        if !KNOWN_EXTENSIONS.contains(&name.as_str()) {
            bail!("the repository uses the extension `extensions.{name}`, which this leakwarden does not know");
        }
    }
    Ok(())
}
