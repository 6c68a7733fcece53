//! Paths of every kind, and secrets that stand in them.

use anyhow::{Result, ensure};

use crate::kit::sandbox::raw_path;
use crate::kit::{in_repository, line, plant, table};

/// A path, and a part of it that any way of showing it keeps.
const PATHS: &[(&str, (&[u8], &str))] = &[
    ("a space", (b"with space/two  spaces.txt", "two  spaces.txt")),
    ("a newline", (b"new\nline.txt", "line.txt")),
    ("a tab and a quote", (b"tab\tquote\".txt", ".txt")),
    ("an escape sequence", (b"x\x1b[31mred.txt", "red.txt")),
    ("not UTF-8", (b"caf\xe9.txt", ".txt")),
    ("UTF-8", ("schl\u{fc}ssel/\u{1f511}.txt".as_bytes(), ".txt")),
    ("a leading dash", (b"-rf.txt", "-rf.txt")),
    ("a glob", (b"[a-z]*.txt", "*.txt")),
    ("a colon", (b":(top)x:1:2.txt", "1:2.txt")),
    ("a backslash", (b"a\\b.txt", "b.txt")),
    ("a trailing space", (b"end .txt ", "end .txt")),
    ("a name of 255 bytes", (&[b'n'; 255], "nnnnnnnnnn")),
];

#[test]
fn odd_paths() -> Result<()> {
    table(PATHS, |s, (path, shown)| {
        s.start()?;
        s.write(raw_path(path), format!("x\n{}", line(&plant::github("paths"))))?;
        let said = s.commit_all()?;
        said.blocked()?;
        ensure!(said.stderr.contains(shown), "{said:?}");
        let raw_controls = said.stderr.chars().any(|c| c.is_control() && c != '\n');
        ensure!(!raw_controls, "control characters reach the terminal: {said:?}");
        let report = s.staged()?;
        let findings = report.findings()?;
        ensure!(findings.len() == 1 && findings[0]["line"] == 2, "{}", report.0);
        ensure!(findings[0]["path"].as_str().is_some_and(|p| p.contains(shown)), "{}", report.0);
        if let Ok(text) = std::str::from_utf8(path) {
            ensure!(findings[0]["path"] == text, "{}", report.0);
        }
        s.write(raw_path(path), "clean\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn a_path_of_3000_bytes() -> Result<()> {
    in_repository(|s| {
        let folder = "d".repeat(199);
        let path = format!("{}file.txt", format!("{folder}/").repeat(15));
        s.write(&path, line(&plant::github("long-path")))?;
        s.git("add -A")?;
        let said = s.commit("")?;
        said.blocked()?;
        s.staged()?.only("github-", &path, 1, "content")?;
        s.write(&path, "clean\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn a_path_too_long_for_the_system() -> Result<()> {
    in_repository(|s| {
        let path = format!("{}file.txt", "abcdefghi/".repeat(600));
        s.write("../blob", line(&plant::github("longest-path")))?;
        let oid = s.ask_git("hash-object -w ../blob")?;
        s.git(&format!("update-index --add --cacheinfo 100644,{oid},{path}"))?;
        s.commit("")?.blocked()?;
        s.staged()?.only("github-", &path, 1, "content").map(drop)
    })
}

#[test]
fn a_token_in_a_file_name() -> Result<()> {
    in_repository(|s| {
        let name = format!("dump-of/{}.json", plant::github("name"));
        s.write(&name, "{}\n")?;
        s.git("add -A")?;
        s.commit("")?.blocked()?;
        let report = s.staged()?;
        let findings = report.findings()?;
        ensure!(findings.len() == 1 && findings[0]["part"] == "path", "{}", report.0);
        Ok(())
    })
}

#[test]
fn a_token_in_a_folder_name_and_in_the_file() -> Result<()> {
    in_repository(|s| {
        let name = format!("{}/app.conf", plant::github("folder-name"));
        s.write(&name, format!("x\n{}", line(&plant::github("under-folder"))))?;
        s.git("add -A")?;
        s.commit("")?.blocked()?;
        let report = s.staged()?;
        let parts: Vec<&str> = report.findings()?.iter().filter_map(|f| f["part"].as_str()).collect();
        ensure!(parts.contains(&"path") && parts.contains(&"content"), "{}", report.0);
        Ok(())
    })
}

#[test]
fn an_old_path_with_a_token_is_not_new() -> Result<()> {
    in_repository(|s| {
        let name = format!("{}.txt", plant::github("old-name"));
        s.write(&name, "one\n")?;
        s.commit_unchecked("an old name")?;
        s.append(&name, "two\n")?;
        s.commit_all()?.clean()?;
        s.git("rm -q --cached -r .")?;
        s.write("README.md", "clean\n")?;
        s.git("add README.md")?;
        // The deletion takes the name out.
        let said = s.commit("")?;
        said.clean()
    })
}

#[test]
fn a_token_as_a_symlink_name_and_a_submodule_name() -> Result<()> {
    in_repository(|s| {
        let (link, module) = (plant::github("link-name"), plant::github("module-name"));
        std::os::unix::fs::symlink("README.md", s.path(&link))?;
        s.git("add -A")?;
        s.commit("")?.blocked()?;
        s.git("reset -q")?;
        std::fs::remove_file(s.path(&link))?;
        let oid = s.ask_git("rev-parse HEAD")?;
        s.run(s.git_command().args(["update-index", "--add", "--cacheinfo", &format!("160000,{oid},{module}")]))?
            .ok()?;
        s.commit("")?.blocked().map(drop)
    })
}
