//! Remarks in the source that say of a line's findings that they are none.
//!
//! The spellings of other tools are facts from their documentation: gitleaks and betterleaks
//! (`gitleaks:allow`, `betterleaks:allow`), detect-secrets (`pragma: allowlist secret`, and `nextline`
//! before it; `whitelist` in old versions), ggshield (`ggignore`), secretlint
//! (`secretlint-disable-line`, `-next-line`), trufflehog (`trufflehog:ignore`).

use std::ops::Range;

use memchr::memmem;

use crate::finding::Marker;

/// Bytes of a line in which a remark is looked for, before and after the finding. A remark stands
/// near what it speaks of; in a line of megabytes there is none.
const NEAR: usize = 512;

/// Remarks on the same line.
const SAME_LINE: [(&str, &str); 8] = [
    ("leakwarden:allow", "leakwarden"),
    ("gitleaks:allow", "gitleaks"),
    ("betterleaks:allow", "betterleaks"),
    ("pragma: allowlist secret", "detect-secrets"),
    ("pragma: whitelist secret", "detect-secrets"),
    ("ggignore", "ggshield"),
    ("secretlint-disable-line", "secretlint"),
    ("trufflehog:ignore", "trufflehog"),
];

/// Remarks on the line before.
const LINE_BEFORE: [(&str, &str); 2] =
    [("pragma: allowlist nextline secret", "detect-secrets"), ("secretlint-disable-next-line", "secretlint")];

/// The remark that speaks of a finding: on its first line, behind its last one, or on the line before.
pub fn beside(text: &[u8], span: &Range<usize>) -> Option<Marker> {
    let start = span.start - before(&text[..span.start]).len();
    let end = span.end + after(&text[span.end..]).len();
    // What the value itself says is not a remark on it.
    let find = |part: Range<usize>, words: &[(&str, &'static str)]| {
        words.iter().find_map(|(word, tool)| marker(&text[part.clone()], part.start, word, tool))
    };
    find(span.end..end, &SAME_LINE).or_else(|| find(start..span.start, &SAME_LINE)).or_else(|| {
        let line_end = start.checked_sub(1).filter(|&at| text[at] == b'\n')?;
        find(line_end - before(&text[..line_end]).len()..line_end, &LINE_BEFORE)
    })
}

/// The part of the last line, as far as it is near.
fn before(text: &[u8]) -> &[u8] {
    let near = &text[text.len().saturating_sub(NEAR)..];
    memchr::memrchr(b'\n', near).map_or(near, |at| &near[at + 1..])
}

/// The rest of the line, as far as it is near.
fn after(text: &[u8]) -> &[u8] {
    let near = &text[..text.len().min(NEAR)];
    memchr::memchr(b'\n', near).map_or(near, |at| &near[..at])
}

fn marker(part: &[u8], offset: usize, word: &str, tool: &'static str) -> Option<Marker> {
    let at = memmem::find(part, word.as_bytes())?;
    let span = offset + at..offset + part.len();
    if tool != "leakwarden" {
        return Some(Marker { tool, kind: String::new(), reason: String::new(), span });
    }
    let rest = String::from_utf8_lossy(&part[at + word.len()..]).into_owned();
    let rest = rest.trim().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("#}").trim();
    let (kind, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some(Marker { tool, kind: kind.trim_end_matches(':').to_owned(), reason: reason.trim().to_owned(), span })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(text: &str) -> Option<Marker> {
        let at = text.find("VALUE").expect("a place");
        beside(text.as_bytes(), &(at..at + 5))
    }

    #[test]
    fn a_remark_speaks_of_its_own_line() {
        let own = around("x = VALUE /* leakwarden:allow test-value made by the tests */\n").expect("a marker");
        assert_eq!((own.kind.as_str(), own.reason.as_str()), ("test-value", "made by the tests"));
        assert_eq!(around("x = VALUE # gitleaks:allow").map(|m| m.tool), Some("gitleaks"));
        assert_eq!(around("# gitleaks:allow\nx = VALUE\n"), None);
        assert_eq!(around("x = VALUE\n# gitleaks:allow\n"), None);
        assert_eq!(around("# pragma: allowlist nextline secret\nx = VALUE\n").map(|m| m.tool), Some("detect-secrets"));
        assert_eq!(around("# pragma: allowlist nextline secret\n\nx = VALUE\n"), None);
    }
}
