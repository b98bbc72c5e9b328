//! Hostile servers: none of them can use more memory or time than the limits allow.

use std::time::{Duration, Instant};

use wecom_core::Delivery::Unknown;
use wecom_core::Transport;
use wecom_core::TransportErrorKind::{Protocol, ReplyTooLarge, Timeout};

use crate::server::{Answer, Event, Server};
use crate::support::{failure, get, post, transport};

const SHORT: Duration = Duration::from_millis(200);

/// The maximum size of the system's buffers on both sides, in bytes.
const BUFFERED: usize = 32 * 1024 * 1024;

/// The number of bytes of an endless answer that the server wrote before the client closed the connection.
async fn written(server: &mut Server) -> usize {
    loop {
        if let Event::Stopped(written) = server.event().await {
            return written;
        }
    }
}

#[tokio::test]
async fn an_endless_head_is_a_protocol_error() {
    let head = "HTTP/1.1 200 OK\r\n".to_owned();
    let long_lines = format!("x-canary: {}\r\n", "x".repeat(1024));
    let one_line = "x".repeat(1024);
    for (head, piece) in [
        (head.clone(), "x-canary: x\r\n".to_owned()),
        (head.clone(), long_lines),
        (format!("{head}x-canary: "), one_line),
    ] {
        let mut server = Server::start([Answer::EndlessOf(head, piece)]).await;
        assert_eq!(failure(&transport(), post(server.base_url())).await, (Protocol, Unknown));
        assert!(written(&mut server).await < BUFFERED);
    }
}

#[tokio::test]
async fn a_head_of_100_headers_is_accepted_and_one_of_101_is_not() {
    for (count, accepted) in [(100, true), (101, false)] {
        // `count` headers including the content-length.
        let headers = "x-a: 1\r\n".repeat(count - 1);
        let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\n{{}}");
        let server = Server::start([Answer::Bytes(head)]).await;
        assert_eq!(transport().send(get(server.base_url())).await.is_ok(), accepted, "{count}");
    }
}

#[tokio::test]
async fn a_chunk_size_that_overflows_is_a_protocol_error() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::start([Answer::Bytes(format!("{head}fffffffffffffffff\r\n"))]).await;
    assert_eq!(failure(&transport(), post(server.base_url())).await, (Protocol, Unknown));
}

#[tokio::test]
async fn chunks_of_one_byte_count_towards_the_reply_limit() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    let mut server = Server::start([Answer::EndlessOf(head, "1\r\nx\r\n".repeat(200))]).await;
    let transport = transport().with_reply_limit(4096);
    assert_eq!(failure(&transport, post(server.base_url())).await, (ReplyTooLarge, Unknown));
    assert!(written(&mut server).await < BUFFERED);
}

#[tokio::test]
async fn chunk_extensions_and_trailers_are_limited() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (head, piece) in [
        // The extension of a chunk, and the trailers after the last one.
        (format!("{head}1;canary="), "x".repeat(1024)),
        (format!("{head}0\r\n"), format!("x-canary: {}\r\n", "x".repeat(1024))),
    ] {
        let mut server = Server::start([Answer::EndlessOf(head, piece)]).await;
        assert_eq!(failure(&transport(), post(server.base_url())).await, (Protocol, Unknown));
        assert!(written(&mut server).await < BUFFERED);
    }
}

#[tokio::test]
async fn a_reply_that_trickles_ends_at_the_time_limit() {
    let head = "HTTP/1.1 200 OK\r\n".to_owned();
    let body = format!("{head}transfer-encoding: chunked\r\n\r\n");
    for (head, rest) in [(body, "1\r\nx\r\n"), (format!("{head}x-canary: "), "x")] {
        let trickle = Answer::Trickle(head, rest.to_owned(), Duration::from_millis(5));
        let mut server = Server::start([trickle]).await;
        let began = Instant::now();
        let transport = transport().with_time_limit(SHORT);
        assert_eq!(failure(&transport, post(server.base_url())).await, (Timeout, Unknown));
        assert!(began.elapsed() < Duration::from_secs(5));
        while server.event().await != Event::Closed {}
    }
}

#[tokio::test]
async fn an_interim_reply_is_skipped() {
    for interim in ["100 Continue", "102 Processing", "103 Early Hints"] {
        let answer = format!("HTTP/1.1 {interim}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}");
        let server = Server::start([Answer::Bytes(answer)]).await;
        let reply = transport().send(post(server.base_url())).await.unwrap();
        assert_eq!((reply.status(), &reply.body()[..]), (200, &b"{}"[..]), "{interim}");
    }
}

/// The server runs on its own thread, so that it writes while the client's only thread reads.
#[tokio::test]
async fn a_flood_of_interim_replies_is_a_protocol_error_within_seconds() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let flooding = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        let interim = "HTTP/1.1 103 Early Hints\r\nlink: </canary>\r\n\r\n".repeat(2000);
        while stream.write_all(interim.as_bytes()).is_ok() {}
    });
    let began = Instant::now();
    assert_eq!(failure(&transport(), post(base)).await, (Protocol, Unknown));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    flooding.join().unwrap();
}

#[tokio::test]
async fn an_unrequested_switch_of_protocols_is_a_reply_of_status_101() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: canary\r\n\r\n";
    let server = Server::start([Answer::Bytes(answer.to_owned()), Answer::reply("200 OK", "{}")]).await;
    let transport = transport().with_time_limit(Duration::from_secs(2));
    let reply = transport.send(post(server.base_url())).await.unwrap();
    assert_eq!((reply.status(), reply.body().len()), (101, 0));
    assert_eq!(transport.send(post(server.base_url())).await.unwrap().status(), 200);
}
