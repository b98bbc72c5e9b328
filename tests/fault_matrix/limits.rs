//! Replies that don't come, don't end, or are too much: a limit ends the call. What a reply may hold at most in memory is
//! the transport's limit, 8 MiB unless it is set; `tests/reply_memory.rs` measures it.

use std::time::Duration;

use wecom_conformance::SocketFault;
use wecom_core::TransportErrorKind::{Protocol, ReplyTooLarge, Timeout};

use crate::case::{Failure, FaultCase};

const LIMIT: Duration = Duration::from_millis(1500);
const LATE: Failure = Failure::Transport(Timeout);
const TOO_MUCH: Failure = Failure::Transport(ReplyTooLarge);

#[tokio::test]
async fn silence() {
    FaultCase::socket(SocketFault::Silence, LATE).until_time_limit(LIMIT).check().await;
}

/// It is taken, and nothing is answered: the request may have been read or not.
#[tokio::test]
async fn silent_connection() {
    FaultCase::socket(SocketFault::SilentConnection, LATE).sent_and_unread().until_time_limit(LIMIT).check().await;
}

#[tokio::test]
async fn stall_mid_reply() {
    FaultCase::socket(SocketFault::StallMidReply, LATE).until_time_limit(LIMIT).check().await;
}

#[tokio::test]
async fn one_byte_a_second() {
    let drip = SocketFault::DripReply(Duration::from_secs(1));
    FaultCase::socket(drip, LATE).until_time_limit(LIMIT).check().await;
}

#[tokio::test]
async fn endless_reply() {
    FaultCase::socket(SocketFault::EndlessChunks, TOO_MUCH).not_repeated().check().await;
}

#[tokio::test]
async fn endless_head() {
    FaultCase::socket(SocketFault::EndlessHeaders, Failure::Transport(Protocol)).check().await;
}

#[tokio::test]
async fn oversize_reply() {
    FaultCase::socket(SocketFault::OversizeBody(9 * 1024 * 1024), TOO_MUCH).not_repeated().check().await;
}
