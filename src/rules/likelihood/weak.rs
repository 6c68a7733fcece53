//! Passwords that people choose and that nothing but their place tells from words: `moonlight`.

use std::cell::LazyCell;

use super::key;
use super::place::{Company, Kind};
use crate::level::Confidence;
use crate::rules::filters::{Dropped, Match, Verdict};

/// What a weak value's place says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weak {
    /// It is in use, and why.
    Used(&'static str),
    /// It may be, and why it may not.
    Doubtful(&'static str),
}

/// Whether the place of a weak value says that it is a password in use; `None` where it says nothing.
pub(super) fn used(found: &Match<'_>) -> Option<Weak> {
    let kind = found.place.kind();
    if kind == Kind::MadeUp || found.key.is_some_and(key::switch) || among_others(found) && !of_several(found) {
        return None;
    }
    // A call that logs in names no key.
    if found.key.is_none_or(key::chosen) && stands(found) && numbered(found.secret) {
        return Some(Weak::Used("words with capitals and a number behind them"));
    }
    let key = found.key.filter(|key| key::chosen(key))?;
    if DEFAULTS.iter().any(|word| found.secret.eq_ignore_ascii_case(word.as_bytes())) {
        return Some(Weak::Doubtful("a default password"));
    }
    let code = matches!(kind, Kind::Configuring | Kind::Other);
    // Lines around are read only where something depends on them.
    let company = LazyCell::new(|| found.place.has_company(found.secret, code));
    match by_place(found, key, kind, &company)? {
        Weak::Used(_) if company.same => Some(Weak::Doubtful("a default password")),
        weak => Some(weak),
    }
}

/// What kind of file, key and company say of a weak value.
fn by_place(
    found: &Match<'_>,
    key: &[u8],
    kind: Kind,
    company: &LazyCell<Company, impl FnOnce() -> Company>,
) -> Option<Weak> {
    let user = || company.user;
    let host = || company.host;
    let wireless = || [b"wifi".as_slice(), b"wlan", b"wpa", b"psk"].iter().any(|word| contains_word(key, word));
    if key.eq_ignore_ascii_case(b"Cleartext-Password") {
        return Some(Weak::Used("a password in clear text, as its key says"));
    }
    if found.quoted && digits(found.secret) && wireless() {
        return Some(Weak::Used("the key of a wireless network"));
    }
    let variable = key.len() >= 6 && key.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let words = || contains_word(key, b"phrase") && kind != Kind::Other || variable && found.quoted;
    if phrase(found.secret) && words() {
        return Some(Weak::Used("a phrase of words"));
    }
    if found.quoted && compared(found) && found.secret.iter().any(u8::is_ascii_digit) && !letters(found.secret) {
        return Some(Weak::Used("compared with what somebody typed"));
    }
    let figures = found.secret.iter().any(u8::is_ascii_digit);
    if !found.quoted && key.starts_with(b"--") && figures && !found.place.is_code() {
        return Some(Weak::Used("passed to a command"));
    }
    match kind {
        Kind::Settings if !label(found.secret) && ends_line(found) => Some(Weak::Used("in a file of settings")),
        Kind::Settings | Kind::Data if user() || host() => Some(Weak::Used(BESIDE)),
        Kind::Data if variable => Some(Weak::Used("given to a variable")),
        Kind::Data => Some(Weak::Doubtful("a word, which may say something else here")),
        Kind::Configuring if found.quoted && (user() || host()) => Some(Weak::Used(BESIDE)),
        Kind::Other if variable && !found.quoted && !found.place.is_code() && alone(found) => {
            Some(Weak::Used("given to a variable, alone on its line"))
        }
        Kind::Other if found.quoted && user() && host() && !letters(found.secret) => Some(Weak::Used(BESIDE)),
        Kind::Configuring | Kind::Other
            if (found.quoted || variable && alone(found))
                && word_with_number(found.secret)
                && (!key::passes(key)
                    || key::words(key).len() == 1 && (!joined_small(found.secret) || user() || host())) =>
        {
            Some(Weak::Used("a word with a number, as passwords are chosen"))
        }
        Kind::Other if !found.place.is_code() && chosen_with_care(found.secret) && stands_apart(found) => {
            Some(Weak::Used("a word with capitals and figures, alone on its line, in its cell or told as it is"))
        }
        _ if found.quoted && chosen_with_care(found.secret) => Some(Weak::Doubtful("weak for a password")),
        _ => None,
    }
}

/// Whether a value is that of a comparison: `password == "…"`.
fn compared(found: &Match<'_>) -> bool {
    let before = found.place.before.trim_ascii_end();
    let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before).trim_ascii_end();
    let after = found.place.after.get(1..).unwrap_or_default().trim_ascii_start();
    [b"==".as_slice(), b"!=", b".equals(", b".Equals(", b".equalsIgnoreCase("]
        .iter()
        .any(|sign| before.ends_with(sign) || after.starts_with(sign))
}

/// Whether a line is `NAME=value` and nothing else, as a shell and `.env` files read it; put into a remark or not.
fn alone(found: &Match<'_>) -> bool {
    let line = found.place.line_before();
    // A remark says what may stand there, too: `# PASSWORD=mandatory`.
    let remark = line.starts_with(b"#");
    let line = line.strip_prefix(b"#").map_or(line, <[u8]>::trim_ascii_start);
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let name = line.strip_suffix(b"=");
    let plain = |name: &[u8]| name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    // `PGPASSWORD=… psql` gives it to one command.
    let after = found.place.after;
    let figures = found.secret.iter().any(u8::is_ascii_digit);
    let command = after.first() == Some(&b' ') && after.get(1).is_some_and(|b| b.is_ascii_lowercase() || *b == b'/');
    let command = command && (figures || found.place.path.ends_with(b"sh"));
    name.is_some_and(plain) && (ends_line(found) || command) && (figures || !remark)
}

/// Whether a value ends a remark and has figures and a capital or a mark: `# pass: …`.
pub(super) fn remarked(found: &Match<'_>) -> bool {
    let line = found.place.line_before().trim_ascii_start();
    let remark = line.starts_with(b"#") || line.starts_with(b"//");
    let has = |test: fn(&u8) -> bool| found.secret.iter().any(test);
    let marked = has(u8::is_ascii_uppercase) || has(|b| b.is_ascii_punctuation() && !b"-_./:".contains(b));
    remark && ends_line(found) && has(u8::is_ascii_digit) && marked
}

/// Whether a value is all that its line or its cell of a table gives, or what a sentence says: `is …`.
fn stands_apart(found: &Match<'_>) -> bool {
    let (before, after) = (found.place.before, found.place.after.trim_ascii_start());
    let cell = before.trim_ascii_end().ends_with(b"|") && after.starts_with(b"|");
    cell || before.ends_with(b" is ") || ends_line(found)
}

/// Whether a value has capitals, small letters and figures: `Uitkijk-Post12`.
fn chosen_with_care(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_uppercase)
        && value.iter().any(u8::is_ascii_lowercase)
        && value.iter().any(u8::is_ascii_digit)
}

/// Whether a value has capitals, and ends in two to four figures behind two words that a mark joins:
/// `Uitkijk-Post12`.
fn numbered(value: &[u8]) -> bool {
    let stem = &value[..value.len() - value.iter().rev().take_while(|b| b.is_ascii_digit()).count()];
    let mut words = stem.split(u8::is_ascii_punctuation);
    let word = |word: Option<&[u8]>| word.is_some_and(|word| word.len() >= 3 && letters(word));
    let joined = word(words.next()) && word(words.next()) && words.next().is_none();
    (2..=4).contains(&(value.len() - stem.len())) && joined && chosen_with_care(value)
}

/// Whether a value is a word with a number behind it, `maple_6326`, and none that programs number.
fn word_with_number(value: &[u8]) -> bool {
    let figures = value.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let stem = &value[..value.len() - figures];
    let word = stem.strip_suffix(b"_").or_else(|| stem.strip_suffix(b".")).or_else(|| stem.strip_suffix(b"-"));
    let word = word.unwrap_or(stem);
    let capital = word.first().is_some_and(u8::is_ascii_uppercase);
    let named = NUMBERED.iter().any(|own| word.eq_ignore_ascii_case(own.as_bytes()));
    (4..=14).contains(&word.len())
        && word.iter().skip(1).all(u8::is_ascii_lowercase)
        && word[0].is_ascii_alphabetic()
        && (if capital { 2..=4 } else { 3..=4 }).contains(&figures)
        && !named
}

/// Whether a value is small letters and a number with a stroke between them, `gbuffer_2048`: passes of renderers and
/// compilers are called so.
fn joined_small(value: &[u8]) -> bool {
    value.contains(&b'_') && value[0].is_ascii_lowercase()
}

/// Whether a value is written as one: in quotes, or at the end of a line that is no code.
fn stands(found: &Match<'_>) -> bool {
    found.quoted || (!found.place.is_code() || found.place.is_quoting()) && ends_line(found)
}

/// Keeps a weak value as its place says.
pub(super) fn keep(weak: Weak, verdict: &mut Verdict) -> Result<(), Dropped> {
    let why = match weak {
        Weak::Used(why) => why,
        Weak::Doubtful(why) => {
            verdict.confidence = verdict.confidence.min(Confidence::Possible);
            why
        }
    };
    verdict.reasons.push(why.to_owned());
    Ok(())
}

/// Whether a value could be typed as a password: one word, no path and no code.
pub(super) fn word(value: &[u8]) -> bool {
    let typed = |b: &u8| b.is_ascii_alphanumeric() || b"!@#$%^&*_-+?=~.".contains(b);
    let joints = value.iter().filter(|b| matches!(b, b'_' | b'-' | b'.')).count();
    let digit = value.iter().any(u8::is_ascii_digit);
    let dotted = value.contains(&b'.') && !digit;
    let most = if digit { 3 } else { 1 };
    phrase(value)
        || value.iter().all(typed)
            && !dotted
            && joints <= most
            && !value.starts_with(b"-")
            && !super::code::constant(value)
            && (digits(value) || !super::code::numeric(value))
}

/// Whether a value is a number long enough for a password, and too short for anything that is counted.
fn digits(value: &[u8]) -> bool {
    (8..=24).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
}

fn contains_word(key: &[u8], word: &[u8]) -> bool {
    key.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether a value is a phrase of words drawn from a list: four or more, of small letters, and none of those
/// that hold a sentence together.
fn phrase(value: &[u8]) -> bool {
    let held = ["the", "your", "this", "that", "for", "with", "and", "not", "new", "must", "enter", "please", "should"];
    let words: Vec<&[u8]> = value.split(|b| matches!(b, b' ' | b'-')).collect();
    let word = |word: &&[u8]| (3..=12).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase);
    (4..=10).contains(&words.len())
        && words.iter().all(word)
        && !words.iter().any(|word| held.iter().any(|other| *word == other.as_bytes()))
}

/// Whether a value is the word that a form shows: one capital, then small letters.
fn label(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_uppercase) && value[1..].iter().all(u8::is_ascii_lowercase)
}

fn letters(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_alphabetic)
}

/// Whether nothing but a remark follows a value that stands without quotes: not so in `passwd: files nis`.
fn ends_line(found: &Match<'_>) -> bool {
    let rest = found.place.after.split(|&b| b == b'\n').next().unwrap_or_default().trim_ascii();
    found.quoted || rest.is_empty() || matches!(rest[0], b'#' | b';' | b'&' | b'<')
}

/// Whether a value is one of several that are passed on: `compact('user_pass', 'user_nicename', …)`.
fn among_others(found: &Match<'_>) -> bool {
    let before = found.place.before;
    // A cell of a table has no quotes.
    let Some(before) = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")) else { return false };
    before.trim_ascii_end().ends_with(b",")
        && found.place.after.get(1..).is_none_or(|rest| !rest.trim_ascii_start().starts_with(b")"))
}

/// Whether the name stands among others before the sign, as its value does behind it: `user, pass = "…", "…"`.
fn of_several(found: &Match<'_>) -> bool {
    let mut sides = found.place.line_before().splitn(2, |&b| b == b'=');
    let (names, values) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    let commas = |part: &[u8]| part.iter().filter(|&&b| b == b',').count();
    commas(values) > 0 && commas(names) >= commas(values) && word_with_number(found.secret)
}

const BESIDE: &str = "beside the name of a user or a host";

/// Words that programs and tests put a number behind.
const NUMBERED: [&str; 66] = [
    "test", "user", "item", "step", "state", "node", "page", "level", "version", "type", "error", "code", "line",
    "field", "input", "text", "label", "button", "view", "screen", "event", "option", "value", "name", "file", "index",
    "port", "host", "server", "client", "admin", "root", "demo", "sample", "example", "dummy", "fake", "mock", "temp",
    "form", "widget", "image", "photo", "phase", "round", "task", "entry", "record", "table", "group", "team", "class",
    "part", "unit", "section", "figure", "layer", "block", "cell", "slot", "frame", "scene", "stage", "player",
    "device", "model",
];

/// Passwords that programs and images come with.
const DEFAULTS: [&str; 20] = [
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "rabbitmq",
    "minioadmin",
    "administrator",
    "docker",
    "vagrant",
    "guest",
    "system",
    "oracle",
    "raspberry",
    "keycloak",
    "welcome",
    "letmein",
    "compat",
    "files",
    "grafana",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_or_given_to_a_variable_is_in_use() {
        let weak = |before: &'static str, secret: &'static str, quoted| {
            let (secret, key) = (secret.as_bytes(), before.split(['=', ' ']).next().map(str::as_bytes));
            let place = super::super::Place { path: b"", before: before.as_bytes(), after: b"\n" };
            used(&Match { secret, whole: secret, key, quoted, free: true, place })
        };
        let is_used = |weak| matches!(weak, Some(Weak::Used(_)));
        assert!(is_used(weak("password == \"", "team10", true)));
        assert!(!is_used(weak("password == \"", "none", true)));
        assert!(!is_used(weak("password, \"", "team10", true)));
        assert!(is_used(weak("REACT_APP_PASSWORD=", "moonlight", false)));
        assert!(!is_used(weak("react_password = ", "moonlight", false)));
    }
}
