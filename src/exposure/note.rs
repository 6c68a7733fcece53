//! Everything about one exposure as Markdown, fit for a ticket. Pure.

use super::steps::Step;
use super::{Exposure, Status};
use crate::finding::escape;
use crate::git::holders::Where;

/// The note. `at` is `None` where this is not the clone that it was found in.
pub fn render(own: &Exposure, at: Option<&Where>, pushed: bool, steps: &[Step]) -> String {
    let mut out = format!("# Exposed credential {}: {}\n\n", own.id, text(&own.what()));
    let mut row = |name: &str, value: String| out.push_str(&format!("- **{name}:** {value}\n"));
    row(
        "What",
        format!(
            "{} {}, severity {}, rule {}",
            text(&own.what()),
            code(&own.redacted),
            own.severity.name(),
            code(&own.rule)
        ),
    );
    row("Status", own.status.name().to_owned());
    row("Opened", own.opened.clone());
    row("Cause", own.cause.told().to_owned());
    row("Repository", format!("{} (clone {})", code(&own.repository), own.clone));
    row("Owner", text(own.owner()));
    row("Author of the commit", text(&own.author));
    row(
        "Pushed",
        if pushed {
            "yes"
        } else if at.is_some() {
            "no, as far as this clone knows"
        } else {
            "not looked at"
        }
        .to_owned(),
    );
    if let Some(link) = &own.rotate {
        row("Replaced at", url(link));
    }
    out.push_str("\n## Where it was found\n\n");
    for site in &own.sites {
        out.push_str(&format!(
            "- commit {}, {}\n",
            code(short(&site.commit)),
            place(&site.part, &site.path, site.line)
        ));
    }
    if own.more_sites {
        out.push_str("- and more places\n");
    }
    out.push_str("\n## Where it is now\n\n");
    match at {
        None => out.push_str("Not looked at: this is another clone.\n"),
        Some(at) => now(&mut out, at),
    }
    out.push_str("\n## Timeline\n\n");
    for event in &own.events {
        let more = if event.text.is_empty() { String::new() } else { format!(": {}", text(&event.text)) };
        out.push_str(&format!("- {} {} by {}{more}\n", event.when, event.what, text(&event.by)));
    }
    out.push_str("\n## What was done\n\n");
    match &own.closed {
        Some(closed) => {
            let (by, evidence) = (text(&closed.by), text(&closed.evidence));
            out.push_str(&format!("{} on {} by {by}: {evidence}\n", closed.how.name(), closed.when));
        }
        None => out.push_str("Nothing is recorded yet.\n"),
    }
    if own.status == Status::Open {
        out.push_str("\n## What remains\n\n");
        for (number, step) in steps.iter().enumerate() {
            out.push_str(&format!("{}. {}\n", number + 1, text(&step.text)));
            if !step.commands.is_empty() {
                // Indented by more than the number: a block of code inside the item.
                out.push('\n');
                step.commands.iter().for_each(|line| out.push_str(&format!("        {}\n", escape(line.as_bytes()))));
                out.push('\n');
            }
        }
    }
    out
}

fn now(out: &mut String, at: &Where) {
    let lists = [
        ("branches", &at.branches),
        ("tags", &at.tags),
        ("remote branches", &at.remotes),
        ("stashes", &at.stashes),
        ("other refs", &at.others),
        ("reflog entries", &at.reflog),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            let names: Vec<String> = list.iter().take(20).map(|name| code(name)).collect();
            let more = if list.len() > 20 { format!(" and {} more", list.len() - 20) } else { String::new() };
            out.push_str(&format!("- {name}: {}{more}\n", names.join(", ")));
        }
    }
    if !at.held() && at.reflog.is_empty() {
        out.push_str("- no branch, tag, remote, stash or reflog entry of this clone holds it\n");
    }
    at.gaps.iter().take(20).for_each(|gap| out.push_str(&format!("- not all was looked at: {}\n", text(gap))));
}

/// A place in words, for Markdown.
fn place(part: &str, path: &str, line: u32) -> String {
    match part {
        "message" => format!("its message, line {line}"),
        "path" => format!("the name of {}", code(path)),
        "link-target" => format!("the target of the link {}", code(path)),
        _ => format!("{} line {line}", code(path)),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Text that means itself in Markdown: what could be markup inside a line is escaped (CommonMark 0.31,
/// section 2.4), and so is what hosts make links of: `@name`, `#1`, `https://…`.
fn text(plain: &str) -> String {
    let shown = escape(plain.as_bytes());
    let mut out = String::new();
    let mut rest = shown.chars().peekable();
    while let Some(character) = rest.next() {
        let link = character == ':' && rest.peek() == Some(&'/');
        if link || "\\`*_{}[]<>#|~&@$".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A link, where it has no character that could end it.
fn url(link: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/?=&%#:".contains(&b);
    if link.starts_with("https://") && link.bytes().all(plain) { format!("<{link}>") } else { text(link) }
}

/// A word as code: in a fence longer than any run of backticks in it.
fn code(plain: &str) -> String {
    let shown = escape(plain.as_bytes());
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_what_people_said_is_markup() {
        assert_eq!(text("a <b> [x](y) @me *z*"), "a \\<b\\> \\[x\\](y) \\@me \\*z\\*");
        assert_eq!(text("a\n# b\u{1b}"), "a\\\\x0a\\# b\\\\x1b");
        assert_eq!(text("see: https://x"), "see: https\\://x");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b\n"), "`a|b\\x0a`");
    }
}
