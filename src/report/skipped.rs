//! What a person is told of a commit that was made without a scan and holds a secret: what and where,
//! the way back, and that the matter stays open. No reproach: git itself skips its hooks in many places.

use super::human::Look;
use crate::finding::{Part, escape};
use crate::policy::Judged;

/// Findings that are told one by one.
const MOST: usize = 10;

/// A commit that was made without a scan.
#[derive(Debug, Clone, Copy)]
pub struct Skipped<'a> {
    /// In what way, as the ledger names it.
    pub how: &'a str,
    /// Its id, in hex.
    pub commit: &'a str,
    /// Whether it is the last one.
    pub is_head: bool,
    /// Whether nothing comes before it.
    pub is_first: bool,
    /// What is new in it.
    pub findings: &'a [&'a Judged],
    /// The exposures that it opened, or that are open for the same values.
    pub exposures: &'a [String],
    /// Why nothing could be recorded, if nothing could.
    pub not_recorded: Option<&'a str>,
    /// Whom to ask.
    pub contact: Option<&'a str>,
    /// Whether whoever reads this may except a finding.
    pub may_except: bool,
}

/// The message.
pub fn render(skipped: &Skipped<'_>, look: Look) -> String {
    let count = skipped.findings.len();
    let secrets = if count == 1 { "a secret".to_owned() } else { format!("{count} secrets") };
    let which = if skipped.is_head { "this commit".to_owned() } else { format!("commit {:.12}", skipped.commit) };
    let mut out = format!("{}\n", look.alarm(&format!("leakwarden: {which} holds {secrets}: {}", why(skipped.how))));
    for judged in skipped.findings.iter().take(MOST) {
        let finding = &judged.finding;
        let place = match finding.location.part {
            Part::Message => format!("commit message, line {}", finding.location.line),
            _ => format!("{}:{}:{}", escape(&finding.location.path), finding.location.line, finding.location.column),
        };
        out.push_str(&format!("  {place}: {}  {}  (id {})\n", finding.what(), finding.redacted, judged.id));
    }
    if count > MOST {
        out.push_str(&format!("  … and {} more\n", count - MOST));
    }
    for line in way_back(skipped, look) {
        out.push_str(&format!("  {line}\n"));
    }
    match (skipped.not_recorded, skipped.exposures) {
        (Some(fault), _) => {
            out.push_str(&format!("leakwarden: this could not be recorded: {}\n", escape(fault.as_bytes())));
        }
        (None, []) => out.push_str("leakwarden: it is recorded as not scanned\n"),
        (None, ids) => {
            let shown: Vec<&str> = ids.iter().take(3).map(String::as_str).collect();
            let more = if ids.len() > 3 { " …" } else { "" };
            out.push_str(&format!(
                "leakwarden: recorded, and open until dealt with: `leakwarden exposures show {}`{more}\n",
                shown.join("`, `leakwarden exposures show ")
            ));
        }
    }
    for who in skipped.contact.iter() {
        out.push_str(&format!("leakwarden: questions go to {}\n", escape(who.as_bytes())));
    }
    out
}

fn why(how: &str) -> &'static str {
    match how {
        "no-verify" => "pre-commit did not look at it (--no-verify?)",
        "changed-later" => "another hook changed it after it was scanned",
        "cherry-pick" => "git runs no pre-commit for a cherry-pick",
        "revert" => "git runs no pre-commit for a revert, which can bring back what was taken out",
        "rebase" => "git runs no pre-commit in a rebase, and this step brought it",
        "am" => "git runs no pre-commit for a mailed patch",
        "merge" => "pre-merge-commit did not look at it (--no-verify?)",
        "amend" => "the commit that it replaces held it, or pre-commit did not look (--no-verify?)",
        _ => "it was made by a program that runs no hooks, or with hooks switched off",
    }
}

/// How it comes out again; pushed or not is a question for `exposures show`.
fn way_back(skipped: &Skipped<'_>, look: Look) -> Vec<String> {
    let id = format!("{:.12}", skipped.commit);
    let mut lines = Vec::new();
    let mut paths: Vec<&[u8]> = Vec::new();
    for judged in skipped.findings.iter().filter(|own| own.finding.location.part != Part::Message) {
        let path = judged.finding.location.path.as_slice();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let quoted: Vec<String> = paths.iter().take(3).map(|path| look.path(path)).collect();
    let add = if paths.len() > 3 { "-u".to_owned() } else { format!("-- {}", quoted.join(" ")) };
    if skipped.is_head {
        if paths.is_empty() {
            lines.push("take it out of the message: git commit --amend".to_owned());
        } else {
            lines.push(format!("take it out of the file, then: git add {add} && git commit --amend --no-edit"));
        }
        let undo = if skipped.is_first { "git update-ref -d HEAD" } else { "git reset --soft HEAD~1" };
        lines.push(format!("or take the commit back and keep its changes: {undo}"));
    } else {
        lines.push(format!(
            "take it out of the file, then: git add {add} && git commit --fixup={id} && git rebase -i --autosquash {id}~1"
        ));
    }
    if skipped.may_except {
        let id = skipped.findings.first().map_or("ID", |own| own.id.as_str());
        lines.push(format!(
            "if it is no secret: leakwarden allow {id} --kind false-positive --reason '…' && git commit --amend --no-edit"
        ));
    }
    lines
}
