//! The key of a handled message.

use std::fmt;

use sha1::{Digest, Sha1};

/// A digest of a decrypted message, its channel's name and its receive id. It displays as 40 hexadecimal digits.
///
/// All attempts to deliver one message have the same digest. It reveals nothing about the message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageDigest([u8; 20]);

impl MessageDigest {
    pub(crate) fn of(channel: &str, receive_id: &str, message: &str) -> Self {
        let mut hash = Sha1::new();
        for part in [channel, receive_id, message] {
            // The length separates the parts.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Creates a digest from its bytes, for example in the tests of a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Returns the digest's bytes, for example as a key in a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for MessageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MessageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageDigest({self})")
    }
}
