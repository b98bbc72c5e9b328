//! HTTP/2 with prior knowledge, frame by frame.

use wecom_conformance::{FaultServer, SocketFault};

use crate::client::{Connection, OK_BODY, server_with};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const SETTINGS: (u8, u8, u32) = (4, 0, 0);
const SETTINGS_ACK: (u8, u8, u32) = (4, 1, 0);
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0abcdefgh";

/// Returns the frame of `GET http://x/` on a stream, without a body.
fn get(stream: u8) -> Vec<u8> {
    let block = [0x82, 0x86, 0x84, 0x41, 1, b'x'];
    [&[0, 0, block.len() as u8, 1, 5, 0, 0, 0, stream], &block[..]].concat()
}

/// Reads the next frame. Returns its kind, flags and stream, and its payload.
fn frame(connection: &mut Connection) -> ((u8, u8, u32), Vec<u8>) {
    let head = connection.exactly(9);
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    ((head[3], head[4], stream), connection.exactly(length))
}

/// Opens a connection and exchanges settings.
fn open(server: &FaultServer) -> Connection {
    let mut connection = Connection::to(server);
    connection.send(PREFACE).unwrap();
    assert_eq!(frame(&mut connection).0, SETTINGS);
    assert_eq!(frame(&mut connection).0, SETTINGS_ACK);
    connection
}

#[track_caller]
fn assert_replies(connection: &mut Connection, stream: u8) {
    connection.send(&get(stream)).unwrap();
    assert_eq!(frame(connection), ((1, 4, stream.into()), vec![0x88]));
    assert_eq!(frame(connection), ((0, 1, stream.into()), OK_BODY.as_bytes().to_vec()));
}

#[test]
fn requests_and_pings_without_a_fault_receive_replies() {
    let server = FaultServer::start().unwrap();
    let mut connection = open(&server);
    assert_replies(&mut connection, 1);
    connection.send(PING).unwrap();
    assert_eq!(frame(&mut connection), ((6, 1, 0), b"abcdefgh".to_vec()));
    assert_replies(&mut connection, 3);
}

#[test]
fn goaway_names_no_processed_stream_and_the_next_connection_works() {
    let server = server_with(SocketFault::Http2GoAway);
    let mut connection = open(&server);
    connection.send(&get(1)).unwrap();
    assert_eq!(frame(&mut connection), ((7, 0, 0), vec![0; 8]));
    assert_replies(&mut open(&server), 1);
}

#[test]
fn a_refused_stream_leaves_the_connection_usable() {
    let server = server_with(SocketFault::Http2RefusedStream);
    let mut connection = open(&server);
    connection.send(&get(1)).unwrap();
    assert_eq!(frame(&mut connection), ((3, 0, 1), vec![0, 0, 0, 7]));
    assert_replies(&mut connection, 3);
}

#[test]
fn a_silent_connection_replies_to_neither_requests_nor_pings() {
    let server = server_with(SocketFault::Http2Silence);
    let mut connection = open(&server);
    connection.send(PING).unwrap();
    assert!(connection.is_silent());
    connection.send(&get(1)).unwrap();
    connection.send(PING).unwrap();
    assert!(connection.is_silent());
}
