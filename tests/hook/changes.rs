//! Every kind of change that a commit can make to a path.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_repository, line, plant};

/// Commits a file `old.conf` with a secret on line 2 that was there before leakwarden.
fn with_an_old_secret(s: &Sandbox, seed: &str) -> Result<()> {
    let lines: String = (3..30).map(|n| format!("setting_{n} = {n}\n")).collect();
    s.write("old.conf", format!("first = 1\n{}{lines}", line(&plant::github(seed))))?;
    s.commit_unchecked("an old secret")
}

fn make_executable(s: &Sandbox, name: &str) -> Result<()> {
    Ok(std::fs::set_permissions(s.path(name), std::fs::Permissions::from_mode(0o755))?)
}

#[test]
fn new_file() -> Result<()> {
    in_repository(|s| {
        s.write("deep/er/new.txt", format!("one\ntwo\n{}", line(&plant::github("new"))))?;
        s.commit_all()?.blocked_at("deep/er/new.txt:3:").map(drop)
    })
}

#[test]
fn edited_file() -> Result<()> {
    in_repository(|s| {
        let text = std::fs::read_to_string(s.path("README.md"))?;
        s.write("README.md", text.replace("seven\n", &line(&plant::github("edited"))))?;
        s.commit_all()?.blocked_at("README.md:7:").map(drop)
    })
}

#[test]
fn rename_moves_an_old_secret() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "renamed")?;
        s.git("mv old.conf new.conf")?;
        s.commit("")?.clean()
    })
}

#[test]
fn rename_into_another_folder_with_an_edit() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "renamed-edited")?;
        std::fs::create_dir(s.path("sub"))?;
        s.git("mv old.conf sub/new.conf")?;
        s.append("sub/new.conf", "clean = 1\n")?;
        s.commit("-a")?.clean()?;
        s.git("mv sub/new.conf again.conf")?;
        s.append("again.conf", line(&plant::github("renamed-new")))?;
        s.commit("-a")?.blocked_at("again.conf:31:")?.not_at("again.conf:2:").map(drop)
    })
}

#[test]
fn many_renames_at_once() -> Result<()> {
    in_repository(|s| {
        for n in 0..300 {
            s.write(format!("from/{n}.conf"), format!("n = {n}\n{}", line(&plant::github("many-renames"))))?;
        }
        s.commit_unchecked("old secrets")?;
        s.git("mv from to")?;
        s.commit("")?.clean()?;
        s.git("mv to again")?;
        s.write("new.conf", line(&plant::github("beside-many-renames")))?;
        s.git("add new.conf")?;
        s.commit("")?.blocked_at("new.conf:1:")?.not_at("again/").map(drop)
    })
}

#[test]
fn copy_with_an_edit() -> Result<()> {
    in_repository(|s| {
        std::fs::copy(s.path("README.md"), s.path("copy.md"))?;
        s.append("copy.md", line(&plant::github("copied")))?;
        s.commit_all()?.blocked_at("copy.md:21:").map(drop)
    })
}

#[test]
fn copy_of_an_old_secret_is_a_new_place() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "copied-old")?;
        std::fs::copy(s.path("old.conf"), s.path("copy.conf"))?;
        s.commit_all()?.blocked_at("copy.conf:2:")?.not_at("old.conf:2:").map(drop)
    })
}

#[test]
fn mode_change() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "mode")?;
        make_executable(s, "old.conf")?;
        s.commit_all()?.clean()?;
        make_executable(s, "README.md")?;
        s.append("README.md", line(&plant::github("mode-edited")))?;
        s.commit_all()?.blocked_at("README.md:21:").map(drop)
    })
}

#[test]
fn symlink_target() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("link");
        symlink(&token, s.path("link"))?;
        s.git("add link")?;
        s.commit("")?.blocked()?;
        s.staged()?.only("github-", "link", 1, "link-target")?;
        std::fs::remove_file(s.path("link"))?;
        symlink("README.md", s.path("link"))?;
        s.commit_all()?.clean()?;
        // A changed target is new text as well.
        std::fs::remove_file(s.path("link"))?;
        symlink(format!("cache/{token}/x"), s.path("link"))?;
        s.commit_all()?.blocked().map(drop)
    })
}

#[test]
fn type_change() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "type")?;
        // A file becomes a link whose target is a token.
        std::fs::remove_file(s.path("README.md"))?;
        symlink(plant::github("type-link"), s.path("README.md"))?;
        s.commit_all()?.blocked()?;
        s.staged()?.only("github-", "README.md", 1, "link-target")?;
        s.git("reset -q --hard")?;
        // A file with an old secret becomes a harmless link.
        std::fs::remove_file(s.path("old.conf"))?;
        symlink("README.md", s.path("old.conf"))?;
        s.commit_all()?.clean()?;
        // A link becomes a file with a token.
        std::fs::remove_file(s.path("old.conf"))?;
        s.write("old.conf", line(&plant::github("type-file")))?;
        s.commit_all()?.blocked_at("old.conf:1:").map(drop)
    })
}

#[test]
fn file_becomes_folder_and_folder_becomes_file() -> Result<()> {
    in_repository(|s| {
        s.write("thing/file", "clean\n")?;
        s.commit_all()?.clean()?;
        std::fs::remove_file(s.path("README.md"))?;
        s.write("README.md/inner", line(&plant::github("to-folder")))?;
        std::fs::remove_dir_all(s.path("thing"))?;
        s.write("thing", line(&plant::github("to-file")))?;
        s.git("add -A")?;
        s.commit("")?.blocked_at("README.md/inner:1:")?.blocked_at("thing:1:").map(drop)
    })
}

#[test]
fn deleted_file() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "deleted")?;
        s.git("rm -q old.conf")?;
        s.commit("")?.clean()
    })
}

#[test]
fn everything_deleted() -> Result<()> {
    in_repository(|s| {
        s.git("rm -q -r .")?;
        s.commit("")?.clean()
    })
}

#[test]
fn intent_to_add() -> Result<()> {
    in_repository(|s| {
        s.write("later.conf", line(&plant::github("intent")))?;
        s.git("add -N later.conf")?;
        s.append("README.md", "more\n")?;
        s.git("add README.md")?;
        s.commit("")?.clean()?;
        s.commit("-a")?.blocked_at("later.conf:1:").map(drop)
    })
}

#[test]
fn submodule_entry() -> Result<()> {
    in_repository(|s| {
        s.git("clone -q . ../other")?;
        s.git("submodule --quiet add ../other part")?;
        let report = s.staged()?;
        ensure!(report.findings()?.is_empty(), "{}", report.0);
        s.commit("")?.clean()?;
        // An entry without any .gitmodules, of a commit that is not here.
        let oid = s.ask_git("rev-parse HEAD^{tree}")?;
        s.git(&format!("update-index --add --cacheinfo 160000,{oid},stray"))?;
        s.commit("")?.clean()?;
        // A folder with a secret is not looked into through the entry.
        s.write("part/app.conf", line(&plant::github("in-submodule")))?;
        s.append("README.md", "more\n")?;
        s.commit("-a")?.clean()
    })
}

#[test]
fn gitmodules_url_with_credentials() -> Result<()> {
    in_repository(|s| {
        let with =
            |login: &str| format!("[submodule \"x\"]\n\tpath = x\n\turl = https://{login}@git.corp-tools.net/x.git\n");
        s.write(".gitmodules", with(&format!("build:{}", plant::url_password("gitmodules-password"))))?;
        s.commit_all()?.blocked_at(".gitmodules:3:")?;
        s.write(".gitmodules", with(&format!("oauth2:{}", plant::github("gitmodules-token"))))?;
        s.commit_all()?.blocked_at(".gitmodules:3:")?;
        s.write(".gitmodules", with("git"))?;
        s.commit_all()?.clean()
    })
}

#[test]
fn empty_file() -> Result<()> {
    in_repository(|s| {
        s.write("empty", "")?;
        s.git("add empty")?;
        let report = s.staged()?;
        ensure!(report.receipt("files") == 1 && report.receipt("added_lines") == 0, "{}", report.0);
        s.commit("")?.clean()?;
        s.write("empty", line(&plant::github("was-empty")))?;
        s.commit_all()?.blocked_at("empty:1:").map(drop)
    })
}

#[test]
fn swapped_names() -> Result<()> {
    in_repository(|s| {
        with_an_old_secret(s, "swapped")?;
        s.git("mv old.conf hold")?;
        s.git("mv README.md old.conf")?;
        s.git("mv hold README.md")?;
        s.append("old.conf", line(&plant::github("swapped-new")))?;
        s.commit("-a")?.blocked_at("old.conf:21:").map(drop)
    })
}
