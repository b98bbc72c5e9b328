//! How a connection comes about: names resolved, TCP and TLS under one limit, and every failure marked with its stage.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use rustls::ClientConfig;
use thiserror::Error;
use tokio::time::timeout;
use tower_service::Service;
use wecom_core::TransportErrorKind;

use crate::failure::has;

type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// The connector of a [`HyperTransport`](crate::HyperTransport) that is built here.
pub(crate) type Connector = Limited<HttpsConnector<Dial<HttpConnector<Resolver>>>>;

/// Plain TCP for `http`, TLS for `https`; `limit` covers all that it takes to get there.
pub(crate) fn connector(tls: ClientConfig, limit: Duration) -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
    // The TLS connector above it looks at the scheme.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Limited { inner: HttpsConnector::from((Dial(tcp), tls)), limit }
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
    #[error("no connection within {0:?}, which is the limit for DNS, TCP and TLS together")]
    LimitPassed(Duration),
}

impl ConnectFailure {
    /// The kind, where the stage decides it: TCP's failures are told apart by what the system says.
    pub(crate) fn kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Dns(_) => Some(TransportErrorKind::Dns),
            Self::Tcp(_) => None,
            Self::Tls(_) => Some(TransportErrorKind::Tls),
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

/// Puts a limit on a connector.
#[derive(Clone, Debug)]
pub(crate) struct Limited<S> {
    inner: S,
    limit: Duration,
}

impl<S> Service<Uri> for Limited<S>
where
    S: Service<Uri, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = ConnectFailure;
    type Future = Connecting<S::Response, ConnectFailure>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        self.inner.poll_ready(context).map_err(ConnectFailure::from_tls)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let (connecting, limit) = (self.inner.call(target), self.limit);
        Box::pin(async move {
            match timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(ConnectFailure::from_tls),
                Err(_) => Err(ConnectFailure::LimitPassed(limit)),
            }
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

/// The system's resolver, its failures marked: the connector wraps them in a type that has no name.
#[derive(Clone, Debug)]
pub(crate) struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = Unresolved;
    type Future = Connecting<GaiAddrs, Unresolved>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        self.0.poll_ready(context).map_err(Unresolved)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving = self.0.call(name);
        Box::pin(async move { resolving.await.map_err(Unresolved) })
    }
}

#[derive(Debug, Error)]
#[error("the name was not resolved")]
pub(crate) struct Unresolved(#[source] io::Error);
