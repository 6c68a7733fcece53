//! Which lines are new: two texts, parted by a NUL.

#![no_main]

use leakwarden::git::added::AddedLines;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|&b| b == 0).unwrap_or(0);
    let (old, new) = (&data[..at], &data[(at + 1).min(data.len())..]);
    let lines: Vec<&[u8]> = new.split_inclusive(|&b| b == b'\n').collect();
    let added = AddedLines::between(old, new);
    let told = added.lines();
    assert_eq!(told.len() as u64, added.count());
    assert!(told.iter().all(|&line| line >= 1 && line as usize <= lines.len()), "a line that is not there");
    // What is not new stands in the old text, in the same order.
    let mut before = old.split_inclusive(|&b| b == b'\n');
    for (number, line) in (1..).zip(&lines) {
        if !told.contains(&number) {
            assert!(before.any(|own| own == *line), "line {number} is new and is not told");
        }
    }
    let last = u32::try_from(lines.len()).expect("few lines");
    assert_eq!(added.any(1, last), !told.is_empty());
    assert!(AddedLines::between(new, new).lines().is_empty(), "nothing is new in the same text");
    assert_eq!(AddedLines::between(b"", new).lines().len(), lines.len(), "all is new in a new text");
});
