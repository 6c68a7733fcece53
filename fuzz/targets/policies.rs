//! Policy files: read as every layer, joined where they are sound.

#![no_main]

use jiff::civil::date;
use leakwarden::config;
use leakwarden::judgement::Judgement;
use leakwarden::policy::layers::Layers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    leakwarden::document::entries(text);
    config::fleet_file(text).ok();
    let Ok(keys) = config::keys(text) else { return };
    let own = ("policy".to_owned(), keys);
    let none = Layers { explain: true, ..Layers::default() };
    let weakest = Judgement::of(&none, date(2026, 1, 1)).expect("the policy without any layer").policy;
    for layers in [
        Layers { user: Some(own.clone()), ..none.clone() },
        Layers { repository: Some(own.clone()), ..none.clone() },
        Layers { target: Some(own.clone()), ..none.clone() },
        Layers { recommended: vec![own.clone()], ..none.clone() },
        Layers { mandatory: vec![own.clone()], ..none.clone() },
    ] {
        let strangers = layers.repository.is_some() || layers.target.is_some();
        let Ok(judgement) = Judgement::of(&layers, date(2026, 1, 1)) else { continue };
        let policy = judgement.policy;
        // Whoever can push can only tighten.
        if strangers {
            assert!(policy.confidence <= weakest.confidence && policy.severity <= weakest.severity);
            assert_eq!(policy.size_cap, weakest.size_cap);
        }
    }
});
