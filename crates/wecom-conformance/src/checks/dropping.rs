//! What a dropped future has to leave behind.

use std::time::Duration;

use super::HOLD;
use super::probe::{Finding, Probe, post, told};
use super::report::Verdict;
use super::wait::{before, within};
use crate::server::Server;
use crate::server::answer::Answer;

/// The limit of the request that is dropped.
const LIMIT: Duration = Duration::from_secs(4);

/// By when its connection has to be given up.
const AT_ONCE: Duration = Duration::from_millis(2500);

/// Beyond the request's own limit.
const AFTER_LIMIT: Duration = Duration::from_secs(5);

const EXPECTED: &str = "the connection given up when the future is dropped";

/// A server that is silent to the first request, and answers the others.
fn silent_at_first() -> std::io::Result<Server> {
    Server::scripted(|index, _| match index {
        0 => Answer::nothing().hold(HOLD).closes(),
        _ => Answer::reply(200, "{}"),
    })
}

/// Drops a call when the server has the request; a warning where there is nothing to drop any more.
async fn drop_under_way(probe: &Probe<'_>, server: &Server) -> Finding {
    let request = post(server.address())?.with_time_limit(LIMIT);
    let came = server.until(|state| state.requests.arrived() > 0);
    match before(came, probe.send(request)).await {
        None => Ok(()),
        Some(outcome) => Err(match outcome? {
            outcome if outcome.is_ok() || server.state().requests.arrived() == 0 => {
                Verdict::failed("a call that waits for a silent server", told(&outcome))
            }
            // It waited as long as it may, and all of that in its first poll.
            _ => Verdict::Warned(
                "the call blocks the thread that polls it, so it can't be dropped: run it on a thread of its own"
                    .to_owned(),
            ),
        }),
    }
}

pub(crate) async fn cancels(probe: &Probe<'_>) -> Finding {
    let server = silent_at_first()?;
    drop_under_way(probe, &server).await?;
    if within(AT_ONCE, server.until(|state| state.given_up > 0)).await.is_some() {
        return Ok(());
    }
    match within(AFTER_LIMIT, server.until(|state| state.given_up > 0)).await {
        Some(()) => Err(Verdict::Warned(
            "the request goes on until its time limit: what a blocking library can't help, an asynchronous one can"
                .to_owned(),
        )),
        None => Err(Verdict::failed(EXPECTED, "it stays, beyond the request's time limit too")),
    }
}

pub(crate) async fn usable_afterwards(probe: &Probe<'_>) -> Finding {
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
