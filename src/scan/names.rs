//! Names of files that are findings by themselves.

use std::ops::Range;

use crate::rules::Rule;

/// Where the name stands in a path, if a rule takes files of this name.
pub(super) fn taken(rule: &Rule, path: &[u8]) -> Option<Range<usize>> {
    let start = path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
    let name = path[start..].to_ascii_lowercase();
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    let folders = path[..start].to_ascii_lowercase();
    let matches = |glob: &String| {
        let glob = glob.to_ascii_lowercase();
        let (inside, wanted) = glob.split_at(glob.rfind('/').map_or(0, |slash| slash + 1));
        let before = folders.strip_suffix(inside.as_bytes());
        if !before.is_some_and(|rest| inside.is_empty() || rest.is_empty() || rest.ends_with(b"/")) {
            return false;
        }
        match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
            (Some(end), None) => name.ends_with(end.as_bytes()),
            (None, Some(begin)) => name.starts_with(begin.as_bytes()),
            _ => name == wanted.as_bytes(),
        }
    };
    let taken = rule.source.files.iter().any(matches) && !rule.source.except.iter().any(matches);
    taken.then(|| start..start + name.len())
}
