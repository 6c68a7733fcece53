//! Exceptions that have ended while their secret is still there: nothing stops a commit that does not
//! touch the line, so the matter becomes an open exposure.

use anyhow::Result;

use super::super::case::Judgement;
use super::super::exposures;
use super::super::journal::Journal;
use crate::exception::Exception;
use crate::exception::book::Book;
use crate::exposure::Cause;
use crate::finding::Part;
use crate::fingerprint::fingerprint;
use crate::fragment::Fragment;
use crate::git::Repo;
use crate::git::staged::Staging;
use crate::scan::scan;

/// Opens an exposure for each of these exceptions whose finding is still in the tree.
///
/// # Errors
/// Where it cannot be kept; then it is tried again another day.
pub(super) fn open(
    repo: &Repo,
    staging: &Staging<'_>,
    judgement: &Judgement,
    book: &Book,
    ended: &[Exception],
) -> Result<()> {
    let Some(head) = staging.head() else { return Ok(()) };
    for own in ended {
        // A path that is no text in the tree has nothing to be found again; a full scan tells of it.
        let Ok(Some(text)) = staging.file(&own.path) else { continue };
        let scanned = scan(&Fragment::text(own.path.as_bytes(), Part::Content, text.as_bytes()), &judgement.rules);
        let same = scanned.findings.into_iter().filter(|one| fingerprint(one, &book.repo_id) == own.fingerprint);
        let judged = judgement.judge(same.collect(), Some(book), &[]);
        if judged.iter().any(|own| own.blocking) {
            let journal = Journal::open(judgement, Some(repo), "pre-commit")?;
            let holder = exposures::Commit { id: &head.id, author: &own.by, cause: Cause::Expired };
            exposures::opened(&journal, repo, &holder, &judged)?;
        }
    }
    Ok(())
}
