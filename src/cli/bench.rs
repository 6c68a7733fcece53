//! Judging commits that exist: each by the policy and the exceptions in its own tree, and what loosens
//! as it stands where the commits are to go. `verify`, pre-push and post-commit all judge here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};

use super::case::{Docket, Failure, Judgement};
use crate::approval;
use crate::config;
use crate::exception::PATH;
use crate::exception::book::Book;
use crate::exception::once;
use crate::finding::{Finding, Part, escape};
use crate::fragment::Fragment;
use crate::git::history::Commit;
use crate::git::staged::Options;
use crate::git::{Repo, Surroundings};
use crate::policy::syntax::Keys;
use crate::policy::{self, Judged};
use crate::receipt::{Receipt, Source};
use crate::scan::{many, scan};

/// A repository to judge commits of.
pub(super) struct Bench<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// What it was opened with.
    pub around: &'a Surroundings,
    /// The policy of where the commits go, by which alone anything may loosen. `None`: they stay here,
    /// and each commit's own policy counts, as in the hook.
    pub target: Option<(String, Keys)>,
    /// How much of each commit is looked at.
    pub extent: Extent,
}

/// How much of a commit is looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Extent {
    /// Commits, by id, of which only the message is to be looked at.
    pub covered: HashSet<String>,
    /// Whether a commit at the edge of a shallow clone counts as a first one: all of it is new.
    pub edges: bool,
    /// Whether a commit whose own policy has a mistake is judged without it, rather than not at all.
    pub forgiving: bool,
}

/// A commit with what is done about its findings.
pub(super) struct Judgment {
    /// The commit.
    pub commit: Commit,
    /// Its findings.
    pub judged: Vec<Judged>,
    /// What was looked at.
    pub receipt: Receipt,
}

impl Judgment {
    /// Whether all of it was looked at and nothing was found that blocks or that an exception lets pass.
    pub fn is_clean(&self) -> bool {
        let nothing = self.judged.iter().all(|own| !own.blocking && own.excepted.is_none());
        nothing && self.receipt.not_scanned.is_empty()
    }
}

/// Commits that were judged.
pub(super) struct Session {
    /// The commits, in the order in which they were given.
    pub commits: Vec<Judgment>,
    /// What was looked at in all of them.
    pub receipt: Receipt,
    /// What the last of them was judged by; of no commits, what this machine says.
    pub judgement: Arc<Judgement>,
}

impl Session {
    /// All findings, in the order of the commits.
    pub fn findings(&self) -> Vec<Judged> {
        self.commits.iter().flat_map(|own| own.judged.iter().cloned()).collect()
    }
}

/// What is found in one commit, before it is judged.
struct Seen {
    commit: Commit,
    findings: Vec<Finding>,
    receipt: Receipt,
}

impl<'a> Bench<'a> {
    /// Where commits are judged that stay here, or, with a target, that go somewhere.
    pub fn new(repo: &'a Repo, around: &'a Surroundings, target: Option<(String, Keys)>) -> Self {
        Bench { repo, around, target, extent: Extent::default() }
    }

    /// Judges commits.
    ///
    /// # Errors
    /// Where a policy or an exceptions file has a mistake, or a commit cannot be read.
    pub fn judge(&self, commits: &[Commit]) -> Result<Session, Failure> {
        let (around, extent) = (self.around, &self.extent);
        let mut receipt = Receipt { source: Source::Tree, commits: Some(commits.len() as u64), ..Receipt::default() };
        let mut judgements = Judgements { bench: self, known: HashMap::new(), books: HashMap::new() };
        let mut requests = Requests { repo: self.repo, commits, known: None };
        let mut all = Vec::new();
        let mut last = None;
        // Commits that share a policy, which is nearly always all of them, are scanned side by side.
        let mut rest = commits;
        while let Some(first) = rest.first() {
            let key = judgements.key(first)?;
            let judgement = judgements.of(first, &key)?;
            let mut same = 1;
            while same < rest.len() && judgements.key(&rest[same])? == key {
                same += 1;
            }
            let seen = many::each(
                &rest[..same],
                || Repo::open(around),
                |own, commit| match own {
                    Ok(repo) => look(extent, repo, around, commit, &judgement),
                    Err(error) => Err(anyhow!("{error:#}")),
                },
            );
            for one in seen {
                let one = one?;
                let judged = judgements.judge(&judgement, &one, &mut requests, &mut receipt)?;
                add(&mut receipt, one.receipt.clone());
                all.push(Judgment { commit: one.commit, judged, receipt: one.receipt });
            }
            rest = &rest[same..];
            last = Some(judgement);
        }
        let judgement = match last {
            Some(judgement) => judgement,
            None => Arc::new(Docket::open()?.policy()?),
        };
        judgement.rules.digest().clone_into(&mut receipt.rules);
        Ok(Session { commits: all, receipt, judgement })
    }

    /// The judgement that a commit's own tree makes.
    ///
    /// # Errors
    /// Where its policy has a mistake.
    pub fn judgement(&self, commit: &Commit) -> Result<Arc<Judgement>, Failure> {
        let mut judgements = Judgements { bench: self, known: HashMap::new(), books: HashMap::new() };
        let key = judgements.key(commit)?;
        judgements.of(commit, &key)
    }
}

/// The policy of a commit's tree; an empty one where it has none. One that cannot be read loosens
/// nothing, so that a change can mend it; that is noted.
pub(super) fn keys_of(repo: &Repo, id: &str, receipt: &mut Receipt) -> (String, Keys) {
    let name = format!("{} of {id:.12}", policy::PATH);
    let read = || -> Result<Keys> {
        let text = Commit::read(repo, id)?.file(repo, policy::PATH)?.unwrap_or_default();
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

/// The objects of the policies that a commit is judged by: its own, and its first parent's.
type Key = (Option<String>, Option<String>);

/// The judgements by policy file, and the exceptions by their file, each made once.
struct Judgements<'a> {
    bench: &'a Bench<'a>,
    known: HashMap<Key, Arc<Judgement>>,
    books: HashMap<String, Book>,
}

impl Judgements<'_> {
    fn key(&self, commit: &Commit) -> Result<Key, Failure> {
        let repo = self.bench.repo;
        let own = commit.file_id(repo, policy::PATH)?;
        // Who may approve stands in the policy before, where no target says it.
        let before = match commit.parents().first() {
            Some(parent) if own.is_some() && self.bench.target.is_none() => {
                Commit::read(repo, parent).and_then(|parent| parent.file_id(repo, policy::PATH)).ok().flatten()
            }
            _ => None,
        };
        Ok((own, before))
    }

    fn of(&mut self, commit: &Commit, key: &Key) -> Result<Arc<Judgement>, Failure> {
        if let Some(known) = self.known.get(key) {
            return Ok(known.clone());
        }
        let repo = self.bench.repo;
        let mut docket = Docket::open()?;
        let read = docket.repository(|path| commit.file(repo, path));
        if !self.bench.extent.forgiving {
            read?;
        } else if read.is_err() || docket.layers.join().is_err() {
            docket.layers.repository = None;
        }
        match &self.bench.target {
            Some(target) => docket.layers.target = Some(target.clone()),
            None => docket.last_signers(|path| match commit.parents().first() {
                Some(parent) => Commit::read(repo, parent)?.file(repo, path),
                None => Ok(None),
            }),
        }
        let judgement = Arc::new(docket.policy()?);
        self.known.insert(key.clone(), judgement.clone());
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
                    // In the hook, whose judgement this repeats, nobody knows who wrote the request.
                    if self.bench.target.is_some() {
                        requests.drop_own_approvals(&mut book, receipt)?;
                    }
                    self.books.insert(id.clone(), book);
                }
                self.books.get(&id)
            }
            None => None,
        };
        let once = once::in_message(&seen.commit.message);
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

/// What a commit adds, unless that is covered, and what its message says.
fn look(extent: &Extent, repo: &Repo, around: &Surroundings, commit: &Commit, judgement: &Judgement) -> Result<Seen> {
    let (mut findings, mut receipt) = (Vec::new(), Receipt::default());
    if !extent.covered.contains(&commit.id) {
        let options = Options { around, count_lines: false };
        let found = match extent.edges && commit.is_at_the_edge(repo) {
            true => commit.scan_all(repo, &judgement.rules, options),
            false => commit.scan(repo, &judgement.rules, options),
        };
        let found = found.with_context(|| format!("commit {:.12}", commit.id))?;
        (findings, receipt) = (found.findings, found.receipt);
    }
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
