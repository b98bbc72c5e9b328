//! Proxies on loopback: what they are told, and what each way of theirs to fail means.

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

use crate::resolving::Book;
use crate::server::{Answer, Server};
use crate::support::{CANARY, failure, post, text};
use crate::tls::{TRUSTED, builder};

const SHORT: Duration = Duration::from_millis(200);

/// A proxy that reports each request for a tunnel.
struct Fake {
    address: std::net::SocketAddr,
    asked: UnboundedReceiver<String>,
}

/// What a proxy does with its connections.
#[derive(Clone, Copy)]
enum Manner {
    /// An HTTP proxy that makes tunnels, to wherever it is asked.
    Http,
    /// An HTTP proxy that answers this, and closes.
    Answering(&'static str),
    /// Says nothing.
    Silent,
    /// A SOCKS5 proxy that wants these credentials, if any, and takes `service.invalid` for itself.
    Socks(Option<(&'static str, &'static str)>),
    /// A SOCKS5 proxy that refuses every tunnel: not allowed by its rules.
    SocksRefusing,
}

impl Fake {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, asked) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move {
                    let serving = match manner {
                        Manner::Socks(wanted) => {
                            serve_socks(stream, wanted, 0, |asked| told.send(asked).unwrap()).await
                        }
                        Manner::SocksRefusing => serve_socks(stream, None, 2, |asked| told.send(asked).unwrap()).await,
                        manner => serve_http(stream, manner, |asked| told.send(asked).unwrap()).await,
                    };
                    // The client may end it at any point.
                    let _ = serving;
                });
            }
        });
        Self { address, asked }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    fn asked(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }
}

async fn serve_http(mut stream: TcpStream, manner: Manner, tell: impl Fn(String)) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().to_owned();
    tell(head);
    match manner {
        Manner::Http => {
            let mut server = TcpStream::connect(target).await?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut stream, &mut server).await?;
        }
        Manner::Answering(answer) => stream.write_all(answer.as_bytes()).await?,
        _ => std::future::pending().await,
    }
    Ok(())
}

async fn serve_socks(
    mut stream: TcpStream,
    wanted: Option<(&str, &str)>,
    verdict: u8,
    tell: impl Fn(String),
) -> io::Result<()> {
    let methods = read_counted(&mut stream, 1).await?;
    let method = if wanted.is_some() { 2 } else { 0 };
    if !methods.as_bytes().contains(&method) {
        return stream.write_all(&[5, 0xff]).await;
    }
    stream.write_all(&[5, method]).await?;
    if let Some(wanted) = wanted {
        let user = read_counted(&mut stream, 1).await?;
        let password = read_counted(&mut stream, 0).await?;
        let is_known = (user.as_str(), password.as_str()) == wanted;
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
    tell(format!("{host}:{port}"));
    let host = if host == "service.invalid" { "127.0.0.1" } else { &host };
    let server = if verdict == 0 { TcpStream::connect((host, port)).await } else { Err(io::Error::other("refused")) };
    // Where the rules allow it and there is no connection, that was refused.
    let verdict = if verdict == 0 && server.is_err() { 5 } else { verdict };
    stream.write_all(&[5, verdict, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut server?).await?;
    Ok(())
}

/// Skips some bytes, and reads what comes after its own length.
async fn read_counted(stream: &mut TcpStream, skipped: usize) -> io::Result<String> {
    stream.read_exact(&mut vec![0; skipped]).await?;
    let mut read = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut read).await?;
    Ok(String::from_utf8(read).unwrap())
}

/// A transport that goes through a proxy; only the proxy knows the name `service.invalid`.
fn through(proxy: Proxy) -> HyperTransport {
    let ready = builder().resolver(Book::default()).connect_limit(Duration::from_secs(5));
    ready.proxy(proxy).build().unwrap()
}

fn at(url: &str) -> Proxy {
    Proxy::new(url).unwrap()
}

/// A proxy that is told who calls.
fn known_at(url: &str) -> Proxy {
    at(url).with_credentials("canary-user", Secret::new("canary:p@ss")).unwrap()
}

/// Makes a call that the proxy fails; gives what the error says.
async fn failed(manner: Manner, proxy: impl Fn(&Fake) -> Proxy) -> String {
    let fake = Fake::start(manner).await;
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
async fn a_call_goes_through_a_tunnel_that_knows_nothing_of_it() {
    let mut server = Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]).await;
    let mut fake = Fake::start(Manner::Http).await;
    let transport = through(at(&fake.url("http")));
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
    }
    let request = server.request().await;
    assert!(request.starts_with("POST /cgi-bin/") && !request.contains("proxy"), "{request}");
    let address = server.address;
    assert_eq!(fake.asked(), [format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n")]);
}

#[tokio::test]
async fn tls_is_with_the_server_and_not_with_the_proxy() {
    for scheme in ["http", "socks5", "socks5h"] {
        let manner = if scheme == "http" { Manner::Http } else { Manner::Socks(None) };
        let mut fake = Fake::start(manner).await;
        let (base, serving) = TRUSTED.serve_once();
        let reply = through(at(&fake.url(scheme))).send(post(base)).await.unwrap();
        assert_eq!(reply.body(), "http/1.1");
        assert_eq!(fake.asked().len(), 1);
        serving.join().unwrap();
    }
}

#[tokio::test]
async fn a_port_that_is_left_out_is_that_of_the_scheme() {
    for (base, port) in [("http://service.invalid", 80), ("https://service.invalid", 443)] {
        let mut fake = Fake::start(Manner::Answering("HTTP/1.1 502 Bad Gateway\r\n\r\n")).await;
        through(at(&fake.url("http"))).send(post(base.parse().unwrap())).await.unwrap_err();
        assert!(fake.asked()[0].starts_with(&format!("CONNECT service.invalid:{port} ")), "{base}");
        let mut fake = Fake::start(Manner::SocksRefusing).await;
        through(at(&fake.url("socks5h"))).send(post(base.parse().unwrap())).await.unwrap_err();
        assert_eq!(fake.asked(), [format!("service.invalid:{port}")]);
    }
}

#[tokio::test]
async fn credentials_are_told_to_the_proxy_and_not_to_the_server() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = Fake::start(Manner::Http).await;
    through(known_at(&fake.url("http"))).send(post(server.base_url())).await.unwrap();
    // canary-user:canary:p@ss
    let asked = fake.asked().remove(0);
    assert!(asked.contains("\r\nProxy-Authorization: Basic Y2FuYXJ5LXVzZXI6Y2FuYXJ5OnBAc3M=\r\n"), "{asked}");
    assert!(!server.request().await.to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_is_told_from_one_that_wants_others() {
    let wanting = Manner::Answering("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let error = failed(wanting, |fake| at(&fake.url("http"))).await;
    assert!(error.contains("407") && error.contains("with_credentials"), "{error}");
    let error = failed(wanting, |fake| known_at(&fake.url("http"))).await;
    assert!(error.contains("407") && !error.contains("with_credentials") && !error.contains(CANARY), "{error}");
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_has_sent_nothing() {
    for answer in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\ncanary",
        "HTTP/1.1 302 Found\r\nlocation: http://canary\r\n\r\n",
        "SSH-2.0-canary\r\n",
        "HTTP/1.1 20",
        "",
    ] {
        let error = failed(Manner::Answering(answer), |fake| known_at(&fake.url("http"))).await;
        assert!(!error.contains(CANARY), "{error}");
    }
    failed(Manner::SocksRefusing, |fake| at(&fake.url("socks5h"))).await;
}

#[tokio::test]
async fn a_proxy_that_hangs_ends_at_the_connect_limit() {
    let fake = Fake::start(Manner::Silent).await;
    for scheme in ["http", "socks5h"] {
        let transport = builder().connect_limit(SHORT).proxy(known_at(&fake.url(scheme))).build().unwrap();
        let base = "https://service.invalid".parse().unwrap();
        assert_eq!(failure(&transport, post(base)).await, (Timeout, NotSent), "{scheme}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_away_is_named_as_the_one_that_is() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5h"] {
        for (address, kind) in [(closed.to_string(), Connect), ("absent.invalid:1".to_owned(), Dns)] {
            let transport = through(known_at(&format!("{scheme}://{address}")));
            let base: BaseUrl = "http://service.invalid".parse().unwrap();
            assert_eq!(failure(&transport, post(base.clone())).await, (kind, NotSent), "{scheme} {address}");
            let error = text(&transport.send(post(base)).await.unwrap_err());
            assert!(error.contains("proxy unreachable: "), "{error}");
        }
    }
}

#[tokio::test]
async fn socks5h_leaves_the_name_to_the_proxy() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = Fake::start(Manner::Socks(None)).await;
    let (book, port) = (Book::default(), server.address.port());
    let transport = builder().resolver(book.clone()).proxy(at(&fake.url("socks5h"))).build().unwrap();
    let base = format!("http://service.invalid:{port}/cgi-bin").parse().unwrap();
    transport.send(post(base)).await.unwrap();
    assert_eq!(fake.asked(), [format!("service.invalid:{port}")]);
    assert_eq!(book.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn socks5_gives_the_proxy_one_address_after_the_other() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = Fake::start(Manner::Socks(None)).await;
    // The first address has no listener.
    let addresses = [Ipv4Addr::new(127, 0, 0, 3), Ipv4Addr::LOCALHOST].map(IpAddr::from);
    let port = server.address.port();
    let transport = builder().resolver(Book::of(addresses)).proxy(at(&fake.url("socks5"))).build().unwrap();
    let base = format!("http://service.invalid:{port}/cgi-bin").parse().unwrap();
    transport.send(post(base)).await.unwrap();
    assert_eq!(fake.asked(), [format!("127.0.0.3:{port}"), format!("127.0.0.1:{port}")]);
}

#[tokio::test]
async fn a_name_that_has_to_be_resolved_here_and_is_not_is_a_failure_of_dns() {
    let mut fake = Fake::start(Manner::Socks(None)).await;
    let transport = through(at(&fake.url("socks5")));
    let base = "http://absent.invalid".parse().unwrap();
    assert_eq!(failure(&transport, post(base)).await, (Dns, NotSent));
    assert_eq!(fake.asked(), [""; 0]);
}

#[tokio::test]
async fn socks_takes_credentials_and_says_when_it_does_not() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let knowing = Manner::Socks(Some(("canary-user", "canary:p@ss")));
    let fake = Fake::start(knowing).await;
    through(known_at(&fake.url("socks5h"))).send(post(server.base_url())).await.unwrap();
    for other in [Proxy::with_credentials, |proxy, _, _| Ok(proxy)] {
        let error = failed(knowing, |fake| {
            other(at(&fake.url("socks5h")), "canary-other".to_owned(), Secret::new("canary")).unwrap()
        });
        let error = error.await;
        assert!(!error.contains(CANARY), "{error}");
    }
}

#[tokio::test]
async fn a_bypassed_host_is_called_directly() {
    let server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let mut fake = Fake::start(Manner::Http).await;
    let transport = through(at(&fake.url("http")).bypassing("other.invalid, 127.0.0.0/8"));
    transport.send(post(server.base_url())).await.unwrap();
    assert_eq!(fake.asked(), [""; 0]);
}

#[tokio::test]
async fn every_form_of_a_bypassed_address_is_called_directly() {
    let mut fake = Fake::start(Manner::Http).await;
    for form in ["*", "127.0.0.1", "127.0.0.1:PORT", " , *", "127.0.0.0/8", "other.invalid, 127.0.0.1 "] {
        let server = Server::start([Answer::reply("200 OK", "{}")]).await;
        let form = form.replace("PORT", &server.address.port().to_string());
        let transport = through(at(&fake.url("http")).bypassing(form.clone()));
        transport.send(post(server.base_url())).await.unwrap();
        assert_eq!(fake.asked(), [""; 0], "{form}");
    }
}

#[tokio::test]
async fn every_form_of_a_bypassed_name_is_called_directly() {
    let book = Book::of([IpAddr::from(Ipv4Addr::LOCALHOST)]);
    let mut fake = Fake::start(Manner::Http).await;
    for form in ["*", "*.invalid", ".invalid", "service.invalid.", "service.invalid:PORT", "SERVICE.invalid"] {
        let server = Server::start([Answer::reply("200 OK", "{}")]).await;
        let port = server.address.port();
        let proxy = at(&fake.url("http")).bypassing(form.replace("PORT", &port.to_string()));
        let transport = builder().resolver(book.clone()).proxy(proxy).build().unwrap();
        let base = format!("http://service.invalid:{port}/cgi-bin").parse().unwrap();
        transport.send(post(base)).await.unwrap();
        assert_eq!(fake.asked(), [""; 0], "{form}");
    }
}

#[tokio::test]
async fn no_credentials_are_in_what_the_builder_shows() {
    let text = format!("{:?}", builder().proxy(known_at("socks5h://proxy.example")));
    assert!(text.contains("proxy.example") && !text.contains(CANARY), "{text}");
}

const BASE: &str = "WECOM_HYPER_TEST_BASE";

/// The variables of a process can't be changed safely in it, so another one is started with them: this one, for the
/// test below.
#[tokio::test]
async fn the_environment_is_heeded_only_when_asked_for() {
    let server = Server::start([Answer::reply("200 OK", "direct"), Answer::reply("200 OK", "proxied")]).await;
    let mut fake = Fake::start(Manner::Http).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--ignored", "proxy::in_a_process_with_a_proxy_in_its_environment"]);
    for name in ["ALL_PROXY", "all_proxy", "http_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    child.env("HTTP_PROXY", fake.url("http")).env(BASE, server.base_url().as_str());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(fake.asked().len(), 1, "one of the two calls went through the proxy");
}

/// A process can't change its own variables safely, so the test below runs in a process of its own.
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
#[ignore = "the test above runs it in a process of its own"]
fn in_a_process_with_a_variable_that_is_not_utf_8() {
    let error = Proxy::from_environment().expect_err("going direct would call from an untrusted address").to_string();
    let name = std::env::var(BASE).unwrap();
    assert!(error.contains(&name) && error.contains("UTF-8") && !error.contains(CANARY), "{error}");
}

#[tokio::test]
#[ignore = "the test above runs it in a process of its own"]
async fn in_a_process_with_a_proxy_in_its_environment() {
    let base: BaseUrl = std::env::var(BASE).unwrap().parse().unwrap();
    let direct = builder().build().unwrap();
    assert_eq!(direct.send(post(base.clone())).await.unwrap().body(), "direct");
    let proxied = builder().proxy(Proxy::from_environment().unwrap()).build().unwrap();
    assert_eq!(proxied.send(post(base)).await.unwrap().body(), "proxied");
}
