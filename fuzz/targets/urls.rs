//! URLs with credentials, queries, connection strings and headers of HTTP.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &["a.http", "a.conf", "a.log", "a.txt", "a.har"];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
