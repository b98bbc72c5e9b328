//! What each failure of hyper, of a connector or of a limit means: a kind, and whether the request can have arrived.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use hyper_util::client::legacy;
use thiserror::Error;
use wecom_core::{Delivery, TransportError, TransportErrorKind};

/// A request that brought no head of a reply; `connected` says whether it can have got a connection.
pub(crate) fn of_exchange(error: legacy::Error, connected: bool) -> TransportError {
    let kind = if error.is_connect() { connect_kind(&error) } else { exchange_kind(&error) };
    let unsent = error.is_connect() || was_given_back(&error) || !connected;
    let delivery = if unsent { Delivery::NotSent } else { Delivery::Unknown };
    TransportError::new(kind, delivery).with_source(error)
}

/// A reply that broke off in its body.
pub(crate) fn of_body(error: hyper::Error) -> TransportError {
    TransportError::new(exchange_kind(&error), Delivery::Unknown).with_source(error)
}

/// The limit of the whole attempt passed.
pub(crate) fn timed_out(limit: Duration, connected: bool) -> TransportError {
    let delivery = if connected { Delivery::Unknown } else { Delivery::NotSent };
    TransportError::new(TransportErrorKind::Timeout, delivery).with_source(AttemptLimitPassed(limit))
}

/// A reply beyond this many bytes.
pub(crate) fn too_large(limit: usize) -> TransportError {
    TransportError::new(TransportErrorKind::ReplyTooLarge, Delivery::Unknown).with_source(ReplyLimitPassed(limit))
}

/// A call on a thread that has no runtime, over a transport that was given none.
pub(crate) fn no_runtime() -> TransportError {
    TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(NoRuntime)
}

fn connect_kind(error: &legacy::Error) -> TransportErrorKind {
    links(error).find_map(connect_link_kind).unwrap_or(TransportErrorKind::Connect)
}

fn connect_link_kind(link: &(dyn StdError + 'static)) -> Option<TransportErrorKind> {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    if let Some(failure) = link.downcast_ref::<crate::connector::ConnectFailure>() {
        return failure.kind();
    }
    if is_tls(link) {
        return Some(TransportErrorKind::Tls);
    }
    let io = link.downcast_ref::<io::Error>()?;
    (io.kind() == io::ErrorKind::TimedOut).then_some(TransportErrorKind::Timeout)
}

/// What went wrong on a connection that was there.
fn exchange_kind(error: &(dyn StdError + 'static)) -> TransportErrorKind {
    // A TLS record that can't be read looks like invalid data too, but says nothing of HTTP.
    if links(error).any(is_tls) {
        return TransportErrorKind::ConnectionLost;
    }
    if links(error).any(is_malformed) {
        return TransportErrorKind::Protocol;
    }
    if has::<hyper::Error>(error) {
        return TransportErrorKind::ConnectionLost;
    }
    TransportErrorKind::Other
}

/// Whether this is hyper's word for a message that is not HTTP: a head that doesn't parse, or a broken chunk.
fn is_malformed(link: &(dyn StdError + 'static)) -> bool {
    let chunk = |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
        || link.downcast_ref::<io::Error>().is_some_and(chunk)
}

/// Whether hyper gave the request back: it says "canceled" only of one that it had not begun to write.
fn was_given_back(error: &(dyn StdError + 'static)) -> bool {
    links(error).any(|link| link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled))
}

fn is_tls(link: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "tls")]
    let is_tls = link.is::<rustls::Error>();
    #[cfg(not(feature = "tls"))]
    let is_tls = {
        let _ = link;
        false
    };
    is_tls
}

/// Whether an error of this type is among the links.
pub(crate) fn has<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    links(error).any(<dyn StdError>::is::<E>)
}

/// The error and its sources. An [`io::Error`] leaves out the very error that it wraps when it is asked for its source.
fn links<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&link| match link.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|wrapped| wrapped as &(dyn StdError + 'static)),
        None => link.source(),
    })
}

#[derive(Debug, Error)]
#[error("the limit of {0:?} for the whole attempt passed")]
struct AttemptLimitPassed(Duration);

#[derive(Debug, Error)]
#[error("its body has more than the {0} bytes allowed")]
struct ReplyLimitPassed(usize);

#[derive(Debug, Error)]
#[error(
    "make the call on a thread of a tokio runtime, or give the transport one: \
     HyperTransport::with_runtime(tokio::runtime::Handle)"
)]
struct NoRuntime;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    fn request() -> http::Request<Empty<Bytes>> {
        http::Request::new(Empty::new())
    }

    #[tokio::test]
    async fn a_request_that_no_connection_took_was_given_back() {
        let (ours, _theirs) = duplex(1024);
        let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        drop(connection);
        let error = sender.send_request(request()).await.unwrap_err();
        assert!(was_given_back(&error), "{error:?}");
        assert_eq!(exchange_kind(&error), TransportErrorKind::ConnectionLost);
    }

    #[tokio::test]
    async fn a_request_of_which_something_was_read_was_not_given_back() {
        let (ours, mut theirs) = duplex(1024);
        let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        tokio::spawn(connection);
        let server = async {
            theirs.read_u8().await.unwrap();
            drop(theirs);
        };
        let (answer, ()) = tokio::join!(sender.send_request(request()), server);
        assert!(!was_given_back(&answer.unwrap_err()));
    }

    #[test]
    fn the_systems_own_limit_for_connecting_is_a_limit_too() {
        let error = io::Error::other(io::Error::from(io::ErrorKind::TimedOut));
        assert_eq!(links(&error).find_map(connect_link_kind), Some(TransportErrorKind::Timeout));
    }
}
