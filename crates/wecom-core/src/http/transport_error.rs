//! Why a transport returned no reply, and whether the request may have reached the server.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::secret::printable::one_line;

/// The error of a [`Transport`](crate::Transport): what failed, and whether the request may have reached the server.
///
/// The HTTP library's error is its [`source`](StdError::source) and not part of its own text. The client's
/// [`Error`](crate::Error) includes the root cause in its text.
///
/// ```
/// use std::io;
/// use wecom_core::{Delivery, TransportError, TransportErrorKind};
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// let error = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent)
///     .with_source(refused);
/// assert_eq!(error.delivery(), Delivery::NotSent);
/// assert_eq!(error.to_string(), "connection failed (the request was not sent)");
/// ```
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    delivery: Delivery,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// Creates an error of a kind.
    #[must_use]
    pub fn new(kind: TransportErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery, source: None }
    }

    /// Adds the HTTP library's error. If its text contains a secret of the request (some libraries print the URL), the
    /// [`Client`](crate::Client) replaces it by a redacted text.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have reached the server.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Replaces the sources by their texts, passed through `redact`, if one of these texts must not be shown unchanged.
    pub(crate) fn redacted(mut self, must_replace: impl Fn(&str) -> bool, redact: impl Fn(&str) -> String) -> Self {
        let Some(source) = &self.source else { return self };
        if texts(&**source).iter().any(|text| must_replace(text)) {
            let shown: Vec<_> = chain(&**source).map(|error| redact(&error.to_string())).collect();
            self.source = Some(Arc::new(RedactedSource(shown.join(": "))));
        }
        self
    }
}

impl TransportError {
    /// Writes the text including the root cause, on one line.
    pub(crate) fn fmt_with_cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if let Some(root) = self.source.as_deref().and_then(|source| chain(source).last()) {
            write!(f, ": {}", one_line(&root.to_string()))?;
        }
        write!(f, " ({})", self.delivery)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, self.delivery)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn texts(error: &(dyn StdError + 'static)) -> Vec<String> {
    chain(error).flat_map(|error| [error.to_string(), format!("{error:?}"), format!("{error:#?}")]).collect()
}

/// Replaces a source whose text must not be shown.
#[derive(Debug)]
struct RedactedSource(String);

impl fmt::Display for RedactedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for RedactedSource {}

/// What failed in a [`TransportError`]. Serialized as its name in snake case: `connection_lost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name could not be resolved. Nothing was sent.
    Dns,
    /// No connection could be established: refused, unreachable, no route. Nothing was sent.
    Connect,
    /// The TLS handshake failed, or the server's certificate is not trusted. Nothing was sent.
    Tls,
    /// The time limit passed before the reply was complete.
    Timeout,
    /// The connection was closed or reset before the reply was complete.
    ConnectionLost,
    /// The reply is not valid HTTP.
    Protocol,
    /// The reply exceeds the transport's size limit.
    ReplyTooLarge,
    /// The transport does not support the request, such as one to an `http://` URL if only TLS is allowed. Nothing was
    /// sent.
    Unsupported,
    /// The transport needs an async runtime, and there is none on this thread. Nothing was sent.
    NoRuntime,
    /// Another failure, described by the source.
    Other,
}

impl TransportErrorKind {
    /// Whether the same request may succeed later although nothing is changed.
    pub(crate) fn is_transient(self) -> bool {
        !matches!(self, Self::Tls | Self::ReplyTooLarge | Self::Unsupported | Self::NoRuntime)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "DNS lookup failed",
            Self::Connect => "connection failed",
            Self::Tls => "TLS handshake failed",
            Self::Timeout => "request timed out",
            Self::ConnectionLost => "connection lost",
            Self::Protocol => "invalid HTTP response",
            Self::ReplyTooLarge => "reply exceeds the transport's size limit",
            Self::Unsupported => "request not supported by the transport",
            Self::NoRuntime => "no async runtime on this thread; the transport needs one",
            Self::Other => "transport error",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a request without a reply may have reached the server. Serialized as `not_sent` or `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// It did not: no byte of it was written to a connection. Any call may be sent again.
    NotSent,
    /// It may have: only a safe or idempotent call may be sent again.
    Unknown,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "the request was not sent",
            Self::Unknown => "the request may have been carried out",
        })
    }
}
