//! The server ends, and stays within its bounds, whatever its clients do.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use pollster::block_on;
use wecom_conformance::{FaultServer, SocketFault};

use crate::client::{Connection, End, assert_good, server_with};

/// How long a drop may take on a busy machine; it takes some hundredths of a second.
const BOUND: Duration = Duration::from_secs(3);

#[track_caller]
fn assert_ends(server: FaultServer) {
    let (began, address) = (Instant::now(), server.address());
    drop(server);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn it_ends_while_clients_wait_for_each_fault_and_drops_them() {
    let drip = SocketFault::DripReply(Duration::from_secs(3600));
    for fault in [
        SocketFault::None,
        SocketFault::CloseOnAccept,
        SocketFault::SilentConnection,
        SocketFault::Silence,
        SocketFault::HalfClose,
        SocketFault::StallMidReply,
        drip,
        // Nobody reads these, so the server is stuck in the middle of a write.
        SocketFault::EndlessChunks,
        SocketFault::EndlessHeaders,
        SocketFault::OversizeBody(u64::MAX),
    ] {
        let server = server_with(fault);
        let connections = [Connection::to(&server), Connection::asking(&server)];
        block_on(server.wait_for_connections(2));
        assert_ends(server);
        drop(connections);
    }
}

#[test]
fn it_ends_without_any_client_and_with_half_a_request() {
    assert_ends(FaultServer::start().unwrap());
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::to(&server);
    connection.send(b"POST /cgi-bin/x HTTP/1.1\r\ncontent-length: 100\r\n\r\n{").unwrap();
    block_on(server.wait_for_connections(1));
    assert_ends(server);
    assert_ne!(connection.rest().1, End::Silent);
}

#[test]
fn connections_are_closed_at_the_moment_of_the_test_and_new_ones_taken() {
    let server = FaultServer::start().unwrap();
    let mut kept = Connection::asking(&server);
    assert_good(&kept.reply());
    server.close_connections();
    assert_eq!(kept.rest(), (String::new(), End::Closed));
    let mut new = Connection::asking(&server);
    assert_good(&new.reply());
    assert_eq!((server.connections(), server.closed_by_client()), (2, 0));
}

#[test]
fn what_is_no_http_or_too_much_of_it_is_hung_up_on() {
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
    assert_good(&Connection::asking(&server).reply());
}

#[test]
fn it_takes_so_many_connections_at_once_and_no_more() {
    let server = FaultServer::start().unwrap();
    let taken: Vec<_> = (0..256).map(|_| Connection::to(&server)).collect();
    block_on(server.wait_for_connections(256));
    assert_ne!(Connection::asking(&server).rest().1, End::Silent);
    assert_eq!(server.connections(), 256);
    drop(taken);
    block_on(server.wait_for_client_closes(256));
    assert_ends(server);
}

#[test]
fn a_test_can_wait_until_a_request_is_there() {
    let server = server_with(SocketFault::Silence);
    let address = server.address();
    let client = std::thread::spawn(move || {
        let mut connection = Connection(TcpStream::connect(address).unwrap());
        connection.ask();
        connection
    });
    block_on(server.wait_for_requests(1));
    assert_eq!(server.requests().len(), 1);
    drop(client.join().unwrap());
    block_on(server.wait_for_client_closes(1));
}
