//! Where a row is played: a server on a raw socket, and the whole client before it, with faults at one place between.

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
use wecom_core::{Client, ClientBuilder, Credentials, Error, Retry, Secret, Shared, Timed, Timer, TokenSource};
use wecom_hyper::{HyperTransport, HyperTransportBuilder, Proxy, Resolve, Roots, TokioTimer};
use wecom_upstream::calls::{ImportChainContact, ImportContact, ImportCorp};
use wecom_upstream::{ChainId, Upstream};

/// In every secret of a stage, and in no text that anyone may read.
pub(crate) const CANARY: &str = "canary";
pub(crate) const TOKEN: &str = "canary-token-0123456789abcdef";
pub(crate) const SECRET: &str = "canary-secret-0123456789abcdef";

pub(crate) const GETTOKEN: &str = "gettoken";
pub(crate) const LIST: &str = "corpgroup/corp/get_chain_list";
pub(crate) const IMPORT: &str = "corpgroup/import_chain_contact";

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a name leads to.
#[derive(Clone, Debug)]
pub(crate) enum Lookup {
    Good,
    Fails,
    Hangs,
    /// To an address of this machine at which nobody listens.
    Nobody,
    /// To an address that drops whatever comes.
    BlackHole,
}

/// What a proxy does when it is asked for a tunnel.
#[derive(Clone, Debug)]
pub(crate) enum Tunnel {
    Good,
    WantsCredentials,
    Hangs,
}

/// What goes wrong, and where.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Socket(SocketFault),
    /// On a connection that is to be one of TLS.
    Tls(SocketFault),
    Lookup(Lookup),
    Tunnel(Tunnel),
    /// The body of a reply, until the stage recovers; for `@` it has the secret that the request was sent with.
    Body(&'static [u8]),
}

impl Fault {
    /// Whether it meets a new connection, and not a request on whichever.
    fn strikes_a_connection(&self) -> bool {
        match self {
            Self::Socket(fault) => fault.strikes_a_connection(),
            Self::Tls(_) | Self::Lookup(_) | Self::Tunnel(_) => true,
            Self::Body(_) => false,
        }
    }
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strikes {
    /// The fetching of the token.
    Token,
    /// The call, after its token was got.
    Call,
}

pub(crate) struct Stage {
    pub(crate) server: FaultServer,
    book: Book,
    tunnels: Option<(SocketAddr, Script<Tunnel>)>,
    is_tls: bool,
    makes_new_connections: bool,
    /// What keeps the black hole black.
    _queue: Vec<TcpStream>,
    _hole: Option<TcpListener>,
}

impl Stage {
    /// A stage on which all goes well.
    pub(crate) async fn new() -> Self {
        Self::set_for(&Fault::Socket(SocketFault::None)).await
    }

    /// A stage that has what a fault takes.
    pub(crate) async fn set_for(fault: &Fault) -> Self {
        let server = FaultServer::start().unwrap();
        let is_tls = matches!(fault, Fault::Tls(_));
        if is_tls {
            // That is how this server speaks TLS; the client trusts the certificate.
            server.always(SocketFault::UntrustedCertificate);
        }
        let tunnels = match fault {
            Fault::Tunnel(_) => Some(start_proxy(server.address()).await),
            _ => None,
        };
        let (queue, hole) = match fault {
            Fault::Lookup(Lookup::BlackHole) => black_hole(server.address().port()).await,
            _ => (Vec::new(), None),
        };
        let stage = Self {
            server,
            book: Book::default(),
            tunnels,
            is_tls,
            makes_new_connections: fault.strikes_a_connection(),
            _queue: queue,
            _hole: hole,
        };
        stage.reply_well();
        stage
    }

    /// Sets the good replies.
    pub(crate) fn reply_well(&self) {
        self.server.reply(GETTOKEN, good_token(Some(7200)));
        self.server.reply(LIST, r#"{"errcode":0,"errmsg":"ok","chains":[{"chain_id":"Ch1","chain_name":"链"}]}"#);
        self.server.reply(IMPORT, r#"{"errcode":0,"errmsg":"ok","jobid":"job1"}"#);
    }

    /// Has a fault strike once.
    pub(crate) fn strike(&self, fault: &Fault, strikes: Strikes, path: &str) {
        let before = strikes == Strikes::Call;
        match fault {
            Fault::Socket(fault) => {
                if before {
                    self.server.next(SocketFault::None);
                }
                self.server.next(fault.clone());
            }
            Fault::Tls(fault) => {
                if before {
                    self.server.next(SocketFault::UntrustedCertificate);
                }
                self.server.next(fault.clone());
            }
            Fault::Lookup(lookup) => self.book.0.add(before, Lookup::Good, lookup),
            Fault::Tunnel(tunnel) => {
                self.tunnels.iter().for_each(|(_, script)| script.add(before, Tunnel::Good, tunnel));
            }
            Fault::Body(body) => {
                let (path, secret) = if before { (path, TOKEN) } else { (GETTOKEN, SECRET) };
                let pieces: Vec<_> = body.split(|&byte| byte == b'@').collect();
                self.server.reply(path, pieces.join(secret.as_bytes()));
            }
        }
    }

    /// The transport, with limits that no good call comes near to.
    pub(crate) fn transport(&self) -> HyperTransportBuilder {
        let certificate = self.server.certificate_der().to_vec();
        let mut builder = HyperTransport::builder()
            .roots(Roots::OnlyAdded)
            .add_root_certificate(certificate)
            .resolver(self.book.clone())
            .connect_limit(Duration::from_secs(20))
            .time_limit(Duration::from_secs(20));
        if self.makes_new_connections {
            builder = builder.pool_max_idle_per_host(0);
        }
        if let Some((address, _)) = &self.tunnels {
            let proxy = Proxy::new(&format!("http://{address}")).unwrap();
            builder = builder.proxy(proxy.with_credentials("gateway", Secret::new("canary-password")).unwrap());
        }
        builder
    }

    pub(crate) fn base_url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://localhost:{}/cgi-bin/", self.server.address().port())
    }

    /// The client over a transport, with credentials, time and a deadline.
    pub(crate) fn client(&self, transport: HyperTransport) -> ClientBuilder<TokenSource<Shared>, Timed<Shared>> {
        self.client_on(transport, TokioTimer::new())
    }

    /// The same with another clock.
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

    /// A client as most would have it.
    pub(crate) fn upstream(&self) -> Upstream {
        Upstream::new(self.client(self.transport().build().unwrap()).retry(quick_retry()).build())
    }

    /// How many requests with this path were read by the server.
    pub(crate) fn seen(&self, path: &str) -> usize {
        let path = format!("/cgi-bin/{path}");
        self.server.requests().iter().filter(|request| request.path() == path).count()
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("ww1", Secret::new(SECRET))
}

/// The defaults with short waits.
pub(crate) fn quick_retry() -> Retry {
    let wait = Duration::from_millis(20);
    Retry::new().first_wait(wait).first_wait_when_busy(wait)
}

pub(crate) fn good_token(expires_in: Option<i64>) -> String {
    let expires_in = expires_in.map_or_else(String::new, |seconds| format!(r#","expires_in":{seconds}"#));
    format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{TOKEN}"{expires_in}}}"#)
}

/// An import of one corp with one contact: a call that must not be repeated.
pub(crate) fn import() -> ImportChainContact {
    let corp = ImportCorp::new("企业", [ImportContact::member("张三", "13000000001")]);
    ImportChainContact::new(ChainId::new("Ch1"), [corp])
}

/// Asserts that neither an error nor any of its sources shows a secret, in any of its texts.
#[track_caller]
pub(crate) fn assert_no_secret(error: &Error) {
    let mut texts = String::new();
    let links = std::iter::successors(Some(error as &dyn StdError), |&link| link.source());
    for link in links {
        writeln!(texts, "{link}\n{link:?}\n{link:#?}").unwrap();
    }
    assert!(!texts.contains(CANARY) && !texts.contains("://localhost"), "{texts}");
}

/// What is met by one after the other; nothing more means that all is well.
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
struct Book(Script<Lookup>);

#[wecom_core::async_trait]
impl Resolve for Book {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        match self.0.next().unwrap_or(Lookup::Good) {
            Lookup::Good => Ok(vec![HERE]),
            Lookup::Fails => Err(io::Error::other("nobody knows this name")),
            Lookup::Hangs => std::future::pending().await,
            Lookup::Nobody => Ok(vec![Ipv4Addr::new(127, 0, 0, 2).into()]),
            Lookup::BlackHole => Ok(vec![HOLE]),
        }
    }
}

const HOLE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

/// A socket whose queue is full: Linux drops the first packet of a connection that there is no room for.
async fn black_hole(port: u16) -> (Vec<TcpStream>, Option<TcpListener>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((HOLE, port).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect((HOLE, port))).await {
        queue.push(stream.unwrap());
        assert!(queue.len() < 100, "the queue has no end");
    }
    (queue, Some(listener))
}

/// A proxy that makes tunnels to the server, whatever it is asked for.
async fn start_proxy(server: SocketAddr) -> (SocketAddr, Script<Tunnel>) {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let script = Script::default();
    let next = script.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tunnel = next.next().unwrap_or(Tunnel::Good);
            // The client may end it at any point.
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
        Tunnel::WantsCredentials => {
            let head = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\
                proxy-authenticate: Basic realm=\"canary\"\r\n\r\n";
            stream.write_all(head).await
        }
        Tunnel::Hangs => std::future::pending().await,
    }
}
