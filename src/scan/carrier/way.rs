//! The way from a key to its value: what may stand between them in the notations of the world.

use std::ops::Range;

use super::{KEY, back, is_blank, is_key_byte, skip};

/// Schemes of HTTP authorization (RFC 9110; the later ones are providers' own).
pub(super) const SCHEMES: [&[u8]; 9] =
    [b"bearer", b"basic", b"token", b"bot", b"ssws", b"apikey", b"geniekey", b"splunk", b"token token="];

/// After the attributes of an element whose name is the key: `<Pass encoding="base64">`.
pub(super) fn element(text: &[u8], key: &Range<usize>, at: usize) -> Option<usize> {
    let prefix = back(text, key.start.saturating_sub(24), key.start, |b| b.is_ascii_alphanumeric() || b == b':');
    let opens = prefix > 0 && text[prefix - 1] == b'<';
    if !opens || !text.get(at).is_some_and(|&b| is_blank(b)) {
        return None;
    }
    let rest = &text[at..text.len().min(at + 128)];
    rest.iter().position(|&b| matches!(b, b'>' | b'\n')).filter(|&end| rest[end] == b'>').map(|end| at + end)
}

/// Where the key is itself a value (`name: DB_PASSWORD`), the place after the name of its companion:
/// `value` beside it or on the next line, `default` in a block of its own, `<string>` in a property list.
pub(super) fn companion(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 96)];
    let gap = rest.iter().take_while(|&&b| b.is_ascii_whitespace() || matches!(b, b',' | b'{' | b'"' | b'\'')).count();
    let rest = &rest[gap..];
    const ELEMENTS: [(&[u8], &[u8]); 6] = [
        (b"</key>", b"<string>"),
        (b"</name>", b"<value>"),
        (b">", b"<value>"),
        (b"</td>", b"<td>"),
        (b"</th>", b"<td>"),
        (b"</dt>", b"<dd>"),
    ];
    for (name, value) in ELEMENTS {
        let Some(after) = rest.strip_prefix(name).or_else(|| rest.strip_prefix(b":")?.strip_prefix(name)) else {
            continue;
        };
        let gap = gap + usize::from(rest[0] == b':');
        let blank = remarks(after);
        if after[blank..].starts_with(value) {
            return Some(at + gap + name.len() + blank + value.len() - 1);
        }
    }
    if gap == 0 {
        return None;
    }
    let name = [b"value".as_slice(), b"default", b"parametervalue"]
        .into_iter()
        .find(|name| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))?;
    let mut end = name.len();
    end += usize::from(matches!(rest.get(end), Some(b'"' | b'\'')));
    let blank = rest[end..].iter().take_while(|&&b| is_blank(b)).count();
    matches!(rest.get(end + blank), Some(b':' | b'=')).then_some(at + gap + end)
}

/// The length of the blanks and remarks between two elements of XML.
fn remarks(text: &[u8]) -> usize {
    let white = |rest: &[u8]| rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = white(text);
    while text[at..].starts_with(b"<!--") {
        let Some(end) = memchr::memmem::find(&text[at..], b"-->") else { break };
        at += end + 3;
        at += white(&text[at..]);
    }
    at
}

/// Where a key is itself a value and its companion stands before it, `{"value": "…", "name": "DB_PASSWORD"}`:
/// the place after the companion's name.
pub(super) fn companion_before(text: &[u8], key: &Range<usize>, at: usize) -> Option<usize> {
    let ends = text[at..text.len().min(at + 64)].trim_ascii_start().starts_with(b"}");
    let floor = key.start.saturating_sub(NAMED);
    let before = &text[floor..key.start];
    if let Some(place) = item_before(before) {
        return Some(floor + place);
    }
    let name = before.strip_suffix(b"\"").filter(|_| ends && at > key.end)?.trim_ascii_end();
    let name = name.strip_suffix(b":")?.trim_ascii_end();
    let names = [b"\"name\"".as_slice(), b"\"key\"", b"\"ParameterKey\"", b"\"Name\"", b"\"Key\""];
    let name = names.iter().find_map(|own| name.strip_suffix(*own))?.trim_ascii_end();
    let open = name.strip_suffix(b",")?.iter().rposition(|&b| b == b'{')?;
    let values = [b"\"value\":".as_slice(), b"\"Value\":", b"\"ParameterValue\":"];
    let blank = name[open + 1..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let own = values.iter().find(|own| name[open + 1 + blank..].starts_with(own))?;
    Some(floor + open + blank + own.len())
}

/// The same in YAML: `- value: …` on the line before `name: DB_PASSWORD`.
fn item_before(before: &[u8]) -> Option<usize> {
    let line = before.iter().rposition(|&b| b == b'\n')?;
    if !matches!(before[line..].trim_ascii(), b"name:" | b"Name:" | b"key:" | b"Key:") {
        return None;
    }
    let above = before[..line].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let item = before[above..line].trim_ascii_start();
    let names = [b"- value:".as_slice(), b"- Value:"];
    names.iter().any(|own| item.starts_with(own)).then_some(line - item.len() + 7)
}

/// Where the literal begins with which a variable is compared the other way round: `"…".equals(password)`.
pub(super) fn compared_before(text: &[u8], key: &Range<usize>) -> Option<usize> {
    let before = &text[key.start.saturating_sub(NAMED)..key.start];
    let ends = matches!(text.get(key.end), Some(b')' | b':' | b' ' | b'\n' | b'&') | None);
    let signs: [&[u8]; 7] = [b".equals(", b"=== ", b"!== ", b"== ", b"!= ", b"==", b".eql?("];
    let literal = signs.iter().find_map(|sign| before.strip_suffix(*sign)).filter(|_| ends)?.trim_ascii_end();
    let quote = *literal.last().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let inner = &literal[..literal.len() - 1];
    let open = inner.iter().rposition(|&b| b == quote || b == b'\n').filter(|&open| inner[open] == quote)?;
    // What is read goes on from a sign before it.
    Some(key.start - before.len() + open).filter(|&open| open > 0)
}

/// Of `password.equals` the name of what is compared; any other key as it is.
pub(super) fn compared_name(text: &[u8], word: &Range<usize>, key: Range<usize>) -> Range<usize> {
    let compares: [&[u8]; 6] = [b"equals", b"Equals", b"equalsIgnoreCase", b"contentEquals", b"eql", b"isEqualTo"];
    let name = &text[word.end.min(key.end)..key.end];
    let method = name.iter().rposition(|&b| b == b'.').filter(|&dot| compares.contains(&&name[dot + 1..]));
    method.map_or(key.clone(), |dot| key.start..word.end + dot)
}

/// How far before its name a companion is looked for, in bytes.
const NAMED: usize = 512;

/// Whether the value of an element has a line of its own: `<password>`, the value, `</password>`.
pub(super) fn own_line(text: &[u8], at: usize) -> bool {
    let mut lines = text[at..text.len().min(at + 640)].split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let opens = lines.next().is_some_and(<[u8]>::is_empty);
    let value = lines.next().is_some_and(|line| !line.is_empty() && !line.contains(&b'<'));
    opens && value && lines.next().is_some_and(|line| line.starts_with(b"</"))
}

/// What stands around a value in a notation of its own: CDATA of XML, a tag or anchor of YAML, brackets of
/// a list, a call that only wraps it (`String::from("…")`, `Field(default="…")`).
pub(super) fn unwrap(text: &[u8], at: usize) -> usize {
    const WRAPS: [&[u8]; 14] = [
        b"String::from(",
        b"String(",
        b"str(",
        b"SecretStr(",
        b"SecretString::new(",
        b"SecretString::from(",
        b"Some(",
        b"Field(",
        b"Buffer.from(",
        b"new String(",
        b"Secret(",
        b"bytes(",
        b"Optional.of(",
        b"Arc::from(",
    ];
    let rest = &text[at..text.len().min(at + 96)];
    if rest.starts_with(b"<![CDATA[") {
        return at + 9;
    }
    let marks = [b"<code>".as_slice(), b"<b>", b"<strong>", b"<kbd>", b"<tt>", b"<samp>"];
    if let Some(mark) = marks.iter().find(|mark| rest.starts_with(mark)) {
        return at + mark.len();
    }
    let tag = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'&' | b'!' | b'_' | b'-')).count();
    let known = tag > 1 && (rest[0] == b'&' || rest.starts_with(b"!!str")) && rest[1..].first() != Some(&b'&');
    if known && rest.get(tag) == Some(&b' ') {
        return at + tag + 1;
    }
    for wrap in WRAPS {
        if let Some(inner) = rest.strip_prefix(wrap) {
            let named = inner.strip_prefix(b"default=".as_slice()).map_or(0, |_| 8);
            let quoted = matches!(inner.get(named), Some(b'"' | b'\''));
            return if quoted { at + wrap.len() + named } else { at };
        }
    }
    at
}

/// The first element of a list that begins there: `["…", "…"]`, or lines with `- …`.
pub(super) fn first_of_list(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 96)];
    let white = |rest: &[u8]| rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    if matches!(rest.first(), Some(b'[' | b'(' | b'{')) {
        let open = 1 + white(&rest[1..]);
        let quoted = matches!(rest.get(open), Some(b'"' | b'\'' | b'`'));
        if let Some(after) = past_name(text, at + open) {
            // Of `PASSWORDS = {"anna": "…"}` the values are passwords; `{"access_token": {"claim": …}}` has none.
            return if plural(text, at) { first_literal(text, after) } else { None };
        }
        let flow = rest[0] == b'['
            && rest.get(open).is_some_and(u8::is_ascii_alphanumeric)
            && at > 0
            && is_blank(text[at - 1]);
        return (quoted || flow).then_some(at + open);
    }
    let line = white(rest);
    let dash = rest[..line].contains(&b'\n') && rest[line..].starts_with(b"- ");
    dash.then_some(at + line + 2)
}

/// The element after one that ends there, if a list goes on.
pub(super) fn next_of_list(text: &[u8], end: usize) -> Option<usize> {
    let rest = &text[end..text.len().min(end + 96)];
    let quote = usize::from(matches!(rest.first(), Some(b'"' | b'\'' | b'`')));
    let white = |rest: &[u8]| rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let gap = quote + white(&rest[quote..]);
    let next = match rest.get(gap)? {
        b',' => gap + 1 + white(&rest[gap + 1..]),
        b'-' if rest[quote..gap].contains(&b'\n') && rest.get(gap + 1) == Some(&b' ') => return Some(end + gap + 2),
        _ => return None,
    };
    let flow = quote == 0 && rest.get(next).is_some_and(u8::is_ascii_alphanumeric);
    let next = (flow || matches!(rest.get(next), Some(b'"' | b'\'' | b'`'))).then_some(end + next)?;
    past_name(text, next)
        .map_or(Some(next), |after| matches!(text.get(after), Some(b'"' | b'\'' | b'`')).then_some(after))
}

/// The first text in quotes that a map gives to a name, from the value at `at` on: others are none, `nil`.
fn first_literal(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    for _ in 0..LITERALS {
        if matches!(text.get(at)?, b'"' | b'\'' | b'`') {
            return Some(at);
        }
        let value = skip(text, at, |b| b.is_ascii_alphanumeric() || b == b'_', 16);
        let comma = text.get(value).is_some_and(|&b| b == b',').then_some(value + 1)?;
        at = past_name(text, skip(text, comma, |b| b.is_ascii_whitespace(), 64))?;
    }
    None
}

/// How many names of a map are read to find one that has a text.
const LITERALS: usize = 8;

/// Where the value begins that a map gives to the name there: `"anna": "…"`, `'anna' => '…'`, `anna: '…'`.
fn past_name(text: &[u8], at: usize) -> Option<usize> {
    let first = *text.get(at)?;
    let rest = &text[at + 1..text.len().min(at + 66)];
    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let end = if matches!(first, b'"' | b'\'' | b'`') {
        rest.iter().position(|&b| b == first || b == b'\n').filter(|&end| rest[end] == first)?
    } else {
        rest.iter().position(|b| !name(b)).filter(|_| name(&first))?.checked_sub(1)?
    };
    let sign = skip(text, at + end + 2, is_blank, 8);
    let length = [b"=>".as_slice(), b":"].iter().find(|own| text[sign..].starts_with(own))?.len();
    // What describes a setting holds no secret.
    let describes = [b"shape".as_slice(), b"type", b"$ref", b"name", b"label", b"title", b"id"].contains(&&rest[..end]);
    Some(if describes { text.len() } else { skip(text, sign + length, is_blank, 8) })
}

/// Whether the key before a bracket is the name of several secrets: `passwords: {`.
fn plural(text: &[u8], bracket: usize) -> bool {
    let end = back(text, bracket.saturating_sub(8), bracket, |b| !b.is_ascii_alphanumeric());
    let key = text[end.saturating_sub(9)..end].to_ascii_lowercase();
    [b"passwords".as_slice(), b"passwds", b"pwds", b"tokens", b"secrets", b"keys"].iter().any(|own| key.ends_with(own))
}

/// A value that begins on the next line: a YAML block (`|`, `>-`), or wrapped code in brackets.
pub(super) fn next_line(text: &[u8], at: usize) -> usize {
    let rest = &text[at..text.len().min(at + 128)];
    let opening =
        rest.iter().take_while(|&&b| matches!(b, b'|' | b'>' | b'-' | b'+' | b'(' | b'\\' | b' ' | b'\r')).count();
    if rest.get(opening) != Some(&b'\n') {
        return at;
    }
    let indent = rest[opening + 1..].iter().take_while(|&&b| is_blank(b)).count();
    if indent == 0 { at } else { at + opening + 1 + indent }
}

/// Skips what stands before a quote in string literals: `b"`, `r'`, `@"`, `f"`, `u8"`.
pub(super) fn skip_string_prefix(text: &[u8], at: usize) -> usize {
    let prefix = |b| {
        matches!(b, b'b' | b'r' | b'f' | b'u' | b'N' | b'B' | b'R' | b'F' | b'U' | b'L' | b'@' | b'8' | b'#' | b'<')
    };
    let letters = skip(text, at, prefix, 3);
    if matches!(text.get(letters), Some(b'"' | b'\'')) { letters } else { at }
}

/// `process.env.X || "value"`, `os.Getenv("X") ?? 'value'`: the literal that stands in for a
/// variable that is not set.
pub(super) fn default_after_reference(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 160)];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    // Most values are followed by no literal at all.
    if matches!(line.first(), Some(b'"' | b'\'' | b'`')) || memchr::memchr3(b'"', b'\'', b'`', line).is_none() {
        return None;
    }
    let signs =
        [b"||".as_slice(), b"??", b"?:", b" or ", b"unwrap_or(", b"unwrap_or_else(|_| ", b"getOrElse(", b"orElse("];
    let place = |sign: &&[u8]| line.windows(sign.len()).position(|w| w == *sign).map(|at| at + sign.len());
    let operator = signs.iter().find_map(place).or_else(|| getter(line))?;
    let after = operator + line[operator..].iter().take_while(|&&b| is_blank(b)).count();
    matches!(line.get(after), Some(b'"' | b'\'' | b'`')).then_some(at + after)
}

/// The place after the comma of a call that looks a setting up and says what stands in for it:
/// `System.getProperty("p", "…")`.
fn getter(line: &[u8]) -> Option<usize> {
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'$')).count();
    let quote = *line.get(name + 1).filter(|quote| line[name] == b'(' && matches!(quote, b'"' | b'\''))?;
    let lower = line[..name].to_ascii_lowercase();
    let asks = [b"get".as_slice(), b"env", b"prop", b"config", b"option"];
    let known = asks.iter().any(|word| lower.windows(word.len()).any(|part| part == *word));
    let end = name + 2 + line[name + 2..].iter().position(|&b| b == quote).filter(|_| known)?;
    // Ruby's `ENV.fetch("P") { "…" }` says it in a block.
    let rest = &line[end + 1..];
    if rest.starts_with(b",") { Some(end + 2) } else { rest.starts_with(b") {").then_some(end + 4) }
}

/// Skips `: Type`, `?: Type` and the like before an `=`.
pub(super) fn after_type(text: &[u8], at: usize) -> usize {
    let rest = &text[at..text.len().min(at + 48)];
    // Go and the like: `const password string = "…"`.
    // Basic: `Dim pwd As String = "…"`.
    let rest = rest.strip_prefix(b"As ").unwrap_or(rest);
    let at = text.len().min(at + 48) - rest.len();
    let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'*')).count();
    let blank = rest[word..].iter().take_while(|&&b| is_blank(b)).count();
    // Not so the next attribute of an element: `name="password" placeholder="…"`.
    let attribute = text[..at].trim_ascii_end().ends_with(b"\"");
    if word > 0 && at > 0 && is_blank(text[at - 1]) && !attribute && rest.get(word + blank) == Some(&b'=') {
        let equals = at + word + blank;
        return if is_padding(text, equals) { at } else { equals };
    }
    if rest.starts_with(b"{ get;")
        && let Some(close) = rest.iter().position(|&b| b == b'}')
    {
        return skip(text, at + close + 1, is_blank, 8);
    }
    if let Some(close) =
        rest.strip_prefix(b"[").and_then(|rest| rest.iter().position(|&b| b == b']')).filter(|&n| n <= 6)
    {
        return skip(text, at + close + 2, is_blank, 8);
    }
    let Some(rest) = rest.strip_prefix(b"?:").or_else(|| rest.strip_prefix(b":")) else { return at };
    let Some(equals) = rest.iter().position(|&b| b == b'=') else { return at };
    if is_padding(text, text.len().min(at + 48) - rest.len() + equals) {
        return at;
    }
    let kind = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'.' | b'<' | b'>' | b'[' | b']' | b'&' | b'\'' | b'|')
    };
    let between = &rest[..equals];
    let named = between.iter().any(u8::is_ascii_alphabetic);
    if named && between.iter().all(kind) { text.len().min(at + 48) - rest.len() + equals } else { at }
}

/// Whether the `=` there ends a value in base64 rather than follow a type: it touches what stands before,
/// and nothing but a blank or the text's end comes after one or two of them.
fn is_padding(text: &[u8], equals: usize) -> bool {
    let touches = equals > 0 && text[equals - 1].is_ascii_alphanumeric();
    let rest = &text[skip(text, equals, |b| b == b'=', 2)..];
    let next = rest.iter().position(|b| !is_blank(*b)).map(|at| rest[at]);
    let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
    touches && ends && !matches!(next, Some(b'"' | b'\'' | b'`'))
}

/// The colon of Chinese and Japanese texts (U+FF1A).
pub(super) const WIDE_COLON: &[u8] = "\u{ff1a}".as_bytes();

/// The end of a separator at `at`: `=`, `:`, `:=`, `=>`, `->`, `<-`, `==`, `>` of an XML element,
/// `,` or `(` of a call, or the space after a command-line option.
pub(super) fn separator(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 4)];
    for token in [
        b":=".as_slice(),
        b"=>",
        b"||",
        b"??",
        b"->",
        b"<-",
        b"===",
        b"!==",
        b"==",
        b"!=",
        b"?=",
        b"||=",
        b"=",
        b":",
        b">",
        b",",
        b"(",
        WIDE_COLON,
    ] {
        if rest.starts_with(token) {
            return Some(at + token.len());
        }
    }
    let begin = back(text, at.saturating_sub(KEY), skip_back_blank(text, at), is_key_byte);
    // PowerShell's options have one dash, and a value in quotes or a capital.
    let capital = text.get(begin + 1).is_some_and(u8::is_ascii_uppercase)
        && text[begin..at].iter().any(u8::is_ascii_lowercase)
        && !matches!(rest.first(), Some(b'-' | b'$' | b'(' | b'|') | None);
    let option = text[begin..at].starts_with(b"--")
        || text[begin..at].starts_with(b"-") && (capital || matches!(rest.first(), Some(b'"' | b'\'')));
    if rest.starts_with(b"{ ") && memchr::memmem::find(&text[at.saturating_sub(KEY)..at], b"fetch(").is_some() {
        return Some(at + 1);
    }
    if text[..at].ends_with(b" ") && (rest.starts_with(b"is: ") || rest.starts_with(b"is ") && is_told(text, at + 3)) {
        return Some(at + 3);
    }
    // Chinese and Japanese say it in the name: `密码为 …`.
    let says = ["为", "為", "是", "は"].iter().any(|word| text[..at].trim_ascii_end().ends_with(word.as_bytes()));
    if says && rest.first().is_some_and(u8::is_ascii_graphic) {
        return Some(at);
    }
    let says = rest.starts_with(b"to ") || rest.starts_with(b"is ");
    if text[..at].ends_with(b" ") && says && matches!(text.get(at + 3), Some(b'"' | b'\'' | b'`')) {
        return Some(at + 3);
    }
    // Markdown and AsciiDoc: the password `…`.
    if text[..at].ends_with(b" ") && rest.first() == Some(&b'`') && !rest.starts_with(b"``") {
        return Some(at);
    }
    // `#define NAME "value"`, `@name "value"`, `:name "value"`, and `name "value"` at the head of a line.
    if text[..at].ends_with(b" ") && matches!(rest.first(), Some(b'"' | b'\'')) && heads(text, begin) {
        return Some(at);
    }
    // Settings such as `requirepass …`: a line of two words, of which the second has figures.
    if let Some(next) = next_item(text, begin, at) {
        return Some(next);
    }
    if at > begin && is_blank(text[at - 1]) && is_told(text, at) && heads(text, begin) {
        return Some(at);
    }
    if !text[..at].ends_with(b" ") {
        return None;
    }
    // A Dockerfile's `ENV NAME value`.
    let docker = text[begin.saturating_sub(5)..begin].trim_ascii_end();
    let docker = matches!(docker, b"ENV" | b"\nENV") || docker.ends_with(b"\nENV");
    (option || docker).then_some(at)
}

/// Where the item begins that follows an option in a list of arguments: `- --token` above `- …`.
fn next_item(text: &[u8], begin: usize, at: usize) -> Option<usize> {
    let line = text[..begin].strip_suffix(b"- ")?;
    let indent = line.iter().rev().take_while(|b| is_blank(**b)).count();
    let below = text[at..].strip_prefix(b"\n").filter(|_| text[begin..at].starts_with(b"--"))?;
    let own = below.iter().take_while(|b| is_blank(**b)).count();
    (own == indent && below[own..].starts_with(b"- ")).then_some(at + 1 + own + 2)
}

/// Whether what prose says a password is ends its line or sentence, and is no word: it has letters and figures.
fn is_told(text: &[u8], at: usize) -> bool {
    let rest = &text[at..text.len().min(at + 64)];
    let word = &rest[..rest.iter().take_while(|b| b.is_ascii_graphic()).count()];
    let word = word.strip_suffix(b".").unwrap_or(word);
    let ends = matches!(rest.get(word.len()), None | Some(b'\n' | b'\r' | b'.' | b','));
    let has = |test: fn(&u8) -> bool| word.iter().any(test);
    ends && word.len() >= 6 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

/// Whether a key stands at the head of its line, or behind what defines a name.
fn heads(text: &[u8], begin: usize) -> bool {
    // No farther than is read: in a line of megabytes every key would look for its head.
    let before = &text[begin.saturating_sub(64)..begin];
    let before = memchr::memrchr(b'\n', before).map_or(before, |at| &before[at + 1..]);
    let trimmed = before.trim_ascii();
    trimmed.is_empty() || trimmed == b"#define" || matches!(before.last(), Some(b'@' | b':'))
}

fn skip_back_blank(text: &[u8], at: usize) -> usize {
    back(text, at.saturating_sub(KEY), at, |b| b == b' ')
}

/// Skips the scheme of an `Authorization` header's value.
pub(super) fn skip_scheme(text: &[u8], at: usize) -> usize {
    let rest = &text[at..];
    for scheme in SCHEMES.iter().rev() {
        let Some(head) = rest.get(..scheme.len()) else { continue };
        if head.eq_ignore_ascii_case(scheme) {
            let space = scheme.last() != Some(&b'=');
            if !space || rest.get(scheme.len()) == Some(&b' ') {
                return at + scheme.len() + usize::from(space);
            }
        }
    }
    at
}
