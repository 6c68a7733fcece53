//! Pieces of text that a report may hold whatever was found: those of its own words.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// The length of a piece, in bytes: from so many in a row on, a part of a value is shown.
pub const PIECE: usize = 8;

/// A piece of text.
pub type Piece = [u8; PIECE];

/// What stands in the program's own sources and rules.
static WORDS: LazyLock<HashSet<Piece>> = LazyLock::new(|| {
    let mut all = HashSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the program's sources") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.extend(pieces(&fs::read(&path).expect("a readable source file")));
            }
        }
    }
    all
});

/// All pieces of a text.
pub fn pieces(text: &[u8]) -> impl Iterator<Item = Piece> {
    text.windows(PIECE).map(|window| window.try_into().expect("windows of this length"))
}

/// Whether a piece tells something of whoever wrote it: not of the program's words, nor of marks alone.
pub fn telling(piece: &Piece) -> bool {
    // Six characters between the quotes of a report are no eight of the value.
    if piece.starts_with(b"\"") && piece.ends_with(b"\"") {
        return false;
    }
    let letters = piece.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let kinds = piece.iter().collect::<HashSet<_>>().len();
    letters >= 4 && kinds > 3 && !WORDS.contains(piece)
}
