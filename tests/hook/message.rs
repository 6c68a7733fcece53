//! The commit message: what git will keep of it is scanned, what git cuts is not.

use anyhow::{Result, ensure};

use crate::kit::{Outcome, Sandbox, in_repository, line, plant, table};

#[test]
fn token_in_the_message() -> Result<()> {
    in_repository(|s| {
        let token = plant::github("message");
        s.write("a.txt", "a\n")?;
        s.git("add a.txt")?;
        let message = format!("Subject\n\nuse {token} for now\n");
        let said = s.run_with(s.git_command().args(["commit", "-q", "-F", "-"]), &message)?;
        said.blocked()?;
        s.write("message", &message)?;
        let report = s.hook("commit-msg message --format json")?.exits(1)?.report()?;
        let found = report.findings()?;
        ensure!(found.len() == 1 && found[0]["part"] == "message" && found[0]["line"] == 3, "{}", report.0);
        s.commit("")?.clean()
    })
}

#[test]
fn token_in_the_message_of_an_amend() -> Result<()> {
    in_repository(|s| {
        let message = format!("use {}", plant::github("message-amend"));
        s.run(s.git_command().args(["commit", "-q", "--amend", "-m", &message]))?.blocked()?;
        s.run(s.git_command().args(["commit", "-q", "--amend", "-m", "clean"]))?.clean()
    })
}

#[test]
fn token_in_the_message_of_a_merge() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        s.write("side.txt", "side\n")?;
        s.commit_all()?.clean()?;
        s.git("checkout -q main")?;
        let message = format!("merge with {}", plant::github("message-merge"));
        s.run(s.git_command().args(["merge", "-q", "--no-ff", "side", "-m", &message]))?.blocked().map(drop)
    })
}

/// Commits with an editor that puts `text` in front of what git offers.
fn edited(s: &Sandbox, text: &str, line: &str) -> Result<Outcome> {
    std::fs::write(s.root().join("typed"), text)?;
    let typed = s.root().join("typed");
    let typed = typed.display();
    let editor = s.script("editor", &format!("cat '{typed}' \"$1\" >\"$1.new\" && mv \"$1.new\" \"$1\""))?;
    s.run(s.git_command().env("GIT_EDITOR", editor).args(["commit", "-q"]).args(line.split_whitespace()))
}

struct Edited {
    /// Configuration, as `key=value`.
    config: &'static str,
    /// What is typed; `TOKEN` stands for a token.
    typed: &'static str,
    arguments: &'static str,
    blocked: bool,
}

const EDITED: &[(&str, Edited)] = &[
    ("a line", Edited { config: "", typed: "Subject\n\nTOKEN\n", arguments: "", blocked: true }),
    ("a comment", Edited { config: "", typed: "Subject\n# TOKEN\n", arguments: "", blocked: false }),
    ("an indented comment", Edited { config: "", typed: "Subject\n # TOKEN\n", arguments: "", blocked: true }),
    (
        "not a comment with another comment character",
        Edited { config: "core.commentChar=;", typed: "Subject\n# TOKEN\n", arguments: "", blocked: true },
    ),
    (
        "a comment with another comment character",
        Edited { config: "core.commentChar=;", typed: "Subject\n; TOKEN\n", arguments: "", blocked: false },
    ),
    (
        "a comment where git chooses the character itself: nobody can tell, so it is scanned",
        Edited { config: "core.commentChar=auto", typed: "Subject\n# TOKEN\n", arguments: "", blocked: true },
    ),
    (
        "comments are kept verbatim",
        Edited { config: "commit.cleanup=verbatim", typed: "Subject\n# TOKEN\n", arguments: "", blocked: true },
    ),
    (
        "comments are kept, whitespace is cut",
        Edited { config: "commit.cleanup=whitespace", typed: "Subject\n# TOKEN\n", arguments: "", blocked: true },
    ),
    (
        "comments are kept above the scissors",
        Edited { config: "commit.cleanup=scissors", typed: "Subject\n# TOKEN\n", arguments: "", blocked: true },
    ),
    ("a line with -v", Edited { config: "", typed: "Subject\n\nTOKEN\n", arguments: "-v", blocked: true }),
];

#[test]
fn edited_messages() -> Result<()> {
    table(EDITED, |s, case| {
        s.start()?;
        if let Some((key, value)) = case.config.split_once('=') {
            s.git(&format!("config {key} {value}"))?;
        }
        s.write("a.txt", "a\n")?;
        s.git("add a.txt")?;
        let seed = format!("edited-{}-{}", case.config, case.typed.len());
        let said = edited(s, &case.typed.replace("TOKEN", &plant::github(&seed)), case.arguments)?;
        if case.blocked { said.blocked().map(drop) } else { said.clean() }
    })
}

#[test]
fn a_message_without_an_editor_keeps_lines_that_look_like_comments() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "a\n")?;
        s.git("add a.txt")?;
        let body = format!("# {}", plant::github("no-editor"));
        s.run(s.git_command().args(["commit", "-q", "-m", "Subject", "-m", &body]))?.blocked().map(drop)
    })
}

#[test]
fn the_diff_below_the_scissors_is_not_part_of_the_message() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", format!("{}rest\n", line(&plant::github("scissors"))))?;
        s.commit_unchecked("an old secret")?;
        // Its removal shows the secret in the diff that `-v` puts into the message file.
        s.write("app.conf", "rest\n")?;
        edited(s, "Take it out\n", "-a -v")?.clean()
    })
}

#[test]
fn scissors_cut_only_where_git_cuts() -> Result<()> {
    in_repository(|s| {
        s.write("a.txt", "a\n")?;
        s.git("add a.txt")?;
        let scissors = "# ------------------------ >8 ------------------------";
        let message = format!("Subject\n{scissors}\n{}\n", plant::github("false-scissors"));
        // Without an editor the line has no meaning to git and all of it is kept.
        s.run_with(s.git_command().args(["commit", "-q", "-F", "-"]), &message)?.blocked().map(drop)
    })
}

#[test]
fn a_message_in_another_encoding() -> Result<()> {
    in_repository(|s| {
        s.git("config i18n.commitEncoding ISO-8859-1")?;
        s.write("a.txt", "a\n")?;
        s.git("add a.txt")?;
        let mut message = b"Gr\xfc\xdfe\n\n".to_vec();
        message.extend_from_slice(plant::github("latin-message").as_bytes());
        s.write("../message", message)?;
        s.run(s.git_command().args(["commit", "-q", "-F", "../message"]))?.blocked().map(drop)
    })
}

#[test]
fn a_message_that_cannot_be_read() -> Result<()> {
    in_repository(|s| {
        s.hook("commit-msg no-such-file")?.exits(3)?.could_not_scan()?;
        s.hook("commit-msg")?.exits(2).map(drop)
    })
}
