//! The maximum number of connections, the queue for them, and callers that are not polled.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wecom_core::Delivery::NotSent;
use wecom_core::TransportErrorKind::Timeout;
use wecom_core::{BaseUrl, Transport};
use wecom_hyper::{HyperTransport, HyperTransportBuilder};

use crate::server::{Answer, Event, Server};
use crate::support::{failure, get, post};

const SHORT: Duration = Duration::from_millis(200);
/// The limit for everything that has to happen in a test.
const LONG: Duration = Duration::from_secs(20);

fn builder() -> HyperTransportBuilder {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    let builder = crate::tls::builder();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let builder = HyperTransport::builder();
    builder
}

/// A transport with this number of connections at most.
fn bounded(connections: usize) -> HyperTransport {
    builder().max_connections(connections).build().unwrap()
}

/// A server that replies to a request once there is a permit for it, and counts its connections.
struct Gated {
    base: BaseUrl,
    permits: Arc<Semaphore>,
    requests: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    most_open: Arc<AtomicUsize>,
}

impl Gated {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = Self {
            base,
            permits: Arc::new(Semaphore::new(0)),
            requests: Arc::default(),
            open: Arc::default(),
            most_open: Arc::default(),
        };
        let (permits, requests) = (Arc::clone(&server.permits), Arc::clone(&server.requests));
        let (open, most_open) = (Arc::clone(&server.open), Arc::clone(&server.most_open));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                most_open.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (permits, requests, open) = (Arc::clone(&permits), Arc::clone(&requests), Arc::clone(&open));
                tokio::spawn(async move {
                    let mut buffer = Vec::new();
                    while stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
                        if !buffer.ends_with(b"\r\n\r\n") {
                            continue;
                        }
                        buffer.clear();
                        requests.fetch_add(1, Ordering::SeqCst);
                        permits.acquire().await.unwrap().forget();
                        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.is_err() {
                            break;
                        }
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    /// Waits until the server has read this number of requests.
    async fn received(&self, requests: usize) {
        let waiting = async {
            while self.requests.load(Ordering::SeqCst) < requests {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, waiting).await.unwrap();
    }
}

#[tokio::test]
async fn calls_over_the_bound_wait_and_all_succeed() {
    let server = Gated::start().await;
    server.permits.add_permits(1000);
    let transport = bounded(4);
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let (transport, base) = (transport.clone(), server.base.clone());
            tokio::spawn(async move { transport.send(get(base)).await.unwrap().status() })
        })
        .collect();
    for call in calls {
        assert_eq!(timeout(LONG, call).await.unwrap().unwrap(), 200);
    }
    assert_eq!(server.most_open.load(Ordering::SeqCst), 4);
    assert!(transport.counters().connections_opened() <= 4);
}

#[tokio::test]
async fn calls_in_a_closed_loop_use_one_connection_each() {
    let server = Gated::start().await;
    server.permits.add_permits(10_000);
    let transport = bounded(256);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (transport, base) = (transport.clone(), server.base.clone());
            tokio::spawn(async move {
                for _ in 0..100 {
                    transport.send(get(base.clone())).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        timeout(LONG, caller).await.unwrap().unwrap();
    }
    assert!(transport.counters().connections_opened() <= 8, "{:?}", transport.counters());
}

#[tokio::test]
async fn a_queued_call_ends_at_its_time_limit_unsent() {
    let server = Gated::start().await;
    let transport = bounded(1);
    let held = tokio::spawn({
        let (transport, base) = (transport.clone(), server.base.clone());
        async move { transport.send(get(base)).await }
    });
    server.received(1).await;
    let queued = get(server.base.clone()).with_time_limit(SHORT);
    assert_eq!(failure(&transport, queued).await, (Timeout, NotSent));
    server.permits.add_permits(1);
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn queued_calls_with_different_limits_each_end_at_their_own() {
    let server = Gated::start().await;
    let transport = bounded(1);
    let mut held = transport.send(get(server.base.clone()));
    assert!(poll_once(&mut held).is_pending());
    server.received(1).await;
    let late = transport.send(get(server.base.clone()).with_time_limit(3 * SHORT));
    let soon = transport.send(get(server.base.clone()).with_time_limit(SHORT));
    let last = transport.send(get(server.base.clone()).with_time_limit(4 * SHORT));
    let (mut late, mut soon, mut last) = (late, soon, last);
    assert!(poll_once(&mut late).is_pending());
    assert!(poll_once(&mut last).is_pending());
    assert_eq!(soon.as_mut().await.unwrap_err().kind(), Timeout);
    assert!(poll_once(&mut late).is_pending());
    for call in [late, last] {
        let error = call.await.unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (Timeout, NotSent), "{error}");
    }
}

#[tokio::test]
async fn queued_calls_are_served_in_order() {
    let server = Gated::start().await;
    let transport = bounded(1);
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut calls = Vec::new();
    for number in 0..10 {
        let (transport, base, order) = (transport.clone(), server.base.clone(), Arc::clone(&order));
        calls.push(tokio::spawn(async move {
            transport.send(get(base)).await.unwrap();
            order.lock().unwrap().push(number);
        }));
    }
    for served in 1..=10 {
        server.received(served).await;
        server.permits.add_permits(1);
    }
    for call in calls {
        timeout(LONG, call).await.unwrap().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn callers_that_are_never_polled_again_hold_no_connection() {
    let server = Gated::start().await;
    server.permits.add_permits(100);
    let transport = bounded(2);
    let mut unpolled: Vec<_> = (0..10).map(|_| transport.send(get(server.base.clone()))).collect();
    for call in &mut unpolled {
        assert!(poll_once(call).is_pending());
    }
    let call = timeout(LONG, transport.send(get(server.base.clone())));
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    // Their replies are available when they are polled again.
    server.received(11).await;
    for call in unpolled {
        assert_eq!(timeout(LONG, call).await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_reply_that_arrives_in_time_is_returned_to_a_caller_polled_after_its_limit() {
    let server = Gated::start().await;
    server.permits.add_permits(1);
    let transport = bounded(1);
    let mut call = transport.send(get(server.base.clone()).with_time_limit(SHORT));
    assert!(poll_once(&mut call).is_pending());
    server.received(1).await;
    // Another call ends at the same limit, later.
    assert_eq!(failure(&transport, get(server.base.clone()).with_time_limit(2 * SHORT)).await.0, Timeout);
    assert_eq!(call.await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_queued_call_that_is_dropped_is_never_sent() {
    let server = Gated::start().await;
    let transport = bounded(1);
    let mut held = transport.send(get(server.base.clone()));
    assert!(poll_once(&mut held).is_pending());
    server.received(1).await;
    let mut dropped: Vec<_> = (0..100).map(|_| transport.send(get(server.base.clone()))).collect();
    for call in &mut dropped {
        assert!(poll_once(call).is_pending());
    }
    drop(dropped);
    server.permits.add_permits(2);
    assert_eq!(held.await.unwrap().status(), 200);
    assert_eq!(transport.send(get(server.base.clone())).await.unwrap().status(), 200);
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_idle_connection_to_another_host_is_closed_to_make_room() {
    let mut first = Server::start([Answer::reply("200 OK", "1")]).await;
    let second = Server::start([Answer::reply("200 OK", "2")]).await;
    let transport = bounded(1);
    assert_eq!(transport.send(post(first.base_url())).await.unwrap().body(), "1");
    let call = timeout(LONG, transport.send(post(second.base_url())));
    assert_eq!(call.await.unwrap().unwrap().body(), "2");
    while first.event().await != Event::Closed {}
}

#[tokio::test]
async fn a_refused_connection_fails_every_queued_call_and_none_waits() {
    let base: BaseUrl = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
    };
    let transport = bounded(2);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (transport, base) = (transport.clone(), base.clone());
            tokio::spawn(async move { failure(&transport, post(base)).await })
        })
        .collect();
    for call in calls {
        let outcome = timeout(LONG, call).await.unwrap().unwrap();
        assert_eq!(outcome, (wecom_core::TransportErrorKind::Connect, NotSent));
    }
}

#[tokio::test]
async fn dropping_the_transport_closes_its_idle_connections() {
    let mut server = Server::start([Answer::reply("200 OK", "1")]).await;
    let transport = bounded(1);
    transport.send(post(server.base_url())).await.unwrap();
    drop(transport);
    while timeout(LONG, server.event()).await.unwrap() != Event::Closed {}
}

/// The first runtime does not run while the second one calls, so the second one cannot use its idle connection.
#[test]
fn each_runtime_has_its_own_connections() {
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(Server::start((0..6).map(|_| Answer::reply("200 OK", "{}"))));
    let transport = bounded(256);
    let runtimes = [(); 2].map(|()| Builder::new_current_thread().enable_all().build().unwrap());
    for _ in 0..3 {
        for runtime in &runtimes {
            let call = async { timeout(LONG, transport.send(post(server.base_url()))).await };
            assert_eq!(runtime.block_on(call).unwrap().unwrap().status(), 200);
        }
    }
    assert_eq!(transport.counters().connections_opened(), 2);
}

#[test]
fn a_transport_outlives_the_runtimes_that_it_served() {
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(Server::start((0..3).map(|_| Answer::reply("200 OK", "{}"))));
    let transport = bounded(1);
    for _ in 0..3 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let call = async { timeout(LONG, transport.send(post(server.base_url()))).await };
        assert_eq!(runtime.block_on(call).unwrap().unwrap().status(), 200);
    }
}

/// The bound runtime does not run, so the connection's task still has the request when the time limit passes.
#[test]
fn a_request_that_the_runtime_never_wrote_was_not_sent() {
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut server = serving.block_on(Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let transport = bounded(1).with_runtime(runtime.handle().clone());
    assert_eq!(runtime.block_on(transport.send(post(server.base_url()))).unwrap().body(), "1");
    let mut call = transport.send(post(server.base_url()).with_time_limit(Duration::ZERO));
    assert!(poll_once(&mut call).is_pending());
    let error = runtime.block_on(call).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (Timeout, NotSent), "{error}");
    let sent = server.events_so_far().iter().filter(|event| matches!(event, Event::Request(_))).count();
    assert_eq!(sent, 1);
}

fn poll_once<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[cfg(unix)]
const BASE: &str = "WECOM_HYPER_TEST_POOL_BASE";

/// The limit applies to a process, so the test below makes the calls in its own process.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_concurrent_calls_need_at_most_three_hundred_file_descriptors() {
    let server = Gated::start().await;
    server.permits.add_permits(10_000);
    let mut child = std::process::Command::new("sh");
    child.args(["-c", r#"ulimit -n 300 && exec "$0" --exact --ignored pool::in_a_process_with_few_file_descriptors"#]);
    child.arg(std::env::current_exe().unwrap()).env(BASE, server.base.as_str());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert!(server.most_open.load(Ordering::SeqCst) <= 256);
}

#[cfg(unix)]
#[tokio::test]
#[ignore = "the test above runs it in its own process"]
async fn in_a_process_with_few_file_descriptors() {
    let base: BaseUrl = std::env::var(BASE).unwrap().parse().unwrap();
    let transport = builder().build().unwrap();
    for _ in 0..3 {
        let calls: Vec<_> = (0..2048)
            .map(|_| {
                let (transport, base) = (transport.clone(), base.clone());
                tokio::spawn(async move { transport.send(get(base)).await.map(|reply| reply.status()) })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), 200);
        }
    }
}
