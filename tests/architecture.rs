//! The architecture as `src/lib.rs` tells it, held by a test: the order of the modules, and what
//! may stand only in one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Source files by module, without their comments and tests.
fn modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let mut found: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable source folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let below = path.strip_prefix("src").expect("it is below src");
                let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
                let module = first.trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).expect("a readable source file");
                found.entry(module).or_default().push((path, code(&text)));
            }
        }
    }
    found
}

fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn order() -> Vec<String> {
    let text = fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

#[test]
fn each_module_uses_only_those_before_it() {
    let order = order();
    let modules = modules();
    for (place, name) in order.iter().enumerate() {
        for (path, text) in &modules[name] {
            for (later, other) in order.iter().enumerate().filter(|(later, _)| *later > place) {
                let uses = text.contains(&format!("crate::{other}::")) || text.contains(&format!("crate::{{{other}"));
                assert!(!uses, "{} uses `{other}`, which comes {} later in lib.rs", path.display(), later - place);
            }
        }
    }
    for name in modules.keys().filter(|name| !["lib", "main"].contains(&name.as_str())) {
        assert!(order.contains(name), "src/lib.rs does not list `{name}`");
    }
}

/// Words that may stand in the code of some modules only.
fn only_in(words: &[&str], allowed: &[&str]) {
    for (name, files) in modules() {
        for (path, text) in files.iter().filter(|_| !allowed.contains(&name.as_str())) {
            for word in words {
                assert!(!text.contains(word), "{}: `{word}` belongs to {allowed:?}", path.display());
            }
        }
    }
}

#[test]
fn only_git_names_gix() {
    only_in(&["gix::"], &["git"]);
}

#[test]
fn only_cli_reads_the_environment_prints_and_exits() {
    let words = ["env::var", "env::args", "println!", "print!(", "eprint", "io::stdout", "io::stderr", "process::exit"];
    only_in(&words, &["cli", "main"]);
}

#[test]
fn the_pure_modules_touch_nothing() {
    let words = ["std::fs", "std::process", "Command::new", "std::net"];
    only_in(
        &words,
        &["approval", "config", "git", "files", "ledger", "exposure", "install", "doctor", "guard", "cli", "main"],
    );
}

#[test]
fn nothing_can_reach_a_network() {
    only_in(&["TcpStream", "UdpSocket", "TcpListener", "std::net"], &[]);
}

#[test]
fn no_file_grows_past_its_subject() {
    for (path, text) in modules().into_values().flatten() {
        let whole = fs::read_to_string(&path).expect("a readable source file").lines().count();
        assert!(whole <= 500, "{} has {whole} lines ({} of code): split it", path.display(), text.lines().count());
    }
}

#[test]
fn only_known_names_stand_at_the_top() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "rustfmt.toml",
        "deny.toml",
        "src",
        "hooks",
        "install",
        "tests",
        "benches",
        "docs",
        "fuzz",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "target",
    ];
    for entry in fs::read_dir(Path::new(".")).expect("the top folder") {
        let name = entry.expect("a readable entry").file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || known.contains(&name.as_str()), "`{name}` at the top is not in the layout");
    }
}
