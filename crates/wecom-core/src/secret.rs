//! Secrets and access tokens, and the redaction of texts.
//!
//! A secret has no `Display`, its `Debug` form is `***`, and it is never serialized.

pub mod forms;
mod matcher;
pub mod message;
pub mod names;
pub(crate) mod printable;
pub(crate) mod redactor;
pub mod values;

use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error};

pub use self::redactor::Redactor;
use crate::secret::forms::percent_encoded;

/// A secret, such as the `corpsecret` of an app.
///
/// It can be deserialized, or parsed from a text such as a file or an environment variable. An empty text is an error
/// in both cases. Surrounding white space is always removed.
///
/// ```
/// use wecom_core::Secret;
///
/// let secret = Secret::new("the-app-secret");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "the-app-secret");
/// assert_eq!("the-app-secret\n".parse(), Ok(secret));
/// ```
///
/// It cannot be serialized:
///
/// ```compile_fail,E0277
/// let json = serde_json::to_string(&wecom_core::Secret::new("the-app-secret"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a secret, without surrounding white space: files and Kubernetes secrets often end in a newline.
    pub fn new(secret: impl Into<Arc<str>>) -> Self {
        let secret = secret.into();
        match secret.trim() {
            trimmed if trimmed.len() < secret.len() => Self(trimmed.into()),
            _ => Self(secret),
        }
    }

    /// Returns the secret, to put it into a request. Never put it into a text that a person may read.
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

/// An `access_token`. WeCom's documentation allows up to 512 bytes.
///
/// Like a [`Secret`], it can be deserialized and parsed, and cannot be serialized.
///
/// A token has a generation, which tells a [`TokenProvider`](crate::token::TokenProvider) whether a refused token is still
/// the one in use, even if WeCom returns the same text twice.
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
    /// The percent-encoded text, if it differs. Computed once, because every request needs it.
    encoded: Option<Secret>,
    generation: u64,
}

impl AccessToken {
    /// Wraps a token of generation 0.
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

    /// The number of this token among those of its provider; 0 if the provider does not count.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the token, to put it into a request. Never put it into a text that a person may read.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl AccessToken {
    /// Returns the percent-encoded token.
    pub(crate) fn expose_encoded(&self) -> &str {
        self.encoded.as_ref().unwrap_or(&self.text).expose()
    }
}

/// Tokens are equal if their texts and their generations are equal.
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

/// The error of parsing or deserializing an empty [`Secret`] or [`AccessToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("empty secret: the text has no characters other than white space")
    }
}

impl StdError for EmptySecret {}

/// The error of deserializing a secret that is not a string. It never contains the value.
const NOT_A_STRING: &str = "invalid type: a secret must be a string; put a secret of digits into quotes";

/// Implements parsing and deserializing, for secrets in a configuration.
macro_rules! from_configuration {
    ($($secret:ident),+) => {$(
        impl FromStr for $secret {
            type Err = EmptySecret;

            fn from_str(text: &str) -> Result<Self, EmptySecret> {
                match text.trim() {
                    "" => Err(EmptySecret),
                    text => Ok(Self::new(text)),
                }
            }
        }

        impl<'de> Deserialize<'de> for $secret {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // The error of a deserializer may quote the value.
                let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(NOT_A_STRING))?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

from_configuration!(Secret, AccessToken);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_of_deserializing_a_secret_has_the_value() {
        for json in ["987654321", "-987654321", "987654321.5", "true", r#"["987654321"]"#, r#"{"987654321":1}"#, "null"]
        {
            let secret = serde_json::from_str::<Secret>(json).unwrap_err().to_string();
            let token = serde_json::from_str::<AccessToken>(json).unwrap_err().to_string();
            for text in [secret, token] {
                assert!(text.contains("must be a string") && !text.contains("987654321"), "{text}");
            }
        }
    }
}
