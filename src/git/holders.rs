//! Where a credential is now: the commits that bring it, and the branches, tags, remote-tracking
//! branches, stashes and reflog entries that hold such a commit.
//!
//! Git is asked each time; a value is known by its pseudonym alone. All versions of the paths at which
//! it was found are scanned, the commits that were made since and are on no remote, and HEAD's tree for
//! the same content elsewhere. A commit that was amended or rebased away stays in the reflog.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;
use gix::ObjectId;

use super::history::{self, Commit};
use super::names::{Names, names};
use super::staged::Options;
use super::versions::{self, MOST, Side, Version, everything, listed};
use super::{Repo, Surroundings, plain};
use crate::finding::{Finding, Part, escape, lossy};
use crate::fingerprint::pseudonym;
use crate::fragment::Fragment;
use crate::rules::RuleSet;
use crate::scan::{scan, scan_content, scan_path};

/// Commits that were made since, and are on no remote, that are scanned as a whole.
const MOST_RECENT: usize = 500;

/// Commits that bring a value for which their descendants are asked.
const MOST_BRINGING: usize = 50;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The rule that finds it.
    pub rule: &'a str,
    /// The value's pseudonym.
    pub pseudonym: &'a str,
    /// Commits and paths (as [`lossy`] writes them) at which it was found; no path for a message.
    pub sites: &'a [(String, String)],
    /// Since when commits may hold it elsewhere: RFC 3339.
    pub since: &'a str,
}

/// Where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Where {
    /// The commits that bring it, newest first.
    pub brought: Vec<Brought>,
    /// Branches, short.
    pub branches: Vec<String>,
    /// Tags, short.
    pub tags: Vec<String>,
    /// Remote-tracking branches, short.
    pub remotes: Vec<String>,
    /// Stashes: `stash@{0}`.
    pub stashes: Vec<String>,
    /// Other refs, in full, and detached HEADs.
    pub others: Vec<String>,
    /// Reflog entries (those of stashes are above).
    pub reflog: Vec<String>,
    /// Reflog entries of remote-tracking branches among them: what a remote had once.
    pub once_remote: Vec<String>,
    /// What HEAD has to do with it, if it holds it.
    pub head: Option<Head>,
    /// Why not everything was looked at; nothing, where it was.
    pub gaps: Vec<String>,
}

/// A commit that brings the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// Its id, in hex.
    pub commit: String,
    /// Who wrote it: `Name <address>`.
    pub author: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// At which path, as it may be shown; empty where it is the message.
    pub path: Vec<u8>,
    /// Whether that is not the path itself, because a credential in it is masked.
    pub masked: bool,
    /// In which part.
    pub part: Part,
}

/// HEAD, where it holds the value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Its commit, in hex.
    pub id: String,
    /// The commits below it, or itself, that bring the value.
    pub brought: Vec<String>,
    /// The oldest of those.
    pub oldest: String,
    /// Commits above the oldest.
    pub above: usize,
    /// Whether there is a merge among them, the oldest included.
    pub merges: bool,
    /// Whether the oldest has no parent.
    pub first: bool,
    /// The paths in HEAD's tree that hold it, raw; those with a credential in them are counted only.
    pub paths: Vec<Vec<u8>>,
    /// Paths in HEAD's tree that hold it and have a credential in them.
    pub masked: usize,
}

impl Where {
    /// Whether it was ever on a remote, as far as this clone knows.
    pub fn pushed(&self) -> bool {
        !self.remotes.is_empty() || !self.once_remote.is_empty()
    }

    /// Whether a branch, a tag, a remote, a stash or another ref holds it.
    pub fn held(&self) -> bool {
        [&self.branches, &self.tags, &self.remotes, &self.stashes, &self.others].iter().any(|names| !names.is_empty())
    }
}

/// Looks for values in one repository; what was once scanned is remembered.
pub struct Search<'a> {
    repo: &'a Repo,
    around: &'a Surroundings,
    rules: &'a RuleSet,
    key: [u8; 32],
    /// Pseudonyms by blob and whether it is a link, or why it could not be scanned.
    blobs: HashMap<(String, bool), Result<BTreeSet<String>, String>>,
    /// What commits bring, by commit, and what of them could not be scanned.
    commits: HashMap<String, (Vec<Seen>, Vec<String>)>,
    names: Option<Names>,
}

/// A finding in a commit.
#[derive(Debug, Clone)]
struct Seen {
    pseudonym: String,
    path: Vec<u8>,
    part: Part,
}

impl<'a> Search<'a> {
    /// A search with these rules; pseudonyms are made with `key`.
    pub fn new(repo: &'a Repo, around: &'a Surroundings, rules: &'a RuleSet, key: [u8; 32]) -> Self {
        Search { repo, around, rules, key, blobs: HashMap::new(), commits: HashMap::new(), names: None }
    }

    /// Where a value is.
    ///
    /// # Errors
    /// Where git cannot answer. What could not be looked at is in [`Where::gaps`].
    pub fn look(&mut self, wanted: &Wanted<'_>) -> Result<Where> {
        let mut at = Where::default();
        if !self.rules.sources().iter().any(|rule| rule.id == wanted.rule) {
            at.gaps.push(format!("the rule {} is not among the rules that count here", escape(wanted.rule.as_bytes())));
        }
        let mut recorded: Vec<String> = Vec::new();
        for (commit, _) in wanted.sites {
            // What is no id could be an option.
            let plain = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            if plain && !recorded.contains(commit) && versions::commit(self.repo, commit).is_some() {
                recorded.push(commit.clone());
            }
        }
        self.in_paths(wanted, &recorded, &mut at)?;
        self.in_commits(wanted, &recorded, &mut at)?;
        if at.brought.is_empty() && !recorded.is_empty() {
            at.gaps.push("the rules that count here do not find it in the commits where it was found".to_owned());
        }
        self.descendants(wanted, &recorded, &mut at)?;
        Ok(at)
    }

    /// All versions of the paths at which it was found.
    fn in_paths(&mut self, wanted: &Wanted<'_>, recorded: &[String], at: &mut Where) -> Result<()> {
        let paths = self.raw_paths(wanted, recorded)?;
        if paths.is_empty() {
            return Ok(());
        }
        let (commits, changes, cut) = versions::of_paths(&paths, recorded)?;
        if cut {
            at.gaps.push(format!("its paths have more than {MOST} versions; the newest {MOST} were looked at"));
        }
        for id in &commits {
            let Some(all) = changes.get(id) else { continue };
            let Some(commit) = versions::commit(self.repo, id) else { continue };
            let parents = commit.parents().len().max(1);
            for path in paths.iter() {
                let own: Vec<&Version> = all.iter().filter(|version| version.path == *path).collect();
                let mut new = own.len() == parents;
                let mut part = Part::Content;
                for version in &own {
                    let [before, after] = &version.sides;
                    // Every parent must be without it, or the commit only passes it on.
                    new &= self.holds(path, before, wanted, at).is_none();
                    match self.holds(path, after, wanted, at) {
                        Some(held) => part = held,
                        None => new = false,
                    }
                }
                if new {
                    let shown = scan_path(path, self.rules).1;
                    add(at, &commit, &shown, part, *shown != **path);
                }
            }
        }
        Ok(())
    }

    /// The paths of the sites as git has them: those that are masked or no UTF-8 are recognised among
    /// what the recorded commits change.
    fn raw_paths(&self, wanted: &Wanted<'_>, recorded: &[String]) -> Result<Vec<Vec<u8>>> {
        let shown: BTreeSet<&str> =
            wanted.sites.iter().map(|(_, path)| path.as_str()).filter(|path| !path.is_empty()).collect();
        if shown.is_empty() {
            return Ok(Vec::new());
        }
        let changed = versions::changes(recorded, &[])?;
        let all: BTreeSet<&Vec<u8>> = changed.values().flatten().map(|version| &version.path).collect();
        let mut found: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        for raw in &all {
            if let Some(name) = shown.get(lossy(raw).as_str()) {
                found.insert(name, raw.to_vec());
            }
        }
        if found.len() < shown.len() {
            for raw in &all {
                let (findings, masked) = scan_path(raw, self.rules);
                if let Some(name) = shown.get(lossy(&masked).as_str()).filter(|_| !findings.is_empty()) {
                    found.insert(name, raw.to_vec());
                }
            }
        }
        // Where the commits are gone, the path as it was recorded is the best there is.
        Ok(shown.iter().map(|name| found.remove(name).unwrap_or_else(|| name.as_bytes().to_vec())).collect())
    }

    /// In which part of an entry the value stands, if it does.
    fn holds(&mut self, path: &[u8], side: &Side, wanted: &Wanted<'_>, at: &mut Where) -> Option<Part> {
        if side.is_nothing() {
            return None;
        }
        let named = |finding: &Finding| pseudonym(finding, &self.key) == wanted.pseudonym;
        let (findings, shown) = scan_path(path, self.rules);
        if findings.iter().any(named) {
            return Some(Part::Path);
        }
        let link = side.mode == "120000";
        let key = (side.id.clone(), link);
        if !self.blobs.contains_key(&key) {
            let scanned = self.scan_blob(&shown, side, link);
            self.blobs.insert(key.clone(), scanned.map_err(|why| format!("{}: {why:#}", escape(&shown))));
        }
        match self.blobs.get(&key)? {
            Ok(all) if all.contains(wanted.pseudonym) => Some(if link { Part::LinkTarget } else { Part::Content }),
            Ok(_) => None,
            Err(gap) => {
                if !at.gaps.contains(gap) {
                    at.gaps.push(gap.clone());
                }
                None
            }
        }
    }

    /// The pseudonyms of what a blob holds.
    fn scan_blob(&self, shown: &[u8], side: &Side, link: bool) -> Result<BTreeSet<String>> {
        let id = ObjectId::from_hex(side.id.as_bytes()).map_err(plain)?;
        anyhow::ensure!(self.repo.has(&id), "version {:.12} is not in this clone, and nothing is fetched", side.id);
        let mut buffer = Vec::new();
        let bytes = self.repo.blob(&id, &mut buffer)?;
        let found = if link {
            scan(&Fragment::text(shown, Part::LinkTarget, bytes), self.rules)
        } else {
            scan_content(shown, bytes, self.rules, |_, _, _| Ok::<(), anyhow::Error>(()))?
        };
        if let Some(reason) = found.given_up {
            anyhow::bail!("{reason}");
        }
        Ok(found.findings.iter().map(|finding| pseudonym(finding, &self.key)).collect())
    }

    /// The commits where it was found, and those that were made since and are on no remote, scanned as
    /// a whole: it may have moved to another path, or stand in a message.
    fn in_commits(&mut self, wanted: &Wanted<'_>, recorded: &[String], at: &mut Where) -> Result<()> {
        let since = day_before(wanted.since);
        let since = format!("--since={since}");
        let most = format!("--max-count={}", MOST_RECENT + 1);
        let mut recent = listed([most.as_str(), since.as_str(), "--all", "--reflog", "--not", "--remotes"])?;
        if recent.len() > MOST_RECENT {
            recent.truncate(MOST_RECENT);
            at.gaps.push(format!("since then more than {MOST_RECENT} commits were made; the newest were looked at"));
        }
        for id in recorded.iter().chain(&recent) {
            let Some(commit) = versions::commit(self.repo, id) else { continue };
            if !self.commits.contains_key(id) {
                let scanned = self.scan_commit(&commit);
                self.commits.insert(id.clone(), scanned);
            }
            let Some((seen, gaps)) = self.commits.get(id) else { continue };
            for one in seen.iter().filter(|one| one.pseudonym == wanted.pseudonym) {
                // A path that no change has is masked.
                let masked = one.part != Part::Message
                    && versions::changes(std::slice::from_ref(id), std::slice::from_ref(&one.path))?.is_empty();
                add(at, &commit, &one.path, one.part, masked);
            }
            let new: Vec<&String> = gaps.iter().filter(|gap| !at.gaps.contains(gap)).collect();
            at.gaps.extend(new.into_iter().cloned());
        }
        at.brought.sort_by_key(|own| std::cmp::Reverse(own.time));
        Ok(())
    }

    fn scan_commit(&self, commit: &Commit) -> (Vec<Seen>, Vec<String>) {
        let options = Options { around: self.around, count_lines: false };
        let mut gaps = Vec::new();
        let mut findings = match commit.scan(self.repo, self.rules, options) {
            Ok(staged) => {
                let skipped = staged.receipt.not_scanned.iter();
                gaps.extend(skipped.map(|own| format!("commit {:.12}: {}: {}", commit.id, own.path, own.reason)));
                staged.findings
            }
            Err(error) => {
                gaps.push(escape(format!("commit {:.12}: {error:#}", commit.id).as_bytes()));
                Vec::new()
            }
        };
        findings.extend(scan(&Fragment::text(b"", Part::Message, &commit.message), self.rules).findings);
        let seen = |finding: Finding| Seen {
            pseudonym: pseudonym(&finding, &self.key),
            part: finding.location.part,
            path: finding.location.path,
        };
        (findings.into_iter().map(seen).collect(), gaps)
    }

    /// Who holds one of the commits that bring it.
    fn descendants(&mut self, wanted: &Wanted<'_>, recorded: &[String], at: &mut Where) -> Result<()> {
        let mut bringing: Vec<String> = Vec::new();
        for own in &at.brought {
            if !bringing.contains(&own.commit) {
                bringing.push(own.commit.clone());
            }
        }
        if bringing.len() > MOST_BRINGING {
            at.gaps.push(format!("more than {MOST_BRINGING} commits bring it; who holds the others was not asked"));
            bringing.truncate(MOST_BRINGING);
        }
        let head = history::resolve("HEAD").ok();
        let mut below_head = Vec::new();
        let mut holding: HashSet<String> = HashSet::new();
        for id in &bringing {
            let not = format!("^{id}");
            let after = listed(everything(recorded).chain(["--ancestry-path", not.as_str()]))?;
            if head.as_ref().is_some_and(|head| head == id || after.contains(head)) {
                below_head.push(id.clone());
            }
            holding.extend(after);
        }
        holding.extend(bringing);
        let names = match &self.names {
            Some(names) => names,
            None => self.names.insert(names(self.repo)?),
        };
        for (name, _) in names.refs.iter().filter(|(_, id)| holding.contains(id)) {
            let (list, short) =
                [("refs/heads/", &mut at.branches), ("refs/tags/", &mut at.tags), ("refs/remotes/", &mut at.remotes)]
                    .into_iter()
                    .find_map(|(kind, list)| Some((list, name.strip_prefix(kind)?)))
                    .unwrap_or((&mut at.others, name));
            list.push(short.to_owned());
        }
        for (name, _) in names.reflog.iter().filter(|(_, id)| holding.contains(id)) {
            if let Some(stash) = name.strip_prefix("refs/").filter(|name| name.starts_with("stash@")) {
                at.stashes.push(stash.to_owned());
                continue;
            }
            if name.starts_with("refs/remotes/") {
                at.once_remote.push(name.clone());
            }
            at.reflog.push(name.clone());
        }
        if let Some(head) = head.filter(|_| !below_head.is_empty()) {
            at.head = Some(self.head(&head, below_head, wanted, at)?);
        }
        Ok(())
    }

    fn head(&mut self, head: &str, brought: Vec<String>, wanted: &Wanted<'_>, at: &mut Where) -> Result<Head> {
        let mut own = Head { id: head.to_owned(), ..Head::default() };
        for id in &brought {
            let not = format!("^{id}");
            let above = listed(["--first-parent", head, not.as_str()])?.len();
            let merges = !listed(["--merges", "--ancestry-path", head, not.as_str()])?.is_empty();
            let parents = versions::commit(self.repo, id).map_or(0, |commit| commit.parents().len());
            own.merges |= merges || parents > 1;
            if own.oldest.is_empty() || above > own.above {
                (own.oldest, own.above, own.first) = (id.clone(), above, parents == 0);
            }
        }
        own.brought = brought;
        let known: BTreeSet<Vec<u8>> = at.brought.iter().map(|one| one.path.clone()).collect();
        for (path, side) in versions::in_tree(head)? {
            // Elsewhere only what was scanned already counts: the same content under another name.
            let scanned = self.blobs.contains_key(&(side.id.clone(), side.mode == "120000"));
            let shown = scan_path(&path, self.rules).1;
            let candidate = scanned || known.contains(shown.as_ref());
            if candidate && self.holds(&path, &side, wanted, at).is_some() {
                if *shown == *path {
                    own.paths.push(path);
                } else {
                    own.masked += 1;
                }
            }
        }
        Ok(own)
    }
}

fn add(at: &mut Where, commit: &Commit, path: &[u8], part: Part, masked: bool) {
    let path = if part == Part::Message { Vec::new() } else { path.to_vec() };
    if at.brought.iter().any(|own| own.commit == commit.id && own.part == part && own.path == path) {
        return;
    }
    let time = commit.authored.rsplit(' ').nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    at.brought.push(Brought { commit: commit.id.clone(), author: commit.author.clone(), time, path, masked, part });
}

/// A day earlier than a moment: clocks of two machines may differ.
fn day_before(moment: &str) -> String {
    let earlier = |moment: jiff::Timestamp| moment.checked_sub(jiff::Span::new().hours(24)).ok();
    let earlier = moment.parse().ok().and_then(earlier);
    earlier.map_or_else(|| "1970-01-02T00:00:00Z".to_owned(), |moment| moment.to_string())
}
