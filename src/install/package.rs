//! The key `simple-git-hooks` of a `package.json`, changed as text: order, indentation and everything
//! else of the file stay.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use super::lines::one_line;
use super::shim::{self, Hears};

const KEY: &str = "simple-git-hooks";

/// A member of an object: where its key and its value stand.
struct Member {
    key: String,
    start: usize,
    value: Range<usize>,
}

/// The members to add, one a line.
pub(super) fn members(hooks: &[&str]) -> String {
    let lines: Vec<String> = hooks.iter().map(|hook| format!("{}: {}", json(hook), json(&one_line(hook)))).collect();
    lines.join(",\n") + "\n"
}

/// The text with the calls for these hooks.
///
/// # Errors
/// Where the file is no JSON, has no such key, or a hook of it reads standard input.
pub(super) fn with(text: &str, hooks: &[&str]) -> Result<String> {
    let mut text = text.to_owned();
    for hook in hooks {
        let (object, members) = configured(&text)?;
        let ours = one_line(hook);
        if let Some(member) = members.iter().find(|member| member.key == *hook) {
            let said: String = serde_json::from_str(&text[member.value.clone()])
                .with_context(|| format!("`{hook}` is no text; add the call by hand"))?;
            if said == ours || said.starts_with(&format!("{ours}; ")) {
                continue;
            }
            if shim::hears(hook) == Hears::Input {
                bail!("`{hook}` reads standard input, which two commands cannot share; add the call by hand");
            }
            text.replace_range(member.value.clone(), &json(&format!("{ours}; {said}")));
        } else {
            let first = members.first().context("the key is empty; add the calls by hand")?;
            let between = text[object.start + 1..first.start].to_owned();
            let own = format!("{between}{}: {},", json(hook), json(&ours));
            text.insert_str(object.start + 1, &own);
        }
    }
    Ok(text)
}

/// The text without the calls.
///
/// # Errors
/// Where the file is no JSON or has no such key.
pub(super) fn without(text: &str) -> Result<String> {
    let mut text = text.to_owned();
    for hook in shim::all() {
        let ours = one_line(hook);
        let (object, members) = configured(&text)?;
        let Some(at) = members.iter().position(|member| member.key == hook) else { continue };
        let member = &members[at];
        let Ok(said) = serde_json::from_str::<String>(&text[member.value.clone()]) else { continue };
        if let Some(rest) = said.strip_prefix(&format!("{ours}; ")) {
            text.replace_range(member.value.clone(), &json(rest));
        } else if said == ours {
            // From the end of what stands before it to its own end, with one comma.
            let range = match (at.checked_sub(1).map(|before| &members[before]), members.get(at + 1)) {
                (_, Some(next)) => member.start..next.start,
                (Some(before), None) => before.value.end..member.value.end,
                (None, None) => object.start + 1..object.end - 1,
            };
            text.replace_range(range, "");
        }
    }
    Ok(text)
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where the value of the key stands, and its members.
fn configured(text: &str) -> Result<(Range<usize>, Vec<Member>)> {
    serde_json::from_str::<serde_json::Value>(text).context("it is no JSON")?;
    let start = text.find('{').context("it is no JSON object")?;
    let own = members_of(text, start).into_iter().find(|member| member.key == KEY);
    let own = own.with_context(|| format!("it has no `{KEY}`"))?.value;
    if !text[own.clone()].starts_with('{') {
        bail!("its `{KEY}` is no object");
    }
    let members = members_of(text, own.start);
    Ok((own, members))
}

/// The members of the object that begins at `start`, of a text that is known to be JSON.
fn members_of(text: &str, start: usize) -> Vec<Member> {
    let mut members = Vec::new();
    let mut at = start + 1;
    loop {
        at = past(text, at, |c| c.is_ascii_whitespace() || c == b',');
        if text.as_bytes().get(at) != Some(&b'"') {
            return members;
        }
        let key = at..value_end(text, at);
        let value = past(text, key.end, |c| c.is_ascii_whitespace() || c == b':');
        at = value_end(text, value);
        let key_text = serde_json::from_str(&text[key.clone()]).unwrap_or_default();
        members.push(Member { key: key_text, start: key.start, value: value..at });
    }
}

fn past(text: &str, from: usize, skipped: impl Fn(u8) -> bool) -> usize {
    text.as_bytes()[from..].iter().position(|&c| !skipped(c)).map_or(text.len(), |more| from + more)
}

/// Where the value that begins at `start` ends.
fn value_end(text: &str, start: usize) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in text.bytes().enumerate().skip(start) {
        if quoted {
            (quoted, escaped) = (escaped || c != b'"', c == b'\\' && !escaped);
            if !quoted && depth == 0 {
                return at + 1;
            }
            continue;
        }
        match c {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            // A number or a word ends where its object goes on.
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_again() {
        for text in [
            "{\n    \"name\": \"x\\\"{\",\n    \"simple-git-hooks\": {\n        \"pre-commit\": \"npx \\\"a\\\"\",\n        \"verbose\": true\n    },\n    \"z\": [1, {}]\n}\n",
            "{\"simple-git-hooks\":{\"preserveUnused\":[\"pre-push\"]}}",
        ] {
            let hooks = ["pre-commit", "commit-msg", "pre-push"];
            let changed = with(text, &hooks).expect("changed");
            let read: serde_json::Value = serde_json::from_str(&changed).expect("JSON");
            for hook in hooks {
                let said = read[KEY][hook].as_str().expect("a command");
                assert!(said.starts_with(&one_line(hook)), "{said}");
            }
            assert_eq!(with(&changed, &hooks).expect("again"), changed);
            assert_eq!(without(&changed).expect("undone"), text);
        }
    }

    #[test]
    fn what_cannot_be_done_safely_is_refused() {
        for text in ["{}", "{\"simple-git-hooks\": \"x\"}", "{\"simple-git-hooks\": {\"pre-push\": \"x\"}}", "{//\n}"] {
            with(text, &["pre-push"]).expect_err(text);
        }
    }
}
