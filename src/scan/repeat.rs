//! Text that says one piece over and over is judged once.
//!
//! What the rules make of a place depends on the bytes around it, as far as they look, and on nothing
//! else. So where a text repeats itself, one whole piece in which nothing was found speaks for all that
//! follow it, up to the last of them whose surroundings are still the same.

use super::carrier::VALUE;
use crate::rules::Rule;
use crate::rules::prefilter::Candidate;

/// How far before a literal any rule looks, besides its own lookback: the names of keys, and what stands
/// before those. In bytes, with room.
const BEFORE: usize = 1024;

/// How far after a literal any rule looks, besides its own window: the longest value, and what may stand
/// between it and its key. In bytes, with room.
const AFTER: usize = VALUE + 2048;

/// Bytes of a literal, at most: candidates come in the order of a part of it, not of its begin.
const LITERAL: usize = 256;

/// Equal bytes from which on it is asked how far two places are the same.
const PROBE: usize = 64;

/// The most candidates between two places that are compared.
const FARTHEST: usize = 1 << 16;

/// What is known of a text's repeating itself, from its candidates so far.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The candidate with which later ones are compared, and the bytes that begin there.
    anchor: usize,
    head: [u8; 8],
    /// Candidates since then, and how many there may be until another one takes its place.
    since: usize,
    patience: usize,
    /// Up to where it is known how far the text repeats itself.
    compared: usize,
    run: Option<Run>,
    /// From where on nothing was found.
    clear: usize,
    /// The last candidate.
    last: usize,
    /// What the rules that were tried look at before and after a literal.
    before: usize,
    after: usize,
}

/// A part of the text in which each byte is the one a piece before it.
#[derive(Debug)]
struct Run {
    piece: usize,
    begin: usize,
    end: usize,
}

impl Repeats {
    /// Takes in how far a rule looks.
    pub(super) fn looks(&mut self, rule: &Rule) {
        self.before = self.before.max(rule.source.lookback);
        self.after = self.after.max(rule.window());
    }

    /// Takes in that something was found, and what stands up to `end` may not be asked again.
    pub(super) fn found(&mut self, end: usize) {
        self.clear = self.clear.max(end + LITERAL);
    }

    /// After a candidate was looked at: where to go on, if all that stands before is known.
    pub(super) fn next(&mut self, text: &[u8], candidate: &Candidate<'_>) -> Option<usize> {
        let at = candidate.start;
        if at + LITERAL < self.last {
            // The text is gone through once more, for other rules.
            *self = Repeats { before: self.before, after: self.after, ..Repeats::default() };
        }
        self.last = at;
        let Some(run) = &self.run else {
            self.compare(text, at);
            return None;
        };
        let begin = self.clear.max(run.begin + BEFORE + LITERAL + self.before);
        let end = run.end.saturating_sub(self.after + AFTER + LITERAL);
        if at < begin + run.piece + LITERAL && begin + run.piece < end {
            return None;
        }
        let known = at >= begin + run.piece + LITERAL;
        self.run = None;
        (known && end > candidate.end).then_some(end)
    }

    /// Asks whether the text repeats itself from the anchor to here. The anchor is moved after twice as
    /// many candidates each time, so that every piece fits between the two (Brent's way to find a cycle).
    fn compare(&mut self, text: &[u8], at: usize) {
        let Some(head) = text.get(at..).and_then(<[u8]>::first_chunk) else { return };
        if *head == self.head && at > self.anchor && at >= self.compared && probe(text, self.anchor, at) {
            let end = at + equal(&text[self.anchor..], &text[at..]);
            self.compared = end;
            self.clear = self.clear.max(at);
            self.run = Some(Run { piece: at - self.anchor, begin: self.anchor, end });
        }
        self.since += 1;
        if self.since > self.patience || at < self.anchor {
            (self.anchor, self.head, self.since) = (at, *head, 0);
            self.patience = (self.patience * 2 + 1).min(FARTHEST);
        }
    }
}

fn probe(text: &[u8], one: usize, other: usize) -> bool {
    text.get(other..other + PROBE).is_some_and(|there| text[one..one + PROBE] == *there)
}

/// How many bytes two texts begin with that are the same.
fn equal(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 256;
    let chunks = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let same = STEP * chunks.take_while(|(one, other)| one == other).count();
    same + one[same..].iter().zip(&other[same..]).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::super::explain::explain;
    use super::super::scan;
    use crate::fragment::{Fragment, View};
    use crate::rules::RuleSet;
    use crate::rules::template::expand;

    /// A scan that tells its way passes nothing over: both must find the same.
    fn found(text: &[u8], rules: &RuleSet) -> usize {
        let fragment = Fragment::content(b"f", text, View::Plain);
        let (short, long) = (scan(&fragment, rules), explain(&fragment, rules).0);
        let places = |scan: &super::super::Scan| {
            scan.findings.iter().map(|own| (own.rule.clone(), own.span.clone())).collect::<Vec<_>>()
        };
        assert_eq!(places(&short), places(&long));
        short.findings.len()
    }

    #[test]
    fn what_stands_amid_text_that_repeats_itself_is_found() {
        let rules = RuleSet::builtin();
        let secret = expand("AKIA{base32:15}Q", "repeat", None).expect("a valid template").into_bytes();
        for piece in
            ["AKIA ", "password='", "secret key token=\n", "host=x;password=\n", "asana token and more words\n"]
        {
            for length in [100, 5_000, 60_000] {
                let text = piece.as_bytes().repeat(length / piece.len());
                let alone = found(&text, &rules);
                for at in [0, 1, length / 2, length - 40, length] {
                    let at = at.min(text.len());
                    let around = [&text[..at], b"\n", &secret, b"\n", &text[at..], &text].concat();
                    assert!(found(&around, &rules) > alone, "{piece} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_long_piece_is_known_again() {
        let rules = RuleSet::builtin();
        let piece: String = (0..400).map(|number| format!("token {number}\nhost=password{number}\n")).collect();
        let secret = expand("AKIA{base32:15}Q\n", "again", None).expect("a valid template");
        let text = [piece.repeat(8), secret.clone(), piece.repeat(8), secret, piece.repeat(2)].concat();
        assert_eq!(found(text.as_bytes(), &rules), 2);
    }
}
