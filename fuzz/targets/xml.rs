//! XML: elements, attributes, CDATA, property lists.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &["web.config", "settings.xml", "app.plist", "sitemanager.xml"];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
