//! The configuration of gitleaks, and what betterleaks adds to it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::pattern::{Pattern, from_go};
use super::tree::{Field, Node, toml};
use super::{Entry, Wish, paths, shown};
use crate::level::{Confidence, Severity};
use crate::rules::Rule;
use crate::rules::syntax::RuleSource;

/// What the ids of imported rules begin with.
pub const PREFIX: &str = "imported-";

const UNKNOWN: &str = "leakwarden does not know this field";
const EXPRESSION: &str = "an expression of betterleaks; leakwarden has none, and finds what it would drop";
const COMMITS: &str = "leakwarden looks at what is new, not at single commits of the past";
const VALUES: &str = "leakwarden excepts findings, rules and paths, not values that match a pattern";

/// Bytes of a pattern of a repository's rule; `policy::check` asks for no more.
const LONGEST_PATTERN: usize = 2_000;

/// Reads a configuration.
///
/// # Errors
/// Where it is no TOML, or a field does not hold what it should; names line and field.
pub fn read(text: &str) -> Result<Vec<Entry>> {
    let root = toml(text)?;
    let fields = root.fields("")?;
    let mut reader = Reader::default();
    // Allowlists name rules, so rules come first.
    for field in fields.iter().filter(|field| field.name == "rules") {
        for node in field.list()? {
            reader.rule(node)?;
        }
    }
    for field in fields {
        match field.name.as_str() {
            "rules" | "title" | "description" | "minversion" | "betterleaksminversion" => {}
            "extend" => reader.extend(&field)?,
            "allowlist" => reader.allowlist(&field, field.node, &[])?,
            "allowlists" => {
                for node in field.list()? {
                    reader.allowlist(&field, node, &[])?;
                }
            }
            "prefilter" | "filter" => reader.not(field.line, &field.path, EXPRESSION),
            _ => reader.not(field.line, &field.path, UNKNOWN),
        }
    }
    Ok(reader.entries)
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    /// Rules that were carried over: their ids and ours.
    carried: BTreeMap<String, String>,
}

/// What makes a rule.
#[derive(Default)]
struct Parts<'a> {
    id: &'a str,
    description: &'a str,
    regex: Option<Field<'a>>,
    keywords: Vec<String>,
    entropy: Option<Field<'a>>,
    group: usize,
    /// Why it cannot be carried over, whatever else it says.
    refusal: Option<&'static str>,
}

impl Reader {
    fn not(&mut self, line: usize, field: &str, why: &str) {
        self.entries.push(Entry::not(line, field, why));
    }

    fn rule(&mut self, node: &Node) -> Result<()> {
        let fields = node.fields("rules")?;
        let line = fields.first().map_or(node.line, |field| field.line.min(node.line));
        let id = fields.iter().find(|field| field.name == "id");
        let path = format!("rules.{}", shown(id.map(Field::text).transpose()?.unwrap_or_default()));
        let fields = node.fields(&path)?;
        let mut parts = Parts::default();
        let mut losses = Vec::new();
        let mut allowlists = Vec::new();
        for field in &fields {
            match field.name.as_str() {
                "id" => parts.id = field.text()?,
                "description" => parts.description = field.text()?,
                "regex" if !field.text()?.is_empty() => parts.regex = Some(field.clone()),
                "keywords" => parts.keywords = field.texts()?.into_iter().map(|(_, text)| text.to_owned()).collect(),
                "entropy" => parts.entropy = (number(field)? != 0.0).then(|| field.clone()),
                "secretgroup" => parts.group = group(field)?,
                "path" if !field.text()?.is_empty() => {
                    parts.refusal = Some("it is for some paths only, which no rule of leakwarden is");
                }
                "required" | "components" => {
                    parts.refusal = Some("it counts only beside another finding, which no rule of leakwarden does");
                }
                "skipreport" if field.text()? == "true" => parts.refusal = Some("it reports nothing by itself"),
                "allowlist" => allowlists.push((field, field.node)),
                "allowlists" => allowlists.extend(field.list()?.iter().map(|node| (field, node))),
                "filter" if simple_entropy(field.text()?).is_some() => parts.entropy = Some(field.clone()),
                "filter" => losses.push((field, EXPRESSION)),
                "tokenefficiency" if field.text()? != "true" => {}
                "tokenefficiency" => {
                    losses
                        .push((field, "a measure of betterleaks'; leakwarden drops what looks like words by its own"));
                }
                "validate" | "analyze" | "revoke" => losses.push((field, "leakwarden never asks a network")),
                "regex" | "path" | "tags" | "skipreport" | "confidence" | "severity" => {}
                _ => losses.push((field, UNKNOWN)),
            }
        }
        let made = match parts.refusal {
            Some(why) => Err(why),
            None => source(&parts),
        };
        match made {
            Err(why) => self.not(line, &path, why),
            Ok((source, entropy_lost)) => {
                if let Some(field) = parts.entropy.filter(|_| entropy_lost) {
                    let why = "measured with the keyword there and without it here: left out, so the rule finds more";
                    losses.push((fields.iter().find(|own| own.path == field.path).unwrap_or(&fields[0]), why));
                }
                self.carried.insert(parts.id.to_owned(), source.id.clone());
                let ids = [source.id.clone()];
                self.entries.push(Entry { line, field: path.clone(), wish: Wish::Rule(Box::new(source)) });
                for (field, why) in losses {
                    self.not(field.line, &field.path, why);
                }
                for (field, node) in allowlists {
                    self.allowlist(field, node, &ids)?;
                }
            }
        }
        Ok(())
    }

    /// An allowlist; `rules` are those it belongs to.
    fn allowlist(&mut self, field: &Field<'_>, node: &Node, rules: &[String]) -> Result<()> {
        let fields = node.fields(&field.path)?;
        let text = |name: &str| fields.iter().find(|own| own.name == name).map(Field::text).transpose();
        let both = text("condition")?.is_some_and(|word| matches!(word.to_ascii_uppercase().as_str(), "AND" | "&&"));
        let kinds = ["paths", "regexes", "stopwords", "commits", "resources"];
        let given = fields.iter().filter(|own| kinds.contains(&own.name.as_str())).count();
        let mut rules = rules.to_vec();
        for field in fields.iter().filter(|own| own.name == "targetrules") {
            for (line, id) in field.texts()? {
                match self.carried.get(id) {
                    Some(own) => rules.push(own.clone()),
                    None => self.not(line, &field.path, "it is for a rule that was not carried over"),
                }
            }
            if rules.is_empty() && !field.list()?.is_empty() {
                return Ok(());
            }
        }
        for own in &fields {
            match own.name.as_str() {
                "description" | "condition" | "regextarget" | "targetrules" => {}
                _ if both && given > 1 => {
                    self.not(
                        own.line,
                        &own.path,
                        "its conditions hold only together, and no exception has such a condition",
                    );
                }
                "paths" => {
                    for (line, pattern) in own.texts()? {
                        let wish = match paths::globs(pattern) {
                            Ok(paths) => Wish::Wide { rules: rules.clone(), paths },
                            Err(why) => Wish::Not(why.to_owned()),
                        };
                        self.entries.push(Entry { line, field: own.path.clone(), wish });
                    }
                }
                "regexes" | "stopwords" => {
                    for (line, _) in own.texts()? {
                        self.not(line, &own.path, VALUES);
                    }
                }
                "commits" => self.not(own.line, &own.path, COMMITS),
                _ => self.not(own.line, &own.path, UNKNOWN),
            }
        }
        Ok(())
    }

    fn extend(&mut self, field: &Field<'_>) -> Result<()> {
        for own in field.node.fields(&field.path)? {
            match own.name.as_str() {
                "usedefault" => {
                    let why = "leakwarden's own rules stand in for the default ones";
                    self.entries.push(Entry::nothing(own.line, &own.path, why));
                }
                "disabledrules" => {
                    for (line, _) in own.texts()? {
                        let why = "which rules of leakwarden's find the same is not known for sure; \
                                   write an `[[exception]]` with `rules`";
                        self.not(line, &own.path, why);
                    }
                }
                "path" => self.not(own.line, &own.path, "that file is not read; name it: `leakwarden import FILE`"),
                "url" => self.not(own.line, &own.path, "leakwarden never asks a network"),
                _ => self.not(own.line, &own.path, UNKNOWN),
            }
        }
        Ok(())
    }
}

/// The rule, and whether its entropy had to be left out.
fn source(parts: &Parts<'_>) -> Result<(RuleSource, bool), &'static str> {
    let Some(regex) = &parts.regex else { return Err("it has no regular expression of its own") };
    let text = regex.node.text().unwrap_or_default();
    let Pattern { text, keywords, lookback, keyword_in_secret } = from_go(text, parts.group, &parts.keywords)?;
    if text.len() > LONGEST_PATTERN {
        return Err("its regular expression is longer than a repository's rule may have it");
    }
    let id = id(parts.id).ok_or("its id cannot be made one of leakwarden's: letters, digits and dashes, at most 64")?;
    let entropy = parts.entropy.as_ref().and_then(|field| {
        let text = field.node.text()?;
        text.parse().ok().or_else(|| simple_entropy(text))
    });
    let name = if parts.description.trim().is_empty() { parts.id } else { parts.description.trim() };
    let source = RuleSource {
        id,
        provider: "Imported".to_owned(),
        name: crate::finding::escape(name.as_bytes()),
        severity: Severity::High,
        confidence: Confidence::Likely,
        keywords,
        keys: Vec::new(),
        context: Vec::new(),
        files: Vec::new(),
        except: Vec::new(),
        pattern: text,
        lookback,
        window: None,
        least: 0,
        requires: None,
        // gitleaks asks nothing of what stands around a match.
        embedded: true,
        entropy: entropy.filter(|_| !keyword_in_secret),
        checksum: None,
        structure: None,
        // What such a rule finds may have been chosen by a person.
        hide: true,
        pair: Vec::new(),
        pair_severity: None,
        rotate: None,
        source: None,
        examples: Vec::new(),
        negative_examples: Vec::new(),
    };
    match Rule::check(&source).and_then(|()| Rule::new(source.clone())) {
        Ok(_) => Ok((super::example::with(source), entropy.is_some() && keyword_in_secret)),
        Err(_) => Err("its regular expression is not one that leakwarden can compile"),
    }
}

fn id(theirs: &str) -> Option<String> {
    let same = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() || c == '-' => Some(c),
        '_' | '.' | ' ' | '/' => Some('-'),
        _ => None,
    };
    let own: String = theirs.chars().map(same).collect::<Option<_>>()?;
    (!own.is_empty() && own.len() + PREFIX.len() <= 64).then(|| format!("{PREFIX}{own}"))
}

fn number(field: &Field<'_>) -> Result<f32> {
    field
        .text()?
        .parse()
        .ok()
        .with_context(|| format!("line {}, `{}`: this should be a number", field.line, field.path))
}

fn group(field: &Field<'_>) -> Result<usize> {
    field
        .text()?
        .parse()
        .ok()
        .with_context(|| format!("line {}, `{}`: this should be a number", field.line, field.path))
}

/// The number in betterleaks' `entropy(finding.secret) <= 3.5`, in its spellings, where that is all.
fn simple_entropy(expression: &str) -> Option<f32> {
    let text: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.strip_prefix("filter.").unwrap_or(&text);
    let rest = text.strip_prefix("entropy(finding")?;
    let rest = [".secret)<=", "[\"secret\"])<="].iter().find_map(|start| rest.strip_prefix(start))?;
    rest.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(usize, String, bool)> {
        let kept = |wish: &Wish| matches!(wish, Wish::Rule(_) | Wish::Wide { .. });
        read(text).expect("valid").into_iter().map(|e| (e.line, e.field, kept(&e.wish))).collect()
    }

    fn rule(text: &str) -> RuleSource {
        let rule = |entry: Entry| if let Wish::Rule(rule) = entry.wish { Some(*rule) } else { None };
        read(text).expect("valid").into_iter().find_map(rule).expect("a rule")
    }

    #[test]
    fn a_rule_becomes_a_rule() {
        let own = rule(
            "[[rules]]\nid = \"Acme_Key\"\ndescription = \"Acme's key\"\nregex = '''acme = \"([a-f0-9]{32})\"'''\n\
             keywords = [\"acme\"]\nentropy = 3.1\nsecretGroup = 1\ntags = [\"x\"]\n",
        );
        assert_eq!((own.id.as_str(), own.name.as_str()), ("imported-acme-key", "Acme's key"));
        assert_eq!(own.pattern, "acme = \"(?P<secret>[a-f0-9]{32})\"");
        assert_eq!((own.keywords, own.entropy), (vec!["acme = \"".to_owned()], Some(3.1)));
    }

    #[test]
    fn what_is_lost_is_said_by_line_and_field() {
        let text = "[extend]\nuseDefault = true\ndisabledRules = [\"a\",\n \"b\"]\n[[rules]]\nid = \"a-b\"\n\
                    regex = 'acme_([a-f0-9]{32})'\nvalidate = 'x'\nfuture = 1\n[[rules.allowlists]]\n\
                    regexes = ['a']\npaths = ['^docs/']\n[[rules]]\nid = \"c\"\npath = '\\.p12$'\n";
        let expected = [
            (5, "rules.a-b", true),
            (8, "rules.a-b.validate", false),
            (9, "rules.a-b.future", false),
            (11, "rules.a-b.allowlists.regexes", false),
            (12, "rules.a-b.allowlists.paths", true),
            (13, "rules.c", false),
            (2, "extend.useDefault", false),
            (3, "extend.disabledRules", false),
            (4, "extend.disabledRules", false),
        ];
        let expected: Vec<(usize, String, bool)> = expected.iter().map(|(l, f, k)| (*l, (*f).to_owned(), *k)).collect();
        assert_eq!(said(text), expected);
    }

    #[test]
    fn allowlists_are_for_all_rules_or_for_some() {
        let text = "[[rules]]\nid = \"a-b\"\nregex = 'acme_([a-f0-9]{32})'\n[[allowlists]]\ntargetRules = [\"a-b\", \"no\"]\n\
                    paths = ['^docs/', '[0-9]+']\n[[allowlists]]\ncondition = \"AND\"\npaths = ['^x/']\nstopwords = ['y']\n";
        let entries = read(text).expect("valid");
        let wide = entries.iter().find_map(|e| match &e.wish {
            Wish::Wide { rules, paths } => Some((e.line, rules.clone(), paths.clone())),
            _ => None,
        });
        assert_eq!(wide, Some((6, vec!["imported-a-b".to_owned()], vec!["docs/**".to_owned()])));
        assert_eq!(entries.iter().filter(|e| matches!(e.wish, Wish::Not(_))).count(), 4);
    }

    #[test]
    fn entropy_with_the_keyword_in_the_secret_is_said() {
        let text =
            "[[rules]]\nid = \"a-b\"\nregex = 'acme_[a-f0-9]{32}'\nfilter = 'entropy(finding[\"secret\"]) <= 3.0'\n";
        assert_eq!(rule(text).entropy, None);
        assert_eq!(said(text)[1], (4, "rules.a-b.filter".to_owned(), false));
    }

    #[test]
    fn mistakes_name_line_and_field() {
        for (text, expected) in [
            ("[[rules]]\nid = 5\nregex = [1]\n", "line 3, `rules.5.regex`"),
            ("[[rules]]\nid = \"a\"\nentropy = \"many\"\n", "line 3, `rules.a.entropy`"),
            ("rules = 3\n", "line 1, `rules`"),
            ("[allowlist\n", "line 1"),
        ] {
            let error = format!("{:#}", read(text).expect_err(text));
            assert!(error.contains(expected) && !error.contains("many"), "{error}");
        }
    }
}
