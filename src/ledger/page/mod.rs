//! The numbers of a report as one page of HTML that needs nothing else: no script, no font, no picture
//! from anywhere. Its own policy forbids the browser to fetch any, whatever a record says.
//!
//! All that records say passes [`escaped`].

mod chart;
mod sections;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::summary::Summary;
use super::text::{day, share, span};
use crate::finding::escape;

const STYLE: &str = include_str!("style.css");

/// The page. `rotate` says for each rule where its credentials are replaced; only `https` is linked.
pub fn render(summary: &Summary, rotate: &BTreeMap<String, String>) -> String {
    let from = summary.from.as_deref().map_or("the beginning", day);
    let title = format!("leakwarden: {from} to {}", day(&summary.until));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escaped(&title)
    );
    let ledger = if summary.ledger.is_empty() { "no ledger yet" } else { &summary.ledger };
    let host = if summary.host.is_empty() { String::new() } else { format!(" on {}", text(&summary.host)) };
    out.push_str(&format!(
        "<header>\n<h1>Credentials and commits</h1>\n<p>From {} to {}. Ledger {}{host}, {} records.</p>\n</header>\n<main>\n",
        escaped(from),
        escaped(day(&summary.until)),
        text(ledger),
        summary.records
    ));
    if summary.records == 0 {
        out.push_str("<p class=\"none\">The ledger has no records in this time.</p>\n");
    }
    out.push_str(&numbers(summary));
    out.push_str(&sections::all(summary, rotate));
    out.push_str("</main>\n<footer>\n");
    for note in &summary.notes {
        out.push_str(&format!("<p>Note: {}.</p>\n", text(note)));
    }
    out.push_str(&format!(
        "<p>Made by leakwarden {} from the ledger of one account on one machine. Times are in UTC. No secret is in it.</p>\n\
         </footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    ));
    out
}

/// Writes the page to a file that only its owner can read: whole, or not at all.
///
/// # Errors
/// Where the place is a folder, or cannot be written.
pub fn write(path: &Path, page: &str) -> Result<()> {
    let shown = escape(path.as_os_str().as_encoded_bytes());
    ensure!(!path.is_dir(), "{shown} is a folder; name a file in it, such as `{shown}/report.html`");
    let regular = path.symlink_metadata().map_or(true, |data| data.is_file());
    ensure!(regular, "{shown} is no regular file, and is not replaced");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".leakwarden-")
        .tempfile_in(folder)
        .with_context(|| format!("cannot write {shown}: its folder must be there and writable"))?;
    file.write_all(page.as_bytes()).with_context(|| format!("cannot write {shown}"))?;
    file.as_file().sync_all().with_context(|| format!("cannot write {shown}"))?;
    file.persist(path).with_context(|| format!("cannot put {shown} in its place"))?;
    // The name is on disk only with its folder; where folders cannot be opened, nothing more can be done.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Text for HTML, between tags and in quoted attributes. Controls and marks that reorder text are
/// spelled out first.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escape(text.as_bytes()).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Text of a record between tags: one that runs from right to left does not turn what follows.
fn text(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(text))
}

/// The few numbers that come first.
fn numbers(summary: &Summary) -> String {
    let exposures = &summary.exposures;
    let oldest = exposures.open.first().map_or_else(String::new, |own| format!("oldest {}", span(own.open_seconds)));
    let commits = &summary.commits;
    let skipped = commits.tally.skipped;
    let end = &summary.exceptions.by_end;
    let soon = end.within_14_days + end.within_30_days;
    let revoked = exposures.closed_how.get("revoked");
    let rotated = revoked.and_then(|times| times.median_seconds).map_or_else(|| "–".to_owned(), span);
    let longest = revoked.and_then(|times| times.longest_seconds);
    let mut cards = vec![
        ("Exposures open", exposures.open.len().to_string(), oldest),
        (
            "Time to rotate",
            rotated,
            longest.map_or_else(|| "none revoked".to_owned(), |longest| format!("median, longest {}", span(longest))),
        ),
        ("Commits scanned", share(commits.scanned_share), format!("of {}", commits.all())),
        ("Skipped commits", skipped.to_string(), share(commits.skipped_share)),
        ("Blocked", summary.events["blocked"].to_string(), "commits or pushes".to_owned()),
        (
            "Exceptions used",
            summary.exceptions.total.to_string(),
            format!("{soon} end in 30 days, {} ended", end.ended),
        ),
    ];
    let events = |name: &str| summary.events[name];
    let (warned, shadowed, edited) = (events("guard-warned"), events("shadowed"), events("ledger-edited"));
    // Where no guard runs there is nothing to say of it.
    if warned + shadowed + edited > 0 {
        let more =
            format!("{} silenced; hooks out of force {shadowed}, ledger edited {edited}", events("guard-silenced"));
        cards.push(("Guard warned", warned.to_string(), more));
    }
    let mut out = "<section aria-labelledby=\"h-numbers\">\n<h2 id=\"h-numbers\">In short</h2>\n<dl class=\"cards\">\n"
        .to_owned();
    for (name, number, more) in cards {
        out.push_str(&format!(
            "<div><dt>{name}</dt><dd><strong>{}</strong> <span>{}</span></dd></div>\n",
            escaped(&number),
            escaped(&more)
        ));
    }
    out + "</dl>\n</section>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_record_becomes_markup() {
        let odd = "<script>alert(1)</script>\" onload='x' & \u{202e}\u{1b}[2J\u{0}";
        let safe = escaped(odd);
        assert!(!safe.contains(['<', '>', '"', '\'', '\u{202e}', '\u{1b}', '\0']), "{safe}");
        assert!(safe.contains("&lt;script&gt;") && safe.contains("\\u{202e}") && safe.contains("&amp;"), "{safe}");
    }

    #[test]
    fn a_page_is_written_whole_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page.html");
        write(&path, "one").expect("it can be written");
        write(&path, "two").expect("it can be written again");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "two");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        }
        let error = write(folder.path(), "three").expect_err("a folder is not replaced").to_string();
        assert!(error.contains("is a folder"), "{error}");
        let error = write(&folder.path().join("no/page.html"), "four").expect_err("there is no such folder");
        assert!(error.to_string().contains("its folder must be there"), "{error:#}");
    }
}
