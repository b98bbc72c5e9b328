//! The promises of the contract: each a check, run one after the other.

use std::time::Duration;

use wecom_core::http::AsLocal;
use wecom_core::{LocalTransport, Request, Transport};

mod cancellation;
mod errors;
mod exchanges;
mod probe;
mod replies;
mod report;
mod requests;
mod wait;

use self::exchanges::Exchanges;
use self::probe::{CheckResult, Probe};
pub use self::report::{Check, Report, Verdict};

/// Runs every [`Check`] against a transport, one after the other.
///
/// The future is not `Send`: await it in the test itself, or in a `block_on`.
pub async fn check<T: Transport + ?Sized>(transport: &T) -> Report {
    check_local(&AsLocal(transport)).await
}

/// As [`check`], for a transport that stays on one thread.
pub async fn check_local<T: LocalTransport + ?Sized>(transport: &T) -> Report {
    let probe = Probe::new(&transport);
    let mut verdicts = Vec::new();
    for &check in Check::ALL {
        let verdict = run(check, &probe).await.err().unwrap_or(Verdict::Passed);
        verdicts.push((check, verdict));
    }
    Report::new(verdicts)
}

/// Runs the checks that need no server of the suite's own, on requests of the caller's: for a transport that answers from
/// memory, such as a simulator or a cassette, and for one that speaks to one service alone.
///
/// Each request has to be one that may be sent again and again, and has to have a reply of its own, the same each time: they
/// are sent one by one, all at once, after futures were dropped, and with a token that is not valid. Two with the same path
/// and query and another body show that bodies arrive, and one with a status other than 200 that any status is `Ok`. What these
/// requests don't show, or only a scripted server could, is [`NotApplicable`](Verdict::NotApplicable), and says why.
///
/// The order of the calls is always the same, so that what was recorded of them can be replayed.
///
/// ```
/// use wecom_conformance::{Check, check_exchanges};
/// use wecom_core::{Endpoint, Request, Response, from_fn};
///
/// const CHAINS: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
/// const NOWHERE: Endpoint = Endpoint::get("nowhere", "corpgroup/nowhere");
///
/// let memory = from_fn(|request: Request| async move {
///     Ok(match request.endpoint().name() {
///         "get_chain_list" => Response::new(200, r#"{"errcode":0,"chains":[]}"#),
///         _ => Response::new(404, ""),
///     })
/// });
/// let requests = [&CHAINS, &NOWHERE].map(Request::new);
/// # pollster::block_on(async {
/// let report = check_exchanges(&memory, &requests).await;
/// report.assert();
/// assert!(report.not_applicable().any(|check| check == Check::ReplyIsBounded));
/// # });
/// ```
///
/// The future is not `Send`, as that of [`check`].
pub async fn check_exchanges<T: Transport + ?Sized>(transport: &T, requests: &[Request]) -> Report {
    check_exchanges_local(&AsLocal(transport), requests).await
}

/// As [`check_exchanges`], for a transport that stays on one thread.
pub async fn check_exchanges_local<T: LocalTransport + ?Sized>(transport: &T, requests: &[Request]) -> Report {
    let probe = Probe::new(&transport);
    let mut exchanges = Exchanges::new(&probe, requests);
    let mut verdicts = Vec::new();
    for &check in Check::ALL {
        let verdict = exchanges.run(check).await.err().unwrap_or(Verdict::Passed);
        verdicts.push((check, verdict));
    }
    Report::new(verdicts)
}

/// How long a silent connection is kept: beyond every limit that the checks set.
const HOLD: Duration = Duration::from_secs(10);

async fn run(check: Check, probe: &Probe<'_>) -> CheckResult {
    match check {
        Check::AnyStatusIsOk => replies::any_status(probe).await,
        Check::RedirectsAreNotFollowed => replies::redirects(probe).await,
        Check::MethodAndUrlArrive => requests::method_and_url(probe).await,
        Check::HeadersArriveOnce => requests::headers(probe).await,
        Check::BodyArrives => requests::body(probe).await,
        Check::OneCallIsOneRequest => requests::once(probe).await,
        Check::ReplyBodyComesBack => replies::body(probe).await,
        Check::ReplyHeadersComeBack => replies::headers(probe).await,
        Check::ReplyIsBounded => errors::endless_reply(probe).await,
        Check::TimeLimitIsKept => errors::time_limit(probe).await,
        Check::RefusedConnectionIsAnError => errors::refused_connection(probe).await,
        Check::LostConnectionMayBeDelivered => errors::lost_connection(probe).await,
        Check::BrokenReplyIsAnError => errors::broken_reply(probe).await,
        Check::DroppingCancels => cancellation::cancels(probe).await,
        Check::UsableAfterDropping => cancellation::usable_afterwards(probe).await,
        Check::RepliesAreNotMixedUp => replies::not_mixed_up(probe).await,
        Check::ErrorsHoldNoToken => probe.leak().map_or(Ok(()), Err),
    }
}
