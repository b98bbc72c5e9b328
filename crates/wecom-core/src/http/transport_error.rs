//! Why a request brought no reply, and whether it can have reached the server.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A request that brought no reply: what failed, and whether the server can have seen the request.
///
/// ```
/// use std::io;
/// use wecom_core::{Delivery, TransportError, TransportErrorKind};
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// let error = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent).with_source(refused);
/// assert_eq!(error.delivery(), Delivery::NotSent);
/// assert_eq!(error.to_string(), "could not connect to the server: connection refused (the request was not sent)");
/// ```
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    delivery: Delivery,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: TransportErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery, source: None }
    }

    /// Adds what the HTTP library said. Where its text holds a secret of the request (some libraries print the URL),
    /// the [`Client`](crate::Client) replaces it by a redacted one before anyone sees it.
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

    /// Whether the server can have seen the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The same failure. Where a text in it must not be kept as it is, all of them are passed through `redact`.
    pub(crate) fn redacted(mut self, objects_to: impl Fn(&str) -> bool, redact: impl Fn(&str) -> String) -> Self {
        let Some(source) = &self.source else { return self };
        if texts(&**source).iter().any(|text| objects_to(text)) {
            let shown: Vec<_> = chain(&**source).map(|error| redact(&error.to_string())).collect();
            self.source = Some(Arc::new(RedactedSource(shown.join(": "))));
        }
        self
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if let Some(root) = self.source.as_deref().and_then(|source| chain(source).last()) {
            write!(f, ": {root}")?;
        }
        write!(f, " ({})", self.delivery)
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

/// Stands for a source whose own text held a secret.
#[derive(Debug)]
struct RedactedSource(String);

impl fmt::Display for RedactedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for RedactedSource {}

/// What failed in a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host's name could not be resolved. Nothing was sent.
    Dns,
    /// No connection could be made: refused, unreachable, no route. Nothing was sent.
    Connect,
    /// The server's TLS could not be agreed on or its certificate not trusted. Nothing was sent.
    Tls,
    /// A limit passed before the reply was there.
    Timeout,
    /// The connection broke while the request was under way.
    ConnectionLost,
    /// What came back is not HTTP.
    Protocol,
    /// The reply is larger than the transport takes.
    ReplyTooLarge,
    /// The transport can't send such a request: a plain `http://` address where only TLS is allowed, say. Nothing was
    /// sent.
    Unsupported,
    /// The transport needs an async runtime and there is none on this thread. Nothing was sent.
    NoRuntime,
    /// Something else, which the source tells.
    Other,
}

impl TransportErrorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "could not resolve the server's name",
            Self::Connect => "could not connect to the server",
            Self::Tls => "could not agree on TLS with the server",
            Self::Timeout => "no reply within the time limit",
            Self::ConnectionLost => "the connection was lost",
            Self::Protocol => "the reply is not HTTP",
            Self::ReplyTooLarge => "the reply is larger than the transport's limit",
            Self::Unsupported => "the transport can't send such a request",
            Self::NoRuntime => "the transport needs an async runtime, and there is none here",
            Self::Other => "the transport failed",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a request that brought no reply can have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// It can't: no byte of it was given to a connection. Any call may be sent again.
    NotSent,
    /// It can: only a call that is safe or idempotent may be sent again.
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
