//! The settings of HTTP/2.

use std::time::Duration;

use hyper::client::conn::http2;

/// The settings of HTTP/2. See [`HyperTransportBuilder::http2`](crate::HyperTransportBuilder::http2).
///
/// All calls to a host share one HTTP/2 connection, where HTTP/1.1 needs one for each call in flight. When that
/// connection dies without notice, all its calls hang. Therefore the connection is pinged, by default every 20 seconds
/// and also while no call is in flight, and closed when a ping is not answered within 10 seconds. Its calls then fail
/// with [`ConnectionLost`](wecom_core::TransportErrorKind::ConnectionLost), and the next call opens a new connection.
///
/// A stream that the server refuses unprocessed, by `REFUSED_STREAM` or by a `GOAWAY` that excludes it, is reported as
/// not sent.
///
/// ```
/// use std::time::Duration;
/// use wecom_hyper::{Http2, HyperTransport};
///
/// let http2 = Http2::preferred()
///     .ping_interval(Duration::from_secs(10))
///     .ping_timeout(Duration::from_secs(3));
/// let builder = HyperTransport::builder().http2(http2);
/// # let _ = builder;
/// ```
#[derive(Clone, Debug)]
#[must_use = "these are settings: pass them to `HyperTransportBuilder::http2`"]
pub struct Http2 {
    required: bool,
    ping_interval: Option<Duration>,
    ping_timeout: Duration,
    ping_while_idle: bool,
    stream_window: u32,
    connection_window: u32,
}

impl Http2 {
    /// Uses HTTP/2 if the server offers it by ALPN, which requires TLS, and HTTP/1.1 otherwise.
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

    /// Uses HTTP/2 only. A call to a server that does not offer it by ALPN fails with
    /// [`Tls`](wecom_core::TransportErrorKind::Tls), with nothing sent. With an `http://` base URL there is no ALPN, and
    /// the server is assumed to speak HTTP/2.
    pub fn required() -> Self {
        Self { required: true, ..Self::preferred() }
    }

    /// Sets how long after the last data from the server a ping is sent. Default: 20 seconds.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = Some(interval);
        self
    }

    /// Disables pings. A connection that dies without notice is then detected by the operating system alone.
    pub fn without_pings(mut self) -> Self {
        self.ping_interval = None;
        self
    }

    /// Sets how long the server may take to answer a ping before the connection counts as dead. Default: 10 seconds.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Sets whether to ping while no call is in flight. Default: `true`, so that the first call after a pause does not
    /// use a dead connection. A server that considers this excessive closes the connection with `GOAWAY`.
    pub fn ping_while_idle(mut self, pings: bool) -> Self {
        self.ping_while_idle = pings;
        self
    }

    /// Sets the flow-control window of a stream, in bytes: how much of one reply may be in flight. Default: 1 MiB;
    /// minimum: 65,535.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes;
        self
    }

    /// Sets the flow-control window of a connection, in bytes: how much of all replies together may be in flight.
    /// Default: 4 MiB; minimum: 65,535.
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    pub(crate) fn apply_to<E: Clone>(&self, connection: &mut http2::Builder<E>) {
        connection
            .keep_alive_interval(self.ping_interval.map(bounded))
            .keep_alive_timeout(bounded(self.ping_timeout))
            .keep_alive_while_idle(self.ping_while_idle)
            .initial_stream_window_size(window(self.stream_window))
            .initial_connection_window_size(window(self.connection_window));
    }
}

/// Limits a duration to a year, because hyper panics if adding it overflows the clock.
fn bounded(duration: Duration) -> Duration {
    duration.min(Duration::from_secs(365 * 86_400))
}

/// Limits a window to what HTTP/2 allows, because h2 panics outside that range.
fn window(bytes: u32) -> u32 {
    bytes.clamp(65_535, (1 << 31) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_bounded_by_a_year() {
        let year = Duration::from_secs(31_536_000);
        for (asked, given) in [(Duration::MAX, year), (year, year), (Duration::ZERO, Duration::ZERO)] {
            assert_eq!(bounded(asked), given);
        }
    }

    #[test]
    fn a_window_stays_within_what_http2_allows() {
        for (set, used) in [(0, 65_535), (65_535, 65_535), (1 << 20, 1 << 20), (u32::MAX, (1 << 31) - 1)] {
            assert_eq!(window(set), used, "{set}");
        }
    }

    #[test]
    fn the_default_windows_are_as_documented() {
        let Http2 { stream_window, connection_window, .. } = Http2::preferred();
        assert_eq!((stream_window, connection_window), (1_048_576, 4_194_304));
    }
}
