//! An error says whether the request may have been sent, and does not contain the token.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use wecom_core::{Delivery, TransportError};

use crate::checks::failures::FAILURES;
use crate::checks::{HOLD, OK};
use crate::fixture::{Fixture, GET, METHODS, POST, request_to};
use crate::probe::{CheckResult, Probe, describe};
use crate::report::Verdict;
use crate::scripted_server::Service;
use crate::scripted_server::connection::Connection;
use crate::scripted_server::script::{After, Script};
use crate::wait::join_all;

/// The time limit of calls to a silent server.
const LIMIT: Duration = Duration::from_millis(300);

/// The size of a body that does not fit into socket buffers.
const LARGE: usize = 8 * 1024 * 1024;

/// The time limit of calls whose request is read in part.
const PART_LIMIT: Duration = Duration::from_secs(2);

/// The size of the part of a request that a server reads before it ends the connection.
const PART: usize = 64 * 1024;

pub(crate) async fn refused_connection(probe: &Probe<'_>) -> CheckResult {
    for error in refused_calls(probe).await? {
        if error.delivery() != Delivery::NotSent {
            return Err(Verdict::Warned(
                "return Delivery::NotSent, so that any call can be repeated; Unknown is correct, but forbids repeating \
                 an import"
                    .to_owned(),
            ));
        }
    }
    Ok(())
}

/// Makes calls to a port that refuses connections.
async fn refused_calls(probe: &Probe<'_>) -> Result<Vec<TransportError>, Verdict> {
    // The local port of a client refuses connections, and no server can bind it while the client is open.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let mut errors = Vec::new();
    for endpoint in METHODS {
        let expected = format!("an error for a {} to a port that refuses connections", endpoint.method());
        match probe.send(request_to(client.local_addr()?, endpoint)?).await {
            Some(Err(error)) => errors.push(error),
            Some(Ok(reply)) => return Err(Verdict::failed(expected, describe(&Ok(reply)))),
            None => return Err(Verdict::failed(expected, "the call is still pending")),
        }
    }
    Ok(errors)
}

/// Makes calls that fail after the request was sent. The [`Fixture`] records those that return `NotSent`.
pub(crate) async fn not_sent_is_true(probe: &Probe<'_>) -> CheckResult {
    for (behavior, script) in FAILURES {
        let new = Fixture::new(probe, format!("{behavior} on a new connection"), move |_, _| script())?;
        // The first request of each pair opens the connection that the second one reuses.
        let reused = Fixture::new(probe, format!("{behavior} on a reused connection"), move |index, _| {
            if index % 2 == 0 { Script::reply(200, OK) } else { script() }
        })?;
        for endpoint in [&GET, &GET, &POST, &POST] {
            let _ = new.send(new.request(endpoint)?).await?;
            let _ = reused.send(reused.request(endpoint)?).await?;
        }
    }
    timeouts(probe).await?;
    partial_requests(probe).await
}

async fn timeouts(probe: &Probe<'_>) -> CheckResult {
    let mut fixtures = Vec::new();
    for endpoint in METHODS {
        let silent = Fixture::new(probe, "is silent", |_, _| Script::empty().hold(HOLD).close())?;
        fixtures.push((silent, endpoint));
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{";
        let stalls = Fixture::new(probe, "stalls in its reply", move |_, _| Script::bytes(half).hold(HOLD).close())?;
        fixtures.push((stalls, endpoint));
    }
    let calls = fixtures.iter().map(|(fixture, endpoint)| async move {
        fixture.send(fixture.request(endpoint)?.with_time_limit(LIMIT)).await
    });
    join_all(calls).await.into_iter().try_for_each(|outcome| outcome.map(drop))
}

/// Reads a part of a request, and ends the connection.
struct ReadsPart(After);

impl Service for ReadsPart {
    type Plan = ();

    fn plan(&self) {}

    fn serve(&self, mut connection: Connection<'_, TcpStream>, (): ()) -> io::Result<()> {
        let _ = connection.take(PART)?;
        connection.end(self.0)
    }
}

async fn partial_requests(probe: &Probe<'_>) -> CheckResult {
    for (behavior, after) in [
        ("reads a part of the request and closes", After::Close),
        ("reads a part of the request and resets", After::Reset),
    ] {
        let fixture = Fixture::with_service(probe, behavior, ReadsPart(after))?.uncounted();
        let request = fixture.request(&POST)?.with_body(vec![b' '; LARGE]).with_time_limit(PART_LIMIT);
        let outcome = fixture.send(request).await?;
        if outcome.as_ref().is_err_and(|error| error.delivery() == Delivery::NotSent) {
            let expected = "Delivery::Unknown, because a part of the request was sent";
            return Err(fixture.failed(expected, &POST, describe(&outcome)));
        }
    }
    Ok(())
}

/// Makes calls that fail. The [`Probe`] searches every error for the token.
pub(crate) async fn errors_hold_no_token(probe: &Probe<'_>) -> CheckResult {
    let _ = refused_calls(probe).await;
    for (behavior, script) in FAILURES {
        let fixture = Fixture::new(probe, behavior, move |_, _| script())?;
        for endpoint in METHODS {
            let _ = fixture.send(fixture.request(endpoint)?).await?;
        }
    }
    timeouts(probe).await
}
