//! `leakwarden verify`: commits that exist, judged as the hook would have; for CI and for servers.
//!
//! Each commit is judged by the policy and the exceptions in its own tree. What loosens counts only
//! as it stands in the policy of the branch that the commits are to be merged into.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};

use super::args::{VerifyFormat, When};
use super::around;
use super::case::{Docket, Failure, Judgement};
use super::{Exit, deliver_as, fail};
use crate::approval;
use crate::config;
use crate::exception::book::Book;
use crate::exception::once::{self, Once};
use crate::exception::{PATH, plus_days};
use crate::finding::{Finding, Part, escape};
use crate::fingerprint::fingerprint;
use crate::fragment::Fragment;
use crate::git::history::{self, Commit};
use crate::git::staged::Options;
use crate::git::{Moment, Repo, Surroundings};
use crate::policy::syntax::Keys;
use crate::policy::{self, Judged};
use crate::receipt::{Receipt, Source};
use crate::report::{Report, Subject};
use crate::scan::{many, scan};

/// What was typed.
pub(super) struct Request {
    pub range: Vec<String>,
    pub tree: Option<String>,
    pub pre_receive: bool,
    pub policy_from: Option<String>,
    pub format: VerifyFormat,
}

pub(super) fn run(request: &Request, color: When) -> Exit {
    match verify(request) {
        Ok(report) => deliver_as(&report, request.format, color),
        Err(failure) => fail(failure.exit, &failure.error),
    }
}

/// Judges what was asked for; findings name their commits.
pub(super) fn verify(request: &Request) -> Result<Report, Failure> {
    let around = around::surroundings(Docket::open()?.size_cap()?, Moment::Commit);
    let repo = Repo::open(&around).map_err(Failure::usage)?;
    let bench = Bench { repo: &repo, around: &around };
    if let Some(name) = &request.tree {
        return bench.tree(name);
    }
    let Pushed { words, target, tags } = if request.pre_receive {
        pushed()?
    } else {
        let (words, target) = typed(&request.range)?;
        Pushed { words, target, tags: Vec::new() }
    };
    let target = match &request.policy_from {
        Some(name) => Some(history::resolve(name).map_err(Failure::usage)?),
        None => target,
    };
    let ids = if words.is_empty() { Vec::new() } else { history::range(&words)? };
    bench.range(&ids, target.as_deref(), &tags)
}

/// The words for `git rev-list`, and the commit whose policy may loosen: the one the range begins at.
/// Every word must name a commit, so that a variable that is empty in a script is no clean range.
fn typed(range: &[String]) -> Result<(Vec<String>, Option<String>), Failure> {
    let mut words = Vec::new();
    let mut target = None;
    for word in range {
        // One commit without its parents; a merge has several.
        if let Some(name) = word.strip_suffix("^!") {
            let id = history::resolve(name)?;
            words.push(format!("{id}^!"));
            target = target.or_else(|| history::resolve(&format!("{id}^1")).ok());
            continue;
        }
        let (from, to) = match (word.split_once(".."), word.strip_prefix('^')) {
            (Some((from, to)), _) => (Some(from), Some(to.trim_start_matches('.'))),
            (None, Some(from)) => (Some(from), None),
            (None, None) => (None, Some(word.as_str())),
        };
        if let Some(from) = from {
            let id = history::resolve(from)?;
            words.push(format!("^{id}"));
            target.get_or_insert(id);
        }
        if let Some(to) = to {
            words.push(history::resolve(to)?);
        }
    }
    Ok((words, target))
}

/// What git tells a pre-receive hook on standard input: `old new ref` a line. New commits are those
/// that no ref reaches yet; the policy is that of the repository's HEAD.
fn pushed() -> Result<Pushed, Failure> {
    let mut tags = Vec::new();
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
    let mut words = Vec::new();
    for line in text.lines() {
        let hex = |word: &&str| word.len() >= 40 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(new) = line.split(' ').nth(1).filter(hex) else {
            return Err(Failure::usage(anyhow!("standard input is not what git gives a pre-receive hook")));
        };
        // A ref that is deleted brings nothing.
        if new.bytes().any(|b| b != b'0') {
            words.push(history::resolve(new).context("what is pushed is no commit, which cannot be scanned")?);
            tags.extend(history::tag_texts(new)?);
        }
    }
    if !words.is_empty() {
        words.extend(["--not".to_owned(), "--all".to_owned()]);
    }
    Ok(Pushed { words, target: history::resolve("HEAD").ok(), tags })
}

/// What a push brings.
struct Pushed {
    words: Vec<String>,
    target: Option<String>,
    /// The texts of annotated tags.
    tags: Vec<Vec<u8>>,
}

/// A repository to judge commits of.
struct Bench<'a> {
    repo: &'a Repo,
    around: &'a Surroundings,
}

/// What is found in one commit, before it is judged.
struct Seen {
    commit: Commit,
    findings: Vec<Finding>,
    receipt: Receipt,
}

impl Bench<'_> {
    fn range(&self, ids: &[String], target: Option<&str>, tags: &[Vec<u8>]) -> Result<Report, Failure> {
        let around = self.around;
        let mut receipt = Receipt { source: Source::Tree, commits: Some(ids.len() as u64), ..Receipt::default() };
        // Without a target nothing may loosen: a commit must not be its own judge.
        let nobody = || ("the policy of no target".to_owned(), Keys::default());
        let target = Some(target.map_or_else(nobody, |id| self.keys_of(id, &mut receipt)));
        let mut judgements = Judgements { bench: self, target, known: HashMap::new(), books: HashMap::new() };
        let commits = ids.iter().map(|id| Commit::read(self.repo, id)).collect::<Result<Vec<_>>>()?;
        let mut requests = Requests { repo: self.repo, commits: &commits, known: None };
        let mut all = Vec::new();
        let mut last = None;
        // Commits that share a policy, which is nearly always all of them, are scanned side by side.
        let mut rest = commits.as_slice();
        while let Some(first) = rest.first() {
            let key = first.file_id(self.repo, policy::PATH)?;
            let judgement = judgements.of(first, key.as_ref())?;
            let mut same = 0;
            while same < rest.len() && rest[same].file_id(self.repo, policy::PATH)? == key {
                same += 1;
            }
            let seen = many::each(
                &rest[..same],
                || Repo::open(around),
                |own, commit| match own {
                    Ok(repo) => look(repo, around, commit, &judgement),
                    Err(error) => Err(anyhow!("{error:#}")),
                },
            );
            for one in seen {
                let one = one?;
                all.extend(judgements.judge(&judgement, &one, &mut requests, &mut receipt)?);
                add(&mut receipt, one.receipt);
            }
            rest = &rest[same..];
            last = Some(judgement);
        }
        let judgement = match last {
            Some(judgement) => judgement,
            None => Arc::new(Docket::open()?.policy()?),
        };
        receipt.rules = judgement.rules.digest().to_owned();
        for text in tags {
            let message = scan(&Fragment::text(b"COMMIT_EDITMSG", Part::Message, text), &judgement.rules);
            if let Some(reason) = message.given_up {
                receipt.skip(b"the message of a tag", reason);
            }
            all.extend(judgement.judge(message.findings, None, &once::in_message(text)));
        }
        Ok(judgement.report(Subject::Range, all, receipt))
    }

    /// Everything in one tree: exceptions that have ended block, and those that nothing needs are told.
    fn tree(&self, name: &str) -> Result<Report, Failure> {
        let commit = Commit::read(self.repo, &history::resolve(name).map_err(Failure::usage)?)?;
        let mut judgements = Judgements { bench: self, target: None, known: HashMap::new(), books: HashMap::new() };
        let key = commit.file_id(self.repo, policy::PATH)?;
        let judgement = judgements.of(&commit, key.as_ref())?;
        let options = Options { around: self.around, count_lines: false };
        let found = commit.scan_all(self.repo, &judgement.rules, options)?;
        let mut receipt = found.receipt;
        receipt.commits = None;
        let book = judgement.book(commit.file(self.repo, PATH)?)?;
        if let Some(book) = &book {
            let used: Vec<String> = found.findings.iter().map(|own| fingerprint(own, &book.repo_id)).collect();
            for own in book.exceptions.iter().filter(|own| !used.contains(&own.fingerprint)) {
                let text = format!(
                    "exception {} ({}, by {}) excepts nothing any more: `leakwarden exceptions prune`",
                    own.id, own.path, own.by
                );
                receipt.notes.push(crate::finding::escape(text.as_bytes()));
            }
        }
        let once = if found.findings.is_empty() { Vec::new() } else { self.once_in_history(&commit, &judgement)? };
        let judged = judgement.judge(found.findings, book.as_ref(), &once);
        Ok(judgement.report(Subject::Tree, judged, receipt))
    }

    /// The exceptions for one commit that history carries. In a tree they count as long as policy lets
    /// their kind last when nobody says: from the day of their commit.
    fn once_in_history(&self, commit: &Commit, judgement: &Judgement) -> Result<Vec<Once>, Failure> {
        let mut all = Vec::new();
        for (id, seconds) in history::mentioning(&commit.id, once::TRAILER)? {
            let message = Commit::read(self.repo, &id)?.message;
            let Some(day) = around::day(seconds) else { continue };
            all.extend(once::in_message(&message).into_iter().filter(|own| {
                let kind = judgement.policy.exceptions.kind(&own.kind);
                kind.is_ok_and(|kind| {
                    let end = plus_days(day, i64::from(kind.default_days));
                    day <= plus_days(judgement.today, 1) && judgement.today <= end
                })
            }));
        }
        Ok(all)
    }

    /// The policy of a commit's tree; an empty one where it has none. One that cannot be read loosens
    /// nothing, so that a change can mend it; that is noted.
    fn keys_of(&self, id: &str, receipt: &mut Receipt) -> (String, Keys) {
        let name = format!("{} of {id:.12}", policy::PATH);
        let read = || -> Result<Keys> {
            let text = Commit::read(self.repo, id)?.file(self.repo, policy::PATH)?.unwrap_or_default();
            let keys = config::keys(&text)?;
            policy::check::repository(&keys)?;
            Ok(keys)
        };
        let keys = read().unwrap_or_else(|error| {
            receipt.notes.push(escape(format!("{name} cannot be read and does not count: {error:#}").as_bytes()));
            Keys::default()
        });
        (name, keys)
    }
}

/// The judgements by policy file, and the exceptions by their file, each made once.
struct Judgements<'a> {
    bench: &'a Bench<'a>,
    target: Option<(String, Keys)>,
    known: HashMap<Option<String>, Arc<Judgement>>,
    books: HashMap<String, Book>,
}

impl Judgements<'_> {
    fn of(&mut self, commit: &Commit, key: Option<&String>) -> Result<Arc<Judgement>, Failure> {
        if let Some(known) = self.known.get(&key.cloned()) {
            return Ok(known.clone());
        }
        let mut docket = Docket::open()?;
        docket.repository(|path| commit.file(self.bench.repo, path))?;
        docket.layers.target.clone_from(&self.target);
        let judgement = Arc::new(docket.policy()?);
        self.known.insert(key.cloned(), judgement.clone());
        Ok(judgement)
    }

    fn judge(
        &mut self,
        judgement: &Judgement,
        seen: &Seen,
        requests: &mut Requests<'_>,
        receipt: &mut Receipt,
    ) -> Result<Vec<Judged>, Failure> {
        if seen.findings.is_empty() {
            return Ok(Vec::new());
        }
        let repo = self.bench.repo;
        let book = match seen.commit.file_id(repo, PATH)? {
            Some(id) => {
                if !self.books.contains_key(&id) {
                    let mut book = judgement.book(seen.commit.file(repo, PATH)?)?.unwrap_or_default();
                    requests.drop_own_approvals(&mut book, receipt)?;
                    self.books.insert(id.clone(), book);
                }
                self.books.get(&id)
            }
            None => None,
        };
        let once: Vec<Once> = once::in_message(&seen.commit.message);
        let mut judged = judgement.judge(seen.findings.clone(), book, &once);
        judged.iter_mut().for_each(|own| own.commit = Some(seen.commit.id.clone()));
        Ok(judged)
    }
}

/// Who wrote the exceptions that these commits bring: nobody approves their own.
struct Requests<'a> {
    repo: &'a Repo,
    commits: &'a [Commit],
    /// For each exception's id the commit that first has it; made when an approval is met.
    known: Option<HashMap<String, &'a Commit>>,
}

impl<'a> Requests<'a> {
    /// Takes approvals out that were given by whoever wrote, or signed, the commit with the request.
    fn drop_own_approvals(&mut self, book: &mut Book, receipt: &mut Receipt) -> Result<()> {
        if book.exceptions.iter().all(|own| own.approval.is_none()) {
            return Ok(());
        }
        if self.known.is_none() {
            self.known = Some(self.collect()?);
        }
        let known = self.known.iter().flatten().collect::<HashMap<_, _>>();
        for own in &mut book.exceptions {
            let Some((approval, commit)) = own.approval.as_ref().zip(known.get(&own.id)) else { continue };
            let key = approval::public_key(&approval.signature);
            let signed = commit.signature.as_deref().and_then(approval::public_key);
            if approval::same_person(&approval.by, &commit.author) || key.is_some() && key == signed {
                let who = escape(approval.by.as_bytes());
                receipt.notes.push(format!(
                    "exception {}: its approval does not count: {who} also wrote the request (commit {:.12})",
                    own.id, commit.id
                ));
                own.approval = None;
            }
        }
        Ok(())
    }

    /// An exception is brought by the first commit that has it while none of its parents does.
    fn collect(&self) -> Result<HashMap<String, &'a Commit>> {
        let mut known = HashMap::new();
        for commit in self.commits {
            let own = commit.file_id(self.repo, PATH)?;
            let parents = commit.parents();
            let parents = parents.iter().map(|id| Commit::read(self.repo, id)).collect::<Result<Vec<_>>>()?;
            let mut before = Vec::new();
            for parent in &parents {
                before.push(parent.file_id(self.repo, PATH)?);
            }
            if own.is_none() || before.contains(&own) {
                continue;
            }
            let ids = |commit: &Commit| -> Result<Vec<String>> {
                let text = commit.file(self.repo, PATH)?;
                // A file that was broken on the way brought nothing that counts.
                let book = text.and_then(|text| Book::parse(&text).ok()).unwrap_or_default();
                Ok(book.exceptions.into_iter().map(|own| own.id).collect())
            };
            let there = parents.iter().map(ids).collect::<Result<Vec<_>>>()?.concat();
            for id in ids(commit)?.into_iter().filter(|id| !there.contains(id)) {
                known.entry(id).or_insert(commit);
            }
        }
        Ok(known)
    }
}

/// What a commit adds, and what its message says.
fn look(repo: &Repo, around: &Surroundings, commit: &Commit, judgement: &Judgement) -> Result<Seen> {
    let options = Options { around, count_lines: false };
    let found = commit.scan(repo, &judgement.rules, options).with_context(|| format!("commit {:.12}", commit.id))?;
    let (mut findings, mut receipt) = (found.findings, found.receipt);
    let message = scan(&Fragment::text(b"COMMIT_EDITMSG", Part::Message, &commit.message), &judgement.rules);
    if let Some(reason) = message.given_up {
        receipt.skip(b"commit message", reason);
    }
    findings.extend(message.findings);
    Ok(Seen { commit: commit.clone(), findings, receipt })
}

/// Adds up what was scanned.
fn add(sum: &mut Receipt, one: Receipt) {
    sum.files += one.files;
    sum.bytes += one.bytes;
    sum.submodules += one.submodules;
    sum.not_scanned.extend(one.not_scanned);
    for note in one.notes {
        if !sum.notes.contains(&note) {
            sum.notes.push(note);
        }
    }
}
