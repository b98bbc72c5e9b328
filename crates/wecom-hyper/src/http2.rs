//! HTTP/2: whether it is offered or demanded, and how a dead connection is noticed.

use std::time::Duration;

use hyper_util::client::legacy;

/// That HTTP/2 is spoken, and how. See [`HyperTransportBuilder::http2`](crate::HyperTransportBuilder::http2).
///
/// With it all calls to a host share one connection, where HTTP/1.1 takes one for each call that is under way. That has
/// a price: when this one connection dies without a word, all calls on it hang. So it is pinged, by default every 20
/// seconds and while no call is under way too, and closed when an answer takes more than 10 seconds. The calls on it
/// then end in [`ConnectionLost`](wecom_core::TransportErrorKind::ConnectionLost), and the next one makes a new
/// connection.
///
/// A stream that the server did not begin with is reported as not sent: it says so with `REFUSED_STREAM`, or with a
/// `GOAWAY` that leaves the stream out.
///
/// ```
/// use std::time::Duration;
/// use wecom_hyper::{Http2, HyperTransport};
///
/// let http2 = Http2::preferred().ping_interval(Duration::from_secs(10)).ping_timeout(Duration::from_secs(3));
/// let builder = HyperTransport::builder().http2(http2);
/// # let _ = builder;
/// ```
#[derive(Clone, Debug)]
#[must_use = "this is a setting: give it to `HyperTransportBuilder::http2`"]
pub struct Http2 {
    required: bool,
    ping_interval: Option<Duration>,
    ping_timeout: Duration,
    ping_while_idle: bool,
    stream_window: u32,
    connection_window: u32,
}

impl Http2 {
    /// HTTP/2 where the server offers it (by ALPN, so with TLS only), and HTTP/1.1 elsewhere.
    pub fn preferred() -> Self {
        Self {
            required: false,
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Duration::from_secs(10),
            ping_while_idle: true,
            stream_window: 1024 * 1024,
            connection_window: 4 * 1024 * 1024,
        }
    }

    /// HTTP/2 and nothing else: a server that does not agree on it by ALPN is not spoken to
    /// ([`Tls`](wecom_core::TransportErrorKind::Tls), nothing sent). With an `http://` base URL the server is taken to
    /// speak it, as there is nothing to agree by.
    pub fn required() -> Self {
        Self { required: true, ..Self::preferred() }
    }

    /// How long after the last thing heard from the server a ping is sent: 20 seconds by default.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = Some(interval);
        self
    }

    /// Sends no pings: a connection that dies without a word is then noticed by nobody but the system.
    pub fn without_pings(mut self) -> Self {
        self.ping_interval = None;
        self
    }

    /// How long the answer to a ping may take, before the connection counts as dead: 10 seconds by default.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Whether to ping while no call is under way: by default that is done, so that the first call after a pause does
    /// not run into a dead connection. A server that finds it too much says so and closes the connection.
    pub fn ping_while_idle(mut self, pings: bool) -> Self {
        self.ping_while_idle = pings;
        self
    }

    /// How many bytes of one reply may be on their way: 1 MiB by default, 65,535 at least.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes;
        self
    }

    /// How many bytes of all replies on a connection may be on their way: 4 MiB by default, 65,535 at least.
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    pub(crate) fn apply_to(&self, client: &mut legacy::Builder) {
        client
            .http2_only(self.required)
            .http2_keep_alive_interval(self.ping_interval)
            .http2_keep_alive_timeout(self.ping_timeout)
            .http2_keep_alive_while_idle(self.ping_while_idle)
            .http2_initial_stream_window_size(window(self.stream_window))
            .http2_initial_connection_window_size(window(self.connection_window));
    }
}

/// From what HTTP/2 begins with to what it allows: beyond that, h2 panics.
fn window(bytes: u32) -> u32 {
    bytes.clamp(65_535, (1 << 31) - 1)
}
