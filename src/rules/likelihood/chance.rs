//! How much more likely a value is to be drawn at random than to be written by a person or a
//! programmer: a model of letters and kinds of characters, in bits.
//!
//! Shannon entropy asks how often each character stands in the value; of 20 or 40 characters that
//! tells `AnotherLongClassNameHere` and a token hardly apart. This asks how well each character
//! follows from the one before, as in names and prose, against how well it follows from chance.

/// Row by letter, column by the letter after it: how surprising, in half bits, `a` for 0 to `z` for 25
/// and more. Counted over this repository's own text by `tests/letters.py`.
const AFTER: [&[u8; 26]; 26] = [
    b"snjjtqkxjzkhjgzjzghemqqskv",
    b"hroueuzzjkzgqyfxzjnthzzzfz",
    b"hxosgpzgnziirzduziphnxzzlz",
    b"imvkdvizgzvqoyixzkhtmtzzlz",
    b"ipihllqvpztjlgtjnfghtlmimz",
    b"ixsvnlozezzktgdzzjjlmzzzmz",
    b"kzvvdzskezznojkvzkhoiyzzyv",
    b"ezxrczzzgzwyuzfzzonnmzzzoz",
    b"orjilklzsxuilejmzlhevnznzn",
    b"ryyugyyylwnyyydyuyeyeyqwyy",
    b"osxsduuzfzzrxjnyzzgltzfzoz",
    b"hzzhdiyzgzshwuhsztkikuwznz",
    b"emunezzzgzwmgqiizznuiwzztz",
    b"iwkfflgylznotmgszshgmnpzmz",
    b"wollpkoznyiihfjjzfjiimhqyz",
    b"fzzqgrvqlzwhxxgjuimggzwymz",
    b"quuuqssussupmquusjuuausuuq",
    b"iwnidvlzhznskkhszkijjruzjz",
    b"jzkyewsihzlqrxhnvsiehwoznz",
    b"hzklerzeizzqtzhqzhimlzqrlz",
    b"lhmkimnzozzgkgqkzgfgzuztzz",
    b"fzyzbzuzizzzzzozzwwztzrzxz",
    b"fzyujzzegzzszfhzzgmvzzzszz",
    b"kufqlozzhzzzuzwfyzzcsywoqy",
    b"ontzhuoiszxpjjmjztedzvlzzp",
    b"muuubussiuuopulussnujurpok",
];

/// The same for a letter that follows none.
const FIRST: &[u8; 26] = b"ioljfmmkiwmjlhhltiihkpnomu";

/// Rows and columns lower, upper, digit, mark: how surprising, in half bits, a kind of character is
/// after another inside of a name.
const KINDS: [[u8; 4]; 4] = [[0, 16, 16, 6], [3, 2, 13, 7], [6, 10, 1, 4], [1, 8, 10, 5]];

/// Half bits of a digit of ten, and of one of the few marks that stand in names.
const DIGIT: i32 = 7;
const MARK: i32 = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lower,
    Upper,
    Digit,
    Mark,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'a'..=b'z' => Kind::Lower,
        b'A'..=b'Z' => Kind::Upper,
        b'0'..=b'9' => Kind::Digit,
        _ => Kind::Mark,
    }
}

/// The evidence for chance, in bits: 20 means that a random source would give the value a million
/// times more often than a writer of names would. Negative: words.
pub fn random_bits(value: &[u8]) -> i32 {
    let chance = half_bits_of_chance(value);
    let mut sum = 0;
    let mut before: Option<u8> = None;
    for &byte in value {
        let now = kind(byte);
        let step = before.map_or(4, |b| i32::from(KINDS[kind(b) as usize][now as usize]));
        let letter = usize::from(byte.to_ascii_lowercase().wrapping_sub(b'a'));
        let inside = match now {
            Kind::Digit => DIGIT,
            Kind::Mark => MARK,
            Kind::Lower | Kind::Upper => {
                // A capital after a small letter begins a word.
                let follows = before
                    .filter(|b| b.is_ascii_alphabetic() && !(kind(*b) == Kind::Lower && now == Kind::Upper))
                    .map(|b| AFTER[usize::from(b.to_ascii_lowercase() - b'a')][letter]);
                i32::from(follows.unwrap_or(FIRST[letter]) - b'a')
            }
        };
        sum += step + inside - chance;
        before = Some(byte);
    }
    sum / 2
}

/// Half bits of one character, if all that the value's alphabet holds are as likely.
fn half_bits_of_chance(value: &[u8]) -> i32 {
    let any = |wanted: Kind| value.iter().any(|&byte| kind(byte) == wanted);
    let hex = |upper: bool| {
        value.iter().all(|b| b.is_ascii_hexdigit() && (b.is_ascii_digit() || b.is_ascii_uppercase() == upper))
    };
    if hex(false) || hex(true) {
        return 8;
    }
    let kinds = [(Kind::Lower, 26), (Kind::Upper, 26), (Kind::Digit, 10), (Kind::Mark, 2)];
    match kinds.iter().filter(|(kind, _)| any(*kind)).map(|(_, size)| size).sum() {
        0..=12 => 7,
        13..=28 => 9,
        29..=38 => 10,
        39..=54 => 11,
        _ => 12,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::template::Random;

    #[test]
    fn random_values_are_told_from_names_and_prose() {
        let alphabets: [&[u8]; 5] = [
            b"0123456789abcdef",
            b"abcdefghijklmnopqrstuvwxyz0123456789",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            b"abcdefghijklmnopqrstuvwxyz",
        ];
        let mut random = Random::new("chance");
        for alphabet in alphabets {
            let values: Vec<i32> = (0..1000)
                .map(|_| {
                    let draw = |_| alphabet[usize::try_from(random.draw() % alphabet.len() as u64).unwrap_or(0)];
                    random_bits(&(0..24).map(draw).collect::<Vec<u8>>())
                })
                .collect();
            assert!(values.iter().filter(|&&bits| bits < 30).count() < 30, "{alphabet:?}");
        }
        for name in [
            "AnotherLongClassNameHere",
            "com.corp.application.settings.Provider",
            "user-profile-by-organisation",
            "SOME_CONSTANT_WITH_A_NAME",
            "org.apache.commons.lang3.StringUtils",
            "the_quick_brown_fox_v2",
        ] {
            assert!(random_bits(name.as_bytes()) < 14, "{name} {}", random_bits(name.as_bytes()));
        }
    }
}
