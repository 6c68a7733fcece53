//! post-commit, post-merge, post-rewrite and post-applypatch: commits that were made without a scan.
//!
//! Git runs no pre-commit hook for `--no-verify`, a cherry-pick, a revert, a rebase or a mailed patch,
//! and other programs run no hook at all. Each commit made here that no receipt covers is looked at
//! now. Where nothing is found that is counted, and nobody is accused of anything; what is found is
//! recorded as skipped, and stays an open exposure until somebody has dealt with it.

use std::cell::Cell;

use anyhow::{Context, Result};

use super::super::args::When;
use super::super::bench::{Bench, Judgment, Session};
use super::super::case::{Docket, Failure};
use super::super::exposures::Settler;
use super::super::journal::Journal;
use super::super::{Exit, around, exposures, fail, look, tell};
use super::{record, tally};
use crate::exposure::Cause;
use crate::git::history::Commit;
use crate::git::passed::Passed;
use crate::git::receipts::{Kind, Receipts, Step};
use crate::git::reflog::{self, Way};
use crate::git::{Moment, Repo, Surroundings, history};
use crate::ledger::{Entry, Event};
use crate::policy::Judged;
use crate::report::skipped::{self, Skipped};

/// Pairs of a rebase that are looked at.
const MOST: usize = 500;

/// What git ran the hook for.
pub(in crate::cli) enum Call {
    /// A commit was made.
    Commit,
    /// A merge ended; `true` where it only staged (`--squash`).
    Merge(bool),
    /// A mailed patch was committed.
    Patch,
    /// Commits were replaced: `amend` or `rebase`, and the pairs of old and new.
    Rewrite(String, Vec<(String, String)>),
}

impl Call {
    fn name(&self) -> &'static str {
        match self {
            Call::Commit => "post-commit",
            Call::Merge(_) => "post-merge",
            Call::Patch => "post-applypatch",
            Call::Rewrite(..) => "post-rewrite",
        }
    }
}

/// What pre-commit knew of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It did not look.
    Nothing,
    /// It looked, and something was changed afterwards.
    SomethingElse,
    /// It looked at this.
    All,
}

/// A commit to look at.
struct Case {
    commit: Commit,
    way: Way,
    /// What pre-commit knew of it.
    before: Before,
    /// Whether a program made it that runs no hooks.
    unhooked: bool,
    /// The commits that it replaces or repeats, in hex: what they hold is nothing new.
    replayed: Vec<String>,
}

pub(super) fn run(call: &Call, color: When) -> Exit {
    match after(call, color) {
        Ok(exit) => exit,
        Err(failure) => fail(failure.exit, &failure.error.context("a commit that was made without a scan")),
    }
}

fn after(call: &Call, color: When) -> Result<Exit, Failure> {
    if matches!(call, Call::Merge(true)) {
        return Ok(Exit::Clean);
    }
    let around = around::surroundings(Docket::open()?.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around)?;
    // Something was just committed: no HEAD here is one that cannot be read.
    let head = Commit::head(&repo).context("HEAD cannot be read")?;
    // A hook that is installed twice runs twice: what the first one has seen and recorded is done. (While
    // a rebase ends, each of its commits was seen, and what they replace was not.)
    if !matches!(call, Call::Rewrite(what, _) if what != "amend") && repo.looked_at(&head.id) {
        return Ok(Exit::Clean);
    }
    let desk = Desk {
        repo: &repo,
        around: &around,
        head: &head,
        receipts: repo.receipts(),
        at: call.name(),
        unrecorded: Cell::new(false),
    };
    if matches!(call, Call::Commit) && desk.last_way() == Some(Way::Amend) {
        // post-rewrite comes next and knows what was replaced.
        return Ok(Exit::Clean);
    }
    let mut cases = desk.made_behind_our_back();
    cases.extend(desk.called_for(call)?);
    let (mut found, mut failed) = (false, None);
    for case in cases {
        // One commit that cannot be looked at hides no other.
        match desk.look_at(&case, color) {
            Ok(more) => found |= more,
            Err(failure) => failed = Some(failure),
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    // Only now, and only where all is recorded: what is not is looked at again.
    if desk.unrecorded.get() {
        return Ok(Exit::Findings);
    }
    repo.look_from_here();
    // The next commit then knows that nothing was made in between.
    let (parent, tree) = (head.parents().into_iter().next(), Some(head.tree()));
    repo.set_passed(&Passed { head: parent, tree, index: "0".to_owned(), ..Passed::default() });
    tally::now_and_then(&repo)?;
    Ok(if found { Exit::Findings } else { Exit::Clean })
}

struct Desk<'a> {
    repo: &'a Repo,
    around: &'a Surroundings,
    head: &'a Commit,
    receipts: Receipts,
    /// The hook's name.
    at: &'static str,
    /// Whether something was found that could not be recorded.
    unrecorded: Cell<bool>,
}

impl Desk<'_> {
    /// What HEAD's log says of HEAD.
    fn last(&self) -> Option<reflog::Entry> {
        self.repo.last_change().filter(|entry| entry.new == self.head.id)
    }

    fn last_way(&self) -> Option<Way> {
        self.last().and_then(|entry| Way::of(&entry.text))
    }

    /// The commits for which git ran this hook.
    fn called_for(&self, call: &Call) -> Result<Vec<Case>> {
        let underway = self.repo.underway();
        let process = around::git_process();
        // Where another hook manager calls the program, nobody names the process; then the step must fit.
        let fits = |passed: &Passed| match &process {
            Some(process) => *process == passed.process,
            None => passed.made(self.head.parents().first(), &self.head.tree()),
        };
        let passed = self.repo.passed().filter(fits);
        let before = match passed {
            None => Before::Nothing,
            Some(passed) if passed.saw_another(&self.head.tree()) => Before::SomethingElse,
            Some(_) => Before::All,
        };
        let said = self.last_way();
        let way = match call {
            // Of a squash in a rebase post-commit knows more.
            Call::Rewrite(what, _) if what == "amend" && underway.rebase && said != Some(Way::Amend) => {
                return Ok(Vec::new());
            }
            Call::Rewrite(what, pairs) => return self.replaced(what, pairs, before),
            Call::Commit if underway.rebase && said != Some(Way::Commit) => Way::Rebase,
            Call::Commit if !underway.replayed.is_empty() && said.is_none() => Way::CherryPick,
            Call::Commit => said.unwrap_or(Way::Commit),
            Call::Merge(_) => match said {
                Some(way) => way,
                None => return Ok(Vec::new()),
            },
            Call::Patch if underway.rebase => Way::Rebase,
            Call::Patch => Way::Am,
        };
        let mut replayed = Vec::new();
        if way == Way::Rebase {
            // Of a squash, what is replaced stands before it as well.
            replayed = underway.replayed;
            replayed.extend(self.last().map(|entry| entry.old));
        }
        Ok(vec![Case { commit: self.head.clone(), way, before, unhooked: false, replayed }])
    }

    fn replaced(&self, what: &str, pairs: &[(String, String)], before: Before) -> Result<Vec<Case>> {
        let way = if what == "amend" { Way::Amend } else { Way::Rebase };
        let mut cases: Vec<Case> = Vec::new();
        for (old, new) in pairs.iter().rev().take(MOST).rev() {
            if let Some(case) = cases.iter_mut().find(|case| case.commit.id == *new) {
                case.replayed.push(old.clone());
                continue;
            }
            let commit = Commit::read(self.repo, new)?;
            cases.push(Case { commit, way, before, unhooked: false, replayed: vec![old.clone()] });
        }
        Ok(cases)
    }

    /// Commits that HEAD's log tells of and for which no hook ran, as far as they still are on a branch.
    fn made_behind_our_back(&self) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for entry in self.repo.changes_since_last_look() {
            let known = entry.new == self.head.id || cases.iter().any(|case| case.commit.id == entry.new);
            let Some(way) = Way::of(&entry.text).filter(|way| *way != Way::Rebase && !known) else { continue };
            // What was thrown away since is nobody's matter any more.
            let Ok(commit) = Commit::read(self.repo, &entry.new) else { continue };
            // A hook saw it, by whatever rules there were then.
            if self.receipts.recorded(&commit.id) || self.is_covered(&commit) {
                continue;
            }
            let replayed = if way == Way::Amend { vec![entry.old] } else { Vec::new() };
            cases.push(Case { commit, way, before: Before::Nothing, unhooked: true, replayed });
        }
        cases
    }

    fn is_covered(&self, commit: &Commit) -> bool {
        commit.base_trees(self.repo).is_ok_and(|bases| self.receipts.cover(&commit.tree(), &bases))
    }

    /// Looks at a commit, and says whether something new was found in it.
    fn look_at(&self, case: &Case, color: When) -> Result<bool, Failure> {
        let commit = &case.commit;
        if self.receipts.recorded(&commit.id) {
            return Ok(false);
        }
        let bases = commit.base_trees(self.repo)?;
        let tree = commit.tree();
        let mut bench = Bench::new(self.repo, self.around, None);
        bench.extent.forgiving = true;
        let judgement = bench.judgement(commit)?;
        let (rules, policy) = (judgement.rules.digest(), judgement.digest.as_str());
        let step = Step { tree: &tree, bases: &bases, rules, policy, commit: Some(&commit.id) };
        let covered = self.receipts.cover_now(step);
        if covered {
            bench.extent.covered.insert(commit.id.clone());
        }
        let session = bench.judge(std::slice::from_ref(commit))?;
        let Some(own) = session.commits.first() else { return Ok(false) };
        if own.judged.iter().any(|judged| judged.blocking) {
            let new = self.new_in(own, case, |judged| judged.blocking)?;
            if new.is_empty() || case.unhooked && !history::is_held(&commit.id)? {
                return Ok(false);
            }
            if self.record(case, &session, &new, color) {
                self.leave(Kind::Skipped, step);
            } else {
                self.unrecorded.set(true);
            }
            return Ok(true);
        }
        let excepted = |judged: &Judged| record::needs_its_exception(judged, &judgement);
        if case.before != Before::All && own.judged.iter().any(excepted) {
            let new = self.new_in(own, case, excepted)?;
            if !new.is_empty() {
                self.record_exceptions(case, &session, &new)?;
                self.leave(Kind::Excepted, step);
            }
        }
        // It is made, so nothing can stop it here; pre-push does.
        for skipped in own.receipt.not_scanned.iter().take(5) {
            tell(&format!(
                "leakwarden: not scanned in commit {:.12}: {}: {}\n",
                commit.id, skipped.path, skipped.reason
            ));
        }
        if !covered && own.is_clean() {
            let kind = if case.before == Before::All { Kind::Scanned } else { Kind::Unscanned };
            self.leave(kind, step);
        }
        if matches!(case.way, Way::Amend | Way::Commit) && !case.unhooked {
            self.settle(&session)?;
        }
        Ok(false)
    }

    /// Where it cannot be kept, the commit is looked at again another time.
    fn leave(&self, kind: Kind, step: Step<'_>) {
        let _ = self.repo.leave_receipt(kind, step);
    }

    /// Those findings that are not in the commits which it replaces or repeats.
    fn new_in<'s>(
        &self,
        own: &'s Judgment,
        case: &Case,
        counts: impl Fn(&Judged) -> bool,
    ) -> Result<Vec<&'s Judged>, Failure> {
        let replayed: Vec<Commit> = case.replayed.iter().filter_map(|id| Commit::read(self.repo, id).ok()).collect();
        let mut bench = Bench::new(self.repo, self.around, None);
        bench.extent.forgiving = true;
        let old = bench.judge(&replayed)?.findings();
        // An amend of a commit that was made here, and that nobody looked at, is where it is looked at.
        let unseen = |commit: &&Commit| {
            case.way == Way::Amend
                && !self.receipts.recorded(&commit.id)
                && !self.is_covered(commit)
                && self.repo.made_here(&commit.id)
        };
        let unseen: Vec<&String> = replayed.iter().filter(unseen).map(|commit| &commit.id).collect();
        let known = |old: &Judged| !old.blocking || old.commit.as_ref().is_none_or(|id| !unseen.contains(&id));
        let same = |one: &Judged, other: &Judged| {
            let (one, other) = (&one.finding, &other.finding);
            one.rule == other.rule && one.secret == other.secret && one.location.path == other.location.path
        };
        // What was excepted there and is not any more is new.
        let same = |one: &Judged, other: &Judged| one.blocking == other.blocking && same(one, other);
        let counting = own.judged.iter().filter(|judged| counts(judged));
        Ok(counting.filter(|judged| !old.iter().any(|old| known(old) && same(judged, old))).collect())
    }

    /// Records what was skipped, and tells it; `false` where it could not be recorded.
    fn record(&self, case: &Case, session: &Session, new: &[&Judged], color: When) -> bool {
        let commit = &case.commit;
        let at = self.at;
        let how = how(case);
        let recorded = Journal::open(&session.judgement, Some(self.repo), at).and_then(|journal| {
            let entry = Entry {
                event: Event::Skipped,
                who: Some(commit.committer.clone()),
                commit: Some(commit.id.clone()),
                tree: Some(commit.tree()),
                how: Some(how.to_owned()),
                ..journal.entry()
            };
            journal.write_findings(entry, new)
        });
        let mut fault = recorded.err();
        let new_ones: Vec<Judged> = new.iter().map(|judged| (*judged).clone()).collect();
        let holder = exposures::Commit { id: &commit.id, author: &commit.committer, cause: Cause::Skipped };
        // What cannot be recorded is open all the same.
        let opened = Journal::open(&session.judgement, Some(self.repo), at)
            .and_then(|journal| exposures::opened(&journal, self.repo, &holder, &new_ones));
        let exposures: Vec<String> = match opened {
            Ok(opened) => {
                fault = fault.or(opened.unwritten);
                opened.changes.iter().map(|change| change.exposure().id.clone()).collect()
            }
            Err(error) => {
                fault.get_or_insert(error);
                Vec::new()
            }
        };
        let fault = fault.map(|error| format!("{error:#}"));
        let skipped = Skipped {
            how,
            commit: &commit.id,
            is_head: commit.id == self.head.id,
            is_first: commit.parents().is_empty(),
            findings: new,
            exposures: &exposures,
            not_recorded: fault.as_deref(),
            contact: session.judgement.policy.contact.as_deref(),
            may_except: session.judgement.may_except(),
        };
        tell(&skipped::render(&skipped, look(color)));
        skipped.not_recorded.is_none()
    }

    /// A commit may have taken out what got past before, or have excepted it.
    fn settle(&self, session: &Session) -> Result<(), Failure> {
        if exposures::mention(self.repo).is_none() {
            return Ok(());
        }
        let journal = Journal::open(&session.judgement, Some(self.repo), self.at)?;
        let by = &self.head.committer;
        let mut said = exposures::settle_excepted(&journal, self.repo, &session.findings(), by)?;
        let settler = Settler::Hook(by);
        said.extend(exposures::settle_removed(&journal, &session.judgement, self.repo, self.around, settler)?);
        for line in said {
            tell(&format!("leakwarden: {line}\n"));
        }
        Ok(())
    }

    /// A commit that was made without a scan, and whose findings exceptions let pass.
    fn record_exceptions(&self, case: &Case, session: &Session, new: &[&Judged]) -> Result<(), Failure> {
        let journal = Journal::open(&session.judgement, Some(self.repo), self.at)?;
        let entry = Entry {
            event: Event::Excepted,
            who: Some(case.commit.committer.clone()),
            commit: Some(case.commit.id.clone()),
            tree: Some(case.commit.tree()),
            how: Some(how(case).to_owned()),
            ..journal.entry()
        };
        journal.write_findings(entry, new).context("exceptions were used")?;
        Ok(())
    }
}

/// In what way a commit came to be without a scan.
fn how(case: &Case) -> &'static str {
    match case.way {
        _ if case.unhooked => "no-hook",
        Way::Commit | Way::Merge if case.before == Before::SomethingElse => "changed-later",
        Way::Commit => "no-verify",
        Way::Amend => "amend",
        Way::Merge => "merge",
        Way::CherryPick => "cherry-pick",
        Way::Revert => "revert",
        Way::Rebase => "rebase",
        Way::Am => "am",
    }
}
