//! A [`Fragment`]: a text to scan, with where it comes from and what kind of text it is.
//!
//! A fragment is the whole new side of a file rather than its added lines alone: a rule sees the
//! context around a change, and the old side of a file has to be read only when something was
//! found (see `docs/decisions.md`, "scan first, diff later").

use std::borrow::Cow;

use crate::finding::Part;

/// A text to scan.
#[derive(Debug, Clone)]
pub struct Fragment<'a> {
    /// Path, raw bytes with `/` between parts.
    pub path: &'a [u8],
    /// What part of the change it is.
    pub part: Part,
    /// The text; UTF-16 and UTF-32 are decoded to UTF-8.
    pub text: Cow<'a, [u8]>,
    /// Whether it is text or binary, decided by content alone.
    pub nature: Nature,
}

/// Text, or something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// All rules apply.
    Text,
    /// Only rules with literal prefixes apply: context means nothing in there.
    Binary,
}

/// A way to read a file's bytes as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As what they seem to be: UTF-8, a legacy encoding, UTF-16 or UTF-32.
    Plain,
    /// With all NULs left out. Files of two encodings exist (an editor or a shell appends UTF-16 to
    /// ASCII, or the reverse), and binaries hold UTF-16 strings at odd offsets; credentials are ASCII
    /// and stand in this view wherever they are.
    WithoutNuls,
}

/// The views in which a file has to be scanned: the plain one alone for nearly all.
pub fn views(bytes: &[u8]) -> &'static [View] {
    let marked = [b"\xff\xfe".as_slice(), b"\xfe\xff"].iter().any(|mark| bytes.starts_with(mark));
    if marked || memchr::memchr(0, bytes).is_some() { &[View::Plain, View::WithoutNuls] } else { &[View::Plain] }
}

/// The text of a view, and its nature.
pub fn text_of(view: View, bytes: &[u8]) -> (Cow<'_, [u8]>, Nature) {
    match view {
        View::Plain => decode(bytes),
        View::WithoutNuls => {
            let text = without_nuls(bytes);
            let nature = nature_of(&text[..text.len().min(SAMPLE)]);
            (Cow::Owned(text), nature)
        }
    }
}

impl<'a> Fragment<'a> {
    /// A fragment of a file's content in one view: decodes it and decides its nature.
    pub fn content(path: &'a [u8], bytes: &'a [u8], view: View) -> Self {
        let (text, nature) = text_of(view, bytes);
        Fragment { path, part: Part::Content, text, nature }
    }

    /// A fragment of plain text that is not a file's content.
    pub fn text(path: &'a [u8], part: Part, text: &'a [u8]) -> Self {
        Fragment { path, part, text: Cow::Borrowed(text), nature: Nature::Text }
    }
}

/// How much of a blob decides its nature; git looks at 8,000 bytes for a NUL (`buffer_is_binary`
/// in its `xdiff-interface.c`).
const SAMPLE: usize = 8_000;

/// Decodes UTF-16 and UTF-32 (with a byte order mark, or UTF-16 of mostly ASCII without one) to
/// UTF-8, and tells text from binary. Everything else comes back as it is.
///
/// Text may hold some NUL or control bytes: it is binary when more than one byte in ten of the
/// sample is a control character that text does not use.
pub fn decode(bytes: &[u8]) -> (Cow<'_, [u8]>, Nature) {
    if let Some(text) = decode_marked(bytes) {
        return (Cow::Owned(text), Nature::Text);
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if memchr::memchr(0, sample).is_none() {
        return (Cow::Borrowed(bytes), nature_of(sample));
    }
    match unmarked_utf16(sample) {
        Some(order) => (Cow::Owned(utf16(bytes, order)), Nature::Text),
        None => (Cow::Borrowed(bytes), nature_of(sample)),
    }
}

fn nature_of(sample: &[u8]) -> Nature {
    // Without `&&`: so the compiler looks at many bytes at once.
    let odd = |b: u8| (b < 0x20) & (b != b'\t') & (b != b'\n') & (b != b'\r') & (b != 0x0c) & (b != 0x1b);
    // Sums of bytes, in pieces too short to overflow them, for the same reason.
    let odd = |piece: &[u8]| usize::from(piece.iter().map(|&b| u8::from(odd(b))).sum::<u8>());
    let odd: usize = sample.chunks(128).map(odd).sum();
    if odd * 10 > sample.len() { Nature::Binary } else { Nature::Text }
}

/// Eight bytes at a time where there is no NUL among them, which is nearly everywhere in a binary.
fn without_nuls(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let (eights, rest) = bytes.as_chunks::<8>();
    for eight in eights {
        if eight.contains(&0) {
            text.extend(eight.iter().filter(|&&b| b != 0));
        } else {
            text.extend_from_slice(eight);
        }
    }
    text.extend(rest.iter().filter(|&&b| b != 0));
    text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

fn decode_marked(bytes: &[u8]) -> Option<Vec<u8>> {
    // UTF-32LE begins as UTF-16LE does, so it is asked first.
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        return Some(utf32(rest, Order::Little));
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        return Some(utf32(rest, Order::Big));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some(utf16(rest, Order::Little));
    }
    bytes.strip_prefix(b"\xfe\xff").map(|rest| utf16(rest, Order::Big))
}

/// UTF-16 without a mark: NULs nearly only at even or only at odd places, in a good part of them.
fn unmarked_utf16(sample: &[u8]) -> Option<Order> {
    let pairs = sample.len() / 2;
    let even = sample.chunks_exact(2).filter(|pair| pair[0] == 0).count();
    let odd = sample.chunks_exact(2).filter(|pair| pair[1] == 0).count();
    if odd * 2 >= pairs && even * 20 <= pairs {
        Some(Order::Little)
    } else if even * 2 >= pairs && odd * 20 <= pairs {
        Some(Order::Big)
    } else {
        None
    }
}

fn utf16(bytes: &[u8], order: Order) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| match order {
        Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
        Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
    });
    let mut text = String::with_capacity(bytes.len() / 2);
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text.into_bytes()
}

fn utf32(bytes: &[u8], order: Order) -> Vec<u8> {
    let mut text = String::with_capacity(bytes.len() / 4);
    text.extend(bytes.chunks_exact(4).map(|quad| {
        let quad = [quad[0], quad[1], quad[2], quad[3]];
        let value = match order {
            Order::Little => u32::from_le_bytes(quad),
            Order::Big => u32::from_be_bytes(quad),
        };
        char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
    }));
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn utf16_is_decoded_with_and_without_a_mark() {
        let plain = utf16le("key = value\r\n");
        let marked = [b"\xff\xfe".as_slice(), &plain].concat();
        for bytes in [plain, marked] {
            let (text, nature) = decode(&bytes);
            assert_eq!((&*text, nature), (b"key = value\r\n".as_slice(), Nature::Text));
        }
        let big: Vec<u8> = "key".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(&*decode(&big).0, b"key");
    }

    #[test]
    fn mixed_encodings_have_a_second_view() {
        let mixed = [b"plain\n".as_slice(), &utf16le("key = value\n")].concat();
        assert_eq!(views(&mixed), [View::Plain, View::WithoutNuls]);
        assert_eq!(&*text_of(View::WithoutNuls, &mixed).0, b"plain\nkey = value\n");
        assert_eq!(views(b"plain\n"), [View::Plain]);
        let long = b"0123456789abcdef\0g\0\0hijklmnopqrstuvwxyz\0";
        assert_eq!(&*text_of(View::WithoutNuls, long).0, b"0123456789abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn a_nul_in_text_does_not_make_it_binary() {
        let mut text = b"some text, and more of it\n".repeat(10);
        text[40] = 0;
        assert_eq!(decode(&text).1, Nature::Text);
        assert_eq!(decode(&[0, 1, 2, 3, 0, 5, 0xff, 9, 8, 7]).1, Nature::Binary);
        assert_eq!(decode(b"").1, Nature::Text);
    }
}
