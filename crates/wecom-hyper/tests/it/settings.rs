//! Each setting of the builder affects the calls.

use std::time::Duration;

use wecom_core::Delivery::Unknown;
use wecom_core::Transport;
use wecom_core::TransportErrorKind::{ReplyTooLarge, Timeout};

use crate::server::{Answer, Server};
use crate::support::{failure, post};
use crate::tls::builder;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn the_builders_time_limit_ends_a_call() {
    let server = Server::start([Answer::Silence]).await;
    let transport = builder().time_limit(SHORT).build().unwrap();
    assert_eq!(failure(&transport, post(server.base_url())).await, (Timeout, Unknown));
}

#[tokio::test]
async fn the_builders_reply_limit_refuses_a_longer_body() {
    let server = Server::start([Answer::reply("200 OK", "12345"), Answer::reply("200 OK", "1234")]).await;
    let transport = builder().reply_limit(4).build().unwrap();
    assert_eq!(failure(&transport, post(server.base_url())).await, (ReplyTooLarge, Unknown));
    assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "1234");
}

#[test]
fn the_builders_runtime_serves_calls_from_any_thread() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::start([Answer::reply("200 OK", "{}")]));
    let transport = builder().runtime(runtime.handle().clone()).build().unwrap();
    assert_eq!(pollster::block_on(transport.send(post(server.base_url()))).unwrap().status(), 200);
}

#[tokio::test]
async fn an_endless_duration_is_accepted_everywhere() {
    let server = Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]).await;
    let transport = builder()
        .connect_limit(Duration::MAX)
        .time_limit(Duration::MAX)
        .happy_eyeballs_delay(Duration::MAX)
        .pool_idle_timeout(Duration::MAX)
        .build()
        .unwrap();
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn endless_ping_durations_are_accepted() {
    use wecom_hyper::Http2;

    let durations = [(Duration::MAX, SHORT), (SHORT, Duration::MAX), (Duration::MAX, Duration::MAX)];
    for (interval, timeout) in durations {
        let server = crate::frames::Server::start([crate::frames::Answer::Reply("{}"); 2]).await;
        let http2 = Http2::required().ping_interval(interval).ping_timeout(timeout);
        let transport = builder().http2(http2).build().unwrap();
        for _ in 0..2 {
            assert_eq!(transport.send(post(server.base.clone())).await.unwrap().body(), "{}");
        }
        // A ping is due, and its timer is set.
        let pinged = crate::frames::Server::pinged(server);
        if interval == SHORT {
            pinged.await;
        }
        assert_eq!(transport.counters().connections_opened(), 1);
    }
}
