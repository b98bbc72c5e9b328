//! A transport on smol, with hyper's HTTP/1.1. The future of a call drives its connection, and dropping it closes the
//! connection.
//!
//! It opens a plain TCP connection for each call. For `https`, wrap the TCP stream in a TLS stream, such as that of
//! `futures-rustls`.
//!
//! `cargo run -p wecom-conformance --example transport_smol` checks it with the conformance suite.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::rt::{Read, ReadBufCursor, Write};
use smol::net::TcpStream;
use smol::{Timer, future};
use smol_hyper::rt::FuturesIo;
use wecom_conformance::Report;
use wecom_core::Delivery::{NotSent, Unknown};
use wecom_core::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind as Kind, async_trait};

/// The time limit of a request that has none.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The largest reply, in bytes.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SmolTransport;

#[async_trait]
impl Transport for SmolTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limit = request.time_limit().unwrap_or(TIME_LIMIT);
        let timeout = async {
            Timer::after(limit).await;
            Err(TransportError::new(Kind::Timeout, Unknown))
        };
        future::or(exchange(&request), timeout).await
    }
}

async fn exchange(request: &Request) -> Result<Response, TransportError> {
    let mut request = http::Request::<Bytes>::try_from(request)?;
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, request.uri().port_u16().unwrap_or(80))).await;
    let stream = stream.map_err(|error| failed(Kind::Connect, NotSent, error))?;
    let stream = Yielding { stream: FuturesIo::new(stream), has_read: false };
    let handshake = http1::handshake(stream).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(Kind::Connect, NotSent, error))?;
    to_origin_form(&mut request).map_err(|error| failed(Kind::Unsupported, NotSent, error))?;
    let reply = async {
        let reply = sender.send_request(request.map(Full::new)).await.map_err(broken)?;
        let (head, body) = reply.into_parts();
        let body = Limited::new(body, REPLY_LIMIT).collect().await.map_err(unreadable)?;
        Ok(http::Response::from_parts(head, body.to_bytes()).into())
    };
    let driven = async {
        // A failure of the connection also fails the reply.
        let _ = connection.await;
        future::pending().await
    };
    future::or(reply, driven).await
}

/// A stream that lets other futures run after each read. Otherwise hyper reads interim replies (1xx) as long as they arrive,
/// and no time limit applies.
struct Yielding<S> {
    stream: S,
    has_read: bool,
}

impl<S: Read + Unpin> Read for Yielding<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.has_read = !self.has_read;
        if self.has_read {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Write + Unpin> Write for Yielding<S> {
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

fn main() -> Report {
    smol::block_on(wecom_conformance::check(&SmolTransport))
}
