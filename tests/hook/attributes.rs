//! Attributes and configuration that change what git shows, or that make git run programs: none
//! may hide a secret from the scan, and none of the programs may run because of it.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::kit::{Sandbox, in_repository, line, plant, table};

/// A program that notes each of its runs and then does `body`.
fn noting(s: &Sandbox, name: &str, body: &str) -> Result<PathBuf> {
    let notes = s.root().join("notes");
    s.script(name, &format!("echo {name} >>'{}'\n{body}", notes.display()))
}

/// What such programs noted so far.
fn notes(s: &Sandbox) -> String {
    std::fs::read_to_string(s.root().join("notes")).unwrap_or_default()
}

/// Runs the hooks directly and makes sure that they started none of the noting programs.
fn blocked_without_programs(s: &Sandbox, place: &str) -> Result<()> {
    let before = notes(s);
    s.hook("pre-commit")?.exits(1)?.blocked_at(place)?;
    s.hook("pre-merge-commit")?.exits(1)?.blocked_at(place)?;
    s.leakwarden("scan --staged")?.exits(1)?;
    ensure!(notes(s) == before, "foreign programs were run: {}", notes(s));
    Ok(())
}

/// Lines of `.gitattributes` for `*.key`.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("no diff", "-diff"),
    ("binary", "binary"),
    ("no text", "-text"),
    ("another driver", "diff=noting"),
    ("a driver that says it is binary", "diff=blind"),
    ("end of line", "text eol=crlf"),
    ("ident", "ident"),
    ("generated", "linguist-generated=true linguist-vendored"),
    ("not exported", "export-ignore"),
    ("merge driver", "merge=noting -merge"),
    ("whitespace", "whitespace=-trailing-space"),
];

#[test]
fn attributes_hide_nothing() -> Result<()> {
    table(ATTRIBUTES, |s, attribute| {
        s.start()?;
        let program = noting(s, "textconv", "echo converted")?;
        let external = noting(s, "command", "echo compared")?;
        s.run(s.git_command().args(["config", "diff.noting.textconv"]).arg(&program))?.ok()?;
        s.run(s.git_command().args(["config", "diff.noting.command"]).arg(&external))?.ok()?;
        s.git("config diff.blind.binary true")?;
        s.write("old.key", "first\n")?;
        s.write(".gitattributes", format!("*.key {attribute}\n"))?;
        s.commit_unchecked("attributes")?;
        s.append("old.key", line(&plant::github("attributes-old")))?;
        s.write("new.key", format!("x\n{}", line(&plant::github("attributes-new"))))?;
        s.git("add .")?;
        blocked_without_programs(s, "old.key:2:")?;
        s.commit("")?.blocked_at("old.key:2:")?.blocked_at("new.key:2:").map(drop)
    })
}

#[test]
fn attributes_of_the_commit_itself_and_of_the_user_hide_nothing() -> Result<()> {
    in_repository(|s| {
        s.write(".gitattributes", "* -diff binary\n")?;
        s.write(".git/info/attributes", "* -diff\n")?;
        std::fs::create_dir_all(s.root().join("home/.config/git"))?;
        std::fs::write(s.root().join("home/.config/git/attributes"), "* binary\n")?;
        s.write("app.conf", line(&plant::github("attributes-self")))?;
        s.commit_all()?.blocked_at("app.conf:1:").map(drop)
    })
}

fn with_filter(s: &Sandbox, clean: &str) -> Result<()> {
    let clean = noting(s, "clean", clean)?;
    let smudge = noting(s, "smudge", "cat")?;
    s.run(s.git_command().args(["config", "filter.noting.clean"]).arg(&clean))?.ok()?;
    s.run(s.git_command().args(["config", "filter.noting.smudge"]).arg(&smudge))?.ok()?;
    s.git("config filter.noting.required true")?;
    s.write(".gitattributes", "*.conf filter=noting\n")?;
    s.git("add .gitattributes")
}

#[test]
fn clean_filter_that_keeps_the_secret() -> Result<()> {
    in_repository(|s| {
        with_filter(s, "cat")?;
        s.write("app.conf", line(&plant::github("filter-keeps")))?;
        s.git("add app.conf")?;
        blocked_without_programs(s, "app.conf:1:")?;
        s.commit("")?.blocked_at("app.conf:1:").map(drop)
    })
}

#[test]
fn clean_filter_that_takes_the_secret_out() -> Result<()> {
    in_repository(|s| {
        with_filter(s, "sed s/=.*/=/")?;
        s.write("app.conf", line(&plant::github("filter-cleans")))?;
        s.git("add app.conf")?;
        let before = notes(s);
        s.hook("pre-commit")?.exits(0)?;
        ensure!(notes(s) == before, "foreign programs were run: {}", notes(s));
        s.commit("")?.clean()
    })
}

#[test]
fn clean_filter_that_puts_the_secret_in() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("filter-adds");
        std::fs::write(s.root().join("added"), line(&token))?;
        with_filter(s, &format!("cat; cat '{}'", s.root().join("added").display()))?;
        s.write("app.conf", "a = 1\n")?;
        s.git("add app.conf")?;
        blocked_without_programs(s, "app.conf:2:")?;
        s.commit("")?.blocked_at("app.conf:2:").map(drop)
    })
}

#[test]
fn working_tree_encoding() -> Result<()> {
    table(&[("UTF-16", "UTF-16"), ("UTF-16LE-BOM", "UTF-16LE-BOM"), ("Latin-1", "ISO-8859-1")], |s, encoding| {
        s.start()?;
        s.write(".gitattributes", format!("*.txt text working-tree-encoding={encoding}\n"))?;
        let text = format!("x\n{}", line(&plant::github("encoding")));
        let bytes = if *encoding == "ISO-8859-1" {
            [b"\xe9\n".to_vec(), text.into_bytes()].concat()
        } else {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            let first = "y\n".encode_utf16().flat_map(u16::to_le_bytes);
            [0xff, 0xfe].into_iter().chain(first).chain(units).collect()
        };
        s.write("file.txt", bytes)?;
        s.git("add .")?;
        // The blob is UTF-8.
        s.commit("")?.blocked_at("file.txt:3:").map(drop)
    })
}

/// A key and a value; `PROGRAM` stands for a noting program.
const CONFIGURATION: &[(&str, (&str, &str))] = &[
    ("diff.external", ("diff.external", "PROGRAM")),
    ("core.pager", ("core.pager", "PROGRAM")),
    ("core.editor", ("core.editor", "PROGRAM")),
    ("color.ui", ("color.ui", "always")),
    ("color.diff", ("color.diff", "always")),
    ("diff.noprefix", ("diff.noprefix", "true")),
    ("diff.mnemonicPrefix", ("diff.mnemonicPrefix", "true")),
    ("diff.ignoreSubmodules", ("diff.ignoreSubmodules", "all")),
    ("diff.renames", ("diff.renames", "false")),
    ("diff.context", ("diff.context", "0")),
    ("diff.algorithm", ("diff.algorithm", "histogram")),
    ("diff.orderFile", ("diff.orderFile", "/dev/null")),
    ("diff.relative", ("diff.relative", "true")),
    ("diff.wsErrorHighlight", ("diff.wsErrorHighlight", "all")),
    ("core.quotePath", ("core.quotePath", "false")),
    ("core.precomposeUnicode", ("core.precomposeUnicode", "true")),
    ("core.ignoreCase", ("core.ignoreCase", "true")),
    ("core.autocrlf", ("core.autocrlf", "true")),
    ("core.autocrlf input", ("core.autocrlf", "input")),
    ("core.eol", ("core.eol", "crlf")),
    ("core.fsmonitor", ("core.fsmonitor", "PROGRAM")),
    ("core.fsmonitorHookVersion", ("core.fsmonitorHookVersion", "1")),
    ("core.untrackedCache", ("core.untrackedCache", "true")),
    ("core.preloadIndex", ("core.preloadIndex", "false")),
    ("core.bigFileThreshold", ("core.bigFileThreshold", "1")),
    ("core.sshCommand", ("core.sshCommand", "PROGRAM")),
    ("core.askPass", ("core.askPass", "PROGRAM")),
    ("credential.helper", ("credential.helper", "PROGRAM")),
    ("core.compression", ("core.compression", "9")),
    ("index.skipHash", ("index.skipHash", "true")),
    ("feature.manyFiles", ("feature.manyFiles", "true")),
    ("core.checkStat", ("core.checkStat", "minimal")),
    ("core.symlinks", ("core.symlinks", "false")),
    ("core.fileMode", ("core.fileMode", "false")),
    ("status.showUntrackedFiles", ("status.showUntrackedFiles", "no")),
    ("alias.diff", ("alias.diff-index", "!PROGRAM")),
];

#[test]
fn configuration_hides_nothing() -> Result<()> {
    table(CONFIGURATION, |s, (key, value)| {
        s.start()?;
        let program = noting(s, "program", "printf '/\\0'")?;
        let value = value.replace("PROGRAM", &program.to_string_lossy());
        s.run(s.git_command().args(["config", key, &value]))?.ok()?;
        let text = format!("caf\u{e9}\n{}", line(&plant::github("configuration")));
        s.append("README.md", &text)?;
        s.write("sub/caf\u{e9} x.txt", text.replace('\n', "\r\n"))?;
        s.git("add .")?;
        blocked_without_programs(s, "README.md:22:")?;
        s.commit("")?.blocked_at("README.md:22:")?.blocked_at("sub/caf\u{e9} x.txt:2:")?;
        s.git("reset -q --hard")?;
        s.append("README.md", "clean\n")?;
        s.commit("-a")?.clean()
    })
}

#[test]
fn environment_hides_nothing() -> Result<()> {
    in_repository(|s| {
        let program = noting(s, "program", "true")?;
        s.write("app.conf", line(&plant::github("environment-hides")))?;
        s.git("add .")?;
        let nothing = s.root().join("nothing");
        let rows = [
            ("GIT_EXTERNAL_DIFF", program.clone()),
            ("GIT_PAGER", program.clone()),
            ("PAGER", program),
            ("GIT_DIFF_OPTS", "-u0".into()),
            ("GIT_LITERAL_PATHSPECS", "1".into()),
            ("GIT_GLOB_PATHSPECS", "1".into()),
            ("GIT_CONFIG_PARAMETERS", "'core.quotepath=false'".into()),
            ("GIT_OPTIONAL_LOCKS", "0".into()),
            ("GIT_ATTR_SOURCE", "HEAD".into()),
            ("GIT_DEFAULT_HASH", "sha256".into()),
            ("LEAKWARDEN_ALLOW", "00000000 test-value: everything in here".into()),
            ("LEAKWARDEN_SKIP", "1".into()),
            ("SKIP", "leakwarden".into()),
            ("NO_COLOR", "1".into()),
            ("CLICOLOR_FORCE", "1".into()),
            ("CI", "true".into()),
            ("TERM", "dumb".into()),
            ("COLUMNS", "3".into()),
            ("XDG_CONFIG_HOME", nothing),
        ];
        for (name, value) in rows {
            let before = notes(s);
            let said = s.run(s.hook_command("pre-commit").env(name, &value))?;
            said.exits(1).and_then(|o| o.blocked()).map_err(|e| e.context(name))?;
            ensure!(notes(s) == before, "{name}: foreign programs were run");
        }
        s.git("commit -q --no-verify -m x")
    })
}

#[test]
fn other_hooks_are_not_run_by_ours() -> Result<()> {
    in_repository(|s| {
        let note = |name: &str| {
            let notes = s.root().join("notes");
            s.script(&format!("repo/.git/hooks/{name}"), &format!("echo {name} >>'{}'", notes.display()))
        };
        for name in ["post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout"] {
            note(name)?;
        }
        s.write("app.conf", line(&plant::github("other-hooks")))?;
        s.git("add .")?;
        blocked_without_programs(s, "app.conf:1:")
    })
}
