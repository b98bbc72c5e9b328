//! Clients that all make the same call: they build the URL with the token, serialize the request, apply a time limit and a
//! size limit, decode the reply and check its errcode.

#![allow(dead_code, reason = "each benchmark uses some of them")]

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wecom_core::{AccessToken, CallEvent, Client, Credentials, Observer, Quotas, Retry, Secret};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_tests::bench_server::Replies;
use wecom_upstream::calls::{GetChainGroup, Group};
use wecom_upstream::{ChainId, Upstream};

const REPLY: &str = include_str!("../../../crates/wecom-upstream/samples/get_chain_group.reply.json");
const TIME_LIMIT: Duration = Duration::from_secs(30);
const SIZE_LIMIT: usize = 8 << 20;

/// The token of all clients, as a literal.
macro_rules! token {
    () => {
        "accesstoken000001-of-a-length-that-real-ones-have-0123456789-0123456789-0123456789"
    };
}

const TOKEN: &str = token!();
const TOKEN_REPLY: &str =
    concat!(r#"{"errcode":0,"errmsg":"ok","access_token":""#, token!(), r#"","expires_in":7200}"#);

/// The replies of the server to all clients.
pub(crate) fn replies() -> Replies {
    Replies::from([("corpgroup/corp/get_chain_group", REPLY), ("gettoken", TOKEN_REPLY)])
}

/// The reply as a hand-written client declares it.
#[derive(Deserialize)]
struct ByHand {
    errcode: i64,
    groups: Vec<Group>,
}

impl ByHand {
    fn check(reply: &[u8]) {
        let reply: Self = serde_json::from_slice(reply).unwrap();
        assert_eq!((reply.errcode, reply.groups.len()), (0, 2));
    }
}

fn call() -> GetChainGroup {
    GetChainGroup::new(ChainId::new("Chxxxxxx"))
}

fn host_of(base_url: &str) -> String {
    base_url.trim_start_matches("http://").split('/').next().unwrap().to_owned()
}

/// The request of the hand-written clients, to this URL or path.
fn request(url: String) -> hyper::Request<Full<Bytes>> {
    hyper::Request::post(url)
        .header("accept", "application/json")
        .header("user-agent", "by-hand/1.0")
        .header("content-type", "application/json")
        .body(Full::from(serde_json::to_vec(&call()).unwrap()))
        .unwrap()
}

async fn bounded(reply: hyper::Response<hyper::body::Incoming>) -> Bytes {
    assert!(reply.status().is_success());
    Limited::new(reply.into_body(), SIZE_LIMIT).collect().await.unwrap().to_bytes()
}

/// A socket, with the request written and the reply cut out by hand.
pub(crate) struct RawSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    host: String,
}

impl RawSocket {
    pub(crate) async fn connect(base_url: &str) -> Self {
        let host = host_of(base_url);
        let stream = TcpStream::connect(&host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(4096), host }
    }

    pub(crate) async fn get_chain_group(mut self) -> Self {
        let (host, body) = (&self.host, serde_json::to_string(&call()).unwrap());
        let length = body.len();
        let request = format!(
            "POST /cgi-bin/corpgroup/corp/get_chain_group?access_token={TOKEN} HTTP/1.1\r\nhost: {host}\r\naccept: \
             application/json\r\nuser-agent: by-hand/1.0\r\ncontent-type: application/json\r\ncontent-length: \
             {length}\r\n\r\n{body}"
        );
        timeout(TIME_LIMIT, async {
            self.stream.write_all(request.as_bytes()).await.unwrap();
            self.buffer.clear();
            loop {
                assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0);
                let text = std::str::from_utf8(&self.buffer).unwrap();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    ByHand::check(body.as_bytes());
                    break;
                }
            }
        })
        .await
        .unwrap();
        self
    }
}

/// A connection of hyper, without a pool.
pub(crate) struct BareHyper {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl BareHyper {
    pub(crate) async fn connect(base_url: &str) -> Self {
        let host = host_of(base_url);
        let stream = TcpStream::connect(&host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, host }
    }

    pub(crate) async fn get_chain_group(mut self) -> Self {
        let mut request = request(format!("/cgi-bin/corpgroup/corp/get_chain_group?access_token={TOKEN}"));
        request.headers_mut().insert("host", self.host.parse().unwrap());
        let body = timeout(TIME_LIMIT, async {
            self.sender.ready().await.unwrap();
            bounded(self.sender.send_request(request).await.unwrap()).await
        });
        ByHand::check(&body.await.unwrap());
        self
    }
}

/// A client written by hand on hyper-util.
#[derive(Clone)]
pub(crate) struct HandWritten {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base_url: String,
}

impl HandWritten {
    pub(crate) fn new(base_url: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { pool: Pool::builder(TokioExecutor::new()).build(connector), base_url: base_url.to_owned() }
    }

    pub(crate) async fn get_chain_group(self) {
        let request = request(format!("{}corpgroup/corp/get_chain_group?access_token={TOKEN}", self.base_url));
        let body = timeout(TIME_LIMIT, async { bounded(self.pool.request(request).await.unwrap()).await });
        ByHand::check(&body.await.unwrap());
    }
}

#[derive(Clone)]
pub(crate) struct Reqwest {
    client: reqwest::Client,
    base_url: String,
}

impl Reqwest {
    pub(crate) fn new(base_url: &str) -> Self {
        let client = reqwest::Client::builder().timeout(TIME_LIMIT).user_agent("reqwest/1.0");
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, base_url: base_url.to_owned() }
    }

    pub(crate) async fn get_chain_group(self) {
        let url = format!("{}corpgroup/corp/get_chain_group?access_token={TOKEN}", self.base_url);
        let reply = self.client.post(url).header("accept", "application/json").json(&call()).send().await.unwrap();
        let reply: ByHand = reply.error_for_status().unwrap().json().await.unwrap();
        assert_eq!((reply.errcode, reply.groups.len()), (0, 2));
    }
}

/// The client of this workspace, with the defaults.
pub(crate) fn plain(base_url: &str) -> Upstream {
    let transport = HyperTransport::new().unwrap();
    let client = Client::builder(transport).base_url(base_url.parse().unwrap()).token(AccessToken::new(TOKEN)).build();
    Upstream::new(client)
}

struct Ignoring;

impl Observer for Ignoring {
    fn on_event(&self, _: &CallEvent<'_>) {}
}

/// The client of this workspace with fetched tokens, a timer, retries, quotas, a deadline and an observer.
pub(crate) fn resilient(base_url: &str) -> Upstream {
    let client = Client::builder(HyperTransport::new().unwrap())
        .base_url(base_url.parse().unwrap())
        .credentials(Credentials::new("ww1", Secret::new("secret")))
        .timer(TokioTimer::new())
        .retry(Retry::new())
        // Counted as usual, with limits that a benchmark does not reach.
        .quotas(Quotas::wait_at_most(Duration::from_secs(60)).percent(100_000_000))
        .deadline(Duration::from_secs(30))
        .observer(Ignoring);
    Upstream::new(client.build())
}

pub(crate) async fn get_chain_group(upstream: Upstream) {
    assert_eq!(upstream.get_chain_group(call()).await.unwrap().groups.len(), 2);
}
