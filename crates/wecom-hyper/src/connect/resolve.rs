//! How a host's name becomes addresses: by the system, or by a resolver of the user's own.

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

/// Finds the addresses of a host, in the place of the system's resolver. See
/// [`HyperTransportBuilder::resolver`](crate::HyperTransportBuilder::resolver).
///
/// # What a resolver is responsible for
///
/// - **The order.** Addresses are tried as they come, but for one thing: those of the first one's family go first, and
///   the others join in after the [delay](crate::HyperTransportBuilder::happy_eyeballs_delay).
/// - **No time limit.** The connect limit ends it: its future is dropped then, and the call ends in a `Timeout`.
/// - **No cache is kept above it.** It is asked for every connection, not for every call.
///
/// It is not asked for hosts that are addresses already. It runs on the transport's tokio runtime. An error, or no
/// address at all, ends the call in [`Dns`](wecom_core::TransportErrorKind::Dns), with nothing sent.
///
/// ```
/// use std::io;
/// use std::net::IpAddr;
/// use wecom_hyper::{HyperTransport, Resolve};
///
/// /// One host is pinned; no other is known.
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
/// let builder = HyperTransport::builder().resolver(Pinned(IpAddr::from([192, 0, 2, 1])));
/// # let _ = builder;
/// ```
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of the host of this name. The port is not its business.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Whoever resolves names; all clones share it.
#[derive(Clone)]
pub(crate) enum Resolver {
    System(GaiResolver),
    Own(Arc<dyn Resolve>),
}

impl Resolver {
    pub(crate) fn system() -> Self {
        Self::System(GaiResolver::new())
    }

    /// The addresses, with a port that is none: the connector puts in the one of the URL.
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

/// Marks what the resolver said: the connector wraps it in a type that has no name.
#[derive(Debug, Error)]
pub(crate) enum Unresolved {
    #[error("the name was not resolved")]
    Failed(#[source] io::Error),
    #[error("the resolver knows of no address for the name")]
    NoAddress,
}
