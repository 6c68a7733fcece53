//! How layers make one policy: built-in < fleet's recommended < user < repository < fleet's mandatory.
//!
//! Fleet and user are the owners of the machine: what they say replaces the built-in value, and a
//! user may change what the fleet only recommends. A repository's policy comes from whoever can push
//! to it, and fleet's mandatory part is above all: of protecting keys the strictest of both and of
//! the owner's value counts. So a value below can never loosen what a layer above protects.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::syntax::{Keys, Unscanned};
use super::{Exceptions, Ledger, Policy, Setting, SignersFrom, WideException, Writer, check};
use crate::level::{Confidence, Severity};

/// The layers, each with the name of where it was read.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Fleet's defaults.
    pub recommended: Vec<(String, Keys)>,
    /// The user's own file.
    pub user: Option<(String, Keys)>,
    /// The repository's policy, of the tree that is judged.
    pub repository: Option<(String, Keys)>,
    /// The repository's policy whose loosening parts count: that of the branch which a change is
    /// merged into. `None`: the same as `repository`.
    pub target: Option<(String, Keys)>,
    /// The signers of the repository's last commit, who count where neither fleet nor `target` names
    /// any. Those of `repository` itself never do: whoever asks for an approval could add themself.
    pub last_signers: Option<(String, Vec<String>)>,
    /// Fleet's orders.
    pub mandatory: Vec<(String, Keys)>,
    /// Whether the origin of every value is wanted ([`Policy::settings`]).
    pub explain: bool,
}

/// How two values of one key are joined to the stricter one.
pub(super) type Stricter<T> = fn(&T, &T) -> bool;

/// The layers while they are joined.
pub(super) struct Join<'a> {
    pub(super) layers: &'a Layers,
    pub(super) settings: Vec<Setting>,
}

impl Layers {
    /// The policy that they make.
    ///
    /// # Errors
    /// Names the file, the key and the mistake of the first one.
    pub fn join(&self) -> Result<Policy> {
        self.check()?;
        let mut join = Join { layers: self, settings: Vec::new() };
        let confidence = join.strictest("block.confidence", Confidence::Likely, |k| k.block.confidence, |a, b| a < b);
        let severity = join.strictest("block.severity", Severity::Medium, |k| k.block.severity, |a, b| a < b);
        let size_cap = join.size_cap();
        let not_scanned = join.strictest("scan.not_scanned", Unscanned::Block, |k| k.scan.not_scanned, |a, b| a > b);
        let exceptions = join.exceptions();
        let contact = join.replace("organisation.contact", |k| k.organisation.contact.clone());
        let message = join.replace("organisation.message", |k| k.organisation.message.clone());
        let ledger = join.ledger();
        let yes: Stricter<bool> = |a, b| *a & !b;
        let refuse_unscanned = join.strictest("commits.refuse_unscanned", false, |k| k.commits.refuse_unscanned, yes);
        let guard_branches = join.strictest("commits.guard_branches", false, |k| k.commits.guard_branches, yes);
        let env_files = join.union("env_files.allowed", |k| &k.env_files.allowed, Source::Owners);
        let (severities, raised) = join.severities();
        let warn = join.warnings()?;
        let rules = join.rules();
        let wide = join.wide(exceptions.1, &env_files)?;
        let guard = join.guard();
        Ok(Policy {
            confidence,
            severity,
            size_cap,
            not_scanned,
            env_files,
            severities,
            raised,
            warn,
            rules,
            wide,
            exceptions: exceptions.0,
            contact,
            message,
            ledger,
            refuse_unscanned,
            guard_branches,
            guard,
            settings: join.settings,
        })
    }

    /// The size cap in bytes; only owners set it, so it is known before a repository is read.
    ///
    /// # Errors
    /// Where a layer has a mistake.
    pub fn size_cap(&self) -> Result<u64> {
        self.check()?;
        Ok(Join { layers: self, settings: Vec::new() }.size_cap())
    }

    /// Looks for mistakes in the layers.
    fn check(&self) -> Result<()> {
        for (name, keys) in self.recommended.iter().chain(&self.mandatory) {
            check::owner(keys).with_context(|| name.clone())?;
        }
        if let Some((name, keys)) = &self.user {
            check::user(keys).with_context(|| name.clone())?;
        }
        for (name, keys) in self.repository.iter().chain(&self.target) {
            check::repository(keys).with_context(|| name.clone())?;
        }
        Ok(())
    }

    /// What comes from whoever can push: the policy of the branch that a change is merged into, and that
    /// of what is judged. Both tighten; a change cannot take back what its target asks for.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &(String, Keys)> {
        self.target.iter().chain(&self.repository)
    }

    /// SHA-256 of all layers in hex, `default` where there are none: tells which policy a receipt
    /// speaks of.
    pub fn digest(&self) -> String {
        use sha2::{Digest, Sha256};
        if self.recommended.is_empty() && self.user.is_none() && self.repository.is_none() && self.mandatory.is_empty()
        {
            return "default".to_owned();
        }
        // Whether it is explained changes nothing of it.
        let Layers { recommended, user, repository, target, last_signers, mandatory, explain: _ } = self;
        let all = (recommended, user, repository, target, last_signers, mandatory);
        let digest = Sha256::digest(format!("{all:?}"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// From which layers a list is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// All of them.
    All,
    /// Not the repository's.
    Owners,
    /// All, and of the repository's only the target's.
    Target,
}

impl<'a> Join<'a> {
    /// The layers that replace one another, weakest first.
    fn owned(&self) -> impl DoubleEndedIterator<Item = &'a (String, Keys)> + use<'a> {
        self.layers.recommended.iter().chain(&self.layers.user)
    }

    fn tell(&mut self, key: &str, value: &impl std::fmt::Debug, origin: &str, merge: &'static str) {
        if !self.layers.explain {
            return;
        }
        let value = format!("{value:?}");
        // Enum names in Rust are the words of the file with a capital letter.
        let value = if value.starts_with(char::is_uppercase) { value.to_lowercase() } else { value };
        self.settings.push(Setting { key: key.to_owned(), value, origin: origin.to_owned(), merge });
    }

    /// A protecting key.
    pub(super) fn strictest<T: Clone + std::fmt::Debug>(
        &mut self,
        key: &str,
        builtin: T,
        get: impl Fn(&Keys) -> Option<T>,
        stricter: Stricter<T>,
    ) -> T {
        let mut ordered = self.layers.mandatory.iter().filter_map(|(name, keys)| Some((get(keys)?, name.as_str())));
        let owned = self.owned().rev().find_map(|(name, keys)| Some((get(keys)?, name.as_str())));
        // An order replaces the built-in value and what is only recommended; users may still be stricter.
        let first = ordered.next();
        let users = self.layers.user.iter().filter_map(|(name, keys)| Some((get(keys)?, name.as_str()))).next();
        let (mut value, mut origin) = match &first {
            Some(order) => order.clone(),
            None => owned.unwrap_or((builtin, "built-in")),
        };
        let repository = self.layers.strangers().filter_map(|(name, keys)| Some((get(keys)?, name.as_str())));
        let users = users.filter(|_| first.is_some());
        for (other, name) in ordered.chain(users).chain(repository) {
            if stricter(&other, &value) {
                (value, origin) = (other, name);
            }
        }
        self.tell(key, &value, origin, "strictest");
        value
    }

    /// A key that a repository has no say in: order, user, recommendation, built-in.
    pub(super) fn owners<T: Clone + std::fmt::Debug>(
        &mut self,
        key: &str,
        builtin: T,
        get: impl Fn(&Keys) -> Option<T>,
    ) -> T {
        let found = self.layers.mandatory.iter().chain(self.owned().rev());
        let found = found.filter_map(|(name, keys)| Some((get(keys)?, name.as_str()))).next();
        let (value, origin) = found.unwrap_or((builtin, "built-in"));
        self.tell(key, &value, origin, "replace");
        value
    }

    /// A smaller cap leaves more unscanned and stops more; neither is stricter, so it is for owners.
    fn size_cap(&mut self) -> u64 {
        self.owners("scan.size_cap_mib", 256, |k| k.scan.size_cap_mib).saturating_mul(1 << 20)
    }

    /// A text for people.
    fn replace(&mut self, key: &str, get: impl Fn(&Keys) -> Option<String>) -> Option<String> {
        let layers = self.layers;
        let all = layers.mandatory.iter().chain(&layers.repository).chain(self.owned().rev());
        let (value, origin) = all.filter_map(|(name, keys)| Some((get(keys)?, name.as_str()))).next()?;
        self.tell(key, &value, origin, "replace");
        Some(value)
    }

    fn ledger(&mut self) -> Ledger {
        Ledger {
            path: self.replace("ledger.path", |k| k.ledger.path.clone()),
            required: self.strictest("ledger.required", true, |k| k.ledger.required, |a, b| *a & !b),
            syslog: self.replace("ledger.syslog", |k| k.ledger.syslog.clone()),
            journald: self.replace("ledger.journald", |k| k.ledger.journald.clone()),
        }
    }

    fn sources(&self, source: Source) -> Vec<&'a (String, Keys)> {
        let layers = self.layers;
        let repository: Vec<&(String, Keys)> = match source {
            Source::All => layers.strangers().collect(),
            Source::Owners => Vec::new(),
            Source::Target => layers.target.as_ref().or(layers.repository.as_ref()).into_iter().collect(),
        };
        layers.recommended.iter().chain(&layers.user).chain(repository).chain(&layers.mandatory).collect()
    }

    pub(super) fn union(
        &mut self,
        key: &str,
        get: impl Fn(&'a Keys) -> &'a Vec<String>,
        source: Source,
    ) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut origins: Vec<&str> = Vec::new();
        for (name, keys) in self.sources(source) {
            let more = get(keys);
            if !more.is_empty() {
                origins.push(name);
            }
            all.extend(more.iter().filter(|text| !all.contains(text)).cloned().collect::<Vec<_>>());
        }
        if !all.is_empty() {
            self.tell(key, &all, &origins.join(", "), "union");
        }
        all
    }

    fn exceptions(&mut self) -> (Exceptions, bool) {
        let no: Stricter<bool> = |a, b| !a & b;
        let kinds = self.kinds();
        let least_reason = self.strictest("exceptions.least_reason", 10, |k| k.exceptions.least_reason, |a, b| a > b);
        let lower: Stricter<Option<Severity>> = |a, b| match (a, b) {
            (Some(a), Some(b)) => a < b,
            (a, b) => a.is_some() && b.is_none(),
        };
        let never_severity =
            self.strictest("exceptions.never_severity", None, |k| k.exceptions.never_severity.map(Some), lower);
        let approval_severity =
            self.strictest("exceptions.approval_severity", None, |k| k.exceptions.approval_severity.map(Some), lower);
        let wide = self.strictest("exceptions.wide", true, |k| k.exceptions.wide, no);
        let mut ticket: Vec<String> = Vec::new();
        for (name, keys) in self.sources(Source::All) {
            if let Some(pattern) = keys.exceptions.ticket.clone().filter(|pattern| !ticket.contains(pattern)) {
                self.tell("exceptions.ticket", &pattern, name, "union");
                ticket.push(pattern);
            }
        }
        let list = |join: &mut Self, key, get: fn(&Keys) -> &Vec<String>, source| join.union(key, get, source);
        let (signers, signers_from) = self.signers();
        let exceptions = Exceptions {
            allowed: self.strictest("exceptions.allowed", true, |k| k.exceptions.allowed, no),
            kinds,
            least_reason: usize::try_from(least_reason).unwrap_or(usize::MAX),
            ticket,
            never_rules: list(self, "exceptions.never_rules", |k| &k.exceptions.never_rules, Source::All)
                .into_iter()
                .collect(),
            never_severity,
            approval_kinds: list(self, "exceptions.approval_kinds", |k| &k.exceptions.approval_kinds, Source::All)
                .into_iter()
                .collect(),
            approval_severity,
            signers,
            signers_from,
            once: self.strictest("exceptions.once", true, |k| k.exceptions.once, no),
            inline: self.strictest("exceptions.inline", true, |k| k.exceptions.inline, no),
            foreign_markers: self.strictest("exceptions.foreign_markers", false, |k| k.exceptions.foreign_markers, no),
            automation: self.strictest("exceptions.automation", false, |k| k.exceptions.automation, no),
            prompt: self.strictest("exceptions.prompt", true, |k| k.exceptions.prompt, no),
        };
        (exceptions, wide)
    }

    /// The fleet's signers where it names any: then nobody below may add one. Else those of the branch
    /// that a change is merged into, or, where nobody knows it, of the last commit.
    fn signers(&mut self) -> (Vec<String>, SignersFrom) {
        let layers = self.layers;
        let lines = |(name, keys): &'a (String, Keys)| (name, &keys.exceptions.signers);
        let fleet = layers.recommended.iter().chain(&layers.mandatory).map(lines);
        let fleet: Vec<(&String, &Vec<String>)> = fleet.filter(|(_, lines)| !lines.is_empty()).collect();
        let (named, from) = if !fleet.is_empty() {
            (fleet, SignersFrom::Fleet)
        } else if layers.target.is_some() {
            (layers.target.iter().map(lines).collect(), SignersFrom::Target)
        } else {
            (layers.last_signers.iter().map(|(name, lines)| (name, lines)).collect(), SignersFrom::LastCommit)
        };
        let mut all: Vec<String> = Vec::new();
        for (name, lines) in named.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            self.tell("exceptions.signers", lines, name, "union");
            all.extend(lines.iter().cloned());
        }
        (all, from)
    }

    /// What owners say a rule's severity is, and what a repository raises it to.
    fn severities(&mut self) -> (BTreeMap<String, Severity>, BTreeMap<String, Severity>) {
        let layers = self.layers;
        let mut take = |layer: &(String, Keys), merge| {
            let given = layer.1.rules.iter().filter_map(|(rule, keys)| Some((rule.clone(), keys.severity?)));
            let given: Vec<(String, Severity)> = given.collect();
            for (rule, severity) in &given {
                self.tell(&format!("rules.{rule}.severity"), severity, &layer.0, merge);
            }
            given
        };
        let owners = layers.recommended.iter().chain(&layers.user).chain(&layers.mandatory);
        let owners = owners.flat_map(|layer| take(layer, "replace")).collect();
        let mut raised: BTreeMap<String, Severity> = BTreeMap::new();
        for (rule, severity) in layers.strangers().flat_map(|layer| take(layer, "strictest")) {
            let own = raised.entry(rule).or_insert(severity);
            *own = severity.max(*own);
        }
        (owners, raised)
    }

    fn warnings(&mut self) -> Result<BTreeMap<String, Option<jiff::civil::Date>>> {
        let mut all = BTreeMap::new();
        let layers = self.layers;
        for (name, keys) in self.owned().chain(&layers.mandatory) {
            for (rule, mode) in keys.rules.iter().filter_map(|(rule, keys)| Some((rule, keys.mode.as_deref()?))) {
                match check::mode(mode).with_context(|| format!("{name}: `rules.{rule}.mode`"))? {
                    Some(until) => all.insert(rule.clone(), until),
                    None => all.remove(rule),
                };
                self.tell(&format!("rules.{rule}.mode"), &mode, name, "replace");
            }
        }
        Ok(all)
    }

    fn rules(&mut self) -> Vec<crate::rules::syntax::RuleSource> {
        let mut all: Vec<crate::rules::syntax::RuleSource> = Vec::new();
        for (name, keys) in self.sources(Source::All) {
            for rule in &keys.rule {
                // The stronger layer comes later and replaces a rule of the same name; a repository's
                // stands in the middle and replaces nobody's.
                let theirs = self.layers.strangers().any(|(own, _)| own == name);
                match all.iter().position(|own| own.id == rule.id) {
                    Some(_) if theirs => continue,
                    Some(at) => all[at] = rule.clone(),
                    None => all.push(rule.clone()),
                }
                self.tell(&format!("rule.{}", rule.id), &rule.name, name, "union");
            }
        }
        all
    }

    fn wide(&mut self, repository_may: bool, env_files: &[String]) -> Result<Vec<WideException>> {
        let mut all = Vec::new();
        let fleet: Vec<&(String, Keys)> = self.layers.recommended.iter().chain(&self.layers.mandatory).collect();
        let target = self.sources(if repository_may { Source::Target } else { Source::Owners });
        for layer in target {
            let by = match &self.layers.user {
                _ if fleet.iter().any(|own| std::ptr::eq(*own, layer)) => Writer::Fleet,
                Some(user) if std::ptr::eq(user, layer) => Writer::User,
                _ => Writer::Repository,
            };
            for wide in &layer.1.exception {
                let checked = check::wide(wide, &layer.0).with_context(|| layer.0.clone())?;
                all.push(WideException { by, ..checked });
                let what: Vec<&String> = wide.rules.iter().chain(&wide.paths).collect();
                self.tell("exception", &what, &layer.0, "union");
            }
        }
        if !env_files.is_empty() {
            all.push(WideException {
                rules: vec!["generic-env-file".to_owned()],
                paths: Some(check::globs(env_files)?),
                kind: "false-positive".to_owned(),
                reason: "env_files.allowed".to_owned(),
                expires: None,
                origin: "policy".to_owned(),
                by: Writer::Fleet,
            });
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(signer: &str) -> (String, Keys) {
        let mut keys = Keys::default();
        keys.exceptions.signers.push(format!("{signer} ssh-ed25519 AAAA"));
        (signer.to_owned(), keys)
    }

    fn first(layers: &Layers) -> (Option<String>, SignersFrom) {
        let exceptions = layers.join().expect("no mistake").exceptions;
        let name = exceptions.signers.first().and_then(|line| line.split(' ').next());
        (name.map(str::to_owned), exceptions.signers_from)
    }

    #[test]
    fn signers_come_from_where_the_requester_cannot_write() {
        let mut layers = Layers { repository: Some(naming("staged")), ..Layers::default() };
        assert_eq!(first(&layers), (None, SignersFrom::LastCommit));
        layers.last_signers = Some(("HEAD".to_owned(), vec!["head ssh-ed25519 AAAA".to_owned()]));
        assert_eq!(first(&layers), (Some("head".to_owned()), SignersFrom::LastCommit));
        layers.target = Some(("target".to_owned(), Keys::default()));
        assert_eq!(first(&layers), (None, SignersFrom::Target));
        layers.target = Some(naming("target"));
        assert_eq!(first(&layers), (Some("target".to_owned()), SignersFrom::Target));
        layers.recommended.push(naming("fleet"));
        assert_eq!(first(&layers), (Some("fleet".to_owned()), SignersFrom::Fleet));
        layers.user = Some(naming("user"));
        assert!(layers.join().is_err());
    }
}
