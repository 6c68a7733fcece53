//! Lines of the ledger, and other text that comes back from disk.

#![no_main]

use leakwarden::ledger::{chain::Head, line::Link};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    Link::read(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    Head::parse(text);
    leakwarden::approval::public_key(text);
    leakwarden::approval::address(text);
});
