//! How rare four bytes are in source text and documentation, in twice the bits of surprise.

use std::collections::BTreeMap;

/// What was counted: sequences that are common, `func` and `port`, are so for more than their pairs tell.
#[derive(Debug, Default)]
pub struct Rarity {
    /// The common sequences, in lower case.
    counted: BTreeMap<[u8; 4], u32>,
    /// What a sequence that was not counted has at least.
    least: u32,
}

impl Rarity {
    /// Reads what `benches/grams.py` wrote. Without it, all is told by pairs.
    pub fn counted(text: &str) -> Self {
        let mut counted = BTreeMap::new();
        let mut least = 0;
        for line in text.lines() {
            let (bits, sequences) = line.split_once('\t').expect("a number, a tab, sequences");
            least = bits.parse().expect("a number");
            // Sequences hold blanks, too.
            let sequences = sequences.as_bytes().chunks(5).filter_map(|five| five.first_chunk());
            counted.extend(sequences.map(|four| (*four, least)));
        }
        Rarity { counted, least }
    }

    /// Of four bytes, whose case does not count.
    pub fn of(&self, four: &[u8]) -> u32 {
        let lower = four.to_ascii_lowercase();
        self.counted.get(lower.as_slice()).copied().unwrap_or_else(|| by_pairs(four).max(self.least))
    }
}

/// By how often pairs of characters follow each other, less what the two in the middle tell twice.
fn by_pairs(four: &[u8]) -> u32 {
    let pairs: u32 = four.windows(2).map(|two| pair(two[0], two[1])).sum();
    let middle: u32 = four[1..four.len() - 1].iter().map(|&byte| single(byte)).sum();
    (PAIR_BASE + 2 * pairs).saturating_sub(middle)
}

/// Keeps the difference above zero.
const PAIR_BASE: u32 = 32;

/// The bits of surprise of a byte, by the frequency of letters in English, and of digits and
/// punctuation as counted over a few source trees.
fn single(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' | b'e' => 3,
        b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 4,
        b'l' | b'd' | b'h' | b'c' | b'u' | b'm' | b'p' => 5,
        b'f' | b'g' | b'y' | b'b' | b'w' | b'_' | b'0' | b'1' | b'-' | b'/' | b'.' => 6,
        b'v' | b'k' | b'x' | b'2'..=b'9' | b'=' | b':' | b'"' => 7,
        _ => 9,
    }
}

fn pair(first: u8, second: u8) -> u32 {
    let digit = char::from(PAIRS[class(first)][class(second)]);
    digit.to_digit(16).expect("the table is of hexadecimal digits")
}

/// The row and column of a byte in [`PAIRS`].
fn class(byte: u8) -> usize {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        b'0'..=b'9' => 26,
        b'_' => 27,
        b'-' => 28,
        b'.' => 29,
        b' ' | b'\t' | b'\n' | b'\r' => 30,
        b'=' => 31,
        b':' => 32,
        b'"' | b'\'' => 33,
        b'/' => 34,
        _ => 35,
    }
}

/// For each character that follows another the bits of surprise, less four, as a hexadecimal digit.
/// Counted over 60 MB in equal parts: Rust crates, Python's library, C headers, Perl's library, and
/// documentation in plain text and HTML.
const PAIRS: [&[u8; 36]; 36] = [
    b"a655986b6c7454c6c44367987b76995ea9b7",
    b"6a796abd58b6ab6af7796cd97c79b94db9a8",
    b"5a7959b579658a37c68579b79e76a96b8996",
    b"6997496b5cc8ab69c8787abb9f76974a7896",
    b"575465798ca45376634496857c6586396684",
    b"6a9877ab5fd6a95af6777ebe9f678748a9c6",
    b"8b9b4b976fe78789d6788bcbcaa7a85a9996",
    b"5dba4cdd5dca9b69f7969dbeac98996ba9c7",
    b"6555656daca56347b644b6a8c699ba8fbab7",
    b"afcd8ecfbf9fcd9cdfaeaedfdfccddbffceb",
    b"8cbb5bab8fdbcaabfc8aacbfddb8ba7b9ac8",
    b"49a7469b4aa5aa59ea6569ac7c76995b8886",
    b"57984abc6ba77a65cb797cdc7b96a96d98a7",
    b"5a54474a6b86a858d94468bd8a95984a87a6",
    b"8755857c7a865365d365576abdc7aa5e99b8",
    b"4b994aa86f959b56c58649bc6c96a97c88c6",
    b"bdcdbfdfeff9cddfccbd7ebfdecafcafcdf8",
    b"4a77386a4f876558d655689a6d96984a8795",
    b"7a6a39964d86896698536a9c7c8696386775",
    b"4a7738a34ea77946c4565a884c75773a7785",
    b"7477687e7ec665a6f555bee9ed5adb7fcbd9",
    b"6d9b59cc7ff9aa8bfbbaeedace89cc9cbac8",
    b"6dbb7dc76edab97ce89cde9edfb9ca8fbad8",
    b"8a8a89d98ff99cb7cb66ded7be779a7a9ab7",
    b"9bbcab9f9ff89985f888cd9eccb6a85b9996",
    b"afce6dddaffbb9beedcccfefdd9acdafdcda",
    b"777666cd9fcaaabbebbb8dc8cc16753e7793",
    b"555666675b76567596546688a964db9fdbb8",
    b"aa9999ba9dc9aaa9ba99bba9ea6c6f8dfce6",
    b"9a7999979bc99a98c989aaacdd57f85cfab8",
    b"453554663975554395434658783368038462",
    b"dcbddcea9feddbcdfccbeeffefbeff46f6f7",
    b"aa7aa9cb8feb9ab9fa99bacdeda8df4e5b99",
    b"898899888bb88998b8779999bb8aa95d8794",
    b"78889a8a8cd88b98ea78aa9ace9dec6eea66",
    b"676677886b977786a6567886aa6596187552",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_common_words_are_less_rare_than_prefixes_of_tokens() {
        for common in [b"tion", b"ring", b"the ", b"port"] {
            for rare in [b"ghp_", b"xoxb", b"AKIA", b"7Q~z"] {
                assert!(by_pairs(common) < by_pairs(rare), "{common:?} {rare:?}");
            }
        }
    }

    #[test]
    fn what_was_counted_goes_before_pairs() {
        let rarity = Rarity::counted("17\ttion\n22\tfunc port\n");
        assert_eq!([rarity.of(b"TION"), rarity.of(b"port")], [17, 22]);
        assert!(rarity.of(b"the ") >= 22 && rarity.of(b"7Q~z") == by_pairs(b"7Q~z"));
    }
}
