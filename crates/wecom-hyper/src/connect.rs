//! How a connection comes about: names resolved, TCP and TLS under one limit, and every failure marked with its stage.

pub(crate) mod resolve;
pub(crate) mod tls;
#[cfg(feature = "proxy")]
pub(crate) mod tunnel;

use std::error::Error as StdError;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use rustls::ClientConfig;
use thiserror::Error;
use tokio::time::sleep;
use tower_service::Service;
use wecom_core::TransportErrorKind;

use crate::connect::resolve::{Resolver, Unresolved};
use crate::connection::Marked;
use crate::counters::Counts;
use crate::failure::{self, has};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;
pub(crate) type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;
pub(crate) type Tcp = HttpConnector<Resolver>;

#[cfg(feature = "proxy")]
type Way = crate::connect::tunnel::Route;
#[cfg(not(feature = "proxy"))]
type Way = Dial<Tcp>;

/// The connector of a [`HyperTransport`](crate::HyperTransport) that is built here.
pub(crate) type Connector = Limited<HttpsConnector<Way>>;

/// What a connector is made of.
pub(crate) struct Parts {
    pub(crate) tls: ClientConfig,
    pub(crate) limit: Duration,
    pub(crate) happy_eyeballs_delay: Duration,
    pub(crate) resolver: Resolver,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Option<crate::proxy::Proxy>,
    /// Whether a TLS connection on which HTTP/2 was not agreed is of no use.
    #[cfg(feature = "http2")]
    pub(crate) http2_required: bool,
    pub(crate) counts: Arc<Counts>,
}

/// Plain TCP for `http`, TLS for `https`; one limit covers all that it takes to get there.
pub(crate) fn connector(parts: Parts) -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(parts.resolver.clone());
    // The TLS connector above it looks at the scheme.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_happy_eyeballs_timeout(Some(parts.happy_eyeballs_delay));
    // Each address of a host gets its share, so that a dead one leaves time for the next.
    tcp.set_connect_timeout(Some(parts.limit));
    let way = Dial(tcp);
    #[cfg(feature = "proxy")]
    let way = Way::new(way, parts.resolver, parts.proxy);
    Limited {
        inner: HttpsConnector::from((way, parts.tls)),
        limit: parts.limit,
        #[cfg(feature = "http2")]
        http2_required: parts.http2_required,
        counts: parts.counts,
    }
}

/// What failed before there was a connection.
#[derive(Debug, Error)]
pub(crate) enum ConnectFailure {
    #[error("no address")]
    Dns(#[source] BoxError),
    #[error("no TCP connection")]
    Tcp(#[source] BoxError),
    #[error("no TLS session")]
    Tls(#[source] BoxError),
    #[cfg(feature = "http2")]
    #[error("the server does not offer HTTP/2, and this transport demands it")]
    NoHttp2,
    #[cfg(feature = "proxy")]
    #[error("no tunnel through the proxy")]
    Proxy(#[source] crate::connect::tunnel::ProxyFailure),
    #[error("no connection within {0:?}, which is the limit for DNS, TCP, any proxy and TLS together")]
    LimitPassed(Duration),
}

impl ConnectFailure {
    /// The kind, where the stage decides it: TCP's failures are told apart by what the system says.
    pub(crate) fn kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Dns(_) => Some(TransportErrorKind::Dns),
            Self::Tcp(_) => None,
            Self::Tls(_) => Some(TransportErrorKind::Tls),
            #[cfg(feature = "http2")]
            Self::NoHttp2 => Some(TransportErrorKind::Tls),
            #[cfg(feature = "proxy")]
            Self::Proxy(failure) => Some(failure.kind()),
            Self::LimitPassed(_) => Some(TransportErrorKind::Timeout),
        }
    }

    fn from_dial(error: BoxError) -> Self {
        if has::<Unresolved>(&*error) { Self::Dns(error) } else { Self::Tcp(error) }
    }

    /// What is not marked by [`Dial`] came from the only other stage.
    fn from_tls(error: BoxError) -> Self {
        error.downcast::<Self>().map_or_else(Self::Tls, |failure| *failure)
    }
}

/// Puts a limit on a connector, and counts what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct Limited<S> {
    inner: S,
    limit: Duration,
    #[cfg(feature = "http2")]
    http2_required: bool,
    counts: Arc<Counts>,
}

impl<S> Service<Uri> for Limited<S>
where
    S: Service<Uri, Error = BoxError>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = Marked<S::Response>;
    type Error = ConnectFailure;
    type Future = Connecting<Self::Response, ConnectFailure>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        self.inner.poll_ready(context).map_err(ConnectFailure::from_tls)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        #[cfg(feature = "http2")]
        let http2_is_missing = {
            let expected = self.http2_required && target.scheme_str() == Some("https");
            move |stream: &S::Response| expected && !stream.connected().is_negotiated_h2()
        };
        let (connecting, limit, counts) = (self.inner.call(target), self.limit, Arc::clone(&self.counts));
        Box::pin(async move {
            let (mut limit_passed, mut connecting) = (pin!(sleep(limit)), pin!(connecting));
            // The limit goes first: an only address's share of it ends at the same moment, and tells less.
            let result = poll_fn(|context| match limit_passed.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(ConnectFailure::LimitPassed(limit))),
                Poll::Pending => connecting.as_mut().poll(context).map_err(ConnectFailure::from_tls),
            });
            let result = result.await;
            #[cfg(feature = "http2")]
            let result = result
                .and_then(|stream| if http2_is_missing(&stream) { Err(ConnectFailure::NoHttp2) } else { Ok(stream) });
            counts.connection_ended_in(result.as_ref().map_err(|failure| failure::connect_kind(failure)));
            result.map(Marked::new)
        })
    }
}

/// Marks the failures of what comes before TLS.
#[derive(Clone, Debug)]
pub(crate) struct Dial<S>(S);

impl<S> Service<Uri> for Dial<S>
where
    S: Service<Uri>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = ConnectFailure;
    type Future = Connecting<S::Response, ConnectFailure>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        self.0.poll_ready(context).map_err(|error| ConnectFailure::from_dial(error.into()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.0.call(target);
        Box::pin(async move { connecting.await.map_err(|error| ConnectFailure::from_dial(error.into())) })
    }
}
