//! Env files, key files: what is where it does not belong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};
use leakwarden::guard::Kind;

use crate::kit::{in_repository, plant};
use crate::{Eye, places};

fn env(seed: &str) -> String {
    format!("# settings\nGITHUB_TOKEN={}\n", plant::github(seed))
}

#[test]
fn where_an_env_file_may_be() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", ".env\n*.local\n")?;
        s.write("app/x.py", "x\n")?;
        s.commit_unchecked("one")?;
        let mut eye = Eye::on(s);
        s.write("app/.env", env("env-1"))?;
        ensure!(eye.all()?.warnings.is_empty(), "untracked and ignored is fine anywhere");
        s.write("app/prod.env", env("env-2"))?;
        ensure!(places(&eye.at(&["app/prod.env"])?, Kind::EnvFile) == ["app/prod.env"], "not ignored");
        s.write("app/prod.env", "TOKEN=${TOKEN}\nPASSWORD=changeme\n")?;
        ensure!(eye.at(&["app/prod.env"])?.warnings.is_empty(), "references and placeholders");
        s.write(".env.example", env("env-3"))?;
        ensure!(places(&eye.at(&[".env.example"])?, Kind::EnvFile) == [".env.example"], "real values in an example");
        s.write(".env.example", "TOKEN=your-token-here\n")?;
        s.commit_unchecked("two")?;
        ensure!(eye.all()?.warnings.is_empty(), "an example without real values may be tracked");
        s.git("add -f app/.env")?;
        s.commit_unchecked("three")?;
        ensure!(eye.places(Kind::EnvFile)? == ["app/.env"], "tracked: it is a warning also when it is committed");
        Ok(())
    })
}

#[test]
fn new_nested_folders_and_those_that_are_left_out() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "build/\n")?;
        s.commit_unchecked("one")?;
        let mut eye = Eye::on(s);
        eye.all()?;
        s.write("new/deep/er/.env", env("env-4"))?;
        let look = eye.at(&["new"])?;
        ensure!(places(&look, Kind::EnvFile) == ["new/deep/er/.env"], "{look:?}");
        let ends: Vec<String> = look.folders.iter().map(|f| f.display().to_string()).collect();
        ensure!(ends.len() == 3 && ends.iter().any(|end| end.ends_with("new/deep/er")), "{ends:?}");
        for left_out in ["node_modules/a", "target/debug", "build/x", "sub/.venv"] {
            s.write(format!("{left_out}/.env"), env("env-5"))?;
        }
        s.write("cmake/CMakeCache.txt", "")?;
        s.write("cmake/.env", env("env-6"))?;
        let look = eye.all()?;
        ensure!(places(&look, Kind::EnvFile) == ["new/deep/er/.env"], "{look:?}");
        let watched = |name: &str| look.folders.iter().any(|folder| folder.ends_with(name));
        ensure!(watched("sub") && !watched("build") && !watched("node_modules") && !watched("cmake"), "{look:?}");
        fs::remove_dir_all(s.path("new"))?;
        ensure!(eye.at(&["new"])?.warnings.is_empty(), "gone");
        Ok(())
    })
}

#[test]
fn key_files_that_nothing_ignores() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "*.jks\n")?;
        s.commit_unchecked("one")?;
        let mut eye = Eye::on(s);
        s.write("keys/id_ed25519", "not looked into")?;
        s.write("keys/release.jks", "ignored")?;
        s.write("keys/server.key", plant::private_key("env-7"))?;
        s.write("keys/ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")?;
        ensure!(eye.places(Kind::KeyFile)? == ["keys/id_ed25519", "keys/server.key"], "{:?}", eye.all()?);
        Ok(())
    })
}

#[test]
fn what_policy_asks_for() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "*.env\nsecrets.ini\n")?;
        s.commit_unchecked("one")?;
        s.write("a.env", env("env-8"))?;
        s.write("deploy/a.env", env("env-9"))?;
        s.write("secrets.ini", env("env-10"))?;
        fs::set_permissions(s.path("a.env"), fs::Permissions::from_mode(0o640))?;
        fs::set_permissions(s.path("deploy/a.env"), fs::Permissions::from_mode(0o600))?;
        ensure!(Eye::on(s).all()?.warnings.is_empty(), "all ignored");
        let policy = "[guard]\nenv_names = [\"secrets.ini\"]\nenv_paths = [\"deploy/**\"]\nenv_mode = \"medium\"\n";
        let mut eye = Eye::with(s, policy);
        ensure!(eye.places(Kind::EnvFile)? == ["a.env", "secrets.ini"], "{:?}", eye.all()?);
        ensure!(eye.places(Kind::EnvMode)?.contains(&"a.env".to_owned()), "others may read it");
        Ok(())
    })
}

#[test]
fn the_same_value_twice_and_an_old_one() -> Result<()> {
    use leakwarden::guard::values::Values;
    const ASKED: &str = "[guard]\nreuse = \"medium\"\nage = \"low\"\noldest_days = 30\n";
    let kinds = |warnings: &[leakwarden::guard::Warning], kind| -> Vec<String> {
        warnings.iter().filter(|own| own.kind == kind).map(|own| format!("{}: {}", own.path, own.why)).collect()
    };
    in_repository(|s| {
        let state = s.root().join("tmp");
        s.write(".gitignore", ".env*\n")?;
        s.commit_unchecked("one")?;
        s.write(".env.dev", env("env-11"))?;
        let mut eye = Eye::with(s, ASKED);
        let day = jiff::civil::date(2026, 11, 1);
        let mut values = Values::open(&state)?;
        let folder = s.path("");
        ensure!(values.update(&folder, &eye.all()?, day)?.is_empty(), "one place, and new");
        s.write(".env.prod", env("env-11"))?;
        let twice = values.update(&folder, &eye.all()?, day)?;
        let told = kinds(&twice, Kind::Reuse);
        ensure!(told.len() == 2 && told[0].contains(".env.prod"), "{twice:?}");
        let id = twice[0].id.clone();
        s.run(
            s.command(crate::kit::LEAKWARDEN)
                .args(["allow", &id, "--kind", "accepted-risk", "--reason"])
                .arg("one account for both"),
        )?
        .exits(2)?;
        let policy = s.root().join("home/.config/leakwarden/config.toml");
        fs::create_dir_all(policy.parent().expect("a folder"))?;
        fs::write(&policy, ASKED)?;
        s.run(
            s.command(crate::kit::LEAKWARDEN)
                .args(["allow", &id, "--kind", "accepted-risk", "--reason"])
                .arg("one account for both"),
        )?
        .ok()?;
        ensure!(kinds(&values.update(&folder, &eye.all()?, day)?, Kind::Reuse).len() == 1, "one is excepted");
        // A linked worktree is the same place, another repository is not.
        s.git("worktree add -q ../linked")?;
        let linked = s.root().join("linked");
        fs::write(linked.join(".env.dev"), env("env-11"))?;
        fs::remove_file(s.path(".env.prod"))?;
        let look = Eye::at_folder(s, &linked, ASKED).all()?;
        values.update(&folder, &eye.all()?, day)?;
        ensure!(kinds(&values.update(&linked, &look, day)?, Kind::Reuse).is_empty(), "worktrees are one place");
        let later = values.update(&folder, &eye.all()?, jiff::civil::date(2026, 12, 15))?;
        ensure!(kinds(&later, Kind::Age).len() == 1, "{later:?}");
        let kept = fs::read(state.join("values.json"))?;
        plant::check("the values", &kept)?;
        Ok(())
    })
}

#[test]
fn patterns_that_do_not_go_together_are_an_error_and_no_silence() -> Result<()> {
    in_repository(|s| {
        s.write(".env", env("env-12"))?;
        // Each names some folders or files, and all of them together everything.
        let policy = "[guard]\nenv_paths = [\"[a-m]*/**\", \"[n-z]*/**\", \"[0K]*/**\", \"*.*\", \"[zM]*\"]\n";
        leakwarden::policy::check::owner(&leakwarden::config::keys(policy)?)?;
        ensure!(Eye::with(s, policy).all().is_err(), "nothing would be watched");
        Ok(())
    })
}
