//! A transport on reqwest. Your client, with its TLS, pool and proxies, makes the calls.
//!
//! `cargo run -p wecom-conformance --example transport_reqwest` runs the conformance suite on it. The code between the two
//! marks is also the example of the README.
//!
//! hyper, which reqwest uses, reads interim replies (1xx) as long as they arrive, without a pause for the time limit. A server
//! that sends them as fast as it can delays the limit until tokio's cooperative budget ends the task's turn: by seconds in a
//! build without optimizations. `wecom-hyper` bounds their size instead.

// <README>
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use wecom_core::{Delivery, Request, Response, Transport};
use wecom_core::{TransportError, TransportErrorKind as Kind, async_trait};

/// Over a client built with `redirect(Policy::none())` and `retry(retry::never())`.
struct Reqwest(reqwest::Client);

#[async_trait]
impl Transport for Reqwest {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limit = request.time_limit().unwrap_or(Duration::from_secs(30));
        let request = http::Request::<Bytes>::try_from(request)?;
        let mut request = reqwest::Request::try_from(request).map_err(failed)?;
        *request.timeout_mut() = Some(limit);
        let mut reply = self.0.execute(request).await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = reply.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > 8 << 20 {
                return Err(TransportError::new(Kind::ReplyTooLarge, Delivery::Unknown));
            }
            body.extend_from_slice(&chunk);
        }
        let headers = reply.headers().into();
        Ok(Response::new(reply.status().as_u16(), body).with_headers(headers))
    }
}

fn failed(error: reqwest::Error) -> TransportError {
    let (connecting, timed_out) = (error.is_connect(), error.is_timeout());
    let (kind, delivery) = match () {
        () if error.is_builder() => (Kind::Unsupported, Delivery::NotSent),
        () if connecting && timed_out => (Kind::Timeout, Delivery::NotSent),
        () if connecting => (Kind::Connect, Delivery::NotSent),
        () if timed_out => (Kind::Timeout, Delivery::Unknown),
        () => (Kind::ConnectionLost, Delivery::Unknown),
    };
    // The URL holds the token.
    TransportError::new(kind, delivery).with_source(error.without_url())
}
// </README>

/// Creates the transport from the settings of TLS, proxies and the pool.
pub(crate) fn transport(builder: reqwest::ClientBuilder) -> reqwest::Result<impl Transport> {
    builder.redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never()).build().map(Reqwest)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> reqwest::Result<wecom_conformance::Report> {
    // A proxy from the environment would not reach the suite's servers on loopback.
    let transport = transport(reqwest::Client::builder().no_proxy())?;
    Ok(wecom_conformance::check(&transport).await)
}
