//! The signature: SHA-1 over the sorted concatenation of the token and three strings as received.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// A signature as WeCom writes it: 40 lower-case hexadecimal digits.
pub(super) type Signature = [u8; 40];

pub(super) fn sign(mut parts: [&[u8]; 4]) -> Signature {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hex(&hash.finalize().into())
}

/// Compares in a time that does not depend on where the first difference is.
pub(super) fn same(signature: &Signature, claimed: &[u8]) -> bool {
    signature.as_slice().ct_eq(claimed).into()
}

fn hex(bytes: &[u8; 20]) -> Signature {
    let mut text = [0; 40];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}
