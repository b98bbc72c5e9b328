//! Maps the failures of hyper, of connecting and of limits to a kind and a delivery.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use thiserror::Error;
use wecom_core::{Delivery, TransportError, TransportErrorKind};

use crate::connect::failure::ConnectFailure;
use crate::error_chain::{has, links};

/// A connection could not be opened.
pub(crate) fn of_connect(failure: ConnectFailure) -> TransportError {
    TransportError::new(failure.kind(), Delivery::NotSent).with_source(failure)
}

/// A request failed on a connection before the head of its reply arrived. `unwritten`: no byte of it was written.
pub(crate) fn of_request(error: hyper::Error, unwritten: bool) -> TransportError {
    let delivery = if unwritten || was_not_processed(&error) { Delivery::NotSent } else { Delivery::Unknown };
    with_safe_source(TransportError::new(exchange_kind(&error), delivery), error)
}

/// The body of a reply ended early.
pub(crate) fn of_body(error: hyper::Error) -> TransportError {
    with_safe_source(TransportError::new(exchange_kind(&error), Delivery::Unknown), error)
}

/// The time limit passed while the call waited for a connection.
pub(crate) fn timed_out_unsent(limit: Duration) -> TransportError {
    let source = DeadlineExceeded { limit, stage: "waiting for a connection" };
    TransportError::new(TransportErrorKind::Timeout, Delivery::NotSent).with_source(source)
}

/// The time limit passed after a connection had taken the call. `unwritten`: no byte of it was written.
pub(crate) fn timed_out(limit: Duration, unwritten: bool) -> TransportError {
    let (delivery, stage) = match unwritten {
        true => (Delivery::NotSent, "waiting for the connection to take the request"),
        false => (Delivery::Unknown, "sent, waiting for the reply"),
    };
    TransportError::new(TransportErrorKind::Timeout, delivery).with_source(DeadlineExceeded { limit, stage })
}

/// The reply exceeds the size limit.
pub(crate) fn too_large(limit: usize) -> TransportError {
    TransportError::new(TransportErrorKind::ReplyTooLarge, Delivery::Unknown).with_source(ReplyTooLarge(limit))
}

/// A call on a thread without a runtime, over a transport that is bound to none.
pub(crate) fn no_runtime() -> TransportError {
    TransportError::new(TransportErrorKind::NoRuntime, Delivery::NotSent).with_source(NoRuntime::None)
}

/// The runtime dropped the call.
pub(crate) fn runtime_stopped(delivery: Delivery) -> TransportError {
    TransportError::new(TransportErrorKind::NoRuntime, delivery).with_source(NoRuntime::Stopped)
}

/// The kind of a failure on an open connection.
fn exchange_kind(error: &(dyn StdError + 'static)) -> TransportErrorKind {
    // An invalid TLS record is reported as invalid data too, but says nothing about HTTP.
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

/// Whether hyper reports a message that is not HTTP: a head that does not parse, or a broken chunk.
fn is_malformed(link: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "http2")]
    if link.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_library) {
        return true;
    }
    let chunk = |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
        || link.downcast_ref::<io::Error>().is_some_and(chunk)
}

/// Whether the server stated that it did not and will not process this HTTP/2 stream: by `REFUSED_STREAM`, or by a
/// `GOAWAY` that excludes it.
fn was_not_processed(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "http2")]
    let was_not_processed = links(error)
        .filter_map(|link| link.downcast_ref::<h2::Error>())
        .any(|error| error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)));
    #[cfg(not(feature = "http2"))]
    let was_not_processed = {
        let _ = error;
        false
    };
    was_not_processed
}

/// Adds the source, unless it contains text of the server: h2 prints the debug data of a `GOAWAY`.
fn with_safe_source(error: TransportError, source: impl StdError + Send + Sync + 'static) -> TransportError {
    #[cfg(feature = "http2")]
    if let Some(ended) = links(&source).find_map(|link| link.downcast_ref::<h2::Error>()).filter(|h2| h2.is_go_away()) {
        return error.with_source(GoAway(ended.reason().unwrap_or(h2::Reason::NO_ERROR)));
    }
    error.with_source(source)
}

fn is_tls(link: &(dyn StdError + 'static)) -> bool {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    let is_tls = link.is::<rustls::Error>();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let is_tls = {
        let _ = link;
        false
    };
    is_tls
}

#[cfg(feature = "http2")]
#[derive(Debug, Error)]
#[error("the server closed the HTTP/2 connection by GOAWAY: {0}")]
struct GoAway(h2::Reason);

#[derive(Debug, Error)]
#[error("deadline exceeded: no reply within {limit:?} ({stage})")]
struct DeadlineExceeded {
    limit: Duration,
    stage: &'static str,
}

#[derive(Debug, Error)]
#[error("reply body exceeds the limit of {0} bytes; raise it with reply_limit")]
struct ReplyTooLarge(usize);

#[derive(Debug, Error)]
enum NoRuntime {
    #[error(
        "no tokio runtime on this thread: call from a task of a runtime, or bind the transport to one with \
         HyperTransport::with_runtime(tokio::runtime::Handle)"
    )]
    None,
    #[error(
        "the tokio runtime has shut down, or lacks its I/O or time driver: keep it running, and build it with enable_all"
    )]
    Stopped,
}
