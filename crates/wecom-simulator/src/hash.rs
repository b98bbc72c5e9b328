//! A hash function: FNV-1a, the same on every machine.

/// The hash of an empty input.
pub(crate) const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;

/// Adds bytes to an FNV-1a hash.
pub(crate) fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3))
}
