//! Faults of the reply: broken, endless, or another one.

use std::time::{Duration, Instant};

use pollster::block_on;
use wecom_conformance::SocketFault;

use crate::client::{Connection, End, GOOD, PATIENCE, assert_good, body, header, outcome_of, server_with};

const MIB: usize = 1024 * 1024;

#[test]
fn a_dripping_reply_comes_byte_by_byte_and_is_good_in_the_end() {
    let server = server_with(SocketFault::DripReply(Duration::from_millis(2)));
    let mut connection = Connection::asking(&server);
    let (began, mut pieces, mut came) = (Instant::now(), 0, Vec::new());
    while !String::from_utf8_lossy(&came).ends_with(GOOD) {
        let before = came.len();
        assert_eq!(connection.read_while(&mut came, PATIENCE, |came| came.len() == before), None);
        pieces += 1;
    }
    assert_good(&String::from_utf8_lossy(&came));
    assert!(began.elapsed() >= Duration::from_millis(2) * (came.len() as u32 - 1));
    assert!(pieces > 20, "it came in {pieces} pieces");
}

#[test]
fn a_stalling_reply_stops_in_the_middle_on_a_connection_that_stays() {
    let server = server_with(SocketFault::StallMidReply);
    let mut connection = Connection::asking(&server);
    let came = connection.up_to(&GOOD[..13]);
    assert_eq!(header(&came, "content-length"), Some("27"));
    assert!(connection.is_silent());
    assert_good(&Connection::asking(&server).reply());
}

#[test]
fn a_reply_is_reset_in_the_middle() {
    let (came, end) = outcome_of(SocketFault::ResetMidReply);
    assert_eq!((header(&came, "content-length"), body(&came), end), (Some("27"), &GOOD[..13], End::Reset));
}

#[test]
fn a_content_length_that_is_too_short_leaves_rubbish_in_front_of_the_next_reply() {
    let server = server_with(SocketFault::ContentLengthTooShort);
    let mut connection = Connection::asking(&server);
    assert_eq!(header(&connection.up_to(GOOD), "content-length"), Some("13"));
    connection.ask();
    assert_good(&connection.reply());
}

#[test]
fn a_content_length_that_is_too_long_and_a_short_chunk_break_off() {
    let (came, end) = outcome_of(SocketFault::ContentLengthTooLong);
    assert_eq!((header(&came, "content-length"), body(&came), end), (Some("42"), GOOD, End::Closed));
    let (came, end) = outcome_of(SocketFault::ShortChunk);
    assert_eq!((header(&came, "transfer-encoding"), end), (Some("chunked"), End::Closed));
    assert_eq!(body(&came), format!("2a\r\n{GOOD}"));
}

#[test]
fn endless_replies_go_on_until_the_client_closes() {
    for (fault, sign) in
        [(SocketFault::EndlessChunks, "\r\n4000\r\nxxxx"), (SocketFault::EndlessHeaders, "\r\nx-endless-1000: ")]
    {
        let server = server_with(fault);
        let mut connection = Connection::asking(&server);
        let mut came = Vec::new();
        assert_eq!(connection.read_while(&mut came, PATIENCE, |came| came.len() < 8 * MIB), None);
        assert!(String::from_utf8_lossy(&came).contains(sign));
        drop(connection);
        block_on(server.wait_for_client_closes(1));
    }
}

#[test]
fn an_oversize_body_is_as_long_as_it_says_and_good() {
    let server = server_with(SocketFault::OversizeBody(9 * MIB as u64));
    let mut connection = Connection::asking(&server);
    let reply = connection.reply();
    assert_eq!((header(&reply, "content-length"), body(&reply).len()), (Some("9437184"), 9 * MIB));
    let value: serde_json::Value = serde_json::from_str(body(&reply)).unwrap();
    assert_eq!(value["errcode"], 0);
    connection.ask();
    assert_good(&connection.reply());
    server.inject(SocketFault::OversizeBody(0));
    connection.ask();
    assert_eq!(body(&connection.reply()).len(), 25);
}

#[test]
fn raw_bytes_are_sent_as_they_are() {
    let (received, end) = outcome_of(SocketFault::Raw("HTTP/1.1 200 OK\r\nbroken header\r\n\r\n".into()));
    assert_eq!((&*received, end), ("HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", End::Closed));
}

#[test]
fn garbage_is_no_http() {
    let (came, end) = outcome_of(SocketFault::Garbage);
    assert!(!came.starts_with("HTTP/") && came.contains('\0'), "{came}");
    assert_eq!(end, End::Closed);
}

#[test]
fn another_reply_is_whole_and_leaves_the_connection_good() {
    let too_many = SocketFault::Status { status: 429, retry_after: Some(7) };
    let unavailable = SocketFault::Status { status: 503, retry_after: None };
    for (fault, status, text) in [
        (SocketFault::Html, 200, "</html>"),
        (SocketFault::Empty, 200, ""),
        (SocketFault::NoContent, 204, ""),
        (too_many, 429, "not now"),
        (unavailable, 503, "not now"),
        (SocketFault::ProxyAuthentication, 407, "who asks?"),
    ] {
        let is_late = matches!(fault, SocketFault::Status { retry_after: Some(_), .. });
        let is_empty = text.is_empty();
        let server = server_with(fault);
        let mut connection = Connection::asking(&server);
        let reply = connection.reply();
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{reply}");
        assert!(body(&reply).contains(text) && body(&reply).is_empty() == is_empty, "{reply}");
        assert_eq!(header(&reply, "content-length").is_none(), status == 204, "{reply}");
        assert_eq!(header(&reply, "retry-after"), is_late.then_some("7"), "{reply}");
        connection.ask();
        assert_good(&connection.reply());
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_redirect_names_a_place_where_who_follows_it_is_seen() {
    let server = server_with(SocketFault::Redirect(302));
    let mut connection = Connection::asking(&server);
    let reply = connection.reply();
    assert!(reply.starts_with("HTTP/1.1 302 Found\r\n"), "{reply}");
    let place = format!("http://{}/cgi-bin/redirected", server.address());
    assert_eq!(header(&reply, "location"), Some(&*place));
    connection.send(b"GET /cgi-bin/redirected?access_token=taken-along HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert_good(&connection.reply());
    let followed = &server.requests()[1];
    assert_eq!((followed.path(), followed.query_value("access_token")), ("/cgi-bin/redirected", Some("taken-along")));
}
