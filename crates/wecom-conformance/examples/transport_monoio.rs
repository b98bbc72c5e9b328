//! A transport on monoio, a thread-per-core runtime. Its sockets are not `Send`, so it is a `LocalTransport` for
//! `Client::local`. hyper's HTTP/1.1 connection is driven by the future of the call, and dropping the future closes it.
//!
//! It opens a plain TCP connection for each call. For `https`, wrap the TCP stream in a TLS stream, such as that of
//! `monoio-rustls`.
//!
//! `cargo run -p wecom-conformance --example transport_monoio` checks it with the conformance suite.

#![allow(clippy::expect_used, reason = "an example may panic if the operating system has no event queue")]

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::rt::{Read, ReadBufCursor, Write};
use monoio::io::IntoPollIo;
use monoio::net::TcpStream;
use monoio::time::Instant;
use monoio_compat::hyper::MonoioIo;
use wecom_conformance::Report;
use wecom_core::Delivery::{NotSent, Unknown};
use wecom_core::{
    Delivery, LocalTransport, Request, Response, TransportError, TransportErrorKind as Kind, async_trait,
};

/// The time limit of a request that has none.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The largest reply, in bytes.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MonoioTransport;

#[async_trait(?Send)]
impl LocalTransport for MonoioTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limit = request.time_limit().unwrap_or(TIME_LIMIT);
        let deadline = Instant::now().checked_add(limit);
        match monoio::time::timeout(limit, exchange(&request, deadline)).await {
            Ok(Err(error)) if has_passed(deadline) => Err(failed(Kind::Timeout, error.delivery(), error)),
            Ok(outcome) => outcome,
            Err(late) => Err(failed(Kind::Timeout, Unknown, late)),
        }
    }
}

fn has_passed(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

async fn exchange(request: &Request, deadline: Option<Instant>) -> Result<Response, TransportError> {
    let mut request = http::Request::<Bytes>::try_from(request)?;
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, request.uri().port_u16().unwrap_or(80))).await;
    let stream = stream.and_then(TcpStream::into_poll_io).map_err(|error| failed(Kind::Connect, NotSent, error))?;
    let stream = WithDeadline { stream: MonoioIo::new(stream), deadline };
    let handshake = http1::handshake(stream).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(Kind::Connect, NotSent, error))?;
    to_origin_form(&mut request).map_err(|error| failed(Kind::Unsupported, NotSent, error))?;
    let mut reply = pin!(async {
        let reply = sender.send_request(request.map(Full::new)).await.map_err(broken)?;
        let (head, body) = reply.into_parts();
        let body = Limited::new(body, REPLY_LIMIT).collect().await.map_err(unreadable)?;
        Ok(http::Response::from_parts(head, body.to_bytes()).into())
    });
    let mut connection = pin!(connection);
    let mut has_ended = false;
    poll_fn(|context| {
        // A failure of the connection also fails the reply.
        has_ended = has_ended || connection.as_mut().poll(context).is_ready();
        match reply.as_mut().poll(context) {
            Poll::Pending if !has_ended => {
                // Polling the reply may give the connection new work.
                has_ended = connection.as_mut().poll(context).is_ready();
                reply.as_mut().poll(context)
            }
            outcome => outcome,
        }
    })
    .await
}

/// A stream that fails at the deadline. hyper reads interim replies (1xx) as long as they arrive, and timers of monoio do not
/// fire meanwhile.
struct WithDeadline<S> {
    stream: S,
    deadline: Option<Instant>,
}

impl<S: Read + Unpin> Read for WithDeadline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match has_passed(self.deadline) {
            true => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            false => Pin::new(&mut self.stream).poll_read(context, buffer),
        }
    }
}

impl<S: Write + Unpin> Write for WithDeadline<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Splits the URL: the request line contains only the path and query, and the host is a header.
fn to_origin_form(request: &mut http::Request<Bytes>) -> Result<(), http::Error> {
    let uri = request.uri().clone();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    request.headers_mut().insert(HOST, HeaderValue::from_str(host)?);
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
    Ok(())
}

fn unreadable(error: Box<dyn Error + Send + Sync>) -> TransportError {
    match error.downcast::<hyper::Error>() {
        Ok(error) => broken(*error),
        Err(error) if error.is::<LengthLimitError>() => failed(Kind::ReplyTooLarge, Unknown, error),
        Err(error) => failed(Kind::Other, Unknown, error),
    }
}

fn broken(error: hyper::Error) -> TransportError {
    failed(if error.is_parse() { Kind::Protocol } else { Kind::ConnectionLost }, Unknown, error)
}

fn failed(kind: Kind, delivery: Delivery, error: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    TransportError::new(kind, delivery).with_source(error)
}

/// Runs a future on a runtime of monoio, by polling where the kernel has no io_uring.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new().enable_timer().build();
    let mut runtime = runtime.expect("the operating system has an event queue");
    runtime.block_on(future)
}

fn main() -> Report {
    block_on(wecom_conformance::check_local(&MonoioTransport))
}
