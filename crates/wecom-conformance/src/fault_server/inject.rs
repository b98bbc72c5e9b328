//! Injects faults: the script that replaces a successful reply.

use std::iter;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use super::socket_fault::SocketFault;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// The delay before a reset. A reset may discard bytes that the client has not read yet.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// Holds a silent connection until the client or the server closes it.
const FOREVER: Duration = Duration::MAX;

/// The size of a piece of an endless reply, in bytes.
const PIECE: usize = 16 * 1024;

/// The number of bytes declared but not sent.
const MISSING: usize = 15;

/// The page of a captive portal.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Please sign in</title></head>\
    <body><h1>Please sign in to use this network</h1></body></html>\n";

/// Neither HTTP nor text.
const GARBAGE: &[u8] = b"\x00\x01\xfe\xff\x80 this is something else\r\n\r\n{\"errcode\":0}";

/// Returns the script that sends FIN before anything is read.
pub(crate) fn close_on_accept() -> Script {
    // Closing a socket with unread data would send RST.
    Script::empty().close_writing().hold(FOREVER).close()
}

/// Returns the script that sends RST before anything is read.
pub(crate) fn reset_on_accept() -> Script {
    Script::empty().reset()
}

/// Returns the script that sends nothing until the client closes the connection.
pub(crate) fn silence() -> Script {
    Script::empty().hold(FOREVER).close()
}

/// Returns a successful reply, as WeCom sends it, on a connection that stays open.
pub(crate) fn good(body: &[u8]) -> Script {
    Script::bytes(good_bytes(body))
}

/// Returns the script for a request that meets this fault.
pub(crate) fn on_request(fault: &SocketFault, good: &Bytes, address: SocketAddr) -> Script {
    match fault {
        SocketFault::None => self::good(good),
        SocketFault::Silence => silence(),
        SocketFault::CloseBeforeReply => Script::empty().close(),
        SocketFault::HalfClose => Script::empty().close_writing().hold(FOREVER).close(),
        SocketFault::ResetBeforeReply => Script::empty().reset(),
        SocketFault::DripReply(pace) => drip(good, *pace),
        SocketFault::StallMidReply => Script::bytes(half_of(good)).hold(FOREVER).close(),
        SocketFault::ResetMidReply => Script::bytes(half_of(good)).pause(BEFORE_RESET).reset(),
        SocketFault::ContentLengthTooShort => Script::bytes(reply::declared(200, "", good.len() as u64 / 2, good)),
        SocketFault::ContentLengthTooLong => content_length_too_long(good),
        SocketFault::ShortChunk => short_chunk(good),
        SocketFault::EndlessChunks => endless_chunks(),
        SocketFault::EndlessHeaders => endless_headers(),
        SocketFault::OversizeBody(size) => oversize_body(*size),
        SocketFault::Garbage => Script::bytes(GARBAGE).close(),
        SocketFault::Raw(bytes) => Script::bytes(bytes.clone()).close(),
        SocketFault::Html => complete(200, "content-type: text/html\r\n", PAGE.as_bytes()),
        SocketFault::Empty => complete(200, "", b""),
        SocketFault::NoContent => complete(204, "", b""),
        SocketFault::Redirect(status) => {
            complete(*status, &format!("location: http://{address}/cgi-bin/redirected\r\n"), b"moved")
        }
        SocketFault::Status { status, retry_after } => {
            let header = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
            complete(*status, &header, b"not now")
        }
        SocketFault::ProxyAuthentication => {
            complete(407, "proxy-authenticate: Basic realm=\"fault server\"\r\n", b"authentication required")
        }
        SocketFault::CloseAfterReply => Script::bytes(good_bytes(good)).close(),
        SocketFault::ResetAfterReply => Script::bytes(good_bytes(good)).pause(BEFORE_RESET).reset(),
        // These affect a connection. The queue never assigns them to a request.
        SocketFault::CloseOnAccept
        | SocketFault::ResetOnAccept
        | SocketFault::SilentConnection
        | SocketFault::Http2GoAway
        | SocketFault::Http2RefusedStream
        | SocketFault::Http2Silence => silence(),
        #[cfg(feature = "tls")]
        SocketFault::UntrustedCertificate => silence(),
    }
}

fn complete(status: u16, headers: &str, body: &[u8]) -> Script {
    Script::bytes(reply::complete(status, headers, body))
}

fn drip(good: &[u8], pace: Duration) -> Script {
    let pieces = good_bytes(good).into_iter().map(|byte| Bytes::from(vec![byte]));
    Script::empty().drip(pieces, pace)
}

fn content_length_too_long(good: &[u8]) -> Script {
    Script::bytes(reply::declared(200, "", (good.len() + MISSING) as u64, good)).close()
}

fn short_chunk(good: &[u8]) -> Script {
    let length = format!("{:x}\r\n", good.len() + MISSING);
    Script::bytes([&reply::chunked_head(), length.as_bytes(), good].concat()).close()
}

fn endless_chunks() -> Script {
    let piece = Bytes::from(reply::chunk(&[b'x'; PIECE]));
    Script::bytes(reply::chunked_head()).send_each(iter::repeat(piece)).close()
}

fn endless_headers() -> Script {
    let headers = (0_u64..).map(|number| format!("x-endless-{number}: {}\r\n", "x".repeat(100)).into());
    Script::bytes(reply::status_line(200)).send_each(headers).close()
}

fn good_bytes(body: &[u8]) -> Vec<u8> {
    reply::complete(200, "content-type: application/json; charset=UTF-8\r\n", body)
}

/// Returns a successful reply, truncated at half of its body.
fn half_of(body: &[u8]) -> Vec<u8> {
    let mut bytes = good_bytes(body);
    bytes.truncate(bytes.len() - body.len().div_ceil(2));
    bytes
}

/// Returns a successful reply with a body of this size.
fn oversize_body(size: u64) -> Script {
    const FRONT: &[u8] = br#"{"errcode":0,"errmsg":""#;
    const BACK: &[u8] = b"\"}";
    let around = (FRONT.len() + BACK.len()) as u64;
    let padding = size.saturating_sub(around);
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = padding / PIECE as u64;
    let rest = piece.slice(..(padding % PIECE as u64) as usize);
    Script::bytes(reply::declared(200, "content-type: application/json\r\n", padding + around, FRONT))
        .send_each((0..pieces).map(move |_| piece.clone()))
        .send(rest)
        .send(BACK)
}
