//! What clients ask for.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Guard;
use crate::finding::escape;
use crate::guard::file;
use crate::guard::protocol::{Do, Done, Repository, Said, Status, Warnings};
use crate::guard::registry::Registry;
use crate::guard::socket::Ask;

/// How the names begin of files by which the guard knows that it was told of everything before them.
pub(super) const COOKIE: &str = "cookie.";

/// After so long what was asked for is looked at as a whole instead of waited for.
const LATEST: Duration = Duration::from_secs(20);

/// Clients that follow.
const MOST_FOLLOWERS: usize = 16;

/// Somebody who waits until everything was looked at.
#[derive(Debug)]
pub(super) struct Waiting {
    ask: Ask,
    /// The file's name.
    pub cookie: String,
    /// Whether every event before it was taken.
    pub drained: bool,
    /// Until when the cookie is waited for.
    pub until: Instant,
}

impl Guard {
    /// Does what is asked for.
    pub(super) fn request(&mut self, ask: Ask, now: Instant) {
        let done = Said::Done(Done { last: self.history.last() });
        let said = match ask.what.clone() {
            Do::Status => Said::Status(Box::new(self.status())),
            Do::Warnings => Said::Warnings(Warnings { last: self.history.last(), repositories: self.book.list() }),
            Do::Follow { after } => return self.follow(ask, after),
            Do::Reload => {
                self.read_policy();
                self.read_registry();
                self.timers.house = Some(now);
                self.all_at_once(now);
                done
            }
            Do::Registry => {
                self.read_registry();
                done
            }
            Do::Pause { until } => {
                self.change(|own| own.paused_until = Some(until)).map_or_else(Said::Error, |()| done)
            }
            Do::Resume => match self.change(|own| own.paused_until = None) {
                Ok(()) => {
                    self.all_at_once(now);
                    done
                }
                Err(why) => Said::Error(why),
            },
            Do::Dismiss { id, reason } => self.dismiss(&id, &reason).map_or_else(Said::Error, |()| done),
            Do::Sync => return self.sync(ask, now),
            Do::Stop => {
                self.ends = true;
                done
            }
        };
        // Who is gone needs no answer.
        let _ = ask.say(said);
        if self.ends {
            // The thread that answers ends with the process.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn change(&mut self, edit: impl FnOnce(&mut Registry)) -> Result<(), String> {
        let mut after = None;
        let changed = Registry::change(&self.setup.folder, |own| {
            edit(own);
            after = Some(own.clone());
            Ok(())
        });
        changed.map_err(|error| escape(format!("{error:#}").as_bytes()))?;
        self.registry.paused_until = after.and_then(|own| own.paused_until);
        Ok(())
    }

    /// The time of a pause is over.
    pub(super) fn resume(&mut self, now: Instant) {
        // Where it cannot be written, the time that stands there is over all the same.
        let _ = self.change(|own| own.paused_until = None);
        self.registry.paused_until = None;
        self.timers.house = Some(now);
        self.all_at_once(now);
    }

    fn follow(&mut self, ask: Ask, after: Option<u64>) {
        self.followers.retain(Ask::is_there);
        if self.followers.len() >= MOST_FOLLOWERS {
            let _ = ask.say(Said::Error("too many follow already".to_owned()));
            return;
        }
        let last = self.history.last();
        // A number of another life of the guard, whose events were removed.
        let after = after.unwrap_or(last).min(last);
        let mut there = ask.say(Said::Done(Done { last }));
        for event in self.history.after(after) {
            there = there && ask.say(Said::Event(Box::new(event.clone())));
        }
        if there {
            self.followers.push(ask);
        }
    }

    fn sync(&mut self, ask: Ask, now: Instant) {
        if self.paused() {
            let _ = ask.say(Said::Error("the guard is paused (`leakwarden guard resume`)".to_owned()));
            return;
        }
        let cookie = format!("{COOKIE}{}", self.next_cookie());
        let written = file::private().write(true).create_new(true).open(self.setup.folder.join(&cookie));
        let drained = written.is_err() || self.watch.places(&self.setup.folder).is_empty();
        for (id, own) in &self.repositories {
            if own.polled.is_some() || drained {
                self.pending.at_once(*id, now);
            }
        }
        self.syncs.push(Waiting { ask, cookie, drained, until: now + LATEST });
    }

    fn next_cookie(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// Answers those for whom everything was looked at.
    pub(super) fn answer_syncs(&mut self) {
        if self.syncs.is_empty() {
            return;
        }
        let now = Instant::now();
        if self.syncs.iter().any(|own| !own.drained && own.until <= now) {
            // It was not told of its own file: it would not be told of others either.
            self.lost(now);
        }
        let soon = |timer: Option<Instant>| timer.is_some_and(|at| at <= now + Duration::from_secs(2));
        let timers = &self.timers;
        let waits = [timers.registry, timers.policy, timers.house, timers.discover].into_iter().any(soon);
        let paused = self.paused();
        if (waits || !self.pending.is_empty() || self.hooks_wanted().is_some()) && !paused {
            for own in self.syncs.iter_mut().filter(|own| own.drained) {
                own.until = now + LATEST;
            }
            return;
        }
        let last = self.history.last();
        let folder = self.setup.folder.clone();
        self.syncs.retain(|own| {
            if own.drained {
                let _ = std::fs::remove_file(folder.join(&own.cookie));
                let _ = own.ask.say(Said::Done(Done { last }));
            }
            !own.drained
        });
    }

    /// How it is.
    fn status(&self) -> Status {
        let mut counts = std::collections::BTreeMap::new();
        for id in self.watch.repositories() {
            *counts.entry(id).or_insert(0) += 1;
        }
        let repositories = self.repositories.iter().map(|(id, own)| Repository {
            folder: own.folder.clone(),
            state: own.state,
            reason: own.reason.clone(),
            folders: counts.get(id).copied().unwrap_or(0),
            warnings: self.book.count(&own.folder),
            not_scanned: own.not_scanned.clone(),
            filtered: own.filtered,
        });
        let mut repositories: Vec<Repository> = repositories.collect();
        repositories.sort_by(|a, b| a.folder.cmp(&b.folder));
        Status {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since: self.started,
            paused_until: self.registry.paused_until.filter(|until| *until > Timestamp::now()),
            sandbox: self.sandbox.clone(),
            memory: memory(),
            watches: self.watch.len(),
            repositories,
            roots: self.registry.root.clone(),
            troubles: self.troubles.values().cloned().collect(),
            warnings: self.book.count(std::path::Path::new("")),
        }
    }
}

/// Resident memory in bytes, as proc(5) tells it; 0 where it does not.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) << 10
}
