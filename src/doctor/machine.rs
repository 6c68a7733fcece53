//! The gits of the machine, and what their configuration names.

use std::path::Path;

use super::Check;
use crate::finding::escape;
use crate::install::dropin;
use crate::install::gits::Installed;
use crate::install::machine::{PACKAGED, Reach};
use crate::install::shim::Shims;
use crate::install::{machine, shown};

/// Every git that was found.
pub fn gits(gits: &[Installed]) -> Vec<Check> {
    const ID: &str = "git";
    if gits.is_empty() {
        return vec![Check::unknown(ID, "no git was found on this machine", "install git, or put it on PATH")];
    }
    let mut checks = Vec::new();
    for git in gits {
        let subject = shown(&git.path);
        if git.foreign {
            let text = "others than root can change it, so root does not run it: look at it as its owner";
            checks.push(Check::note(ID, text).on(subject));
            continue;
        }
        let Some(version) = &git.version else {
            checks.push(Check::unknown(ID, "it does not tell its version", "look whether it can be run").on(subject));
            continue;
        };
        let system = git.system.as_ref().map_or_else(String::new, |file| format!(", reads {}", shown(file)));
        let hooks = if git.runs_config_hooks() { ", runs hooks from configuration" } else { "" };
        checks.push(Check::ok(ID, format!("{}{system}{hooks}", escape(version.as_bytes()))).on(subject));
    }
    checks
}

/// Whether hooks that a user's or a machine's configuration names are as they should be. Nothing where
/// leakwarden was never installed that way.
pub fn reach(reach: &Reach, gits: &[Installed], shims: &Shims) -> Option<Check> {
    let (id, command) = match reach {
        Reach::User(_) => ("config.user", "leakwarden install --user"),
        Reach::System(_) => ("config.system", "leakwarden install --system"),
    };
    let dropin = reach.dropin(shims);
    let packaged = dropin.folder == Path::new(PACKAGED);
    let there = dropin::is_ours(&dropin.file());
    let included = machine::included(reach, gits).unwrap_or_default();
    let check = match (there, included.is_empty()) {
        (false, true) => return None,
        (true, true) if packaged => {
            Check::note(id, format!("the package's hooks are in no git's configuration: `{command}`"))
        }
        (_, false) if !dropin::is_ours(&included[0].1.file()) => {
            let text =
                format!("{} includes {}, which is not there", shown(&included[0].0), shown(&included[0].1.file()));
            Check::fails(id, text, format!("`{command}`")).fixable()
        }
        _ if matches!(reach, Reach::System(_)) && !machine::everybody_reads(&included[0].1) => {
            let text = format!("{} cannot be read by everybody", shown(&included[0].1.folder));
            Check::fails(id, text, format!("`{command}`, after removing that folder"))
        }
        _ => match machine::install(reach, gits, shims) {
            Ok(plans) if plans.iter().all(|plan| plan.steps.is_empty()) => {
                Check::ok(id, format!("{} is included and current", shown(&dropin.file())))
            }
            Ok(_) => {
                let text = format!("{} is not current, or not in every git's configuration", shown(&dropin.file()));
                Check::fails(id, text, format!("`{command}`")).fixable()
            }
            Err(error) => Check::unknown(id, escape(format!("{error:#}").as_bytes()), format!("`{command}`")),
        },
    };
    Some(check)
}
