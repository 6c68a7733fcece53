//! Being told of changes: the one module that names `notify`.
//!
//! On Linux every folder is watched by itself, since only some of a worktree's are wanted and `notify`'s own
//! recursion misses what happens in a new folder before it is watched. Elsewhere one recursive watch a root
//! stands for all folders below it, and what is in other folders is dropped here (never run there).

pub mod git;
pub mod mount;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Config, ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::queue::{Queue, What};
use git::Part;

/// Whether a watch of a folder is told of what is below its sub-folders.
const RECURSIVE: bool = !cfg!(target_os = "linux");

/// What a folder is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A folder of a repository's worktree.
    Tree(u32),
    /// A folder of a repository's git directory.
    Git(u32, Part),
    /// A folder above a repository that is missing, or a root's: something may come.
    Root,
    /// The guard's own folder.
    Own,
    /// Where policy or ledger are.
    House,
}

impl Place {
    /// The repository, where it is one's.
    pub fn repository(self) -> Option<u32> {
        match self {
            Place::Tree(id) | Place::Git(id, _) => Some(id),
            Place::Root | Place::Own | Place::House => None,
        }
    }
}

/// Why a folder cannot be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is gone, or may not be read: whoever looks at it says so.
    Unreadable,
    /// The system gives no more watches: why, and what to type.
    Limit(String),
}

/// The folders that are watched.
#[derive(Debug)]
pub struct Watch {
    notify: Option<RecommendedWatcher>,
    /// Why there are no watches at all.
    broken: Option<String>,
    folders: BTreeMap<PathBuf, Vec<Place>>,
}

impl Watch {
    /// Begins; what happens goes into the queue.
    pub fn new<R: Send + 'static>(queue: Queue<R>) -> Self {
        let handler = move |event: notify::Result<notify::Event>| pass(event, &queue);
        match RecommendedWatcher::new(handler, Config::default()) {
            Ok(notify) => Watch { notify: Some(notify), broken: None, folders: BTreeMap::new() },
            Err(error) => Watch { notify: None, broken: Some(limit(&error)), folders: BTreeMap::new() },
        }
    }

    /// Why nothing at all can be watched, if so.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// How many folders are watched.
    pub fn len(&self) -> usize {
        self.folders.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Watches a folder for something. Tells whether it is new for that.
    ///
    /// # Errors
    /// Where it cannot be watched.
    pub fn add(&mut self, folder: &Path, place: Place) -> Result<bool, Refusal> {
        if let Some(places) = self.folders.get_mut(folder) {
            if places.contains(&place) {
                return Ok(false);
            }
            places.push(place);
            return Ok(true);
        }
        let Some(notify) = &mut self.notify else {
            return Err(Refusal::Limit(self.broken.clone().unwrap_or_default()));
        };
        let covered = RECURSIVE && folder.ancestors().skip(1).any(|above| self.folders.contains_key(above));
        if !covered {
            let mode = if RECURSIVE { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = notify.watch(folder, mode) {
                return Err(if is_limit(&error) { Refusal::Limit(limit(&error)) } else { Refusal::Unreadable });
            }
        }
        self.folders.insert(folder.to_path_buf(), vec![place]);
        Ok(true)
    }

    /// What a folder is watched for.
    pub fn places(&self, folder: &Path) -> &[Place] {
        self.folders.get(folder).map_or(&[], Vec::as_slice)
    }

    /// A folder went or was replaced, with all below: what watched them is gone with them.
    pub fn gone(&mut self, folder: &Path) {
        for path in self.below(folder) {
            self.drop_folder(&path);
        }
    }

    /// The folders of a repository's worktree that are watched, at and below one.
    pub fn tree_below(&self, repository: u32, folder: &Path) -> Vec<PathBuf> {
        let mine = |path: &PathBuf| self.places(path).contains(&Place::Tree(repository));
        self.below(folder).into_iter().filter(mine).collect()
    }

    /// The repositories for which folders are watched, once for each folder.
    pub fn repositories(&self) -> impl Iterator<Item = u32> {
        self.folders.values().flat_map(|places| {
            let mut all: Vec<u32> = places.iter().filter_map(|place| place.repository()).collect();
            all.dedup();
            all
        })
    }

    /// A folder is not watched for something any more.
    pub fn remove(&mut self, folder: &Path, place: Place) {
        let Some(places) = self.folders.get_mut(folder) else { return };
        places.retain(|own| *own != place);
        if places.is_empty() {
            self.drop_folder(folder);
        }
    }

    /// Nothing is watched for a repository any more.
    pub fn remove_all(&mut self, mine: impl Fn(Place) -> bool) {
        let all: Vec<(PathBuf, Place)> = self
            .folders
            .iter()
            .flat_map(|(path, places)| places.iter().map(move |place| (path.clone(), *place)))
            .filter(|(_, place)| mine(*place))
            .collect();
        for (path, place) in all {
            self.remove(&path, place);
        }
    }

    fn drop_folder(&mut self, folder: &Path) {
        self.folders.remove(folder);
        // The watch of a folder that went goes with it, and `notify` takes the longer for each the more there are.
        if folder.symlink_metadata().is_ok()
            && let Some(notify) = &mut self.notify
        {
            let _ = notify.unwatch(folder);
        }
    }

    fn below(&self, folder: &Path) -> Vec<PathBuf> {
        let from = (Bound::Included(folder.to_path_buf()), Bound::Unbounded);
        let below = self.folders.range(from).map(|(path, _)| path).take_while(|path| path.starts_with(folder));
        below.cloned().collect()
    }
}

/// Turns an event of `notify` into ours; what nobody wants ends here, on its own thread.
fn pass<R>(event: notify::Result<notify::Event>, queue: &Queue<R>) {
    let Ok(event) = event else { return queue.lost() };
    if event.need_rescan() {
        return queue.lost();
    }
    let what = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => What::Changed,
        EventKind::Access(_) => return,
        EventKind::Create(CreateKind::File) => What::Changed,
        EventKind::Create(_) => What::Came,
        EventKind::Remove(RemoveKind::File) => What::Changed,
        EventKind::Remove(_) => What::Went,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => What::Went,
        EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Any | RenameMode::Other)) => What::Came,
        // Both halves were told already.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return,
        EventKind::Modify(_) => What::Changed,
        EventKind::Any | EventKind::Other => What::Came,
    };
    for path in event.paths {
        queue.event(path, what);
    }
}

fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        // EMFILE and ENFILE, ENOSPC, ENOMEM.
        ErrorKind::Io(error) => matches!(error.raw_os_error(), Some(12 | 23 | 24 | 28)),
        _ => false,
    }
}

/// What a limit is called, and how it is raised.
fn limit(error: &notify::Error) -> String {
    let instances = matches!(&error.kind, ErrorKind::Io(error) if matches!(error.raw_os_error(), Some(23 | 24)));
    if !cfg!(target_os = "linux") {
        return "the system gives no more watches".to_owned();
    }
    let (what, key, number) = match instances {
        true => ("inotify instances or open files", "fs.inotify.max_user_instances", "512"),
        false => ("inotify watches", "fs.inotify.max_user_watches", "1048576"),
    };
    format!("the limit of {what} is reached (an administrator raises it with `sysctl {key}={number}`)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn wait(queue: &Queue<()>, wanted: &Path) -> Vec<(PathBuf, What)> {
        let until = Instant::now() + Duration::from_secs(60);
        let mut all = Vec::new();
        while Instant::now() < until && !all.iter().any(|(path, _)| path == wanted) {
            all.extend(queue.take(Instant::now() + Duration::from_millis(100)).events);
        }
        all
    }

    #[test]
    fn told_of_what_happens_in_watched_folders_only() -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let top = place.path().canonicalize()?;
        std::fs::create_dir_all(top.join("a/b"))?;
        let queue: Queue<()> = Queue::default();
        let mut watch = Watch::new(queue.clone());
        assert_eq!(watch.add(&top, Place::Tree(1)), Ok(true));
        assert_eq!(watch.add(&top.join("a"), Place::Tree(1)), Ok(true));
        assert_eq!(watch.add(&top.join("a"), Place::Tree(1)), Ok(false));
        assert_eq!(watch.add(&top.join("a"), Place::Tree(2)), Ok(true));
        assert_eq!(watch.add(&top.join("none"), Place::Tree(1)), Err(Refusal::Unreadable));
        std::fs::write(top.join("a/file"), "x")?;
        assert!(!wait(&queue, &top.join("a/file")).is_empty());
        std::fs::rename(top.join("a"), top.join("c"))?;
        let events = wait(&queue, &top.join("c"));
        assert!(events.contains(&(top.join("c"), What::Came)), "{events:?}");
        assert_eq!(watch.tree_below(1, &top), [top.clone(), top.join("a")]);
        watch.gone(&top.join("a"));
        assert_eq!((watch.len(), watch.repositories().collect::<Vec<_>>()), (1, vec![1]));
        watch.remove_all(|place| place.repository() == Some(1));
        assert!(watch.is_empty());
        Ok(())
    }
}
