//! What the startup's policy allows and refuses.

use anyhow::{Context as _, Result, ensure};

use crate::fleet::Fleet;
use crate::kit::{LEAKWARDEN, Sandbox, in_repository, line, plant};

const POLICY: &str = include_str!("../../install/policies/startup.toml");

/// A machine of the startup with a staged token, and the id of what is found.
fn startup<'a>(s: &'a Sandbox) -> Result<Option<(Fleet<'a>, String)>> {
    let Some(fleet) = Fleet::new(s)? else { return Ok(None) };
    fleet.write("policy.toml", POLICY)?;
    s.write("a.py", line(&plant::github("startup")))?;
    s.git("add a.py")?;
    let report = fleet.leakwarden("scan --staged --format json")?.report()?;
    let id = report.only("github", "a.py", 1, "content")?["id"].as_str().context("an id")?.to_owned();
    Ok(Some((fleet, id)))
}

#[test]
fn it_is_a_good_policy() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, _)) = startup(s)? else { return Ok(()) };
        let checked = fleet.leakwarden("policy check /etc/leakwarden")?;
        ensure!(checked.ok()?.stderr.is_empty(), "{}", checked.stderr);
        fleet.keep("kept")
    })
}

#[test]
fn it_refuses_a_secret_and_names_the_chat() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, _)) = startup(s)? else { return Ok(()) };
        let outcome = fleet.commit()?;
        ensure!(outcome.blocked_at("a.py:1:")?.stderr.contains("#security"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn it_allows_an_exception_with_a_few_words_with_or_without_a_ticket() -> Result<()> {
    for ticket in ["", "--ticket anything-7"] {
        in_repository(|s| {
            let Some((fleet, id)) = startup(s)? else { return Ok(()) };
            fleet.leakwarden(&format!("allow {id} --kind test-value --reason 'made up, really' {ticket}"))?.ok()?;
            fleet.commit()?.clean()
        })?;
    }
    Ok(())
}

#[test]
fn it_allows_a_quarter_and_no_day_more() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, id)) = startup(s)? else { return Ok(()) };
        let allow = |days: u32| {
            fleet.leakwarden(&format!("allow {id} --kind test-value --reason 'made up, really' --expires {days}d"))
        };
        ensure!(allow(91)?.exits(2)?.stderr.contains("90 days"), "91 days");
        allow(90)?.ok().map(drop)
    })
}

#[test]
fn it_allows_remarks_and_exceptions_for_one_commit() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, id)) = startup(s)? else { return Ok(()) };
        fleet.shell(&format!("git -c leakwarden.allow='{id} test-value: made up, really' commit -q -m x"))?.clean()?;
        let token = plant::github("startup-inline");
        s.write("b.py", format!("token = \"{token}\"  # leakwarden:allow test-value made up for the tests\n"))?;
        s.git("add b.py")?;
        fleet.commit()?.clean()
    })
}

#[test]
fn it_refuses_an_agent_and_a_kind_that_is_none() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, id)) = startup(s)? else { return Ok(()) };
        let words = format!("'{LEAKWARDEN}' allow {id} --reason 'made up, really'");
        ensure!(fleet.shell(&format!("AI_AGENT=1 {words} --kind test-value"))?.code == Some(2), "an agent");
        ensure!(fleet.shell(&format!("{words} --kind because"))?.code == Some(2), "a kind");
        // Not even where the developer says so.
        s.write("../home/.config/leakwarden/config.toml", "[exceptions]\nautomation = true\n")?;
        ensure!(fleet.shell(&format!("AI_AGENT=1 {words} --kind test-value"))?.code == Some(2), "an agent");
        Ok(())
    })
}

#[test]
fn it_lets_a_developer_change_what_is_only_recommended() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, id)) = startup(s)? else { return Ok(()) };
        s.write("../home/.config/leakwarden/config.toml", "[exceptions]\nlongest_days = 300\n")?;
        fleet
            .leakwarden(&format!("allow {id} --kind test-value --reason 'made up, really' --expires 200d"))?
            .ok()
            .map(drop)
    })
}

#[test]
fn it_lets_no_verify_pass_and_remembers_it() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, _)) = startup(s)? else { return Ok(()) };
        let outcome = fleet.shell("git commit -q --no-verify -m x")?;
        outcome.ok()?;
        ensure!(s.events()?.iter().any(|event| event == "skipped by no-verify"), "{:?}", s.events()?);
        Ok(())
    })
}

#[test]
fn it_recommends_that_the_guard_looks_for_reuse() -> Result<()> {
    in_repository(|s| {
        let Some((fleet, _)) = startup(s)? else { return Ok(()) };
        let shown = fleet.leakwarden("policy show --origin")?.stdout;
        let of = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        ensure!(of("guard.reuse = medium").contains("[recommended]"), "{shown}");
        ensure!(of("guard.age = off").contains("built-in"), "{shown}");
        Ok(())
    })
}
