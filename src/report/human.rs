//! The report for people, on a terminal or in an IDE's output pane.
//!
//! What a person needs, in the order in which they need it: where, what, why it is believed, how to
//! take it out, how to rotate it, what to do if it is no secret. At most [`MOST`] findings are told
//! in full; the rest is counted.

use super::{Report, Subject};
use crate::finding::{Finding, Part, escape};
use crate::policy::Judged;

/// The path by which findings in the text of an annotated tag are known.
pub const TAG_MESSAGE: &[u8] = b"TAG_MESSAGE";

/// How many findings are told in full.
const MOST: usize = 20;

/// How the text may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// ANSI colours.
    pub color: bool,
    /// Columns of the terminal; `None` leaves long lines as they are.
    pub width: Option<usize>,
    /// Whether whoever reads it stands below the top of the worktree, from where paths count.
    pub below: bool,
}

impl Look {
    /// A path for a command of git's, from wherever one stands.
    pub(super) fn path(self, path: &[u8]) -> String {
        if self.below { shell_quote(&[b":/", path].concat()) } else { shell_quote(path) }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn alarm(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// The whole report. Empty where there is nothing to say.
pub fn render(report: &Report, look: Look) -> String {
    let mut out = String::new();
    let blocking: Vec<&Judged> = report.findings.iter().filter(|j| j.blocking).collect();
    let excepted = report.findings.iter().filter(|j| j.excepted.is_some()).count();
    let quiet = report.findings.len() - blocking.len() - excepted;
    if !report.receipt.not_scanned.is_empty() {
        out.push_str(&not_scanned(report, look));
    }
    if !blocking.is_empty() {
        out.push_str(&format!("{}\n", look.alarm(&headline(report.subject, blocking.len()))));
        for judged in blocking.iter().take(MOST) {
            out.push('\n');
            out.push_str(&one(judged, report, look));
        }
        if blocking.len() > MOST {
            out.push_str(&format!(
                "\n… and {} more; `leakwarden {}` lists all\n",
                blocking.len() - MOST,
                list_command(report.subject)
            ));
        }
        out.push_str(&closing(report));
    }
    if quiet > 0 {
        let command = list_command(report.subject);
        let noun = if quiet == 1 { "possible or minor finding does" } else { "possible or minor findings do" };
        out.push_str(&look.faint(&format!("leakwarden: {quiet} {noun} not block (see `leakwarden {command}`)")));
        out.push('\n');
    }
    let at_leisure = !matches!(report.subject, Subject::Commit | Subject::Message | Subject::Push | Subject::Branch);
    if excepted > 0 && at_leisure {
        let noun = if excepted == 1 { "finding is" } else { "findings are" };
        out.push_str(&look.faint(&format!("leakwarden: {excepted} {noun} let pass by exceptions")));
        out.push('\n');
    }
    if report.findings.is_empty() && at_leisure {
        out.push_str(&nothing_found(report));
    }
    let notes = &report.receipt.notes;
    for note in notes.iter().take(MOST) {
        out.push_str(&format!("leakwarden: {note}\n"));
    }
    if notes.len() > MOST {
        out.push_str(&format!("leakwarden: … and {} more notes\n", notes.len() - MOST));
    }
    out
}

/// A text of somebody's as one line that does nothing to a terminal.
fn shown(text: &str) -> String {
    escape(text.as_bytes())
}

/// Below all findings: whom to ask, and what an agent should do.
fn closing(report: &Report) -> String {
    let mut out = String::new();
    if report.advice.agent {
        out.push_str(
            "\nleakwarden: take the secret out; whether it may stay is for a person to decide, not for an agent\n",
        );
    }
    for text in report.advice.message.iter() {
        out.push_str(&format!("\nleakwarden: {}\n", shown(text)));
    }
    for who in report.advice.contact.iter() {
        out.push_str(&format!("leakwarden: questions go to {}\n", shown(who)));
    }
    out
}

fn nothing_found(report: &Report) -> String {
    let (files, bytes) = (report.receipt.files, report.receipt.bytes);
    let plural = |n: u64, noun: &str| if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") };
    let commits = report.receipt.commits.map(|n| format!("{}, ", plural(n, "commit"))).unwrap_or_default();
    format!("leakwarden: nothing found in {commits}{}, {bytes} bytes\n", plural(files, "file"))
}

fn headline(subject: Subject, count: usize) -> String {
    let secrets = if count == 1 { "1 secret".to_owned() } else { format!("{count} secrets") };
    match subject {
        Subject::Commit => format!("leakwarden: commit blocked: {secrets} in what it would add"),
        Subject::Message => format!("leakwarden: commit blocked: {secrets} in its message"),
        Subject::Staged => format!("leakwarden: {secrets} in what is staged"),
        Subject::Files | Subject::Tree => format!("leakwarden: {secrets} found"),
        Subject::Range => format!("leakwarden: {secrets} in what these commits add"),
        Subject::Push => format!("leakwarden: push blocked: {secrets} in what it would send"),
        Subject::Branch => format!("leakwarden: refused: {secrets} in what the branch would be moved to"),
    }
}

fn list_command(subject: Subject) -> &'static str {
    match subject {
        Subject::Files => "scan --format json PATH",
        Subject::Range | Subject::Push | Subject::Branch => "verify --format json A..B",
        Subject::Tree => "verify --format json --tree",
        Subject::Message => "hook commit-msg --format json \"$(git rev-parse --git-path COMMIT_EDITMSG)\"",
        _ => "scan --staged --format json",
    }
}

fn not_scanned(report: &Report, look: Look) -> String {
    let all = &report.receipt.not_scanned;
    let head = match report.subject {
        Subject::Commit | Subject::Message if !report.unscanned_blocks => {
            "leakwarden: could not scan all of this commit; policy lets it pass"
        }
        Subject::Commit | Subject::Message => "leakwarden: could not scan this commit, so it is blocked",
        Subject::Push if report.unscanned_blocks => "leakwarden: could not scan all of this push, so it is blocked",
        _ => "leakwarden: could not scan everything",
    };
    let mut out = format!("{}\n", look.alarm(head));
    for skipped in all.iter().take(MOST) {
        let place = if skipped.path.is_empty() { String::new() } else { format!("{}: ", skipped.path) };
        out.push_str(&format!("  {place}{}\n", skipped.reason));
    }
    if all.len() > MOST {
        out.push_str(&format!("  … and {} more\n", all.len() - MOST));
    }
    out
}

fn one(judged: &Judged, report: &Report, look: Look) -> String {
    let finding = &judged.finding;
    let commit = judged.commit.as_ref().map(|id| format!("{id:.12} ")).unwrap_or_default();
    let mut out = format!("{commit}{}: {}\n", look.bold(&place(finding)), finding.what());
    let rank = format!("{}, {}", finding.severity.name(), finding.confidence.name());
    row(&mut out, look, "value", &format!("{}  ({rank})", finding.redacted));
    row(&mut out, look, "why", &finding.reasons.join("; "));
    for refused in &judged.refused {
        row(&mut out, look, "exception", &shown(&format!("does not count: {refused}")));
    }
    for (number, step) in take_out(finding, report, look).iter().enumerate() {
        row(&mut out, look, if number == 0 { "take out" } else { "" }, step);
    }
    if let Some(link) = &finding.rotate {
        row(&mut out, look, "rotate", &format!("if it was ever pushed or shared: {link}"));
    } else if finding.location.part != Part::Path {
        row(&mut out, look, "rotate", "if it was ever pushed or shared: replace it where it was issued");
    }
    row(&mut out, look, "rule", &format!("{} (`leakwarden rules show {}`)", finding.rule, finding.rule));
    let allowable = judged.allowable.as_ref().filter(|_| finding.location.part != Part::RefName);
    if let Some(kind) = allowable.filter(|_| report.advice.how_to_allow) {
        let in_tree = finding.location.part != Part::Message;
        let once = if in_tree { "" } else { " --once" };
        let command = format!("leakwarden allow {} --kind {} --reason '…'{once}", judged.id, shown(kind));
        let text = match report.subject {
            Subject::Range | Subject::Push | Subject::Branch => {
                format!("amend the commit that adds it, with: {command}")
            }
            _ => command,
        };
        row(&mut out, look, "no secret?", &text);
    }
    out
}

fn place(finding: &Finding) -> String {
    let at = &finding.location;
    match at.part {
        Part::Content => format!("{}:{}:{}", escape(&at.path), at.line, at.column),
        Part::Path => format!("{} (the file's name)", escape(&at.path)),
        Part::LinkTarget => format!("{} (the link's target)", escape(&at.path)),
        Part::Message if at.path == TAG_MESSAGE => format!("tag message, line {}", at.line),
        Part::Message => format!("commit message, line {}", at.line),
        Part::RefName => "the name of the branch or tag".to_owned(),
    }
}

/// What to do, as commands that can be copied.
fn take_out(finding: &Finding, report: &Report, look: Look) -> Vec<String> {
    let path = look.path(&finding.location.path);
    let unstage = if report.first_commit {
        format!("git rm --cached -- {path}")
    } else {
        format!("git restore --staged -- {path}")
    };
    match (finding.location.part, report.subject) {
        (_, Subject::Range) => vec![
            "rotate it first; then take it out of the commits before they are merged: git rebase -i COMMIT^".to_owned(),
        ],
        (Part::RefName, _) => vec!["rename it: git branch -m NEW, or git tag NEW OLD and git tag -d OLD".to_owned()],
        (Part::Message, Subject::Push) if finding.location.path == TAG_MESSAGE => {
            vec!["write it without: git tag -f -a TAG".to_owned()]
        }
        (_, Subject::Push | Subject::Branch) => vec![
            "before it leaves. In the last commit: take it out, then git commit -a --amend --no-edit".to_owned(),
            "further back: git commit --fixup=COMMIT, then git rebase -i --autosquash COMMIT~1 (of the first \
             commit: --root)"
                .to_owned(),
        ],
        (Part::Message, _) => vec![
            "edit the message and commit again: git commit -e -F \"$(git rev-parse --git-path COMMIT_EDITMSG)\""
                .to_owned(),
        ],
        (Part::Path, Subject::Files | Subject::Tree) => vec!["move the file away, or rename it".to_owned()],
        (Part::Path, _) => vec!["rename the file or leave it out: git rm --cached -r -- the path above".to_owned()],
        (_, Subject::Files | Subject::Tree) => {
            vec!["read it from the environment or a secret store instead".to_owned()]
        }
        _ => vec![
            format!("read it from the environment or a secret store instead, then: git add -- {path}"),
            format!("or leave the file out of this commit: {unstage}"),
        ],
    }
}

/// A path as one word of a POSIX shell; control characters in `$'…'` form.
pub fn shell_quote(path: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._/+@%".contains(b);
    let shown = escape(path);
    if path.iter().all(plain) && !path.is_empty() {
        return shown;
    }
    if shown.as_bytes() == path && !path.contains(&b'\\') {
        return format!("'{}'", shown.replace('\'', "'\\''"));
    }
    let mut out = String::from("$'");
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' | '\\' => out.extend(['\\', character]),
                // Several of them can be a command for a CI service's log.
                '#' => out.push_str("\\x23"),
                c if escape(c.to_string().as_bytes()).len() == c.len_utf8() => out.push(c),
                c => c.to_string().bytes().for_each(|b| out.push_str(&format!("\\x{b:02x}"))),
            }
        }
        chunk.invalid().iter().for_each(|b| out.push_str(&format!("\\x{b:02x}")));
    }
    out.push('\'');
    out
}

/// A label and a text, wrapped at the terminal's width under itself.
fn row(out: &mut String, look: Look, label: &str, text: &str) {
    const INDENT: usize = 14;
    let room = look.width.map(|w| w.saturating_sub(INDENT).max(20));
    let mut first = true;
    for line in wrap(text, room) {
        let head = if first { label } else { "" };
        out.push_str(&format!("  {} {line}\n", look.faint(&format!("{head:<11}"))));
        first = false;
    }
}

/// Breaks at spaces; a word longer than the room stays whole, so that links and commands can be copied.
fn wrap(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(shell_quote(b"src/a.rs"), "src/a.rs");
        assert_eq!(shell_quote(b"my file"), "'my file'");
        assert_eq!(shell_quote(b"it's"), "'it'\\''s'");
        assert_eq!(shell_quote(b"a\nb"), "$'a\\x0ab'");
        assert_eq!(shell_quote("\u{202e}x".as_bytes()), "$'\\xe2\\x80\\xaex'");
        assert_eq!(shell_quote(b"\xff"), "$'\\xff'");
        assert_eq!(shell_quote(b"##[x]"), "$'\\x23\\x23[x]'");
    }

    #[test]
    fn long_text_is_wrapped_at_spaces() {
        assert_eq!(wrap("aa bb cc", Some(5)), ["aa bb", "cc"]);
        assert_eq!(wrap("aa bb cc", None), ["aa bb cc"]);
    }
}
