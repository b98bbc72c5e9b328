//! Faults of the reply: broken, endless, or unexpected.

use std::time::{Duration, Instant};

use pollster::block_on;
use wecom_conformance::SocketFault;

use crate::client::{Connection, End, OK_BODY, TIMEOUT, assert_successful, body, header, outcome_of, server_with};

const MIB: usize = 1024 * 1024;

#[test]
fn a_dripping_reply_arrives_byte_by_byte_and_is_successful() {
    let server = server_with(SocketFault::DripReply(Duration::from_millis(2)));
    let mut connection = Connection::with_request(&server);
    let (began, mut pieces, mut received) = (Instant::now(), 0, Vec::new());
    while !String::from_utf8_lossy(&received).ends_with(OK_BODY) {
        let before = received.len();
        assert_eq!(connection.read_while(&mut received, TIMEOUT, |received| received.len() == before), None);
        pieces += 1;
    }
    assert_successful(&String::from_utf8_lossy(&received));
    assert!(began.elapsed() >= Duration::from_millis(2) * (received.len() as u32 - 1));
    assert!(pieces > 20, "received in {pieces} pieces");
}

#[test]
fn a_stalling_reply_stops_in_the_middle_and_keeps_the_connection_open() {
    let server = server_with(SocketFault::StallMidReply);
    let mut connection = Connection::with_request(&server);
    let received = connection.up_to(&OK_BODY[..13]);
    assert_eq!(header(&received, "content-length"), Some("27"));
    assert!(connection.is_silent());
    assert_successful(&Connection::with_request(&server).reply());
}

#[test]
fn reset_mid_reply_resets_after_half_of_the_body() {
    let (received, end) = outcome_of(SocketFault::ResetMidReply);
    assert_eq!((header(&received, "content-length"), body(&received), end), (Some("27"), &OK_BODY[..13], End::Reset));
}

#[test]
fn a_short_content_length_leaves_bytes_before_the_next_reply() {
    let server = server_with(SocketFault::ContentLengthTooShort);
    let mut connection = Connection::with_request(&server);
    assert_eq!(header(&connection.up_to(OK_BODY), "content-length"), Some("13"));
    connection.send_request();
    assert_successful(&connection.reply());
}

#[test]
fn a_long_content_length_and_a_short_chunk_truncate_the_reply() {
    let (received, end) = outcome_of(SocketFault::ContentLengthTooLong);
    assert_eq!((header(&received, "content-length"), body(&received), end), (Some("42"), OK_BODY, End::Closed));
    let (received, end) = outcome_of(SocketFault::ShortChunk);
    assert_eq!((header(&received, "transfer-encoding"), end), (Some("chunked"), End::Closed));
    assert_eq!(body(&received), format!("2a\r\n{OK_BODY}"));
}

#[test]
fn endless_replies_end_when_the_client_closes() {
    for (fault, marker) in
        [(SocketFault::EndlessChunks, "\r\n4000\r\nxxxx"), (SocketFault::EndlessHeaders, "\r\nx-endless-1000: ")]
    {
        let server = server_with(fault);
        let mut connection = Connection::with_request(&server);
        let mut received = Vec::new();
        assert_eq!(connection.read_while(&mut received, TIMEOUT, |received| received.len() < 8 * MIB), None);
        assert!(String::from_utf8_lossy(&received).contains(marker));
        drop(connection);
        block_on(server.wait_for_client_closes(1));
    }
}

#[test]
fn an_oversize_body_has_its_declared_length_and_is_valid_json() {
    let server = server_with(SocketFault::OversizeBody(9 * MIB as u64));
    let mut connection = Connection::with_request(&server);
    let reply = connection.reply();
    assert_eq!((header(&reply, "content-length"), body(&reply).len()), (Some("9437184"), 9 * MIB));
    let value: serde_json::Value = serde_json::from_str(body(&reply)).unwrap();
    assert_eq!(value["errcode"], 0);
    connection.send_request();
    assert_successful(&connection.reply());
    server.inject(SocketFault::OversizeBody(0));
    connection.send_request();
    assert_eq!(body(&connection.reply()).len(), 25);
}

#[test]
fn raw_bytes_are_sent_as_they_are() {
    let (received, end) = outcome_of(SocketFault::Raw("HTTP/1.1 200 OK\r\nbroken header\r\n\r\n".into()));
    assert_eq!((&*received, end), ("HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", End::Closed));
}

#[test]
fn garbage_is_not_http() {
    let (received, end) = outcome_of(SocketFault::Garbage);
    assert!(!received.starts_with("HTTP/") && received.contains('\0'), "{received}");
    assert_eq!(end, End::Closed);
}

#[test]
fn complete_replies_leave_the_connection_usable() {
    let too_many = SocketFault::Status { status: 429, retry_after: Some(7) };
    let unavailable = SocketFault::Status { status: 503, retry_after: None };
    for (fault, status, text) in [
        (SocketFault::Html, 200, "</html>"),
        (SocketFault::Empty, 200, ""),
        (SocketFault::NoContent, 204, ""),
        (too_many, 429, "not now"),
        (unavailable, 503, "not now"),
        (SocketFault::ProxyAuthentication, 407, "authentication required"),
    ] {
        let has_retry_after = matches!(fault, SocketFault::Status { retry_after: Some(_), .. });
        let is_empty = text.is_empty();
        let server = server_with(fault);
        let mut connection = Connection::with_request(&server);
        let reply = connection.reply();
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{reply}");
        assert!(body(&reply).contains(text) && body(&reply).is_empty() == is_empty, "{reply}");
        assert_eq!(header(&reply, "content-length").is_none(), status == 204, "{reply}");
        assert_eq!(header(&reply, "retry-after"), has_retry_after.then_some("7"), "{reply}");
        connection.send_request();
        assert_successful(&connection.reply());
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_followed_redirect_is_recorded() {
    let server = server_with(SocketFault::Redirect(302));
    let mut connection = Connection::with_request(&server);
    let reply = connection.reply();
    assert!(reply.starts_with("HTTP/1.1 302 Found\r\n"), "{reply}");
    let location = format!("http://{}/cgi-bin/redirected", server.address());
    assert_eq!(header(&reply, "location"), Some(&*location));
    connection.send(b"GET /cgi-bin/redirected?access_token=taken-along HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert_successful(&connection.reply());
    let followed = &server.requests()[1];
    assert_eq!((followed.path(), followed.query_value("access_token")), ("/cgi-bin/redirected", Some("taken-along")));
}
