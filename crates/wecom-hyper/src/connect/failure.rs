//! Why no connection could be opened.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use thiserror::Error;
use wecom_core::TransportErrorKind;

use crate::error_chain::{find_kind_of_io, has};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// The stage that failed.
#[derive(Debug, Error)]
pub(crate) enum ConnectFailure {
    #[error("DNS lookup failed")]
    Dns(#[source] BoxError),
    #[error("TCP connection failed")]
    Tcp(#[source] BoxError),
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    #[error("TLS handshake failed")]
    Tls(#[source] BoxError),
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    #[error("wecom-hyper was built without TLS: enable its feature `ring` or `aws-lc-rs`")]
    NoTls,
    #[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
    #[error("the server does not offer HTTP/2, which this transport requires")]
    NoHttp2,
    #[cfg(feature = "proxy")]
    #[error("proxy tunnel failed")]
    Proxy(#[source] ProxyFailure),
    #[error("connect timeout: no connection within {0:?} (the limit for DNS, TCP, proxy and TLS together)")]
    LimitExceeded(Duration),
}

impl ConnectFailure {
    pub(crate) fn kind(&self) -> TransportErrorKind {
        match self {
            Self::Dns(_) => TransportErrorKind::Dns,
            Self::Tcp(error) if find_kind_of_io(&**error) == Some(io::ErrorKind::TimedOut) => {
                TransportErrorKind::Timeout
            }
            Self::Tcp(_) => TransportErrorKind::Connect,
            #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
            Self::Tls(_) => TransportErrorKind::Tls,
            #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
            Self::NoTls => TransportErrorKind::Unsupported,
            #[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
            Self::NoHttp2 => TransportErrorKind::Tls,
            #[cfg(feature = "proxy")]
            Self::Proxy(failure) => failure.kind(),
            Self::LimitExceeded(_) => TransportErrorKind::Timeout,
        }
    }

    pub(crate) fn from_dial(error: BoxError) -> Self {
        if has::<crate::connect::resolve::Unresolved>(&*error) { Self::Dns(error) } else { Self::Tcp(error) }
    }

    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub(crate) fn from_tls(error: io::Error) -> Self {
        Self::Tls(error.into())
    }
}

/// Why there is no tunnel. These errors have no source, because only the innermost text is shown and it has to name the
/// proxy.
#[cfg(feature = "proxy")]
#[derive(Debug, Error)]
pub(crate) enum ProxyFailure {
    #[error("proxy unreachable: {reason}")]
    Unreachable { kind: TransportErrorKind, reason: String },
    #[error("proxy authentication required (407): set credentials in the proxy's URL or by with_credentials")]
    CredentialsRequired,
    #[error("proxy authentication failed (407): the proxy rejected the credentials")]
    CredentialsRejected,
    #[error("proxy refused the tunnel: {0}")]
    Refused(String),
    #[error("invalid proxy target: the server's address can't be sent to a proxy")]
    Target,
}

#[cfg(feature = "proxy")]
impl ProxyFailure {
    pub(crate) fn unreachable(failure: &ConnectFailure) -> Self {
        Self::Unreachable { kind: failure.kind(), reason: crate::error_chain::root_text(failure) }
    }

    fn kind(&self) -> TransportErrorKind {
        match self {
            Self::Unreachable { kind, .. } => *kind,
            _ => TransportErrorKind::Connect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_timeout_of_the_system_is_a_timeout() {
        let error = ConnectFailure::Tcp(io::Error::other(io::Error::from(io::ErrorKind::TimedOut)).into());
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
    }
}
