//! The test harness: a server on a raw socket, a client for it, and a fault at one place between them.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use wecom_conformance::{FaultServer, SocketFault};
use wecom_core::client::{Timed, TokenSource};
use wecom_core::{Client, ClientBuilder, Credentials, Error, Retry, Secret, Shared, Timer};
use wecom_hyper::{HyperTransport, HyperTransportBuilder, Proxy, Resolve, Roots, TokioTimer};
use wecom_upstream::calls::{ImportChainContact, ImportContact, ImportCorp};
use wecom_upstream::{ChainId, Upstream};

/// A part of every secret here. No text that a person may read contains it.
pub(crate) const CANARY: &str = "canary";
pub(crate) const TOKEN: &str = "canary-token-0123456789abcdef";
pub(crate) const SECRET: &str = "canary-secret-0123456789abcdef";

pub(crate) const GETTOKEN: &str = "gettoken";
pub(crate) const LIST: &str = "corpgroup/corp/get_chain_list";
pub(crate) const IMPORT: &str = "corpgroup/import_chain_contact";

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How the resolver answers a lookup.
#[derive(Clone, Debug)]
pub(crate) enum Lookup {
    Good,
    Fails,
    Hangs,
    /// Returns an address of this machine without a listener.
    Refused,
    /// Returns an address that drops every packet.
    BlackHole,
}

/// How a proxy answers a `CONNECT` request.
#[derive(Clone, Debug)]
pub(crate) enum Tunnel {
    Good,
    RequiresCredentials,
    Hangs,
}

/// A fault and its place.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Socket(SocketFault),
    /// A fault on a connection that the client makes by TLS.
    Tls(SocketFault),
    Lookup(Lookup),
    Tunnel(Tunnel),
    /// The body of a reply, until the replies are restored. Each `@` in it stands for the secret that the request carried.
    Body(&'static [u8]),
}

impl Fault {
    /// Whether the fault affects a new connection rather than a request on any connection.
    fn affects_connections(&self) -> bool {
        match self {
            Self::Socket(fault) => fault.affects_connection(),
            Self::Tls(_) | Self::Lookup(_) | Self::Tunnel(_) => true,
            Self::Body(_) => false,
        }
    }
}

/// The request that a fault affects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// The token fetch.
    TokenFetch,
    /// The call itself, after its token was fetched.
    Call,
}

pub(crate) struct Harness {
    pub(crate) server: FaultServer,
    resolver: ScriptedResolver,
    proxy: Option<(SocketAddr, Script<Tunnel>)>,
    is_tls: bool,
    makes_new_connections: bool,
    /// Connections that fill the queue of the black hole.
    _queue: Vec<TcpStream>,
    _hole: Option<TcpListener>,
}

impl Harness {
    /// A harness without a fault.
    pub(crate) async fn new() -> Self {
        Self::for_fault(&Fault::Socket(SocketFault::None)).await
    }

    /// A harness with the parts that a fault needs. [`inject`](Self::inject) makes the fault occur.
    pub(crate) async fn for_fault(fault: &Fault) -> Self {
        let server = FaultServer::start().unwrap();
        let is_tls = matches!(fault, Fault::Tls(_));
        if is_tls {
            // With this fault the server speaks TLS. The client trusts the certificate.
            server.inject_always(SocketFault::UntrustedCertificate);
        }
        let proxy = match fault {
            Fault::Tunnel(_) => Some(start_proxy(server.address()).await),
            _ => None,
        };
        let (queue, hole) = match fault {
            Fault::Lookup(Lookup::BlackHole) => black_hole(server.address().port()).await,
            _ => (Vec::new(), None),
        };
        let harness = Self {
            server,
            resolver: ScriptedResolver::default(),
            proxy,
            is_tls,
            makes_new_connections: fault.affects_connections(),
            _queue: queue,
            _hole: hole,
        };
        harness.restore_replies();
        harness
    }

    /// Sets successful replies for all calls.
    pub(crate) fn restore_replies(&self) {
        self.server.set_reply(GETTOKEN, good_token(Some(7200)));
        self.server.set_reply(LIST, r#"{"errcode":0,"errmsg":"ok","chains":[{"chain_id":"Ch1","chain_name":"链"}]}"#);
        self.server.set_reply(IMPORT, r#"{"errcode":0,"errmsg":"ok","jobid":"job1"}"#);
    }

    /// Makes a fault occur once.
    pub(crate) fn inject(&self, fault: &Fault, target: Target, path: &str) {
        let before = target == Target::Call;
        match fault {
            Fault::Socket(fault) => {
                if before {
                    self.server.inject(SocketFault::None);
                }
                self.server.inject(fault.clone());
            }
            Fault::Tls(fault) => {
                if before {
                    self.server.inject(SocketFault::UntrustedCertificate);
                }
                self.server.inject(fault.clone());
            }
            Fault::Lookup(lookup) => self.resolver.0.add(before, Lookup::Good, lookup),
            Fault::Tunnel(tunnel) => {
                self.proxy.iter().for_each(|(_, script)| script.add(before, Tunnel::Good, tunnel));
            }
            Fault::Body(body) => {
                let (path, secret) = if before { (path, TOKEN) } else { (GETTOKEN, SECRET) };
                let pieces: Vec<_> = body.split(|&byte| byte == b'@').collect();
                self.server.set_reply(path, pieces.join(secret.as_bytes()));
            }
        }
    }

    /// The transport, with limits that no successful call reaches.
    pub(crate) fn transport(&self) -> HyperTransportBuilder {
        let certificate = self.server.certificate_der().to_vec();
        let mut builder = HyperTransport::builder()
            .roots(Roots::OnlyAdded)
            .add_root_certificate(certificate)
            .resolver(self.resolver.clone())
            .connect_limit(Duration::from_secs(20))
            .time_limit(Duration::from_secs(20));
        if self.makes_new_connections {
            builder = builder.pool_max_idle_per_host(0);
        }
        if let Some((address, _)) = &self.proxy {
            let proxy = Proxy::new(&format!("http://{address}")).unwrap();
            builder = builder.proxy(proxy.with_credentials("gateway", Secret::new("canary-password")).unwrap());
        }
        builder
    }

    pub(crate) fn base_url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://localhost:{}/cgi-bin/", self.server.address().port())
    }

    /// A client over a transport, with credentials, a timer and a deadline.
    pub(crate) fn client(&self, transport: HyperTransport) -> ClientBuilder<TokenSource<Shared>, Timed<Shared>> {
        self.client_on(transport, TokioTimer::new())
    }

    /// The same with another timer.
    pub(crate) fn client_on(
        &self,
        transport: HyperTransport,
        timer: impl Timer + 'static,
    ) -> ClientBuilder<TokenSource<Shared>, Timed<Shared>> {
        Client::builder(transport)
            .base_url(self.base_url().parse().unwrap())
            .credentials(credentials())
            .timer(timer)
            .deadline(Duration::from_secs(60))
    }

    /// A client with the usual settings.
    pub(crate) fn upstream(&self) -> Upstream {
        Upstream::new(self.client(self.transport().build().unwrap()).retry(quick_retry()).build())
    }

    /// The number of requests for a path that the server has read.
    pub(crate) fn received(&self, path: &str) -> usize {
        let path = format!("/cgi-bin/{path}");
        self.server.requests().iter().filter(|request| request.path() == path).count()
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("ww1", Secret::new(SECRET))
}

/// The default policy with short waits.
pub(crate) fn quick_retry() -> Retry {
    let wait = Duration::from_millis(20);
    Retry::new().initial_backoff(wait).initial_backoff_when_busy(wait)
}

pub(crate) fn good_token(expires_in: Option<i64>) -> String {
    let expires_in = expires_in.map_or_else(String::new, |seconds| format!(r#","expires_in":{seconds}"#));
    format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{TOKEN}"{expires_in}}}"#)
}

/// An import of one corp with one contact. The call must not be repeated.
pub(crate) fn import() -> ImportChainContact {
    let corp = ImportCorp::new("企业", [ImportContact::member("张三", "13000000001")]);
    ImportChainContact::new(ChainId::new("Ch1"), [corp])
}

/// Asserts that neither an error nor any of its sources shows a secret, in any of its texts.
#[track_caller]
pub(crate) fn assert_no_secret(error: &Error) {
    let mut texts = String::new();
    let causes = std::iter::successors(Some(error.kind() as &dyn StdError), |&link| link.source());
    for link in std::iter::once(error as &dyn StdError).chain(causes) {
        writeln!(texts, "{link}\n{link:?}\n{link:#?}").unwrap();
    }
    assert!(!texts.contains(CANARY) && !texts.contains("://localhost"), "{texts}");
}

/// Outcomes in order. After the last one, everything succeeds.
#[derive(Clone)]
struct Script<T>(Arc<Mutex<VecDeque<T>>>);

impl<T: Clone> Script<T> {
    fn add(&self, before: bool, good: T, bad: &T) {
        let mut script = self.0.lock().unwrap();
        script.extend(before.then_some(good));
        script.push_back(bad.clone());
    }

    fn next(&self) -> Option<T> {
        self.0.lock().unwrap().pop_front()
    }
}

impl<T> Default for Script<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

#[derive(Clone, Default)]
struct ScriptedResolver(Script<Lookup>);

#[wecom_core::async_trait]
impl Resolve for ScriptedResolver {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        match self.0.next().unwrap_or(Lookup::Good) {
            Lookup::Good => Ok(vec![LOOPBACK]),
            Lookup::Fails => Err(io::Error::other("no such host")),
            Lookup::Hangs => std::future::pending().await,
            Lookup::Refused => Ok(vec![Ipv4Addr::new(127, 0, 0, 2).into()]),
            Lookup::BlackHole => Ok(vec![HOLE]),
        }
    }
}

const HOLE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

/// A socket with a full accept queue. Linux drops the first packet of a connection that does not fit.
async fn black_hole(port: u16) -> (Vec<TcpStream>, Option<TcpListener>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((HOLE, port).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect((HOLE, port))).await {
        queue.push(stream.unwrap());
        assert!(queue.len() < 100, "the queue does not fill");
    }
    (queue, Some(listener))
}

/// A proxy whose tunnels all lead to the server.
async fn start_proxy(server: SocketAddr) -> (SocketAddr, Script<Tunnel>) {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let script = Script::default();
    let next = script.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tunnel = next.next().unwrap_or(Tunnel::Good);
            // The client may close the connection at any point.
            tokio::spawn(async move { drop(serve_tunnel(stream, tunnel, server).await) });
        }
    });
    (address, script)
}

async fn serve_tunnel(mut stream: TcpStream, tunnel: Tunnel, server: SocketAddr) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    match tunnel {
        Tunnel::Good => {
            let mut server = TcpStream::connect(server).await?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut stream, &mut server).await.map(drop)
        }
        Tunnel::RequiresCredentials => {
            let head = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\
                proxy-authenticate: Basic realm=\"canary\"\r\n\r\n";
            stream.write_all(head).await
        }
        Tunnel::Hangs => std::future::pending().await,
    }
}
