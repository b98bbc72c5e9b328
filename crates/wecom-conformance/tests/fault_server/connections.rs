//! Faults of a connection: what the server reads, and how the connection ends.

use std::time::Duration;

use pollster::block_on;
use wecom_conformance::SocketFault;

use crate::client::{Connection, End, assert_successful, outcome_of, server_with};

const NOTHING: String = String::new();

#[test]
fn close_on_accept_closes_before_reading() {
    let server = server_with(SocketFault::CloseOnAccept);
    assert_eq!(Connection::to(&server).rest(), (NOTHING, End::Closed));
    assert!(server.requests().is_empty());
    assert_eq!(outcome_of(SocketFault::CloseOnAccept), (NOTHING, End::Closed));
}

#[test]
fn reset_on_accept_resets_before_reading() {
    let server = server_with(SocketFault::ResetOnAccept);
    assert_eq!(Connection::to(&server).rest(), (NOTHING, End::Reset));
    assert!(server.requests().is_empty());
    assert_successful(&Connection::with_request(&server).reply());
}

#[test]
fn a_silent_connection_reads_everything_and_replies_to_nothing() {
    let server = server_with(SocketFault::SilentConnection);
    let mut connection = Connection::to(&server);
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00".as_slice(), &[0; 509]].concat();
    connection.send(&hello).unwrap();
    // More than both socket buffers hold, so the server must read it.
    connection.send(&vec![b'x'; 16 * 1024 * 1024]).unwrap();
    assert!(connection.is_silent());
    assert!(server.requests().is_empty());
    assert_eq!((server.connections(), server.closed_by_client()), (1, 0));
    drop(connection);
    block_on(server.wait_for_client_closes(1));
}

#[test]
fn silence_reads_the_request_and_keeps_the_connection_open() {
    let server = server_with(SocketFault::Silence);
    let mut connection = Connection::with_request(&server);
    assert!(connection.is_silent());
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.closed_by_client(), 0);
    drop(connection);
    block_on(server.wait_for_client_closes(1));
}

#[test]
fn a_connect_request_can_hang_or_require_authentication() {
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
fn close_and_reset_before_the_reply_read_the_request() {
    for (fault, end) in [(SocketFault::CloseBeforeReply, End::Closed), (SocketFault::ResetBeforeReply, End::Reset)] {
        let server = server_with(fault);
        assert_eq!(Connection::with_request(&server).rest(), (NOTHING, end));
        assert_eq!(server.requests().len(), 1);
        assert_successful(&Connection::with_request(&server).reply());
    }
}

#[test]
fn a_half_closed_connection_ends_for_reading_and_accepts_writes() {
    let server = server_with(SocketFault::HalfClose);
    let mut connection = Connection::with_request(&server);
    assert_eq!(connection.rest(), (NOTHING, End::Closed));
    // A fully closed connection would be reset after the first write.
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
fn close_and_reset_after_the_reply_leave_a_stale_connection() {
    for (fault, end) in [(SocketFault::CloseAfterReply, End::Closed), (SocketFault::ResetAfterReply, End::Reset)] {
        let server = server_with(fault);
        let mut connection = Connection::with_request(&server);
        let reply = connection.reply();
        assert_successful(&reply);
        assert!(reply.contains("connection: keep-alive\r\n"), "{reply}");
        assert_eq!(connection.rest(), (NOTHING, end));
        assert_eq!(server.requests().len(), 1);
    }
}
