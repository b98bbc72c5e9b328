//! A transport on reqwest: your client, with its TLS, pool and proxies, carries the calls.
//!
//! `cargo run -p wecom-conformance --example transport_reqwest` runs the conformance suite over it.

#![allow(clippy::print_stdout, reason = "the example shows the suite's report")]

use std::time::Duration;

use bytes::BytesMut;
use reqwest::{Client, ClientBuilder, Method, redirect, retry};
use wecom_core::http::Headers;
use wecom_core::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind, async_trait};

/// How long one attempt may take when the request doesn't say.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How large a reply may be.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct ReqwestTransport(Client);

impl ReqwestTransport {
    /// The builder brings TLS, proxies and the pool; what the contract wants of them all is set here.
    pub(crate) fn new(builder: ClientBuilder) -> reqwest::Result<Self> {
        // The next address would be given the token, and what may be repeated is decided above the transport.
        builder.redirect(redirect::Policy::none()).retry(retry::never()).build().map(Self)
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or_default();
        let mut sent = self.0.request(method, request.expose_url());
        for (name, value) in request.headers() {
            sent = sent.header(name, value);
        }
        if let Some(body) = request.body() {
            sent = sent.body(body.clone());
        }
        let reply = sent.timeout(request.time_limit().unwrap_or(TIME_LIMIT)).send().await;
        read(reply.map_err(failure)?).await
    }
}

async fn read(mut reply: reqwest::Response) -> Result<Response, TransportError> {
    let mut headers = Headers::with_capacity(reply.headers().len());
    for (name, value) in reply.headers() {
        headers.push(name.as_str(), value.as_bytes());
    }
    let mut body = BytesMut::new();
    while let Some(piece) = reply.chunk().await.map_err(failure)? {
        if body.len() + piece.len() > REPLY_LIMIT {
            return Err(TransportError::new(TransportErrorKind::ReplyTooLarge, Delivery::Unknown));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Response::new(reply.status().as_u16(), body.freeze()).with_headers(headers))
}

fn failure(error: reqwest::Error) -> TransportError {
    // Only what happens before there is a connection is a promise that nothing was sent.
    let delivery = if error.is_connect() || error.is_builder() { Delivery::NotSent } else { Delivery::Unknown };
    let kind = match &error {
        error if error.is_timeout() => TransportErrorKind::Timeout,
        error if error.is_connect() => TransportErrorKind::Connect,
        error if error.is_builder() => TransportErrorKind::Unsupported,
        _ => TransportErrorKind::ConnectionLost,
    };
    // reqwest's errors print the URL, and the URL holds the token.
    TransportError::new(kind, delivery).with_source(error.without_url())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> reqwest::Result<()> {
    // The suite's servers are on loopback, where a proxy of the environment would not find them.
    let transport = ReqwestTransport::new(Client::builder().no_proxy())?;
    let report = wecom_conformance::check(&transport).await;
    println!("{report}");
    report.assert();
    Ok(())
}
