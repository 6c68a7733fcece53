//! Exceptions for one commit: what a person types, and the trailer that travels with the commit.
//!
//! Typed (`git -c leakwarden.allow=…`, `LEAKWARDEN_ALLOW`, the prompt) and written (one line of the
//! commit message) in one grammar:
//!
//! ```text
//! typed   = entry *( line-feed entry )
//! entry   = id *( "," id ) blank kind ":" reason
//! trailer = *blank "Leakwarden-Allow:" entry
//! ```
//!
//! A trailer counts wherever its line stands, since `git merge --squash` indents messages.

use super::PATH;
use crate::fingerprint::{ALPHABET, ID_LENGTH, SHORTEST};

/// The name of the trailer.
pub const TRAILER: &str = "Leakwarden-Allow";

/// An exception for one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The ids of the findings it speaks of; typed ones may be abbreviated.
    pub ids: Vec<String>,
    /// The kind.
    pub kind: String,
    /// The reason.
    pub reason: String,
}

impl Once {
    /// Whether it names this finding.
    pub fn names(&self, id: &str) -> bool {
        self.ids.iter().any(|own| id.starts_with(own.as_str()))
    }

    /// As a line of a commit message.
    pub fn trailer(&self) -> String {
        format!("{TRAILER}: {} {}: {}", self.ids.join(","), self.kind, self.reason)
    }
}

/// Reads what a person typed.
///
/// # Errors
/// Says what is wrong and how it is written; repeats nothing of the text.
pub fn parse(text: &str) -> anyhow::Result<Vec<Once>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            entry(line).ok_or_else(|| {
                anyhow::anyhow!(
                    "an exception for one commit is written `ID kind: reason`, where ID is the finding's id in the \
                     block's message; a lasting one goes to {PATH} with `leakwarden allow`"
                )
            })
        })
        .collect()
}

/// The exceptions that a commit message carries. Lines that are none are passed over.
pub fn in_message(message: &[u8]) -> Vec<Once> {
    let text = String::from_utf8_lossy(message);
    let trailer = |line: &str| {
        let line = line.trim();
        let head = line.get(..TRAILER.len()).filter(|head| head.eq_ignore_ascii_case(TRAILER))?;
        let once = entry(line[head.len()..].strip_prefix(':')?.trim())?;
        once.ids.iter().all(|id| id.len() == ID_LENGTH).then_some(once)
    };
    text.lines().filter_map(trailer).collect()
}

fn entry(line: &str) -> Option<Once> {
    let (ids, rest) = line.split_once(char::is_whitespace)?;
    let (kind, reason) = rest.split_once(':')?;
    let id = |word: &str| {
        let word = word.to_ascii_lowercase();
        let plain = word.bytes().all(|b| ALPHABET.contains(&b));
        (plain && (SHORTEST..=ID_LENGTH).contains(&word.len())).then_some(word)
    };
    let ids: Vec<String> = ids.split(',').map(id).collect::<Option<_>>()?;
    let (kind, reason) = (kind.trim(), reason.trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!kind.is_empty() && kind.chars().all(plain) && !reason.is_empty()).then(|| Once {
        ids,
        kind: kind.to_owned(),
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_what_the_trailer_says() {
        let typed = parse("k3f9a2b7,0000 test-value: for the parser's tests").expect("it is right");
        assert_eq!(typed[0].ids, ["k3f9a2b7", "0000"]);
        assert!(typed[0].names("k3f9a2b7") && typed[0].names("0000zzzz") && !typed[0].names("k3f9a2b8"));
        let full = parse("K3F9A2B7 test-value: for the parser's tests").expect("it is right");
        let message = format!("subject\n\n    {}\n", full[0].trailer());
        assert_eq!(in_message(message.as_bytes()), full);
    }

    #[test]
    fn what_is_no_exception_is_none() {
        for wrong in
            ["yes", "k3f test-value: too short", "k3f9a2b7 test-value", "k3f9a2b7 : x", "* test-value: all", ",: x"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(in_message(b"Leakwarden-Allow: k3f9 test-value: an abbreviated id\n").is_empty());
        assert!(in_message(b"see Leakwarden-Allow: k3f9a2b7 test-value: text\n").is_empty());
    }
}
