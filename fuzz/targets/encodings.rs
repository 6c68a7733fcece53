//! UTF-16 and UTF-32, NULs, base64 and base 32.

#![no_main]

use leakwarden::finding::{escape, escape_json, lossy};
use leakwarden::fragment::{Fragment, Nature, View, decode};
use leakwarden::rules::encoding::{decode_base32, decode_base64, encode_base32, encode_base64};
use leakwarden::scan::scan;
use leakwarden_fuzz::{RULES, laws, plant};
use libfuzzer_sys::fuzz_target;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    for pad in [true, false] {
        let written = encode_base64(data, ALPHABET, pad);
        assert_eq!(decode_base64(written.as_bytes()).as_deref(), Some(data));
    }
    assert_eq!(decode_base32(encode_base32(data).as_bytes()).as_deref(), Some(data));
    decode_base64(data);
    decode_base32(data);
    for text in [escape(data), escape_json(&lossy(data))] {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character is told");
    }
    let text = plant::text(data);
    laws::scanned(b".env", &text);
    let Ok(plain) = std::str::from_utf8(&text) else { return };
    // A NUL after the mark of UTF-16 makes it that of UTF-32.
    if plain.starts_with(['\u{feff}', '\0']) {
        return;
    }
    let found = |bytes: &[u8]| {
        let own = scan(&Fragment::content(b".env", bytes, View::Plain), &RULES);
        own.findings.into_iter().map(|own| (own.rule, own.span)).collect::<Vec<_>>()
    };
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(*decode(&wide).0 == *text, "UTF-16 is read as another text");
    if decode(&text).1 == Nature::Text && !plain.contains('\0') {
        assert_eq!(found(&wide), found(&text), "UTF-16 holds the same");
    }
});
