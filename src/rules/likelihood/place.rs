//! Where a value stands: in what kind of file, and beside what. A word such as `moonlight` is no secret
//! in code or prose, and is one under `password` in a configuration file, beside a user's name.

use super::key::last_word;

/// What is known of a value's place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// The file's path, raw bytes with `/` between parts; empty where there is none.
    pub path: &'a [u8],
    /// What stands before the value, and after it: some lines at most.
    pub before: &'a [u8],
    /// See `before`.
    pub after: &'a [u8],
}

/// How many bytes of each side are worth looking at.
pub const AROUND: usize = 400;

/// Lines of each side on which a companion counts.
const LINES: usize = 7;

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One key and its value on each line: what stands there is used.
    Settings,
    /// Nested data: settings too, but also descriptions of forms, interfaces and tests.
    Data,
    /// A program's source, by name one that configures.
    Configuring,
    /// Anything else.
    Other,
    /// Tests, examples, documentation and translations: people make values up for them.
    MadeUp,
}

impl Place<'_> {
    /// What kind of file it is, by its path alone.
    pub fn kind(&self) -> Kind {
        let lower = self.path.to_ascii_lowercase();
        let parts: Vec<&[u8]> = lower.split(|&b| b == b'/').collect();
        let Some((name, folders)) = parts.split_last() else { return Kind::Other };
        let words = |part: &[u8]| part.split(|b| !b.is_ascii_alphanumeric()).any(|word| MADE_UP.contains(&word));
        if words(name) || folders.iter().any(|part| words(part)) {
            return Kind::MadeUp;
        }
        let dot = name.iter().rposition(|&b| b == b'.');
        let ending = dot.map_or(&b""[..], |at| &name[at + 1..]);
        let settings = SETTINGS.contains(&ending) || name.split(|&b| b == b'.').any(|part| part == b"env");
        let dotted = name.starts_with(b".") && !name[1..].contains(&b'.');
        if settings || dotted && name.ends_with(b"rc") || SETTINGS_FILES.contains(name) {
            return Kind::Settings;
        }
        let built = [b"dockerfile".as_slice(), b"containerfile", b"makefile", b"jenkinsfile"].contains(name);
        if DATA.contains(&ending) || dotted || built || ending == b"dockerfile" {
            return Kind::Data;
        }
        let configuring = |word: &&[u8]| contains(name, word);
        if CONFIGURING.iter().any(configuring) { Kind::Configuring } else { Kind::Other }
    }

    /// Whether people make up what stands there: in tests and manuals, and in remarks that document.
    pub fn made_up(&self) -> bool {
        let line = self.line_before().trim_ascii_start();
        let remark = [b"///".as_slice(), b"//!", b">>>", b"* ", b"..."].iter().any(|mark| line.starts_with(mark));
        remark || self.kind() == Kind::MadeUp
    }

    /// Whether it is a file of logins, and nobody's example: what stands there as a password is one in use.
    pub fn is_login_file(&self) -> bool {
        let name = self.path.rsplit(|&b| b == b'/').next().unwrap_or_default().to_ascii_lowercase();
        LOGIN_FILES.contains(&name.as_slice()) && self.kind() != Kind::MadeUp
    }

    /// Whether it is a file of test vectors, which are drawn and open nothing.
    pub fn is_vectors(&self) -> bool {
        let lower = self.path.to_ascii_lowercase();
        contains(&lower, b"vectors") || contains(&lower, b"wycheproof")
    }

    /// Whether it is a file of texts in a language of people.
    pub fn translates(&self) -> bool {
        let lower = self.path.to_ascii_lowercase();
        let mut parts = lower.split(|b| !b.is_ascii_alphanumeric());
        parts.any(|part| TRANSLATIONS.contains(&part))
    }

    /// Whether it is a program's source, where a value without quotes is code.
    pub fn is_code(&self) -> bool {
        let name = self.path.rsplit(|&b| b == b'/').next().unwrap_or_default();
        name.iter()
            .rposition(|&b| b == b'.')
            .is_some_and(|dot| CODE.contains(&name[dot + 1..].to_ascii_lowercase().as_slice()))
    }

    /// Whether it is a file of Terraform or another in its notation.
    pub fn is_terraform(&self) -> bool {
        self.path.ends_with(b".tf") || self.path.ends_with(b".hcl")
    }

    /// Whether it is a drawing or a page in PostScript, where words are put beside numbers.
    pub fn is_drawing(&self) -> bool {
        [b".eps".as_slice(), b".ps", b".ai"].iter().any(|ending| self.path.ends_with(ending))
    }

    /// Whether it is a scene or another part of a game of Unity's, which names each by 32 hex digits.
    pub fn is_scene(&self) -> bool {
        let endings = [".unity", ".prefab", ".asset", ".meta", ".mat", ".controller"];
        endings.iter().any(|ending| self.path.ends_with(ending.as_bytes()))
    }

    /// What stands on the value's line before it.
    pub fn line_before(&self) -> &[u8] {
        self.before.rsplit(|&b| b == b'\n').next().unwrap_or_default()
    }

    /// Whether a sign stands near the value, on either side.
    pub fn is_near(&self, sign: &[u8]) -> bool {
        contains(self.before, sign) || contains(self.after, sign)
    }

    /// Whether it is code that a program packed: a line without an end on either side.
    pub fn is_packed(&self) -> bool {
        let long = |side: &[u8]| side.len() >= AROUND && !side.contains(&b'\n');
        (self.is_code() || self.path.ends_with(b".map")) && (long(self.before) || long(self.after))
    }

    /// Whether the value stands in a text or a remark within its line, where code is quoted.
    pub fn is_quoting(&self) -> bool {
        let line = self.line_before();
        let odd = |quote: u8| line.iter().filter(|&&b| b == quote).count() % 2 == 1;
        let remark = |mark: &[u8]| contains(line, mark);
        odd(b'"') || odd(b'\'') || odd(b'`') || remark(b"//") || remark(b"#") || remark(b"--") || remark(b"<!")
    }

    /// Whether beside the value stands to whom or where it opens: a user, a host, a database.
    pub fn has_company(&self, value: &[u8], quoted: bool) -> Company {
        let mut company = Company { user: false, host: false, same: false };
        for line in self.before.rsplit(|&b| b == b'\n').take(LINES) {
            company.look(line, value, quoted);
        }
        for line in self.after.split(|&b| b == b'\n').take(LINES) {
            company.look(line, value, quoted);
        }
        company
    }
}

/// What stands beside a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Company {
    /// A user's name.
    pub user: bool,
    /// A host, a port, a database.
    pub host: bool,
    /// The value itself, under another key: as `postgres` for user and password.
    pub same: bool,
}

impl Company {
    fn look(&mut self, line: &[u8], value: &[u8], quoted: bool) {
        let mut at = 0;
        while at < line.len() {
            let length = line[at..].iter().take_while(|&&b| name(b)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let key = &line[at..at + length];
            at += length;
            if let Some(other) = assigned(&line[at..], quoted) {
                self.take(key, other, value);
            }
        }
    }

    fn take(&mut self, key: &[u8], other: &[u8], value: &[u8]) {
        let last = last_word(key).to_ascii_lowercase();
        let user = USERS.contains(&last.as_slice());
        let host = HOSTS.contains(&last.as_slice());
        if !(user || host) || !says_something(other, &last) {
            return;
        }
        self.user |= user;
        self.host |= host;
        self.same |= user && other.eq_ignore_ascii_case(value);
    }
}

/// The value that a line assigns right here, where it is one.
fn assigned(rest: &[u8], quoted: bool) -> Option<&[u8]> {
    let marks = |b: &&u8| matches!(**b, b'"' | b'\'' | b' ' | b'\t' | b']' | b'\\');
    let gap = rest.iter().take_while(marks).count();
    let sign = rest[gap..].iter().take_while(|b| matches!(**b, b'=' | b':' | b'>' | b',')).count();
    let bare = sign == 0 && gap > 0 && matches!(rest[0], b' ' | b'\t');
    let after = &rest[gap + sign..];
    let blank = after.iter().take_while(|b| matches!(**b, b' ' | b'\t')).count();
    let after = &after[blank..];
    let open = after.iter().take_while(|b| matches!(**b, b'"' | b'\'' | b'\\' | b'@' | b'*')).count();
    if quoted && open == 0 && sign > 0 && !rest[gap..].starts_with(b">") || sign == 0 && !bare {
        return None;
    }
    let stop = |b: &&u8| !matches!(**b, b'"' | b'\'' | b',' | b';' | b'<' | b'\\' | b' ' | b'\r' | b'&' | b')');
    let length = after[open..].iter().take_while(stop).count();
    Some(&after[open..open + length])
}

/// Whether a companion's value is a name or an address and no label, type or reference.
fn says_something(other: &[u8], key: &[u8]) -> bool {
    let label = other.first().is_some_and(u8::is_ascii_uppercase) && other[1..].iter().all(u8::is_ascii_lowercase);
    let begins = other.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'/' | b'%'));
    let code = other.iter().any(|b| matches!(b, b'(' | b'[' | b'{' | b'}' | b'$' | b'?'));
    let words: [&[u8]; 14] = [
        b"string",
        b"str",
        b"text",
        b"number",
        b"true",
        b"false",
        b"null",
        b"none",
        b"required",
        b"optional",
        b"object",
        b"type",
        b"is",
        b"and",
    ];
    let lower = other.to_ascii_lowercase();
    other.len() >= 2 && begins && !label && !code && lower != key && !words.contains(&lower.as_slice())
}

fn name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|w| w == part)
}

/// Parts of paths of what is made up.
const MADE_UP: [&[u8]; 38] = [
    b"test",
    b"tests",
    b"testing",
    b"testdata",
    b"spec",
    b"specs",
    b"fixture",
    b"fixtures",
    b"mock",
    b"mocks",
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"demo",
    b"demos",
    b"doc",
    b"docs",
    b"documentation",
    b"tutorial",
    b"tutorials",
    b"i18n",
    b"l10n",
    b"locale",
    b"locales",
    b"lang",
    b"langs",
    b"translations",
    b"messages",
    b"template",
    b"templates",
    b"dist",
    b"dummy",
    b"e2e",
    b"vectors",
    b"vector",
    b"wycheproof",
    b"cassettes",
];

/// Parts of paths of translations.
const TRANSLATIONS: [&[u8]; 11] = [
    b"i18n",
    b"l10n",
    b"locale",
    b"locales",
    b"lang",
    b"langs",
    b"translations",
    b"messages",
    b"localization",
    b"po",
    b"mo",
];

/// Endings of sources of programs.
const CODE: [&[u8]; 33] = [
    b"tf", b"hcl", b"rs", b"py", b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"java", b"kt", b"kts", b"scala",
    b"groovy", b"c", b"h", b"cc", b"cpp", b"hpp", b"cs", b"go", b"rb", b"php", b"swift", b"dart", b"pl", b"pm", b"lua",
    b"ex", b"exs", b"m", b"vb",
];

/// Endings of files of settings.
const SETTINGS: [&[u8]; 17] = [
    b"env",
    b"ini",
    b"cfg",
    b"conf",
    b"cnf",
    b"config",
    b"properties",
    b"reg",
    b"ovpn",
    b"rdp",
    b"toml",
    b"tfvars",
    b"netrc",
    b"pgpass",
    b"envrc",
    b"prefs",
    b"ldif",
];

/// Names of files of settings without such an ending.
const SETTINGS_FILES: [&[u8]; 13] = [
    b"muttrc",
    b".netrc",
    b"_netrc",
    b".pgpass",
    b".git-credentials",
    b".ftpconfig",
    b".esmtprc",
    b".dockercfg",
    b".s3cfg",
    b"credentials",
    b".credentials",
    b"sftp.json",
    b"sftp-config.json",
];

/// Files in which programs keep with which user and password they log in, and hardly anything else.
const LOGIN_FILES: [&[u8]; 31] = [
    b".netrc",
    b"_netrc",
    b".pgpass",
    b"pgpass.conf",
    b".my.cnf",
    b".git-credentials",
    b".ftpconfig",
    b".esmtprc",
    b".msmtprc",
    b".fetchmailrc",
    b".mbsyncrc",
    b".dockercfg",
    b".s3cfg",
    b".boto",
    b".pypirc",
    b".remote-sync.json",
    b"sftp.json",
    b"sftp-config.json",
    b"ftpsync.settings",
    b"deployment-config.json",
    b"filezilla.xml",
    b"recentservers.xml",
    b"sitemanager.xml",
    b"webservers.xml",
    b"dbeaver-data-sources.xml",
    b".dbeaver-data-sources.xml",
    b"robomongo.json",
    b"robo3t.json",
    b"winscp.ini",
    b"wp-config.php",
    b"ventrilo_srv.ini",
];

/// Endings of files of nested data.
const DATA: [&[u8]; 10] = [b"yml", b"yaml", b"json", b"json5", b"jsonc", b"xml", b"plist", b"tf", b"hcl", b"pubxml"];

/// Parts of the names of programs that configure others.
const CONFIGURING: [&[u8]; 8] =
    [b"config", b"settings", b"secret", b"credential", b"database", b"connection", b"deploy", b"local"];

/// Last words of keys that say who.
const USERS: [&[u8]; 15] = [
    b"ssid",
    b"user",
    b"username",
    b"usr",
    b"login",
    b"uid",
    b"email",
    b"mail",
    b"account",
    b"principal",
    b"uname",
    b"dbuser",
    b"userid",
    b"utilisateur",
    b"benutzer",
];

/// Last words of keys that say where.
const HOSTS: [&[u8]; 17] = [
    b"ssid",
    b"host",
    b"hostname",
    b"server",
    b"port",
    b"database",
    b"dbname",
    b"db",
    b"url",
    b"uri",
    b"endpoint",
    b"domain",
    b"dbhost",
    b"address",
    b"machine",
    b"schema",
    b"smtp",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn company(before: &str, after: &str, quoted: bool) -> Company {
        let place = Place { path: b"a.yml", before: before.as_bytes(), after: after.as_bytes() };
        place.has_company(b"moonlight", quoted)
    }

    #[test]
    fn who_and_where_are_seen() {
        let all = |user, host| Company { user, host, same: false };
        assert_eq!(company("  user: app\n  password: ", "\n", false), all(true, false));
        assert_eq!(company("", "\n  hostname: db1.corp\n", false), all(false, true));
        assert_eq!(company("{\"host\": \"db1\", \"password\": \"", "\"", true), all(false, true));
        assert_eq!(company("<User>web</User>\n<Pass>", "</Pass>", false), all(true, false));
        assert_eq!(company("username \"me\"\npassword \"", "\"", true), all(true, false));
        assert_eq!(company("  user: Username\n  password: ", "\n", false), all(false, false));
        assert_eq!(company("user = request.form['user']\npassword = '", "'", true), all(false, false));
        assert!(company("user: moonlight\npassword: ", "\n", false).same);
    }

    #[test]
    fn kinds_of_files() {
        let kind = |path: &str| Place { path: path.as_bytes(), ..Place::default() }.kind();
        for (path, wanted) in [
            ("deploy/.env.production", Kind::Settings),
            ("app/.env", Kind::Settings),
            ("etc/app.ini", Kind::Settings),
            (".esmtprc", Kind::Settings),
            ("docker-compose.yml", Kind::Data),
            ("tests/app.ini", Kind::MadeUp),
            ("app.ini.example", Kind::MadeUp),
            ("www/wp-config.php", Kind::Configuring),
            ("src/main.rs", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(kind(path), wanted, "{path}");
        }
    }
}
