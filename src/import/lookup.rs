//! Which of our findings an entry of a list speaks of.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::{Sought, talisman};
use crate::finding::{Finding, Part};

const NOTHING: &str = "nothing to except: leakwarden finds nothing there";

/// What else may be asked while findings are looked up.
pub struct Sources<'a> {
    /// The content of a file as it is staged.
    pub staged: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// The findings in a commit's version of a file.
    pub then: &'a dyn Fn(&str, &str) -> Option<Vec<Finding>>,
}

/// The findings that are meant.
///
/// # Errors
/// Says why none is, or why it is not sure which.
pub fn named<'a>(
    sought: &Sought,
    findings: &'a [Finding],
    sources: &Sources<'_>,
) -> Result<Vec<&'a Finding>, &'static str> {
    let content = |own: &&Finding| own.location.part == Part::Content;
    let at = |own: &Finding, path: &str| own.location.path == path.as_bytes();
    let found: Vec<&Finding> = match sought {
        Sought::Line { path, line, commit: None } => {
            one(findings.iter().filter(content).filter(|own| at(own, path) && own.location.line == *line).collect())?
        }
        Sought::Line { path, line, commit: Some(commit) } => {
            let then =
                (sources.then)(commit, path).ok_or("this clone does not have that commit's version of the file")?;
            let meant = one(then.iter().filter(|own| own.location.line == *line).collect())?;
            let Some(meant) = meant.first() else { return Err(NOTHING) };
            let same = |own: &&Finding| at(own, path) && own.rule == meant.rule && own.secret == meant.secret;
            let now: Vec<&Finding> = findings.iter().filter(content).filter(same).collect();
            if now.is_empty() {
                return Err("nothing to except: what it speaks of is no longer in that file");
            }
            now
        }
        // Values are hashed to be compared; nothing of them is kept.
        Sought::Sha1 { path, digest } => {
            let same = |own: &&Finding| {
                let value = own.secret.expose();
                let whole: [u8; 20] = Sha1::digest(value).into();
                let head: [u8; 20] = Sha1::digest(key_head(value)).into();
                at(own, path) && [whole, head].contains(digest)
            };
            findings.iter().filter(content).filter(same).collect()
        }
        Sought::Sha256(digest) => {
            let same = |own: &&Finding| <[u8; 32]>::from(Sha256::digest(own.secret.expose())) == *digest;
            findings.iter().filter(content).filter(same).collect()
        }
        Sought::Checksum { path, digest } => {
            let named = |own: &&Finding| {
                let file = String::from_utf8_lossy(&own.location.path);
                file == *path || !path.contains('/') && file.rsplit('/').next() == Some(path)
            };
            let there: Vec<&Finding> = findings.iter().filter(content).filter(named).collect();
            if there.is_empty() {
                return Err(NOTHING);
            }
            let holds = |own: &&Finding| {
                let file = String::from_utf8_lossy(&own.location.path);
                (sources.staged)(&file).is_some_and(|bytes| talisman::checksum(&file, &bytes) == *digest)
            };
            let sure: Vec<&Finding> = there.into_iter().filter(holds).collect();
            if sure.is_empty() {
                return Err(
                    "its checksum is not that of the staged file: it has changed since, or other files count too",
                );
            }
            sure
        }
    };
    if found.is_empty() { Err(NOTHING) } else { Ok(found) }
}

/// The findings on a line, if it is clear which is meant.
fn one(found: Vec<&Finding>) -> Result<Vec<&Finding>, &'static str> {
    match found.as_slice() {
        [first, rest @ ..] if rest.iter().any(|own| own.rule != first.rule || own.secret != first.secret) => {
            Err("leakwarden finds more than one there, and which is meant is not known")
        }
        _ => Ok(found),
    }
}

/// Of a private key detect-secrets hashes what stands between the dashes of its first line.
fn key_head(value: &[u8]) -> &[u8] {
    let line = value.split(|&b| b == b'\n').next().unwrap_or(value).trim_ascii();
    line.strip_prefix(b"-----").and_then(|rest| rest.strip_suffix(b"-----")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment::{Fragment, View};
    use crate::rules::RuleSet;
    use crate::rules::syntax::Checksum;
    use crate::rules::template::expand;

    fn token(seed: &str) -> String {
        let prefix = ["gh", "p_"].concat();
        expand(&format!("{prefix}{{base62:30}}{{checksum}}"), seed, Some(Checksum::Crc32Base62)).expect("a template")
    }

    fn findings(path: &str, text: &str) -> Vec<Finding> {
        let rules = RuleSet::builtin();
        crate::scan::scan(&Fragment::content(path.as_bytes(), text.as_bytes(), View::Plain), &rules).findings
    }

    fn look(sought: &Sought, now: &[Finding], staged: &str, then: &[Finding]) -> Result<usize, &'static str> {
        let staged = |_: &str| Some(staged.as_bytes().to_vec());
        let then = |_: &str, _: &str| Some(then.to_vec());
        named(sought, now, &Sources { staged: &staged, then: &then }).map(|found| found.len())
    }

    #[test]
    fn findings_are_named_by_line_value_and_checksum() {
        let (one, two) = (token("one"), token("two"));
        let text = format!("x\na = \"{one}\"\nb = \"{two}\", \"{one}\"\n");
        let now = findings("a/b.py", &text);
        let line = |line, commit: Option<&str>| Sought::Line {
            path: "a/b.py".to_owned(),
            line,
            commit: commit.map(str::to_owned),
        };
        assert_eq!(look(&line(2, None), &now, "", &[]), Ok(1));
        assert!(look(&line(1, None), &now, "", &[]).is_err_and(|why| why == NOTHING));
        assert!(look(&line(3, None), &now, "", &[]).is_err(), "two are there");
        let then = findings("a/b.py", &format!("y = \"{two}\"\n"));
        assert_eq!(look(&line(1, Some("c")), &now, "", &then), Ok(1));
        let gone = findings("a/b.py", &format!("y = \"{}\"\n", token("three")));
        assert!(look(&line(1, Some("c")), &now, "", &gone).is_err());
        let digest: [u8; 20] = Sha1::digest(&one).into();
        assert_eq!(look(&Sought::Sha1 { path: "a/b.py".to_owned(), digest }, &now, "", &[]), Ok(2));
        assert!(look(&Sought::Sha1 { path: "a/c.py".to_owned(), digest }, &now, "", &[]).is_err());
        assert_eq!(look(&Sought::Sha256(Sha256::digest(&two).into()), &now, "", &[]), Ok(1));
        for path in ["a/b.py", "b.py"] {
            let sought =
                Sought::Checksum { path: path.to_owned(), digest: talisman::checksum("a/b.py", text.as_bytes()) };
            assert_eq!(look(&sought, &now, &text, &[]), Ok(3));
            assert!(look(&sought, &now, &(text.clone() + "more\n"), &[]).is_err());
        }
    }
}
