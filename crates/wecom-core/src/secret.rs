//! Values that must never be printed. Redaction is a type here, not a habit: what holds one has no `Display`, and a
//! `Debug` that shows `***`.

pub mod forms;
mod matcher;
pub(crate) mod message;
pub mod names;
mod printable;
pub(crate) mod redactor;

use std::fmt;
use std::sync::Arc;

pub use self::redactor::Redactor;
use crate::secret::forms::percent_encoded;

/// A secret: an app's `corpsecret`, say.
///
/// ```
/// use wecom_core::Secret;
///
/// let secret = Secret::new("the-app-secret");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "the-app-secret");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<Arc<str>>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: for a request, never for a text that someone may read.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// An `access_token`, at most 512 bytes by the vendor's word.
///
/// A token has a generation, by which a [`TokenProvider`](crate::token::TokenProvider) tells a token that it has replaced
/// since from the one in use, even where the service gives the same text twice.
///
/// ```
/// use wecom_core::AccessToken;
///
/// let token = AccessToken::new("the-token");
/// assert_eq!(format!("{token:?}"), "AccessToken(***)");
/// ```
#[derive(Clone)]
pub struct AccessToken {
    text: Secret,
    /// As it stands in a URL, where that is not the text itself: made once, not for every call.
    encoded: Option<Secret>,
    generation: u64,
}

impl AccessToken {
    /// Takes a token in, as generation 0.
    pub fn new(token: impl Into<Arc<str>>) -> Self {
        let text = Secret::new(token);
        let encoded = percent_encoded(text.expose()).to_string();
        let encoded = (encoded != text.expose()).then(|| Secret::new(encoded));
        Self { text, encoded, generation: 0 }
    }

    /// Sets the generation.
    #[must_use]
    pub fn with_generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// Which one this is of the tokens that its provider has had; 0 where the provider doesn't count.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The token itself: for a request, never for a text that someone may read.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl AccessToken {
    /// The token as it stands in a URL.
    pub(crate) fn expose_encoded(&self) -> &str {
        self.encoded.as_ref().unwrap_or(&self.text).expose()
    }
}

/// Tokens are equal when text and generation are.
impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.generation == other.generation
    }
}

impl Eq for AccessToken {}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(***)")
    }
}
