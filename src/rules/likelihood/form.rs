//! Values that say by their form that they are no secret: times, scopes, filters, options, labels.

use super::chance::random_bits;
use super::characters::contains;
use super::key::chosen;
use super::role::{Role, role};
use crate::rules::filters::{Dropped, Match};

/// What tells a value that is none by its form, and what it is then.
type Form = (fn(&Match<'_>) -> bool, Dropped);

/// In order: what is said of a value is what the first of them says.
const FORMS: [Form; 37] = [
    (anchor, "how far leakwarden's ledger was"),
    (passed_on, "the server that requests are passed to"),
    (repeats, "a name that repeats its key"),
    (|found| time(found.secret), "a time"),
    (|found| signature_scope(found.secret), "the scope of a signature"),
    (|found| version(found.secret), "a version"),
    (|found| filter(found.secret), "a filter"),
    (|found| option(found.secret), "an option of a command"),
    (|found| typed(found.secret), "a typed value or a name"),
    (|found| hash(found.secret), "a password hash"),
    (|found| format(found.secret) || computed(found.secret), "made of a format"),
    (|found| file(found.secret), "the name of a file"),
    (|found| rate(found.secret) || action(found.secret) || verb(found), "a setting or an action"),
    (|found| row(found.secret), "a line of a table"),
    (passed_test, "the name of a test"),
    (|found| parted(found.secret), "a name made of parts"),
    (|found| module(found.secret) || kind(found.secret), "a module or a type"),
    (|found| algorithm(found.secret), "an algorithm"),
    (slot, "a reference to a secret store or variable"),
    (|found| chord(found.secret), "keys of a keyboard"),
    (|found| contains(found.secret, b"@sha256:"), "an image"),
    (|found| asks(found.secret), "what asks for a password"),
    (|found| contains(found.secret, b"->") && !found.quoted && found.place.is_code(), "code or prose"),
    (|found| escapes(found.secret), "bytes that are no text"),
    (|found| !found.quoted && found.place.is_drawing(), "a drawing"),
    (|found| address(found.secret), "an address"),
    (feature, "a feature of a package"),
    (commit, "the id of a commit, or a checksum"),
    (|found| selector(found.secret), "a selector"),
    (|found| found.key.is_none() && argument(found.secret), "a named argument"),
    (text_for_people, "a text for people"),
    (|found| validates(found.secret), "what a password is asked for"),
    (|found| label(found.secret) || class(found), "the name of a text or a label"),
    (sealed, "encrypted, or a hash"),
    (|found| transformation(found.secret), "the name of an algorithm"),
    (of_file, "the checksum of a file"),
    (|found| !found.quoted && pointer(found.secret), "a type or a reference"),
];

/// Why the form of a value says that it is none.
pub(super) fn none(found: &Match<'_>) -> Option<Dropped> {
    FORMS.iter().find(|(is, _)| is(found)).map(|&(_, why)| why)
}

/// Whether a value holds less evidence for chance than what is drawn, however long it is.
fn plain(value: &[u8]) -> bool {
    random_bits(value) < 18
}

/// The evidence for chance without the word that names of fields are full of and texts are not.
fn words(value: &[u8]) -> i32 {
    let short = |part: &[u8]| part.eq_ignore_ascii_case(b"pwd");
    let at = value.windows(3).position(short);
    at.map_or_else(|| random_bits(value), |at| random_bits(&value[..at]).max(0) + random_bits(&value[at + 3..]).max(0))
}

/// A time as ISO 8601 and RFC 3339 write it: `2026-11-22T10:00:00Z`.
fn time(value: &[u8]) -> bool {
    let at = value.iter().position(u8::is_ascii_digit).unwrap_or(0);
    let rest = &value[at..];
    let day = rest.len() >= 10 && rest[4] == b'-' && rest[7] == b'-' && rest[..4].iter().all(u8::is_ascii_digit);
    day && at <= 4 && rest.iter().all(|b| b.is_ascii_digit() || b"-:.+TZ ".contains(b))
}

/// What begins with all of its key, `secretRow: "secretRow_GP9Ue"`, a class of CSS or a name of a file, or what
/// its key ends with: `suite("samba.chgdcpass", "chgdcpass")`; or one of its parts: `refreshToken: "acme:refreshToken"`.
fn repeats(found: &Match<'_>) -> bool {
    let part = |key| found.secret.split(|&b| b == b':').any(|part| part == key);
    // What was drawn may stand behind the key too.
    let rest = |at: usize, key: &[u8]| plain(&found.secret[..at]) && plain(&found.secret[at + key.len()..]);
    let within = |key| memchr::memmem::find(found.secret, key).filter(|&at| at == 0 || key.len() >= 8);
    found.key.is_some_and(|key| {
        let joined = |text: &[u8]| {
            text.to_ascii_lowercase().iter().map(|&b| if b == b'-' { b'_' } else { b }).collect::<Vec<u8>>()
        };
        joined(key).ends_with(&joined(found.secret))
            || key.len() >= 6 && (part(key) || within(key).is_some_and(|at| rest(at, key)))
    })
}

/// The trailer that says how far the ledger was, `Leakwarden-Ledger: 2pj7y8gr:32:…`: an id that was drawn may hold
/// a word of keys.
fn anchor(found: &Match<'_>) -> bool {
    let Some(before) = found.place.line_before().strip_prefix(b"Leakwarden-Ledger: ") else { return false };
    let after = found.place.after.split(|&b| b == b'\n').next().unwrap_or_default().trim_ascii_end();
    let line = [before, found.secret, after].concat();
    let mut parts = line.split(|&b| b == b':');
    let mut part = |length: std::ops::RangeInclusive<usize>, test: fn(&u8) -> bool| {
        parts.next().is_some_and(|part| length.contains(&part.len()) && part.iter().all(test))
    };
    part(8..=8, u8::is_ascii_alphanumeric) && part(1..=20, u8::is_ascii_digit) && part(16..=16, u8::is_ascii_hexdigit)
}

/// What nginx passes requests to: `fastcgi_pass php8backend;`.
fn passed_on(found: &Match<'_>) -> bool {
    let to = ["proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"];
    found.key.is_some_and(|key| to.iter().any(|own| key == own.as_bytes())) && found.place.before.ends_with(b" ")
}

/// What a signature of AWS is made for: `KEYID/20150830/us-east-1/service/aws4_request`.
fn signature_scope(value: &[u8]) -> bool {
    value.starts_with(b"AWS4-") || contains(value, b"/aws4_request") || contains(value, b"%2Faws4_request")
}

/// A filter of LDAP (RFC 4515): `(uid=anna)`.
fn filter(value: &[u8]) -> bool {
    value.starts_with(b"(") && contains(value, b"=") && value.ends_with(b")")
}

fn option(value: &[u8]) -> bool {
    value.starts_with(b"--") || value.starts_with(b"-") && value.get(2) == Some(&b' ')
}

/// What a registry of Windows types, and its paths, names of LDAP, and fields of Google's forms.
fn typed(value: &[u8]) -> bool {
    let begins = |with: &[&str]| with.iter().any(|begin| value.starts_with(begin.as_bytes()));
    begins(&["dword:", "hex:", "urn:", "CN=", "cn="])
        || begins(&["HKCU\\", "HKLM\\", "HKEY_", "entry."]) && plain(value)
}

fn format(value: &[u8]) -> bool {
    [b"%s".as_slice(), b"%d", b"%08x"].iter().any(|slot| contains(value, slot))
}

/// Verbs that a search begins with, in code: `Secret*`.
fn verb(found: &Match<'_>) -> bool {
    let letters = |rest: &[u8]| rest.iter().all(u8::is_ascii_alphabetic);
    found.place.is_code() && !found.quoted && found.secret.strip_suffix(b"*").is_some_and(letters)
}

/// A line of a table such as `/etc/passwd`; bytes in hex with colons between them are none.
fn row(value: &[u8]) -> bool {
    let byte = |part: &[u8]| part.len() == 2 && part.iter().all(u8::is_ascii_hexdigit);
    let mut parts = value.split(|&b| b == b':');
    parts.clone().count() >= 6 && !parts.all(byte)
}

/// What a list of results says after `PASS: `, `login_redirect_ok1`.
fn passed_test(found: &Match<'_>) -> bool {
    found.place.line_before() == b"PASS: " && found.secret.contains(&b'_') && plain(found.secret)
}

/// A name as stores of keys and values have them, `shop:v3:pw_attempts:24h`: words between colons.
fn parted(value: &[u8]) -> bool {
    let small = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    let word =
        |part: &&[u8]| part.len() >= 4 && part.iter().all(|b| b.is_ascii_lowercase() || *b == b'_') && plain(part);
    let parts: Vec<&[u8]> = value.split(|&b| b == b':').collect();
    parts.len() >= 3
        && parts.iter().all(|part| !part.is_empty() && part.iter().all(small))
        && parts.iter().filter(|part| word(part)).count() >= 2
        && plain(value)
}

/// The end of a slot that began before it on its line: `{{ x | default('…') }}`.
fn slot(found: &Match<'_>) -> bool {
    let line = found.place.line_before();
    let after = found.place.after.split(|&b| b == b'\n').next().unwrap_or_default();
    let last = |sign| memchr::memmem::rfind(line, sign);
    // Nothing but its end may stand in the value or behind it: `{{ lookup('passwordstore', 'hosts/db1') }}`.
    last(b"{{").is_some() && last(b"{{") > last(b"}}") && (contains(found.secret, b"}}") || contains(after, b"}}"))
}

/// Keys that are pressed together: `Alt+Shift+7`.
fn chord(value: &[u8]) -> bool {
    let chords = [b"Alt+".as_slice(), b"Ctrl+", b"Shift+", b"Cmd+", b"Meta+", b"Option+", b"Control+"];
    value.len() <= 20 && plain(value) && chords.iter().any(|chord| value.starts_with(chord))
}

/// `Username:` and `Password:` in base64, with which SMTP asks for them.
fn asks(value: &[u8]) -> bool {
    contains(value, b"UGFzc3dvcmQ6") || contains(value, b"VXNlcm5hbWU6")
}

/// Bytes as literals of code write them: `\\x9e\\x8f`.
fn escapes(value: &[u8]) -> bool {
    value.len() <= 32 && value.starts_with(b"\\x") && value.split(|&b| b == b'\\').all(|part| part.len() <= 3)
}

/// The id of a commit behind the name of a repository, or a checksum in a list of what was locked.
fn commit(found: &Match<'_>) -> bool {
    let value = found.secret;
    // A library may be called `AppAuth`, but what stands in quotes under such a name is given to it.
    let opens = |key| found.quoted && (role(key) == Role::Secret || chosen(key));
    let locked = found.place.path.ends_with(b".lock") && !found.key.is_some_and(opens);
    let named = found.place.before.ends_with(b"/") || locked;
    value.len() == 40 && named && value.iter().all(u8::is_ascii_hexdigit)
}

/// A label or a sentence in a language of people.
fn text_for_people(found: &Match<'_>) -> bool {
    let value = found.secret;
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let foreign = !value.is_ascii() && digits < 2;
    let labelled = !value.is_ascii() && value.contains(&b' ') && found.key.is_some_and(|key| !key.is_ascii());
    let translated = found.place.translates() && (digits < 2 || value.contains(&b' ') || !value.is_ascii());
    foreign || labelled || translated || value.ends_with(b":") && digits == 0
}

/// What a type, an anchor or a home begins with, and a name: `&mut`, `*const`, `~/keys`.
fn pointer(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'&' | b'*' | b'~')) && value[1..].iter().all(name_or_slash) && random_bits(value) < 12
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
    // Django's: `argon2$argon2id$v=19$…`, `bcrypt$$2b$12$…`.
    let hasher = ["argon2$", "bcrypt$", "bcrypt_sha256$", "scrypt$", "pbkdf2_"]
        .iter()
        .any(|own| value.starts_with(own.as_bytes()));
    let django = hasher && value.len() >= 50 && value.iter().filter(|&&b| b == b'$').count() >= 3;
    django || server || post || my || dollar.is_some_and(|rest| rest >= 16) || braces.is_some_and(|rest| rest >= 8)
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
    let Some(dot) = value.iter().rposition(|&b| b == b'.') else { return false };
    let (stem, ending) = (&value[..dot], &value[dot + 1..]);
    // `Summer2024.go` is a word and a year, with what somebody put behind them.
    let joined = stem.iter().any(|b| matches!(b, b'-' | b'_' | b'/')) || !stem.iter().any(u8::is_ascii_uppercase);
    dot > 3 && joined && endings.contains(&ending) && stem.iter().all(name_or_slash) && plain(value)
}

fn name_or_slash(b: &u8) -> bool {
    name(b) || matches!(b, b'-' | b'/')
}

/// A plain address, without anybody's name, a query or a drawn part that could open it.
fn address(value: &[u8]) -> bool {
    let web = value.starts_with(b"http://") || value.starts_with(b"https://");
    let opens = value.iter().any(|b| matches!(b, b'@' | b'?' | b'&' | b'='));
    web && !opens && value.split(|b| matches!(b, b'/' | b'#')).all(|part| part.len() < 16 || plain(part))
}

/// A module of Python as seen from another, `.models.v1_secret_list`.
fn module(value: &[u8]) -> bool {
    let joined = value.iter().skip(1).any(|b| matches!(b, b'.' | b'_'));
    value.first() == Some(&b'.')
        && joined
        && value.iter().all(|b| b.is_ascii_lowercase() || b"._0123456789".contains(b))
        && plain(value)
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
    let rest = begins.iter().find_map(|begin| lower.strip_prefix(begin.as_bytes()));
    let variant = |part: &[u8]| {
        let letters = part.iter().take_while(|b| b.is_ascii_lowercase()).count();
        [b"".as_slice(), b"id", b"i", b"d", b"sha", b"hmac", b"plus", b"max"].contains(&&part[..letters])
            && part[letters..].iter().all(u8::is_ascii_digit)
    };
    rest.is_some_and(|rest| rest.len() <= 16 && rest.split(|b| b"-_()/ ,".contains(b)).all(variant))
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
    let named = letters.first().is_some_and(u8::is_ascii_uppercase) && letters.iter().all(u8::is_ascii_alphabetic);
    service >= 2 && named && random_bits(rest) < 14
}

/// A feature in the list of a manifest of Cargo: `credentials = ["dep:sha2", "uuid?/v4"]`.
fn feature(found: &Match<'_>) -> bool {
    let name = found.place.path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let line = found.place.line_before();
    name.starts_with(b"Cargo.toml") && (line.trim_ascii().len() <= 1 || line.contains(&b'['))
}

/// Rules that a field of a form is held to, as Laravel and others write them, `required|min:8|max:64`, and as
/// people are told them, `8+chars,no-spaces`.
fn validates(value: &[u8]) -> bool {
    let known = "required require nullable min: max: string confirmed sometimes trim min_length[ max_length[ between: \
        length: same: different: regex: size: alpha bail current_password";
    let is_known = |part: &[u8]| known.split_ascii_whitespace().any(|own| part.starts_with(own.as_bytes()));
    let mut parts = value.split(|&b| b == b'|');
    let told = contains(value, b"chars") && contains(value, b"no-") && plain(value);
    told || parts.next().is_some_and(is_known) && parts.next().is_some_and(is_known)
}

/// A transformation of Java's, as its providers name them: `PBKDF2WithHmacSHA512`, `AES/CBC/PKCS5Padding`.
fn transformation(value: &[u8]) -> bool {
    let signs = ["WithHmac", "WithMD5", "WithSHA", "/CBC/", "/GCM/", "/ECB/", "/CTR/"];
    let letters = value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-'));
    letters && value.len() < 48 && signs.iter().any(|sign| contains(value, sign.as_bytes()))
}

/// What a list of checksums gives a file: `SHA256 (token-cli.zip) = 8f…`.
fn of_file(found: &Match<'_>) -> bool {
    let endings = [".zip", ".exe", ".whl", ".gz", ".tgz", ".dmg", ".deb", ".rpm", ".jar", ".msi", ".xz"];
    let file = found.key.is_some_and(|key| endings.iter().any(|ending| key.ends_with(ending.as_bytes())));
    let hex = found.secret.rsplit(|b| matches!(b, b'=' | b':')).next().unwrap_or_default();
    file && hex.len() >= 32 && hex.iter().all(u8::is_ascii_hexdigit)
}

/// A selector of CSS: the name of an element, and an id or a class of words, `button#login-2`; those of tests,
/// `css=#pwd1`, and types of media.
fn selector(value: &[u8]) -> bool {
    let elements: [&[u8]; 8] = [b"button", b"input", b"div", b"span", b"form", b"label", b"select", b"section"];
    let element = value.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let known = elements.contains(&&value[..element]) && matches!(value.get(element), Some(b'#' | b'.' | b'[' | b':'));
    let begins = ["css=", "xpath=", "id=", "#", "//", "application/", "text/", "image/"];
    let rest = begins.iter().find_map(|own| value.strip_prefix(own.as_bytes()));
    let said = rest.is_some_and(|rest| words(rest) < 12 || random_bits(value) < 12);
    known && random_bits(value) < 12 || said
}

/// The name of a text, `auth.errors.wrong-pwd1`, or of a label of Kubernetes', `acme.io/secret-sum1`.
fn label(value: &[u8]) -> bool {
    let word = |part: &[u8]| {
        part.first().is_some_and(u8::is_ascii_lowercase)
            && part.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && words(part) < 10
    };
    let parts = |name: &[u8]| name.split(|&b| b == b'.').count();
    let named = |name: &[u8]| name.split(|&b| b == b'.').all(word);
    let slash = value.iter().position(|&b| b == b'/');
    let domain = slash.is_some_and(|at| parts(&value[..at]) >= 2 && named(&value[..at]) && named(&value[at + 1..]));
    domain || parts(value) >= 3 && named(value)
}

/// A class as modules of CSS name it, in code: `pwField__1xZk9`.
fn class(found: &Match<'_>) -> bool {
    let value = found.secret;
    memchr::memmem::find(value, b"__").is_some_and(|at| {
        let joined = value[..at].iter().all(u8::is_ascii_alphanumeric) && value[at + 2..].iter().all(name);
        let short = at >= 2 && plain(&value[..at]) && (5..=8).contains(&(value.len() - at - 2));
        joined && short && found.quoted && found.place.is_code()
    })
}

/// What kubeseal made, where its manifest says so.
fn sealed(found: &Match<'_>) -> bool {
    let says = || found.place.is_near(b"encryptedData:") || found.place.is_near(b"SealedSecret");
    found.secret.len() >= 64 && found.secret.starts_with(b"Ag") && says()
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
            "css=#pwd1",
            "auth.errors.wrong-pwd1",
            "acme.io/secret-sum1",
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
        // Made of parts, so that no scanner takes this file for a leak.
        for value in [
            ["k9F!", "2mQz7_pL"].concat(),
            ["$Tr0", "ng!pass9Z"].concat(),
            ["4f:9a:", "c2:0d:77:e1:b8:35"].concat(),
            ["Alt+", "q7Kx!m2Zr9"].concat(),
            ["https://x.test/hooks/", "q7Kxm2Zr9LpT4vWn8sYd"].concat(),
            [".q7kxm", "2zr9lpt"].concat(),
            ["bcrypt", "Kx7!q"].concat(),
            ["svc:", "QxKrZvTpWm"].concat(),
            ["svc.a.", "qxkrzvtpwm7"].concat(),
            ["id=", "q7Kxm2Zr9LpT4v"].concat(),
            ["div#", "q7Kxm2Zr9LpT4v"].concat(),
            ["Sommer", "2024.go"].concat(),
            ["&q7Kxm", "2Zr9LpT4v"].concat(),
        ] {
            let secret = value.as_bytes();
            let found = Match { secret, whole: secret, key: None, quoted: true, free: true, place: Place::default() };
            assert!(none(&found).is_none(), "{value}");
        }
    }
}
