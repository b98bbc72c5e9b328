//! Proxies on loopback: the requests that they receive, and the outcome of each of their failures.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wecom_core::Delivery::NotSent;
use wecom_core::TransportErrorKind::{Connect, Dns, Timeout};
use wecom_core::{BaseUrl, Secret, Transport};
use wecom_hyper::{HyperTransport, Proxy};

use crate::resolving::StaticResolver;
use crate::server::{Answer, Server};
use crate::support::{CANARY, failure, post, text};
use crate::tls::{TRUSTED, builder};

const SHORT: Duration = Duration::from_millis(200);

/// A proxy that reports each request for a tunnel.
struct FakeProxy {
    address: std::net::SocketAddr,
    requests: UnboundedReceiver<String>,
}

/// What a proxy does with its connections.
#[derive(Clone, Copy)]
enum Behaviour {
    /// An HTTP proxy that opens a tunnel to every target.
    Http,
    /// An HTTP proxy that sends this answer, and closes.
    Answering(&'static str),
    /// Sends nothing.
    Silent,
    /// A SOCKS5 proxy that requires these credentials, if any, and resolves `service.invalid` to `127.0.0.1`.
    Socks(Option<(&'static str, &'static str)>),
    /// A SOCKS5 proxy that refuses every tunnel: not allowed by its rules.
    SocksRefusing,
}

impl FakeProxy {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let report = |request| sender.send(request).unwrap();
                    let serving = match behaviour {
                        Behaviour::Socks(required) => serve_socks(stream, required, 0, report).await,
                        Behaviour::SocksRefusing => serve_socks(stream, None, 2, report).await,
                        behaviour => serve_http(stream, behaviour, report).await,
                    };
                    // The client may end the connection at any point.
                    let _ = serving;
                });
            }
        });
        Self { address, requests }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    fn requests(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

async fn serve_http(mut stream: TcpStream, behaviour: Behaviour, report: impl Fn(String)) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().to_owned();
    report(head);
    match behaviour {
        Behaviour::Http => {
            let mut server = TcpStream::connect(target).await?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut stream, &mut server).await?;
        }
        Behaviour::Answering(answer) => stream.write_all(answer.as_bytes()).await?,
        _ => std::future::pending().await,
    }
    Ok(())
}

async fn serve_socks(
    mut stream: TcpStream,
    required: Option<(&str, &str)>,
    verdict: u8,
    report: impl Fn(String),
) -> io::Result<()> {
    let methods = read_counted(&mut stream, 1).await?;
    let method = if required.is_some() { 2 } else { 0 };
    if !methods.as_bytes().contains(&method) {
        return stream.write_all(&[5, 0xff]).await;
    }
    stream.write_all(&[5, method]).await?;
    if let Some(required) = required {
        let user = read_counted(&mut stream, 1).await?;
        let password = read_counted(&mut stream, 0).await?;
        let is_known = (user.as_str(), password.as_str()) == required;
        stream.write_all(&[1, u8::from(!is_known)]).await?;
        if !is_known {
            return Ok(());
        }
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let host = match head[3] {
        1 => Ipv4Addr::from(stream.read_u32().await?).to_string(),
        _ => read_counted(&mut stream, 0).await?,
    };
    let port = stream.read_u16().await?;
    report(format!("{host}:{port}"));
    let host = if host == "service.invalid" { "127.0.0.1" } else { &host };
    let server = if verdict == 0 { TcpStream::connect((host, port)).await } else { Err(io::Error::other("refused")) };
    // 5: connection refused.
    let verdict = if verdict == 0 && server.is_err() { 5 } else { verdict };
    stream.write_all(&[5, verdict, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut server?).await?;
    Ok(())
}

/// Skips some bytes, and reads a text with its length in front.
async fn read_counted(stream: &mut TcpStream, skipped: usize) -> io::Result<String> {
    stream.read_exact(&mut vec![0; skipped]).await?;
    let mut read = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut read).await?;
    Ok(String::from_utf8(read).unwrap())
}

/// A transport that calls through a proxy. Only the proxy can resolve `service.invalid`.
fn through(proxy: Proxy) -> HyperTransport {
    let builder = builder().resolver(StaticResolver::default()).connect_limit(Duration::from_secs(5));
    builder.proxy(proxy).build().unwrap()
}

fn at(url: &str) -> Proxy {
    Proxy::new(url).unwrap()
}

/// A proxy with credentials.
fn with_credentials_at(url: &str) -> Proxy {
    at(url).with_credentials("canary-user", Secret::new("canary:p@ss")).unwrap()
}

/// Makes a call that fails at the proxy, and returns the text of the error.
async fn failed(behaviour: Behaviour, proxy: impl Fn(&FakeProxy) -> Proxy) -> String {
    let fake = FakeProxy::start(behaviour).await;
    let transport = through(proxy(&fake));
    let base = "http://service.invalid/cgi-bin".parse::<BaseUrl>().unwrap();
    assert_eq!(failure(&transport, post(base.clone())).await, (Connect, NotSent));
    let counters = transport.counters();
    assert_eq!((counters.connections_opened(), counters.connections_failed_of(Connect)), (0, 1));
    let error = text(&transport.send(post(base)).await.unwrap_err());
    assert!(error.contains("proxy"), "{error}");
    error
}

#[tokio::test]
async fn a_call_through_a_tunnel_is_unchanged() {
    let mut server = Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]).await;
    let mut fake = FakeProxy::start(Behaviour::Http).await;
    let transport = through(at(&fake.url("http")));
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
    }
    let request = server.request().await;
    assert!(request.starts_with("POST /cgi-bin/") && !request.contains("proxy"), "{request}");
    let address = server.address;
    assert_eq!(fake.requests(), [format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n")]);
}

#[tokio::test]
async fn tls_ends_at_the_server_and_not_at_the_proxy() {
    for scheme in ["http", "socks5", "socks5h"] {
        let behaviour = if scheme == "http" { Behaviour::Http } else { Behaviour::Socks(None) };
        let mut fake = FakeProxy::start(behaviour).await;
        let (base, serving) = TRUSTED.serve_once();
        let reply = through(at(&fake.url(scheme))).send(post(base)).await.unwrap();
        assert_eq!(reply.body(), "http/1.1");
        assert_eq!(fake.requests().len(), 1);
        serving.join().unwrap();
    }
}

#[tokio::test]
async fn a_missing_port_is_the_default_of_the_scheme() {
    for (base, port) in [("http://service.invalid", 80), ("https://service.invalid", 443)] {
        let mut fake = FakeProxy::start(Behaviour::Answering("HTTP/1.1 502 Bad Gateway\r\n\r\n")).await;
        through(at(&fake.url("http"))).send(post(base.parse().unwrap())).await.unwrap_err();
        assert!(fake.requests()[0].starts_with(&format!("CONNECT service.invalid:{port} ")), "{base}");
        let mut fake = FakeProxy::start(Behaviour::SocksRefusing).await;
        through(at(&fake.url("socks5h"))).send(post(base.parse().unwrap())).await.unwrap_err();
        assert_eq!(fake.requests(), [format!("service.invalid:{port}")]);
    }
}

#[tokio::test]
async fn credentials_are_sent_to_the_proxy_and_not_to_the_server() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = FakeProxy::start(Behaviour::Http).await;
    through(with_credentials_at(&fake.url("http"))).send(post(server.base_url())).await.unwrap();
    // canary-user:canary:p@ss
    let request = fake.requests().remove(0);
    assert!(request.contains("\r\nProxy-Authorization: Basic Y2FuYXJ5LXVzZXI6Y2FuYXJ5OnBAc3M=\r\n"), "{request}");
    assert!(!server.request().await.to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn missing_and_rejected_proxy_credentials_have_different_errors() {
    let requiring = Behaviour::Answering("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let error = failed(requiring, |fake| at(&fake.url("http"))).await;
    assert!(error.contains("407") && error.contains("with_credentials"), "{error}");
    let error = failed(requiring, |fake| with_credentials_at(&fake.url("http"))).await;
    assert!(error.contains("407") && !error.contains("with_credentials") && !error.contains(CANARY), "{error}");
}

#[tokio::test]
async fn a_call_whose_tunnel_is_refused_was_not_sent() {
    for answer in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\ncanary",
        "HTTP/1.1 302 Found\r\nlocation: http://canary\r\n\r\n",
        "SSH-2.0-canary\r\n",
        "HTTP/1.1 20",
        "",
    ] {
        let error = failed(Behaviour::Answering(answer), |fake| with_credentials_at(&fake.url("http"))).await;
        assert!(!error.contains(CANARY), "{error}");
    }
    failed(Behaviour::SocksRefusing, |fake| at(&fake.url("socks5h"))).await;
}

#[tokio::test]
async fn a_proxy_that_hangs_ends_at_the_connect_limit() {
    let fake = FakeProxy::start(Behaviour::Silent).await;
    for scheme in ["http", "socks5h"] {
        let transport = builder().connect_limit(SHORT).proxy(with_credentials_at(&fake.url(scheme))).build().unwrap();
        let base = "https://service.invalid".parse().unwrap();
        assert_eq!(failure(&transport, post(base)).await, (Timeout, NotSent), "{scheme}");
    }
}

#[tokio::test]
async fn the_error_for_an_unreachable_proxy_names_the_proxy() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5h"] {
        for (address, kind) in [(closed.to_string(), Connect), ("absent.invalid:1".to_owned(), Dns)] {
            let transport = through(with_credentials_at(&format!("{scheme}://{address}")));
            let base: BaseUrl = "http://service.invalid".parse().unwrap();
            assert_eq!(failure(&transport, post(base.clone())).await, (kind, NotSent), "{scheme} {address}");
            let error = text(&transport.send(post(base)).await.unwrap_err());
            assert!(error.contains("proxy unreachable: "), "{error}");
        }
    }
}

#[tokio::test]
async fn socks5h_lets_the_proxy_resolve_the_name() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = FakeProxy::start(Behaviour::Socks(None)).await;
    let (resolver, port) = (StaticResolver::default(), server.address.port());
    let transport = builder().resolver(resolver.clone()).proxy(at(&fake.url("socks5h"))).build().unwrap();
    let base = format!("http://service.invalid:{port}/cgi-bin").parse().unwrap();
    transport.send(post(base)).await.unwrap();
    assert_eq!(fake.requests(), [format!("service.invalid:{port}")]);
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn socks5_tries_one_resolved_address_after_another() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = FakeProxy::start(Behaviour::Socks(None)).await;
    // The first address has no listener.
    let addresses = [Ipv4Addr::new(127, 0, 0, 3), Ipv4Addr::LOCALHOST].map(IpAddr::from);
    let port = server.address.port();
    let transport = builder().resolver(StaticResolver::of(addresses)).proxy(at(&fake.url("socks5"))).build().unwrap();
    let base = format!("http://service.invalid:{port}/cgi-bin").parse().unwrap();
    transport.send(post(base)).await.unwrap();
    assert_eq!(fake.requests(), [format!("127.0.0.3:{port}"), format!("127.0.0.1:{port}")]);
}

#[tokio::test]
async fn a_name_that_socks5_cannot_resolve_is_a_dns_failure() {
    let mut fake = FakeProxy::start(Behaviour::Socks(None)).await;
    let transport = through(at(&fake.url("socks5")));
    let base = "http://absent.invalid".parse().unwrap();
    assert_eq!(failure(&transport, post(base)).await, (Dns, NotSent));
    assert_eq!(fake.requests(), [""; 0]);
}

#[tokio::test]
async fn socks_accepts_its_credentials_and_rejects_others() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let requiring = Behaviour::Socks(Some(("canary-user", "canary:p@ss")));
    let fake = FakeProxy::start(requiring).await;
    through(with_credentials_at(&fake.url("socks5h"))).send(post(server.base_url())).await.unwrap();
    for other in [Proxy::with_credentials, |proxy, _, _| Ok(proxy)] {
        let error = failed(requiring, |fake| {
            other(at(&fake.url("socks5h")), "canary-other".to_owned(), Secret::new("canary")).unwrap()
        });
        let error = error.await;
        assert!(!error.contains(CANARY), "{error}");
    }
}

#[tokio::test]
async fn a_bypassed_host_is_called_directly() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = FakeProxy::start(Behaviour::Http).await;
    let transport = through(at(&fake.url("http")).bypassing("other.invalid, 127.0.0.0/8"));
    transport.send(post(server.base_url())).await.unwrap();
    assert_eq!(fake.requests(), [""; 0]);
}

#[tokio::test]
async fn every_form_of_a_bypassed_address_is_called_directly() {
    let mut fake = FakeProxy::start(Behaviour::Http).await;
    for form in ["*", "127.0.0.1", "127.0.0.1:PORT", " , *", "127.0.0.0/8", "other.invalid, 127.0.0.1 "] {
        let server = Server::start([Answer::reply("200 OK", "{}")]).await;
        let form = form.replace("PORT", &server.address.port().to_string());
        let transport = through(at(&fake.url("http")).bypassing(form.clone()));
        transport.send(post(server.base_url())).await.unwrap();
        assert_eq!(fake.requests(), [""; 0], "{form}");
    }
}

#[tokio::test]
async fn every_form_of_a_bypassed_name_is_called_directly() {
    let resolver = StaticResolver::of([IpAddr::from(Ipv4Addr::LOCALHOST)]);
    let mut fake = FakeProxy::start(Behaviour::Http).await;
    for form in ["*", "*.invalid", ".invalid", "service.invalid.", "service.invalid:PORT", "SERVICE.invalid"] {
        let server = Server::start([Answer::reply("200 OK", "{}")]).await;
        let port = server.address.port();
        let proxy = at(&fake.url("http")).bypassing(form.replace("PORT", &port.to_string()));
        let transport = builder().resolver(resolver.clone()).proxy(proxy).build().unwrap();
        let base = format!("http://service.invalid:{port}/cgi-bin").parse().unwrap();
        transport.send(post(base)).await.unwrap();
        assert_eq!(fake.requests(), [""; 0], "{form}");
    }
}

#[tokio::test]
async fn the_debug_form_of_the_builder_shows_no_credentials() {
    let text = format!("{:?}", builder().proxy(with_credentials_at("socks5h://proxy.example")));
    assert!(text.contains("proxy.example") && !text.contains(CANARY), "{text}");
}

const BASE: &str = "WECOM_HYPER_TEST_BASE";

/// A process can't change its own variables safely, so the test below runs in its own process.
#[tokio::test]
async fn the_environment_is_read_only_by_from_env() {
    let server = Server::start([Answer::reply("200 OK", "direct"), Answer::reply("200 OK", "proxied")]).await;
    let mut fake = FakeProxy::start(Behaviour::Http).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--ignored", "proxy::in_a_process_with_a_proxy_in_its_environment"]);
    for name in ["ALL_PROXY", "all_proxy", "http_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    child.env("HTTP_PROXY", fake.url("http")).env(BASE, server.base_url().as_str());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(fake.requests().len(), 1, "one of the two calls went through the proxy");
}

/// A process can't change its own variables safely, so the test below runs in its own process.
#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error_that_names_it() {
    use std::os::unix::ffi::OsStrExt;

    for name in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY", "no_proxy"] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "--ignored", "proxy::in_a_process_with_a_variable_that_is_not_utf_8"]);
        for name in ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
            child.env_remove(name);
        }
        let output =
            child.env(name, std::ffi::OsStr::from_bytes(b"http://canary\xff")).env(BASE, name).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{name}: {text}");
    }
}

#[cfg(unix)]
#[test]
#[ignore = "the test above runs it in its own process"]
fn in_a_process_with_a_variable_that_is_not_utf_8() {
    let error = Proxy::from_env().expect_err("a direct call would come from an untrusted address").to_string();
    let name = std::env::var(BASE).unwrap();
    assert!(error.contains(&name) && error.contains("UTF-8") && !error.contains(CANARY), "{error}");
}

#[tokio::test]
#[ignore = "the test above runs it in its own process"]
async fn in_a_process_with_a_proxy_in_its_environment() {
    let base: BaseUrl = std::env::var(BASE).unwrap().parse().unwrap();
    let direct = builder().build().unwrap();
    assert_eq!(direct.send(post(base.clone())).await.unwrap().body(), "direct");
    let proxied = builder().proxy(Proxy::from_env().unwrap()).build().unwrap();
    assert_eq!(proxied.send(post(base)).await.unwrap().body(), "proxied");
}
