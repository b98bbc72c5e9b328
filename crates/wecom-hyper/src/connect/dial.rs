//! Plain TCP to a host: the name resolved, both address families tried.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::connect::failure::ConnectFailure;
use crate::connect::resolve::Resolver;

/// Opens TCP connections.
#[derive(Clone)]
pub(crate) struct Dial(HttpConnector<Resolver>);

impl Dial {
    pub(crate) fn new(resolver: Resolver, limit: Duration, happy_eyeballs_delay: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        // The caller handles the scheme.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_happy_eyeballs_timeout(Some(happy_eyeballs_delay));
        // The limit is divided among the addresses of a host, so that a dead one leaves time for the next.
        tcp.set_connect_timeout(Some(limit));
        Self(tcp)
    }

    /// Connects to the host and port of the URL.
    pub(crate) async fn connect(&self, target: &Uri) -> Result<TcpStream, ConnectFailure> {
        self.clone().call(target.clone()).await.map(TokioIo::into_inner)
    }
}

type Dialling = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, ConnectFailure>> + Send>>;

/// As a service, for the tunnels of hyper-util.
impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectFailure;
    type Future = Dialling;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        self.0.poll_ready(context).map_err(|error| ConnectFailure::from_dial(error.into()))
    }

    fn call(&mut self, target: Uri) -> Dialling {
        let connecting = self.0.call(target);
        Box::pin(async move { connecting.await.map_err(|error| ConnectFailure::from_dial(error.into())) })
    }
}
