//! The size of a reply is bounded.
//!
//! Interim replies and trailers are not part of this check. HTTP sets no limit to their number, and an HTTP library may
//! discard each as it arrives: ureq does so with trailers, hyper with interim replies. Only the time limit bounds them.

use std::iter;

use bytes::Bytes;

use crate::checks::{OK, content_encoding};
use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe, describe};
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// The size of a reply that no transport may accept.
const ENDLESS: usize = 64 * 1024 * 1024;

const EXPECTED: &str = "an error before 64 MiB of the reply are read";

pub(crate) async fn is_enforced(probe: &Probe<'_>) -> CheckResult {
    const PIECE: &[u8] = &[b'x'; 0x4000];
    let header = format!("x-header: {}\r\n", "x".repeat(PIECE.len()));
    let close_delimited = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let close_delimited_error = format!("{}connection: close\r\n\r\n", reply::status_line(400));
    for (behavior, head, piece) in [
        ("replies in chunks without end", reply::chunked_head(), reply::chunk(PIECE)),
        ("declares and sends a reply of 1 TiB", reply::declared(200, "", 1 << 40, b""), PIECE.to_vec()),
        ("sends a reply without a length and without end", close_delimited.to_vec(), PIECE.to_vec()),
        ("declares and sends a reply of 1 TiB with status 502", reply::declared(502, "", 1 << 40, b""), PIECE.to_vec()),
        ("sends a reply with status 400 and without end", close_delimited_error.into_bytes(), PIECE.to_vec()),
        ("sends headers without end", reply::status_line(200).into_bytes(), header.into_bytes()),
    ] {
        let piece = Bytes::from(piece);
        let fixture = Fixture::new(probe, behavior, move |_, _| {
            let pieces = iter::repeat_n(piece.clone(), ENDLESS / PIECE.len());
            Script::bytes(head.clone()).send_each(pieces).close()
        })?;
        for endpoint in METHODS {
            let completed = fixture.server().state().completed;
            let error = fixture.error(fixture.request(endpoint)?, EXPECTED).await?;
            if fixture.server().state().completed > completed {
                let actual = format!("all of it was read, and then {}", describe(&Err(error)));
                return Err(fixture.failed(EXPECTED, endpoint, actual));
            }
        }
    }
    decoded(probe).await
}

/// Checks that the limit applies to the decoded body.
async fn decoded(probe: &Probe<'_>) -> CheckResult {
    let behavior = "replies with 64 MiB in gzip, compressed to 1 MiB, to requests that accept gzip";
    let fixture = Fixture::new(probe, behavior, |_, request| match content_encoding::is_accepted(request, "gzip") {
        true => Script::bytes(reply::complete(200, "content-encoding: gzip\r\n", &content_encoding::bomb())),
        false => Script::reply(200, OK),
    })?;
    for endpoint in METHODS {
        let outcome = fixture.send(fixture.request(endpoint)?).await?;
        if outcome.as_ref().is_ok_and(|reply| reply.body().len() >= ENDLESS / 2) {
            return Err(fixture.failed(EXPECTED, endpoint, describe(&outcome)));
        }
    }
    Ok(())
}
