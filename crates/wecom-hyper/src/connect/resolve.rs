//! Resolves host names, with the system's resolver or the program's own.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use thiserror::Error;
use tower_service::Service;

/// A resolver to use instead of the system's. See
/// [`HyperTransportBuilder::resolver`](crate::HyperTransportBuilder::resolver).
///
/// # Responsibilities of a resolver
///
/// - **The order.** Addresses are tried in the returned order within each family (IPv4, IPv6). The family of the first
///   address comes first, and the other one follows after the
///   [delay](crate::HyperTransportBuilder::happy_eyeballs_delay).
/// - **Caching.** It is called for each new connection, not for each call. The transport keeps no cache.
///
/// It needs no time limit: when the connect limit passes, its future is dropped, and the call fails with `Timeout`.
///
/// It is not called for hosts that are addresses already. It runs on the transport's tokio runtime. An error or an empty
/// list fails the call with [`Dns`](wecom_core::TransportErrorKind::Dns), with nothing sent.
///
/// ```
/// use std::io;
/// use std::net::IpAddr;
/// use wecom_hyper::{HyperTransport, Resolve};
///
/// /// Knows one host.
/// struct Pinned(IpAddr);
///
/// #[wecom_core::async_trait]
/// impl Resolve for Pinned {
///     async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
///         match name {
///             "qyapi.weixin.qq.com" => Ok(vec![self.0]),
///             _ => Err(io::Error::from(io::ErrorKind::NotFound)),
///         }
///     }
/// }
///
/// let builder =
///     HyperTransport::builder().resolver(Pinned(IpAddr::from([192, 0, 2, 1])));
/// # let _ = builder;
/// ```
#[async_trait]
pub trait Resolve: Send + Sync {
    /// Returns the addresses of a host.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver in use; clones share it.
#[derive(Clone)]
pub(crate) enum Resolver {
    System(GaiResolver),
    Own(Arc<dyn Resolve>),
}

impl Resolver {
    pub(crate) fn system() -> Self {
        Self::System(GaiResolver::new())
    }

    /// The addresses, with port 0: the connector sets the port of the URL.
    pub(crate) async fn addresses(self, name: Name) -> Result<Vec<SocketAddr>, Unresolved> {
        let addresses: Vec<_> = match self {
            Self::System(mut system) => system.call(name).await.map_err(Unresolved::Failed)?.collect(),
            Self::Own(own) => {
                let found = own.resolve(name.as_str()).await.map_err(Unresolved::Failed)?;
                found.into_iter().map(|address| SocketAddr::new(address, 0)).collect()
            }
        };
        if addresses.is_empty() { Err(Unresolved::NoAddress) } else { Ok(addresses) }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Own(_) => "Own",
        })
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = self.clone().addresses(name);
        Box::pin(async move { addresses.await.map(Vec::into_iter) })
    }
}

/// A failed lookup. The connector wraps it in a type that can't be named.
#[derive(Debug, Error)]
pub(crate) enum Unresolved {
    #[error("the host name could not be resolved")]
    Failed(#[source] io::Error),
    #[error("the host name has no address")]
    NoAddress,
}
