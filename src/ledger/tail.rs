//! The end of a file: the last record in it, and what stands after that.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};

use super::chain::Head;
use super::line::{LONGEST, Link, sha256};
use super::read::shown;
use super::record::Torn;

/// Bytes that are read at first: two of the longest lines.
const FIRST: u64 = 2 * LONGEST as u64;

/// The end of a file.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The last record that a line feed ends.
    pub last: Option<Head>,
    /// What stands after it, without a line feed at its very end.
    pub loose: Option<Torn>,
    /// Whether the last line lacks its line feed.
    pub open: bool,
    /// Whether the file has no bytes.
    pub empty: bool,
    /// Lines before the last record, and that.
    pub lines: Vec<u8>,
}

impl Tail {
    /// Looks at a file's end; more of it is read until a record is found.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(file: &mut File, path: &Path) -> Result<Self> {
        let about = || format!("cannot read {}", shown(path));
        let size = file.seek(SeekFrom::End(0)).with_context(about)?;
        let mut wanted = FIRST;
        loop {
            let start = size.saturating_sub(wanted);
            file.seek(SeekFrom::Start(start)).with_context(about)?;
            let mut bytes = Vec::new();
            file.take(size - start).read_to_end(&mut bytes).with_context(about)?;
            if start > 0 {
                // The first line may have been cut by us.
                let cut = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |feed| feed + 1);
                bytes.drain(..cut);
            }
            let tail = Tail::within(bytes, size == 0);
            if tail.last.is_some() || start == 0 {
                return Ok(tail);
            }
            wanted *= 4;
        }
    }

    fn within(mut bytes: Vec<u8>, empty: bool) -> Self {
        let mut end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
        let mut last = None;
        while end > 0 {
            let line = &bytes[..end - 1];
            let start = line.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
            last = named(&line[start..]).map(|(_, head)| head);
            if last.is_some() {
                break;
            }
            end = start;
        }
        let open = bytes.last().is_some_and(|byte| *byte != b'\n');
        let rest = &bytes[end..];
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let loose = (!rest.is_empty()).then(|| Torn { bytes: rest.len() as u64, sha256: sha256(rest) });
        bytes.truncate(end);
        Tail { last, loose, open, empty, lines: bytes }
    }

    /// Whether the last record is `head`, or follows it link by link: a process was stopped between
    /// writing a record and writing the head.
    pub fn continues(&self, head: &Head) -> bool {
        let mut wanted = self.last.as_ref().map(|last| last.hash.clone());
        for line in self.lines.rsplit(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let Some((link, own)) = named(line) else { continue };
            if wanted.as_ref() != Some(&own.hash) || own.ledger != head.ledger || own.seq < head.seq {
                return false;
            }
            if own == *head {
                return true;
            }
            wanted = Some(link.prev);
        }
        false
    }
}

/// A line as the record after it names it.
fn named(line: &[u8]) -> Option<(Link, Head)> {
    let link = Link::read(line)?;
    let head = Head { ledger: link.ledger.clone(), seq: link.seq, hash: sha256(line) };
    Some((link, head))
}
