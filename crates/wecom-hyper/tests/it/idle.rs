//! How many idle connections are kept, for how long, and how they end.

use std::io::Read;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;
use wecom_core::{BaseUrl, Transport};

use crate::server::{Answer, Event, Server};
use crate::support::post;
use crate::tls::{TRUSTED, answer, builder};

const SHORT: Duration = Duration::from_millis(50);
/// Within it, everything that has to happen does.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_timeout_and_the_next_call_opens_another() {
    let mut server = Server::start(["1", "2"].map(|body| Answer::reply("200 OK", body))).await;
    let transport = builder().pool_idle_timeout(SHORT).max_connections(1).build().unwrap();
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
        while server.event().await != Event::Closed {}
    }
    assert_eq!(transport.counters().connections_opened(), 2);
}

/// The other connection keeps the host's entry in the pool.
#[tokio::test]
async fn an_idle_connection_that_timed_out_gets_no_call_while_another_one_is_busy() {
    let mut server = Server::start([Answer::Silence, Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]).await;
    let transport = builder().pool_idle_timeout(SHORT).build().unwrap();
    let busy = tokio::spawn({
        let (transport, request) = (transport.clone(), post(server.base_url()));
        async move { transport.send(request).await }
    });
    server.request().await;
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
        while server.event().await != Event::Closed {}
    }
    busy.abort();
}

#[tokio::test]
async fn an_idle_tls_connection_ends_with_a_close_notify() {
    let (base, serving) = TRUSTED.serve_once_by(&[], |stream| {
        let mut stream = answer(stream).unwrap();
        // An error, if the connection ends without the alert.
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let transport = builder().pool_idle_timeout(SHORT).build().unwrap();
    assert_eq!(transport.send(post(base)).await.unwrap().status(), 200);
    tokio::task::spawn_blocking(|| serving.join().unwrap()).await.unwrap();
}

#[tokio::test]
async fn no_more_idle_connections_are_kept_for_a_host_than_the_setting_allows() {
    let mut server = Server::start([(); 3].map(|()| Answer::reply("200 OK", "{}"))).await;
    let transport = builder().pool_max_idle_per_host(1).build().unwrap();
    let call = || transport.send(post(server.base_url()));
    let (one, other) = tokio::join!(call(), call());
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    while server.event().await != Event::Closed {}
    assert_eq!(transport.send(post(server.base_url())).await.unwrap().status(), 200);
    let counters = transport.counters();
    assert_eq!((counters.connections_opened(), counters.replies_on_reused_connections()), (2, 1));
}

/// The server replies before it has read the request to its end, and reads the rest then.
#[tokio::test]
async fn a_connection_whose_reply_came_early_is_used_again_once_its_request_is_sent() {
    const LENGTH: usize = 8 * 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: BaseUrl = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        loop {
            let mut read = Vec::new();
            while !read.windows(4).any(|end| end == b"\r\n\r\n") {
                stream.read_buf(&mut read).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            let head = read.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
            let mut rest = LENGTH - (read.len() - head);
            let mut buffer = vec![0; 64 * 1024];
            while rest > 0 {
                rest -= stream.read(&mut buffer).await.unwrap();
            }
        }
    });
    let transport = builder().max_connections(1).build().unwrap();
    for _ in 0..2 {
        let call = transport.send(post(base.clone()).with_body(vec![b'x'; LENGTH]));
        assert_eq!(timeout(LONG, call).await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(transport.counters().connections_opened(), 1);
}

#[cfg(feature = "http2")]
mod http2 {
    use wecom_core::Delivery::Unknown;
    use wecom_core::TransportErrorKind::Timeout;
    use wecom_hyper::{Http2, HyperTransport};

    use super::*;
    use crate::frames;
    use crate::support::failure;

    fn transport() -> HyperTransport {
        builder().http2(Http2::required().without_pings()).pool_idle_timeout(SHORT).max_connections(1).build().unwrap()
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed_after_the_timeout_and_the_next_call_opens_another() {
        let mut server = frames::Server::start([frames::Answer::Reply("{}"); 2]).await;
        let transport = transport();
        for _ in 0..2 {
            assert_eq!(transport.send(post(server.base.clone())).await.unwrap().body(), "{}");
            while server.event().await != frames::Event::Closed {}
        }
        assert_eq!(transport.counters().connections_opened(), 2);
    }

    #[tokio::test]
    async fn an_idle_connection_ends_with_a_goaway() {
        let mut server = frames::Server::start([frames::Answer::Reply("{}")]).await;
        let transport = transport();
        assert_eq!(transport.send(post(server.base.clone())).await.unwrap().body(), "{}");
        while server.event().await != frames::Event::GoAway {}
        assert_eq!(server.event().await, frames::Event::Closed);
    }

    #[tokio::test]
    async fn calls_at_once_wait_for_the_connection_that_they_share() {
        let server = frames::Server::start([frames::Answer::Reply("{}"); 3]).await;
        let transport = builder().http2(Http2::required()).build().unwrap();
        let call = || transport.send(post(server.base.clone()));
        let (one, two, three) = tokio::join!(call(), call(), call());
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert_eq!(transport.counters().connections_opened(), 1);
    }

    #[tokio::test]
    async fn a_connection_is_not_idle_while_a_call_is_under_way() {
        let server = frames::Server::start([frames::Answer::Die]).await;
        // Longer than the idle time and the time for closing together.
        let slow = post(server.base.clone()).with_time_limit(25 * SHORT);
        assert_eq!(failure(&transport(), slow).await, (Timeout, Unknown));
    }
}
