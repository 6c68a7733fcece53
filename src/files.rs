//! Files on disk as fragments: `scan PATH...`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ignore::WalkBuilder;

use crate::finding::{Finding, Part};
use crate::fragment::Fragment;
use crate::receipt::{Receipt, Source};
use crate::rules::RuleSet;
use crate::scan::{many, scan, scan_path};

/// Scans files and folders. Folders are walked with git's ignore rules; a file that is named is
/// scanned whether ignored or not. Symbolic links are not followed; their targets are scanned.
///
/// # Errors
/// Where a named path does not exist. What cannot be read below a folder is in the receipt.
pub fn scan_paths(paths: &[PathBuf], rules: &RuleSet, size_cap: u64) -> Result<(Vec<Finding>, Receipt)> {
    let mut receipt = Receipt { source: Source::Files, rules: rules.digest().to_owned(), ..Receipt::default() };
    let mut files = Vec::new();
    for path in paths {
        let kind = fs::symlink_metadata(path).with_context(|| format!("cannot read {}", shown(path)))?;
        if kind.is_dir() {
            walk(path, &mut files, &mut receipt);
        } else {
            files.push(path.clone());
        }
    }
    let mut findings = Vec::new();
    for (path, result) in files.iter().zip(many::each(&files, || (), |(), path| scan_file(path, rules, size_cap))) {
        match result {
            Ok(Some((found, bytes))) => {
                receipt.files += 1;
                receipt.bytes += bytes;
                findings.extend(found);
            }
            Ok(None) => {}
            Err(error) => receipt.skip(&path_bytes(path), format!("{error:#}")),
        }
    }
    Ok((findings, receipt))
}

fn walk(root: &Path, files: &mut Vec<PathBuf>, receipt: &mut Receipt) {
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .sort_by_file_path(Path::cmp)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|t| t.is_file() || t.is_symlink()) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => receipt.skip(root.as_os_str().as_encoded_bytes(), error.to_string()),
        }
    }
}

/// A file's findings and size; nothing for what is no file (a socket, a device).
fn scan_file(path: &Path, rules: &RuleSet, size_cap: u64) -> Result<Option<(Vec<Finding>, u64)>> {
    let path_bytes = path_bytes(path);
    let (mut findings, name) = scan_path(&path_bytes, rules);
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        let target = fs::read_link(path)?;
        let fragment = Fragment::text(&name, Part::LinkTarget, target.as_os_str().as_encoded_bytes());
        findings.extend(scan(&fragment, rules));
        return Ok(Some((findings, 0)));
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    anyhow::ensure!(
        metadata.len() <= size_cap,
        "{} MiB is more than the size cap of {} MiB",
        metadata.len() >> 20,
        size_cap >> 20
    );
    let bytes = fs::read(path)?;
    findings.extend(scan(&Fragment::content(&name, &bytes), rules));
    Ok(Some((findings, bytes.len() as u64)))
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
