//! Chains: patterns that are one set of bytes after the other, each so many times, which is what
//! three rules in four are. The build script finds them; they are matched without compiling a
//! regular expression, which costs more than all the rest of a small commit.

use std::ops::{Range, RangeInclusive};

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of bytes: a bit for each.
pub type Set = [u64; 4];

/// A part of a chain: bytes of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Which set.
    pub set: u8,
    /// How many bytes at least.
    pub least: u16,
    /// How many bytes at most; [`ANY`] is no bound.
    pub most: u16,
    /// Whether it is in the group named `secret`.
    pub secret: bool,
}

/// Instead of a greatest number of bytes: as many as there are.
const ANY: u16 = u16::MAX;

/// The most copies of a group that are written out.
const COPIES: u32 = 16;

/// A match, and the part of it that is secret.
type Parts = (Range<usize>, Range<usize>);

/// A pattern as a chain.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a> {
    /// The parts.
    pub links: &'a [Link],
    /// The sets of which they speak.
    pub sets: &'a [Set],
}

impl Chain<'_> {
    /// The first match that begins in `starts`, which is the one that the pattern has, and the part
    /// of it that is secret.
    pub fn find(&self, text: &[u8], starts: RangeInclusive<usize>) -> Option<(Range<usize>, Range<usize>)> {
        self.find_or_cut(text, starts).ok()
    }

    /// As [`Chain::find`]; where there is none, the first place at which one may begin if the text were
    /// longer.
    ///
    /// # Errors
    /// That place.
    pub fn find_or_cut(
        &self,
        text: &[u8],
        starts: RangeInclusive<usize>,
    ) -> Result<(Range<usize>, Range<usize>), usize> {
        let end = text.len().min(starts.end().saturating_add(1));
        let (mut start, mut cut) = (*starts.start(), end);
        while start < end {
            let (link, at) = match self.begins(text, start) {
                Ok(found) => return Ok(found),
                Err(broken) => broken,
            };
            if at == text.len() {
                cut = cut.min(start);
            }
            // What breaks off the first link does so wherever before it a match would begin.
            start = if link == 0 { at + 1 } else { start + 1 };
        }
        Err(cut)
    }

    /// The match that begins at `start`. No way back is needed: [`links`] sees to that.
    ///
    /// # Errors
    /// The link that breaks off, and where.
    fn begins(&self, text: &[u8], start: usize) -> Result<Parts, (usize, usize)> {
        let mut at = start;
        let mut secret: Option<Range<usize>> = None;
        for (number, link) in self.links.iter().enumerate() {
            let set = &self.sets[usize::from(link.set)];
            let most = if link.most == ANY { usize::MAX } else { link.most.into() };
            let count = text[at..].iter().take(most).take_while(|&&byte| holds(set, byte)).count();
            if count < usize::from(link.least) {
                return Err((number, at + count));
            }
            if link.secret {
                secret = Some(secret.map_or(at, |before| before.start)..at + count);
            }
            at += count;
        }
        Ok((start..at, secret.unwrap_or(start..at)))
    }
}

fn holds(set: &Set, byte: u8) -> bool {
    set[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
}

/// The pattern as links whose sets are in `sets` (new ones are added), if it is a chain: no choices
/// or assertions, no group but `secret`, and wherever a link may have fewer or more bytes, the one
/// after it begins with others, so that the longest run is the only one that can match.
pub fn links(pattern: &str, sets: &mut Vec<Set>) -> Option<Vec<Link>> {
    let mut parts = Vec::new();
    collect(&parse(pattern)?, false, &mut parts)?;
    let apart = |a: &Set, b: &Set| a.iter().zip(b).all(|(a, b)| a & b == 0);
    let clear = |a: &Part, b: &Part| a.least == a.most || (b.least > 0 && apart(&a.set, &b.set));
    if !parts.windows(2).all(|pair| clear(&pair[0], &pair[1])) {
        return None;
    }
    let mut number = |set: Set| {
        let known = sets.iter().position(|other| *other == set).unwrap_or_else(|| {
            sets.push(set);
            sets.len() - 1
        });
        u8::try_from(known).ok()
    };
    let link =
        |part: Part| Some(Link { set: number(part.set)?, least: part.least, most: part.most, secret: part.secret });
    parts.into_iter().map(link).collect()
}

struct Part {
    set: Set,
    least: u16,
    most: u16,
    secret: bool,
}

/// Adds the parts of an expression; `None` where it is not one set after the other.
fn collect(hir: &Hir, secret: bool, parts: &mut Vec<Part>) -> Option<()> {
    match hir.kind() {
        HirKind::Concat(all) => all.iter().try_for_each(|one| collect(one, secret, parts)),
        HirKind::Literal(literal) => {
            parts.extend(literal.0.iter().map(|&byte| Part { set: only(byte), least: 1, most: 1, secret }));
            Some(())
        }
        HirKind::Class(_) => {
            parts.push(Part { set: set_of(hir)?, least: 1, most: 1, secret });
            Some(())
        }
        HirKind::Capture(group) if group.name.as_deref() == Some("secret") => collect(&group.sub, true, parts),
        HirKind::Repetition(repeated) => match set_of(&repeated.sub) {
            Some(set) if repeated.greedy => {
                let most = repeated.max.map_or(Some(ANY), |most| u16::try_from(most).ok().filter(|&most| most < ANY));
                parts.push(Part { set, least: repeated.min.try_into().ok()?, most: most?, secret });
                Some(())
            }
            None if Some(repeated.min) == repeated.max && repeated.min <= COPIES => {
                (0..repeated.min).try_for_each(|_| collect(&repeated.sub, secret, parts))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The longest match of a pattern plus one byte for what must not follow, if it has a bound.
pub fn longest(pattern: &str) -> Option<usize> {
    parse(pattern)?.properties().maximum_len().map(|length| length + 1)
}

/// The shortest match of a pattern.
pub fn shortest(pattern: &str) -> usize {
    parse(pattern).and_then(|hir| hir.properties().minimum_len()).unwrap_or(0)
}

/// The shortest match of a pattern that matches no blank or quote: so long is every word that holds
/// one. 0 for other patterns.
pub fn shortest_word(pattern: &str) -> usize {
    if parse(pattern).is_some_and(|hir| unbroken(&hir)) { shortest(pattern) } else { 0 }
}

/// Whether no match has a blank or quote in it.
fn unbroken(hir: &Hir) -> bool {
    let breaks = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`');
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => !literal.0.iter().any(breaks),
        HirKind::Class(Class::Bytes(class)) => {
            !class.ranges().iter().any(|range| (range.start()..=range.end()).any(|byte| breaks(&byte)))
        }
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(repeated) => unbroken(&repeated.sub),
        HirKind::Capture(group) => unbroken(&group.sub),
        HirKind::Concat(all) | HirKind::Alternation(all) => all.iter().all(unbroken),
    }
}

fn parse(pattern: &str) -> Option<Hir> {
    ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()
}

fn only(byte: u8) -> Set {
    let mut set = [0; 4];
    set[usize::from(byte >> 6)] |= 1 << (byte & 63);
    set
}

/// The bytes of a class, or of a literal of one byte.
fn set_of(hir: &Hir) -> Option<Set> {
    match hir.kind() {
        HirKind::Literal(literal) if literal.0.len() == 1 => Some(only(literal.0[0])),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            Some(bytes.fold([0; 4], |mut set, byte| {
                set[usize::from(byte >> 6)] |= 1 << (byte & 63);
                set
            }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_way_back_is_no_chain() {
        for pattern in ["a|bc", "(a)", "a{2,3}a", "a{2,3}b?a", "a{2,3}?b", r"\ba{3}", "(?:ab){2,3}", "[a-z]+x"] {
            assert_eq!(links(pattern, &mut Vec::new()), None, "{pattern}");
        }
    }

    #[test]
    fn the_shortest_word_is_told_only_of_patterns_without_blanks() {
        assert_eq!(shortest_word(r"st\.(?:[0-9a-f]{24}|[0-9a-f]{8}-x)\.[a-z]{3}"), 17);
        assert_eq!(shortest_word(r"key\s?=[a-z]{30}"), 0);
        assert_eq!(shortest_word("[^a]{30}"), 0);
        assert_eq!(shortest("key |[^a]{3}"), 3);
    }

    #[test]
    fn a_chain_matches_what_its_pattern_matches() {
        let texts = ["", "a", "aab", "aaab", "xxab0123", "ab01", "ab012345", "aa=0", "AB99aaaa=77", "x://a:b2@c"];
        let patterns = [
            "a",
            "ab",
            "a{2,3}b",
            "ab[0-9]{4}",
            "[a-z]{1,3}=[0-9]{1,2}",
            "(?i)ab[0-9]{2,}",
            "a?b",
            "(?:[a-z]b){1}[0-9]",
            "[a-z]+://[a-z]*:(?P<secret>[^@]+[^x])@[a-z]*",
            "[a-z]+://[a-z]*:(?P<secret>[^@]+)@[a-z]*",
            "(?P<secret>a[0-9b])[0-9]*",
        ];
        for pattern in patterns {
            let mut sets = Vec::new();
            let Some(links) = links(pattern, &mut sets) else {
                assert!(pattern.contains("[^x]"), "{pattern} is a chain");
                continue;
            };
            let chain = Chain { links: &links, sets: &sets };
            let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build().expect("a pattern");
            for text in texts.map(str::as_bytes) {
                for from in 0..=text.len() {
                    let wanted = regex.captures_at(text, from).map(|found| {
                        let whole = found.get(0).expect("group 0 is the match").range();
                        (whole.clone(), found.name("secret").map_or(whole, |group| group.range()))
                    });
                    assert_eq!(chain.find(text, from..=text.len()), wanted, "{pattern} in {text:?} from {from}");
                }
            }
        }
    }
}
