//! No error or `Debug` text shows a token or a secret, whatever the server does: tests over real sockets for every way in
//! which a call can fail.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wecom_core::{AccessToken, Client, Credentials, Error, ErrorKind, Secret};
use wecom_hyper::HyperTransport;
use wecom_upstream::Upstream;

const TOKEN: &str = "canary-token-abcdefghijklmnopqrstuvwxyz";
const SECRET: &str = "canary-secret-abcdefghijklmnopqrstuvwxyz";

/// How a server treats a request. `{request}` in a text stands for the first line of the request.
#[derive(Clone, Copy)]
enum Server {
    Replies(&'static str, &'static str),
    RepliesWithWrongLength(&'static str),
    SendsRaw(&'static str),
    Closes,
    IsSilent,
}

/// Starts a server and returns its base URL.
async fn serve(server: Server) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 16 * 1024];
                let length = stream.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
                let line = request.lines().next().unwrap_or_default();
                let text = match server {
                    Server::Replies(status, body) => {
                        let body = body.replace("{request}", line);
                        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                    }
                    Server::RepliesWithWrongLength(body) => {
                        format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{body}")
                    }
                    Server::SendsRaw(text) => text.replace("{request}", line),
                    Server::Closes => String::new(),
                    Server::IsSilent => return tokio::time::sleep(Duration::from_secs(60)).await,
                };
                let _ = stream.write_all(text.as_bytes()).await;
            });
        }
    });
    format!("http://{address}/cgi-bin/")
}

fn texts(error: &Error) -> String {
    let mut texts = format!("{error}\n{error:?}\n{error:#?}\n");
    let mut source = error.source();
    while let Some(error) = source {
        writeln!(texts, "{error}\n{error:?}\n{error:#?}").unwrap();
        source = error.source();
    }
    texts
}

/// Makes a failing call with a fixed token and another with credentials, and returns both errors.
async fn fail(base_url: &str) -> [Error; 2] {
    let builder = || {
        let transport = HyperTransport::new().unwrap().with_time_limit(Duration::from_millis(300));
        Client::builder(transport).base_url(base_url.parse().unwrap())
    };
    let with_token = Upstream::new(builder().token(AccessToken::new(TOKEN)).build());
    let with_secret = Upstream::new(builder().credentials(Credentials::new("ww1", Secret::new(SECRET))).build());
    let both = [with_token, with_secret];
    let mut errors = Vec::new();
    for upstream in both {
        let error = upstream.get_chain_list().await.unwrap_err();
        let text = format!("{} {upstream:?} {:?}", texts(&error), upstream.client());
        assert!(!text.contains("canary"), "{text}");
        assert!(error.to_string().starts_with("get_chain_list: "), "{error}");
        errors.push(error);
    }
    errors.try_into().unwrap()
}

#[tokio::test]
async fn replies_that_echo_the_request() {
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
        let [call, fetch] = fail(&serve(Server::Replies(status, body)).await).await;
        assert!(!matches!(call.kind(), ErrorKind::Transport(_)), "{call}");
        assert!(matches!(fetch.kind(), ErrorKind::Token(_)), "{fetch}");
    }
}

#[tokio::test]
async fn connections_that_fail() {
    for server in [
        Server::RepliesWithWrongLength("{\"errcode\":0"),
        Server::SendsRaw("{request}\r\n\r\n"),
        Server::SendsRaw("HTTP/1.1 200 {request}\r\nbroken header {request}\r\n\r\n"),
        Server::Closes,
        Server::IsSilent,
    ] {
        let [call, _] = fail(&serve(server).await).await;
        assert!(matches!(call.kind(), ErrorKind::Transport(_)), "{call}");
    }
}

#[tokio::test]
async fn connection_refused_and_dns_failure() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for base_url in [format!("http://{closed}/"), format!("https://{closed}/"), "http://nowhere.invalid/".to_owned()] {
        let [call, fetch] = fail(&base_url).await;
        assert!(call.is_connect() && fetch.is_connect(), "{call} {fetch}");
    }
}

#[tokio::test]
async fn server_without_tls() {
    let plain = serve(Server::Replies("400 Bad Request", "{request}")).await;
    let [call, fetch] = fail(&plain.replace("http://", "https://")).await;
    assert!(call.is_connect() && fetch.is_connect(), "{call} {fetch}");
}
