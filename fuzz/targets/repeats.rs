//! Text that says a piece over and over, which is judged once and may not be slow.

#![no_main]

use leakwarden::fragment::{Fragment, View};
use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

/// Bytes of the longest text.
const LONGEST: usize = 16 << 10;

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let &[head, kind, ref rest @ ..] = data else { return };
    let text = plant::text(rest);
    let (head, piece) = text.split_at(text.len().min(usize::from(head) % 32));
    if piece.is_empty() {
        return;
    }
    let count = if kind & 1 == 0 { LONGEST } else { 1 << (kind % 16) } / piece.len() + 1;
    let mut all = head.to_vec();
    for number in 0..count {
        all.extend_from_slice(piece);
        // With a number no two pieces are the same.
        if kind & 2 == 2 {
            all.extend_from_slice(number.to_string().as_bytes());
        }
        if kind & 4 == 4 {
            all.push(b'\n');
        }
    }
    all.extend_from_slice(head);
    let fragment = Fragment::content(b"f", &all, View::Plain);
    let (found, _) = laws::repeatable(&fragment);
    laws::places(&found.findings, &fragment);
});
