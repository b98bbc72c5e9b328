//! Failures after the server has read the request, which HTTP libraries tend to retry or to report as unsent.

use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// Returns a script.
pub(crate) type NewScript = fn() -> Script;

/// The failures: what the server does, and the script for it. None needs a timeout.
pub(crate) const FAILURES: [(&str, NewScript); 7] = [
    ("closes the connection without a reply", || Script::empty().close()),
    ("resets the connection without a reply", || Script::empty().reset()),
    ("sends a reply that is not HTTP", || Script::bytes("\0\u{1} not HTTP\r\n\r\n").close()),
    ("truncates the head of its reply", || Script::bytes("HTTP/1.1 200 OK\r\ncontent-le").close()),
    ("truncates the body of its reply", || Script::bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").close()),
    ("truncates a chunk of its reply", || {
        Script::bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{").close()
    }),
    ("declares a reply of 1 TiB", || Script::bytes(reply::declared(200, "", 1 << 40, b"{")).close()),
];
