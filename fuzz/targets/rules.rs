//! Rule files: what is refused says so without a panic, what is taken can scan.

#![no_main]

use leakwarden::document;
use leakwarden::fragment::{Fragment, View};
use leakwarden::rules::check::check;
use leakwarden::rules::syntax::RuleSource;
use leakwarden::rules::{RuleSet, template};
use leakwarden::scan::scan;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rule: Vec<RuleSource>,
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A template may ask for as much text as it likes: those are of whoever writes the rule.
    let long = text.split(|c: char| !c.is_ascii_digit()).any(|number| number.len() > 3);
    if !long {
        let one = template::expand(text, "seed", None).ok();
        assert_eq!(one, template::expand(text, "seed", None).ok(), "a template says the same each time");
    }
    let Ok(file) = document::parse::<File>(text) else { return };
    for source in file.rule {
        let Ok(rules) = RuleSet::new(vec![source.clone()]) else { continue };
        let fragment = Fragment::content(b"f", data, View::Plain);
        let found = scan(&fragment, &rules);
        assert!(found.findings.iter().all(|own| own.span.end <= data.len()));
        if !long {
            let ids = |_: leakwarden::finding::Part, text: &str| {
                let own = scan(&Fragment::content(b"f", text.as_bytes(), View::Plain), &rules).findings;
                own.into_iter().map(|own| own.rule).collect()
            };
            check(&source, ids).ok();
        }
    }
});
