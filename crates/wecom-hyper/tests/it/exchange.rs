//! The request that is sent, the reply that is returned, and connections that fail in between.

use wecom_core::Delivery::{NotSent, Unknown};
use wecom_core::Transport;
use wecom_core::TransportErrorKind::{ConnectionLost, Protocol, Unsupported};

use crate::server::{Answer, Event, Server};
use crate::support::{failure, get, post, transport};

#[tokio::test]
async fn a_request_and_its_reply_arrive_unchanged() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Note: \u{00e9}\r\nset-cookie: a\r\nset-cookie: b\r\n\r\n{}";
    let mut server = Server::start([Answer::Bytes(answer.to_owned())]).await;

    let reply = transport().send(post(server.base_url())).await.unwrap();

    let sent = server.request().await;
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    let path = "/cgi-bin/corpgroup/rule/list_ids?access_token=canary-token&id=a%20b&corpsecret=canary-secret";
    assert_eq!(lines.remove(0), format!("POST {path} HTTP/1.1"));
    lines.sort_unstable();
    let host = format!("host: {}", server.address);
    assert_eq!(
        lines,
        [
            "accept: application/json",
            "content-length: 19",
            "content-type: application/json",
            &host,
            "user-agent: tests/1",
            "x-key: canary-header"
        ]
    );
    assert_eq!(body, r#"{"a":"canary-body"}"#);

    assert_eq!((reply.status(), &reply.body()[..]), (200, &b"{}"[..]));
    let headers: Vec<_> = reply.headers().iter().collect();
    assert_eq!(headers[1..], [("x-note", "\u{00e9}".as_bytes()), ("set-cookie", b"a"), ("set-cookie", b"b")]);
}

#[tokio::test]
async fn a_request_without_a_body_is_sent_without_one() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    transport().send(get(server.base_url())).await.unwrap();
    let sent = server.request().await;
    assert!(sent.starts_with("GET ") && sent.ends_with("\r\n\r\n") && !sent.contains("content-length"), "{sent}");
}

#[tokio::test]
async fn any_status_is_a_reply() {
    for status in ["204 No Content", "404 Not Found", "429 Too Many Requests", "502 Bad Gateway"] {
        let server = Server::start([Answer::reply(status, "")]).await;
        let reply = transport().send(get(server.base_url())).await.unwrap();
        assert!(status.starts_with(&reply.status().to_string()), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_a_reply_and_not_followed() {
    let mut other = Server::start([]).await;
    let to = format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.base_url().as_str());
    let server = Server::start([Answer::Bytes(to)]).await;
    let reply = transport().send(get(server.base_url())).await.unwrap();
    assert_eq!(reply.status(), 302);
    assert!(reply.headers().get("location").is_some());
    assert_eq!(other.events_so_far(), []);
}

#[tokio::test]
async fn a_reply_in_chunks_is_joined() {
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
    let server = Server::start([Answer::Bytes(chunks.to_owned())]).await;
    assert_eq!(transport().send(get(server.base_url())).await.unwrap().body(), "{}");
}

#[tokio::test]
async fn a_second_call_reuses_the_connection_of_the_first() {
    let mut server = Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
    }
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn a_connection_that_closes_after_the_request_may_have_delivered_it() {
    let server = Server::start([Answer::Last(String::new())]).await;
    assert_eq!(failure(&transport(), post(server.base_url())).await, (ConnectionLost, Unknown));
}

#[tokio::test]
async fn a_reply_that_ends_early_is_a_lost_connection() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"canary\"",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\n{\"canary\"",
    ] {
        let server = Server::start([Answer::Last(cut.to_owned())]).await;
        assert_eq!(failure(&transport(), post(server.base_url())).await, (ConnectionLost, Unknown), "{cut}");
    }
}

#[tokio::test]
async fn a_reply_that_is_not_http_is_a_protocol_error() {
    for garbage in [
        "SSH-2.0-canary\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncanary canary\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: canary\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ncanary\r\n",
    ] {
        let server = Server::start([Answer::Last(garbage.to_owned())]).await;
        assert_eq!(failure(&transport(), post(server.base_url())).await, (Protocol, Unknown), "{garbage}");
    }
}

#[tokio::test]
async fn a_request_that_http_cannot_express_is_not_sent() {
    let mut server = Server::start([]).await;
    let request = post(server.base_url()).with_header("x-other", "canary\n");
    assert_eq!(failure(&transport(), request).await, (Unsupported, NotSent));
    assert_eq!(server.events_so_far(), []);
}
