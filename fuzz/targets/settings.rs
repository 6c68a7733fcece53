//! Key-value lines: `.env`, INI, properties, and the files of single tools.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    ".env",
    "app.ini",
    "app.properties",
    ".npmrc",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    "credentials",
    ".ftpconfig",
    "app.toml",
];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
