//! What leakwarden needs besides its hooks: the program, policy, the ledger; and what of a repository's
//! own commits it has seen.

use std::path::Path;

use anyhow::Result;

use crate::cli::around;
use crate::cli::case::Judgement;
use crate::cli::exposures;
use crate::cli::journal;
use crate::config;
use crate::doctor::Check;
use crate::exception::book::Book;
use crate::exception::days_between;
use crate::finding::escape;
use crate::git::Repo;
use crate::git::history::Commit;
use crate::git::receipts::now;
use crate::policy;

/// Days ahead at which an exception's end is told.
const AHEAD: i64 = 14;

/// Of which the share of scanned commits is told, in milliseconds.
const A_MONTH: u64 = 30 * 24 * 60 * 60 * 1000;

/// The program itself.
pub(super) fn binary() -> Check {
    const ID: &str = "binary";
    match std::env::current_exe() {
        Ok(path) => Check::ok(ID, format!("leakwarden {} at {}", env!("CARGO_PKG_VERSION"), super::shown(&path))),
        Err(error) => Check::unknown(ID, format!("where it is, is not known: {error}"), "install it"),
    }
}

/// The policy of this machine's administrators.
pub(super) fn fleet_policy() -> Check {
    const ID: &str = "policy.fleet";
    let fleet = config::fleet();
    let digest = fleet.digest.as_deref().and_then(|digest| digest.get(..16)).unwrap_or("none");
    if let Some(fault) = &fleet.fault {
        let fault = escape(fault.as_bytes());
        let mend = "an administrator mends it, then `leakwarden policy keep`";
        return match fleet.copy_in_use.and_then(|until| jiff::Timestamp::from_second(until).ok()) {
            Some(until) => Check::fails(ID, format!("{fault}; the last good copy counts until {until}"), mend),
            None => Check::fails(ID, format!("{fault}; every commit is stopped"), mend),
        };
    }
    if fleet.files.is_empty() {
        return Check::note(ID, format!("there is none in {}", config::FLEET));
    }
    let newest = fleet.files.iter().map(|file| file.modified).max().unwrap_or_default();
    let age = (now() / 1000).cast_signed().saturating_sub(newest) / (24 * 60 * 60);
    let owners: std::collections::BTreeSet<u32> = fleet.files.iter().map(|file| file.owner).collect();
    let owners: Vec<String> = owners.iter().map(u32::to_string).collect();
    let files = fleet.files.len();
    let copy = if fleet.copy_made.is_some() { "kept" } else { "not kept (`leakwarden policy keep`)" };
    Check::ok(
        ID,
        format!("{files} files of user {}, digest {digest}, {age} days old, last good copy {copy}", owners.join(", ")),
    )
}

/// The user's own policy, where there is one.
pub(super) fn user_policy() -> Option<Check> {
    const ID: &str = "policy.user";
    let path = around::user_policy().filter(|path| path.exists())?;
    let read = std::fs::read_to_string(&path).map_err(anyhow::Error::from);
    let checked = read.and_then(|text| policy::check::user(&config::keys(&text)?));
    Some(match checked {
        Ok(()) => Check::ok(ID, super::shown(&path)),
        Err(error) => {
            let text = format!("{}: {}", super::shown(&path), escape(format!("{error:#}").as_bytes()));
            Check::fails(ID, text, "mend the file: `leakwarden policy check FILE` names the line")
        }
    })
}

/// Whether the ledger can be written, and holds.
pub(super) fn ledger(judgement: Option<&Judgement>) -> Vec<Check> {
    let keys = judgement.map(|own| own.policy.ledger.clone()).unwrap_or_default();
    let ledger = match journal::ledger(&keys) {
        Ok(ledger) => ledger,
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            return vec![Check::fails("ledger.writable", text, "set HOME, or `ledger.path` in the policy")];
        }
    };
    let folder = super::shown(ledger.folder());
    let writable = match ledger.probe() {
        Ok(()) => Check::ok("ledger.writable", folder),
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            Check::fails("ledger.writable", text, format!("make {folder} writable for this account"))
        }
    };
    let mut checks = vec![writable];
    for fault in ledger.sinks().faults() {
        let mend = "start the service that owns the socket, or take it out of the policy";
        checks.push(Check::fails("ledger.sink", escape(fault.as_bytes()), mend));
    }
    let chain = "ledger.chain";
    checks.push(match crate::cli::ledger::holds(&ledger) {
        Ok(true) => Check::ok(chain, "the chain holds"),
        Ok(false) => {
            Check::fails(chain, "somebody has changed the ledger", "`leakwarden ledger verify` names the place")
        }
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            Check::unknown(chain, text, "`leakwarden ledger verify` tells more")
        }
    });
    checks
}

/// Whether this account's guard runs: then it holds the lock in its folder. Nobody has to have one.
pub(super) fn guard() -> Check {
    const ID: &str = "guard";
    let running = around::state_folder().map_or(Ok(false), |state| is_held(&state.join("guard").join("lock")));
    let service = around::guard_services().into_iter().find(|path| path.symlink_metadata().is_ok());
    match (running, service) {
        (Ok(true), _) => Check::note(ID, "running: `leakwarden guard status` tells what it watches"),
        (Ok(false), Some(path)) => {
            let path = super::shown(&path);
            Check::note(ID, format!("not running, though its service is installed ({path}): `leakwarden guard start`"))
        }
        (Ok(false), None) => Check::note(ID, "not installed, and not running"),
        (Err(error), _) => {
            Check::note(ID, format!("whether it runs cannot be told: {}", escape(error.to_string().as_bytes())))
        }
    }
}

/// Whether another process holds a lock; one that nobody holds is let go at once.
fn is_held(lock: &Path) -> std::io::Result<bool> {
    // A link or a pipe in its place is neither followed nor waited for.
    match lock.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Ok(found) if !found.is_file() => return Ok(false),
        found => found?,
    };
    match std::fs::File::open(lock)?.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(std::fs::TryLockError::WouldBlock) => Ok(true),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// A repository's policy, exceptions, exposures, and how much of what was committed here was scanned.
pub(super) fn repository(repo: &Repo, judgement: &Result<Judgement>) -> Vec<Check> {
    let mut checks = Vec::new();
    let head = Commit::head(repo);
    let file = |path: &str| head.as_ref().map_or(Ok(None), |head| head.file(repo, path));
    match judgement {
        Err(error) => {
            let text = escape(format!("{error:#}").as_bytes());
            let mend = "mend the file it names; until then every commit is stopped";
            checks.push(Check::fails("policy.repository", text, mend));
        }
        Ok(judgement) => {
            let own = if file(policy::PATH).ok().flatten().is_some() { policy::PATH } else { "no file of its own" };
            let digest = judgement.digest.get(..16).unwrap_or(&judgement.digest);
            checks.push(Check::ok("policy.repository", format!("{own}; all layers together: {digest}")));
        }
    }
    checks.push(scanned(repo));
    if let Ok(Some(text)) = file(crate::exception::PATH) {
        checks.push(exceptions(&text));
    }
    checks.extend(exposures::mention(repo).map(|text| Check::note("exposures", text)));
    checks
}

/// The share of this clone's own commits of the last 30 days that leakwarden has seen, by HEAD's log: what
/// was made while no hook ran counts as well.
fn scanned(repo: &Repo) -> Check {
    const ID: &str = "scanned";
    let moment = now();
    let since = (moment.saturating_sub(A_MONTH) / 1000).cast_signed();
    let receipts = repo.receipts();
    let seen = |id: &String| {
        let commit = Commit::read(repo, id)?;
        Ok::<bool, anyhow::Error>(receipts.cover(&commit.tree(), &commit.base_trees(repo)?))
    };
    // One that an amend replaced may be gone; then nobody asks about it.
    let made: Vec<bool> = repo.made_here_since(since).iter().filter_map(|id| seen(id).ok()).collect();
    if made.is_empty() {
        return Check::note(ID, "no commit was made here in the last 30 days");
    }
    let known = made.iter().filter(|seen| **seen).count();
    let count = receipts.between(moment.saturating_sub(A_MONTH), moment);
    // What came before the hooks is not seen either: a low share is worth a look, and no failure.
    Check::note(
        ID,
        format!(
            "{known} of {} commits made here in the last 30 days were seen ({} %): {} before they were made, {} \
             afterwards and clean, {} afterwards and with secrets",
            made.len(),
            100 * known / made.len(),
            count.scanned,
            count.unscanned,
            count.skipped
        ),
    )
}

/// Exceptions that end soon, or have ended.
fn exceptions(text: &str) -> Check {
    const ID: &str = "exceptions";
    let book = match Book::parse(text) {
        Ok(book) => book,
        Err(error) => {
            let text = format!("{}: {}", crate::exception::PATH, escape(format!("{error:#}").as_bytes()));
            return Check::fails(ID, text, "`leakwarden exceptions fix`, or mend the line it names");
        }
    };
    let left: Vec<i64> = book.exceptions.iter().map(|own| days_between(around::today(), own.expires)).collect();
    let ended = left.iter().filter(|days| **days < 0).count();
    let soon = left.iter().filter(|days| (0..=AHEAD).contains(*days)).count();
    let text = format!("{} exceptions, {soon} end within {AHEAD} days, {ended} have ended", left.len());
    if ended + soon > 0 {
        Check::note(ID, format!("{text}: `leakwarden exceptions list`"))
    } else {
        Check::ok(ID, text)
    }
}
