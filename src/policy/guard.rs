//! What the guard warns of: `[guard]` of all layers taken together.

use super::layers::{Join, Source, Stricter};
use super::syntax::{self, Keys, Warns};
use crate::level::Severity;

/// The guard's part of a policy. Of a check, `None` means that it is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Whether a repository is watched once leakwarden is installed in it.
    pub register: bool,
    /// Whether the desktop shows warnings.
    pub desktop: bool,
    /// Whether the uncommitted content of tracked files is watched; a warning has its finding's severity.
    pub secrets: bool,
    /// Env files with a secret where they do not belong.
    pub env_files: Option<Severity>,
    /// Key files and keystores that are neither tracked nor ignored.
    pub key_files: Option<Severity>,
    /// Hooks that were removed, disabled or shadowed.
    pub hooks: Option<Severity>,
    /// A policy that changed.
    pub policy: Option<Severity>,
    /// A ledger that was edited.
    pub ledger: Option<Severity>,
    /// Env files that group or others may read.
    pub env_mode: Option<Severity>,
    /// The same value in two env files.
    pub reuse: Option<Severity>,
    /// Secrets in env files that are older than [`oldest_days`](Guard::oldest_days).
    pub age: Option<Severity>,
    /// How old a secret may become, in days.
    pub oldest_days: u32,
    /// Globs of names of env files besides `.env`, `.env.*`, `*.env` and `.envrc`.
    pub env_names: Vec<String>,
    /// Globs of paths, from the top of a worktree, where env files may be; empty: everywhere.
    pub env_paths: Vec<String>,
    /// The largest file that the guard reads, in bytes.
    pub size_cap: u64,
}

impl Default for Guard {
    /// What the design asks for unasked; mode, reuse and age are off.
    fn default() -> Self {
        Guard {
            register: true,
            desktop: true,
            secrets: true,
            env_files: Some(Severity::High),
            key_files: Some(Severity::Medium),
            hooks: Some(Severity::Medium),
            policy: Some(Severity::Low),
            ledger: Some(Severity::High),
            env_mode: None,
            reuse: None,
            age: None,
            oldest_days: 365,
            env_names: Vec::new(),
            env_paths: Vec::new(),
            size_cap: 16 << 20,
        }
    }
}

impl Warns {
    /// What a check that is on warns with; `None` where it is off.
    fn severity(self) -> Option<Severity> {
        match self {
            Warns::Off => None,
            Warns::Low => Some(Severity::Low),
            Warns::Medium => Some(Severity::Medium),
            Warns::High => Some(Severity::High),
            Warns::Critical => Some(Severity::Critical),
        }
    }

    fn of(severity: Option<Severity>) -> Self {
        match severity {
            None => Warns::Off,
            Some(Severity::Low) => Warns::Low,
            Some(Severity::Medium) => Warns::Medium,
            Some(Severity::High) => Warns::High,
            Some(Severity::Critical) => Warns::Critical,
        }
    }
}

impl Join<'_> {
    /// The guard's part. What it may read and where it shows it is the owners'; a repository may switch
    /// checks on and raise them.
    pub(super) fn guard(&mut self) -> Guard {
        let builtin = Guard::default();
        let on: Stricter<bool> = |a, b| *a & !b;
        let mib = self.owners("guard.size_cap_mib", builtin.size_cap >> 20, |k| k.guard.size_cap_mib);
        let paths = builtin.env_paths.clone();
        Guard {
            register: self.owners("guard.register", builtin.register, |k| k.guard.register),
            desktop: self.owners("guard.desktop", builtin.desktop, |k| k.guard.desktop),
            secrets: self.strictest("guard.secrets", builtin.secrets, |k| k.guard.secrets, on),
            env_files: self.warns("env_files", builtin.env_files, |k| k.env_files),
            key_files: self.warns("key_files", builtin.key_files, |k| k.key_files),
            hooks: self.warns("hooks", builtin.hooks, |k| k.hooks),
            policy: self.warns("policy", builtin.policy, |k| k.policy),
            ledger: self.warns("ledger", builtin.ledger, |k| k.ledger),
            env_mode: self.warns("env_mode", builtin.env_mode, |k| k.env_mode),
            reuse: self.warns("reuse", builtin.reuse, |k| k.reuse),
            age: self.warns("age", builtin.age, |k| k.age),
            oldest_days: self.strictest(
                "guard.oldest_days",
                builtin.oldest_days,
                |k| k.guard.oldest_days,
                |a, b| a < b,
            ),
            env_names: self.union("guard.env_names", |k| &k.guard.env_names, Source::All),
            env_paths: self.owners("guard.env_paths", paths, |k| k.guard.env_paths.clone()),
            size_cap: mib.saturating_mul(1 << 20),
        }
    }

    fn warns(
        &mut self,
        key: &str,
        builtin: Option<Severity>,
        get: impl Fn(&syntax::Guard) -> Option<Warns>,
    ) -> Option<Severity> {
        let get = |keys: &Keys| get(&keys.guard);
        self.strictest(&format!("guard.{key}"), Warns::of(builtin), get, |a, b| a > b).severity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Setting;
    use crate::policy::layers::Layers;

    fn layer(text: &str) -> (String, Keys) {
        ("layer".to_owned(), toml::from_str(text).expect("keys"))
    }

    fn joined(layers: &Layers) -> Guard {
        layers.join().expect("no mistake").guard
    }

    #[test]
    fn nobody_says_anything_and_the_built_in_values_count() {
        assert_eq!(joined(&Layers::default()), Guard::default());
    }

    #[test]
    fn a_repository_switches_on_and_raises_and_never_lowers() {
        let text = "[guard]\nage = \"low\"\nhooks = \"critical\"\nledger = \"off\"\npolicy = \"off\"\nsecrets = false\n\
                    oldest_days = 90\nenv_names = [\"*.vars\"]";
        let mut layers = Layers { repository: Some(layer(text)), ..Layers::default() };
        let expected = Guard {
            age: Some(Severity::Low),
            hooks: Some(Severity::Critical),
            oldest_days: 90,
            env_names: vec!["*.vars".to_owned()],
            ..Guard::default()
        };
        assert_eq!(joined(&layers), expected);
        layers.repository = Some(layer("[guard]\noldest_days = 1000"));
        assert_eq!(joined(&layers).oldest_days, 365);
    }

    #[test]
    fn owners_loosen_what_is_not_ordered() {
        let off = "[guard]\nhooks = \"off\"\nsecrets = false\nregister = false\noldest_days = 1000\n\
                   env_paths = [\"deploy/**\"]\nsize_cap_mib = 2";
        let mut layers = Layers { user: Some(layer(off)), ..Layers::default() };
        let own = joined(&layers);
        assert_eq!((own.hooks, own.secrets, own.register, own.oldest_days), (None, false, false, 1000));
        assert_eq!((own.env_paths, own.size_cap), (vec!["deploy/**".to_owned()], 2 << 20));
        let ordered = "[guard]\nhooks = \"medium\"\nsecrets = true\nregister = true\noldest_days = 30\nenv_paths = []";
        layers.mandatory.push(layer(ordered));
        let own = joined(&layers);
        assert_eq!((own.hooks, own.secrets, own.register), (Some(Severity::Medium), true, true));
        assert_eq!((own.oldest_days, own.env_paths), (30, Vec::<String>::new()));
        // An order may also loosen what is built in, and a user may still be stricter.
        layers.mandatory = vec![layer("[guard]\nhooks = \"off\"")];
        layers.user = Some(layer("[guard]\nhooks = \"low\""));
        assert_eq!(joined(&layers).hooks, Some(Severity::Low));
    }

    #[test]
    fn mistakes_name_the_key() {
        let said = |repository: bool, text: &str| {
            let keys = Some(layer(&format!("[guard]\n{text}")));
            let layers = match repository {
                true => Layers { repository: keys, ..Layers::default() },
                false => Layers { user: keys, ..Layers::default() },
            };
            layers.join().err().map(|error| format!("{error:#}")).unwrap_or_default()
        };
        for (key, text) in [
            ("register", "register = true"),
            ("desktop", "desktop = false"),
            ("env_paths", "env_paths = []"),
            ("size_cap_mib", "size_cap_mib = 4"),
        ] {
            let expected = format!("`guard.{key}` may not be set by a repository");
            assert!(said(true, text).contains(&expected), "{text}: {}", said(true, text));
            assert_eq!(said(false, text), "", "{text}");
        }
        for (key, text) in [
            ("oldest_days", "oldest_days = 0"),
            ("size_cap_mib", "size_cap_mib = 0"),
            ("env_names", "env_names = [\"*\"]"),
            ("env_names", "env_names = [\"a/.env\"]"),
            ("env_paths", "env_paths = [\"**\"]"),
        ] {
            assert!(said(false, text).contains(&format!("`guard.{key}`")), "{text}: {}", said(false, text));
        }
    }

    #[test]
    fn every_value_has_an_origin() {
        let layers = Layers { user: Some(layer("[guard]\nage = \"high\"")), explain: true, ..Layers::default() };
        let settings = layers.join().expect("no mistake").settings;
        let of = |key: &str| settings.iter().find(|own| own.key == key).cloned().expect("it is told");
        let Setting { value, origin, merge, .. } = of("guard.age");
        assert_eq!((value.as_str(), origin.as_str(), merge), ("high", "layer", "strictest"));
        assert_eq!((of("guard.reuse").value.as_str(), of("guard.reuse").origin.as_str()), ("off", "built-in"));
        assert_eq!(of("guard.register").merge, "replace");
    }
}
