//! The sum of commits by what was known of them, once a day and with a push: the honest share of what
//! was scanned, without a record for each clean commit.

use anyhow::Result;

use super::super::case::Docket;
use super::super::journal::Journal;
use crate::git::Repo;
use crate::git::receipts::{Count, now};
use crate::ledger::record::Tally;
use crate::ledger::{Entry, Event};

/// When the last sum was written, in milliseconds since 1970.
const SUMMED: &str = "summed";

const A_DAY: u64 = 24 * 60 * 60 * 1000;

/// Writes the sum where the last one is a day old.
///
/// # Errors
/// Where the ledger cannot be written; then it is tried again.
pub(super) fn now_and_then(repo: &Repo) -> Result<()> {
    sum(repo, |count, since| since >= A_DAY && count.scanned + count.unscanned + count.skipped > 0)
}

/// Writes the sum if there is something in it that somebody may ask about.
///
/// # Errors
/// As [`now_and_then`].
pub(super) fn with_a_push(repo: &Repo) -> Result<()> {
    sum(repo, |count, since| count.unscanned + count.skipped > 0 || since >= A_DAY && count.scanned + count.skipped > 0)
}

/// Writes the sum whatever is in it: somebody asks now.
///
/// # Errors
/// As [`now_and_then`].
pub(in crate::cli) fn for_a_report(repo: &Repo) -> Result<()> {
    sum(repo, |count, _| count.scanned + count.unscanned + count.skipped > 0)
}

/// Writes the sum where it is due, given what is in it and for how many milliseconds.
fn sum(repo: &Repo, is_due: impl FnOnce(Count, u64) -> bool) -> Result<()> {
    let moment = now();
    let receipts = repo.receipts();
    let last: Option<u64> = repo.shared_state(SUMMED).and_then(|text| text.trim().parse().ok());
    let Some(last) = last.or_else(|| Some(receipts.first()?.saturating_sub(1))) else { return Ok(()) };
    let count = receipts.between(last, moment);
    if is_due(count, moment.saturating_sub(last)) {
        let judgement = Docket::open().and_then(Docket::policy).map_err(|failure| failure.error)?;
        let journal = Journal::open(&judgement, Some(repo), "summary")?;
        let commits = Tally { scanned: count.scanned, unscanned: count.unscanned, skipped: count.skipped };
        journal.write(Entry { event: Event::Unscanned, commits: Some(commits), ..journal.entry() })?;
        repo.set_shared_state(SUMMED, &format!("{moment}\n"))?;
    }
    repo.collect_receipts()
}
