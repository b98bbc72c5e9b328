//! A truncated, malformed or reset reply is an error.

use std::time::Duration;

use crate::checks::OK;
use crate::checks::content_encoding::{self, is_accepted};
use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe, describe};
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// The delay before a reset, which may discard bytes that the client has not read.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// What the server does, and the bytes that it sends before it closes the connection.
const REPLIES: &[(&str, &str)] = &[
    ("closes without a reply", ""),
    ("closes in the status line", "HTTP/1.1 20"),
    ("closes in a header", "HTTP/1.1 200 OK\r\ncontent-le"),
    ("closes after an interim reply", "HTTP/1.1 100 Continue\r\n\r\n"),
    ("closes before the body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"),
    ("closes in the body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"errcode\":0}"),
    ("closes in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"errcode\":0}"),
    ("closes before the last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"errcode\":0}\r\n"),
    (
        "sends a chunk length that is not a number",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"errcode\":0}\r\nxyz\r\n\r\n",
    ),
    (
        "sends a chunk that continues after its length",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"errcode\":0}XX0\r\n\r\n",
    ),
    // RFC 9112 (6.3) requires an error for an invalid length. A repeated length is valid if all its values are equal.
    ("declares a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -13\r\n\r\n{\"errcode\":0}"),
    ("declares a length with a sign", "HTTP/1.1 200 OK\r\ncontent-length: +13\r\n\r\n{\"errcode\":0}"),
    ("declares a length with a unit", "HTTP/1.1 200 OK\r\ncontent-length: 13 bytes\r\n\r\n{\"errcode\":0}"),
    (
        "declares two lengths, the first of which is that of its body",
        "HTTP/1.1 200 OK\r\ncontent-length: 13\r\ncontent-length: 2\r\n\r\n{\"errcode\":0}",
    ),
    (
        "declares two lengths, the second of which is that of its body",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 13\r\n\r\n{\"errcode\":0}",
    ),
    ("declares a list of two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 13, 2\r\n\r\n{\"errcode\":0}"),
    ("sends bytes that are not HTTP", "\0\u{1}\u{2}\u{3} not HTTP\r\n\r\n{\"errcode\":0}"),
];

/// What the server does, and the bytes that it sends before it resets the connection.
const RESETS: &[(&str, &str)] = &[
    ("resets without a reply", ""),
    ("resets in the body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"errcode\":0}"),
    ("resets before the last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"errcode\":0}\r\n"),
    ("resets a reply without a length", "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"errcode\":0}"),
];

pub(crate) async fn is_an_error(probe: &Probe<'_>) -> CheckResult {
    for &(behavior, bytes) in REPLIES {
        fails(&Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes).close())?).await?;
    }
    for (behavior, data) in [
        ("replies in truncated gzip to requests that accept gzip", content_encoding::truncated()),
        ("replies in gzip with a wrong checksum to requests that accept gzip", content_encoding::with_wrong_checksum()),
    ] {
        broken_encoding(probe, behavior, data).await?;
    }
    Ok(())
}

pub(crate) async fn reset_is_an_error(probe: &Probe<'_>) -> CheckResult {
    for &(behavior, bytes) in RESETS {
        fails(&Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes).pause(BEFORE_RESET).reset())?).await?;
    }
    Ok(())
}

async fn fails(fixture: &Fixture<'_>) -> CheckResult {
    for endpoint in METHODS {
        fixture.error(fixture.request(endpoint)?, "an error").await?;
    }
    Ok(())
}

/// Checks that broken gzip data in a complete reply is an error.
async fn broken_encoding(probe: &Probe<'_>, behavior: &str, data: Vec<u8>) -> CheckResult {
    let fixture = Fixture::new(probe, behavior, move |_, request| match is_accepted(request, "gzip") {
        true => Script::bytes(reply::complete(200, "content-encoding: gzip\r\n", &data)),
        false => Script::reply(200, OK),
    })?;
    for endpoint in METHODS {
        let outcome = fixture.send(fixture.request(endpoint)?).await?;
        let is_encoded = fixture.last_request().is_some_and(|request| is_accepted(&request, "gzip"));
        if is_encoded && outcome.is_ok() {
            return Err(fixture.failed("an error", endpoint, describe(&outcome)));
        }
    }
    Ok(())
}
