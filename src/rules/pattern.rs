//! How a rule's pattern is compiled.

use std::borrow::Cow;

use anyhow::{Context, Result};
use regex::bytes::{Regex, RegexBuilder};

use super::syntax::RuleSource;

/// Where a pattern may begin to match, as it is compiled. One that begins near the start of a search is
/// over where nothing can match any more, and not with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Anywhere,
    /// At most so many bytes after the start.
    Within(usize),
}

/// The furthest before a literal from which a pattern is compiled as [`Begins::Within`]: that many copies
/// of a byte stand before it.
pub(super) const FARTHEST: usize = 160;

/// The group that is the match, without the bytes before it.
pub(super) const WHOLE: &str = "whole";

/// The largest compiled size of one pattern, in bytes; ten times what the largest built-in needs.
const PATTERN_LIMIT: usize = 4 << 20;

/// Whether a pattern surely asks nothing of what stands before its match.
pub(super) fn looks_ahead_only(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let asks = |at: usize| match bytes[at] {
        b'^' => at == 0 || bytes[at - 1] != b'[',
        b'\\' => matches!(bytes.get(at + 1), Some(b'b' | b'B' | b'A' | b'<' | b'>')),
        _ => false,
    };
    !(0..bytes.len()).any(asks)
}

/// The outline of a built-in pattern, compiled to be asked whether it matches.
pub(super) fn compile_outline(outline: &str, begins: Begins) -> Regex {
    let anchored = if begins == Begins::Within(0) { r"\A" } else { "" };
    let builder = RegexBuilder::new(&format!("{anchored}(?:{outline})")).unicode(false).build();
    builder.expect("outlines of built-in patterns are checked by a test")
}

pub(super) fn compile(source: &RuleSource, begins: Begins) -> Result<Regex> {
    let pattern = &source.pattern;
    let pattern = match begins {
        Begins::Anywhere => Cow::Borrowed(pattern.as_str()),
        Begins::Within(0) => Cow::Owned(format!(r"\A(?:{pattern})")),
        Begins::Within(most) => Cow::Owned(format!(r"\A(?s:.{{0,{most}}}?)(?P<{WHOLE}>{pattern})")),
    };
    RegexBuilder::new(&pattern)
        .unicode(false)
        .size_limit(PATTERN_LIMIT)
        .dfa_size_limit(PATTERN_LIMIT)
        .build()
        .with_context(|| format!("rule `{}`: pattern", source.id))
}
