//! Tunnels through a proxy.

use std::net::{Ipv4Addr, SocketAddr};

use http::Uri;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::connect::dial::Dial;
use crate::connect::failure::{BoxError, ConnectFailure, ProxyFailure};
use crate::connect::origin::Origin;
use crate::connect::resolve::{Resolver, Unresolved};
use crate::proxy::server::{Credentials, Protocol, ProxyServer, with_port};

type TunnelFailure = <Tunnel<Dial> as Service<Uri>>::Error;
type SocksFailure = <SocksV5<Dial> as Service<Uri>>::Error;

/// Opens a tunnel to the server through the proxy.
pub(crate) async fn open(
    proxy: &ProxyServer,
    dial: &Dial,
    resolver: &Resolver,
    origin: &Origin,
) -> Result<TcpStream, ConnectFailure> {
    // Both tunnel implementations use 443 for a missing port.
    let default_port = if origin.uri().scheme_str() == Some("https") { 443 } else { 80 };
    let target = with_port(origin.uri(), default_port).ok_or(ConnectFailure::Proxy(ProxyFailure::Target))?;
    let stream = match proxy.protocol {
        Protocol::Http => http_tunnel(proxy, dial, target).await?,
        Protocol::Socks5h => socks_tunnel(proxy, dial, target).await?,
        Protocol::Socks5 => socks_tunnel_to_addresses(proxy, dial, resolver, &target).await?,
    };
    Ok(stream.into_inner())
}

async fn http_tunnel(proxy: &ProxyServer, dial: &Dial, target: Uri) -> Result<TokioIo<TcpStream>, ConnectFailure> {
    let mut tunnel = Tunnel::new(proxy.address.clone(), dial.clone());
    let mut with_credentials = false;
    if let Some(Credentials::Basic(value)) = &proxy.credentials {
        tunnel = tunnel.with_auth(value.clone());
        with_credentials = true;
    }
    tunnel.call(target).await.map_err(|failure| ConnectFailure::Proxy(of_tunnel(failure, with_credentials)))
}

/// Requests a tunnel to the unchanged target, so that the proxy resolves its name.
async fn socks_tunnel(proxy: &ProxyServer, dial: &Dial, target: Uri) -> Result<TokioIo<TcpStream>, ConnectFailure> {
    let mut socks = SocksV5::new(proxy.address.clone(), dial.clone());
    if let Some(Credentials::Socks { user, password }) = &proxy.credentials {
        socks = socks.with_auth(user.expose().to_owned(), password.expose().to_owned());
    }
    socks.call(target).await.map_err(|failure| ConnectFailure::Proxy(of_socks(failure)))
}

/// Requests a tunnel to each address of the target in turn. Resolves the name itself, because hyper-util's local
/// resolution blocks the thread.
async fn socks_tunnel_to_addresses(
    proxy: &ProxyServer,
    dial: &Dial,
    resolver: &Resolver,
    target: &Uri,
) -> Result<TokioIo<TcpStream>, ConnectFailure> {
    let mut failure = ConnectFailure::Proxy(ProxyFailure::Target);
    for address in addresses(resolver.clone(), target).await? {
        match socks_tunnel(proxy, dial, address).await {
            Ok(stream) => return Ok(stream),
            Err(other) => failure = other,
        }
    }
    Err(failure)
}

/// The target with each of its addresses in place of its name.
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
        TunnelFailure::ProxyAuthRequired if with_credentials => ProxyFailure::CredentialsRejected,
        TunnelFailure::ProxyAuthRequired => ProxyFailure::CredentialsRequired,
        TunnelFailure::TunnelUnsuccessful => ProxyFailure::Refused("the reply is not 200".to_owned()),
        TunnelFailure::TunnelUnexpectedEof => ProxyFailure::Refused("the proxy closed the connection".to_owned()),
        TunnelFailure::ProxyHeadersTooLong => ProxyFailure::Refused("the head of the reply is too large".to_owned()),
        other => ProxyFailure::Refused(other.to_string()),
    }
}

fn of_socks(failure: SocksFailure) -> ProxyFailure {
    match failure {
        SocksFailure::Inner(failure) => ProxyFailure::unreachable(&failure),
        other => ProxyFailure::Refused(other.to_string()),
    }
}
