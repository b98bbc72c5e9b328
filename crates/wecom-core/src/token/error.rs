//! Why a call has no access token.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;

/// Why there is no token.
#[derive(Clone, Debug)]
pub struct TokenError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl TokenError {
    /// What the provider ran into. Its text is shown as it is, so it must hold no secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }

    /// The failed call that was to get the token, where it was one.
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
        write!(f, "no access token to send the call with: {}", self.source)
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
