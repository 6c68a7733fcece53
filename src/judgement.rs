//! What findings are judged by: policy, rules and the day, and the judge applied to findings.
//!
//! The hook, `verify` and the guard all judge with this, so that they never disagree.

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;

use crate::approval;
use crate::config::{self, CopyInUse};
use crate::exception::Exception;
use crate::exception::book::Book;
use crate::exception::once::Once;
use crate::finding::{Finding, Part};
use crate::fragment::Fragment;
use crate::policy::judge::{Approvals, awaiting};
use crate::policy::layers::Layers;
use crate::policy::{self, Case, Judged, Policy, judge};
use crate::rules::RuleSet;
use crate::scan::scan;

/// Policy, rules and the day: what findings are judged by.
#[derive(Debug)]
pub struct Judgement {
    /// The policy.
    pub policy: Policy,
    /// The rules.
    pub rules: RuleSet,
    /// The day.
    pub today: Date,
    /// SHA-256 of the layers; `default` where there is none.
    pub digest: String,
    /// That a copy of the fleet's policy counts instead of the policy.
    pub copy: Option<CopyInUse>,
}

/// Why a repository's policy does not count.
#[derive(Debug)]
pub enum Fault {
    /// It cannot be read.
    Unreadable(anyhow::Error),
    /// It has a mistake.
    Mistake(anyhow::Error),
}

/// Adds the repository's policy to the layers, if there is one.
///
/// # Errors
/// Where it cannot be read or has a mistake.
pub fn repository(layers: &mut Layers, read: impl FnOnce(&str) -> Result<Option<String>>) -> Result<(), Fault> {
    if let Some(text) = read(policy::PATH).map_err(Fault::Unreadable)? {
        let keys = config::keys(&text).with_context(|| policy::PATH).map_err(Fault::Mistake)?;
        layers.repository = Some((policy::PATH.to_owned(), keys));
    }
    Ok(())
}

/// Adds who may approve, as the repository's policy said before what is judged.
pub fn last_signers(layers: &mut Layers, read: impl FnOnce(&str) -> Result<Option<String>>) {
    if layers.repository.is_none() {
        return;
    }
    // A policy that cannot be read names nobody, so that a commit can mend it and nothing passes.
    let text = read(policy::PATH).ok().flatten().filter(|text| text.contains("signers"));
    let keys = text.and_then(|text| config::keys(&text).ok()).filter(|keys| policy::check::repository(keys).is_ok());
    let signers = keys.map(|keys| keys.exceptions.signers).unwrap_or_default();
    layers.last_signers = Some((format!("HEAD:{}", policy::PATH), signers));
}

impl Judgement {
    /// What these layers of policy make, on a day.
    ///
    /// # Errors
    /// Names the file, the key and the mistake.
    pub fn of(layers: &Layers, today: Date) -> Result<Self> {
        let policy = layers.join()?;
        let rules = RuleSet::with(policy.rules.clone())?;
        Ok(Judgement { policy, rules, today, digest: layers.digest(), copy: None })
    }

    /// Judges findings.
    pub fn judge(&self, findings: Vec<Finding>, book: Option<&Book>, once: &[Once]) -> Vec<Judged> {
        let approvals = book.map_or_else(Approvals::new, |book| self.approvals(&findings, book));
        judge(findings, &self.policy, &Case { today: self.today, book, once, approvals: &approvals })
    }

    /// Checks the approvals on which these findings depend; mostly there are none, and nothing is run.
    fn approvals(&self, findings: &[Finding], book: &Book) -> Approvals {
        let awaiting = awaiting(findings, &self.policy, book).into_iter();
        awaiting.map(|own| (own.id.clone(), self.approval(own, &book.repo_id))).collect()
    }

    /// Whether an exception's approval holds; if not, why.
    pub fn approval(&self, exception: &Exception, repo_id: &str) -> Result<(), String> {
        approval::check(exception, repo_id, &self.policy.exceptions.signers).map_err(|error| format!("{error:#}"))
    }

    /// Whether policy stops a commit for a finding that nothing excepts.
    pub fn weighs(&self, finding: &Finding) -> bool {
        finding.confidence >= self.policy.confidence && finding.severity >= self.policy.severity
    }

    /// Checks that a text of a person holds no secret.
    ///
    /// # Errors
    /// Where it does; says which kind.
    pub fn check_text(&self, field: &str, text: &str) -> Result<()> {
        let scanned = scan(&Fragment::text(b"", Part::Message, text.as_bytes()), &self.rules);
        if let Some(finding) = scanned.findings.first() {
            anyhow::bail!("the {field} itself holds a secret ({}); write it without", finding.what());
        }
        ensure!(scanned.given_up.is_none(), "the {field} cannot be scanned");
        Ok(())
    }
}
