//! `exposures show`: one in full, for people, for a ticket, and for programs.

use serde_json::{Value, json};

use super::{Desk, document, pushed};
use crate::cli::case::Failure;
use crate::exposure::steps::{Step, steps};
use crate::exposure::{Exposure, Site, Status, note};
use crate::finding::{Part, escape, lossy};
use crate::git::holders::Where;

/// Names of one kind that are told to people; JSON has all.
const MOST: usize = 10;

pub(super) fn show(id: &str, as_note: bool, as_json: bool) -> Result<String, Failure> {
    let desk = Desk::open()?;
    let own = desk.named(id)?;
    let at = desk.look(&own)?;
    let pushed = pushed(&own, at.as_ref());
    let nowhere = Where::default();
    let steps = match own.status {
        Status::Open => steps(&own, at.as_ref().unwrap_or(&nowhere), pushed, desk.judgement.policy.contact.as_deref()),
        Status::Closed => Vec::new(),
    };
    // Elsewhere nobody knows where it is, so there is nothing to say but where to ask.
    let steps = if at.is_some() || pushed { steps } else { Vec::new() };
    if as_note {
        return Ok(note::render(&own, at.as_ref(), pushed, &steps));
    }
    if as_json {
        let steps: Vec<Value> = steps.iter().map(|own| json!({"text": own.text, "commands": own.commands})).collect();
        let known = at.is_some() || pushed;
        return Ok(document(&json!({
            "version": 1,
            "exposure": value(&own, &desk),
            "pushed": known.then_some(pushed),
            "where": at.as_ref().map(now),
            "steps": steps,
        })));
    }
    Ok(text(&own, at.as_ref(), pushed, &steps))
}

/// An exposure as JSON: the fields of its file without the pseudonym, which is the machine's own.
pub(super) fn value(own: &Exposure, desk: &Desk) -> Value {
    json!({
        "id": own.id,
        "status": own.status.name(),
        "here": desk.is_here(own),
        "clone": own.clone,
        "repository": own.repository,
        "rule": own.rule,
        "provider": own.provider,
        "what": own.what(),
        "severity": own.severity.name(),
        "redacted": own.redacted,
        "rotate": own.rotate,
        "cause": own.cause.name(),
        "opened": own.opened,
        "reopened": own.reopened,
        "author": own.author,
        "owner": own.owner(),
        "sites": own.sites,
        "more_sites": own.more_sites,
        "closed": own.closed,
        "events": own.events,
    })
}

/// Where it is, as JSON.
fn now(at: &Where) -> Value {
    let brought: Vec<Value> = at
        .brought
        .iter()
        .map(|own| {
            let path = (own.part != Part::Message).then(|| lossy(&own.path));
            json!({"commit": own.commit, "author": own.author, "path": path, "part": own.part.name()})
        })
        .collect();
    json!({
        "commits": brought,
        "branches": at.branches,
        "tags": at.tags,
        "remotes": at.remotes,
        "stashes": at.stashes,
        "others": at.others,
        "reflog": at.reflog,
        "paths_in_head": at.head.iter().flat_map(|head| &head.paths).map(|path| lossy(path)).collect::<Vec<_>>(),
        "not_looked_at": at.gaps,
    })
}

/// Commit and place of a site, short.
pub(super) fn place(site: &Site) -> String {
    let commit = site.commit.get(..12).unwrap_or(&site.commit);
    match site.part.as_str() {
        "message" => format!("{commit} commit message, line {}", site.line),
        "path" => format!("{commit} {} (the file's name)", site.path),
        "link-target" => format!("{commit} {} (the link's target)", site.path),
        _ => format!("{commit} {}:{}", site.path, site.line),
    }
}

fn text(own: &Exposure, at: Option<&Where>, pushed: bool, steps: &[Step]) -> String {
    let mut out = format!("exposure {}: {}\n", own.id, escape(own.what().as_bytes()));
    let mut row = |name: &str, text: &str| out.push_str(&format!("  {name:<10}  {}\n", escape(text.as_bytes())));
    row("status", own.status.name());
    row("value", &format!("{}  ({})", own.redacted, own.severity.name()));
    row("rule", &own.rule);
    row("cause", own.cause.told());
    row("opened", &own.opened);
    if own.reopened > 0 {
        row("reopened", &format!("{} times", own.reopened));
    }
    row("author", &own.author);
    row("owner", own.owner());
    row("repository", &own.repository);
    for (number, site) in own.sites.iter().take(MOST).enumerate() {
        row(if number == 0 { "found in" } else { "" }, &place(site));
    }
    if own.more_sites || own.sites.len() > MOST {
        row("", "… and more (`--json` lists them)");
    }
    if let Some(closed) = &own.closed {
        row("closed", &format!("{} on {} by {}: {}", closed.how.name(), closed.when, closed.by, closed.evidence));
    }
    match at {
        Some(at) => {
            row("pushed", if pushed { "yes" } else { "no, as far as this clone knows" });
            let bringing: Vec<String> = at.brought.iter().map(|own| own.commit.chars().take(12).collect()).collect();
            let lists = [
                ("commits", &bringing),
                ("branches", &at.branches),
                ("tags", &at.tags),
                ("remotes", &at.remotes),
                ("stashes", &at.stashes),
                ("other refs", &at.others),
                ("reflog", &at.reflog),
            ];
            for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
                row(name, &some(list));
            }
            if !at.held() {
                row("now", "no branch, tag, remote or stash of this clone holds it");
            }
            at.gaps.iter().take(MOST).for_each(|gap| row("unknown", gap));
        }
        None => row("now", "this is another clone; ask in that repository"),
    }
    if !steps.is_empty() {
        out.push_str("\nWhat to do, in this order:\n");
    }
    for (number, step) in steps.iter().enumerate() {
        out.push_str(&format!("{:>3}. {}\n", number + 1, escape(step.text.as_bytes())));
        step.commands.iter().for_each(|line| out.push_str(&format!("       {}\n", escape(line.as_bytes()))));
    }
    out
}

fn some(list: &[String]) -> String {
    let mut names: Vec<&str> = Vec::new();
    list.iter().for_each(|name| {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    });
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    names.truncate(MOST);
    names.join(", ") + &more
}
