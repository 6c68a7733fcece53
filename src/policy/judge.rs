//! What happens with each finding: it blocks, it is let pass by an exception, or it is only told.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Policy, WideException, Writer};
use crate::exception::book::Book;
use crate::exception::once::Once;
use crate::exception::{Exception, INLINE_KINDS, plus_days, reason_fault};
use crate::finding::{Finding, Marker, Part};
use crate::fingerprint::{fingerprint, id};
use crate::level::Severity;

/// Everything by which findings are judged, besides policy.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The day on which exceptions must still count.
    pub today: Date,
    /// The repository's exceptions, if it has any.
    pub book: Option<&'a Book>,
    /// Exceptions for this commit.
    pub once: &'a [Once],
    /// What was found out about the approvals of [`awaiting`].
    pub approvals: &'a Approvals,
}

/// Of exceptions by id: that their approval was checked and holds, or why it does not count.
pub type Approvals = BTreeMap<String, Result<(), String>>;

/// How a finding is let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By an entry of the exceptions file.
    File,
    /// By an exception for this commit.
    Once,
    /// By a remark on its line.
    Inline,
    /// By a rule or path that policy lets pass.
    Wide,
}

impl How {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            How::File => "file",
            How::Once => "once",
            How::Inline => "inline",
            How::Wide => "policy",
        }
    }
}

/// The exception that lets a finding pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// In what way.
    pub how: How,
    /// The exception's id, or where it stands.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its reason.
    pub reason: String,
    /// Its last day.
    pub expires: Option<Date>,
}

/// A finding with what is done about it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The finding; its severity is policy's.
    pub finding: Finding,
    /// The id by which people name it.
    pub id: String,
    /// Whether it stops a commit (exit code 1).
    pub blocking: bool,
    /// The exception that lets it pass.
    pub excepted: Option<Excepted>,
    /// Why exceptions that speak of it do not count.
    pub refused: Vec<String>,
    /// A kind under which policy would let it be excepted, if it would at all.
    pub allowable: Option<String>,
    /// The commit that holds it, in hex, where several are judged.
    pub commit: Option<String>,
}

/// Judges findings, keeping their order.
pub fn judge(findings: Vec<Finding>, policy: &Policy, case: &Case<'_>) -> Vec<Judged> {
    findings.into_iter().map(|finding| one(finding, policy, case)).collect()
}

/// The exceptions that speak of one of these findings and need an approval.
pub fn awaiting<'b>(findings: &[Finding], policy: &Policy, book: &'b Book) -> Vec<&'b Exception> {
    let rules = &policy.exceptions;
    if rules.approval_kinds.is_empty() && rules.approval_severity.is_none() {
        return Vec::new();
    }
    let severities: BTreeMap<String, Severity> =
        findings.iter().map(|finding| (fingerprint(finding, &book.repo_id), severity(finding, policy))).collect();
    let speaks = |own: &&Exception| {
        severities.get(&own.fingerprint).is_some_and(|&severity| rules.needs_approval(&own.kind, severity))
    };
    book.exceptions.iter().filter(speaks).collect()
}

/// A finding's severity as policy has it.
fn severity(finding: &Finding, policy: &Policy) -> Severity {
    let own = policy.severities.get(&finding.rule).copied().unwrap_or(finding.severity);
    policy.raised.get(&finding.rule).map_or(own, |&least| own.max(least))
}

fn one(mut finding: Finding, policy: &Policy, case: &Case<'_>) -> Judged {
    finding.severity = severity(&finding, policy);
    let id = id(&finding);
    let warns = policy.warn.get(&finding.rule).is_some_and(|until| until.is_none_or(|day| case.today < day));
    let weighs = finding.confidence >= policy.confidence && finding.severity >= policy.severity;
    let mut refused = Vec::new();
    let excepted = excepted(&finding, &id, policy, case, &mut refused).filter(|excepted| {
        let tells = holds(&excepted.reason, finding.secret.expose());
        refused.extend(tells.then(|| "its reason holds the secret itself; write it without".to_owned()));
        !tells
    });
    let rules = &policy.exceptions;
    let kind = rules.kinds.get_key_value("test-value").or_else(|| rules.kinds.first_key_value());
    let may = rules.refusal(&finding.rule, finding.severity).is_none();
    Judged {
        blocking: weighs && !warns && excepted.is_none(),
        finding,
        id,
        excepted,
        refused,
        allowable: kind.filter(|_| may).map(|(name, _)| name.clone()),
        commit: None,
    }
}

/// Whether a text repeats a credential. (The value is only compared.)
pub fn holds(text: &str, secret: &[u8]) -> bool {
    secret.len() >= 4 && text.as_bytes().windows(secret.len()).any(|window| window == secret)
}

fn excepted(
    finding: &Finding,
    id: &str,
    policy: &Policy,
    case: &Case<'_>,
    refused: &mut Vec<String>,
) -> Option<Excepted> {
    for wide in policy.wide.iter().filter(|wide| covers(wide, finding)) {
        match wide_fault(wide, finding, policy, case) {
            None => {
                return Some(Excepted {
                    how: How::Wide,
                    id: wide.origin.clone(),
                    kind: wide.kind.clone(),
                    reason: wide.reason.clone(),
                    expires: wide.expires,
                });
            }
            Some(fault) => refused.push(format!("the exception in {}: {fault}", wide.origin)),
        }
    }
    if let Some(book) = case.book {
        let print = fingerprint(finding, &book.repo_id);
        // Two branches may have excepted it both; the one that ends first counts.
        let same = book.exceptions.iter().filter(|own| own.fingerprint == print);
        if let Some(exception) = same.min_by_key(|own| own.expires) {
            match fault(exception, finding, policy, case) {
                None => return Some(of_file(exception)),
                Some(fault) => refused.push(format!("exception {}: {fault}", exception.id)),
            }
        }
    }
    for once in case.once.iter().filter(|once| once.names(id)) {
        match once_fault(once, finding, policy) {
            None => {
                return Some(Excepted {
                    how: How::Once,
                    id: id.to_owned(),
                    kind: once.kind.clone(),
                    reason: once.reason.clone(),
                    expires: None,
                });
            }
            Some(fault) => refused.push(format!("the exception for this commit: {fault}")),
        }
    }
    let marker = finding.marker.as_ref()?;
    match marker_fault(marker, finding, policy) {
        None => Some(Excepted {
            how: How::Inline,
            id: marker.tool.to_owned(),
            kind: if marker.kind.is_empty() { "false-positive".to_owned() } else { marker.kind.clone() },
            reason: marker.reason.clone(),
            expires: None,
        }),
        Some(fault) => {
            refused.extend((!fault.is_empty()).then(|| format!("the remark on its line: {fault}")));
            None
        }
    }
}

fn covers(wide: &WideException, finding: &Finding) -> bool {
    let at = &finding.location;
    let rule = wide.rules.is_empty() || wide.rules.contains(&finding.rule);
    let in_tree = at.part != Part::Message;
    let path = wide.paths.as_ref().is_none_or(|globs| in_tree && globs.is_match(as_path(&at.path)));
    rule && path
}

/// Why a wide exception does not count for a finding, if it does not. A fleet may write what it likes.
fn wide_fault(wide: &WideException, finding: &Finding, policy: &Policy, case: &Case<'_>) -> Option<String> {
    let rules = &policy.exceptions;
    if let Some(day) = wide.expires.filter(|&day| case.today > day) {
        return Some(format!("it ended on {day}"));
    }
    if wide.by == Writer::Fleet {
        return None;
    }
    // A user's own exception counts as long as nobody above says that there are none.
    if let Some(refusal) = rules.refusal(&finding.rule, finding.severity) {
        return Some(refusal);
    }
    if rules.needs_approval(&wide.kind, finding.severity) {
        return Some("policy asks for a second person; only an exception for one finding can be signed".to_owned());
    }
    if wide.by == Writer::User {
        return None;
    }
    let kind = match rules.kind(&wide.kind) {
        Ok(kind) => kind,
        Err(error) => return Some(error.to_string()),
    };
    let latest = plus_days(case.today, i64::from(kind.longest_days));
    if wide.expires.is_none_or(|day| day > latest) {
        return Some(format!("it ends later than the {} days that policy allows", kind.longest_days));
    }
    None
}

/// A path for matching: bytes that are no UTF-8 match only `*` and `?`.
fn as_path(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn of_file(exception: &Exception) -> Excepted {
    Excepted {
        how: How::File,
        id: exception.id.clone(),
        kind: exception.kind.clone(),
        reason: exception.reason.clone(),
        expires: Some(exception.expires),
    }
}

/// Why an exception of the file does not count for a finding, if it does not.
pub fn fault(exception: &Exception, finding: &Finding, policy: &Policy, case: &Case<'_>) -> Option<String> {
    let rules = &policy.exceptions;
    // The fingerprint holds rule and path; entries that tell a reader another story are not believed.
    if exception.rule != finding.rule || exception.path != crate::finding::lossy(&finding.location.path) {
        return Some("its `rule` and `path` are not those of the finding".to_owned());
    }
    if let Some(refusal) = rules.refusal(&finding.rule, finding.severity) {
        return Some(refusal);
    }
    if let Some(fault) = own_fault(exception, policy, case.today) {
        return Some(fault);
    }
    if !rules.needs_approval(&exception.kind, finding.severity) {
        return None;
    }
    match case.approvals.get(&exception.id) {
        Some(checked) => checked.as_ref().err().cloned(),
        None => Some(format!("it waits for a second person (`leakwarden approve {}`)", exception.id)),
    }
}

/// Why an exception of the file counts for no finding, if that is so, whatever it was approved.
pub fn own_fault(exception: &Exception, policy: &Policy, today: Date) -> Option<String> {
    let rules = &policy.exceptions;
    let kind = match rules.kind(&exception.kind) {
        Ok(kind) => kind,
        Err(error) => return Some(error.to_string()),
    };
    if exception.created > plus_days(today, 1) {
        return Some(format!("it is dated {}, which is in the future", exception.created));
    }
    let end = exception.expires.min(plus_days(exception.created, i64::from(kind.longest_days)));
    if today > end {
        return Some(format!("it ended on {end} (`leakwarden exceptions renew {}`)", exception.id));
    }
    reason_fault(&exception.reason, rules.least_reason).or_else(|| rules.ticket_fault(exception.ticket.as_deref()))
}

fn once_fault(once: &Once, finding: &Finding, policy: &Policy) -> Option<String> {
    let rules = &policy.exceptions;
    if !rules.once {
        return Some("policy allows no exceptions for one commit".to_owned());
    }
    if let Some(refusal) = rules.refusal(&finding.rule, finding.severity) {
        return Some(refusal);
    }
    if let Err(error) = rules.kind(&once.kind) {
        return Some(error.to_string());
    }
    if rules.needs_approval(&once.kind, finding.severity) {
        return Some("policy asks for a second person; only an exception in the file can be signed".to_owned());
    }
    if !rules.ticket.is_empty() {
        let mut words =
            once.reason.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', ';', '.', '[', ']']));
        if !words.any(|word| rules.ticket_fault(Some(word)).is_none()) {
            return Some(format!("its reason names no ticket that matches `{}`", rules.ticket.join("`, `")));
        }
    }
    reason_fault(&once.reason, rules.least_reason)
}

fn marker_fault(marker: &Marker, finding: &Finding, policy: &Policy) -> Option<String> {
    let rules = &policy.exceptions;
    let own = marker.tool == "leakwarden";
    if !own && !rules.foreign_markers {
        // Nothing to say: the tool it is written for is not this one.
        return Some(String::new());
    }
    if !rules.inline {
        return Some("policy does not count remarks in the source".to_owned());
    }
    if let Some(refusal) = rules.refusal(&finding.rule, finding.severity) {
        return Some(refusal);
    }
    let kind = if own { marker.kind.as_str() } else { "false-positive" };
    if !INLINE_KINDS.contains(&kind) || rules.kind(kind).is_err() {
        return Some(format!("it is written `leakwarden:allow KIND reason`, KIND one of {}", INLINE_KINDS.join(", ")));
    }
    if rules.needs_approval(kind, finding.severity) || !rules.ticket.is_empty() {
        return Some("policy asks for more than a remark can hold; use `leakwarden allow`".to_owned());
    }
    if own { reason_fault(&marker.reason, rules.least_reason) } else { None }
}
