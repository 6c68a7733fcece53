//! Compiles `src/rules/builtin/*.toml` into tables: the prefilter as plain numbers, the rules as
//! one JSON text each, so that a commit without candidates decodes nothing at all.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[path = "src/rules/chain.rs"]
#[expect(dead_code, reason = "the build script finds the chains, the library matches them")]
mod chain;
#[path = "src/level.rs"]
#[expect(dead_code, reason = "the build script reads levels, the library names them")]
mod level;
#[path = "src/rules/outline.rs"]
mod outline;
#[path = "src/rules/prefilter.rs"]
#[expect(dead_code, reason = "the build script builds the tables, the library searches them")]
mod prefilter;
#[path = "src/rules/syntax.rs"]
mod syntax;

use sha2::{Digest, Sha256};

#[derive(serde::Deserialize)]
struct Published {
    value: Vec<PublishedValue>,
}

#[derive(serde::Deserialize)]
struct PublishedValue {
    digest: String,
}

fn main() {
    let folder = Path::new("src/rules/builtin");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/level.rs");
    for name in ["builtin", "chain.rs", "grams.txt", "outline.rs", "prefilter.rs", "rarity.rs", "syntax.rs"] {
        println!("cargo::rerun-if-changed=src/rules/{name}");
    }
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the built-in rules are part of the source")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut rules: Vec<syntax::RuleSource> = Vec::new();
    let mut published = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable rule file");
        let shown = path.display();
        if path.file_name().is_some_and(|name| name == "published.toml") {
            let list: Published = toml::from_str(&text).unwrap_or_else(|e| panic!("{shown}: {e}"));
            published.extend(list.value.into_iter().map(|v| {
                u64::from_str_radix(&v.digest, 16).unwrap_or_else(|e| panic!("{shown}: digest `{}`: {e}", v.digest))
            }));
        } else {
            let file: syntax::RuleFile = toml::from_str(&text).unwrap_or_else(|e| panic!("{shown}: {e}"));
            rules.extend(file.rules);
        }
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let problems = problems(&rules);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    published.sort_unstable();
    let code = generate(&rules, &published);
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("builtin.rs"), code).expect("cargo's output folder is writable");
}

/// All that is wrong with the rules as a whole, each named.
fn problems(rules: &[syntax::RuleSource]) -> Vec<String> {
    let twice = rules.windows(2).filter(|pair| pair[0].id == pair[1].id);
    let mut all: Vec<String> = twice.map(|pair| format!("two rules are called `{}`", pair[0].id)).collect();
    for rule in rules {
        for id in rule.pair.iter().filter(|id| !rules.iter().any(|other| other.id == **id)) {
            all.push(format!("rule `{}`: `pair` names `{id}`, which is no rule", rule.id));
        }
        let literals = rule.literals();
        if literals.is_empty() {
            all.push(format!("rule `{}` has no keywords, keys, context or files", rule.id));
        }
        for (literal, _) in literals.iter().filter(|(l, _)| l.len() < prefilter::MIN_LITERAL) {
            all.push(format!("rule `{}`: the literal `{literal}` is too short", rule.id));
        }
    }
    all
}

/// How long the word that begins at a keyword, or the value assigned to a key, is at least where the
/// pattern matches: asked before the pattern is compiled.
fn shortest_value(rule: &syntax::RuleSource) -> usize {
    if !rule.keys.is_empty() {
        chain::shortest(&rule.pattern)
    } else if !rule.keywords.is_empty() && rule.lookback == 0 {
        chain::shortest_word(&rule.pattern)
    } else {
        0
    }
}

fn generate(rules: &[syntax::RuleSource], published: &[u64]) -> String {
    let mut text = String::new();
    let mut ends = Vec::new();
    let mut literals = Vec::new();
    let (mut sets, mut links, mut link_ends) = (Vec::new(), Vec::new(), Vec::new());
    let (mut longest, mut shortest) = (Vec::new(), Vec::new());
    let (mut outlines, mut outline_ends) = (String::new(), Vec::new());
    for (rule, number) in rules.iter().zip(0_u16..) {
        text.push_str(&serde_json::to_string(rule).expect("a rule is plain data"));
        ends.push(text.len());
        let bound = chain::longest(&rule.pattern);
        match chain::links(&rule.pattern, &mut sets) {
            Some(own) => links.extend(own),
            None => outlines.push_str(&outline::outline(&rule.pattern).unwrap_or_default()),
        }
        link_ends.push(links.len());
        outline_ends.push(outlines.len());
        longest.push(bound.unwrap_or(0));
        shortest.push(shortest_value(rule));
        literals.extend(rule.literals().into_iter().map(|(literal, exact)| (literal, exact, number)));
    }
    let rarity = prefilter::Rarity::counted(include_str!("src/rules/grams.txt"));
    let tables = prefilter::Prefilter::build(&literals, &rarity).unwrap_or_else(|e| panic!("{e}"));
    let mut digest = Sha256::new();
    digest.update(&text);
    for value in published {
        digest.update(value.to_be_bytes());
    }
    let digest: String = digest.finalize().iter().fold(String::new(), |mut s, b| {
        write!(s, "{b:02x}").expect("writing to a string");
        s
    });
    let mut code = String::new();
    let mut put = |name: &str, kind: &str, length: usize, values: String| {
        writeln!(code, "static {name}: [{kind}; {length}] = {values};").expect("writing to a string");
    };
    put("BITMAP", "u64", tables.bitmap.len(), format!("{:?}", tables.bitmap));
    put("BUCKETS", "u32", tables.buckets.len(), format!("{:?}", tables.buckets));
    put("ENTRIES", "u64", tables.entries.len(), format!("{:?}", tables.entries));
    put("LITERALS", "u64", tables.literals.len(), format!("{:?}", tables.literals));
    put("OWNERS", "u16", tables.owners.len(), format!("{:?}", tables.owners));
    put("TEXT", "u8", tables.text.len(), format!("{:?}", tables.text));
    put("SETS", "Set", sets.len(), format!("{sets:?}"));
    put("LINKS", "Link", links.len(), format!("{links:?}"));
    put("LINK_ENDS", "u32", link_ends.len(), format!("{link_ends:?}"));
    put("OUTLINE_ENDS", "u32", outline_ends.len(), format!("{outline_ends:?}"));
    put("LONGEST", "u32", longest.len(), format!("{longest:?}"));
    put("SHORTEST", "u32", shortest.len(), format!("{shortest:?}"));
    put("RULE_ENDS", "u32", ends.len(), format!("{ends:?}"));
    put("PUBLISHED", "u64", published.len(), format!("{published:?}"));
    writeln!(code, "static RULES: &str = {text:?};").expect("writing to a string");
    writeln!(code, "static OUTLINES: &str = {outlines:?};").expect("writing to a string");
    writeln!(code, "static DIGEST: &str = {digest:?};").expect("writing to a string");
    code
}
