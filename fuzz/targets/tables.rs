//! Tables: CSV, TSV, Markdown, and the statements of SQL.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &["users.csv", "users.tsv", "dump.sql", "table.md", "a.txt"];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
