//! Custom resolvers, and hosts with a dead address.

use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use wecom_core::Delivery::NotSent;
use wecom_core::TransportErrorKind::{Dns, Timeout};
use wecom_core::{BaseUrl, Transport};
use wecom_hyper::{HyperTransportBuilder, Resolve};

use crate::server::{Answer, Server};
use crate::support::{failure, post, text};
use crate::tls::builder;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SHORT: Duration = Duration::from_millis(200);

/// Resolves one host to these addresses.
#[derive(Clone, Default)]
pub(crate) struct StaticResolver {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) lookups: Arc<AtomicUsize>,
}

impl StaticResolver {
    pub(crate) fn of(addresses: impl Into<Vec<IpAddr>>) -> Self {
        Self { addresses: addresses.into(), ..Self::default() }
    }
}

#[wecom_core::async_trait]
impl Resolve for StaticResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        match name {
            "service.invalid" => Ok(self.addresses.clone()),
            _ => Err(io::Error::other("unknown name")),
        }
    }
}

struct Hanging;

#[wecom_core::async_trait]
impl Resolve for Hanging {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        pending().await
    }
}

fn base(port: u16) -> BaseUrl {
    format!("http://service.invalid:{port}/cgi-bin").parse().unwrap()
}

#[tokio::test]
async fn the_resolver_returns_the_address_once_for_each_connection() {
    let mut server = Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]).await;
    let (resolver, port) = (StaticResolver::of([V4]), server.address.port());
    let transport = builder().resolver(resolver.clone()).build().unwrap();
    for _ in 0..2 {
        transport.send(post(base(port))).await.unwrap();
    }
    let request = server.request().await;
    assert!(request.contains(&format!("host: service.invalid:{port}\r\n")), "{request}");
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 1, "one lookup for each connection");
}

#[tokio::test]
async fn a_host_that_is_an_address_is_not_resolved() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let resolver = StaticResolver::default();
    builder().resolver(resolver.clone()).build().unwrap().send(post(server.base_url())).await.unwrap();
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_call_to_an_unknown_name_is_not_sent() {
    let transport = builder().resolver(StaticResolver::default()).build().unwrap();
    assert_eq!(failure(&transport, post(base(1))).await, (Dns, NotSent));
    let other = "http://other.invalid".parse::<BaseUrl>().unwrap();
    assert_eq!(failure(&transport, post(other.clone())).await, (Dns, NotSent));
    let error = transport.send(post(other)).await.unwrap_err();
    assert!(text(&error).contains("unknown name"), "{error}");
}

#[tokio::test]
async fn a_resolver_that_hangs_ends_at_the_connect_limit() {
    let transport = builder().resolver(Hanging).connect_limit(SHORT).build().unwrap();
    assert_eq!(failure(&transport, post(base(1))).await, (Timeout, NotSent));
}

/// An address that drops all connection attempts, because the backlog of its socket is full. Returns its port, and the
/// values to keep meanwhile.
///
/// Only Linux drops the first packet of a connection for which the backlog has no room.
#[cfg(target_os = "linux")]
async fn black_hole(address: IpAddr) -> Option<(u16, (TcpListener, Vec<TcpStream>))> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }.ok()?;
    socket.bind((address, 0).into()).ok()?;
    let listener = socket.listen(1).unwrap();
    let place = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(place)).await {
        queued.push(stream.unwrap());
        assert!(queued.len() < 100, "the backlog never fills");
    }
    Some((place.port(), (listener, queued)))
}

/// Makes a call to a host whose first address is dead and whose second address has a server. Returns its duration.
#[cfg(target_os = "linux")]
async fn call_beside_a_black_hole(dead: IpAddr, builder: HyperTransportBuilder) -> Option<Duration> {
    // The server needs the black hole's port on another address, which may be taken.
    for _ in 0..20 {
        // Without IPv6 on loopback the test is skipped.
        let (port, _kept) = black_hole(dead).await?;
        let Ok(listener) = TcpListener::bind((V4, port)).await else { continue };
        let _server = Server::start_on(listener, [Answer::reply("200 OK", "{}")]);
        let transport = builder.resolver(StaticResolver::of([dead, V4])).build().unwrap();
        let began = Instant::now();
        assert_eq!(transport.send(post(base(port))).await.unwrap().status(), 200);
        return Some(began.elapsed());
    }
    panic!("no port is free on both addresses");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dead_address_of_one_family_delays_the_other_family_by_the_set_delay() {
    let dead = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let delay = Duration::from_millis(600);
    let patient = builder().connect_limit(Duration::from_secs(60));
    let Some(time) = call_beside_a_black_hole(dead, patient.clone().happy_eyeballs_delay(delay)).await else { return };
    assert!((delay..delay * 20).contains(&time), "{time:?}");
    let Some(time) = call_beside_a_black_hole(dead, patient.happy_eyeballs_delay(Duration::ZERO)).await else { return };
    assert!(time < delay, "{time:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dead_address_leaves_the_next_address_its_share_of_the_connect_limit() {
    let limit = Duration::from_millis(1200);
    let dead = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let Some(time) = call_beside_a_black_hole(dead, builder().connect_limit(limit)).await else { return };
    assert!((limit / 2..limit).contains(&time), "{time:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dead_address_alone_takes_no_longer_than_the_connect_limit() {
    let dead = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let (port, _kept) = black_hole(dead).await.unwrap();
    let transport = builder().resolver(StaticResolver::of([dead])).connect_limit(SHORT).build().unwrap();
    assert_eq!(failure(&transport, post(base(port))).await, (Timeout, NotSent));
    let error = transport.send(post(base(port))).await.unwrap_err();
    assert!(text(&error).contains("no connection within 200ms"), "{error}");
}

/// Nothing suggests that their connections could be HTTP/2, which they would share.
#[tokio::test]
async fn calls_at_once_open_a_connection_each_without_waiting_for_the_first() {
    #[derive(Clone, Default)]
    struct Hanging(Arc<AtomicUsize>);

    #[wecom_core::async_trait]
    impl Resolve for Hanging {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            pending().await
        }
    }

    let book = Hanging::default();
    let transport = builder().resolver(book.clone()).connect_limit(SHORT).build().unwrap();
    let call = || failure(&transport, post("https://service.invalid/cgi-bin".parse().unwrap()));
    tokio::join!(call(), call(), call());
    assert_eq!(book.0.load(Ordering::SeqCst), 3);
}
