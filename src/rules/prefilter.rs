//! The prefilter: one pass over the bytes that says where any rule's literal stands.
//!
//! Every literal is represented by one group of four bytes (a "gram") out of it, the one that is
//! rarest in text and belongs to the fewest other literals. A bitmap of 32 KiB (it stays in the
//! first-level cache) tells for each position whether the four bytes there may be a known gram: one
//! load and one bit test, which one position in thirteen passes in source text. It is asked for 64
//! positions at once, without a branch, so that the processor never waits for an answer. For those
//! that pass, a second bitmap is asked for a wider gram of six bytes, or for other bits of the hash
//! where a literal is too short for one; one position in a hundred passes both. Only then are the table
//! and the literals themselves looked at. The tables are plain numbers without pointers: for the
//! built-in rules they are made at build time and cost nothing at start-up, and a
//! position-independent binary has nothing to relocate in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

#[path = "rarity.rs"]
mod rarity;

pub use rarity::Rarity;

/// Grams are compared with this bit set in every byte, which folds ASCII case (and merges some
/// punctuation: that only adds candidates, which the literal comparison refuses).
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Positions that are tested at once: one bit each.
const BLOCK: usize = 64;

/// Bytes that a block shows after its last position: the rest of the eight that are loaded there.
const AHEAD: usize = 7;

/// Length of a wide gram.
const WIDE: usize = 6;

/// Words of the two bitmaps together.
pub const BITMAP_WORDS: usize = 2 * HALF;

/// Words of one bitmap.
const HALF: usize = 4096;

/// Buckets of the gram table.
const BUCKETS: usize = 4096;

/// The least length of a literal; three-byte literals take one gram for each fourth ASCII byte.
pub const MIN_LITERAL: usize = 3;

/// The tables; either compiled in or built from a person's own rules.
#[derive(Debug, Clone)]
pub struct Prefilter {
    /// Two bitmaps, one after the other; each has a bit for every gram.
    pub bitmap: Cow<'static, [u64]>,
    /// Where each bucket begins in `entries`, and one end.
    pub buckets: Cow<'static, [u32]>,
    /// Gram (bits 32..64), literal (bits 8..32), offset of the gram in the literal (bits 0..8).
    pub entries: Cow<'static, [u64]>,
    /// Start in `text` (bits 32..64), first owner (bits 16..32), length (bits 8..16), owner count
    /// (bits 1..8), whether case counts (bit 0).
    pub literals: Cow<'static, [u64]>,
    /// Rule numbers, grouped by literal.
    pub owners: Cow<'static, [u16]>,
    /// The bytes of all literals; lower case where case does not count.
    pub text: Cow<'static, [u8]>,
}

/// A literal that stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The rules to which the literal belongs.
    pub rules: &'a [u16],
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Prefilter {
    /// Builds the tables for `(literal, case counts, rule number)`; grams are chosen by what `rarity` says.
    ///
    /// # Errors
    /// Says which literal is shorter than three bytes or longer than 255, or that there are too
    /// many of them.
    pub fn build(literals: &[(String, bool, u16)], rarity: &Rarity) -> Result<Self, String> {
        let mut grouped: BTreeMap<(Vec<u8>, bool), Vec<u16>> = BTreeMap::new();
        for (literal, exact, rule) in literals {
            if !(MIN_LITERAL..=255).contains(&literal.len()) {
                return Err(format!("the literal `{literal}` must have 3 to 255 bytes"));
            }
            let bytes = if *exact { literal.clone().into_bytes() } else { literal.to_ascii_lowercase().into_bytes() };
            let rules = grouped.entry((bytes, *exact)).or_default();
            if !rules.contains(rule) {
                rules.push(*rule);
            }
        }
        let mut tables = Tables::default();
        // Short literals have the least choice of grams; longer ones then avoid theirs.
        let mut grouped: Vec<_> = grouped.into_iter().collect();
        grouped.sort_by_key(|((bytes, _), _)| bytes.len());
        for ((bytes, exact), rules) in &grouped {
            tables.add(bytes, *exact, rules, rarity)?;
        }
        Ok(tables.finish())
    }

    /// Calls `found` for every literal in `text`, in the order in which their grams stand. Where it gives
    /// a place after the block in hand, the search goes on there.
    #[inline]
    pub fn search<'p>(&'p self, text: &[u8], mut found: impl FnMut(Candidate<'p>) -> Option<usize>) {
        let (first, second) = self.bitmaps();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let padded;
            let block = if let Some(block) = rest.first_chunk() {
                block
            } else {
                padded = pad(rest);
                &padded
            };
            let mut marks = marks(first, block);
            let mut next = at + BLOCK;
            while marks != 0 {
                let place = marks.trailing_zeros() as usize;
                marks &= marks - 1;
                let eight = eight_at(block, place);
                let gram = gram(eight);
                let hash = hash(gram);
                // One branch for both: which kind of gram it is cannot be foretold.
                if has_bit(second, second_bit(hash)) | has_bit(second, wide_bit(eight)) {
                    let farther = self.look(text, at + place, gram, hash, &mut found);
                    if farther > next {
                        next = farther;
                        break;
                    }
                }
            }
            at = next;
        }
    }

    /// The two bitmaps.
    fn bitmaps(&self) -> (&Bitmap, &Bitmap) {
        let (first, second) = self.bitmap.split_at(HALF);
        let bitmap = |half| <&Bitmap>::try_from(half).expect("`finish` makes exactly these");
        (bitmap(first), bitmap(second))
    }

    #[inline(never)]
    fn look<'p>(
        &'p self,
        text: &[u8],
        at: usize,
        gram: u32,
        hash: u32,
        found: &mut impl FnMut(Candidate<'p>) -> Option<usize>,
    ) -> usize {
        let mut next = 0;
        let bucket = bucket(hash);
        let range = self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize;
        for &entry in &self.entries[range] {
            if (entry >> 32) as u32 == gram
                && let Some(candidate) = self.verify(text, at, entry)
            {
                next = next.max(found(candidate).unwrap_or(0));
            }
        }
        next
    }

    fn verify(&self, text: &[u8], at: usize, entry: u64) -> Option<Candidate<'_>> {
        let literal = self.literals[(entry >> 8 & 0xff_ffff) as usize];
        let start = at.checked_sub((entry & 0xff) as usize)?;
        let length = (literal >> 8 & 0xff) as usize;
        let begin = (literal >> 32) as usize;
        let wanted = &self.text[begin..begin + length];
        let there = text.get(start..start + length)?;
        // Literals that share a gram mostly differ in these: a comparison of all is a call.
        if (there[0] ^ wanted[0] | there[length - 1] ^ wanted[length - 1]) & 0xdf != 0 {
            return None;
        }
        let equal = if literal & 1 == 1 { there == wanted } else { there.eq_ignore_ascii_case(wanted) };
        let first = (literal >> 16 & 0xffff) as usize;
        let count = (literal >> 1 & 0x7f) as usize;
        equal.then(|| Candidate { rules: &self.owners[first..first + count], start, end: start + length })
    }
}

type Bitmap = [u64; HALF];
type Block = [u8; BLOCK + AHEAD];

/// The last block of a text, with zeros after it.
fn pad(rest: &[u8]) -> Block {
    let mut block = [0; BLOCK + AHEAD];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// A bit for each position of a block: whether a gram may stand there.
#[inline]
fn marks(bitmap: &Bitmap, block: &Block) -> u64 {
    let mut marks = 0;
    for group in (0..BLOCK).step_by(4) {
        let eight = eight_at(block, group);
        // Four positions of one load, written so that the compiler unrolls it.
        let four = (0..4).fold(0, |four, place| {
            let hash = hash(gram(eight >> (8 * place)));
            four | (bitmap[word(first_bit(hash))] >> (first_bit(hash) & 63) & 1) << place
        });
        marks = marks >> 4 | four << 60;
    }
    marks
}

/// The eight bytes at a place of a block, folded.
#[inline]
fn eight_at(block: &Block, place: usize) -> u64 {
    let bytes = block[place..].first_chunk().expect("a block shows seven bytes after its last position");
    u64::from_le_bytes(*bytes) | FOLD
}

/// The first four of eight folded bytes.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the four bytes that are wanted")]
fn gram(eight: u64) -> u32 {
    eight as u32
}

/// Up to eight bytes, folded.
fn fold(bytes: &[u8]) -> u64 {
    let mut eight = [0; 8];
    eight[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(eight) | FOLD
}

/// Fibonacci hashing (Knuth): multiplies with 2^32 divided by the golden ratio; the upper bits are
/// the well-mixed ones.
#[inline]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1)
}

/// The bit in the first bitmap: the upper 18 bits of a hash.
#[inline]
fn first_bit(hash: u32) -> usize {
    (hash >> 14) as usize
}

/// The bit of a short literal in the second bitmap: the lower 18 bits of a hash that was mixed once
/// more.
#[inline]
fn second_bit(hash: u32) -> usize {
    ((hash ^ hash >> 13) & 0x3_ffff) as usize
}

/// The bit of a wide gram, the first six of eight folded bytes, in the second bitmap.
#[inline]
fn wide_bit(eight: u64) -> usize {
    ((eight << (64 - 8 * WIDE)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 46) as usize
}

#[inline]
fn has_bit(bitmap: &Bitmap, bit: usize) -> bool {
    bitmap[word(bit)] >> (bit & 63) & 1 != 0
}

/// The word of a bitmap in which a bit stands.
#[inline]
fn word(bit: usize) -> usize {
    (bit >> 6) & (HALF - 1)
}

/// The bucket of the gram table: the upper 12 bits.
#[inline]
fn bucket(hash: u32) -> usize {
    (hash >> 20) as usize
}

#[derive(Default)]
struct Tables {
    /// How many literals each gram stands for.
    grams: BTreeMap<u32, u32>,
    /// Bits of the second bitmap.
    second: Vec<usize>,
    entries: Vec<u64>,
    literals: Vec<u64>,
    owners: Vec<u16>,
    text: Vec<u8>,
}

impl Tables {
    fn add(&mut self, bytes: &[u8], exact: bool, rules: &[u16], rarity: &Rarity) -> Result<(), String> {
        let number = self.literals.len() as u64;
        if rules.len() > 0x7f || self.owners.len() + rules.len() > 0xffff || self.text.len() + bytes.len() > 0xffff_ffff
        {
            return Err(format!("too many rules share literals ({} of them)", rules.len()));
        }
        self.literals.push(
            (self.text.len() as u64) << 32
                | (self.owners.len() as u64) << 16
                | (bytes.len() as u64) << 8
                | (rules.len() as u64) << 1
                | u64::from(exact),
        );
        self.owners.extend_from_slice(rules);
        self.text.extend_from_slice(bytes);
        if let &[a, b, c] = bytes {
            // Folded, the ASCII bytes are these; nothing else follows a literal that matters.
            for d in (0x20..0x40).chain(0x60..0x80) {
                self.enter(&[a, b, c, d], number, 0);
            }
        } else {
            let offset = rarest(bytes, &self.grams, rarity);
            *self.grams.entry(gram(fold(&bytes[offset..offset + 4]))).or_default() += 1;
            self.enter(&bytes[offset..], number, offset);
        }
        Ok(())
    }

    /// Enters the gram with which `bytes` begin, and the wide one where there is one.
    fn enter(&mut self, bytes: &[u8], literal: u64, offset: usize) {
        let gram = gram(fold(&bytes[..4]));
        self.entries.push(u64::from(gram) << 32 | literal << 8 | offset as u64);
        self.second.push(match bytes.get(..WIDE) {
            Some(wide) => wide_bit(fold(wide)),
            None => second_bit(hash(gram)),
        });
    }

    fn finish(mut self) -> Prefilter {
        self.entries.sort_by_key(|&entry| (bucket(hash((entry >> 32) as u32)), entry));
        let mut bitmap = vec![0_u64; BITMAP_WORDS];
        let mut buckets = vec![0_u32; BUCKETS + 1];
        let mut set = |bit: usize| bitmap[bit >> 6] |= 1 << (bit & 63);
        for &entry in &self.entries {
            let hash = hash((entry >> 32) as u32);
            set(first_bit(hash));
            buckets[bucket(hash) + 1] += 1;
        }
        self.second.iter().for_each(|bit| set(HALF * 64 + bit));
        for bucket in 0..BUCKETS {
            buckets[bucket + 1] += buckets[bucket];
        }
        Prefilter {
            bitmap: Cow::Owned(bitmap),
            buckets: Cow::Owned(buckets),
            entries: Cow::Owned(self.entries),
            literals: Cow::Owned(self.literals),
            owners: Cow::Owned(self.owners),
            text: Cow::Owned(self.text),
        }
    }
}

/// Where the four bytes of a literal begin that are rarest in text and stand for few other literals
/// (each of them is compared wherever the gram stands), and have a wide gram where one is possible.
fn rarest(bytes: &[u8], known: &BTreeMap<u32, u32>, rarity: &Rarity) -> usize {
    let worth = |four: &[u8]| {
        let others = known.get(&gram(fold(four))).copied().unwrap_or(0);
        let crowd = u32::BITS - others.leading_zeros();
        rarity.of(four).saturating_sub(crowd)
    };
    let room = if bytes.len() < WIDE { bytes.len() } else { bytes.len() - (WIDE - 4) };
    let best = bytes[..room].windows(4).enumerate().max_by_key(|(_, four)| worth(four));
    best.map_or(0, |(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(literals: &[(&str, bool)], text: &str) -> Vec<(usize, usize)> {
        let list: Vec<_> = literals.iter().zip(0..).map(|(&(l, exact), i)| (l.to_owned(), exact, i)).collect();
        let prefilter = Prefilter::build(&list, &Rarity::default()).expect("valid literals");
        let mut all = Vec::new();
        prefilter.search(text.as_bytes(), |c| {
            all.push((c.start, c.end));
            None
        });
        all
    }

    #[test]
    fn literals_are_found_at_every_place() {
        assert_eq!(found(&[("needle", true)], "needle needle"), [(0, 6), (7, 13)]);
        assert_eq!(found(&[("needle", true)], "Needle NEEDLE"), []);
        assert_eq!(found(&[("needle", false)], "Needle NEEDLE"), [(0, 6), (7, 13)]);
        assert_eq!(found(&[("SG.", true)], "x SG.y sg.y"), [(2, 5)]);
        assert_eq!(found(&[("abcd", true)], "abc"), []);
    }

    #[test]
    fn literals_of_every_length_are_found_at_every_offset_up_to_the_end() {
        let letters = "qWe7-rtzuioKp_asdf";
        for length in MIN_LITERAL..=letters.len() {
            let literal = &letters[..length];
            for before in 0..3 * BLOCK {
                let text = format!("{}{literal}", ".".repeat(before));
                assert_eq!(found(&[(literal, true)], &text), [(before, before + length)], "{text}");
                assert_eq!(found(&[(literal, false)], &text.to_uppercase()), [(before, before + length)], "{text}");
            }
            for beside in ["\n", "\t", "é", "\u{201c}", "x"] {
                let text = format!("..{beside}{literal}{}", if beside.is_ascii() { beside } else { "" });
                let start = 2 + beside.len();
                assert_eq!(found(&[(literal, true)], &text), [(start, start + length)], "{text:?}");
            }
        }
    }

    #[test]
    fn a_short_literal_is_refused() {
        let error = Prefilter::build(&[("ab".to_owned(), true, 0)], &Rarity::default()).expect_err("too short");
        assert!(error.contains("`ab`"), "{error}");
    }
}
