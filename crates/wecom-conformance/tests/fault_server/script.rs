//! What is met when, what arrives, and what is answered well.

use wecom_conformance::{FaultServer, SocketFault};

use crate::client::{Connection, End, assert_good, body, post, server_with};

#[test]
fn without_a_fault_all_is_answered_well_on_one_connection() {
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::to(&server);
    for _ in 0..3 {
        connection.ask();
        assert_good(&connection.reply());
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 3));
}

#[test]
fn each_path_can_have_a_good_reply_of_its_own() {
    let server = FaultServer::start().unwrap();
    server.set_reply("gettoken", r#"{"errcode":0,"access_token":"t"}"#);
    let mut connection = Connection::to(&server);
    connection.send(post("gettoken", "").as_bytes()).unwrap();
    assert_eq!(body(&connection.reply()), r#"{"errcode":0,"access_token":"t"}"#);
    connection.ask();
    assert_good(&connection.reply());
}

#[test]
fn scripted_faults_are_met_in_order_and_then_the_one_that_stays_until_the_server_recovers() {
    let server = server_with(SocketFault::None);
    server.inject(SocketFault::Empty);
    server.inject_always(SocketFault::NoContent);
    let mut connection = Connection::to(&server);
    let mut ask = || {
        connection.ask();
        connection.reply().lines().next().unwrap().to_owned()
    };
    assert_eq!(
        [ask(), ask(), ask(), ask()],
        ["200 OK", "200 OK", "204 No Content", "204 No Content"].map(|it| { format!("HTTP/1.1 {it}") })
    );
    server.clear_faults();
    assert_eq!(ask(), "HTTP/1.1 200 OK");
}

#[test]
fn a_fault_of_connections_waits_for_a_new_one() {
    let server = FaultServer::start().unwrap();
    let mut kept = Connection::asking(&server);
    assert_good(&kept.reply());
    server.inject_always(SocketFault::ResetOnAccept);
    kept.ask();
    assert_good(&kept.reply());
    for _ in 0..2 {
        assert_eq!(Connection::to(&server).rest().1, End::Reset);
    }
}

#[test]
fn what_arrived_is_told_to_the_byte_and_shown_without_secrets() {
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::asking(&server);
    assert_good(&connection.reply());
    let head = "POST /cgi-bin/x?a=%E4%BC%81 HTTP/1.1\r\nX-Own: v\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut other = Connection::to(&server);
    other.send(format!("{head}4\r\n{{\"a\"\r\n3;x=y\r\n:1}}\r\n0\r\n\r\n").as_bytes()).unwrap();
    assert_good(&other.reply());
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
fn a_client_that_asks_for_a_last_reply_or_waits_for_leave_to_send_gets_it() {
    let server = FaultServer::start().unwrap();
    let mut connection = Connection::to(&server);
    connection.send(b"POST /cgi-bin/x HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").unwrap();
    assert_eq!(connection.exactly(25), b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.send(b"{}").unwrap();
    assert_good(&connection.reply());
    connection.send(b"GET /cgi-bin/x HTTP/1.1\r\nconnection: close\r\n\r\n").unwrap();
    let (reply, end) = connection.rest();
    assert_good(&reply);
    assert_eq!((end, server.requests()[0].body()), (End::Closed, &b"{}"[..]));
}
