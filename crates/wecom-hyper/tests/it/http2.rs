//! HTTP/2: its negotiation, and the outcome of each way in which a stream or a connection ends.

use std::time::Duration;

use wecom_core::Delivery::{NotSent, Unknown};
use wecom_core::Transport;
use wecom_core::TransportErrorKind::{ConnectionLost, Protocol, ReplyTooLarge, Timeout, Tls};
use wecom_hyper::{Http2, HyperTransport};

use crate::frames::{Answer, Event, Server, answer_once};
use crate::support::{failure, post};
use crate::tls::{TRUSTED, builder};

const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const SHORT: Duration = Duration::from_millis(50);

/// A transport that uses HTTP/2 without TLS.
fn transport() -> HyperTransport {
    builder().http2(Http2::required()).build().unwrap()
}

/// The same, with a connection that counts as dead after three tenths of a second.
fn pinging() -> HyperTransport {
    builder().http2(Http2::required().ping_interval(SHORT).ping_timeout(5 * SHORT)).build().unwrap()
}

/// Makes a call and asserts the body of its reply.
async fn assert_reply(transport: &HyperTransport, server: &Server, body: &str) {
    assert_eq!(transport.send(post(server.base.clone())).await.unwrap().body(), body);
}

#[tokio::test]
async fn http2_is_used_if_the_server_offers_it() {
    for http2 in [Http2::preferred(), Http2::required()] {
        let (base, serving) = TRUSTED.serve_once_by(&[b"h2", b"http/1.1"], |connection| {
            assert_eq!(connection.conn.alpn_protocol(), None, "no protocol is negotiated before the first byte");
            answer_once(connection, "h2").unwrap();
        });
        let reply = builder().http2(http2).build().unwrap().send(post(base)).await.unwrap();
        assert_eq!(reply.body(), "h2");
        serving.join().unwrap();
    }
}

#[tokio::test]
async fn http1_is_used_if_the_server_does_not_offer_http2() {
    for offered in [&[&b"http/1.1"[..]][..], &[]] {
        let (base, serving) = TRUSTED.serve_once_by(offered, crate::tls::answer_once);
        let transport = builder().http2(Http2::preferred()).build().unwrap();
        assert_eq!(transport.send(post(base)).await.unwrap().status(), 200);
        serving.join().unwrap();
    }
}

#[tokio::test]
async fn required_http2_fails_if_the_server_does_not_offer_it() {
    for offered in [&[&b"http/1.1"[..]][..], &[]] {
        let (base, serving) = TRUSTED.serve_once_by(offered, crate::tls::answer_once);
        assert_eq!(failure(&transport(), post(base)).await, (Tls, NotSent), "{offered:?}");
        serving.join().unwrap();
    }
}

#[tokio::test]
async fn calls_share_one_connection() {
    let mut server = Server::start([Answer::Reply("{}"); 3]).await;
    let transport = transport();
    assert_reply(&transport, &server, "{}").await;
    let (one, other) =
        tokio::join!(transport.send(post(server.base.clone())), transport.send(post(server.base.clone())));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    let events = server.events_so_far();
    assert_eq!(events, [Event::Accepted, Event::Request(1), Event::Request(3), Event::Request(5)]);
    let counters = transport.counters();
    assert_eq!((counters.connections_opened(), counters.replies_on_reused_connections()), (1, 2));
}

#[tokio::test]
async fn a_refused_stream_was_not_sent_and_any_other_reset_stream_may_have_been() {
    let mut server = Server::start([Answer::Reset(REFUSED_STREAM), Answer::Reset(CANCEL), Answer::Reply("3")]).await;
    let transport = transport();
    assert_eq!(failure(&transport, post(server.base.clone())).await, (ConnectionLost, NotSent));
    assert_eq!(failure(&transport, post(server.base.clone())).await, (ConnectionLost, Unknown));
    assert_reply(&transport, &server, "3").await;
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 1, "a reset ends only its stream");
}

#[tokio::test]
async fn a_stream_that_goaway_excludes_was_not_sent() {
    let mut server = Server::start([Answer::GoAway(0), Answer::Reply("2")]).await;
    let transport = transport();
    assert_eq!(failure(&transport, post(server.base.clone())).await, (ConnectionLost, NotSent));
    assert_reply(&transport, &server, "2").await;
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 2);
}

#[tokio::test]
async fn a_stream_that_goaway_admits_gets_its_reply() {
    let mut server = Server::start([Answer::GoAwayAndReply("1"), Answer::Reply("2")]).await;
    let transport = transport();
    assert_reply(&transport, &server, "1").await;
    assert_reply(&transport, &server, "2").await;
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 2);
}

#[tokio::test]
async fn a_stream_that_goaway_admits_without_a_reply_may_have_been_sent() {
    let server = Server::start([Answer::GoAway(1)]).await;
    let hurried = post(server.base.clone()).with_time_limit(4 * SHORT);
    assert_eq!(failure(&transport(), hurried).await, (Timeout, Unknown));
}

#[tokio::test]
async fn a_connection_that_ended_with_goaway_while_idle_is_not_used_again() {
    let mut server = Server::start([Answer::ReplyAndGoAway("1"), Answer::Reply("2")]).await;
    let transport = transport();
    assert_reply(&transport, &server, "1").await;
    while server.event().await != Event::Closed {}
    assert_reply(&transport, &server, "2").await;
    assert_eq!(server.event().await, Event::Accepted);
}

#[tokio::test]
async fn dropping_the_transport_closes_its_idle_connection() {
    let mut server = Server::start([Answer::Reply("1")]).await;
    let transport = builder().http2(Http2::required()).pool_idle_timeout(Duration::MAX).build().unwrap();
    assert_reply(&transport, &server, "1").await;
    drop(transport);
    while server.event().await != Event::Closed {}
}

#[tokio::test]
async fn a_broken_connection_fails_its_streams() {
    let server = Server::start([Answer::Close, Answer::Reply("2")]).await;
    let transport = transport();
    assert_eq!(failure(&transport, post(server.base.clone())).await, (ConnectionLost, Unknown));
    assert_reply(&transport, &server, "2").await;
}

#[tokio::test]
async fn invalid_http2_is_a_protocol_error() {
    let server = Server::start([Answer::Garbage, Answer::Reply("2")]).await;
    let transport = transport();
    assert_eq!(failure(&transport, post(server.base.clone())).await, (Protocol, Unknown));
    assert_reply(&transport, &server, "2").await;
}

#[tokio::test]
async fn a_reply_over_a_limit_ends_only_its_stream() {
    // Each header counts as 34 bytes, the status as some more, and the limit is 16 kB.
    let mut server =
        Server::start([Answer::Headers(480), Answer::Headers(482), Answer::Reply("{}!"), Answer::Reply("{}")]).await;
    let transport = transport().with_reply_limit(2);
    assert_reply(&transport, &server, "").await;
    assert_eq!(failure(&transport, post(server.base.clone())).await, (Protocol, Unknown));
    assert_eq!(failure(&transport, post(server.base.clone())).await, (ReplyTooLarge, Unknown));
    assert_reply(&transport, &server, "{}").await;
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn a_connection_that_dies_during_a_call_is_detected_and_not_used_again() {
    let mut server = Server::start([Answer::Die, Answer::Reply("2")]).await;
    let transport = pinging();
    // The call's own limit is 30 seconds.
    let call = tokio::time::timeout(Duration::from_secs(10), failure(&transport, post(server.base.clone())));
    assert_eq!(call.await.unwrap(), (ConnectionLost, Unknown));
    assert_reply(&transport, &server, "2").await;
    let accepted = server.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count();
    assert_eq!(accepted, 2);
}

#[tokio::test]
async fn a_connection_that_dies_while_idle_is_closed_before_the_next_call() {
    let mut server = Server::start([Answer::ReplyAndDie("1"), Answer::Reply("2")]).await;
    let transport = pinging();
    assert_reply(&transport, &server, "1").await;
    while server.event().await != Event::Closed {}
    assert_reply(&transport, &server, "2").await;
    assert_eq!(server.event().await, Event::Accepted);
}

#[tokio::test]
async fn a_slow_reply_does_not_end_a_connection_that_answers_pings() {
    // The stream is admitted and never answered. The connection still answers pings.
    let server = Server::start([Answer::GoAway(1)]).await;
    let request = post(server.base.clone()).with_time_limit(16 * SHORT);
    assert_eq!(failure(&pinging(), request).await, (Timeout, Unknown));
}
