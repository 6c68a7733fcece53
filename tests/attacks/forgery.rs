//! Exceptions that are forged, moved, replayed, back-dated, or meant for another secret.

use anyhow::{Result, ensure};

use crate::kit::except::FILE;
use crate::kit::{Sandbox, in_repository, line, plant};
use crate::{sound, staged, stopped};

/// A repository in which one secret is excepted, and the text of the exceptions file.
fn excepted(s: &Sandbox, seed: &str) -> Result<String> {
    staged(s, seed)?;
    s.allow(&s.only_id()?, &[])?.ok()?;
    s.commit("")?.clean()?;
    s.exceptions()
}

fn field(text: &str, name: &str) -> String {
    text.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap_or_default().to_owned()
}

#[test]
fn an_entry_speaks_of_one_path_one_rule_and_one_secret() -> Result<()> {
    in_repository(|s| {
        let good = excepted(s, "one")?;
        // Another path, with an entry that was made to look right.
        s.write("b.py", line(&plant::github("one")))?;
        s.write(FILE, good.replace("path = \"a.py\"", "path = \"b.py\""))?;
        s.git("add -A")?;
        stopped(s, "an entry for another path")?.blocked_at("b.py:1:")?;
        let copy = good[good.find("[[exception]]").unwrap_or(0)..].replace("path = \"a.py\"", "path = \"b.py\"");
        let id = field(&good, "id");
        s.write(FILE, format!("{good}\n{}", copy.replace(&id, "id = \"zzzzzzzz\"")))?;
        s.git("add -A")?;
        stopped(s, "a copy for another path")?;
        s.write(FILE, format!("{good}\n{copy}"))?;
        s.git("add -A")?;
        stopped(s, "a copy with the same id")?;
        // The same place, another secret; the same secret, found by another rule's name.
        s.git("rm -q -f --cached b.py")?;
        std::fs::remove_file(s.path("b.py"))?;
        s.write(FILE, &good)?;
        s.write("a.py", line(&plant::github("two")))?;
        s.git("add -A")?;
        stopped(s, "another secret")?.blocked_at("a.py:1:")?;
        s.write("a.py", format!("\n\n{}", line(&plant::github("one")).replace(" = ", "  = ")))?;
        s.write(FILE, good.replace("rule = \"github-personal-token\"", "rule = \"github-oauth-token\""))?;
        s.git("add -A")?;
        stopped(s, "another rule")?.blocked_at("a.py:3:").map(drop)
    })
}

#[test]
fn an_entry_of_another_repository_says_nothing_here() -> Result<()> {
    in_repository(|s| {
        let text = excepted(s, "abroad")?;
        let foreign = text.replace(&field(&text, "repo_id"), "repo_id = \"0123456789abcdefghjkmnpqrs\"");
        s.write("a.py", format!("\n{}", line(&plant::github("abroad")).replace(" = ", "  = ")))?;
        s.write(FILE, foreign)?;
        s.git("add -A")?;
        stopped(s, "another repository's file")?.blocked_at("a.py:2:").map(drop)
    })
}

#[test]
fn dates_and_kinds_are_believed_within_limits() -> Result<()> {
    in_repository(|s| {
        staged(s, "dates")?;
        s.allow(&s.only_id()?, &["--kind", "fix-later"])?.ok()?;
        let good = s.exceptions()?;
        let created = field(&good, "created");
        let expires = field(&good, "expires");
        for (what, from, to) in [
            ("from the future", &created, "created = \"2999-01-01\"".to_owned()),
            (
                "for ever, from long ago",
                &created,
                "created = \"2001-01-01\"\nexpires = \"9999-12-31\"\nticket = \"x\"".to_owned(),
            ),
            ("ended", &expires, "expires = \"2001-01-01\"".to_owned()),
            ("no date", &expires, "expires = \"never\"".to_owned()),
            ("a date beyond all", &expires, "expires = \"99999-01-01\"".to_owned()),
            ("no end", &expires, String::new()),
            ("a kind that is none", &field(&good, "kind"), "kind = \"approved\"".to_owned()),
            ("an approval from nowhere", &expires, format!("{expires}\napproved_by = \"boss\"")),
        ] {
            let text = good.replace(from.as_str(), &to);
            let text = if to.contains("9999-12-31") { text.replace(&format!("\n{expires}"), "") } else { text };
            s.write(FILE, text)?;
            s.git("add -A")?;
            stopped(s, what)?;
        }
        // A kind that lasts longer, by hand: policy's order about the kind counts.
        s.write(FILE, good.replace("kind = \"fix-later\"", "kind = \"test-value\""))?;
        s.write(".leakwarden.toml", "[exceptions.kinds.test-value]\noff = true\n")?;
        s.git("add -A")?;
        stopped(s, "an edited kind").map(drop)
    })
}

#[test]
fn a_trailer_speaks_of_one_finding() -> Result<()> {
    in_repository(|s| {
        staged(s, "trailer")?;
        let id = s.only_id()?;
        let trailer = |id: &str| format!("x\n\nLeakwarden-Allow: {id} test-value: made for this scenario");
        // Replayed by another commit: another secret, another path, an abbreviated id, no id.
        s.git("tag start")?;
        for (what, path, seed, id) in [
            ("another secret", "a.py", "other", id.as_str()),
            ("another path", "b.py", "trailer", id.as_str()),
            ("an abbreviated id", "a.py", "trailer", &id[..4]),
            ("everything", "a.py", "trailer", "*"),
        ] {
            s.git("reset -q --hard start")?;
            s.write(path, line(&plant::github(seed)))?;
            s.commit_unchecked(&trailer(id))?;
            let outcome = s.verify("start..HEAD")?;
            sound(&outcome)?;
            ensure!(outcome.code == Some(1), "{what}: {}", outcome.stderr);
        }
        s.git("reset -q --hard start")?;
        s.write("a.py", line(&plant::github("trailer")))?;
        s.commit_unchecked(&trailer(&id))?;
        s.verify("start..HEAD")?.ok().map(drop)
    })
}
