//! Exceptions: findings that somebody answers for, with a kind, a reason and an end. Pure.
//!
//! - [`Exception`] and [`book`]: those of a repository, in `.leakwarden/exceptions.toml`;
//! - [`once`]: those of one commit, in its message.

pub mod book;
pub mod once;

use jiff::civil::Date;

/// Where a repository keeps its exceptions.
pub const PATH: &str = ".leakwarden/exceptions.toml";

/// A finding that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// A random name of its own, 8 characters of base 32; the only one used outside the repository.
    pub id: String,
    /// Which finding: see [`crate::fingerprint`].
    pub fingerprint: String,
    /// The rule that finds it.
    pub rule: String,
    /// Its path as messages show it.
    pub path: String,
    /// Why it is let pass: one of policy's kinds.
    pub kind: String,
    /// Why, in the words of a person.
    pub reason: String,
    /// Who answers for it: `Name <address>`.
    pub by: String,
    /// When it was written or renewed.
    pub created: Date,
    /// The last day on which it counts.
    pub expires: Date,
    /// A ticket, where policy asks for one.
    pub ticket: Option<String>,
    /// A second person's signature.
    pub approval: Option<Approval>,
}

/// A second person's agreement to an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The signer's name in the list of signers.
    pub by: String,
    /// The signature of `ssh-keygen -Y sign`: the lines between its armour, joined.
    pub signature: String,
}

impl Exception {
    /// The text that an approval signs: repository, finding, kind and end, each on a line.
    pub fn request(&self, repo_id: &str) -> String {
        format!(
            "leakwarden approval v1\nrepository {repo_id}\nfinding {}\nkind {}\nexpires {}\n",
            self.fingerprint, self.kind, self.expires
        )
    }
}

/// The kinds that there are without a policy, with their default length in days and what they say.
pub const KINDS: [(&str, u32, &str); 5] = [
    ("false-positive", 365, "it is no secret at all"),
    ("test-value", 365, "a made-up value that opens nothing"),
    ("revoked", 365, "it was a secret and no longer works"),
    ("accepted-risk", 90, "a secret that stays here for now, knowingly"),
    ("fix-later", 14, "a secret that will be taken out soon"),
];

/// Kinds that a remark in the source may give.
pub const INLINE_KINDS: [&str; 2] = ["false-positive", "test-value"];

/// The reason in the help texts; nobody's own.
pub const EXAMPLE_REASON: &str = "made up for the tests of the login page";

/// What is wrong with a reason, if anything is: too short, all one word or letter, or the example.
pub fn reason_fault(reason: &str, least: usize) -> Option<String> {
    let text = reason.trim();
    let characters = text.chars().filter(|c| !c.is_whitespace()).count();
    let mut different: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    different.sort_unstable();
    different.dedup();
    if text.to_lowercase().trim_end_matches('.') == EXAMPLE_REASON {
        Some("the reason is the example from the help; say why it holds here".to_owned())
    } else if characters < least {
        Some(format!("the reason has {characters} characters; at least {least} are asked for"))
    } else if least > 0 && (different.len() < 4 || text.is_ascii() && !text.contains(char::is_whitespace)) {
        Some("the reason does not say anything; write a short sentence".to_owned())
    } else if text.chars().any(char::is_control) {
        Some("the reason holds control characters or line ends".to_owned())
    } else {
        None
    }
}

/// The end of an exception from what a person typed: `90d`, `12w`, or a date `2027-01-31`.
///
/// # Errors
/// Where it is neither, or not after `today`.
pub fn parse_end(text: &str, today: Date) -> anyhow::Result<Date> {
    use anyhow::{Context, ensure};
    let number = |digits: &str| digits.parse::<i64>().ok().filter(|&n| n > 0 && n < 36_525);
    let days = match text.as_bytes().last() {
        Some(b'd') => number(&text[..text.len() - 1]),
        Some(b'w') => number(&text[..text.len() - 1]).map(|weeks| weeks * 7),
        _ => None,
    };
    if let Some(days) = days {
        return Ok(plus_days(today, days));
    }
    let date: Date =
        text.parse().ok().context("an end is a number of days (`90d`), of weeks (`12w`), or a date (`2027-01-31`)")?;
    ensure!(date >= today, "the end {date} is in the past");
    Ok(date)
}

/// A date some days later; the last date there is, where that is none.
pub fn plus_days(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::Span::new().days(days.clamp(-3_650_000, 3_650_000)))
}

/// Days from one date to another.
pub fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn ends_are_read() {
        let today = date(2026, 11, 22);
        assert_eq!(parse_end("90d", today).ok(), Some(date(2027, 2, 20)));
        assert_eq!(parse_end("2w", today).ok(), Some(date(2026, 12, 6)));
        assert_eq!(parse_end("2027-01-31", today).ok(), Some(date(2027, 1, 31)));
        for wrong in ["", "d", "-1d", "2026-11-21", "soon", "99999999d", "1.5d", "é"] {
            assert!(parse_end(wrong, today).is_err(), "{wrong}");
        }
        assert_eq!(days_between(today, date(2027, 2, 20)), 90);
    }

    #[test]
    fn a_reason_says_something() {
        assert_eq!(reason_fault("key of the sandbox account", 10), None);
        // Not every script has blanks.
        assert_eq!(reason_fault("自動テスト用の架空の鍵です", 10), None);
        for poor in [
            "",
            "test",
            "aaaaaaaaaaaaaaaaa",
            "xxxxxxx xxxxxxxxx",
            EXAMPLE_REASON,
            "one\ntwo three four",
            "falsepositive",
        ] {
            assert!(reason_fault(poor, 10).is_some(), "{poor}");
        }
    }
}
