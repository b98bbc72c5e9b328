//! Connections that end at the wrong moment.

use wecom_conformance::SocketFault;
use wecom_core::DecodeProblem::Truncated;
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::{Connect, ConnectionLost};

use crate::row::{Ends, Row};
use crate::stage::{GETTOKEN, IMPORT, LIST, Stage, assert_no_secret, import};

const LOST: Ends = Ends::Transport(ConnectionLost);

#[tokio::test]
async fn fin_on_a_new_connection() {
    Row::of(SocketFault::CloseOnAccept, LOST).unread().check().await;
}

#[tokio::test]
async fn reset_on_a_new_connection() {
    let row = Row::of(SocketFault::ResetOnAccept, LOST);
    row.unread().or_early(Ends::Transport(Connect)).check().await;
}

/// The connections that the client has kept are dead, and it doesn't know: an import goes through all the same, and the
/// server sees it once.
#[tokio::test]
async fn fin_on_an_idle_pooled_connection() {
    let stage = Stage::new().await;
    let upstream = stage.upstream();
    for round in 1..=20 {
        upstream.get_chain_list().await.unwrap();
        stage.server.close_connections();
        // It lies idle: the runtime has had a look at it since.
        tokio::task::yield_now().await;
        upstream.import_chain_contact(import()).await.unwrap();
        assert_eq!((stage.seen(LIST), stage.seen(IMPORT)), (round, round));
    }
    assert_eq!((stage.seen(GETTOKEN), stage.server.connections()), (1, 21));
}

/// The end of the connection and the next request cross. Who can't know whether it arrived says so, and doesn't repeat it.
#[tokio::test]
async fn fin_crosses_a_request() {
    let stage = Stage::new().await;
    let upstream = stage.upstream();
    upstream.get_chain_list().await.unwrap();
    for _ in 0..50 {
        let seen = stage.seen(IMPORT);
        stage.server.next(SocketFault::CloseAfterReply);
        upstream.get_chain_list().await.unwrap();
        match upstream.import_chain_contact(import()).await {
            Ok(_) => assert_eq!(stage.seen(IMPORT), seen + 1),
            Err(error) => {
                assert_no_secret(&error);
                assert_eq!((Ends::of(&error), error.delivery(), error.attempts()), (LOST, Delivery::Unknown, 1));
                assert_eq!(stage.seen(IMPORT), seen);
            }
        }
    }
}

#[tokio::test]
async fn request_read_and_connection_closed() {
    Row::of(SocketFault::CloseBeforeReply, LOST).check().await;
}

#[tokio::test]
async fn request_read_and_connection_half_closed() {
    Row::of(SocketFault::HalfClose, LOST).check().await;
}

#[tokio::test]
async fn request_read_and_connection_reset() {
    Row::of(SocketFault::ResetBeforeReply, LOST).check().await;
}

#[tokio::test]
async fn reset_mid_reply() {
    Row::of(SocketFault::ResetMidReply, LOST).check().await;
}

#[tokio::test]
async fn reply_shorter_than_its_length() {
    Row::of(SocketFault::ContentLengthTooLong, LOST).check().await;
}

/// The rest of the reply is no beginning of the next one.
#[tokio::test]
async fn reply_longer_than_its_length() {
    Row::of(SocketFault::ContentLengthTooShort, Ends::Decode(Truncated)).not_repeated().check().await;
}

#[tokio::test]
async fn chunk_shorter_than_its_length() {
    Row::of(SocketFault::ShortChunk, LOST).check().await;
}
