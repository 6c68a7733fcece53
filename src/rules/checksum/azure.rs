//! The checksums of Azure: annotated and identifiable keys, Entra client secrets, DevOps tokens.

use super::crc32::{crc32, crc32_suffix};
use super::marvin::marvin32;
use super::{BASE62, digits};
use crate::rules::encoding::{decode_base32, decode_base64, encode_base32, encode_base64};

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE66: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";

// --- Entra client secrets -----------------------------------------------------------------------

/// The seed of Entra client secrets.
const AAD_SEED: [u8; 8] = *b"AadPwd00";

pub(super) fn aad(before: &[u8]) -> String {
    let mut text = digits(marvin32(before, AAD_SEED), BASE66, 6);
    text.truncate(3);
    text
}

// --- Azure's common annotated keys ("HISv2") -----------------------------------------------------

pub(super) fn seal_hisv2(before: &[u8]) -> Option<String> {
    let mut text = digits(hisv2_number(before)?, BASE62, 4);
    text.truncate(4);
    Some(text)
}

/// Keys were made in three ways: base62 digits with and without leading zeros, and plain base64.
pub(super) fn verify_hisv2(secret: &[u8]) -> bool {
    let Some((before, tail)) = secret.split_at_checked(80) else { return false };
    let Some(number) = hisv2_number(before) else { return false };
    let plain = encode_base64(&number.to_be_bytes(), BASE64, true);
    match tail.len() {
        4 => {
            [digits(number, BASE62, 4), digits(number, BASE62, 6), plain].iter().any(|t| t.as_bytes().starts_with(tail))
        }
        8 => plain.as_bytes() == tail,
        _ => false,
    }
}

fn hisv2_number(before: &[u8]) -> Option<u32> {
    let bytes = decode_base64(before)?;
    (bytes.len() == 60).then(|| marvin32(&bytes, *b"Default0").swap_bytes())
}

// --- Azure's identifiable keys -------------------------------------------------------------------

/// Signatures of Azure keys, and the seed of an example made for it.
const MARVIN_SIGNATURES: &[(&str, &[u8; 8])] = &[
    ("+ASt", b"Default0"),
    ("ACDb", b"MastRW00"),
    ("+ABa", b"AbAcct00"),
    ("+AMC", b"Classic0"),
    ("APIM", b"IoTHub00"),
    ("+ASb", b"Send0000"),
    ("+AEh", b"Send0000"),
    ("+ARm", b"Send0000"),
    ("AIoT", b"IoTHub00"),
    ("AzCa", b"Access00"),
    ("AZEG", b"SendRecv"),
    ("AzFu", b"Master00"),
    ("AzSe", b"Query000"),
    ("+ACR", b"ACRDflt0"),
];

/// Every seed that Microsoft names for identifiable keys.
const MARVIN_SEEDS: &[&[u8; 8]] = &[
    b"Default0", // most kinds
    b"MastRW00", // Cosmos DB, seven kinds
    b"MastRO00",
    b"Resour00",
    b"Encryp00",
    b"SystRW00",
    b"SystRO00",
    b"SysAll00",
    b"AbAcct00", // Batch
    b"Classic0", // ML classic
    b"Tenant00", // API Management, four kinds (the second also IoT Hub)
    b"IoTHub00",
    b"Gatewy00",
    b"GitKey00",
    b"Send0000", // Service Bus, Event Hubs, Relay
    b"Listen00",
    b"Manage00",
    b"System00",
    b"DpsKey00", // device provisioning, devices
    b"Device00",
    b"Access00", // Redis
    b"SendRecv", // Event Grid
    b"Master00", // Functions
    b"Functi00",
    b"Query000", // AI Search
    b"PAdmin00",
    b"ACRDflt0", // Container Registry
];

pub(super) fn verify_marvin(secret: &[u8]) -> bool {
    let Some(bytes) = decode_base64(secret) else { return false };
    let Some((covered, tail)) = bytes.split_last_chunk::<4>() else { return false };
    let wanted = u32::from_le_bytes(*tail);
    covered.len() >= 28 && MARVIN_SEEDS.iter().any(|seed| marvin32(covered, **seed) == wanted)
}

pub(super) fn seal_marvin(before: &str) -> Option<String> {
    let (_, seed) = MARVIN_SIGNATURES.iter().find(|(signature, _)| before.ends_with(signature))?;
    let alphabet = if before.ends_with("AzFu") { BASE64_URL } else { BASE64 };
    // Where the signature ends amid a byte, that byte is filled up with zeros, as Azure does.
    let filler = (0..(4 - before.len() % 4) % 4).map(|_| 'A');
    let text: String = before.chars().chain(filler).collect();
    let mut bytes = decode_base64(text.as_bytes())?;
    bytes.truncate((before.len() * 6).div_ceil(8));
    let sum = marvin32(&bytes, **seed);
    bytes.extend(sum.to_le_bytes());
    encode_base64(&bytes, alphabet, true).get(before.len()..).map(str::to_owned)
}

// --- Azure DevOps, the 52-character form ---------------------------------------------------------

/// What the CRC is combined with: tokens of users, tokens of applications.
const DEVOPS_MASKS: [u32; 2] = [0xe0b9_692d, 0x1019_f92e];

pub(super) fn verify_devops(secret: &[u8]) -> bool {
    if secret.len() != 52 {
        return false;
    }
    let Some((wanted, covered)) = decode_base32(secret).as_deref().and_then(devops_parts) else { return false };
    DEVOPS_MASKS.iter().any(|mask| crc32(&covered) ^ mask == wanted)
}

pub(super) fn seal_devops(before: &[u8]) -> Option<String> {
    if before.len() != 44 {
        return None;
    }
    // Zeros stand for the last four bytes, and for the half byte before them, which stays zero.
    let bytes = decode_base32(&[before, b"aaaaaaaa"].concat())?;
    let (wanted, covered) = devops_parts(&bytes)?;
    let tail = crc32_suffix(covered.split_last_chunk::<4>()?.0, wanted ^ DEVOPS_MASKS[0]);
    encode_base32(&[bytes.get(..28)?, &tail].concat()).get(44..).map(str::to_owned)
}

/// The number that four scattered bytes make, and the other 28 bytes.
fn devops_parts(bytes: &[u8]) -> Option<(u32, Vec<u8>)> {
    let at = |i: usize| bytes.get(i).copied();
    let wanted = u32::from_le_bytes([at(22)?, at(8)?, at(7)?, at(2)?]);
    let covered = [bytes.get(0..2)?, bytes.get(3..7)?, bytes.get(9..22)?, bytes.get(23..32)?].concat();
    Some((wanted, covered))
}
