//! Source code: assignments, calls, defaults, types, wrapped literals.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    "a.py",
    "a.js",
    "a.ts",
    "A.java",
    "a.go",
    "a.rb",
    "a.php",
    "a.rs",
    "main.tf",
    "a.c",
    "a.cs",
    "a.swift",
    "wp-config.php",
];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
