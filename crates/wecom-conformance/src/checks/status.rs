//! Any HTTP status is `Ok`.

use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe, describe};
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// Statuses that HTTP libraries treat specially, and some that are not standard. RFC 9110 (15) has clients treat an invalid one,
/// such as 999, like a 5xx: as a reply.
const STATUSES: &[u16] = &[
    200, 201, 202, 203, 204, 205, 206, 300, 302, 304, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 413, 417,
    418, 421, 422, 425, 426, 429, 451, 499, 500, 501, 502, 503, 504, 511, 520, 599, 600, 900, 999,
];

/// Replies with an unusual head: the behavior of the server, the status, and the bytes. The body is `{}`.
const HEADS: &[(&str, u16, &str)] = &[
    ("replies without a reason phrase", 200, "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}"),
    (
        "sends the interim reply 100 before its reply",
        200,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ),
    (
        "sends the interim replies 102 and 103 before its reply",
        503,
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n\
         HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}",
    ),
];

pub(crate) async fn any_status(probe: &Probe<'_>) -> CheckResult {
    for &status in STATUSES {
        let body = if matches!(status, 204 | 205 | 304) { String::new() } else { format!(r#"{{"status":{status}}}"#) };
        let bytes = reply::complete(status, headers_of(status), body.as_bytes());
        is_ok(probe, &format!("replies with status {status}"), status, &body, bytes).await?;
    }
    for &(behavior, status, bytes) in HEADS {
        is_ok(probe, behavior, status, "{}", bytes.into()).await?;
    }
    let not_modified = b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n".to_vec();
    is_ok(probe, "replies with status 304 and a content-length", 304, "", not_modified).await
}

/// Returns headers that can make a transport react to a status.
fn headers_of(status: u16) -> &'static str {
    match status {
        401 => "www-authenticate: Basic realm=\"wecom\"\r\n",
        407 => "proxy-authenticate: Basic realm=\"wecom\"\r\n",
        429 | 503 => "retry-after: 0\r\n",
        _ => "",
    }
}

async fn is_ok(probe: &Probe<'_>, behavior: &str, status: u16, body: &str, bytes: Vec<u8>) -> CheckResult {
    let fixture = Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes.clone()))?;
    let expected = format!("Ok with status {status} and {} bytes", body.len());
    for endpoint in METHODS {
        let reply = fixture.reply(fixture.request(endpoint)?, &expected).await?;
        if reply.status() != status || reply.body() != body.as_bytes() {
            return Err(fixture.failed(&expected, endpoint, describe(&Ok(reply))));
        }
    }
    Ok(())
}
