//! The faults of a [`FaultServer`](crate::FaultServer).

use std::time::Duration;

use bytes::Bytes;

/// A fault that a [`FaultServer`](crate::FaultServer) injects, and its effect on the client.
///
/// Unless a fault says otherwise, the server has read the request, so the client must not report it as unsent. FIN closes a
/// connection in order, and RST resets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketFault {
    /// No fault: the request receives a successful reply. For queues that begin with successful requests.
    None,

    // Before anything is read.
    /// Affects a connection: sends FIN before reading anything. The client sees a new connection end.
    CloseOnAccept,
    /// Affects a connection: sends RST before reading anything. The client sees "connection reset" on its write or read.
    ResetOnAccept,
    /// Affects a connection: reads and discards everything, and never replies. A TLS client waits for the reply to its
    /// `ClientHello`, an HTTP/2 client for the server's preface, and an HTTP/1.1 client for the reply, each until its own
    /// timeout.
    SilentConnection,
    /// Affects a connection: uses TLS with a self-signed certificate. A client that verifies it aborts the handshake and
    /// sends nothing of its request. A client that does not verify it receives a successful reply.
    #[cfg(feature = "tls")]
    UntrustedCertificate,

    // HTTP/2.
    /// Affects an HTTP/2 connection: replies to the first request with GOAWAY and last stream 0. The request was not
    /// processed, and the client may send it again on another connection.
    Http2GoAway,
    /// Affects an HTTP/2 connection: replies to the first request with RST_STREAM and `REFUSED_STREAM`. The request was not
    /// processed, and the client may send it again. Later requests on the connection succeed.
    Http2RefusedStream,
    /// Affects an HTTP/2 connection: exchanges settings and then sends nothing, not even replies to pings.
    Http2Silence,

    // Instead of a reply.
    /// Reads the request, and sends nothing on a connection that stays open. The client waits until its own timeout. As the
    /// reply to the `CONNECT` of a proxy, the tunnel is never established.
    Silence,
    /// Reads the request, and sends FIN without a reply.
    CloseBeforeReply,
    /// Reads the request, and sends FIN without a reply, but keeps reading. The client sees the end of the connection, can
    /// still write to it, and must close it.
    HalfClose,
    /// Reads the request, and sends RST without a reply. The client sees "connection reset".
    ResetBeforeReply,

    // In the middle of a reply.
    /// Sends a successful reply one byte at a time, with this pause between bytes. A timeout per read never elapses, and a
    /// timeout for the whole call does.
    DripReply(Duration),
    /// Sends the head of a successful reply and half of its body, and then nothing on a connection that stays open.
    StallMidReply,
    /// Sends the head of a successful reply, half of its body, and RST.
    ResetMidReply,
    /// Sends a `content-length` that is too small. The client sees truncated JSON and, if it reuses the connection, stray
    /// bytes before the next reply.
    ContentLengthTooShort,
    /// Sends a `content-length` that is too large, and FIN after the body. The client sees a truncated reply.
    ContentLengthTooLong,
    /// Sends a chunk with a length that is too large, and FIN after its data. The client sees a truncated reply.
    ShortChunk,

    // Too much of a reply.
    /// Sends chunks without end, until the client closes the connection. The client must enforce its own limit.
    EndlessChunks,
    /// Sends headers without end, until the client closes the connection. The client must enforce its own limit.
    EndlessHeaders,
    /// Sends a successful reply with a body of this many bytes, at least 25, and a correct `content-length`. A client must
    /// refuse a body over its limit, and can do so from the `content-length` alone.
    OversizeBody(u64),

    // Another reply.
    /// Sends bytes that are not HTTP, and FIN.
    Garbage,
    /// Sends these bytes unchanged, and FIN. For malformed replies, and replies that contain secrets of the request.
    Raw(Bytes),
    /// Sends status 200 and an HTML page, as a captive portal does.
    Html,
    /// Sends status 200 and an empty body.
    Empty,
    /// Sends status 204, which has no body and no length.
    NoContent,
    /// Sends this status, such as 302, with a `location` on this server, `/cgi-bin/redirected`. A redirect that is followed
    /// appears in [`requests`](crate::FaultServer::requests), with the token if the client sent it.
    Redirect(u16),
    /// Sends this status, such as 429 or 503, with a body that is not JSON.
    Status {
        /// The HTTP status.
        status: u16,
        /// The value of `retry-after` in seconds. `None` omits the header.
        retry_after: Option<u32>,
    },
    /// Sends status 407 and `proxy-authenticate`, as a proxy that requires authentication does. Applies to `CONNECT` too.
    ProxyAuthentication,

    // After a reply.
    /// Sends a successful reply with `connection: keep-alive`, and FIN immediately. The connection in the client's pool is
    /// stale. [`close_connections`](crate::FaultServer::close_connections) has the same effect at any other time.
    CloseAfterReply,
    /// Sends a successful reply with `connection: keep-alive`, and RST immediately.
    ResetAfterReply,
}

impl SocketFault {
    /// Whether the fault applies to a new connection, before a request is read, and not to a request.
    #[must_use]
    pub fn affects_connection(&self) -> bool {
        self.on_connection().is_some()
    }

    /// What the fault does to a new connection. `None` for a fault of a request.
    ///
    /// This match and that of [`on_request`](super::inject::on_request) name every fault, so a new fault without an
    /// effect does not compile.
    pub(crate) fn on_connection(&self) -> Option<OnConnection> {
        match self {
            Self::CloseOnAccept => Some(OnConnection::Close),
            Self::ResetOnAccept => Some(OnConnection::Reset),
            Self::SilentConnection => Some(OnConnection::Silence),
            #[cfg(feature = "tls")]
            Self::UntrustedCertificate => Some(OnConnection::UntrustedCertificate),
            Self::Http2GoAway => Some(OnConnection::Http2(Http2Fault::GoAway)),
            Self::Http2RefusedStream => Some(OnConnection::Http2(Http2Fault::RefusedStream)),
            Self::Http2Silence => Some(OnConnection::Http2(Http2Fault::Silence)),
            Self::None
            | Self::Silence
            | Self::CloseBeforeReply
            | Self::HalfClose
            | Self::ResetBeforeReply
            | Self::DripReply(_)
            | Self::StallMidReply
            | Self::ResetMidReply
            | Self::ContentLengthTooShort
            | Self::ContentLengthTooLong
            | Self::ShortChunk
            | Self::EndlessChunks
            | Self::EndlessHeaders
            | Self::OversizeBody(_)
            | Self::Garbage
            | Self::Raw(_)
            | Self::Html
            | Self::Empty
            | Self::NoContent
            | Self::Redirect(_)
            | Self::Status { .. }
            | Self::ProxyAuthentication
            | Self::CloseAfterReply
            | Self::ResetAfterReply => None,
        }
    }
}

/// What a fault does to a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnConnection {
    Close,
    Reset,
    Silence,
    #[cfg(feature = "tls")]
    UntrustedCertificate,
    Http2(Http2Fault),
}

/// What a fault does to an HTTP/2 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http2Fault {
    GoAway,
    RefusedStream,
    Silence,
}
