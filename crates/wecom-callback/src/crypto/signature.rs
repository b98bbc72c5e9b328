//! The signature: SHA-1 over the sorted concatenation of the token and three strings as received.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// The 20 bytes of a signature.
pub(super) type Signature = [u8; 20];

pub(super) fn sign(mut parts: [&[u8]; 4]) -> Signature {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether a text is this signature. The time does not depend on the position of the first difference.
pub(super) fn is(signature: &Signature, claimed: &str) -> bool {
    parse(claimed).is_some_and(|claimed| signature.ct_eq(&claimed).into())
}

/// Reads 40 lower-case hexadecimal digits, as WeCom writes a signature.
fn parse(text: &str) -> Option<Signature> {
    let mut bytes = [0; 20];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// Writes a signature.
pub(super) fn text(signature: &Signature) -> String {
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}
