//! Replies of another service, and replies that differ from the documentation.

use std::time::{Duration, Instant};

use wecom_conformance::SocketFault;
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::Protocol;
use wecom_core::error::DecodeProblem::{Empty, Foreign, Html, NotJson, Shape, Truncated};

use crate::case::{Failure, FaultCase};
use crate::harness::{Fault, GETTOKEN, Harness, IMPORT, LIST, Target, assert_no_secret, good_token, import};

/// A body that replaces the successful one. Each `@` in it stands for the secret of the request.
fn body(text: &'static str) -> Fault {
    Fault::Body(text.as_bytes())
}

#[tokio::test]
async fn garbage_instead_of_http() {
    FaultCase::socket(SocketFault::Garbage, Failure::Transport(Protocol)).check().await;
}

#[tokio::test]
async fn html_with_status_200() {
    FaultCase::socket(SocketFault::Html, Failure::Decode(Html)).not_repeated().check().await;
    FaultCase::new(body("<html>@</html>"), Failure::Decode(Html)).not_repeated().check().await;
}

#[tokio::test]
async fn empty_reply() {
    FaultCase::socket(SocketFault::Empty, Failure::Decode(Empty)).not_repeated().check().await;
}

#[tokio::test]
async fn status_204() {
    FaultCase::socket(SocketFault::NoContent, Failure::Decode(Empty)).not_repeated().check().await;
}

#[tokio::test]
async fn reply_without_json() {
    FaultCase::new(body("Service @ is asleep"), Failure::Decode(NotJson)).not_repeated().check().await;
}

#[tokio::test]
async fn truncated_json() {
    FaultCase::new(body(r#"{"errcode":0,"errmsg":"@"#), Failure::Decode(Truncated)).not_repeated().check().await;
}

/// A list may be empty, so a reply without any known field counts as foreign. A reply to an import lacks the job's id.
#[tokio::test]
async fn json_of_another_service() {
    let harness = Harness::new().await;
    let upstream = harness.upstream();
    harness.inject(&body(r#"{"status":"@"}"#), Target::Call, LIST);
    harness.inject(&body(r#"{"status":"@"}"#), Target::Call, IMPORT);
    let foreign = upstream.get_chain_list().await.unwrap_err();
    let malformed = upstream.import_chain_contact(import()).await.unwrap_err();
    assert_eq!((Failure::of(&foreign), Failure::of(&malformed)), (Failure::Decode(Foreign), Failure::Decode(Shape)));
    for error in [foreign, malformed] {
        assert_no_secret(&error);
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
    assert_eq!((harness.received(LIST), harness.received(IMPORT)), (1, 1));
    harness.restore_replies();
    upstream.import_chain_contact(import()).await.unwrap();
}

/// Inside a string, bytes that are not UTF-8 become replacement characters.
#[tokio::test]
async fn bad_utf_8_in_a_string() {
    let harness = Harness::new().await;
    harness
        .server
        .set_reply(LIST, &b"{\"errcode\":0,\"chains\":[{\"chain_id\":\"Ch1\",\"chain_name\":\"a\xffb\"}]}"[..]);
    harness.server.set_reply(IMPORT, &b"{\"errcode\":0,\"errmsg\":\"\xc3(\",\"jobid\":\"job1\"}"[..]);
    let upstream = harness.upstream();
    assert_eq!(upstream.get_chain_list().await.unwrap().chains[0].chain_name, "a\u{fffd}b");
    assert_eq!(upstream.import_chain_contact(import()).await.unwrap().jobid.as_str(), "job1");
}

#[tokio::test]
async fn bad_utf_8_outside_of_strings() {
    FaultCase::new(Fault::Body(b"{\"errcode\":0,\xff\"errmsg\":\"@\"}"), Failure::Decode(NotJson))
        .not_repeated()
        .check()
        .await;
}

/// The vendor's replies sometimes contain both.
#[tokio::test]
async fn control_characters_and_a_byte_order_mark() {
    let harness = Harness::new().await;
    let token = good_token(Some(7200)).replace("\"ok\"", "\"o\u{1}\nk\"");
    harness.server.set_reply(GETTOKEN, format!("\u{feff}{token}"));
    harness
        .server
        .set_reply(LIST, "\u{feff}{\"errcode\":0,\"chains\":[{\"chain_id\":\"Ch1\",\"chain_name\":\"a\tb\nc\u{1}\"}]}");
    harness.server.set_reply(IMPORT, "\u{feff}{\"errcode\":0,\"errmsg\":\"\u{1f}\",\"jobid\":\"job1\"}");
    let upstream = harness.upstream();
    assert_eq!(upstream.get_chain_list().await.unwrap().chains[0].chain_name, "a\tb\nc\u{1}");
    assert_eq!(upstream.import_chain_contact(import()).await.unwrap().jobid.as_str(), "job1");
    assert_eq!((harness.received(GETTOKEN), harness.received(LIST), harness.received(IMPORT)), (1, 1, 1));
}

/// The text of an error code may echo the secrets. This code does not say whether the call was carried out.
#[tokio::test]
async fn refusal_that_echoes_secrets() {
    let fault = body(r#"{"errcode":48002,"errmsg":"not allow, @"}"#);
    FaultCase::new(fault, Failure::Api(48002)).not_repeated().check().await;
}

fn status(status: u16) -> FaultCase {
    FaultCase::socket(SocketFault::Status { status, retry_after: None }, Failure::Status(status))
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
        let harness = Harness::new().await;
        let upstream = harness.upstream();
        upstream.get_chain_list().await.unwrap();
        harness.server.inject(SocketFault::Status { status, retry_after: Some(1) });
        let start = Instant::now();
        upstream.get_chain_list().await.unwrap();
        let elapsed = start.elapsed();
        assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&elapsed), "{status}: {elapsed:?}");
        assert_eq!(harness.received(LIST), 3);
    }
}

/// The time exceeds the deadline, so the call ends at once.
#[tokio::test]
async fn retry_after_beyond_the_deadline() {
    for status in [429, 503] {
        let fault = SocketFault::Status { status, retry_after: Some(3600) };
        FaultCase::socket(fault, Failure::Status(status)).not_repeated().check().await;
    }
}

/// No redirect is followed, and the token is not sent to the new address.
#[tokio::test]
async fn redirect() {
    for status in [301, 302, 303, 307, 308] {
        FaultCase::socket(SocketFault::Redirect(status), Failure::Status(status)).not_repeated().check().await;
        let harness = Harness::new().await;
        let upstream = harness.upstream();
        upstream.get_chain_list().await.unwrap();
        harness.server.inject(SocketFault::Redirect(status));
        assert_eq!(upstream.import_chain_contact(import()).await.unwrap_err().status(), Some(status));
        assert_eq!((harness.received("redirected"), harness.server.requests().len()), (0, 3));
    }
}

/// A proxy requires credentials for a plain request, without `CONNECT`.
#[tokio::test]
async fn status_407() {
    FaultCase::socket(SocketFault::ProxyAuthentication, Failure::Status(407)).not_repeated().check().await;
}
