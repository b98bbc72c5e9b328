//! Why a call has no access token.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::secret::printable::one_line;

/// No access token could be obtained.
#[derive(Clone, Debug)]
pub struct TokenError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl TokenError {
    /// Wraps the error of a token provider. Its text is shown on one line, and otherwise unchanged, so it
    /// must not contain a secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }

    /// The provider's error.
    #[must_use]
    pub fn cause(&self) -> &(dyn StdError + 'static) {
        &*self.source
    }

    /// The error of the call that fetched the token, if a call failed.
    #[must_use]
    pub fn call_error(&self) -> Option<&Error> {
        self.source.downcast_ref()
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no access token: {}", one_line(&self.source.to_string()))
    }
}

/// The text includes the provider's error, so the source is that error's own source.
impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}
