//! Commits by what was known of them when they were made, and the clones they were made in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Dated;
use super::exposures::Open;
use crate::ledger::record::{Event, Tally};

/// Commits, and which part of them was scanned, unscanned and skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Commits {
    /// How many.
    #[serde(flatten)]
    pub tally: Tally,
    /// Part of all that was scanned, 0 to 1; `None` where no commit was counted.
    pub scanned_share: Option<f64>,
    /// Part that was not scanned, and clean.
    pub unscanned_share: Option<f64>,
    /// Part that was not scanned, with a finding.
    pub skipped_share: Option<f64>,
}

/// What happened in one clone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Repository {
    /// Where it is, as its last record says.
    pub path: String,
    /// Its clone id.
    pub clone: String,
    /// Its commits.
    pub commits: Commits,
    /// `blocked` records.
    pub blocked: u64,
    /// `excepted` records.
    pub excepted: u64,
    /// Exposures that are open at the end of the period.
    pub open: u64,
}

impl Commits {
    fn of(tally: Tally) -> Self {
        let all = tally.scanned.saturating_add(tally.unscanned).saturating_add(tally.skipped);
        let share = |part: u64| (all > 0).then(|| part as f64 / all as f64);
        Commits {
            tally,
            scanned_share: share(tally.scanned),
            unscanned_share: share(tally.unscanned),
            skipped_share: share(tally.skipped),
        }
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.tally.scanned.saturating_add(self.tally.unscanned).saturating_add(self.tally.skipped)
    }
}

/// What one clone's records say, before it is known which of two counts of skipped commits is right.
#[derive(Default)]
struct Seen<'r> {
    path: &'r str,
    tally: Tally,
    skipped: BTreeSet<&'r str>,
    nameless: u64,
    blocked: u64,
    excepted: u64,
    open: u64,
}

/// The clones. Commits are counted from the tallies of `unscanned` records. A skipped commit has a
/// record of its own besides, which is written at once and synced, while tallies come later and may be
/// lost: of the two counts of skipped commits the larger one is taken.
pub(super) fn repositories(inside: &[Dated<'_>], open: &[Open]) -> Vec<Repository> {
    let mut clones: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    for own in inside {
        let entry = &own.record.entry;
        let Some(place) = &entry.repository else { continue };
        let seen = clones.entry(&place.clone).or_default();
        seen.path = &place.path;
        if let Some(tally) = entry.commits {
            seen.tally.scanned = seen.tally.scanned.saturating_add(tally.scanned);
            seen.tally.unscanned = seen.tally.unscanned.saturating_add(tally.unscanned);
            seen.tally.skipped = seen.tally.skipped.saturating_add(tally.skipped);
        }
        match (entry.event, entry.commit.as_deref()) {
            (Event::Blocked, _) => seen.blocked += 1,
            (Event::Excepted, _) => seen.excepted += 1,
            (Event::Skipped, Some(commit)) => {
                seen.skipped.insert(commit);
            }
            (Event::Skipped, None) => seen.nameless += 1,
            _ => {}
        }
    }
    for exposure in open.iter().filter(|exposure| !exposure.clone.is_empty()) {
        let seen = clones.entry(&exposure.clone).or_default();
        seen.open += 1;
        if seen.path.is_empty() {
            seen.path = &exposure.repository;
        }
    }
    let mut all: Vec<Repository> = clones
        .into_iter()
        .map(|(clone, seen)| {
            let skipped = seen.tally.skipped.max(seen.skipped.len() as u64 + seen.nameless);
            Repository {
                path: seen.path.to_owned(),
                clone: clone.to_owned(),
                commits: Commits::of(Tally { skipped, ..seen.tally }),
                blocked: seen.blocked,
                excepted: seen.excepted,
                open: seen.open,
            }
        })
        .collect();
    let share = |own: &Repository| own.commits.skipped_share.unwrap_or(0.0);
    all.sort_by(|one, other| {
        let by_share = share(other).total_cmp(&share(one));
        by_share.then(other.commits.tally.skipped.cmp(&one.commits.tally.skipped)).then(one.path.cmp(&other.path))
    });
    all
}

/// The commits of all clones together.
pub(super) fn total(repositories: &[Repository]) -> Commits {
    let sum = |part: fn(&Tally) -> u64| {
        repositories.iter().map(|own| part(&own.commits.tally)).fold(0_u64, u64::saturating_add)
    };
    Commits::of(Tally {
        scanned: sum(|tally| tally.scanned),
        unscanned: sum(|tally| tally.unscanned),
        skipped: sum(|tally| tally.skipped),
    })
}
