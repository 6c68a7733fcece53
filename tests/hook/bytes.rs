//! What a blob may be made of: line ends, encodings, control bytes, size.

use anyhow::{Result, ensure};

use crate::kit::gits::on_one;
use crate::kit::{line, plant, table};

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

fn utf32(text: &str, to_bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().flat_map(|c| to_bytes(u32::from(c))).collect()
}

/// Makes a file of three lines whose second is `token_line` (which ends in a line feed).
type Make = fn(token_line: &str) -> Vec<u8>;

fn text(token_line: &str) -> String {
    format!("first line of it\n{token_line}last line of it\n")
}

const CONTENTS: &[(&str, Make)] = &[
    ("plain", |l| text(l).into_bytes()),
    ("no final newline", |l| format!("first\n{}", l.trim_end()).into_bytes()),
    ("CRLF", |l| text(l).replace('\n', "\r\n").into_bytes()),
    ("mixed line ends", |l| format!("first\r\n{l}last\r\n").into_bytes()),
    ("UTF-8 with a mark", |l| format!("\u{feff}{}", text(l)).into_bytes()),
    ("UTF-8 beyond ASCII", |l| text(&format!("# \u{fc}\u{1f511}\u{202e} {l}")).into_bytes()),
    ("UTF-16LE with a mark", |l| [b"\xff\xfe".to_vec(), utf16(&text(l), u16::to_le_bytes)].concat()),
    ("UTF-16BE with a mark", |l| [b"\xfe\xff".to_vec(), utf16(&text(l), u16::to_be_bytes)].concat()),
    ("UTF-16LE", |l| utf16(&text(l), u16::to_le_bytes)),
    ("UTF-16BE", |l| utf16(&text(l), u16::to_be_bytes)),
    ("UTF-16LE with CRLF", |l| utf16(&text(l).replace('\n', "\r\n"), u16::to_le_bytes)),
    ("UTF-16LE with an odd byte at the end", |l| {
        [b"\xff\xfe".to_vec(), utf16(&text(l), u16::to_le_bytes), b"x".to_vec()].concat()
    }),
    ("UTF-32LE with a mark", |l| [b"\xff\xfe\0\0".to_vec(), utf32(&text(l), u32::to_le_bytes)].concat()),
    ("UTF-32BE with a mark", |l| [b"\0\0\xfe\xff".to_vec(), utf32(&text(l), u32::to_be_bytes)].concat()),
    ("Latin-1", |l| [b"Stra\xdfe\n".to_vec(), l.as_bytes().to_vec(), b"gr\xfcn\n".to_vec()].concat()),
    ("a NUL on another line", |l| [b"a\0b\n".to_vec(), l.as_bytes().to_vec()].concat()),
    ("a NUL on the same line", |l| [b"x\na\0b ".to_vec(), l.as_bytes().to_vec()].concat()),
    ("a NUL right behind the token", |l| {
        [b"x\n".to_vec(), l.trim_end().replace("\"", "").into_bytes(), vec![0]].concat()
    }),
    ("many NULs", |l| [vec![0; 4000], b"\n".to_vec(), l.as_bytes().to_vec(), vec![0; 4000]].concat()),
    ("a NUL behind git's sample", |l| [vec![b'x'; 9000], b"\n".to_vec(), l.as_bytes().to_vec(), vec![0]].concat()),
    ("invalid UTF-8 around it", |l| [b"\xff\xc3\x28\n\xfe".to_vec(), l.as_bytes().to_vec(), b"\x80".to_vec()].concat()),
    ("control characters around it", |l| [b"\x1b[2J\n\x07\x08".to_vec(), l.as_bytes().to_vec()].concat()),
    ("a carriage return that overwrites it", |l| {
        [b"x\n".to_vec(), l.trim_end().as_bytes().to_vec(), b"\rharmless\n".to_vec()].concat()
    }),
    ("a line of 300,000 characters", |l| {
        [b"x\n".to_vec(), vec![b'y'; 150_000], b" ".to_vec(), l.as_bytes().to_vec(), vec![b'y'; 150_000]].concat()
    }),
    ("a binary", |l| {
        [b"\x7fELF\x02\x01\x01\0\0\0\0\n".to_vec(), vec![1; 3000], l.as_bytes().to_vec(), vec![2; 3000]].concat()
    }),
];

#[test]
fn contents() -> Result<()> {
    table(CONTENTS, |s, make| {
        s.start()?;
        let token_line = line(&plant::github("contents"));
        s.write("file.txt", make(&token_line))?;
        s.git("add file.txt")?;
        s.commit("")?.blocked_at("file.txt:2:")?;
        s.staged()?.only("github-", "file.txt", 2, "content")?;
        // The same made without a secret passes, and an edit of it is still seen.
        s.write("file.txt", make("nothing here\n"))?;
        s.commit_all()?.clean()?;
        s.write("file.txt", make(&token_line))?;
        s.commit_all()?.blocked_at("file.txt:2:").map(drop)
    })
}

#[test]
fn columns_count_characters() -> Result<()> {
    table(&[("", ())], |s, ()| {
        s.start()?;
        let token = plant::github("columns");
        s.write("file.txt", format!("x\n\u{fc}\u{1f511} = {token};\n"))?;
        s.git("add file.txt")?;
        let report = s.staged()?;
        let found = report.only("github-", "file.txt", 2, "content")?;
        ensure!(found["column"] == 6 && found["end_line"] == 2 && found["end_column"] == 46, "{found}");
        Ok(())
    })
}

#[test]
fn private_key_of_many_lines() -> Result<()> {
    table(&[("plain", false), ("CRLF", true)], |s, crlf| {
        s.start()?;
        let key = plant::private_key("key");
        let key = if *crlf { key.replace('\n', "\r\n") } else { key };
        s.write("id.txt", format!("# a key\n{key}"))?;
        s.commit_all()?.blocked_at("id.txt:2:").map(drop)
    })
}

#[test]
fn a_line_whose_end_changed_is_an_added_line() -> Result<()> {
    table(&[("", ())], |s, ()| {
        s.start()?;
        let old = text(&line(&plant::github("line-ends")));
        s.write("old.conf", &old)?;
        s.commit_unchecked("an old secret")?;
        s.write("old.conf", old.replace('\n', "\r\n"))?;
        s.commit("-a")?.blocked_at("old.conf:2:").map(drop)
    })
}

/// The size cap may refuse it or the scan may find it; it is never let pass, and never unnamed.
#[test]
fn one_line_of_100_megabytes() -> Result<()> {
    on_one(|s| {
        let mut bytes = vec![b'a'; 100_000_000];
        for (at, token) in [(50_000_000, plant::github("huge-1")), (99_999_900, plant::github("huge-2"))] {
            bytes[at..at + 42].copy_from_slice(format!("\"{token}\"").as_bytes());
        }
        s.write("huge.json", bytes)?;
        s.git("config core.compression 0")?;
        s.git("add huge.json")?;
        s.probe()?;
        s.commit("")?.exits(1)?;
        let report = s.probed("pre-commit")?.report()?;
        let findings = report.findings()?;
        let places = findings.iter().map(|f| (f["path"].as_str(), f["line"].as_u64(), f["column"].as_u64()));
        let found =
            places.eq([(Some("huge.json"), Some(1), Some(50_000_002)), (Some("huge.json"), Some(1), Some(99_999_902))]);
        let named =
            report.receipt("not_scanned").as_array().is_some_and(|l| l.iter().any(|n| n["path"] == "huge.json"));
        ensure!(found || named, "{}", report.0);
        Ok(())
    })
}
