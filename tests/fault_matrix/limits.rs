//! Replies that do not arrive, do not end, or are too large: a limit ends the call. The transport limits the size of a reply,
//! to 8 MiB by default; `tests/reply_memory.rs` measures the memory.

use std::time::Duration;

use wecom_conformance::SocketFault;
use wecom_core::TransportErrorKind::{Protocol, ReplyTooLarge, Timeout};

use crate::case::{Failure, FaultCase};

const LIMIT: Duration = Duration::from_millis(1500);
const LATE: Failure = Failure::Transport(Timeout);
const TOO_LARGE: Failure = Failure::Transport(ReplyTooLarge);

#[tokio::test]
async fn silence() {
    FaultCase::socket(SocketFault::Silence, LATE).until_time_limit(LIMIT).check().await;
}

/// The server accepts the connection and does nothing. The client can't know whether the request was read.
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
    FaultCase::socket(SocketFault::EndlessChunks, TOO_LARGE).not_repeated().check().await;
}

#[tokio::test]
async fn endless_head() {
    FaultCase::socket(SocketFault::EndlessHeaders, Failure::Transport(Protocol)).check().await;
}

#[tokio::test]
async fn oversize_reply() {
    FaultCase::socket(SocketFault::OversizeBody(9 * 1024 * 1024), TOO_LARGE).not_repeated().check().await;
}
