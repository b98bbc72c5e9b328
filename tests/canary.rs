//! No error or `Debug` text shows a token or a secret, regardless of the server's behaviour: tests over real sockets for
//! every way in which a call can fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test panics")]

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use wecom_conformance::{FaultServer, SocketFault};
use wecom_core::error::ErrorKind;
use wecom_core::token::Credentials;
use wecom_core::{AccessToken, Client, Error, Secret};
use wecom_hyper::HyperTransport;
use wecom_upstream::Upstream;

const TOKEN: &str = "canary-token-abcdefghijklmnopqrstuvwxyz";
const SECRET: &str = "canary-secret-abcdefghijklmnopqrstuvwxyz";

/// A client whose first request holds a secret.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Calls with a fixed token.
    WithToken,
    /// Fetches a token with a secret first.
    WithSecret,
}

impl Caller {
    /// The first line of the first request.
    fn request_line(self) -> String {
        match self {
            Self::WithToken => format!("GET /cgi-bin/corpgroup/corp/get_chain_list?access_token={TOKEN} HTTP/1.1"),
            Self::WithSecret => format!("GET /cgi-bin/gettoken?corpid=ww1&corpsecret={SECRET} HTTP/1.1"),
        }
    }

    /// Makes a call that fails, and asserts that no text shows the secret.
    async fn fail(self, base_url: &str) -> Error {
        let client = Client::builder(HyperTransport::new().unwrap())
            .base_url(base_url.parse().unwrap())
            .time_limit(Duration::from_millis(300));
        let upstream = Upstream::new(match self {
            Self::WithToken => client.token(AccessToken::new(TOKEN)).build(),
            Self::WithSecret => client.credentials(Credentials::new("ww1", Secret::new(SECRET))).build(),
        });
        let error = upstream.get_chain_list().await.unwrap_err();
        let text = format!("{} {upstream:?} {:?}", texts(&error), upstream.client());
        assert!(!text.contains("canary"), "{text}");
        assert!(error.to_string().starts_with("get_chain_list: "), "{error}");
        error
    }

    /// The same with a server that injects a fault into every request.
    async fn fail_by(self, fault: SocketFault) -> Error {
        let server = FaultServer::start().unwrap();
        server.inject_always(fault);
        let error = self.fail(&server.base_url()).await;
        let request = &server.requests()[0];
        let query: Vec<_> = request.query().map(|(name, value)| format!("{name}={value}")).collect();
        let line = format!("{} {}?{} HTTP/1.1", request.method(), request.path(), query.join("&"));
        assert_eq!(line, self.request_line());
        error
    }

    /// The same with a raw reply. `{request}` in the text stands for the first line of the request.
    async fn fail_by_raw(self, text: &str) -> Error {
        self.fail_by(SocketFault::Raw(text.replace("{request}", &self.request_line()).into())).await
    }

    /// The same with a status and a body.
    async fn fail_by_reply(self, status: &str, body: &str) -> Error {
        let body = body.replace("{request}", &self.request_line());
        self.fail_by_raw(&format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await
    }
}

/// All texts of an error and of its sources.
fn texts(error: &Error) -> String {
    let mut texts = String::new();
    let causes = std::iter::successors(Some(error.kind() as &dyn StdError), |&link| link.source());
    for link in std::iter::once(error as &dyn StdError).chain(causes) {
        writeln!(texts, "{link}\n{link:?}\n{link:#?}").unwrap();
    }
    texts
}

#[tokio::test]
async fn a_reply_that_echoes_the_request_shows_no_secret() {
    for (status, body) in [
        ("200 OK", "<html>{request}</html>"),
        ("200 OK", "{request}"),
        ("200 OK", ""),
        ("200 OK", r#"{"errcode":40014,"errmsg":"invalid access_token, {request}"}"#),
        ("200 OK", r#"{"errcode":40001,"errmsg":"invalid credential, {request}"}"#),
        ("200 OK", r#"{"errcode":0,"chains":"{request}","access_token":{"text":"{request}"}}"#),
        ("200 OK", r#"{"errcode":0,"chains":["{request}"#),
        ("302 Found", "{request}"),
        ("404 Not Found", "{request}"),
        ("502 Bad Gateway", "<html>{request}</html>"),
    ] {
        let call = Caller::WithToken.fail_by_reply(status, body).await;
        assert!(!matches!(call.kind(), ErrorKind::Transport(_)), "{call}");
        let fetch = Caller::WithSecret.fail_by_reply(status, body).await;
        assert!(matches!(fetch.kind(), ErrorKind::Token(_)), "{fetch}");
    }
}

#[tokio::test]
async fn a_malformed_reply_that_echoes_the_request_shows_no_secret() {
    for text in [
        "{request}\r\n\r\n",
        "HTTP/1.1 200 {request}\r\nbroken header {request}\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{\"errcode\":0,\"errmsg\":\"{request}",
    ] {
        let call = Caller::WithToken.fail_by_raw(text).await;
        assert!(matches!(call.kind(), ErrorKind::Transport(_)), "{call}");
        let fetch = Caller::WithSecret.fail_by_raw(text).await;
        assert!(matches!(fetch.kind(), ErrorKind::Token(_)), "{fetch}");
    }
}

#[tokio::test]
async fn a_failed_connection_shows_no_secret() {
    for fault in [SocketFault::CloseBeforeReply, SocketFault::Silence] {
        let call = Caller::WithToken.fail_by(fault.clone()).await;
        assert!(matches!(call.kind(), ErrorKind::Transport(_)), "{call}");
        let fetch = Caller::WithSecret.fail_by(fault).await;
        assert!(matches!(fetch.kind(), ErrorKind::Token(_)), "{fetch}");
    }
}

async fn assert_cannot_connect(base_url: &str) {
    for caller in [Caller::WithToken, Caller::WithSecret] {
        let error = caller.fail(base_url).await;
        assert!(error.is_connect(), "{error}");
    }
}

#[tokio::test]
async fn a_refused_connection_and_a_dns_failure_show_no_secret() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for base_url in [format!("http://{closed}/"), format!("https://{closed}/"), "http://nowhere.invalid/".to_owned()] {
        assert_cannot_connect(&base_url).await;
    }
}

#[tokio::test]
async fn a_server_without_tls_shows_no_secret() {
    assert_cannot_connect(&FaultServer::start().unwrap().tls_base_url()).await;
}
