//! What can go wrong on a socket.

use std::time::Duration;

use bytes::Bytes;

/// What goes wrong on a [`FaultServer`](crate::FaultServer), and what the client sees of it.
///
/// The client has sent its request, and may not take it for unsent, wherever nothing else is said. FIN is the orderly end of
/// a connection, RST its reset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketFault {
    /// Nothing: the request is answered well. For scripts whose first requests go well.
    None,

    // Before anything is read.
    /// Strikes a connection: FIN before anything is read. The client sees the end of a connection that it has just made.
    CloseOnAccept,
    /// Strikes a connection: RST before anything is read. The client sees "connection reset", when it sends or when it reads.
    ResetOnAccept,
    /// Strikes a connection: what comes is read and thrown away, and nothing is ever answered. A TLS client waits for the
    /// answer to its `ClientHello`, an HTTP/2 client for the server's preface, an HTTP/1.1 client for its reply, each to the
    /// limit that it sets itself.
    SilentConnection,
    /// Strikes a connection: TLS with a certificate that nobody has vouched for. A client that checks it ends the handshake,
    /// and has sent nothing of its request. One that doesn't is answered well.
    #[cfg(feature = "tls")]
    UntrustedCertificate,

    // HTTP/2.
    /// Strikes a connection of HTTP/2: its first request is met by GOAWAY with 0 for the last stream that was looked at. The
    /// request was not processed, so the client may send it again, on another connection.
    Http2GoAway,
    /// Strikes a connection of HTTP/2: its first request is met by RST_STREAM with `REFUSED_STREAM`. It was not processed, so
    /// the client may send it again; the connection is good, and later requests on it are answered well.
    Http2RefusedStream,
    /// Strikes a connection of HTTP/2: settings are exchanged, and then nothing is answered, pings neither.
    Http2Silence,

    // Instead of a reply.
    /// The request is read, and nothing is answered on a connection that stays. The client waits to its own limit. As the
    /// answer to a proxy's `CONNECT` it is a tunnel that never comes to be.
    Silence,
    /// The request is read, and then comes FIN: the connection ends without a reply.
    CloseBeforeReply,
    /// The request is read, and then comes FIN, but the server goes on listening: the client sees the end of the connection,
    /// can still send on it, and has to close it itself.
    HalfClose,
    /// The request is read, and then comes RST. The client sees "connection reset".
    ResetBeforeReply,

    // In the middle of a reply.
    /// A good reply, one byte each time. The client sees progress all the time; a limit on each read never passes, a limit
    /// on the whole call does.
    DripReply(Duration),
    /// The head of a good reply, half of its body, and nothing more on a connection that stays.
    StallMidReply,
    /// The head of a good reply, half of its body, and RST.
    ResetMidReply,
    /// A reply that announces fewer bytes than come: the client sees JSON that breaks off, and, if it uses the connection
    /// again, rubbish in front of the next reply.
    ContentLengthTooShort,
    /// A reply that announces more bytes than come, and FIN: the client sees a reply that breaks off.
    ContentLengthTooLong,
    /// A chunk that announces more bytes than come, and FIN: the client sees a reply that breaks off.
    ShortChunk,

    // Too much of a reply.
    /// Chunks without end: the client has to stop at a limit of its own. It ends when the client closes the connection.
    EndlessChunks,
    /// Headers without end: the client has to stop at a limit of its own. It ends when the client closes the connection.
    EndlessHeaders,
    /// A good reply with so many bytes of body, which its `content-length` tells truly; 25 are the fewest. The client has to
    /// refuse what is beyond its limit, and best by the announcement.
    OversizeBody(u64),

    // Another reply.
    /// Bytes that are not HTTP, and FIN.
    Garbage,
    /// These bytes as they are, and FIN: a reply of the test's own, malformed or with secrets of the request in it.
    Raw(Bytes),
    /// Status 200 and a page of HTML: somebody on the way wants the user to sign in.
    Html,
    /// Status 200 and an empty body.
    Empty,
    /// Status 204, which has no body and no length.
    NoContent,
    /// This status, 302 say, and a `location` at this server, `/cgi-bin/redirected`. A client that follows it shows in
    /// [`requests`](crate::FaultServer::requests), and so does whether it took the token along.
    Redirect(u16),
    /// This status, 429 or 503 say, without JSON; with `retry-after`, where seconds are given.
    Status {
        /// The HTTP status.
        status: u16,
        /// The seconds of the header `retry-after`; no such header when it is `None`.
        retry_after: Option<u32>,
    },
    /// Status 407 and `proxy-authenticate`: a proxy wants to know who asks, be it a request or `CONNECT`.
    ProxyAuthentication,

    // After a reply.
    /// A good reply that says `connection: keep-alive`, and FIN at once: the connection that the client keeps for its next
    /// request is stale. For a moment of one's own choice, see
    /// [`close_connections`](crate::FaultServer::close_connections).
    CloseAfterReply,
    /// A good reply that says `connection: keep-alive`, and RST at once.
    ResetAfterReply,
}

impl SocketFault {
    /// Whether it is met by a new connection, before a request is read, and not by a request.
    #[must_use]
    pub fn affects_connection(&self) -> bool {
        match self {
            Self::CloseOnAccept
            | Self::ResetOnAccept
            | Self::SilentConnection
            | Self::Http2GoAway
            | Self::Http2RefusedStream
            | Self::Http2Silence => true,
            #[cfg(feature = "tls")]
            Self::UntrustedCertificate => true,
            _ => false,
        }
    }
}
