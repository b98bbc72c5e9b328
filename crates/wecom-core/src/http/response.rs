//! The reply that a transport returns.

use std::fmt;

use bytes::Bytes;

use crate::http::headers::Headers;

/// A reply with any HTTP status, returned by a [`Transport`](crate::Transport).
///
/// ```
/// use wecom_core::Response;
///
/// let response = Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)
///     .with_header("content-type", "application/json");
/// assert_eq!(response.status(), 200);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    status: u16,
    headers: Headers,
    body: Bytes,
}

impl Response {
    /// Creates a reply without headers.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Headers::new(), body: body.into() }
    }

    /// Appends a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets all headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body after transfer and content decoding.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Shows only the length of the body, because a reply may contain a token.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
