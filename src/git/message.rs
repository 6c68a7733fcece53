//! The part of a commit message file that git will record.
//!
//! Git removes comment lines, and everything below the scissors line that `commit -v` writes, only
//! when the message was edited; `commit -m` keeps both. What is kept is scanned; in doubt, too
//! much is scanned rather than too little.

/// What decides how git cleans a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleanup<'a> {
    /// Whether an editor was opened (in the hook: `GIT_EDITOR` is not `:`).
    pub edited: bool,
    /// `commit.cleanup`; only `strip` and `default` cut comments.
    pub mode: &'a str,
    /// `core.commentString` or `core.commentChar`; `#` by default.
    pub comment: &'a [u8],
}

/// Blanks out what git will cut, keeping every line number.
pub fn recorded(text: &[u8], cleanup: Cleanup<'_>) -> Vec<u8> {
    if !cleanup.edited {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut lines = text.split_inclusive(|&b| b == b'\n').peekable();
    while let Some(line) = lines.next() {
        if is_scissors(line, cleanup.comment) && only_cut_material(lines.clone(), cleanup.comment) {
            break;
        }
        let strips = matches!(cleanup.mode, "default" | "strip");
        if strips && line.starts_with(cleanup.comment) && !cleanup.comment.is_empty() {
            out.extend(line.ends_with(b"\n").then_some(b'\n'));
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

/// `# ------------------------ >8 ------------------------` (git's `wt-status.c`).
fn is_scissors(line: &[u8], comment: &[u8]) -> bool {
    line.strip_prefix(comment)
        .is_some_and(|rest| rest.trim_ascii() == b"------------------------ >8 ------------------------")
}

/// Whether nothing but comments and a diff follows: then the line is git's own and not typed.
fn only_cut_material<'t>(lines: impl Iterator<Item = &'t [u8]>, comment: &[u8]) -> bool {
    let mut rest = lines.filter(|line| !line.starts_with(comment) && !line.trim_ascii().is_empty());
    rest.next().is_none_or(|line| line.starts_with(b"diff --"))
}

/// The value that `git -c key=value` gave for a key, out of `GIT_CONFIG_PARAMETERS`: words in single
/// quotes, `'key=value'` or since git 2.31 `'key'='value'`. The last one counts.
pub fn parameter(parameters: &str, key: &str) -> Option<String> {
    self::parameters(parameters, key).pop()
}

/// All values that `git -c key=value` gave for a key, in their order.
pub fn parameters(parameters: &str, key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut characters = parameters.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(characters.next()),
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    pairs.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCISSORS: &str = "# ------------------------ >8 ------------------------\n# Do not modify\n";

    fn kept(text: &str, edited: bool) -> String {
        let bytes = recorded(text.as_bytes(), Cleanup { edited, mode: "default", comment: b"#" });
        String::from_utf8(bytes).expect("it was text")
    }

    #[test]
    fn parameters_of_git_are_read() {
        let text = "'core.commentChar'=';' 'commit.cleanup=strip' 'commit.cleanup'='ver'\\''batim'";
        assert_eq!(parameter(text, "commit.cleanup").as_deref(), Some("ver'batim"));
        assert_eq!(parameter(text, "core.commentchar").as_deref(), Some(";"));
        assert_eq!(parameter(text, "core.commentString"), None);
    }

    #[test]
    fn comments_are_cut_only_from_an_edited_message() {
        assert_eq!(kept("a\n# b\nc\n", true), "a\n\nc\n");
        assert_eq!(kept("a\n# b\nc\n", false), "a\n# b\nc\n");
        let verbatim = Cleanup { edited: true, mode: "verbatim", comment: b"#" };
        assert_eq!(recorded(b"# b\n", verbatim), b"# b\n");
    }

    #[test]
    fn the_diff_of_a_verbose_commit_is_cut_and_typed_text_is_not() {
        assert_eq!(kept(&format!("a\n{SCISSORS}diff --git x y\n+b\n"), true), "a\n");
        assert!(kept(&format!("a\n{SCISSORS}typed\n"), true).contains("typed"));
    }
}
