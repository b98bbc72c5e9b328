//! What a dropped future has to leave behind.

use std::time::Duration;

use super::HOLD;
use super::probe::{CheckResult, Probe, describe, post};
use super::report::Verdict;
use super::wait::{cancel_when, timeout};
use crate::scripted_server::ScriptedServer;
use crate::scripted_server::script::Script;

/// The limit of the request that is dropped.
const LIMIT: Duration = Duration::from_secs(4);

/// By when its connection has to be given up.
const AT_ONCE: Duration = Duration::from_millis(2500);

/// Beyond the request's own limit.
const AFTER_LIMIT: Duration = Duration::from_secs(5);

const EXPECTED: &str = "the connection given up when the future is dropped";

/// A server that is silent to the first request, and answers the others.
fn silent_at_first() -> std::io::Result<ScriptedServer> {
    ScriptedServer::scripted(|index, _| match index {
        0 => Script::empty().hold(HOLD).close(),
        _ => Script::reply(200, "{}"),
    })
}

/// Drops a call when the server has the request; a warning where there is nothing to drop any more.
async fn drop_under_way(probe: &Probe<'_>, server: &ScriptedServer) -> CheckResult {
    let request = post(server.address())?.with_time_limit(LIMIT);
    let actual = server.until(|state| state.requests.arrived() > 0);
    match cancel_when(actual, probe.send(request)).await {
        None => Ok(()),
        Some(outcome) => Err(match outcome? {
            outcome if outcome.is_ok() || server.state().requests.arrived() == 0 => {
                Verdict::failed("a call that waits for a silent server", describe(&outcome))
            }
            // It waited as long as it may, and all of that in its first poll.
            _ => Verdict::Warned(
                "the call blocks the thread that polls it, so it can't be dropped: run it on a thread of its own"
                    .to_owned(),
            ),
        }),
    }
}

pub(crate) async fn cancels(probe: &Probe<'_>) -> CheckResult {
    let server = silent_at_first()?;
    drop_under_way(probe, &server).await?;
    if timeout(AT_ONCE, server.until(|state| state.abandoned > 0)).await.is_some() {
        return Ok(());
    }
    match timeout(AFTER_LIMIT, server.until(|state| state.abandoned > 0)).await {
        Some(()) => Err(Verdict::Warned(
            "the request goes on until its time limit: what a blocking library can't help, an asynchronous one can"
                .to_owned(),
        )),
        None => Err(Verdict::failed(EXPECTED, "it stays, beyond the request's time limit too")),
    }
}

pub(crate) async fn usable_afterwards(probe: &Probe<'_>) -> CheckResult {
    let server = silent_at_first()?;
    match drop_under_way(probe, &server).await {
        Ok(()) | Err(Verdict::Warned(_)) => {}
        failed => return failed,
    }
    for _ in 0..3 {
        probe.reply(post(server.address())?, "Ok with status 200 after a future was dropped").await?;
    }
    Ok(())
}
