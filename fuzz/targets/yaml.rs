//! YAML: block scalars, anchors, lists, Kubernetes, Compose.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &["deploy.yaml", "docker-compose.yml", ".gitlab-ci.yml", "values.yaml"];

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let (path, text) = plant::read(PATHS, data);
    laws::scanned(path, &text);
});
