//! Files on disk as fragments: `scan PATH...`.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ignore::WalkBuilder;

use crate::finding::{Finding, Part};
use crate::fragment::Fragment;
use crate::git::tracked;
use crate::receipt::{Receipt, Source};
use crate::rules::RuleSet;
use crate::scan::explain::{Explained, explain, explain_content, explain_path};
use crate::scan::{many, scan, scan_content, scan_path};

/// Scans files and folders. Folders are walked with git's ignore rules, which do not apply to what
/// the index of their repository names; a file that is named is
/// scanned whether ignored or not, and followed if it is a link; a pipe is read to its end. Links
/// that are met on a walk are not followed; their targets are scanned.
///
/// # Errors
/// Where a named path does not exist. What cannot be read below a folder is in the receipt.
pub fn scan_paths(paths: &[PathBuf], rules: &RuleSet, size_cap: u64) -> Result<(Vec<Finding>, Receipt)> {
    let (findings, receipt, _) = scan_with(paths, rules, size_cap, Detail::Findings)?;
    Ok((findings, receipt))
}

/// Scans files and folders as [`scan_paths`] does, and tells of each what was tried.
///
/// # Errors
/// As [`scan_paths`].
pub fn explain_paths(
    paths: &[PathBuf],
    rules: &RuleSet,
    size_cap: u64,
) -> Result<(Vec<Finding>, Receipt, Vec<ExplainedFile>)> {
    scan_with(paths, rules, size_cap, Detail::Candidates)
}

/// What was tried in a file.
#[derive(Debug, Default)]
pub struct ExplainedFile {
    /// Its path as it may be shown.
    pub path: Vec<u8>,
    /// What was tried in its content and in its path.
    pub explained: Explained,
}

/// What a scan gives besides the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Findings,
    Candidates,
}

fn scan_with(
    paths: &[PathBuf],
    rules: &RuleSet,
    size_cap: u64,
    detail: Detail,
) -> Result<(Vec<Finding>, Receipt, Vec<ExplainedFile>)> {
    let mut receipt = Receipt { source: Source::Files, rules: rules.digest().to_owned(), ..Receipt::default() };
    let mut files = Vec::new();
    for path in paths {
        let kind = fs::metadata(path).with_context(|| format!("cannot read {}", shown(path)))?;
        if kind.is_dir() {
            walk(path, rules, &mut files, &mut receipt);
        } else {
            files.push(File { path: path.clone(), named: true });
        }
    }
    let mut findings = Vec::new();
    let mut explained = Vec::new();
    for scanned in many::each(&files, || (), |(), file| Scanned::of(file, rules, size_cap, detail)) {
        if detail == Detail::Candidates {
            explained.push(ExplainedFile { path: scanned.shown.clone(), explained: scanned.explained });
        }
        receipt.files += u64::from(scanned.skipped.is_none());
        receipt.bytes += scanned.bytes;
        findings.extend(scanned.findings);
        if let Some(reason) = scanned.skipped {
            receipt.skip(&scanned.shown, reason);
        }
    }
    Ok((findings, receipt, explained))
}

/// A file to scan.
struct File {
    path: PathBuf,
    /// Whether it was named, rather than met on a walk: then a link is followed.
    named: bool,
}

fn walk(root: &Path, rules: &RuleSet, files: &mut Vec<File>, receipt: &mut Receipt) {
    let before = files.len();
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .sort_by_file_path(Path::cmp)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|t| t.is_file() || t.is_symlink()) => {
                files.push(File { path: entry.into_path(), named: false });
            }
            Ok(_) => {}
            Err(error) => {
                let at = error_path(&error).unwrap_or(root);
                let reason =
                    error.io_error().map_or_else(|| "its ignore rules cannot be read".to_owned(), ToString::to_string);
                receipt.skip(&scan_path(&path_bytes(at), rules).1, reason);
            }
        }
    }
    match tracked::below(root) {
        Ok(tracked) => {
            let seen: HashSet<PathBuf> = files[before..].iter().map(|file| file.path.clone()).collect();
            let there = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|m| m.is_file() || m.is_symlink());
            let ignored = tracked.iter().map(|path| root.join(path)).filter(|path| !seen.contains(path) && there(path));
            files.extend(ignored.map(|path| File { path, named: false }));
        }
        Err(error) => {
            let reason = format!("which ignored files of it are tracked is not known: {error:#}");
            receipt.skip(&scan_path(&path_bytes(root), rules).1, reason);
        }
    }
}

/// The outcome for one file.
#[derive(Debug, Default)]
struct Scanned {
    findings: Vec<Finding>,
    explained: Explained,
    shown: Vec<u8>,
    bytes: u64,
    skipped: Option<String>,
}

impl Scanned {
    fn of(file: &File, rules: &RuleSet, size_cap: u64, detail: Detail) -> Self {
        let bytes = path_bytes(&file.path);
        let (findings, shown) = scan_path(&bytes, rules);
        let mut scanned = Scanned { findings, shown: shown.into_owned(), ..Scanned::default() };
        if detail == Detail::Candidates {
            scanned.explained = explain_path(&bytes, rules);
        }
        if let Err(error) = scanned.content(file, rules, size_cap, detail) {
            scanned.skipped = Some(format!("{error:#}"));
        }
        scanned
    }

    fn content(&mut self, file: &File, rules: &RuleSet, size_cap: u64, detail: Detail) -> Result<()> {
        let path = &file.path;
        let metadata = if file.named { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
        let link = metadata.is_symlink();
        ensure!(link || metadata.is_file() || file.named, "neither a file nor a link");
        let size = metadata.len();
        ensure!(size <= size_cap, "{} MiB is more than the size cap of {} MiB", size >> 20, size_cap >> 20);
        let bytes =
            if link { fs::read_link(path)?.into_os_string().into_encoded_bytes() } else { read(path, size, size_cap)? };
        let target = || Fragment::text(&self.shown, Part::LinkTarget, &bytes);
        let (found, tried) = match detail {
            Detail::Candidates if link => explain(&target(), rules),
            Detail::Candidates => explain_content(&self.shown, &bytes, rules),
            Detail::Findings if link => (scan(&target(), rules), Explained::default()),
            Detail::Findings => {
                let every = |_, _: &Fragment<'_>, _: &mut Vec<Finding>| Ok::<(), anyhow::Error>(());
                (scan_content(&self.shown, &bytes, rules, every)?, Explained::default())
            }
        };
        self.explained.add(tried);
        self.findings.extend(found.findings);
        self.bytes = bytes.len() as u64;
        found.given_up.map_or(Ok(()), |reason| bail!(reason))
    }
}

/// Reads a file or pipe that was said to have so many bytes; one byte more than the cap tells that it is too large.
fn read(path: &Path, size: u64, size_cap: u64) -> Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    // `read_to_end` begins with 32 bytes and doubles: ten reads for a usual source, where one does.
    let mut bytes = vec![0; usize::try_from(size)?];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(filled);
    file.take(size_cap + 1 - filled as u64).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= size_cap, "more than the size cap of {} MiB", size_cap >> 20);
    Ok(bytes)
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        _ => None,
    }
}

/// A path as the bytes that findings carry, with `/` between parts.
fn path_bytes(path: &Path) -> Vec<u8> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let bytes = path.as_os_str().as_encoded_bytes().to_vec();
    if cfg!(windows) { bytes.into_iter().map(|b| if b == b'\\' { b'/' } else { b }).collect() } else { bytes }
}

fn shown(path: &Path) -> String {
    crate::finding::escape(path.as_os_str().as_encoded_bytes())
}
