//! Connections that are kept: what closes while it waits is not taken, and what broke is never used again.

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

/// How many of the events are requests.
fn requests(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Request(_))).count()
}

#[tokio::test]
async fn a_connection_that_was_seen_to_close_is_not_taken() {
    let mut server = Server::start([Answer::LastAndListen(OK.to_owned()), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    transport.send(post(server.base_url())).await.unwrap();
    // The client closes its side when it has seen that the server closed the other.
    while server.event().await != Event::Closed {}

    assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "2");
    let events = server.events_so_far();
    assert_eq!((requests(&events), events[0] == Event::Accepted), (1, true), "{events:?}");
}

/// The server closed, and the system has told the runtime, but hyper has not looked yet: so the pool hands out the dead
/// connection, and what is found out only then has to be sent on another one, once.
#[tokio::test]
async fn a_request_that_was_given_to_a_dead_connection_goes_out_on_another_one() {
    assert_sent_once(tokio::task::yield_now()).await;
}

/// As with a runtime that runs only inside `block_on`, a call at a time.
#[tokio::test]
async fn a_close_while_the_runtime_stands_still_is_seen_before_the_next_call() {
    assert_sent_once(async { thread::sleep(Duration::from_millis(300)) }).await;
}

/// Two calls, between which the server closes the connection while nothing on this side runs, and then `pause`. The
/// server is a thread, as this thread stands still meanwhile.
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
        // Whatever else comes on the first one, up to its end.
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).unwrap();
        if rest.is_empty() { Some(answer("2").1) } else { None }
    });

    let transport = transport();
    assert_eq!(transport.send(post(base.clone())).await.unwrap().body(), "1");
    // The connection's task has its turn, so that the connection is in the pool.
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
    assert!(seen.is_some_and(|request| request.starts_with("POST ")), "the closed connection brought a request");
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

/// The end of the connection and the next request cross each other. Either is fine, the request being sent elsewhere or
/// the failure being reported as unclear; sending it twice is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_that_crosses_a_request_never_sends_it_twice() {
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

#[tokio::test]
async fn a_request_that_was_read_on_a_kept_connection_is_not_sent_again() {
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
        // The second call went out on the first one's connection, the third one on its own.
        assert_eq!(server.accepted_so_far(), 2, "{expected:?}");
    }
}

#[tokio::test]
async fn a_reply_that_asks_for_the_end_of_the_connection_is_the_last_on_it() {
    let last = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n1";
    let mut server = Server::start([Answer::Bytes(last.to_owned()), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    for expected in ["1", "2"] {
        assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), expected);
    }
    assert_eq!(server.accepted_so_far(), 2);
}

/// What a server sends beyond its reply must not become the next call's reply.
#[tokio::test]
async fn a_connection_that_brought_more_than_its_reply_is_not_used_again() {
    let stray = format!("{OK}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{{\"e\":1}}");
    let mut server = Server::start([Answer::Bytes(stray), Answer::reply("200 OK", "2")]).await;
    let transport = transport();
    assert_eq!(transport.send(post(server.base_url())).await.unwrap().body(), "{}");
    let next = transport.send(post(server.base_url())).await;
    assert!(next.as_ref().is_ok_and(|reply| reply.body() == "2"), "{next:?}");
    assert_eq!(server.accepted_so_far(), 2);
}
