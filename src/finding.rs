//! What leakwarden finds: a [`Finding`], the [`Secret`] in it, and how the secret may be shown.
//!
//! A secret is a type of its own so that it cannot be printed, logged or serialised by accident;
//! [`redact`] is the one function that makes showable text of it.

use std::fmt;
use std::ops::Range;

pub use crate::level::{Confidence, Severity};

/// The bytes of a credential. No `Display`, no `Serialize`; `Debug` hides them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps bytes that must not be shown.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Secret(bytes.into())
    }

    /// The bytes themselves. Every caller states beside the call why it needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where a finding stands. Lines and columns count from 1; columns count characters (a byte that
/// is not part of valid UTF-8 counts as one).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Path in the repository, or as given for files on disk; raw bytes.
    pub path: Vec<u8>,
    /// The part of the change that holds it.
    pub part: Part,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last character, on `end_line`.
    pub end_column: u32,
}

/// Which part of a change a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The content of a file.
    Content,
    /// The path of a file.
    Path,
    /// The target of a symbolic link.
    LinkTarget,
    /// The commit message.
    Message,
    /// The name of a branch or tag.
    RefName,
}

impl Part {
    /// The name used in messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Part::Content => "content",
            Part::Path => "path",
            Part::LinkTarget => "link-target",
            Part::Message => "message",
            Part::RefName => "ref-name",
        }
    }
}

/// One credential at one place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule's id, `provider-thing`.
    pub rule: String,
    /// Who issues the credential.
    pub provider: String,
    /// What it is, without the provider.
    pub name: String,
    /// What it opens.
    pub severity: Severity,
    /// How sure this is.
    pub confidence: Confidence,
    /// Where it stands.
    pub location: Location,
    /// The bytes it takes of the scanned text (decoded where the file is UTF-16 or UTF-32).
    pub span: Range<usize>,
    /// The credential.
    pub secret: Secret,
    /// What may be shown of it.
    pub redacted: String,
    /// Why it is believed, most telling first; no part of the secret.
    pub reasons: Vec<String>,
    /// Where the owner replaces it.
    pub rotate: Option<String>,
    /// A tag of the key it is assigned to ([`crate::fingerprint`]).
    pub key_tag: Option<u16>,
    /// Whether an issuer drew it at random, and how many of its first bytes are the same in all such
    /// credentials; `None` where a person may have chosen it.
    pub issued: Option<usize>,
    /// A remark in the source on its line that says it is no secret.
    pub marker: Option<Marker>,
    /// Of an id: the bytes that the secret beside it takes, whose finding tells of both.
    pub pair: Option<Range<usize>>,
}

/// A remark in the source that says of a line's findings that they are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Whose remark: `leakwarden`, or the name of another tool.
    pub tool: &'static str,
    /// The word after it, which should be a kind of exception; empty for other tools.
    pub kind: String,
    /// The rest of the line after the kind, with the ends of comments cut.
    pub reason: String,
    /// The bytes that the remark takes of the scanned text.
    pub span: Range<usize>,
}

impl Finding {
    /// Provider and kind in one phrase: `GitHub personal access token`.
    pub fn what(&self) -> String {
        phrase(&self.provider, &self.name)
    }
}

/// Who issues a credential and what it is, in one phrase.
pub fn phrase(provider: &str, name: &str) -> String {
    if name.starts_with(provider) || provider == "Generic" { name.to_owned() } else { format!("{provider} {name}") }
}

/// How much of a secret may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Nothing: passwords, private keys, and all that people choose themselves.
    Nothing,
    /// The first bytes, which the issuer fixes (`n` of them), and the last 4 characters where at
    /// least [`HIDDEN`] random ones stand before them.
    Prefix(usize),
}

/// The least number of random characters that stay hidden before the last 4 may be shown
/// (the design's number: 20 base-62 characters are 119 bits).
pub const HIDDEN: usize = 20;

/// The showable form of a secret: the only way in which any part of one is printed or stored.
///
/// Control characters and bytes outside ASCII never come through.
pub fn redact(secret: &[u8], show: Show) -> String {
    let printable = |bytes: &[u8]| -> Option<String> {
        bytes.iter().all(u8::is_ascii_graphic).then(|| bytes.iter().map(|&b| char::from(b)).collect())
    };
    let prefix = match show {
        Show::Nothing => return "[redacted]".to_owned(),
        Show::Prefix(n) => n.min(secret.len()),
    };
    let Some(head) = printable(&secret[..prefix]) else { return "[redacted]".to_owned() };
    let hidden = secret.len() - prefix;
    if hidden >= HIDDEN + 4
        && let Some(tail) = printable(&secret[secret.len() - 4..])
    {
        return format!("{head}********{tail}");
    }
    format!("{head}********")
}

/// Bytes as text for a terminal or a log: valid UTF-8 stays, control characters (C0, C1, DEL and
/// the Unicode marks that reorder or hide text) and invalid bytes become `\xNN` or `\u{N}`, and what a
/// CI service would take for a command in its log ([`harmless`]) loses its first character likewise.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_unsafe(character) {
                if u32::from(character) < 0x80 {
                    out.push_str(&format!("\\x{:02x}", u32::from(character)));
                } else {
                    out.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
                }
            } else {
                out.push(character);
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    harmless(out, "\\x23", "\\x3a")
}

/// Services take some texts in a job's log for commands: GitHub's runner a line that begins with `::`,
/// whatever blanks stand before it, and `##[` anywhere; Azure's `##vso[` anywhere.
fn harmless(mut text: String, hash: &str, colon: &str) -> String {
    for command in ["##[", "##vso["] {
        if text.contains(command) {
            text = text.replace(command, &format!("{hash}{}", &command[1..]));
        }
    }
    let start = text.len() - text.trim_start().len();
    if text[start..].starts_with("::") {
        text.replace_range(start..=start, colon);
    }
    text
}

/// JSON text with every character that may not reach a terminal written as `\uNNNN`: the same
/// document to a parser. (`serde_json` escapes C0 controls only.)
pub fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && is_unsafe(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    harmless(out, "\\u0023", ":")
}

/// A path for JSON: valid UTF-8 as it is, other bytes as `\xNN`.
pub fn lossy(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// Characters that may not reach a terminal as they are: controls, and the invisible and
/// direction-changing marks of Unicode (the "Trojan source" set).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redaction_shows_the_prefix_and_at_most_four_characters() {
        let token = format!("{}{}", "gh".to_owned() + "p_", "a1B2c3D4e5".repeat(4));
        assert_eq!(redact(token.as_bytes(), Show::Prefix(4)), "ghp_********d4e5".replace("d4", "D4"));
        assert_eq!(redact(b"pre-0123456789", Show::Prefix(4)), "pre-********");
        assert_eq!(redact(b"hunter2", Show::Nothing), "[redacted]");
        assert_eq!(redact(b"\x1b[2Jxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Show::Prefix(2)), "[redacted]");
    }

    #[test]
    fn a_secret_is_not_printed_by_debug() {
        assert_eq!(format!("{:?}", Secret::new(*b"hunter2")), "[redacted]");
    }

    #[test]
    fn controls_and_direction_marks_are_escaped() {
        assert_eq!(escape(b"a\x1b[31m\nb\xff"), "a\\x1b[31m\\x0ab\\xff");
        assert_eq!(escape("x\u{202e}y ü".as_bytes()), "x\\u{202e}y ü");
    }
}
