//! Values that say by their form that they are no secret: times, scopes, filters, options, labels.

use super::chance::random_bits;
use super::characters::contains;
use crate::rules::filters::{Dropped, Match};

/// Why the form of a value says that it is none.
pub(super) fn none(found: &Match<'_>) -> Option<Dropped> {
    let value = found.secret;
    if time(value) {
        return Some("a time");
    }
    if value.starts_with(b"AWS4-") || contains(value, b"/aws4_request") || contains(value, b"%2Faws4_request") {
        return Some("the scope of a signature");
    }
    if version(value) {
        return Some("a version");
    }
    if value.starts_with(b"(") && contains(value, b"=") && value.ends_with(b")") {
        return Some("a filter");
    }
    if value.starts_with(b"--") || value.starts_with(b"-") && value.get(2) == Some(&b' ') {
        return Some("an option of a command");
    }
    if value.starts_with(b"dword:")
        || value.starts_with(b"hex:")
        || value.starts_with(b"CN=")
        || value.starts_with(b"cn=")
    {
        return Some("a typed value or a name");
    }
    if hash(value) {
        return Some("a password hash");
    }
    if contains(value, b"%s") || contains(value, b"%d") || contains(value, b"%08x") || computed(value) {
        return Some("made of a format");
    }
    if file(value) && random_bits(value) < 18 {
        return Some("the name of a file");
    }
    let verb = value
        .strip_suffix(b"*")
        .is_some_and(|rest| found.place.is_code() && !found.quoted && rest.iter().all(u8::is_ascii_alphabetic));
    if rate(value) || action(value) || verb || value.iter().filter(|&&b| b == b':').count() >= 5 {
        return Some("a setting, an action or a line of a table");
    }
    if module(value) || kind(value) || algorithm(value) {
        return Some("a module, a type or an algorithm");
    }
    let line = found.place.before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    if contains(value, b"}}") && contains(line, b"{{") {
        return Some("a reference to a secret store or variable");
    }
    if !value.is_ascii() && found.key.is_some_and(|key| !key.is_ascii()) {
        return Some("a text for people");
    }
    let chords = [b"Alt+".as_slice(), b"Ctrl+", b"Shift+", b"Cmd+", b"Meta+", b"Option+", b"Control+"];
    if chords.iter().any(|chord| value.starts_with(chord)) || contains(value, b"@sha256:") {
        return Some("keys of a keyboard, or an image");
    }
    if contains(value, b"UGFzc3dvcmQ6") || contains(value, b"VXNlcm5hbWU6") {
        return Some("what asks for a password");
    }
    if contains(value, b"->") && !found.quoted && found.place.is_code() {
        return Some("code or prose");
    }
    if value.len() <= 32 && value.starts_with(b"\\x") && value.split(|&b| b == b'\\').all(|part| part.len() <= 3) {
        return Some("bytes that are no text");
    }
    let drawing = [b".eps".as_slice(), b".ps", b".ai"].iter().any(|ending| found.place.path.ends_with(ending));
    if drawing && !found.quoted || address(value) {
        return Some("an address, or a drawing");
    }
    if feature(found) {
        return Some("a feature of a package");
    }
    if value.len() == 40 && found.place.before.ends_with(b"/") && value.iter().all(u8::is_ascii_hexdigit) {
        return Some("the id of a commit");
    }
    if selector(value) {
        return Some("a selector");
    }
    if found.key.is_none() && argument(value) {
        return Some("a named argument");
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let foreign = !value.is_ascii() && digits < 2;
    if foreign
        || value.ends_with(b":") && digits == 0
        || found.place.translates() && (digits < 2 || value.contains(&b' ') || !value.is_ascii())
    {
        return Some("a text for people");
    }
    if !found.quoted && matches!(value.first(), Some(b'&' | b'*' | b'~')) && value[1..].iter().all(name_or_slash) {
        return Some("a type or a reference");
    }
    None
}

/// A time as ISO 8601 and RFC 3339 write it: `2026-11-22T10:00:00Z`.
fn time(value: &[u8]) -> bool {
    let at = value.iter().position(u8::is_ascii_digit).unwrap_or(0);
    let rest = &value[at..];
    let day = rest.len() >= 10 && rest[4] == b'-' && rest[7] == b'-' && rest[..4].iter().all(u8::is_ascii_digit);
    day && at <= 4 && rest.iter().all(|b| b.is_ascii_digit() || b"-:.+TZ ".contains(b))
}

/// A version or a range of versions: `^7.1.2`, `>=1.0`.
fn version(value: &[u8]) -> bool {
    let start = value.iter().take_while(|b| matches!(b, b'^' | b'~' | b'>' | b'<' | b'=' | b'v' | b' ')).count();
    let rest = &value[start..];
    rest.contains(&b'.') && rest.iter().all(|b| b.is_ascii_digit() || b". -|<>=^~x*".contains(b))
}

/// A password hash as crypt(3) and LDAP (RFC 2307) write it: `$id$…`, `{SCHEME}…`.
fn hash(value: &[u8]) -> bool {
    let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let dollar = value.strip_prefix(b"$").and_then(|rest| {
        let id = rest.iter().take_while(|b| lower(b)).count();
        (id >= 1 && rest.get(id) == Some(&b'$')).then(|| rest[id + 1..].len())
    });
    let braces = value.strip_prefix(b"{").and_then(|rest| {
        let scheme = rest.iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'-').count();
        (scheme >= 3 && rest.get(scheme) == Some(&b'}')).then(|| rest.len() - scheme)
    });
    // SQL Server's.
    let server = value.len() >= 50 && (value.starts_with(b"0x0100") || value.starts_with(b"0x0200"));
    // PostgreSQL's and MySQL's.
    let hex = |rest: &[u8], length| rest.len() == length && rest.iter().all(u8::is_ascii_hexdigit);
    let post = value.starts_with(b"SCRAM-SHA-256$") || value.strip_prefix(b"md5").is_some_and(|rest| hex(rest, 32));
    let my = value.strip_prefix(b"*").is_some_and(|rest| hex(rest, 40));
    server || post || my || dollar.is_some_and(|rest| rest >= 16) || braces.is_some_and(|rest| rest >= 8)
}

/// Whether a part of a value is computed: `token_{uuid.uuid4().hex}`, `%{control:Password}`, `$ret->{X}`.
fn computed(value: &[u8]) -> bool {
    let Some(open) = value.iter().position(|&b| b == b'{') else { return false };
    let Some(close) = value[open..].iter().position(|&b| b == b'}') else { return false };
    let inner = &value[open + 1..open + close];
    let call = inner.iter().any(|b| matches!(b, b'(' | b'$' | b'[' | b'.' | b':'));
    let before = open > 0 && matches!(value[open - 1], b'%' | b'$' | b'>');
    inner.iter().any(u8::is_ascii_alphabetic) && (before || call)
}

/// The name of a source or a built file: `password-scheme-md5crypt.c`.
fn file(value: &[u8]) -> bool {
    let endings: [&[u8]; 24] = [
        b"c", b"h", b"o", b"lo", b"la", b"so", b"cc", b"cpp", b"hpp", b"py", b"js", b"ts", b"rb", b"go", b"rs", b"md",
        b"txt", b"html", b"css", b"json", b"yml", b"yaml", b"xml", b"java",
    ];
    let dot = value.iter().rposition(|&b| b == b'.');
    dot.is_some_and(|dot| dot > 3 && endings.contains(&&value[dot + 1..]) && value[..dot].iter().all(name_or_slash))
}

fn name_or_slash(b: &u8) -> bool {
    name(b) || matches!(b, b'-' | b'/')
}

/// A plain address, without anybody's name or a query that could open it.
fn address(value: &[u8]) -> bool {
    let web = value.starts_with(b"http://") || value.starts_with(b"https://");
    web && !value.iter().any(|b| matches!(b, b'@' | b'?' | b'&' | b'='))
}

/// A module of Python as seen from another, `.models.v1_secret_list`.
fn module(value: &[u8]) -> bool {
    value.first() == Some(&b'.')
        && value.len() > 2
        && value.iter().all(|b| b.is_ascii_lowercase() || b"._0123456789".contains(b))
}

/// A type with its parameters: `List[V1ObjectReference]`, `dict(str, str)`.
fn kind(value: &[u8]) -> bool {
    let named = |part: &[u8]| !part.is_empty() && part.iter().all(|b| name(b) || matches!(b, b',' | b' '));
    let open = value.iter().position(|b| matches!(b, b'[' | b'<' | b'('));
    let closes = matches!(value.last(), Some(b']' | b'>' | b')'));
    let holds = [b"list".as_slice(), b"dict", b"map", b"set", b"array", b"optional", b"vec", b"tuple", b"sequence"];
    closes
        && open.is_some_and(|open| {
            let outer = value[..open].to_ascii_lowercase();
            holds.contains(&outer.as_slice()) && named(&value[open + 1..value.len() - 1])
        })
}

/// How passwords are kept, `PBKDF2-SHA256`, `bcrypt(12)`, or what a column holds, `varchar(64)`.
fn algorithm(value: &[u8]) -> bool {
    let begins = ["pbkdf2", "bcrypt", "argon2", "scrypt", "varchar", "nvarchar", "hmac-", "scram-sha"];
    let lower = value.to_ascii_lowercase();
    begins.iter().any(|begin| lower.starts_with(begin.as_bytes())) && value.len() <= 24 && !value.contains(&b'$')
}

/// A rate, as limits are written: `5/m/user`.
fn rate(value: &[u8]) -> bool {
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = &value[digits..];
    digits > 0 && rest.starts_with(b"/") && rest[1..].iter().all(|b| b.is_ascii_lowercase() || *b == b'/')
}

/// What a policy allows, `secretsmanager:Describe*`.
fn action(value: &[u8]) -> bool {
    let service = value.iter().take_while(|b| b.is_ascii_lowercase() || matches!(b, b'-')).count();
    let Some(rest) = value[service..].strip_prefix(b":") else { return false };
    let letters = rest.strip_suffix(b"*").unwrap_or(rest);
    service >= 2 && letters.first().is_some_and(u8::is_ascii_uppercase) && letters.iter().all(u8::is_ascii_alphabetic)
}

/// A feature in the list of a manifest of Cargo: `credentials = ["dep:sha2", "uuid?/v4"]`.
fn feature(found: &Match<'_>) -> bool {
    let name = found.place.path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let line = found.place.before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    name.starts_with(b"Cargo.toml") && (line.trim_ascii().len() <= 1 || line.contains(&b'['))
}

/// A selector of CSS: the name of an element, and an id or a class of words: `button#login-2`.
fn selector(value: &[u8]) -> bool {
    let elements: [&[u8]; 8] = [b"button", b"input", b"div", b"span", b"form", b"label", b"select", b"section"];
    let element = value.iter().take_while(|b| b.is_ascii_lowercase()).count();
    elements.contains(&&value[..element]) && matches!(value.get(element), Some(b'#' | b'.' | b'[' | b':'))
}

/// `role=build-2`, where a password or a token would stand alone.
fn argument(value: &[u8]) -> bool {
    let key = value.iter().take_while(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-')).count();
    let known: [&[u8]; 6] = [b"role", b"username", b"user", b"method", b"path", b"namespace"];
    known.contains(&&value[..key]) && value.get(key) == Some(&b'=')
}

fn name(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::likelihood::Place;

    #[test]
    fn forms_that_are_no_secrets() {
        let found = |value: &'static str| {
            let secret = value.as_bytes();
            Match { secret, whole: secret, key: None, quoted: true, free: true, place: Place::default() }
        };
        for value in [
            "2016-09-08T21:47:36Z",
            "lt:2016-12-08T22:02:00Z",
            "KEYID/20150830/us-east-1/service/aws4_request",
            "(sAMAccountName=x)",
            "--workgroup=corp",
            "-p sha512",
            "{SCHEME}c2FsdHNhbHQ",
            "$pbkdf2$12000$salt$digestdigest",
            "tok_{uuid.uuid4().hex}",
            "API-Schl\u{fc}ssel",
            "Kennung:",
            "^7.1.2",
            "button#login-2",
            "role=Build-17x",
            "password-scheme-md5crypt.c",
            "5/m/user",
            "bcrypt(12)",
            "PBKDF2-SHA256",
            "Alt+Shift+7",
            "registry.corp.net/secrets-csi@sha256:0c23",
            "http://www.w3.org/2000/svg",
            ".models.v1_secret_list",
            "List[V1ObjectReference]",
            "334 UGFzc3dvcmQ6",
            "\\x9e\\x8f\\x14",
            "secretsmanager:Describe*",
            "postfix:*:12345:12345:postfix:/no/where:/no/shell",
        ] {
            assert!(none(&found(value)).is_some(), "{value}");
        }
        for value in [["k9F!", "2mQz7_pL"].concat(), ["$Tr0", "ng!pass9Z"].concat()] {
            let secret = value.as_bytes();
            let found = Match { secret, whole: secret, key: None, quoted: true, free: true, place: Place::default() };
            assert!(none(&found).is_none(), "{value}");
        }
    }
}
