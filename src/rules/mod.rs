//! The rules: what a credential looks like, as data, and the checks that need code.
//!
//! A [`Rule`] is a checked [`syntax::RuleSource`]. The built-in set is compiled into the binary by
//! the build script as tables; a rule is decoded, and its regular expression compiled, when the
//! prefilter first meets one of its literals.

mod builtin;
pub mod chain;
pub mod check;
pub mod checksum;
pub mod encoding;
pub mod filters;
mod likelihood;
mod pattern;
pub mod prefilter;
mod structure;
pub mod syntax;
pub mod template;

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use regex::bytes::Regex;

use chain::Chain;
use pattern::{Begins, FARTHEST, WHOLE, compile, compile_outline, looks_ahead_only};
use prefilter::{Prefilter, Rarity};
use syntax::RuleSource;

/// How a rule finds its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A literal is part of the credential: the pattern is tried there.
    Token,
    /// A literal is part of the name of a key: the pattern is tried on the value assigned to it.
    Assigned,
    /// A literal is a word nearby: the pattern is tried on what follows.
    Context,
    /// A literal is part of a file's name: the name is the finding.
    FileName,
}

/// A rule ready for use. What costs something is made when it is first asked for.
#[derive(Debug)]
pub struct Rule {
    /// What was written.
    pub source: RuleSource,
    /// How it finds its value.
    pub kind: Kind,
    regex: OnceLock<Regex>,
    begins: Begins,
    outline: Option<Outline>,
    chain: Option<Chain<'static>>,
    window: usize,
    /// The longest match of the pattern and one byte more, if it has a bound.
    pub longest: Option<usize>,
    least: usize,
    /// Whether it is a person's own, not a built-in one.
    pub own: bool,
}

/// The outline of a rule's pattern (src/rules/outline.rs).
#[derive(Debug)]
struct Outline {
    pattern: &'static str,
    regex: OnceLock<Regex>,
    /// How often it was asked.
    asked: AtomicU32,
}

impl Outline {
    fn new(pattern: &'static str) -> Self {
        Outline { pattern, regex: OnceLock::new(), asked: AtomicU32::new(0) }
    }
}

/// How often an outline is asked before its pattern is compiled after all: in text that is full of a rule's words
/// the pattern, which begins where it is asked, is over sooner.
const ASKED: u32 = 64;

/// A match of a rule's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// All of it.
    pub whole: Range<usize>,
    /// The part that is secret.
    pub secret: Range<usize>,
}

/// The furthest that a rule without a bound of its own looks after its literal, in bytes. A match
/// may go on beyond it; then the part inside is reported.
pub const DEFAULT_WINDOW: usize = 4096;

/// How far a value may stand after a word of `context`, in bytes and in lines.
pub const CONTEXT_WINDOW: usize = 400;

/// The longest word that is handed to [`Rule::worth_trying`].
pub const LONGEST_WORD: usize = 512;

/// The most keywords of one own rule, in all their spellings.
const MOST_WORDS: usize = 200;

/// The furthest that an own rule may look, in bytes.
const FURTHEST: usize = 64 << 10;

impl Rule {
    /// Checks a rule, pattern included.
    ///
    /// # Errors
    /// Names the rule, the field, and what is wrong with it.
    pub fn new(source: RuleSource) -> Result<Self> {
        let longest = chain::longest(&source.pattern);
        let rule = Rule::prepare(source, None, longest)?;
        let regex = compile(&rule.source, rule.begins)?;
        rule.regex.get_or_init(|| regex);
        Ok(rule)
    }

    /// Checks a rule of a person's own, all but whether its pattern compiles: that costs too much to
    /// be asked before the rule is needed.
    ///
    /// # Errors
    /// Names the field and what is wrong with it.
    pub fn check(source: &RuleSource) -> Result<()> {
        let id = |text: &str| {
            text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        ensure!(
            id(&source.id) && source.id.len() <= 64,
            "`id` is lower-case letters, digits and dashes: `provider-thing`"
        );
        ensure!(!source.name.trim().is_empty(), "`name` is empty");
        // These are printed as they are.
        for (field, text) in
            [("provider", Some(&source.provider)), ("name", Some(&source.name)), ("rotate", source.rotate.as_ref())]
        {
            let plain = text.is_none_or(|text| crate::finding::escape(text.as_bytes()) == *text && text.len() <= 300);
            ensure!(plain, "`{field}` is one line of at most 300 bytes without control characters");
        }
        let kind = kind_of(source)?;
        ensure!(kind == Kind::FileName || !source.pattern.is_empty(), "`pattern` is empty");
        let words = source.literals();
        ensure!(words.len() <= MOST_WORDS, "more than {MOST_WORDS} keywords");
        let far = source.window.unwrap_or(0).max(source.lookback);
        ensure!(far <= FURTHEST, "`window` and `lookback` are at most {FURTHEST} bytes");
        for text in [&source.provider, &source.name].into_iter().chain(&source.rotate) {
            ensure!(!text.chars().any(char::is_control), "control characters in `provider`, `name` or `rotate`");
        }
        for (word, _) in words {
            ensure!((3..=200).contains(&word.len()), "each keyword has 3 to 200 bytes");
        }
        Ok(())
    }

    /// A rule whose pattern is compiled when it is needed: a word such as `token` is met often, an
    /// assignment to it rarely, and compiling costs more than all the rest of a small commit.
    fn prepare(source: RuleSource, chain: Option<Chain<'static>>, longest: Option<usize>) -> Result<Self> {
        let kind = kind_of(&source).with_context(|| format!("rule `{}`", source.id))?;
        let window = source.window.unwrap_or(match kind {
            Kind::Context => CONTEXT_WINDOW,
            _ => longest.unwrap_or(DEFAULT_WINDOW),
        });
        let least = source.least;
        let begins = match kind {
            Kind::Assigned if looks_ahead_only(&source.pattern) => Begins::Within(0),
            Kind::Token if source.lookback <= FARTHEST && looks_ahead_only(&source.pattern) => {
                Begins::Within(source.lookback)
            }
            _ => Begins::Anywhere,
        };
        Ok(Rule {
            source,
            kind,
            regex: OnceLock::new(),
            begins,
            outline: None,
            chain,
            window,
            longest,
            least,
            own: false,
        })
    }

    /// The pattern, compiled on first use; with what may stand before it.
    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            compile(&self.source, self.begins)
                .expect("built-in patterns are checked by a test, own ones by `Rule::new`")
        })
    }

    /// The first match of the pattern from the begin of `starts` on; of one that begins after them
    /// it may be silent.
    pub fn find(&self, text: &[u8], starts: RangeInclusive<usize>) -> Option<Found> {
        self.find_or_cut(text, starts).ok()
    }

    /// As [`Rule::find`]; where there is none, the first place at which one may begin if the text were
    /// longer.
    ///
    /// # Errors
    /// That place.
    pub fn find_or_cut(&self, text: &[u8], starts: RangeInclusive<usize>) -> Result<Found, usize> {
        if let Some(chain) = &self.chain {
            return chain.find_or_cut(text, starts).map(|(whole, secret)| Found { whole, secret });
        }
        let (from, to) = (*starts.start(), *starts.end());
        let cut = self.longest.map_or(from, |longest| from.max(text.len().saturating_sub(longest)));
        if !self.may_match(text, from, to) {
            return Err(cut);
        }
        let first = |from: usize, before: usize| {
            let found = self.regex().captures_at(&text[before..], from - before)?;
            let place = |group: regex::bytes::Match<'_>| before + group.start()..before + group.end();
            let whole = place(found.name(WHOLE).or_else(|| found.get(0))?);
            let secret = found.name("secret").map_or(whole.clone(), place);
            Some(Found { whole, secret })
        };
        let found = match self.begins {
            Begins::Anywhere => first(from, 0),
            // More than one of these may be needed where the pattern is asked from farther before than it is
            // for a literal.
            Begins::Within(most) => (from..=to.min(text.len())).step_by(most + 1).find_map(|from| first(from, from)),
        };
        found.ok_or(cut)
    }

    /// Whether the pattern may match from a place in `from..=to` on, as far as its outline tells; asked until the
    /// pattern itself is compiled.
    fn may_match(&self, text: &[u8], from: usize, to: usize) -> bool {
        let (None, Some(outline)) = (self.regex.get(), &self.outline) else { return true };
        if outline.asked.fetch_add(1, Ordering::Relaxed) >= ASKED {
            return true;
        }
        let farther = if let Begins::Within(most) = self.begins { most } else { 0 };
        let reach = |longest| to.saturating_add(farther).saturating_add(longest);
        let end = text.len().min(self.longest.map_or(usize::MAX, reach));
        let regex = outline.regex.get_or_init(|| compile_outline(outline.pattern, self.begins));
        match self.begins {
            Begins::Anywhere => regex.is_match_at(&text[..end], from),
            Begins::Within(0) => (from..=to.min(text.len())).any(|from| regex.is_match(&text[from..end])),
            Begins::Within(_) => regex.is_match(&text[from..end]),
        }
    }

    /// Bytes after the start of a literal that a match may reach.
    pub fn window(&self) -> usize {
        self.window
    }

    /// What is asked of the word at a keyword, or of the value assigned to a key, before the pattern
    /// is worth compiling.
    pub fn worth_trying(&self, word: &[u8]) -> bool {
        let required = |text: &String| match text.as_bytes() {
            [one] => memchr::memchr(*one, word).is_some(),
            text => word.windows(text.len().max(1)).any(|w| w == text),
        };
        word.len() >= self.least.min(LONGEST_WORD) && self.source.requires.as_ref().is_none_or(required)
    }

    /// The rule's id.
    pub fn id(&self) -> &str {
        &self.source.id
    }

    /// The number of leading bytes of `secret` that the issuer fixes and that may be shown.
    pub fn fixed_prefix(&self, secret: &[u8]) -> usize {
        let keywords = self.source.keywords.iter();
        keywords.map(String::as_bytes).filter(|k| secret.starts_with(k)).map(<[u8]>::len).max().unwrap_or(0)
    }
}

fn kind_of(source: &RuleSource) -> Result<Kind> {
    let kinds = [
        (Kind::Token, &source.keywords),
        (Kind::Assigned, &source.keys),
        (Kind::Context, &source.context),
        (Kind::FileName, &source.files),
    ];
    let mut given = kinds.iter().filter(|(_, words)| !words.is_empty());
    let Some(&(kind, _)) = given.next() else {
        bail!("one of `keywords`, `keys`, `context` and `files` is needed");
    };
    ensure!(given.next().is_none(), "only one of `keywords`, `keys`, `context` and `files` may be given");
    Ok(kind)
}

/// A set of rules with its prefilters: the built-in ones, a person's own, or both.
#[derive(Debug)]
pub struct RuleSet {
    builtin: Option<Prefilter>,
    own: Vec<RuleSource>,
    own_prefilter: Option<Prefilter>,
    digest: Cow<'static, str>,
    /// Boxed: a slot for each of two thousand rules is written when the first is asked for.
    ready: OnceLock<Vec<OnceLock<Option<Box<Rule>>>>>,
}

impl RuleSet {
    /// The rules that are compiled into the binary. Nothing is decoded yet.
    pub fn builtin() -> Self {
        RuleSet {
            builtin: Some(builtin::prefilter()),
            own: Vec::new(),
            own_prefilter: None,
            digest: Cow::Borrowed(builtin::digest()),
            ready: OnceLock::new(),
        }
    }

    /// The built-in rules and a person's own, checked all but for their patterns.
    ///
    /// # Errors
    /// Where there are too many, or one has a mistake.
    pub fn with(own: Vec<RuleSource>) -> Result<Self> {
        let mut set = RuleSet::builtin();
        if own.is_empty() {
            return Ok(set);
        }
        for source in &own {
            Rule::check(source).with_context(|| format!("rule `{}`", source.id))?;
        }
        set.own_prefilter = Some(prefilter_of(&own, builtin::count())?);
        set.digest = digest_of(&own, builtin::digest());
        set.own = own;
        Ok(set)
    }

    /// A set of a person's own rules alone.
    ///
    /// # Errors
    /// Names the first rule that is wrong, its field and the mistake.
    pub fn new(own: Vec<RuleSource>) -> Result<Self> {
        for source in &own {
            Rule::new(source.clone())?;
        }
        let own_prefilter = Some(prefilter_of(&own, 0)?);
        let digest = digest_of(&own, "");
        Ok(RuleSet { builtin: None, own, own_prefilter, digest, ready: OnceLock::new() })
    }

    /// Calls `found` for every literal of a rule in the text, as [`Prefilter::search`] does; first for
    /// the built-in rules, then for own ones.
    pub fn search(&self, text: &[u8], mut found: impl FnMut(&prefilter::Candidate<'_>) -> Option<usize>) {
        for prefilter in self.builtin.iter().chain(&self.own_prefilter) {
            prefilter.search(text, |candidate| found(&candidate));
        }
    }

    fn builtin_count(&self) -> usize {
        if self.builtin.is_some() { builtin::count() } else { 0 }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.builtin_count() + self.own.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rule of this number, decoded on first use. `None` for an own rule whose pattern does not
    /// compile: nobody has tried before.
    pub fn rule(&self, number: u16) -> Option<&Rule> {
        let slots = self.ready.get_or_init(|| (0..self.len()).map(|_| OnceLock::new()).collect());
        let number = usize::from(number);
        let rule = slots[number].get_or_init(|| match number.checked_sub(self.builtin_count()) {
            Some(own) => Rule::new(self.own[own].clone()).ok().map(|rule| Box::new(Rule { own: true, ..rule })),
            None => {
                let rule = Rule::prepare(self.source(number), builtin::chain(number), builtin::longest(number));
                let rule = rule.expect("built-in rules are checked by a test");
                let outline = builtin::outline(number).map(Outline::new);
                Some(Box::new(Rule { least: rule.least.max(builtin::shortest(number)), outline, ..rule }))
            }
        });
        rule.as_deref()
    }

    fn source(&self, number: usize) -> RuleSource {
        match number.checked_sub(self.builtin_count()) {
            Some(own) => self.own[own].clone(),
            None => {
                serde_json::from_str(builtin::source(number)).expect("the build script wrote it from the same type")
            }
        }
    }

    /// All rules as they were written, in order of their ids; own ones last.
    pub fn sources(&self) -> Vec<RuleSource> {
        (0..self.len()).map(|number| self.source(number)).collect()
    }

    /// SHA-256 of the rules and the published values, in hex: tells which rules a receipt speaks of.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// The literals of own rules, which are numbered from `first`.
fn prefilter_of(own: &[RuleSource], first: usize) -> Result<Prefilter> {
    let mut literals = Vec::new();
    for (number, source) in own.iter().enumerate() {
        let number = u16::try_from(first + number).ok().context("more than 65,535 rules")?;
        literals.extend(source.literals().into_iter().map(|(literal, exact)| (literal, exact, number)));
    }
    Prefilter::build(&literals, &Rarity::default()).map_err(anyhow::Error::msg)
}

fn digest_of(own: &[RuleSource], builtin: &str) -> Cow<'static, str> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(builtin);
    hash.update(serde_json::to_vec(own).expect("plain data with string keys"));
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Cow::Owned(hex)
}

/// Whether a value is one that a provider publishes as an example.
///
/// The values are kept as the first 8 bytes of their SHA-256, so that they do not stand in the
/// repository or the binary.
pub fn is_published(value: &[u8]) -> bool {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(value);
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    builtin::published().binary_search(&u64::from_be_bytes(head)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_chains_match_what_their_patterns_match() {
        let rules = RuleSet::builtin();
        let mut chains = 0;
        for number in 0..rules.len() {
            let rule = rules.rule(u16::try_from(number).expect("fewer rules")).expect("a built-in rule");
            if rule.chain.is_none() {
                continue;
            }
            chains += 1;
            let slow = Rule::prepare(rule.source.clone(), None, None).expect("a rule");
            for (number, template) in rule.source.examples.iter().chain(&rule.source.negative_examples).enumerate() {
                let text = check::example(&rule.source, template, number).expect("an example");
                let longer = format!("{text}x{text}-{text}{text}");
                let (head, tail) = text.as_bytes().split_at(text.len() / 2);
                for text in [text.as_bytes(), longer.as_bytes(), head, tail] {
                    let all = |rule: &Rule| {
                        (0..text.len()).step_by(3).map(|from| rule.find(text, from..=text.len())).collect::<Vec<_>>()
                    };
                    assert_eq!(all(rule), all(&slow), "{}", rule.id());
                }
            }
        }
        assert!(chains * 2 > rules.len(), "only {chains} of {} rules are chains", rules.len());
    }

    #[test]
    fn outlines_match_where_their_patterns_match() {
        let rules = RuleSet::builtin();
        let mut outlines = 0;
        for number in 0..rules.len() {
            let source = rules.source(number);
            let prepare = || Rule::prepare(source.clone(), None, builtin::longest(number)).expect("a rule");
            let Some(outline) = builtin::outline(number) else { continue };
            outlines += 1;
            let quick = Rule { outline: Some(Outline::new(outline)), ..prepare() };
            let exact = prepare();
            for (number, template) in source.examples.iter().chain(&source.negative_examples).enumerate() {
                let text = check::example(&source, template, number).expect("an example");
                let longer = format!("{}{text}x{text}-{text}", "a \"".repeat(50));
                for text in [text.as_bytes(), longer.as_bytes()] {
                    let asked = &quick.outline.as_ref().expect("it was given one").asked;
                    for from in (0..text.len()).step_by(2) {
                        for to in [from, text.len()] {
                            asked.store(0, Ordering::Relaxed);
                            let found = exact.find(text, from..=to).filter(|found| found.whole.start <= to);
                            assert!(
                                found.is_none() || quick.may_match(text, from, to),
                                "{} at {from}: {outline}",
                                source.id
                            );
                        }
                    }
                }
            }
        }
        assert!(outlines > 100, "{outlines}");
    }
}
