//! `leakwarden exposures`: what got past, and what is done about it.

mod change;
mod find;
mod open;
mod show;

pub(super) use open::{Commit, Settler, again, opened, settle_excepted, settle_removed};

use anyhow::Context;

use super::args::{Closing, Exposures, ListExposures};
use super::around;
use super::case::{Docket, Failure, Judgement};
use super::journal::Journal;
use super::{Exit, finish};
use crate::exposure::store::{Listed, Store};
use crate::exposure::{self, Exposure, How, Site, Status};
use crate::finding::{Part, escape, escape_json};
use crate::git::holders::{Search, Wanted, Where};
use crate::git::staged::Staging;
use crate::git::{Moment, Repo, Surroundings};
use crate::rules::RuleSet;
use crate::scan::scan_path;

pub(super) fn run(command: Exposures) -> Exit {
    finish(match command {
        Exposures::List(what) => list(what),
        Exposures::Show { id, note, json } => show::show(&id, note, json),
        Exposures::Close { id, how, evidence } => change::close(&id, how.into(), &evidence),
        Exposures::Assign { id, who } => change::assign(&id, &who),
        Exposures::Settle => change::settle(),
        Exposures::Find { range, json } => return find::run(range, json),
    })
}

impl From<Closing> for How {
    fn from(how: Closing) -> Self {
        match how {
            Closing::Revoked => How::Revoked,
            Closing::NotASecret => How::NotASecret,
            Closing::Removed => How::Removed,
        }
    }
}

/// The exposures of this user on this machine.
///
/// # Errors
/// Where there is no home directory.
pub(super) fn store() -> anyhow::Result<Store> {
    let folder = around::state_folder().context("there is no home directory to keep exposures in")?;
    Ok(Store::at(folder.join("exposures")))
}

/// One line for the next commit: how many exposures of this clone are open. It costs the reading of a
/// small file, and of a folder's names where the clone ever had one.
pub(super) fn mention(repo: &Repo) -> Option<String> {
    let open = store().ok()?.open_here(&repo.known_clone_id()?);
    match open {
        0 => None,
        1 => Some("1 open exposure in this repository: `leakwarden exposures`".to_owned()),
        _ => Some(format!("{open} open exposures in this repository: `leakwarden exposures`")),
    }
}

/// Now: RFC 3339, UTC, seconds.
fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// Where one stands, if anywhere, with all exposures there are.
struct Desk {
    repo: Option<Repo>,
    around: Surroundings,
    judgement: Judgement,
    /// The id of the clone that one stands in.
    clone: Option<String>,
    store: Store,
}

impl Desk {
    /// Exposures can be looked at and closed outside their repository too.
    fn open() -> Result<Self, Failure> {
        let mut docket = Docket::open()?;
        let around = around::surroundings(docket.size_cap()?, Moment::Commit);
        let repo = Repo::open(&around).ok();
        if let Some(repo) = &repo {
            let staging = Staging::read(repo, Moment::Commit, &around)?;
            docket.repository(|path| staging.file(path))?;
            docket.last_signers(|path| staging.file_before(path));
        }
        let clone = repo.as_ref().and_then(|repo| repo.clone_id().ok());
        let store = store().map_err(Failure::usage)?;
        Ok(Desk { repo, around, judgement: docket.policy()?, clone, store })
    }

    fn journal(&self) -> Result<Journal, Failure> {
        Journal::open(&self.judgement, self.repo.as_ref(), "command").map_err(Failure::usage)
    }

    /// All exposures, those of this clone first.
    fn all(&self) -> Result<Listed, Failure> {
        let mut all = self.store.list()?;
        all.exposures.sort_by_key(|own| !self.is_here(own));
        Ok(all)
    }

    /// The exposure of this id, those of this clone first.
    fn named(&self, id: &str) -> Result<Exposure, Failure> {
        let all = self.all()?;
        exposure::named(&all.exposures, id).cloned().map_err(|error| {
            // It may be one of those that cannot be read; a file's name carries the id.
            let unread = all.skipped.iter().filter(|line| line.contains(&format!(".{id}"))).cloned();
            Failure::usage(unread.fold(error, |error, line| error.context(line)))
        })
    }

    fn is_here(&self, own: &Exposure) -> bool {
        self.clone.as_ref() == Some(&own.clone)
    }

    /// Where it is now; `None` where this is not its clone.
    fn look(&self, own: &Exposure) -> Result<Option<Where>, Failure> {
        let Some(repo) = self.repo.as_ref().filter(|_| self.is_here(own)) else { return Ok(None) };
        let key = self.journal()?.ledger.key()?;
        let mut search = Search::new(repo, &self.around, &self.judgement.rules, key);
        let at = look(&mut search, own)?;
        keep_pushed(&self.store, own, &at)?;
        Ok(Some(masked(at, &self.judgement.rules)))
    }
}

/// Where an exposure of this clone is now.
fn look(search: &mut Search<'_>, own: &Exposure) -> anyhow::Result<Where> {
    let message = Part::Message.name();
    let path = |site: &Site| if site.part == message { String::new() } else { site.path.clone() };
    let sites: Vec<(String, String)> = own.sites.iter().map(|site| (site.commit.clone(), path(site))).collect();
    let wanted = Wanted { rule: &own.rule, pseudonym: &own.pseudonym, sites: &sites, since: &own.opened };
    let mut at = search.look(&wanted)?;
    if own.more_sites {
        at.gaps.push("it was found at more places than are kept".to_owned());
    }
    Ok(at)
}

/// The names of refs are shown, and one may hold a credential: as much of it as may be shown.
fn masked(mut at: Where, rules: &RuleSet) -> Where {
    let lists = [&mut at.branches, &mut at.tags, &mut at.remotes, &mut at.stashes, &mut at.others, &mut at.reflog];
    for name in lists.into_iter().flatten() {
        let (found, shown) = scan_path(name.as_bytes(), rules);
        if !found.is_empty() {
            *name = escape(&shown);
        }
    }
    at
}

/// Remembers that it was seen on a remote: the branch there may be gone tomorrow.
fn keep_pushed(store: &Store, own: &Exposure, at: &Where) -> anyhow::Result<()> {
    if at.pushed() && !own.pushed {
        store.change(own, was_pushed, |_| Ok(()))?;
    }
    Ok(())
}

fn was_pushed(own: &mut Exposure) -> anyhow::Result<()> {
    own.pushed = true;
    Ok(())
}

/// Whether it was ever on a remote: as git says now, or as it was when it was opened.
fn pushed(own: &Exposure, at: Option<&Where>) -> bool {
    own.pushed || own.cause == exposure::Cause::Pushed || at.is_some_and(Where::pushed)
}

fn document(value: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("plain data with string keys");
    escape_json(&text) + "\n"
}

fn list(what: ListExposures) -> Result<String, Failure> {
    let desk = Desk::open()?;
    let mut all = desk.all()?;
    all.exposures.retain(|own| what.all || own.status == Status::Open);
    if what.json {
        let values: Vec<serde_json::Value> = all.exposures.iter().map(|own| show::value(own, &desk)).collect();
        return Ok(document(&serde_json::json!({"version": 1, "exposures": values, "skipped": all.skipped})));
    }
    let mut out = String::new();
    for own in &all.exposures {
        let here = if desk.is_here(own) { "* " } else { "  " };
        let site = own.sites.first().map_or_else(String::new, show::place);
        let day = own.opened.get(..10).unwrap_or(&own.opened);
        let closed = own.closed.as_ref().map_or_else(String::new, |closed| format!("  [{}]", closed.how.name()));
        let line = format!(
            "{}  {day}  {:<8}  {}  {site}  {}  {}",
            own.id,
            own.severity.name(),
            own.what(),
            own.owner(),
            own.repository
        );
        out.push_str(&format!("{here}{}{closed}\n", escape(line.as_bytes())));
    }
    if all.exposures.is_empty() {
        out.push_str(if what.all { "there are no exposures\n" } else { "there are no open exposures\n" });
    } else if all.exposures.iter().any(|own| desk.is_here(own)) {
        out.push_str("* in this repository; `leakwarden exposures show ID` says what to do\n");
    } else {
        out.push_str("`leakwarden exposures show ID` says what to do\n");
    }
    for line in &all.skipped {
        out.push_str(&format!("passed over: {line}\n"));
    }
    Ok(out)
}
