//! The parts of the page below its first numbers: charts, and a table for each question.

use std::collections::BTreeMap;

use super::{chart, escaped, text};
use crate::ledger::summary::{Exceptions, Exposures, Repository, Rule, Summary, Times};
use crate::ledger::text::{SOON, day, share, span};

/// Rows of a table; the rest is counted, so that the page of a large ledger still opens.
const MOST_ROWS: usize = 200;

/// All of them, in the order in which somebody acts on them.
pub fn all(summary: &Summary, rotate: &BTreeMap<String, String>) -> String {
    let mut out = open(&summary.exposures, rotate);
    out.push_str(&weeks(summary));
    out.push_str(&commits(summary));
    out.push_str(&repositories(&summary.repositories));
    out.push_str(&exceptions(&summary.exceptions));
    out.push_str(&closed(&summary.exposures));
    out.push_str(&rules(&summary.rules, rotate));
    out
}

/// A table: what it is called, its columns (a name that begins with `#` is one of numbers, with `@` one of
/// long texts), its rows of finished HTML. The first cell of a row names it.
struct Table<'t> {
    id: &'t str,
    caption: String,
    columns: &'t [&'t str],
    rows: Vec<Vec<String>>,
    none: &'t str,
}

impl Table<'_> {
    fn html(&self) -> String {
        if self.rows.is_empty() {
            return format!("<p class=\"none\">{}</p>\n", self.none);
        }
        let class = |place: usize| match self.columns[place].as_bytes().first() {
            Some(b'#') => " class=\"n\"",
            Some(b'@') => " class=\"t\"",
            _ => "",
        };
        // A wide table scrolls by itself, also with the keyboard.
        let mut out = format!(
            "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}-c\">\n\
             <table>\n<caption id=\"{id}-c\">{}</caption>\n<thead><tr>",
            self.caption,
            id = self.id
        );
        for (place, name) in self.columns.iter().enumerate() {
            out.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(place), name.trim_start_matches(['#', '@'])));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in self.rows.iter().take(MOST_ROWS) {
            out.push_str("<tr>");
            for (place, cell) in row.iter().enumerate() {
                match place {
                    0 => out.push_str(&format!("<th scope=\"row\"{}>{cell}</th>", class(place))),
                    _ => out.push_str(&format!("<td{}>{cell}</td>", class(place))),
                }
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
        let more = self.rows.len().saturating_sub(MOST_ROWS);
        if more > 0 {
            out.push_str(&format!("<p>And {more} more, which <code>--json</code> lists.</p>\n"));
        }
        out
    }
}

fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section aria-labelledby=\"h-{id}\">\n<h2 id=\"h-{id}\">{title}</h2>\n{body}</section>\n")
}

/// A rule with the place where its credentials are replaced.
fn rule(id: &str, rotate: &BTreeMap<String, String>) -> String {
    let link = rotate.get(id).filter(|url| url.starts_with("https://"));
    let link = link.map(|url| {
        let label = escaped(&format!("Rotate a credential of {id}"));
        format!(" <a href=\"{}\" rel=\"noopener noreferrer\" aria-label=\"{label}\">rotate</a>", escaped(url))
    });
    format!("<code>{}</code>{}", escaped(id), link.unwrap_or_default())
}

/// A person: name and address apart, so that a name which runs from right to left leaves the address alone.
fn person(who: &str) -> String {
    match who.rsplit_once(" <").and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?))) {
        Some((name, address)) if !name.is_empty() => {
            format!("{}<span class=\"sub\">{}</span>", text(name), text(address))
        }
        _ if who.is_empty() => "<em>unknown</em>".to_owned(),
        _ => text(who),
    }
}

fn open(exposures: &Exposures, rotate: &BTreeMap<String, String>) -> String {
    let rows = exposures.open.iter().map(|own| {
        let severity = own.severity.map_or("–", |severity| severity.name());
        let owner = own.owner.as_deref().or(own.who.as_deref()).map_or_else(|| "<em>nobody</em>".to_owned(), person);
        let again = if own.reopened { " (again)" } else { "" };
        vec![
            format!("<code>{}</code>", escaped(&own.id)),
            format!("<span class=\"d\">{}</span> ({}){again}", escaped(day(&own.since)), span(own.open_seconds)),
            severity.to_owned(),
            rule(&own.rule, rotate),
            format!(
                "{}<span class=\"sub\">{}</span>",
                text(&format!("{}:{}", own.path, own.line)),
                text(&own.repository)
            ),
            owner,
            own.who.as_deref().map_or_else(|| "–".to_owned(), person),
        ]
    });
    let table = Table {
        id: "open",
        caption: "Open exposures, the oldest first".to_owned(),
        columns: &["Exposure", "Open since", "Severity", "Rule", "@Where", "@Owner", "@Committed by"],
        rows: rows.collect(),
        none: "No exposure is open.",
    };
    section("open", "Open exposures", &table.html())
}

fn weeks(summary: &Summary) -> String {
    let rows = summary.weeks.iter().rev().map(|week| {
        let number = |number: u64| number.to_string();
        vec![escaped(&week.monday), number(week.blocked), number(week.skipped), number(week.excepted)]
    });
    let table = Table {
        id: "weeks",
        caption: "Events by week, the latest first; weeks begin on Monday".to_owned(),
        columns: &["Week of", "#Blocked", "#Skipped", "#Excepted"],
        rows: rows.collect(),
        none: "There are no weeks in this time.",
    };
    let body = format!(
        "<div class=\"chart\">\n{}</div>\n<details>\n<summary>The same as a table</summary>\n{}</details>\n",
        chart::weeks(&summary.weeks),
        table.html()
    );
    section("weeks", "Week by week", &body)
}

/// A bar of parts with its legend, which names the parts in the bar's order; each has its colour's number.
fn parts(id: &str, title: &str, parts: &[(&str, u64, u8)]) -> String {
    let mut out = format!("<figure>\n{}<figcaption><ul class=\"legend\">\n", chart::parts(id, title, parts));
    for (name, number, color) in parts {
        out.push_str(&format!("<li><span class=\"key k{color}\"></span>{name}: <strong>{number}</strong></li>\n"));
    }
    out + "</ul></figcaption>\n</figure>\n"
}

fn commits(summary: &Summary) -> String {
    let commits = &summary.commits;
    if commits.all() == 0 {
        return section("commits", "Commits", "<p class=\"none\">No commits were counted in this time.</p>\n");
    }
    let tally = commits.tally;
    let mut body = parts(
        "commits",
        "Commits by scan",
        &[
            ("Scanned", tally.scanned, 0),
            ("Not scanned, clean", tally.unscanned, 1),
            ("Skipped, with a finding", tally.skipped, 2),
        ],
    );
    body.push_str(&by(
        "how",
        "Commits that skipped the scan, by how",
        "How",
        &summary.skipped_how,
        "No commit skipped the scan.",
    ));
    section("commits", "Commits", &body)
}

fn repositories(all: &[Repository]) -> String {
    let rows = all.iter().map(|own| {
        let commits = &own.commits;
        vec![
            format!("{}<span class=\"sub\">clone {}</span>", text(&own.path), text(&own.clone)),
            share(commits.skipped_share),
            commits.tally.skipped.to_string(),
            commits.tally.unscanned.to_string(),
            commits.all().to_string(),
            own.blocked.to_string(),
            own.excepted.to_string(),
            own.open.to_string(),
        ]
    });
    let table = Table {
        id: "repositories",
        caption: "Repositories by share of commits that skipped the scan".to_owned(),
        columns: &[
            "Repository",
            "#Share skipped",
            "#Skipped",
            "#Not scanned",
            "#Commits",
            "#Blocked",
            "#Excepted",
            "#Open",
        ],
        rows: rows.collect(),
        none: "No repository is in the records of this time.",
    };
    section("repositories", "Repositories", &table.html())
}

fn by(id: &str, caption: &str, name: &str, numbers: &BTreeMap<String, u64>, none: &str) -> String {
    let mut rows: Vec<(&String, &u64)> = numbers.iter().collect();
    rows.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let rows = rows.into_iter().map(|(name, number)| vec![person(name), number.to_string()]);
    let table = Table { id, caption: caption.to_owned(), columns: &[name, "#Number"], rows: rows.collect(), none };
    table.html()
}

fn exceptions(all: &Exceptions) -> String {
    if all.total == 0 {
        return section("exceptions", "Exceptions", "<p class=\"none\">No exception was used in this time.</p>\n");
    }
    let end = &all.by_end;
    let mut body = parts(
        "ends",
        "Exceptions by their end",
        &[
            ("Ended", end.ended, 2),
            ("Within 14 days", end.within_14_days, 3),
            ("15 to 30 days", end.within_30_days, 4),
            ("31 to 90 days", end.within_90_days, 1),
            ("Later", end.later, 0),
            ("No end recorded", end.no_end, 5),
        ],
    );
    let soon = all.list.iter().filter(|own| own.days.is_some_and(|days| days <= SOON));
    let rows = soon.map(|own| {
        let left = match own.days {
            Some(days @ ..0) => format!("ended {} days ago", -days),
            Some(0) => "ends today".to_owned(),
            Some(days) => format!("in {days} days"),
            None => String::new(),
        };
        vec![
            format!("<code>{}</code>", escaped(&own.id)),
            format!(
                "<span class=\"d\">{}</span><span class=\"sub\">{left}</span>",
                escaped(own.expires.as_deref().unwrap_or_default())
            ),
            text(&own.kind),
            format!("<code>{}</code>", escaped(&own.rule)),
            format!("{}<span class=\"sub\">{}</span>", text(&own.path), text(&own.repository)),
            person(&own.owner),
            text(&own.reason),
        ]
    });
    let table = Table {
        id: "soon",
        caption: format!("Exceptions that ended, or end within {SOON} days"),
        columns: &["Exception", "Last day", "Kind", "Rule", "@Where", "@Owner", "@Reason"],
        rows: rows.collect(),
        none: "None ended, and none ends within 30 days.",
    };
    body.push_str(&table.html());
    body.push_str("<div class=\"pair\">\n<div>\n");
    body.push_str(&by("kinds", "Exceptions by kind", "Kind", &all.by_kind, ""));
    body.push_str("</div>\n<div>\n");
    body.push_str(&by("owners", "Exceptions by owner", "Owner", &all.by_owner, ""));
    body.push_str("</div>\n</div>\n");
    section("exceptions", "Exceptions", &body)
}

fn closed(exposures: &Exposures) -> String {
    let row = |name: String, times: &Times| {
        let time = |seconds: Option<i64>| seconds.map_or_else(|| "–".to_owned(), span);
        vec![name, times.count.to_string(), time(times.median_seconds), time(times.longest_seconds)]
    };
    let mut rows: Vec<Vec<String>> = exposures.closed_how.iter().map(|(how, times)| row(text(how), times)).collect();
    if !rows.is_empty() {
        rows.push(row("all".to_owned(), &exposures.closed));
    }
    let table = Table {
        id: "closed",
        caption: "Exposures that were closed, and how long they were open; <code>revoked</code> is the time to rotate"
            .to_owned(),
        columns: &["How", "#Number", "#Median", "#Longest"],
        rows,
        none: "No exposure was closed in this time.",
    };
    let opened = format!(
        "<p>{} opened, {} opened again, {} closed in this time.</p>\n",
        exposures.opened, exposures.reopened, exposures.closed.count
    );
    section("closed", "Closed exposures", &(opened + &table.html()))
}

fn rules(all: &[Rule], rotate: &BTreeMap<String, String>) -> String {
    let rows = all.iter().map(|own| {
        vec![
            rule(&own.rule, rotate),
            own.severity.name().to_owned(),
            own.credentials.to_string(),
            own.blocked.to_string(),
            own.skipped.to_string(),
            own.excepted.to_string(),
            own.open.to_string(),
        ]
    });
    let table = Table {
        id: "rules",
        caption: "Rules by findings; every try counts, values are different credentials".to_owned(),
        columns: &["Rule", "Severity", "#Values", "#Blocked", "#Skipped", "#Excepted", "#Open"],
        rows: rows.collect(),
        none: "No rule found anything in this time.",
    };
    section("rules", "Rules", &table.html())
}
