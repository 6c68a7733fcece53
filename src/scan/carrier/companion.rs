//! Keys that are themselves values, `name: DB_PASSWORD`, and what stands beside them under another name.

use std::ops::Range;

use super::is_blank;

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
    let markup = matches!(rest.first(), Some(b'<' | b'>' | b':'));
    for (name, value) in ELEMENTS.into_iter().filter(|_| markup) {
        let Some(after) = rest.strip_prefix(name).or_else(|| rest.strip_prefix(b":")?.strip_prefix(name)) else {
            continue;
        };
        let gap = gap + usize::from(rest[0] == b':');
        let blank = remarks(after);
        if after[blank..].starts_with(value) {
            return Some(at + gap + name.len() + blank + value.len() - 1);
        }
    }
    if let Some(place) = element_below(text, at) {
        return Some(place);
    }
    if gap == 0 {
        return None;
    }
    // Of Terraform's `variable "db_password" {` the default may stand below its type and its description.
    let (gap, rest) = match below_others(text, at, at + gap).or_else(|| below_remark(text, at, at + gap)) {
        Some(place) => (place - at, &text[place..text.len().min(place + 32)]),
        None => (gap, rest),
    };
    // Android's manifests put their namespace before it.
    let (gap, rest) = rest.strip_prefix(b"android:").map_or((gap, rest), |own| (gap + 8, own));
    let name = [b"value".as_slice(), b"default", b"parametervalue"]
        .into_iter()
        .find(|name| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))?;
    let mut end = name.len();
    end += usize::from(matches!(rest.get(end), Some(b'"' | b'\'')));
    let blank = rest[end..].iter().take_while(|&&b| is_blank(b)).count();
    matches!(rest.get(end + blank), Some(b':' | b'=')).then_some(at + gap + end)
}

/// Where the line begins that follows a remark of YAML between a name and its value.
fn below_remark(text: &[u8], from: usize, at: usize) -> Option<usize> {
    (text.get(at) == Some(&b'#') && text[from..at].contains(&b'\n')).then_some(())?;
    let end = at + memchr::memchr(b'\n', &text[at..text.len().min(at + 160)])? + 1;
    Some(end + text[end..].iter().take(32).take_while(|b| b.is_ascii_whitespace()).count())
}

/// .NET's settings: `<setting name="Password" serializeAs="String">`, and `<value>` in it.
fn element_below(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 128)];
    let quoted = at > 0 && text[at - 1] == b'"' && matches!(rest.first(), Some(b' ' | b'>'));
    let close = memchr::memchr3(b'>', b'<', b'\n', rest).filter(|&close| quoted && rest[close] == b'>')?;
    let below = close + 1 + rest[close + 1..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let element = [b"<value>".as_slice(), b"<Value>"].iter().any(|own| rest[below..].starts_with(own));
    element.then_some(at + below + 6)
}

/// Where the line begins that gives a default, below those that tell what a variable of Terraform is.
fn below_others(text: &[u8], from: usize, at: usize) -> Option<usize> {
    let mut at = at;
    text[from..at].contains(&b'{').then_some(())?;
    for _ in 0..6 {
        let line = &text[at..text.len().min(at + 256)];
        if line.starts_with(b"default") {
            return Some(at);
        }
        [b"type".as_slice(), b"description", b"sensitive", b"nullable", b"ephemeral"]
            .iter()
            .find(|own| line.starts_with(own))?;
        let end = at + memchr::memchr(b'\n', line)? + 1;
        at = end + text[end..].iter().take(32).take_while(|b| b.is_ascii_whitespace()).count();
    }
    None
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
    let rest = &text[at..text.len().min(at + 96)];
    let rest = &rest[..memchr::memchr(b'}', rest).unwrap_or(0)];
    let ends = memchr::memmem::find(rest, b"alue").is_none() && text.get(at + rest.len()) == Some(&b'}');
    let floor = key.start.saturating_sub(NAMED);
    let before = &text[floor..key.start];
    let own = &text[at..text.len().min(at + 64)];
    let own = own.trim_ascii_start().is_empty() || own.iter().find(|b| !is_blank(**b)).is_some_and(|b| *b == b'\n');
    if let Some(place) = item_before(before).filter(|_| own) {
        return Some(floor + place);
    }
    if let Some(place) = attribute_before(before).or_else(|| row_before(before)) {
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

/// The same in an element of XML: `<add value="…" key="DbPassword"/>`.
fn attribute_before(before: &[u8]) -> Option<usize> {
    let names = [b" name=\"".as_slice(), b" key=\""];
    names.iter().find(|name| before.ends_with(name))?;
    let tag = memchr::memrchr2(b'<', b'>', before).filter(|&at| before[at] == b'<')?;
    let value = memchr::memmem::find(&before[tag..], b" value=\"")?;
    Some(tag + value + 6)
}

/// The same in SQL: `UPDATE settings SET value = '…' WHERE name = 'smtp_password'`.
fn row_before(before: &[u8]) -> Option<usize> {
    let name = before.strip_suffix(b"'")?.trim_ascii_end().strip_suffix(b"=")?.trim_ascii_end();
    let line = memchr::memrchr(b'\n', name).map_or(0, |feed| feed + 1);
    let condition = line + memchr::memmem::rfind(&name[line..], b"WHERE ")?;
    let value = memchr::memmem::rfind(&name[line..condition], b"alue")? + line + 4;
    let sign = memchr::memchr(b'=', &name[value..condition])?;
    Some(value + sign)
}

/// The same in YAML: `- value: …` on the line before `name: DB_PASSWORD`.
fn item_before(before: &[u8]) -> Option<usize> {
    let line = before.iter().rposition(|&b| b == b'\n')?;
    let name = before[line..].trim_ascii();
    let name = name.strip_suffix(b"\"").or_else(|| name.strip_suffix(b"'")).unwrap_or(name).trim_ascii_end();
    if !matches!(name, b"name:" | b"Name:" | b"key:" | b"Key:") {
        return None;
    }
    let above = before[..line].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let item = before[above..line].trim_ascii_start();
    let names = [b"- value:".as_slice(), b"- Value:"];
    names.iter().any(|own| item.starts_with(own)).then_some(line - item.len() + 7)
}

/// How far before its name a companion is looked for, in bytes.
pub(super) const NAMED: usize = 512;
