//! The counters after calls with known outcomes.

use std::time::Duration;

use wecom_core::Transport;
use wecom_core::TransportErrorKind::{NoRuntime, Unsupported};

use crate::server::{Answer, Server};
use crate::support::{post, transport};

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#[tokio::test]
async fn connections_and_replies_are_counted() {
    use wecom_core::TransportErrorKind::ConnectionLost;

    let server = Server::start([
        Answer::reply("200 OK", "1"),
        Answer::reply("500 Internal Server Error", "2"),
        Answer::Last(String::new()),
        Answer::reply("200 OK", "4"),
    ])
    .await;
    let transport = transport();
    let clone = transport.clone();
    for transport in [&transport, &clone, &transport, &transport] {
        let _ = transport.send(post(server.base_url())).await;
    }
    let counters = clone.counters();
    assert_eq!((counters.requests(), counters.replies()), (4, 3));
    assert_eq!((counters.failures(), counters.failures_of(ConnectionLost)), (1, 1));
    // The third call broke the first connection, and the fourth call opened another.
    assert_eq!((counters.connections_opened(), counters.replies_on_reused_connections()), (2, 1));
    assert_eq!(counters.connections_failed(), 0);
}

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#[tokio::test]
async fn failed_connections_are_counted_by_kind() {
    use wecom_core::TransportErrorKind::{Connect, Dns, Timeout, Tls};

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start([]).await;
    let transport = crate::tls::builder().connect_limit(Duration::from_millis(200)).build().unwrap();
    let bases = [
        format!("http://{closed}"),
        format!("http://{}.invalid", "a".repeat(64)),
        // The server waits for the end of a request's head.
        format!("https://{}", server.address),
    ];
    for base in bases {
        transport.send(post(base.parse().unwrap())).await.unwrap_err();
    }
    let counters = transport.counters();
    for kind in [Connect, Dns, Timeout] {
        assert_eq!((counters.connections_failed_of(kind), counters.failures_of(kind)), (1, 1), "{kind:?}");
    }
    assert_eq!((counters.connections_failed(), counters.connections_failed_of(Tls)), (3, 0));
    assert_eq!((counters.connections_opened(), counters.replies()), (0, 0));
}

#[tokio::test]
async fn a_call_that_is_not_sent_counts_as_a_failure() {
    let transport = transport();
    let request = post("http://127.0.0.1:1".parse().unwrap()).with_header("x-other", "canary\n");
    transport.send(request).await.unwrap_err();
    let counters = transport.counters();
    assert_eq!((counters.requests(), counters.failures_of(Unsupported), counters.connections_failed()), (1, 1, 0));
}

#[test]
fn a_call_without_a_runtime_is_counted() {
    let transport = transport();
    pollster::block_on(transport.send(post("http://127.0.0.1:1".parse().unwrap()))).unwrap_err();
    assert_eq!(transport.counters().failures_of(NoRuntime), 1);
}

#[tokio::test]
async fn a_dropped_call_is_neither_a_reply_nor_a_failure() {
    let server = Server::start([Answer::Silence]).await;
    let transport = transport();
    let call = tokio::time::timeout(Duration::from_millis(50), transport.send(post(server.base_url()))).await;
    call.unwrap_err();
    let counters = transport.counters();
    assert_eq!((counters.requests(), counters.replies(), counters.failures()), (1, 0, 0));
}
