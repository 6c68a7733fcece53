//! The last good copy: who makes it, when it counts, what is said meanwhile, and when it counts no more.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use anyhow::{Context as _, Result, ensure};

use crate::fleet::Fleet;
use crate::kit::{LEAKWARDEN, Outcome, Sandbox, in_repository, line, plant, skip};

/// Stops what the built-in policy lets pass, so that one sees which policy counts.
const STRICT: &str = "version = 1\n[mandatory.block]\nconfidence = \"possible\"\nseverity = \"low\"\n\
                      [mandatory.organisation]\ncontact = \"sec@example.org\"\n";

/// Stages an encrypted key, which is of low severity.
fn low(s: &Sandbox) -> Result<()> {
    let armour = |edge: &str| format!("-----{edge} ENCRYPTED PRIVATE KEY-----\n");
    let key = plant::private_key("low");
    let body: String = key.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect();
    s.write("key.txt", format!("{}{body}{}", armour("BEGIN"), armour("END")))?;
    s.git("add key.txt")
}

/// The one line that says that the copy counts.
fn warned(outcome: &Outcome, words: &[&str]) -> Result<()> {
    let lines: Vec<&str> = outcome.stderr.lines().filter(|line| line.contains("last good copy")).collect();
    let [line] = lines[..] else { anyhow::bail!("one line was expected: {}", outcome.stderr) };
    for word in words.iter().chain(&["leakwarden: warning: ", " UTC the last good copy in /etc/leakwarden/last-good"]) {
        ensure!(line.contains(word), "`{word}` is not in: {line}");
    }
    Ok(())
}

#[test]
fn a_broken_policy_gives_way_to_its_copy_with_a_warning() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = Fleet::new(s)? else { return Ok(()) };
        low(s)?;
        for (what, prepare, expected) in [
            ("a wrong key", "echo 'blok = 1' > /etc/leakwarden/policy.toml", "/etc/leakwarden/policy.toml"),
            ("no TOML", "echo '[' > /etc/leakwarden/policy.toml", "line 1"),
            (
                "a wrong value",
                "printf '[mandatory.block]\\nseverity = 5\\n' >> /etc/leakwarden/policy.d/a.toml",
                "line 4",
            ),
            ("a file of somebody else's", "chown 12345 /etc/leakwarden/policy.toml", "belongs to user 12345"),
            ("a file that others can write", "chmod 666 /etc/leakwarden/policy.d/a.toml", "written by others"),
            ("a folder that others can write", "chmod 777 /etc/leakwarden/policy.d", "written by others"),
            ("a link", "ln -sf /etc/passwd /etc/leakwarden/policy.toml", "not a regular file"),
            (
                "files that do not go together",
                "cd /etc/leakwarden/policy.d && printf '[mandatory.env_files]\\nallowed = [\"[a-y.A-Z0]*\", \
                 \"[a-y.A-Z0]*/**\"]\\n' > b.toml && printf '[mandatory.env_files]\\nallowed = [\"z*\", \"z*/**\"]\\n' \
                 > c.toml && cd - > /dev/null",
                "do not go together",
            ),
            ("a later version", "echo 'version = 2' > /etc/leakwarden/policy.toml", "newer"),
            ("all gone", "rm -r /etc/leakwarden/policy.toml /etc/leakwarden/policy.d", "is gone"),
        ] {
            fs::remove_dir_all(fleet.path(""))?;
            fleet.write("policy.toml", STRICT)?;
            fleet.write("policy.d/a.toml", "[mandatory.exceptions]\nleast_reason = 20\n")?;
            let outcome = fleet.commit()?;
            outcome.blocked_at("key.txt:1:")?;
            ensure!(!outcome.stderr.contains("warning"), "{what}: {}", outcome.stderr);
            // Without a copy every commit stops, and the reason says so.
            let stopped = fleet
                .shell(&format!("cp -a /etc/leakwarden /etc/kept && {prepare} && '{LEAKWARDEN}' hook pre-commit"))?;
            if what != "all gone" {
                let said = &stopped.exits(2)?.stderr;
                ensure!(said.contains(expected) && said.contains("no last good copy"), "{what}: {said}");
            }
            fs::remove_dir_all(fleet.path(""))?;
            fs::rename(s.root().join("etc/kept"), fleet.path(""))?;
            fleet.keep("kept: the policy (2 files)")?;
            fleet.keep("nothing new")?;
            let outcome = fleet.shell(&format!("{prepare} && git commit -q -m x"))?;
            warned(outcome.blocked_at("key.txt:1:")?, &[expected, "sec@example.org"]).with_context(|| what)?;
            // A policy that is broken is not kept, and the copy stays.
            let before = fs::read(fleet.path("last-good/policy.toml"))?;
            let kept = fleet.leakwarden("policy keep")?;
            ensure!(kept.exits(2)?.stderr.contains("stays as it is"), "{what}: {}", kept.stderr);
            ensure!(fs::read(fleet.path("last-good/policy.toml"))? == before, "{what}: the copy was changed");
        }
        Ok(())
    })
}

#[test]
fn every_command_that_judges_says_it_once_and_json_carries_it() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = Fleet::new(s)? else { return Ok(()) };
        fleet.write("policy.toml", STRICT)?;
        fleet.keep("kept: the policy (1 files)")?;
        low(s)?;
        let digest = |outcome: &Outcome| -> Result<serde_json::Value> { Ok(serde_json::from_str(&outcome.stdout)?) };
        let good = digest(fleet.leakwarden("policy show --json")?.ok()?)?;
        ensure!(good["policy_copy_until"].is_null(), "{good}");
        fs::write(fleet.path("policy.toml"), "[mandatory.blok]\n")?;
        let message = s.root().join("message");
        fs::write(&message, "a change\n")?;
        let message = message.display();
        for (words, code) in [
            ("hook pre-commit".to_owned(), 1),
            (format!("hook commit-msg {message}"), 0),
            ("hook pre-merge-commit".to_owned(), 1),
            ("hook post-commit".to_owned(), 0),
            ("scan --staged".to_owned(), 1),
            ("scan README.md".to_owned(), 0),
            ("verify HEAD".to_owned(), 0),
            ("verify --tree".to_owned(), 0),
            ("policy show".to_owned(), 0),
            ("exceptions list".to_owned(), 0),
        ] {
            let outcome = fleet.leakwarden(&words)?;
            warned(outcome.exits(code).context(words)?, &["line 1", "blok", "sec@example.org"])?;
        }
        let report = fleet.leakwarden("hook pre-commit --format json")?.report()?;
        ensure!(report.receipt("policy_copy_until").as_str().is_some_and(|end| end.ends_with(" UTC")), "{}", report.0);
        let shown = digest(fleet.leakwarden("policy show --json")?.ok()?)?;
        ensure!(shown["policy"] == *report.receipt("policy"), "the digest of what counted: {shown}");
        ensure!(shown["policy_copy_until"] == *report.receipt("policy_copy_until"), "{shown}");
        // The copy's bytes are those of the policy that it replaces.
        ensure!(shown["fleet"] == good["fleet"] && !shown["fleet"].is_null(), "{good} {shown}");
        // Mended, nothing more is said; and only root can make a copy.
        fleet.write("policy.toml", STRICT)?;
        let outcome = fleet.commit()?;
        ensure!(!outcome.blocked_at("key.txt:1:")?.stderr.contains("warning"), "{}", outcome.stderr);
        Ok(())
    })
}

#[test]
fn a_copy_that_somebody_else_could_have_written_does_not_count() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = Fleet::new(s)? else { return Ok(()) };
        let run = format!("'{LEAKWARDEN}' hook pre-commit");
        for (prepare, expected) in [
            ("chown 12345 /etc/leakwarden/last-good", "belongs to user 12345"),
            ("chmod 777 /etc/leakwarden/last-good", "written by others"),
            ("chmod 777 /etc/leakwarden", "written by others"),
            ("chmod 666 /etc/leakwarden/last-good/policy.toml", "written by others"),
            ("echo 'blok = 1' > /etc/leakwarden/last-good/policy.toml", "last-good/policy.toml"),
            ("rm /etc/leakwarden/last-good/policy.toml", "holds no policy"),
            ("mv /etc/leakwarden/last-good /etc/x && ln -s /etc/x /etc/leakwarden/last-good", "not a folder"),
        ] {
            fs::remove_dir_all(s.root().join("etc"))?;
            fs::create_dir_all(fleet.path(""))?;
            fleet.write("policy.toml", STRICT)?;
            fleet.keep("kept")?;
            fleet.write("policy.toml", "blok = 1\n")?;
            let outcome = fleet.shell(&format!("{prepare} && {run}"))?;
            let said = &outcome.exits(2)?.stderr;
            ensure!(said.contains(expected) && said.contains("last good copy is no good either"), "{prepare}: {said}");
        }
        Ok(())
    })
}

#[test]
fn keeping_is_whole_and_readable_and_leaves_nothing_behind() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = Fleet::new(s)? else { return Ok(()) };
        let none = fleet.leakwarden("policy keep")?;
        ensure!(none.exits(2)?.stderr.contains("no policy in /etc/leakwarden"), "{}", none.stderr);
        fleet.write("policy.toml", STRICT)?;
        fleet.write("policy.d/b.toml", "[mandatory.exceptions]\nonce = false\n")?;
        // A killed run's remains are cleared away.
        fleet.write(".last-good.new/policy.d/old.toml", "x")?;
        let outcome = fleet.shell(&format!("umask 077 && '{LEAKWARDEN}' policy keep"))?;
        outcome.ok()?;
        for (name, mode) in [
            ("last-good", 0o755),
            ("last-good/policy.d", 0o755),
            ("last-good/policy.toml", 0o644),
            ("last-good/policy.d/b.toml", 0o644),
        ] {
            let own = fs::metadata(fleet.path(name))?.permissions().mode() & 0o777;
            ensure!(own == mode, "{name}: {own:o}");
        }
        let inode = |name: &str| Ok::<_, anyhow::Error>(fs::metadata(fleet.path(name))?.ino());
        let before = inode("last-good")?;
        fleet.keep("nothing new")?;
        ensure!(inode("last-good")? == before, "nothing was to be done");
        fs::remove_file(fleet.path("policy.d/b.toml"))?;
        fleet.keep("kept: the policy (1 files)")?;
        let mut names: Vec<String> = fs::read_dir(fleet.path(""))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        names.sort();
        ensure!(names == ["last-good", "policy.d", "policy.toml"], "{names:?}");
        ensure!(!fleet.path("last-good/policy.d").exists(), "the copy is the policy as it is");
        // What the hook would accept and cannot use is not kept either.
        fleet.write(
            "policy.d/rule.toml",
            "[[mandatory.rule]]\nid = \"acme-key\"\nprovider = \"A\"\nname = \"k\"\nseverity = \"high\"\n\
             keywords = [\"acme_\"]\npattern = \"acme_[\"\n",
        )?;
        let outcome = fleet.leakwarden("policy keep")?;
        ensure!(outcome.exits(2)?.stderr.contains("rule.toml"), "{}", outcome.stderr);
        Ok(())
    })
}

/// A library that sets the clock of one program forward, made with the C compiler, if there is one.
const CLOCK: &str = "#define _GNU_SOURCE\n#include <stdlib.h>\n#include <time.h>\n#include <unistd.h>\n\
    #include <sys/syscall.h>\nint clock_gettime(clockid_t id, struct timespec *t) {\n\
    int r = syscall(SYS_clock_gettime, id, t); char *d = getenv(\"AHEAD\");\n\
    if (!r && id == CLOCK_REALTIME && d) t->tv_sec += atol(d);\n return r; }\n";

#[test]
fn the_copy_counts_for_seven_days_from_the_last_touch() -> Result<()> {
    in_repository(|s| {
        let Some(fleet) = Fleet::new(s)? else { return Ok(()) };
        let (source, library) = (s.root().join("clock.c"), s.root().join("clock.so"));
        fs::write(&source, CLOCK)?;
        let made =
            std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        if !made.is_ok_and(|status| status.success()) {
            skip("the copy's end: no C compiler");
            return Ok(());
        }
        fleet.write("policy.toml", STRICT)?;
        fleet.keep("kept")?;
        let days = |days: f64| {
            let seconds = (days * 86_400.0) as i64;
            fleet.shell(&format!("AHEAD={seconds} LD_PRELOAD='{}' '{LEAKWARDEN}' hook pre-commit", library.display()))
        };
        s.write("a.txt", line(&plant::github("seven")))?;
        s.git("add a.txt")?;
        days(300.0)?.exits(1)?;
        fleet.write("policy.toml", "blok = 1\n")?;
        warned(days(6.9)?.exits(1)?, &["blok"])?;
        let said = days(7.1)?;
        ensure!(
            said.exits(2)?.stderr.contains("it counts for 7 days, and the policy was last touched on"),
            "{}",
            said.stderr
        );
        let said = days(-3.0)?;
        ensure!(said.exits(2)?.stderr.contains("is the clock wrong?"), "{}", said.stderr);
        Ok(())
    })
}
