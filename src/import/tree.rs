//! TOML, YAML and JSON as one kind of tree, which knows its lines. Errors name line and field, and
//! show no value.

use anyhow::{Context, Result, anyhow, bail, ensure};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use toml::de::{DeTable, DeValue};

use super::shown;

/// A node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its line, counted from 1.
    pub line: usize,
    /// What it holds.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum Value {
    /// A scalar, and whether it stands for nothing.
    Text(String, bool),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping: key, its line, value.
    Map(Vec<(String, usize, Node)>),
}

/// Levels of nesting.
const DEEPEST: usize = 20;

/// A field of a mapping.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// Its name in lower case: viper, which reads gitleaks' files, does not tell the cases apart.
    pub name: String,
    /// Its name, after those of the fields around it, as it may be shown.
    pub path: String,
    /// The line of its name.
    pub line: usize,
    /// Its value.
    pub node: &'a Node,
}

impl Node {
    /// Its text, if it is a scalar and not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text, false) => Some(text),
            _ => None,
        }
    }

    /// Its nodes, if it is a list; none for null.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(nodes) => Some(nodes),
            Value::Text(_, true) => Some(&[]),
            _ => None,
        }
    }

    /// Its pairs, if it is a mapping; none for null.
    pub fn map(&self) -> Option<&[(String, usize, Node)]> {
        match &self.value {
            Value::Map(pairs) => Some(pairs),
            Value::Text(_, true) => Some(&[]),
            _ => None,
        }
    }

    /// Its fields, in the order of their lines; `path` is its own name.
    ///
    /// # Errors
    /// Where it is no mapping.
    pub fn fields(&self, path: &str) -> Result<Vec<Field<'_>>> {
        let pairs = self.map().with_context(|| format!("line {}, `{path}`: this should be a table", self.line))?;
        let dot = if path.is_empty() { "" } else { "." };
        let mut all = Vec::with_capacity(pairs.len());
        for (name, line, node) in pairs {
            let path = format!("{path}{dot}{}", shown(name));
            all.push(Field { name: name.to_ascii_lowercase(), path, line: *line, node });
        }
        all.sort_by_key(|field| field.line);
        Ok(all)
    }
}

impl Field<'_> {
    /// Its text.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(&self) -> Result<&str> {
        self.node.text().with_context(|| format!("line {}, `{}`: this should be a text", self.line, self.path))
    }

    /// Its list.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn list(&self) -> Result<&[Node]> {
        self.node.list().with_context(|| format!("line {}, `{}`: this should be a list", self.line, self.path))
    }

    /// The texts of its list, each with its line.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn texts(&self) -> Result<Vec<(usize, &str)>> {
        let text = |node: &'_ Node| node.text().is_some();
        let all = self.list()?;
        let right = all.iter().all(text);
        ensure!(right, "line {}, `{}`: this should be a list of texts", self.line, self.path);
        Ok(all.iter().filter_map(|node| Some((node.line, node.text()?))).collect())
    }
}

/// Reads TOML.
///
/// # Errors
/// Names line and mistake.
pub fn toml(text: &str) -> Result<Node> {
    // This reader's errors name the line and show nothing of it.
    crate::document::parse::<toml::Table>(text)?;
    let root = DeTable::parse(text).ok().context("this is no valid TOML")?;
    Ok(of_table(text, root.get_ref(), 1))
}

fn of_table(text: &str, table: &DeTable<'_>, line: usize) -> Node {
    let pair = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &toml::Spanned<std::borrow::Cow<'_, str>> = key;
        let at = line_of(text, key.span().start);
        (key.get_ref().clone().into_owned(), at, of_value(text, value))
    };
    Node { line, value: Value::Map(table.iter().map(pair).collect()) }
}

fn of_value(text: &str, value: &toml::Spanned<DeValue<'_>>) -> Node {
    let line = line_of(text, value.span().start);
    let value = match value.get_ref() {
        DeValue::String(own) => Value::Text(own.clone().into_owned(), false),
        DeValue::Integer(own) => Value::Text(own.to_string(), false),
        DeValue::Float(own) => Value::Text(own.to_string(), false),
        DeValue::Boolean(own) => Value::Text(own.to_string(), false),
        DeValue::Datetime(own) => Value::Text(own.to_string(), false),
        DeValue::Array(own) => Value::List(own.iter().map(|item| of_value(text, item)).collect()),
        DeValue::Table(own) => return of_table(text, own, line),
    };
    Node { line, value }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}

/// Reads the one document of a YAML text (JSON is YAML too); `None` where it is empty.
///
/// # Errors
/// Names the line. Anchors, aliases, tags and more than one document are not read.
pub fn yaml(text: &str) -> Result<Option<Node>> {
    let mut events = Parser::new_from_str(text);
    let mut root = None;
    loop {
        let (event, span) = next(&mut events)?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => return Ok(root),
            event => {
                ensure!(root.is_none(), "line {}: a second document begins", span.start.line());
                root = Some(node(event, span, &mut events, 0)?);
            }
        }
    }
}

fn next<'a>(events: &mut Parser<'a, saphyr_parser::StrInput<'a>>) -> Result<(Event<'a>, Span)> {
    match events.next() {
        Some(Ok(event)) => Ok(event),
        // The parser's own words may quote the text.
        Some(Err(error)) => Err(anyhow!("line {}: this is no valid YAML", error.marker().line())),
        None => Err(anyhow!("the YAML ends too early")),
    }
}

fn node<'a>(
    event: Event<'a>,
    span: Span,
    events: &mut Parser<'a, saphyr_parser::StrInput<'a>>,
    depth: usize,
) -> Result<Node> {
    let line = span.start.line();
    ensure!(depth <= DEEPEST, "line {line}: nested too deeply");
    let plain = |anchor: usize, tagged: bool| -> Result<()> {
        ensure!(anchor == 0 && !tagged, "line {line}: anchors and tags are not read");
        Ok(())
    };
    let value = match event {
        Event::Scalar(text, style, anchor, tag) => {
            plain(anchor, tag.is_some())?;
            let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
            Value::Text(text.into_owned(), null)
        }
        Event::SequenceStart(anchor, tag) => {
            plain(anchor, tag.is_some())?;
            let mut nodes = Vec::new();
            loop {
                match next(events)? {
                    (Event::SequenceEnd, _) => break Value::List(nodes),
                    (event, span) => nodes.push(node(event, span, events, depth + 1)?),
                }
            }
        }
        Event::MappingStart(anchor, tag) => {
            plain(anchor, tag.is_some())?;
            let mut pairs: Vec<(String, usize, Node)> = Vec::new();
            loop {
                let (event, span) = next(events)?;
                if event == Event::MappingEnd {
                    break Value::Map(pairs);
                }
                let key = node(event, span, events, depth + 1)?;
                let Some(name) = key.text().map(str::to_owned) else { bail!("line {}: a key is no text", key.line) };
                let twice = pairs.iter().any(|(other, ..)| *other == name);
                ensure!(!twice, "line {}: a key stands twice", key.line);
                let (event, span) = next(events)?;
                pairs.push((name, key.line, node(event, span, events, depth + 1)?));
            }
        }
        Event::Alias(_) => bail!("line {line}: aliases are not read"),
        _ => bail!("line {line}: this is no valid YAML"),
    };
    Ok(Node { line, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_known_and_mistakes_named() {
        let root = yaml("a:\n- b: c\n  d: [1, '~']\ne:\n").expect("valid").expect("not empty");
        let pairs = root.map().expect("a mapping");
        let first = &pairs[0].2.list().expect("a list")[0];
        assert_eq!(first.map().expect("a mapping")[1].1, 3);
        assert_eq!(first.map().expect("a mapping")[1].2.list().expect("a list")[1].text(), Some("~"));
        assert!(pairs[1].2.list().is_some_and(<[Node]>::is_empty));
        assert!(yaml("# nothing\n").expect("valid").is_none_or(|node| node.text().is_none()));
        for wrong in ["a: [b", "a: &x b\nc: *x", "a: 1\na: 2", "a: !t b", "---\na: 1\n---\nb: 2\n"] {
            let error = yaml(wrong).expect_err(wrong).to_string();
            assert!(error.contains("line"), "{wrong}: {error}");
        }
    }
}
