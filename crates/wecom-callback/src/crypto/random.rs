//! The random bytes of one message, from the caller or from the operating system.

use std::fmt;

/// The random bytes that one sealed message needs: 16 in front of the plaintext, and 8 for the nonce.
///
/// `RandomBytes::generate` gets them from the operating system, with the feature `getrandom`. A test passes fixed bytes.
/// They are used only once, so the type is not `Clone`.
///
/// ```
/// use wecom_callback::RandomBytes;
///
/// let fixed_in_a_test = RandomBytes::new([7; 24]);
/// # let _ = fixed_in_a_test;
/// ```
pub struct RandomBytes {
    prefix: [u8; 16],
    nonce: u64,
}

impl RandomBytes {
    /// Takes bytes from the caller's own cryptographically secure source.
    #[must_use]
    pub fn new(bytes: [u8; 24]) -> Self {
        let (mut prefix, mut nonce) = ([0; 16], [0; 8]);
        for (to, from) in prefix.iter_mut().chain(&mut nonce).zip(bytes) {
            *to = from;
        }
        Self { prefix, nonce: u64::from_be_bytes(nonce) }
    }

    /// Gets bytes from the operating system.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`](crate::ErrorKind::Random) if the operating system returns none.
    #[cfg(feature = "getrandom")]
    pub fn generate() -> Result<Self, crate::Error> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes).map_err(|_| crate::ErrorKind::Random)?;
        Ok(Self::new(bytes))
    }

    pub(crate) fn prefix(&self) -> [u8; 16] {
        self.prefix
    }

    /// Returns the nonce, as WeCom writes it: decimal digits.
    pub(crate) fn nonce(&self) -> String {
        self.nonce.to_string()
    }
}

impl fmt::Debug for RandomBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomBytes(***)")
    }
}
