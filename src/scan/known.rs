//! What is known of a text from the places before, so that a text made of one word or assignment over
//! and over is not read anew at each of them.

use std::ops::Range;

use super::carrier::{self, Assignment};
use super::table::Seen;
use crate::rules::LONGEST_WORD;

/// The part at which a rule is charged for what it has been charged for before.
const AGAIN: usize = 4;

/// What the places before have shown.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Where no word ends.
    clear: Range<usize>,
    /// The last key's word, and what is assigned to it.
    assigned: Option<(Range<usize>, Option<Assignment>)>,
    rules: Vec<OfRule>,
    /// Per rule its place among these, from 1. Few rules of the many are met in a text.
    places: Vec<u16>,
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

    /// What is known of a rule in this text.
    pub(super) fn rule(&mut self, number: u16) -> &mut OfRule {
        let number = usize::from(number);
        if self.places.len() <= number {
            let mut places = vec![0; (number + 1).next_power_of_two().max(2048)];
            places[..self.places.len()].copy_from_slice(&self.places);
            self.places = places;
        }
        let place = &mut self.places[number];
        if *place == 0 {
            self.rules.push(OfRule::default());
            // As many at most as there are numbers of rules.
            *place = u16::try_from(self.rules.len()).unwrap_or(u16::MAX);
        }
        &mut self.rules[usize::from(*place) - 1]
    }
}

/// What is known of a rule in a text: places up to which something holds.
#[derive(Debug, Default)]
pub(super) struct OfRule {
    /// The end of the last text it matched: literals inside are done.
    pub(super) passed: usize,
    /// Its pattern begins to match nowhere before.
    pub(super) barren: usize,
    /// The last table that was read for it.
    pub(super) table: Seen,
    /// It was charged for all before.
    charged: usize,
}

impl OfRule {
    /// What the rule is charged for looking at a part of the text, in bytes. Most patterns end long before
    /// their window does; so where windows overlap, what they share is charged at a part.
    pub(super) fn charge(&mut self, from: usize, to: usize) -> usize {
        let again = self.charged.clamp(from, to) - from;
        self.charged = self.charged.max(to);
        to - from - again + again / AGAIN
    }
}
