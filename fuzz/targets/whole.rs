//! Any bytes under any path: binaries, UTF-16, what no other target thinks of. The first line is the path.

#![no_main]

use leakwarden_fuzz::{laws, plant};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: laws::ready(), |data: &[u8]| {
    let end = data.iter().take(64).position(|&b| b == b'\n');
    let (path, rest) = end.map_or((b"".as_slice(), data), |end| (&data[..end], &data[end + 1..]));
    laws::scanned(path, &plant::text(rest));
});
