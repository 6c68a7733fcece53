//! Text that looks like source code: the same bytes for the same seed.
//!
//! Words that the rules look for stand in it as often as in 89 MB of published Rust crates: `key` 361
//! times a MB, `token` 316, `api` 126, `auth` 72, `pass` 48, `cred` 32, `password` 10, `secret` 4.

use leakwarden::rules::template::Random;

/// Of 100,000 words so many are this one.
const TELLING: [(&str, u64); 9] = [
    ("key", 330),
    ("token", 290),
    ("signal", 200),
    ("api", 120),
    ("auth", 60),
    ("pass", 40),
    ("credentials", 20),
    ("password", 10),
    ("secret", 4),
];

const WORDS: &str = "self value name the index result data of to node type path is error in state string line \
    size len config start end item list map buffer count next for input output file parse read write field \
    offset option source target current with entry and default parent child kind match range source text add \
    from into update check event handler request response client server message body header status code \
    context stream reader writer cursor position length width height color style render layout view model \
    query table column row record schema version module package import export build test expect assert \
    create remove insert delete replace find search filter sort group merge split join format print debug \
    trace warn info level log time date second minute hour day clock delay timer thread task queue pool lock \
    guard channel send receive poll wait ready pending done cancel retry limit max min sum mean total first \
    last previous left right top bottom inner outer upper lower prefix suffix pattern rule scope block loop \
    branch value argument parameter return variable constant function method class struct enum trait object \
    instance pointer address memory cache page frame segment section chunk batch window session user account \
    role group access permission policy owner member project issue comment label review commit branch remote \
    origin upstream local global public private static dynamic generic abstract virtual native external";

/// `%i` an identifier, `%T` a type, `%w` a word, `%n` a number, `%h` eight hexadecimal digits, `%e`
/// the text of a hash, and `%v` a word that never names a secret: texts are assigned to it.
const SHAPES: [&str; 34] = [
    "",
    "",
    "}",
    "    }",
    "    }",
    "        });",
    "    fn %i(&self, %i: &%T, %i: usize) -> Result<%T> {",
    "pub struct %T<'a> { %i: &'a [u8], %i: Option<%T> }",
    "    let %i = %i.%i(%n, &%i);",
    "    let mut %i: Vec<%T> = %i.iter().map(|%w| %w.%i()).collect();",
    "        if %i.%i() > %n && !%i {",
    "            return Err(%T::%T(\"%w the %w of %w failed\"));",
    "    // %w %w the %w when %w is not %w, so that %w can be %w before the %w",
    "    /// %w the %w %w.",
    "            %i: %n, %v: \"%w\",",
    "const %i = require('./%w/%w-%w');",
    "        self.%i[%i + %n] = %i(%i, 0x%h);",
    "    def %i(self, %i=None, %i=%n):",
    "        for (%w, %w) in %i.%i().enumerate() {",
    "        %T::%T { %i, .. } => self.%i(%i, %w),",
    "    \"%w-%w\": { \"%v\": \"^%n.%n.%n\", \"%w\": true },",
    "  \"resolved\": \"https://registry.example.com/%w-%w/-/%w-%n.%n.tgz\",",
    "    %i = %i.%i(\"%w_%w\", %i)",
    "#define %T_%T (1 << %n)",
    "static int %i(struct %i *%w, const char *%w, size_t %w)",
    "    if (!%w || %w->%i < %n) goto out;",
    "    assert_eq!(%i(b\"%w %w %w\"), %n);",
    "        <div class=\"%w-%w %w\" id=\"%w\">{%w.%i}</div>",
    "export async function %i(%w: %T, %w?: string): Promise<%T> {",
    "      %i.%v = %w.%i || '%w';",
    "    %w: %n",
    "use crate::%w::{%T, %T};",
    "        match self.%i.%i(%w)? {",
    "    \"%v\": \"%e\",",
];

/// A source of lines.
pub struct Text {
    random: Random,
    words: Vec<&'static str>,
}

impl Text {
    /// Lines that depend only on `seed`.
    pub fn new(seed: &str) -> Self {
        Text { random: Random::new(seed), words: WORDS.split_whitespace().collect() }
    }

    /// At least `size` bytes of whole lines.
    pub fn lines(&mut self, size: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(size + 200);
        while out.len() < size {
            self.line(&mut out);
            out.push(b'\n');
        }
        out
    }

    /// At least `size` bytes without a line feed, as a bundler writes them.
    pub fn one_line(&mut self, size: usize) -> Vec<u8> {
        let mut out = self.lines(size);
        out.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b';');
        out
    }

    /// `size` bytes that nothing can compress.
    pub fn noise(&mut self, size: usize) -> Vec<u8> {
        let mut out: Vec<u8> = (0..size / 8).flat_map(|_| self.random.draw().to_le_bytes()).collect();
        // Even a short sample shows that this is no text.
        out.splice(..0, [0x7f, 0, 1, 2]);
        out
    }

    fn line(&mut self, out: &mut Vec<u8>) {
        // The last shape, a hash, is rare.
        let shape = match self.below(400) {
            0 => SHAPES[SHAPES.len() - 1],
            _ => SHAPES[self.below(SHAPES.len() as u64 - 1)],
        };
        let mut rest = shape.bytes();
        while let Some(byte) = rest.next() {
            if byte != b'%' {
                out.push(byte);
                continue;
            }
            match rest.next() {
                Some(b'i') => self.identifier(out),
                Some(b'T') => self.capitals(out),
                Some(b'n') => out.extend(self.below(200).to_string().bytes()),
                Some(b'h') => out.extend(format!("{:08x}", self.random.draw() as u32).bytes()),
                Some(b'e') => (0..4).for_each(|_| out.extend(format!("{:016x}", self.random.draw()).bytes())),
                Some(b'v') => out.extend(self.plain_word().bytes()),
                _ => out.extend(self.word().bytes()),
            }
        }
    }

    fn identifier(&mut self, out: &mut Vec<u8>) {
        let words = 1 + self.below(3);
        let camel = self.below(4) == 0;
        for number in 0..words {
            let word = self.word();
            if number > 0 && camel {
                out.push(word.as_bytes()[0].to_ascii_uppercase());
                out.extend(&word.as_bytes()[1..]);
                continue;
            }
            if number > 0 {
                out.push(b'_');
            }
            out.extend(word.bytes());
        }
    }

    fn capitals(&mut self, out: &mut Vec<u8>) {
        for _ in 0..=self.below(2) {
            let word = self.word();
            out.push(word.as_bytes()[0].to_ascii_uppercase());
            out.extend(&word.as_bytes()[1..]);
        }
    }

    fn word(&mut self) -> &'static str {
        let mut ticket = self.random.draw() % 100_000;
        for (word, share) in TELLING {
            if ticket < share {
                return word;
            }
            ticket -= share;
        }
        self.plain_word()
    }

    /// Words at the front of the list are the frequent ones.
    fn plain_word(&mut self) -> &'static str {
        let (a, b) = (self.below(self.words.len() as u64), self.below(self.words.len() as u64));
        self.words[a * b / self.words.len()]
    }

    fn below(&mut self, limit: u64) -> usize {
        usize::try_from(self.random.draw() % limit).expect("below a small limit")
    }
}
