//! What the fuzz targets share: [`plant`] makes texts of what the fuzzer draws, [`laws`] holds what must be
//! true of every scan. How they are run: `docs/fuzzing.md`.

pub mod laws;
pub mod plant;
mod vocabulary;

use std::sync::LazyLock;

use leakwarden::rules::RuleSet;

/// The built-in rules.
pub static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::builtin);
