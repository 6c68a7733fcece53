//! NKEYs of NATS: base 32 over two prefix bytes, 32 bytes of seed and a CRC16 of both
//! (<https://github.com/nats-io/nkeys>, `strkey.go` and `crc16.go`).

use crate::rules::encoding::{decode_base32, encode_base32};

/// Characters of a seed: 36 bytes in base 32.
const LENGTH: usize = 58;

/// Characters that hold nothing of the checksum; two more bits of the 55th belong to the seed.
const BEFORE: usize = 54;

/// Whether the last two bytes are the CRC16 of all before, low byte first.
pub fn verify(seed: &[u8]) -> bool {
    let bytes = (seed.len() == LENGTH).then(|| decode_base32(&seed.to_ascii_lowercase())).flatten();
    let Some((body, sum)) = bytes.as_deref().and_then(<[u8]>::split_last_chunk::<2>) else { return false };
    crc16(body).to_le_bytes() == *sum
}

/// The last four characters of a seed of which the first 54 are given.
pub fn seal(before: &[u8]) -> Option<String> {
    let before = before.len().checked_sub(BEFORE).and_then(|at| before.get(at..))?.to_ascii_lowercase();
    // The last two bits of the 34th byte are 0.
    let mut bytes = decode_base32(&[&before, b"a".as_slice()].concat())?;
    bytes.extend(crc16(&bytes).to_le_bytes());
    Some(encode_base32(&bytes).to_ascii_uppercase().split_off(BEFORE))
}

/// CRC16 as XMODEM has it: polynomial 0x1021, beginning with 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, &byte| {
        let mixed = crc ^ (u16::from(byte) << 8);
        (0..8).fold(mixed, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    /// The check value of CRC-16/XMODEM in the catalogue of parametrised CRC algorithms.
    #[test]
    fn the_crc_is_that_of_xmodem() {
        assert_eq!(super::crc16(b"123456789"), 0x31c3);
    }
}
