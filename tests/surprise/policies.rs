//! Policies of a repository, as they fall.

use jiff::civil::Date;

use crate::dice::Dice;

/// A policy that tightens some things, and now and then lets a folder pass.
pub fn any_policy(dice: &mut Dice, today: Date) -> String {
    let severity = *dice.of(&["low", "medium", "high", "critical"]);
    let soon = today.saturating_add(jiff::Span::new().days(20));
    let parts = [
        format!("severity = \"{severity}\"\n"),
        "confidence = \"possible\"\n".to_owned(),
        format!("never_severity = \"{}\"\n", dice.of(&["high", "critical"])),
        "once = false\n".to_owned(),
        "inline = false\n".to_owned(),
        format!("ticket = \"{}\"\n", dice.of(&["SEC-[0-9]+", "SEC-[0-9]{2}"])),
        "least_reason = 30\n".to_owned(),
        "never_rules = [\"generic-private-key\", \"generic-password\"]\n".to_owned(),
        "wide = false\n".to_owned(),
        "approval_kinds = [\"accepted-risk\", \"fix-later\"]\n".to_owned(),
        "longest_days = 5\n".to_owned(),
    ];
    let mut kept: Vec<bool> = parts.iter().map(|_| dice.once_in(4)).collect();
    kept[10] &= dice.once_in(2);
    let chosen =
        |from: usize, to: usize| -> String { (from..to).filter(|&n| kept[n]).map(|n| parts[n].as_str()).collect() };
    let mut text = format!("[block]\n{}[exceptions]\n{}", chosen(0, 2), chosen(2, parts.len()));
    if dice.once_in(3) {
        text.push_str("[exceptions.kinds.test-value]\noff = true\n");
    }
    if dice.once_in(3) {
        text.push_str("[exceptions.kinds.fix-later]\nlongest_days = 3\n");
    }
    if dice.once_in(3) {
        text.push_str("[rules.generic-password]\nseverity = \"critical\"\n");
    }
    if dice.once_in(3) {
        text.push_str(&format!(
            "[[exception]]\npaths = [\"docs/**\"]\nkind = \"fix-later\"\nreason = \"the old pages are rewritten\"\n\
             by = \"Me <me@example.org>\"\nexpires = \"{soon}\"\n"
        ));
    }
    text
}
