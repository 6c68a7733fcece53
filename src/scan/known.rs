//! What is known of a text from the places before, so that a text made of one word or assignment over
//! and over is not read anew at each of them.

use std::ops::Range;

use super::carrier::{self, Assignment};
use crate::rules::LONGEST_WORD;

/// What the places before have shown.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Where no word ends.
    clear: Range<usize>,
    /// The last key's word, and what is assigned to it.
    assigned: Option<(Range<usize>, Option<Assignment>)>,
    /// Per rule from where on its pattern was not tried in vain.
    barren: Vec<(u16, usize)>,
}

impl Known {
    /// The word that begins at a place: up to a blank, a quote or [`LONGEST_WORD`].
    pub(super) fn word<'a>(&mut self, text: &'a [u8], start: usize) -> &'a [u8] {
        let limit = text.len().min(start + LONGEST_WORD);
        if !(self.clear.start..=self.clear.end).contains(&start) {
            self.clear = start..start;
        }
        let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`');
        if self.clear.end < limit {
            let rest = &text[self.clear.end..limit];
            self.clear.end += rest.iter().position(ends).unwrap_or(rest.len());
        }
        &text[start..self.clear.end.min(limit)]
    }

    /// What is assigned to the key in which a word stands. Most words are of many rules.
    pub(super) fn assignment(&mut self, text: &[u8], word: &Range<usize>) -> Option<Assignment> {
        let again = self.assigned.as_ref().filter(|(before, _)| before == word);
        if let Some((_, found)) = again {
            return found.clone();
        }
        let found = carrier::assignment(text, word.clone());
        self.assigned = Some((word.clone(), found.clone()));
        found
    }

    /// Where a rule's pattern may begin to match, from `start` on.
    pub(super) fn untried(&self, number: u16, start: usize) -> usize {
        self.barren.iter().find(|(rule, _)| *rule == number).map_or(start, |(_, end)| start.max(*end))
    }

    /// Keeps that a rule's pattern begins to match nowhere before `end`.
    pub(super) fn tried(&mut self, number: u16, end: usize) {
        match self.barren.iter_mut().find(|(rule, _)| *rule == number) {
            Some(known) => known.1 = end,
            None => self.barren.push((number, end)),
        }
    }
}
