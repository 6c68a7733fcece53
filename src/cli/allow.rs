//! `leakwarden allow`.

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::around;
use super::case::{Docket, Failure, Judgement};
use super::{Exit, finish};
use crate::exception::book::Book;
use crate::exception::once::Once;
use crate::exception::{Exception, PATH, parse_end, plus_days, reason_fault};
use crate::finding::{Finding, escape, lossy};
use crate::fingerprint::{SHORTEST, base32, fingerprint};
use crate::git::staged::{Options, Staging};
use crate::git::{Moment, Repo, state, write};
use crate::guard::{Machine, Watched};
use crate::policy::Judged;
use crate::policy::judge::holds;

/// What was typed.
pub(super) struct Request {
    pub ids: Vec<String>,
    pub kind: String,
    pub reason: String,
    pub expires: Option<String>,
    pub ticket: Option<String>,
    pub once: bool,
}

pub(super) fn run(request: &Request) -> Exit {
    finish(allow(request))
}

fn allow(request: &Request) -> Result<String, Failure> {
    let place = Place::open()?;
    let judgement = &place.judgement;
    if !judgement.may_except() {
        return Err(Failure::usage(anyhow!(
            "policy does not let automation except anything: take the secret out, or ask a person to decide"
        )));
    }
    let ids: Vec<String> = request.ids.iter().map(|id| id.to_ascii_lowercase()).collect();
    let mut found = place.findings()?;
    if ids.iter().any(|id| !found.iter().any(|own| own.id.starts_with(id.as_str()))) {
        found.extend(place.seen_by_the_guard()?);
    }
    let named = ids.iter().map(|id| one_named(&found, id)).collect::<Result<Vec<&Judged>>>();
    let mut named = named.map_err(Failure::usage)?;
    named.sort_by(|a, b| a.id.cmp(&b.id));
    named.dedup_by(|a, b| a.id == b.id);
    let checked = named.iter().try_for_each(|judged| check(request, judged, judgement));
    checked.map_err(Failure::usage)?;
    if request.once { once(request, &named, &place) } else { lasting(request, &named, &place) }
}

/// The repository that one stands in, with what is staged and what it is judged by.
pub(super) struct Place {
    pub repo: Repo,
    pub judgement: Judgement,
    around: crate::git::Surroundings,
}

impl Place {
    pub fn open() -> Result<Self, Failure> {
        let mut docket = Docket::open()?;
        let around = around::surroundings(docket.size_cap()?, Moment::Commit);
        let repo = Repo::open(&around).map_err(Failure::usage)?;
        let staging = Staging::read(&repo, Moment::Commit, &around)?;
        docket.repository(|path| staging.file(path))?;
        docket.last_signers(|path| staging.file_before(path));
        let judgement = docket.policy()?;
        Ok(Place { repo, judgement, around })
    }

    /// The repository alone: while a file is in conflict nothing can be judged.
    pub fn unmerged() -> Result<Repo, Failure> {
        let size_cap = Docket::open()?.size_cap()?;
        Repo::open(&around::surroundings(size_cap, Moment::Commit)).map_err(Failure::usage)
    }

    pub fn staging(&self) -> Result<Staging<'_>> {
        Staging::read(&self.repo, Moment::Commit, &self.around)
    }

    /// The exceptions as they are staged; the worktree's file must not say something else.
    pub fn book(&self) -> Result<Option<Book>, Failure> {
        let staged = self.staging()?.file(PATH).map_err(Failure::usage)?;
        let written = write::read_worktree(&self.repo, PATH).map_err(Failure::usage)?;
        if written.is_some() && written.as_deref() != staged.as_deref().map(str::as_bytes) {
            return Err(Failure::usage(anyhow!("{PATH} has changes that are not staged: `git add {PATH}` first")));
        }
        self.judgement.book(staged)
    }

    /// Everything that can be excepted here: what the next commit adds, and else what is tracked.
    fn findings(&self) -> Result<Vec<Judged>, Failure> {
        let mut all = self.scan(&self.staging()?)?;
        all.extend(self.scan(&self.staging()?.from_nothing())?);
        if let Ok(message) = std::fs::read(self.repo.git_dir().join("COMMIT_EDITMSG")) {
            let fragment = crate::fragment::Fragment::text(b"COMMIT_EDITMSG", crate::finding::Part::Message, &message);
            let found = crate::scan::scan(&fragment, &self.judgement.rules).findings;
            all.extend(self.judgement.judge(found, None, &[]));
        }
        Ok(all)
    }

    /// What the guard warns of in this worktree, whether it runs or not.
    fn seen_by_the_guard(&self) -> Result<Vec<Judged>, Failure> {
        let Some(top) = self.repo.worktree() else { return Ok(Vec::new()) };
        let top = std::path::absolute(top).context("the worktree's folder is not known")?;
        let layers = Docket::open()?.layers;
        // Pseudonyms are for the guard's own files; here they are not used.
        let mut machine = Machine::new(layers, [0; 32], self.judgement.today);
        Watched::findings(&top, &mut machine).map_err(Failure::usage)
    }

    /// The findings of what is staged.
    pub fn scan(&self, staging: &Staging<'_>) -> Result<Vec<Judged>> {
        Ok(self.judgement.judge(self.unjudged(staging)?, None, &[]))
    }

    /// The same, before they are judged.
    pub fn unjudged(&self, staging: &Staging<'_>) -> Result<Vec<Finding>> {
        let options = Options { around: &self.around, count_lines: false };
        Ok(staging.scan(&self.judgement.rules, options)?.findings)
    }
}

fn one_named<'a>(found: &'a [Judged], id: &str) -> Result<&'a Judged> {
    ensure!(id.len() >= SHORTEST, "an id takes at least {SHORTEST} characters");
    let matching: Vec<&Judged> = found.iter().filter(|judged| judged.id.starts_with(id)).collect();
    let first = matching.first().with_context(|| {
        format!(
            "no finding here has the id `{}` (`leakwarden scan --staged` lists those of the next commit)",
            escape(id.as_bytes())
        )
    })?;
    if matching.iter().any(|judged| judged.id != first.id) {
        let ids: Vec<&str> = matching.iter().map(|judged| judged.id.as_str()).collect();
        bail!("the id `{id}` is short for more than one finding: {}", ids.join(", "));
    }
    Ok(first)
}

fn check(request: &Request, judged: &Judged, judgement: &Judgement) -> Result<()> {
    let rules = &judgement.policy.exceptions;
    let finding = &judged.finding;
    let place = || format!("{} ({})", judged.id, lossy(&finding.location.path));
    if let Some(refusal) = rules.refusal(&finding.rule, finding.severity) {
        return Err(anyhow!(refusal).context(place()));
    }
    rules.kind(&request.kind)?;
    if let Some(fault) = reason_fault(&request.reason, rules.least_reason) {
        bail!("{fault}");
    }
    judgement.check_text("reason", &request.reason)?;
    if request.once {
        ensure!(rules.once, "policy allows no exceptions for one commit");
        let signed = rules.needs_approval(&request.kind, finding.severity);
        ensure!(!signed, "policy asks for a second person here; leave `--once` out");
        return Ok(());
    }
    if let Some(ticket) = &request.ticket {
        judgement.check_text("ticket", ticket)?;
        ensure!(!ticket.chars().any(char::is_control), "the ticket holds control characters");
    }
    if let Some(fault) = rules.ticket_fault(request.ticket.as_deref()) {
        bail!("{fault}");
    }
    Ok(())
}

fn once(request: &Request, named: &[&Judged], place: &Place) -> Result<String, Failure> {
    if named.iter().any(|own| holds(&request.reason, own.finding.secret.expose())) {
        return Err(Failure::usage(anyhow!("the reason holds the secret itself; write it without")));
    }
    let ids: Vec<String> = named.iter().map(|judged| judged.id.clone()).collect();
    let line = Once { ids, kind: request.kind.clone(), reason: request.reason.trim().to_owned() }.trailer();
    let before = place.repo.state(state::ONCE, std::time::Duration::from_secs(24 * 60 * 60)).unwrap_or_default();
    let text = if before.lines().any(|own| own == line) { before } else { format!("{before}{line}\n") };
    place.repo.set_state(state::ONCE, &text).map_err(Failure::usage)?;
    Ok(format!("the next commit, made within a day, may hold {}; its message will say so\n", count(named.len())))
}

fn lasting(request: &Request, named: &[&Judged], place: &Place) -> Result<String, Failure> {
    if named.iter().any(|own| holds(&request.reason, own.finding.secret.expose())) {
        return Err(Failure::usage(anyhow!("the reason holds the secret itself; write it without")));
    }
    let (today, rules) = (place.judgement.today, &place.judgement.policy.exceptions);
    let kind = rules.kind(&request.kind).map_err(Failure::usage)?;
    let latest = plus_days(today, i64::from(kind.longest_days));
    let expires = match &request.expires {
        Some(text) => parse_end(text, today).map_err(Failure::usage)?,
        None => plus_days(today, i64::from(kind.default_days)),
    };
    if expires > latest {
        return Err(Failure::usage(anyhow!(
            "policy lets exceptions of the kind `{}` last {} days: until {latest}",
            request.kind,
            kind.longest_days
        )));
    }
    let by = write::identity().map_err(Failure::usage)?;
    let mut book = match place.book()? {
        Some(book) => book,
        None => Book { repo_id: repo_id(&place.repo).map_err(Failure::usage)?, exceptions: Vec::new() },
    };
    let mut out = String::new();
    for judged in named {
        let finding = &judged.finding;
        let exception = Exception {
            id: random_id().map_err(Failure::usage)?,
            fingerprint: fingerprint(finding, &book.repo_id),
            rule: finding.rule.clone(),
            path: lossy(&finding.location.path),
            kind: request.kind.clone(),
            reason: request.reason.trim().to_owned(),
            by: by.clone(),
            created: today,
            expires,
            ticket: request.ticket.clone(),
            approval: None,
        };
        let path = escape(&finding.location.path);
        let wait = if rules.needs_approval(&request.kind, finding.severity) {
            format!("; it waits for a second person: leakwarden approve {}", exception.id)
        } else {
            String::new()
        };
        out.push_str(&format!("exception {} for {path} ({}) until {expires}{wait}\n", exception.id, finding.rule));
        book.put(exception);
    }
    write::write_and_stage(&place.repo, PATH, &book.render()).map_err(Failure::usage)?;
    out.push_str(&format!("written to {PATH} and staged: it is part of your next commit\n"));
    Ok(out)
}

/// The repository's id: the same in all clones and branches, so that two branches that each write
/// the first exception agree on it. Made from the first commit, or at random where there is none.
pub(super) fn repo_id(repo: &Repo) -> Result<String> {
    match write::first_commit(repo) {
        Some(commit) => Ok(crate::exception::book::repo_id(&commit)),
        None => Ok(base32(&random::<17>()?, 26)),
    }
}

pub(super) fn random_id() -> Result<String> {
    Ok(base32(&random::<5>()?, 8))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok().context("the system gives no random numbers")?;
    Ok(bytes)
}

fn count(number: usize) -> String {
    if number == 1 { "this finding".to_owned() } else { format!("these {number} findings") }
}
