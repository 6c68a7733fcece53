//! The kinds of exceptions that the layers make together.

use std::collections::BTreeMap;

use super::layers::Join;
use super::syntax::KindKeys;
use super::{Kind, Setting};
use crate::exception::KINDS;

impl Join<'_> {
    /// The kinds by name, each as short as the strictest layer wants it.
    pub(super) fn kinds(&mut self) -> BTreeMap<String, Kind> {
        let longest = self.strictest("exceptions.longest_days", 366, |k| k.exceptions.longest_days, |a, b| a < b);
        let most = longest.max(1);
        let mut kinds: BTreeMap<String, (Kind, String)> = KINDS
            .iter()
            .map(|&(name, days, _)| {
                let kind = Kind { default_days: days.min(most), longest_days: most };
                (name.to_owned(), (kind, "built-in".to_owned()))
            })
            .collect();
        let layers = self.layers;
        // Where the fleet gives orders about kinds, a user's new name would be a way around them.
        let ordered = layers
            .mandatory
            .iter()
            .any(|(_, keys)| !keys.exceptions.kinds.is_empty() || !keys.exceptions.approval_kinds.is_empty());
        let fleets = layers.recommended.iter().map(|layer| (layer, true));
        let users = layers.user.iter().map(|layer| (layer, !ordered));
        let owners = fleets.chain(users).chain(layers.mandatory.iter().map(|layer| (layer, true)));
        for ((origin, keys), owner) in owners.chain(layers.strangers().map(|layer| (layer, false))) {
            for (name, change) in &keys.exceptions.kinds {
                change_kind(&mut kinds, name, change, owner, origin, longest);
            }
        }
        for (name, (kind, origin)) in kinds.iter().filter(|_| layers.explain) {
            let value = format!("{} of at most {} days", kind.default_days, kind.longest_days);
            self.settings.push(Setting {
                key: format!("exceptions.kinds.{name}"),
                value,
                origin: origin.clone(),
                merge: "strictest",
            });
        }
        kinds.into_iter().map(|(name, (kind, _))| (name, kind)).collect()
    }
}

fn change_kind(
    kinds: &mut BTreeMap<String, (Kind, String)>,
    name: &str,
    change: &KindKeys,
    owner: bool,
    origin: &str,
    longest: u32,
) {
    if change.off == Some(true) {
        kinds.remove(name);
        return;
    }
    let known = kinds.get(name).map(|(kind, _)| *kind);
    // A new kind is a new way around; only owners add one.
    let Some(mut kind) = known.or(owner.then_some(Kind { default_days: 30, longest_days: longest })) else { return };
    if let Some(days) = change.longest_days {
        kind.longest_days = if owner { days.min(longest) } else { days.min(kind.longest_days) };
    }
    if let Some(days) = change.default_days {
        kind.default_days = if owner { days } else { days.min(kind.default_days) };
    }
    kind.default_days = kind.default_days.min(kind.longest_days);
    let key = change.name.as_deref().filter(|_| owner).unwrap_or(name).to_owned();
    kinds.remove(name);
    kinds.insert(key, (kind, origin.to_owned()));
}
