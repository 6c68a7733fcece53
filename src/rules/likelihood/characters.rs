//! What characters a value is made of.

/// Shannon entropy in bits per character.
pub fn entropy(bytes: &[u8]) -> f32 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "values are far shorter than 2^23 bytes where it matters")]
    let total = bytes.len() as f32;
    counts.iter().filter(|&&n| n > 0).fold(0.0, |sum, &n| {
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let share = n as f32 / total;
        sum - share * share.log2()
    })
}

/// Which kinds of characters a value holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Classes {
    pub(super) lower: bool,
    pub(super) upper: bool,
    pub(super) digit: bool,
    pub(super) symbol: bool,
    pub(super) other: bool,
}

impl Classes {
    pub(super) fn of(value: &[u8]) -> Self {
        let any = |test: fn(&u8) -> bool| value.iter().any(test);
        Classes {
            lower: any(u8::is_ascii_lowercase),
            upper: any(u8::is_ascii_uppercase),
            digit: any(u8::is_ascii_digit),
            symbol: any(u8::is_ascii_punctuation),
            other: any(u8::is_ascii_control),
        }
    }

    pub(super) fn count(self) -> usize {
        [self.lower, self.upper, self.digit, self.symbol].into_iter().filter(|&c| c).count()
    }
}

pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    places(text, part).next().is_some()
}

/// Which characters a text holds: a bit for each, modulo 64. Most of many words are told from it to be
/// absent.
pub(super) fn held(text: &[u8]) -> u64 {
    text.iter().fold(0, |held, byte| held | 1 << (byte & 63))
}

/// Whether a text that holds these characters may hold a word.
pub(super) fn may_hold(held: u64, word: &str) -> bool {
    word.bytes().all(|byte| held >> (byte & 63) & 1 == 1)
}

/// Where a text holds another one. Values are short: a searcher would take longer to make than to use.
pub(super) fn places<'a>(text: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = part.first().copied();
    let last = (text.len() + 1).saturating_sub(part.len());
    (0..last).filter(move |&at| first.is_none_or(|first| text[at] == first) && text[at..].starts_with(part))
}
