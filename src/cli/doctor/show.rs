//! The report for people: one line a check, and below a failing one how to mend it.

use std::fmt::Write;

use super::Report;
use crate::doctor::{Check, Checked, Status};

/// The text. Of many repositories only what does not hold is told.
pub(super) fn text(report: &Report, many: bool, fixed: bool) -> String {
    let mut out = String::new();
    if let Some(machine) = &report.machine {
        out.push_str("this machine\n");
        section(&mut out, machine, false);
    }
    for repository in &report.repositories {
        let name = repository.path.as_deref().unwrap_or("?");
        if many {
            let word = match repository.covered {
                Some(true) => "covered",
                Some(false) => "NOT COVERED",
                None => "CANNOT TELL",
            };
            let _ = writeln!(out, "{word:<12} {name}");
        } else {
            let _ = writeln!(out, "\n{name}");
        }
        section(&mut out, repository, many);
    }
    let count = |wanted| report.repositories.iter().filter(|own| own.covered == wanted).count();
    if many {
        let (yes, no, open) = (count(Some(true)), count(Some(false)), count(None));
        let _ = writeln!(out, "{} repositories: {yes} covered, {no} not, {open} that cannot be told", yes + no + open);
    }
    let verdict = match report.covered {
        Some(true) => "covered: every check holds",
        Some(false) => "NOT covered: what FAILS has to be mended",
        None => "nobody can tell: something could not be checked",
    };
    let all = report.machine.iter().chain(&report.repositories).flat_map(|own| &own.checks);
    let hint = !fixed && all.into_iter().any(|check| check.fixable);
    let _ = writeln!(out, "\n{verdict}{}", if hint { " (`leakwarden doctor --fix` does what is safe)" } else { "" });
    out
}

fn section(out: &mut String, checked: &Checked, failing_only: bool) {
    for check in &checked.checks {
        let holds = matches!(check.status, Status::Ok | Status::Note);
        if !(failing_only && holds) {
            line(out, check);
        }
    }
}

fn line(out: &mut String, check: &Check) {
    let subject = check.subject.as_ref().map_or_else(String::new, |subject| format!("{subject}: "));
    let _ = writeln!(out, "  {:<7} {:<14} {subject}{}", check.status.word(), check.id, check.text);
    if let Some(mend) = check.mend.as_ref().filter(|_| !matches!(check.status, Status::Ok | Status::Note)) {
        let _ = writeln!(out, "  {:<7} {:<14} mend: {mend}", "", "");
    }
}
