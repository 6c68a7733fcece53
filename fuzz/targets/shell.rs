//! Command lines: options, headers, heredocs, Dockerfiles.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &["a.sh", "Dockerfile", "a.ps1", "Makefile", ".bash_history", "Jenkinsfile"];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
