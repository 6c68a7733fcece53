//! The guard as it runs: one loop that takes events, requests and the clock, looks at what changed, and says
//! what that changes.
//!
//! - [`repository`]: what is known of each repository;
//! - [`house`]: hooks, policy, the ledger;
//! - [`events`]: what an event of the file system means;
//! - [`looks`]: looking, and keeping the watched folders right;
//! - [`requests`]: what clients ask for.

mod clock;
mod events;
mod house;
mod looks;
mod repository;
mod requests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use jiff::civil::Date;

use super::desk::{Desk, Session};
use super::file::LOCK;
use super::history::{Became, Event, History};
use super::house::House;
use super::open::{self, Book};
use super::own_policies::{self, OwnPolicies};
use super::pending::Pending;
use super::protocol::Said;
use super::queue::Queue;
use super::record::Fate;
use super::registry::Registry;
use super::socket::{self, Ask};
use super::systemd::Supervisor;
use super::values::{self, Values};
use super::watch::Watch;
use super::{Machine, Warning, file, sandbox};
use crate::finding::escape;
use crate::ledger::Ledger;
use crate::ledger::sink::Sinks;
use crate::level::Severity;
use crate::policy;
use repository::Repository;

/// Where it is kept what was known of policy and ledger.
const KNOWN: &str = "house.json";

/// How often it is looked whether repositories are where they were.
const TIDY: Duration = Duration::from_secs(60);

/// How often clones below roots are looked for.
const DISCOVER: Duration = Duration::from_secs(600);

/// How long policy and ledger must be quiet before they are looked at.
const SETTLE: Duration = Duration::from_millis(500);

/// How often they are looked at, whatever happens.
const HOUSE: Duration = Duration::from_secs(1800);

/// What the guard needs to know of the world.
pub struct Setup {
    /// The guard's folder, where it writes.
    pub folder: PathBuf,
    /// Where it may listen, the best place first.
    pub sockets: Vec<PathBuf>,
    /// Other folders in which it writes: the ledger's.
    pub writable: Vec<PathBuf>,
    /// Files and folders whose change means that policy is read again.
    pub policies: Vec<PathBuf>,
    /// Reads what all repositories share.
    pub shared: Box<dyn FnMut() -> Result<Shared>>,
    /// Looks at the hooks of a repository: what is wrong with them, at this severity, and the files of which
    /// that depends.
    pub hooks: Box<Hooks>,
    /// Writes what became of warnings into the ledger.
    pub record: Box<Record>,
    /// What tells whether there is a desktop.
    pub session: Session,
    /// Is told what becomes of warnings.
    pub tell: Box<dyn FnMut(&Event)>,
}

/// Looks at the hooks of a repository: warnings of this severity, and files to watch.
pub type Hooks = dyn FnMut(&Path, Severity) -> (Vec<Warning>, Vec<PathBuf>);

/// Writes what became of warnings of a repository; its folder is empty for those of machine and user.
pub type Record = dyn FnMut(&Path, Fate<'_>, &[Warning]) -> Result<()>;

/// What all repositories share.
pub struct Shared {
    /// By what they are judged.
    pub machine: Machine,
    /// What policy of fleet and user says of the guard.
    pub guard: policy::guard::Guard,
    /// The ledger.
    pub ledger: Ledger,
}

/// What the lock's file says of the guard that runs.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub socket: PathBuf,
}

impl Running {
    /// What stands in a guard's folder; it may be of a guard that ended.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = file::text(&folder.join(LOCK), 64 << 10).ok()??;
        serde_json::from_str(&text).ok()
    }
}

struct Guard {
    setup: Setup,
    queue: Queue<Ask>,
    watch: Watch,
    pending: Pending,
    repositories: BTreeMap<u32, Repository>,
    next: u32,
    registry: Registry,
    machine: Option<Machine>,
    /// What policy of fleet and user says of the guard.
    keys: policy::guard::Guard,
    day: Date,
    house: House,
    values: Values,
    own_policies: OwnPolicies,
    book: Book,
    history: History,
    desk: Desk,
    supervisor: Supervisor,
    status_line: String,
    /// Where it may write.
    writable: Vec<PathBuf>,
    started: Timestamp,
    sandbox: String,
    /// What does not work, by what it is about.
    troubles: BTreeMap<&'static str, String>,
    followers: Vec<Ask>,
    syncs: Vec<requests::Waiting>,
    timers: Timers,
    clock: clock::Clock,
    ends: bool,
}

/// When what is due; `None`: not at all.
#[derive(Debug)]
struct Timers {
    registry: Option<Instant>,
    policy: Option<Instant>,
    house: Option<Instant>,
    discover: Option<Instant>,
    tidy: Instant,
    alive: Option<Instant>,
    lost: Option<Instant>,
    rest: Option<Instant>,
    /// When something was done last.
    busy: Instant,
    /// Since when hooks wait to be looked at.
    hooks_since: Option<Instant>,
}

/// Runs the guard until it is told to stop.
///
/// # Errors
/// Where another one runs, or it cannot listen or write.
pub fn run(setup: Setup) -> Result<()> {
    file::private_folder(&setup.folder)?;
    let socket = socket::place(&setup.sockets)?;
    let _lock = alone(&setup.folder, &socket)?;
    let listener = socket::listen(&socket)?;
    let mut writable = vec![setup.folder.clone()];
    writable.extend(socket.parent().map(Path::to_path_buf));
    writable.extend(setup.writable.iter().filter(|folder| folder.is_dir()).cloned());
    // It binds this thread and those that it starts from now on.
    let sandbox = sandbox::enter(&writable);
    let queue = Queue::default();
    let mut watch = Watch::new(queue.clone());
    // Its own folder first: what is changed there from now on is not missed.
    let own = watch.add(&setup.folder, super::watch::Place::Own);
    let mut troubles = BTreeMap::new();
    if own.is_err() {
        let why = watch.broken().unwrap_or("its own folder cannot be watched; changes are seen late").to_owned();
        troubles.insert("watches", why);
    }
    let history = History::read(&setup.folder);
    // What cannot be read is put aside: nothing is written over.
    let mut say = |about: &'static str, name: &str, error: &anyhow::Error| {
        let aside = file::aside(&setup.folder.join(name));
        let aside = aside.map_or_else(String::new, |path| format!("; it was put aside as {}", file::shown(&path)));
        troubles.insert(about, escape(format!("{error:#}{aside}").as_bytes()));
    };
    let book = Book::read(&setup.folder).unwrap_or_else(|error| {
        say("open.json", open::NAME, &error);
        Book::default()
    });
    let values = Values::open(&setup.folder).unwrap_or_else(|error| {
        say("values", values::NAME, &error);
        Values::none(&setup.folder)
    });
    let own_policies = OwnPolicies::open(&setup.folder).unwrap_or_else(|error| {
        say("policies", own_policies::NAME, &error);
        OwnPolicies::none(&setup.folder)
    });
    // Until policy is read, the ledger is where it is by default.
    let ledger = Ledger::at(setup.folder.join(".."), Sinks::default());
    let house = House::new(&setup.folder.join(KNOWN), setup.policies.clone(), ledger);
    let desk = Desk::new(setup.session.clone());
    let now = Instant::now();
    let mut guard = Guard {
        writable,
        setup,
        watch,
        pending: Pending::default(),
        repositories: BTreeMap::new(),
        next: 0,
        registry: Registry::default(),
        machine: None,
        keys: policy::guard::Guard::default(),
        day: clock::today(),
        house,
        values,
        own_policies,
        book,
        history,
        desk,
        supervisor: Supervisor::default(),
        status_line: String::new(),
        started: open::seconds(Timestamp::now()),
        sandbox,
        troubles,
        followers: Vec::new(),
        syncs: Vec::new(),
        timers: Timers {
            registry: None,
            policy: None,
            house: Some(now),
            discover: Some(now),
            tidy: now + TIDY,
            alive: None,
            lost: None,
            rest: None,
            busy: now,
            hooks_since: None,
        },
        clock: clock::Clock::new(),
        ends: false,
        queue: queue.clone(),
    };
    guard.read_policy();
    guard.read_registry();
    socket::serve(listener, queue)?;
    guard.turn();
    // What waits for the end of a run is nobody's any more.
    let _ = std::fs::remove_file(&socket);
    Ok(())
}

/// Becomes the guard of this user.
fn alone(folder: &Path, socket: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    // A hook that asks whether a guard runs has it for a moment.
    let first = file::try_lock(&path)?;
    let lock = if first.is_some() {
        first
    } else {
        std::thread::sleep(Duration::from_millis(50));
        file::try_lock(&path)?
    };
    let Some(mut lock) = lock else {
        let who = Running::read(folder).map_or_else(String::new, |other| format!(" as process {}", other.pid));
        bail!("the guard runs already{who} (`leakwarden guard status`)");
    };
    let text = serde_json::to_vec(&Running { pid: std::process::id(), socket: socket.to_path_buf() })
        .context("the socket's path is no UTF-8 text")?;
    let about = || format!("cannot write {}", file::shown(&path));
    lock.set_len(0).and_then(|()| lock.write_all(&text)).with_context(about)?;
    Ok(lock)
}

impl Guard {
    /// The loop.
    fn turn(&mut self) {
        let mut ready = false;
        while !self.ends {
            let batch = self.queue.take(self.deadline());
            let now = Instant::now();
            if batch.lost {
                self.lost(now);
            }
            for (path, what) in batch.events {
                self.event(&path, what, now);
            }
            for ask in batch.requests {
                self.request(ask, now);
            }
            self.timers(now);
            // One look, then whoever asked something is answered.
            if !self.paused() {
                self.look_at_next(now);
                self.look_at_hooks(Instant::now());
            }
            if self.desk.waits() {
                self.desk.flush();
            }
            self.answer_syncs();
            let waiting = self.repositories.values().any(|own| own.is_new()) && !self.paused();
            let line = self.line();
            if !ready && (!waiting || self.clock.running() > Duration::from_secs(30)) {
                ready = true;
                self.supervisor.ready(&line);
                self.status_line = line;
            } else if ready && line != self.status_line {
                self.supervisor.status(&line);
                self.status_line = line;
            }
        }
        self.supervisor.stopping();
    }

    /// When there is something to do, if nothing happens.
    fn deadline(&self) -> Instant {
        let timers = &self.timers;
        let own = self.repositories.values().flat_map(Repository::timers);
        let pending = if self.paused() { None } else { self.pending.next() };
        let hooks = if self.paused() { None } else { self.hooks_next() };
        let house = if self.paused() { None } else { timers.house };
        let desk = self.desk.waits().then(|| Instant::now() + Duration::from_secs(1));
        let syncs = self.syncs.iter().map(|own| own.until);
        [timers.registry, timers.policy, house, timers.discover, timers.alive, timers.rest, pending, hooks, desk]
            .into_iter()
            .flatten()
            .chain(own)
            .chain(syncs)
            .fold(timers.tidy, Instant::min)
    }

    /// What the clock asks for.
    fn timers(&mut self, now: Instant) {
        let due = |timer: &mut Option<Instant>| timer.take_if(|at| *at <= now).is_some();
        if let Some(every) = self.supervisor.watchdog()
            && self.timers.alive.is_none_or(|at| at <= now)
        {
            self.supervisor.alive();
            self.timers.alive = Some(now + every);
        }
        if self.clock.jumped(now) {
            self.all_at_once(now);
            self.timers.discover = Some(now);
        }
        if due(&mut self.timers.registry) {
            self.read_registry();
        }
        if due(&mut self.timers.policy) || self.day != clock::today() {
            self.read_policy();
            self.all_at_once(now);
        }
        if !self.registry.paused(Timestamp::now()) && due(&mut self.timers.house) {
            self.look_at_house();
        }
        if due(&mut self.timers.rest)
            && let Some(machine) = &mut self.machine
        {
            machine.rest();
        }
        if due(&mut self.timers.discover) {
            self.discover();
            self.timers.discover = Some(now + DISCOVER);
        }
        if self.timers.tidy <= now {
            self.timers.tidy = now + TIDY;
            let all: Vec<u32> = self.repositories.keys().copied().collect();
            all.into_iter().for_each(|id| self.check(id, now));
            if self.registry.paused_until.is_some() && !self.paused() {
                self.resume(now);
            }
        }
        self.repository_timers(now);
    }

    /// Whether nothing is to be looked at now.
    fn paused(&self) -> bool {
        self.registry.paused(Timestamp::now())
    }

    /// What is to be warned of in a repository, now that it was looked at.
    fn applied(&mut self, folder: &Path, mut warnings: Vec<Warning>) {
        let moment = Timestamp::now().as_second();
        warnings.retain(|own| !self.own_policies.is_silent(&own.id, moment));
        let now = open::seconds(Timestamp::now());
        let change = self.book.update(folder, warnings, Timestamp::now());
        self.save();
        let all = [
            (Became::Withdrawn, &change.withdrawn),
            (Became::Returned, &change.returned),
            (Became::Opened, &change.opened),
        ];
        for (became, warnings) in all {
            if warnings.is_empty() {
                continue;
            }
            let fate = if became == Became::Withdrawn { Fate::Withdrawn } else { Fate::Warned };
            self.record(folder, fate, warnings);
            let (events, kept) = self.history.add(folder, became, warnings, now);
            match kept {
                Ok(()) => drop(self.troubles.remove("events")),
                Err(error) => drop(self.troubles.insert("events", escape(format!("{error:#}").as_bytes()))),
            }
            events.iter().for_each(|event| self.say(event));
        }
        // Those too of which a guard that was killed told nobody.
        let untold = self.book.untold(folder);
        if !untold.is_empty() {
            let name = folder.file_name().map_or_else(String::new, |name| escape(name.as_encoded_bytes()));
            let own = self.repositories.values().find(|own| own.folder == folder);
            if own.map_or(self.keys.desktop, |own| own.keys.desktop) {
                self.desk.show(&name, &untold.iter().collect::<Vec<_>>());
            }
            self.book.told(folder);
            self.save();
        }
    }

    fn say(&mut self, event: &Event) {
        (self.setup.tell)(event);
        // Who does not keep up starts anew with the last number that was seen.
        self.followers.retain(|follower| follower.say(Said::Event(Box::new(event.clone()))));
    }

    fn save(&mut self) {
        match self.book.save(&self.setup.folder) {
            Ok(()) => drop(self.troubles.remove("warnings")),
            Err(error) => drop(self.troubles.insert("warnings", escape(format!("{error:#}").as_bytes()))),
        }
    }

    /// One line on how it is.
    fn line(&self) -> String {
        let open: usize = self.book.folders().iter().map(|folder| self.book.count(folder)).sum();
        let paused = if self.paused() { ", paused" } else { "" };
        format!("{} repositories, {} folders, {open} open warnings{paused}", self.repositories.len(), self.watch.len())
    }
}
