//! CRC32, forwards and backwards.

/// CRC32 with the IEEE polynomial, as in zlib.
pub fn crc32(bytes: &[u8]) -> u32 {
    !crc32_register(bytes)
}

const CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0_u32; 256];
    let mut byte = 0_u32;
    while byte < 256 {
        let mut value = byte;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ value >> 1 } else { value >> 1 };
            bit += 1;
        }
        table[byte as usize] = value;
        byte += 1;
    }
    table
}

fn crc32_register(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| CRC_TABLE[((crc ^ u32::from(byte)) & 0xff) as usize] ^ crc >> 8)
}

/// The four bytes which, put behind `bytes`, give the whole the CRC32 `wanted`: the register is
/// run backwards from the end (a CRC is linear, so there is always exactly one answer).
pub(super) fn crc32_suffix(bytes: &[u8], wanted: u32) -> [u8; 4] {
    let mut register = !wanted;
    for _ in 0..4 {
        // The top byte of a table entry occurs in no other entry.
        let index = (0..256_u32).find(|&i| CRC_TABLE[i as usize] >> 24 == register >> 24).unwrap_or(0);
        register = (register ^ CRC_TABLE[index as usize]) << 8 | index;
    }
    (register ^ crc32_register(bytes)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_gives_the_check_value_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_suffix_forces_any_crc() {
        for wanted in [0, 1, 0xdead_beef, u32::MAX] {
            let suffix = crc32_suffix(b"some bytes", wanted);
            assert_eq!(crc32(&[b"some bytes".as_slice(), &suffix].concat()), wanted);
        }
    }
}
