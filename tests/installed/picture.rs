//! What can be said of a folder's files, so that two moments can be compared.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Result, ensure};

/// Mode, and content or link target, by path.
pub type Picture = BTreeMap<String, (u32, Vec<u8>)>;

/// A picture of everything below a folder.
pub fn of(folder: &Path) -> Result<Picture> {
    let mut seen = Picture::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(now) = folders.pop() {
        for entry in std::fs::read_dir(&now)? {
            let path = entry?.path();
            let data = path.symlink_metadata()?;
            let bytes = if data.is_symlink() {
                std::fs::read_link(&path)?.into_os_string().into_vec()
            } else if data.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                std::fs::read(&path)?
            };
            seen.insert(path.strip_prefix(folder)?.to_string_lossy().into_owned(), (data.mode(), bytes));
        }
    }
    Ok(seen)
}

/// Fails with the first difference.
pub fn same(before: &Picture, after: &Picture) -> Result<()> {
    for name in before.keys().chain(after.keys()) {
        let show = |picture: &Picture| {
            picture.get(name).map(|(mode, bytes)| format!("{mode:o} {}", String::from_utf8_lossy(bytes)))
        };
        ensure!(before.get(name) == after.get(name), "{name} changed:\n{:?}\n{:?}", show(before), show(after));
    }
    Ok(())
}
