//! The two strings from the console, and the computations with them.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::base64;
use super::cipher::{Cipher, Plaintext};
use super::signature::{self, sign, sign_and_decode};
use crate::error::{Error, ErrorKind};

/// The Token and the EncodingAESKey of one callback URL, from the console page 接收消息服务器配置.
///
/// Clones share them. They are zeroed when the last clone is dropped, and no `Debug` shows them.
///
/// [`Receiver`](crate::Receiver) and [`Sender`](crate::Sender) are all that a server or a test needs. The methods here are
/// the vendor's scheme itself (加解密方案, [90968](https://developer.work.weixin.qq.com/document/path/90968)).
///
/// ```
/// use wecom_callback::CallbackKeys;
///
/// let keys =
///     CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")?;
/// assert_eq!(format!("{keys:?}"), "CallbackKeys(***)");
///
/// let sealed = keys.encrypt(b"hello", "ww1234567890abcdef", *b"0123456789abcdef")?;
/// let opened = keys.decrypt(&sealed)?;
/// assert_eq!(
///     (opened.message(), opened.receive_id()),
///     (&b"hello"[..], &b"ww1234567890abcdef"[..])
/// );
/// # Ok::<(), wecom_callback::Error>(())
/// ```
#[derive(Clone)]
pub struct CallbackKeys(Arc<Inner>);

struct Inner {
    token: Zeroizing<String>,
    key: Zeroizing<[u8; 32]>,
    cipher: Cipher,
}

/// An encrypted text with a valid signature: its bytes, or `None` if it is not Base64.
pub(crate) struct Verified(Option<Vec<u8>>);

impl CallbackKeys {
    /// Creates keys from the console's two strings.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidToken`] for a Token that is empty or has white space, [`ErrorKind::InvalidAesKey`] for an
    /// EncodingAESKey that is not 43 characters of Base64.
    pub fn new(token: &str, encoding_aes_key: &str) -> Result<Self, Error> {
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(ErrorKind::InvalidToken.into());
        }
        let key = decode_key(encoding_aes_key).ok_or(ErrorKind::InvalidAesKey)?;
        let cipher = Cipher::new(&key);
        Ok(Self(Arc::new(Inner { token: Zeroizing::new(token.to_owned()), key, cipher })))
    }

    /// Returns the signature of an encrypted text (消息体签名): 40 lower-case hexadecimal digits.
    #[must_use]
    pub fn signature(&self, timestamp: &str, nonce: &str, encrypted: &str) -> String {
        signature::text(&sign(self.signed(timestamp, nonce), encrypted.as_bytes()))
    }

    /// Returns whether a signature is valid, compared in constant time.
    #[must_use]
    pub fn is_signed(&self, signature: &str, timestamp: &str, nonce: &str, encrypted: &str) -> bool {
        let signed = || sign(self.signed(timestamp, nonce), encrypted.as_bytes());
        signature::parse(signature).is_some_and(|claimed| signature::is_same(&claimed, &signed()))
    }

    /// Encrypts a message, to Base64. The 16 bytes must be random and used once.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::MessageTooLong`] for a message of 4 GiB or more.
    pub fn encrypt(&self, message: &[u8], receive_id: &str, random: [u8; 16]) -> Result<String, Error> {
        self.0.cipher.seal(message, receive_id.as_bytes(), random)
    }

    /// Decrypts a message from Base64.
    ///
    /// It verifies no signature and accepts every receive id. Verify the signature first, and compare the receive id
    /// afterwards.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Base64`], [`ErrorKind::Ciphertext`], [`ErrorKind::Padding`] or [`ErrorKind::Length`].
    pub fn decrypt(&self, encrypted: &str) -> Result<Plaintext, Error> {
        self.open(Verified(base64::decode(encrypted.as_bytes())))
    }

    /// Verifies a signature, and decodes the encrypted text. Returns `None` if the signature is not valid.
    #[inline]
    pub(crate) fn verify(&self, signature: &str, timestamp: &str, nonce: &str, encrypted: &[u8]) -> Option<Verified> {
        let claimed = signature::parse(signature)?;
        let (signature, decoded) = sign_and_decode(self.signed(timestamp, nonce), encrypted);
        signature::is_same(&claimed, &signature).then_some(Verified(decoded))
    }

    #[inline]
    pub(crate) fn open(&self, Verified(decoded): Verified) -> Result<Plaintext, Error> {
        self.0.cipher.open(decoded.ok_or(ErrorKind::Base64)?)
    }

    /// Returns whether both strings are the same.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        let token = self.0.token.as_bytes().ct_eq(other.0.token.as_bytes());
        (token & self.0.key.as_slice().ct_eq(other.0.key.as_slice())).into()
    }

    /// Returns the strings that are signed together with an encrypted text.
    fn signed<'a>(&'a self, timestamp: &'a str, nonce: &'a str) -> [&'a [u8]; 3] {
        [self.0.token.as_bytes(), timestamp.as_bytes(), nonce.as_bytes()]
    }
}

/// Decodes the key from 43 characters of Base64: 42 of them contain 252 bits, the last one 4 bits and two ignored bits.
fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    if text.len() != 43 {
        return None;
    }
    let mut padded = Zeroizing::new([b'A'; 44]);
    for (to, from) in padded.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    // The ignored bits are in the 33rd byte.
    let bytes = Zeroizing::new(base64::decode(padded.as_slice())?);
    bytes.get(..32)?.try_into().ok().map(Zeroizing::new)
}

impl fmt::Debug for CallbackKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackKeys(***)")
    }
}
