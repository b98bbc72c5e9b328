//! Why a page could not be had.

use std::error::Error as StdError;
use std::fmt;

use wecom_core::{Endpoint, ErrCode, Error};

/// Why a page of a list could not be had.
///
/// Its text names the endpoint, and holds no cursor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PageError {
    /// The call failed. A cursor that WeCom does not know is among these: it refuses the call.
    Call(Error),
    /// The service gave a cursor that it gave before, so that the list would never end. The page that came with it is not
    /// given, and is asked for again.
    RepeatedCursor(RepeatedCursor),
}

impl PageError {
    /// WeCom's `errcode`, where it refused the call.
    #[must_use]
    pub fn code(&self) -> Option<ErrCode> {
        self.call_error().and_then(Error::code)
    }

    /// The call's error, where it was the call that failed.
    #[must_use]
    pub fn call_error(&self) -> Option<&Error> {
        match self {
            Self::Call(error) => Some(error),
            Self::RepeatedCursor(_) => None,
        }
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<RepeatedCursor> for PageError {
    fn from(error: RepeatedCursor) -> Self {
        Self::RepeatedCursor(error)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::RepeatedCursor(error) => error.fmt(f),
        }
    }
}

/// The text is whole by itself: the call's error has no part of its own in it.
impl StdError for PageError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.call_error().and_then(StdError::source)
    }
}

/// A list whose cursors go in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepeatedCursor {
    /// Which endpoint was called.
    pub endpoint: &'static Endpoint,
    /// How many pages had been read before.
    pub pages: u64,
}

impl fmt::Display for RepeatedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, pages } = self;
        write!(f, "{endpoint}: after {pages} pages the service gave a cursor that it gave before; ")?;
        f.write_str("the list would never end. Begin it anew, and report it to the vendor if it stays so")
    }
}
