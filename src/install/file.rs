//! Reading files that anybody may have made: a repository's files decide neither how long that takes nor
//! how much memory it needs.

use std::fs::{self, File};
use std::io::{self, Error, Read};
use std::path::Path;

/// The largest file that is read, in bytes: hooks and the files of hook managers are small.
const LARGEST: u64 = 4 << 20;

/// A file's bytes; links are followed.
///
/// # Errors
/// Where it cannot be read, is no plain file (a pipe would be waited for), or has more than 4 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let plain = |found: &fs::Metadata| found.is_file() && found.len() <= LARGEST;
    if !plain(&fs::metadata(path)?) {
        return Err(Error::other("it is no plain file, or has more than 4 MiB"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`read`], and where it is no UTF-8 text.
pub fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::other("it is no UTF-8 text"))
}
