//! Opens connections: DNS, TCP, any proxy and TLS under one limit, with the failed stage in every error.

pub(crate) mod dial;
pub(crate) mod failure;
pub(crate) mod origin;
pub(crate) mod resolve;
pub(crate) mod socket;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub(crate) mod tls;
#[cfg(feature = "proxy")]
pub(crate) mod tunnel;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::connect::dial::Dial;
use crate::connect::failure::ConnectFailure;
use crate::connect::origin::Origin;
use crate::connect::socket::{Socket, Stream, Wire};

/// Opens connections to servers.
pub(crate) struct Connector {
    pub(crate) dial: Dial,
    pub(crate) limit: Duration,
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub(crate) tls: tokio_rustls::TlsConnector,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Option<crate::proxy::Proxy>,
    #[cfg(feature = "proxy")]
    pub(crate) resolver: resolve::Resolver,
    #[cfg(feature = "http2")]
    pub(crate) http2: Option<crate::http2::Http2>,
}

/// An open connection, ready for HTTP.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) wire: Arc<Wire>,
    #[cfg(feature = "http2")]
    pub(crate) is_http2: bool,
}

impl Connector {
    /// Opens a connection within the connect limit.
    pub(crate) async fn connect(&self, origin: &Origin) -> Result<Connected, ConnectFailure> {
        let (mut limit, mut connecting) = (pin!(sleep(self.limit)), pin!(self.open(origin)));
        // The limit is polled first: the limit of a single address may end at the same moment with a less specific error.
        poll_fn(|context| match limit.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(ConnectFailure::LimitExceeded(self.limit))),
            Poll::Pending => connecting.as_mut().poll(context),
        })
        .await
    }

    async fn open(&self, origin: &Origin) -> Result<Connected, ConnectFailure> {
        let (socket, wire) = Socket::new(self.reach(origin).await?);
        self.secure(origin, socket, wire).await
    }

    #[cfg(feature = "proxy")]
    async fn reach(&self, origin: &Origin) -> Result<TcpStream, ConnectFailure> {
        match self.proxy.as_ref().and_then(|proxy| proxy.server_for(origin.uri())) {
            Some(server) => tunnel::open(server, &self.dial, &self.resolver, origin).await,
            None => self.dial.connect(origin.uri()).await,
        }
    }

    #[cfg(not(feature = "proxy"))]
    async fn reach(&self, origin: &Origin) -> Result<TcpStream, ConnectFailure> {
        self.dial.connect(origin.uri()).await
    }

    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    async fn secure(&self, origin: &Origin, socket: Socket, wire: Arc<Wire>) -> Result<Connected, ConnectFailure> {
        let Some(name) = origin.server_name()? else { return Ok(self.plain(socket, wire)) };
        let session = self.tls.connect(name, socket).await.map_err(ConnectFailure::from_tls)?;
        #[cfg(feature = "http2")]
        let is_http2 = session.get_ref().1.alpn_protocol() == Some(b"h2");
        #[cfg(feature = "http2")]
        if !is_http2 && self.requires_http2() {
            return Err(ConnectFailure::NoHttp2);
        }
        Ok(Connected {
            stream: Stream::Tls(Box::new(session)),
            wire,
            #[cfg(feature = "http2")]
            is_http2,
        })
    }

    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    async fn secure(&self, origin: &Origin, socket: Socket, wire: Arc<Wire>) -> Result<Connected, ConnectFailure> {
        if origin.is_https() { Err(ConnectFailure::NoTls) } else { Ok(self.plain(socket, wire)) }
    }

    /// Without TLS there is no negotiation: the server is assumed to speak HTTP/2 if the transport requires it.
    fn plain(&self, socket: Socket, wire: Arc<Wire>) -> Connected {
        Connected {
            stream: Stream::Plain(socket),
            wire,
            #[cfg(feature = "http2")]
            is_http2: self.requires_http2(),
        }
    }

    #[cfg(feature = "http2")]
    fn requires_http2(&self) -> bool {
        self.http2.as_ref().is_some_and(crate::http2::Http2::is_required)
    }

    /// Whether a new connection to this server may use HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) fn may_be_http2(&self, origin: &Origin) -> bool {
        self.http2.as_ref().is_some_and(|http2| http2.is_required() || origin.is_https())
    }
}
