//! Faults of the connection: what is read, what ends, and how.

use std::time::Duration;

use pollster::block_on;
use wecom_conformance::SocketFault;

use crate::client::{Connection, End, assert_good, outcome_of, server_with};

const NOTHING: String = String::new();

#[test]
fn a_connection_closed_on_accept_ends_before_anything_was_read() {
    let server = server_with(SocketFault::CloseOnAccept);
    assert_eq!(Connection::to(&server).rest(), (NOTHING, End::Closed));
    assert!(server.requests().is_empty());
    assert_eq!(outcome_of(SocketFault::CloseOnAccept), (NOTHING, End::Closed));
}

#[test]
fn a_connection_reset_on_accept_is_reset_before_anything_was_read() {
    let server = server_with(SocketFault::ResetOnAccept);
    assert_eq!(Connection::to(&server).rest(), (NOTHING, End::Reset));
    assert!(server.requests().is_empty());
    assert_good(&Connection::asking(&server).reply());
}

#[test]
fn a_silent_connection_takes_what_comes_and_answers_nothing_not_even_a_client_hello() {
    let server = server_with(SocketFault::SilentConnection);
    let mut connection = Connection::to(&server);
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00".as_slice(), &[0; 509]].concat();
    connection.send(&hello).unwrap();
    // More than the buffers of both ends take, so it is read.
    connection.send(&vec![b'x'; 16 * 1024 * 1024]).unwrap();
    assert!(connection.is_silent());
    assert!(server.requests().is_empty());
    assert_eq!((server.connections(), server.closed_by_client()), (1, 0));
    drop(connection);
    block_on(server.wait_for_client_closes(1));
}

#[test]
fn silence_has_read_the_request_and_keeps_the_connection() {
    let server = server_with(SocketFault::Silence);
    let mut connection = Connection::asking(&server);
    assert!(connection.is_silent());
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.closed_by_client(), 0);
    drop(connection);
    block_on(server.wait_for_client_closes(1));
}

#[test]
fn a_proxy_may_hang_on_connect_or_ask_who_asks() {
    let server = server_with(SocketFault::Silence);
    server.inject(SocketFault::ProxyAuthentication);
    let connect = b"CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\nhost: qyapi.weixin.qq.com:443\r\n\r\n";
    let mut hanging = Connection::to(&server);
    hanging.send(connect).unwrap();
    assert!(hanging.is_silent());
    let mut refused = Connection::to(&server);
    refused.send(connect).unwrap();
    let reply = refused.reply();
    assert!(reply.starts_with("HTTP/1.1 407 ") && reply.contains("proxy-authenticate: Basic"), "{reply}");
    let requests = server.requests();
    assert_eq!((requests[1].method(), requests[1].path()), ("CONNECT", "qyapi.weixin.qq.com:443"));
}

#[test]
fn closed_or_reset_before_the_reply_the_request_was_read() {
    for (fault, end) in [(SocketFault::CloseBeforeReply, End::Closed), (SocketFault::ResetBeforeReply, End::Reset)] {
        let server = server_with(fault);
        assert_eq!(Connection::asking(&server).rest(), (NOTHING, end));
        assert_eq!(server.requests().len(), 1);
        assert_good(&Connection::asking(&server).reply());
    }
}

#[test]
fn a_half_closed_connection_ends_for_the_reader_and_still_takes_what_is_sent() {
    let server = server_with(SocketFault::HalfClose);
    let mut connection = Connection::asking(&server);
    assert_eq!(connection.rest(), (NOTHING, End::Closed));
    // A connection that was closed whole would be reset by the first of these.
    for _ in 0..3 {
        connection.send(&[b'x'; 1024]).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(connection.rest(), (NOTHING, End::Closed));
    assert_eq!(server.closed_by_client(), 0);
    drop(connection);
    block_on(server.wait_for_client_closes(1));
}

#[test]
fn closed_after_the_reply_the_kept_connection_is_stale() {
    for (fault, end) in [(SocketFault::CloseAfterReply, End::Closed), (SocketFault::ResetAfterReply, End::Reset)] {
        let server = server_with(fault);
        let mut connection = Connection::asking(&server);
        let reply = connection.reply();
        assert_good(&reply);
        assert!(reply.contains("connection: keep-alive\r\n"), "{reply}");
        assert_eq!(connection.rest(), (NOTHING, end));
        assert_eq!(server.requests().len(), 1);
    }
}
