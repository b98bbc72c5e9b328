//! One call sends one request.
//!
//! The [`Fixture`] counts requests in every check. This check adds the replies and failures after which HTTP libraries
//! retry.

use std::pin::Pin;
use std::time::Duration;

use wecom_core::Request;

use crate::checks::failures::FAILURES;
use crate::checks::{HOLD, OK};
use crate::fixture::{Fixture, GET, METHODS, POST};
use crate::probe::{CheckResult, Probe};
use crate::report::Verdict;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;
use crate::wait::{join_all, sleep};

/// Statuses after which HTTP libraries retry.
const STATUSES: [u16; 13] = [401, 407, 408, 409, 413, 417, 421, 425, 429, 500, 502, 503, 504];

/// Complete replies after which layers above an HTTP library retry: what the server does, and the status, headers and body.
///
/// An HTML page is often the reply of a gateway. The error codes are those of the service that ask for a later call or
/// another token.
const REPLIES: [(&str, u16, &str, &str); 11] = [
    ("replies with status 502 and HTML", 502, HTML, "<html><h1>502 Bad Gateway</h1></html>"),
    ("replies with status 200 and HTML", 200, HTML, "<html><h1>Please wait</h1></html>"),
    ("replies with status 200 and no body", 200, "", ""),
    ("replies with status 503 and retry-after: 1", 503, "retry-after: 1\r\n", ""),
    ("replies with errcode -1", 200, JSON, r#"{"errcode":-1,"errmsg":"system error"}"#),
    ("replies with errcode 40001", 200, JSON, r#"{"errcode":40001,"errmsg":"invalid credential"}"#),
    ("replies with errcode 40014", 200, JSON, r#"{"errcode":40014,"errmsg":"invalid access_token"}"#),
    ("replies with errcode 42001", 200, JSON, r#"{"errcode":42001,"errmsg":"access_token expired"}"#),
    ("replies with errcode 45009", 200, JSON, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#),
    ("replies with errcode 45033", 200, JSON, r#"{"errcode":45033,"errmsg":"api concurrent out of limit"}"#),
    ("replies with errcode 50000", 200, JSON, r#"{"errcode":50000,"errmsg":"server busy"}"#),
];

const HTML: &str = "content-type: text/html\r\n";
const JSON: &str = "content-type: application/json\r\n";

/// The reply of a server that closes an idle connection.
const TIMED_OUT: &str = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// The sizes of the bodies of a `POST`, besides that of every request. Some HTTP libraries repeat a request only if its body
/// is empty, others only if it is large.
const BODIES: [usize; 3] = [0, 1024, 16 * 1024];

/// The time limit of calls to a silent server.
const LIMIT: Duration = Duration::from_millis(400);

/// The delay of a slow reply. A transport must not hedge meanwhile.
const DELAY: Duration = Duration::from_millis(2300);

/// How long to wait for requests that arrive after the end of their call.
const SETTLE: Duration = Duration::from_millis(1700);

/// The number of concurrent calls.
const CONCURRENT: usize = 8;

pub(crate) async fn is_sent(probe: &Probe<'_>) -> CheckResult {
    let parts: [Pin<Box<dyn Future<Output = CheckResult> + '_>>; 2] =
        [Box::pin(without_repetition(probe)), Box::pin(without_hedging(probe))];
    join_all(parts).await.into_iter().collect()
}

async fn without_repetition(probe: &Probe<'_>) -> CheckResult {
    let fixtures = fixtures(probe)?;
    for fixture in &fixtures {
        for request in requests(fixture)? {
            // The first call can leave a connection for the second one.
            let _ = fixture.send(request.clone()).await?;
            let _ = fixture.send(request).await?;
        }
    }
    let silent = timeouts(probe).await?;
    combined(probe).await?;
    sleep(SETTLE).await;
    drop((fixtures, silent));
    Ok(())
}

fn fixtures<'a>(probe: &'a Probe<'a>) -> Result<Vec<Fixture<'a>>, Verdict> {
    let mut fixtures = Vec::new();
    for status in STATUSES {
        fixtures.push(Fixture::new(probe, format!("replies with status {status}"), move |_, _| {
            let headers = "retry-after: 0\r\nwww-authenticate: Basic realm=\"wecom\"\r\n";
            Script::bytes(reply::complete(status, headers, OK.as_bytes()))
        })?);
    }
    for (behavior, status, headers, body) in REPLIES {
        let bytes = reply::complete(status, headers, body.as_bytes());
        fixtures.push(Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes.clone()))?);
    }
    let behavior = "replies with status 408 and connection: close";
    fixtures.push(Fixture::new(probe, behavior, |_, _| Script::bytes(TIMED_OUT).close())?);
    for (behavior, script) in FAILURES {
        // The first request of each pair opens the connection that the second one reuses.
        fixtures.push(Fixture::new(probe, format!("{behavior} on a reused connection"), move |index, _| {
            if index % 2 == 0 { Script::reply(200, OK) } else { script() }
        })?);
        fixtures.push(Fixture::new(probe, format!("{behavior} on a new connection"), move |_, _| script())?);
    }
    Ok(fixtures)
}

/// Returns a `GET`, and a `POST` with each body.
fn requests(fixture: &Fixture<'_>) -> Result<Vec<Request>, Verdict> {
    let mut requests = vec![fixture.request(&GET)?, fixture.request(&POST)?];
    for size in BODIES {
        requests.push(fixture.request(&POST)?.with_body(vec![b' '; size]));
    }
    Ok(requests)
}

/// Makes calls that receive a slow reply.
async fn without_hedging(probe: &Probe<'_>) -> CheckResult {
    let fixtures = METHODS.map(|endpoint| {
        let behavior = format!("replies after {} ms", DELAY.as_millis());
        let fixture = Fixture::new(probe, behavior, |_, _| {
            Script::empty().pause(DELAY).send(reply::complete(200, "", OK.as_bytes()))
        });
        (fixture, endpoint)
    });
    let calls = fixtures.into_iter().map(|(fixture, endpoint)| async move {
        let fixture = fixture?;
        fixture.send(fixture.request(endpoint)?).await.map(drop)
    });
    join_all(calls).await.into_iter().collect()
}

/// Makes calls that time out. Returns their servers, to be dropped after late requests have arrived.
async fn timeouts<'a>(probe: &'a Probe<'a>) -> Result<Vec<Fixture<'a>>, Verdict> {
    let mut fixtures = Vec::new();
    for endpoint in METHODS {
        let silent = Fixture::new(probe, "is silent", |_, _| Script::empty().hold(HOLD).close())?;
        fixtures.push((silent, endpoint));
    }
    let calls = fixtures.iter().map(|(fixture, endpoint)| async move {
        fixture.send(fixture.request(endpoint)?.with_time_limit(LIMIT)).await
    });
    for outcome in join_all(calls).await {
        let _ = outcome?;
    }
    Ok(fixtures.into_iter().map(|(fixture, _)| fixture).collect())
}

/// Makes equal calls concurrently. They must not share a request.
async fn combined(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies after 50 ms to equal concurrent calls", |_, _| {
        Script::empty().pause(Duration::from_millis(50)).send(reply::complete(200, "", OK.as_bytes()))
    })?;
    for endpoint in METHODS {
        let request = fixture.request(endpoint)?;
        let before = fixture.arrived();
        for outcome in join_all((0..CONCURRENT).map(|_| fixture.send(request.clone()))).await {
            let _ = outcome?;
        }
        let arrived = fixture.arrived() - before;
        if arrived < CONCURRENT {
            let actual = format!("{arrived} requests for {CONCURRENT} calls");
            return Err(fixture.failed("one request for each call", endpoint, actual));
        }
    }
    Ok(())
}
