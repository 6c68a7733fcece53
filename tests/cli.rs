//! The command line as people and programs meet it: usage, formats, colours, exit codes, and that
//! no output holds a secret.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use leakwarden::rules::syntax::Checksum;
use leakwarden::rules::template::expand;
use serde_json::Value;

fn leakwarden(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leakwarden"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn token(seed: &str) -> String {
    let prefix = ["gh", "p_"].concat();
    expand(&format!("{prefix}{{base62:30}}{{checksum}}"), seed, Some(Checksum::Crc32Base62)).expect("a valid template")
}

/// A folder with one file that holds a token.
fn planted(seed: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secret = token(seed);
    fs::write(folder.path().join("config.py"), format!("# settings\ntoken = \"{secret}\"\n"))
        .expect("a writable folder");
    (folder, secret)
}

#[test]
fn usage_errors_are_2_and_help_is_0() {
    let here = tempfile::tempdir().expect("a temporary folder");
    let code = |arguments: &[&str]| leakwarden(here.path(), arguments).status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&["scan", "--help"]), Some(0));
    for wrong in
        [&[][..], &["scam"], &["scan"], &["scan", "--frobnicate", "."], &["hook", "pre-push-ups"], &["scan", "nowhere"]]
    {
        let output = leakwarden(here.path(), wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty(), "{wrong:?} says nothing");
    }
    let suggestion = text(&leakwarden(here.path(), &["scam", "."]).stderr);
    assert!(suggestion.contains("scan"), "an unknown command names the nearest: {suggestion}");
}

#[test]
fn exit_codes_of_a_scan() {
    let (folder, _) = planted("codes");
    assert_eq!(leakwarden(folder.path(), &["scan", "."]).status.code(), Some(1));
    fs::write(folder.path().join("config.py"), "token = os.environ['TOKEN']\n").expect("a writable folder");
    let clean = leakwarden(folder.path(), &["scan", "."]);
    assert_eq!((clean.status.code(), clean.stdout.len()), (Some(0), 0));
    assert_eq!(text(&clean.stderr), "leakwarden: nothing found in 1 file, 28 bytes\n");
    // Outside a repository what is staged cannot be scanned, and that is never exit 0.
    assert_eq!(leakwarden(folder.path(), &["scan", "--staged"]).status.code(), Some(3));
    assert_eq!(leakwarden(folder.path(), &["hook", "pre-commit"]).status.code(), Some(3));
    assert_eq!(leakwarden(folder.path(), &["hook", "commit-msg", "absent"]).status.code(), Some(3));
}

#[test]
fn no_format_shows_the_secret() {
    let (folder, secret) = planted("formats");
    fs::write(folder.path().join(format!("{secret}.txt")), "a token in a file name\n").expect("a writable folder");
    for format in ["human", "json", "sarif"] {
        let output = leakwarden(folder.path(), &["scan", ".", "--format", format, "--color", "always"]);
        let all = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(all.contains("config.py"), "{format} names the file");
        for piece in secret.as_bytes()[4..].windows(10) {
            let piece = std::str::from_utf8(piece).expect("base 62");
            assert!(!all.contains(piece), "{format} shows {piece}");
        }
    }
}

#[test]
fn json_is_as_documented() {
    let (folder, _) = planted("json");
    let output = leakwarden(folder.path(), &["scan", "config.py", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["version"], 1);
    assert_eq!(document["totals"]["blocking"], 1);
    assert_eq!(document["receipt"]["files"], 1);
    let finding = &document["findings"][0];
    assert_eq!((&finding["path"], &finding["line"], &finding["column"]), (&"config.py".into(), &2.into(), &10.into()));
    assert_eq!((&finding["confidence"], &finding["severity"]), (&"certain".into(), &"critical".into()));
    let documented = fs::read_to_string("docs/json.md").expect("docs/json.md");
    for (fields, name) in [(finding, "a finding"), (&document["receipt"], "the receipt")] {
        for field in fields.as_object().expect("an object").keys() {
            assert!(documented.contains(&format!("`{field}`")), "docs/json.md does not explain `{field}` of {name}");
        }
    }
}

#[test]
fn sarif_has_what_code_hosts_ask_for() {
    let (folder, _) = planted("sarif");
    let output = leakwarden(folder.path(), &["scan", ".", "--format", "sarif"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "leakwarden");
    let result = &run["results"][0];
    assert_eq!(result["level"], "error");
    assert_eq!(result["ruleId"], run["tool"]["driver"]["rules"][0]["id"]);
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "config.py");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
}

#[test]
fn colour_is_for_terminals() {
    let (folder, _) = planted("colour");
    let plain = leakwarden(folder.path(), &["scan", "."]);
    assert!(!plain.stderr.contains(&0x1b), "a pipe gets no colours");
    let asked = leakwarden(folder.path(), &["scan", ".", "--color", "always"]);
    assert!(asked.stderr.contains(&0x1b), "colours were asked for");
}

/// On a terminal there are colours and the text is wrapped at its width; `NO_COLOR` is honoured.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal() {
    let (folder, _) = planted("terminal");
    let run = |no_color: &str| {
        let command = format!("stty cols 60; NO_COLOR={no_color} {} scan .", env!("CARGO_BIN_EXE_leakwarden"));
        let output = Command::new("script")
            .current_dir(folder.path())
            .env("TERM", "xterm")
            .args(["-qec", &command, "/dev/null"])
            .output()
            .expect("script(1) runs");
        text(&output.stdout)
    };
    let seen = run("");
    assert!(seen.contains("\u{1b}["), "colours on a terminal: {seen:?}");
    let seen = run("1");
    assert!(!seen.contains('\u{1b}'), "NO_COLOR: {seen:?}");
    let longest = seen.lines().filter(|l| l.contains(' ')).map(|l| l.trim_end().chars().count()).max();
    assert!(longest.is_some_and(|n| n <= 66), "wrapped at about 60 columns, longest {longest:?}:\n{seen}");
}

#[test]
fn rules_can_be_listed_shown_and_checked() {
    let here = tempfile::tempdir().expect("a temporary folder");
    let list = text(&leakwarden(here.path(), &["rules", "list"]).stdout);
    assert!(list.lines().count() >= 80, "at least 80 rules");
    let first = list.lines().next().and_then(|l| l.split_whitespace().next()).expect("an id").to_owned();
    let told = text(&leakwarden(here.path(), &["rules", "show", &first]).stdout);
    assert!(told.starts_with(&format!("{first}: ")) && told.contains("  proved by"), "{told}");
    let shown = leakwarden(here.path(), &["rules", "show", &first, "--format", "toml"]);
    assert!(text(&shown.stdout).contains(&format!("id = \"{first}\"")));
    fs::write(here.path().join("own.toml"), &shown.stdout).expect("a writable folder");
    assert_eq!(
        leakwarden(here.path(), &["rules", "check", "own.toml"]).status.code(),
        Some(0),
        "what is shown can be checked"
    );
    assert_eq!(leakwarden(here.path(), &["rules", "show", "no-such"]).status.code(), Some(2));
}

#[test]
fn the_catalogue_is_current() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = text(&leakwarden(here, &["rules", "list", "--format", "markdown"]).stdout);
    let kept = fs::read_to_string(here.join("docs/rules.md")).expect("docs/rules.md");
    let renew = "leakwarden rules list --format markdown > docs/rules.md";
    let differ = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(made == kept, "docs/rules.md is not current; renew it with `{renew}`: {differ:?}");
    let listed = leakwarden(here, &["rules", "list", "--format", "json"]);
    let document: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let rules = document["rules"].as_array().expect("a list");
    assert_eq!((&document["version"], rules.len()), (&1.into(), made.lines().filter(|l| l.starts_with("| `")).count()));
    let documented = fs::read_to_string(here.join("docs/json.md")).expect("docs/json.md");
    for field in rules[0].as_object().expect("an object").keys() {
        assert!(documented.contains(&format!("`{field}`")), "docs/json.md does not explain `{field}`");
    }
}

#[test]
fn a_wrong_rule_file_is_explained() {
    let here = tempfile::tempdir().expect("a temporary folder");
    let check = |content: &str| {
        fs::write(here.path().join("own.toml"), content).expect("a writable folder");
        let output = leakwarden(here.path(), &["rules", "check", "own.toml"]);
        (output.status.code(), text(&output.stderr) + &text(&output.stdout))
    };
    let rule = "[[rule]]\nid = \"a-b\"\nprovider = \"A\"\nname = \"b\"\nseverity = \"high\"\n";
    let (code, said) = check(&format!("{rule}keywords = [\"abcd\"]\npatern = 'x'\n"));
    assert!(code == Some(2) && said.contains("own.toml") && said.contains("patern") && said.contains('7'), "{said}");
    let (code, said) = check(&format!("{rule}keywords = [\"abcd\"]\npattern = '('\n"));
    assert!(code == Some(2) && said.contains("a-b") && said.contains("pattern"), "{said}");
    let (code, said) = check(&format!("{rule}pattern = 'abcd'\n"));
    assert!(code == Some(2) && said.contains("keywords"), "{said}");
    let (code, said) = check(&format!(
        "{rule}keywords = [\"abcd\"]\npattern = 'abcd[0-9]{{4}}'\nexamples = [\"abcx{{digit:4}}\"]\nnegative_examples = [\"abcd\"]\n"
    ));
    assert!(code == Some(1) && said.contains("example 1 is not found"), "{said}");
    let files = format!("{rule}files = [\"*.acme\"]\nexcept = [\"demo.acme\"]\n");
    let (code, said) = check(&files);
    assert!(code == Some(1) && said.contains("needs `examples`"), "{said}");
    let (code, said) = check(&format!(
        "{files}examples = [\"a/b.acme\", \"a/demo.acme\"]\nnegative_examples = [\"b.acme/c\", \"c.ACME\"]\n"
    ));
    assert!(code == Some(1) && said.contains("example 2 is not found"), "{said}");
    assert!(said.contains("negative example 2 is found") && said.contains("2 wrong"), "{said}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let (folder, _) = planted("unreadable");
    let file = fs::File::create(folder.path().join("huge.bin")).expect("a writable folder");
    file.set_len((256 << 20) + 1).expect("a sparse file");
    let output = leakwarden(folder.path(), &["scan", ".", "--format", "json"]);
    assert_eq!(output.status.code(), Some(3));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["receipt"]["not_scanned"][0]["path"], "huge.bin");
    assert_eq!(document["totals"]["blocking"], 1, "the rest was scanned");
}

/// While the program runs nothing of its memory can be written to disk: no core file, and on Linux
/// it is not dumpable, which the owner of its files in `/proc` shows.
#[cfg(target_os = "linux")]
#[test]
fn no_core_dump_while_it_runs() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let everyone = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
    everyone(folder.path(), 0o755);
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo(1) runs").success());
    everyone(&pipe, 0o644);
    let root = fs::metadata("/proc/self").expect("/proc").uid() == 0;
    let scan = |user: Option<u32>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leakwarden"));
        command.args(["scan", "pipe"]).current_dir(folder.path());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        user.map(|id| command.uid(id));
        command.spawn()
    };
    // What root runs belongs to root in any case; as nobody it can be told, where that is allowed.
    let as_nobody = root.then(|| scan(Some(65_534)).ok()).flatten();
    let tells_owner = !root || as_nobody.is_some();
    let mut child = as_nobody.unwrap_or_else(|| scan(None).expect("the binary runs"));
    // Opening it waits until the program has opened the other end: it runs, and waits for input.
    let input = fs::OpenOptions::new().write(true).open(&pipe).expect("the pipe");
    let about = format!("/proc/{}", child.id());
    let limits = fs::read_to_string(format!("{about}/limits")).expect("the child runs");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit for core files");
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    let owner = fs::metadata(format!("{about}/environ")).expect("the child runs").uid();
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(numbers, ["0", "0"], "{core}");
    assert!(!tells_owner || owner == 0, "it can be dumped: its files in /proc belong to user {owner}");
}

#[test]
fn our_own_tree_is_clean_with_no_exceptions() {
    let output = leakwarden(Path::new(env!("CARGO_MANIFEST_DIR")), &["scan", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
