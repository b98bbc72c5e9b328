//! A transport on ureq, a blocking client. It needs no async runtime: each call runs on a thread of a growing pool.
//!
//! A blocking call can't be cancelled. After its future is dropped, it continues until its time limit, and its reply is
//! discarded. The suite warns about this.
//!
//! `cargo run -p wecom-conformance --example transport_ureq` checks it with the conformance suite.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody};
use wecom_conformance::{Check, Report, Suite};
use wecom_core::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind, async_trait};

/// The time limit of a request that has none.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The longest time limit. ureq adds it to the present, and panics if the sum is out of range.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The largest reply, in bytes.
const REPLY_LIMIT: u64 = 8 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct UreqTransport(Agent);

impl UreqTransport {
    /// Creates a transport from a builder that configures TLS, proxies and the pool.
    pub(crate) fn new(config: ConfigBuilder<AgentScope>) -> Self {
        // Any status is a reply. The location of a redirect would receive the token.
        let config = config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
        Self(config.build().into())
    }
}

#[async_trait]
impl Transport for UreqTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let agent = self.0.clone();
        blocking::unblock(move || {
            let limit = request.time_limit().unwrap_or(TIME_LIMIT).min(LONGEST);
            let (head, body) = http::Request::<Bytes>::try_from(request)?.into_parts();
            let outcome = match &body[..] {
                [] => exchange(&agent, http::Request::from_parts(head, ()), limit),
                body => exchange(&agent, http::Request::from_parts(head, body), limit),
            };
            outcome.map_err(failure)
        })
        .await
    }
}

fn exchange(agent: &Agent, request: http::Request<impl AsSendBody>, limit: Duration) -> Result<Response, ureq::Error> {
    let request = agent.configure_request(request).timeout_global(Some(limit)).build();
    let (head, mut body) = agent.run(request)?.into_parts();
    let body = body.with_config().limit(REPLY_LIMIT).read_to_vec()?;
    Ok(http::Response::from_parts(head, Bytes::from(body)).into())
}

fn failure(error: ureq::Error) -> TransportError {
    use ureq::{Error, Timeout};
    // Only a failure before the connection is established proves that nothing was sent.
    let (kind, delivery) = match &error {
        Error::HostNotFound => (TransportErrorKind::Dns, Delivery::NotSent),
        Error::ConnectionFailed => (TransportErrorKind::Connect, Delivery::NotSent),
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            (TransportErrorKind::Connect, Delivery::NotSent)
        }
        Error::Http(_) | Error::BadUri(_) => (TransportErrorKind::Unsupported, Delivery::NotSent),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => (TransportErrorKind::Timeout, Delivery::NotSent),
        Error::Timeout(_) => (TransportErrorKind::Timeout, Delivery::Unknown),
        Error::BodyExceedsLimit(_) => (TransportErrorKind::ReplyTooLarge, Delivery::Unknown),
        Error::Protocol(_) => (TransportErrorKind::Protocol, Delivery::Unknown),
        Error::Io(_) => (TransportErrorKind::ConnectionLost, Delivery::Unknown),
        _ => (TransportErrorKind::Other, Delivery::Unknown),
    };
    TransportError::new(kind, delivery).with_source(error)
}

/// The conformance suite, with the failure that ureq causes.
pub(crate) fn suite() -> Suite {
    Suite::new().allow_failure(
        Check::ResetIsAnError,
        "ureq 3 takes a reset for the end of a reply that has neither a length nor chunks, which WeCom does not send",
    )
}

fn main() -> Report {
    // A proxy from the environment can't reach the suite's servers on loopback.
    let transport = UreqTransport::new(Agent::config_builder().proxy(None));
    pollster::block_on(suite().check(&transport))
}
