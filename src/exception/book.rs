//! The exceptions file of a repository: read, written and merged.
//!
//! Each exception is one block of lines, sorted by its random id. An index of comment lines, one for
//! each first character of an id, stands between the blocks: two branches that add exceptions write
//! at different places, with a line between them that neither changed, and git merges them.

use crate::fingerprint::base32;
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use jiff::civil::Date;
use serde::Deserialize;

use super::{Approval, Exception};
use crate::fingerprint::ALPHABET;

/// The exceptions of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// The repository's own id; fingerprints are bound to it.
    pub repo_id: String,
    /// The exceptions, sorted by id.
    pub exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    repo_id: String,
    #[serde(default, rename = "exception")]
    exceptions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    fingerprint: String,
    rule: String,
    path: String,
    kind: String,
    reason: String,
    by: String,
    created: String,
    expires: String,
    ticket: Option<String>,
    approved_by: Option<String>,
    approval: Option<String>,
}

/// The version of the file.
const VERSION: u32 = 1;

/// More exceptions than this are no exceptions; a baseline is for those.
const MOST: usize = 5_000;

/// The id of a repository with this first commit: the same in all clones and branches.
pub fn repo_id(first_commit: &str) -> String {
    use sha2::{Digest, Sha256};
    base32(&Sha256::digest(format!("leakwarden repository {first_commit}")), 26)
}

impl Book {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Names line, field and mistake.
    pub fn parse(text: &str) -> Result<Self> {
        let first = text.lines().position(|line| line.starts_with("<<<<<<< "));
        if let Some(line) = first {
            bail!("line {}: the file is in conflict; `leakwarden exceptions fix` merges both sides", line + 1);
        }
        let file: File = crate::document::versioned(text, VERSION)?;
        if file.version > VERSION {
            return Err(crate::document::newer(file.version, VERSION));
        }
        ensure!(file.version == VERSION, "version {} is not known; this leakwarden knows 1", file.version);
        ensure!(
            (8..=64).contains(&file.repo_id.len()) && file.repo_id.bytes().all(|b| b.is_ascii_alphanumeric()),
            "`repo_id` is 8 to 64 letters and digits"
        );
        ensure!(file.exceptions.len() <= MOST, "more than {MOST} exceptions");
        let mut headers = text.lines().enumerate().filter(|(_, line)| line.trim() == "[[exception]]");
        let mut exceptions = Vec::with_capacity(file.exceptions.len());
        for entry in file.exceptions {
            let line = headers.next().map_or(0, |(number, _)| number + 1);
            exceptions.push(entry.check().with_context(|| format!("the exception on line {line}"))?);
        }
        let mut book = Book { repo_id: file.repo_id, exceptions };
        book.sort();
        for pair in book.exceptions.windows(2) {
            ensure!(pair[0].id != pair[1].id, "the id {} stands twice; `leakwarden exceptions fix` merges", pair[0].id);
        }
        Ok(book)
    }

    fn sort(&mut self) {
        self.exceptions.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// The file's text.
    pub fn render(&self) -> String {
        let mut out = String::from(
            "# Findings that this repository lets pass, each with an owner, a reason and an end.\n\
             # `leakwarden allow` writes this file; review it like code.\n\
             # The single letters keep entries apart, so that branches merge.\n",
        );
        out.push_str(&format!("version = 1\nrepo_id = {}\n", quoted(&self.repo_id)));
        let mut sorted: Vec<&Exception> = self.exceptions.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let mut rest = sorted.into_iter().peekable();
        for &letter in ALPHABET {
            out.push_str(&format!("\n# {}\n", char::from(letter)));
            while let Some(exception) = rest.next_if(|e| e.id.as_bytes().first() <= Some(&letter)) {
                out.push_str(&block(exception));
            }
        }
        out
    }

    /// The exception for a fingerprint.
    pub fn by_fingerprint(&self) -> BTreeMap<&str, &Exception> {
        self.exceptions.iter().map(|exception| (exception.fingerprint.as_str(), exception)).collect()
    }

    /// The exceptions whose id begins so.
    pub fn named<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Exception> {
        self.exceptions.iter().filter(move |exception| exception.id.starts_with(id))
    }

    /// Puts an exception in, in place of one with the same id or for the same finding.
    pub fn put(&mut self, exception: Exception) {
        self.exceptions.retain(|own| own.id != exception.id && own.fingerprint != exception.fingerprint);
        self.exceptions.push(exception);
        self.sort();
    }
}

/// Merges what two branches made of a file, and says which entries both had changed: of those the one
/// that ends first is kept.
pub fn merge(base: &Book, ours: &Book, theirs: &Book) -> (Book, Vec<String>) {
    let by_id = |book: &Book| -> BTreeMap<String, Exception> {
        book.exceptions.iter().map(|exception| (exception.id.clone(), exception.clone())).collect()
    };
    let (base, mine, yours) = (by_id(base), by_id(ours), by_id(theirs));
    let mut merged = Book { repo_id: ours.repo_id.clone(), exceptions: Vec::new() };
    let mut both = Vec::new();
    let ids: std::collections::BTreeSet<&String> = mine.keys().chain(yours.keys()).collect();
    for id in ids {
        let (old, a, b) = (base.get(id), mine.get(id), yours.get(id));
        let kept = if a == old {
            b
        } else if b == old || a == b {
            a
        } else {
            both.push(id.clone());
            // One took it away and the other changed it: it is gone, which lets nothing pass.
            a.zip(b).map(|(a, b)| if a.expires <= b.expires { a } else { b })
        };
        if let Some(exception) = kept {
            // The same finding may have been excepted on both sides: the earlier end counts.
            let same = merged.exceptions.iter_mut().find(|own| own.fingerprint == exception.fingerprint);
            match same {
                Some(own) if own.expires <= exception.expires => {}
                Some(own) => *own = exception.clone(),
                None => merged.exceptions.push(exception.clone()),
            }
        }
    }
    merged.sort();
    (merged, both)
}

impl Entry {
    fn check(self) -> Result<Exception> {
        let date = |text: &str, field: &str| -> Result<Date> {
            text.parse().ok().with_context(|| format!("`{field}` is a date such as 2027-01-31"))
        };
        let id = |text: &str| text.len() == 8 && text.bytes().all(|b| ALPHABET.contains(&b));
        ensure!(id(&self.id), "`id` is 8 characters of base 32, as `leakwarden allow` writes it");
        let print = self.fingerprint.strip_prefix("s1:").or_else(|| self.fingerprint.strip_prefix("w1:"));
        ensure!(
            print.is_some_and(|text| text.len() == 16 && text.bytes().all(|b| ALPHABET.contains(&b))),
            "`fingerprint` is `s1:` or `w1:` and 16 characters, as `leakwarden allow` writes it"
        );
        ensure!(!self.by.trim().is_empty(), "`by` names nobody");
        let approval = match (self.approved_by, self.approval) {
            (Some(by), Some(signature)) => Some(Approval { by, signature }),
            (None, None) => None,
            _ => bail!("`approved_by` and `approval` stand together"),
        };
        Ok(Exception {
            created: date(&self.created, "created")?,
            expires: date(&self.expires, "expires")?,
            id: self.id,
            fingerprint: self.fingerprint,
            rule: self.rule,
            path: self.path,
            kind: self.kind,
            reason: self.reason,
            by: self.by,
            ticket: self.ticket,
            approval,
        })
    }
}

fn block(exception: &Exception) -> String {
    let mut out = String::from("[[exception]]\n");
    let mut field = |name: &str, value: &str| out.push_str(&format!("{name} = {}\n", quoted(value)));
    field("id", &exception.id);
    field("fingerprint", &exception.fingerprint);
    field("rule", &exception.rule);
    field("path", &exception.path);
    field("kind", &exception.kind);
    field("reason", &exception.reason);
    field("by", &exception.by);
    field("created", &exception.created.to_string());
    field("expires", &exception.expires.to_string());
    if let Some(ticket) = &exception.ticket {
        field("ticket", ticket);
    }
    if let Some(approval) = &exception.approval {
        field("approved_by", &approval.by);
        field("approval", &approval.signature);
    }
    out
}

/// A TOML string, always on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn exception(id: &str, print: &str) -> Exception {
        Exception {
            id: id.to_owned(),
            fingerprint: format!("w1:{print:0>16}"),
            rule: "a-rule".to_owned(),
            path: "a \"b\"\\".to_owned(),
            kind: "test-value".to_owned(),
            reason: "it is ü".to_owned(),
            by: "A <a@example.org>".to_owned(),
            created: date(2026, 1, 1),
            expires: date(2027, 1, 1),
            ticket: Some("SEC-1".to_owned()),
            approval: None,
        }
    }

    fn book(exceptions: Vec<Exception>) -> Book {
        Book { repo_id: "0123456789abcdef".to_owned(), exceptions }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let mut signed = exception("zzzzzzzz", "3");
        signed.approval = Some(Approval { by: "b@example.org".to_owned(), signature: "AAAA".to_owned() });
        let written = book(vec![exception("00000000", "1"), exception("k0000000", "2"), signed]);
        assert_eq!(Book::parse(&written.render()).expect("it was just written"), written);
    }

    #[test]
    fn mistakes_are_named_by_line_and_field() {
        let good = book(vec![exception("00000000", "1")]).render();
        for (from, to, expected) in [
            ("version = 1", "version = 2", "version 2"),
            ("expires = \"2027-01-01\"", "expires = \"soon\"", "`expires` is a date"),
            ("w1:", "x9:", "`fingerprint` is"),
            ("kind =", "knid =", "knid"),
            ("# 1\n", "<<<<<<< HEAD\n", "exceptions fix"),
        ] {
            let error = format!("{:#}", Book::parse(&good.replacen(from, to, 1)).expect_err(expected));
            assert!(error.contains(expected) && error.contains("line") == (from != "version = 1"), "{error}");
        }
    }

    #[test]
    fn branches_are_merged_by_entry() {
        let base = book(vec![exception("00000000", "1"), exception("10000000", "2")]);
        let mut ours = book(vec![exception("00000000", "1"), exception("20000000", "3")]);
        let mut theirs = base.clone();
        theirs.put(exception("30000000", "4"));
        theirs.exceptions[0].expires = date(2028, 1, 1);
        let (merged, both) = merge(&base, &ours, &theirs);
        let ids: Vec<&str> = merged.exceptions.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids, ["00000000", "20000000", "30000000"]);
        assert!(both.is_empty() && merged.exceptions[0].expires == date(2028, 1, 1));
        ours.exceptions[0].expires = date(2026, 6, 1);
        let (merged, both) = merge(&base, &ours, &theirs);
        assert_eq!((merged.exceptions[0].expires, both.len()), (date(2026, 6, 1), 1));
    }
}
