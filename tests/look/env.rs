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
