//! The built-in rules as the build script wrote them.

use std::borrow::Cow::Borrowed;

use super::chain::{Chain, Link, Set};
use super::prefilter::Prefilter;

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

pub(super) fn prefilter() -> Prefilter {
    Prefilter {
        bitmap: Borrowed(&BITMAP),
        buckets: Borrowed(&BUCKETS),
        entries: Borrowed(&ENTRIES),
        literals: Borrowed(&LITERALS),
        owners: Borrowed(&OWNERS),
        text: Borrowed(&TEXT),
    }
}

pub(super) fn source(number: usize) -> &'static str {
    &RULES[part(&RULE_ENDS, number)]
}

/// The pattern as a chain, if it is one.
pub(super) fn chain(number: usize) -> Option<Chain<'static>> {
    let links = &LINKS[part(&LINK_ENDS, number)];
    (!links.is_empty()).then_some(Chain { links, sets: &SETS })
}

/// The pattern's outline, if it has one; src/rules/outline.rs says what that is.
pub(super) fn outline(number: usize) -> Option<&'static str> {
    Some(&OUTLINES[part(&OUTLINE_ENDS, number)]).filter(|outline| !outline.is_empty())
}

/// What [`super::chain::longest`] says of the pattern.
pub(super) fn longest(number: usize) -> Option<usize> {
    (LONGEST[number] != 0).then_some(LONGEST[number] as usize)
}

/// The least length of a word or value in which the pattern matches.
pub(super) fn shortest(number: usize) -> usize {
    SHORTEST[number] as usize
}

fn part(ends: &[u32], number: usize) -> std::ops::Range<usize> {
    let start = if number == 0 { 0 } else { ends[number - 1] };
    start as usize..ends[number] as usize
}

pub(super) fn count() -> usize {
    RULE_ENDS.len()
}

pub(super) fn published() -> &'static [u64] {
    &PUBLISHED
}

pub(super) fn digest() -> &'static str {
    DIGEST
}
