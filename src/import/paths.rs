//! A regular expression over paths as globs, where both match the same paths; else nothing.
//!
//! A pattern is taken apart into literal characters, single characters of a small set, and runs of
//! any characters. Since `*` stays within a folder, a run that may cross folders becomes two globs.

use regex_syntax::hir::{Capture, Class, ClassBytes, Hir, HirKind, Look};

use super::pattern;

/// Globs of one pattern; more than this are refused.
const MOST: usize = 64;

/// Why a pattern has no globs.
pub type Refusal = &'static str;

const NO_GLOB: Refusal = "no glob matches the same paths as its regular expression";
const TOO_MANY: Refusal = "it takes too many globs to say the same";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// One character.
    One(char),
    /// One of these characters, as a glob writes it.
    Set(String),
    /// Any one character but `/`.
    Any,
    /// Any characters but `/`.
    Folder,
    /// Any characters.
    All,
    /// The beginning of the path.
    Start,
    /// Its end.
    End,
}

/// Globs that match exactly the paths in which a regular expression of Go finds something.
///
/// # Errors
/// Says why there are none.
pub fn globs(pattern: &str) -> Result<Vec<String>, Refusal> {
    let (text, _) = pattern::translate(pattern, 0)?;
    let hir = pattern::parse(&text).ok_or("its regular expression is not one that leakwarden can read")?;
    let mut all = Vec::new();
    for pieces in ways(&hir)? {
        all.extend(written(&anchored(pieces)?)?);
    }
    all.sort();
    all.dedup();
    match all.len() {
        0 => Err("it matches no path"),
        1..=MOST => Ok(all),
        _ => Err(TOO_MANY),
    }
}

/// The ways in which a pattern can match, without choices in them.
fn ways(hir: &Hir) -> Result<Vec<Vec<Piece>>, Refusal> {
    let ways = match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| NO_GLOB)?;
            vec![text.chars().map(Piece::One).collect()]
        }
        HirKind::Look(Look::Start) => vec![vec![Piece::Start]],
        HirKind::Look(Look::End) => vec![vec![Piece::End]],
        HirKind::Look(_) => return Err(NO_GLOB),
        HirKind::Class(class) => single(class)?,
        HirKind::Capture(Capture { sub, .. }) => ways(sub)?,
        HirKind::Concat(parts) => {
            let mut all = vec![Vec::new()];
            for part in parts {
                all = follow(&all, &ways(part)?)?;
            }
            all
        }
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(ways(branch)?);
            }
            all
        }
        HirKind::Repetition(repeated) => {
            let sub = ways(&repeated.sub)?;
            let mut all = vec![Vec::new()];
            for _ in 0..repeated.min.min(16) {
                all = follow(&all, &sub)?;
            }
            match repeated.max {
                Some(most) if most == repeated.min && most <= 16 => all,
                Some(1) => [vec![Vec::new()], sub].concat(),
                None if repeated.min <= 16 => {
                    let run = if crosses(&repeated.sub) {
                        Piece::All
                    } else if sub == [[Piece::Any]] {
                        Piece::Folder
                    } else {
                        return Err(NO_GLOB);
                    };
                    follow(&all, &[vec![run]])?
                }
                _ => return Err(NO_GLOB),
            }
        }
    };
    if ways.len() > MOST { Err(TOO_MANY) } else { Ok(ways) }
}

fn follow(firsts: &[Vec<Piece>], seconds: &[Vec<Piece>]) -> Result<Vec<Vec<Piece>>, Refusal> {
    if firsts.len() * seconds.len() > MOST {
        return Err(TOO_MANY);
    }
    Ok(firsts.iter().flat_map(|first| seconds.iter().map(move |second| [&first[..], second].concat())).collect())
}

/// Printable characters that a class lacks; line ends and the like do not stand in paths.
fn lacks(class: &ClassBytes) -> Vec<char> {
    let has = |b: u8| class.iter().any(|range| (range.start()..=range.end()).contains(&b));
    (b' '..=b'~').filter(|&b| !has(b)).map(char::from).collect()
}

/// Whether it stands for any single character, the one between folders too.
fn crosses(hir: &Hir) -> bool {
    let HirKind::Class(Class::Bytes(class)) = hir.kind() else {
        return matches!(hir.kind(), HirKind::Capture(Capture { sub, .. }) if crosses(sub));
    };
    lacks(class).is_empty() && class.iter().any(|range| range.end() == 0xff)
}

fn single(class: &Class) -> Result<Vec<Vec<Piece>>, Refusal> {
    let Class::Bytes(class) = class else { return Err(NO_GLOB) };
    let wide = class.iter().any(|range| range.end() == 0xff);
    match lacks(class)[..] {
        [] if wide => return Ok(vec![vec![Piece::Any], vec![Piece::One('/')]]),
        ['/'] if wide => return Ok(vec![vec![Piece::Any]]),
        _ if class.iter().any(|range| range.end() > 0x7f) => return Err(NO_GLOB),
        _ => {}
    }
    let mut ways = Vec::new();
    let mut set = String::new();
    for range in class.iter() {
        let (first, last) = (char::from(range.start()), char::from(range.end()));
        let letters = first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric();
        if first == last {
            if letters || first == '_' {
                set.push(first);
            } else {
                ways.push(vec![Piece::One(first)]);
            }
        } else if letters && range.len() <= 26 {
            set.push_str(&format!("{first}-{last}"));
        } else if range.len() <= 4 {
            ways.extend((first..=last).map(|c| vec![Piece::One(c)]));
        } else {
            return Err(NO_GLOB);
        }
    }
    if !set.is_empty() {
        ways.push(vec![Piece::Set(set)]);
    }
    Ok(ways)
}

/// A way to match with what may stand before and after it.
fn anchored(mut pieces: Vec<Piece>) -> Result<Vec<Piece>, Refusal> {
    if pieces.first() == Some(&Piece::Start) {
        pieces.remove(0);
    } else {
        pieces.insert(0, Piece::All);
    }
    if pieces.last() == Some(&Piece::End) {
        pieces.pop();
    } else {
        pieces.push(Piece::All);
    }
    if pieces.iter().any(|piece| matches!(piece, Piece::Start | Piece::End)) {
        return Err(NO_GLOB);
    }
    // Runs that touch are one, the widest of them.
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last(), &piece) {
            (Some(Piece::All), Piece::All | Piece::Folder) | (Some(Piece::Folder), Piece::Folder) => {}
            (Some(Piece::Folder), Piece::All) => {
                joined.pop();
                joined.push(piece);
            }
            _ => joined.push(piece),
        }
    }
    Ok(joined)
}

/// The globs of one way. A path has no `/` at its ends and never two together.
fn written(pieces: &[Piece]) -> Result<Vec<String>, Refusal> {
    let slash = Piece::One('/');
    if pieces == [Piece::All] {
        return Err("it matches every path");
    }
    if pieces.first() == Some(&slash)
        || pieces.last() == Some(&slash)
        || pieces.windows(2).any(|w| w[0] == slash && w[1] == slash)
    {
        return Ok(Vec::new());
    }
    if pieces.is_empty() {
        return Ok(Vec::new());
    }
    let mut globs = vec![String::new()];
    for (place, piece) in pieces.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| &pieces[before]);
        let last = place + 1 == pieces.len();
        let folder = before.is_none_or(|before| *before == slash);
        let choices: Vec<String> = match piece {
            Piece::One(c) if "*?[]{}!\\,".contains(*c) => vec![format!("\\{c}")],
            Piece::One(c) => vec![c.to_string()],
            Piece::Set(set) => vec![format!("[{set}]")],
            Piece::Any => vec!["?".to_owned()],
            Piece::Folder => vec!["*".to_owned()],
            Piece::All if last && folder => vec!["**".to_owned()],
            Piece::All if last => vec!["*".to_owned(), "*/**".to_owned()],
            Piece::All if folder => vec!["**/*".to_owned()],
            Piece::All => vec!["*".to_owned(), "*/**/*".to_owned()],
            Piece::Start | Piece::End => return Err(NO_GLOB),
        };
        if globs.len() * choices.len() > MOST {
            return Err(TOO_MANY);
        }
        globs = globs.iter().flat_map(|glob| choices.iter().map(move |choice| format!("{glob}{choice}"))).collect();
    }
    Ok(globs)
}

/// The glob of a plain path in a list of paths, where all tools that have such lists agree: a file or
/// folder named from the top, all of a folder, or all files with an ending.
///
/// # Errors
/// Where they do not agree.
pub fn of_line(line: &str) -> Result<String, Refusal> {
    const UNCLEAR: Refusal = "tools read such a pattern differently; write an `[[exception]]` with `paths`";
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-. /@+".contains(c)) && !text.contains("//")
    };
    if let Some(ending) = line.strip_prefix("*.").or_else(|| line.strip_prefix("**/*.")) {
        let simple = plain(ending) && !ending.contains(['/', ' ']);
        return if simple { Ok(format!("**/*.{ending}")) } else { Err(UNCLEAR) };
    }
    let (path, folder) = match ["/**/*", "/**", "/"].iter().find_map(|end| line.strip_suffix(end)) {
        Some(path) => (path, true),
        None => (line, false),
    };
    let dots = path.split('/').any(|part| part == "." || part == ".." || part.is_empty());
    // Without a slash, git's rules mean the name in every folder and others mean it at the top.
    let placed = path.contains('/');
    match (plain(path) && !dots, folder) {
        (true, true) if placed => Ok(format!("{path}/**")),
        (true, false) if placed => Ok(path.to_owned()),
        _ => Err(UNCLEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[&str] = &[
        "vendor/a.go",
        "vendor/x/y.go",
        "myvendor/a.go",
        "a/vendor/b/c.txt",
        "vendor",
        "a/vendor",
        "go.mod",
        "gomod",
        "a/go.mod",
        "go/mod",
        "gotmod",
        "x.png",
        "a/b/x.PNG",
        "x.pngs",
        "docs/a.md",
        "docs/b/a.md",
        "adocs/a.md",
        "package-lock.json",
        "a/package-lock.json",
        "package-lock_json",
        "test/data/1.json",
        "test/1/data.json",
        "tests/x",
        "src/test_a.py",
        "src/test_b/x.py",
        "a1b",
        "a/1/b",
        "a,b{c}",
        "file[1].txt",
        ".gitleaks.toml",
        "gitleaksXtoml",
        "node_modules/x/package.json",
        "x/node_modules/y",
        "node_modules_old/z",
        "a b/c d.txt",
    ];

    /// Regular expressions match the same of these paths as the globs that are made of them.
    #[test]
    fn globs_say_what_the_pattern_says() {
        for pattern in [
            "vendor/",
            "^vendor/",
            r"^vendor/.*\.go$",
            r"(?:^|/)vendor(?:/.*)?$",
            "node_modules",
            r"go\.mod$",
            "go.mod",
            r"(?i)\.png$",
            r"\.(md|go|json)$",
            r"^docs/[^/]*\.md$",
            r"^docs/.*",
            "package-lock.json",
            r"^test/.*/data",
            r"(^|/)package-lock\.json$",
            r"test_[ab]",
            r"^src/test_.*\.py$",
            r"a[0-9]b",
            r"a,b\{c\}",
            r"file\[1\]\.txt",
            r"(.*?)(json|toml)$",
            r"^a/?b?",
            r".+\.md",
            r"[^/]+\.txt$",
            "^a b/",
            "s/x$",
            r"^.gitleaks.toml$",
        ] {
            let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build().expect("a valid pattern");
            let globs = globs(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
            let mut set = globset::GlobSetBuilder::new();
            for glob in &globs {
                let built = globset::GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
                set.add(built.unwrap_or_else(|error| panic!("{pattern}: {glob}: {error}")));
            }
            let set = set.build().expect("few globs");
            for path in PATHS {
                assert_eq!(
                    regex.is_match(path.as_bytes()),
                    set.is_match(path),
                    "{pattern} and {globs:?} differ on {path}"
                );
            }
        }
    }

    #[test]
    fn what_has_no_glob_is_refused() {
        for pattern in [".*", "", "[0-9]+", r"\btest\b", "^/top/", r"a{2,5}", "x^", "(a|b)+", r"\w+\.md", "^"] {
            assert!(globs(pattern).is_err(), "{pattern}: {:?}", globs(pattern));
        }
    }

    #[test]
    fn plain_paths_are_carried_over() {
        for (line, glob) in [
            ("tests/fixtures/", "tests/fixtures/**"),
            ("tests/fixtures/**", "tests/fixtures/**"),
            ("docs/setup.md", "docs/setup.md"),
            ("*.pem", "**/*.pem"),
        ] {
            assert_eq!(of_line(line).as_deref(), Ok(glob));
        }
        for line in ["*", "**", "secret*", "setup.md", "/top", "!docs/x", "a/../b", "[ab]/c", "vendor/", "*.", "a//b/"]
        {
            assert!(of_line(line).is_err(), "{line}");
        }
    }
}
