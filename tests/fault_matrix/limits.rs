//! Replies that don't come, don't end, or are too much: a limit ends the call. What a reply may hold at most in memory is
//! the transport's limit, 8 MiB unless it is set; `tests/reply_memory.rs` measures it.

use std::time::Duration;

use wecom_conformance::SocketFault;
use wecom_core::TransportErrorKind::{Protocol, ReplyTooLarge, Timeout};

use crate::row::{Ends, Row};

const LIMIT: Duration = Duration::from_millis(1500);
const LATE: Ends = Ends::Transport(Timeout);
const TOO_MUCH: Ends = Ends::Transport(ReplyTooLarge);

#[tokio::test]
async fn silence() {
    Row::of(SocketFault::Silence, LATE).until_time_limit(LIMIT).check().await;
}

/// It is taken, and nothing is answered: the request may have been read or not.
#[tokio::test]
async fn silent_connection() {
    Row::of(SocketFault::SilentConnection, LATE).sent_and_unread().until_time_limit(LIMIT).check().await;
}

#[tokio::test]
async fn stall_mid_reply() {
    Row::of(SocketFault::StallMidReply, LATE).until_time_limit(LIMIT).check().await;
}

#[tokio::test]
async fn one_byte_a_second() {
    let drip = SocketFault::DripReply(Duration::from_secs(1));
    Row::of(drip, LATE).until_time_limit(LIMIT).check().await;
}

#[tokio::test]
async fn endless_reply() {
    Row::of(SocketFault::EndlessChunks, TOO_MUCH).not_repeated().check().await;
}

#[tokio::test]
async fn endless_head() {
    Row::of(SocketFault::EndlessHeaders, Ends::Transport(Protocol)).check().await;
}

#[tokio::test]
async fn oversize_reply() {
    Row::of(SocketFault::OversizeBody(9 * 1024 * 1024), TOO_MUCH).not_repeated().check().await;
}
