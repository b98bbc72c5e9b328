//! The errors of a pager.

use std::error::Error as StdError;
use std::fmt;

use serde::{Serialize, Serializer};
use wecom_core::{Endpoint, ErrCode, Error};

/// An error while fetching a page of a list.
///
/// Its text names the endpoint and never contains a cursor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PageError {
    /// The call failed, for example because WeCom does not know the cursor.
    Call(Error),
    /// The service repeated a cursor, so the list would never end. The page with that cursor is discarded, and the next
    /// call requests it again.
    RepeatedCursor(RepeatedCursor),
    /// The service returned 1,000 empty pages in a row, each with a new cursor, so the list may never end. The last page
    /// is discarded, and the next call requests it again.
    EmptyPages(EmptyPages),
}

impl PageError {
    /// Returns the `errcode` of WeCom, if WeCom rejected the call.
    #[must_use]
    pub fn code(&self) -> Option<ErrCode> {
        self.call_error().and_then(Error::code)
    }

    /// Returns the error of the call, if the call failed.
    #[must_use]
    pub fn call_error(&self) -> Option<&Error> {
        match self {
            Self::Call(error) => Some(error),
            Self::RepeatedCursor(_) | Self::EmptyPages(_) => None,
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

impl From<EmptyPages> for PageError {
    fn from(error: EmptyPages) -> Self {
        Self::EmptyPages(error)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::RepeatedCursor(error) => error.fmt(f),
            Self::EmptyPages(error) => error.fmt(f),
        }
    }
}

/// The text includes that of the call's error, so the source is the source of that error.
impl StdError for PageError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.call_error().and_then(StdError::source)
    }
}

/// Serializes as the error of the call, or with the kind `repeated_cursor` or `empty_pages`:
/// `{"endpoint":"get_chain_corpinfo_list","kind":"repeated_cursor","message":"…"}`.
impl Serialize for PageError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields {
            endpoint: &'static Endpoint,
            kind: &'static str,
            message: String,
        }
        let (endpoint, kind) = match self {
            Self::Call(error) => return error.serialize(serializer),
            Self::RepeatedCursor(error) => (error.endpoint, "repeated_cursor"),
            Self::EmptyPages(error) => (error.endpoint, "empty_pages"),
        };
        Fields { endpoint, kind, message: self.to_string() }.serialize(serializer)
    }
}

/// A cycle in the cursors of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepeatedCursor {
    /// The endpoint of the call.
    pub endpoint: &'static Endpoint,
    /// The number of pages read before the repeated cursor.
    pub pages: u64,
}

impl fmt::Display for RepeatedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, pages } = self;
        write!(f, "{endpoint}: repeated cursor after {pages} pages: the list would never end; ")?;
        f.write_str("read it again from the start, and report the problem to the vendor if it persists")
    }
}

/// A list with too many empty pages in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptyPages {
    /// The endpoint of the call.
    pub endpoint: &'static Endpoint,
    /// The number of empty pages in a row.
    pub pages: u32,
}

impl fmt::Display for EmptyPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, pages } = self;
        write!(f, "{endpoint}: {pages} empty pages in a row: the list may never end; ")?;
        f.write_str("read it again from the start, and report the problem to the vendor if it persists")
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::{Delivery, TransportErrorKind};

    use super::*;
    use crate::samples::{call_error, reply_error};

    #[test]
    fn the_error_of_a_page_has_the_text_and_code_of_the_calls_error() {
        let call = call_error(TransportErrorKind::Connect, Delivery::NotSent);
        let error = PageError::from(call.clone());
        assert_eq!(error.to_string(), call.to_string());
        assert!(error.to_string().contains("it is down") && error.code().is_none(), "{error}");
        assert_eq!(PageError::from(reply_error(200, 670_002)).code(), Some(ErrCode::UNKNOWN_CHAIN));
    }

    #[test]
    fn a_list_without_an_end_serializes_with_its_endpoint_and_its_kind() {
        let endpoint = &crate::calls::GET_CHAIN_CORPINFO_LIST;
        for (error, kind) in [
            (PageError::from(RepeatedCursor { endpoint, pages: 7 }), "repeated_cursor"),
            (EmptyPages { endpoint, pages: 1000 }.into(), "empty_pages"),
        ] {
            let expected =
                serde_json::json!({"endpoint": "get_chain_corpinfo_list", "kind": kind, "message": error.to_string()});
            assert_eq!(serde_json::to_value(error).unwrap(), expected);
        }
    }
}
