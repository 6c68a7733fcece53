//! The filters: what is asked, offline, of a value that a pattern matched.
//!
//! Each answer is a reason that the message shows. A checksum or structure that proves a value
//! ends the questions; a published example, a placeholder, a reference or a value too regular to be
//! random is no finding.

use std::ops::Range;

use super::likelihood::Role;
pub use super::likelihood::{AROUND, Place, random_bits, surely_random};
use super::syntax::Structure;
use super::{Kind, Rule, checksum, is_published, likelihood, structure};
use crate::level::{Confidence, Severity};

/// What is known of a matched value besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// The secret part.
    pub secret: &'a [u8],
    /// All that the pattern matched.
    pub whole: &'a [u8],
    /// The name of the key to which it is assigned, where there is one.
    pub key: Option<&'a [u8]>,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// Whether no token character touches it.
    pub free: bool,
    /// What file it stands in, and what stands around it.
    pub place: Place<'a>,
}

/// What the filters say of a match that they keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How sure.
    pub confidence: Confidence,
    /// What it opens, after the structure has been looked at.
    pub severity: Severity,
    /// Why, most telling first.
    pub reasons: Vec<String>,
}

/// Why a match is no finding.
pub type Dropped = &'static str;

/// One filter, and what it said of a match. Nothing in it is part of the match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was asked: `checksum`, `structure`, `boundaries`, ….
    pub filter: &'static str,
    /// Whether the match was kept.
    pub kept: bool,
    /// The answer in words.
    pub said: String,
}

/// What the filters said, in order. An ordinary scan keeps none of it.
#[derive(Debug, Default)]
pub struct Steps(Option<Vec<Step>>);

impl Steps {
    /// Steps that are written down only where somebody wants to read them.
    pub fn new(wanted: bool) -> Self {
        Steps(wanted.then(Vec::new))
    }

    /// What was written down.
    pub fn taken(self) -> Vec<Step> {
        self.0.unwrap_or_default()
    }

    /// Writes down that a filter kept the match.
    pub fn keep(&mut self, filter: &'static str, said: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.0 {
            steps.push(Step { filter, kept: true, said: said() });
        }
    }

    /// Writes down that a filter dropped the match, and gives the reason back.
    pub fn drop(&mut self, filter: &'static str, why: Dropped) -> Dropped {
        if let Some(steps) = &mut self.0 {
            steps.push(Step { filter, kept: false, said: why.to_owned() });
        }
        why
    }
}

/// Runs all filters of a rule over a match.
///
/// # Errors
/// The reason for which the match is no finding.
pub fn judge(rule: &Rule, found: &Match<'_>, steps: &mut Steps) -> Result<Verdict, Dropped> {
    let mut verdict =
        Verdict { confidence: rule.source.confidence, severity: rule.source.severity, reasons: Vec::new() };
    // Asked first where nothing could overrule it: it costs the least.
    if !may_stand(rule, found.free) {
        return Err(steps.drop("boundaries", "part of a longer word"));
    }
    if !prove(rule, found, &mut verdict, steps)? {
        suspect(rule, found, steps)?;
    }
    if verdict.confidence == Confidence::Likely
        && let Some(why) = doubt(rule, found)
    {
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push(why.to_owned());
        steps.keep("key", || why.to_owned());
    }
    // Last, since it takes a SHA-256 of the value.
    if is_published(found.secret) || is_published(found.whole) {
        return Err(steps.drop("published", "a published example value"));
    }
    steps.keep("published", || "no published example value".to_owned());
    Ok(verdict)
}

/// Why the key of a value makes the rule of a provider doubtful, which knows the value by its key or by a
/// word nearby: `heroku` stands above an `idempotency_key` too, and in `LINODE_IMAGE_SHA256`.
fn doubt(rule: &Rule, found: &Match<'_>) -> Option<&'static str> {
    // Ids and publishable keys are low, and called anything.
    let issued = rule.source.provider != "Generic" && rule.source.severity > Severity::Low;
    let named = matches!(rule.kind, Kind::Assigned | Kind::Context) && issued;
    let Some(key) = found.key else {
        // Names of commits, rows of tables and classes of CSS stand beside a provider's name too.
        let id = found.secret.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
        return (named && id).then_some("hex beside a word");
    };
    if !named {
        return None;
    }
    if likelihood::harmless_key(key) && !says(rule, key) {
        return Some("the key speaks about a secret");
    }
    match likelihood::role(key) {
        Role::Handle | Role::Public if !says(rule, key) => Some("such keys often name a thing"),
        Role::Unsaid if !says(rule, key) => Some("the key does not speak of a secret"),
        _ => None,
    }
}

/// Whether a key ends in one of the rule's own words, or in one and in what the credential is.
fn says(rule: &Rule, key: &[u8]) -> bool {
    let plain = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let mut key = plain(key);
    // `acmePRIVATE`, `acme_access`: what is left is the provider.
    for kind in [b"private".as_slice(), b"access"] {
        key.truncate(key.strip_suffix(kind).map_or(key.len(), <[u8]>::len));
    }
    rule.source.keys.iter().chain(&rule.source.context).any(|word| key.ends_with(&plain(word.as_bytes())))
}

/// Whether a match of a rule may stand where it stands: free, unless the rule says otherwise or its
/// checksum or structure may prove it.
pub fn may_stand(rule: &Rule, free: bool) -> bool {
    use Structure::{AwsKeyId, CommandPassword, Issued, Password, Random, UrlPassword};
    let judged = matches!(
        rule.source.structure,
        None | Some(AwsKeyId | CommandPassword | Issued | Password | Random | UrlPassword)
    );
    free || rule.source.embedded || rule.source.checksum.is_some() || !judged
}

/// Checksum and structure. `Ok(true)`: proven, nothing more is asked.
fn prove(rule: &Rule, found: &Match<'_>, verdict: &mut Verdict, steps: &mut Steps) -> Result<bool, Dropped> {
    if let Some(sum) = rule.source.checksum {
        if checksum::verify(sum, found.secret) {
            verdict.confidence = Confidence::Certain;
            verdict.reasons.push("its checksum is valid".to_owned());
            steps.keep("checksum", || "valid, which proves it".to_owned());
            return Ok(true);
        }
        verdict.confidence = Confidence::Possible;
        verdict.reasons.push("its checksum is not valid".to_owned());
        steps.keep("checksum", || "not valid: at most `possible`".to_owned());
    }
    let Some(kind) = rule.source.structure else { return Ok(false) };
    let (before, reasons) = (verdict.confidence, verdict.reasons.len());
    let filter = name_of(kind);
    structure::inspect(kind, found, verdict).map_err(|why| steps.drop(filter, why))?;
    let proven = verdict.confidence == Confidence::Certain && before != Confidence::Certain;
    steps.keep(filter, || match verdict.reasons.get(reasons..) {
        Some(said) if !said.is_empty() => said.join("; "),
        _ => "nothing against it".to_owned(),
    });
    Ok(proven)
}

/// What a structure is asked under: those that weigh how a value looks prove nothing.
fn name_of(kind: Structure) -> &'static str {
    match kind {
        Structure::Password
        | Structure::Random
        | Structure::Issued
        | Structure::CommandPassword
        | Structure::UrlPassword => "likelihood",
        _ => "structure",
    }
}

/// Reasons to disbelieve a match that nothing proves.
fn suspect(rule: &Rule, found: &Match<'_>, steps: &mut Steps) -> Result<(), Dropped> {
    if !found.free && !rule.source.embedded {
        return Err(steps.drop("boundaries", "part of a longer word"));
    }
    let stands = if found.free { "it stands free" } else { "it may stand inside a longer word" };
    steps.keep("boundaries", || stands.to_owned());
    let body = &found.secret[rule.fixed_prefix(found.secret)..];
    if let Some(why) = likelihood::placeholder(body) {
        return Err(steps.drop("placeholder", why));
    }
    steps.keep("placeholder", || "none".to_owned());
    if let Some(least) = rule.source.entropy {
        if likelihood::entropy(body) < least {
            return Err(steps.drop("entropy", "not random enough"));
        }
        steps.keep("entropy", || format!("at least {least:.1} bits in each character"));
    }
    Ok(())
}

/// A key's name as it may be shown: it stands in the file in the open, but a value that stands before
/// another may look like its name. So it is named where it speaks of secrets or of what they open, a sign
/// of assignment follows it, and it is not itself what is assigned (`bob:…:postgres://…`).
pub fn shown_key(text: &[u8], key: Range<usize>, value: usize) -> Option<String> {
    let sign = |b: &u8| matches!(b, b'=' | b':');
    let between = text.get(key.end..value)?;
    let followed = between.iter().take_while(|b| !b.is_ascii_alphanumeric()).any(sign);
    let mark = |b: &&u8| matches!(**b, b'"' | b'\'' | b'`' | b' ');
    let before = text[..key.start].iter().rev().take(8).find(|b| !mark(b));
    let assigned = before.is_some_and(|b| matches!(b, b':' | b'=' | b'/'));
    let key = &text[key];
    // `name: DB_PASSWORD` stands before its value's own name.
    let constant = key.iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    if !(constant || followed && !assigned) || !telling(key) || likelihood::random_bits(key) >= 8 {
        return None;
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let name = key.len() <= 40 && key.iter().all(plain) && likelihood::entropy(key) < 4.0;
    (name && digits(key) <= 2).then(|| key.iter().map(|&b| char::from(b)).collect())
}

/// Whether a word of a key speaks of secrets, or of what they open.
fn telling(key: &[u8]) -> bool {
    let ends = ["key", "token", "secret", "pass", "password", "passwd", "pwd", "auth", "credential", "phrase", "url"];
    let whole = [
        "authorization",
        "uri",
        "dsn",
        "db",
        "database",
        "host",
        "server",
        "endpoint",
        "remote",
        "proxy",
        "broker",
        "registry",
        "connection",
        "conn",
        "webhook",
        "cookie",
        "session",
        "seed",
        "salt",
        "user",
        "login",
        "api",
        "bearer",
        "signature",
        "sid",
        "pat",
        "pw",
        "pin",
        "id",
        "access",
        "private",
        "client",
        "account",
        "code",
        "passwort",
        "kennwort",
        "senha",
        "clave",
        "mdp",
        "haslo",
        "parola",
    ];
    likelihood::words(key).iter().any(|word| {
        let one = word.strip_suffix('s').unwrap_or(word);
        whole.contains(&one)
            || whole.contains(&word.as_str())
            || ends.iter().any(|end| one.ends_with(end) || word == end)
    })
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_before_another_is_not_named() {
        let shown = |text: &str, key: &str| {
            let at = text.find(key).expect("it stands there");
            shown_key(text.as_bytes(), at..at + key.len(), text.find("v1").expect("a value"))
        };
        for text in [
            "connect(\"bob\", \"sunshine\", \"postgres://u:v1@h\")",
            "bob:sunshine:postgres://u:v1@h",
            "pw=sunshine: postgres://u:v1@h",
            "bob sunshine = postgres://u:v1@h",
            "{\"password\": \"sunshine\": \"v1\"}",
        ] {
            assert_eq!(shown(text, "sunshine"), None, "{text}");
        }
        for (text, key) in [
            ("db_url = \"postgres://u:v1@h\"", "db_url"),
            ("- name: PASSWORD\n  value: v1", "PASSWORD"),
            ("{\"accessToken\": \"v1\"}", "accessToken"),
        ] {
            assert_eq!(shown(text, key).as_deref(), Some(key), "{text}");
        }
    }
}
