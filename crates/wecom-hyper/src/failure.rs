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
    let unsent = error.is_connect() || was_given_back(&error) || was_left_out(&error) || !connected;
    let delivery = if unsent { Delivery::NotSent } else { Delivery::Unknown };
    with_shown_source(TransportError::new(kind, delivery), error)
}

/// A reply that broke off in its body.
pub(crate) fn of_body(error: hyper::Error) -> TransportError {
    with_shown_source(TransportError::new(exchange_kind(&error), Delivery::Unknown), error)
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

/// What the failure of a connector, or of the client above it, is.
pub(crate) fn connect_kind(error: &(dyn StdError + 'static)) -> TransportErrorKind {
    links(error).find_map(connect_link_kind).unwrap_or(TransportErrorKind::Connect)
}

fn connect_link_kind(link: &(dyn StdError + 'static)) -> Option<TransportErrorKind> {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    if let Some(failure) = link.downcast_ref::<crate::connect::ConnectFailure>() {
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
    #[cfg(feature = "http2")]
    if link.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_library) {
        return true;
    }
    let chunk = |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
        || link.downcast_ref::<io::Error>().is_some_and(chunk)
}

/// Whether hyper gave the request back: it says "canceled" only of one that it had not begun to write.
fn was_given_back(error: &(dyn StdError + 'static)) -> bool {
    links(error).any(|link| link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled))
}

/// Whether the server said that it did not begin with this stream of HTTP/2, and never will: h2 fails with a `GOAWAY` the
/// streams beyond the last one that it admits, and those that were not opened before it came.
fn was_left_out(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "http2")]
    let was_left_out = links(error)
        .filter_map(|link| link.downcast_ref::<h2::Error>())
        .any(|error| error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)));
    #[cfg(not(feature = "http2"))]
    let was_left_out = {
        let _ = error;
        false
    };
    was_left_out
}

/// Adds the source, unless it holds a text of the server's: a `GOAWAY` brings one along, and h2 prints it.
fn with_shown_source(error: TransportError, source: impl StdError + Send + Sync + 'static) -> TransportError {
    #[cfg(feature = "http2")]
    if let Some(ended) = links(&source).find_map(|link| link.downcast_ref::<h2::Error>()).filter(|h2| h2.is_go_away()) {
        return error.with_source(Http2Ended(ended.reason().unwrap_or(h2::Reason::NO_ERROR)));
    }
    error.with_source(source)
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

/// The text of the innermost error.
#[cfg(all(feature = "proxy", any(feature = "ring", feature = "aws-lc-rs")))]
pub(crate) fn root_text(error: &(dyn StdError + 'static)) -> String {
    links(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(feature = "http2")]
#[derive(Debug, Error)]
#[error("the HTTP/2 connection was ended by GOAWAY: {0}")]
struct Http2Ended(h2::Reason);

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
