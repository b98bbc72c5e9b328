//! A transport on smol, with hyper's HTTP/1.1. The future of a call drives its connection, and dropping it closes the
//! connection.
//!
//! It opens a plain TCP connection for each call. For `https`, wrap the TCP stream in a TLS stream, such as that of
//! `futures-rustls`.
//!
//! `cargo run -p wecom-conformance --example transport_smol` checks it with the conformance suite.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::{Uri, header};
use smol::net::TcpStream;
use smol::{Timer, future};
use smol_hyper::rt::FuturesIo;
use wecom_conformance::Report;
use wecom_core::Delivery::{NotSent, Unknown};
use wecom_core::http::Headers;
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
    let url: Uri = request.expose_url().parse().map_err(|error| failed(Kind::Unsupported, NotSent, error))?;
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, url.port_u16().unwrap_or(80))).await;
    let stream = stream.map_err(|error| failed(Kind::Connect, NotSent, error))?;
    let handshake = http1::handshake(FuturesIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(Kind::Connect, NotSent, error))?;
    let sent = outgoing(request, &url).map_err(|error| failed(Kind::Unsupported, NotSent, error))?;
    let reply = async {
        let reply = sender.send_request(sent).await.map_err(broken)?;
        read(reply).await
    };
    let driven = async {
        // A failure of the connection also fails the reply.
        let _ = connection.await;
        future::pending().await
    };
    future::or(reply, driven).await
}

fn outgoing(request: &Request, url: &Uri) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
    // The request line contains only the path and query. The host is a header.
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut sent = hyper::Request::builder().method(request.method().as_str()).uri(target);
    sent = sent.header(header::HOST, url.authority().map_or("", |authority| authority.as_str()));
    for (name, value) in request.headers() {
        sent = sent.header(name, value);
    }
    sent.body(Full::new(request.body().cloned().unwrap_or_default()))
}

async fn read(reply: hyper::Response<hyper::body::Incoming>) -> Result<Response, TransportError> {
    let (head, body) = reply.into_parts();
    let body = Limited::new(body, REPLY_LIMIT).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => broken(*error),
        Err(error) if error.is::<LengthLimitError>() => failed(Kind::ReplyTooLarge, Unknown, error),
        Err(error) => failed(Kind::Other, Unknown, error),
    })?;
    let mut headers = Headers::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        headers.push(name.as_str(), value.as_bytes());
    }
    Ok(Response::new(head.status.as_u16(), body.to_bytes()).with_headers(headers))
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
