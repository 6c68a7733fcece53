//! A regular expression of Go (RE2) as a rule's pattern: the same matches, a fixed text in each of
//! them, and the secret's group by its name.
//!
//! The two syntaxes are nearly one. Where Rust gives a meaning to what Go takes literally (a `[`,
//! `&&` or `~~` in a class, `\<`), it is escaped; what cannot be told apart is refused.

use regex_syntax::hir::{Capture, Class, Hir, HirKind};

/// Texts of which one stands in every match; more than this make no rule.
const MOST: usize = 64;

/// The furthest that the text may stand from the start of a match.
const FURTHEST: usize = 250;

/// A checked pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The pattern, its secret's group called `secret` where it has one.
    pub text: String,
    /// Texts of which one stands in every match, as written.
    pub keywords: Vec<String>,
    /// Bytes before them at which a match may begin.
    pub lookback: usize,
    /// Whether the secret may begin with one of the keywords.
    pub keyword_in_secret: bool,
}

/// Why a pattern cannot become a rule's.
pub type Refusal = &'static str;

const NO_GROUP: Refusal = "which part of a match is the secret depends on the match";

/// Turns a pattern around. `group` is the secret's (0 or none: gitleaks takes the first group that is
/// not empty, or all); `words` are those of which one must stand in the file, in any case.
///
/// # Errors
/// Says what is missing.
pub fn from_go(pattern: &str, group: usize, words: &[String]) -> Result<Pattern, Refusal> {
    let (plain, groups) = translate(pattern, 0)?;
    let hir = parse(&plain).ok_or("its regular expression is not one that leakwarden can compile")?;
    let group = match (group, groups) {
        (0, 0) => 0,
        (0, _) => 1,
        (own, groups) if own <= groups => own,
        _ => return Err("it names a group that its regular expression does not have"),
    };
    if group > 0 && !always(&hir, u32::try_from(group).unwrap_or(u32::MAX)) {
        return Err(NO_GROUP);
    }
    let need = best(&hir, words)?;
    let text = if group == 0 { plain } else { translate(pattern, group)?.0 };
    let secret = capture(&hir, u32::try_from(group).unwrap_or(0)).unwrap_or(&hir);
    // What the secret begins with is known in part only; without any fixed start it is no keyword.
    let starts = exact_start(secret);
    let touches = |keyword: &String| {
        starts.iter().any(|start| start.starts_with(keyword.as_bytes()) || keyword.as_bytes().starts_with(start))
    };
    let keyword_in_secret = need.texts.iter().any(touches);
    Ok(Pattern { text, keywords: need.texts, lookback: need.before, keyword_in_secret })
}

/// A pattern as it is for one that is matched byte by byte.
pub(super) fn parse(pattern: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()
}

/// Go's syntax as Rust's, with the group of this number called `secret`; and how many groups it has.
pub(super) fn translate(pattern: &str, secret: usize) -> Result<(String, usize), Refusal> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    let mut groups = 0;
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out)?,
            '[' => class(&mut rest, &mut out)?,
            '(' => {
                let ahead: String = rest.clone().take(4).collect();
                let named = ["?P<", "?<"].iter().find(|open| ahead.starts_with(**open));
                if named.is_none() && ahead.starts_with('?') {
                    out.push('(');
                    continue;
                }
                groups += 1;
                if groups != secret {
                    out.push('(');
                    continue;
                }
                if let Some(open) = named {
                    rest.by_ref().take(open.len()).for_each(drop);
                    rest.by_ref().take_while(|&c| c != '>').for_each(drop);
                }
                out.push_str("(?P<secret>");
            }
            _ => out.push(c),
        }
    }
    Ok((out, groups))
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn escape(rest: &mut Rest<'_>, out: &mut String) -> Result<(), Refusal> {
    match rest.next() {
        // To Go these are the characters themselves, to Rust the edges of words.
        Some('<') => out.push_str("\\x3C"),
        Some('>') => out.push_str("\\x3E"),
        Some('Q') => return Err("its regular expression quotes with `\\Q`"),
        Some('b') if rest.peek() == Some(&'{') => return Err("its regular expression holds `\\b{`"),
        Some(c) => {
            out.push('\\');
            out.push(c);
        }
        None => return Err("its regular expression ends in a backslash"),
    }
    Ok(())
}

/// What stands in brackets. Rust knows classes in classes and sets of classes; Go does not.
fn class(rest: &mut Rest<'_>, out: &mut String) -> Result<(), Refusal> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => {
                out.push(']');
                return Ok(());
            }
            '\\' => escape(rest, out)?,
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for inner in rest.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '-' if rest.peek() == Some(&'-') => return Err("its regular expression holds `--` in brackets"),
            _ => out.push(c),
        }
    }
    Err("its regular expression has brackets without an end")
}

/// Whether a group takes part in every match, and is never empty.
fn always(hir: &Hir, group: u32) -> bool {
    match hir.kind() {
        HirKind::Capture(Capture { index, sub, .. }) if *index == group => {
            sub.properties().minimum_len().is_some_and(|least| least > 0)
        }
        HirKind::Capture(Capture { sub, .. }) => always(sub, group),
        HirKind::Concat(parts) => parts.iter().any(|part| always(part, group)),
        // Of a group that is repeated, Go and Rust both give the last one.
        HirKind::Repetition(repeated) => repeated.min > 0 && always(&repeated.sub, group),
        _ => false,
    }
}

fn capture(hir: &Hir, group: u32) -> Option<&Hir> {
    match hir.kind() {
        HirKind::Capture(Capture { index, sub, .. }) if *index == group => Some(sub),
        HirKind::Capture(Capture { sub, .. }) => capture(sub, group),
        HirKind::Concat(parts) => parts.iter().find_map(|part| capture(part, group)),
        HirKind::Repetition(repeated) => capture(&repeated.sub, group),
        _ => None,
    }
}

/// Texts with one of which a match begins, as far as they are certain; an empty one where nothing is.
fn exact_start(hir: &Hir) -> Vec<Vec<u8>> {
    let mut starts = vec![Vec::new()];
    for part in flat(hir) {
        match exact(part, false).and_then(|texts| product(&starts, &texts)) {
            Some(longer) => starts = longer,
            None => break,
        }
    }
    // A secret that may begin with anything begins with a keyword by chance only.
    starts.retain(|start| !start.is_empty());
    starts
}

/// Texts of which one is in every match.
struct Need {
    texts: Vec<String>,
    before: usize,
}

struct Run {
    texts: Vec<Vec<u8>>,
    folded: Vec<Vec<u8>>,
    before: Option<usize>,
}

fn best(hir: &Hir, words: &[String]) -> Result<Need, Refusal> {
    let mut runs = Vec::new();
    needs(hir, Some(0), &mut runs);
    runs.retain(|run| {
        run.texts.iter().all(|text| (3..=100).contains(&text.len()) && std::str::from_utf8(text).is_ok())
    });
    runs.retain(|run| run.before.is_some_and(|before| before <= FURTHEST));
    if runs.is_empty() {
        return Err("no fixed text of 3 bytes or more stands in everything that it matches");
    }
    let words: Vec<Vec<u8>> = words.iter().map(|word| word.to_ascii_lowercase().into_bytes()).collect();
    let holds =
        |text: &Vec<u8>| words.iter().any(|word| word.is_empty() || text.windows(word.len()).any(|w| w == word));
    let implied = |run: &Run| words.is_empty() || run.folded.iter().all(holds);
    let mut folded = Vec::new();
    folds(hir, &mut folded);
    if !runs.iter().any(implied) && !folded.iter().any(|texts| texts.iter().all(holds)) {
        return Err("its keywords need not stand in what it matches, and a rule has no such condition");
    }
    let shortest = |run: &Run| run.texts.iter().map(Vec::len).min().unwrap_or(0).min(8);
    let worth = |run: &Run| (shortest(run), std::cmp::Reverse(run.texts.len()), std::cmp::Reverse(run.before));
    let run = runs.into_iter().max_by_key(worth).expect("there is one");
    let texts = run.texts.into_iter().filter_map(|text| String::from_utf8(text).ok()).collect();
    Ok(Need { texts, before: run.before.unwrap_or(0) })
}

/// The parts of a pattern that follow one another, through groups.
fn flat(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().flat_map(flat).collect(),
        HirKind::Capture(Capture { sub, .. }) => flat(sub),
        _ => vec![hir],
    }
}

fn needs(hir: &Hir, before: Option<usize>, runs: &mut Vec<Run>) {
    let empty = |before| Run { texts: vec![Vec::new()], folded: Vec::new(), before };
    let mut run = empty(before);
    let mut passed = before;
    for part in flat(hir) {
        let longest = part.properties().maximum_len();
        match exact(part, false) {
            Some(texts) => match product(&run.texts, &texts) {
                Some(longer) => run.texts = longer,
                None => {
                    close(std::mem::replace(&mut run, Run { texts, ..empty(passed) }), runs);
                }
            },
            None => {
                close(std::mem::replace(&mut run, empty(None)), runs);
                inside(part, passed, runs);
            }
        }
        passed = passed.zip(longest).map(|(passed, longest)| passed + longest);
        if run.texts.iter().all(Vec::is_empty) {
            run.before = passed;
        }
    }
    close(run, runs);
}

fn close(mut run: Run, runs: &mut Vec<Run>) {
    if run.texts.iter().all(|text| !text.is_empty()) {
        run.folded = run.texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        runs.push(run);
    }
}

/// What every match of a repetition or choice holds.
fn inside(part: &Hir, before: Option<usize>, runs: &mut Vec<Run>) {
    match part.kind() {
        HirKind::Repetition(repeated) if repeated.min > 0 => needs(&repeated.sub, before, runs),
        HirKind::Alternation(branches) => {
            let mut all = Run { texts: Vec::new(), folded: Vec::new(), before };
            for branch in branches {
                let mut own = Vec::new();
                needs(branch, before, &mut own);
                let longest = |run: &Run| run.texts.iter().map(Vec::len).min().unwrap_or(0);
                let Some(best) = own.into_iter().max_by_key(longest) else { return };
                all.texts.extend(best.texts);
                all.before = all.before.zip(best.before).map(|(a, b)| a.max(b));
            }
            if all.texts.len() <= MOST {
                close(all, runs);
            }
        }
        _ => {}
    }
}

/// Sets of texts of which one is in every match, whatever its case.
fn folds(hir: &Hir, all: &mut Vec<Vec<Vec<u8>>>) {
    let mut run = vec![Vec::new()];
    for part in flat(hir) {
        match exact(part, true) {
            Some(texts) => match product(&run, &texts) {
                Some(longer) => run = longer,
                None => all.push(std::mem::replace(&mut run, texts)),
            },
            None => {
                all.push(std::mem::replace(&mut run, vec![Vec::new()]));
                if let HirKind::Repetition(repeated) = part.kind()
                    && repeated.min > 0
                {
                    folds(&repeated.sub, all);
                }
            }
        }
    }
    all.push(run);
}

/// All texts that a pattern matches, where they are few; with `fold` in lower case.
fn exact(hir: &Hir, fold: bool) -> Option<Vec<Vec<u8>>> {
    let mut texts = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![Vec::new()],
        HirKind::Literal(literal) => vec![literal.0.to_vec()],
        HirKind::Class(Class::Bytes(class)) => {
            let count: usize = class.iter().map(|range| range.len()).sum();
            let few = count <= 8;
            few.then(|| class.iter().flat_map(|range| (range.start()..=range.end()).map(|b| vec![b])).collect())?
        }
        HirKind::Class(Class::Unicode(_)) => return None,
        HirKind::Capture(Capture { sub, .. }) => exact(sub, fold)?,
        HirKind::Concat(parts) => {
            let mut all = vec![Vec::new()];
            for part in parts {
                all = product(&all, &exact(part, fold)?)?;
            }
            all
        }
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(exact(branch, fold)?);
            }
            all
        }
        HirKind::Repetition(repeated) => {
            let sub = exact(&repeated.sub, fold)?;
            match (repeated.min, repeated.max) {
                (0, Some(1)) => [vec![Vec::new()], sub].concat(),
                (least, Some(most)) if least == most && least <= 64 => {
                    let mut all = vec![Vec::new()];
                    for _ in 0..least {
                        all = product(&all, &sub)?;
                    }
                    all
                }
                _ => return None,
            }
        }
    };
    if fold {
        texts.iter_mut().for_each(|text| text.make_ascii_lowercase());
    }
    texts.sort();
    texts.dedup();
    (texts.len() <= MOST).then_some(texts)
}

fn product(firsts: &[Vec<u8>], seconds: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if firsts.len() * seconds.len() > MOST {
        return None;
    }
    Some(firsts.iter().flat_map(|first| seconds.iter().map(move |second| [&first[..], second].concat())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_fixed_text_is_found() {
        let plain = from_go(r"\b(acme_[a-z0-9]{32})\b", 0, &words(&["ACME_"])).expect("it has one");
        assert_eq!((plain.keywords, plain.lookback), (words(&["acme_"]), 0));
        assert_eq!(plain.text, r"\b(?P<secret>acme_[a-z0-9]{32})\b");
        assert!(plain.keyword_in_secret);
        let later = from_go(r#"[\w.-]{0,20}acme[ \t]*=[ \t]*"([a-f0-9]{32})""#, 1, &[]).expect("it has one");
        assert_eq!((later.keywords, later.lookback, later.keyword_in_secret), (words(&["acme"]), 20, false));
        let folded = from_go(r"(?i)ab-c[0-9]{20}", 0, &words(&["ab-c"])).expect("it has some");
        assert_eq!(folded.keywords.len(), 8);
        let either = from_go(r"(?:pk_live|sk_live_)x[0-9]{9}", 0, &words(&["_live"])).expect("it has some");
        assert_eq!(either.keywords, words(&["pk_livex", "sk_live_x"]));
        let choice = from_go(r"(?:one_[a-z]+|other_[0-9]*)=[0-9]{9}", 0, &[]).expect("it has some");
        assert_eq!(choice.keywords, words(&["one_", "other_"]));
    }

    #[test]
    fn what_no_rule_can_say_is_refused() {
        for (pattern, group, keywords) in [
            ("[a-f0-9]{40}", 0, &[][..]),
            ("ab[a-f0-9]{40}", 0, &[]),
            ("(?=acme)x", 0, &[]),
            ("acme_(a+)|acme_(b+)", 0, &[]),
            ("acme_(a*)b", 1, &[]),
            ("acme_a", 2, &[]),
            (r"\Qacme\E[a-z]", 0, &[]),
            (r"acme_[a--z]", 0, &[]),
            ("[a-z]*acme_[0-9]{9}", 0, &[]),
            ("acme_[0-9]{9}", 0, &["zebra"]),
        ] {
            assert!(from_go(pattern, group, &words(keywords)).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_go_takes_literally_stays_literal() {
        for (go, rust) in [
            (r"acme[[a]x", r"acme[\[a]x"),
            (r"acme[a&&b]", r"acme[a\&\&b]"),
            (r"acme\<x\>", r"acme\x3Cx\x3E"),
            (r"acme[[:alnum:]]", r"acme[[:alnum:]]"),
            (r"acme[]a]", r"acme[\]a]"),
        ] {
            assert_eq!(translate(go, 0), Ok((rust.to_owned(), 0)), "{go}");
            assert!(parse(rust).is_some(), "{rust}");
        }
        let named = translate(r"(?i)acme(?:x)(?P<token>[(]y)", 1);
        assert_eq!(named, Ok((r"(?i)acme(?:x)(?P<secret>[(]y)".to_owned(), 1)));
    }
}
