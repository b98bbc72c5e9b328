//! Failures before there is a connection: none of them has sent anything.

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

/// A server that accepts connections and says nothing: the system does, for as long as this lives.
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
async fn a_name_that_does_not_resolve_is_told_from_a_host_that_is_away() {
    // A label of 64 letters is beyond what a name server may be asked for: the resolver refuses it by itself.
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
async fn the_attempts_limit_ends_a_handshake_too() {
    let (_listener, base) = silent_port();
    let request = post(base).with_time_limit(SHORT);
    assert_eq!(failure(&transport(), request).await, (Timeout, NotSent));
}

#[tokio::test]
async fn a_read_knows_its_delivery_as_a_write_does() {
    let (_listener, base) = silent_port();
    let request = get(base).with_time_limit(SHORT);
    assert_eq!(failure(&transport(), request).await, (Timeout, NotSent));
}

#[tokio::test]
async fn https_is_never_spoken_in_the_clear() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let base = format!("https://{}", server.address).parse().unwrap();
    // It never sees the end of a request's head, so it never answers.
    let transport = builder().connect_limit(SHORT).build().unwrap();
    assert_eq!(failure(&transport, post(base)).await, (Timeout, NotSent));
    assert_eq!(server.event().await, Event::Accepted);
    assert_eq!(server.event().await, Event::Closed);
}

#[tokio::test]
async fn an_answer_that_is_not_tls_is_a_failure_of_tls() {
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
async fn a_handshake_that_the_server_ends_is_a_failure_of_tls() {
    let (listener, base) = silent_port();
    let answering = std::thread::spawn(move || drop(listener.accept().unwrap()));
    assert_eq!(failure(&transport(), post(base)).await, (Tls, NotSent));
    answering.join().unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_with_no_further_call() {
    let mut server = Server::start([Answer::reply("200 OK", "{}")]).await;
    let transport = builder().pool_idle_timeout(Duration::from_millis(50)).build().unwrap();
    transport.send(post(server.base_url())).await.unwrap();
    server.request().await;
    assert_eq!(server.event().await, Event::Closed);
}

#[tokio::test]
async fn with_no_idle_connections_each_call_makes_its_own() {
    let mut server = Server::start([Answer::reply("200 OK", "{}"), Answer::reply("200 OK", "{}")]).await;
    let transport = builder().pool_max_idle_per_host(0).build().unwrap();
    for _ in 0..2 {
        transport.send(post(server.base_url())).await.unwrap();
    }
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 2);
}
