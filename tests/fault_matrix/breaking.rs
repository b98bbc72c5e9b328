//! Connections that end at the wrong moment.

use wecom_conformance::SocketFault;
use wecom_core::DecodeProblem::Truncated;
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::{Connect, ConnectionLost};

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

/// The connections that the client has kept are dead, and it doesn't know: an import goes through all the same, and the
/// server sees it once.
#[tokio::test]
async fn fin_on_an_idle_pooled_connection() {
    let harness = Harness::new().await;
    let upstream = harness.upstream();
    for round in 1..=20 {
        upstream.get_chain_list().await.unwrap();
        harness.server.close_connections();
        // It lies idle: the runtime has had a look at it since.
        tokio::task::yield_now().await;
        upstream.import_chain_contact(import()).await.unwrap();
        assert_eq!((harness.received(LIST), harness.received(IMPORT)), (round, round));
    }
    assert_eq!((harness.received(GETTOKEN), harness.server.connections()), (1, 21));
}

/// The end of the connection and the next request cross. Who can't know whether it arrived says so, and doesn't repeat it.
#[tokio::test]
async fn fin_crosses_a_request() {
    let harness = Harness::new().await;
    let upstream = harness.upstream();
    upstream.get_chain_list().await.unwrap();
    for _ in 0..50 {
        let seen = harness.received(IMPORT);
        harness.server.next(SocketFault::CloseAfterReply);
        upstream.get_chain_list().await.unwrap();
        match upstream.import_chain_contact(import()).await {
            Ok(_) => assert_eq!(harness.received(IMPORT), seen + 1),
            Err(error) => {
                assert_no_secret(&error);
                assert_eq!((Failure::of(&error), error.delivery(), error.attempts()), (LOST, Delivery::Unknown, 1));
                assert_eq!(harness.received(IMPORT), seen);
            }
        }
    }
}

#[tokio::test]
async fn request_read_and_connection_closed() {
    FaultCase::socket(SocketFault::CloseBeforeReply, LOST).check().await;
}

#[tokio::test]
async fn request_read_and_connection_half_closed() {
    FaultCase::socket(SocketFault::HalfClose, LOST).check().await;
}

#[tokio::test]
async fn request_read_and_connection_reset() {
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

/// The rest of the reply is no beginning of the next one.
#[tokio::test]
async fn reply_longer_than_its_length() {
    FaultCase::socket(SocketFault::ContentLengthTooShort, Failure::Decode(Truncated)).not_repeated().check().await;
}

#[tokio::test]
async fn chunk_shorter_than_its_length() {
    FaultCase::socket(SocketFault::ShortChunk, LOST).check().await;
}
