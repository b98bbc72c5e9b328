//! Reused connections: one that was closed while idle is not used, and one that failed is never used again.

use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wecom_core::Delivery::Unknown;
use wecom_core::Transport;
use wecom_core::TransportErrorKind::{ConnectionLost, ReplyTooLarge, Timeout};

use crate::server::{Answer, Event, Server};
use crate::support::{assert_no_secret, failure, post, transport};

const SHORT: Duration = Duration::from_millis(200);
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// The number of requests among the events.
fn requests(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Request(_))).count()
}

#[tokio::test]
async fn a_connection_known_to_be_closed_is_not_reused() {
    let mut server = Server::start([Answer::LastAndListen(OK.to_owned()), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    transport.send(post(server.base_url())).await.unwrap();
    // The client closes its side after it detects that the server closed the other side.
    while server.event().await != Event::Closed {}

    assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "2");
    let events = server.events_so_far();
    assert_eq!((requests(&events), events[0] == Event::Accepted), (1, true), "{events:?}");
}

/// The server has closed the connection, and the runtime knows, but hyper has not read yet. So the pool assigns the dead
/// connection, and the request has to be sent once on another one.
#[tokio::test]
async fn a_request_given_to_a_closed_connection_is_sent_on_another_one() {
    assert_sent_once(tokio::task::yield_now()).await;
}

/// Like a runtime that runs only inside `block_on`, for one call at a time.
#[tokio::test]
async fn a_close_while_the_runtime_does_not_run_is_detected_before_the_next_call() {
    assert_sent_once(async { thread::sleep(Duration::from_millis(300)) }).await;
}

/// Makes two calls. Between them the server closes the connection while this side does not run, and `pause` runs. The
/// server has its own thread, because this thread is blocked meanwhile.
async fn assert_sent_once(pause: impl Future<Output = ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse::<wecom_core::BaseUrl>().unwrap();
    let (close, closing) = mpsc::channel::<()>();
    let (closed, is_closed) = mpsc::channel();
    let serving = thread::spawn(move || {
        let answer = |body: &str| {
            let (mut stream, _) = listener.accept().unwrap();
            let seen = read_request(&mut stream);
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{body}").unwrap();
            (stream, seen)
        };
        let (mut first, _) = answer("1");
        closing.recv().unwrap();
        first.shutdown(std::net::Shutdown::Write).unwrap();
        closed.send(()).unwrap();
        // Reads everything else on the first connection up to its end.
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).unwrap();
        if rest.is_empty() { Some(answer("2").1) } else { None }
    });

    let transport = transport();
    assert_eq!(transport.send(post(base.clone())).await.unwrap().body(), "1");
    // Lets the connection's task run, so that the connection is in the pool.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    close.send(()).unwrap();
    is_closed.recv().unwrap();
    pause.await;
    let second = transport.send(post(base)).await.unwrap();
    drop(transport);
    let seen = tokio::task::spawn_blocking(|| serving.join().unwrap()).await.unwrap();
    assert_eq!(second.body(), "2");
    assert!(seen.is_some_and(|request| request.starts_with("POST ")), "a request arrived on the closed connection");
}

fn read_request(stream: &mut impl Read) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(br#"{"a":"canary-body"}"#) {
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

/// The end of the connection and the next request cross. The request may be sent on another connection, or fail with an
/// unknown delivery, but it must not be sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_crosses_a_close_is_never_sent_twice() {
    let transport = transport();
    for _ in 0..50 {
        let mut server = Server::start([Answer::Last(OK.to_owned()), Answer::reply("200 OK", "2")]).await;
        transport.send(post(server.base_url())).await.unwrap();
        let second = transport.send(post(server.base_url())).await;
        let seen = requests(&server.events_so_far());
        match second {
            Ok(reply) => assert_eq!((reply.body().as_ref(), seen), (&b"2"[..], 2)),
            Err(error) => {
                assert_no_secret(&error);
                assert_eq!((error.kind(), error.delivery()), (ConnectionLost, Unknown));
                assert_eq!(seen, 1, "{error:?}");
            }
        }
    }
}

/// A server that closes every connection at once would otherwise receive connections without end.
#[tokio::test]
async fn the_first_request_of_a_connection_is_not_sent_on_another_one() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: wecom_core::BaseUrl = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let transport = transport();
    for calls in 1..=20 {
        assert_eq!(failure(&transport, post(base.clone())).await.0, ConnectionLost);
        assert_eq!(transport.counters().connections_opened(), calls);
    }
}

#[tokio::test]
async fn a_request_read_on_a_reused_connection_is_not_sent_again() {
    let mut server =
        Server::start([Answer::reply("200 OK", "1"), Answer::Last(String::new()), Answer::reply("200 OK", "3")]).await;
    let transport = transport();
    transport.send(post(server.base_url())).await.unwrap();
    assert_eq!(failure(&transport, post(server.base_url())).await, (ConnectionLost, Unknown));
    let events = server.events_so_far();
    assert_eq!(requests(&events), 2, "{events:?}");

    assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "3");
    assert_eq!(server.accepted_so_far(), 1);
}

#[tokio::test]
async fn a_connection_whose_call_ended_in_the_middle_is_not_used_again() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"canary\"";
    let large = "HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n";
    let cases = [
        (Answer::Silence, (Timeout, Unknown)),
        (Answer::Bytes(half.to_owned()), (Timeout, Unknown)),
        (Answer::Last(half.to_owned()), (ConnectionLost, Unknown)),
        (Answer::Bytes(large.to_owned()), (ReplyTooLarge, Unknown)),
    ];
    for (answer, expected) in cases {
        let mut server = Server::start([Answer::reply("200 OK", "1"), answer, Answer::reply("200 OK", "3")]).await;
        let transport = transport().with_reply_limit(1024);
        transport.send(post(server.base_url())).await.unwrap();
        assert_eq!(failure(&transport, post(server.base_url()).with_time_limit(SHORT)).await, expected);
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "3");
        // The second call used the connection of the first one, the third call opened another.
        assert_eq!(server.accepted_so_far(), 2, "{expected:?}");
    }
}

#[tokio::test]
async fn a_reply_with_connection_close_is_the_last_on_its_connection() {
    let last = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n1";
    let mut server = Server::start([Answer::Bytes(last.to_owned()), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
    }
    assert_eq!(server.accepted_so_far(), 2);
}

/// Extra bytes after a reply must not become the reply to the next call.
#[tokio::test]
async fn a_connection_with_extra_bytes_after_a_reply_is_not_used_again() {
    let stray = format!("{OK}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{{\"e\":1}}");
    let mut server = Server::start([Answer::Bytes(stray), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "{}");
    let next = transport.send(post(server.base_url())).await;
    assert!(next.as_ref().is_ok_and(|reply| reply.body() == "2"), "{next:?}");
    assert_eq!(server.accepted_so_far(), 2);
}
