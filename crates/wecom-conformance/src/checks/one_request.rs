//! One call sends one request.
//!
//! The [`Fixture`] counts requests in every check. This check adds the replies and failures after which HTTP libraries
//! retry.

use std::time::Duration;

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

/// The time limit of calls to a silent server.
const LIMIT: Duration = Duration::from_millis(400);

/// How long to wait for requests that arrive after the end of their call.
const SETTLE: Duration = Duration::from_millis(200);

/// The number of concurrent calls.
const CONCURRENT: usize = 8;

pub(crate) async fn is_sent(probe: &Probe<'_>) -> CheckResult {
    let mut fixtures = Vec::new();
    for status in STATUSES {
        fixtures.push(Fixture::new(probe, format!("replies with status {status}"), move |_, _| {
            let headers = "retry-after: 0\r\nwww-authenticate: Basic realm=\"wecom\"\r\n";
            Script::bytes(reply::complete(status, headers, OK.as_bytes()))
        })?);
    }
    for (behavior, script) in FAILURES {
        // The first request of each pair opens the connection that the second one reuses.
        fixtures.push(Fixture::new(probe, format!("{behavior} on a reused connection"), move |index, _| {
            if index % 2 == 0 { Script::reply(200, OK) } else { script() }
        })?);
        fixtures.push(Fixture::new(probe, format!("{behavior} on a new connection"), move |_, _| script())?);
    }
    for fixture in &fixtures {
        for endpoint in [&GET, &GET, &POST, &POST] {
            let _ = fixture.send(fixture.request(endpoint)?).await?;
        }
    }
    let silent = timeouts(probe).await?;
    combined(probe).await?;
    sleep(SETTLE).await;
    drop((fixtures, silent));
    Ok(())
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
