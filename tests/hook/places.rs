//! Where a secret stands decides: in the index or only in the worktree, on an added, removed or
//! untouched line, in a file that others would skip.

use anyhow::{Result, ensure};

use crate::kit::{in_repository, line, plant, table};

#[test]
fn staged_and_already_cleaned_in_the_worktree() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", format!("x\n{}", line(&plant::github("cleaned"))))?;
        s.git("add app.conf")?;
        s.write("app.conf", "clean\n")?;
        s.commit("")?.blocked_at("app.conf:2:")?;
        std::fs::remove_file(s.path("app.conf"))?;
        s.commit("")?.blocked_at("app.conf:2:").map(drop)
    })
}

#[test]
fn only_in_the_worktree() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", "clean\n")?;
        s.git("add app.conf")?;
        s.append("app.conf", line(&plant::github("worktree")))?;
        s.write("untracked.conf", line(&plant::github("untracked")))?;
        s.commit("")?.clean()
    })
}

#[test]
fn on_a_removed_line() -> Result<()> {
    in_repository(|s| {
        s.write("old.conf", format!("a\nb\n{}c\n", line(&plant::github("removed"))))?;
        s.commit_unchecked("an old secret")?;
        s.write("old.conf", "a\nb\nc\nd\n")?;
        s.commit_all()?.clean()
    })
}

#[test]
fn on_an_untouched_line() -> Result<()> {
    in_repository(|s| {
        let token_line = line(&plant::github("untouched"));
        s.write("old.conf", format!("a\nb\n{token_line}c\n"))?;
        s.commit_unchecked("an old secret")?;
        s.write("old.conf", format!("more\na\nB\n{token_line}C\nmore\n"))?;
        s.commit_all()?.clean()?;
        // Once more in the same file is new.
        s.append("old.conf", &token_line)?;
        s.commit_all()?.blocked_at("old.conf:7:")?.not_at("old.conf:4:").map(drop)
    })
}

#[test]
fn on_a_line_that_was_edited_elsewhere() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("same-line");
        s.write("old.conf", format!("a\ntoken = \"{token}\"\nb\n"))?;
        s.commit_unchecked("an old secret")?;
        // The line is an added line now: whoever touches it is told.
        s.write("old.conf", format!("a\ntoken = \"{token}\" # a comment\nb\n"))?;
        s.commit_all()?.blocked_at("old.conf:2:").map(drop)
    })
}

#[test]
fn an_old_key_of_many_lines_with_a_new_line_below() -> Result<()> {
    in_repository(|s| {
        let key = plant::private_key("old-key");
        s.write("old.txt", format!("a\n{key}b\n"))?;
        s.commit_unchecked("an old secret")?;
        s.write("old.txt", format!("a\n{key}b\nc\n"))?;
        s.commit_all()?.clean()
    })
}

#[test]
fn a_key_completed_by_its_last_lines() -> Result<()> {
    in_repository(|s| {
        let key = plant::private_key("completed-key");
        let half = key.len() / 2;
        let half = key[..half].rfind('\n').map_or(half, |at| at + 1);
        s.write("key.txt", &key[..half])?;
        s.commit_unchecked("half of a key")?;
        s.write("key.txt", &key)?;
        s.commit_all()?.blocked_at("key.txt:1:").map(drop)
    })
}

/// Files that scanners like to skip.
const PLACES: &[(&str, &str)] = &[
    ("a lock file", "package-lock.json"),
    ("another lock file", "web/yarn.lock"),
    ("Cargo.lock", "Cargo.lock"),
    ("go.sum", "go.sum"),
    ("minified", "dist/app.min.js"),
    ("a source map", "dist/app.js.map"),
    ("vendored", "vendor/lib/file.go"),
    ("node_modules", "node_modules/x/index.js"),
    ("tests", "tests/fixtures/data.json"),
    ("a test beside its code", "src/app_test.go"),
    ("an example", "examples/demo.py"),
    ("documentation", "docs/guide.md"),
    ("a picture by name", "logo.png"),
    ("an archive by name", "data.zip"),
    ("a font by name", "font.woff2"),
    ("a translation", "locale/de.po"),
    ("no extension", "Makefile"),
    ("a dot file", ".hidden"),
    ("generated", "src/generated/api.pb.go"),
    ("a snapshot", "src/__snapshots__/a.test.js.snap"),
    ("an svg", "logo.svg"),
    ("a notebook", "analysis.ipynb"),
    ("our own settings", ".leakwarden.toml"),
    ("our own folder", ".leakwarden/notes.txt"),
];

#[test]
fn files_that_are_often_skipped() -> Result<()> {
    table(PLACES, |s, path| {
        s.start()?;
        let own = path.starts_with(".leakwarden.toml");
        let comment = if own { "# " } else { "" };
        s.write(path, format!("{comment}{}", line(&plant::github("skipped"))))?;
        s.commit_all()?.blocked_at(&format!("{path}:1:")).map(drop)
    })
}

#[test]
fn an_ignored_file_added_by_force() -> Result<()> {
    in_repository(|s| {
        s.write(".gitignore", "*.secret\n")?;
        s.commit_all()?.clean()?;
        s.write("my.secret", line(&plant::github("forced")))?;
        s.git("add -f my.secret")?;
        s.commit("")?.blocked_at("my.secret:1:").map(drop)
    })
}

#[test]
fn marked_as_unchanged_but_staged() -> Result<()> {
    table(&[("assume", "--assume-unchanged"), ("skip", "--skip-worktree")], |s, flag| {
        s.start()?;
        s.append("README.md", line(&plant::github("flagged")))?;
        s.git("add README.md")?;
        s.git(&format!("update-index {flag} README.md"))?;
        s.commit("")?.blocked_at("README.md:21:").map(drop)
    })
}

#[test]
fn marks_of_other_scanners_excuse_nothing() -> Result<()> {
    in_repository(|s| {
        for (n, mark) in
            ["gitleaks:allow", "nosec", "pragma: allowlist secret", "ggignore", "trufflehog:ignore"].iter().enumerate()
        {
            let token = plant::github(&format!("marked-{n}"));
            s.append("app.conf", format!("token = \"{token}\" # {mark}\n"))?;
        }
        s.git("add app.conf")?;
        ensure!(s.staged()?.findings()?.len() == 5, "{:?}", s.staged()?);
        s.commit("")?.blocked().map(drop)
    })
}

#[test]
fn ignore_files_of_other_scanners_hide_nothing() -> Result<()> {
    in_repository(|s| {
        for name in [".gitleaksignore", ".ignore", ".rgignore", ".gitignore", ".secretlintignore", ".leakwardenignore"]
        {
            s.write(name, "*\n")?;
        }
        s.write("app.conf", line(&plant::github("ignored")))?;
        s.git("add -f .")?;
        s.commit("")?.blocked_at("app.conf:1:").map(drop)
    })
}
