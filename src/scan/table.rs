//! Tables: values that stand below the name of their column, in CSV, TSV and Markdown, and in `INSERT`
//! and `COPY` of SQL.

use std::ops::Range;

use super::carrier::Assignment;

/// Longest line of names that is read, in bytes.
const HEAD: usize = 1024;

/// Most rows that are read, and most bytes. Each row is charged to the scan's work, so that a text of
/// many such tables is given up and said to be.
const ROWS: usize = 100_000;
const BYTES: usize = 8 << 20;

/// Longest row of `INSERT` that is read, in bytes.
const ROW: usize = 64 << 10;

/// What stands below the name of a column.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// Its values.
    pub(super) values: Vec<Assignment>,
    /// Bytes that were read to find them.
    pub(super) read: usize,
}

/// The columns of lines that were read: for each number the last lines, and how often they were read anew.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<(usize, Range<usize>, u8)>);

/// How often a line amid the rows of a table may be a head of its own for the same column. In a list of
/// texts that speak of passwords every line looks like one.
const AGAIN: u8 = 1;

impl Seen {
    /// Whether the lines below a head are read for a column.
    fn asks(&self, head: usize, number: usize) -> bool {
        let same =
            |(own, rows, again): &(usize, Range<usize>, u8)| *own == number && *again >= AGAIN && rows.contains(&head);
        !self.0.iter().any(same)
    }

    fn take(&mut self, number: usize, rows: Range<usize>) {
        let Some((_, before, again)) = self.0.iter_mut().find(|(own, ..)| *own == number) else {
            return self.0.push((number, rows, 0));
        };
        let within = rows.start < before.end;
        *again = if within { again.saturating_add(1) } else { 0 };
        *before = if within { before.start..before.end.max(rows.end) } else { rows };
    }
}

/// The column in whose name a word stands; without values where there is no such table.
pub(super) fn column(text: &[u8], word: &Range<usize>, seen: &mut Seen) -> Column {
    let mut found = Column::default();
    sql(text, word, &mut found);
    if found.values.is_empty() {
        found.values.extend(row(text, word));
    }
    if found.values.is_empty() {
        lines(text, word, seen, &mut found);
    }
    found
}

/// A row of a Markdown table that names in one cell what stands in the next: `| password | … |`. The row of
/// the columns' names is none, nor is one that tells what fields there are.
fn row(text: &[u8], word: &Range<usize>) -> Option<Assignment> {
    let line = line_around(text, word)?;
    let below = text.len().min(line.end + 1);
    if !text[line.clone()].contains(&b'|') || is_rule(&text[below..line_end(text, below)]) {
        return None;
    }
    let cells = split(text, line, b'|');
    let number = cells.iter().position(|cell| cell.start <= word.start && word.end <= cell.end)?;
    let [key, value] = cells.get(number..number + 2)? else { return None };
    let rest = &cells[number + 2..];
    // A remark may follow what was surely typed by somebody, not what tells a type.
    let telling = value.len() >= 8 && text[value.clone()].iter().any(u8::is_ascii_digit);
    let last = (telling || rest.iter().all(Range::is_empty)) && cells[..number].iter().all(Range::is_empty);
    let typed = !value.is_empty() && !text[value.clone()].contains(&b' ');
    let plain = key.len() <= 40 && text[key.clone()].iter().all(|&b| name_byte(b));
    // Results of tests say `PASS  | name | …`.
    let plain = plain && (number > 0 || !text[key.clone()].eq_ignore_ascii_case(b"pass"));
    (last && typed && plain).then(|| Assignment { key: key.clone(), value: value.clone(), quoted: true, listed: false })
}

/// Whether a line is the rule below the names of a table's columns.
fn is_rule(line: &[u8]) -> bool {
    (line.contains(&b'-') || line.contains(&b'=')) && line.iter().all(|b| b"|-: \r=+".contains(b))
}

/// The line around a place, if it is short enough for a row that is read.
fn line_around(text: &[u8], place: &Range<usize>) -> Option<Range<usize>> {
    let before = text.get(place.start.saturating_sub(HEAD)..place.start)?;
    let begin = place.start - before.iter().rev().take_while(|&&b| b != b'\n').count();
    let line = begin..line_end(text, place.end.min(text.len()));
    (line.len() <= HEAD).then_some(line)
}

/// A table of lines: names, then values, with the same sign between them.
fn lines(text: &[u8], word: &Range<usize>, seen: &mut Seen, found: &mut Column) -> Option<()> {
    let Range { start: begin, end } = line_around(text, word)?;
    if end >= text.len() {
        return None;
    }
    let head = &text[begin..end];
    let sign = [b'\t', b'|', b';', b','].into_iter().find(|sign| head.contains(sign))?;
    // Most lines are code: one look tells that they name no columns.
    if !head.iter().all(|&b| name_byte(b) || b == sign || matches!(b, b'\r' | b'"' | b'`' | b'\'' | b'*')) {
        return None;
    }
    let mut cells = split(text, begin..end, sign);
    // Jira's wiki doubles the sign between names: `||user||password||`.
    let doubled = head.starts_with(b"||");
    if doubled {
        cells.retain(|cell| !cell.is_empty());
        cells.insert(0, begin..begin);
        cells.push(end..end);
    }
    let number = cells.iter().position(|cell| cell.start <= word.start && word.end <= cell.end)?;
    // After a comma that parts columns stands no blank, after one of a sentence there is.
    let sentence = matches!(sign, b',' | b';') && head.windows(2).any(|pair| pair == [sign, b' ']);
    let names = !sentence && cells.iter().all(|cell| is_name(&text[cell.clone()]));
    let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
    let edges = if sign == b'|' { 2 } else { 0 };
    // Below the names of Markdown and reST stands a rule, above those of AsciiDoc the mark of a table.
    let marked = || doubled || is_rule(&text[end + 1..line_end(text, end + 1)]) || text[..begin].ends_with(b"|===\n");
    if head.starts_with(b"|") && !marked() {
        return None;
    }
    if filled < 2 || filled + edges < cells.len() || !names || !seen.asks(begin, number) {
        return None;
    }
    // A line amid rows is one of them, whatever it says.
    let above = line_around(text, &(begin.saturating_sub(1)..begin.saturating_sub(1)));
    let row = |line| {
        let row = split(text, line, sign);
        row.len() == cells.len() && row.iter().all(|cell| !cell.is_empty())
    };
    if begin > 0 && sign != b'|' && above.is_some_and(row) {
        return None;
    }
    let (mut at, all) = (end + 1, &mut found.values);
    while at < text.len() && all.len() < ROWS && at - end < BYTES {
        let line = at..line_end(text, at);
        at = line.end + 1;
        let row = split(text, line.clone(), sign);
        if is_rule(&text[line.clone()]) && (all.is_empty() || text[line.start] == b'+') {
            continue;
        }
        let Some(value) = row.get(number).filter(|_| row.len() == cells.len()).cloned() else { break };
        if text[value.clone()].eq_ignore_ascii_case(&text[word.clone()]) {
            break;
        }
        if value.is_empty() {
            continue;
        }
        all.push(Assignment { key: cells[number].clone(), value, quoted: true, listed: false });
    }
    found.read += at - end;
    seen.take(number, end + 1..at);
    Some(())
}

/// `(id, login, password) VALUES (1, 'anna', '…'), (…)`, and `COPY … (id, token) FROM stdin;` with its lines.
fn sql(text: &[u8], word: &Range<usize>, found: &mut Column) -> Option<()> {
    let floor = word.start.saturating_sub(HEAD);
    let open = floor + memchr::memrchr3(b'(', b')', b'=', &text[floor..word.start])?;
    let close = word.end + memchr::memchr3(b'(', b')', b'=', &text[word.end..text.len().min(word.end + HEAD)])?;
    if text[open] != b'(' || text[close] != b')' || memchr::memchr(b';', &text[open..close]).is_some() {
        return None;
    }
    let cells = split(text, open + 1..close, b',');
    let number = cells.iter().position(|cell| cell.start <= word.start && word.end <= cell.end)?;
    let key = cells[number].clone();
    let after = close + 1 + white(&text[close + 1..]);
    let rest = &text[after..text.len().min(after + BYTES)];
    let says = |what: &[u8]| rest.get(..what.len()).is_some_and(|head| head.eq_ignore_ascii_case(what));
    let told = |value| Assignment { key: key.clone(), value, quoted: true, listed: false };
    if says(b"from stdin;") {
        let rows = rest.split_inclusive(|&b| b == b'\n').scan(after, |at, line| {
            let begin = *at;
            *at += line.len();
            found.read += line.len();
            Some(begin..begin + line.trim_ascii_end().len())
        });
        let values =
            rows.skip(1).take(ROWS).map(|line| split(text, line, b'\t')).take_while(|row| row.len() == cells.len());
        found.values = values.filter_map(|row| row.get(number).cloned()).map(told).collect();
        return Some(());
    }
    if !says(b"values") {
        return None;
    }
    let mut at = after + 6;
    let limit = after + rest.len();
    while found.values.len() < ROWS {
        at += text[at..limit].iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
        if text.get(at) != Some(&b'(') {
            break;
        }
        let end = limit.min(at + ROW);
        // A quote behind a backslash ends a text in standard SQL, and does not in MySQL's.
        let row = fields(text, at + 1, end, true).or_else(|| fields(text, at + 1, end, false));
        // Where it has no end, all was read, and twice.
        found.read += row.as_ref().map_or(2 * end - at, |(_, end)| *end) - at;
        let (fields, end) = row?;
        at = end;
        let Some(field) = fields.get(number).filter(|_| fields.len() == cells.len()) else { continue };
        found.values.extend(literal(text, field.clone()).map(told));
    }
    Some(())
}

/// The fields of a row up to its bracket, and the place behind that; commas in quotes and in calls part none.
fn fields(text: &[u8], start: usize, limit: usize, escapes: bool) -> Option<(Vec<Range<usize>>, usize)> {
    let mut all = Vec::new();
    let (mut begin, mut depth, mut quoted) = (start, 0, false);
    for at in start..limit {
        match text[at] {
            b'\'' if !escapes || text[at - 1] != b'\\' => quoted = !quoted,
            _ if quoted => {}
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b')' => {
                all.push(begin..at);
                return Some((all, at + 1));
            }
            b',' if depth == 0 => {
                all.push(begin..at);
                begin = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// What stands in the quotes of a field, also inside of a call that hashes it: `MD5('…')`.
fn literal(text: &[u8], field: Range<usize>) -> Option<Range<usize>> {
    let open = field.start + text[field.clone()].iter().position(|&b| b == b'\'')? + 1;
    let mut end = open;
    // A quote inside is written twice, or behind a backslash.
    while *text[..field.end].get(end)? != b'\'' || text[..field.end].get(end + 1) == Some(&b'\'') {
        end += if matches!(text[end], b'\'' | b'\\') { 2 } else { 1 };
    }
    (end > open).then_some(open..end)
}

/// The cells of a line, without blanks and quotes.
fn split(text: &[u8], line: Range<usize>, sign: u8) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut begin = line.start;
    let mut quoted = false;
    let closed = memchr::memchr_iter(b'"', &text[line.clone()]).count().is_multiple_of(2);
    let quotes = closed && !matches!(sign, b'|' | b'\t');
    for at in line.start..=line.end {
        // In a cell of CSV that begins with a quote the sign parts none; a quote inside is written twice.
        quoted ^= quotes && at < line.end && text[at] == b'"' && (quoted || at == begin);
        if at == line.end || text[at] == sign && !quoted {
            let cell = &text[begin..at];
            let mark = |b: &u8| matches!(b, b' ' | b'\r' | b'"' | b'`' | b'\'' | b'*');
            let lead = cell.iter().take_while(|b| mark(b)).count();
            let trail = cell[lead..].iter().rev().take_while(|b| mark(b)).count();
            all.push(begin + lead..at - trail);
            begin = at + 1;
        }
    }
    all
}

/// Whether a cell may be the name of a column; the name of a file is none, nor is a number.
fn is_name(cell: &[u8]) -> bool {
    let ending = cell.iter().rposition(|&b| b == b'.').map(|dot| &cell[dot + 1..]);
    let file = ending.is_some_and(|ending| ending.len() < 4 || FILES.contains(&ending));
    let number = !cell.is_empty() && cell.iter().all(u8::is_ascii_digit);
    cell.len() <= 40 && !file && !number && cell.iter().all(|&b| name_byte(b))
}

/// Endings of files with four letters or more, as lists of changed files hold them.
const FILES: [&[u8]; 9] = [b"json", b"yaml", b"html", b"java", b"toml", b"conf", b"scss", b"lock", b"properties"];

fn name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b" _-()#.".contains(&b) || b >= 0x80
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..text.len().min(at + 2 * HEAD)])
        .map_or(text.len().min(at + 2 * HEAD), |length| at + length)
}

fn white(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let at = text.find("password").expect("the word stands there");
        column(text.as_bytes(), &(at..at + 8), &mut Seen::default())
            .values
            .into_iter()
            .map(|own| &text[own.value])
            .collect()
    }

    #[test]
    fn values_below_their_names() {
        assert_eq!(found("name,url,password\nnas,https://x,v1\nweb,https://y,\"v2\"\n"), ["v1", "v2"]);
        assert_eq!(found("| host | password |\n|---|---|\n| a | `v1` |\n| b | v2 |\n\ntext"), ["v1", "v2"]);
        assert_eq!(found("user\tpassword\nanna\tv1\n"), ["v1"]);
        assert_eq!(found("name,password\na,\nb,v1\n"), ["v1"]);
        let long = format!("name,password\n{}b,last\n", "a,v1\n".repeat(5000));
        assert_eq!(found(&long).last(), Some(&"last"), "a row far below");
        assert_eq!(found("insert into t (id, password) values (1, 'v1'), (2, MD5('v,2'));"), ["v1", "v,2"]);
        assert_eq!(
            found("insert into t (\n  id,\n  password\n)\nvalues\n  (1, 'v''1'),\n  (2, 'v2');"),
            ["v''1", "v2"]
        );
        assert_eq!(found("name,note,password\na,\"5\" x 4\",v1\nb,\"5,v2\nc,z,v3\n"), ["v1", "v2", "v3"]);
        assert_eq!(found("user.login,user.password\nanna,v1\n"), ["v1"]);
        assert_eq!(found("Users,,\nid,login,password\n1,anna,v1\n"), ["v1"]);
        assert_eq!(found("insert into t (path, password) values ('C:\\', 'v1');"), ["v1"]);
        assert_eq!(found("| password | k3v9w2x1 | production |\n"), ["k3v9w2x1"]);
        assert_eq!(found("name,note,password\na,\"x, y\",v1\nb,z,\"v,2\"\n"), ["v1", "v,2"]);
        assert_eq!(found("| Key | Value |\n|---|---|\n| user | me |\n| password | `v1` |"), ["v1"]);
        assert_eq!(found("COPY t (id, password, x) FROM stdin;\n1\tv1\ty\n2\tv2\ty\n\\.\n"), ["v1", "v2"]);
    }

    #[test]
    fn a_list_of_texts_is_not_read_for_each_of_its_lines() {
        let text = "label,a password x,b\n".repeat(20_000).into_bytes();
        let (mut seen, mut read) = (Seen::default(), 0);
        for at in (0..text.len() - 21).step_by(21) {
            let word = at + 8..at + 16;
            assert_eq!(text[word.clone()], *b"password");
            read += column(&text, &word, &mut seen).read;
        }
        assert!(read < 4 * text.len(), "{read} bytes of {}", text.len());
    }

    #[test]
    fn prose_and_code_are_no_tables() {
        for text in [
            "the name, the password, or both\nmust, be, given\n",
            "f(user, password)\nthen, more\n",
            "M\tsrc/password-file.c\nM\tsrc/other-file.c\n",
            "password\nv1\n",
            "one title,1\na free password manager,2\nbmw k1100lt,1\n",
            "a = {user, password}\nb, c\n",
            "| password | the one you chose |\n| user | your name |\n",
            "| user | string | yes |\n| password | string | yes |\n",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
