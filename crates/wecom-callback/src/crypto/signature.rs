//! The signature: SHA-1 over the sorted concatenation of the token and three strings as received.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::base64::Decoder;

/// The number of bytes that SHA-1 processes at once.
const BLOCK: usize = 64;

/// The 20 bytes of a signature.
pub(super) type Signature = [u8; 20];

/// Signs an encrypted text. The others are the token, the timestamp and the nonce.
pub(super) fn sign(others: [&[u8]; 3], encrypted: &[u8]) -> Signature {
    sign_with(others, encrypted, |hash, _| hash.update(encrypted))
}

/// Signs an encrypted text and decodes it. The bytes are `None` if it is not Base64.
///
/// Each step of SHA-1 waits for the one before it. Meanwhile the processor decodes, so this takes less time than signing and
/// decoding one after the other.
#[inline]
pub(super) fn sign_and_decode(others: [&[u8]; 3], encrypted: &[u8]) -> (Signature, Option<Vec<u8>>) {
    let mut decoder = Decoder::new(encrypted);
    let signature = sign_with(others, encrypted, |hash, length| {
        // Parts of a block are copied before they are hashed.
        let (first, blocks) = encrypted.split_at(encrypted.len().min(length.next_multiple_of(BLOCK) - length));
        hash.update(first);
        for block in blocks.chunks(BLOCK) {
            hash.update(block);
            decoder.step();
        }
    });
    (signature, decoder.finish())
}

/// Signs with a function that hashes the encrypted text, given the number of bytes that were hashed before it.
#[inline]
fn sign_with(mut others: [&[u8]; 3], encrypted: &[u8], update: impl FnOnce(&mut Sha1, usize)) -> Signature {
    // Usually the first bytes differ.
    others.sort_unstable_by_key(|&text| (text.first(), text));
    let (before, after) = others.split_at(others.partition_point(|&text| text < encrypted));
    let mut hash = Sha1::new();
    before.iter().for_each(|text| hash.update(text));
    update(&mut hash, before.iter().map(|text| text.len()).sum());
    after.iter().for_each(|text| hash.update(text));
    hash.finalize().into()
}

/// Returns whether two signatures are the same. The time does not depend on the position of the first difference.
pub(super) fn is_same(left: &Signature, right: &Signature) -> bool {
    left.ct_eq(right).into()
}

/// Reads 40 lower-case hexadecimal digits, as WeCom writes a signature. The time does not depend on the digits.
pub(super) fn parse(text: &str) -> Option<Signature> {
    let digits: &[u8; 40] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 20];
    let mut invalid = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        let (high, low) = (digit(high), digit(low));
        invalid |= high | low;
        *byte = high << 4 | low & 0xF;
    }
    (invalid <= 0xF).then_some(bytes)
}

/// Returns the value of a digit, or more than 15 for any other character.
fn digit(character: u8) -> u8 {
    let number = character.wrapping_sub(b'0');
    let letter = character.wrapping_sub(b'a');
    if number < 10 {
        number
    } else if letter < 6 {
        letter + 10
    } else {
        0x10
    }
}

/// Writes a signature.
pub(super) fn text(signature: &Signature) -> String {
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}
