//! What the ledger says of warnings. A credential is named by its pseudonym, never by a piece of it.

use super::{Kind, Warning};
use crate::ledger::record::{Entry, Event, Noted};
use crate::level::Confidence;

/// What became of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// People are warned.
    Warned,
    /// Its cause is gone.
    Withdrawn,
    /// A person silenced it, for this reason.
    Silenced(&'a str),
}

/// The entry for what became of a warning: `base` says where, when and by which account.
pub fn entry(base: Entry, fate: Fate<'_>, warning: &Warning) -> Entry {
    match fate {
        Fate::Warned => warned(base, warning),
        Fate::Withdrawn => withdrawn(base, warning),
        Fate::Silenced(reason) => silenced(base, warning, reason),
    }
}

/// That this is warned of: `base` says where, when and by which account.
pub fn warned(base: Entry, warning: &Warning) -> Entry {
    let event = match warning.kind {
        Kind::Hook => Event::Shadowed,
        Kind::Policy => Event::PolicyChanged,
        Kind::Ledger => Event::LedgerEdited,
        _ => Event::GuardWarned,
    };
    about(base, event, warning)
}

/// That its cause is gone.
pub fn withdrawn(base: Entry, warning: &Warning) -> Entry {
    about(base, Event::GuardWithdrawn, warning)
}

/// That a person silenced it, for this reason.
pub fn silenced(base: Entry, warning: &Warning, reason: &str) -> Entry {
    let reason = crate::finding::escape(reason.trim().as_bytes());
    Entry { text: Some(reason), ..about(base, Event::GuardSilenced, warning) }
}

fn about(base: Entry, event: Event, warning: &Warning) -> Entry {
    // What stands in a finding's words shows the first and last characters of a token, which the ledger
    // never holds; what is said of hooks, policy and ledger comes from no credential.
    let house = matches!(warning.kind, Kind::Hook | Kind::Policy | Kind::Ledger);
    let text = house.then(|| warning.what.clone());
    let findings = noted(warning).into_iter().collect();
    Entry { event, how: Some(warning.kind.name().to_owned()), findings, text, ..base }
}

/// The credential that it is about, if any.
fn noted(warning: &Warning) -> Option<Noted> {
    Some(Noted {
        rule: warning.rule.clone().unwrap_or_else(|| warning.kind.name().to_owned()),
        severity: warning.severity,
        // A warning does not say how sure its finding is; the guard warns of nothing less.
        confidence: Confidence::Likely,
        path: warning.path.clone(),
        line: warning.line,
        secret: warning.secret.clone()?,
        exception: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Severity;

    fn warning(kind: Kind) -> Warning {
        let credential = !matches!(kind, Kind::Hook | Kind::Policy | Kind::Ledger);
        Warning {
            id: "k3f9a2b7".to_owned(),
            kind,
            severity: Severity::High,
            rule: credential.then(|| "a-rule".to_owned()),
            path: if credential { "a/.env".to_owned() } else { String::new() },
            line: u32::from(credential),
            what: "a token abc*****wxyz".to_owned(),
            why: "it would be committed".to_owned(),
            steps: Vec::new(),
            rotate: None,
            secret: credential.then(|| "pseudonym".to_owned()),
        }
    }

    #[test]
    fn a_credential_is_named_by_its_pseudonym_alone() {
        let base = || Entry { at: "guard".to_owned(), host: "h".to_owned(), ..Entry::default() };
        for kind in [Kind::Secret, Kind::EnvFile, Kind::KeyFile, Kind::EnvMode, Kind::Reuse, Kind::Age] {
            let entry = warned(base(), &warning(kind));
            assert_eq!(
                (entry.event, entry.at.as_str(), entry.how.as_deref()),
                (Event::GuardWarned, "guard", Some(kind.name()))
            );
            let noted = entry.findings.first().expect("a finding");
            assert_eq!((noted.rule.as_str(), noted.path.as_str(), noted.line), ("a-rule", "a/.env", 1));
            assert_eq!(noted.secret, "pseudonym");
            for entry in [entry, withdrawn(base(), &warning(kind)), silenced(base(), &warning(kind), "not live")] {
                let text = serde_json::to_string(&entry).expect("plain data");
                assert!(!text.contains("wxyz") && !text.contains("abc*"), "{text}");
            }
        }
    }

    #[test]
    fn house_warnings_say_what_was_found() {
        let pairs =
            [(Kind::Hook, Event::Shadowed), (Kind::Policy, Event::PolicyChanged), (Kind::Ledger, Event::LedgerEdited)];
        for (kind, event) in pairs {
            let entry = warned(Entry::default(), &warning(kind));
            assert_eq!((entry.event, entry.findings.len()), (event, 0));
            assert_eq!(entry.text.as_deref(), Some("a token abc*****wxyz"));
            assert!(entry.event.is_promised());
            assert_eq!(withdrawn(Entry::default(), &warning(kind)).event, Event::GuardWithdrawn);
        }
        let entry = silenced(Entry::default(), &warning(Kind::Hook), " by \u{1b}us ");
        assert_eq!(entry.text.as_deref().map(|text| text.contains('\u{1b}')), Some(false));
        assert!(entry.event.is_promised());
        assert!(!warned(Entry::default(), &warning(Kind::Secret)).event.is_promised());
    }
}
