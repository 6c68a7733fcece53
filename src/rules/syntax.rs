//! The rule file syntax: what a person writes in TOML, before it becomes a checked
//! [`Rule`](super::Rule).
//!
//! One file holds a list of `[[rule]]` tables. The same types are read by the build script, which
//! compiles the built-in files into the binary, and at run time for a person's own rules, so both
//! obey one grammar. The syntax is described for authors in `docs/rule-syntax.md`.

use serde::{Deserialize, Serialize};

use crate::level::{Confidence, Severity};

/// A rule file: `[[rule]]` tables in the order in which they stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Version of the syntax: 1, which a file need not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The rules of the file.
    #[serde(default, rename = "rule")]
    pub rules: Vec<RuleSource>,
}

/// A checksum that the issuer builds into the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// GitHub and npm: the last 6 characters are the base-62 CRC32 of the 30 before them.
    Crc32Base62,
    /// GitLab routable tokens: the last 7 are the base-36 CRC32 of everything before, prefix included.
    GitlabRoutable,
    /// Azure and NuGet identifiable keys (HISv2): Marvin32 over the first 60 decoded bytes.
    AzureHisv2,
    /// Azure identifiable keys of 32 or 64 bytes: Marvin32 over all but the last 4 decoded bytes.
    AzureMarvin,
    /// Entra application client secrets: base-66 Marvin32 over the first 37 characters.
    AzureAad,
    /// Azure DevOps personal access tokens of 52 characters: CRC32 with scattered bytes.
    AzureDevops,
    /// Grafana service-account tokens: the last 8 are the hex CRC32 of the part before.
    Grafana,
    /// Confluent Cloud secrets: the last 6 are base64 of the CRC32 of what stands before.
    Confluent,
    /// NKEY seeds of NATS: base 32 that ends in the CRC16 of the bytes before.
    Nkey,
}

/// A structure that can be taken apart offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Structure {
    /// A private key in PEM armour; tells encrypted keys (severity low) from plain ones.
    Pem,
    /// A JSON Web Token whose header decodes to an object with `alg`.
    Jwt,
    /// An AWS access key id; decodes to a 12-digit account.
    AwsKeyId,
    /// A macaroon: base64 of one in version 1 (packets of text) or 2 (fields).
    Macaroon,
    /// Base64 that decodes to printable `user:password`.
    BasicAuth,
    /// Base64 that decodes to a JSON object.
    Base64Json,
    /// A password or key inside a URL; local hosts lower the severity.
    UrlPassword,
    /// A value assigned to a key that names a secret: must look like one, not like prose or code.
    Password,
    /// A password that its place on a command line shows to be one: weak ones count too.
    CommandPassword,
    /// A value of random characters: mixed classes, no words.
    Random,
    /// A value of random characters that only its key explains: the key's name is weighed too.
    Issued,
    /// The seed of one-time passwords: base 32 of at least 10 bytes.
    TotpSeed,
    /// The words of a wallet's seed: words, and none that such lists leave out.
    SeedWords,
    /// A list of one-time codes: at least 4 of one shape.
    RecoveryCodes,
    /// A password hash: salt and digest that somebody has computed, no sample of a manual.
    PasswordHash,
    /// A shared access signature of Azure: 32 bytes; one that expired long ago opens nothing.
    AzureSas,
    /// A private key in DER, as bytes or in base64, without armour.
    PrivateKeyDer,
    /// Base64 of a private key in PEM armour.
    Base64Pem,
    /// A JSON Web Key with its private member.
    Jwk,
}

/// One rule as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSource {
    /// `provider-thing` in lower case letters, digits and dashes; unique.
    pub id: String,
    /// Who issues the credential, as its owner would write it.
    pub provider: String,
    /// What the credential is, in a few words, without the provider.
    pub name: String,
    /// What it opens.
    pub severity: Severity,
    /// How sure a match is before any checksum or structure speaks.
    #[serde(default = "likely")]
    pub confidence: Confidence,
    /// Literals of which one stands in every match, exactly as written. At least 3 bytes each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Key names (any case; a space stands for nothing, `_`, `-` or `.`): the pattern must match
    /// the whole value that is assigned to a key whose name contains one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Words (any case, spaces as in `keys`) that stand on the line or up to two lines before a
    /// value; the value must be assigned to a key that names a secret or one of these words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// File names (any case; one leading or trailing `*` stands for anything) that are a finding by
    /// themselves when such a file is added. Folders before the name (`config/credentials/*.key`) must
    /// be those in which it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// With `files`: names that are none after all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// The shape, as a regular expression over bytes. A group named `secret` marks the part that is
    /// secret; without one the whole match is. Not needed for `files`.
    #[serde(default)]
    pub pattern: String,
    /// Bytes before the keyword at which a match may begin (0: the keyword begins the match).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lookback: usize,
    /// Bytes after the keyword that a match may reach; needed only where the pattern has no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Least length of the word (no blank or quote in it) that begins at the keyword, or of the value
    /// assigned to the key: asked before the pattern is compiled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub least: usize,
    /// A text that must stand in that word or value: asked before the pattern is compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
    /// May the match touch other token characters? Default: it must stand free on both sides.
    #[serde(default, skip_serializing_if = "is_false")]
    pub embedded: bool,
    /// Least Shannon entropy of the secret, in bits per character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f32>,
    /// Offline checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Offline structure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// Print nothing of the secret, not even its prefix.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hide: bool,
    /// Rules of the ids that belong to this secret: one of them near it becomes a part of this finding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pair: Vec<String>,
    /// What the secret opens together with its id, where that is more than by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_severity: Option<Severity>,
    /// Where the owner replaces the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<String>,
    /// Where the format is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Templates that must be found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Templates in which this rule must find nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negative_examples: Vec<String>,
}

fn likely() -> Confidence {
    Confidence::Likely
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(b: &bool) -> bool {
    !*b
}

/// Ends a word of `keys` that is looked for only at the end of a name, since it is a part of many others.
const SHORT: char = '~';

/// What may stand behind such a word: the end of the name and the begin of what assigns to it, or a number.
const ENDS: [&str; 20] =
    ["\"", "'", "`", "=", ":", ">", "[", "]", ")", ",", "\t", "  ", " =", " :", " <", " \"", " '", " as ", "1", "2"];

impl RuleSource {
    /// The literals that the prefilter looks for, and whether their case counts.
    ///
    /// `keywords` are taken as written; each word of `keys` and `context` stands for its spellings
    /// without separator and with `_`, `-`, `.` and a space between its parts, and one that ends in
    /// [`SHORT`] for itself with each of [`ENDS`] behind it.
    pub fn literals(&self) -> Vec<(String, bool)> {
        let mut all: Vec<(String, bool)> = self.keywords.iter().map(|k| (k.clone(), true)).collect();
        for word in self.keys.iter().chain(&self.context) {
            let word = word.to_ascii_lowercase();
            let parts = parts(&word);
            if let Some(short) = word.strip_suffix(SHORT) {
                all.extend(ENDS.iter().map(|end| (format!("{short}{end}"), false)));
            } else if parts.len() > 1 {
                all.extend(["", "_", "-", ".", " "].map(|separator| (parts.join(separator), false)));
            } else {
                all.push((word, false));
            }
        }
        for name in &self.files {
            // Of a name in folders these alone are looked for: its `*` stands amid the text.
            let literal = name.rfind('/').map_or(name.trim_matches('*'), |slash| &name[..=slash]);
            all.push((literal.to_ascii_lowercase(), false));
        }
        all
    }
}

/// The parts of a word: a blank between two letters or figures parts them, any other is meant as it stands.
fn parts(word: &str) -> Vec<&str> {
    let inside = |at: &usize| {
        let beside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        beside(word[..*at].chars().next_back()) && beside(word[at + 1..].chars().next())
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in word.match_indices(' ').filter(|(at, _)| inside(at)) {
        parts.push(&word[start..at]);
        start = at + 1;
    }
    parts.push(&word[start..]);
    parts
}
