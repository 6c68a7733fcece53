//! Marvin32, the hash in Azure's keys.

/// Microsoft's 32-bit Marvin hash (public since .NET Core 1.0 and in Microsoft's `SymCrypt`).
pub(super) fn marvin32(bytes: &[u8], seed: [u8; 8]) -> u32 {
    let (low, high) = marvin(bytes, u64::from_be_bytes(seed));
    low ^ high
}

/// The two halves of the 64-bit Marvin hash.
fn marvin(bytes: &[u8], seed: u64) -> (u32, u32) {
    let mut state = ((seed & 0xffff_ffff) as u32, (seed >> 32) as u32);
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        state = marvin_mix(state, u32::from_le_bytes(*word));
    }
    let mut last = [0; 4];
    for (slot, &byte) in last.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *slot = byte;
    }
    marvin_mix(marvin_mix(state, u32::from_le_bytes(last)), 0)
}

fn marvin_mix((mut low, mut high): (u32, u32), word: u32) -> (u32, u32) {
    low = low.wrapping_add(word);
    high ^= low;
    low = low.rotate_left(20).wrapping_add(high);
    high = high.rotate_left(9) ^ low;
    low = low.rotate_left(27).wrapping_add(high);
    high = high.rotate_left(19);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of the .NET runtime's own Marvin tests.
    #[test]
    fn marvin_gives_the_values_of_the_dotnet_tests() {
        let seed = 0x004f_b61a_001b_dbcc;
        for (bytes, hash) in [
            (&[][..], 0x30ed_35c1_00cd_3c7d),
            (&[0xaf], 0x48e7_3fc7_7d75_ddc1),
            (&[0xe7, 0x0f], 0xb5f6_e1fc_485d_bff8),
            (&[0x37, 0xf4, 0x95], 0xf0b0_7c78_9b8c_f7e8),
            (&[0x86, 0x42, 0xdc, 0x59], 0x7008_f2e8_7e9c_f556),
            (&[0x15, 0x3f, 0xb7, 0x98, 0x26], 0xe6c0_8c6d_a2af_a997),
        ] {
            let (low, high) = marvin(bytes, seed);
            assert_eq!(u64::from(high) << 32 | u64::from(low), hash, "of {bytes:02x?}");
        }
    }
}
