//! Failures before a connection is open. In none of them was anything sent.

use std::net::TcpListener;
use std::time::Duration;

use wecom_core::Delivery::NotSent;
use wecom_core::TransportErrorKind::{Connect, Dns, Timeout, Tls};
use wecom_core::{BaseUrl, Transport};

use crate::server::{Answer, Event, Server};
use crate::support::{failure, get, post, text, transport};
use crate::tls::builder;

const SHORT: Duration = Duration::from_millis(200);

/// A port without a listener.
fn closed_port() -> BaseUrl {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
}

/// A server that accepts connections and sends nothing. The operating system accepts them while the listener exists.
fn silent_port() -> (TcpListener, BaseUrl) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    (listener, base)
}

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    assert_eq!(failure(&transport(), post(closed_port())).await, (Connect, NotSent));
    assert_eq!(failure(&transport(), get(closed_port())).await, (Connect, NotSent));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_dns_failure() {
    // A label of 64 letters is too long for DNS, so the resolver refuses it without a query.
    let base = format!("http://{}.invalid", "a".repeat(64)).parse().unwrap();
    assert_eq!(failure(&transport(), post(base)).await, (Dns, NotSent));
}

#[tokio::test]
async fn a_tls_handshake_without_an_answer_ends_at_the_connect_limit() {
    let (_listener, base) = silent_port();
    let transport = builder().connect_limit(SHORT).build().unwrap();
    let error = transport.send(post(base.clone())).await.unwrap_err();
    assert!(text(&error).contains("200ms"), "{error}");
    assert_eq!(failure(&transport, post(base)).await, (Timeout, NotSent));
}

#[tokio::test]
async fn a_handshake_ends_at_the_time_limit_of_the_attempt() {
    let (_listener, base) = silent_port();
    let request = post(base).with_time_limit(SHORT);
    assert_eq!(failure(&transport(), request).await, (Timeout, NotSent));
}

#[tokio::test]
async fn a_get_that_times_out_during_the_handshake_was_not_sent() {
    let (_listener, base) = silent_port();
    let request = get(base).with_time_limit(SHORT);
    assert_eq!(failure(&transport(), request).await, (Timeout, NotSent));
}

#[tokio::test]
async fn an_https_request_is_never_sent_in_plain_text() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let base = format!("https://{}", server.address).parse().unwrap();
    // The server never receives the end of a request's head, so it never answers.
    let transport = builder().connect_limit(SHORT).build().unwrap();
    assert_eq!(failure(&transport, post(base)).await, (Timeout, NotSent));
    assert_eq!(server.event().await, Event::Accepted);
    assert_eq!(server.event().await, Event::Closed);
}

#[tokio::test]
async fn an_answer_that_is_not_tls_is_a_tls_failure() {
    let (listener, base) = silent_port();
    let answering = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    assert_eq!(failure(&transport(), post(base)).await, (Tls, NotSent));
    answering.join().unwrap();
}

#[tokio::test]
async fn a_handshake_that_the_server_closes_is_a_tls_failure() {
    let (listener, base) = silent_port();
    let answering = std::thread::spawn(move || drop(listener.accept().unwrap()));
    assert_eq!(failure(&transport(), post(base)).await, (Tls, NotSent));
    answering.join().unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_the_idle_timeout() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let transport = builder().pool_idle_timeout(Duration::from_millis(50)).build().unwrap();
    transport.send(post(server.base_url())).await.unwrap();
    server.request().await;
    assert_eq!(server.event().await, Event::Closed);
}

#[tokio::test]
async fn without_idle_connections_each_call_opens_its_own() {
    let mut server = Server::start([Answer::reply("200 OK", "{}"), Answer::reply("200 OK", "{}")]).await;
    let transport = builder().pool_max_idle_per_host(0).build().unwrap();
    for _ in 0..2 {
        transport.send(post(server.base_url())).await.unwrap();
    }
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 2);
}
