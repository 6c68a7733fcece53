//! Examples for an imported rule, made from its pattern: `leakwarden policy check` asks for some.

use regex_syntax::hir::{Capture, Class, ClassBytes, Hir, HirKind};

use super::pattern::parse;
use crate::fragment::{Fragment, View};
use crate::rules::syntax::RuleSource;
use crate::rules::{RuleSet, check};
use crate::scan::scan;

/// Alphabets of templates, widest first.
const ALPHABETS: [(&str, &[(u8, u8)]); 8] = [
    ("base62", &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')]),
    ("base36", &[(b'0', b'9'), (b'a', b'z')]),
    ("BASE36", &[(b'0', b'9'), (b'A', b'Z')]),
    ("hex", &[(b'0', b'9'), (b'a', b'f')]),
    ("HEX", &[(b'0', b'9'), (b'A', b'F')]),
    ("lower", &[(b'a', b'z')]),
    ("upper", &[(b'A', b'Z')]),
    ("digit", &[(b'0', b'9')]),
];

/// Characters of a run that may have any length.
const RUN: u32 = 32;

/// The rule with an example and a negative one, where such can be made and behave; else as it is.
pub fn with(source: RuleSource) -> RuleSource {
    let made = || -> Option<RuleSource> {
        let example = template(&parse(&source.pattern)?)?;
        let negative = literal(source.keywords.first()?.as_bytes())?;
        let own = RuleSource { examples: vec![example], negative_examples: vec![negative], ..source.clone() };
        let set = RuleSet::new(vec![own.clone()]).ok()?;
        let found = |text: &str| {
            let fragment = Fragment::content(b"text", text.as_bytes(), View::Plain);
            scan(&fragment, &set).findings.into_iter().map(|finding| finding.rule).collect()
        };
        let complaints = check::check(&own, |_, text| found(text)).ok()?;
        complaints.is_empty().then_some(own)
    };
    made().unwrap_or(source)
}

/// A template of what a pattern matches.
fn template(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(text) => literal(&text.0),
        HirKind::Class(Class::Bytes(class)) => run(class, 1),
        HirKind::Class(Class::Unicode(_)) => None,
        HirKind::Capture(Capture { sub, .. }) => template(sub),
        HirKind::Concat(parts) => parts.iter().map(template).collect(),
        HirKind::Alternation(branches) => template(branches.first()?),
        HirKind::Repetition(repeated) => {
            let most = repeated.max.unwrap_or(u32::MAX);
            match repeated.sub.kind() {
                HirKind::Class(Class::Bytes(class)) => {
                    let wide = alphabet(class).is_some() && repeated.min > 0;
                    let count = if wide && repeated.min < 8 { most.min(RUN) } else { repeated.min };
                    run(class, count.max(repeated.min))
                }
                _ => Some(template(&repeated.sub)?.repeat(usize::try_from(repeated.min.min(RUN)).ok()?)),
            }
        }
    }
}

fn has(class: &ClassBytes, first: u8, last: u8) -> bool {
    class.iter().any(|range| range.start() <= first && last <= range.end())
}

fn alphabet(class: &ClassBytes) -> Option<&'static str> {
    let fits = |ranges: &[(u8, u8)]| ranges.iter().all(|&(first, last)| has(class, first, last));
    ALPHABETS.iter().find(|(_, ranges)| fits(ranges)).map(|(name, _)| *name)
}

fn run(class: &ClassBytes, count: u32) -> Option<String> {
    if count == 0 {
        return Some(String::new());
    }
    if let Some(name) = alphabet(class) {
        return Some(format!("{{{name}:{count}}}"));
    }
    let one = (b' '..=b'~').find(|&b| has(class, b, b))?;
    Some(literal(&[one])?.repeat(usize::try_from(count).ok()?))
}

/// A text as a template writes it.
fn literal(text: &[u8]) -> Option<String> {
    let mut out = String::new();
    for c in std::str::from_utf8(text).ok()?.chars() {
        match c {
            '{' => out.push_str("{lb}"),
            '}' => out.push_str("{rb}"),
            '\n' => out.push_str("{nl}"),
            c if c.is_control() => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::{Wish, gitleaks};
    use super::*;

    #[test]
    fn examples_are_made_and_behave() {
        for (pattern, expected) in [
            (r"\b(acme_[a-z0-9]{24})\b", "acme_{base36:24}"),
            (r#"acme[ =:]{1,3}"([A-Fa-f0-9]{20,40})""#, "acme \"{hex:20}\""),
            (r"(?:one|two)_acme_[\w-]+", "one_acme_{base62:32}"),
        ] {
            let text = format!("[[rules]]\nid = \"a\"\nregex = '''{pattern}'''\n");
            let entry = gitleaks::read(&text).expect("valid").remove(0);
            let Wish::Rule(source) = entry.wish else { panic!("{pattern}: {entry:?}") };
            assert_eq!(with(*source).examples, [expected], "{pattern}");
        }
    }
}
