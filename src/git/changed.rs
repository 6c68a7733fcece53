//! One changed path: its content scanned, and findings dropped on lines that are not new.

use std::convert::Infallible;

use anyhow::Result;
use gix::ObjectId;

use super::Repo;
use super::added::AddedLines;
use super::rename::{self, NewSide};
use super::walk::{Change, Entry, Gone};
use crate::finding::{Finding, Part};
use crate::fragment::{Fragment, View, text_of};
use crate::rules::RuleSet;
use crate::scan::{scan, scan_content, scan_path};

/// The outcome for one changed path.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Findings on lines that are new.
    pub findings: Vec<Finding>,
    /// The path as it may be shown.
    pub shown: Vec<u8>,
    /// Whether its content was scanned.
    pub content: bool,
    /// Whether it is a submodule, which has none.
    pub submodule: bool,
    /// Bytes that were scanned.
    pub bytes: u64,
    /// New lines, where they are counted.
    pub added_lines: u64,
    /// Why it could not be scanned.
    pub skipped: Option<String>,
    /// Whether anything was found in its content or path, on new lines or not.
    pub holds_any: bool,
    /// Why an old side with which it should have been compared could not be read.
    pub no_old: Option<String>,
}

impl Scanned {
    /// Scans the content of a change as its object holds it.
    pub fn of(repo: &Repo, change: &Change, gone: &[Gone], rules: &RuleSet, count_lines: bool) -> Self {
        let (in_path, shown) = scan_path(&change.path, rules);
        let holds_any = !in_path.is_empty();
        let mut scanned = Scanned { shown: shown.into_owned(), holds_any, ..Scanned::default() };
        if change.olds.iter().all(Option::is_none) {
            scanned.findings = in_path;
        }
        if change.entry == Entry::Submodule {
            scanned.submodule = true;
            return scanned;
        }
        if let Err(error) = scanned.content(repo, change, gone, rules, count_lines) {
            scanned.skipped = Some(format!("{error:#}"));
        }
        scanned
    }

    /// Scans bytes that stand at the path of a change, and need not be an object: those of the worktree.
    pub fn of_bytes(repo: &Repo, change: &Change, bytes: &[u8], gone: &[Gone], rules: &RuleSet) -> Self {
        let (in_path, shown) = scan_path(&change.path, rules);
        let holds_any = !in_path.is_empty();
        let mut scanned = Scanned { shown: shown.into_owned(), holds_any, ..Scanned::default() };
        if change.olds.iter().all(Option::is_none) {
            scanned.findings = in_path;
        }
        scanned.bytes_of(repo, change, bytes, gone, rules, false);
        scanned
    }

    fn content(
        &mut self,
        repo: &Repo,
        change: &Change,
        gone: &[Gone],
        rules: &RuleSet,
        count_lines: bool,
    ) -> Result<()> {
        let mut buffer = Vec::new();
        let bytes = repo.blob(&change.id, &mut buffer)?;
        repo.check_loose(&change.id, bytes)?;
        self.bytes_of(repo, change, bytes, gone, rules, count_lines);
        Ok(())
    }

    /// The same for bytes that need not be an object yet.
    fn bytes_of(
        &mut self,
        repo: &Repo,
        change: &Change,
        bytes: &[u8],
        gone: &[Gone],
        rules: &RuleSet,
        count_lines: bool,
    ) {
        let mut keep = |view, fragment: &Fragment<'_>, found: &mut Vec<Finding>| -> Result<(), Infallible> {
            let counts = count_lines && view == View::Plain;
            self.holds_any |= !found.is_empty();
            if found.is_empty() && !counts {
                return Ok(());
            }
            let olds = against_olds(repo, change, view, &fragment.text);
            if counts {
                self.added_lines = count_new(&olds, &fragment.text);
            }
            for (parent, old) in olds.into_iter().enumerate() {
                match old {
                    Old::Lines(added) => {
                        found.retain(|finding| added.any(finding.location.line, finding.location.end_line));
                    }
                    Old::Unreadable(reason) => self.no_old = Some(reason),
                    Old::None if found.is_empty() => {}
                    Old::None => {
                        let new = NewSide { id: change.id, view, text: &fragment.text };
                        let origin = rename::origin(repo, gone, parent, new);
                        found.retain(|finding| !origin.explains(finding));
                        self.no_old = origin.unreadable.or(self.no_old.take());
                    }
                }
            }
            Ok(())
        };
        let scanned = if change.entry == Entry::Link {
            let fragment = Fragment::text(&self.shown, Part::LinkTarget, bytes);
            let mut scanned = scan(&fragment, rules);
            let Ok(()) = keep(View::Plain, &fragment, &mut scanned.findings);
            scanned
        } else {
            let Ok(scanned) = scan_content(&self.shown, bytes, rules, keep);
            scanned
        };
        self.skipped = scanned.given_up.map(str::to_owned);
        let mut found = scanned.findings;
        self.content = true;
        self.bytes = bytes.len() as u64;
        self.findings.append(&mut found);
    }
}

/// What a change is compared with in one parent.
enum Old {
    /// There is no such file in that parent, or it is not here (a partial clone).
    None,
    /// There is: these lines are new.
    Lines(AddedLines),
    /// There is, and it cannot be read. The new side can, so it is judged, all of it as new.
    Unreadable(String),
}

/// The change against each parent.
fn against_olds(repo: &Repo, change: &Change, view: View, text: &[u8]) -> Vec<Old> {
    let mut buffer = Vec::new();
    let mut against = |old: &Option<ObjectId>| {
        let Some(id) = old else { return Old::None };
        match repo.old_blob(id, &mut buffer) {
            Ok(Some(bytes)) => Old::Lines(AddedLines::between(&text_of(view, bytes).0, text)),
            Ok(None) => Old::None,
            Err(error) => Old::Unreadable(format!("{error:#}")),
        }
    };
    change.olds.iter().map(&mut against).collect()
}

/// New lines as git counts them for one parent; of a merge, against the parent that is nearest.
fn count_new(olds: &[Old], text: &[u8]) -> u64 {
    let all = || text.split_inclusive(|&b| b == b'\n').count() as u64;
    let count = |old: &Old| if let Old::Lines(added) = old { added.count() } else { all() };
    olds.iter().map(count).min().unwrap_or_else(all)
}
