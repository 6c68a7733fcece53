//! The case files: what stands in `cases/`, one file a carrier, and how it is read.
//!
//! A case begins with `=== leak PATH | what it is` or `=== safe PATH | what it is` and runs up to
//! the next one. In its text `{{leak:KIND}}` is a credential that must be found, `{{more:KIND}}` a
//! further piece of the one before it (a literal that goes on in the next line), and `{{some:KIND}}`
//! other text made at run time: ids, digests, references, placeholders. [`super::value`] lists the
//! kinds. It reads as a reference, so that leakwarden has nothing to say of the case files; for the
//! same reason a look-alike that it still takes for a credential is written `{{some:=TEXT}}`.

/// One case, as it is written.
pub struct Case {
    /// The carrier: the name of its file.
    pub carrier: &'static str,
    /// Whether there is a credential in it.
    pub leak: bool,
    /// Where such a file would stand in a repository.
    pub path: &'static str,
    /// What it is.
    pub what: &'static str,
    /// The text with its parts.
    pub parts: Vec<Part>,
}

/// A part of a case's text.
pub enum Part {
    /// As it stands.
    Text(&'static str),
    /// Text of this kind that is no credential.
    Other(&'static str),
    /// A credential of this kind.
    Secret(&'static str),
    /// A further piece of the credential before it.
    More(&'static str),
}

/// The carriers with their case files.
const FILES: &[(&str, &str)] = &[
    ("key-value", include_str!("cases/key-value.txt")),
    ("client files", include_str!("cases/client-files.txt")),
    ("YAML", include_str!("cases/yaml.txt")),
    ("YAML", include_str!("cases/yaml-safe.txt")),
    ("JSON", include_str!("cases/json.txt")),
    ("XML", include_str!("cases/xml.txt")),
    ("TOML", include_str!("cases/toml.txt")),
    ("code: scripts", include_str!("cases/code-scripts.txt")),
    ("code: braces", include_str!("cases/code-braces.txt")),
    ("command lines", include_str!("cases/command-lines.txt")),
    ("SQL", include_str!("cases/sql.txt")),
    ("URLs", include_str!("cases/urls.txt")),
    ("HTTP", include_str!("cases/http.txt")),
    ("prose and logs", include_str!("cases/prose.txt")),
];

/// All cases, in the order of the files.
///
/// # Panics
/// Where a case is malformed: the text names it.
pub fn all() -> Vec<Case> {
    FILES.iter().flat_map(|&(carrier, text)| of_carrier(carrier, text)).collect()
}

fn of_carrier(carrier: &'static str, text: &'static str) -> Vec<Case> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("=== ") {
        let (head, body) = rest[at + 4..].split_once('\n').expect("a case has a text below its heading");
        let end = body.find("\n=== ").map_or(body.len(), |end| end + 1);
        let (place, what) = head.split_once(" | ").unwrap_or_else(|| panic!("{carrier}: `{head}` says not what it is"));
        let (verdict, path) = place.split_once(' ').unwrap_or_else(|| panic!("{carrier}: `{head}` names no path"));
        assert!(["leak", "safe"].contains(&verdict), "{carrier}: `{head}` is neither leak nor safe");
        let case = Case { carrier, leak: verdict == "leak", path, what, parts: parts(body[..end].trim_matches('\n')) };
        let labelled = case.parts.iter().any(|part| matches!(part, Part::Secret(_)));
        assert_eq!(labelled, case.leak, "{carrier}: `{head}` is labelled otherwise than it says");
        found.push(case);
        rest = &body[end..];
    }
    found
}

fn parts(text: &'static str) -> Vec<Part> {
    let mut found = Vec::new();
    let mut text_from = 0;
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        let close = text[open..].find("}}").map_or(text.len(), |close| open + close);
        at = open + 1;
        let part = match text[open + 2..close].split_once(':') {
            Some(("leak", kind)) => Part::Secret(kind),
            Some(("more", kind)) => Part::More(kind),
            Some(("some", kind)) => Part::Other(kind),
            _ => continue,
        };
        found.extend([Part::Text(&text[text_from..open]), part]);
        at = close + 2;
        text_from = at;
    }
    found.push(Part::Text(&text[text_from..]));
    found
}
