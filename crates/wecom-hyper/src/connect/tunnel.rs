//! The way to a server: direct, or through a tunnel of a proxy.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tower_service::Service;
use wecom_core::TransportErrorKind;

use crate::connect::resolve::{Resolver, Unresolved};
use crate::connect::{BoxError, ConnectFailure, Connecting, Dial, Tcp};
use crate::failure;
use crate::proxy::{Credentials, Protocol, Proxy, ProxyServer, with_port};

type Stream = TokioIo<TcpStream>;
type TunnelFailure = <Tunnel<Dial<Tcp>> as Service<Uri>>::Error;
type SocksFailure = <SocksV5<Dial<Tcp>> as Service<Uri>>::Error;

/// Connects to a server as the proxies' rules say; without any, directly.
#[derive(Clone)]
pub(crate) struct Route {
    dial: Dial<Tcp>,
    resolver: Resolver,
    /// Behind a pointer, as hyper clones its connector for each call.
    rules: Option<Arc<Rules>>,
}

struct Rules {
    https: Option<ProxyServer>,
    http: Option<ProxyServer>,
    bypass: Matcher,
}

impl Route {
    pub(crate) fn new(dial: Dial<Tcp>, resolver: Resolver, proxy: Option<Proxy>) -> Self {
        // The matcher stands for the list of hosts alone: what it "intercepts" is not on it.
        let bypass = |hosts: String| Matcher::builder().all("http://any.invalid").no(hosts).build();
        let rules = |Proxy { https, http, bypass: hosts }| Arc::new(Rules { https, http, bypass: bypass(hosts) });
        Self { dial, resolver, rules: proxy.map(rules) }
    }

    fn server_for(&self, target: &Uri) -> Option<ProxyServer> {
        let rules = self.rules.as_ref()?;
        let server = if target.scheme_str() == Some("https") { &rules.https } else { &rules.http };
        server.as_ref().filter(|_| rules.bypass.intercept(target).is_some()).cloned()
    }
}

impl Service<Uri> for Route {
    type Response = Stream;
    type Error = ConnectFailure;
    type Future = Connecting<Stream, ConnectFailure>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        self.dial.poll_ready(context)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(server) = self.server_for(&target) else { return self.dial.call(target) };
        // Both tunnels take a port that is left out for that of https.
        let default = if target.scheme_str() == Some("https") { 443 } else { 80 };
        let Some(target) = with_port(&target, default) else {
            return Box::pin(async { Err(ConnectFailure::Proxy(ProxyFailure::Target)) });
        };
        let (dial, resolver) = (self.dial.clone(), self.resolver.clone());
        match server.protocol {
            Protocol::Http => Box::pin(http_tunnel(server, dial, target)),
            Protocol::Socks5h => Box::pin(socks_tunnel(server, dial, target)),
            Protocol::Socks5 => Box::pin(socks_tunnel_to_addresses(server, dial, resolver, target)),
        }
    }
}

async fn http_tunnel(server: ProxyServer, dial: Dial<Tcp>, target: Uri) -> Result<Stream, ConnectFailure> {
    let mut tunnel = Tunnel::new(server.address, dial);
    let mut with_credentials = false;
    if let Some(Credentials::Basic(value)) = server.credentials {
        tunnel = tunnel.with_auth(value);
        with_credentials = true;
    }
    tunnel.call(target).await.map_err(|failure| ConnectFailure::Proxy(of_tunnel(failure, with_credentials)))
}

/// Asks for a tunnel to the target as it is: a name is resolved by the proxy.
async fn socks_tunnel(server: ProxyServer, dial: Dial<Tcp>, target: Uri) -> Result<Stream, ConnectFailure> {
    let mut socks = SocksV5::new(server.address, dial);
    if let Some(Credentials::Socks { user, password }) = server.credentials {
        socks = socks.with_auth(user.expose().to_owned(), password.expose().to_owned());
    }
    socks.call(target).await.map_err(|failure| ConnectFailure::Proxy(of_socks(failure)))
}

/// Asks for a tunnel to one address of the target after the other. The library's own way to do this asks the system,
/// and blocks the thread while it does.
async fn socks_tunnel_to_addresses(
    server: ProxyServer,
    dial: Dial<Tcp>,
    resolver: Resolver,
    target: Uri,
) -> Result<Stream, ConnectFailure> {
    let mut failure = ConnectFailure::Proxy(ProxyFailure::Target);
    for address in addresses(resolver, &target).await? {
        match socks_tunnel(server.clone(), dial.clone(), address).await {
            Ok(stream) => return Ok(stream),
            Err(other) => failure = other,
        }
    }
    Err(failure)
}

/// The target with each of its addresses in the place of its name.
async fn addresses(resolver: Resolver, target: &Uri) -> Result<Vec<Uri>, ConnectFailure> {
    let (host, port) = (target.host().unwrap_or_default(), target.port_u16().unwrap_or_default());
    if host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[') {
        return Ok(vec![target.clone()]);
    }
    let unresolved = |error: BoxError| ConnectFailure::Dns(error);
    let name = host.parse::<Name>().map_err(|error| unresolved(error.into()))?;
    let found = resolver.addresses(name).await.map_err(|error: Unresolved| unresolved(error.into()))?;
    let urls = found.into_iter().map(|address| format!("http://{}/", SocketAddr::new(address.ip(), port)).parse());
    urls.collect::<Result<_, _>>().map_err(|_| ConnectFailure::Proxy(ProxyFailure::Target))
}

fn of_tunnel(failure: TunnelFailure, with_credentials: bool) -> ProxyFailure {
    match failure {
        TunnelFailure::ConnectFailed(source) => match source.downcast::<ConnectFailure>() {
            Ok(failure) => ProxyFailure::unreachable(&failure),
            Err(source) => ProxyFailure::Refused(source.to_string()),
        },
        TunnelFailure::ProxyAuthRequired if with_credentials => ProxyFailure::WantsOtherCredentials,
        TunnelFailure::ProxyAuthRequired => ProxyFailure::WantsCredentials,
        TunnelFailure::TunnelUnsuccessful => ProxyFailure::Refused("its answer is not 200".to_owned()),
        TunnelFailure::TunnelUnexpectedEof => ProxyFailure::Refused("it closed the connection".to_owned()),
        TunnelFailure::ProxyHeadersTooLong => ProxyFailure::Refused("its answer has no end".to_owned()),
        other => ProxyFailure::Refused(other.to_string()),
    }
}

fn of_socks(failure: SocksFailure) -> ProxyFailure {
    match failure {
        SocksFailure::Inner(failure) => ProxyFailure::unreachable(&failure),
        other => ProxyFailure::Refused(other.to_string()),
    }
}

/// What failed on the way through a proxy. None has a source: the text that is shown is the innermost one, and has to
/// say that it was the proxy.
#[derive(Debug, Error)]
pub(crate) enum ProxyFailure {
    #[error("the proxy can't be reached: {reason}")]
    Unreachable { kind: TransportErrorKind, reason: String },
    #[error("the proxy wants credentials (407), and was given none: put them in its URL, or use with_credentials")]
    WantsCredentials,
    #[error("the proxy does not take the credentials that it was given (407)")]
    WantsOtherCredentials,
    #[error("the proxy refused the tunnel: {0}")]
    Refused(String),
    #[error("the server's address is not one that a proxy can be given")]
    Target,
}

impl ProxyFailure {
    fn unreachable(failure: &ConnectFailure) -> Self {
        Self::Unreachable { kind: failure::connect_kind(failure), reason: failure::root_text(failure) }
    }

    pub(crate) fn kind(&self) -> TransportErrorKind {
        match self {
            Self::Unreachable { kind, .. } => *kind,
            _ => TransportErrorKind::Connect,
        }
    }
}
