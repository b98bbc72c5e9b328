//! The server stops, and stays within its limits, regardless of its clients.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use pollster::block_on;
use wecom_conformance::{FaultServer, SocketFault};

use crate::client::{Connection, End, assert_successful, server_with};

/// The time limit for dropping a server on a busy machine. It usually takes some hundredths of a second.
const BOUND: Duration = Duration::from_secs(3);

#[track_caller]
fn assert_stops(server: FaultServer) {
    let (began, address) = (Instant::now(), server.address());
    drop(server);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).is_err(), "the port is still open");
}

#[test]
fn the_server_stops_during_each_fault_and_closes_the_connections() {
    let drip = SocketFault::DripReply(Duration::from_secs(3600));
    for fault in [
        SocketFault::None,
        SocketFault::CloseOnAccept,
        SocketFault::SilentConnection,
        SocketFault::Silence,
        SocketFault::HalfClose,
        SocketFault::StallMidReply,
        drip,
        // The client does not read, so the server blocks in a write.
        SocketFault::EndlessChunks,
        SocketFault::EndlessHeaders,
        SocketFault::OversizeBody(u64::MAX),
    ] {
        let server = server_with(fault);
        let connections = [Connection::to(&server), Connection::with_request(&server)];
        block_on(server.wait_for_connections(2));
        assert_stops(server);
        drop(connections);
    }
}

#[test]
fn the_server_stops_without_a_client_and_during_a_partial_request() {
    assert_stops(FaultServer::start().unwrap());
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::to(&server);
    connection.send(b"POST /cgi-bin/x HTTP/1.1\r\ncontent-length: 100\r\n\r\n{").unwrap();
    block_on(server.wait_for_connections(1));
    assert_stops(server);
    assert_ne!(connection.rest().1, End::Silent);
}

#[test]
fn close_connections_closes_open_connections_and_new_ones_are_accepted() {
    let server = FaultServer::start().unwrap();
    let mut kept = Connection::with_request(&server);
    assert_successful(&kept.reply());
    server.close_connections();
    assert_eq!(kept.rest(), (String::new(), End::Closed));
    let mut new = Connection::with_request(&server);
    assert_successful(&new.reply());
    assert_eq!((server.connections(), server.closed_by_client()), (2, 0));
}

#[test]
fn malformed_and_oversized_requests_close_the_connection() {
    let server = FaultServer::start().unwrap();
    let endless_head = ["GET /", &"x".repeat(1024 * 1024)].concat();
    let large = "POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n";
    let large_chunk = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n";
    for bytes in [
        b"\x16\x03\x01\x02\x00".as_slice(),
        b"GET\r\n\r\n",
        endless_head.as_bytes(),
        large.as_bytes(),
        large_chunk.as_bytes(),
    ] {
        let mut connection = Connection::to(&server);
        let _ = connection.send(bytes);
        let (reply, end) = connection.rest();
        assert!(reply.is_empty() && end != End::Silent, "{reply} {end:?}");
    }
    assert!(server.requests().is_empty());
    assert_successful(&Connection::with_request(&server).reply());
}

#[test]
fn the_server_accepts_256_connections_at_once() {
    let server = FaultServer::start().unwrap();
    let accepted: Vec<_> = (0..256).map(|_| Connection::to(&server)).collect();
    block_on(server.wait_for_connections(256));
    assert_ne!(Connection::with_request(&server).rest().1, End::Silent);
    assert_eq!(server.connections(), 256);
    drop(accepted);
    block_on(server.wait_for_client_closes(256));
    assert_stops(server);
}

#[test]
fn a_test_can_wait_for_a_request() {
    let server = server_with(SocketFault::Silence);
    let address = server.address();
    let client = std::thread::spawn(move || {
        let mut connection = Connection(TcpStream::connect(address).unwrap());
        connection.send_request();
        connection
    });
    block_on(server.wait_for_requests(1));
    assert_eq!(server.requests().len(), 1);
    drop(client.join().unwrap());
    block_on(server.wait_for_client_closes(1));
}
