//! Base64, decoded with vector instructions. Decoding a message of 60 KiB takes 7 µs instead of 28 µs, which is more than
//! half of the time of SHA-1 and AES.

use base64_simd::STANDARD;

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// The bytes; `None` if the text is not canonical, padded Base64.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode_to_vec(text).ok()
}
