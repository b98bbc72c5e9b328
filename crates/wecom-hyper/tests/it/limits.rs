//! The limits of time and size, and calls that are dropped.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::select;
use wecom_core::Delivery::Unknown;
use wecom_core::TransportErrorKind::{ReplyTooLarge, Timeout};
use wecom_core::{Response, Transport, TransportError};

use crate::server::{Answer, Event, Server};
use crate::support::{failure, get, post, transport};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_call_without_a_reply_ends_at_the_transports_limit() {
    let server = Server::start([Answer::Silence]).await;
    let transport = transport().with_time_limit(SHORT);
    assert_eq!(failure(&transport, post(server.base_url())).await, (Timeout, Unknown));
}

#[tokio::test]
async fn an_incomplete_reply_ends_at_the_time_limit() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"canary\"";
    let server = Server::start([Answer::Bytes(half.to_owned())]).await;
    let transport = transport().with_time_limit(SHORT);
    assert_eq!(failure(&transport, post(server.base_url())).await, (Timeout, Unknown));
}

#[tokio::test]
async fn a_requests_own_limit_replaces_the_transports() {
    let server = Server::start([Answer::Silence, Answer::reply("200 OK", "{}")]).await;

    let transport = transport().with_time_limit(Duration::from_secs(20));
    let hurried = post(server.base_url()).with_time_limit(SHORT);
    assert_eq!(failure(&transport, hurried).await, (Timeout, Unknown));

    let transport = transport.with_time_limit(Duration::ZERO);
    let patient = post(server.base_url()).with_time_limit(Duration::from_secs(20));
    assert_eq!(transport.send(patient).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_before_the_body_arrives() {
    // The server sends only the head, so a transport that waited for the body would time out instead.
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n";
    let server = Server::start([Answer::Bytes(head.to_owned())]).await;
    let transport = transport().with_reply_limit(1024);
    assert_eq!(failure(&transport, post(server.base_url())).await, (ReplyTooLarge, Unknown));
}

#[tokio::test]
async fn a_reply_of_exactly_the_limit_is_accepted() {
    let server = Server::start([Answer::reply("200 OK", &"x".repeat(1024))]).await;
    let reply = transport().with_reply_limit(1024).send(get(server.base_url())).await.unwrap();
    assert_eq!(reply.body().len(), 1024);
}

#[tokio::test]
async fn an_endless_reply_is_dropped_with_its_connection() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut server = Server::start([Answer::Endless(head.to_owned())]).await;
    let transport = transport().with_reply_limit(64 * 1024);
    assert_eq!(failure(&transport, post(server.base_url())).await, (ReplyTooLarge, Unknown));
    loop {
        if let Event::Stopped(written) = server.event().await {
            // The limit, hyper's buffer, and the system's buffers on both sides.
            assert!(written < 32 * 1024 * 1024, "{written}");
            return;
        }
    }
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_and_the_next_one_works() {
    let mut server = Server::start([Answer::Silence, Answer::reply("200 OK", "{}")]).await;
    let transport = transport();
    send_and_drop(transport.send(post(server.base_url())), &mut server).await;
    assert_eq!(transport.send(post(server.base_url())).await.unwrap().status(), 200);
}

async fn send_and_drop(call: impl Future<Output = Result<Response, TransportError>>, server: &mut Server) {
    let call = pin!(call);
    select! {
        _ = call => panic!("there is no reply"),
        _ = server.request() => {}
    }
}
