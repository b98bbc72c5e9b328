//! A transport on libcurl, a blocking client. Each call runs on a thread of a growing pool.
//!
//! libcurl repeats a request by itself, even a POST, if a pooled connection turns out to be closed. The contract forbids
//! that, and libcurl has no option to disable it. So this transport opens a connection for each call: `fresh_connect` and
//! `forbid_reuse`.
//!
//! A blocking call can't be cancelled. After its future is dropped, it continues until its time limit, and its reply is
//! discarded. The suite warns about this.
//!
//! `cargo run -p wecom-conformance --example transport_curl` checks it with the conformance suite.

use std::time::Duration;

use curl::Error;
use curl::easy::{Easy2, Handler, List, WriteError};
use wecom_conformance::Report;
use wecom_core::endpoint::Method;
use wecom_core::http::Headers;
use wecom_core::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind as Kind, async_trait};

/// The time limit of a request that has none.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The shortest time limit. libcurl counts whole milliseconds, and reads zero as no limit.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest time limit. libcurl refuses one that is out of the range of its milliseconds.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The largest reply, in bytes.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CurlTransport;

#[async_trait]
impl Transport for CurlTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        blocking::unblock(move || exchange(&request)).await
    }
}

/// The part of the reply that has arrived.
#[derive(Default)]
struct Reply {
    headers: Headers,
    /// Whether the empty line after the headers has arrived. libcurl also accepts a head that ends early.
    has_whole_head: bool,
    body: Vec<u8>,
    is_too_large: bool,
}

impl Handler for Reply {
    fn header(&mut self, line: &[u8]) -> bool {
        // A status line begins a reply. The headers before it belong to an interim reply.
        if line.starts_with(b"HTTP/") {
            (self.headers, self.has_whole_head) = (Headers::new(), false);
        } else if line == b"\r\n" {
            self.has_whole_head = true;
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            self.headers.push(&String::from_utf8_lossy(name), value.trim_ascii());
        }
        true
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        self.is_too_large = self.body.len() + data.len() > REPLY_LIMIT;
        if self.is_too_large {
            // Fewer bytes than libcurl passed: it aborts the call.
            return Ok(0);
        }
        self.body.extend_from_slice(data);
        Ok(data.len())
    }
}

fn exchange(request: &Request) -> Result<Response, TransportError> {
    let mut easy = Easy2::new(Reply::default());
    set_up(&mut easy, request).map_err(|error| failed(Kind::Unsupported, Delivery::NotSent, error))?;
    let outcome = easy.perform();
    if easy.get_ref().is_too_large {
        return Err(TransportError::new(Kind::ReplyTooLarge, Delivery::Unknown));
    }
    outcome.map_err(|error| failure(&mut easy, error))?;
    if !easy.get_ref().has_whole_head {
        return Err(TransportError::new(Kind::ConnectionLost, Delivery::Unknown));
    }
    let status = easy.response_code().map_err(|error| failed(Kind::Protocol, Delivery::Unknown, error))?;
    let reply = std::mem::take(easy.get_mut());
    Ok(Response::new(u16::try_from(status).unwrap_or_default(), reply.body).with_headers(reply.headers))
}

fn set_up(easy: &mut Easy2<Reply>, request: &Request) -> Result<(), Error> {
    easy.url(&request.expose_url())?;
    easy.proxy("")?;
    easy.fresh_connect(true)?;
    easy.forbid_reuse(true)?;
    easy.follow_location(false)?;
    easy.http_09_allowed(false)?;
    easy.signal(false)?;
    easy.timeout(request.time_limit().unwrap_or(TIME_LIMIT).clamp(SHORTEST, LONGEST))?;
    let mut headers = List::new();
    for (name, value) in request.headers() {
        headers.append(&match value {
            // libcurl drops a header that ends with a colon.
            [] => format!("{name};"),
            value => format!("{name}: {}", String::from_utf8_lossy(value)),
        })?;
    }
    if request.method() == Method::Post {
        // Without this, libcurl waits for `100 Continue` before it sends a large body.
        headers.append("expect:")?;
        easy.post(true)?;
        easy.post_fields_copy(request.body().map_or(&[], |body| &body[..]))?;
    }
    easy.http_headers(headers)
}

fn failure(easy: &mut Easy2<Reply>, error: Error) -> TransportError {
    // Zero until the connection is established.
    let was_connected = easy.connect_time().is_ok_and(|time| !time.is_zero());
    let delivery = if was_connected { Delivery::Unknown } else { Delivery::NotSent };
    let kind = match () {
        () if error.is_couldnt_resolve_host() => Kind::Dns,
        () if error.is_couldnt_connect() => Kind::Connect,
        () if error.is_ssl_connect_error() || error.is_peer_failed_verification() => Kind::Tls,
        () if error.is_operation_timedout() => Kind::Timeout,
        () if error.is_unsupported_protocol() => Kind::Protocol,
        () => Kind::ConnectionLost,
    };
    failed(kind, delivery, error)
}

fn failed(kind: Kind, delivery: Delivery, error: Error) -> TransportError {
    TransportError::new(kind, delivery).with_source(error)
}

fn main() -> Report {
    pollster::block_on(wecom_conformance::check(&CurlTransport))
}
