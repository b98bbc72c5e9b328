//! Dropping the future of a call closes its connection.

use std::future::pending;
use std::io;
use std::net::TcpStream;
use std::time::Duration;

use wecom_core::Endpoint;

use crate::checks::HOLD;
use crate::fixture::{Fixture, METHODS, POST};
use crate::probe::{CheckResult, Probe, describe};
use crate::report::Verdict;
use crate::scripted_server::Service;
use crate::scripted_server::connection::Connection;
use crate::scripted_server::script::Script;
use crate::wait::{cancel_when, timeout};

/// The time limit of the dropped call.
const LIMIT: Duration = Duration::from_secs(4);

/// How long a call continues before it is dropped, once the server has acted.
const READING: Duration = Duration::from_millis(50);

/// The duration within which its connection must close. Shorter than the time limit.
const CLOSE_LIMIT: Duration = Duration::from_millis(2500);

/// A duration beyond the time limit.
const AFTER_LIMIT: Duration = Duration::from_secs(5);

/// The size of a body that does not fit into socket buffers.
const LARGE: usize = 8 * 1024 * 1024;

const EXPECTED: &str = "the connection closed when the future is dropped";

/// Reads the beginning of a request, and the rest only once the check has dropped the call.
struct StopsReading;

impl Service for StopsReading {
    type Plan = ();

    fn plan(&self) {}

    fn serve(&self, mut connection: Connection<'_, TcpStream>, (): ()) -> io::Result<()> {
        let _ = connection.take(1)?;
        connection.completed();
        connection.wait(HOLD, |state| state.released);
        connection.hold(HOLD)
    }
}

pub(crate) async fn closes_the_connection(probe: &Probe<'_>) -> CheckResult {
    const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{";
    for endpoint in METHODS {
        let silent = Fixture::new(probe, "is silent", |_, _| Script::empty().hold(HOLD).close())?;
        closes(&silent, endpoint, None).await?;
        let stalls = Fixture::new(probe, "stalls in its reply", |_, _| Script::bytes(HALF).hold(HOLD).close())?;
        closes(&stalls, endpoint, None).await?;
    }
    let unread = Fixture::with_service(probe, "does not read the body of the request", StopsReading)?.uncounted();
    closes(&unread, &POST, Some(vec![b' '; LARGE])).await
}

async fn closes(fixture: &Fixture<'_>, endpoint: &'static Endpoint, body: Option<Vec<u8>>) -> CheckResult {
    drop_call(fixture, endpoint, body).await?;
    let server = fixture.server();
    server.release();
    if timeout(CLOSE_LIMIT, server.until(|state| state.abandoned > 0)).await.is_some() {
        return Ok(());
    }
    match timeout(AFTER_LIMIT, server.until(|state| state.abandoned > 0)).await {
        Some(()) => Err(Verdict::Warned(format!(
            "{} to a server that {} continues until its time limit: unavoidable in a blocking library, avoidable in an \
             asynchronous one",
            endpoint.method(),
            fixture.behavior()
        ))),
        None => Err(fixture.failed(EXPECTED, endpoint, "the connection stays open beyond the time limit")),
    }
}

/// Makes a call, and drops it when the server has acted on it. Returns a warning if the call can't be dropped.
pub(crate) async fn drop_call(
    fixture: &Fixture<'_>,
    endpoint: &'static Endpoint,
    body: Option<Vec<u8>>,
) -> CheckResult {
    let mut request = fixture.request(endpoint)?.with_time_limit(LIMIT);
    if let Some(body) = body {
        request = request.with_body(body);
    }
    let server = fixture.server();
    let has_acted = async {
        server.until(|state| state.waits > 0 || state.completed > 0).await;
        // The transport reads what the server has sent.
        let _ = timeout(READING, pending::<()>()).await;
    };
    let Some(outcome) = cancel_when(has_acted, fixture.send(request)).await else { return Ok(()) };
    let outcome = outcome?;
    if outcome.is_ok() || server.state().connections == 0 {
        return Err(fixture.failed("a call that waits", endpoint, describe(&outcome)));
    }
    // The first poll of the call blocked until the time limit.
    Err(Verdict::Warned(
        "the call blocks the thread that polls it, so it can't be dropped: run it on another thread".to_owned(),
    ))
}
