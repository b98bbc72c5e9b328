//! The order of faults, the record of requests, and successful replies.

use wecom_conformance::{FaultServer, SocketFault};

use crate::client::{Connection, End, assert_successful, body, post, server_with};

#[test]
fn requests_without_a_fault_succeed_on_one_connection() {
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::to(&server);
    for _ in 0..3 {
        connection.send_request();
        assert_successful(&connection.reply());
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 3));
}

#[test]
fn a_path_can_have_its_own_successful_reply() {
    let server = FaultServer::start().unwrap();
    server.set_reply("gettoken", r#"{"errcode":0,"access_token":"t"}"#);
    let mut connection = Connection::to(&server);
    connection.send(post("gettoken", "").as_bytes()).unwrap();
    assert_eq!(body(&connection.reply()), r#"{"errcode":0,"access_token":"t"}"#);
    connection.send_request();
    assert_successful(&connection.reply());
}

#[test]
fn faults_apply_in_order_then_the_permanent_fault_until_faults_are_cleared() {
    let server = server_with(SocketFault::None);
    server.inject(SocketFault::Empty);
    server.inject_always(SocketFault::NoContent);
    let mut connection = Connection::to(&server);
    let mut status_line = || {
        connection.send_request();
        connection.reply().lines().next().unwrap().to_owned()
    };
    assert_eq!(
        [status_line(), status_line(), status_line(), status_line()],
        ["200 OK", "200 OK", "204 No Content", "204 No Content"].map(|it| { format!("HTTP/1.1 {it}") })
    );
    server.clear_faults();
    assert_eq!(status_line(), "HTTP/1.1 200 OK");
}

#[test]
fn a_fault_that_affects_connections_applies_to_a_new_connection() {
    let server = FaultServer::start().unwrap();
    let mut kept = Connection::with_request(&server);
    assert_successful(&kept.reply());
    server.inject_always(SocketFault::ResetOnAccept);
    kept.send_request();
    assert_successful(&kept.reply());
    for _ in 0..2 {
        assert_eq!(Connection::to(&server).rest().1, End::Reset);
    }
}

#[test]
fn requests_are_recorded_exactly_and_their_debug_output_is_redacted() {
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::with_request(&server);
    assert_successful(&connection.reply());
    let head = "POST /cgi-bin/x?a=%E4%BC%81 HTTP/1.1\r\nX-Own: v\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut other = Connection::to(&server);
    other.send(format!("{head}4\r\n{{\"a\"\r\n3;x=y\r\n:1}}\r\n0\r\n\r\n").as_bytes()).unwrap();
    assert_successful(&other.reply());
    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!((first.method(), first.path()), ("POST", "/cgi-bin/corpgroup/corp/get_chain_group"));
    assert_eq!(first.query_value("access_token"), Some("canary-token"));
    assert_eq!((first.body(), first.connection()), (&br#"{"chain_id":"ch1"}"#[..], 1));
    assert_eq!((second.query_value("a"), second.header("x-own")), (Some("企"), Some(&b"v"[..])));
    assert_eq!((second.body(), second.connection()), (&br#"{"a":1}"#[..], 2));
    let shown = format!("{:?} {server:?}", server.requests());
    assert!(shown.contains("ch1") && !shown.contains("canary"), "{shown}");
}

#[test]
fn connection_close_and_expect_continue_are_honored() {
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::to(&server);
    connection.send(b"POST /cgi-bin/x HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").unwrap();
    assert_eq!(connection.exactly(25), b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.send(b"{}").unwrap();
    assert_successful(&connection.reply());
    connection.send(b"GET /cgi-bin/x HTTP/1.1\r\nconnection: close\r\n\r\n").unwrap();
    let (reply, end) = connection.rest();
    assert_successful(&reply);
    assert_eq!((end, server.requests()[0].body()), (End::Closed, &b"{}"[..]));
}
