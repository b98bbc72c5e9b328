//! AES-256-CBC with the vendor's padding, over the vendor's layout of a plaintext:
//! 16 random bytes, the message's length as a big-endian `u32`, the message, the receive id, the padding.

use std::fmt;

use aes::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use aes::{Aes256Dec, Aes256Enc};
use zeroize::Zeroizing;

use super::base64;
use crate::error::{Error, ErrorKind};

/// The plaintext is padded to a multiple of this, which is not the cipher's block size.
const PADDED_TO: usize = 32;
/// The random bytes and the length.
const HEAD: usize = 20;

/// The two key schedules of an EncodingAESKey. Both are zeroed on drop.
pub(super) struct Cipher {
    encrypt: Aes256Enc,
    decrypt: Aes256Dec,
    iv: Zeroizing<[u8; 16]>,
}

/// The content of a decrypted text, returned by [`CallbackKeys::decrypt`](crate::CallbackKeys::decrypt).
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext {
    message: Vec<u8>,
    receive_id: Vec<u8>,
}

impl Cipher {
    /// Creates the cipher of a key. The first half of the key is the initialization vector, by the vendor's rule.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let mut iv = Zeroizing::new([0; 16]);
        for (to, from) in iv.iter_mut().zip(key) {
            *to = *from;
        }
        Self { encrypt: Aes256Enc::new(key.into()), decrypt: Aes256Dec::new(key.into()), iv }
    }

    pub(super) fn seal(&self, message: &[u8], receive_id: &[u8], random: [u8; 16]) -> Result<String, Error> {
        let length = u32::try_from(message.len()).map_err(|_| ErrorKind::MessageTooLong)?;
        let unpadded = HEAD + message.len() + receive_id.len();
        let padding = PADDED_TO - unpadded % PADDED_TO;
        let mut buffer = Vec::with_capacity(unpadded + padding);
        buffer.extend_from_slice(&random);
        buffer.extend_from_slice(&length.to_be_bytes());
        buffer.extend_from_slice(message);
        buffer.extend_from_slice(receive_id);
        // 1 to 32, so it fits into a byte.
        buffer.resize(unpadded + padding, padding as u8);
        let mut mode = cbc::Encryptor::inner_iv_init(&self.encrypt, &(*self.iv).into());
        mode.encrypt_blocks(Block::<Aes256Enc>::slice_as_chunks_mut(&mut buffer).0);
        Ok(base64::encode(&buffer))
    }

    #[inline]
    pub(super) fn open(&self, mut buffer: Vec<u8>) -> Result<Plaintext, Error> {
        let (blocks, rest) = Block::<Aes256Dec>::slice_as_chunks_mut(&mut buffer);
        if blocks.is_empty() || !rest.is_empty() {
            return Err(ErrorKind::Ciphertext.into());
        }
        cbc::Decryptor::inner_iv_init(&self.decrypt, &(*self.iv).into()).decrypt_blocks(blocks);
        let unpadded = buffer.len() - padding(&buffer).ok_or(ErrorKind::Padding)?;
        buffer.truncate(unpadded);
        split(buffer).ok_or_else(|| ErrorKind::Length.into())
    }
}

/// Returns the number of bytes of padding. Each of them has that number as its value.
fn padding(buffer: &[u8]) -> Option<usize> {
    let last = *buffer.last()?;
    let count = usize::from(last);
    let bytes = buffer.get(buffer.len().checked_sub(count)?..)?;
    ((1..=PADDED_TO).contains(&count) && bytes.iter().all(|byte| *byte == last)).then_some(count)
}

#[inline]
fn split(mut buffer: Vec<u8>) -> Option<Plaintext> {
    let length = buffer.get(16..HEAD)?.try_into().ok().map(u32::from_be_bytes)?;
    let end = HEAD.checked_add(usize::try_from(length).ok()?)?;
    let receive_id = buffer.get(end..)?.to_vec();
    buffer.truncate(end);
    buffer.drain(..HEAD);
    Some(Plaintext { message: buffer, receive_id })
}

impl Plaintext {
    /// Returns the message.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Returns the receive id (receiveid) that the message was encrypted for.
    #[must_use]
    pub fn receive_id(&self) -> &[u8] {
        &self.receive_id
    }

    /// Returns the message and the receive id.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        (self.message, self.receive_id)
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(***)")
    }
}
