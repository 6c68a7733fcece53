//! Outlines: patterns without the bounds of what they repeat. An outline matches wherever its pattern does, and
//! more; it is a fifth of the work to compile, since a regular expression copies what it repeats. Most words at
//! which a pattern is asked lead to nothing, and the outline says so.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::print::Printer;
use regex_syntax::ast::{Ast, Flags, GroupKind, RepetitionKind, RepetitionRange};

/// The most copies that an outline asks for.
const COPIES: u32 = 8;

/// The outline of a pattern, where it has one that differs.
pub fn outline(pattern: &str) -> Option<String> {
    let mut ast = Parser::new().parse(pattern).ok()?;
    widen(&mut ast);
    let mut text = String::new();
    Printer::new().print(&ast, &mut text).ok()?;
    (text.len() < pattern.len()).then_some(text)
}

fn widen(ast: &mut Ast) {
    match ast {
        Ast::Repetition(own) => {
            if let RepetitionKind::Range(range) = &mut own.op.kind {
                let (least, most) = match range {
                    RepetitionRange::Exactly(count) => (*count, *count),
                    RepetitionRange::AtLeast(least) => (*least, u32::MAX),
                    RepetitionRange::Bounded(least, most) => (*least, *most),
                };
                if most > COPIES {
                    *range = RepetitionRange::AtLeast(least.min(COPIES));
                }
            }
            widen(&mut own.ast);
        }
        Ast::Group(own) => {
            if !matches!(own.kind, GroupKind::NonCapturing(_)) {
                own.kind = GroupKind::NonCapturing(Flags { span: own.span, items: Vec::new() });
            }
            widen(&mut own.ast);
        }
        Ast::Alternation(all) => all.asts.iter_mut().for_each(widen),
        Ast::Concat(all) => all.asts.iter_mut().for_each(widen),
        _ => {}
    }
}
