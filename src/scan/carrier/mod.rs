//! Carriers: how `key = value` is written in the common languages and file formats, read from
//! either side.
//!
//! This is a first, flat reading (issue by issue it becomes an understanding of each format): one
//! line, one separator, an optional type, an optional pair of quotes.

mod before;
mod companion;
mod list;
mod quote;
mod way;

use std::ops::Range;

pub use before::{key_before, names_secret};
use companion::*;
use list::*;
use quote::*;
use way::*;

/// A value that is assigned to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Where the key's name stands.
    pub key: Range<usize>,
    /// Where the value stands, without its quotes.
    pub value: Range<usize>,
    /// Whether the value stands in quotes.
    pub quoted: bool,
    /// Whether it is the first of a list.
    pub listed: bool,
}

/// Longest key name that is read, in bytes.
const KEY: usize = 128;

/// Longest value that is read, in bytes.
pub const VALUE: usize = 4096;

/// The assignment whose key contains the word at `word`.
pub fn assignment(text: &[u8], word: Range<usize>) -> Option<Assignment> {
    let name = identifier_around(text, word.clone())?;
    let key = compared_name(text, &word, name.clone());
    // `AWS::KMS::Key`, `arn:aws:secretsmanager:eu-west-1:1:secret:…`: a part of a longer name.
    if part_of_name(text, &key) {
        return None;
    }
    if let Some(value) = of_several(text, &key) {
        return Some(Assignment { key, value, quoted: true, listed: false });
    }
    let mut at = skip(text, name.end, |b| matches!(b, b'"' | b'\'' | b'`' | b'\\' | b']' | b')' | b'*'), 6);
    at = element(text, &key, at)
        .or_else(|| companion(text, at))
        .or_else(|| companion_before(text, &key, at))
        .unwrap_or(at);
    at = skip(text, at, is_blank, 64);
    // `Authorization: MAC id="…"` gives it no type.
    let header = key.len() >= 13 && text[key.end - 13..key.end].eq_ignore_ascii_case(b"authorization");
    let typed = || text[at..text.len().min(at + 24)].windows(3).any(|sign| sign == b" = ");
    if !header || typed() {
        at = after_type(text, at);
    }
    let after = compared_before(text, &key).or_else(|| separator(text, at))?;
    // Of a method call only the method's name tells what is passed: not `secret.split_at("…")`.
    if text[after - 1] == b'(' && text[word.end.min(key.end)..key.end].contains(&b'.') {
        return None;
    }
    // After a comma stands the value of a name in quotes; `$PASSWORD, "…"` are two.
    if text[after - 1] == b',' && (text[key.start] == b'$' || !first_argument(text, key.start)) {
        return None;
    }
    let mut at = skip(text, after, is_blank, 64);
    if matches!(text[after - 1], b':' | b'=') && after == key.end + 1 && closes_text(text, after) {
        // Of `"Pwd=" & "…"` the next text is the value; `"Password:"` alone has none.
        match next_text(text, after) {
            Some(next) => at = next,
            None if text[after - 1] == b':' => return None,
            None => {}
        }
    }
    if matches!(text[after - 1], b':' | b'=' | b'|' | b'?' | b'{') || text[after - 1] == b'>' && own_line(text, after) {
        at = next_line(text, at);
    }
    if text[after - 1] == b'(' {
        at = only_argument(text, at);
    }
    // Markdown's `**Token:** 8f…`.
    if text[..after].ends_with(b":") && text[after..].starts_with(b"** ") {
        at = skip(text, after + 2, is_blank, 64);
    }
    let list =
        if matches!(text[after - 1], b':' | b'=') { first_of_list(text, after_blank(text, after)) } else { None };
    at = list.unwrap_or(at);
    at = unwrap(text, skip_scheme(text, at));
    at = skip_string_prefix(text, at);
    if let Some(default) = default_after_reference(text, at) {
        at = default;
    }
    if let Some((value, quoted)) = quoted_value(text, scheme_apart(text, at)) {
        return value.map(|value| Assignment { key, value, quoted, listed: list.is_some() });
    }
    if text[after - 1] == b'>' && text[..key.start].ends_with(b"</") {
        return None;
    }
    // `<username>:<password>@host`
    if text[after - 1] == b'>' && text.get(at) == Some(&b'@') {
        return None;
    }
    // In the query of a URL a value ends at `&`.
    let escaped = [b"\\u0026".as_slice(), b"&amp;", b"%26"].iter().any(|sign| text[..key.start].ends_with(sign));
    let query = escaped || key.start > 0 && matches!(text[key.start - 1], b'?' | b'&');
    // After `,` and `(` stand the arguments of a call, and prose: only a quoted text counts.
    if matches!(text[after - 1], b',' | b'(') {
        return None;
    }
    // `password=&page=2` is a parameter without a value, and `…=&page=2` the padding of base64.
    if at == after && text[after - 1] == b'=' && text.get(at) == Some(&b'&') {
        return None;
    }
    let quoted = text[..at].ends_with(b"<![CDATA[");
    let mut end = if quoted { cdata_end(text, at) } else { bare_end(text, at, query) };
    // Of `The password is ….` the full stop ends the sentence.
    if is_blank(text[after - 1]) && text[at..end].ends_with(b".") {
        end -= 1;
    }
    // `<string name="hint_password">Digite sua senha</string>` holds all of its words.
    if text[after - 1] == b'>' && !quoted && text.get(end) == Some(&b' ') {
        let rest = &text[end..text.len().min(end + KEY)];
        let close = memchr::memchr2(b'<', b'\n', rest).filter(|&close| rest[close..].starts_with(b"</"));
        end += close.map_or(0, |close| rest[..close].trim_ascii_end().len());
    }
    // `<PASSWORD> before any other` is no element.
    let line = &text[end..text.len().min(end + KEY)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let prose = text[after - 1] == b'>' && !quoted && text.get(end) == Some(&b' ') && !line.contains(&b'<');
    if prose && text[..key.start].ends_with(b"<") && !text[end..].trim_ascii_start().starts_with(b"</") {
        return None;
    }
    (end > at).then_some(Assignment { key, value: at..end, quoted, listed: list.is_some() })
}

/// The values after the first of a list, at most so many.
pub fn rest_of_list(text: &[u8], first: &Assignment) -> Vec<Assignment> {
    let mut all = Vec::new();
    let mut end = first.value.end;
    while let Some(at) = next_of_list(text, end).filter(|_| first.listed && all.len() < LISTED) {
        let value = match quoted_value(text, at) {
            Some((Some(value), _)) => value,
            Some((None, _)) => break,
            None => at..bare_end(text, at, false),
        };
        end = value.end;
        all.push(Assignment { key: first.key.clone(), value, ..*first });
    }
    all
}

/// The most values of a list that are read.
const LISTED: usize = 64;

/// Whether a name is the first of what a call is given: of the names in a list, none is the value of another.
fn first_argument(text: &[u8], start: usize) -> bool {
    let floor = start.saturating_sub(64);
    let at = back(text, floor, start, |b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'\\'));
    // Android's `buildConfigField "String", "API_KEY", "…"` says the type before.
    let typed = || {
        text[floor..at].trim_ascii_end().strip_suffix(b",").is_some_and(|rest| {
            let rest = rest.trim_ascii_end();
            let last = rest.rsplit(|b| matches!(b, b'(' | b' ')).next().unwrap_or_default();
            // Go's `flag.StringVar(&pw, "password", "…", "what it is")` says the place.
            matches!(last, b"\"String\"" | b"'String'" | b"\"string\"") || last.starts_with(b"&")
        })
    };
    // `["--password", "…"]`, `Map.of("user", "app", "password", "…")`, `set :password, "…"`.
    let before = &text[floor..start];
    let paired = || {
        memchr::memmem::find(before, b"Map.of(").is_some()
            || before.ends_with(b"set :")
            || text[start..].starts_with(b"--") && matches!(before.last(), Some(b'"' | b'\''))
    };
    at > floor && (matches!(text[at - 1], b'(' | b'b' | b'@' | b'{') || typed() || paired())
}

fn after_blank(text: &[u8], after: usize) -> usize {
    skip(text, after, is_blank, 64)
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
    let arn = name.windows(8).any(|w| w == b"arn:aws:") && name.ends_with(b":");
    if arn {
        return true;
    }
    let path = name.ends_with(b"::") && !text[skip(text, key.end, is_blank, 8)..].starts_with(b"=");
    path || name.starts_with(b"arn:") && name.ends_with(b":")
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn is_key_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'$') || b >= 0x80
}

fn identifier_around(text: &[u8], word: Range<usize>) -> Option<Range<usize>> {
    let floor = word.start.saturating_sub(KEY);
    let start = after_escape(text, back(text, floor, word.start, is_key_byte), word.start);
    let end = skip(text, word.end, is_key_byte, KEY);
    let (start, end) = if text[start..end].is_ascii() { (start, end) } else { between_marks(text, start..end, &word) };
    (end - start <= KEY).then_some(start..end)
}

/// The part of a name that holds the word. Sentences of Chinese and Japanese hold no blanks: the name begins
/// behind their last mark, or is the word.
fn between_marks(text: &[u8], name: Range<usize>, word: &Range<usize>) -> (usize, usize) {
    let end = (word.end..name.end).find(|&at| wide_mark(&text[at..name.end])).unwrap_or(name.end);
    let mark = (name.start..word.start).rfind(|&at| wide_mark(&text[at..word.start]));
    let long = if end - name.start > KEY { word.start } else { name.start };
    (mark.map_or(long, |at| at + WIDE_COLON.len()), end)
}

/// Whether a mark of Chinese and Japanese texts begins there: a colon, comma, full stop, semicolon or bracket.
fn wide_mark(text: &[u8]) -> bool {
    let marks = ["，", "。", "；", "、", "（", "）"];
    text.starts_with(WIDE_COLON) || marks.iter().any(|mark| text.starts_with(mark.as_bytes()))
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

fn bare_end(text: &[u8], start: usize, query: bool) -> usize {
    let stop =
        |b: u8| query && b == b'&' || b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b',' | b';');
    let mut end = skip(text, start, |b| !stop(b), VALUE);
    if !text[start..end].is_ascii() {
        end = (start..end).find(|&at| wide_mark(&text[at..end])).unwrap_or(end);
    }
    // The first field of a form has no `?` or `&` before it, but the next one behind it.
    if let Some(next) =
        memchr::memchr_iter(b'&', &text[start..end]).find(|&at| begins_field(&text[start + at + 1..end]))
    {
        end = start + next;
    }
    while end > start && matches!(text[end - 1], b')' | b']' | b'}' | b'\\') {
        end -= 1;
    }
    end
}

/// Whether a field of a form begins there: `grant_type=…`.
fn begins_field(rest: &[u8]) -> bool {
    let name = rest.iter().take(KEY).take_while(|b| b.is_ascii_lowercase() || **b == b'_').count();
    name >= 3 && rest.get(name) == Some(&b'=')
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
            ("password=v1&grant_type=x", "password", "v1"),
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

    /// The head of its line was looked for up to the line's begin, for each key anew.
    #[test]
    fn a_key_in_a_line_of_megabytes_is_read_where_it_stands() {
        let text = "password \"x\" ".repeat(400_000).into_bytes();
        let start = std::time::Instant::now();
        for at in (text.len() / 2..text.len() - 13).step_by(13).take(40_000) {
            assert_eq!(assignment(&text, at..at + 8), None);
        }
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
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
            "{\"value\": \"v1\", \"name\": \"DB_PASSWORD\"}",
            "<DB_PASSWORD>\n  v1\n</DB_PASSWORD>",
            "<DB_PASSWORD><![CDATA[v1]]></DB_PASSWORD>",
            "buildConfigField 'String', 'DB_PASSWORD', '\"v1\"'",
            "const x =\n  process.env.DB_PASSWORD ||\n  \"v1\";",
            "DB_PASSWORD\u{ff1a}v1",
            "dsn = \"x;DB_PASSWORD=\" & \"v1\" & \";\"",
            "if (\"v1\".equals(DB_PASSWORD)) {",
            "if ('v1' === DB_PASSWORD) {",
            "String DB_PASSWORD = System.getProperty(\"p\", \"v1\");",
            "flag.StringVar(&p, \"DB_PASSWORD\", \"v1\", \"what it is\")",
            "Connect-Db -User a -DB_PASSWORD \"v1\"",
            "log in with the DB_PASSWORD `v1`.",
            "the DB_PASSWORD is 'v1'",
            "the DB_PASSWORD is: v1",
            "'DB_PASSWORD': 'LB-Key ' + 'v1',",
            "  - --user\n  - a\n  - --DB_PASSWORD\n  - v1\n",
            "DB_PASSWORDS = {\n  'dev' => nil,\n  'prod' => 'v1'\n}",
            "const DB_PASSWORDS = { prod: 'v1' }",
            "Dim DB_PASSWORD As String = \"v1\"",
            "{\"ParameterKey\": \"DB_PASSWORD\", \"ParameterValue\": \"v1\"}",
            "{\"ParameterValue\": \"v1\", \"ParameterKey\": \"DB_PASSWORD\"}",
            "env:\n  - value: v1\n    name: DB_PASSWORD\n",
            "<name>DB_PASSWORD</name>\n  <!-- changed -->\n\n  <value>v1</value>",
            "\u{521d}\u{59cb}DB_PASSWORD\u{4e3a} v1",
            "DB_PASSWORDS = {\"anna\": \"v1\", \"bob\": \"v2\"}",
            "if (DB_PASSWORD.equals(\"v1\")) {",
            "<tr><td>DB_PASSWORD</td><td>v1</td></tr>",
            "<DB_PASSWORD>v1 </DB_PASSWORD>",
            "don't share it, DB_PASSWORD:'v1'",
            "ENV.fetch(\"DB_PASSWORD\") { \"v1\" }",
            "std::string DB_PASSWORD{\"v1\"};",
            "std::string DB_PASSWORD{\n    \"v1\"};",
            "a = DB_PASSWORD - 'v1'",
            "variable \"DB_PASSWORD\" {\n  type = string\n  description = \"x\"\n  default = \"v1\"\n}",
            "<add value=\"v1\" key=\"DB_PASSWORD\"/>",
            "<input value=\"v1\" type=\"hidden\" name=\"DB_PASSWORD\">",
            "<string name=\"DB_PASSWORD\" translatable=\"false\">v1</string>",
            "[\"--DB_PASSWORD\", \"v1\"]",
            "DB_PASSWORD(\n    \"v1\");",
            "DB_PASSWORD = /* x */ \"v1\";",
            "Map.of(\"user\", \"app\", \"DB_PASSWORD\", \"v1\")",
            "DB_PASSWORD VARCHAR2(30) := 'v1';",
            "set(DB_PASSWORD \"v1\")",
            "set :DB_PASSWORD, 'v1'",
            "user, DB_PASSWORD = \"anna\", \"v1\"",
            "DB_PASSWORD = q{v1};",
            "- name: DB_PASSWORD\n  # rotated in May\n  value: v1",
            "DB_PASSWORD = [[v1]]",
            "DB_PASSWORD : constant String := \"v1\";",
            "01 DB_PASSWORD PIC X(2) VALUE \"v1\".",
            "UPDATE s SET value = 'v1' WHERE name = 'DB_PASSWORD';",
            "<setting name=\"DB_PASSWORD\" serializeAs=\"String\">\n  <value>v1</value>",
            "DB_PASSWORD = on\n  ? process.env.X\n  : 'v1';",
            "QString DB_PASSWORD = QStringLiteral(\"v1\");",
            "{\"value\": \"v1\", \"key\": \"DB_PASSWORD\", \"enabled\": true}",
            "export const DB_PASSWORD =\n  process.env.DB_PW ||\n  \"v1\";",
            "const DB_PASSWORD = process.env.DB_PW\n  ?? 'v1';",
            "\u{8bf7}\u{59a5}\u{5584}\u{4fdd}\u{7ba1}\u{ff0c}DB_PASSWORD\u{ff1a}v1\u{ff0c}\u{52ff}",
        ];
        for text in cases {
            assert_eq!(forward(text, "PASSWORD").map(|(_, value)| value).as_deref(), Some("v1"), "{text}");
        }
        let options = forward("New-Db -User a -DbPassword v1 -Force", "Password");
        assert_eq!(options.map(|(_, value)| value).as_deref(), Some("v1"));
    }

    #[test]
    fn prose_is_no_assignment() {
        assert_eq!(forward("the password must be long", "password"), None);
        assert_eq!(forward("passwords, easily2remember", "password"), None);
        assert_eq!(key_before(b"see also abcdef", 9), None);
        assert_eq!(forward("\"v1\" == password", "password"), None, "where nothing stands before");
        assert_eq!(forward("x = \"password=\"", "password"), None);
        assert_eq!(forward("issue AUTH <password> before any other command", "password"), None);
        assert_eq!(forward("expect \"password:\"; send \"x\"", "password"), None);
        assert_eq!(forward("<input name=\"password\" placeholder=\"v1\">", "password"), None);
        assert_ne!(forward("{\"password\": {\"v1\": {\"essential\": true}}}", "password").unwrap_or_default().1, "v1");
        assert_eq!(forward("</password>v1", "password"), None);
        assert_eq!(forward("$password{\"v1\"}", "password"), None);
        assert_eq!(forward("{\"value\": \"v1\", \"other\": \"password\"}", "password"), None);
    }
}
