//! Replies of somebody else's, or not as documented.

use std::time::{Duration, Instant};

use wecom_conformance::SocketFault;
use wecom_core::DecodeProblem::{Empty, Foreign, Html, NotJson, Shape, Truncated};
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::Protocol;

use crate::row::{Ends, Row};
use crate::stage::{Fault, GETTOKEN, IMPORT, LIST, Stage, Strikes, assert_no_secret, good_token, import};

/// A body in place of a good one, in which `@` stands for the secret of the request.
fn body(text: &'static str) -> Fault {
    Fault::Body(text.as_bytes())
}

#[tokio::test]
async fn garbage_instead_of_http() {
    Row::of(SocketFault::Garbage, Ends::Transport(Protocol)).check().await;
}

#[tokio::test]
async fn html_with_status_200() {
    Row::of(SocketFault::Html, Ends::Decode(Html)).not_repeated().check().await;
    Row::of_fault(body("<html>@</html>"), Ends::Decode(Html)).not_repeated().check().await;
}

#[tokio::test]
async fn empty_reply() {
    Row::of(SocketFault::Empty, Ends::Decode(Empty)).not_repeated().check().await;
}

#[tokio::test]
async fn status_204() {
    Row::of(SocketFault::NoContent, Ends::Decode(Empty)).not_repeated().check().await;
}

#[tokio::test]
async fn reply_that_is_not_json() {
    Row::of_fault(body("Service @ is asleep"), Ends::Decode(NotJson)).not_repeated().check().await;
}

#[tokio::test]
async fn json_that_breaks_off() {
    Row::of_fault(body(r#"{"errcode":0,"errmsg":"@"#), Ends::Decode(Truncated)).not_repeated().check().await;
}

/// A list may be empty, so it is known for foreign by having nothing that is ours; an import lacks its job.
#[tokio::test]
async fn json_of_somebody_else() {
    let stage = Stage::new().await;
    let upstream = stage.upstream();
    stage.strike(&body(r#"{"status":"@"}"#), Strikes::Call, LIST);
    stage.strike(&body(r#"{"status":"@"}"#), Strikes::Call, IMPORT);
    let foreign = upstream.get_chain_list().await.unwrap_err();
    let misshapen = upstream.import_chain_contact(import()).await.unwrap_err();
    assert_eq!((Ends::of(&foreign), Ends::of(&misshapen)), (Ends::Decode(Foreign), Ends::Decode(Shape)));
    for error in [foreign, misshapen] {
        assert_no_secret(&error);
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
    assert_eq!((stage.seen(LIST), stage.seen(IMPORT)), (1, 1));
    stage.reply_well();
    upstream.import_chain_contact(import()).await.unwrap();
}

#[tokio::test]
async fn bad_utf_8() {
    let bytes = b"{\"errcode\":0,\"errmsg\":\"@\",\"chains\":[{\"chain_id\":\"\xff\"}],\"jobid\":\"\xff\",\"access_token\":\"\xc3(\"}";
    Row::of_fault(Fault::Body(bytes), Ends::Decode(NotJson)).not_repeated().check().await;
}

/// Both are slips in replies that are good.
#[tokio::test]
async fn control_characters_and_a_byte_order_mark() {
    let stage = Stage::new().await;
    let token = good_token(Some(7200)).replace("\"ok\"", "\"o\u{1}\nk\"");
    stage.server.reply(GETTOKEN, format!("\u{feff}{token}"));
    stage
        .server
        .reply(LIST, "\u{feff}{\"errcode\":0,\"chains\":[{\"chain_id\":\"Ch1\",\"chain_name\":\"a\tb\nc\u{1}\"}]}");
    stage.server.reply(IMPORT, "\u{feff}{\"errcode\":0,\"errmsg\":\"\u{1f}\",\"jobid\":\"job1\"}");
    let upstream = stage.upstream();
    assert_eq!(upstream.get_chain_list().await.unwrap().chains[0].chain_name, "a\tb\nc\u{1}");
    assert_eq!(upstream.import_chain_contact(import()).await.unwrap().jobid.as_str(), "job1");
    assert_eq!((stage.seen(GETTOKEN), stage.seen(LIST), stage.seen(IMPORT)), (1, 1, 1));
}

/// What a refusal says may hold the secrets; that it does nothing of what it refuses is not known of every code.
#[tokio::test]
async fn refusal_that_echoes_secrets() {
    let fault = body(r#"{"errcode":60020,"errmsg":"not allow, @"}"#);
    Row::of_fault(fault, Ends::Api(60020)).not_repeated().check().await;
}

fn status(status: u16) -> Row {
    Row::of(SocketFault::Status { status, retry_after: None }, Ends::Status(status))
}

#[tokio::test]
async fn status_5xx_without_retry_after() {
    for code in [500, 502, 503, 504] {
        status(code).check().await;
    }
    status(501).not_repeated().check().await;
}

#[tokio::test]
async fn status_429_without_retry_after() {
    status(429).check().await;
}

#[tokio::test]
async fn status_4xx() {
    for code in [400, 403, 404, 407, 413] {
        status(code).not_repeated().check().await;
    }
}

#[tokio::test]
async fn status_429_and_5xx_with_retry_after() {
    for status in [429, 503] {
        let stage = Stage::new().await;
        let upstream = stage.upstream();
        upstream.get_chain_list().await.unwrap();
        stage.server.next(SocketFault::Status { status, retry_after: Some(1) });
        let began = Instant::now();
        upstream.get_chain_list().await.unwrap();
        let took = began.elapsed();
        assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&took), "{status}: {took:?}");
        assert_eq!(stage.seen(LIST), 3);
    }
}

/// More than the deadline leaves: the call ends at once.
#[tokio::test]
async fn retry_after_beyond_the_deadline() {
    for status in [429, 503] {
        let fault = SocketFault::Status { status, retry_after: Some(3600) };
        Row::of(fault, Ends::Status(status)).not_repeated().check().await;
    }
}

/// Nobody is followed anywhere, least of all with the token.
#[tokio::test]
async fn redirect() {
    for status in [301, 302, 303, 307, 308] {
        Row::of(SocketFault::Redirect(status), Ends::Status(status)).not_repeated().check().await;
        let stage = Stage::new().await;
        let upstream = stage.upstream();
        upstream.get_chain_list().await.unwrap();
        stage.server.next(SocketFault::Redirect(status));
        assert_eq!(upstream.import_chain_contact(import()).await.unwrap_err().status(), Some(status));
        assert_eq!((stage.seen("redirected"), stage.server.requests().len()), (0, 3));
    }
}

/// A proxy on the way that wants to know who asks, of a request that is no `CONNECT`.
#[tokio::test]
async fn status_407() {
    Row::of(SocketFault::ProxyAuthentication, Ends::Status(407)).not_repeated().check().await;
}
