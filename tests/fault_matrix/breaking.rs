//! Connections that end during a call.

use wecom_conformance::SocketFault;
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::{Connect, ConnectionLost};
use wecom_core::error::DecodeProblem::Truncated;

use crate::case::{Failure, FaultCase};
use crate::harness::{GETTOKEN, Harness, IMPORT, LIST, assert_no_secret, import};

const LOST: Failure = Failure::Transport(ConnectionLost);

#[tokio::test]
async fn fin_on_a_new_connection() {
    FaultCase::socket(SocketFault::CloseOnAccept, LOST).unread().check().await;
}

#[tokio::test]
async fn reset_on_a_new_connection() {
    let case = FaultCase::socket(SocketFault::ResetOnAccept, LOST);
    case.unread().or_early(Failure::Transport(Connect)).check().await;
}

/// The pooled connections are closed, and the client has not noticed it. An import still succeeds, and the server receives
/// it once.
#[tokio::test]
async fn fin_on_an_idle_pooled_connection() {
    let harness = Harness::new().await;
    let upstream = harness.upstream();
    for round in 1..=20 {
        upstream.get_chain_list().await.unwrap();
        harness.server.close_connections();
        // The runtime polls the idle connection once.
        tokio::task::yield_now().await;
        upstream.import_chain_contact(import()).await.unwrap();
        assert_eq!((harness.received(LIST), harness.received(IMPORT)), (round, round));
    }
    assert_eq!((harness.received(GETTOKEN), harness.server.connections()), (1, 21));
}

/// The end of the connection and the next request cross. A client that can't know whether the request arrived reports
/// `Delivery::Unknown` and does not repeat an import.
#[tokio::test]
async fn fin_crosses_a_request() {
    let harness = Harness::new().await;
    let upstream = harness.upstream();
    upstream.get_chain_list().await.unwrap();
    for _ in 0..50 {
        let received = harness.received(IMPORT);
        harness.server.inject(SocketFault::CloseAfterReply);
        upstream.get_chain_list().await.unwrap();
        match upstream.import_chain_contact(import()).await {
            Ok(_) => assert_eq!(harness.received(IMPORT), received + 1),
            Err(error) => {
                assert_no_secret(&error);
                assert_eq!((Failure::of(&error), error.delivery(), error.attempts()), (LOST, Delivery::Unknown, 1));
                assert_eq!(harness.received(IMPORT), received);
            }
        }
    }
}

#[tokio::test]
async fn connection_closed_after_the_request() {
    FaultCase::socket(SocketFault::CloseBeforeReply, LOST).check().await;
}

#[tokio::test]
async fn connection_half_closed_after_the_request() {
    FaultCase::socket(SocketFault::HalfClose, LOST).check().await;
}

#[tokio::test]
async fn connection_reset_after_the_request() {
    FaultCase::socket(SocketFault::ResetBeforeReply, LOST).check().await;
}

#[tokio::test]
async fn reset_mid_reply() {
    FaultCase::socket(SocketFault::ResetMidReply, LOST).check().await;
}

#[tokio::test]
async fn reply_shorter_than_its_length() {
    FaultCase::socket(SocketFault::ContentLengthTooLong, LOST).check().await;
}

/// The rest of the reply is not parsed as the start of the next one.
#[tokio::test]
async fn reply_longer_than_its_length() {
    FaultCase::socket(SocketFault::ContentLengthTooShort, Failure::Decode(Truncated)).not_repeated().check().await;
}

#[tokio::test]
async fn chunk_shorter_than_its_length() {
    FaultCase::socket(SocketFault::ShortChunk, LOST).check().await;
}
