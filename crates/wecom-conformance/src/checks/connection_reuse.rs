//! A connection is used again only after a complete reply, and is closed otherwise.

use std::iter;
use std::time::Duration;

use bytes::Bytes;
use wecom_core::Endpoint;

use crate::checks::cancellation::drop_call;
use crate::checks::failures::NewScript;
use crate::checks::{HOLD, OK};
use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe, describe};
use crate::report::Verdict;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;
use crate::wait::{join_all, sleep, timeout};

/// The time limit of a call that must fail.
const LIMIT: Duration = Duration::from_millis(300);

/// How long to wait for a server to finish a script, and for a transport to close its connections.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// How long to wait for two events: a faulty transport returns a connection to its pool, and a transport reads that a pooled
/// connection has ended.
const SETTLE: Duration = Duration::from_millis(100);

/// The number of sequential calls, whose connections must not stay open.
const CALLS: usize = 48;

/// The number of calls that fail.
const FAILED: usize = 12;

/// The number of connections that may stay open after sequential calls. A pool may open some in advance.
const POOLED: usize = 8;

/// The number of connections that may stay open after calls that failed. None can be used again.
const LEFT: usize = 2;

/// A reply whose body names its request.
fn reply_to(number: usize) -> Vec<u8> {
    reply::complete(200, "", body_of(number).as_bytes())
}

fn body_of(number: usize) -> String {
    format!(r#"{{"request":{number}}}"#)
}

pub(crate) async fn after_dropping(probe: &Probe<'_>) -> CheckResult {
    for endpoint in METHODS {
        for (behavior, sent) in [("replies after the call was dropped", 0), ("completes its reply after the drop", 20)]
        {
            let fixture = Fixture::new(probe, behavior, move |number, _| late_reply(number, sent))?;
            match drop_call(&fixture, endpoint, None).await {
                // A call that can't be dropped ends with an error. The next call must work after that, too.
                Ok(()) | Err(Verdict::Warned(_)) => {}
                Err(verdict) => return Err(verdict),
            }
            next_calls_work(&fixture, "after a dropped call").await?;
        }
    }
    Ok(())
}

/// Returns the script for a request, given its number.
type ScriptOf = fn(usize) -> Script;

/// What a server does, and the script for each request. The first call fails or leaves surplus bytes.
const FAILURES: [(&str, ScriptOf); 6] = [
    ("replies after the time limit", |number| late_reply(number, 0)),
    ("completes its reply after the time limit", |number| late_reply(number, 20)),
    ("sends surplus bytes after its reply", |number| match number {
        0 => Script::bytes([reply_to(0), reply_to(0)].concat()),
        _ => Script::bytes(reply_to(number)),
    }),
    ("sends status 408 on an idle connection", |number| match number {
        0 => Script::bytes(reply_to(0)).pause(PAUSE).send(reply::complete(408, "", b"")).close(),
        _ => Script::bytes(reply_to(number)),
    }),
    ("sends a malformed chunk", |number| match number {
        0 => Script::bytes([MALFORMED_CHUNK, &reply_to(0)].concat()),
        _ => Script::bytes(reply_to(number)),
    }),
    ("declares and sends a reply of 1 TiB", |number| match number {
        0 => too_large(),
        _ => Script::bytes(reply_to(number)),
    }),
];

const MALFORMED_CHUNK: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n";

/// The pause between a reply and surplus bytes.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn after_failure(probe: &Probe<'_>) -> CheckResult {
    let cases = METHODS.into_iter().flat_map(|endpoint| FAILURES.map(|failure| (endpoint, failure)));
    let results = join_all(cases.map(|(endpoint, (behavior, script))| async move {
        let fixture = Fixture::new(probe, behavior, move |number, _| script(number))?;
        let _ = fixture.send(fixture.request(endpoint)?.with_time_limit(LIMIT)).await?;
        next_calls_work(&fixture, "after a failed call").await
    }));
    results.await.into_iter().collect()
}

/// Holds back the first reply, except for its first bytes, until it is released.
fn late_reply(number: usize, sent: usize) -> Script {
    let bytes = Bytes::from(reply_to(number));
    if number > 0 {
        return Script::bytes(bytes);
    }
    Script::bytes(bytes.slice(..sent)).wait(HOLD, |state| state.released).send(bytes.slice(sent..))
}

/// A reply that is too large, and that contains complete replies.
fn too_large() -> Script {
    let piece = Bytes::from(reply_to(0).repeat(200));
    Script::bytes(reply::declared(200, "", 1 << 40, b"")).send_each(iter::repeat_n(piece, 64 * 64)).close()
}

/// Releases the first reply, and checks that each of the next calls receives its own reply.
async fn next_calls_work(fixture: &Fixture<'_>, when: &str) -> CheckResult {
    let server = fixture.server();
    server.release();
    // The late bytes are in the buffers of the first connection before the next call begins.
    let _ = timeout(MAX_WAIT, server.until(|state| state.completed > 0 || state.closed_by_client > 0)).await;
    sleep(SETTLE).await;
    for endpoint in METHODS {
        let before = fixture.arrived();
        let expected = format!("the reply to request {before} {when}");
        let reply = fixture.reply(fixture.request(endpoint)?, &expected).await?;
        let is_own = (before..fixture.arrived()).any(|number| reply.body() == body_of(number).as_bytes());
        if reply.status() != 200 || !is_own {
            let text = String::from_utf8_lossy(reply.body()).chars().take(100).collect::<String>();
            let actual = format!("{}: {text}", describe(&Ok(reply)));
            return Err(fixture.failed(&expected, endpoint, actual));
        }
    }
    Ok(())
}

/// Replies after which the server reads no other request: what the server does, and the head without its length.
const LAST_REPLIES: [(&str, &str); 10] = [
    ("replies with connection: close", "HTTP/1.1 200 OK\r\nconnection: close"),
    ("replies with Connection: Close", "HTTP/1.1 200 OK\r\nConnection: Close"),
    ("replies with connection: close, te", "HTTP/1.1 200 OK\r\nconnection: close, te"),
    ("replies with connection: te, close", "HTTP/1.1 200 OK\r\nconnection: te, close"),
    ("replies with connection: te and connection: close", "HTTP/1.1 200 OK\r\nconnection: te\r\nconnection: close"),
    ("replies with status 204 and connection: close", "HTTP/1.1 204 No Content\r\nconnection: close"),
    ("replies with status 404 and connection: close", "HTTP/1.1 404 Not Found\r\nconnection: close"),
    ("replies with status 500 and connection: close", "HTTP/1.1 500 Error\r\nconnection: close"),
    ("replies with status 503 and connection: close", "HTTP/1.1 503 Error\r\nconnection: close"),
    ("replies with HTTP/1.0", "HTTP/1.0 200 OK"),
];

pub(crate) async fn after_connection_close(probe: &Probe<'_>) -> CheckResult {
    for (behavior, head) in LAST_REPLIES {
        let (length, body) = match head.contains(" 204 ") {
            true => (String::new(), ""),
            false => (format!("content-length: {}\r\n", OK.len()), OK),
        };
        let bytes = format!("{head}\r\n{length}\r\n{body}");
        // The connection stays open, so that a second request on it arrives.
        let fixture = Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes.clone()))?;
        let mut last = None;
        for endpoint in METHODS.into_iter().chain(METHODS) {
            let before = fixture.arrived();
            let _ = fixture.send(fixture.request(endpoint)?).await?;
            let request = fixture.last_request().filter(|_| fixture.arrived() > before);
            let connection = request.map(|request| request.connection);
            if connection.is_some() && connection == last {
                let expected = "a new connection after this reply";
                return Err(fixture.failed(expected, endpoint, "a second request on the same connection"));
            }
            last = connection;
        }
    }
    Ok(())
}

/// Servers that wait until the client closes a connection that can't be used again: what they do, the script before they wait,
/// and the calls to them.
const FAILING: [(&str, NewScript, &str); 4] = [
    ("is silent", Script::empty, "calls that timed out"),
    ("closes its side of the connection", || Script::empty().close_writing(), "calls without a reply"),
    ("sends a malformed chunk and is silent", || Script::bytes(MALFORMED_CHUNK), "calls with a malformed reply"),
    (
        "declares a reply of 1 TiB and is silent",
        || Script::bytes(reply::declared(200, "", 1 << 40, b"")),
        "calls with a large reply",
    ),
];

pub(crate) async fn is_bounded(probe: &Probe<'_>) -> CheckResult {
    join_all(METHODS.map(|endpoint| is_bounded_for(probe, endpoint))).await.into_iter().collect()
}

async fn is_bounded_for(probe: &Probe<'_>, endpoint: &'static Endpoint) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with status 200", |_, _| Script::reply(200, OK))?;
    for _ in 0..CALLS {
        fixture.reply(fixture.request(endpoint)?, "Ok with status 200").await?;
    }
    leaves_few_connections(&fixture, endpoint, POOLED, &format!("{CALLS} calls one after the other")).await?;
    for (behavior, script, calls) in FAILING {
        let fixture = Fixture::new(probe, behavior, move |_, _| script().hold(HOLD).close())?;
        let request = fixture.request(endpoint)?.with_time_limit(LIMIT);
        for outcome in join_all((0..FAILED).map(|_| fixture.send(request.clone()))).await {
            let _ = outcome?;
        }
        leaves_few_connections(&fixture, endpoint, LEFT, &format!("{FAILED} {calls}")).await?;
    }
    Ok(())
}

async fn leaves_few_connections(fixture: &Fixture<'_>, endpoint: &Endpoint, most: usize, calls: &str) -> CheckResult {
    let closed = fixture.server().until(|state| state.open_connections() <= most);
    if timeout(MAX_WAIT, closed).await.is_some() {
        return Ok(());
    }
    let open = fixture.server().state().open_connections();
    let expected = format!("connections reused or closed after {calls}");
    Err(fixture.failed(&expected, endpoint, format!("{open} open connections")))
}
