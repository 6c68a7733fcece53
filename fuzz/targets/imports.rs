//! Files of other tools. The first byte chooses the format.

#![no_main]

use leakwarden::import::{Format, paths, pattern, read};
use leakwarden_fuzz::RULES;
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 6] =
    [Format::Gitleaks, Format::Fingerprints, Format::Baseline, Format::Talisman, Format::GitAllowed, Format::PathLines];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    read(FORMATS[usize::from(choice) % FORMATS.len()], text, &RULES).ok();
    paths::globs(text).ok();
    paths::of_line(text).ok();
    pattern::from_go(text, usize::from(choice) % 4, &[]).ok();
});
