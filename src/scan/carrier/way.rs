//! The way from a key to its value: what may stand between them in the notations of the world.

use std::ops::Range;

use super::companion::NAMED;
use super::{KEY, back, is_blank, is_key_byte, skip};
use crate::rules::filters::random_bits;

/// Schemes of HTTP authorization (RFC 9110; the later ones are providers' own).
pub(super) const SCHEMES: [&[u8]; 9] =
    [b"bearer", b"basic", b"token", b"bot", b"ssws", b"apikey", b"geniekey", b"splunk", b"token token="];

/// After the attributes of an element whose name is the key: `<Pass encoding="base64">`.
pub(super) fn element(text: &[u8], key: &Range<usize>, at: usize) -> Option<usize> {
    let prefix = back(text, key.start.saturating_sub(24), key.start, |b| b.is_ascii_alphanumeric() || b == b':');
    // Android's `<string name="api_key" translatable="false">`.
    let opens = prefix > 0 && text[prefix - 1] == b'<' || text[..key.start].ends_with(b"<string name=\"");
    if !opens || !text.get(at).is_some_and(|&b| is_blank(b)) {
        return None;
    }
    let rest = &text[at..text.len().min(at + 128)];
    let end = rest.iter().position(|&b| matches!(b, b'>' | b'\n')).filter(|&end| rest[end] == b'>')?;
    // `<Password value="…"/>` holds nothing else.
    let value = rest[..end].strip_suffix(b"/").and_then(|tag| memchr::memmem::find(tag, b" value=\""));
    Some(at + value.map_or(end, |value| value + 6))
}

/// Where the literal begins with which a variable is compared the other way round: `"…".equals(password)`.
pub(super) fn compared_before(text: &[u8], key: &Range<usize>) -> Option<usize> {
    let before = &text[key.start.saturating_sub(NAMED)..key.start];
    let sign = before.strip_suffix(b" ").unwrap_or(before);
    if !matches!(sign.last(), Some(b'(' | b'=')) {
        return None;
    }
    let ends = matches!(text.get(key.end), Some(b')' | b':' | b' ' | b'\n' | b'&') | None);
    let signs: [&[u8]; 7] = [b".equals(", b"=== ", b"!== ", b"== ", b"!= ", b"==", b".eql?("];
    let literal = signs.iter().find_map(|sign| before.strip_suffix(*sign)).filter(|_| ends)?.trim_ascii_end();
    let quote = *literal.last().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let inner = &literal[..literal.len() - 1];
    let open = inner.iter().rposition(|&b| b == quote || b == b'\n').filter(|&open| inner[open] == quote)?;
    // What is read goes on from a sign before it.
    Some(key.start - before.len() + open).filter(|&open| open > 0)
}

/// Of `password.equals`, and of `password.Text` before a sign, the name of what is compared or set; any other key as
/// it is.
pub(super) fn compared_name(text: &[u8], word: &Range<usize>, key: Range<usize>) -> Range<usize> {
    let compares: [&[u8]; 6] = [b"equals", b"Equals", b"equalsIgnoreCase", b"contentEquals", b"eql", b"isEqualTo"];
    let holds: [&[u8]; 4] = [b"Text", b"text", b"Value", b"value"];
    let set = text.get(skip(text, key.end, is_blank, 8)) == Some(&b'=');
    let name = &text[word.end.min(key.end)..key.end];
    let known = |own: &[u8]| compares.contains(&own) || set && holds.contains(&own);
    let method = name.iter().rposition(|&b| b == b'.').filter(|&dot| known(&name[dot + 1..]));
    method.map_or(key.clone(), |dot| key.start..word.end + dot)
}

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
    // Most values are none of these, as their first byte tells.
    if !text.get(at).is_some_and(|first| b"<&!/SsFBnbOATlmQr[MPpgcH".contains(first)) {
        return at;
    }
    if text[at..].starts_with(b"/* ") {
        let remark = memchr::memmem::find(&text[at..text.len().min(at + 96)], b"*/ ");
        return remark.map_or(at, |length| skip(text, at + length + 3, is_blank, 8));
    }
    const WRAPS: [&[u8]; 39] = [
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
        b"TextEditingController(text: ",
        b"lib.mkForce ",
        b"lib.mkDefault ",
        b"mkForce ",
        b"mkDefault ",
        b"QStringLiteral(",
        b"QLatin1String(",
        b"QString(",
        b"QByteArray(",
        b"T.pack ",
        b"raw",
        b"[]byte(",
        // What is hashed is the password itself.
        b"md5(",
        b"MD5(",
        b"sha1(",
        b"SHA1(",
        b"SHA2(",
        b"PASSWORD(",
        b"password_hash(",
        b"generate_password_hash(",
        b"make_password(",
        b"bcrypt.hashSync(",
        b"bcrypt(",
        b"crypt(",
        b"Hash::make(",
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
    for wrap in WRAPS.into_iter().filter(|wrap| rest.first() == wrap.first()) {
        if let Some(inner) = rest.strip_prefix(wrap) {
            let named = inner.strip_prefix(b"default=".as_slice()).map_or(0, |_| 8);
            let quoted = matches!(inner.get(named), Some(b'"' | b'\''));
            return if quoted { at + wrap.len() + named } else { at };
        }
    }
    at
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

/// Where the text begins that is all a call is given, on the line after its bracket; otherwise the same place.
pub(super) fn only_argument(text: &[u8], at: usize) -> usize {
    let next = next_line(text, at);
    let Some(quote @ (b'"' | b'\'')) = text.get(next) else { return at };
    let rest = &text[next + 1..text.len().min(next + 160)];
    let closes = memchr::memchr(*quote, rest).is_some_and(|end| rest[end + 1..].trim_ascii_start().starts_with(b")"));
    if closes { next } else { at }
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
    // Most values are followed by no literal at all.
    if matches!(rest.first(), Some(b'"' | b'\'' | b'`')) || memchr::memchr3(b'"', b'\'', b'`', rest).is_none() {
        return None;
    }
    let line = line_that_goes_on(rest);
    let signs = [
        b"||".as_slice(),
        b"??",
        b"?:",
        b" or ",
        b"unwrap_or(",
        b"unwrap_or_else(|_| ",
        b"getOrElse(",
        b"orElse(",
        b" else ",
    ];
    let place = |sign: &&[u8]| line.windows(sign.len()).position(|w| w == *sign).map(|at| at + sign.len());
    let operator = signs.iter().find_map(place).or_else(|| getter(line)).or_else(|| either(line))?;
    let after = operator + line[operator..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    matches!(line.get(after), Some(b'"' | b'\'' | b'`')).then_some(at + after)
}

/// The place after the sign of `production ? process.env.X : "…"` behind which the text stands.
fn either(line: &[u8]) -> Option<usize> {
    let first = memchr::memmem::find(line, b"? ").filter(|&at| at > 0 && line[at - 1].is_ascii_whitespace())? + 2;
    if is_quoted(line, first) {
        return Some(first);
    }
    let second = first + memchr::memmem::find(&line[first..], b": ")? + 2;
    is_quoted(line, second).then_some(second)
}

fn is_quoted(line: &[u8], at: usize) -> bool {
    matches!(line.get(at), Some(b'"' | b'\'' | b'`'))
}

/// The first line, and those below it that an operator joins to it.
fn line_that_goes_on(rest: &[u8]) -> &[u8] {
    let signs = [b"||".as_slice(), b"??", b"?:", b"? ", b": "];
    let mut end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    for _ in 0..2 {
        let Some(next) = rest.get(end + 1..) else { break };
        let next = &next[..memchr::memchr(b'\n', next).unwrap_or(next.len())];
        let (before, after) = (rest[..end].trim_ascii_end(), next.trim_ascii_start());
        if !signs[..3].iter().any(|sign| before.ends_with(sign)) && !signs.iter().any(|sign| after.starts_with(sign)) {
            break;
        }
        end += 1 + next.len();
    }
    &rest[..end]
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
    // `VARCHAR2(30)` of PL/SQL.
    let length =
        rest[word..].strip_prefix(b"(").map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let closes = length > 0 && rest.get(word + 1 + length) == Some(&b')');
    let word = if closes { word + length + 2 } else { word };
    let blank = rest[word..].iter().take_while(|&&b| is_blank(b)).count();
    let blank = blank + usize::from(rest[word + blank..].starts_with(b":="));
    // Not so the next attribute of an element: `name="password" placeholder="…"`.
    let attribute = text[..at].trim_ascii_end().ends_with(b"\"");
    if word > 0 && at > 0 && is_blank(text[at - 1]) && !attribute && rest.get(word + blank) == Some(&b'=') {
        let equals = at + word + blank;
        return if is_padding(text, equals) { at } else { equals };
    }
    // COBOL: `PIC X(14) VALUE "…"`; ABAP: `TYPE string VALUE '…'`.
    if (rest.starts_with(b"PIC ") || rest.starts_with(b"TYPE "))
        && let Some(value) = memchr::memmem::find(rest, b" VALUE ")
        && !rest[..value].contains(&b'\n')
    {
        return at + value + 6;
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
    // Vue: of `show-password :placeholder="…"` the colon begins the next attribute.
    if rest.starts_with(b":") && at > 0 && is_blank(text[at - 1]) && begins_attribute(text, at + 1) {
        return at;
    }
    let Some(rest) = rest.strip_prefix(b"?:").or_else(|| rest.strip_prefix(b":")) else { return at };
    let Some(equals) = rest.iter().position(|&b| b == b'=') else { return at };
    if is_padding(text, text.len().min(at + 48) - rest.len() + equals) {
        return at;
    }
    let kind = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b' ' | b'_' | b'.' | b',' | b'<' | b'>' | b'[' | b']' | b'&' | b'\'' | b'|')
    };
    // Ada: `Password : constant String := "…"`.
    let between = rest[..equals].strip_suffix(b":").unwrap_or(&rest[..equals]);
    // Of `auth: expired for user_id=…` what touches the sign is a name, and what stands before it prose.
    let prose = between.last().is_some_and(|&b| !is_blank(b)) && between.trim_ascii().iter().any(|&b| is_blank(b));
    let named = between.iter().any(u8::is_ascii_alphabetic) && !prose;
    // Swift: `tokens: [Stage: String] = [`.
    let map = between.trim_ascii().starts_with(b"[") && between.trim_ascii().ends_with(b"]");
    if named && between.iter().all(|b| kind(b) || map && *b == b':') {
        text.len().min(at + 48) - rest.len() + equals
    } else {
        at
    }
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
/// `,` or `(` of a call, what prose says (`is`), or the blank after an option of a command line.
pub(super) fn separator(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 4)];
    if let Some(sign) = sign(rest) {
        // Vue: of `show-password :placeholder="…"` the colon begins the next attribute.
        let attribute = rest[0] == b':' && at > 0 && is_blank(text[at - 1]) && begins_attribute(text, at + 1);
        return (!attribute).then_some(at + sign);
    }
    let begin = back(text, at.saturating_sub(KEY), skip_back_blank(text, at), is_key_byte);
    if text[..at].ends_with(b" VALUE") && rest.starts_with(b" ") {
        return Some(at + 1);
    }
    if rest.starts_with(b"{ ") && fetches(text, at) {
        return Some(at + 1);
    }
    // Robot Framework: `${PASSWORD}    …`.
    let name = || back(text, at.saturating_sub(KEY), at, is_key_byte);
    if rest.starts_with(b"}  ") && text[..name()].ends_with(b"\n${") {
        return Some(at + 1);
    }
    braced(text, begin, at)
        .or_else(|| said(text, at))
        .or_else(|| next_item(text, begin, at))
        .or_else(|| beside(text, begin, at))
}

/// The length of the sign with which a text begins.
fn sign(rest: &[u8]) -> Option<usize> {
    const SIGNS: [&[u8]; 19] = [
        b":=", b"=>", b"||=", b"??=", b"||", b"??", b"->", b"<-", b"===", b"!==", b"==", b"!=", b"?=", b"=", b":",
        b">", b",", b"(", WIDE_COLON,
    ];
    let first = *rest.first()?;
    SIGNS.into_iter().find(|sign| sign[0] == first && rest.starts_with(sign)).map(<[u8]>::len)
}

/// Whether a name stands there that is given a text without a blank: `placeholder="…"`.
fn begins_attribute(text: &[u8], at: usize) -> bool {
    let end = skip(text, at, |b| b.is_ascii_alphanumeric() || b == b'-', 40);
    end > at && text[end..].starts_with(b"=\"")
}

/// C++'s `std::string key{"…"}`, the text on the same line or the next; Perl's `$keys{"…"}` looks one up.
fn braced(text: &[u8], begin: usize, at: usize) -> Option<usize> {
    let rest = text[at..text.len().min(at + 64)].strip_prefix(b"{")?;
    let looks_up = begin > 0 && matches!(text[begin - 1], b'%' | b'@' | b'>') || text.get(begin) == Some(&b'$');
    let quoted = matches!(rest.trim_ascii_start().first(), Some(b'"'));
    (quoted && !looks_up && begin < at && !is_blank(text[at - 1])).then_some(at + 1)
}

/// Ruby's `ENV.fetch("NAME") { "…" }`: whether the call that ends before `at` looks a setting up.
fn fetches(text: &[u8], at: usize) -> bool {
    let call = text[at.saturating_sub(KEY)..at].trim_ascii_end();
    let name = call.strip_suffix(b"\")").or_else(|| call.strip_suffix(b"')")).unwrap_or_default();
    let name = &name[..back(name, 0, name.len(), is_key_byte)];
    name.strip_suffix(b"\"").or_else(|| name.strip_suffix(b"'")).is_some_and(|call| call.ends_with(b"fetch("))
}

/// Where the value begins that prose gives to the name before `at`: `is: …`, `is \"…\"`, `为 …`.
fn said(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 5)];
    // Chinese and Japanese say it in the name: `密码为 …`.
    let before = text[at.saturating_sub(8)..at].trim_ascii_end();
    let wide = before.last().is_some_and(|b| !b.is_ascii());
    let told = || wide && ["为", "為", "是", "は"].iter().any(|word| before.ends_with(word.as_bytes()));
    if !rest.first()?.is_ascii_graphic() {
        return None;
    }
    if !text[..at].ends_with(b" ") {
        return told().then_some(at);
    }
    if rest.starts_with(b"is: ") || rest.starts_with(b"is ") && is_told(text, at + 3) || told() {
        return Some(if rest.starts_with(b"is") { at + 3 } else { at });
    }
    let says = [b"to ".as_slice(), b"is ", b"- "].into_iter().find(|word| rest.starts_with(word));
    if let Some(word) = says.filter(|word| matches!(text.get(at + word.len()), Some(b'"' | b'\'' | b'`'))) {
        return Some(at + word.len());
    }
    if rest.starts_with(b"- ") && is_told(text, at + 2) {
        return Some(at + 2);
    }
    // Markdown and AsciiDoc: the password `…`.
    (rest[0] == b'`' && !rest.starts_with(b"```")).then_some(at)
}

/// Where the value begins that stands beside its name, with nothing but a blank between them.
fn beside(text: &[u8], begin: usize, at: usize) -> Option<usize> {
    if !text[..at].ends_with(b" ") {
        // A list of results has `PASS` and a tab.
        let defined = matches!(text.get(at), Some(b'"')) && text[..begin].trim_ascii_end().ends_with(b"#define");
        let long = at - begin > 6 && is_told(text, at) && heads(text, begin);
        return (at > 0 && is_blank(text[at - 1]) && (long || defined)).then_some(at);
    }
    let next = text.get(at);
    let quoted = matches!(next, Some(b'"' | b'\''));
    // PowerShell's options have one dash, and a value in quotes or a capital.
    let capital = text.get(begin + 1).is_some_and(u8::is_ascii_uppercase)
        && text[begin..at].iter().any(u8::is_ascii_lowercase)
        && !matches!(next, Some(b'-' | b'$' | b'(' | b'|') | None);
    let option = text[begin..at].starts_with(b"--") || text[begin..at].starts_with(b"-") && (capital || quoted);
    // A Dockerfile's `ENV NAME value`.
    let docker = text[begin.saturating_sub(5)..begin].trim_ascii_end();
    let docker = matches!(docker, b"ENV" | b"\nENV") || docker.ends_with(b"\nENV");
    // `#define NAME "value"`, `@name "value"`, `:name "value"`, `name "value"` at the head of a line, and settings
    // such as `requirepass …`: a line of two words, of which the second has figures.
    let headed = || (quoted || is_told(text, at)) && heads(text, begin);
    (option || docker || headed()).then_some(at)
}

/// Where the item begins that follows an option in a list of arguments: `- --token` above `- …`.
fn next_item(text: &[u8], begin: usize, at: usize) -> Option<usize> {
    let line = text[..begin].strip_suffix(b"- ")?;
    let indent = line.iter().rev().take_while(|b| is_blank(**b)).count();
    let below = text[at..].strip_prefix(b"\n").filter(|_| text[begin..at].starts_with(b"--"))?;
    let own = below.iter().take_while(|b| is_blank(**b)).count();
    (own == indent && below[own..].starts_with(b"- ")).then_some(at + 1 + own + 2)
}

/// Evidence for chance, in bits, that small letters and figures need to be no name of a type.
const TOLD: i32 = 18;

/// Whether what prose says a password is ends its line or sentence, and is no word: it has letters and figures.
fn is_told(text: &[u8], at: usize) -> bool {
    let rest = &text[at..text.len().min(at + 64)];
    let word = &rest[..rest.iter().take_while(|b| b.is_ascii_graphic()).count()];
    let ends = matches!(rest.get(word.len()), None | Some(b'\n' | b'\r')) || rest[word.len()..].starts_with(b" (");
    let (word, comma) = match word.strip_suffix(b",") {
        Some(word) => (word, true),
        None => (word.strip_suffix(b".").unwrap_or(word), false),
    };
    let has = |test: fn(&u8) -> bool| word.iter().any(test);
    // Types and encodings are small letters and figures too: `varchar30`, `utf8mb4`.
    let named = || word.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) && random_bits(word) < TOLD;
    (ends || comma) && word.len() >= 6 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !named()
}

/// Whether a key stands at the head of its line, or behind what defines a name.
fn heads(text: &[u8], begin: usize) -> bool {
    // No farther than is read: in a line of megabytes every key would look for its head.
    let before = &text[begin.saturating_sub(64)..begin];
    let before = memchr::memrchr(b'\n', before).map_or(before, |at| &before[at + 1..]);
    let trimmed = before.trim_ascii();
    trimmed.is_empty() || matches!(trimmed, b"#define" | b"set" | b"set(") || matches!(before.last(), Some(b'@' | b':'))
}

fn skip_back_blank(text: &[u8], at: usize) -> usize {
    back(text, at.saturating_sub(KEY), at, is_blank)
}

/// Skips the scheme of an `Authorization` header's value.
pub(super) fn skip_scheme(text: &[u8], at: usize) -> usize {
    let rest = &text[at..];
    if !rest.first().is_some_and(|first| b"bstagBSTAG".contains(first)) {
        return at;
    }
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
