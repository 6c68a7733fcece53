//! Secrets in the uncommitted content of tracked files.

use anyhow::{Result, ensure};
use leakwarden::guard::Kind;

use crate::kit::{Sandbox, gits, in_repository, line, plant};
use crate::{Eye, ids, judged_by_the_hook, places};

fn tracked(s: &Sandbox, path: &str) -> Result<()> {
    s.write(path, "nothing\n")?;
    s.commit_unchecked("tracked")
}

#[test]
fn saved_staged_and_taken_out() -> Result<()> {
    in_repository(|s| {
        tracked(s, "src/a.py")?;
        let mut eye = Eye::on(s);
        ensure!(eye.all()?.warnings.is_empty(), "a clean repository");
        let secret = plant::github("look-1");
        s.write("src/a.py", format!("nothing\n{}", line(&secret)))?;
        let saved = eye.at(&["src/a.py"])?;
        ensure!(places(&saved, Kind::Secret) == ["src/a.py:2"], "{:?}", saved.warnings);
        s.git("add src/a.py")?;
        let staged = eye.all()?;
        ensure!(ids(&staged.warnings) == ids(&saved.warnings), "`git add` withdraws nothing");
        s.write("src/a.py", "nothing\n")?;
        ensure!(eye.at(&["src/a.py"])?.warnings.len() == 1, "it is still staged");
        s.git("add src/a.py")?;
        ensure!(eye.all()?.warnings.is_empty(), "taken out");
        s.write("src/a.py", format!("nothing\n{}", line(&secret)))?;
        s.commit_unchecked("in history")?;
        ensure!(eye.all()?.warnings.is_empty(), "what is committed is not the guard's");
        s.write("src/a.py", format!("moved\n\nnothing\n{}", line(&secret)))?;
        ensure!(eye.at(&["src/a.py"])?.warnings.is_empty(), "a line that nobody touched");
        s.write("new.py", line(&secret))?;
        ensure!(eye.at(&["new.py"])?.warnings.is_empty(), "git does not track it");
        Ok(())
    })
}

#[test]
fn an_exception_counts_as_in_the_hook() -> Result<()> {
    in_repository(|s| {
        tracked(s, "a.py")?;
        s.write("a.py", line(&plant::github("look-2")))?;
        let mut eye = Eye::on(s);
        let look = eye.all()?;
        let id = look.warnings[0].id.clone();
        s.git("add a.py")?;
        s.allow(&id, &[])?.ok()?;
        ensure!(eye.all()?.warnings.is_empty(), "excepted");
        Ok(())
    })
}

#[test]
fn the_form_that_git_would_store_is_judged() -> Result<()> {
    in_repository(|s| {
        let secret = plant::github("look-3");
        // Committed with line feeds; the worktree has both.
        s.write("a.py", format!("one\n{}two\n", line(&secret)))?;
        s.write(".gitattributes", "*.py text eol=crlf\n*.u16 text working-tree-encoding=UTF-16LE-BOM\n")?;
        s.commit_unchecked("one")?;
        s.write("a.py", format!("one\r\n{}two\r\nthree\r\n", line(&secret).replace('\n', "\r\n")))?;
        let mut eye = Eye::on(s);
        ensure!(eye.all()?.warnings.is_empty(), "line endings make no line new");
        let utf16 = |text: &str| -> Vec<u8> {
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        };
        s.write("b.u16", utf16("x\n"))?;
        s.git("add b.u16")?;
        s.commit_unchecked("two")?;
        s.write("b.u16", utf16(&format!("x\n{}", line(&secret))))?;
        ensure!(eye.places(Kind::Secret)? == ["b.u16:2"], "an encoding hides nothing");
        ensure!(ids(&eye.all()?.warnings) == judged_by_the_hook(s)?, "the hook says the same");
        Ok(())
    })
}

#[test]
fn no_filter_is_run_and_its_files_wait() -> Result<()> {
    in_repository(|s| {
        let ran = s.root().join("ran");
        let filter = s.script("../filter", &format!("touch '{}'; cat >/dev/null; echo stored", ran.display()))?;
        tracked(s, "a.crypt")?;
        s.git(&format!("config filter.crypt.clean {}", filter.display()))?;
        s.git("config core.fsmonitor false")?;
        s.write(".gitattributes", "*.crypt filter=crypt\n")?;
        s.write("a.crypt", line(&plant::github("look-4")))?;
        let look = Eye::on(s).all()?;
        ensure!(look.warnings.is_empty() && look.filtered == 1, "{look:?}");
        ensure!(!ran.exists(), "a program of the repository was run");
        Ok(())
    })
}

#[test]
fn links_pipes_and_folders_in_the_way() -> Result<()> {
    in_repository(|s| {
        s.write("kept/a.py", "nothing\n")?;
        s.write("b.py", "nothing\n")?;
        s.write("c.py", "nothing\n")?;
        s.commit_unchecked("tracked")?;
        let secret = plant::github("look-5");
        s.write("../elsewhere/a.py", line(&secret))?;
        std::fs::remove_dir_all(s.path("kept"))?;
        std::os::unix::fs::symlink("../elsewhere", s.path("kept"))?;
        std::fs::remove_file(s.path("b.py"))?;
        s.run(s.command("/usr/bin/mkfifo").arg("b.py"))?.ok()?;
        std::fs::remove_file(s.path("c.py"))?;
        std::os::unix::fs::symlink(&secret, s.path("c.py"))?;
        let mut eye = Eye::on(s);
        ensure!(eye.places(Kind::Secret)? == ["c.py:1"], "a link's own target is what git would store");
        std::fs::remove_file(s.path("b.py"))?;
        ensure!(ids(&eye.all()?.warnings) == judged_by_the_hook(s)?, "the hook says the same");
        Ok(())
    })
}

#[test]
fn what_cannot_be_read_is_said() -> Result<()> {
    in_repository(|s| {
        tracked(s, "large.txt")?;
        s.write("large.txt", "x\n".repeat(9 << 20))?;
        let look = Eye::on(s).all()?;
        ensure!(look.not_scanned.len() == 1 && look.not_scanned[0].path == "large.txt", "{look:?}");
        s.write(".leakwarden.toml", "no = such\n")?;
        s.git("add .leakwarden.toml")?;
        ensure!(Eye::on(s).all().is_err(), "a policy with a mistake is no policy");
        Ok(())
    })
}

#[test]
fn every_format_of_a_repository() -> Result<()> {
    let rows: [(&str, &[&str]); 5] = [
        ("sha256", &["init -q --object-format=sha256"]),
        ("reftable", &["init -q --ref-format=reftable"]),
        ("split index", &["init -q", "config core.splitIndex true"]),
        ("index v4", &["init -q", "config index.version 4"]),
        ("untracked cache", &["init -q", "config core.untrackedCache true"]),
    ];
    crate::kit::table(&rows, |s, commands| {
        if commands[0].contains("reftable") && !s.git.has(2, 45, "reftable") {
            return Ok(());
        }
        commands.iter().try_for_each(|line| s.git(line))?;
        s.first_commit()?;
        tracked(s, "a/b.py")?;
        let mut eye = Eye::on(s);
        ensure!(eye.all()?.warnings.is_empty(), "clean");
        s.write("a/b.py", line(&plant::github("look-6")))?;
        ensure!(places(&eye.at(&["a/b.py"])?, Kind::Secret) == ["a/b.py:1"], "saved");
        s.git("add -A")?;
        ensure!(places(&eye.all()?, Kind::Secret) == ["a/b.py:1"], "staged");
        Ok(())
    })
}

#[test]
fn linked_worktrees_and_first_commits() -> Result<()> {
    gits::in_sandbox(|s| {
        s.git("init -q")?;
        let secret = plant::github("look-7");
        s.write("a.py", line(&secret))?;
        let mut eye = Eye::on(s);
        ensure!(eye.all()?.warnings.is_empty(), "nothing is tracked");
        s.git("add a.py")?;
        ensure!(places(&eye.all()?, Kind::Secret) == ["a.py:1"], "the first commit");
        s.write("a.py", "x\n")?;
        s.commit_unchecked("first")?;
        s.git("worktree add -q ../linked")?;
        let linked = s.root().join("linked");
        std::fs::write(linked.join("a.py"), line(&secret))?;
        let mut machine = leakwarden::guard::Machine::new(Default::default(), [0; 32], jiff::civil::date(2026, 11, 1));
        let look = leakwarden::guard::Watched::new(&linked).look(&mut machine, &leakwarden::guard::Scope::All)?;
        ensure!(places(&look, Kind::Secret) == ["a.py:1"], "{look:?}");
        ensure!(eye.all()?.warnings.is_empty(), "the main worktree is clean");
        Ok(())
    })
}

#[test]
fn what_was_clean_against_one_head_is_judged_against_another() -> Result<()> {
    in_repository(|s| {
        s.write("deploy/id_rsa", "not looked into\n")?;
        s.commit_unchecked("a key file")?;
        s.append("deploy/id_rsa", "more\n")?;
        s.git("add -A")?;
        let mut eye = Eye::on(s);
        ensure!(eye.all()?.warnings.is_empty(), "its name is in HEAD");
        s.git("reset -q --soft HEAD~1")?;
        ensure!(ids(&eye.all()?.warnings) == judged_by_the_hook(s)?, "the hook says the same");
        ensure!(eye.places(Kind::Secret)?.len() == 1, "its name is new now");
        Ok(())
    })
}

#[test]
fn a_file_that_a_sparse_checkout_leaves_out_and_that_is_there_all_the_same() -> Result<()> {
    in_repository(|s| {
        s.write("in/a", "x\n")?;
        s.write("out/b", "x\n")?;
        s.commit_unchecked("two folders")?;
        s.git("sparse-checkout set in")?;
        let mut eye = Eye::on(s);
        ensure!(eye.all()?.warnings.is_empty(), "what is left out is not missed");
        s.write("out/b", line(&plant::github("sparse")))?;
        ensure!(eye.places(Kind::Secret)? == ["out/b:1"], "git looks at it, too: {:?}", eye.all()?);
        Ok(())
    })
}

#[test]
fn a_link_above_a_folder_leads_nowhere() -> Result<()> {
    in_repository(|s| {
        s.write("vendor/sub/.env", line(&plant::github("linked")))?;
        let mut eye = Eye::on(s);
        ensure!(places(&eye.all()?, Kind::EnvFile) == ["vendor/sub/.env"], "it is in the worktree");
        std::fs::rename(s.path("vendor"), s.root().join("elsewhere"))?;
        std::os::unix::fs::symlink("../elsewhere", s.path("vendor"))?;
        let look = eye.at(&["vendor/sub", "vendor"])?;
        ensure!(look.warnings.is_empty() && look.folders.is_empty(), "{look:?}");
        Ok(())
    })
}
