//! Carriers: how `key = value` is written in the common languages and file formats, read from
//! either side.
//!
//! This is a first, flat reading (issue by issue it becomes an understanding of each format): one
//! line, one separator, an optional type, an optional pair of quotes.

use std::ops::Range;

/// A value that is assigned to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Where the key's name stands.
    pub key: Range<usize>,
    /// Where the value stands, without its quotes.
    pub value: Range<usize>,
    /// Whether the value stands in quotes.
    pub quoted: bool,
}

/// Longest key name that is read, in bytes.
const KEY: usize = 128;

/// Longest value that is read, in bytes.
pub const VALUE: usize = 4096;

/// The assignment whose key contains the word at `word`.
pub fn assignment(text: &[u8], word: Range<usize>) -> Option<Assignment> {
    let key = identifier_around(text, word.clone())?;
    // `AWS::KMS::Key`, `arn:aws:secretsmanager:eu-west-1:1:secret:…`: a part of a longer name.
    if part_of_name(text, &key) {
        return None;
    }
    let mut at = skip(text, key.end, |b| matches!(b, b'"' | b'\'' | b'`' | b'\\' | b']' | b')' | b'*'), 4);
    at = element(text, &key, at).or_else(|| companion(text, at)).unwrap_or(at);
    at = skip(text, at, is_blank, 64);
    at = after_type(text, at);
    let after = separator(text, at)?;
    // Of a method call only the method's name tells what is passed: not `secret.split_at("…")`.
    if text[after - 1] == b'(' && text[word.end.min(key.end)..key.end].contains(&b'.') {
        return None;
    }
    // After a comma stands the value of a name in quotes; `$PASSWORD, "…"` are two.
    if text[after - 1] == b',' && text[key.start] == b'$' {
        return None;
    }
    let mut at = skip(text, after, is_blank, 64);
    if matches!(text[after - 1], b':' | b'=') {
        at = next_line(text, at);
    }
    // Markdown's `**Token:** 8f…`.
    if text[..after].ends_with(b":") && text[after..].starts_with(b"** ") {
        at = skip(text, after + 2, is_blank, 64);
    }
    at = skip_scheme(text, at);
    at = skip_string_prefix(text, at);
    if let Some(default) = default_after_reference(text, at) {
        at = default;
    }
    let escaped = text.get(at) == Some(&b'\\');
    let quote = *text.get(at + usize::from(escaped))?;
    if matches!(quote, b'"' | b'\'' | b'`') {
        let start = at + usize::from(escaped) + 1;
        let end = quoted_end(text, start, quote, escaped)?;
        // A blank that was copied with it is no part of a credential.
        let start = start + text[start..end].iter().take_while(|&&b| is_blank(b)).count();
        let end = end - text[start..end].iter().rev().take_while(|&&b| is_blank(b)).count();
        return Some(Assignment { key, value: start..end, quoted: true });
    }
    // In the query of a URL a value ends at `&`.
    let escaped = [b"\\u0026".as_slice(), b"&amp;", b"%26"].iter().any(|sign| text[..key.start].ends_with(sign));
    let query = escaped || key.start > 0 && matches!(text[key.start - 1], b'?' | b'&');
    // After `,` and `(` stand the arguments of a call, and prose: only a quoted text counts.
    if matches!(text[after - 1], b',' | b'(') {
        return None;
    }
    // `password=&page=2` is a parameter without a value, and `…=&page=2` the padding of base64.
    if at == after && text[after - 1] == b'=' && text[at] == b'&' {
        return None;
    }
    let end = bare_end(text, at, query);
    (end > at).then_some(Assignment { key, value: at..end, quoted: false })
}

/// Whether a key is a part of a longer name to which nothing is assigned but what belongs to all of it.
pub fn part_of_name(text: &[u8], key: &Range<usize>) -> bool {
    let before = &text[key.start.saturating_sub(KEY)..key.start];
    let begin = before.iter().rposition(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`'));
    let name = &before[begin.map_or(0, |at| at + 1)..];
    // `checksum/secret: 8f…`, as Helm's charts write it.
    if name.ends_with(b"checksum/") {
        return true;
    }
    let path = name.ends_with(b"::") && !text[skip(text, key.end, is_blank, 8)..].starts_with(b"=");
    path || name.starts_with(b"arn:") && name.ends_with(b":")
}

/// The key that stands before a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBefore {
    /// Where the key's name stands.
    pub key: Range<usize>,
    /// Whether the value stands in quotes.
    pub quoted: bool,
    /// Whether it is surely a key: the name of a called function may be anything.
    pub sure: bool,
}

/// The key to which the value that begins at `start` is assigned, and whether the value is quoted.
pub fn key_before(text: &[u8], start: usize) -> Option<KeyBefore> {
    let floor = start.saturating_sub(KEY * 2);
    let line = memchr::memrchr(b'\n', &text[floor..start]).map_or(floor, |i| floor + i + 1);
    let mut at = back(text, line, start, |b| matches!(b, b'"' | b'\'' | b'`' | b'\\'));
    let quoted = at < start;
    // C#'s verbatim strings: `@"…"`.
    at -= usize::from(quoted && at > line && text[at - 1] == b'@');
    at = back(text, line, at, |b| matches!(b, b' ' | b'\t'));
    for scheme in SCHEMES {
        let begin = at.saturating_sub(scheme.len());
        let word = begin > line && !is_key_byte(text[begin - 1]);
        if word && at < start && text[begin..at].eq_ignore_ascii_case(scheme) {
            at = back(text, line, begin, |b| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\'));
        }
    }
    let after_separator = at;
    at = back(text, line, at, |b| matches!(b, b'=' | b':' | b'>' | b'(' | b',' | b'<' | b'[' | b'-' | b'~' | b'?'));
    if at == after_separator && (after_separator == start || !blank_option(text, line, at)) {
        return None;
    }
    let weak = !text[at..after_separator].iter().any(|b| matches!(b, b'=' | b':' | b'>')) && at < after_separator;
    let call = text[at..after_separator].starts_with(b"(");
    let before_quote = at;
    at = back(text, line, at, |b| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']' | b')'));
    let mut begin = back(text, line, at, is_key_byte);
    // `name Type = value` (Go): the key stands before the type.
    if matches!(&text[begin..at], b"string" | b"String") && begin > line && is_blank(text[begin - 1]) {
        let name_end = back(text, line, begin, is_blank);
        let name = back(text, line, name_end, is_key_byte);
        if name < name_end {
            return Some(KeyBefore { key: name..name_end, quoted, sure: true });
        }
    }
    // `name: Type = value`: the key stands before the type.
    if let Some(colon) = type_colon(text, line, begin, text.get(after_separator - 1) == Some(&b'=')) {
        at = back(text, line, colon, |b| matches!(b, b' ' | b'\t' | b'?' | b'"' | b'\''));
        begin = back(text, line, at, is_key_byte);
    }
    // After a comma and the like stands a key only where it is quoted (an argument), before a bracket
    // a function; anything else may be a value itself.
    let key_quoted = text[at..before_quote].iter().any(|b| matches!(b, b'"' | b'\''));
    if weak && !key_quoted && !call {
        return None;
    }
    let sure = !weak || key_quoted || names_secret(&text[begin..at]);
    (begin < at && at - begin <= KEY).then_some(KeyBefore { key: begin..at, quoted, sure })
}

/// Words of keys that name a secret.
const SECRET_WORDS: [&str; 13] =
    ["key", "token", "secret", "pass", "pwd", "auth", "cred", "pat", "sid", "bearer", "sign", "dsn", "webhook"];

/// Whether a key's name says that its value is a secret.
pub fn names_secret(key: &[u8]) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.windows(word.len()).any(|w| w == word.as_bytes()))
}

/// `--password VALUE`: an option of a command line needs no separator but a space.
fn blank_option(text: &[u8], line: usize, at: usize) -> bool {
    let begin = back(text, line, at, is_key_byte);
    text[begin..at].starts_with(b"-") || text[..begin].ends_with(b"-")
}

fn type_colon(text: &[u8], line: usize, begin: usize, equals: bool) -> Option<usize> {
    if !equals {
        return None;
    }
    let kind = |b: u8| b.is_ascii_alphanumeric() || b" \t_&<>[]|'.".contains(&b);
    let at = back(text, line.max(begin.saturating_sub(48)), begin, kind);
    (at > line + 1 && text[at - 1] == b':' && text[at - 2] != b':').then(|| at - 1)
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// After the attributes of an element whose name is the key: `<Pass encoding="base64">`.
fn element(text: &[u8], key: &Range<usize>, at: usize) -> Option<usize> {
    if key.start == 0 || text[key.start - 1] != b'<' || !text.get(at).is_some_and(|&b| is_blank(b)) {
        return None;
    }
    let rest = &text[at..text.len().min(at + 128)];
    rest.iter().position(|&b| matches!(b, b'>' | b'\n')).filter(|&end| rest[end] == b'>').map(|end| at + end)
}

/// Where the key is itself a value (`name: DB_PASSWORD`), the place after the name of its companion:
/// `value` beside it or on the next line, `default` in a block of its own, `<string>` in a property list.
fn companion(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 96)];
    let gap = rest.iter().take_while(|&&b| b.is_ascii_whitespace() || matches!(b, b',' | b'{' | b'"' | b'\'')).count();
    let rest = &rest[gap..];
    if let Some(after) = rest.strip_prefix(b"</key>") {
        let blank = after.iter().take_while(|b| b.is_ascii_whitespace()).count();
        return after[blank..].starts_with(b"<string>").then_some(at + gap + 6 + blank + 7);
    }
    if gap == 0 {
        return None;
    }
    let name = [b"value".as_slice(), b"default"]
        .into_iter()
        .find(|name| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))?;
    let mut end = name.len();
    end += usize::from(matches!(rest.get(end), Some(b'"' | b'\'')));
    let blank = rest[end..].iter().take_while(|&&b| is_blank(b)).count();
    matches!(rest.get(end + blank), Some(b':' | b'=')).then_some(at + gap + end)
}

/// A value that begins on the next line: a YAML block (`|`, `>-`), or wrapped code in brackets.
fn next_line(text: &[u8], at: usize) -> usize {
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
fn skip_string_prefix(text: &[u8], at: usize) -> usize {
    let letters =
        skip(text, at, |b| matches!(b, b'b' | b'r' | b'f' | b'u' | b'B' | b'R' | b'F' | b'U' | b'L' | b'@' | b'8'), 2);
    if matches!(text.get(letters), Some(b'"' | b'\'')) { letters } else { at }
}

/// `process.env.X || "value"`, `os.Getenv("X") ?? 'value'`: the literal that stands in for a
/// variable that is not set.
fn default_after_reference(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 160)];
    let line = &rest[..rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())];
    if matches!(line.first(), Some(b'"' | b'\'' | b'`')) {
        return None;
    }
    let operator = line.windows(2).position(|w| w == b"||" || w == b"??")?;
    let after = operator + 2 + line[operator + 2..].iter().take_while(|&&b| is_blank(b)).count();
    matches!(line.get(after), Some(b'"' | b'\'' | b'`')).then_some(at + after)
}

fn is_key_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'$') || b >= 0x80
}

fn identifier_around(text: &[u8], word: Range<usize>) -> Option<Range<usize>> {
    let floor = word.start.saturating_sub(KEY);
    let start = after_escape(text, back(text, floor, word.start, is_key_byte), word.start);
    let end = skip(text, word.end, is_key_byte, KEY);
    (end - start <= KEY).then_some(start..end)
}

/// Of `\\nsecret` and `\\u0026key` the escape is no part of the name.
fn after_escape(text: &[u8], start: usize, word: usize) -> usize {
    if start == 0 || text[start - 1] != b'\\' {
        return start;
    }
    let length = match text[start] {
        b'u' => 5,
        b'x' => 3,
        b'n' | b'r' | b't' => 1,
        _ => 0,
    };
    word.min(start + length)
}

/// Skips `: Type`, `?: Type` and the like before an `=`.
fn after_type(text: &[u8], at: usize) -> usize {
    let rest = &text[at..text.len().min(at + 48)];
    // Go and the like: `const password string = "…"`.
    let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'*')).count();
    let blank = rest[word..].iter().take_while(|&&b| is_blank(b)).count();
    if word > 0 && at > 0 && is_blank(text[at - 1]) && rest.get(word + blank) == Some(&b'=') {
        let equals = at + word + blank;
        return if is_padding(text, equals) { at } else { equals };
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

/// The end of a separator at `at`: `=`, `:`, `:=`, `=>`, `->`, `<-`, `==`, `>` of an XML element,
/// `,` or `(` of a call, or the space after a command-line option.
fn separator(text: &[u8], at: usize) -> Option<usize> {
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
    ] {
        if rest.starts_with(token) {
            return Some(at + token.len());
        }
    }
    let begin = back(text, at.saturating_sub(KEY), skip_back_blank(text, at), is_key_byte);
    let option = text[begin..at].starts_with(b"--");
    if !text[..at].ends_with(b" ") {
        return None;
    }
    // A Dockerfile's `ENV NAME value`.
    let docker = text[begin.saturating_sub(5)..begin].trim_ascii_end();
    let docker = matches!(docker, b"ENV" | b"\nENV") || docker.ends_with(b"\nENV");
    (option || docker).then_some(at)
}

fn skip_back_blank(text: &[u8], at: usize) -> usize {
    back(text, 0, at, |b| b == b' ')
}

/// Schemes of HTTP authorization (RFC 9110; the later ones are providers' own).
const SCHEMES: [&[u8]; 9] =
    [b"bearer", b"basic", b"token", b"bot", b"ssws", b"apikey", b"geniekey", b"splunk", b"token token="];

/// Skips the scheme of an `Authorization` header's value.
fn skip_scheme(text: &[u8], at: usize) -> usize {
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

fn quoted_end(text: &[u8], start: usize, quote: u8, escaped: bool) -> Option<usize> {
    let limit = text.len().min(start + VALUE);
    let mut at = start;
    while at < limit {
        match text[at] {
            b'\n' => return None,
            b'\\' if escaped && text.get(at + 1) == Some(&quote) => return Some(at),
            b'\\' => at += 1,
            b if b == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn bare_end(text: &[u8], start: usize, query: bool) -> usize {
    let stop =
        |b: u8| query && b == b'&' || b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b',' | b';');
    let mut end = skip(text, start, |b| !stop(b), VALUE);
    while end > start && matches!(text[end - 1], b')' | b']' | b'}' | b'\\') {
        end -= 1;
    }
    end
}

fn skip(text: &[u8], from: usize, test: impl Fn(u8) -> bool, most: usize) -> usize {
    from + text[from..].iter().take(most).take_while(|&&b| test(b)).count()
}

fn back(text: &[u8], floor: usize, from: usize, test: impl Fn(u8) -> bool) -> usize {
    from - text[floor..from].iter().rev().take_while(|&&b| test(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(text: &str, word: &str) -> Option<(String, String)> {
        let at = text.find(word).expect("the word stands in the text");
        let found = assignment(text.as_bytes(), at..at + word.len())?;
        Some((text[found.key].to_owned(), text[found.value].to_owned()))
    }

    #[test]
    fn keys_and_values_in_the_usual_notations() {
        let cases = [
            ("password = \"v1\"", "password", "v1"),
            ("DB_PASSWORD=v1", "DB_PASSWORD", "v1"),
            ("export DB_PASSWORD='v1'", "DB_PASSWORD", "v1"),
            ("  \"password\": \"v1\",", "password", "v1"),
            ("password: v1 # comment", "password", "v1"),
            (":password => \"v1\"", "password", "v1"),
            ("const password: string = \"v1\";", "password", "v1"),
            ("let password: &'static str = \"v1\";", "password", "v1"),
            ("config[\"password\"] = 'v1'", "password", "v1"),
            ("<password>v1</password>", "password", "v1"),
            ("password := `v1`", "password", "v1"),
            ("setenv(\"PASSWORD\", \"v1\")", "PASSWORD", "v1"),
            ("tool --password v1 --user x", "--password", "v1"),
            ("tool --password=v1", "--password", "v1"),
            ("const password string = \"v1\"", "password", "v1"),
            ("var password = @\"v1\";", "password", "v1"),
            ("{\\\"password\\\":\\\"v1\\\"}", "password", "v1"),
            ("Authorization-password: Bearer v1", "Authorization-password", "v1"),
        ];
        for (text, key, value) in cases {
            let word = if text.contains("PASSWORD") { "PASSWORD" } else { "password" };
            assert_eq!(forward(text, word), Some((key.to_owned(), value.to_owned())), "{text}");
            let start = text.find("v1").expect("a value");
            let found = key_before(text.as_bytes(), start).map(|found| text[found.key].to_owned());
            assert_eq!(found.as_deref(), Some(key), "looking back in {text}");
        }
    }

    #[test]
    fn padding_is_no_separator() {
        let value = |text: &str| forward(text, "password").map(|(_, value)| value);
        assert_eq!(value("password: djE=\n").as_deref(), Some("djE="));
        assert_eq!(value("tool --password djE== --port 80").as_deref(), Some("djE=="));
        assert_eq!(value("?password=&page=2"), None);
        assert_eq!(value("password: str= 'v1'").as_deref(), Some("v1"));
    }

    #[test]
    fn values_that_stand_apart_from_their_key() {
        let cases = [
            "- name: DB_PASSWORD\n  value: v1\n",
            "{\"name\": \"DB_PASSWORD\", \"value\": \"v1\"}",
            "<add key=\"DB_PASSWORD\" value=\"v1\"/>",
            "<key>DB_PASSWORD</key>\n  <string>v1</string>",
            "variable \"DB_PASSWORD\" {\n  default = \"v1\"\n}",
            "DB_PASSWORD: |\n  v1\n",
            "DB_PASSWORD = (\n    'v1'\n)",
            "const x = process.env.DB_PASSWORD || 'v1';",
            "DB_PASSWORD = os.getenv(X) ?? 'v1'",
            "ENV DB_PASSWORD v1",
        ];
        for text in cases {
            assert_eq!(forward(text, "PASSWORD").map(|(_, value)| value).as_deref(), Some("v1"), "{text}");
        }
    }

    #[test]
    fn prose_is_no_assignment() {
        assert_eq!(forward("the password must be long", "password"), None);
        assert_eq!(forward("passwords, easily2remember", "password"), None);
        assert_eq!(key_before(b"see also abcdef", 9), None);
    }
}
