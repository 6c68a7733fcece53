//! Files with one pattern on each line: `.gitallowed`, `.secretsignore`, `.secretlintignore`.

use super::{Entry, Wish, paths};

/// `.gitallowed` of git-secrets: regular expressions (POSIX, extended) over `path:line:text`. What is
/// about the path alone is carried over.
pub fn git_allowed(text: &str) -> Vec<Entry> {
    let wish = |line: &str| match allowed_path(line) {
        Some(Ok(paths)) => Wish::Wide { rules: Vec::new(), paths },
        Some(Err(why)) => Wish::Not(why.to_owned()),
        None => Wish::Not("a pattern for lines; leakwarden excepts findings, rules and paths".to_owned()),
    };
    each(text, wish)
}

/// A list of paths in which several tools write different things: what all of them read alike.
pub fn paths(text: &str) -> Vec<Entry> {
    let wish = |line: &str| match paths::of_line(line) {
        Ok(glob) => Wish::Wide { rules: Vec::new(), paths: vec![glob] },
        Err(why) => Wish::Not(why.to_owned()),
    };
    each(text, wish)
}

fn each(text: &str, wish: impl Fn(&str) -> Wish) -> Vec<Entry> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(line, text)| Entry { line, field: String::new(), wish: wish(text) }).collect()
}

/// The globs of a pattern that begins with a path and says nothing of the line. Anything but a fixed
/// beginning could reach into the text.
fn allowed_path(line: &str) -> Option<Result<Vec<String>, paths::Refusal>> {
    let (path, rest) = line.strip_prefix('^')?.split_once(':')?;
    if !["", ".*", "[0-9]+:", "[0-9]+:.*", ".*:", ".*:.*"].contains(&rest) {
        return None;
    }
    let (fixed, open) = match path.strip_suffix(".*") {
        Some(fixed) => (fixed, true),
        None => (path, false),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/ @,".contains(c);
    if fixed.is_empty() || !fixed.replace("\\.", "").chars().all(plain) {
        return None;
    }
    Some(paths::globs(&format!("^{fixed}{}", if open { "" } else { "$" })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(entry: &Entry) -> Option<String> {
        match &entry.wish {
            Wish::Wide { rules, paths } if rules.is_empty() => Some(paths.join(" ")),
            _ => None,
        }
    }

    #[test]
    fn of_git_secrets_only_paths_are_carried_over() {
        let text = "# comment\n\n^docs/setup\\.md:.*\n^vendor/.*:\n^a/b[0-9]+:[0-9]+:.*\nvendor/.*\nsome_key = .*\n^docs/.*:key\n^:\n";
        let entries = git_allowed(text);
        assert_eq!(entries.iter().map(|e| e.line).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(globs(&entries[0]).as_deref(), Some("docs/setup.md"));
        assert_eq!(globs(&entries[1]).as_deref(), Some("vendor/**"));
        assert!(entries[2..].iter().all(|e| globs(e).is_none()));
    }

    #[test]
    fn lists_of_paths_are_carried_over_where_they_are_plain() {
        let entries = paths("tests/data/\n!tests/data/x\n*.pem\nsome text\n");
        assert_eq!(
            entries.iter().map(globs).collect::<Vec<_>>(),
            [Some("tests/data/**".to_owned()), None, Some("**/*.pem".to_owned()), None]
        );
    }
}
