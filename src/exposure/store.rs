//! The exposures on disk: one JSON file each, in a folder of the user's state.
//!
//! The name is `CLONE.ID.open` or `CLONE.ID.closed`, so that counting a clone's open ones reads names
//! and nothing else. Where both are there, a change was cut short, and the open one counts.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Cause, Exposure, OtherVersion, Site, Status, VERSION, id, is_id};
use crate::finding::{Finding, escape, lossy};

/// How long a change waits for another one to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest file, in bytes: [`super::MOST_SITES`] sites of the longest paths take less.
const LARGEST: u64 = 1 << 20;

/// The exposures of a user on this machine.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// A credential that got past, as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The clone's id.
    pub clone: &'a str,
    /// Where the clone is.
    pub repository: &'a str,
    /// The finding.
    pub finding: &'a Finding,
    /// Its value's pseudonym.
    pub pseudonym: &'a str,
    /// How it got past.
    pub cause: Cause,
    /// Who made the commit: `Name <address>`.
    pub author: &'a str,
    /// The commit, in hex.
    pub commit: &'a str,
    /// Now, RFC 3339, UTC.
    pub when: &'a str,
}

/// What became of an exposure when its value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Opened(Exposure),
    /// It was closed, and its value is there again.
    Reopened(Exposure),
    /// It is open already; the place may be new.
    Known(Exposure),
}

impl Change {
    /// The exposure as it is now.
    pub fn exposure(&self) -> &Exposure {
        match self {
            Change::Opened(own) | Change::Reopened(own) | Change::Known(own) => own,
        }
    }
}

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The exposures, oldest first.
    pub exposures: Vec<Exposure>,
    /// What else is there, and why it does not count; escaped.
    pub skipped: Vec<String>,
}

impl Store {
    /// The store in a folder, which need not be there yet.
    pub fn at(folder: PathBuf) -> Self {
        Store { folder }
    }

    /// How many exposures of a clone are open, by the names of the files alone; 0 where there is no
    /// folder, or it cannot be read.
    pub fn open_here(&self, clone: &str) -> usize {
        let Ok(entries) = fs::read_dir(&self.folder) else { return 0 };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let open = |name: &String| parse(name).is_some_and(|(own, _, status)| own == clone && status == Status::Open);
        names.filter(open).count()
    }

    /// Everything in the folder. A file that cannot be read is named and passed over.
    ///
    /// # Errors
    /// Where the folder is there and cannot be read.
    pub fn list(&self) -> Result<Listed> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Listed::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", shown(&self.folder))),
        };
        let mut found: BTreeMap<(String, String), Exposure> = BTreeMap::new();
        let mut skipped = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", shown(&self.folder)))?;
            let bytes = entry.file_name();
            let name = bytes.to_string_lossy();
            // The lock, and what a process that was stopped left of a change.
            if name.starts_with('.') {
                continue;
            }
            let path = entry.path();
            let Some((clone, id, status)) = parse(&name) else {
                skipped.push(format!("{}: not an exposure", shown(&path)));
                continue;
            };
            match read(&path, clone, id, status) {
                Ok(own) => {
                    let known = found.entry((clone.to_owned(), id.to_owned())).or_insert_with(|| own.clone());
                    if own.status == Status::Open {
                        *known = own;
                    }
                }
                // Another process has just changed it: it is met under its other name, or next time.
                Err(_) if !path.exists() => {}
                Err(error) => skipped.push(format!("{}: {}", shown(&path), escape(format!("{error:#}").as_bytes()))),
            }
        }
        let mut exposures: Vec<Exposure> = found.into_values().collect();
        exposures.sort_by(|a, b| (&a.opened, &a.id).cmp(&(&b.opened, &b.id)));
        skipped.sort();
        Ok(Listed { exposures, skipped })
    }

    /// Opens an exposure; opens it again where it was closed, and adds the place where it is open.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn open(&self, found: Found<'_>) -> Result<Change> {
        let _lock = self.lock()?;
        let id = id(found.clone, found.pseudonym);
        let at = &found.finding.location;
        let site = Site {
            commit: found.commit.to_owned(),
            path: lossy(&at.path),
            line: at.line,
            part: at.part.name().to_owned(),
        };
        let change = match self.get(found.clone, &id)? {
            Some(mut own) if own.status == Status::Open => {
                // That it is on a remote stays true, whatever the clone can tell later.
                let pushed = found.cause == Cause::Pushed && own.cause != Cause::Pushed;
                if pushed {
                    own.cause = Cause::Pushed;
                }
                if !own.add_site(site) && !pushed {
                    return Ok(Change::Known(own));
                }
                Change::Known(own)
            }
            Some(mut own) => {
                own.add_site(site);
                own.status = Status::Open;
                own.closed = None;
                if own.cause != Cause::Pushed {
                    own.cause = found.cause;
                }
                own.reopened = own.reopened.saturating_add(1);
                found.repository.clone_into(&mut own.repository);
                own.note(found.when, "reopened", found.author, found.commit);
                Change::Reopened(own)
            }
            None => {
                let mut own = new(&found, id);
                own.add_site(site);
                own.note(found.when, "opened", found.author, found.commit);
                Change::Opened(own)
            }
        };
        self.write(change.exposure(), || Ok(()))?;
        Ok(change)
    }

    /// Changes an exposure that is there. `promise` is called when everything but the last step is
    /// done; where it fails, nothing is changed.
    ///
    /// # Errors
    /// Those of `edit` and `promise`; where the exposure is gone or cannot be written.
    pub fn change(
        &self,
        own: &Exposure,
        edit: impl FnOnce(&mut Exposure) -> Result<()>,
        promise: impl FnOnce(&Exposure) -> Result<()>,
    ) -> Result<Exposure> {
        let _lock = self.lock()?;
        let mut own = self.get(&own.clone, &own.id)?.with_context(|| format!("exposure {} is gone", own.id))?;
        edit(&mut own)?;
        self.write(&own, || promise(&own))?;
        Ok(own)
    }

    /// An exposure by clone and id, the open one first; `None` where no file of it can be read.
    ///
    /// # Errors
    /// Where another version of leakwarden wrote it: what it says would be lost.
    fn get(&self, clone: &str, id: &str) -> Result<Option<Exposure>> {
        for status in [Status::Open, Status::Closed] {
            let path = self.path(clone, id, status);
            match read(&path, clone, id, status) {
                Ok(own) => return Ok(Some(own)),
                Err(error) if error.is::<OtherVersion>() => {
                    return Err(error).with_context(|| format!("exposure {id} stays as it is"));
                }
                Err(_) => {}
            }
        }
        Ok(None)
    }

    fn path(&self, clone: &str, id: &str, status: Status) -> PathBuf {
        self.folder.join(format!("{clone}.{id}.{}", status.name()))
    }

    /// Writes an exposure as a whole, calls `promise`, and puts it in its place; then the file of its
    /// other status goes.
    fn write(&self, own: &Exposure, promise: impl FnOnce() -> Result<()>) -> Result<()> {
        let path = self.path(&own.clone, &own.id, own.status);
        let temporary = self.folder.join(format!(".{}.{}.{}", own.clone, own.id, std::process::id()));
        let text = serde_json::to_string_pretty(own).context("an exposure cannot be written as JSON")? + "\n";
        let fill = || -> std::io::Result<()> {
            // One of that name is left of a process that was stopped and had the same number.
            if temporary.symlink_metadata().is_ok() {
                fs::remove_file(&temporary)?;
            }
            let mut file = private().write(true).create_new(true).open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        let place = || -> std::io::Result<()> {
            fs::rename(&temporary, &path)?;
            let other = if own.status == Status::Open { Status::Closed } else { Status::Open };
            match fs::remove_file(self.path(&own.clone, &own.id, other)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => sync(&self.folder),
            }
        };
        let cannot = || format!("cannot write {}", shown(&path));
        let done = fill().with_context(cannot).and_then(|()| promise()).and_then(|()| place().with_context(cannot));
        done.inspect_err(|_| drop(fs::remove_file(&temporary)))
    }

    /// Makes the folder, private, and waits until nobody else changes it. The lock ends with the file.
    fn lock(&self) -> Result<File> {
        ensure!(!self.folder.is_symlink(), "{} is a link, which is not followed", shown(&self.folder));
        let mut folders = DirBuilder::new();
        folders.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        folders.create(&self.folder).with_context(|| format!("cannot make {}", shown(&self.folder)))?;
        let path = self.folder.join(".lock");
        ensure!(!path.is_symlink(), "{} is a link, which is not followed", shown(&path));
        let file = private().write(true).create(true).truncate(false).open(&path);
        let file = file.with_context(|| format!("cannot open {}", shown(&path)))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(20)),
                Err(TryLockError::WouldBlock) => {
                    bail!("another process has held {} for {} seconds; try again", shown(&path), PATIENCE.as_secs())
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", shown(&path)));
                }
            }
        }
    }
}

/// Clone, id and status out of a file's name.
fn parse(name: &str) -> Option<(&str, &str, Status)> {
    let (clone, rest) = name.split_once('.')?;
    let (id, end) = rest.split_once('.')?;
    let status = [Status::Open, Status::Closed].into_iter().find(|own| own.name() == end)?;
    (!clone.is_empty() && is_id(id)).then_some((clone, id, status))
}

fn new(found: &Found<'_>, id: String) -> Exposure {
    let finding = found.finding;
    let own = |text: &str| text.to_owned();
    Exposure {
        version: VERSION,
        id,
        clone: own(found.clone),
        repository: own(found.repository),
        rule: finding.rule.clone(),
        provider: finding.provider.clone(),
        name: finding.name.clone(),
        severity: finding.severity,
        redacted: finding.redacted.clone(),
        rotate: finding.rotate.clone(),
        pseudonym: own(found.pseudonym),
        cause: found.cause,
        opened: own(found.when),
        author: own(found.author),
        assigned: None,
        sites: Vec::new(),
        more_sites: false,
        status: Status::Open,
        closed: None,
        pushed: false,
        reopened: 0,
        events: Vec::new(),
    }
}

fn read(path: &Path, clone: &str, id: &str, status: Status) -> Result<Exposure> {
    let kind = fs::symlink_metadata(path)?;
    ensure!(kind.is_file(), "not a file");
    let mut text = String::new();
    let length = File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    ensure!(length as u64 <= LARGEST, "more than {} MiB", LARGEST >> 20);
    let mut own: Exposure = serde_json::from_str(&text).map_err(|error| {
        if let Some(later) = OtherVersion::later(&text) {
            return later.into();
        }
        // The message of the error may repeat what stands there.
        anyhow::anyhow!("line {}, column {}: not what leakwarden writes", error.line(), error.column())
    })?;
    if own.version != VERSION {
        return Err(OtherVersion(own.version).into());
    }
    ensure!(own.clone == clone && own.id == id, "its content is another exposure's");
    ensure!(own.id == super::id(&own.clone, &own.pseudonym), "its id is not that of its pseudonym");
    // The name decides: a change that was cut short may have left the other.
    own.status = status;
    Ok(own)
}

fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "the mode is set on unix only"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposure::{Closed, How, MOST_SITES};
    use crate::finding::{Location, Part, Secret};
    use crate::level::{Confidence, Severity};

    const CLONE: &str = "0123456789ab";

    fn finding(line: u32) -> Finding {
        Finding {
            rule: "a-rule".to_owned(),
            provider: "A".to_owned(),
            name: "key".to_owned(),
            severity: Severity::High,
            confidence: Confidence::Likely,
            location: Location {
                path: b"a b".to_vec(),
                part: Part::Content,
                line,
                column: 1,
                end_line: line,
                end_column: 2,
            },
            span: 0..1,
            secret: Secret::new("hunter2"),
            redacted: "[redacted]".to_owned(),
            reasons: Vec::new(),
            rotate: None,
            key_tag: None,
            issued: None,
            marker: None,
            pair: None,
        }
    }

    fn open(store: &Store, clone: &str, pseudonym: &str, line: u32) -> Result<Change> {
        let finding = finding(line);
        store.open(Found {
            clone,
            repository: "/r",
            finding: &finding,
            pseudonym,
            cause: Cause::History,
            author: "A <a@x>",
            commit: "c0",
            when: "2026-11-22T00:00:00Z",
        })
    }

    fn close(store: &Store, own: &Exposure, promise: Result<()>) -> Result<Exposure> {
        let closed = |how| Closed { how, evidence: "e".to_owned(), by: "B".to_owned(), when: "t".to_owned() };
        let edit = |own: &mut Exposure| {
            own.close(closed(How::Revoked));
            Ok(())
        };
        store.change(own, edit, |_| promise)
    }

    #[test]
    fn opened_known_closed_reopened() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::at(folder.path().join("state/exposures"));
        assert_eq!((store.open_here(CLONE), store.list()?), (0, Listed::default()));
        let Change::Opened(own) = open(&store, CLONE, "p", 1)? else { bail!("it is new") };
        assert!(matches!(open(&store, CLONE, "p", 1)?, Change::Known(own) if own.sites.len() == 1));
        assert!(matches!(open(&store, CLONE, "p", 2)?, Change::Known(own) if own.sites.len() == 2));
        open(&store, "ba9876543210", "p", 1)?;
        assert_eq!(store.open_here(CLONE), 1);
        close(&store, &own, Err(anyhow::anyhow!("the ledger is full"))).expect_err("it was not promised");
        assert_eq!(store.open_here(CLONE), 1);
        close(&store, &own, Ok(()))?;
        assert_eq!((store.open_here(CLONE), store.list()?.exposures.len()), (0, 2));
        let Change::Reopened(own) = open(&store, CLONE, "p", 3)? else { bail!("it was closed") };
        assert_eq!((own.reopened, own.sites.len(), own.closed), (1, 3, None));
        let told: Vec<&str> = own.events.iter().map(|event| event.what.as_str()).collect();
        assert_eq!(told, ["opened", "closed", "reopened"]);
        assert_eq!(fs::read_dir(&store.folder)?.count(), 3, "two exposures and the lock");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir()?;
        let store = Store::at(folder.path().join("exposures"));
        open(&store, CLONE, "p", 1)?;
        let mode = |path: &Path| fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
        assert_eq!(mode(&store.folder)?, 0o700);
        for entry in fs::read_dir(&store.folder)? {
            assert_eq!(mode(&entry?.path())?, 0o600);
        }
        Ok(())
    }

    #[test]
    fn what_is_broken_is_named_and_blocks_nothing() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::at(folder.path().to_owned());
        let own = open(&store, CLONE, "p", 1)?.exposure().clone();
        let text = fs::read(store.path(CLONE, &own.id, Status::Open))?;
        fs::write(store.path(CLONE, "00000000", Status::Open), "{\"version\": 1")?;
        fs::write(store.path(CLONE, "00000001", Status::Open), &text)?;
        fs::write(folder.path().join("notes.txt"), "mine")?;
        fs::create_dir(store.path(CLONE, "00000002", Status::Closed))?;
        let listed = store.list()?;
        assert_eq!((listed.exposures.len(), listed.skipped.len()), (1, 4), "{:?}", listed.skipped);
        // A broken file of its own name is written anew.
        fs::write(store.path(CLONE, &own.id, Status::Open), "x")?;
        assert!(matches!(open(&store, CLONE, "p", 1)?, Change::Opened(_)));
        // A change that was cut short leaves both: the open one counts.
        fs::write(store.path(CLONE, &own.id, Status::Closed), &text)?;
        assert_eq!(store.list()?.exposures[0].status, Status::Open);
        Ok(())
    }

    #[test]
    fn sites_have_a_bound_and_processes_wait_for_each_other() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let store = Store::at(folder.path().to_owned());
        std::thread::scope(|scope| {
            for part in 0..3 {
                let store = &store;
                scope.spawn(move || (1..=20).for_each(|n| drop(open(store, CLONE, "p", part * 20 + n))));
            }
        });
        let own = open(&store, CLONE, "p", 1)?.exposure().clone();
        assert_eq!((own.sites.len(), own.more_sites), (MOST_SITES, true));
        Ok(())
    }
}
