//! `.gitleaksignore` and `.betterleaksignore`: one finding on each line, named by
//! `commit:file:rule:line`, by `file:rule:line`, or (betterleaks 2) by the SHA-256 of its value.

use super::{Entry, Sought, Wish, digest};

/// Reads such a list.
pub fn read(text: &str) -> Vec<Entry> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(line, text)| Entry { line, field: String::new(), wish: wish(text) }).collect()
}

fn wish(text: &str) -> Wish {
    if let Some(digest) = digest(text) {
        return Wish::Findings(Sought::Sha256(digest));
    }
    let named = || {
        let (rest, line) = text.rsplit_once(':')?;
        let (rest, rule) = rest.rsplit_once(':')?;
        let line = line.parse().ok().filter(|&line| line > 0)?;
        let hex = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let (commit, path) = match rest.split_once(':') {
            Some((commit, path)) if hex(commit) => (Some(commit.to_ascii_lowercase()), path),
            _ => (None, rest),
        };
        let path = path.replace('\\', "/");
        (!path.is_empty() && !rule.is_empty()).then_some(Sought::Line { path, line, commit })
    };
    match named() {
        Some(sought) => Wish::Findings(sought),
        None => Wish::Not("it is not of the form `commit:file:rule:line` or `file:rule:line`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_told_apart() {
        let commit = "0a".repeat(20);
        let text = format!(
            "# a comment\n\n{commit}:src/a:b.rs:some-rule:12\nsrc\\c.rs:rule:3\n{}\nno\na:b:0\n",
            "0b".repeat(32)
        );
        let entries = read(&text);
        let sought = |n: usize| match &entries[n].wish {
            Wish::Findings(sought) => Some(sought.clone()),
            _ => None,
        };
        let line = |path: &str, line, commit| Some(Sought::Line { path: path.to_owned(), line, commit });
        assert_eq!(entries.iter().map(|e| e.line).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(sought(0), line("src/a:b.rs", 12, Some(commit)));
        assert_eq!(sought(1), line("src/c.rs", 3, None));
        assert_eq!(sought(2), Some(Sought::Sha256([0x0b; 32])));
        assert_eq!((sought(3), sought(4)), (None, None));
    }
}
