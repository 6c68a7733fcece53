//! Paths, branch names and messages: what is found there, and what of a path may be shown.

#![no_main]

use leakwarden::finding::Part;
use leakwarden::fragment::Fragment;
use leakwarden::scan::scan_path;
use leakwarden_fuzz::{RULES, laws, plant};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let path = plant::text(data);
    let (findings, shown) = scan_path(&path, &RULES);
    for own in &findings {
        let secret = own.secret.expose();
        let masked = own.redacted != leakwarden::finding::escape(secret);
        let repeated = path.windows(secret.len()).filter(|part| *part == secret).count() > 1;
        let told = shown.windows(secret.len()).any(|part| part == secret);
        assert!(!masked || secret.len() <= 8 || repeated || !told, "{} is shown in a path", own.rule);
        assert!(own.location.path == *shown, "{} tells another path", own.rule);
    }
    for part in [Part::Message, Part::RefName] {
        let fragment = Fragment::text(b"", part, &path);
        let (found, _) = laws::repeatable(&fragment);
        laws::places(&found.findings, &fragment);
    }
});
